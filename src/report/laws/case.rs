//! What laws are judged by, gathered once for all of them.

use std::cell::OnceCell;
use std::net::IpAddr;

use crate::engine::{SimTime, Skew};
use crate::net::NodeId;
use crate::report::transcript::json::name_of;
use crate::scenario::Plan;
use crate::scenario::plan::{Mta, Resolver, Service};
use crate::world::{ConditionChange, Fact, Record, RecordId, World};

use super::mail::Mails;
use super::transfers::{self, Transfer};
use super::{Broken, Law};

/// A run and its plan.
pub(super) struct Case<'w> {
    pub(super) plan: &'w Plan,
    pub(super) world: &'w World,
    /// For each node the count of its first record, and the places of all of them.
    places: Vec<(u32, Vec<u32>)>,
    transfers: OnceCell<Vec<Transfer>>,
    mails: OnceCell<Mails<'w>>,
    served: OnceCell<Vec<Broken>>,
}

impl<'w> Case<'w> {
    pub(super) fn new(plan: &'w Plan, world: &'w World) -> Self {
        let mut places: Vec<(u32, Vec<u32>)> = Vec::new();
        for (place, record) in world.history().iter().enumerate() {
            let node = record.id.node.index();
            if places.len() <= node {
                places.resize(node + 1, (0, Vec::new()));
            }
            let (first, of_node) = &mut places[node];
            if of_node.is_empty() {
                *first = record.id.count;
            }
            of_node.push(u32::try_from(place).expect("fewer than 2^32 records"));
        }
        let (transfers, mails, served) = Default::default();
        Case { plan, world, places, transfers, mails, served }
    }

    /// The place of a record among all.
    pub(super) fn place(&self, id: RecordId) -> Option<usize> {
        let (first, of_node) = self.places.get(id.node.index())?;
        Some(*of_node.get(id.count.checked_sub(*first)? as usize)? as usize)
    }

    /// The record of that name, if it is kept.
    pub(super) fn record(&self, id: RecordId) -> Option<&'w Record> {
        self.world.history().get(self.place(id)?)
    }

    /// What a record was caused by, from the nearest cause on.
    pub(super) fn causes(&self, record: &'w Record) -> impl Iterator<Item = &'w Record> + '_ {
        std::iter::successors(self.cause(record), |record| self.cause(record))
    }

    fn cause(&self, record: &Record) -> Option<&'w Record> {
        self.record(record.cause?)
    }

    /// Every message that was handed over by SMTP, in the order in which they arrived.
    pub(super) fn transfers(&self) -> &[Transfer] {
        self.transfers.get_or_init(|| transfers::read(self))
    }

    /// Every message in a queue.
    pub(super) fn mails(&self) -> &Mails<'w> {
        self.mails.get_or_init(|| Mails::new(self))
    }

    /// What resolvers have served against this law.
    pub(super) fn served(&self, law: Law) -> Vec<Broken> {
        let all = self.served.get_or_init(|| super::dns::read(self));
        all.iter().filter(|broken| broken.law == law).cloned().collect()
    }

    /// By how much the clock of a node was ahead at that time.
    pub(super) fn clock(&self, node: NodeId, at: SimTime) -> Skew {
        let of_node = self.places.get(node.index()).map_or(&[][..], |(_, places)| places);
        let records = of_node.iter().map(|place| &self.world.history()[*place as usize]);
        let set = records.take_while(|record| record.time <= at).filter_map(|record| match &record
            .fact
        {
            Fact::Condition(ConditionChange::Clock { skew, drift_ppm, .. }) => {
                Some((record.time, *skew, *drift_ppm))
            }
            _ => None,
        });
        set.last().map_or(Skew::ZERO, |(since, Skew(skew), drift_ppm)| {
            Skew(skew.saturating_add(Skew::drift(drift_ppm, at.since(since)).0))
        })
    }

    /// The node with that address.
    pub(super) fn owner(&self, address: IpAddr) -> Option<NodeId> {
        self.world.owner(address)
    }

    /// The name of a node.
    pub(super) fn name(&self, node: NodeId) -> &'w str {
        self.world.name(node)
    }

    /// The MTA of a host, as planned.
    pub(super) fn mta(&self, node: NodeId) -> Option<&'w Mta> {
        self.service(node, |service| match service {
            Service::Mta(mta) => Some(&**mta),
            _ => None,
        })
    }

    /// The resolver of a host, as planned.
    pub(super) fn resolver(&self, node: NodeId) -> Option<&'w Resolver> {
        self.service(node, |service| match service {
            Service::Resolver(resolver) => Some(resolver),
            _ => None,
        })
    }

    fn service<T>(&self, node: NodeId, find: impl Fn(&'w Service) -> Option<T>) -> Option<T> {
        self.plan.hosts.get(self.name(node))?.services.iter().find_map(find)
    }

    /// A law that does not hold.
    pub(super) fn broken(
        &self,
        law: Law,
        time: SimTime,
        node: NodeId,
        what: impl Into<String>,
        records: &[RecordId],
    ) -> Broken {
        let name = |id: &RecordId| (*id, name_of(self.world, *id));
        let (host, what) = (self.name(node).to_owned(), what.into());
        Broken { law, time, host, what, records: records.iter().map(name).collect() }
    }
}

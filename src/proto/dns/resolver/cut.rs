//! A zone cut on the way down: the name servers of a zone, and how far each has been tried.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::proto::dns::{Name, RecordType};

use super::ResolutionId;

/// The name servers of a zone, as one resolution sees them.
#[derive(Debug)]
pub(crate) struct Cut {
    /// The zone.
    pub(crate) zone: Name,
    /// Where the servers are known from.
    pub(crate) source: Source,
    /// The servers by name.
    pub(crate) hosts: Vec<NsHost>,
    /// Their addresses.
    pub(crate) targets: Vec<Target>,
    /// Look-ups of addresses under way.
    pub(crate) pending: BTreeSet<ResolutionId>,
    /// None of these look-ups, all for one server, gave an address so far.
    pub(crate) fruitless: bool,
}

/// Where the servers of a zone are known from, and so what is left to do when all of them fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A referral in this resolution: nothing newer can be had.
    Referral,
    /// The cache: the zone may have moved since, and its parent is asked anew.
    Cache,
    /// The hints, for the root.
    Hints,
    /// The configuration, for a stub zone.
    Stub {
        /// Without an answer from them, delegations are followed.
        first: bool,
    },
    /// The configuration: resolvers, asked with RD.
    Forward {
        /// Without an answer from them, it is looked for from the root on.
        first: bool,
    },
}

/// A name server by name.
#[derive(Debug)]
pub(crate) struct NsHost {
    /// Its name.
    pub(crate) name: Name,
    /// The types of addresses that were not looked for yet.
    pub(crate) missing: Vec<RecordType>,
}

/// An address of a name server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    /// The address.
    pub(crate) address: IpAddr,
    /// How often it was asked.
    pub(crate) tries: u8,
    /// It answered nothing at all: others are asked first.
    pub(crate) postponed: bool,
    /// It answered what nobody can use, or never.
    pub(crate) given_up: bool,
}

impl Cut {
    /// A cut whose servers are not known yet.
    pub(crate) fn new(zone: Name, source: Source) -> Self {
        Cut {
            zone,
            source,
            hosts: Vec::new(),
            targets: Vec::new(),
            pending: BTreeSet::new(),
            fruitless: true,
        }
    }

    /// Adds an address, unless it is there already or `bound` of them are.
    pub(crate) fn add_target(&mut self, address: IpAddr, bound: usize) {
        let known = self.targets.iter().any(|target| target.address == address);
        if !known && self.targets.len() < bound {
            self.targets.push(Target { address, tries: 0, postponed: false, given_up: false });
        }
    }

    /// The target of this address.
    pub(crate) fn target_mut(&mut self, address: IpAddr) -> Option<&mut Target> {
        self.targets.iter_mut().find(|target| target.address == address)
    }

    /// Does not ask this address again for this cut.
    pub(crate) fn give_up(&mut self, address: IpAddr) {
        if let Some(target) = self.target_mut(address) {
            target.given_up = true;
        }
    }

    /// Asks other addresses before this one.
    pub(crate) fn postpone(&mut self, address: IpAddr) {
        if let Some(target) = self.target_mut(address) {
            target.postponed = true;
        }
    }

    /// A server of the zone answered something of use: its tries count anew.
    pub(crate) fn of_use(&mut self, address: IpAddr) {
        if let Some(target) = self.target_mut(address) {
            target.tries = 0;
        }
    }

    /// Whether a server can be asked, or its address found without asking the zone itself.
    pub(crate) fn is_usable(&self) -> bool {
        !self.targets.is_empty()
            || self
                .hosts
                .iter()
                .any(|host| !host.missing.is_empty() && !host.name.is_subdomain_of(&self.zone))
    }
}

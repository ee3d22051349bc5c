//! Finding the addresses of a zone's name servers.
//!
//! What came as glue or is in the cache is used at once; only when none of that is left to ask,
//! addresses are looked for, one server of the zone at a time and both families together. What
//! arrives first is asked first: a family that does not answer holds nothing up. The bounds are
//! those that Unbound has against the NXNS attack (CVE-2020-12662).

use std::net::IpAddr;

use crate::engine::SimTime;
use crate::proto::dns::{Name, Question, RecordData, RecordType};

use super::cache::{Credibility, Known, NameKey};
use super::cut::{Cut, NsHost, Source};
use super::resolution::{Outcome, Resolution, State, Waiter};
use super::{ResolutionId, Resolver};

impl Resolver {
    /// The cut at `zone`, if its servers are remembered and can be asked.
    pub(super) fn known_cut(&mut self, now: SimTime, zone: &Name) -> Option<Cut> {
        let found = self.cache.get(now, zone, RecordType::Ns, Credibility::Referral)?;
        let Known::Records(data) = &found.known else { return None };
        let mut cut = Cut::new(zone.clone(), Source::Cache);
        for name in data.iter().filter_map(RecordData::host) {
            self.add_host(now, &mut cut, name);
        }
        // The addresses of the root's servers cannot be looked for without them: then the hints are
        // better.
        let is_usable = if zone.is_root() { !cut.targets.is_empty() } else { cut.is_usable() };
        is_usable.then_some(cut)
    }

    /// Adds a server with those of its addresses that are known.
    pub(super) fn add_host(&mut self, now: SimTime, cut: &mut Cut, name: &Name) {
        let bound = self.config.limits.addresses;
        if cut.hosts.len() >= bound {
            return;
        }
        if cut.zone.is_root()
            && let Some(hint) = self.config.hints.iter().find(|hint| hint.name == *name)
        {
            hint.addresses.iter().for_each(|address| cut.add_target(*address, bound));
        }
        let mut missing = Vec::new();
        let families = [(RecordType::A, self.config.ipv4), (RecordType::Aaaa, self.config.ipv6)];
        let (key, reading) = (NameKey::new(name), self.cache.fresh(now));
        for (rtype, _) in families.into_iter().filter(|(_, reached)| *reached) {
            let add = |data| {
                if let Some(address) = address(&data) {
                    cut.add_target(address, bound);
                }
            };
            let is_known = self.cache.each_at(reading, key, rtype, Credibility::Referral, add);
            let nxdomain_cut = self.config.nxdomain_cut;
            if !is_known && self.cache.get_nxdomain(now, name, nxdomain_cut).is_none() {
                missing.push(rtype);
            }
        }
        cut.hosts.push(NsHost { name: name.clone(), missing });
    }

    /// Looks for addresses of a server of the cut; whether there is something to wait for.
    pub(super) fn fetch_addresses(
        &mut self,
        id: ResolutionId,
        resolution: &mut Resolution,
        cut: &mut Cut,
    ) -> bool {
        let limits = &self.config.limits;
        let (max_depth, max_lookups) = (limits.depth, limits.target_lookups);
        let max_failed = limits.failed_target_lookups;
        while cut.pending.is_empty() {
            let unknown: Vec<usize> =
                (0..cut.hosts.len()).filter(|at| !cut.hosts[*at].missing.is_empty()).collect();
            if unknown.is_empty() {
                return false;
            }
            if resolution.depth >= max_depth
                || resolution.target_lookups >= max_lookups
                || resolution.failed_target_lookups >= max_failed
            {
                resolution.contextual = true;
                return false;
            }
            let pick = match unknown.len() {
                1 => 0,
                count => self.draws.below(count as u64) as usize,
            };
            let host = &mut cut.hosts[unknown[pick]];
            let name = host.name.clone();
            cut.fruitless = true;
            for rtype in std::mem::take(&mut host.missing) {
                resolution.target_lookups += 1;
                match self.request(id, resolution, Question::new(name.clone(), rtype)) {
                    Some(child) => drop(cut.pending.insert(child)),
                    None => resolution.contextual = true,
                }
            }
        }
        true
    }

    /// Has another question resolved on behalf of this one. `None` when that question itself waits
    /// for this one, or too much is under way.
    pub(super) fn request(
        &mut self,
        id: ResolutionId,
        resolution: &Resolution,
        question: Question,
    ) -> Option<ResolutionId> {
        if let Some(child) = self.resolutions.find(&question) {
            if self.resolutions.waits_for(child, id) {
                return None;
            }
            self.resolutions.get_mut(child)?.waiters.push(Waiter::Parent(id));
            return Some(child);
        }
        if self.resolutions.len() >= self.config.limits.resolutions {
            return None;
        }
        let (depth, family) = (resolution.depth + 1, Some(resolution.family));
        let child = self.resolutions.begin(question, depth, family, Waiter::Parent(id));
        self.ready.push_back(child);
        Some(child)
    }

    /// Adds the addresses that the parents of the cut's servers gave for them; whether there are
    /// any that were not tried.
    pub(super) fn add_parent_side(&self, now: SimTime, cut: &mut Cut) -> bool {
        let (bound, before) = (self.config.limits.addresses, cut.targets.len());
        let given = cut.hosts.iter().flat_map(|host| self.parent_side.get(now, &host.name));
        let given: Vec<IpAddr> = given.collect();
        given.into_iter().for_each(|address| cut.add_target(address, bound));
        cut.targets.len() > before
    }

    /// A resolution need not wait for the root's servers any longer.
    pub(super) fn wake_primed(&mut self, id: ResolutionId) {
        if let Some(waiting) = self.resolutions.get_mut(id)
            && let State::Priming = waiting.state
        {
            waiting.state = State::Lookup;
            self.ready.push_back(id);
        }
    }

    /// Hands the outcome to the resolution that asked for an address or for the root's servers.
    pub(super) fn deliver(&mut self, child: ResolutionId, parent: ResolutionId, outcome: &Outcome) {
        let bound = self.config.limits.addresses;
        let Some(waiting) = self.resolutions.get_mut(parent) else { return };
        let addresses = outcome.answers.iter().filter_map(|record| address(&record.data));
        waiting.state = match std::mem::replace(&mut waiting.state, State::Lookup) {
            State::Priming => State::Lookup,
            mut state @ (State::Asking(_) | State::Choose(_) | State::Fetching(_)) => {
                let (State::Asking(cut) | State::Choose(cut) | State::Fetching(cut)) = &mut state
                else {
                    unreachable!("matched above")
                };
                if cut.pending.remove(&child) {
                    for address in addresses {
                        cut.add_target(address, bound);
                        cut.fruitless = false;
                    }
                    if cut.pending.is_empty() && cut.fruitless {
                        waiting.failed_target_lookups += 1;
                    }
                }
                match state {
                    State::Fetching(cut) => State::Choose(cut),
                    other => other,
                }
            }
            other => other,
        };
        self.ready.push_back(parent);
    }
}

/// The address that a record gives.
pub(super) fn address(data: &RecordData) -> Option<IpAddr> {
    match data {
        RecordData::A(address) => Some(IpAddr::V4(*address)),
        RecordData::Aaaa(address) => Some(IpAddr::V6(*address)),
        _ => None,
    }
}

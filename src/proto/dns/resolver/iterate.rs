//! One resolution, from step to step (RFC 1034 §5.3.3): what is known, whom to ask, who waits.

use std::net::{IpAddr, SocketAddr};

use crate::engine::SimTime;
use crate::proto::dns::{Name, Question, Rcode, RecordData, RecordType, Transport};

use super::cache::{Credibility, Known};
use super::cut::{Cut, NsHost};
use super::reply::Reply;
use super::resolution::{Failure, Outcome, Resolution, State, Waiter, root_servers};
use super::servers::Lameness;
use super::upstream::Plan;
use super::{ResolutionId, Resolver, ResolverOutput};

impl Resolver {
    /// Lets a resolution go on until it has to wait or is over.
    pub(super) fn advance(
        &mut self,
        now: SimTime,
        id: ResolutionId,
        out: &mut Vec<ResolverOutput>,
    ) {
        let Some(mut resolution) = self.resolutions.take(id) else { return };
        loop {
            let state = std::mem::replace(&mut resolution.state, State::Lookup);
            resolution.state = match state {
                State::Lookup => self.look_up(now, id, &mut resolution),
                State::Choose(cut) => self.choose(now, id, &mut resolution, cut, out),
                waiting @ (State::Asking(_) | State::Fetching(_) | State::Priming) => {
                    resolution.state = waiting;
                    return self.resolutions.put_back(id, resolution);
                }
                State::Done(outcome) => {
                    self.resolutions.end(id, &resolution.question);
                    return self.finish(now, id, resolution, &outcome, out);
                }
            };
        }
    }

    /// The cache, then the closest cut.
    fn look_up(&mut self, now: SimTime, id: ResolutionId, resolution: &mut Resolution) -> State {
        match self.walk_cache(now, resolution) {
            Ok(Some(outcome)) => return State::Done(outcome),
            Ok(None) => {}
            Err(failure) => return State::Done(Outcome::failed(failure)),
        }
        // A client's question was looked for among the failures before it came here.
        let is_needed_by_others = resolution.depth > 0 && resolution.chain.is_empty();
        if is_needed_by_others && self.cache.failed(now, &resolution.question) {
            return State::Done(Outcome::failed(Failure::Remembered));
        }
        let delegated = match self.local_reply(&resolution.name, resolution.question.rtype) {
            Some((Reply::Referral(referral), _)) => Some(referral),
            _ => None,
        };
        let start = match resolution.question.rtype {
            // DS stands on the parent's side of the cut (RFC 4035 §3.1.4.1).
            RecordType::Ds => resolution.name.parent().unwrap_or_default(),
            _ => resolution.name.clone(),
        };
        for zone in start.ancestors() {
            let is_above = |below: &Name| below.is_subdomain_of(&zone) && *below != zone;
            if !resolution.above.as_ref().is_none_or(is_above) {
                continue;
            }
            if let Some(cut) = self.known_cut(now, &zone) {
                return State::Choose(cut);
            }
            if let Some(referral) = delegated.as_ref().filter(|referral| referral.zone == zone) {
                return self.go_down(now, resolution, referral);
            }
            if zone.is_root() {
                return self.start_at_root(id, resolution);
            }
        }
        State::Done(Outcome::failed(Failure::Unreachable))
    }

    /// The cut at `zone`, if its servers are remembered and can be asked.
    fn known_cut(&mut self, now: SimTime, zone: &Name) -> Option<Cut> {
        let found = self.cache.get(now, zone, RecordType::Ns, Credibility::Referral)?;
        let Known::Records(data) = &found.known else { return None };
        let mut cut = Cut::new(zone.clone(), true);
        for name in data.iter().filter_map(RecordData::host) {
            self.add_host(now, &mut cut, name);
        }
        cut.is_usable().then_some(cut)
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
        let exists = self.cache.get_nxdomain(now, name, self.config.nxdomain_cut).is_none();
        let families = [(RecordType::A, self.config.ipv4), (RecordType::Aaaa, self.config.ipv6)];
        for (rtype, _) in families.into_iter().filter(|(_, reached)| *reached) {
            match self.cache.get(now, name, rtype, Credibility::Referral).map(|found| found.known) {
                Some(Known::Records(data)) => {
                    data.iter().filter_map(address).for_each(|to| cut.add_target(to, bound));
                }
                Some(Known::Nothing) => {}
                None if exists => missing.push(rtype),
                None => {}
            }
        }
        cut.hosts.push(NsHost { name: name.clone(), missing });
    }

    /// The hints, or first the question that replaces them (RFC 8109).
    fn start_at_root(&mut self, id: ResolutionId, resolution: &mut Resolution) -> State {
        let priming = root_servers();
        if self.config.prime && !resolution.primed && resolution.question != priming {
            resolution.primed = true;
            if let Some(child) = self.request(id, resolution, priming) {
                debug_assert!(self.resolutions.find(&root_servers()) == Some(child));
                return State::Priming;
            }
        }
        let mut cut = Cut::new(Name::root(), true);
        for address in self.config.hints.iter().flat_map(|hint| &hint.addresses) {
            cut.add_target(*address, usize::MAX);
        }
        State::Choose(cut)
    }

    /// Asks a server of the cut, or looks for one to ask.
    fn choose(
        &mut self,
        now: SimTime,
        id: ResolutionId,
        resolution: &mut Resolution,
        mut cut: Cut,
        out: &mut Vec<ResolverOutput>,
    ) -> State {
        let (mut fit, mut resolvers) = (Vec::new(), Vec::new());
        for target in &cut.targets {
            let (address, tries) = (target.address, target.tries);
            if target.given_up || tries >= self.config.limits.tries || !self.config.reaches(address)
            {
                continue;
            }
            let rtype = resolution.question.rtype;
            match self.servers.lameness(now, address, &cut.zone, rtype) {
                None => fit.push(address),
                Some(Lameness::Recursive) => resolvers.push(address),
                Some(Lameness::Lame) => {}
            }
        }
        if let Some(server) = self.servers.choose(now, &fit, &mut self.draws) {
            return self.ask(now, id, resolution, cut, server, false, out);
        }
        if self.fetch_addresses(id, resolution, &mut cut) {
            return State::Fetching(cut);
        }
        if let Some(server) = self.servers.choose(now, &resolvers, &mut self.draws) {
            return self.ask(now, id, resolution, cut, server, true, out);
        }
        if cut.remembered && !cut.zone.is_root() {
            // The zone may have moved since: its parent knows.
            resolution.above = Some(cut.zone);
            return State::Lookup;
        }
        State::Done(Outcome::failed(Failure::Unreachable))
    }

    /// Sends the question to this server.
    #[expect(clippy::too_many_arguments, reason = "the parts of one resolution, taken apart")]
    fn ask(
        &mut self,
        now: SimTime,
        id: ResolutionId,
        resolution: &mut Resolution,
        mut cut: Cut,
        server: IpAddr,
        recursion: bool,
        out: &mut Vec<ResolverOutput>,
    ) -> State {
        if let Some(target) = cut.target_mut(server) {
            target.tries += 1;
        }
        self.servers.asked(now, server);
        let plan = Plan {
            resolution: id,
            to: SocketAddr::new(server, DNS_PORT),
            transport: Transport::Udp,
            question: Question { name: resolution.name.clone(), ..resolution.question.clone() },
            edns_octets: self.servers.speaks_edns(now, server).then_some(self.config.udp_octets),
            recursion,
            timeout: self.servers.timeout(now, server),
        };
        self.send(now, id, resolution, cut, plan, out)
    }

    pub(super) fn send(
        &mut self,
        now: SimTime,
        id: ResolutionId,
        resolution: &mut Resolution,
        cut: Cut,
        plan: Plan,
        out: &mut Vec<ResolverOutput>,
    ) -> State {
        if !self.resolutions.spend(id, resolution, self.config.limits.queries) {
            resolution.contextual = true;
            return State::Done(Outcome::failed(Failure::Limit));
        }
        let (to, transport) = (plan.to, plan.transport);
        let (upstream, octets) = self.upstreams.add(now, plan, &mut self.draws);
        out.push(match transport {
            Transport::Udp => ResolverOutput::SendUdp { upstream, to, octets },
            Transport::Tcp => ResolverOutput::SendTcp { upstream, to, octets },
        });
        State::Asking(cut)
    }

    /// Looks for addresses of a server of the cut; whether there is something to wait for.
    fn fetch_addresses(
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
    fn request(
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

    /// Hands the outcome to all who wait for it.
    fn finish(
        &mut self,
        now: SimTime,
        id: ResolutionId,
        resolution: Resolution,
        outcome: &Outcome,
        out: &mut Vec<ResolverOutput>,
    ) {
        let says_something = resolution.depth == 0 || !resolution.contextual;
        match outcome.failure {
            None => self.cache.forget_failure(&resolution.question),
            Some(Failure::Remembered) => {}
            Some(_) if says_something => self.cache.put_failure(now, &resolution.question),
            Some(_) => {}
        }
        for waiter in resolution.waiters {
            match waiter {
                Waiter::Client { token, query, transport } => {
                    self.clients -= 1;
                    self.answer(token, &query, transport, outcome, out);
                }
                Waiter::Parent(parent) => self.deliver(id, parent, outcome),
            }
        }
    }

    /// Hands the outcome to the resolution that asked for an address or for the root's servers.
    fn deliver(&mut self, child: ResolutionId, parent: ResolutionId, outcome: &Outcome) {
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
                    addresses.for_each(|address| cut.add_target(address, bound));
                    if outcome.rcode != Rcode::NoError {
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

pub(super) fn address(data: &RecordData) -> Option<IpAddr> {
    match data {
        RecordData::A(address) => Some(IpAddr::V4(*address)),
        RecordData::Aaaa(address) => Some(IpAddr::V6(*address)),
        _ => None,
    }
}

/// Where name servers listen.
const DNS_PORT: u16 = 53;

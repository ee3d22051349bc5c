//! Whom to ask, what, and how.

use std::net::{IpAddr, SocketAddr};

use crate::engine::SimTime;
use crate::proto::dns::{Outgoing, Question, RecordType, Transport};

use super::cache::Credibility;
use super::cut::{Cut, Source};
use super::resolution::{Failure, Outcome, Resolution, State, root_servers};
use super::servers::Lameness;
use super::upstream::{Plan, Query};
use super::{ResolutionId, Resolver, ResolverOutput};

impl Resolver {
    /// Asks a server of the cut, or looks for one to ask.
    pub(super) fn choose(
        &mut self,
        now: SimTime,
        id: ResolutionId,
        resolution: &mut Resolution,
        mut cut: Cut,
        out: &mut Vec<ResolverOutput>,
    ) -> State {
        let question = self.next_question(now, resolution, &cut);
        let (mut fit, mut postponed) = (Vec::new(), Vec::new());
        let (mut failing, mut resolvers) = (Vec::new(), Vec::new());
        for target in &cut.targets {
            let (address, tries) = (target.address, target.tries);
            if target.given_up || tries >= self.config.limits.tries || !self.config.reaches(address)
            {
                continue;
            }
            match self.servers.lameness(now, &(address, cut.zone.clone()), question.rtype) {
                None if target.postponed => postponed.push(address),
                None => fit.push(address),
                Some(Lameness::Failing) => failing.push(address),
                Some(Lameness::Recursive) => resolvers.push(address),
                Some(Lameness::Lame) => {}
            }
        }
        let served = (&cut.zone, question.rtype);
        let with_rd = matches!(cut.source, Source::Forward { .. });
        if let Some(server) = self.servers.choose(now, served, &fit, &mut self.draws) {
            let plan = self.plan(now, id, &mut cut, question, server, with_rd);
            return self.send(now, id, resolution, cut, plan, out);
        }
        if self.fetch_addresses(id, resolution, &mut cut) {
            return State::Fetching(cut);
        }
        let last_choices = [(postponed, with_rd), (failing, with_rd), (resolvers, true)];
        for (servers, with_rd) in last_choices {
            let served = (&cut.zone, question.rtype);
            if let Some(server) = self.servers.choose(now, served, &servers, &mut self.draws) {
                let plan = self.plan(now, id, &mut cut, question, server, with_rd);
                return self.send(now, id, resolution, cut, plan, out);
            }
        }
        if self.add_parent_side(now, &mut cut) {
            return State::Choose(cut);
        }
        self.leave(resolution, cut)
    }

    /// What the servers of the cut are asked: the whole question, or no more of its name than
    /// they must know.
    fn next_question(&mut self, now: SimTime, resolution: &Resolution, cut: &Cut) -> Question {
        let whole = Question { name: resolution.name.clone(), ..resolution.question.clone() };
        let minimises = self.config.minimise_qname || resolution.minimise.is_forced();
        if !minimises || matches!(cut.source, Source::Forward { .. }) {
            return whole;
        }
        let shown = resolution.minimise.next(&resolution.name, &cut.zone, |name| {
            self.cache.get(now, name, RecordType::A, Credibility::Answer).is_some()
        });
        shown.map_or(whole, |name| Question::new(name, RecordType::A))
    }

    /// No server of the cut is left to ask.
    fn leave(&mut self, resolution: &mut Resolution, cut: Cut) -> State {
        match cut.source {
            Source::Cache if cut.zone.is_root() => {
                let mut hinted = self.hinted_root();
                hinted
                    .targets
                    .retain(|hint| cut.targets.iter().all(|tried| tried.address != hint.address));
                State::Choose(hinted)
            }
            Source::Cache => {
                // The zone may have moved since: its parent knows.
                resolution.above = Some(cut.zone);
                resolution.minimise.go_up();
                State::Lookup
            }
            Source::Forward { first: true } | Source::Stub { first: true } => {
                resolution.unconfigured = true;
                State::Lookup
            }
            _ => State::Done(Outcome::failed(Failure::Unreachable)),
        }
    }

    /// A query to this server of the cut.
    fn plan(
        &mut self,
        now: SimTime,
        id: ResolutionId,
        cut: &mut Cut,
        question: Question,
        server: IpAddr,
        recursion: bool,
    ) -> Plan {
        let tries = cut.target_mut(server).map_or(1, |target| {
            target.tries += 1;
            target.tries
        });
        let served = (server, cut.zone.clone());
        self.servers.asked(now, &served, question.rtype);
        let edns_octets = match tries {
            _ if !self.servers.speaks_edns(now, &served) => None,
            ..SMALL_EDNS_TRY => Some(self.config.udp_octets),
            // Whoever never answered a query with EDNS may answer one with a smaller size, or one
            // without.
            _ if self.servers.spoke_edns(now, &served) => Some(self.config.udp_octets),
            SMALL_EDNS_TRY => Some(self.config.udp_octets.min(SMALL_EDNS_OCTETS)),
            _ => None,
        };
        Plan {
            resolution: id,
            to: SocketAddr::new(server, DNS_PORT),
            transport: Transport::Udp,
            mixed: self.config.randomise_case,
            edns_octets,
            recursion,
            timeout: self.servers.timeout(now, &served, question.rtype),
            question,
            zone: served.1,
        }
    }

    /// Sends a query, if the question's allowance suffices.
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
        let (exchange, octets) = self.upstreams.add(now, plan, &mut self.draws);
        out.push(match transport {
            Transport::Udp => ResolverOutput::Exchange(Outgoing::Udp { exchange, to, octets }),
            Transport::Tcp => ResolverOutput::Exchange(Outgoing::Tcp { exchange, to, octets }),
        });
        State::Asking(cut)
    }

    /// The query of a resolution went unanswered: a server is to be chosen again.
    pub(super) fn unanswered(&mut self, query: &Query) {
        let Some(resolution) = self.resolutions.get_mut(query.resolution) else { return };
        if query.question.name != resolution.name {
            resolution.minimise.unanswered();
        }
        if resolution.question == root_servers() {
            // Whoever waits for the root's servers has the hints.
            let waiters: Vec<ResolutionId> = resolution.parents().collect();
            for parent in waiters {
                self.wake_primed(parent);
            }
        }
        self.ask_again(query.resolution);
    }

    /// The query of this resolution came to nothing: a server is to be chosen again.
    fn ask_again(&mut self, id: ResolutionId) {
        if let Some(resolution) = self.resolutions.get_mut(id)
            && let State::Asking(_) = resolution.state
            && let State::Asking(cut) = std::mem::replace(&mut resolution.state, State::Lookup)
        {
            resolution.state = State::Choose(cut);
            self.ready.push_back(id);
        }
    }

    /// As [`Resolver::unanswered`], and not this server.
    pub(super) fn give_up_server(&mut self, query: &Query) {
        if let Some(resolution) = self.resolutions.get_mut(query.resolution)
            && let State::Asking(cut) = &mut resolution.state
        {
            cut.give_up(query.to.ip());
        }
        self.ask_again(query.resolution);
    }
}

/// Where name servers listen.
const DNS_PORT: u16 = 53;
/// At this try at a server that never answered, the size that EDNS offers is reduced; after it
/// there is no EDNS.
const SMALL_EDNS_TRY: u8 = 3;
/// What every host takes in one datagram (RFC 1035 §4.2.1).
const SMALL_EDNS_OCTETS: u16 = 512;

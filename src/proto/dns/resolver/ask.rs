//! Whom to ask, what, and how.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::engine::SimTime;
use crate::proto::dns::{Outgoing, Question, RecordType, Transport};

use super::cache::{Credibility, NameKey};
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
        let candidates = self.candidates(now, &cut, question.rtype);
        let with_rd = matches!(cut.source, Source::Forward { .. });
        if let Some(server) = self.pick(&candidates, Rank::Fit) {
            let plan = self.plan(now, id, &mut cut, question, server, with_rd);
            return self.send(now, id, resolution, cut, plan, out);
        }
        if self.fetch_addresses(id, resolution, &mut cut) {
            return State::Fetching(cut);
        }
        let last_choices =
            [(Rank::Postponed, with_rd), (Rank::Failing, with_rd), (Rank::Recursive, true)];
        for (rank, with_rd) in last_choices {
            if let Some(server) = self.pick(&candidates, rank) {
                let plan = self.plan(now, id, &mut cut, question, server, with_rd);
                return self.send(now, id, resolution, cut, plan, out);
            }
        }
        if self.add_parent_side(now, &mut cut) {
            return State::Choose(cut);
        }
        self.leave(resolution, cut)
    }

    /// The servers of the cut that can be asked and are not dead.
    fn candidates(&self, now: SimTime, cut: &Cut, rtype: RecordType) -> Vec<Candidate> {
        let limit = self.config.limits.tries;
        let mut candidates = Vec::with_capacity(cut.targets.len());
        let mut served = (IpAddr::V4(Ipv4Addr::UNSPECIFIED), cut.zone.clone());
        for target in &cut.targets {
            let address = target.address;
            if target.given_up || target.tries >= limit || !self.config.reaches(address) {
                continue;
            }
            served.0 = address;
            let standing = self.servers.standing(now, &served, rtype);
            let rank = match standing.lameness {
                None if target.postponed => Rank::Postponed,
                None => Rank::Fit,
                Some(Lameness::Failing) => Rank::Failing,
                Some(Lameness::Recursive) => Rank::Recursive,
                Some(Lameness::Lame) => continue,
            };
            if let Some(wait) = standing.wait {
                candidates.push(Candidate { address, rank, wait });
            }
        }
        candidates
    }

    /// One of the candidates of this rank.
    fn pick(&mut self, candidates: &[Candidate], rank: Rank) -> Option<IpAddr> {
        let of_it = candidates.iter().filter(|candidate| candidate.rank == rank);
        self.servers.choose(of_it.map(|one| (one.wait, one.address)), &mut self.draws)
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
            let (key, reading) = (NameKey::new(name), self.cache.fresh(now));
            self.cache.each_at(reading, key, RecordType::A, Credibility::Answer, drop)
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
        let terms = self.servers.asked(now, &served, question.rtype);
        let edns_octets = match tries {
            _ if !terms.speaks_edns => None,
            ..SMALL_EDNS_TRY => Some(self.config.udp_octets),
            // Whoever never answered a query with EDNS may answer one with a smaller size, or one
            // without.
            _ if terms.spoke_edns => Some(self.config.udp_octets),
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
            timeout: terms.timeout,
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

/// A server that can be asked.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    address: IpAddr,
    rank: Rank,
    /// How long it would be waited for.
    wait: Duration,
}

/// Who is asked before whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rank {
    /// Nothing speaks against it.
    Fit,
    /// It answered nothing at all.
    Postponed,
    /// It refused or failed.
    Failing,
    /// It answers as a resolver does, and is asked as one.
    Recursive,
}

/// Where name servers listen.
const DNS_PORT: u16 = 53;
/// At this try at a server that never answered, the size that EDNS offers is reduced; after it
/// there is no EDNS.
const SMALL_EDNS_TRY: u8 = 3;
/// What every host takes in one datagram (RFC 1035 §4.2.1).
const SMALL_EDNS_OCTETS: u16 = 512;

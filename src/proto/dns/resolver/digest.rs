//! What a resolution makes of a name server's reply (RFC 1034 §5.3.3 step 4).

use crate::engine::SimTime;
use crate::proto::dns::{Message, Rcode, RecordType, Transport};

use super::cache::Credibility;
use super::cut::{Cut, Source};
use super::minimise::Denied;
use super::reply::{self, Asked, Referral, Reply};
use super::resolution::{Failure, Outcome, Resolution, State, root_servers};
use super::servers::Lameness;
use super::targets::address;
use super::upstream::{Plan, Query};
use super::{ResolutionId, Resolver, ResolverOutput};

impl Resolver {
    /// Takes the reply to a query of a resolution, which waits for it.
    pub(super) fn digest(
        &mut self,
        now: SimTime,
        query: &Query,
        message: &Message,
        broken: bool,
        out: &mut Vec<ResolverOutput>,
    ) {
        let id = query.resolution;
        let Some(mut resolution) = self.resolutions.take(id) else { return };
        resolution.state = match std::mem::replace(&mut resolution.state, State::Lookup) {
            State::Asking(cut) => {
                self.next_state(now, id, &mut resolution, cut, (query, message, broken), out)
            }
            other => other,
        };
        self.resolutions.put_back(id, resolution);
        self.ready.push_back(id);
    }

    fn next_state(
        &mut self,
        now: SimTime,
        id: ResolutionId,
        resolution: &mut Resolution,
        mut cut: Cut,
        (query, message, broken): (&Query, &Message, bool),
        out: &mut Vec<ResolverOutput>,
    ) -> State {
        let server = query.to.ip();
        if message.flags.tc && query.transport == Transport::Udp {
            let plan = Plan { transport: Transport::Tcp, ..self.again(id, query) };
            return self.send(now, id, resolution, cut, plan, out);
        }
        if query.edns && matches!(message.rcode, Rcode::FormErr | Rcode::NotImp | Rcode::BadVers) {
            self.servers.set_without_edns(now, &query.served());
            let again = self.again(id, query);
            let timeout = match query.transport {
                Transport::Udp => self.servers.timeout(now, &query.served(), query.question.rtype),
                Transport::Tcp => again.timeout,
            };
            let plan = Plan { edns_octets: None, timeout, ..again };
            return self.send(now, id, resolution, cut, plan, out);
        }
        let asked = Asked {
            question: &query.question,
            zone: &cut.zone,
            recursion: query.recursion,
            harden_glue: self.config.harden_glue,
        };
        let reply = match broken {
            true => Reply::Failed(Rcode::FormErr),
            false => reply::read(message, asked),
        };
        if query.question.name != resolution.name {
            return self.digest_minimised(now, resolution, cut, (query, message), reply);
        }
        match reply {
            Reply::Lame(lameness) => self.pass_over(now, resolution, cut, query, Some(lameness)),
            Reply::Failed(Rcode::ServFail | Rcode::Refused | Rcode::NotAuth) => {
                self.pass_over(now, resolution, cut, query, Some(Lameness::Failing))
            }
            Reply::Failed(_) => self.pass_over(now, resolution, cut, query, None),
            // Resolvers answer; only one that is none refers.
            Reply::Referral(_) if query.recursion => {
                self.pass_over(now, resolution, cut, query, None)
            }
            Reply::Referral(referral) => self.go_down(now, resolution, &referral),
            Reply::Nothing { .. }
                if resolution.empty_replies < MAX_EMPTY_REPLIES && is_empty(message) =>
            {
                // Likely a mistake of this server: another may have the answer, or the SOA.
                resolution.empty_replies += 1;
                cut.postpone(server);
                State::Choose(cut)
            }
            answer if resolution.minimise.finds_parent(&query.question, &answer, &cut.zone) => {
                // It serves the child, too, and this is the child's answer.
                State::Choose(cut)
            }
            answer => {
                cut.of_use(server);
                let denied = resolution.minimise.denied.take();
                if let Some(denied) = denied.filter(|_| says_nxdomain(&answer)) {
                    self.deny(now, &denied.name, denied.soa.as_ref());
                }
                let harvest = self.harvest(message, &cut.zone, &answer);
                self.remember(now, query.question.rtype, &answer, &harvest);
                self.take_answer(resolution, answer, &harvest)
                    .unwrap_or_else(|failure| State::Done(Outcome::failed(failure)))
            }
        }
    }

    /// Takes the reply to a question that showed no more of the name than it had to. It says where
    /// to go on, and answers nothing.
    fn digest_minimised(
        &mut self,
        now: SimTime,
        resolution: &mut Resolution,
        mut cut: Cut,
        (query, message): (&Query, &Message),
        reply: Reply,
    ) -> State {
        let shown = &query.question.name;
        match reply {
            Reply::Referral(referral) if !query.recursion => {
                resolution.minimise.referred();
                return self.go_down(now, resolution, &referral);
            }
            Reply::Referral(_) | Reply::Lame(_) | Reply::Failed(_) => resolution.minimise.relax(),
            Reply::Nothing { nxdomain: true, soa, chain, .. } => {
                resolution.minimise.relax();
                resolution.minimise.denied =
                    chain.is_empty().then(|| Denied { name: shown.clone(), soa });
            }
            answer => {
                cut.of_use(query.to.ip());
                let harvest = self.harvest(message, &cut.zone, &answer);
                self.remember(now, query.question.rtype, &answer, &harvest);
                match has_dname(&answer) {
                    // It stands above the whole name, too.
                    true => resolution.minimise.relax(),
                    false => resolution.minimise.pass(shown),
                }
            }
        }
        State::Choose(cut)
    }

    /// Makes nothing of a reply but that its server is of no use here, and remembers how.
    fn pass_over(
        &mut self,
        now: SimTime,
        resolution: &Resolution,
        mut cut: Cut,
        query: &Query,
        lameness: Option<Lameness>,
    ) -> State {
        // Who does not know the servers of the root may well know where to go from it.
        let counts = resolution.question != root_servers();
        if let Some(lameness) = lameness.filter(|_| counts) {
            self.servers.set_lame(now, &query.served(), query.question.rtype, lameness);
        }
        if lameness != Some(Lameness::Recursive) || query.recursion || !counts {
            cut.give_up(query.to.ip());
        }
        State::Choose(cut)
    }

    /// The same query by TCP, where letters in random case are not needed: nobody who does not see
    /// it can answer it.
    pub(super) fn ask_by_tcp(
        &mut self,
        now: SimTime,
        query: &Query,
        out: &mut Vec<ResolverOutput>,
    ) {
        let id = query.resolution;
        let Some(mut resolution) = self.resolutions.take(id) else { return };
        resolution.state = match std::mem::replace(&mut resolution.state, State::Lookup) {
            State::Asking(cut) => {
                let plan =
                    Plan { transport: Transport::Tcp, mixed: false, ..self.again(id, query) };
                self.send(now, id, &mut resolution, cut, plan, out)
            }
            other => other,
        };
        self.resolutions.put_back(id, resolution);
        self.ready.push_back(id);
    }

    /// The same query, with the time that one by TCP has.
    fn again(&self, id: ResolutionId, query: &Query) -> Plan {
        Plan {
            resolution: id,
            to: query.to,
            transport: query.transport,
            question: query.question.clone(),
            zone: query.zone.clone(),
            mixed: self.config.randomise_case && query.transport == Transport::Udp,
            edns_octets: query.edns.then_some(self.config.udp_octets),
            recursion: query.recursion,
            timeout: self.servers.tcp_timeout(),
        }
    }

    /// Goes down to the zone of a referral.
    pub(super) fn go_down(
        &mut self,
        now: SimTime,
        resolution: &mut Resolution,
        referral: &Referral,
    ) -> State {
        resolution.referrals += 1;
        if resolution.referrals > self.config.limits.referrals {
            return State::Done(Outcome::failed(Failure::Limit));
        }
        self.store(now, &referral.servers, Credibility::Referral);
        self.store(now, &referral.glue, Credibility::Referral);
        self.parent_side.put(now, &referral.glue);
        let mut cut = Cut::new(referral.zone.clone(), Source::Referral);
        let bound = self.config.limits.addresses;
        for name in referral.servers.iter().filter_map(|ns| ns.data.host()) {
            self.add_host(now, &mut cut, name);
        }
        // Glue with a TTL of zero is not found in the cache, and good for this once.
        for target in referral.glue.iter().filter_map(|glue| address(&glue.data)) {
            cut.add_target(target, bound);
        }
        State::Choose(cut)
    }
}

/// Whether a reply without answer lacks the SOA and everything else (RFC 2308 §2.2).
fn is_empty(message: &Message) -> bool {
    message.rcode == Rcode::NoError
        && message.answers.is_empty()
        && message.authorities.is_empty()
        && message.additionals.is_empty()
}

fn says_nxdomain(reply: &Reply) -> bool {
    matches!(reply, Reply::Nothing { nxdomain: true, chain, .. } if chain.is_empty())
}

fn has_dname(answer: &Reply) -> bool {
    let (Reply::Answer { chain, .. } | Reply::Alias { chain, .. } | Reply::Overlong { chain }) =
        answer
    else {
        return false;
    };
    chain.iter().any(|link| link.rtype() == RecordType::Dname)
}

/// So many empty replies are thrown away in one resolution, before one is taken for NODATA
/// (Unbound's EMPTY_NODATA_RETRY_COUNT, less the last).
const MAX_EMPTY_REPLIES: u32 = 1;

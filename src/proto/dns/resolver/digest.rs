//! What a resolution makes of a name server's reply (RFC 1034 §5.3.3 step 4).

use crate::engine::SimTime;
use crate::proto::dns::{Message, Rcode, Transport};

use super::cache::Credibility;
use super::cut::Cut;
use super::iterate::address;
use super::reply::{self, Asked, Referral, Reply};
use super::resolution::{Failure, Outcome, Resolution, State};
use super::servers::Lameness;
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
        let again = Plan {
            resolution: id,
            to: query.to,
            transport: query.transport,
            question: query.question.clone(),
            edns_octets: query.edns.then_some(self.config.udp_octets),
            recursion: query.recursion,
            timeout: self.servers.tcp_timeout(),
        };
        if message.flags.tc && query.transport == Transport::Udp {
            let plan = Plan { transport: Transport::Tcp, ..again };
            return self.send(now, id, resolution, cut, plan, out);
        }
        if query.edns && matches!(message.rcode, Rcode::FormErr | Rcode::NotImp | Rcode::BadVers) {
            self.servers.set_without_edns(now, server);
            let timeout = match query.transport {
                Transport::Udp => self.servers.timeout(now, server),
                Transport::Tcp => again.timeout,
            };
            let plan = Plan { edns_octets: None, timeout, ..again };
            return self.send(now, id, resolution, cut, plan, out);
        }
        if broken {
            cut.give_up(server);
            return State::Choose(cut);
        }
        let asked = Asked {
            question: &query.question,
            zone: &cut.zone,
            recursion: query.recursion,
            harden_glue: self.config.harden_glue,
        };
        match reply::read(message, asked) {
            Reply::Lame(lameness) => {
                let rtype = query.question.rtype;
                self.servers.set_lame(now, server, &cut.zone, rtype, lameness);
                if lameness == Lameness::Lame {
                    cut.give_up(server);
                }
                State::Choose(cut)
            }
            Reply::Failed(_) => {
                cut.give_up(server);
                State::Choose(cut)
            }
            Reply::Referral(referral) => self.go_down(now, resolution, &referral),
            answer => {
                let harvest = self.harvest(message, &cut.zone, &answer);
                self.remember(now, query.question.rtype, &answer, &harvest);
                self.take_answer(resolution, answer, &harvest)
                    .unwrap_or_else(|failure| State::Done(Outcome::failed(failure)))
            }
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
        let mut cut = Cut::new(referral.zone.clone(), false);
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

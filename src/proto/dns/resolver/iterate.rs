//! One resolution, from step to step (RFC 1034 §5.3.3): what is known, whom to ask, who waits.

use crate::engine::SimTime;
use crate::proto::dns::{Name, RecordType};

use super::reply::Reply;
use super::resolution::{Failure, Outcome, Resolution, State, Waiter, root_servers};
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
                State::Descend => self.descend(now, id, &mut resolution),
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
        self.descend(now, id, resolution)
    }

    /// The closest cut.
    fn descend(&mut self, now: SimTime, id: ResolutionId, resolution: &mut Resolution) -> State {
        let delegated = match self.local_reply(&resolution.name, resolution.question.rtype) {
            Some((Reply::Referral(referral), _)) => Some(referral),
            _ => None,
        };
        let start = match resolution.question.rtype {
            // DS stands on the parent's side of the cut (RFC 4035 §3.1.4.1).
            RecordType::Ds => resolution.name.parent().unwrap_or_default(),
            _ => resolution.name.clone(),
        };
        if let Some(cut) = self.forwarders(resolution, &start) {
            return State::Choose(cut);
        }
        for zone in start.ancestors() {
            let is_above = |below: &Name| below.is_subdomain_of(&zone) && *below != zone;
            if !resolution.above.as_ref().is_none_or(is_above) {
                continue;
            }
            let then = now + resolution.leeway;
            if let Some(cut) = self.stub(resolution, &zone).or_else(|| self.known_cut(then, &zone))
            {
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
        State::Choose(self.hinted_root())
    }

    /// Hands the outcome to all who wait for it.
    fn finish(
        &mut self,
        now: SimTime,
        id: ResolutionId,
        resolution: Box<Resolution>,
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
        let stale = self.conclude(now, &resolution.question, outcome);
        for waiter in resolution.waiters {
            match waiter {
                Waiter::Client { token, query, transport } => {
                    self.clients -= 1;
                    let outcome = stale.as_ref().unwrap_or(outcome);
                    self.answer(token, &query, transport, outcome, out);
                }
                Waiter::Parent(parent) => self.deliver(id, parent, outcome),
            }
        }
    }
}

//! Answers that have run out: given where nothing newer can be had in time (RFC 8767), and fetched
//! anew before they run out (prefetch).
//!
//! A client that has waited for [`ServeStale::client_timeout`] gets what ran out, and the resolution
//! goes on without it; so does one whose question fails. For [`ServeStale::recheck`] after a failure
//! nothing newer is looked for.
//!
//! [`ServeStale::client_timeout`]: super::ServeStale::client_timeout
//! [`ServeStale::recheck`]: super::ServeStale::recheck

use std::collections::BTreeSet;
use std::time::Duration;

use crate::engine::SimTime;
use crate::proto::dns::Question;

use super::resolution::{Age, Outcome, Resolution, Waiter};
use super::{ClientToken, ResolutionId, Resolver, ResolverOutput};

/// How long clients wait for something newer.
#[derive(Debug, Default)]
pub(super) struct Patience {
    ends: BTreeSet<(SimTime, ResolutionId, ClientToken)>,
}

impl Patience {
    /// When the first is over.
    pub(super) fn deadline(&self) -> Option<SimTime> {
        self.ends.first().map(|(end, ..)| *end)
    }
}

impl Resolver {
    /// What the cache has of an answer that ran out, for a client.
    pub(super) fn stale_answer(&mut self, now: SimTime, question: &Question) -> Option<Outcome> {
        self.config.cache.serve_stale?;
        let reading = self.cache.stale(now);
        let mut walk = Resolution::new(question.clone(), 0, ResolutionId(0), Vec::new());
        let outcome = self.walk(reading, &mut walk).ok().flatten()?;
        Some(outcome)
    }

    /// What a client is answered when its question came to `outcome`. A failure is remembered, and
    /// where there is an answer that ran out, that takes its place.
    pub(super) fn conclude(
        &mut self,
        now: SimTime,
        question: &Question,
        outcome: &Outcome,
    ) -> Option<Outcome> {
        outcome.failure?;
        let stale = self.stale_answer(now, question)?;
        let recheck = self.config.cache.serve_stale?.recheck;
        self.cache.hold_off(now, question, recheck);
        Some(stale)
    }

    /// Starts the clock of a client that waits for `id`.
    pub(super) fn be_patient(&mut self, now: SimTime, id: ResolutionId, client: ClientToken) {
        let timeout = self.config.cache.serve_stale.map(|stale| stale.client_timeout);
        if let Some(timeout) = timeout.filter(|timeout| *timeout > Duration::ZERO) {
            self.patience.ends.insert((now + timeout, id, client));
        }
    }

    /// Answers the clients that have waited long enough with what ran out, if there is something.
    pub(super) fn lose_patience(&mut self, now: SimTime, out: &mut Vec<ResolverOutput>) {
        while let Some(&(end, id, client)) = self.patience.ends.first()
            && end <= now
        {
            self.patience.ends.pop_first();
            let is_it = |waiter: &Waiter| matches!(waiter, Waiter::Client { token, .. } if *token == client);
            let Some(resolution) = self.resolutions.get_mut(id) else { continue };
            let Some(at) = resolution.waiters.iter().position(is_it) else { continue };
            let question = resolution.question.clone();
            let Some(outcome) = self.stale_answer(now, &question) else { continue };
            let Some(resolution) = self.resolutions.get_mut(id) else { continue };
            if let Waiter::Client { token, query, transport } = resolution.waiters.remove(at) {
                self.clients -= 1;
                self.answer(token, &query, transport, &outcome, out);
            }
        }
    }

    /// Fetches an answer anew that was just given to a client with the time `left`, if it ends soon
    /// or has ended.
    pub(super) fn refresh(
        &mut self,
        now: SimTime,
        question: &Question,
        (age, left): (Age, Duration),
        out: &mut Vec<ResolverOutput>,
    ) {
        let is_wanted = match age {
            Age::Fresh => false,
            Age::Old => self.config.cache.prefetch,
            Age::Stale => true,
        };
        if !is_wanted
            || self.resolutions.find(question).is_some()
            || self.resolutions.len() >= self.config.limits.resolutions
            || self.cache.failed(now, question)
        {
            return;
        }
        let id = self.resolutions.begin_refresh(question.clone(), left);
        self.ready.push_back(id);
        self.go_on(now, out);
    }
}

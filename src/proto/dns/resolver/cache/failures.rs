//! Questions that could not be answered, remembered for a while (RFC 9520).

use std::time::Duration;

use crate::engine::SimTime;
use crate::proto::dns::Question;

use super::super::config::CacheConfig;
use super::super::lru::LruMap;
use super::key::NameKey;

/// The questions that failed, and until when each is not tried again.
#[derive(Debug)]
pub(super) struct Failures(LruMap<Box<[u8]>, Failure>);

#[derive(Debug)]
struct Failure {
    /// Not tried again before.
    until: SimTime,
    /// How long it is kept when it fails again.
    next: Duration,
}

/// How many failures are kept.
const FAILURES: usize = 10_000;

impl Failures {
    /// None yet.
    pub(super) fn new() -> Self {
        Failures(LruMap::new(FAILURES))
    }

    /// Whether this question failed a short while ago.
    pub(super) fn holds(&self, now: SimTime, question: &Question) -> bool {
        self.0.len() > 0
            && self
                .0
                .peek(&key(question).rrset(question.rtype))
                .is_some_and(|failure| failure.until > now)
    }

    /// Keeps that this question failed: for 5 s first, then longer and longer (RFC 9520 §3.2).
    pub(super) fn put(&mut self, now: SimTime, question: &Question, config: &CacheConfig) {
        let name = key(question);
        let key = name.rrset(question.rtype);
        let place = self.0.seek(&key);
        let lasts = match self.0.peek_at(place) {
            // A failure that lies back further than it was kept begins anew.
            Some(last) if now <= last.until + last.next => last.next,
            _ => config.min_failure_ttl,
        };
        let next = (lasts * 2).min(config.max_failure_ttl);
        let failure = Failure { until: now + lasts, next };
        self.0.set_at(place, || key.to_octets(), failure, 1);
    }

    /// Keeps a failure for `least` from now on.
    pub(super) fn hold_off(&mut self, now: SimTime, question: &Question, least: Duration) {
        if let Some(failure) = self.0.get(&key(question).rrset(question.rtype)) {
            failure.until = failure.until.max(now + least);
        }
    }

    /// Forgets the failures of a question that was answered.
    pub(super) fn forget(&mut self, question: &Question) {
        if self.0.len() > 0 {
            self.0.remove(&key(question).rrset(question.rtype));
        }
    }
}

/// Class IN alone is resolved.
fn key(question: &Question) -> NameKey<'_> {
    NameKey::new(&question.name)
}

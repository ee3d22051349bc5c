//! When a deferred message is tried again, and when it is given up.
//!
//! RFC 5321 §4.5.4.1 recommends 30 minutes at least between attempts, and 4 to 5 days.
//!
//! How long a message has been queued is reckoned by the calendar, as by Postfix, which compares the time
//! of its queue file with the clock: a clock that is set ahead makes it older. Who asks gives
//! [`QueuedMessage::by_calendar`] for `now`.
//!
//! Not modelled: Postfix's scans of the deferred queue every 300 s (`queue_run_delay`): a message is
//! tried at the moment at which it may be. That moment stays where it is when the clock is set.

use std::time::Duration;

use crate::engine::{SimTime, Stream};

use super::{QueuedMessage, RetryRule};

/// When an MTA tries again and when it gives up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetrySchedule {
    /// How long it waits between attempts.
    pub backoff: Backoff,
    /// How long a message is kept (`maximal_queue_lifetime`). A message is tried at least once more
    /// when its time is over.
    pub lifetime: Duration,
    /// How long a bounce is kept (`bounce_queue_lifetime`).
    pub bounce_lifetime: Duration,
    /// After how long a sender is warned that its message is still queued (`delay_warning_time`);
    /// `None`: never.
    pub delay_warning: Option<Duration>,
}

/// How long an MTA waits between attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Backoff {
    /// As Postfix: as long as the message has been queued, within bounds. So the delays double.
    Postfix {
        /// The shortest delay (`minimal_backoff_time`).
        least: Duration,
        /// The longest delay (`maximal_backoff_time`).
        most: Duration,
    },
    /// As Exim: by a rule.
    Exim(RetryRule),
}

/// Postfix's: 300 s, 4,000 s, 5 days, 5 days, no warning.
impl Default for RetrySchedule {
    fn default() -> Self {
        RetrySchedule {
            backoff: Backoff::default(),
            lifetime: FIVE_DAYS,
            bounce_lifetime: FIVE_DAYS,
            delay_warning: None,
        }
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Backoff::Postfix { least: Duration::from_secs(300), most: Duration::from_secs(4_000) }
    }
}

impl RetrySchedule {
    /// The shortest time between two attempts: Postfix's `minimal_backoff_time`, whether or not a
    /// rule of Exim is followed else.
    pub fn least(&self) -> Duration {
        match self.backoff {
            Backoff::Postfix { least, .. } => least,
            Backoff::Exim(_) => Duration::from_secs(300),
        }
    }

    /// A schedule by a rule in Exim's form, which says when the time is over too.
    pub fn exim(rule: RetryRule) -> Self {
        RetrySchedule {
            lifetime: rule.lifetime(),
            bounce_lifetime: rule.lifetime(),
            backoff: Backoff::Exim(rule),
            delay_warning: None,
        }
    }

    /// When to try again a message that was deferred at `now`; `None` when its time is over, and it
    /// is to be bounced. Draws only where a rule of Exim randomises.
    pub fn next_attempt(
        &self,
        message: &QueuedMessage,
        now: SimTime,
        draws: &mut Stream,
    ) -> Option<SimTime> {
        let queued_for = now - message.arrived;
        let lifetime = if message.from.is_null() { self.bounce_lifetime } else { self.lifetime };
        if queued_for >= lifetime {
            return None;
        }
        let delay = match &self.backoff {
            Backoff::Postfix { least, most } => queued_for.min(*most).max(*least),
            Backoff::Exim(rule) => rule.delay(message, now, draws),
        };
        Some(now + delay.max(LEAST_DELAY))
    }

    /// Whether the sender of a message is to be warned at `now` that it is still queued: once, and
    /// never of a bounce.
    pub fn warns(&self, message: &QueuedMessage, now: SimTime) -> bool {
        let late = self.delay_warning.is_some_and(|after| now - message.arrived >= after);
        late && message.delay_warned.is_none() && !message.from.is_null()
    }
}

/// Whatever a schedule says: an attempt follows the one before it, and time passes.
const LEAST_DELAY: Duration = Duration::from_secs(1);

const FIVE_DAYS: Duration = Duration::from_secs(5 * 86_400);

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::{Deferral, QueueId};
    use super::*;
    use crate::engine::Seed;

    /// The delays, in seconds, until the message is given up.
    fn delays(schedule: &RetrySchedule, seed: u64) -> Vec<u64> {
        let mut draws = Seed(seed).stream("retry");
        let mut message = QueuedMessage::new(
            QueueId::draw(&mut Seed(1).stream("queue ids")),
            SimTime::ZERO,
            "<alice@example.org>".parse().unwrap(),
            Bytes::new(),
            Vec::new(),
        );
        let (mut now, mut found) = (SimTime::ZERO, Vec::new());
        while let Some(until) = schedule.next_attempt(&message, now, &mut draws) {
            found.push((until - now).as_secs());
            message.deferred = Some(Deferral { at: now, until });
            now = until;
        }
        found
    }

    #[test]
    fn delays_double_from_300_to_4000_seconds_for_five_days() {
        let found = delays(&RetrySchedule::default(), 1);
        assert_eq!(found[..6], [300, 300, 600, 1_200, 2_400, 4_000]);
        assert!(found[6..].iter().all(|delay| *delay == 4_000));
        assert_eq!(found.len(), 6 + (5 * 86_400_usize - 8_800).div_ceil(4_000));
    }

    #[test]
    fn the_rule_of_exims_default_configuration_gives_its_times() {
        let rule = "F,2h,15m; G,16h,1h,1.5; F,4d,6h".parse().unwrap();
        let found = delays(&RetrySchedule::exim(rule), 1);
        assert_eq!(found[..8], [900; 8]);
        assert_eq!(found[8..14], [3_600, 5_400, 8_100, 12_150, 18_225, 27_337]);
        assert!(found[14..].iter().all(|delay| *delay == 21_600));
    }

    #[test]
    fn a_randomised_rule_draws_between_the_interval_and_its_growth() {
        let rule = "H,4d,15m,2".parse().unwrap();
        let schedule = RetrySchedule::exim(rule);
        let found = delays(&schedule, 1);
        assert_eq!(found, delays(&schedule, 1));
        assert_ne!(found, delays(&schedule, 2));
        assert_eq!(found[0], 900);
        for pair in found.windows(2) {
            assert!(pair[1] >= 900 && pair[1] <= (2 * pair[0] + 2).max(900), "{found:?}");
        }
    }
}

//! When a deferred message is tried again, and when it is given up.

use std::time::Duration;

use crate::engine::SimTime;

use super::QueuedMessage;

/// When an MTA tries again and when it gives up.
///
/// As Postfix does it: the delay before the next attempt is the time the message has been queued,
/// but not below `least` and not above `most`; it is given up when it has been queued for
/// `lifetime`. RFC 5321 §4.5.4.1 recommends 30 minutes at least and 4 to 5 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetrySchedule {
    /// The shortest delay (`minimal_backoff_time`).
    pub least: Duration,
    /// The longest delay (`maximal_backoff_time`).
    pub most: Duration,
    /// How long a message is kept (`maximal_queue_lifetime`).
    pub lifetime: Duration,
    /// How long a bounce is kept (`bounce_queue_lifetime`).
    pub bounce_lifetime: Duration,
}

/// Postfix's: 300 s, 4,000 s, 5 days, 5 days.
impl Default for RetrySchedule {
    fn default() -> Self {
        RetrySchedule {
            least: Duration::from_secs(300),
            most: Duration::from_secs(4_000),
            lifetime: Duration::from_secs(5 * 86_400),
            bounce_lifetime: Duration::from_secs(5 * 86_400),
        }
    }
}

impl RetrySchedule {
    /// When to try again a message that was deferred at `now`; `None` when its time is over, and it
    /// is to be bounced.
    pub fn next_attempt(&self, message: &QueuedMessage, now: SimTime) -> Option<SimTime> {
        let queued_for = now - message.arrived;
        let lifetime = if message.from.is_null() { self.bounce_lifetime } else { self.lifetime };
        if queued_for >= lifetime {
            return None;
        }
        let least = self.least.max(LEAST_DELAY);
        Some(now + queued_for.clamp(least, self.most.max(least)))
    }
}

/// Whatever a schedule says: an attempt follows the one before it, and time passes.
const LEAST_DELAY: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::QueueId;
    use super::*;
    use crate::engine::Seed;

    #[test]
    fn delays_grow_with_the_time_queued_until_the_lifetime_is_over() {
        let schedule = RetrySchedule::default();
        let message = QueuedMessage::new(
            QueueId::draw(&mut Seed(1).stream("queue ids")),
            SimTime::ZERO,
            "<alice@example.org>".parse().unwrap(),
            Bytes::new(),
            Vec::new(),
        );
        let next = |secs: u64| {
            let now = SimTime::from_secs(secs);
            schedule.next_attempt(&message, now).map(|then| (then - now).as_secs())
        };
        assert_eq!(next(0), Some(300));
        assert_eq!(next(300), Some(300));
        assert_eq!(next(600), Some(600));
        assert_eq!(next(1_200), Some(1_200));
        assert_eq!(next(100_000), Some(4_000));
        assert_eq!(next(5 * 86_400), None);
    }
}

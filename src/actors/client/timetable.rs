//! When the steps of a client are due.

use std::time::Duration;

use super::config::{Action, Step};
use crate::engine::SimTime;

/// When a step is due for the first time from `now` on; `None` when its time is over.
pub(super) fn next_time(step: &Step, now: SimTime) -> Option<SimTime> {
    if step.at >= now {
        return Some(step.at);
    }
    if let Action::Idle { until, .. } = step.action {
        // After a crash it idles again at once.
        return (now < until).then_some(now);
    }
    let Action::Poll { every, until, .. } = step.action else { return None };
    let every = every.max(LEAST_POLL);
    let periods = (now - step.at).as_nanos().div_ceil(every.as_nanos());
    let next = every.checked_mul(u32::try_from(periods).ok()?).map(|passed| step.at + passed)?;
    (next <= until).then_some(next)
}

/// However often a client is told to poll, time passes from one reading to the next.
const LEAST_POLL: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polling_goes_on_at_its_times_after_a_restart_and_always_moves_on() {
        let check = |every_secs: u64, now_millis: u64, wanted: Option<u64>| {
            let (every, until) = (Duration::from_secs(every_secs), SimTime::from_secs(60));
            let action = Action::Poll { every, until, mailbox: "INBOX".into() };
            let step = Step { at: SimTime::from_secs(10), action };
            let next = next_time(&step, SimTime::from_millis(now_millis));
            assert_eq!(next, wanted.map(SimTime::from_millis), "{every_secs} {now_millis}");
        };
        check(20, 0, Some(10_000));
        check(20, 10_000, Some(10_000));
        check(20, 10_001, Some(30_000));
        check(20, 30_000, Some(30_000));
        check(20, 50_001, None);
        check(0, 10_001, Some(10_001));
        let idle = Action::Idle { until: SimTime::from_secs(60), mailbox: "INBOX".into() };
        let step = Step { at: SimTime::from_secs(10), action: idle };
        for (now, wanted) in [(0, Some(10)), (30, Some(30)), (60, None)] {
            let wanted = wanted.map(SimTime::from_secs);
            assert_eq!(next_time(&step, SimTime::from_secs(now)), wanted, "after a crash at {now}");
        }
        let step = Step { at: SimTime::ZERO, action: Action::Fetch { mailbox: "INBOX".into() } };
        assert_eq!(next_time(&step, SimTime::from_secs(1)), None);
    }
}

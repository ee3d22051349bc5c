//! Where threads stop at one time, before there is nothing left to do: to put in order what was recorded, or
//! to become one again.
//!
//! Parts are never at one time while they run. Once a meeting is called each thread comes, when it has
//! finished its turn, and says how far it has got; the last to come sets the end for all parts: right
//! after the furthest of them. Then all go on up to there.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Of all threads of a board.
pub(super) struct Meeting {
    /// At this time, in nanoseconds, or later nobody handles events.
    end: AtomicU64,
    is_called: AtomicBool,
    attendance: Mutex<Attendance>,
    changed: Condvar,
}

struct Attendance {
    /// How many have not come yet.
    missing: usize,
    /// How far those are who have.
    furthest: u64,
    /// Nobody is waited for any more.
    is_broken_up: bool,
}

impl Meeting {
    /// For so many threads, whose parts have had no event after `furthest`.
    pub(super) fn new(threads: usize, furthest: u64, end: u64) -> Self {
        Meeting {
            end: AtomicU64::new(end),
            is_called: AtomicBool::new(false),
            attendance: Mutex::new(Attendance { missing: threads, furthest, is_broken_up: false }),
            changed: Condvar::new(),
        }
    }

    /// Before this time events are handled.
    pub(super) fn end(&self) -> u64 {
        self.end.load(Ordering::Acquire)
    }

    pub(super) fn is_called(&self) -> bool {
        self.is_called.load(Ordering::Relaxed)
    }

    /// Calls it; `false` when somebody has before.
    pub(super) fn call(&self) -> bool {
        !self.is_called.swap(true, Ordering::SeqCst)
    }

    /// Waits for the others. What this thread has run has had no event after `now`.
    pub(super) fn attend(&self, now: u64) {
        let mut attendance = self.excuse(now);
        while attendance.missing > 0 && !attendance.is_broken_up {
            attendance = self.changed.wait(attendance).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Does not wait: nothing is left to do that could be ended earlier.
    pub(super) fn leave(&self, now: u64) {
        drop(self.excuse(now));
    }

    /// Lets all go on who wait.
    pub(super) fn break_up(&self) {
        self.lock().is_broken_up = true;
        self.changed.notify_all();
    }

    fn excuse(&self, now: u64) -> MutexGuard<'_, Attendance> {
        let mut attendance = self.lock();
        attendance.missing -= 1;
        attendance.furthest = attendance.furthest.max(now);
        if attendance.missing == 0 {
            let end = attendance.furthest.saturating_add(1).min(self.end());
            if self.is_called() {
                self.end.store(end, Ordering::Release);
            }
            self.changed.notify_all();
        }
        attendance
    }

    fn lock(&self) -> MutexGuard<'_, Attendance> {
        self.attendance.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_stop_after_the_furthest_once_the_last_has_come() {
        let meeting = Meeting::new(3, 5, 100);
        assert!(meeting.call());
        assert!(!meeting.call());
        std::thread::scope(|scope| {
            scope.spawn(|| meeting.attend(30));
            scope.spawn(|| meeting.attend(7));
            meeting.leave(0);
        });
        assert_eq!(meeting.end(), 31);
    }

    #[test]
    fn without_a_call_the_end_stays() {
        let meeting = Meeting::new(2, 5, 100);
        meeting.leave(30);
        meeting.leave(99);
        assert_eq!(meeting.end(), 100);
    }

    #[test]
    fn nobody_waits_for_those_who_will_not_come() {
        let meeting = Meeting::new(2, 0, 100);
        meeting.call();
        meeting.break_up();
        meeting.attend(30);
        assert_eq!(meeting.end(), 100);
    }
}

//! What threads know of all parts, and who runs which.
//!
//! Each part has a desk, on which stand a clock and a tray. The clock shows a time before which no event of
//! the part's queue comes; whoever runs the part sets it, and nobody else. What others have for the part they
//! put into its tray, with the keys that order all events ([`Key`]), so that it does not matter who came
//! first. Nothing here is behind one lock: a desk is read while others go on, and `view` says what may
//! be concluded from that. It rests on the order in which things are done by whoever runs a part:
//!
//! - What an event has for others is in their trays, and then counted as sent, before the clock goes on
//!   from the time of that event.
//! - What is in the tray is shown by the clock before the tray is shown to be empty.
//!
//! A thread goes on with the parts that it has run before, whose hosts are in the caches of its processor, as
//! long as one of them can go on. Otherwise it takes over one that waits for its thread, so that nobody
//! waits while there is anything to do, and keeps it from then on: which hosts are busy at a time differs
//! from second to second.
//!
//! A thread that sleeps is woken by whoever sets a clock with which there is something to do for it. Who
//! sets a clock looks for sleepers after that, and who goes to sleep looks at the clocks after that.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Thread};

use crate::engine::Key;

use super::super::network::Network;
use super::super::node::Scheduled;
use super::super::part::Part;
use super::delays::Delays;
use super::meeting::Meeting;
use super::pace::Pace;

/// An entry of a queue that is handed from part to part.
pub(super) type Entry = (Key, Scheduled);

/// The desks of all parts, and what is common to the threads.
pub(super) struct Board<'w> {
    pub(super) network: &'w Network,
    pub(super) delays: &'w Delays,
    pub(super) rules: Rules,
    pub(super) meeting: Meeting,
    pace: Mutex<Pace>,
    desks: Box<[Desk]>,
    /// Where threads sleep.
    beds: Box<[Padded<Bed>]>,
    /// How many do.
    asleep: Padded<AtomicUsize>,
    /// What a program has panicked with.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    is_broken: AtomicBool,
}

/// How a board is run. Nothing of it shows in what happens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// How many threads there are.
    pub(super) threads: usize,
    /// Whether each thread has a processor to look around with while it waits.
    pub(super) may_look: bool,
    /// Parts stay apart, even where it does not pay.
    pub(super) eager: bool,
}

/// Alone on its cache lines: processors fetch two at a time.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Padded<T>(T);

#[derive(Default)]
struct Desk {
    clock: Padded<Clock>,
    tray: Padded<Tray>,
    /// Which thread has run the part last.
    keeper: Padded<AtomicUsize>,
}

/// What is shown by the thread that runs the part.
#[derive(Default)]
struct Clock {
    /// Whether one does now.
    is_running: AtomicBool,
    /// No event of its queue comes before this, in nanoseconds; `u64::MAX`: it has none.
    next: AtomicU64,
    /// How often it has put anything into trays.
    sent: AtomicU64,
}

/// What others have for it.
struct Tray {
    /// When the first of that is, in nanoseconds.
    due: AtomicU64,
    entries: Mutex<Vec<Entry>>,
}

impl Default for Tray {
    fn default() -> Self {
        Tray { due: AtomicU64::new(u64::MAX), entries: Mutex::default() }
    }
}

/// Where a thread sleeps.
#[derive(Default)]
struct Bed {
    is_taken: AtomicBool,
    thread: OnceLock<Thread>,
}

impl<'w> Board<'w> {
    /// For these parts, up to `end`, at which nobody handles events any more.
    pub(super) fn new(
        network: &'w Network,
        delays: &'w Delays,
        parts: &[Part],
        end: u64,
        (rules, pace): (Rules, Pace),
    ) -> Self {
        let desk = |(place, part): (usize, &Part)| {
            let desk = Desk::default();
            desk.clock.0.next.store(part.next_nanos(), Ordering::Relaxed);
            desk.keeper.0.store(place % rules.threads, Ordering::Relaxed);
            desk
        };
        let furthest = parts.iter().map(|part| part.now.as_nanos()).max().unwrap_or(0);
        Board {
            network,
            delays,
            rules,
            meeting: Meeting::new(rules.threads, furthest, end),
            pace: Mutex::new(pace),
            desks: parts.iter().enumerate().map(desk).collect(),
            beds: (0..rules.threads).map(|_| Padded::default()).collect(),
            asleep: Padded::default(),
            panic: Mutex::default(),
            is_broken: AtomicBool::new(false),
        }
    }

    /// What there was to do of late, once nobody works any more. Goes on panicking where a program has.
    pub(super) fn finish(self) -> Pace {
        if let Some(panic) = self.panic.into_inner().unwrap_or_else(PoisonError::into_inner) {
            panic::resume_unwind(panic);
        }
        self.pace.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something; where it panics, all threads come home, and [`Board::finish`] goes on panicking.
    pub(super) fn guard(&self, act: impl FnOnce()) {
        if let Err(panic) = panic::catch_unwind(AssertUnwindSafe(act)) {
            lock(&self.panic).get_or_insert(panic);
            self.is_broken.store(true, Ordering::SeqCst);
            self.meeting.break_up();
            self.wake_all();
        }
    }

    pub(super) fn is_broken(&self) -> bool {
        self.is_broken.load(Ordering::Relaxed)
    }

    /// How many parts there are.
    pub(super) fn parts(&self) -> usize {
        self.desks.len()
    }

    /// What can come next at a part, in its queue or its tray.
    pub(super) fn soonest(&self, place: usize) -> u64 {
        let Desk { clock, tray, .. } = &self.desks[place];
        // In this order: what is not in the tray any more is on the clock.
        let due = tray.0.due.load(Ordering::Acquire);
        due.min(clock.0.next.load(Ordering::Acquire))
    }

    /// How often anything was put into trays. Two sums that are equal are of the same counts, for none
    /// falls.
    pub(super) fn sent(&self) -> u64 {
        let counts = self.desks.iter().map(|desk| desk.clock.0.sent.load(Ordering::Acquire));
        counts.fold(0, u64::wrapping_add)
    }

    /// Sets the clock of a part.
    pub(super) fn show(&self, place: usize, next: u64) {
        self.desks[place].clock.0.next.store(next, Ordering::Release);
    }

    /// Puts what a part has for others into their trays.
    pub(super) fn send(&self, place: usize, leaving: &mut [Vec<Entry>]) {
        for (leaving, Desk { tray: Padded(tray), .. }) in leaving.iter_mut().zip(&self.desks) {
            let Some(due) = leaving.iter().map(|(key, _)| key.time.as_nanos()).min() else {
                continue;
            };
            let mut entries = lock(&tray.entries);
            match entries.is_empty() {
                true => std::mem::swap(&mut *entries, leaving),
                false => entries.append(leaving),
            }
            // Nobody else sets it while the lock is held.
            let due = due.min(tray.due.load(Ordering::Relaxed));
            tray.due.store(due, Ordering::Release);
        }
        self.desks[place].clock.0.sent.fetch_add(1, Ordering::Release);
    }

    /// Whether there is anything in the tray of a part.
    pub(super) fn has_mail(&self, place: usize) -> bool {
        self.desks[place].tray.0.due.load(Ordering::Acquire) != u64::MAX
    }

    /// Takes what is in the tray of a part, and leaves `room` in it.
    pub(super) fn take(&self, place: usize, room: Vec<Entry>) -> Vec<Entry> {
        let Desk { clock: Padded(clock), tray: Padded(tray), .. } = &self.desks[place];
        let mut entries = lock(&tray.entries);
        let taken = std::mem::replace(&mut *entries, room);
        // Nobody else sets the clock.
        let next = tray.due.load(Ordering::Relaxed).min(clock.next.load(Ordering::Relaxed));
        clock.next.store(next, Ordering::Release);
        tray.due.store(u64::MAX, Ordering::Release);
        taken
    }

    /// Tells of turns; `true` where so little happens side by side that the parts had better be one.
    pub(super) fn tell(&self, done: Pace) -> bool {
        let mut pace = lock(&self.pace);
        pace.add(done);
        !self.rules.eager && pace.does_not_pay()
    }
}

/// Who runs what.
impl Board<'_> {
    /// The part that is furthest behind of those that can go on and that nobody runs: one that this thread
    /// has run last, or else one of another thread.
    pub(super) fn pick(&self, thread: usize) -> Option<usize> {
        let own = |place: &usize| self.keeper(*place) == thread;
        let behind = |free: &mut dyn Iterator<Item = usize>| {
            let ready = free.filter(|place| self.is_ready(*place));
            ready.min_by_key(|place| self.soonest(*place))
        };
        let places = 0..self.desks.len();
        behind(&mut places.clone().filter(own))
            .or_else(|| behind(&mut places.filter(|place| !own(place))))
    }

    /// A thread begins to run a part, which nobody else does; `true` when another part is run meanwhile.
    pub(super) fn begin(&self, place: usize, thread: usize) -> bool {
        let beside = self.desks.iter().any(|desk| desk.clock.0.is_running.load(Ordering::Relaxed));
        let Desk { clock, keeper: Padded(keeper), .. } = &self.desks[place];
        clock.0.is_running.store(true, Ordering::Relaxed);
        if keeper.load(Ordering::Relaxed) != thread {
            keeper.store(thread, Ordering::Relaxed);
        }
        beside
    }

    /// It has stopped.
    pub(super) fn stop(&self, place: usize) {
        self.desks[place].clock.0.is_running.store(false, Ordering::Release);
    }

    fn keeper(&self, place: usize) -> usize {
        self.desks[place].keeper.0.load(Ordering::Relaxed)
    }

    /// Whether nobody runs a part, and it can go on, or all threads can go home. At rest, when all that was
    /// set can be seen, that is certain; otherwise it is so soon, or somebody who goes on looks
    /// again.
    fn is_ready(&self, place: usize) -> bool {
        if self.desks[place].clock.0.is_running.load(Ordering::Relaxed) {
            return false;
        }
        let soonest = self.soonest(place);
        let end = self.meeting.end();
        let (mut first, mut reach) = (soonest, end);
        for (other, delay) in self.delays.to(place).iter().enumerate() {
            if other != place {
                let next = self.soonest(other);
                first = first.min(next);
                reach = reach.min(next.saturating_add(*delay));
            }
        }
        soonest < reach || first >= end
    }
}

/// Sleep.
impl Board<'_> {
    /// Sleeps until somebody sees that there is something to do, or until all are woken. `has_reason` looks
    /// once more whether there is one not to sleep, when others can see already that this thread does.
    pub(super) fn sleep(&self, thread: usize, has_reason: impl FnOnce() -> bool) {
        let Padded(bed) = &self.beds[thread];
        bed.thread.get_or_init(thread::current);
        self.asleep.0.fetch_add(1, Ordering::SeqCst);
        bed.is_taken.store(true, Ordering::SeqCst);
        // Either the one who sets a clock sees the sleeper, or the sleeper sees the clock.
        fence(Ordering::SeqCst);
        if has_reason() {
            self.wake(thread);
        }
        while bed.is_taken.load(Ordering::Acquire) {
            thread::park();
        }
    }

    /// Wakes a thread for each part that can go on and that nobody runs: the one that has run it last, or
    /// else another one. Called by whoever has set a clock, before it waits or takes another part.
    pub(super) fn wake_for_what_is_ready(&self) {
        fence(Ordering::SeqCst);
        if self.asleep.0.load(Ordering::Relaxed) == 0 {
            return;
        }
        for place in 0..self.desks.len() {
            if self.is_ready(place) && !self.wake(self.keeper(place)) {
                let _ = (0..self.beds.len()).any(|thread| self.wake(thread));
            }
        }
    }

    pub(super) fn wake_all(&self) {
        fence(Ordering::SeqCst);
        for thread in 0..self.beds.len() {
            self.wake(thread);
        }
    }

    /// `false` when it does not sleep.
    fn wake(&self, thread: usize) -> bool {
        let Padded(bed) = &self.beds[thread];
        let wakes =
            bed.is_taken.load(Ordering::Relaxed) && bed.is_taken.swap(false, Ordering::AcqRel);
        if wakes {
            self.asleep.0.fetch_sub(1, Ordering::Relaxed);
            bed.thread.get().expect("it was set before").unpark();
        }
        wakes
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nobody panics while it is held.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

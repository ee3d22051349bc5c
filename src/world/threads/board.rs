//! Parts that run side by side, each as far as no packet of another can reach it.
//!
//! A board knows of each part when its next event is at the soonest. No packet takes less than the
//! shortest way between two parts ([`Delays`]), so a part may handle all events that come before the
//! soonest one of each other part and the way from there. The part with the soonest event of all can always
//! go on, so nothing ever waits for ever; and a part whose neighbours have nothing to do is not held up by
//! them, however long that lasts. Threads are not tied to parts: whoever is free takes the part that
//! is furthest behind.
//!
//! What a part has for others it lays on their desks when it comes back, with the keys that order all
//! events ([`Key`]); so it does not matter to any of them who came first.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::engine::{Key, SimTime};

use super::super::network::Network;
use super::super::node::Scheduled;
use super::super::part::Part;
use super::delays::Delays;

/// The parts of a world while they run.
pub(super) struct Board<'w> {
    network: &'w Network,
    delays: &'w Delays,
    rules: Rules,
    state: Mutex<State<'w>>,
    changed: Condvar,
    /// How often anything on the board has changed.
    version: AtomicU64,
    /// How many threads have no part to run.
    idle: AtomicUsize,
}

/// How a board is run. Nothing of it shows in what happens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// How many threads there may be.
    pub(super) threads: usize,
    /// How many of them can run at once.
    pub(super) processors: usize,
    /// Threads are called for, and parts stay apart, even where it does not pay.
    pub(super) eager: bool,
}

struct State<'w> {
    desks: Vec<Desk<'w>>,
    /// How many parts are being run.
    running: usize,
    /// How many threads sleep.
    asleep: usize,
    /// How many threads there are.
    threads: usize,
    done: Done,
    /// How many events a turn has had of late, times 16.
    usual: u64,
    /// Nobody handles events at this time (in nanoseconds) or later.
    end: u64,
    phase: Phase,
    /// What an actor has panicked with.
    panic: Option<Box<dyn Any + Send>>,
}

/// Which way it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// On, up to the end.
    On,
    /// No part has another turn, until all are back and it is known how far they have come.
    Halt,
    /// The others are brought up to where the first one is.
    CatchUp,
    /// Nothing is left to do.
    Over,
}

/// What is known of a part.
struct Desk<'w> {
    /// `None`: it is being run.
    part: Option<&'w mut Part>,
    /// No event of its own queue comes before this; `u64::MAX`: it has none.
    next: u64,
    /// What has come from other parts and is not in its queue yet.
    inbox: Vec<(Key, Scheduled)>,
    /// When the soonest of that is.
    inbox_next: u64,
}

/// What there was to do, of late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Done {
    /// How often a part was run.
    pub(super) turns: u64,
    /// How many events were handled.
    pub(super) events: u64,
}

impl Done {
    fn add(&mut self, events: u64) {
        self.turns += 1;
        self.events += events;
        if self.turns >= 2 * MANY_TURNS {
            self.turns /= 2;
            self.events /= 2;
        }
    }

    /// Whether so few events came together that the parts had better be one.
    pub(super) fn does_not_pay(self) -> bool {
        self.turns >= MANY_TURNS && self.events < self.turns * FEW_EVENTS
    }
}

/// A turn of fewer events costs as much as it saves.
const FEW_EVENTS: u64 = 6;
/// How many turns are looked at before it is said that they are too short.
const MANY_TURNS: u64 = 8_192;
/// After so many events a part comes back if another thread waits for something to do.
const COURTESY: u64 = 16;
/// After so many it comes back anyway, and is told of.
const LONG_TURN: u64 = 1_024;
/// So many events for a turn make it worth to wake another thread.
const WORTH_A_THREAD: u64 = FEW_EVENTS;
/// How long a thread looks for something to do before it sleeps: some hundred microseconds, which is what a
/// sleep and a call cost on a virtual machine.
const LOOKS: u32 = 6_000;
/// How many records or packets a part keeps before they are gathered.
const MANY_RECORDS: usize = 1 << 16;

impl<'w> Board<'w> {
    pub(super) fn new(
        network: &'w Network,
        delays: &'w Delays,
        parts: &'w mut [Part],
        end: u64,
        (rules, done): (Rules, Done),
    ) -> Self {
        let desks = parts.iter_mut().map(|part| Desk {
            next: part.next_nanos(),
            part: Some(part),
            inbox: Vec::new(),
            inbox_next: u64::MAX,
        });
        let state = State {
            desks: desks.collect(),
            running: 0,
            asleep: 0,
            threads: 1,
            done,
            usual: 16 * done.events / done.turns.max(1),
            end,
            phase: Phase::On,
            panic: None,
        };
        Board {
            network,
            delays,
            rules,
            state: Mutex::new(state),
            changed: Condvar::new(),
            version: AtomicU64::new(0),
            idle: AtomicUsize::new(0),
        }
    }

    /// Runs parts until nothing is left to do. `recruit` brings one more thread that does the same; it is
    /// called when there is work for one. Where an actor panics, all come home, and [`Board::finish`]
    /// goes on panicking.
    pub(super) fn work(&self, recruit: &dyn Fn()) {
        let work = AssertUnwindSafe(|| self.take_turns(recruit));
        if let Err(panic) = panic::catch_unwind(work) {
            let mut state = self.lock();
            state.panic.get_or_insert(panic);
            self.close(&mut state);
        }
    }

    fn take_turns(&self, recruit: &dyn Fn()) {
        let mut state = self.lock();
        while state.phase != Phase::Over {
            state = match state.pick(self, None) {
                Some(place) => self.run(state, place, recruit),
                None if state.running > 0 => self.wait(state),
                None if state.phase == Phase::Halt => {
                    state.end = state.furthest().saturating_add(1).min(state.end);
                    state.phase = Phase::CatchUp;
                    state
                }
                None => {
                    self.close(&mut state);
                    state
                }
            };
        }
    }

    /// What there was to do of late, once nobody works any more. What is left on desks is put into the queues.
    pub(super) fn finish(self) -> Done {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(panic) = state.panic {
            panic::resume_unwind(panic);
        }
        for desk in state.desks {
            let part = desk.part.expect("nobody works any more");
            part.agenda.queue_all(desk.inbox);
        }
        state.done
    }

    fn lock(&self) -> MutexGuard<'_, State<'w>> {
        // Nobody panics while it is held, but for the one who has found a bug and is told so anyway.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self, state: &mut State<'w>) {
        state.phase = Phase::Over;
        self.version.fetch_add(1, Ordering::Relaxed);
        self.changed.notify_all();
    }

    /// Gives a part turns until another one has to go first.
    fn run<'s>(
        &'s self,
        mut state: MutexGuard<'s, State<'w>>,
        place: usize,
        recruit: &dyn Fn(),
    ) -> MutexGuard<'s, State<'w>> {
        let part = state.desks[place].part.take().expect("nobody else runs it");
        state.running += 1;
        loop {
            let bound = state.bound(self, place);
            let desk = &mut state.desks[place];
            desk.next = desk.soonest();
            desk.inbox_next = u64::MAX;
            let inbox = std::mem::take(&mut desk.inbox);
            let is_worth_it = self.rules.eager || state.usual >= WORTH_A_THREAD * 16;
            let mut recruits = false;
            if is_worth_it
                && (state.asleep > 0 || state.threads < self.rules.threads)
                && state.pick(self, None).is_some()
            {
                match state.asleep {
                    0 => (state.threads, recruits) = (state.threads + 1, true),
                    _ => self.changed.notify_one(),
                }
            }
            drop(state);
            if recruits {
                recruit();
            }
            let inbox = part.agenda.queue_all(inbox);
            let mut events = 0;
            let last = SimTime::from_nanos(bound - 1);
            while part.step_marked(self.network, last) {
                events += 1;
                if events == LONG_TURN
                    || events % COURTESY == 0 && self.idle.load(Ordering::Relaxed) > 0
                {
                    break;
                }
            }
            state = self.lock();
            state.settle(place, part, inbox, events);
            self.version.fetch_add(1, Ordering::Relaxed);
            let kept = part.kept();
            let is_full = kept.records.max(kept.packets) >= MANY_RECORDS;
            if state.phase == Phase::On && (is_full || self.does_not_pay(&state)) {
                state.phase = Phase::Halt;
            }
            if state.pick(self, Some(place)) != Some(place) {
                break;
            }
        }
        state.desks[place].part = Some(part);
        state.running -= 1;
        state
    }

    fn does_not_pay(&self, state: &State<'_>) -> bool {
        !self.rules.eager && state.done.does_not_pay()
    }

    /// Waits until anything changes: with open eyes at first, where a processor is free for that.
    fn wait<'s>(&'s self, state: MutexGuard<'s, State<'w>>) -> MutexGuard<'s, State<'w>> {
        let seen = self.version.load(Ordering::Relaxed);
        let idle = self.idle.fetch_add(1, Ordering::Relaxed) + 1;
        let may_look = idle + state.running <= self.rules.processors;
        drop(state);
        if may_look {
            for _ in 0..LOOKS {
                if self.version.load(Ordering::Relaxed) != seen {
                    break;
                }
                std::hint::spin_loop();
            }
        }
        let mut state = self.lock();
        if self.version.load(Ordering::Relaxed) == seen {
            state.asleep += 1;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.asleep -= 1;
        }
        self.idle.fetch_sub(1, Ordering::Relaxed);
        state
    }
}

impl<'w> State<'w> {
    /// The part furthest behind of those that can go on and are not being run. One may be `here` that is
    /// not on its desk.
    fn pick(&self, board: &Board<'w>, here: Option<usize>) -> Option<usize> {
        if matches!(self.phase, Phase::Halt | Phase::Over) {
            return None;
        }
        let is_free = |place: &usize| self.desks[*place].part.is_some() || here == Some(*place);
        let free = (0..self.desks.len()).filter(is_free);
        let can_go_on =
            free.filter(|place| self.desks[*place].soonest() < self.bound(board, *place));
        can_go_on.min_by_key(|place| (self.desks[*place].soonest(), here != Some(*place)))
    }

    /// When the last event was that any part has handled; all parts are back.
    fn furthest(&self) -> u64 {
        let parts = self.desks.iter().filter_map(|desk| desk.part.as_ref());
        parts.map(|part| part.now.as_nanos()).max().unwrap_or(0)
    }

    /// Up to where a part can go.
    fn bound(&self, board: &Board<'w>, place: usize) -> u64 {
        let ways = self.desks.iter().zip(board.delays.to(place));
        ways.fold(self.end, |bound, (desk, delay)| bound.min(desk.soonest().saturating_add(*delay)))
    }

    /// A part has had a turn: what it has for others is laid on their desks.
    fn settle(&mut self, place: usize, part: &mut Part, inbox: Vec<(Key, Scheduled)>, events: u64) {
        self.done.add(events);
        self.usual = self.usual - self.usual / 16 + events;
        let crossing = part.agenda.crossing.as_mut().expect("one of several parts");
        for (leaving, desk) in crossing.leaving.iter_mut().zip(&mut self.desks) {
            let Some(next) = leaving.iter().map(|(key, _)| key.time.as_nanos()).min() else {
                continue;
            };
            desk.inbox_next = desk.inbox_next.min(next);
            match desk.inbox.is_empty() {
                true => std::mem::swap(&mut desk.inbox, leaving),
                false => desk.inbox.append(leaving),
            }
        }
        let desk = &mut self.desks[place];
        desk.next = part.next_nanos();
        if desk.inbox.is_empty() {
            desk.inbox = inbox; // its room is used again
        }
    }
}

impl Desk<'_> {
    /// No event of this part comes before this.
    fn soonest(&self) -> u64 {
        self.next.min(self.inbox_next)
    }
}

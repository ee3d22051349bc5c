//! A thread that runs parts.

use std::sync::{Mutex, TryLockError};
use std::thread;

use super::board::Board;
use super::job::{Job, Turn};

/// One of the threads that run the parts of a world.
pub(super) struct Worker<'j, 'b, 'w> {
    board: &'b Board<'w>,
    jobs: &'j [Mutex<Job<'b, 'w>>],
    /// Which of the threads it is.
    number: usize,
    /// No event that it has handled, and none before it began, was after this, in nanoseconds.
    furthest: u64,
    has_met: bool,
}

/// After so many events it is told what was done, and others may have the part.
const LONG_TURN: u64 = 1_024;
/// How often a thread looks for something to do before it sleeps: for some hundred microseconds, which is
/// what a sleep and a call cost on a virtual machine.
const LOOKS: u32 = 4_096;
/// After so many looks each time it lets another thread have its processor that has none.
const LOOKS_IN_A_ROW: u32 = 128;

impl<'j, 'b, 'w> Worker<'j, 'b, 'w> {
    /// The thread of this number, for these parts, of which none has had an event after `furthest`.
    pub(super) fn new(
        board: &'b Board<'w>,
        jobs: &'j [Mutex<Job<'b, 'w>>],
        number: usize,
        furthest: u64,
    ) -> Self {
        Worker { board, jobs, number, furthest, has_met: false }
    }

    /// Works until nothing is left to do.
    pub(super) fn work(mut self) {
        while !self.board.is_broken() {
            let turn = self.turn();
            if self.board.meeting.is_called() && !self.has_met {
                self.has_met = true;
                self.board.wake_for_what_is_ready();
                self.board.meeting.attend(self.furthest);
            } else if turn == Turn::Over {
                break;
            } else if turn == Turn::Stuck {
                self.wait();
            }
        }
        if !self.has_met {
            self.board.meeting.leave(self.furthest);
        }
        self.board.wake_for_what_is_ready();
    }

    /// A turn of one of the parts.
    fn turn(&mut self) -> Turn {
        let Some(place) = self.board.pick(self.number) else { return Turn::Stuck };
        let mut job = match self.jobs[place].try_lock() {
            Ok(job) => job,
            // Somebody else was faster, or has panicked.
            Err(TryLockError::WouldBlock | TryLockError::Poisoned(_)) => return Turn::Stuck,
        };
        let beside = self.board.begin(place, self.number);
        let turn = job.turn(LONG_TURN, beside);
        if turn == Turn::Had {
            self.furthest = self.furthest.max(job.now().as_nanos());
            self.board.wake_for_what_is_ready();
        }
        self.board.stop(place);
        turn
    }

    /// Waits until there is anything to do: with open eyes at first, where a processor is free for that.
    fn wait(&mut self) {
        let board = self.board;
        board.wake_for_what_is_ready();
        let has_reason = || {
            let is_called = board.meeting.is_called() && !self.has_met;
            is_called || board.is_broken() || board.pick(self.number).is_some()
        };
        let looks = if board.rules.may_look { LOOKS } else { 0 };
        for look in 1..=looks {
            if has_reason() {
                return;
            }
            if look % LOOKS_IN_A_ROW == 0 {
                thread::yield_now();
            }
            std::hint::spin_loop();
        }
        board.sleep(self.number, has_reason);
    }
}

//! A part that is run turn by turn, by whoever has it.

use crate::engine::SimTime;

use super::super::node::Crossing;
use super::super::part::Part;
use super::board::{Board, Entry};
use super::pace::Pace;
use super::view::View;

/// A part at work.
pub(super) struct Job<'b, 'w> {
    board: &'b Board<'w>,
    place: usize,
    part: &'w mut Part,
    view: View,
    /// When the next event of the part is, in nanoseconds.
    next: u64,
    /// Room for what comes out of the tray.
    room: Vec<Entry>,
    /// What was done and not told yet.
    done: Pace,
}

/// What came of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Something was done.
    Had,
    /// Others have to go on first.
    Stuck,
    /// Nothing is left to do for anybody.
    Over,
}

/// After so many events others are shown how far it has come, and get what it has for them.
const STRIDE: u64 = 8;
/// So many records or packets are kept before a meeting is called to gather them.
const MANY_RECORDS: usize = 1 << 16;
/// So many turns are counted before they are told of.
const MANY_TURNS: u64 = 256;

impl<'b, 'w> Job<'b, 'w> {
    /// Of the part at this place.
    pub(super) fn new(board: &'b Board<'w>, place: usize, part: &'w mut Part) -> Self {
        let crossing = part.agenda.crossing.as_mut().expect("one of several parts");
        crossing.ways_back = board.delays.to(place).into();
        Job {
            board,
            place,
            next: part.next_nanos(),
            part,
            view: View::new(board, place),
            room: Vec::new(),
            done: Pace::default(),
        }
    }

    /// Puts away what is left, when nobody works any more.
    pub(super) fn finish(mut self) {
        self.take_mail();
        self.board.tell(self.done);
    }

    /// When the part had its last event.
    pub(super) fn now(&self) -> SimTime {
        self.part.now
    }

    /// How many events the part has had.
    pub(super) fn events(&self) -> u64 {
        self.part.events
    }

    /// Runs the part as far as it can go, and no more than `most` events, beside another part or not.
    pub(super) fn turn(&mut self, most: u64, beside: bool) -> Turn {
        let promise = self.next.min(self.view.bound);
        let is_over = self.view.look(self.board, promise);
        if self.board.has_mail(self.place) {
            self.take_mail();
        }
        if self.next < self.view.bound {
            let events = self.run(most);
            self.done.turns += 1;
            self.done.beside += if beside { events } else { 0 };
            if self.is_full() || self.does_not_pay() {
                self.call_meeting();
            }
            Turn::Had
        } else if is_over && self.next >= self.board.meeting.end() {
            Turn::Over
        } else {
            Turn::Stuck
        }
    }

    /// Puts into the queue what others have sent.
    pub(super) fn take_mail(&mut self) {
        let entries = self.board.take(self.place, std::mem::take(&mut self.room));
        for (key, _) in &entries {
            assert!(key.time >= self.part.now, "nothing comes from the past");
            self.next = self.next.min(key.time.as_nanos());
        }
        self.room = self.part.agenda.queue_all(entries);
    }

    /// Handles what comes before the bound, and before answers to it; hands back how many events there were.
    fn run(&mut self, most: u64) -> u64 {
        self.crossing().answer = u64::MAX;
        let mut events = 0;
        let mut bound = self.view.bound;
        while self.part.step_marked(self.board.network, SimTime::from_nanos(bound - 1)) {
            events += 1;
            bound = bound.min(self.crossing().answer);
            if events % STRIDE == 0 {
                self.show(self.part.now.as_nanos());
                if events >= most || self.board.meeting.is_called() || self.board.is_broken() {
                    break;
                }
            }
        }
        self.view.bound = bound;
        self.next = self.part.next_nanos();
        self.show(self.next);
        events
    }

    fn is_full(&self) -> bool {
        let kept = self.part.kept();
        kept.records.max(kept.packets) >= MANY_RECORDS
    }

    fn crossing(&mut self) -> &mut Crossing {
        self.part.agenda.crossing.as_mut().expect("one of several parts")
    }

    /// Gives others what there is for them, and shows that no event of the queue comes before `next`.
    fn show(&mut self, next: u64) {
        let (board, place) = (self.board, self.place);
        let crossing = self.crossing();
        if std::mem::take(&mut crossing.is_laden) {
            board.send(place, &mut crossing.leaving);
        }
        self.board.show(self.place, next);
    }

    fn does_not_pay(&mut self) -> bool {
        if self.done.turns < MANY_TURNS {
            return false;
        }
        self.board.tell(std::mem::take(&mut self.done))
    }

    fn call_meeting(&mut self) {
        if self.board.meeting.call() {
            self.board.wake_all();
        }
    }
}

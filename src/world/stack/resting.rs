//! The connections of a host that are in TIME-WAIT.
//!
//! One that opens a connection each second has 60 of them at any time, so each takes 24 octets, its place in a table, and
//! no entry of the event queue: what is over is no longer found, and forgotten when another one begins, unless
//! an older one lasts that has begun anew. So a host that goes quiet keeps its last ones. They have a table of
//! their own, which is looked at where no connection is found.
//! `benches/tcp.rs` and the load `smtp-transactions` pay for it: the sockets that were kept whole took
//! 17 MiB of the cache from 200 clients.

use std::collections::VecDeque;

use crate::engine::SimTime;
use crate::net::Ends;
use crate::net::tcp::TimeWait;

use super::by_ends::ByEnds;

/// Connections in TIME-WAIT, in the order in which that began.
#[derive(Debug, Default)]
pub(super) struct Resting {
    kept: VecDeque<TimeWait>,
    /// The number of the first of them; they are numbered in order, modulo 2^32.
    first: u32,
    /// Their numbers, and those of some that are forgotten.
    by_ends: ByEnds,
    /// How many of the latter there may be.
    forgotten: usize,
}

/// So many that are forgotten take little room.
const LITTLE: usize = 16;

impl Resting {
    /// Of no connection.
    pub(super) const NONE: Resting =
        Resting { kept: VecDeque::new(), first: 0, by_ends: ByEnds::EMPTY, forgotten: 0 };

    /// One more.
    pub(super) fn push(&mut self, ends: &Ends, time_wait: TimeWait) {
        let number = self.first.wrapping_add(self.kept.len() as u32);
        self.by_ends.insert(ends, number);
        self.kept.push_back(time_wait);
    }

    /// The number of that between these ends, this one first, if it is not over.
    pub(super) fn find(&self, ends: &Ends, now: SimTime) -> Option<u32> {
        let number = self.by_ends.get(ends)?;
        let rest = self.kept.get(self.place(number))?;
        (rest.until() > now).then_some(number)
    }

    /// The one of that number, if it is not over.
    pub(super) fn get_mut(&mut self, number: u32, now: SimTime) -> Option<&mut TimeWait> {
        let place = self.place(number);
        self.kept.get_mut(place).filter(|rest| rest.until() > now)
    }

    /// Finds none between these ends any more: another connection has them.
    pub(super) fn forget(&mut self, ends: &Ends) {
        if !self.kept.is_empty()
            && let Some(number) = self.by_ends.get(ends)
        {
            self.by_ends.remove(ends, number);
        }
    }

    /// Forgets the oldest as far as they are over. One that began anew keeps those behind it.
    pub(super) fn forget_over(&mut self, now: SimTime) {
        while self.kept.front().is_some_and(|rest| rest.until() <= now) {
            self.kept.pop_front();
            self.first = self.first.wrapping_add(1);
            self.forgotten += 1;
        }
        // All at once, when that is half of the table: to look up each would be a walk through memory.
        if self.forgotten > self.kept.len() + LITTLE {
            let (first, count) = (self.first, self.kept.len());
            self.by_ends.retain(|number| (number.wrapping_sub(first) as usize) < count);
            self.forgotten = 0;
        }
    }

    fn place(&self, number: u32) -> usize {
        number.wrapping_sub(self.first) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::tcp::{Actions, Config, Connection, Flags, Segment};

    /// A connection that its host closed at that time.
    fn closed(now: SimTime) -> TimeWait {
        let (mut out, segment) = (Actions::default(), Segment::bare);
        let mut connection = Connection::connect(Config::default().into(), 100, now, &mut out);
        let answer = Flags::SYN | Flags::ACK;
        connection.on_segment(now, &mut segment(300, 101, answer, 65_535), &mut out);
        connection.close(now, &mut out);
        let fin = Flags::FIN | Flags::ACK;
        connection.on_segment(now, &mut segment(301, 102, fin, 65_535), &mut out);
        connection.time_wait().expect("both have closed")
    }

    #[test]
    fn what_is_over_is_not_found_and_goes_in_order() {
        let at = SimTime::from_secs;
        let ends = |port| Ends::new(([192, 0, 2, 1], port).into(), ([192, 0, 2, 2], 25).into());
        let mut resting = Resting { first: u32::MAX, ..Resting::NONE };
        for port in [1, 2, 3] {
            resting.push(&ends(port), closed(at(port.into())));
        }
        let numbers = [1, 2, 3].map(|port| resting.find(&ends(port), at(60)));
        assert_eq!(numbers, [Some(u32::MAX), Some(0), Some(1)]);
        assert!(resting.get_mut(u32::MAX, at(60)).is_some());
        assert!(resting.get_mut(u32::MAX, at(61)).is_none());
        assert_eq!(resting.find(&ends(1), at(61)), None);
        resting.forget_over(at(61));
        assert_eq!((resting.kept.len(), resting.first), (2, 0));
        // The peer's FIN comes again.
        let fin = Segment::bare(301, 102, Flags::FIN | Flags::ACK, 65_535);
        let wait = Config::default().time_wait;
        let rest = resting.get_mut(0, at(61)).expect("it lasts");
        let answer = rest.on_segment(at(61), &fin, wait);
        assert_eq!(answer.map(|answer| (answer.seq, answer.ack)), Some((102, 302)));
        assert_eq!(resting.find(&ends(2), at(120)), Some(0));
        assert_eq!(resting.find(&ends(3), at(63)), None);
        resting.forget_over(at(120));
        assert_eq!(resting.kept.len(), 2, "one that is over waits behind one that began anew");
        resting.forget_over(at(121));
        assert!(resting.kept.is_empty());
        assert_eq!(resting.find(&ends(3), at(0)), None);
    }

    #[test]
    fn what_is_forgotten_takes_no_more_room_than_what_is_kept() {
        let ends = |port| Ends::new(([192, 0, 2, 1], port).into(), ([192, 0, 2, 2], 25).into());
        let mut resting = Resting::NONE;
        for second in 1..1_000 {
            let now = SimTime::from_secs(second);
            resting.forget_over(now);
            resting.push(&ends(second as u16), closed(now));
            let found = (1..1_000).filter(|port| resting.by_ends.get(&ends(*port)).is_some());
            assert!(found.count() <= 2 * 60 + LITTLE + 1);
            for port in 1..1_000 {
                let is_there = port <= second && port + 60 > second;
                assert_eq!(resting.find(&ends(port as u16), now).is_some(), is_there);
            }
        }
    }

    #[test]
    fn each_takes_little_room() {
        assert_eq!(size_of::<TimeWait>(), 24);
    }
}

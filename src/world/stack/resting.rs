//! The connections of a host that are in TIME-WAIT.
//!
//! One that opens a connection each second has 60 of them at any time, so each takes a cache line and
//! no entry of the event queue: what is over is no longer found, and forgotten when another one begins, unless
//! an older one lasts that has begun anew. So a host that goes quiet keeps its last ones.
//! `benches/tcp.rs` and the load `smtp-transactions` pay for it: the sockets that were kept whole took
//! 17 MiB of the cache from 200 clients.

use std::collections::VecDeque;

use crate::engine::SimTime;
use crate::net::tcp::TimeWait;

use super::ends::Ends;

/// Connections in TIME-WAIT, in the order in which that began.
#[derive(Debug, Default)]
pub(super) struct Resting {
    kept: VecDeque<Rest>,
    /// The number of the first of them; they are numbered in order, modulo 2^31.
    first: u32,
}

#[derive(Debug)]
struct Rest {
    ends: Ends,
    time_wait: TimeWait,
}

/// Numbers have 31 bits.
const NUMBERS: u32 = u32::MAX >> 1;

impl Resting {
    /// Of no connection.
    pub(super) const NONE: Resting = Resting { kept: VecDeque::new(), first: 0 };

    /// One more; hands back its number.
    pub(super) fn push(&mut self, ends: Ends, time_wait: TimeWait) -> u32 {
        self.kept.push_back(Rest { ends, time_wait });
        self.first.wrapping_add(self.kept.len() as u32 - 1) & NUMBERS
    }

    /// The one of that number, if it is not over.
    pub(super) fn get_mut(&mut self, number: u32, now: SimTime) -> Option<&mut TimeWait> {
        let place = number.wrapping_sub(self.first) & NUMBERS;
        let rest = self.kept.get_mut(place as usize).map(|rest| &mut rest.time_wait);
        rest.filter(|rest| rest.until() > now)
    }

    /// Whether that of this number is not over.
    pub(super) fn lasts(&self, number: u32, now: SimTime) -> bool {
        let place = number.wrapping_sub(self.first) & NUMBERS;
        self.kept.get(place as usize).is_some_and(|rest| rest.time_wait.until() > now)
    }

    /// Takes the oldest if it is over: its number and its ends. One that began anew keeps those behind it.
    pub(super) fn pop_over(&mut self, now: SimTime) -> Option<(u32, Ends)> {
        self.kept.front().filter(|rest| rest.time_wait.until() <= now)?;
        let number = self.first;
        self.first = (self.first + 1) & NUMBERS;
        self.kept.pop_front().map(|rest| (number, rest.ends))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::tcp::{Actions, Config, Connection, Flags, Segment};

    /// A connection that its host closed at that time.
    fn closed(now: SimTime) -> TimeWait {
        let (mut out, segment) = (Actions::default(), Segment::bare);
        let mut connection = Connection::connect(&Config::default(), 100, now, &mut out);
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
        let ends = |port| Ends::of(([192, 0, 2, 1], port).into(), ([192, 0, 2, 2], 25).into());
        let mut resting = Resting { first: NUMBERS, ..Resting::NONE };
        let numbers = [1, 2, 3].map(|port| resting.push(ends(port), closed(at(port.into()))));
        assert_eq!(numbers, [NUMBERS, 0, 1]);
        assert!(resting.get_mut(numbers[0], at(60)).is_some() && resting.lasts(numbers[0], at(60)));
        assert!(
            resting.get_mut(numbers[0], at(61)).is_none() && !resting.lasts(numbers[0], at(61))
        );
        assert_eq!(resting.pop_over(at(61)), Some((numbers[0], ends(1))));
        assert_eq!(resting.pop_over(at(61)), None);
        // The peer's FIN comes again.
        let fin = Segment::bare(301, 102, Flags::FIN | Flags::ACK, 65_535);
        let wait = Config::default().time_wait;
        let rest = resting.get_mut(numbers[1], at(61)).expect("it lasts");
        let answer = rest.on_segment(at(61), &fin, wait);
        assert_eq!(answer.map(|answer| (answer.seq, answer.ack)), Some((102, 302)));
        assert!(resting.lasts(numbers[1], at(120)) && !resting.lasts(numbers[2], at(63)));
        assert_eq!(resting.pop_over(at(121)), Some((numbers[1], ends(2))));
        assert_eq!(resting.pop_over(at(121)), Some((numbers[2], ends(3))));
    }

    #[test]
    fn each_takes_a_cache_line() {
        assert_eq!(size_of::<Rest>(), 64);
    }
}

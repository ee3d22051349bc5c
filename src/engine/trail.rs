//! The trail of one host: its fingerprint, how many events it counts, and what both were at the end of
//! each interval in which something happened.
//!
//! Intervals are of one second at first. When a host has more checkpoints than [`Trail::LIMIT`] its
//! interval doubles and every other one goes, so that the longest run keeps a few hundred. A host at
//! which nothing happens after its first second keeps none.

use std::time::Duration;

use super::{Fingerprint, SimTime, trace};

/// What one host has done so far.
#[derive(Debug, Clone)]
pub struct Trail {
    print: Fingerprint,
    events: u64,
    /// Where the interval of the latest event ends; zero before the first.
    end: SimTime,
    host: u32,
    is_traced: bool,
    /// The intervals before that one.
    past: Option<Box<Past>>,
}

#[derive(Debug, Clone)]
struct Past {
    interval_nanos: u64,
    marks: Vec<Mark>,
}

/// What a host had done when an interval ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The end of the interval; what happened at this very time is not counted.
    pub until: SimTime,
    /// The fingerprint of the host.
    pub fingerprint: Fingerprint,
    /// How many events it counts.
    pub events: u64,
}

impl Trail {
    /// The most checkpoints that are kept of one host.
    pub const LIMIT: usize = 256;

    /// The trail of host number `host`, before it has done anything.
    pub fn new(host: u32) -> Self {
        Trail {
            print: Fingerprint::default(),
            events: 0,
            end: SimTime::ZERO,
            host,
            is_traced: trace::is_on(),
            past: None,
        }
    }

    /// Adds one event: when, of what kind, with which bytes. Times do not fall.
    #[inline]
    pub fn add(&mut self, time: SimTime, kind: u32, bytes: &[u8]) {
        if time >= self.end {
            self.cross(time);
        }
        if self.is_traced {
            trace::event(self.host, time, kind, bytes);
        }
        self.events += 1;
        self.print.add(time, kind, bytes);
    }

    /// The fingerprint of everything so far.
    pub fn fingerprint(&self) -> Fingerprint {
        self.print
    }

    /// How many events there were.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The checkpoints, in the order of time: each interval in which something happened, with the
    /// present one at the end.
    pub fn marks(&self) -> impl Iterator<Item = Mark> + '_ {
        let past = self.past.iter().flat_map(|past| past.marks.iter().copied());
        past.chain(self.present())
    }

    fn present(&self) -> Option<Mark> {
        let (fingerprint, events) = (self.print, self.events);
        (events > 0).then_some(Mark { until: self.end, fingerprint, events })
    }

    /// Another interval begins.
    #[cold]
    fn cross(&mut self, time: SimTime) {
        let Some(mark) = self.present() else {
            self.end = end_of(time, FIRST_INTERVAL_NANOS);
            return;
        };
        let past = self.past.get_or_insert_with(|| {
            Box::new(Past { interval_nanos: FIRST_INTERVAL_NANOS, marks: Vec::new() })
        });
        past.marks.push(mark);
        if past.marks.len() > Self::LIMIT {
            past.double();
        }
        self.end = end_of(time, past.interval_nanos);
        // The longer interval may reach back over what was the one before.
        while past.marks.last().is_some_and(|last| last.until >= self.end) {
            past.marks.pop();
        }
    }
}

impl Past {
    /// Makes intervals twice as long: of two that become one, what was at the end of the second counts.
    fn double(&mut self) {
        self.interval_nanos *= 2;
        let mut kept: Vec<Mark> = Vec::with_capacity(self.marks.len() / 2 + 1);
        for mark in self.marks.drain(..) {
            let until = SimTime::from_nanos(
                mark.until.as_nanos().div_ceil(self.interval_nanos) * self.interval_nanos,
            );
            if kept.last().is_some_and(|last| last.until == until) {
                kept.pop();
            }
            kept.push(Mark { until, ..mark });
        }
        self.marks = kept;
    }
}

/// The end of the interval that a time is in.
fn end_of(time: SimTime, interval_nanos: u64) -> SimTime {
    let number = time.as_nanos() / interval_nanos;
    SimTime::ZERO + Duration::from_nanos((number + 1).saturating_mul(interval_nanos))
}

const FIRST_INTERVAL_NANOS: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;

    #[test]
    fn there_is_a_checkpoint_for_each_interval_in_which_something_happened() {
        let mut trail = Trail::new(0);
        for millis in [0, 400, 999, 1_000, 5_500, 5_600] {
            trail.add(SimTime::from_millis(millis), 1, b"x");
        }
        let marks: Vec<_> =
            trail.marks().map(|mark| (mark.until.as_nanos() / 1_000_000, mark.events)).collect();
        assert_eq!(marks, [(1_000, 3), (2_000, 4), (6_000, 6)]);
        assert_eq!(trail.marks().last().unwrap().fingerprint, trail.fingerprint());
        assert_eq!(Trail::new(0).marks().count(), 0);
    }

    #[test]
    fn checkpoints_are_bounded_and_say_what_was_at_their_times() {
        let mut draws = Seed(1).stream("trail");
        let (mut trail, mut all) = (Trail::new(0), Vec::new());
        let mut now = SimTime::ZERO;
        for _ in 0..5_000 {
            now += draws.duration_below(Duration::from_secs(20));
            trail.add(now, 1, b"x");
            all.push((now, trail.fingerprint()));
            assert!(trail.marks().count() <= Trail::LIMIT + 1);
        }
        let marks: Vec<_> = trail.marks().collect();
        assert!(marks.len() > Trail::LIMIT / 4, "{}", marks.len());
        assert!(marks.is_sorted_by(|one, other| one.until < other.until));
        for mark in marks {
            let before = all.partition_point(|(time, _)| *time < mark.until);
            assert_eq!((before as u64, all[before - 1].1), (mark.events, mark.fingerprint));
        }
    }
}

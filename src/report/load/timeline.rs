//! How often what happened in each interval of simulated time.
//!
//! Intervals are of one millisecond at first. When a run outgrows [`Timeline::LIMIT`] of them they become
//! longer, in steps that people count in (10 ms, 20 ms, 1 s, 1 min, 1 h), and those that become one are
//! added. How long they are follows from the latest time alone, so that the timelines of parts of a world
//! merge into that of the whole.

use std::time::Duration;

use crate::engine::SimTime;
use crate::world::Kind;

/// What is counted, and what its column is called.
pub const COLUMNS: [(Kind, &str); 13] = [
    (Kind::Composed, "composed"),
    (Kind::Accepted, "accepted"),
    (Kind::Removed, "removed"),
    (Kind::Delivered, "delivered"),
    (Kind::Deferred, "deferred"),
    (Kind::Bounced, "bounced"),
    (Kind::Refused, "refused"),
    (Kind::Fetched, "fetched"),
    (Kind::CacheHit, "cache_hits"),
    (Kind::CacheMiss, "cache_misses"),
    (Kind::DnsQuery, "dns_queries"),
    (Kind::Resolved, "resolved"),
    (Kind::Transaction, "transactions"),
];

/// The column of each kind, if it has one.
const COLUMN_OF: [Option<u8>; Kind::COUNT] = {
    let mut of = [None; Kind::COUNT];
    let mut column = 0;
    while column < COLUMNS.len() {
        of[COLUMNS[column].0 as usize] = Some(column as u8);
        column += 1;
    }
    of
};

/// What happened in each interval.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Timeline {
    /// Which of [`LADDER`].
    step: usize,
    points: Vec<Point>,
}

/// What happened in one interval: how often which kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Point([u64; COLUMNS.len()]);

impl Point {
    /// How often something of that kind happened; 0 of a kind that has no column.
    pub fn of(&self, kind: Kind) -> u64 {
        COLUMN_OF[kind as usize].map_or(0, |column| self.0[usize::from(column)])
    }

    fn add(&mut self, other: Point) {
        for (own, more) in self.0.iter_mut().zip(other.0) {
            *own += more;
        }
    }
}

impl Timeline {
    /// The most intervals that are kept.
    pub const LIMIT: usize = 500;

    /// Something of that kind happened, so many times.
    #[inline]
    pub fn add(&mut self, time: SimTime, kind: Kind, times: u64) {
        let Some(column) = COLUMN_OF[kind as usize] else { return };
        let mut place = self.place(time);
        if place >= self.points.len() {
            place = self.reach(time);
        }
        self.points[place].0[usize::from(column)] += times;
    }

    /// Adds all that another one has.
    pub fn merge(&mut self, other: &Timeline) {
        let mut other = other.clone();
        let step = self.step.max(other.step);
        self.climb_to(step);
        other.climb_to(step);
        if other.points.len() > self.points.len() {
            self.points.resize(other.points.len(), Point::default());
        }
        for (own, more) in self.points.iter_mut().zip(other.points) {
            own.add(more);
        }
    }

    /// How long each interval is.
    pub fn interval(&self) -> Duration {
        Duration::from_nanos(LADDER[self.step])
    }

    /// The intervals, from the start of the run to the last one in which something happened.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// How many messages were in all queues together at the end of each interval.
    pub fn queue_depths(&self) -> Vec<u64> {
        let mut depth = 0_u64;
        let at_end = |point: &Point| {
            // Of two parts of a world one may know of the end alone.
            depth = (depth + point.of(Kind::Accepted)).saturating_sub(point.of(Kind::Removed));
            depth
        };
        self.points.iter().map(at_end).collect()
    }

    fn place(&self, time: SimTime) -> usize {
        usize::try_from(time.as_nanos() / LADDER[self.step]).unwrap_or(usize::MAX)
    }

    /// Makes room for a time; the place of its interval.
    #[cold]
    fn reach(&mut self, time: SimTime) -> usize {
        while self.place(time) >= Self::LIMIT && self.step + 1 < LADDER.len() {
            self.climb_to(self.step + 1);
        }
        // Beyond all intervals the last one takes everything.
        let place = self.place(time).min(Self::LIMIT - 1);
        if place >= self.points.len() {
            self.points.resize(place + 1, Point::default());
        }
        place
    }

    /// Makes the intervals as long as those of a later step.
    fn climb_to(&mut self, step: usize) {
        let together = (LADDER[step] / LADDER[self.step]) as usize;
        self.step = step;
        if together == 1 {
            return;
        }
        let sum = |points: &[Point]| {
            let mut all = Point::default();
            points.iter().for_each(|point| all.add(*point));
            all
        };
        self.points = self.points.chunks(together).map(sum).collect();
    }
}

const MILLI: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MILLI;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// How long intervals may be, in nanoseconds: each a multiple of the one before.
const LADDER: [u64; 24] = [
    MILLI,
    2 * MILLI,
    10 * MILLI,
    20 * MILLI,
    100 * MILLI,
    200 * MILLI,
    SECOND,
    2 * SECOND,
    10 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    10 * DAY,
    50 * DAY,
    200 * DAY,
    1_000 * DAY,
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_step_is_a_multiple_of_the_one_before() {
        assert!(LADDER.windows(2).all(|two| two[1] > two[0] && two[1] % two[0] == 0));
        assert!(LADDER[LADDER.len() - 1] as u128 * Timeline::LIMIT as u128 > u128::from(u64::MAX));
    }

    #[test]
    fn the_depth_of_the_queue_is_what_came_less_what_went() {
        let mut timeline = Timeline::default();
        for (millis, kind, times) in
            [(0, Kind::Accepted, 3), (2, Kind::Removed, 1), (4, Kind::Removed, 2)]
        {
            timeline.add(SimTime::from_millis(millis), kind, times);
        }
        timeline.add(SimTime::from_millis(9), Kind::Remark, 1);
        assert_eq!(timeline.queue_depths(), [3, 3, 2, 2, 0]);
        assert_eq!(timeline.interval(), Duration::from_millis(1));
    }

    fn of(events: &[(u64, Kind)]) -> Timeline {
        let mut timeline = Timeline::default();
        for (nanos, kind) in events {
            timeline.add(SimTime::from_nanos(*nanos), *kind, 1);
        }
        timeline
    }

    fn events() -> impl Strategy<Value = Vec<(u64, Kind)>> {
        let time = (any::<u64>(), 0..64_u32).prop_map(|(nanos, shift)| nanos >> shift);
        prop::collection::vec(
            (time, prop::sample::select(COLUMNS.map(|(kind, _)| kind).to_vec())),
            0..60,
        )
    }

    proptest! {
        #[test]
        fn what_happened_is_in_its_interval(events in events()) {
            let timeline = of(&events);
            prop_assert!(timeline.points().len() <= Timeline::LIMIT);
            let interval = timeline.interval().as_nanos();
            for (place, point) in timeline.points().iter().enumerate() {
                for (kind, _) in COLUMNS {
                    let is_in = |(nanos, other): &&(u64, Kind)| {
                        *other == kind && u128::from(*nanos) / interval == place as u128
                    };
                    prop_assert_eq!(point.of(kind), events.iter().filter(is_in).count() as u64);
                }
            }
        }

        #[test]
        fn merged_ones_are_one_of_all_events(one in events(), other in events()) {
            let (mut there, mut back) = (of(&one), of(&other));
            there.merge(&of(&other));
            back.merge(&of(&one));
            let all = of(&[one, other].concat());
            prop_assert_eq!(&there, &all);
            prop_assert_eq!(&back, &all);
        }
    }
}

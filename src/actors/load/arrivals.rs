//! When things come: so many in all over a time, evenly or as a Poisson process, along a curve.
//!
//! The moments are drawn one after the other, and none is kept. A Poisson process of which it is known how
//! many events it has is as many independent draws along the curve; in ascending order the next of them
//! follows from the one before (Bentley and Saxe 1980). So the number is exact, and `--messages` means
//! what it says.

use std::time::Duration;

use crate::engine::{SimTime, Stream};

/// How much comes when: a share of all that grows from 0 to 1, straight between its corners.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Moments and the share that has come by then, both ascending; the first share is 0, the last 1.
    corners: Vec<(SimTime, f64)>,
}

impl Curve {
    /// The curve along which each of these pieces, one after the other, has its weight. One at least has
    /// one.
    pub fn new(start: SimTime, pieces: impl IntoIterator<Item = (Duration, f64)>) -> Self {
        let mut corners = vec![(start, 0.0)];
        let (mut at, mut sum) = (start, 0.0);
        for (lasting, weight) in pieces {
            if lasting.is_zero() {
                continue;
            }
            at += lasting;
            sum += weight;
            corners.push((at, sum));
        }
        let last = corners.len() - 1;
        for (place, (_, share)) in corners.iter_mut().enumerate() {
            *share = if place == last { 1.0 } else { *share / sum };
        }
        Curve { corners }
    }

    /// Evenly over a time.
    pub fn even(start: SimTime, lasting: Duration) -> Self {
        Curve::new(start, [(lasting, 1.0)])
    }

    /// When it begins.
    pub fn start(&self) -> SimTime {
        self.corners[0].0
    }

    /// When it ends.
    pub fn end(&self) -> SimTime {
        self.corners[self.corners.len() - 1].0
    }

    /// When this share of all has come, from 0 to 1.
    fn at(&self, share: f64) -> SimTime {
        let place = self.corners.partition_point(|(_, sum)| *sum <= share);
        let place = place.clamp(1, self.corners.len() - 1);
        let ((from, low), (to, high)) = (self.corners[place - 1], self.corners[place]);
        let within = if high > low { ((share - low) / (high - low)).clamp(0.0, 1.0) } else { 1.0 };
        let nanos = to.since(from).as_nanos() as f64 * within;
        from + Duration::from_nanos(nanos as u64)
    }

    /// The share that has come by a moment.
    fn share(&self, at: SimTime) -> f64 {
        let place = self.corners.partition_point(|(corner, _)| *corner <= at);
        if place == 0 || place == self.corners.len() {
            return if place == 0 { 0.0 } else { 1.0 };
        }
        let ((from, low), (to, high)) = (self.corners[place - 1], self.corners[place]);
        let within = at.since(from).as_nanos() as f64 / to.since(from).as_nanos() as f64;
        low + (high - low) * within
    }
}

/// How things follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Process {
    /// Independently.
    Poisson,
    /// At even distances along the curve.
    Even,
}

/// The moments at which one of many hosts has something to do.
#[derive(Debug, Clone)]
pub struct Arrivals {
    process: Process,
    /// How many are to come.
    left: u64,
    /// The share of the curve that has passed.
    share: f64,
    /// Along the curve, from one to the next.
    step: f64,
}

impl Arrivals {
    /// So many along a curve. The `phase`, from 0 to 1, sets hosts apart that have even distances.
    pub fn new(process: Process, count: u64, phase: f64) -> Self {
        let step = 1.0 / count.max(1) as f64;
        Arrivals { process, left: count, share: step * (phase - 1.0), step }
    }

    /// Leaves out what would have come before this moment: nobody was there.
    pub fn skip_to(&mut self, curve: &Curve, now: SimTime) {
        let passed = curve.share(now);
        if passed <= 0.0 {
            return;
        }
        match self.process {
            Process::Even => {
                let gone = (libm::floor((passed - self.share) / self.step) as u64).min(self.left);
                self.share += self.step * gone as f64;
                self.left -= gone;
            }
            Process::Poisson => {
                self.left = libm::floor(self.left as f64 * (1.0 - passed) + 0.5) as u64;
                self.share = passed;
            }
        }
    }

    /// The next moment; `None` after the last. At most one draw.
    pub fn next(&mut self, curve: &Curve, draws: &mut Stream) -> Option<SimTime> {
        let count = self.left;
        self.left = count.checked_sub(1)?;
        self.share = match self.process {
            Process::Even => self.share + self.step,
            Process::Poisson => {
                // The least of so many draws between here and the end.
                let rest = libm::pow(1.0 - draws.unit(), 1.0 / count as f64);
                1.0 - (1.0 - self.share.max(0.0)) * rest
            }
        };
        Some(curve.at(self.share.clamp(0.0, 1.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;

    fn moments(curve: &Curve, mut arrivals: Arrivals) -> Vec<u64> {
        let mut draws = Seed(1).stream("arrivals");
        std::iter::from_fn(|| arrivals.next(curve, &mut draws))
            .map(|at| at.as_nanos() / 1_000_000)
            .collect()
    }

    #[test]
    fn even_arrivals_are_set_apart_by_their_phase() {
        let curve = Curve::even(SimTime::from_secs(1), Duration::from_secs(4));
        let even = |phase| moments(&curve, Arrivals::new(Process::Even, 4, phase));
        assert_eq!(even(0.0), [1_000, 2_000, 3_000, 4_000]);
        assert_eq!(even(0.5), [1_500, 2_500, 3_500, 4_500]);
    }

    #[test]
    fn a_poisson_process_has_its_number_and_its_distances() {
        let curve = Curve::even(SimTime::ZERO, Duration::from_secs(1_000));
        let all = moments(&curve, Arrivals::new(Process::Poisson, 10_000, 0.0));
        assert_eq!(all.len(), 10_000);
        assert!(all.is_sorted() && *all.last().unwrap() < 1_000_000);
        // Exponential distances: their deviation is their mean, of 100 ms.
        let gaps: Vec<f64> = all.windows(2).map(|two| (two[1] - two[0]) as f64).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let square = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        assert!((95.0..105.0).contains(&mean) && (95.0..105.0).contains(&square.sqrt()), "{mean}");
    }

    #[test]
    fn a_curve_says_how_much_comes_when() {
        let hour = Duration::from_secs(3_600);
        let curve = Curve::new(SimTime::ZERO, [(hour, 1.0), (hour, 0.0), (hour, 3.0)]);
        let all = moments(&curve, Arrivals::new(Process::Poisson, 4_000, 0.0));
        let within = |from: u64, to: u64| {
            all.iter().filter(|at| (from * 3_600_000..to * 3_600_000).contains(*at)).count()
        };
        assert_eq!(within(1, 2), 0);
        assert!((900..1_100).contains(&within(0, 1)), "{}", within(0, 1));
        assert_eq!(within(0, 3), 4_000);
        assert_eq!((curve.start(), curve.end()), (SimTime::ZERO, SimTime::ZERO + 3 * hour));
    }

    #[test]
    fn who_comes_late_leaves_out_what_has_passed() {
        let curve = Curve::even(SimTime::ZERO, Duration::from_secs(100));
        for process in [Process::Even, Process::Poisson] {
            let mut arrivals = Arrivals::new(process, 100, 0.5);
            arrivals.skip_to(&curve, SimTime::from_secs(75));
            let all = moments(&curve, arrivals);
            assert_eq!(all.len(), 25, "{process:?}");
            assert!(all[0] >= 75_000, "{process:?}");
        }
    }
}

//! How long a packet is under way on a link: a constant, a distribution or a table.
//!
//! Draws go through `libm`, so that every platform draws the same delay for the same seed.

mod table;

use std::sync::Arc;
use std::time::Duration;

use crate::engine::Stream;

pub use table::{DelayTable, TableError};

/// The latency of one direction of a link.
#[derive(Debug, Clone, PartialEq)]
pub enum Latency {
    /// Always the same. Draws nothing.
    Constant(Duration),
    /// Every delay from `least` to `most` is equally likely.
    Uniform {
        /// The shortest delay.
        least: Duration,
        /// The longest delay.
        most: Duration,
    },
    /// The bell curve, cut off below `least`.
    Normal {
        /// The middle of the curve.
        mean: Duration,
        /// Its standard deviation.
        deviation: Duration,
        /// What is drawn below this becomes this.
        least: Duration,
    },
    /// Long-tailed, as delays across the Internet are: `median * exp(sigma * normal)`.
    LogNormal {
        /// Half of all delays are below this one.
        median: Duration,
        /// The spread, of the logarithm; 0.2 is calm, 1.0 is wild.
        sigma: f64,
        /// What is drawn below this becomes this.
        least: Duration,
    },
    /// Mostly short with a tail, as after a queue: `least` and an exponential time on top.
    Exponential {
        /// The mean of all delays.
        mean: Duration,
        /// The shortest delay.
        least: Duration,
    },
    /// As somebody has measured them.
    Table(Arc<DelayTable>),
}

impl Latency {
    /// Whether a delay costs a draw.
    pub fn is_constant(&self) -> bool {
        matches!(self, Latency::Constant(_))
    }

    /// The next delay.
    pub fn draw(&self, stream: &mut Stream) -> Duration {
        match *self {
            Latency::Constant(delay) => delay,
            Latency::Table(ref table) => table.draw(stream),
            Latency::Exponential { mean, least } => {
                let scale = in_nanos(mean.saturating_sub(least));
                least + nanos(-scale * libm::log(1.0 - stream.unit()))
            }
            Latency::Uniform { least, most } => {
                least + stream.duration_below(most.saturating_sub(least) + Duration::from_nanos(1))
            }
            Latency::Normal { mean, deviation, least } => {
                nanos(in_nanos(mean) + in_nanos(deviation) * stream.normal()).max(least)
            }
            Latency::LogNormal { median, sigma, least } => {
                nanos(in_nanos(median) * libm::exp(sigma * stream.normal())).max(least)
            }
        }
    }

    /// The shortest delay that can be drawn: how far ahead a peer's time may run.
    pub fn shortest(&self) -> Duration {
        match *self {
            Latency::Constant(delay) => delay,
            Latency::Table(ref table) => table.shortest(),
            Latency::Uniform { least, .. }
            | Latency::Normal { least, .. }
            | Latency::LogNormal { least, .. }
            | Latency::Exponential { least, .. } => least,
        }
    }

    /// The delay that routes are computed with: the constant, mean or median.
    pub fn typical(&self) -> Duration {
        match *self {
            Latency::Constant(delay) => delay,
            Latency::Uniform { least, most } => (least + most) / 2,
            Latency::Normal { mean, .. } | Latency::Exponential { mean, .. } => mean,
            Latency::Table(ref table) => table.median(),
            Latency::LogNormal { median, .. } => median,
        }
    }
}

/// A conversion from 64 bits is one instruction, one from 128 is a call.
fn in_nanos(duration: Duration) -> f64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX) as f64
}

fn nanos(nanos: f64) -> Duration {
    // A float cast saturates: below zero is zero.
    Duration::from_nanos(nanos as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn draws_keep_to_their_bounds_and_middle() {
        let distributions = [
            Latency::Uniform { least: 10 * MS, most: 30 * MS },
            Latency::Normal { mean: 20 * MS, deviation: 4 * MS, least: 10 * MS },
            Latency::LogNormal { median: 20 * MS, sigma: 0.3, least: 10 * MS },
        ];
        for latency in distributions {
            let mut stream = Seed(1).stream("latency");
            let mut draws: Vec<_> = (0..4_001).map(|_| latency.draw(&mut stream)).collect();
            draws.sort();
            assert!(draws[0] >= latency.shortest(), "{latency:?}");
            let median = draws[2_000].as_secs_f64();
            assert!((0.019..0.021).contains(&median), "{latency:?}: median {median}");
        }
    }

    #[test]
    fn an_exponential_latency_keeps_its_mean_and_its_tail() {
        let latency = Latency::Exponential { mean: 30 * MS, least: 10 * MS };
        let mut stream = Seed(1).stream("latency");
        let draws: Vec<_> = (0..20_000).map(|_| latency.draw(&mut stream)).collect();
        let mean = draws.iter().sum::<Duration>().as_secs_f64() / 20_000.0;
        assert!((0.0295..0.0305).contains(&mean), "mean {mean}");
        assert!(draws.iter().all(|delay| *delay >= latency.shortest()));
        // One in e^3 takes three times the scale above the least.
        let slow = draws.iter().filter(|delay| **delay > 70 * MS).count();
        assert!((880..1_110).contains(&slow), "{slow} of 20,000");
        let narrow = Latency::Exponential { mean: MS, least: MS };
        assert_eq!(narrow.draw(&mut stream), MS);
    }

    #[test]
    fn a_uniform_latency_of_no_width_is_that_delay() {
        let latency = Latency::Uniform { least: MS, most: MS };
        assert_eq!(latency.draw(&mut Seed(1).stream("x")), MS);
    }
}

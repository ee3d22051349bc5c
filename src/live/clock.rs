//! Real time and simulated time.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

use crate::engine::SimTime;

/// How simulated time follows real time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// So many times as fast.
    Times(f64),
    /// As fast as real time, but that idle time is jumped over: see [`super::Server::run`].
    Max,
}

/// What is no pace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaceError;

impl fmt::Display for PaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("write a number from 0.001 to 1000000, as 1 or 10, or max")
    }
}

impl std::error::Error for PaceError {}

impl FromStr for Pace {
    type Err = PaceError;

    fn from_str(text: &str) -> Result<Self, PaceError> {
        match text.parse::<f64>() {
            _ if text == "max" => Ok(Pace::Max),
            Ok(times) if (0.001..=1e6).contains(&times) => Ok(Pace::Times(times)),
            _ => Err(PaceError),
        }
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pace::Times(times) => times.fmt(f),
            Pace::Max => f.write_str("max"),
        }
    }
}

/// A moment that is known on both clocks, and the pace from there on.
#[derive(Debug)]
pub(super) struct Clock {
    pace: Pace,
    real: Instant,
    simulated: SimTime,
}

impl Clock {
    /// It is `simulated` now.
    pub(super) fn new(pace: Pace, simulated: SimTime) -> Self {
        Clock { pace, real: now(), simulated }
    }

    /// It is `simulated` now, whatever it was before.
    pub(super) fn set(&mut self, real: Instant, simulated: SimTime) {
        (self.real, self.simulated) = (real, simulated);
    }

    /// What simulated time has come to.
    pub(super) fn at(&self, real: Instant) -> SimTime {
        let passed = real.saturating_duration_since(self.real);
        self.simulated + scaled(passed, self.times())
    }

    /// How long it takes from one simulated time to another.
    pub(super) fn takes(&self, from: SimTime, to: SimTime) -> Duration {
        scaled(to.since(from), 1.0 / self.times())
    }

    fn times(&self) -> f64 {
        match self.pace {
            Pace::Times(times) => times,
            Pace::Max => 1.0,
        }
    }
}

fn scaled(duration: Duration, times: f64) -> Duration {
    Duration::try_from_secs_f64(duration.as_secs_f64() * times).unwrap_or(Duration::MAX)
}

/// The machine's clock.
#[expect(clippy::disallowed_methods, reason = "this floor ties simulated time to real time")]
pub(super) fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simulated_time_follows_at_its_pace() {
        let mut clock = Clock::new(Pace::Times(10.0), SimTime::from_secs(5));
        let start = clock.real;
        assert_eq!(clock.at(start + Duration::from_secs(2)), SimTime::from_secs(25));
        assert_eq!(clock.takes(SimTime::ZERO, SimTime::from_secs(1)), Duration::from_millis(100));
        clock.set(start + Duration::from_secs(2), SimTime::from_secs(100));
        assert_eq!(clock.at(start + Duration::from_secs(3)), SimTime::from_secs(110));
        assert_eq!(clock.at(start), SimTime::from_secs(100));
    }

    #[test]
    fn a_pace_is_a_number_or_max() {
        for text in ["1", "10", "0.5", "max"] {
            assert_eq!(text.parse::<Pace>().unwrap().to_string(), text);
        }
        for text in ["", "0", "-1", "fast", "inf", "nan", "1e9"] {
            assert_eq!(text.parse::<Pace>(), Err(PaceError), "{text}");
        }
    }
}

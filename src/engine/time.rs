//! Simulated time: nanoseconds since the start of a run, and the calendar date they stand for.
//!
//! Nothing below the floor `live` reads the clock of the machine. A host that writes a date asks
//! the run's [`Epoch`].

use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

/// A moment of a run, in nanoseconds since its start. Holds 584 years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SimTime(u64);

impl SimTime {
    /// The start of the run.
    pub const ZERO: SimTime = SimTime(0);
    /// Later than anything that happens.
    pub const MAX: SimTime = SimTime(u64::MAX);

    /// The moment `nanos` nanoseconds after the start.
    pub const fn from_nanos(nanos: u64) -> Self {
        SimTime(nanos)
    }

    /// The moment `secs` seconds after the start; [`SimTime::MAX`] where that does not fit.
    pub const fn from_secs(secs: u64) -> Self {
        SimTime(secs.saturating_mul(1_000_000_000))
    }

    /// The moment `millis` milliseconds after the start; [`SimTime::MAX`] where that does not fit.
    pub const fn from_millis(millis: u64) -> Self {
        SimTime(millis.saturating_mul(1_000_000))
    }

    /// Nanoseconds since the start.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The time that passed since `earlier`; zero when `earlier` is later.
    pub const fn since(self, earlier: SimTime) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Saturates at [`SimTime::MAX`].
impl Add<Duration> for SimTime {
    type Output = SimTime;
    fn add(self, delay: Duration) -> SimTime {
        SimTime(self.0.saturating_add(u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl AddAssign<Duration> for SimTime {
    fn add_assign(&mut self, delay: Duration) {
        *self = *self + delay;
    }
}

/// As [`SimTime::since`].
impl Sub<SimTime> for SimTime {
    type Output = Duration;
    fn sub(self, earlier: SimTime) -> Duration {
        self.since(earlier)
    }
}

/// Seconds with nine digits: `12.000000345`.
impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}", self.0 / 1_000_000_000, self.0 % 1_000_000_000)
    }
}

/// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted. May be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixTime(pub i64);

/// The calendar date at which a run starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epoch(pub UnixTime);

impl Epoch {
    /// The calendar date of the moment `now`, in whole seconds.
    pub fn at(self, now: SimTime) -> UnixTime {
        let secs =
            i64::try_from(now.as_nanos() / 1_000_000_000).expect("u64 nanoseconds are few seconds");
        UnixTime(self.0.0.saturating_add(secs))
    }
}

/// 2026-01-05T09:00:00Z, a Monday morning.
impl Default for Epoch {
    fn default() -> Self {
        Epoch(UnixTime(1_767_603_600))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_saturates_and_prints_nine_digits() {
        assert_eq!(SimTime::MAX + Duration::from_secs(1), SimTime::MAX);
        assert_eq!(SimTime::ZERO.since(SimTime::MAX), Duration::ZERO);
        assert_eq!(SimTime::from_nanos(12_000_000_345).to_string(), "12.000000345");
    }

    #[test]
    fn the_epoch_counts_whole_seconds() {
        let epoch = Epoch(UnixTime(100));
        assert_eq!(epoch.at(SimTime::from_millis(1_999)), UnixTime(101));
    }
}

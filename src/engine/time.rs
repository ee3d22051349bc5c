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

/// By how much a clock is ahead of the right time, in nanoseconds; negative: behind. Holds 292 years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Skew(pub i64);

impl Skew {
    /// A clock that is right.
    pub const ZERO: Skew = Skew(0);

    /// A clock that is ahead by so much.
    pub fn ahead(by: Duration) -> Self {
        Skew(i64::try_from(by.as_nanos()).unwrap_or(i64::MAX))
    }

    /// A clock that is behind by so much.
    pub fn behind(by: Duration) -> Self {
        Skew(-Self::ahead(by).0)
    }

    /// What a clock gains that runs too fast by `ppm` millionths, while `elapsed` passes.
    pub fn drift(ppm: i32, elapsed: Duration) -> Self {
        let nanos = i128::from(ppm) * i128::try_from(elapsed.as_nanos()).unwrap_or(i128::MAX >> 32);
        Skew::clamp(nanos / 1_000_000)
    }

    fn clamp(nanos: i128) -> Self {
        Skew(i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX }))
    }
}

/// Saturates.
impl Add for Skew {
    type Output = Skew;
    fn add(self, other: Skew) -> Skew {
        Skew(self.0.saturating_add(other.0))
    }
}

/// Saturates.
impl Sub for Skew {
    type Output = Skew;
    fn sub(self, other: Skew) -> Skew {
        Skew(self.0.saturating_sub(other.0))
    }
}

/// What a clock shows that is wrong by so much; never before the start of the run.
impl Add<Skew> for SimTime {
    type Output = SimTime;
    fn add(self, skew: Skew) -> SimTime {
        SimTime(self.0.saturating_add_signed(skew.0))
    }
}

/// Seconds with a sign and as many digits as are needed, up to nine: `+3600`, `-0.25`.
impl fmt::Display for Skew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, nanos) = (if self.0 < 0 { '-' } else { '+' }, self.0.unsigned_abs());
        let (secs, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
        write!(f, "{sign}{secs}")?;
        if rest == 0 {
            return Ok(());
        }
        write!(f, ".{}", format!("{rest:09}").trim_end_matches('0'))
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

    /// The epoch by which a clock reckons at `now` that is wrong by so much.
    pub fn skewed(self, now: SimTime, skew: Skew) -> Epoch {
        let shown = i128::from(now.as_nanos()) + i128::from(skew.0);
        let secs = i64::try_from(shown.div_euclid(1_000_000_000)).expect("a clock of 876 years");
        let right = self.at(now).0 - self.0.0;
        Epoch(UnixTime(self.0.0.saturating_add(secs - right)))
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

    #[test]
    fn a_wrong_clock_shows_another_second() {
        let epoch = Epoch(UnixTime(100));
        let check = |millis: u64, skew_millis: i64, wanted: i64| {
            let (now, skew) = (SimTime::from_millis(millis), Skew(skew_millis * 1_000_000));
            assert_eq!(epoch.skewed(now, skew).at(now), UnixTime(wanted), "{millis} {skew}");
        };
        check(1_999, 0, 101);
        check(1_999, 1, 102);
        check(1_000, -1, 100);
        check(500, -60_000, 40);
        check(0, 3_600_000, 3_700);
    }

    #[test]
    fn a_clock_that_runs_too_fast_gains() {
        let day = Duration::from_secs(86_400);
        assert_eq!(Skew::drift(50, day), Skew::ahead(Duration::from_millis(4_320)));
        assert_eq!(Skew::drift(-50, day), Skew::behind(Duration::from_millis(4_320)));
        let texts = [Skew::drift(50, day), Skew(-250_000_000), Skew::ZERO].map(|s| s.to_string());
        assert_eq!(texts, ["+4.32", "-0.25", "+0"]);
    }
}

//! The retransmission time-out, by the algorithm of Jacobson and Karels (RFC 6298).

use super::config::Config;
use crate::engine::SimTime;
use std::time::Duration;

/// The estimate of the round-trip time and the time-out that follows from it. All in nanoseconds.
#[derive(Debug)]
pub(crate) struct Rto {
    srtt: u64,
    rttvar: u64,
    /// The time-out without back-off.
    base: u64,
    min: u64,
    max: u64,
    /// How often the time-out is doubled.
    doublings: u8,
    /// How often the timer expired since the peer acknowledged something new.
    expirations: u8,
}

impl Rto {
    /// Before the first measurement (§2.1).
    pub(crate) fn new(config: &Config) -> Self {
        Rto {
            srtt: 0,
            rttvar: 0,
            base: nanos(config.initial_rto),
            min: nanos(config.min_rto),
            max: nanos(config.max_rto),
            doublings: 0,
            expirations: 0,
        }
    }

    /// When the timer expires that starts `now`.
    pub(crate) fn after(&self, now: SimTime) -> SimTime {
        SimTime::from_nanos(now.as_nanos().saturating_add(self.current()))
    }

    /// The time-out for what is sent now.
    fn current(&self) -> u64 {
        self.base.saturating_mul(1 << self.doublings.min(63)).min(self.max)
    }

    /// A round trip took `rtt`. Only for segments sent once (§3, Karn's algorithm).
    pub(crate) fn measured(&mut self, rtt: Duration) {
        let rtt = nanos(rtt);
        if self.srtt == 0 {
            self.srtt = rtt;
            self.rttvar = rtt / 2;
        } else {
            self.rttvar = average(self.rttvar, self.srtt.abs_diff(rtt), 4);
            self.srtt = average(self.srtt, rtt, 8);
        }
        let above = self.rttvar.saturating_mul(4).max(self.min);
        self.base = self.srtt.saturating_add(above);
        self.doublings = 0;
    }

    /// The timer expired: doubles the time-out (§5.5). Returns how often it has in a row.
    pub(crate) fn expired(&mut self) -> u8 {
        self.doublings = self.doublings.saturating_add(1);
        self.expirations = self.expirations.saturating_add(1);
        self.expirations
    }

    /// The peer acknowledged something new. The time-out stays doubled until the next measurement:
    /// else one that is below the true round-trip time would never be put right (§5, at the end).
    pub(crate) fn progressed(&mut self) {
        self.expirations = 0;
    }

    /// What the timer waited for was not lost but held back: takes the back-off away.
    pub(crate) fn relaxed(&mut self) {
        (self.expirations, self.doublings) = (0, 0);
    }

    /// True when the timer expired since there was progress.
    pub(crate) fn has_expired(&self) -> bool {
        self.expirations > 0
    }

    /// The SYN had to be sent again, so nothing was measured: starts the data with 3 s (§5.7).
    pub(crate) fn after_lost_syn(&mut self) {
        self.base = self.base.max(3_000_000_000);
        self.relaxed();
    }
}

/// The moving average of `old` and `new` where the new value weighs 1/`weight`.
fn average(old: u64, new: u64, weight: u64) -> u64 {
    old - old / weight + new / weight
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn current(rto: &Rto) -> Duration {
        rto.after(SimTime::ZERO).since(SimTime::ZERO)
    }

    #[test]
    fn the_first_measurement_sets_and_the_next_ones_smooth() {
        let config = Config::default();
        let mut rto = Rto::new(&config);
        assert_eq!(current(&rto), Duration::from_secs(1));
        rto.measured(Duration::from_millis(400));
        assert_eq!(current(&rto), Duration::from_millis(400 + 4 * 200));
        rto.measured(Duration::from_millis(480));
        // RTTVAR = 3/4 200 + 1/4 80 = 170, SRTT = 7/8 400 + 1/8 480 = 410.
        assert_eq!(current(&rto), Duration::from_millis(410 + 4 * 170));
    }

    #[test]
    fn it_stays_200_ms_above_a_steady_round_trip_and_below_its_maximum() {
        let config = Config::default();
        let mut rto = Rto::new(&config);
        for _ in 0..200 {
            rto.measured(Duration::from_millis(80));
        }
        assert_eq!(current(&rto), Duration::from_millis(280));
        assert_eq!((1..=20).map(|_| rto.expired()).last(), Some(20));
        assert_eq!(current(&rto), config.max_rto);
        rto.progressed();
        assert_eq!(current(&rto), config.max_rto);
        assert_eq!(rto.expired(), 1);
        rto.measured(Duration::from_millis(80));
        assert_eq!(current(&rto), Duration::from_millis(280));
    }

    #[test]
    fn extreme_measurements_saturate() {
        let config = Config::default();
        let mut rto = Rto::new(&config);
        rto.measured(Duration::MAX);
        rto.measured(Duration::ZERO);
        rto.measured(Duration::MAX);
        assert_eq!(current(&rto), config.max_rto);
    }
}

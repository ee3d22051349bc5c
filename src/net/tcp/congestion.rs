//! How much may be in flight: slow start, congestion avoidance, fast retransmit and fast recovery.
//!
//! Follows RFC 5681, with NewReno (RFC 6582), limited transmit (RFC 3042) and an initial window of
//! ten segments (RFC 6928).
//!
//! With selective acknowledgments what may be sent in recovery follows RFC 6675 (see
//! [`super::sack`]), and the window here is all that it needs.
//!
//! Not modelled: CUBIC, pacing. Deviation: the window grows only while at
//! least half of it is in use (the aim of RFC 7661), so that a dialogue of short lines does not
//! earn a burst.

use super::sequence::SeqNumber;

/// The congestion window of one direction. All sizes in octets.
#[derive(Debug)]
pub(crate) struct Congestion {
    cwnd: u32,
    ssthresh: u32,
    mss: u32,
    /// SND.NXT when the last loss was found (RFC 6582 §3.2 step 1): duplicates below it tell
    /// nothing new.
    recover: SeqNumber,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Slow start below ssthresh, congestion avoidance above it.
    Open { duplicates: u8 },
    /// Fast recovery, until `recover` is acknowledged.
    Recovery,
}

impl Congestion {
    /// Before the handshake is done; no window yet.
    pub(crate) fn new(iss: SeqNumber) -> Self {
        Congestion {
            cwnd: 0,
            ssthresh: MAX_CWND,
            mss: 0,
            recover: iss,
            phase: Phase::Open { duplicates: 0 },
        }
    }

    /// The handshake is done: the initial window, which is one segment if a SYN was lost
    /// (RFC 5681 §3.1).
    pub(crate) fn open(&mut self, mss: u32, syn_was_lost: bool) {
        self.mss = mss;
        self.cwnd = if syn_was_lost { mss } else { initial_window(mss) };
    }

    /// How many octets may be in flight now.
    pub(crate) fn allowance(&self) -> u32 {
        match self.phase {
            // Limited transmit: each of the first two duplicates lets one more segment go.
            Phase::Open { duplicates } => self.cwnd + u32::from(duplicates.min(2)) * self.mss,
            Phase::Recovery => self.cwnd,
        }
    }

    /// SND.UNA moved by `acked` octets to `una`, from a flight of `flight` octets.
    ///
    /// True when the acknowledgment is a partial one: the segment at SND.UNA is lost as well and
    /// is to be sent again (RFC 6582 §3.2 step 3).
    pub(crate) fn acknowledged(&mut self, una: SeqNumber, acked: u32, flight: u32) -> bool {
        let remaining = flight.saturating_sub(acked);
        match self.phase {
            Phase::Recovery if una.before(self.recover) => {
                self.cwnd = self.cwnd.saturating_sub(acked);
                if acked >= self.mss {
                    self.cwnd += self.mss;
                }
                self.cwnd = self.cwnd.max(self.mss);
                true
            }
            Phase::Recovery => {
                self.cwnd = self.ssthresh.min(remaining.max(self.mss) + self.mss);
                self.phase = Phase::Open { duplicates: 0 };
                false
            }
            Phase::Open { .. } => {
                self.phase = Phase::Open { duplicates: 0 };
                if flight >= self.cwnd / 2 {
                    self.grow(acked);
                }
                false
            }
        }
    }

    /// A duplicate acknowledgment of `una` came, with `flight` octets up to `nxt` in flight.
    ///
    /// True when it is the third: the segment at SND.UNA is to be sent again.
    pub(crate) fn duplicate(&mut self, una: SeqNumber, nxt: SeqNumber, flight: u32) -> bool {
        match &mut self.phase {
            Phase::Recovery => {
                self.cwnd = (self.cwnd + self.mss).min(MAX_CWND);
                false
            }
            Phase::Open { duplicates } => {
                *duplicates = duplicates.saturating_add(1);
                if *duplicates != 3 || una.at_or_before(self.recover) {
                    return false;
                }
                self.ssthresh = (flight / 2).max(2 * self.mss);
                self.cwnd = self.ssthresh + 3 * self.mss;
                self.recover = nxt;
                self.phase = Phase::Recovery;
                true
            }
        }
    }

    /// The window, where selective acknowledgments tell what is in flight.
    pub(crate) fn window(&self) -> u32 {
        self.cwnd
    }

    /// Whether fast recovery is under way.
    pub(crate) fn is_recovering(&self) -> bool {
        self.phase == Phase::Recovery
    }

    /// As [`Congestion::acknowledged`], with selective acknowledgments: within recovery the window stays
    /// (RFC 6675 §5).
    pub(crate) fn acknowledged_selectively(&mut self, una: SeqNumber, acked: u32, flight: u32) {
        match self.phase {
            Phase::Recovery if una.before(self.recover) => {}
            Phase::Recovery => {
                self.cwnd = self.ssthresh;
                self.phase = Phase::Open { duplicates: 0 };
            }
            Phase::Open { .. } => drop(self.acknowledged(una, acked, flight)),
        }
    }

    /// A segment came that acknowledges something selectively for the first time, with `flight` octets
    /// from `una` to `nxt` in flight. True when recovery begins: what is at `una` is lost, because that
    /// is the third such segment, or by what else has arrived (RFC 6675 §5).
    pub(crate) fn selectively_acknowledged(
        &mut self,
        una: SeqNumber,
        nxt: SeqNumber,
        flight: u32,
        is_lost: bool,
    ) -> bool {
        let Phase::Open { duplicates } = &mut self.phase else { return false };
        *duplicates = duplicates.saturating_add(1);
        if (*duplicates < 3 && !is_lost) || una.at_or_before(self.recover) {
            return false;
        }
        self.ssthresh = (flight / 2).max(2 * self.mss);
        self.cwnd = self.ssthresh;
        self.recover = nxt;
        self.phase = Phase::Recovery;
        true
    }

    /// The retransmission timer expired, for the first time since progress when `first`
    /// (RFC 5681 §3.1).
    pub(crate) fn timed_out(&mut self, nxt: SeqNumber, flight: u32, first: bool) {
        if first {
            self.ssthresh = (flight / 2).max(2 * self.mss);
        }
        self.cwnd = self.mss;
        self.recover = nxt;
        self.phase = Phase::Open { duplicates: 0 };
    }

    /// Nothing was sent for longer than an RTO: starts slowly again (RFC 5681 §4.1).
    pub(crate) fn idled(&mut self) {
        self.cwnd = self.cwnd.min(initial_window(self.mss));
    }

    fn grow(&mut self, acked: u32) {
        let step = if self.cwnd < self.ssthresh {
            acked.min(self.mss)
        } else {
            (self.mss.saturating_mul(self.mss) / self.cwnd.max(1)).max(1)
        };
        self.cwnd = (self.cwnd + step).min(MAX_CWND);
    }
}

/// RFC 6928 §2.
fn initial_window(mss: u32) -> u32 {
    (10 * mss).min((2 * mss).max(14_600))
}

/// The largest window that scaling allows (RFC 7323 §2.3), so sums of windows fit 32 bits.
pub(crate) const MAX_CWND: u32 = 1 << 30;

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> Congestion {
        let mut congestion = Congestion::new(SeqNumber(0));
        congestion.open(1_000, false);
        congestion
    }

    #[test]
    fn slow_start_adds_what_is_acknowledged_and_avoidance_one_segment_a_round_trip() {
        let mut congestion = open();
        assert_eq!(congestion.allowance(), 10_000);
        for segment in 1..=10 {
            congestion.acknowledged(SeqNumber(segment * 1_000), 1_000, 10_000);
        }
        assert_eq!(congestion.allowance(), 20_000);
        congestion.ssthresh = 20_000;
        for segment in 11..=30 {
            congestion.acknowledged(SeqNumber(segment * 1_000), 1_000, 20_000);
        }
        assert!((20_900..=21_000).contains(&congestion.allowance()));
    }

    #[test]
    fn a_window_that_is_not_used_does_not_grow() {
        let mut congestion = open();
        congestion.acknowledged(SeqNumber(100), 100, 100);
        assert_eq!(congestion.allowance(), 10_000);
    }

    #[test]
    fn the_third_duplicate_halves_the_window_and_a_full_acknowledgment_ends_recovery() {
        let mut congestion = open();
        let (una, nxt) = (SeqNumber(1), SeqNumber(10_001));
        assert!(!congestion.duplicate(una, nxt, 10_000));
        assert!(!congestion.duplicate(una, nxt, 10_000));
        assert_eq!(congestion.allowance(), 12_000);
        assert!(congestion.duplicate(una, nxt, 10_000));
        assert_eq!(congestion.allowance(), 8_000);
        assert!(!congestion.duplicate(una, nxt, 10_000));
        assert_eq!(congestion.allowance(), 9_000);
        assert!(congestion.acknowledged(SeqNumber(2_001), 2_000, 10_000));
        assert_eq!(congestion.allowance(), 8_000);
        assert!(!congestion.acknowledged(SeqNumber(10_001), 8_000, 8_000));
        assert_eq!(congestion.allowance(), 2_000);
    }

    #[test]
    fn a_time_out_leaves_one_segment_and_old_duplicates_tell_nothing() {
        let mut congestion = open();
        congestion.timed_out(SeqNumber(10_001), 10_000, true);
        assert_eq!((congestion.allowance(), congestion.ssthresh), (1_000, 5_000));
        congestion.timed_out(SeqNumber(10_001), 1_000, false);
        assert_eq!(congestion.ssthresh, 5_000);
        for _ in 0..5 {
            assert!(!congestion.duplicate(SeqNumber(1), SeqNumber(1_001), 1_000));
        }
    }
}

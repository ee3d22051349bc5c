//! TIME-WAIT: what is left of a connection that both ends have closed.

use std::time::Duration;

use super::segment::{Flags, Segment};
use super::sequence::SeqNumber;
use crate::engine::SimTime;

/// As much of a connection in TIME-WAIT as its host needs to know (RFC 9293 §3.10.7.4): which segments
/// were its own, and how to acknowledge a FIN that comes again.
///
/// A host has more of these than of connections that stand, if it opens many short ones; so it keeps
/// this in place of the [`Connection`](super::Connection), as Linux keeps a `tcp_timewait_sock`. It has
/// no timer: from [`TimeWait::until`] on, the host knows nothing of it.
///
/// Deviation: a RST changes nothing (RFC 1337 §3, first fix).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeWait {
    /// The sequence number of the peer's SYN.
    pub(super) irs: SeqNumber,
    /// SND.NXT, all of which the peer has acknowledged.
    pub(super) sent: SeqNumber,
    /// RCV.NXT, behind the peer's FIN.
    pub(super) received: SeqNumber,
    /// RCV.WND in octets.
    pub(super) window: u32,
    pub(super) until: SimTime,
}

impl TimeWait {
    /// When it is over.
    pub fn until(&self) -> SimTime {
        self.until
    }

    /// Whether a SYN of the peer opens a new connection in place of this one (RFC 9293 §3.10.7.4). One
    /// that is sent again is none.
    ///
    /// Deviation: any initial sequence number will do. Those of real hosts rise for the same two ends
    /// (RFC 6528), and are then above the old ones; ours are random.
    pub fn is_reopened_by(&self, syn: &Segment) -> bool {
        syn.seq != self.irs.0
    }

    /// Takes a segment from the peer; hands back what it is answered with. A FIN that comes again begins
    /// the wait of this length anew.
    pub fn on_segment(
        &mut self,
        now: SimTime,
        segment: &Segment,
        wait: Duration,
    ) -> Option<Segment> {
        let has = |flag| segment.flags.contains(flag);
        let (seq, ack) = (SeqNumber(segment.seq), SeqNumber(segment.ack));
        let occupies = segment.sequence_len();
        let is_acceptable = self.is_acceptable(seq, occupies);
        let answers = if has(Flags::SYN) && segment.seq == self.irs.0 {
            true
        } else if has(Flags::RST) {
            // Challenged if it is not the next (RFC 5961 §3).
            is_acceptable && seq != self.received
        } else if !is_acceptable {
            if has(Flags::FIN) {
                self.until = now + wait;
            }
            occupies > 0
        } else if has(Flags::SYN) {
            true
        } else {
            has(Flags::ACK) && self.sent.before(ack) && occupies > 0
        };
        let acknowledgment = Segment::bare(self.sent.0, self.received.0, Flags::ACK, self.window);
        answers.then_some(acknowledgment)
    }

    /// RFC 9293 §3.10.7.4, first check.
    fn is_acceptable(&self, seq: SeqNumber, len: u32) -> bool {
        let edge = self.received + self.window;
        match len {
            0 if self.window == 0 => seq == self.received,
            0 => self.received.at_or_before(seq) && seq.before(edge),
            _ => self.received.before(seq + len) && seq.before(edge),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    const NOW: SimTime = SimTime::from_secs(10);
    const WAIT: Duration = Duration::from_secs(60);

    /// The peer's SYN was 300, its FIN 400; ours was 100, and 200 the last that we sent.
    fn rest() -> TimeWait {
        TimeWait {
            irs: SeqNumber(300),
            sent: SeqNumber(201),
            received: SeqNumber(401),
            window: 1_024,
            until: SimTime::from_secs(20),
        }
    }

    #[test]
    fn each_segment_is_answered_as_the_rfc_says() {
        let (syn, ack, rst, fin) = (Flags::SYN, Flags::ACK, Flags::RST, Flags::FIN);
        // SEG.SEQ, SEG.ACK, control bits, octets of text; whether it is acknowledged, and renews the wait.
        for (seq, acked, flags, octets, answered, renewed) in [
            // What has been received comes again.
            (400, 201, fin | ack, 0, true, true),
            (399, 201, fin | ack, 1, true, true),
            (390, 201, ack, 10, true, false),
            // Bare acknowledgments: the next, one of the past, one beyond the window.
            (401, 201, ack, 0, false, false),
            (390, 201, ack, 0, false, false),
            (401 + 1_024, 201, ack, 0, false, false),
            // Text beyond the FIN, and beyond the window; an acknowledgment of what was never sent.
            (401, 201, ack, 10, false, false),
            (401 + 1_024, 201, ack, 10, true, false),
            (401, 202, ack, 10, true, false),
            (401, 202, ack, 0, false, false),
            (401, 0, Flags::NONE, 10, false, false),
            // A reset changes nothing; one that is not the next is challenged.
            (401, 201, rst | ack, 0, false, false),
            (402, 201, rst | ack, 0, true, false),
            (401 + 1_024, 201, rst | ack, 0, false, false),
            // The peer's own SYN again, and SYNs within the window and beyond it.
            (300, 0, syn, 0, true, false),
            (300, 201, syn | ack, 0, true, false),
            (500, 0, syn, 0, true, false),
            (9_000, 0, syn, 0, true, false),
        ] {
            let mut rest = rest();
            let payload = Bytes::from(vec![b'x'; octets]);
            let segment = Segment { payload, ..Segment::bare(seq, acked, flags, 1_000) };
            let answer = rest.on_segment(NOW, &segment, WAIT);
            let expected = answered.then(|| Segment::bare(201, 401, Flags::ACK, 1_024));
            assert_eq!(answer, expected, "{segment}");
            let until = if renewed { NOW + WAIT } else { SimTime::from_secs(20) };
            assert_eq!(rest.until(), until, "{segment}");
        }
    }

    #[test]
    fn a_new_syn_reopens_and_the_old_one_does_not() {
        let syn = |seq| Segment::bare(seq, 0, Flags::SYN, 1_000);
        assert!(rest().is_reopened_by(&syn(301)) && !rest().is_reopened_by(&syn(300)));
    }
}

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

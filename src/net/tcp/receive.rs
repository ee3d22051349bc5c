//! The receiving side: what is in order, the window we advertise, and when to acknowledge.
//!
//! Follows RFC 9293 §3.8.6 and §3.10.7.4. Data is handed to the user as it comes in order, so the
//! window closes only while the user does not read.

use super::event::{Actions, Event};
use super::reassembly::Reassembly;
use super::sack::SackBlocks;
use super::segment::WINDOW_SHIFT;
use super::sequence::{SeqNumber, clamp};
use crate::engine::SimTime;
use bytes::{Buf, Bytes};

/// The RCV variables of a connection, and what waits to be delivered.
#[derive(Debug)]
pub(crate) struct Receiver {
    /// RCV.NXT.
    nxt: SeqNumber,
    /// RCV.NXT + RCV.WND as advertised; it never moves back.
    edge: SeqNumber,
    capacity: u32,
    /// What arrived out of order, behind RCV.NXT.
    reassembly: Reassembly,
    /// The sequence number of the peer's FIN, once seen.
    fin: Option<SeqNumber>,
    /// What the user does not read at present; `None` when it reads.
    held: Option<Box<Held>>,
    acknowledgment: Acknowledgment,
}

#[derive(Debug, Default)]
struct Held {
    data: Vec<Bytes>,
    octets: u32,
    eof: bool,
}

/// The acknowledgment that we owe the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Acknowledgment {
    NotOwed,
    /// One segment came; goes with the next segment of ours, or alone at that time.
    Delayed(SimTime),
    /// Goes before the input is done.
    Now,
}

impl Receiver {
    /// For a peer whose SYN is not known yet.
    pub(crate) fn new(capacity: u32) -> Self {
        Receiver {
            nxt: SeqNumber(0),
            edge: SeqNumber(0),
            capacity: capacity.min(0xffff << WINDOW_SHIFT),
            reassembly: Reassembly::default(),
            fin: None,
            held: None,
            acknowledgment: Acknowledgment::NotOwed,
        }
    }

    /// The peer's SYN has the sequence number `irs`.
    pub(crate) fn synchronize(&mut self, irs: SeqNumber) {
        self.nxt = irs + 1;
        self.edge = self.nxt + self.syn_window();
    }

    /// RCV.NXT, the acknowledgment number to send.
    pub(crate) fn nxt(&self) -> SeqNumber {
        self.nxt
    }

    /// The window of a SYN, which is not scaled.
    pub(crate) fn syn_window(&self) -> u32 {
        self.capacity.min(0xffff)
    }

    /// RCV.WND as last advertised: what lies beyond it is not accepted.
    pub(crate) fn window(&self) -> u32 {
        let unit = 1 << WINDOW_SHIFT;
        self.edge.since(self.nxt).next_multiple_of(unit).min(0xffff << WINDOW_SHIFT)
    }

    /// The window to advertise now. Its right edge moves only by a fair step, against the silly
    /// window syndrome (RFC 9293 §3.8.6.2.2).
    pub(crate) fn advertise(&mut self, mss: u16) -> u32 {
        let held = self.held.as_ref().map_or(0, |held| held.octets);
        let edge = self.nxt + self.capacity.saturating_sub(held);
        if edge.since(self.edge) >= u32::from(mss).min(self.capacity / 2).max(1) {
            self.edge = edge;
        }
        self.window()
    }

    /// True when some of a segment that occupies `len` numbers from `seq` lies in the window
    /// (RFC 9293 §3.10.7.4, first check).
    pub(crate) fn is_acceptable(&self, seq: SeqNumber, len: u32) -> bool {
        let edge = self.nxt + self.window();
        match len {
            0 if edge == self.nxt => seq == self.nxt,
            0 => self.nxt.at_or_before(seq) && seq.before(edge),
            _ => self.nxt.before(seq + len) && seq.before(edge),
        }
    }

    /// Takes the text of an acceptable segment, and its FIN. True when the FIN is now in order:
    /// the peer has sent everything.
    pub(crate) fn accept(
        &mut self,
        mut seq: SeqNumber,
        mut payload: Bytes,
        fin: bool,
        ack_by: SimTime,
        out: &mut Actions,
    ) -> bool {
        if payload.is_empty() && !fin {
            return false;
        }
        let skip = self.nxt.since(seq).min(clamp(payload.len()));
        payload.advance(skip as usize);
        seq += skip;
        let room = (self.nxt + self.window()).since(seq);
        let whole = clamp(payload.len()) <= room;
        payload.truncate(room as usize);
        if fin && whole && self.fin.is_none() {
            self.fin = Some(seq + clamp(payload.len()));
        }
        if seq != self.nxt {
            self.acknowledge_now();
            self.reassembly.insert(seq, payload);
        } else if self.reassembly.is_empty() {
            self.owe(ack_by);
            self.deliver(payload, out);
        } else {
            // It fills a gap: the peer waits to hear of that at once, as of a gap (RFC 5681 §4.2).
            self.acknowledge_now();
            self.deliver(payload, out);
            while let Some(payload) = self.reassembly.next(self.nxt) {
                self.deliver(payload, out);
            }
        }
        if skip > 0 {
            self.acknowledge_now();
        }
        if self.fin != Some(self.nxt) {
            return false;
        }
        self.nxt += 1;
        self.reassembly.clear();
        match &mut self.held {
            Some(held) => held.eof = true,
            None => out.events.push_back(Event::Eof),
        }
        true
    }

    /// The user reads no more for now: what comes fills the window.
    pub(crate) fn hold(&mut self) {
        self.held.get_or_insert_default();
    }

    /// The user reads again: gives it what came meanwhile. The window is open afterwards.
    pub(crate) fn release(&mut self, out: &mut Actions) -> bool {
        let Some(held) = self.held.take() else { return false };
        out.events.extend(held.data.into_iter().map(Event::Data));
        if held.eof {
            out.events.push_back(Event::Eof);
        }
        held.octets > 0
    }

    /// What arrived beyond RCV.NXT, as the peer is told of it; `None` when all is in order.
    pub(crate) fn sack_blocks(&self) -> Option<SackBlocks> {
        if self.reassembly.is_empty() {
            return None;
        }
        Some(self.reassembly.blocks()).filter(|blocks| !blocks.as_slice().is_empty())
    }

    /// True when the user could take a good deal more than the peer knows of.
    pub(crate) fn owes_window_update(&self, mss: u16) -> bool {
        let held = self.held.as_ref().map_or(0, |held| held.octets);
        let edge = self.nxt + self.capacity.saturating_sub(held);
        edge.since(self.edge) >= (2 * u32::from(mss)).min(self.capacity / 2).max(1)
    }

    /// An acknowledgment is to go before this input is done.
    pub(crate) fn acknowledge_now(&mut self) {
        self.acknowledgment = Acknowledgment::Now;
    }

    /// The delayed acknowledgment goes now if it is due.
    pub(crate) fn acknowledge_if_due(&mut self, now: SimTime) {
        if self.acknowledgment_due() <= now {
            self.acknowledge_now();
        }
    }

    /// True when an acknowledgment is to go before this input is done.
    pub(crate) fn must_acknowledge(&self) -> bool {
        self.acknowledgment == Acknowledgment::Now
    }

    /// A segment of ours carries the acknowledgment.
    pub(crate) fn acknowledged(&mut self) {
        self.acknowledgment = Acknowledgment::NotOwed;
    }

    /// When the delayed acknowledgment is due; [`SimTime::MAX`] when there is none.
    pub(crate) fn acknowledgment_due(&self) -> SimTime {
        match self.acknowledgment {
            Acknowledgment::Delayed(at) => at,
            Acknowledgment::NotOwed | Acknowledgment::Now => SimTime::MAX,
        }
    }

    /// Forgets what waits and gives the memory back.
    pub(crate) fn clear(&mut self) {
        self.reassembly.clear();
        self.held = None;
    }

    /// One more segment in order: every second one is acknowledged at once (RFC 9293 §3.8.6.3).
    fn owe(&mut self, by: SimTime) {
        self.acknowledgment = match self.acknowledgment {
            Acknowledgment::NotOwed => Acknowledgment::Delayed(by),
            Acknowledgment::Delayed(_) | Acknowledgment::Now => Acknowledgment::Now,
        };
    }

    fn deliver(&mut self, mut payload: Bytes, out: &mut Actions) {
        if let Some(fin) = self.fin {
            // Nothing follows a FIN, whatever a confused peer sends.
            payload.truncate(fin.since(self.nxt) as usize);
        }
        if payload.is_empty() {
            return;
        }
        self.nxt += clamp(payload.len());
        match &mut self.held {
            Some(held) => {
                held.octets += clamp(payload.len());
                held.data.push(payload);
            }
            None => out.events.push_back(Event::Data(payload)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CAPACITY: u32 = 4_096;
    const LATER: SimTime = SimTime::from_secs(1);

    fn receiver(irs: u32) -> Receiver {
        let mut receiver = Receiver::new(CAPACITY);
        receiver.synchronize(SeqNumber(irs));
        receiver
    }

    fn text(out: &mut Actions) -> Vec<u8> {
        let events = out.events.drain(..);
        events
            .flat_map(|event| if let Event::Data(data) = event { data } else { Bytes::new() })
            .collect()
    }

    #[test]
    fn a_fin_waits_for_what_is_before_it_and_nothing_follows_it() {
        let (mut receiver, mut out) = (receiver(99), Actions::default());
        let accept =
            |receiver: &mut Receiver, seq, payload: &'static [u8], fin, out: &mut Actions| {
                receiver.accept(SeqNumber(seq), Bytes::from_static(payload), fin, LATER, out)
            };
        assert!(!accept(&mut receiver, 104, b"nonsense", false, &mut out));
        assert!(!accept(&mut receiver, 102, b"cd", true, &mut out));
        assert!(out.events.is_empty());
        assert!(accept(&mut receiver, 100, b"ab", false, &mut out));
        assert_eq!(out.events.back(), Some(&Event::Eof));
        assert_eq!(text(&mut out), b"abcd");
        assert_eq!(receiver.nxt(), SeqNumber(105));
    }

    #[test]
    fn a_gap_is_filled_however_many_pieces_wait_behind_it() {
        let (mut receiver, mut out) = (receiver(99), Actions::default());
        let mut accept = |receiver: &mut Receiver, seq, payload: &'static [u8]| {
            let seq = SeqNumber(seq);
            receiver.accept(seq, Bytes::from_static(payload), false, LATER, &mut out);
            text(&mut out).len()
        };
        for seq in (101..100 + CAPACITY).step_by(2) {
            assert_eq!(accept(&mut receiver, seq, b"x"), 0);
        }
        assert_eq!(accept(&mut receiver, 100, b"x"), 2);
        assert_eq!(accept(&mut receiver, 102, b"xxxx"), 4);
    }

    #[test]
    fn the_check_of_acceptability_takes_all_that_touches_the_window() {
        let mut receiver = receiver(99);
        receiver.advertise(1_460);
        let edge = 100 + CAPACITY;
        for (seq, len, expected) in [
            (100, 0, true),
            (99, 0, false),
            (edge - 1, 0, true),
            (edge, 0, false),
            (90, 10, false),
            (90, 11, true),
            (edge - 1, 10, true),
            (edge, 10, false),
            (90, 2 * CAPACITY, true),
        ] {
            assert_eq!(receiver.is_acceptable(SeqNumber(seq), len), expected, "{seq} {len}");
        }
    }

    #[test]
    fn the_window_closes_while_nobody_reads_and_opens_in_one_step() {
        let (mut receiver, mut out) = (receiver(99), Actions::default());
        assert_eq!(receiver.advertise(1_460), CAPACITY);
        receiver.hold();
        let mut seq = SeqNumber(100);
        for left in [3_072, 2_048, 1_024, 0] {
            receiver.accept(seq, Bytes::from(vec![7; 1_024]), false, LATER, &mut out);
            seq += 1_024;
            assert_eq!(receiver.advertise(1_460), left);
        }
        assert!(!receiver.owes_window_update(1_460));
        assert!(receiver.is_acceptable(seq, 0) && !receiver.is_acceptable(seq, 1));
        receiver.release(&mut out);
        assert_eq!(text(&mut out).len(), 4_096);
        assert!(receiver.owes_window_update(1_460));
        assert_eq!(receiver.advertise(1_460), CAPACITY);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        /// Any cuts of one stream, in any order, more than once: it comes out whole.
        #[test]
        fn any_pieces_give_the_stream(
            irs in prop_oneof![any::<u32>(), Just(u32::MAX - 500)],
            pieces in proptest::collection::vec((0..1_000usize, 1..200usize), 0..80),
        ) {
            let stream: Bytes = (0..1_000u32).map(|i| (i * 7 / 3) as u8).collect();
            let (mut receiver, mut out) = (receiver(irs), Actions::default());
            let mut known = vec![false; stream.len()];
            let mut delivered = Vec::new();
            for (start, len) in pieces {
                let end = (start + len).min(stream.len());
                known[start..end].fill(true);
                let seq = SeqNumber(irs) + 1 + start as u32;
                receiver.accept(seq, stream.slice(start..end), end == 1_000, LATER, &mut out);
                delivered.extend(text(&mut out));
                let whole = known.iter().take_while(|known| **known).count();
                prop_assert_eq!(&delivered[..], &stream[..whole]);
            }
        }
    }
}

//! The sending side: what is in flight, what may follow, and the retransmission timer.
//!
//! Follows RFC 9293 §3.8 and RFC 6298 §5. One timer serves retransmission and window probes: the
//! first runs while something is in flight, the second while nothing is but data waits.

use super::config::Config;
use super::congestion::{Congestion, MAX_CWND};
use super::event::Resending;
use super::rto::Rto;
use super::sack::{SackBlocks, Scoreboard};
use super::send_queue::{SendQueue, Text};
use super::sequence::{SeqNumber, clamp};
use crate::engine::SimTime;
use bytes::Bytes;

/// The SND variables of a connection and the data they speak of.
#[derive(Debug)]
pub(crate) struct Sender {
    queue: SendQueue,
    fin: Fin,
    /// SND.UNA.
    una: SeqNumber,
    /// SND.NXT; goes back to SND.UNA when the retransmission timer expires, or segments were too big.
    nxt: SeqNumber,
    /// Why SND.NXT last went back.
    went_back: Resending,
    /// Behind the highest number ever sent within the window.
    max: SeqNumber,
    /// The number `max` itself went out as a window probe.
    probed: bool,
    /// SND.WND.
    window: u32,
    /// The largest window the peer ever offered.
    max_window: u32,
    /// SND.WL1 and SND.WL2, the segment of the last window update.
    wl1: SeqNumber,
    wl2: SeqNumber,
    mss: u32,
    /// Whether both ends permit selective acknowledgment.
    uses_sack: bool,
    /// From the first selective acknowledgment on.
    scoreboard: Option<Box<Scoreboard>>,
    congestion: Congestion,
    rto: Rto,
    /// The acknowledgment of this number, sent at that time, is the next measurement.
    timed: Option<(SeqNumber, SimTime)>,
    /// When data was last sent.
    last_sent: SimTime,
    /// When the timer expires; [`SimTime::MAX`] when it is off.
    timer: SimTime,
    /// Window probes in a row that nothing answered.
    unanswered_probes: u8,
}

/// The end of our direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fin {
    /// The user may send more.
    Open,
    /// The user has closed: a FIN follows the last octet, or has followed it.
    Closed,
    /// Our FIN is acknowledged.
    Acknowledged,
}

/// What is to be put into a segment.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) seq: SeqNumber,
    pub(crate) text: Text,
    pub(crate) fin: bool,
    /// Some of it was sent before, and is sent again for this reason.
    pub(crate) again: Option<Resending>,
}

/// What came of the acknowledgment field of a segment.
#[derive(Debug, Default)]
pub(crate) struct Acknowledged {
    /// This is to be sent again at once.
    pub(crate) again: Option<Outgoing>,
    /// Our FIN is acknowledged, with all before it.
    pub(crate) fin: bool,
}

/// The retries are used up.
#[derive(Debug)]
pub(crate) struct TimedOut;

impl Sender {
    /// Before the SYN. The timer is off.
    pub(crate) fn new(config: &Config, iss: SeqNumber) -> Self {
        Sender {
            queue: SendQueue::default(),
            fin: Fin::Open,
            una: iss,
            nxt: iss,
            went_back: Resending::TimedOut,
            max: iss,
            probed: false,
            window: 0,
            max_window: 0,
            wl1: iss,
            wl2: iss,
            mss: 0,
            uses_sack: false,
            scoreboard: None,
            congestion: Congestion::new(iss),
            rto: Rto::new(config),
            timed: None,
            last_sent: SimTime::ZERO,
            timer: SimTime::MAX,
            unanswered_probes: 0,
        }
    }

    /// SND.UNA.
    pub(crate) fn una(&self) -> SeqNumber {
        self.una
    }

    /// The sequence number of a segment without text: the next one never sent yet.
    pub(crate) fn max(&self) -> SeqNumber {
        self.max
    }

    /// True when `ack` acknowledges nothing that was never sent.
    pub(crate) fn has_sent(&self, ack: SeqNumber) -> bool {
        ack.at_or_before(self.max + u32::from(self.probed))
    }

    /// When the timer expires; [`SimTime::MAX`] when it is off.
    pub(crate) fn timer(&self) -> SimTime {
        self.timer
    }

    /// True when the user's data is all acknowledged.
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.len() == 0
    }

    /// Octets in flight or waiting.
    pub(crate) fn unacknowledged(&self) -> usize {
        self.queue.len()
    }

    /// True when the user has closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.fin != Fin::Open
    }

    /// Queues data. After a close it is dropped.
    pub(crate) fn push(&mut self, data: Bytes) {
        if self.fin == Fin::Open {
            self.queue.push(data);
        }
    }

    /// A FIN follows what is queued.
    pub(crate) fn close(&mut self) {
        if self.fin == Fin::Open {
            self.fin = Fin::Closed;
        }
    }

    /// The SYN or SYN,ACK leaves, for the first time or again.
    pub(crate) fn syn_sent(&mut self, now: SimTime) {
        let first = self.nxt == self.una;
        self.nxt = self.una + 1;
        self.max = self.nxt;
        self.timed = first.then_some((self.nxt, now));
        self.timer = self.rto.after(now);
    }

    /// The timer of the SYN expired.
    pub(crate) fn syn_expired(&mut self, retries: u8) -> Result<(), TimedOut> {
        if self.rto.expired() > retries { Err(TimedOut) } else { Ok(()) }
    }

    /// The peer's SYN came with these options.
    pub(crate) fn negotiated(&mut self, mss: Option<u16>, sack: bool, config: &Config) {
        self.uses_sack = sack && config.sack;
        let theirs = mss.unwrap_or(config.default_mss).max(MIN_MSS);
        self.mss = u32::from(theirs.min(config.mss.max(MIN_MSS)));
    }

    /// The segment at `seq` did not fit on the way: none is larger than `mss` from now on, and all that
    /// is in flight is to be sent again. False when that is nothing new, or the segment none of those
    /// in flight (RFC 5927 §4.1).
    pub(crate) fn shrink(&mut self, seq: SeqNumber, mss: u16) -> bool {
        let mss = u32::from(mss.max(MIN_MSS));
        let in_flight = self.una.at_or_before(seq) && seq.before(self.nxt);
        if mss >= self.mss || !in_flight {
            return false;
        }
        self.mss = mss;
        self.timed = None;
        self.go_back(Resending::TooBig);
        true
    }

    /// Our SYN is acknowledged: data may flow.
    pub(crate) fn syn_acknowledged(&mut self, now: SimTime) {
        let was_lost = self.rto.has_expired();
        if was_lost {
            self.rto.after_lost_syn();
        }
        self.measure(now, self.una + 1);
        self.una += 1;
        self.rto.progressed();
        self.timer = SimTime::MAX;
        self.congestion.open(self.mss, was_lost);
    }

    /// Takes the window of a segment with the numbers `seq` and `ack`, unless the segment is older
    /// than the one that set it last.
    pub(crate) fn update_window(&mut self, seq: SeqNumber, ack: SeqNumber, window: u32) {
        if self.wl1.before(seq) || (self.wl1 == seq && self.wl2.at_or_before(ack)) {
            self.set_window(seq, ack, window);
        }
    }

    /// Takes the window of the segment that opens the connection.
    pub(crate) fn set_window(&mut self, seq: SeqNumber, ack: SeqNumber, window: u32) {
        if self.window == 0 && window > 0 && self.flight() == 0 {
            // The probes have done their work.
            self.rto.relaxed();
        }
        self.window = window.min(MAX_CWND);
        self.max_window = self.max_window.max(self.window);
        (self.wl1, self.wl2) = (seq, ack);
    }

    /// Takes an acknowledgment from SND.UNA on of what was sent. `bare` says that the segment has neither text nor
    /// controls and the window of the one before, so that it can be a duplicate (RFC 5681 §2).
    pub(crate) fn acknowledge(&mut self, now: SimTime, ack: SeqNumber, bare: bool) -> Acknowledged {
        self.unanswered_probes = 0;
        let flight = self.flight();
        if self.una.before(ack) {
            return self.advance(now, ack, flight);
        }
        let duplicate = bare && ack == self.una && flight > 0 && !self.uses_sack;
        if duplicate && self.congestion.duplicate(self.una, self.max, flight) {
            let again = self.again(Resending::ThirdDuplicate);
            return Acknowledged { again: Some(again), fin: false };
        }
        Acknowledged::default()
    }

    /// Takes what the peer acknowledges selectively beside SND.UNA. What is to be sent again at once.
    pub(crate) fn acknowledge_selectively(&mut self, blocks: &SackBlocks) -> Option<Outgoing> {
        let flight = self.flight();
        if !self.uses_sack || flight == 0 {
            return None;
        }
        let after_time_out = self.nxt.before(self.max).then_some(self.nxt);
        let scoreboard =
            self.scoreboard.get_or_insert_with(|| Box::new(Scoreboard::new(after_time_out)));
        if !scoreboard.update(self.una, self.max, blocks) {
            return None;
        }
        let is_lost = scoreboard.is_lost(self.una, self.mss);
        if !self.congestion.selectively_acknowledged(self.una, self.max, flight, is_lost) {
            return None;
        }
        scoreboard.begin(self.una);
        let (from, to) = scoreboard.next_hole(self.una, self.mss, true)?;
        Some(self.fill(from, to, Resending::ThirdDuplicate))
    }

    /// Whether both ends permit selective acknowledgment.
    pub(crate) fn uses_sack(&self) -> bool {
        self.uses_sack
    }

    /// The most octets of text that a segment carries.
    pub(crate) fn mss(&self) -> usize {
        self.mss as usize
    }

    /// The window the peer offers.
    pub(crate) fn window(&self) -> u32 {
        self.window
    }

    /// The next segment that the windows allow, if any. Starts the timer.
    pub(crate) fn next(&mut self, now: SimTime) -> Option<Outgoing> {
        if self.scoreboard.is_some() {
            if let Some(again) = self.next_again(true) {
                return Some(again);
            }
            self.skip_what_arrived();
            return self.next_new(now).or_else(|| self.next_again(false));
        }
        self.next_new(now)
    }

    /// In recovery, the next hole that the window allows, if it is lost, or any.
    fn next_again(&mut self, only_lost: bool) -> Option<Outgoing> {
        if !self.congestion.is_recovering() {
            return None;
        }
        let scoreboard = self.scoreboard.as_ref()?;
        let (from, to) = scoreboard.next_hole(self.una, self.mss, !only_lost)?;
        let pipe = scoreboard.pipe(self.una, self.nxt, self.mss);
        let has_room = self.congestion.window().saturating_sub(pipe) >= self.mss;
        has_room.then(|| self.fill(from, to, Resending::Overtaken))
    }

    /// A segment from `from`, at most up to `to`, that was sent before.
    fn fill(&mut self, from: SeqNumber, to: SeqNumber, why: Resending) -> Outgoing {
        self.timed = None;
        let text =
            self.queue.at(from.since(self.una) as usize, to.since(from).min(self.mss) as usize);
        if let Some(scoreboard) = &mut self.scoreboard {
            scoreboard.sent_again(from + clamp(text.payload.len()));
        }
        Outgoing { seq: from, text, fin: false, again: Some(why) }
    }

    /// After a time-out: passes over what the peer has meanwhile told that it has.
    fn skip_what_arrived(&mut self) {
        while self.nxt.before(self.max)
            && let Some(end) = self.scoreboard.as_ref().and_then(|board| board.covers(self.nxt))
        {
            self.queue.skip(end.since(self.nxt) as usize);
            self.nxt = end;
        }
    }

    fn next_new(&mut self, now: SimTime) -> Option<Outgoing> {
        let unsent = self.queue.unsent();
        if unsent == 0 && !self.owes_fin() {
            return None;
        }
        let flight = self.flight();
        if flight == 0 && self.rto.after(self.last_sent) < now {
            self.congestion.idled();
        }
        let offered = self.window.saturating_sub(flight) as usize;
        if unsent == 0 {
            // The FIN takes a number in the peer's window, but no room on the way.
            return (offered > 0).then(|| self.take(now, 0));
        }
        let (allowance, pipe) = match &self.scoreboard {
            None => (self.congestion.allowance(), flight),
            Some(board) => (self.congestion.window(), board.pipe(self.una, self.nxt, self.mss)),
        };
        let usable = offered.min(allowance.saturating_sub(pipe) as usize);
        let mut want = unsent.min(self.mss as usize);
        if self.nxt.before(self.max)
            && let Some(next) = self.scoreboard.as_ref().and_then(|board| board.next_from(self.nxt))
        {
            want = want.min(next.since(self.nxt) as usize);
        }
        // Against the silly window syndrome (RFC 9293 §3.8.6.2.1): a full segment, or the last of
        // the data, or half the largest window of a peer with a small one.
        let len = want.min(usable);
        let worth_it = len == want || len >= (self.max_window / 2).max(1) as usize;
        (len > 0 && worth_it).then(|| self.take(now, len))
    }

    /// After everything that could be sent: the timer runs while the peer owes us something, be it
    /// an acknowledgment or a window (RFC 9293 §3.8.6.1).
    pub(crate) fn arm(&mut self, now: SimTime) {
        if self.flight() == 0 && self.queue.unsent() == 0 && !self.owes_fin() {
            self.timer = SimTime::MAX;
        } else if self.timer == SimTime::MAX {
            self.timer = self.rto.after(now);
        }
    }

    /// The timer expired. In flight: everything is to be sent again, from the front, as the window
    /// of one segment allows (RFC 6298 §5.4 to §5.6). Else a window probe is returned.
    pub(crate) fn expired(
        &mut self,
        now: SimTime,
        retries: u8,
    ) -> Result<Option<Outgoing>, TimedOut> {
        self.timer = SimTime::MAX;
        self.timed = None;
        let flight = self.flight();
        let first = !self.rto.has_expired();
        let expirations = self.rto.expired();
        if flight > 0 {
            if expirations > retries {
                return Err(TimedOut);
            }
            self.congestion.timed_out(self.max, flight, first);
            self.go_back(Resending::TimedOut);
            return Ok(None);
        }
        // A peer that answers probes keeps the connection for as long as it likes (§3.8.6.1).
        self.unanswered_probes = self.unanswered_probes.saturating_add(1);
        if self.unanswered_probes > retries {
            return Err(TimedOut);
        }
        if self.window > 0 {
            let len = self.queue.unsent().min(self.window.min(self.mss) as usize);
            return Ok(Some(self.take(now, len)));
        }
        // One octet beyond the window. SND.NXT stays: the peer may well drop it.
        self.probed = self.max == self.una;
        let text = self.queue.first(1);
        let fin = text.payload.is_empty();
        Ok(Some(Outgoing { seq: self.una, text, fin, again: None }))
    }

    /// Forgets all data and stops the timer.
    pub(crate) fn clear(&mut self) {
        self.queue.clear();
        self.timer = SimTime::MAX;
    }

    /// SND.NXT - SND.UNA.
    fn flight(&self) -> u32 {
        self.nxt.since(self.una)
    }

    /// Everything is to be sent again. What the peer said beyond SND.UNA is forgotten: it may have thrown
    /// that away (RFC 2018 §8).
    fn go_back(&mut self, why: Resending) {
        self.nxt = self.una;
        self.went_back = why;
        self.queue.rewind();
        self.scoreboard = None;
    }

    /// The user has closed, and the FIN is still to be sent, after all data.
    fn owes_fin(&self) -> bool {
        self.fin == Fin::Closed && self.flight() as usize <= self.queue.len()
    }

    /// Takes the next `len` octets for a segment.
    fn take(&mut self, now: SimTime, len: usize) -> Outgoing {
        let text = self.queue.next(len);
        let flight = self.flight();
        let room = self.window.saturating_sub(flight) as usize > text.payload.len();
        let fin = self.owes_fin() && self.queue.unsent() == 0 && (room || len == 0);
        let seq = self.nxt;
        let again = seq.before(self.max).then_some(self.went_back);
        // A segment carries at most an MSS of text, which is 16 bits.
        self.nxt += text.payload.len() as u32 + u32::from(fin);
        if again.is_some()
            && let Some(scoreboard) = &mut self.scoreboard
        {
            scoreboard.begin(self.nxt);
        }
        if self.max.before(self.nxt) {
            if self.timed.is_none() && self.max.at_or_before(seq) {
                self.timed = Some((self.nxt, now));
            }
            self.max = self.nxt;
            self.probed = false;
        }
        if flight == 0 {
            self.timer = self.rto.after(now);
        }
        self.last_sent = now;
        Outgoing { seq, text, fin, again }
    }

    /// The segment at SND.UNA once more, and what was sent behind it as far as it fits.
    fn again(&mut self, why: Resending) -> Outgoing {
        self.timed = None;
        let text = self.queue.first(self.mss.min(self.max.since(self.una)) as usize);
        let all = text.payload.len() == self.queue.len();
        let fin = all && self.fin == Fin::Closed && !self.owes_fin();
        Outgoing { seq: self.una, text, fin, again: Some(why) }
    }

    /// SND.UNA moves to `ack`.
    fn advance(&mut self, now: SimTime, ack: SeqNumber, flight: u32) -> Acknowledged {
        let acked = ack.since(self.una);
        let fin = self.fin == Fin::Closed && acked as usize > self.queue.len();
        self.measure(now, ack);
        self.queue.acknowledge(acked as usize);
        self.una = ack;
        if self.nxt.before(ack) {
            self.nxt = ack;
        }
        if self.max.before(ack) {
            self.max = ack;
            self.probed = false;
        }
        if fin {
            self.fin = Fin::Acknowledged;
        }
        self.rto.progressed();
        self.timer = if self.flight() == 0 { SimTime::MAX } else { self.rto.after(now) };
        if self.uses_sack {
            self.congestion.acknowledged_selectively(ack, acked, flight);
            if let Some(scoreboard) = &mut self.scoreboard {
                scoreboard.advance(ack);
                if !self.congestion.is_recovering() && self.nxt == self.max {
                    scoreboard.end();
                }
                if scoreboard.is_done() {
                    self.scoreboard = None;
                }
            }
            return Acknowledged { again: None, fin };
        }
        let partial = self.congestion.acknowledged(ack, acked, flight);
        let again =
            (partial && self.flight() > 0).then(|| self.again(Resending::PartialAcknowledgment));
        Acknowledged { again, fin }
    }

    fn measure(&mut self, now: SimTime, ack: SeqNumber) {
        if let Some((number, sent)) = self.timed
            && number.at_or_before(ack)
        {
            self.rto.measured(now.since(sent));
            self.timed = None;
        }
    }
}

/// The least MSS we believe: a smaller one would make a packet of every octet (as Linux).
const MIN_MSS: u16 = 48;

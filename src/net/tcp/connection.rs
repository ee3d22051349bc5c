//! The connection and its state machine (RFC 9293 §3.3.2 and §3.10).
//!
//! Deviation: a segment without text, SYN or FIN that is not acceptable is dropped without the
//! acknowledgment that §3.10.7.4 asks for, so that two hosts that disagree do not answer each
//! other for ever. (Linux limits such answers by time for the same reason.)
//!
//! Deviation: text and FIN on a segment with SYN are dropped; the peer sends them again.
//!
//! Deviation: while a connection in TIME-WAIT delays an acknowledgment, a new SYN is answered with that
//! and opens nothing; it does when it is sent again.

use super::config::Config;
use super::event::{Actions, CloseReason, Event, Resending, Resent};
use super::receive::Receiver;
use super::sack::SackBlocks;
use super::segment::{Flags, Segment};
use super::send::{Outgoing, Sender, TimedOut};
use super::sequence::SeqNumber;
use super::state::State;
use super::time_wait::TimeWait;
use crate::engine::SimTime;
use crate::net::icmp::Trouble;
use bytes::Bytes;
use std::sync::Arc;

/// One side of a TCP connection.
///
/// The host hands it every segment addressed to it, calls [`Connection::on_timeout`] at or after
/// [`Connection::deadline`], and drops it once [`Connection::is_closed`], or keeps what is left of it in
/// its place once there is a [`Connection::time_wait`].
#[derive(Debug)]
pub struct Connection {
    config: Arc<Config>,
    state: State,
    /// The sequence number of the peer's SYN.
    irs: SeqNumber,
    send: Sender,
    receive: Receiver,
    /// The end of FIN-WAIT-2 or TIME-WAIT; [`SimTime::MAX`] in the other states.
    wait_until: SimTime,
}

impl Connection {
    /// Opens a connection: sends the SYN with the initial sequence number `iss`.
    pub fn connect(config: Arc<Config>, iss: u32, now: SimTime, out: &mut Actions) -> Self {
        let mut connection = Connection::new(config, iss, State::SynSent);
        connection.emit_syn(now, out);
        connection
    }

    /// Answers the SYN of a peer with SYN,ACK, sent with the initial sequence number `iss`.
    ///
    /// Only a segment with SYN and neither ACK nor RST opens a connection (RFC 9293 §3.10.7.2); the
    /// host checks this before.
    pub fn accept(
        config: Arc<Config>,
        iss: u32,
        syn: &Segment,
        now: SimTime,
        out: &mut Actions,
    ) -> Self {
        let mut connection = Connection::new(config, iss, State::SynReceived);
        connection.synchronize(syn);
        connection.emit_syn(now, out);
        connection
    }

    /// Takes a segment from the peer, and its text out of it. After the end nothing happens.
    pub fn on_segment(&mut self, now: SimTime, segment: &mut Segment, out: &mut Actions) {
        match self.state {
            State::Listen | State::Closed => return,
            State::TimeWait => return self.on_segment_in_time_wait(now, segment, out),
            State::SynSent => self.on_segment_in_syn_sent(now, segment, out),
            _ => self.on_segment_after_syn(now, segment, out),
        }
        self.transmit(now, out);
    }

    /// An ICMP error says of our segment with this sequence number that it came to nothing.
    ///
    /// As Linux, and as RFC 5461 §4.1 describes it: one that is about our SYN ends the connection at
    /// once, so that the user may try another address. On an established connection it changes nothing;
    /// what was lost is sent again until the retries are used up (soft errors of RFC 1122 §4.2.3.9).
    pub fn on_unreachable(&mut self, trouble: Trouble, sequence: u32, out: &mut Actions) {
        if self.state == State::SynSent && SeqNumber(sequence) == self.send.una() {
            self.finish(CloseReason::Unreachable(trouble), out);
        }
    }

    /// An ICMP error says that our segment with this sequence number was too big, and that segments
    /// with `mss` octets of text are not (RFC 1191 §6.5): what is in flight is sent again in smaller
    /// ones. It says nothing of congestion.
    pub fn on_too_big(&mut self, now: SimTime, sequence: u32, mss: u16, out: &mut Actions) {
        if !matches!(self.state, State::SynSent | State::SynReceived)
            && self.send.shrink(SeqNumber(sequence), mss)
        {
            self.transmit(now, out);
        }
    }

    /// Does what is due at `now`; an early call does nothing.
    pub fn on_timeout(&mut self, now: SimTime, out: &mut Actions) {
        self.receive.acknowledge_if_due(now);
        if self.send.timer() <= now {
            let result = match self.state {
                State::SynSent => self.resend_syn(now, self.config.syn_retries, out),
                State::SynReceived => self.resend_syn(now, self.config.syn_ack_retries, out),
                _ => self.send.expired(now, self.config.retries).map(|probe| {
                    if let Some(probe) = probe {
                        self.emit(probe, out);
                    }
                }),
            };
            if let Err(TimedOut) = result {
                self.finish(CloseReason::TimedOut, out);
            }
        }
        if self.wait_until <= now {
            // Silent after TIME-WAIT, whose beginning was the end for the user.
            self.finish(CloseReason::TimedOut, out);
        }
        self.transmit(now, out);
    }

    /// Queues `data` and sends what the windows allow. The last segment of it carries PSH.
    ///
    /// Before the connection is established the data waits; after [`Connection::close`] or the end
    /// it is dropped. The queue has no bound of its own.
    pub fn send(&mut self, now: SimTime, data: Bytes, out: &mut Actions) {
        if self.state != State::Closed {
            self.send.push(data);
            self.transmit(now, out);
        }
    }

    /// Closes our direction: a FIN follows all that is queued. Receiving goes on.
    ///
    /// In SYN-SENT with nothing queued the connection ends at once (RFC 9293 §3.10.4). Deviation:
    /// data that is queued there is still sent, and the connection closed after it.
    pub fn close(&mut self, now: SimTime, out: &mut Actions) {
        match self.state {
            State::SynSent if self.send.is_empty() => self.finish(CloseReason::Aborted, out),
            State::SynSent | State::SynReceived => self.send.close(),
            State::Established => {
                self.state = State::FinWait1;
                self.send.close();
            }
            State::CloseWait => {
                self.state = State::LastAck;
                self.send.close();
            }
            State::FinWait1
            | State::FinWait2
            | State::Closing
            | State::LastAck
            | State::TimeWait
            | State::Listen
            | State::Closed => {}
        }
        self.transmit(now, out);
    }

    /// Ends the connection at once (RFC 9293 §3.10.5); what is queued or unread is lost.
    ///
    /// The peer gets a RST if it may still wait for something.
    pub fn abort(&mut self, _now: SimTime, out: &mut Actions) {
        match self.state {
            State::SynReceived
            | State::Established
            | State::FinWait1
            | State::FinWait2
            | State::CloseWait => {
                let (seq, ack) = (self.send.max().0, self.receive.nxt().0);
                out.emit(Segment::bare(seq, ack, Flags::RST | Flags::ACK, 0));
            }
            State::SynSent
            | State::Closing
            | State::LastAck
            | State::TimeWait
            | State::Listen
            | State::Closed => {}
        }
        self.finish(CloseReason::Aborted, out);
    }

    /// The user stops reading: what the peer sends fills our window, until it is closed.
    pub fn pause_reading(&mut self) {
        if !matches!(self.state, State::TimeWait | State::Closed) {
            self.receive.hold();
        }
    }

    /// The user reads again: gives it what came meanwhile, and tells the peer of the open window.
    pub fn resume_reading(&mut self, now: SimTime, out: &mut Actions) {
        let had_filled = self.receive.release(out);
        let peer_may_send =
            matches!(self.state, State::Established | State::FinWait1 | State::FinWait2);
        if had_filled && peer_may_send && self.receive.owes_window_update(self.config.mss) {
            self.receive.acknowledge_now();
        }
        self.transmit(now, out);
    }

    /// When [`Connection::on_timeout`] wants to be called, if at all.
    ///
    /// One timer for all: retransmission, window probe, delayed acknowledgment, TIME-WAIT. It moves
    /// with every segment, so a host looks at it when its own timer fires, and sets that anew.
    pub fn deadline(&self) -> Option<SimTime> {
        let due = self.send.timer().min(self.receive.acknowledgment_due()).min(self.wait_until);
        (due != SimTime::MAX).then_some(due)
    }

    /// What a host may keep in place of it, in TIME-WAIT: all that counts of it then. Not yet while an
    /// acknowledgment is delayed.
    pub fn time_wait(&self) -> Option<TimeWait> {
        let owes_nothing = self.receive.acknowledgment_due() == SimTime::MAX;
        (self.state == State::TimeWait && owes_nothing).then(|| self.rest())
    }

    /// True once the host may forget the connection: in CLOSED.
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// How many octets were sent, or wait to be, that the peer has not acknowledged.
    pub fn unacknowledged(&self) -> usize {
        self.send.unacknowledged()
    }

    /// The state.
    pub fn state(&self) -> State {
        self.state
    }

    fn new(config: Arc<Config>, iss: u32, state: State) -> Self {
        Connection {
            state,
            irs: SeqNumber(0),
            send: Sender::new(&config, SeqNumber(iss)),
            receive: Receiver::new(config.receive_window),
            config,
            wait_until: SimTime::MAX,
        }
    }

    /// RFC 9293 §3.10.7.3.
    fn on_segment_in_syn_sent(&mut self, now: SimTime, segment: &Segment, out: &mut Actions) {
        let flags = segment.flags;
        let has_ack = flags.contains(Flags::ACK);
        if has_ack && segment.ack != self.send.max().0 {
            out.reset(segment);
        } else if flags.contains(Flags::RST) {
            if has_ack {
                self.finish(CloseReason::Refused, out);
            }
        } else if flags.contains(Flags::SYN) {
            self.synchronize(segment);
            if has_ack {
                self.receive.acknowledge_now();
                self.establish(now, segment, out);
            } else {
                // Simultaneous open (§3.5, figure 7).
                self.state = State::SynReceived;
                self.emit_syn(now, out);
            }
        }
    }

    fn on_segment_in_time_wait(&mut self, now: SimTime, segment: &Segment, out: &mut Actions) {
        let mut rest = self.rest();
        if let Some(acknowledgment) = rest.on_segment(now, segment, self.config.time_wait) {
            self.receive.acknowledged();
            out.emit(acknowledgment);
        }
        self.wait_until = rest.until();
    }

    fn rest(&self) -> TimeWait {
        TimeWait {
            irs: self.irs,
            sent: self.send.max(),
            received: self.receive.nxt(),
            window: self.receive.window(),
            until: self.wait_until,
        }
    }

    /// RFC 9293 §3.10.7.4, for all states but CLOSED, LISTEN, SYN-SENT and TIME-WAIT.
    fn on_segment_after_syn(&mut self, now: SimTime, segment: &mut Segment, out: &mut Actions) {
        if segment.flags.contains(Flags::SYN) && segment.seq == self.irs.0 {
            let has_ack = segment.flags.contains(Flags::ACK);
            match self.state {
                State::SynReceived if has_ack => {
                    // Simultaneous open: the SYN is known, its acknowledgment counts.
                    *segment = Segment::bare(
                        segment.seq.wrapping_add(1),
                        segment.ack,
                        Flags::ACK,
                        segment.window,
                    );
                }
                State::SynReceived => return self.emit_syn_again(Resending::SynAgain, now, out),
                _ => return self.receive.acknowledge_now(),
            }
        }
        let flags = segment.flags;
        let seq = SeqNumber(segment.seq);
        let len = segment.sequence_len();
        let acceptable = self.receive.is_acceptable(seq, len);
        // A closed window still lets acknowledgments and resets in.
        let beyond_window = self.receive.window() == 0 && seq == self.receive.nxt();
        if flags.contains(Flags::RST) {
            if acceptable || beyond_window {
                self.on_reset(seq, out);
            }
            return;
        }
        if !acceptable {
            if len > 0 {
                self.receive.acknowledge_now();
            }
            if !beyond_window {
                return;
            }
        }
        if flags.contains(Flags::SYN) {
            // Challenge ACK (RFC 5961 §4): a peer that did restart answers it with a RST.
            return self.receive.acknowledge_now();
        }
        if !flags.contains(Flags::ACK) || !self.on_ack(now, segment, out) {
            return;
        }
        let receiving =
            matches!(self.state, State::Established | State::FinWait1 | State::FinWait2);
        if receiving && acceptable {
            let fin = flags.contains(Flags::FIN);
            let ack_by = now + self.config.delayed_ack;
            if self.receive.accept(seq, std::mem::take(&mut segment.payload), fin, ack_by, out) {
                self.on_fin(now, out);
            } else if self.state == State::FinWait2 {
                self.wait_until = now + self.config.fin_wait_2;
            }
        }
    }

    /// A RST in the window: only one at RCV.NXT counts (RFC 5961 §3).
    fn on_reset(&mut self, seq: SeqNumber, out: &mut Actions) {
        if seq != self.receive.nxt() {
            return self.receive.acknowledge_now();
        }
        match self.state {
            State::SynReceived => self.finish(CloseReason::Refused, out),
            // Both have closed; the peer has all our data and forgot the connection.
            State::Closing | State::LastAck if self.send.is_empty() => {
                self.finish(CloseReason::Finished, out);
            }
            _ => self.finish(CloseReason::Reset, out),
        }
    }

    /// The fifth check, of the ACK field. False when the segment is to be dropped.
    fn on_ack(&mut self, now: SimTime, segment: &Segment, out: &mut Actions) -> bool {
        let seq = SeqNumber(segment.seq);
        let ack = SeqNumber(segment.ack);
        if self.state == State::SynReceived {
            if ack != self.send.max() {
                out.reset(segment);
                return false;
            }
            self.establish(now, segment, out);
            return true;
        }
        if !self.send.has_sent(ack) {
            if segment.sequence_len() > 0 {
                self.receive.acknowledge_now();
            }
            return false;
        }
        if ack.before(self.send.una()) {
            return true;
        }
        let bare = segment.sequence_len() == 0 && segment.window == self.send.window();
        self.send.update_window(seq, ack, segment.window);
        let acknowledged = self.send.acknowledge(now, ack, bare);
        let overtaken =
            segment.sack.as_ref().and_then(|blocks| self.send.acknowledge_selectively(blocks));
        if let Some(again) = acknowledged.again {
            self.emit(again, out);
        }
        if let Some(overtaken) = overtaken {
            self.emit(overtaken, out);
        }
        if acknowledged.fin {
            match self.state {
                State::FinWait1 => {
                    self.state = State::FinWait2;
                    self.wait_until = now + self.config.fin_wait_2;
                }
                State::Closing => self.enter_time_wait(now, out),
                State::LastAck => self.finish(CloseReason::Finished, out),
                _ => {}
            }
        }
        self.state != State::Closed
    }

    /// The eighth check: the peer's FIN, with all before it received.
    fn on_fin(&mut self, now: SimTime, out: &mut Actions) {
        match self.state {
            State::Established => self.state = State::CloseWait,
            State::FinWait1 => self.state = State::Closing,
            State::FinWait2 => {
                self.receive.acknowledge_now();
                self.enter_time_wait(now, out);
            }
            _ => {}
        }
    }

    /// Takes the peer's SYN.
    fn synchronize(&mut self, syn: &Segment) {
        self.irs = SeqNumber(syn.seq);
        self.receive.synchronize(self.irs);
        self.send.negotiated(syn.mss, syn.sack_permitted, &self.config);
    }

    /// `segment` acknowledges our SYN.
    fn establish(&mut self, now: SimTime, segment: &Segment, out: &mut Actions) {
        self.send.syn_acknowledged(now);
        self.send.set_window(SeqNumber(segment.seq), SeqNumber(segment.ack), segment.window);
        self.state = if self.send.is_closed() { State::FinWait1 } else { State::Established };
        out.events.push_back(Event::Opened);
    }

    fn enter_time_wait(&mut self, now: SimTime, out: &mut Actions) {
        self.receive.release(out);
        self.send.clear();
        self.receive.clear();
        self.state = State::TimeWait;
        self.wait_until = now + self.config.time_wait;
        out.events.push_back(Event::Closed(CloseReason::Finished));
    }

    /// Enters CLOSED. The user is told, if it was not on entering TIME-WAIT.
    fn finish(&mut self, reason: CloseReason, out: &mut Actions) {
        if reason == CloseReason::Finished {
            self.receive.release(out);
        }
        if !matches!(self.state, State::TimeWait | State::Closed) {
            out.events.push_back(Event::Closed(reason));
        }
        self.state = State::Closed;
        self.send.clear();
        self.receive.clear();
        self.receive.acknowledged();
        self.wait_until = SimTime::MAX;
    }

    fn resend_syn(&mut self, now: SimTime, retries: u8, out: &mut Actions) -> Result<(), TimedOut> {
        self.send.syn_expired(retries)?;
        self.emit_syn_again(Resending::TimedOut, now, out);
        Ok(())
    }

    fn emit_syn_again(&mut self, why: Resending, now: SimTime, out: &mut Actions) {
        out.resent.push(Resent { seq: self.send.una().0, octets: 0, why });
        self.emit_syn(now, out);
    }

    /// Sends what the windows allow, else the acknowledgment that is owed, and sets the timer.
    fn transmit(&mut self, now: SimTime, out: &mut Actions) {
        match self.state {
            State::Established
            | State::FinWait1
            | State::CloseWait
            | State::Closing
            | State::LastAck => {
                while let Some(outgoing) = self.send.next(now) {
                    self.emit(outgoing, out);
                }
                self.send.arm(now);
            }
            State::FinWait2 | State::TimeWait => {}
            State::SynSent | State::SynReceived | State::Listen | State::Closed => return,
        }
        self.receive.acknowledge_if_due(now);
        if self.receive.must_acknowledge() {
            let window = self.acknowledging();
            let (seq, ack) = (self.send.max().0, self.receive.nxt().0);
            let sack = self.sack_beside(0);
            out.emit(Segment { sack, ..Segment::bare(seq, ack, Flags::ACK, window) });
        }
    }

    /// Sends text, or a FIN, or both.
    fn emit(&mut self, outgoing: Outgoing, out: &mut Actions) {
        let Outgoing { seq, text, fin, again } = outgoing;
        if let Some(why) = again {
            out.resent.push(Resent { seq: seq.0, octets: text.payload.len(), why });
        }
        let mut flags = Flags::ACK;
        if text.ends_write && !text.payload.is_empty() {
            flags = flags | Flags::PSH;
        }
        if fin {
            flags = flags | Flags::FIN;
        }
        let window = self.acknowledging();
        let ack = self.receive.nxt().0;
        let sack = self.sack_beside(text.payload.len());
        let bare = Segment::bare(seq.0, ack, flags, window);
        out.emit(Segment { sack, payload: text.payload, ..bare });
    }

    /// What we acknowledge selectively, as far as it fits a segment beside so many octets of text.
    fn sack_beside(&self, octets: usize) -> Option<Box<SackBlocks>> {
        if !self.send.uses_sack() {
            return None;
        }
        let mut blocks = self.receive.sack_blocks()?;
        let room = self.send.mss().saturating_sub(octets);
        while blocks.header_octets() > room {
            blocks.truncate(blocks.as_slice().len() - 1);
        }
        (!blocks.as_slice().is_empty()).then(|| Box::new(blocks))
    }

    /// Sends our SYN, in SYN-SENT, or SYN,ACK, in SYN-RECEIVED.
    fn emit_syn(&mut self, now: SimTime, out: &mut Actions) {
        let seq = self.send.una().0;
        self.send.syn_sent(now);
        let (flags, ack) = match self.state {
            State::SynSent => (Flags::SYN, 0),
            _ => (Flags::SYN | Flags::ACK, self.receive.nxt().0),
        };
        self.receive.acknowledged();
        let window = self.receive.syn_window();
        let mss = Some(self.config.mss);
        // Answered only where the peer offers it (RFC 2018 §2).
        let sack_permitted = match self.state {
            State::SynSent => self.config.sack,
            _ => self.send.uses_sack(),
        };
        let bare = Segment::bare(seq, ack, flags, window);
        out.emit(Segment { mss, sack_permitted, ..bare });
    }

    /// The window for a segment that carries what we acknowledge.
    fn acknowledging(&mut self) -> u32 {
        self.receive.acknowledged();
        self.receive.advertise(self.config.mss)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_small() {
        // A host may hold thousands. What it queues and reorders is on the heap, if there is any.
        assert!(size_of::<Connection>() <= 352, "{} octets", size_of::<Connection>());
    }
}

//! The connection and its state machine (RFC 9293 §3.3.2 and §3.10).

use super::config::Config;
use super::event::Actions;
use super::segment::Segment;
use crate::engine::SimTime;
use bytes::Bytes;
use std::fmt;

/// The states of RFC 9293 §3.3.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Waits for a connection request; a host listens without a [`Connection`].
    Listen,
    /// Has sent a SYN, waits for the peer's.
    SynSent,
    /// Has sent and received a SYN, waits for the acknowledgment of its own.
    SynReceived,
    /// Open: data flows both ways.
    Established,
    /// We have closed; our FIN is not acknowledged yet.
    FinWait1,
    /// Our FIN is acknowledged; the peer may still send.
    FinWait2,
    /// The peer has closed; we may still send.
    CloseWait,
    /// Both have closed, neither FIN is acknowledged to us.
    Closing,
    /// The peer closed first, then we; waits for the acknowledgment of our FIN.
    LastAck,
    /// Both have closed; waits until no old segment can be on its way.
    TimeWait,
    /// No connection.
    Closed,
}

/// The name as the RFC prints it: `SYN-SENT`.
impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            State::Listen => "LISTEN",
            State::SynSent => "SYN-SENT",
            State::SynReceived => "SYN-RECEIVED",
            State::Established => "ESTABLISHED",
            State::FinWait1 => "FIN-WAIT-1",
            State::FinWait2 => "FIN-WAIT-2",
            State::CloseWait => "CLOSE-WAIT",
            State::Closing => "CLOSING",
            State::LastAck => "LAST-ACK",
            State::TimeWait => "TIME-WAIT",
            State::Closed => "CLOSED",
        })
    }
}

/// One side of a TCP connection.
#[derive(Debug)]
pub struct Connection {
    state: State,
}

impl Connection {
    /// Opens a connection: sends the SYN with the initial sequence number `iss`.
    pub fn connect(_config: &Config, _iss: u32, _now: SimTime, _out: &mut Actions) -> Self {
        Connection { state: State::SynSent }
    }

    /// Answers a peer's `syn` with SYN,ACK.
    pub fn accept(
        _config: &Config,
        _iss: u32,
        _syn: &Segment,
        _now: SimTime,
        _out: &mut Actions,
    ) -> Self {
        Connection { state: State::SynReceived }
    }

    /// Takes a segment from the peer.
    pub fn on_segment(&mut self, _now: SimTime, _segment: Segment, _out: &mut Actions) {}

    /// Does what is due at `now`; an early call does nothing.
    pub fn on_timeout(&mut self, _now: SimTime, _out: &mut Actions) {}

    /// Queues `data` and sends what the windows allow.
    pub fn send(&mut self, _now: SimTime, _data: Bytes, _out: &mut Actions) {}

    /// Closes our direction: a FIN follows all that is queued. Receiving goes on.
    pub fn close(&mut self, _now: SimTime, _out: &mut Actions) {}

    /// Ends the connection at once with a RST; what is queued is lost.
    pub fn abort(&mut self, _now: SimTime, _out: &mut Actions) {}

    /// When [`Connection::on_timeout`] wants to be called, if at all.
    pub fn deadline(&self) -> Option<SimTime> {
        None
    }

    /// True once the host may forget the connection.
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// The state.
    pub fn state(&self) -> State {
        self.state
    }
}

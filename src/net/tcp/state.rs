//! The names of the states of a connection.

use std::fmt;

/// The states of RFC 9293 §3.3.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Waits for a connection request; a host listens without a [`Connection`](super::Connection).
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

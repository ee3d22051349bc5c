//! What a connection gives back for one input: segments for the peer, events for the user.

use super::segment::Segment;
use crate::net::icmp::Trouble;
use crate::net::{Body, Ends, Packet};
use bytes::Bytes;
use std::collections::VecDeque;
use std::fmt;

/// What followed from the inputs since the owner last drained it. Reused from input to input.
///
/// The segments of an input leave before its events are handled: what the user sends in answer
/// follows them.
#[derive(Debug, Default)]
pub struct Actions {
    /// Which of the segments were sent before, in order, for those who watch.
    pub resent: Vec<Resent>,
    /// For the user, in order.
    pub events: VecDeque<Event>,
    /// Segments for the peer, in order. Each is written where it stays on its way, as to move it takes longer
    /// than to make it: the load `smtp-transactions` pays for it.
    packets: Packets,
    /// Packets that have arrived, in whose room others are written.
    spare: Packets,
}

/// Packets that go on one by one, each in its box.
pub(crate) type Packets = Vec<Box<Packet>>;

/// So many are spared.
const SPARE: usize = 64;

impl Actions {
    /// One more segment for the peer.
    #[inline]
    pub(crate) fn emit(&mut self, segment: Segment) {
        let packet = self.pack(Packet { ends: Ends::UNKNOWN, body: Body::Tcp(segment) });
        self.packets.push(packet);
    }

    /// Puts a packet where it stays on its way.
    #[inline]
    pub(crate) fn pack(&mut self, packet: Packet) -> Box<Packet> {
        match self.spare.pop() {
            Some(mut room) => {
                *room = packet;
                room
            }
            None => Box::new(packet),
        }
    }

    /// Takes back the room of a packet that has arrived.
    #[inline]
    pub(crate) fn give_back(&mut self, mut packet: Box<Packet>) {
        if self.spare.len() < SPARE {
            // What nobody took out of it is not kept with it.
            packet.body = Body::Udp(Bytes::new());
            self.spare.push(packet);
        }
    }

    /// The RST that is the answer to a segment, if there is one.
    pub(crate) fn reset(&mut self, segment: &Segment) {
        if let Some(reset) = segment.reset_for() {
            self.emit(reset);
        }
    }

    /// Whether there are segments for the peer.
    #[inline]
    pub fn has_segments(&self) -> bool {
        !self.packets.is_empty()
    }

    /// Takes the segments for the peer, in order, as packets that do not know their ends yet.
    #[inline]
    pub(crate) fn take_packets(&mut self) -> Packets {
        std::mem::take(&mut self.packets)
    }

    /// Takes back the room of what [`Actions::take_packets`] gave.
    #[inline]
    pub(crate) fn reuse(&mut self, emptied: Packets) {
        assert!(emptied.is_empty() && self.packets.is_empty(), "a packet would be lost");
        self.packets = emptied;
    }

    /// Takes the segments for the peer, in order.
    pub fn take_segments(&mut self) -> impl Iterator<Item = Segment> + use<> {
        self.take_packets().into_iter().filter_map(|packet| match packet.body {
            Body::Tcp(segment) => Some(segment),
            _ => None,
        })
    }
}

/// A segment that is sent again, in whole or in part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resent {
    /// SEG.SEQ.
    pub seq: u32,
    /// Octets of payload.
    pub octets: usize,
    /// Why.
    pub why: Resending,
}

/// Why a segment is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resending {
    /// The retransmission timer expired, and this was in flight (RFC 6298 §5.4).
    TimedOut,
    /// A third duplicate acknowledgment came (RFC 5681 §3.2).
    ThirdDuplicate,
    /// An acknowledgment in fast recovery left it out (RFC 6582 §3.2 step 3).
    PartialAcknowledgment,
    /// Enough of what was sent behind it has arrived, by selective acknowledgments (RFC 6675 §4).
    Overtaken,
    /// It, or one sent before it, did not fit on the way (RFC 1191 §4).
    TooBig,
    /// The peer's SYN came again: it has not heard of ours.
    SynAgain,
}

impl fmt::Display for Resending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Resending::TimedOut => "time-out",
            Resending::ThirdDuplicate => "third duplicate acknowledgment",
            Resending::PartialAcknowledgment => "partial acknowledgment",
            Resending::Overtaken => "what was sent behind it has arrived",
            Resending::TooBig => "a segment was too big",
            Resending::SynAgain => "the peer's SYN came again",
        })
    }
}

/// News for the user of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The connection is established.
    Opened,
    /// The next octets of the peer, never empty. Cut anywhere: TCP keeps no message boundaries.
    Data(Bytes),
    /// The peer sends no more (its FIN came after all its data). We may go on sending.
    Eof,
    /// The connection has ended for the user. Always the last event, and exactly once.
    ///
    /// The host keeps the connection until [`Connection::is_closed`](super::Connection::is_closed), or
    /// [`Connection::time_wait`](super::Connection::time_wait) in its place: in TIME-WAIT it still answers
    /// a peer that sends its FIN again.
    Closed(CloseReason),
}

/// Why a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// Both sides have closed, and all that was sent is acknowledged.
    Finished,
    /// A RST answered our SYN: the host is up, the port is closed.
    Refused,
    /// The peer no longer answers: the retries are used up.
    TimedOut,
    /// A RST came on the established connection.
    Reset,
    /// The user aborted, or closed before the connection was established.
    Aborted,
    /// A router or the host said that our SYN cannot be delivered (RFC 5461 §4.1).
    Unreachable(Trouble),
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CloseReason::Finished => "finished",
            CloseReason::Refused => "connection refused",
            CloseReason::TimedOut => "connection timed out",
            CloseReason::Reset => "connection reset by peer",
            CloseReason::Aborted => "connection aborted",
            CloseReason::Unreachable(trouble) => return trouble.fmt(f),
        })
    }
}

//! What carries messages; on TCP every message stands behind its length in two octets.
//!
//! Follows RFC 1035 §4.2.2 and RFC 7766 §8; shared by servers and clients.

use bytes::{Buf, Bytes, BytesMut};

use super::message::MAX_MESSAGE_OCTETS;

/// What carries a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// A datagram: bounded by what the asker says it takes.
    Udp,
    /// A stream of framed messages: bounded by the length field alone.
    Tcp,
}

/// Cuts a stream into messages, wherever its segments end.
///
/// Keeps at most one unfinished message, of 65,535 octets at most, when it is drained after every
/// [`TcpFraming::push`].
#[derive(Debug, Default)]
pub struct TcpFraming {
    unread: BytesMut,
}

impl TcpFraming {
    /// A reader at the start of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next octets of the stream.
    pub fn push(&mut self, octets: &[u8]) {
        self.unread.extend_from_slice(octets);
    }

    /// The next whole message, without its length.
    pub fn next_message(&mut self) -> Option<Bytes> {
        let (length, rest) = self.unread.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        if rest.len() < length {
            return None;
        }
        self.unread.advance(2);
        Some(self.unread.split_to(length).freeze())
    }

    /// Whether the stream stands inside a message: its end would be a peer's mistake.
    pub fn is_inside_message(&self) -> bool {
        !self.unread.is_empty()
    }

    /// The message with its length before it, in one piece (RFC 7766 §8).
    ///
    /// # Panics
    ///
    /// If the message is longer than 65,535 octets; no encoder makes such.
    pub fn frame(message: &[u8]) -> Bytes {
        assert!(message.len() <= MAX_MESSAGE_OCTETS, "an encoded message fits its length field");
        let mut framed = BytesMut::with_capacity(2 + message.len());
        framed.extend_from_slice(&(message.len() as u16).to_be_bytes());
        framed.extend_from_slice(message);
        framed.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_out_wherever_the_stream_is_cut() {
        let stream = [TcpFraming::frame(b"one"), TcpFraming::frame(b""), TcpFraming::frame(b"two")];
        let stream = stream.concat();
        for step in 1..=stream.len() {
            let mut framing = TcpFraming::new();
            let mut messages = Vec::new();
            for piece in stream.chunks(step) {
                framing.push(piece);
                messages.extend(std::iter::from_fn(|| framing.next_message()));
            }
            assert_eq!(messages, [&b"one"[..], b"", b"two"]);
            assert!(!framing.is_inside_message());
        }
    }
}

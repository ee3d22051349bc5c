//! The shape of every protocol session: bytes and time in, bytes and events out.
//!
//! A session pushes its outputs, in order, while it handles an input. Nothing is left to drain
//! later, and the line of the `match` that changes the state is the line that says what is sent.

use bytes::{Bytes, BytesMut};

use crate::engine::SimTime;

/// A protocol machine on one connection. It does no I/O and reads no clock.
pub trait Session {
    /// News for the owner, in protocol terms.
    type Event;

    /// Takes one input at the time `now` and pushes what follows from it to `out`.
    ///
    /// Bytes may be cut anywhere; the outputs are the same for every cut.
    fn handle(&mut self, now: SimTime, input: Input<'_>, out: &mut Outbox<Self::Event>);

    /// When the session wants [`Input::Timeout`], if at all. An earlier one is ignored.
    fn deadline(&self) -> Option<SimTime>;
}

/// What can happen to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input<'a> {
    /// The connection stands.
    Opened,
    /// The peer's next octets.
    Bytes(&'a [u8]),
    /// The peer will send no more, or the connection is gone.
    Eof,
    /// The [`Session::deadline`] has come.
    Timeout,
}

/// One output of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output<E> {
    /// Octets for the peer.
    Send(Bytes),
    /// News for the owner.
    Event(E),
    /// Close the connection in order, after what was sent before (FIN).
    Close,
    /// Drop the connection at once (RST).
    Abort,
}

/// The ordered outputs of a session. Octets sent one after the other come out as one piece.
#[derive(Debug)]
pub struct Outbox<E> {
    outputs: Vec<Output<E>>,
    unsent: BytesMut,
}

impl<E> Default for Outbox<E> {
    fn default() -> Self {
        Outbox { outputs: Vec::new(), unsent: BytesMut::new() }
    }
}

impl<E> Outbox<E> {
    /// An empty outbox.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends `octets` to the peer.
    pub fn send(&mut self, octets: impl AsRef<[u8]>) {
        let octets = octets.as_ref();
        if self.unsent.capacity() - self.unsent.len() < octets.len() {
            self.unsent.reserve(octets.len().max(BLOCK_OCTETS));
        }
        self.unsent.extend_from_slice(octets);
    }

    /// Sends a large piece without copying it.
    pub fn send_bytes(&mut self, octets: Bytes) {
        if !octets.is_empty() {
            self.flush();
            self.outputs.push(Output::Send(octets));
        }
    }

    /// Tells the owner.
    pub fn event(&mut self, event: E) {
        self.flush();
        self.outputs.push(Output::Event(event));
    }

    /// Closes the connection after what was sent.
    pub fn close(&mut self) {
        self.flush();
        self.outputs.push(Output::Close);
    }

    /// Drops the connection.
    pub fn abort(&mut self) {
        self.flush();
        self.outputs.push(Output::Abort);
    }

    /// Takes all outputs, in order. The outbox keeps its memory for the next input.
    pub fn drain(&mut self) -> std::vec::Drain<'_, Output<E>> {
        self.flush();
        self.outputs.drain(..)
    }

    /// Takes all outputs, in order, as [`Outbox::drain`], into `outputs`, which is empty: so that more
    /// may come while they are carried away.
    pub(crate) fn take_into(&mut self, outputs: &mut Vec<Output<E>>) {
        self.flush();
        std::mem::swap(&mut self.outputs, outputs);
    }

    fn flush(&mut self) {
        if !self.unsent.is_empty() {
            self.outputs.push(Output::Send(self.unsent.split().freeze()));
        }
    }
}

/// Small pieces are written into memory of this size: replies and commands share it.
const BLOCK_OCTETS: usize = 256;

/// So that `write!(out, ...)` writes to the peer.
impl<E> std::fmt::Write for Outbox<E> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.send(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_between_events_are_one_piece_in_order() {
        let mut out = Outbox::new();
        out.send("a");
        out.send("b");
        out.event(1);
        out.send("c");
        out.close();
        let all: Vec<_> = out.drain().collect();
        assert_eq!(
            all,
            [
                Output::Send(Bytes::from_static(b"ab")),
                Output::Event(1),
                Output::Send(Bytes::from_static(b"c")),
                Output::Close
            ]
        );
        assert_eq!(out.drain().count(), 0);
    }
}

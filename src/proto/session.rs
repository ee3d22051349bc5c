//! The shape of every protocol session: bytes and time in, bytes and events out.
//!
//! A session pushes its outputs, in order, while it handles an input. Nothing is left to drain
//! later, and the line of the `match` that changes the state is the line that says what is sent.

use std::collections::VecDeque;

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
    items: VecDeque<Item<E>>,
    /// The octets of [`Item::Text`], one after the other, and then those that are in no item yet. Whoever
    /// takes several pieces that stand side by side here has them as one without copying them.
    text: BytesMut,
    /// How many octets are in no item yet.
    loose: usize,
}

/// What an outbox holds in a place of its order.
#[derive(Debug)]
pub(crate) enum Item<E> {
    /// So many octets for the peer, to be had with [`Outbox::take_text`].
    Text(usize),
    /// A large piece for the peer.
    Large(Bytes),
    /// As [`Output::Event`].
    Event(E),
    /// As [`Output::Close`].
    Close,
    /// As [`Output::Abort`].
    Abort,
}

impl<E> Default for Outbox<E> {
    fn default() -> Self {
        Outbox { items: VecDeque::new(), text: BytesMut::new(), loose: 0 }
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
        if self.text.capacity() - self.text.len() < octets.len() {
            self.text.reserve(octets.len().max(BLOCK_OCTETS));
        }
        self.text.extend_from_slice(octets);
        self.loose += octets.len();
    }

    /// Sends a piece of its own, without copying it where it is large.
    pub fn send_bytes(&mut self, octets: Bytes) {
        if octets.is_empty() {
            return;
        }
        self.flush();
        if octets.len() < LARGE_OCTETS {
            self.send(octets);
            self.flush();
        } else {
            self.items.push_back(Item::Large(octets));
        }
    }

    /// Tells the owner.
    pub fn event(&mut self, event: E) {
        self.flush();
        self.items.push_back(Item::Event(event));
    }

    /// Closes the connection after what was sent.
    pub fn close(&mut self) {
        self.flush();
        self.items.push_back(Item::Close);
    }

    /// Drops the connection.
    pub fn abort(&mut self) {
        self.flush();
        self.items.push_back(Item::Abort);
    }

    /// Takes all outputs, in order. The outbox keeps its memory for the next input.
    pub fn drain(&mut self) -> Drain<'_, E> {
        Drain { outbox: self }
    }

    /// The next output, if there is one. More may come before the one after it is taken.
    pub(crate) fn next(&mut self) -> Option<Item<E>> {
        if self.items.is_empty() {
            self.flush();
        }
        self.items.pop_front()
    }

    /// The octets of the items of text that were taken last, so many as they are together.
    pub(crate) fn take_text(&mut self, octets: usize) -> Bytes {
        self.text.split_to(octets).freeze()
    }

    fn flush(&mut self) {
        if self.loose > 0 {
            self.items.push_back(Item::Text(std::mem::take(&mut self.loose)));
        }
    }
}

/// All outputs of an outbox, in order. Those that are not taken are gone.
#[derive(Debug)]
pub struct Drain<'a, E> {
    outbox: &'a mut Outbox<E>,
}

impl<E> Iterator for Drain<'_, E> {
    type Item = Output<E>;

    fn next(&mut self) -> Option<Output<E>> {
        Some(match self.outbox.next()? {
            Item::Text(octets) => Output::Send(self.outbox.take_text(octets)),
            Item::Large(octets) => Output::Send(octets),
            Item::Event(event) => Output::Event(event),
            Item::Close => Output::Close,
            Item::Abort => Output::Abort,
        })
    }
}

impl<E> Drop for Drain<'_, E> {
    fn drop(&mut self) {
        self.outbox.items.clear();
        self.outbox.text.clear();
        self.outbox.loose = 0;
    }
}

/// Small pieces are written into memory of this size: replies and commands share it.
const BLOCK_OCTETS: usize = 256;

/// From this size on a piece is sent as it is.
pub(crate) const LARGE_OCTETS: usize = 1_024;

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

//! TLS without the cargo feature `tls`: types without values, so that nobody can have TLS and those
//! who could use it need not know.

use crate::engine::{Epoch, SimTime, Stream};
use crate::proto::{Input, Outbox, Session};

use super::event::TlsEvent;

/// What a server would be configured with.
#[derive(Debug, Clone)]
pub enum TlsServer {}

/// What a client would be configured with.
#[derive(Debug, Clone)]
pub enum TlsClient {}

/// One end of TLS on one connection.
#[derive(Debug)]
pub enum TlsSession {}

impl TlsSession {
    /// A server's end.
    pub fn server(config: &TlsServer, _: Epoch, _: Stream) -> Self {
        match *config {}
    }

    /// A client's end.
    pub fn client(config: &TlsClient, _: &str, _: Epoch, _: Stream) -> Self {
        match *config {}
    }

    /// Whether both ends are agreed.
    pub fn is_open(&self) -> bool {
        match *self {}
    }

    /// Encrypts `plaintext` for the peer.
    pub fn send(&mut self, _: SimTime, _: &[u8], _: &mut Outbox<TlsEvent>) {
        match *self {}
    }

    /// Tells the peer that no more is sent.
    pub fn close(&mut self, _: SimTime, _: &mut Outbox<TlsEvent>) {
        match *self {}
    }
}

impl Session for TlsSession {
    type Event = TlsEvent;

    fn handle(&mut self, _: SimTime, _: Input<'_>, _: &mut Outbox<TlsEvent>) {
        match *self {}
    }

    fn deadline(&self) -> Option<SimTime> {
        match *self {}
    }
}

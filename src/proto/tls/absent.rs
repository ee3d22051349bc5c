//! TLS without the cargo feature `tls`: types without values, so that nobody can have TLS and those
//! who could use it need not know.
//!
//! That they have none is known in here alone: for the rest of the crate, the code that uses TLS is as
//! good as any.

use std::convert::Infallible;

use crate::engine::{Epoch, SimTime, Stream};
use crate::proto::{Input, Outbox, Session};

use super::event::TlsEvent;

/// What a server would be configured with.
#[derive(Debug, Clone)]
pub struct TlsServer(Infallible);

/// What a client would be configured with.
#[derive(Debug, Clone)]
pub struct TlsClient(Infallible);

/// One end of TLS on one connection.
#[derive(Debug)]
pub struct TlsSession(Infallible);

impl TlsSession {
    /// A server's end.
    pub fn server(config: &TlsServer, _: Epoch, _: Stream) -> Self {
        match config.0 {}
    }

    /// A client's end.
    pub fn client(config: &TlsClient, _: &str, _: Epoch, _: Stream) -> Self {
        match config.0 {}
    }

    /// Whether both ends are agreed.
    pub fn is_open(&self) -> bool {
        match self.0 {}
    }

    /// Encrypts `plaintext` for the peer.
    pub fn send(&mut self, _: SimTime, _: &[u8], _: &mut Outbox<TlsEvent>) {
        match self.0 {}
    }

    /// Tells the peer that no more is sent.
    pub fn close(&mut self, _: SimTime, _: &mut Outbox<TlsEvent>) {
        match self.0 {}
    }
}

impl Session for TlsSession {
    type Event = TlsEvent;

    fn handle(&mut self, _: SimTime, _: Input<'_>, _: &mut Outbox<TlsEvent>) {
        match self.0 {}
    }

    fn deadline(&self) -> Option<SimTime> {
        match self.0 {}
    }
}

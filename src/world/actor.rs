//! What runs on a host: a small closed set of events comes in, a [`Ctx`] lets it act.

use std::net::SocketAddr;

use bytes::Bytes;

use crate::net::Trouble;
use crate::net::tcp::CloseReason;
use crate::proto::imap::MailboxId;

use super::{Ctx, Outside};

/// A program on a host: a name server, a resolver, an MTA, a mail client.
///
/// An actor owns its state; it learns of the world by events alone, and it is gone when its host
/// crashes. What has to survive that is on the host's disk ([`Ctx::disk`]).
pub trait Actor: Send {
    /// The host came up: bind ports, set timers. Called again on a new actor after a restart.
    fn start(&mut self, ctx: &mut Ctx<'_>);

    /// Something happened.
    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>);
}

/// Makes an actor, at the start of the run and again after each restart of its host.
pub type Spawn = Box<dyn Fn() -> Box<dyn Actor> + Send + Sync>;

/// What an actor sees.
#[derive(Debug)]
pub enum Event {
    /// A UDP datagram for a port that the actor bound.
    Datagram {
        /// Who sent it.
        from: SocketAddr,
        /// The address and port of this host that it was sent to.
        to: SocketAddr,
        /// What it carries.
        payload: Bytes,
    },
    /// A datagram that was sent from this port came to nothing, as a router or its host says.
    Unreachable {
        /// The address and port of this host.
        from: SocketAddr,
        /// Where it was to go.
        to: SocketAddr,
        /// Why.
        trouble: Trouble,
    },
    /// News of a TCP connection.
    Stream(ConnId, StreamEvent),
    /// A time set with [`Ctx::set_timer`] has come.
    Timer(TimerToken),
    /// Another actor of this host gave a signal.
    Signal(Signal),
    /// Something came in from outside the world.
    Outside(Outside),
}

/// News of a TCP connection.
#[derive(Debug, PartialEq, Eq)]
pub enum StreamEvent {
    /// A peer connected to a port that the actor listens on.
    Accepted {
        /// This host's end.
        local: SocketAddr,
        /// The peer's end.
        peer: SocketAddr,
    },
    /// The connection that the actor asked for stands.
    Opened,
    /// The next octets of the peer, in order.
    Data(Bytes),
    /// The peer will send no more.
    Eof,
    /// The connection is gone. Nothing follows.
    Closed(CloseReason),
}

/// What actors of one host tell each other: they share a disk, not memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// A message was put into this mailbox.
    Delivered(MailboxId),
}

/// A connection, by the number its host gave it. Not used again after the connection is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId {
    pub(super) slot: u32,
    pub(super) generation: u32,
}

/// What a timer is for, in the actor's own numbering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimerToken(pub u64);

impl TimerToken {
    /// The timer of a connection, one for each `kind` an actor tells apart.
    pub fn of_connection(kind: u8, connection: ConnId) -> Self {
        let generation = u64::from(connection.generation & 0xff_ffff);
        TimerToken(u64::from(kind) << 56 | generation << 32 | u64::from(connection.slot))
    }

    /// The kind and the connection of a token made by [`TimerToken::of_connection`].
    pub fn connection(self) -> (u8, ConnId) {
        let generation = (self.0 >> 32) as u32 & 0xff_ffff;
        ((self.0 >> 56) as u8, ConnId { slot: self.0 as u32, generation })
    }
}

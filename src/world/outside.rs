//! The border of a world: what comes in from outside of it, and what goes out.
//!
//! A world that is served to real programs has a host that stands for the outside, the gateway. What a
//! real program sends is an [`Outside`] event at that host ([`World::outside`](super::World::outside)),
//! at a simulated time and with an origin of its own, so that the same list of inputs always gives the
//! same history. What is meant for the real program is an [`Inside`] entry of the world's outbox
//! ([`World::take_outbox`](super::World::take_outbox)). The world knows of no socket and no clock.
//!
//! Orders are what somebody at the console of a host does: they are for all programs of the host, and
//! each does what it understands.

use std::fmt;
use std::net::SocketAddr;

use bytes::Bytes;

use crate::net::NodeId;
use crate::net::tcp::CloseReason;
use crate::proto::misbehaviour::AnyRule;

use super::{Actor, ConnId, Ctx};

/// A connection that crosses the border. Numbers are not used twice in a run; those with the highest
/// bit set are given inside, the others outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Door(pub u64);

/// Datagrams that cross the border between two parties, numbered as doors are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flow(pub u64);

impl Door {
    /// Set in numbers that are given inside.
    pub const INSIDE: u64 = 1 << 63;
}

/// What comes in.
#[derive(Debug, Clone)]
pub enum Outside {
    /// Somebody outside wants to be connected to a simulated address.
    Connect {
        /// By this door.
        door: Door,
        /// To there.
        to: SocketAddr,
    },
    /// The next octets from outside.
    Octets {
        /// By this door.
        door: Door,
        /// The octets.
        octets: Bytes,
    },
    /// The outside will send no more.
    Eof {
        /// By this door.
        door: Door,
    },
    /// The outside is gone.
    Reset {
        /// From this door.
        door: Door,
    },
    /// The outside has taken so many octets of those that went out.
    Taken {
        /// By this door.
        door: Door,
        /// How many more.
        octets: u64,
    },
    /// A datagram from outside.
    Datagram {
        /// Between whom.
        flow: Flow,
        /// To this simulated address.
        to: SocketAddr,
        /// What it carries.
        payload: Bytes,
    },
    /// A datagram that answers one that went out.
    Answer {
        /// Between whom.
        flow: Flow,
        /// What it carries.
        payload: Bytes,
    },
    /// An order to the programs of a host.
    Order(Order),
}

/// What is asked of the programs of a host.
#[derive(Debug, Clone)]
pub enum Order {
    /// The MTA is to try all that it has queued, or all for one domain.
    Flush {
        /// The domain, in lower case.
        domain: Option<String>,
    },
    /// The server that it is for is to keep to this rule.
    Misbehave {
        /// What the rule is called.
        fault: u64,
        /// The rule.
        rule: AnyRule,
    },
    /// The mailbox server is to lose the index of a mailbox, and number its messages anew under
    /// another UIDVALIDITY.
    RebuildIndex {
        /// Whose, by login name.
        user: String,
        /// Which, in UTF-8.
        mailbox: String,
    },
    /// What was ordered under this number ends.
    Cease {
        /// The number.
        fault: u64,
    },
}

/// What goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inside {
    /// A simulated host has connected to an address that stands for the outside.
    Accepted {
        /// By this door.
        door: Door,
        /// The gateway's number of the connection.
        connection: ConnId,
        /// The address that it connected to.
        to: SocketAddr,
        /// The host's end.
        peer: SocketAddr,
    },
    /// The connection that was asked for stands.
    Opened {
        /// The door.
        door: Door,
        /// The host's number of it.
        connection: ConnId,
    },
    /// The next octets for the outside.
    Octets {
        /// By this door.
        door: Door,
        /// The octets.
        octets: Bytes,
    },
    /// Nothing more will come.
    Eof {
        /// By this door.
        door: Door,
    },
    /// The connection is gone. Nothing follows.
    Closed {
        /// The door.
        door: Door,
        /// How it ended.
        reason: CloseReason,
    },
    /// A datagram that answers one from outside.
    Datagram {
        /// Between whom.
        flow: Flow,
        /// What it carries.
        payload: Bytes,
    },
    /// A datagram of a simulated host to an address that stands for the outside.
    Asked {
        /// Between whom.
        flow: Flow,
        /// The address that it was sent to.
        to: SocketAddr,
        /// What it carries.
        payload: Bytes,
    },
    /// The flow was idle, or had to make room.
    Over {
        /// The flow.
        flow: Flow,
    },
}

/// An entry of the outbox: from which host, and what.
pub type Departure = (NodeId, Inside);

impl Outside {
    /// What the fingerprint counts: which kind, and the octets.
    pub(super) fn trace(&self) -> (u32, &[u8]) {
        match self {
            Outside::Connect { .. } => (0, &[]),
            Outside::Octets { octets, .. } => (1, octets),
            Outside::Eof { .. } => (2, &[]),
            Outside::Reset { .. } => (3, &[]),
            Outside::Taken { .. } => (4, &[]),
            Outside::Datagram { payload, .. } => (5, payload),
            Outside::Answer { payload, .. } => (6, payload),
            Outside::Order(Order::Flush { domain }) => {
                (7, domain.as_deref().unwrap_or_default().as_bytes())
            }
            Outside::Order(Order::Misbehave { .. }) => (8, &[]),
            Outside::Order(Order::Cease { .. }) => (9, &[]),
            Outside::Order(Order::RebuildIndex { user, .. }) => (10, user.as_bytes()),
        }
    }
}

/// Something done once on a host, as by somebody at its console.
pub type Act = Box<dyn FnOnce(&mut Ctx<'_>) + Send>;

/// What an intruder brings to a host: the form in which the event queue holds it.
pub(super) enum Visit {
    Outside(Outside),
    Act(Act),
    /// A program that runs until the host crashes.
    Program(Box<dyn Actor>),
}

impl fmt::Debug for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Visit::Outside(outside) => outside.fmt(f),
            Visit::Act(_) => f.write_str("Act"),
            Visit::Program(_) => f.write_str("Program"),
        }
    }
}

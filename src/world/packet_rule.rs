//! Rules about single packets: "drop packet 7 of this connection".
//!
//! A rule is judged where a packet leaves its host, before any link sees it. It costs a host without
//! rules one branch.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use crate::net::tcp::Flags;
use crate::net::{Body, NodeId, Packet};

use super::stack::Transport;

/// Which packets of a host a fault strikes, and what becomes of them. `H` names hosts: in a world by
/// their ids, in a plan by their names.
#[derive(Debug, Clone, PartialEq)]
pub struct PacketRule<H = NodeId> {
    /// The host that sends them.
    pub from: H,
    /// The host that they are for; `None`: any.
    pub to: Option<H>,
    /// UDP or TCP; `None`: both.
    pub protocol: Option<Transport>,
    /// The port at either end; `None`: any.
    pub port: Option<u16>,
    /// TCP flags, all of which are set; [`Flags::NONE`]: any.
    pub flags: Flags,
    /// Only the packet of this number.
    pub number: Option<PacketNumber>,
    /// Only so many of those that fit, the first ones.
    pub first: Option<u64>,
    /// Which share of those that fit, 0 to 1; each draws.
    pub share: f64,
    /// What becomes of them.
    pub verdict: PacketVerdict,
}

/// The number of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PacketNumber {
    /// Among all that the host sends in a run, from 1: see
    /// [`World::packets_sent`](super::World::packets_sent).
    OfHost(u64),
    /// Among those that the host sends in one direction of a connection, or between one port and
    /// another by UDP, from 1. Counted while the rule is there; a SYN is always number 1, also when
    /// it is sent again.
    OfFlow(u64),
}

/// What becomes of a packet that a rule strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PacketVerdict {
    /// It is lost.
    Drop,
    /// It leaves twice.
    Duplicate,
    /// It leaves so much later; others overtake it.
    Delay(Duration),
    /// A bit is flipped, so that its receiver drops it.
    Corrupt,
    /// It is dropped, and both ends of its connection get a RST in the other's name, as from a
    /// censor's box on the way. A datagram is dropped.
    Reset,
}

impl<H> PacketRule<H> {
    /// The same rule with its hosts named otherwise.
    pub fn map<J>(&self, name: impl Fn(&H) -> J) -> PacketRule<J> {
        let PacketRule { from, to, protocol, port, flags, number, first, share, verdict } = self;
        PacketRule {
            from: name(from),
            to: to.as_ref().map(&name),
            protocol: *protocol,
            port: *port,
            flags: *flags,
            number: *number,
            first: *first,
            share: *share,
            verdict: *verdict,
        }
    }
}

impl PacketRule {
    /// Drops all packets of a host: the fields that are to say less than that remain to be set.
    pub fn drop(from: NodeId) -> Self {
        PacketRule {
            from,
            to: None,
            protocol: None,
            port: None,
            flags: Flags::NONE,
            number: None,
            first: None,
            share: 1.0,
            verdict: PacketVerdict::Drop,
        }
    }

    /// Drops the packet of that number among all that the host sends in the run, from 1.
    pub fn drop_nth(from: NodeId, number: u64) -> Self {
        PacketRule { number: Some(PacketNumber::OfHost(number)), ..PacketRule::drop(from) }
    }

    /// Whether a packet for that host is one of those it is about, its number aside.
    pub(super) fn fits(&self, to: NodeId, packet: &Packet) -> bool {
        let (protocol, flags) = match packet.intact() {
            Body::Tcp(segment) => (Transport::Tcp, segment.flags),
            _ => (Transport::Udp, Flags::NONE),
        };
        let has = |port| [packet.ends.from_port(), packet.ends.to_port()].contains(&port);
        self.to.is_none_or(|host| host == to)
            && self.protocol.is_none_or(|wanted| wanted == protocol)
            && self.port.is_none_or(has)
            && flags.contains(self.flags)
    }
}

/// The direction of a conversation that a packet belongs to.
pub(super) type Flow = (Transport, SocketAddr, SocketAddr);

/// As [`super::Fact::Altered`] tells it.
impl fmt::Display for PacketVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PacketVerdict::Drop => f.write_str("dropped"),
            PacketVerdict::Duplicate => f.write_str("duplicated"),
            PacketVerdict::Delay(delay) => write!(f, "delayed by {delay:?}"),
            PacketVerdict::Corrupt => f.write_str("corrupted"),
            PacketVerdict::Reset => f.write_str("answered with RST at both ends"),
        }
    }
}

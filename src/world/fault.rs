//! Faults: what goes wrong with hosts and links, from a time to a time.
//!
//! A fault begins ([`World::begin`](super::World::begin)), holds what it is about, and ends
//! ([`World::end`](super::World::end)). Several may hold the same host or link; the
//! `ledger` knows which, and what comes of them together.
//!
//! A new kind of fault is a variant here, what it does to a host or link in the ledger (`OnNode`,
//! `OnLink`), and a line in `settle_node` or `settle_link`, which bring the world to what the ledger
//! says. Begin, end and stacking are the same for all.

use std::time::Duration;

use crate::net::{LinkId, LinkPatch, NodeId, Ways};

use super::ailment::Ailment;
use super::packet_rule::PacketRule;
use super::partition::Partition;

/// Names a fault of a world, in the order in which they were ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FaultId(pub(super) u64);

/// What goes wrong for as long as the fault lasts.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// The host stops: memory and connections are gone, its disk is kept. It answers nothing. When
    /// no fault holds it any more it comes up with new actors. A router that stops forwards nothing,
    /// and routes avoid it.
    Crash(NodeId),
    /// A host is ailing. A router has nothing that could be.
    Ail {
        /// The host.
        host: NodeId,
        /// What is wrong with it.
        ailment: Ailment,
    },
    /// These links swallow what is sent on them, in these directions; routes avoid them. What is
    /// under way arrives.
    Cut {
        /// The links.
        links: Vec<LinkId>,
        /// In which directions, each from the link's own first end.
        ways: Ways,
    },
    /// A link is like this where the patches say so, in the direction from its first end and from its
    /// second, and routes take its new delay. What later faults say of it is laid on top. What is
    /// under way arrives as it would have.
    Change {
        /// The link.
        link: LinkId,
        /// What is different.
        patches: Box<[LinkPatch; 2]>,
    },
    /// These links keep what is sent on them, in these directions, until no fault holds them any more:
    /// then it goes on in order. What their queue has no room for is lost. Routes do not avoid them.
    Hold {
        /// The links.
        links: Vec<LinkId>,
        /// In which directions, each from the link's own first end.
        ways: Ways,
    },
    /// These links are cut and healed again and again, beginning with a cut.
    Flap(Flap),
    /// Groups of hosts do not reach each other.
    Partition(Partition),
    /// Single packets of a host are struck.
    Packet(PacketRule),
}

/// How links flap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flap {
    /// The links, all at the same time.
    pub links: Vec<LinkId>,
    /// In which directions, each from the link's own first end.
    pub ways: Ways,
    /// How long they are cut at a time.
    pub down: Duration,
    /// How long they carry in between.
    pub up: Duration,
    /// Whether each time is drawn, exponentially and with those means, and not always the same. The
    /// draws are of the stream `link a-b flap`, by the ends of the first link.
    pub drawn: bool,
}

//! What all nodes know of the network: who is where, and the way there.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::{Epoch, Seed};
use crate::net::{AddressBook, NodeId, Packet, Routes, Topology, Unreachable};

use super::fault::FaultId;
use super::names::Names;
use super::part::Places;
use super::partition::Partition;

/// The part of a world that every node reads and only a [`Control`](super::control::Control) changes.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) seed: Seed,
    pub(crate) epoch: Epoch,
    pub(crate) names: Names,
    pub(crate) addresses: AddressBook,
    pub(crate) topology: Topology,
    /// In which part each node stands.
    pub(crate) places: Places,
    /// What routers know of it.
    pub(crate) routes: Routes,
    /// How long they take to come to know of a change.
    pub(crate) convergence: Duration,
    /// What becomes of packets that cannot be delivered.
    pub(crate) unreachable: Unreachable,
    /// In the order in which they began.
    pub(crate) partitions: Vec<(FaultId, Arc<Partition>)>,
    /// Packets from and to this host take no time on links.
    pub(crate) hurried: Option<NodeId>,
}

impl Network {
    /// Whether a partition swallows what one host sends to another.
    pub(crate) fn are_parted(&self, from: NodeId, to: NodeId) -> bool {
        self.partitions.iter().any(|(_, partition)| partition.parts(from, to))
    }

    pub(crate) fn name(&self, node: NodeId) -> &str {
        self.names.name(node)
    }

    /// Over how many routers packets go from one host to another at present; 0 where there is no way.
    pub(crate) fn routers_between(&self, from: NodeId, to: NodeId) -> u8 {
        let (mut at, mut routers) = (from, 0_u8);
        while at != to {
            let Some(port) = self.routes.next_port(at, to) else { return 0 };
            at = self.topology.peer(at, port);
            if at != to {
                routers = routers.saturating_add(1);
            }
            if routers == u8::MAX {
                break;
            }
        }
        routers
    }

    /// Whether the packet is of the host whose packets take no time.
    pub(crate) fn is_hurried(&self, destination: NodeId, packet: &Packet) -> bool {
        self.hurried.is_some_and(|host| {
            destination == host || self.addresses.owner(packet.ends.from_ip()) == Some(host)
        })
    }
}

//! What all nodes know of the network: who is where, and the way there.

use crate::engine::{Epoch, Seed};
use crate::net::{AddressBook, NodeId, Routes, Topology};

/// The part of a world that every node reads and only a [`super::Control`] changes.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) seed: Seed,
    pub(crate) epoch: Epoch,
    /// Of all nodes, hosts first.
    pub(crate) names: Vec<String>,
    pub(crate) addresses: AddressBook,
    pub(crate) topology: Topology,
    pub(crate) routes: Routes,
}

impl Network {
    pub(crate) fn name(&self, node: NodeId) -> &str {
        &self.names[node.index()]
    }
}

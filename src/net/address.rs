//! Which host has which address.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::engine::HashState;

use super::NodeId;

/// The addresses of all hosts. Built once, then only looked up: it is never walked, so that its
/// hash order shows nowhere.
#[derive(Debug, Clone, Default)]
pub struct AddressBook {
    owners: HashMap<IpAddr, NodeId, HashState>,
}

impl AddressBook {
    /// Gives `address` to `node`; hands back the node that has it already, and changes nothing then.
    pub fn assign(&mut self, address: IpAddr, node: NodeId) -> Result<(), NodeId> {
        match self.owners.get(&address) {
            Some(owner) => Err(*owner),
            None => {
                self.owners.insert(address, node);
                Ok(())
            }
        }
    }

    /// The node that has this address.
    pub fn owner(&self, address: IpAddr) -> Option<NodeId> {
        self.owners.get(&address).copied()
    }
}

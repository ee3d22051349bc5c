//! Which host has which address, and the addresses of one host.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Deref;

use crate::engine::HashState;

use super::NodeId;

/// The addresses of all hosts. Built once, then only looked up: it is never walked, so that its
/// hash order shows nowhere.
#[derive(Debug, Clone, Default)]
pub struct AddressBook {
    // Apart, so that the many of version 4 take no more room than they need.
    v4: HashMap<Ipv4Addr, NodeId, HashState>,
    v6: HashMap<Ipv6Addr, NodeId, HashState>,
}

impl AddressBook {
    /// Gives `address` to `node`; hands back the node that has it already, and changes nothing then.
    pub fn assign(&mut self, address: IpAddr, node: NodeId) -> Result<(), NodeId> {
        if let Some(owner) = self.owner(address) {
            return Err(owner);
        }
        match address {
            IpAddr::V4(address) => self.v4.insert(address, node),
            IpAddr::V6(address) => self.v6.insert(address, node),
        };
        Ok(())
    }

    /// Gives back the room for more addresses.
    pub fn shrink_to_fit(&mut self) {
        self.v4.shrink_to_fit();
        self.v6.shrink_to_fit();
    }

    /// The node that has this address.
    #[inline]
    pub fn owner(&self, address: IpAddr) -> Option<NodeId> {
        match address {
            IpAddr::V4(address) => self.v4.get(&address).copied(),
            IpAddr::V6(address) => self.v6.get(&address).copied(),
        }
    }
}

/// The addresses of one host, in their order. One of them, as most hosts have, needs no room beside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Addresses {
    /// The only one.
    One([IpAddr; 1]),
    /// Any number of them.
    Many(Box<[IpAddr]>),
}

impl Addresses {
    /// Adds one at the end.
    pub fn push(&mut self, address: IpAddr) {
        *self = match &**self {
            [] => Addresses::One([address]),
            before => Addresses::Many(before.iter().copied().chain([address]).collect()),
        };
    }
}

/// None.
impl Default for Addresses {
    fn default() -> Self {
        Addresses::Many(Box::default())
    }
}

impl Deref for Addresses {
    type Target = [IpAddr];

    #[inline]
    fn deref(&self) -> &[IpAddr] {
        match self {
            Addresses::One(address) => address,
            Addresses::Many(addresses) => addresses,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_owner() {
        let mut book = AddressBook::default();
        let [v4, v6] = ["192.0.2.1", "2001:db8::1"].map(|text| text.parse::<IpAddr>().unwrap());
        for address in [v4, v6] {
            assert_eq!(book.owner(address), None);
            assert_eq!(book.assign(address, NodeId(1)), Ok(()));
            assert_eq!(book.assign(address, NodeId(2)), Err(NodeId(1)));
            assert_eq!(book.owner(address), Some(NodeId(1)));
        }
    }

    #[test]
    fn addresses_keep_their_order() {
        let all: Vec<IpAddr> = (1..=3).map(|last| [192, 0, 2, last].into()).collect();
        let mut addresses = Addresses::default();
        for count in 0..3 {
            assert_eq!(*addresses, all[..count]);
            addresses.push(all[count]);
        }
        assert_eq!(*addresses, all);
        assert!(size_of::<Addresses>() <= 24, "{}", size_of::<Addresses>());
    }
}

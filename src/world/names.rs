//! What hosts and routers are called.

use foldhash::fast::FixedState;
use indexmap::IndexSet;

use crate::net::NodeId;

/// The names of all nodes, hosts first: by node, and the other way round. What is walked is the order
/// in which they were added; hashes show nowhere.
#[derive(Debug, Default)]
pub(crate) struct Names {
    hosts: IndexSet<Box<str>, FixedState>,
    routers: IndexSet<Box<str>, FixedState>,
}

/// A node while it is not known how many hosts there will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The host of that number.
    Host(u32),
    /// The router of that number.
    Router(u32),
}

impl Names {
    /// Adds a host; false when a node has that name.
    #[must_use]
    pub(crate) fn add_host(&mut self, name: &str) -> bool {
        !self.routers.contains(name) && self.hosts.insert(name.into())
    }

    /// Adds a router; false when a node has that name.
    #[must_use]
    pub(crate) fn add_router(&mut self, name: &str) -> bool {
        !self.hosts.contains(name) && self.routers.insert(name.into())
    }

    /// Gives back the room for more names.
    pub(crate) fn shrink_to_fit(&mut self) {
        self.hosts.shrink_to_fit();
        self.routers.shrink_to_fit();
    }

    /// How many hosts there are.
    pub(crate) fn hosts(&self) -> usize {
        self.hosts.len()
    }

    /// How many routers there are.
    pub(crate) fn routers(&self) -> usize {
        self.routers.len()
    }

    /// The place of the node of that name.
    pub(crate) fn place(&self, name: &str) -> Option<Place> {
        match self.hosts.get_index_of(name) {
            Some(host) => Some(Place::Host(host as u32)),
            None => self.routers.get_index_of(name).map(|router| Place::Router(router as u32)),
        }
    }

    /// The node of a place, when all hosts are there.
    pub(crate) fn node_at(&self, place: Place) -> NodeId {
        match place {
            Place::Host(host) => NodeId(host),
            Place::Router(router) => NodeId(self.hosts.len() as u32 + router),
        }
    }

    /// The node of that name.
    pub(crate) fn node(&self, name: &str) -> Option<NodeId> {
        self.place(name).map(|place| self.node_at(place))
    }

    /// The name of a node.
    ///
    /// # Panics
    /// When there is no such node.
    pub(crate) fn name(&self, node: NodeId) -> &str {
        match node.index().checked_sub(self.hosts.len()) {
            None => &self.hosts[node.index()],
            Some(router) => &self.routers[router],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_come_first_whenever_they_are_added() {
        let mut names = Names::default();
        assert!(names.add_host("a") && names.add_router("r") && names.add_host("b"));
        assert!(!names.add_host("r") && !names.add_router("b") && !names.add_host("a"));
        assert_eq!(names.place("r"), Some(Place::Router(0)));
        assert_eq!((names.node("b"), names.node("r")), (Some(NodeId(1)), Some(NodeId(2))));
        assert_eq!((names.name(NodeId(1)), names.name(NodeId(2))), ("b", "r"));
        assert_eq!(names.node("c"), None);
    }
}

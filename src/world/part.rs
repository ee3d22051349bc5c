//! A part of a world: some of its nodes, with what is due at them.
//!
//! Nothing in a part reaches into another one: what crosses over is a packet, which its [`Agenda`] puts
//! by. A world that runs on one thread is one part.

use crate::engine::{Key, SimTime};
use crate::net::{Loss, NodeId};

use super::host::Host;
use super::network::Network;
use super::node::{Agenda, Happening, Node, Scheduled};
use super::scratch::Scratch;

/// Some nodes and their queue.
#[derive(Default)]
pub(super) struct Part {
    pub(super) hosts: Vec<Host>,
    pub(super) routers: Vec<Router>,
    pub(super) agenda: Agenda,
    pub(super) scratch: Scratch,
    /// When its last event was.
    pub(super) now: SimTime,
    /// How many events were handled in it.
    pub(super) events: u64,
}

/// What forwards packets between links.
pub(super) struct Router {
    pub(super) node: Node,
    pub(super) up: bool,
}

/// Where each node stands.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// By the number of the node. Empty: all are in one part, in the order of their numbers.
    places: Box<[Place]>,
}

/// In which part a node stands, and at which place of it: its hosts first, then its routers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) part: u32,
    pub(super) slot: u32,
}

impl Places {
    /// Where it stands there.
    #[inline]
    pub(super) fn slot(&self, node: NodeId) -> usize {
        match self.places.is_empty() {
            true => node.index(),
            false => self.places[node.index()].slot as usize,
        }
    }

    /// In which part a node stands.
    pub(super) fn part(&self, node: NodeId) -> usize {
        self.places.get(node.index()).map_or(0, |place| place.part as usize)
    }
}

impl Part {
    /// Handles all events up to and with `last`. A host that has had an event which a crash waits for ends
    /// that early, and is handed back.
    pub(super) fn run(&mut self, network: &Network, last: SimTime) -> Option<NodeId> {
        while let Some((key, scheduled)) = self.agenda.queue.pop_until(last) {
            if let Some(trapped) = self.carry_out(network, key, scheduled) {
                return Some(trapped);
            }
        }
        None
    }

    /// Handles the next event, if there is one; hands back a host at which a crash waited for it.
    pub(super) fn step(&mut self, network: &Network) -> Option<NodeId> {
        let (key, scheduled) = self.agenda.queue.pop()?;
        self.carry_out(network, key, scheduled)
    }

    #[inline]
    fn carry_out(
        &mut self,
        network: &Network,
        key: Key,
        Scheduled { node, cause, happening }: Scheduled,
    ) -> Option<NodeId> {
        self.now = key.time;
        self.events += 1;
        let slot = network.places.slot(node);
        let Part { hosts, routers, agenda, scratch, .. } = self;
        match happening {
            Happening::Packet { destination, packet } if destination != node => {
                // Under way: routers forward, hosts do not.
                let router = slot.checked_sub(hosts.len());
                match router.and_then(|index| routers.get_mut(index)) {
                    Some(Router { node, up: true }) => {
                        node.forward(network, agenda, key.time, cause, destination, packet);
                    }
                    Some(Router { node, up: false }) => {
                        node.lose(agenda, key.time, cause, &packet, Loss::HostDown);
                    }
                    None => {
                        let host = &mut hosts[slot].state.node;
                        host.lose(agenda, key.time, cause, &packet, Loss::NoRoute);
                    }
                }
            }
            happening => {
                let host = &mut hosts[slot];
                host.handle(network, agenda, scratch, key.time, cause, happening);
                if host.state.events == host.state.trap {
                    return Some(node);
                }
            }
        }
        None
    }

    pub(super) fn host(&self, network: &Network, node: NodeId) -> &Host {
        &self.hosts[network.places.slot(node)]
    }

    pub(super) fn host_mut(&mut self, network: &Network, node: NodeId) -> &mut Host {
        &mut self.hosts[network.places.slot(node)]
    }

    /// A host or router.
    pub(super) fn node(&self, network: &Network, node: NodeId) -> Option<&Node> {
        let slot = network.places.slot(node);
        match slot.checked_sub(self.hosts.len()) {
            Some(router) => self.routers.get(router).map(|router| &router.node),
            None => Some(&self.hosts[slot].state.node),
        }
    }

    /// The same, with the agenda.
    pub(super) fn node_mut(&mut self, network: &Network, node: NodeId) -> (&mut Node, &mut Agenda) {
        let slot = network.places.slot(node);
        let node = match slot.checked_sub(self.hosts.len()) {
            Some(router) => &mut self.routers[router].node,
            None => &mut self.hosts[slot].state.node,
        };
        (node, &mut self.agenda)
    }

    /// All hosts, then all routers.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &Node> {
        let hosts = self.hosts.iter().map(|host| &host.state.node);
        hosts.chain(self.routers.iter().map(|router| &router.node))
    }
}

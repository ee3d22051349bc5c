//! A part of a world: some of its nodes, with what is due at them.
//!
//! Nothing in a part reaches into another one: what crosses over is a packet, which its [`Agenda`] puts
//! by. A world that runs on one thread is one part.

use crate::engine::{Key, SimTime};
use crate::net::{Loss, NodeId};

use super::capture::Captured;
use super::host::Host;
use super::network::Network;
use super::node::{Agenda, Happening, Node, Scheduled};
use super::record::Record;
use super::records::Records;
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
    /// Of several parts: which events have recorded anything, in order.
    pub(super) marks: Vec<Mark>,
    /// How much that is together.
    pub(super) marked: Kept,
    /// The last key, in the order of keys, of all events that it has had.
    pub(super) top: Key,
}

/// How much is kept for those who watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Kept {
    pub(super) records: usize,
    pub(super) packets: usize,
}

/// How much an event has recorded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    /// After which event of other parts it came: its own key, or that of an event before it. For an event
    /// may cause another one of the same moment whose key is smaller, and which comes at once.
    pub(super) key: Key,
    pub(super) kept: Kept,
}

/// What one of several parts has recorded.
pub(super) struct Recorded {
    pub(super) marks: std::vec::IntoIter<Mark>,
    pub(super) records: std::vec::IntoIter<Record>,
    pub(super) packets: std::vec::IntoIter<Captured>,
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
    places: Vec<Place>,
}

/// In which part a node stands, and at which place of it: its hosts first, then its routers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    part: u32,
    slot: u32,
}

impl Places {
    /// None yet, with room for so many.
    pub(super) fn with_capacity(nodes: usize) -> Self {
        Places { places: Vec::with_capacity(nodes) }
    }

    /// Where the next node stands.
    pub(super) fn push(&mut self, part: u32, slot: usize) {
        let slot = u32::try_from(slot).expect("fewer than 2^32 nodes");
        self.places.push(Place { part, slot });
    }

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

    /// As [`Part::run`], and no more than it takes to have had `most` events in all.
    pub(super) fn run_some(
        &mut self,
        network: &Network,
        last: SimTime,
        most: u64,
    ) -> Option<NodeId> {
        while self.events < most
            && let Some((key, scheduled)) = self.agenda.queue.pop_until(last)
        {
            let trapped = self.carry_out(network, key, scheduled);
            if trapped.is_some() {
                return trapped;
            }
        }
        None
    }

    /// Handles the next event if it comes up to and with `last`, and marks what it has recorded; `false` if
    /// it does not.
    pub(super) fn step_marked(&mut self, network: &Network, last: SimTime) -> bool {
        let Some((key, scheduled)) = self.agenda.queue.pop_until(last) else { return false };
        let trapped = self.carry_out(network, key, scheduled);
        debug_assert!(trapped.is_none(), "a world with traps is one part");
        self.mark(key);
        true
    }

    /// When its next event is, in nanoseconds; `u64::MAX` when there is none.
    pub(super) fn next_nanos(&self) -> u64 {
        self.agenda.queue.peek().map_or(u64::MAX, |key| key.time.as_nanos())
    }

    /// What was recorded since the last call was so by the event of this key.
    #[inline]
    fn mark(&mut self, key: Key) {
        self.top = self.top.max(key);
        let (key, all) = (self.top, self.kept());
        if all != self.marked {
            let records = all.records - self.marked.records;
            let packets = all.packets - self.marked.packets;
            self.marks.push(Mark { key, kept: Kept { records, packets } });
            self.marked = all;
        }
    }

    /// How much it keeps.
    pub(super) fn kept(&self) -> Kept {
        let Agenda { records, capture, .. } = &self.agenda;
        Kept {
            records: records.as_ref().map_or(0, |records| records.as_slice().len()),
            packets: capture.as_ref().map_or(0, |capture| capture.captured.len()),
        }
    }

    /// Takes what it keeps.
    pub(super) fn take_recorded(&mut self) -> Recorded {
        self.marked = Kept::default();
        let Agenda { records, capture, .. } = &mut self.agenda;
        let records = records.as_mut().map_or_else(Vec::new, Records::take);
        let packets = capture.as_mut().map_or_else(Vec::new, |of| std::mem::take(&mut of.captured));
        Recorded {
            marks: std::mem::take(&mut self.marks).into_iter(),
            records: records.into_iter(),
            packets: packets.into_iter(),
        }
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

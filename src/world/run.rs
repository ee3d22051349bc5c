//! The world and its loop.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::engine::{Epoch, Fingerprint, Key, Mark, Seed, SimTime, Trail};
use crate::net::tcp::Actions;
use crate::net::{Direction, LinkId, Loss, NodeId};

use super::capture::{Capture, Captured};
use super::disk::Disk;
use super::host::{Host, Status};
use super::ledger::Ledger;
use super::network::Network;
use super::node::{Agenda, Happening, Node, OUTSIDE_ORIGIN, Scheduled};
use super::outside::{Act, Departure, Outside, Visit};
use super::record::Record;
use super::records::Records;
use super::stack::Port;
use super::trap::Trap;
use super::{Actor, ConnId};

/// Everything there is, on one clock.
pub struct World {
    pub(super) network: Network,
    pub(super) hosts: Vec<Host>,
    pub(super) routers: Vec<Router>,
    pub(super) agenda: Agenda,
    pub(super) ledger: Ledger,
    pub(super) traps: BTreeMap<NodeId, Vec<Trap>>,
    pub(super) now: SimTime,
    pub(super) controls: u64,
    visits: u64,
    events: u64,
    pub(super) actions: Actions,
}

/// What forwards packets between links.
pub(super) struct Router {
    pub(super) node: Node,
    pub(super) up: bool,
}

/// Why a run stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Nothing is left to do.
    Idle,
    /// The horizon was reached, and there was more to do.
    Horizon,
}

impl World {
    pub(super) fn new(
        network: Network,
        hosts: Vec<Host>,
        routers: Vec<Node>,
        records: Option<Records>,
    ) -> Self {
        let mut world = World {
            network,
            hosts,
            routers: routers.into_iter().map(|node| Router { node, up: true }).collect(),
            agenda: Agenda { records, ..Agenda::default() },
            ledger: Ledger::default(),
            traps: BTreeMap::new(),
            now: SimTime::ZERO,
            controls: 0,
            visits: 0,
            events: 0,
            actions: Actions::default(),
        };
        let new = world.hosts.iter_mut().filter(|host| host.state.status == Status::New);
        for host in new {
            let node = host.state.node.id;
            let start = Happening::Start;
            host.state.node.schedule(&mut world.agenda, SimTime::ZERO, node, None, start);
        }
        world
    }

    /// Something comes in from outside at a host, at `at`, or now when that has passed. A host that is
    /// down hears nothing of it; a router has no programs.
    ///
    /// What comes from outside is the last of its instant, in the order of these calls. Who wants the
    /// same history from the same inputs lets them come at times that no event of the world was
    /// handled at yet.
    pub fn outside(&mut self, at: SimTime, host: NodeId, outside: Outside) {
        self.visit(at, host, Visit::Outside(outside));
    }

    /// Does something once on a host, as somebody at its console does; otherwise as
    /// [`World::outside`].
    pub fn act(&mut self, at: SimTime, host: NodeId, act: Act) {
        self.visit(at, host, Visit::Act(act));
    }

    /// Starts a program on a host, which runs until the host crashes; otherwise as
    /// [`World::outside`].
    pub fn install(&mut self, at: SimTime, host: NodeId, program: Box<dyn Actor>) {
        self.visit(at, host, Visit::Program(program));
    }

    fn visit(&mut self, at: SimTime, node: NodeId, visit: Visit) {
        if node.index() >= self.hosts.len() {
            return;
        }
        let key = Key { time: at.max(self.now), origin: OUTSIDE_ORIGIN, sequence: self.visits };
        self.visits += 1;
        let happening = Happening::Visit(visit);
        self.agenda.queue.push(key, Scheduled { node, cause: None, happening });
    }

    /// Takes what went out of the world since the last call, in order.
    pub fn take_outbox(&mut self) -> Vec<Departure> {
        std::mem::take(&mut self.agenda.outbox)
    }

    /// Whether anything has gone out of the world since [`World::take_outbox`].
    pub fn has_departures(&self) -> bool {
        !self.agenda.outbox.is_empty()
    }

    /// When the next event is, if there is one.
    pub fn next_event(&self) -> Option<SimTime> {
        self.agenda.queue.peek().map(|key| key.time)
    }

    /// Whether a host is up; `None` for a router.
    pub fn is_up(&self, node: NodeId) -> Option<bool> {
        self.hosts.get(node.index()).map(|host| host.state.status == Status::Up)
    }

    /// How often a host has crashed; 0 for a router.
    pub fn crashes(&self, node: NodeId) -> u32 {
        self.hosts.get(node.index()).map_or(0, |host| host.state.boot)
    }

    /// The ports at which a host listens now, by number, UDP before TCP; ephemeral ones are left out.
    pub fn ports(&self, node: NodeId) -> Vec<Port> {
        self.hosts.get(node.index()).map_or_else(Vec::new, |host| host.state.stack.ports())
    }

    /// How many octets a program has sent on a connection that the peer has not acknowledged; none on
    /// one that is gone.
    pub fn unacknowledged(&self, node: NodeId, connection: ConnId) -> usize {
        let socket =
            self.hosts.get(node.index()).and_then(|host| host.state.stack.peek(connection));
        socket.map_or(0, |socket| socket.tcp.unacknowledged())
    }

    /// Runs until nothing is left to do, or everything up to and with `horizon` was done.
    pub fn run(&mut self, horizon: SimTime) -> Ended {
        while let Some(key) = self.agenda.queue.peek() {
            if key.time > horizon {
                self.now = self.now.max(horizon);
                return Ended::Horizon;
            }
            self.step();
        }
        Ended::Idle
    }

    /// Handles the next event; `false` when there is none.
    pub fn step(&mut self) -> bool {
        let Some((key, Scheduled { node, cause, happening })) = self.agenda.queue.pop() else {
            return false;
        };
        self.now = key.time;
        self.events += 1;
        let World { network, hosts, routers, agenda, actions, .. } = self;
        match happening {
            Happening::Control(control) => self.apply(control),
            Happening::Packet { destination, packet } if destination != node => {
                // Under way: routers forward, hosts do not.
                let router = node.index().checked_sub(hosts.len());
                match router.and_then(|index| routers.get_mut(index)) {
                    Some(Router { node, up: true }) => {
                        node.forward(network, agenda, key.time, cause, destination, packet);
                    }
                    Some(Router { node, up: false }) => {
                        node.lose(agenda, key.time, cause, &packet, Loss::HostDown);
                    }
                    None => {
                        let host = &mut hosts[node.index()].state.node;
                        host.lose(agenda, key.time, cause, &packet, Loss::NoRoute);
                    }
                }
            }
            happening => {
                let host = &mut hosts[node.index()];
                host.handle(network, agenda, actions, key.time, cause, happening);
                if host.state.events == host.state.trap {
                    self.spring(node);
                }
            }
        }
        true
    }

    /// All hosts, then all routers.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &Node> {
        let hosts = self.hosts.iter().map(|host| &host.state.node);
        hosts.chain(self.routers.iter().map(|router| &router.node))
    }

    pub(super) fn node_mut(&mut self, node: NodeId) -> &mut Node {
        node_of(&mut self.hosts, &mut self.routers, node)
    }

    pub(super) fn direction_mut(&mut self, node: NodeId, port: u32) -> &mut Direction {
        &mut self.node_mut(node).directions[port as usize]
    }

    /// The time.
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// When anything but an idle timer last happened.
    pub fn last_activity(&self) -> SimTime {
        self.agenda.last_activity
    }

    /// How many events were handled.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The seed.
    pub fn seed(&self) -> Seed {
        self.network.seed
    }

    /// The calendar date of the start.
    pub fn epoch(&self) -> Epoch {
        self.network.epoch
    }

    /// What happened so far, in order; nothing in a world that is not watched.
    pub fn records(&self) -> &[Record] {
        self.agenda.records.as_ref().map_or(&[], Records::as_slice)
    }

    /// Keeps, from now on, each packet that one of these hosts sends or receives, or any host; what was
    /// kept before is dropped. Nothing else changes with it.
    pub fn capture(&mut self, hosts: Option<&[NodeId]>) {
        self.agenda.capture = Some(Box::new(Capture::new(hosts)));
    }

    /// The packets captured and not yet taken, in order.
    pub fn captured(&self) -> &[Captured] {
        self.agenda.capture.as_ref().map_or(&[], |capture| &capture.captured)
    }

    /// Takes the packets captured since the last call, in order. Whoever lets a capture run takes them
    /// now and then, so that they do not fill the memory.
    pub fn take_captured(&mut self) -> Vec<Captured> {
        let capture = self.agenda.capture.as_mut();
        capture.map_or_else(Vec::new, |capture| std::mem::take(&mut capture.captured))
    }

    /// What happened so far, to be doctored.
    #[cfg(test)]
    pub(crate) fn records_mut(&mut self) -> &mut [Record] {
        self.agenda.records.as_mut().map_or(&mut [], Records::as_mut_slice)
    }

    /// Forgets everything that is under way, as a network with a bug would.
    #[cfg(test)]
    pub(crate) fn forget_queue(&mut self) {
        self.agenda.queue = crate::engine::EventQueue::new();
    }

    /// The disk of a host, to be doctored.
    #[cfg(test)]
    pub(crate) fn disk_mut(&mut self, node: NodeId) -> &mut Disk {
        &mut self.hosts[node.index()].state.disk
    }

    /// The fingerprint over everything that happened at all hosts so far.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut all = Fingerprint::default();
        for host in &self.hosts {
            // A host at which nothing happened at all is as good as none.
            if host.state.trail.events() > 0 {
                all.join(host.state.node.id.0, host.state.trail.fingerprint());
            }
        }
        all
    }

    /// The fingerprint of one host, how many events it counts, and what both were at the end of each
    /// interval in which something happened; `None` for a router.
    pub fn trail(&self, host: NodeId) -> Option<&Trail> {
        self.hosts.get(host.index()).map(|host| &host.state.trail)
    }

    /// The checkpoints of all hosts, by time and then by host.
    pub fn checkpoints(&self) -> Vec<(NodeId, Mark)> {
        let of = |host: &'_ Host| {
            let id = host.state.node.id;
            host.state.trail.marks().map(move |mark| (id, mark)).collect::<Vec<_>>()
        };
        let mut all: Vec<_> = self.hosts.iter().flat_map(of).collect();
        all.sort_by_key(|(host, mark)| (mark.until, *host));
        all
    }

    /// All hosts, in the order in which they were added.
    pub fn hosts(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.hosts.iter().map(|host| host.state.node.id)
    }

    /// The name of a host or router.
    pub fn name(&self, node: NodeId) -> &str {
        self.network.name(node)
    }

    /// The host or router of that name.
    pub fn node(&self, name: &str) -> Option<NodeId> {
        self.network.names.node(name)
    }

    /// The host that has this address.
    pub fn owner(&self, address: IpAddr) -> Option<NodeId> {
        self.network.addresses.owner(address)
    }

    /// The addresses of a host; none for a router.
    pub fn addresses(&self, node: NodeId) -> &[IpAddr] {
        self.hosts.get(node.index()).map_or(&[], |host| &host.state.addresses)
    }

    /// The disk of a host; `None` for a router.
    pub fn disk(&self, node: NodeId) -> Option<&Disk> {
        self.hosts.get(node.index()).map(|host| &host.state.disk)
    }

    /// The links between two nodes.
    pub fn links_between(&self, a: NodeId, b: NodeId) -> Vec<LinkId> {
        self.network.topology.links_between(a, b)
    }

    /// The links of a node.
    pub fn links_of(&self, node: NodeId) -> Vec<LinkId> {
        self.network.topology.links_of(node)
    }

    /// The two ends of a link.
    pub fn link_ends(&self, link: LinkId) -> [NodeId; 2] {
        self.network.topology.ends(link).map(|(node, _)| node)
    }
}

/// A host or router, by its place among all.
pub(super) fn node_of<'a>(
    hosts: &'a mut [Host],
    routers: &'a mut [Router],
    node: NodeId,
) -> &'a mut Node {
    match node.index().checked_sub(hosts.len()) {
        Some(router) => &mut routers[router].node,
        None => &mut hosts[node.index()].state.node,
    }
}

//! The world and its loop.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::engine::{Epoch, EventQueue, Fingerprint, Key, Mark, Seed, SimTime, Trail};
use crate::net::{Direction, LinkId, NodeId};

use super::capture::{Capture, Captured};
use super::control::Control;
use super::disk::Disk;
use super::host::{Host, Status};
use super::ledger::Ledger;
use super::network::Network;
use super::node::{Happening, Node, OUTSIDE_ORIGIN, Scheduled};
use super::outside::{Act, Departure, Outside, Visit};
use super::part::{Part, Router};
use super::record::Record;
use super::records::Records;
use super::stack::Port;
use super::threads::{Crew, Reason};
use super::trap::Trap;
use super::watch::Watch;
use super::{Actor, ConnId};

/// Everything there is, on one clock.
pub struct World {
    pub(super) network: Network,
    pub(super) parts: Vec<Part>,
    pub(super) ledger: Ledger,
    /// Changes of the network to come.
    pub(super) controls: EventQueue<Control>,
    pub(super) ordered: u64,
    pub(super) traps: BTreeMap<NodeId, Vec<Trap>>,
    pub(super) now: SimTime,
    /// When a change of the network last happened.
    pub(super) last_change: SimTime,
    pub(super) crew: Crew,
    visits: u64,
    /// How many changes of the network were handled.
    changes: u64,
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
        let routers = routers.into_iter().map(|node| Router { node, up: true }).collect();
        let mut part = Part { hosts, routers, ..Part::default() };
        part.agenda.records = records;
        let new = part.hosts.iter_mut().filter(|host| host.state.status == Status::New);
        for host in new {
            let node = host.state.node.id;
            let start = Happening::Start;
            host.state.node.schedule(&mut part.agenda, SimTime::ZERO, node, None, start);
        }
        World {
            network,
            parts: vec![part],
            ledger: Ledger::default(),
            controls: EventQueue::new(),
            ordered: 0,
            traps: BTreeMap::new(),
            now: SimTime::ZERO,
            last_change: SimTime::ZERO,
            crew: Crew::default(),
            visits: 0,
            changes: 0,
        }
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
        if node.index() >= self.network.names.hosts() {
            return;
        }
        let key = Key { time: at.max(self.now), origin: OUTSIDE_ORIGIN, sequence: self.visits };
        self.visits += 1;
        let scheduled =
            Scheduled { node, cause: None, happening: Happening::Visit(Box::new(visit)) };
        self.part_mut(node).agenda.queue.push(key, scheduled);
    }

    /// Takes what went out of the world since the last call, in order.
    pub fn take_outbox(&mut self) -> Vec<Departure> {
        std::mem::take(&mut self.parts[0].agenda.outbox)
    }

    /// Whether anything has gone out of the world since [`World::take_outbox`].
    pub fn has_departures(&self) -> bool {
        !self.parts[0].agenda.outbox.is_empty()
    }

    /// When the next event is, if there is one.
    pub fn next_event(&self) -> Option<SimTime> {
        let parts = self.parts.iter().filter_map(|part| part.agenda.queue.peek());
        parts.chain(self.controls.peek()).map(|key| key.time).min()
    }

    /// Whether a host is up; `None` for a router.
    pub fn is_up(&self, node: NodeId) -> Option<bool> {
        self.host(node).map(|host| host.state.status == Status::Up)
    }

    /// How often a host has crashed; 0 for a router.
    pub fn crashes(&self, node: NodeId) -> u32 {
        self.host(node).map_or(0, |host| host.state.boot)
    }

    /// The ports at which a host listens now, by number, UDP before TCP; ephemeral ones are left out.
    pub fn ports(&self, node: NodeId) -> Vec<Port> {
        self.host(node).map_or_else(Vec::new, |host| host.state.stack.ports())
    }

    /// How many octets a program has sent on a connection that the peer has not acknowledged; none on
    /// one that is gone.
    pub fn unacknowledged(&self, node: NodeId, connection: ConnId) -> usize {
        let socket = self.host(node).and_then(|host| host.state.stack.peek(connection));
        socket.map_or(0, |socket| socket.tcp.unacknowledged())
    }

    /// Runs until nothing is left to do, or everything up to and with `horizon` was done.
    pub fn run(&mut self, horizon: SimTime) -> Ended {
        loop {
            // A change of the network is the first of its instant.
            let control = self.controls.peek().filter(|key| key.time <= horizon);
            let last = match control {
                Some(key) => key.time.as_nanos().checked_sub(1).map(SimTime::from_nanos),
                None => Some(horizon),
            };
            let trapped = last.and_then(|last| self.advance(last));
            self.now = self.parts.iter().map(|part| part.now).fold(self.now, SimTime::max);
            if let Some(host) = trapped {
                self.spring(host);
            } else if control.is_some() {
                self.step_control();
            } else if self.next_event().is_some() {
                self.now = self.now.max(horizon);
                return Ended::Horizon;
            } else {
                return Ended::Idle;
            }
        }
    }

    /// Handles the next event; `false` when there is none.
    pub fn step(&mut self) -> bool {
        self.run_alone(Reason::Stepped);
        let Some(time) = self.next_event() else { return false };
        if self.controls.peek().is_some_and(|key| key.time == time) {
            self.step_control();
            return true;
        }
        self.now = time;
        if let Some(host) = self.parts[0].step(&self.network) {
            self.spring(host);
        }
        true
    }

    /// Handles the next change of the network.
    fn step_control(&mut self) {
        let (key, control) = self.controls.pop().expect("the caller has looked");
        self.now = key.time;
        self.changes += 1;
        self.apply(control);
    }

    /// A host; `None` for a router.
    pub(super) fn host(&self, node: NodeId) -> Option<&Host> {
        let is_host = node.index() < self.network.names.hosts();
        is_host.then(|| self.parts[self.network.places.part(node)].host(&self.network, node))
    }

    /// A host; `None` for a router.
    pub(super) fn host_mut(&mut self, node: NodeId) -> Option<&mut Host> {
        let World { network, parts, .. } = self;
        let is_host = node.index() < network.names.hosts();
        is_host.then(|| parts[network.places.part(node)].host_mut(network, node))
    }

    /// All hosts, in the order in which they were added.
    fn all_hosts(&self) -> impl Iterator<Item = &Host> {
        self.hosts().filter_map(|host| self.host(host))
    }

    /// A host or router, if it is one.
    pub(super) fn any_node(&self, node: NodeId) -> Option<&Node> {
        self.parts[self.network.places.part(node)].node(&self.network, node)
    }

    pub(super) fn part_mut(&mut self, node: NodeId) -> &mut Part {
        &mut self.parts[self.network.places.part(node)]
    }

    pub(super) fn direction_mut(&mut self, node: NodeId, port: u32) -> &mut Direction {
        let World { network, parts, .. } = self;
        let (node, _) = parts[network.places.part(node)].node_mut(network, node);
        &mut node.directions[port as usize]
    }

    /// The time.
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// When anything but an idle timer last happened.
    pub fn last_activity(&self) -> SimTime {
        let parts = self.parts.iter().map(|part| part.agenda.last_activity);
        parts.fold(self.last_change, SimTime::max)
    }

    /// How many events were handled.
    pub fn events(&self) -> u64 {
        self.changes + self.parts.iter().map(|part| part.events).sum::<u64>()
    }

    /// The seed.
    pub fn seed(&self) -> Seed {
        self.network.seed
    }

    /// The calendar date of the start.
    pub fn epoch(&self) -> Epoch {
        self.network.epoch
    }

    /// What happened so far, in order; nothing in a world that is not watched, and of one of which a sample
    /// is kept, that.
    pub fn records(&self) -> &[Record] {
        self.kept().map_or(&[], Records::as_slice)
    }

    /// All that happened so far, in order, to be judged: nothing where only a sample is kept.
    pub fn history(&self) -> &[Record] {
        match self.watch() {
            Watch::Everything => self.records(),
            Watch::Sample { .. } | Watch::Nothing => &[],
        }
    }

    /// Of what records are kept.
    pub fn watch(&self) -> Watch {
        self.kept().map_or(Watch::Nothing, Records::watch)
    }

    fn kept(&self) -> Option<&Records> {
        self.crew.history().or(self.parts[0].agenda.records.as_ref())
    }

    /// Keeps, from now on, each packet that one of these hosts sends or receives, or any host; what was
    /// kept before is dropped. Nothing else changes with it.
    pub fn capture(&mut self, hosts: Option<&[NodeId]>) {
        let capture = Capture::new(hosts);
        for part in &mut self.parts {
            part.agenda.capture = Some(Box::new(capture.fresh()));
        }
        if let Some(captured) = self.crew.captured_mut() {
            captured.clear();
        }
    }

    /// The packets captured and not yet taken, in order.
    pub fn captured(&self) -> &[Captured] {
        let capture = self.parts[0].agenda.capture.as_ref();
        let captured = self.crew.captured().or(capture.map(|capture| &capture.captured));
        captured.map_or(&[], Vec::as_slice)
    }

    /// Takes the packets captured since the last call, in order. Whoever lets a capture run takes them
    /// now and then, so that they do not fill the memory.
    pub fn take_captured(&mut self) -> Vec<Captured> {
        let capture = self.parts[0].agenda.capture.as_mut();
        let captured = self.crew.captured_mut().or(capture.map(|capture| &mut capture.captured));
        captured.map_or_else(Vec::new, std::mem::take)
    }

    /// What happened so far, to be doctored.
    #[cfg(test)]
    pub(crate) fn records_mut(&mut self) -> &mut [Record] {
        self.parts[0].agenda.records.as_mut().map_or(&mut [], Records::as_mut_slice)
    }

    /// Forgets everything that is under way, as a network with a bug would.
    #[cfg(test)]
    pub(crate) fn forget_queue(&mut self) {
        self.controls = EventQueue::new();
        self.parts.iter_mut().for_each(|part| part.agenda.queue = EventQueue::new());
    }

    /// The disk of a host, to be doctored.
    #[cfg(test)]
    pub(crate) fn disk_mut(&mut self, node: NodeId) -> &mut Disk {
        &mut self.host_mut(node).expect("a host").state.disk
    }

    /// The fingerprint over everything that happened at all hosts so far.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut all = Fingerprint::default();
        for host in self.all_hosts() {
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
        self.host(host).map(|host| &host.state.trail)
    }

    /// The checkpoints of all hosts, by time and then by host.
    pub fn checkpoints(&self) -> Vec<(NodeId, Mark)> {
        let of = |host: &'_ Host| {
            let id = host.state.node.id;
            host.state.trail.marks().map(move |mark| (id, mark)).collect::<Vec<_>>()
        };
        let mut all: Vec<_> = self.all_hosts().flat_map(of).collect();
        all.sort_by_key(|(host, mark)| (mark.until, *host));
        all
    }

    /// All hosts, in the order in which they were added.
    pub fn hosts(&self) -> impl Iterator<Item = NodeId> + '_ {
        (0..self.network.names.hosts() as u32).map(NodeId)
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
        self.host(node).map_or(&[], |host| &host.state.addresses)
    }

    /// The disk of a host; `None` for a router.
    pub fn disk(&self, node: NodeId) -> Option<&Disk> {
        self.host(node).map(|host| &*host.state.disk)
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

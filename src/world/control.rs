//! What changes the network itself: faults begin and end.
//!
//! A control is known in advance and handled before anything else of its instant, in the order in which
//! such controls were ordered. It is the only thing that touches more than one node, and so a barrier
//! for nodes that run side by side.

use std::sync::Arc;

use crate::engine::{Key, SimTime};
use crate::net::{Change, Cost, LinkConfig, LinkId, LinkStatus, NodeId, Ways};

use super::World;
use super::fault::{Fault, FaultId};
use super::host::Status;
use super::judge::Judge;
use super::ledger::{LinkState, Place};
use super::network::Network;
use super::node::CONTROL_ORIGIN;
use super::part::Part;
use super::record::Fact;

/// A change of the network at a time.
#[derive(Debug)]
pub(crate) enum Control {
    Begin(FaultId, Box<Fault>),
    End(FaultId),
    Heal(LinkId),
    Restart(NodeId),
    /// The program of that number, and its name.
    RestartProgram(NodeId, u16, &'static str),
    /// Routers have come to know of these.
    Learn(Box<[Change]>),
    /// A flap goes on.
    Toggle(FaultId),
}

impl World {
    /// Lets a fault begin at `at`, or now when that has passed. It lasts until it is ended.
    pub fn begin(&mut self, at: SimTime, fault: Fault) -> FaultId {
        let id = self.ledger.order();
        self.control(at, Control::Begin(id, Box::new(fault)));
        id
    }

    /// Ends a fault at `at`, or now when that has passed. One that has ended has nothing left to
    /// end; one that would begin later does not.
    pub fn end(&mut self, at: SimTime, fault: FaultId) {
        self.control(at, Control::End(fault));
    }

    /// Ends every cut of a link, whichever fault it is of, at `at`, or now when that has passed.
    pub fn heal(&mut self, at: SimTime, link: LinkId) {
        self.control(at, Control::Heal(link));
    }

    /// Ends every crash of a host or router at `at`, or now when that has passed.
    pub fn restart(&mut self, at: SimTime, node: NodeId) {
        self.control(at, Control::Restart(node));
    }

    /// Starts one program of a host again at `at`, or now when that has passed: the one that was put on
    /// it as number `program`, from 0. It is called `name` in the records.
    ///
    /// # Panics
    /// When the host has no such program.
    pub fn restart_program(&mut self, at: SimTime, host: NodeId, program: u16, name: &'static str) {
        let programs = self.host(host).map_or(0, |host| host.programs.spawns.len());
        assert!(usize::from(program) < programs, "a program of the host");
        self.control(at, Control::RestartProgram(host, program, name));
    }

    fn control(&mut self, at: SimTime, control: Control) {
        let key = Key { time: at.max(self.now), origin: CONTROL_ORIGIN, sequence: self.ordered };
        self.ordered += 1;
        self.controls.push(key, control);
    }

    /// Does something at one node, with the part in which it stands.
    fn at<T>(&mut self, node: NodeId, act: impl FnOnce(&mut Part, &mut Network) -> T) -> T {
        let World { network, parts, .. } = self;
        let part = network.places.part(node);
        let done = act(&mut parts[part], network);
        self.tidy(part);
        done
    }

    /// Handles a control, whose time has come.
    pub(super) fn apply(&mut self, control: Control) {
        let places = match control {
            Control::Begin(id, fault) => {
                let places = self.ledger.begin(id, *fault);
                self.go_on_flapping(id);
                places
            }
            Control::Toggle(id) => {
                let places = self.ledger.toggle(id);
                self.go_on_flapping(id);
                places
            }
            Control::End(id) => self.ledger.end(id),
            Control::Heal(link) => self.ledger.heal(link),
            Control::Restart(node) => self.ledger.restart(node),
            Control::RestartProgram(node, program, name) => {
                let now = self.now;
                self.last_change = now;
                return self.at(node, |part, network| {
                    let slot = network.places.slot(node);
                    let Part { hosts, agenda, scratch, .. } = part;
                    hosts[slot].restart_program((program, name), network, agenda, scratch, now);
                });
            }
            Control::Learn(changes) => {
                self.last_change = self.now;
                return self.learn(&changes);
            }
        };
        if places.is_empty() {
            return;
        }
        self.last_change = self.now;
        let mut changes = Vec::new();
        for place in places {
            match place {
                Place::Node(node) => {
                    changes.extend(self.settle_node(node));
                    self.tidy(self.network.places.part(node));
                }
                Place::Link(link) => self.settle_link(link, &mut changes),
                Place::Partitions => self.settle_partitions(),
            }
        }
        if self.network.convergence.is_zero() {
            for change in changes {
                self.network.routes.learn(&self.network.topology, change);
            }
        } else if !changes.is_empty() {
            let at = self.now + self.network.convergence;
            self.control(at, Control::Learn(changes.into()));
        }
    }

    /// Routers come to know of changes that were made before.
    fn learn(&mut self, changes: &[Change]) {
        for change in changes {
            self.network.routes.learn(&self.network.topology, *change);
            match change {
                Change::Link(link, _) | Change::Costs(link, _) => {
                    self.record_link(*link, Fact::Rerouted(*change));
                }
                Change::Node(node, _) => {
                    self.record(*node, Fact::Rerouted(*change));
                }
            }
        }
    }

    /// Brings a host or router to what the ledger says of it; what that is for routes.
    fn settle_node(&mut self, node: NodeId) -> Option<Change> {
        let World { ledger, network, parts, now, .. } = self;
        let (now, up) = (*now, ledger.is_up(node));
        let fact = || if up { Fact::Restarted } else { Fact::Crashed };
        let is_host = node.index() < network.names.hosts();
        let Part { hosts, routers, agenda, scratch, .. } = &mut parts[network.places.part(node)];
        let slot = network.places.slot(node);
        if !is_host {
            let router = &mut routers[slot - hosts.len()];
            if router.up == up {
                return None;
            }
            router.up = up;
            router.node.record(agenda, now, None, fact);
            if !up {
                router.node.lose_held(agenda, now);
            }
            network.topology.set_node_up(node, up);
            return Some(Change::Node(node, up));
        }
        let host = &mut hosts[slot];
        host.ail(&ledger.ailments(node), network, agenda, scratch, now);
        match (host.state.status, up) {
            (Status::New | Status::Up, false) => {
                host.state.node.record(agenda, now, None, fact);
                host.lose_waiting(agenda, now);
                host.crash(now);
            }
            // One that stands still comes up when it does not any more.
            (Status::Crashed, true) if !host.state.stands_still() => {
                let cause = host.state.node.record(agenda, now, None, fact);
                host.start(network, agenda, scratch, now, cause);
            }
            (Status::New | Status::Up, true) | (Status::Crashed, _) => {}
        }
        if host.state.judges.is_empty() && ledger.packet_rules(node).next().is_none() {
            return None;
        }
        let judges = &mut host.state.judges;
        judges.retain(|judge| ledger.packet_rules(node).any(|(id, _)| id == judge.id));
        for (id, rule) in ledger.packet_rules(node) {
            if !judges.iter().any(|judge| judge.id == id) {
                judges.push(Judge::new(id, Arc::clone(rule)));
            }
        }
        None
    }

    /// Brings a link to what the ledger says of it, and adds what that is for routes.
    fn settle_link(&mut self, link: LinkId, changes: &mut Vec<Change>) {
        let ends = self.network.topology.ends(link);
        let before = ends.map(|(node, port)| {
            let direction = self.direction_mut(node, port);
            (direction.status(), Arc::clone(direction.config()))
        });
        let configs = || before.each_ref().map(|(_, config)| Arc::clone(config));
        let Some(LinkState { status, configs }) = self.ledger.link(link, configs) else {
            return;
        };
        let is_up = status.map(|status| status != LinkStatus::Down);
        let was_up = self.network.topology.is_up(link);
        let costs = link_costs(&configs);
        let mut changed = false;
        for ((end, config), (_, before)) in ends.into_iter().zip(configs).zip(&before) {
            if config != **before {
                changed = true;
                self.crew.links_have_changed();
                self.direction_mut(end.0, end.1).set_config(config);
            }
        }
        for ((node, port), status) in ends.into_iter().zip(status) {
            self.direction_mut(node, port).set_status(status);
        }
        let ways = |is: &dyn Fn(LinkStatus, LinkStatus) -> bool| {
            Ways::of([0, 1].map(|end| is(before[end].0, status[end])))
        };
        let (up, down, holds) = (LinkStatus::Up, LinkStatus::Down, LinkStatus::Holding);
        if let Some(ways) = ways(&|was, is| was != down && is == down) {
            self.record_link(link, Fact::Cut(link, ways));
        }
        if let Some(ways) = ways(&|was, is| was == down && is != down) {
            self.record_link(link, Fact::Healed(link, ways));
        }
        if let Some(ways) = ways(&|was, is| was != holds && is == holds) {
            self.record_link(link, Fact::Held(link, ways));
        }
        if let Some(ways) = ways(&|was, is| was == holds && is == up) {
            let held = ends.map(|(node, port)| {
                self.at(node, |part, network| part.node_mut(network, node).0.held_at(port))
            });
            let packets = (0..2).filter(|end| status[*end] == up).map(|end| held[end]).sum();
            self.record_link(link, Fact::Released(link, ways, packets));
        }
        if changed {
            self.record_link(link, Fact::LinkChanged(link));
        }
        if costs != self.network.topology.costs(link) {
            self.network.topology.set_costs(link, costs);
            changes.push(Change::Costs(link, costs));
        }
        if was_up != is_up {
            self.network.topology.set_up(link, is_up);
            changes.push(Change::Link(link, is_up));
        }
        for (end, (node, port)) in ends.into_iter().enumerate() {
            if before[end].0 != up && status[end] == up {
                let now = self.now;
                self.at(node, |part, network| {
                    let (node, agenda) = part.node_mut(network, node);
                    node.release(network, agenda, now, port);
                });
            }
        }
    }

    /// Brings the partitions to what the ledger says of them.
    fn settle_partitions(&mut self) {
        let wanted = self.ledger.partitions().to_vec();
        let before = std::mem::replace(&mut self.network.partitions, wanted.clone());
        let differs =
            |one: &(FaultId, _), all: &[(FaultId, _)]| !all.iter().any(|of| of.0 == one.0);
        for (list, other, begins) in [(&before, &wanted, false), (&wanted, &before, true)] {
            for (_, partition) in list.iter().filter(|one| differs(one, other)) {
                let partition = Arc::clone(partition);
                let Some(host) = partition.groups().iter().flatten().next().copied() else {
                    continue;
                };
                self.record(host, Fact::Partition { begins, partition });
            }
        }
    }

    /// Orders the next turn of a flap, if the fault is one.
    fn go_on_flapping(&mut self, id: FaultId) {
        let network = &self.network;
        let time = self.ledger.flap_time(id, |link| {
            let [a, b] = network.topology.ends(link).map(|(node, _)| network.name(node));
            network.seed.stream(&format!("link {a}-{b} flap"))
        });
        if let Some(time) = time {
            self.control(self.now + time, Control::Toggle(id));
        }
    }

    fn record_link(&mut self, link: LinkId, fact: Fact) {
        let (node, _) = self.network.topology.ends(link)[0];
        self.record(node, fact);
    }

    fn record(&mut self, node: NodeId, fact: Fact) {
        let now = self.now;
        self.at(node, |part, network| {
            let (node, agenda) = part.node_mut(network, node);
            node.record(agenda, now, None, || fact);
        });
    }
}

/// What routes add up for a link in each direction: the given cost, or the delay of the slower one.
/// What is added to the latency for a while is no part of it.
pub(super) fn link_costs(configs: &[impl std::borrow::Borrow<LinkConfig>; 2]) -> [Cost; 2] {
    let configs = configs.each_ref().map(std::borrow::Borrow::borrow);
    let slower = configs[0].latency.typical().max(configs[1].latency.typical());
    configs.map(|config| config.cost.map_or(Cost::delay(slower), Cost::given))
}

//! What changes the network itself: faults begin and end.
//!
//! A control is known in advance and handled before anything else of its instant, in the order in which
//! such controls were ordered. It is the only thing that touches more than one node, and so a barrier
//! for nodes that run side by side.

use crate::engine::{Key, SimTime};
use crate::net::{Change, Cost, LinkConfig, LinkId, NodeId, Ways};

use super::World;
use super::fault::{Fault, FaultId};
use super::host::Status;
use super::ledger::Place;
use super::node::{CONTROL_ORIGIN, Happening, Scheduled};
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
        let programs = self.hosts.get(host.index()).map_or(0, |host| host.spawns.len());
        assert!(usize::from(program) < programs, "a program of the host");
        self.control(at, Control::RestartProgram(host, program, name));
    }

    fn control(&mut self, at: SimTime, control: Control) {
        let key = Key { time: at.max(self.now), origin: CONTROL_ORIGIN, sequence: self.controls };
        self.controls += 1;
        let happening = Happening::Control(control);
        self.agenda.queue.push(key, Scheduled { node: NodeId(0), cause: None, happening });
    }

    /// Handles a control, whose time has come.
    pub(super) fn apply(&mut self, control: Control) {
        let places = match control {
            Control::Begin(id, fault) => self.ledger.begin(id, *fault),
            Control::End(id) => self.ledger.end(id),
            Control::Heal(link) => self.ledger.heal(link),
            Control::Restart(node) => self.ledger.restart(node),
            Control::RestartProgram(node, program, name) => {
                self.agenda.last_activity = self.now;
                let World { network, hosts, agenda, actions, now, .. } = self;
                let host = &mut hosts[node.index()];
                return host.restart_program((program, name), network, agenda, actions, *now);
            }
            Control::Learn(changes) => {
                self.agenda.last_activity = self.now;
                return self.learn(&changes);
            }
        };
        if places.is_empty() {
            return;
        }
        self.agenda.last_activity = self.now;
        let mut changes = Vec::new();
        for place in places {
            match place {
                Place::Node(node) => changes.extend(self.settle_node(node)),
                Place::Link(link) => self.settle_link(link, &mut changes),
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
                    let router = &mut self.routers[node.index() - self.hosts.len()];
                    let fact = || Fact::Rerouted(*change);
                    router.node.record(&mut self.agenda, self.now, None, fact);
                }
            }
        }
    }

    /// Brings a host or router to what the ledger says of it; what that is for routes.
    fn settle_node(&mut self, node: NodeId) -> Option<Change> {
        let (now, up) = (self.now, self.ledger.is_up(node));
        let fact = || if up { Fact::Restarted } else { Fact::Crashed };
        let World { ledger, network, hosts, routers, agenda, actions, .. } = self;
        let Some(host) = hosts.get_mut(node.index()) else {
            let router = &mut routers[node.index() - hosts.len()];
            if router.up == up {
                return None;
            }
            router.up = up;
            router.node.record(agenda, now, None, fact);
            network.topology.set_node_up(node, up);
            return Some(Change::Node(node, up));
        };
        host.ail(&ledger.ailments(node), network, agenda, actions, now);
        match (host.state.status, up) {
            (Status::New | Status::Up, false) => {
                host.crash(now);
                host.state.node.record(agenda, now, None, fact);
            }
            // One that stands still comes up when it does not any more.
            (Status::Crashed, true) if !host.state.stands_still() => {
                let cause = host.state.node.record(agenda, now, None, fact);
                host.start(network, agenda, actions, now, cause);
            }
            (Status::New | Status::Up, true) | (Status::Crashed, _) => {}
        }
        None
    }

    /// Brings a link to what the ledger says of it, and adds what that is for routes.
    fn settle_link(&mut self, link: LinkId, changes: &mut Vec<Change>) {
        let ends = self.network.topology.ends(link);
        let configs = ends.map(|(node, port)| *self.direction_mut(node, port).config());
        let Some(wanted) = self.ledger.link(link, || configs) else { return };
        let was_up = self.network.topology.is_up(link);
        for (end, (node, port)) in ends.into_iter().enumerate() {
            let direction = self.direction_mut(node, port);
            direction.set_up(wanted.up[end]);
            direction.set_config(wanted.configs[end]);
        }
        let goes = |end: usize| was_up[end] && !wanted.up[end];
        let comes = |end: usize| !was_up[end] && wanted.up[end];
        if let Some(ways) = Ways::of([goes(0), goes(1)]) {
            self.record_link(link, Fact::Cut(link, ways));
        }
        if let Some(ways) = Ways::of([comes(0), comes(1)]) {
            self.record_link(link, Fact::Healed(link, ways));
        }
        if wanted.configs != configs {
            self.record_link(link, Fact::LinkChanged(link));
        }
        let costs = link_costs(&wanted.configs);
        if costs != self.network.topology.costs(link) {
            self.network.topology.set_costs(link, costs);
            changes.push(Change::Costs(link, costs));
        }
        if was_up != wanted.up {
            self.network.topology.set_up(link, wanted.up);
            changes.push(Change::Link(link, wanted.up));
        }
    }

    fn record_link(&mut self, link: LinkId, fact: Fact) {
        let (node, _) = self.network.topology.ends(link)[0];
        let World { hosts, routers, agenda, now, .. } = self;
        super::run::node_of(hosts, routers, node).record(agenda, *now, None, || fact);
    }
}

/// What routes add up for a link in each direction: the given cost, or the delay of the slower one.
pub(super) fn link_costs(configs: &[LinkConfig; 2]) -> [Cost; 2] {
    let slower = configs[0].latency.typical().max(configs[1].latency.typical());
    configs.each_ref().map(|config| config.cost.map_or(Cost::delay(slower), Cost::given))
}

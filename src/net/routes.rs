//! Routes of least cost, as the routers know them.
//!
//! A host with one link sends everything there, and is reached through its neighbour, so that
//! tables are kept for routers and hosts with several links alone: they grow with routers, not
//! with pairs of hosts. A table is computed (Dijkstra) when its node first forwards a packet.
//!
//! What is known here may lag behind the [`Topology`]: a change is told when routers come to know of
//! it ([`Routes::learn`]), and costs the tables that it touches. Each table has the cost of every way
//! beside its first port, so that one look says whether a link that failed was on one of its ways, or
//! whether one that came back makes one of them better.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::OnceLock;

use super::topology::{Cost, LinkId, NodeId, Topology};

/// Next hops.
#[derive(Debug)]
pub struct Routes {
    places: Vec<Place>,
    core: Vec<Core>,
    /// The links between core nodes, once at each end, by core node and port.
    links: Vec<Onward>,
    tables: Vec<OnceLock<Box<Table>>>,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    /// A host with one link: reached by `port` of `neighbour`, while the link is `up` that way.
    Leaf { neighbour: NodeId, port: u32, up: bool },
    /// A router, or a host with several links or none: has a table.
    Core(u32),
}

#[derive(Debug)]
struct Core {
    node: NodeId,
    forwards: bool,
    up: bool,
    /// Where its links end in the list; they begin where those of the core node before it end.
    links_end: u32,
}

/// A link from one core node to another.
#[derive(Debug, Clone, Copy)]
struct Onward {
    port: u32,
    to: u32,
    cost: Cost,
    up: bool,
}

/// The ways from one core node to all others, by their numbers.
#[derive(Debug)]
struct Table {
    first: Box<[u32]>,
    cost: Box<[Cost]>,
}

/// What routers come to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The directions of the link, from its first end and from its second, are up or not.
    Link(LinkId, [bool; 2]),
    /// The router went down, or came up again.
    Node(NodeId, bool),
    /// What the link costs from its first end and from its second.
    Costs(LinkId, [Cost; 2]),
}

/// A direction of a link before and after a change.
struct Changed {
    from: u32,
    to: u32,
    port: u32,
    before: Cost,
    after: Cost,
}

const NO_PORT: u32 = u32::MAX;

impl Routes {
    /// The routes in this topology.
    pub fn new(topology: &Topology) -> Self {
        let mut core = Vec::new();
        let mut places = Vec::with_capacity(topology.node_count());
        for node in (0..topology.node_count() as u32).map(NodeId) {
            let forwards = topology.forwards(node);
            if !forwards
                && topology.port_count(node) == 1
                && let Some(link) = topology.neighbours(node).next()
            {
                let (neighbour, port, up) = (link.node, link.port_there, link.up_back);
                places.push(Place::Leaf { neighbour, port, up });
                continue;
            }
            places.push(Place::Core(core.len() as u32));
            core.push(Core { node, forwards, up: topology.is_node_up(node), links_end: 0 });
        }
        let mut links = Vec::new();
        for core in &mut core {
            let first = links.len();
            links.extend(topology.neighbours(core.node).filter_map(|link| {
                let Place::Core(to) = places[link.node.index()] else { return None };
                Some(Onward { port: link.port, to, cost: link.cost, up: link.up })
            }));
            links[first..].sort_unstable_by_key(|link| link.port);
            core.links_end = u32::try_from(links.len()).expect("fewer than 2^32 links");
        }
        let tables = core.iter().map(|_| OnceLock::new()).collect();
        Routes { places, core, links, tables }
    }

    /// The port by which `from` sends to `to`; `None` when there is no way.
    ///
    /// A host with one link has no choice: it sends there, even while the link is cut, and even what is
    /// for [`NodeId::NOWHERE`].
    pub fn next_port(&self, from: NodeId, to: NodeId) -> Option<u32> {
        let Place::Core(row) = self.places[from.index()] else { return Some(0) };
        let column = match *self.places.get(to.index())? {
            Place::Core(column) => column,
            Place::Leaf { up: false, .. } => return None,
            Place::Leaf { neighbour, port, .. } if neighbour == from => return Some(port),
            Place::Leaf { neighbour, .. } => match self.places[neighbour.index()] {
                Place::Core(column) if self.core[column as usize].forwards => column,
                _ => return None,
            },
        };
        let table = self.tables[row as usize].get_or_init(|| Box::new(self.table(row)));
        Some(table.first[column as usize]).filter(|port| *port != NO_PORT)
    }

    /// Whether a host hangs on `router` by its one link, so that `router` is the last of all ways to it.
    pub fn is_last(&self, router: NodeId, host: NodeId) -> bool {
        let place = self.places.get(host.index());
        matches!(place, Some(Place::Leaf { neighbour, .. }) if *neighbour == router)
    }

    /// Routers have come to know of a change. Tables that it touches are computed anew when they are
    /// next looked at; handed back is how many these are.
    pub fn learn(&mut self, topology: &Topology, change: Change) -> usize {
        let mut changed = Vec::new();
        match change {
            Change::Link(link, up) => {
                for (end, (node, port)) in topology.ends(link).into_iter().enumerate() {
                    let up_back = up[1 - end];
                    match &mut self.places[node.index()] {
                        Place::Leaf { up, .. } => *up = up_back,
                        Place::Core(row) => {
                            let row = *row;
                            self.change(row, port, &mut changed, |link| link.up = up[end]);
                        }
                    }
                }
            }
            Change::Costs(link, costs) => {
                for ((node, port), cost) in topology.ends(link).into_iter().zip(costs) {
                    if let Place::Core(row) = self.places[node.index()] {
                        self.change(row, port, &mut changed, |link| link.cost = cost);
                    }
                }
            }
            Change::Node(node, up) => {
                if let Place::Core(row) = self.places[node.index()] {
                    self.change_node(row, up, &mut changed);
                }
            }
        }
        self.forget_touched(&changed)
    }
    /// How many tables are computed.
    pub fn tables(&self) -> usize {
        self.tables.iter().filter(|table| table.get().is_some()).count()
    }

    /// The links of a core node.
    fn range(&self, row: u32) -> std::ops::Range<usize> {
        let row = row as usize;
        let begin = row.checked_sub(1).map_or(0, |before| self.core[before].links_end);
        begin as usize..self.core[row].links_end as usize
    }

    /// The place of the link at this port; `None` when it leads to a leaf.
    fn find(&self, row: u32, port: u32) -> Option<usize> {
        let range = self.range(row);
        let place = self.links[range.clone()].binary_search_by_key(&port, |link| link.port).ok()?;
        Some(range.start + place)
    }

    /// What a link adds now to a way over it.
    fn cost(&self, from: u32, link: &Onward) -> Cost {
        let is_up = link.up && self.core[from as usize].up && self.core[link.to as usize].up;
        if is_up { link.cost } else { Cost::UNREACHABLE }
    }

    /// Changes one direction of a link.
    fn change(
        &mut self,
        row: u32,
        port: u32,
        changed: &mut Vec<Changed>,
        change: impl FnOnce(&mut Onward),
    ) {
        let Some(place) = self.find(row, port) else { return };
        let before = self.cost(row, &self.links[place]);
        change(&mut self.links[place]);
        let link = &self.links[place];
        let after = self.cost(row, link);
        changed.push(Changed { from: row, to: link.to, port, before, after });
    }

    /// Takes a core node down or up, and with it both directions of all its links.
    fn change_node(&mut self, row: u32, up: bool, changed: &mut Vec<Changed>) {
        if self.core[row as usize].up == up {
            return;
        }
        let mut touched: Vec<(u32, usize)> = Vec::new();
        for place in self.range(row) {
            touched.push((row, place));
            let to = self.links[place].to;
            let back = self.range(to).filter(|back| self.links[*back].to == row);
            touched.extend(back.map(|back| (to, back)));
        }
        // Of two links between the same two nodes each is found twice; that costs time alone.
        let before: Vec<Cost> =
            touched.iter().map(|(from, place)| self.cost(*from, &self.links[*place])).collect();
        self.core[row as usize].up = up;
        for ((from, place), before) in touched.into_iter().zip(before) {
            let link = &self.links[place];
            let (to, port, after) = (link.to, link.port, self.cost(from, link));
            changed.push(Changed { from, to, port, before, after });
        }
    }

    /// Throws away the tables with a way over what became worse, and those with one that becomes
    /// better; returns how many.
    fn forget_touched(&mut self, changed: &[Changed]) -> usize {
        let mut forgotten = 0;
        for (source, place) in self.tables.iter_mut().enumerate() {
            let source = source as u32;
            let Some(table) = place.get() else { continue };
            if changed.iter().any(|changed| changed.touches(source, table, &self.core)) {
                *place = OnceLock::new();
                forgotten += 1;
            }
        }
        forgotten
    }

    /// The first port on the way to each core node. Ways of equal cost are told apart by the
    /// lower port at the source, so that the order of the graph's edges shows nowhere.
    fn table(&self, source: u32) -> Table {
        let mut first = vec![NO_PORT; self.core.len()].into_boxed_slice();
        let mut costs = vec![Cost::UNREACHABLE; self.core.len()].into_boxed_slice();
        let mut open = BinaryHeap::new();
        costs[source as usize] = Cost::NONE;
        for link in &self.links[self.range(source)] {
            open.push(Reverse((self.cost(source, link), link.port, link.to)));
        }
        while let Some(Reverse((cost, port, node))) = open.pop() {
            let place = node as usize;
            if cost == Cost::UNREACHABLE || node == source || first[place] != NO_PORT {
                continue;
            }
            (first[place], costs[place]) = (port, cost);
            if self.core[place].forwards {
                for link in &self.links[self.range(node)] {
                    let onward = cost.and(self.cost(node, link));
                    if onward < costs[link.to as usize] || first[link.to as usize] == NO_PORT {
                        open.push(Reverse((onward, port, link.to)));
                    }
                }
            }
        }
        Table { first, cost: costs }
    }
}

impl Changed {
    /// Whether a table may be another after this change.
    fn touches(&self, source: u32, table: &Table, core: &[Core]) -> bool {
        let (from, to) = (self.from as usize, self.to as usize);
        let (reached, first) = match self.from == source {
            true => (Cost::NONE, self.port),
            false if core[from].forwards => (table.cost[from], table.first[from]),
            false => return false,
        };
        if reached == Cost::UNREACHABLE {
            return false;
        }
        let (before, after) = (reached.and(self.before), reached.and(self.after));
        let was_on_a_way = self.after > self.before && before == table.cost[to];
        let is_better = after < table.cost[to]
            || after == table.cost[to] && after != Cost::UNREACHABLE && first < table.first[to];
        was_on_a_way || self.after < self.before && is_better
    }
}

#[cfg(test)]
mod tests;

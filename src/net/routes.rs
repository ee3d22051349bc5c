//! Routes of least cost, as the routers know them.
//!
//! A host with one link sends everything there, and is reached through its neighbour, so that routes
//! are kept for routers and hosts with several links alone: they grow with routers, not with pairs of
//! hosts. The ways to one of them are a tree, which is computed when first a packet is for it, of
//! 12 octets for each router: what is kept grows with those whom packets are for.
//!
//! What is known here may lag behind the [`Topology`]: a change is told when routers come to know of
//! it ([`Routes::learn`]). It costs a look at each tree, and in the trees that it touches the ways that
//! become others.
//!
//! To look up is to read: any number of threads may do it at once, and get the same answers.

mod graph;
mod tree;

use std::sync::OnceLock;

use super::topology::{Cost, LinkId, NodeId, Topology};
use graph::{Core, Graph, Onward};
use tree::{Tools, Tree};

/// Next hops.
#[derive(Debug)]
pub struct Routes {
    places: Vec<Place>,
    graph: Graph,
    /// By goal.
    trees: Vec<OnceLock<Box<Tree>>>,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    /// A host with one link: reached by `port` of `neighbour`, while the link is `up` that way.
    Leaf { neighbour: NodeId, port: u32, up: bool },
    /// A router, or a host with several links or none: a node of the graph.
    Core(u32),
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

impl Routes {
    /// The routes in this topology.
    pub fn new(topology: &Topology) -> Self {
        let mut nodes = Vec::new();
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
            places.push(Place::Core(nodes.len() as u32));
            nodes.push(Core { node, forwards, up: topology.is_node_up(node), links_end: 0 });
        }
        let mut links = Vec::new();
        for core in &mut nodes {
            // They come by port. Until all links are there the way back is known by its port alone.
            links.extend(topology.neighbours(core.node).filter_map(|link| {
                let Place::Core(to) = places[link.node.index()] else { return None };
                let (port, back) = (link.port, link.port_there);
                Some(Onward { cost: link.cost, port, to, back, up: link.up })
            }));
            core.links_end = u32::try_from(links.len()).expect("fewer than 2^32 links");
        }
        let mut graph = Graph { nodes, links };
        for place in 0..graph.links.len() {
            let Onward { to, back, .. } = graph.links[place];
            let back = graph.find(to, back).expect("a link has two ends");
            graph.links[place].back = back as u32;
        }
        let trees = graph.nodes.iter().map(|_| OnceLock::new()).collect();
        Routes { places, graph, trees }
    }

    /// The port by which `from` sends to `to`; `None` when there is no way.
    ///
    /// A host with one link has no choice: it sends there, even while the link is cut, and even what is
    /// for [`NodeId::NOWHERE`].
    pub fn next_port(&self, from: NodeId, to: NodeId) -> Option<u32> {
        let Place::Core(node) = self.places[from.index()] else { return Some(0) };
        let goal = match *self.places.get(to.index())? {
            Place::Core(goal) => goal,
            Place::Leaf { up: false, .. } => return None,
            Place::Leaf { neighbour, port, .. } if neighbour == from => return Some(port),
            Place::Leaf { neighbour, .. } => match self.places[neighbour.index()] {
                Place::Core(goal) if self.graph.nodes[goal as usize].forwards => goal,
                _ => return None,
            },
        };
        let tree = &self.trees[goal as usize];
        tree.get_or_init(|| Box::new(Tree::new(&self.graph, goal))).next(node)
    }

    /// Whether a host hangs on `router` by its one link, so that `router` is the last of all ways to it.
    pub fn is_last(&self, router: NodeId, host: NodeId) -> bool {
        let place = self.places.get(host.index());
        matches!(place, Some(Place::Leaf { neighbour, .. }) if *neighbour == router)
    }

    /// Routers have come to know of a change. Handed back is how many ways were found anew: those of a
    /// node to a goal whose tree is there.
    pub fn learn(&mut self, topology: &Topology, change: Change) -> usize {
        let graph = &mut self.graph;
        let mut changed = Vec::new();
        match change {
            Change::Link(link, up) => {
                for (end, (node, port)) in topology.ends(link).into_iter().enumerate() {
                    let up_back = up[1 - end];
                    match &mut self.places[node.index()] {
                        Place::Leaf { up, .. } => *up = up_back,
                        Place::Core(node) => {
                            changed.extend(graph.change(*node, port, |link| link.up = up[end]));
                        }
                    }
                }
            }
            Change::Costs(link, costs) => {
                for ((node, port), cost) in topology.ends(link).into_iter().zip(costs) {
                    if let Place::Core(node) = self.places[node.index()] {
                        changed.extend(graph.change(node, port, |link| link.cost = cost));
                    }
                }
            }
            Change::Node(node, up) => {
                if let Place::Core(node) = self.places[node.index()] {
                    changed = graph.change_node(node, up);
                }
            }
        }
        changed.retain(|change| change.before != change.after);
        if changed.is_empty() {
            return 0;
        }
        let mut tools = Tools::default();
        let trees = (0..).zip(&mut self.trees);
        let there = trees.filter_map(|(goal, tree)| Some((goal, tree.get_mut()?)));
        there.map(|(goal, tree)| tree.repair(&self.graph, goal, &changed, &mut tools)).sum()
    }

    /// To how many routers and hosts with several links ways are computed.
    pub fn trees(&self) -> usize {
        self.trees.iter().filter(|tree| tree.get().is_some()).count()
    }
}

#[cfg(test)]
mod tests;

//! The graph of hosts, routers and links.

use std::time::Duration;

use petgraph::graph::{EdgeIndex, NodeIndex, UnGraph};

/// A host or a router, by its place in the graph. Hosts come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

impl NodeId {
    /// Nobody: where a packet goes to an address that no host has.
    pub const NOWHERE: NodeId = NodeId(u32::MAX);

    /// As an index into a `Vec` over all nodes.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A link, by its place in the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u32);

/// Directions of a link, as seen from its first end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ways {
    /// Both.
    Both,
    /// From the first end to the second.
    Forward,
    /// From the second end to the first.
    Backward,
}

impl Ways {
    /// Whether the direction from the first end is among them, and that from the second.
    pub fn as_pair(self) -> [bool; 2] {
        [self != Ways::Backward, self != Ways::Forward]
    }

    /// Those directions; `None` for none.
    pub fn of(pair: [bool; 2]) -> Option<Ways> {
        match pair {
            [true, true] => Some(Ways::Both),
            [true, false] => Some(Ways::Forward),
            [false, true] => Some(Ways::Backward),
            [false, false] => None,
        }
    }
}

/// What a direction of a link adds to the ways that lead over it: nanoseconds of delay, or what was
/// given in their stead. At least 1, so that a packet comes nearer to its goal with every hop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cost(pub(crate) u64);

impl Cost {
    /// Of the node itself.
    pub(crate) const NONE: Cost = Cost(0);
    /// No way leads there.
    pub(crate) const UNREACHABLE: Cost = Cost(u64::MAX);

    /// As much as this delay.
    pub fn delay(delay: Duration) -> Self {
        // The largest is no way at all, and half of it leaves room to add.
        Cost(u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX).clamp(1, u64::MAX / 2))
    }

    /// A cost without a unit, as routers are configured with: 1 is as much as a delay of 1 ms.
    pub fn given(cost: u32) -> Self {
        Cost::delay(Duration::from_millis(u64::from(cost)))
    }

    pub(crate) fn and(self, other: Cost) -> Cost {
        Cost(self.0.saturating_add(other.0))
    }
}

/// Who is joined to whom, at which cost, and what is up. What the links are like is the business of
/// the nodes at their ends ([`super::Direction`]); what routers make of it is [`super::Routes`].
#[derive(Debug, Clone, Default)]
pub struct Topology {
    graph: UnGraph<Node, Link>,
    // By node and port: what forwarding looks up for every packet.
    peers: Vec<Vec<NodeId>>,
}

#[derive(Debug, Clone)]
struct Node {
    forwards: bool,
    up: bool,
}

#[derive(Debug, Clone)]
struct Link {
    ends: [NodeId; 2],
    // The number of the link among those of its end, for both ends.
    ports: [u32; 2],
    // From the first end and from the second.
    costs: [Cost; 2],
    // In the direction from the first end, and from the second.
    up: [bool; 2],
}

/// A link as seen from one of its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Neighbour {
    pub(crate) node: NodeId,
    /// The link's port at this end.
    pub(crate) port: u32,
    /// Its port at the neighbour.
    pub(crate) port_there: u32,
    /// Of the way there.
    pub(crate) cost: Cost,
    /// Whether the link is not cut on the way there.
    pub(crate) up: bool,
    /// Whether it is not cut on the way back.
    pub(crate) up_back: bool,
}

impl Topology {
    /// None yet, with room for so many.
    pub fn with_capacity(nodes: usize, links: usize) -> Self {
        let graph = UnGraph::with_capacity(nodes, links);
        Topology { graph, peers: Vec::with_capacity(nodes) }
    }

    /// Adds a host, which does not forward packets of others, with room for so many links.
    pub fn add_host(&mut self, links: u32) -> NodeId {
        self.add(false, links)
    }

    /// Adds a router, with room for so many links.
    pub fn add_router(&mut self, links: u32) -> NodeId {
        self.add(true, links)
    }

    fn add(&mut self, forwards: bool, links: u32) -> NodeId {
        let index = self.graph.add_node(Node { forwards, up: true });
        self.peers.push(Vec::with_capacity(links as usize));
        NodeId(u32::try_from(index.index()).expect("fewer than 2^32 nodes"))
    }

    /// Joins `a` and `b`. The costs are what routes add up from `a` to `b`, and from `b` to `a`.
    ///
    /// Both ends number their links from 0 in the order of these calls; the numbers are handed
    /// back as the port at `a` and the port at `b`.
    pub fn connect(&mut self, a: NodeId, b: NodeId, costs: [Cost; 2]) -> (LinkId, u32, u32) {
        let mut port_at = |node: NodeId, peer: NodeId| {
            let peers = &mut self.peers[node.index()];
            peers.push(peer);
            u32::try_from(peers.len() - 1).expect("fewer than 2^32 links at a node")
        };
        let ports = [port_at(a, b), port_at(b, a)];
        let link = Link { ends: [a, b], ports, costs, up: [true, true] };
        let edge = self.graph.add_edge(index(a), index(b), link);
        let id = LinkId(u32::try_from(edge.index()).expect("fewer than 2^32 links"));
        (id, ports[0], ports[1])
    }

    /// Cuts or heals the directions of a link, from its first end and from its second.
    pub fn set_up(&mut self, link: LinkId, up: [bool; 2]) {
        self.graph[EdgeIndex::new(link.0 as usize)].up = up;
    }

    /// Whether the directions of a link, from its first end and from its second, are not cut.
    pub fn is_up(&self, link: LinkId) -> [bool; 2] {
        self.graph[EdgeIndex::new(link.0 as usize)].up
    }

    /// Sets what routes add up for a link, from its first end and from its second.
    pub fn set_costs(&mut self, link: LinkId, costs: [Cost; 2]) {
        self.graph[EdgeIndex::new(link.0 as usize)].costs = costs;
    }

    /// What routes add up for a link, from its first end and from its second.
    pub fn costs(&self, link: LinkId) -> [Cost; 2] {
        self.graph[EdgeIndex::new(link.0 as usize)].costs
    }

    /// Takes a node down with all its links, or brings it up again.
    pub fn set_node_up(&mut self, node: NodeId, up: bool) {
        self.graph[index(node)].up = up;
    }

    /// The two ends of a link, each with the link's port there.
    pub fn ends(&self, link: LinkId) -> [(NodeId, u32); 2] {
        let link = &self.graph[EdgeIndex::new(link.0 as usize)];
        [(link.ends[0], link.ports[0]), (link.ends[1], link.ports[1])]
    }

    /// How many nodes there are.
    pub fn node_count(&self) -> usize {
        self.graph.node_count()
    }

    /// How many links there are.
    pub fn link_count(&self) -> usize {
        self.graph.edge_count()
    }

    /// The links between two nodes, in the order in which they were made.
    pub fn links_between(&self, a: NodeId, b: NodeId) -> Vec<LinkId> {
        let mut links: Vec<_> = self
            .graph
            .edges_connecting(index(a), index(b))
            .map(|edge| LinkId(petgraph::visit::EdgeRef::id(&edge).index() as u32))
            .collect();
        links.sort();
        links
    }

    /// The links of a node, in the order in which they were made.
    pub fn links_of(&self, node: NodeId) -> Vec<LinkId> {
        let mut links: Vec<_> = self
            .graph
            .edges(index(node))
            .map(|edge| LinkId(petgraph::visit::EdgeRef::id(&edge).index() as u32))
            .collect();
        links.sort();
        links
    }

    /// The node at the other end of port `port` of `node`.
    ///
    /// # Panics
    /// When the node has no such port.
    pub fn peer(&self, node: NodeId, port: u32) -> NodeId {
        self.peers[node.index()][port as usize]
    }

    pub(crate) fn forwards(&self, node: NodeId) -> bool {
        self.graph[index(node)].forwards
    }

    pub(crate) fn port_count(&self, node: NodeId) -> usize {
        self.peers[node.index()].len()
    }

    /// Whether a node is up.
    pub(crate) fn is_node_up(&self, node: NodeId) -> bool {
        self.graph[index(node)].up
    }

    /// The neighbours of a node, in no order that matters.
    pub(crate) fn neighbours(&self, node: NodeId) -> impl Iterator<Item = Neighbour> + '_ {
        self.graph.edges(index(node)).map(move |edge| {
            let link = edge.weight();
            let here = usize::from(link.ends[0] != node);
            Neighbour {
                node: link.ends[1 - here],
                port: link.ports[here],
                port_there: link.ports[1 - here],
                cost: link.costs[here],
                up: link.up[here],
                up_back: link.up[1 - here],
            }
        })
    }
}

fn index(node: NodeId) -> NodeIndex {
    NodeIndex::new(node.index())
}

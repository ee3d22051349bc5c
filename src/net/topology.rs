//! The graph of hosts, routers and links.

use std::time::Duration;

/// A host or a router, by its place among all. Hosts come first.
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

/// A link, by its place among all.
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
    nodes: Vec<Node>,
    links: Vec<Link>,
    /// The ports of all nodes, those of a node one after the other.
    ports: Vec<Port>,
}

/// A node and the place of its ports.
#[derive(Debug, Clone)]
struct Node {
    first: u32,
    ports: u32,
    room: u32,
    forwards: bool,
    up: bool,
}

/// A link at one of its ends.
#[derive(Debug, Clone, Copy)]
struct Port {
    peer: NodeId,
    link: LinkId,
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
        Topology {
            nodes: Vec::with_capacity(nodes),
            links: Vec::with_capacity(links),
            ports: Vec::with_capacity(2 * links),
        }
    }

    /// Adds a host, which does not forward packets of others, with room for so many links.
    pub fn add_host(&mut self, links: u32) -> NodeId {
        self.add(false, links)
    }

    /// Adds a router, with room for so many links.
    pub fn add_router(&mut self, links: u32) -> NodeId {
        self.add(true, links)
    }

    fn add(&mut self, forwards: bool, room: u32) -> NodeId {
        let node = NodeId(u32::try_from(self.nodes.len()).expect("fewer than 2^32 nodes"));
        let first = self.make_room(room);
        self.nodes.push(Node { first, ports: 0, room, forwards, up: true });
        node
    }

    /// The place of room for so many ports, behind all there are.
    fn make_room(&mut self, ports: u32) -> u32 {
        let first = self.ports.len();
        let nothing = Port { peer: NodeId::NOWHERE, link: LinkId(u32::MAX) };
        self.ports.resize(first + ports as usize, nothing);
        u32::try_from(first).expect("fewer than 2^32 ports")
    }

    /// Adds a port to a node, and hands back its number. Where there is no room left its ports move.
    fn add_port(&mut self, node: NodeId, port: Port) -> u32 {
        let Node { first, ports, room, .. } = self.nodes[node.index()];
        if ports == room {
            let room = (2 * room).max(4);
            let moved = self.make_room(room);
            let range = first as usize..(first + ports) as usize;
            self.ports.copy_within(range, moved as usize);
            let node = &mut self.nodes[node.index()];
            (node.first, node.room) = (moved, room);
        }
        let node = &mut self.nodes[node.index()];
        self.ports[(node.first + ports) as usize] = port;
        node.ports += 1;
        ports
    }

    /// Joins `a` and `b`. The costs are what routes add up from `a` to `b`, and from `b` to `a`.
    ///
    /// Both ends number their links from 0 in the order of these calls; the numbers are handed
    /// back as the port at `a` and the port at `b`.
    pub fn connect(&mut self, a: NodeId, b: NodeId, costs: [Cost; 2]) -> (LinkId, u32, u32) {
        let link = LinkId(u32::try_from(self.links.len()).expect("fewer than 2^32 links"));
        let ports = [(a, b), (b, a)].map(|(node, peer)| self.add_port(node, Port { peer, link }));
        self.links.push(Link { ends: [a, b], ports, costs, up: [true, true] });
        (link, ports[0], ports[1])
    }

    /// Cuts or heals the directions of a link, from its first end and from its second.
    pub fn set_up(&mut self, link: LinkId, up: [bool; 2]) {
        self.links[link.0 as usize].up = up;
    }

    /// Whether the directions of a link, from its first end and from its second, are not cut.
    pub fn is_up(&self, link: LinkId) -> [bool; 2] {
        self.links[link.0 as usize].up
    }

    /// Sets what routes add up for a link, from its first end and from its second.
    pub fn set_costs(&mut self, link: LinkId, costs: [Cost; 2]) {
        self.links[link.0 as usize].costs = costs;
    }

    /// What routes add up for a link, from its first end and from its second.
    pub fn costs(&self, link: LinkId) -> [Cost; 2] {
        self.links[link.0 as usize].costs
    }

    /// Takes a node down with all its links, or brings it up again.
    pub fn set_node_up(&mut self, node: NodeId, up: bool) {
        self.nodes[node.index()].up = up;
    }

    /// The two ends of a link, each with the link's port there.
    pub fn ends(&self, link: LinkId) -> [(NodeId, u32); 2] {
        let link = &self.links[link.0 as usize];
        [(link.ends[0], link.ports[0]), (link.ends[1], link.ports[1])]
    }

    /// How many nodes there are.
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// How many links there are.
    pub fn link_count(&self) -> usize {
        self.links.len()
    }

    /// The links between two nodes, in the order in which they were made.
    pub fn links_between(&self, a: NodeId, b: NodeId) -> Vec<LinkId> {
        // A router may have a hundred thousand links where a host has one.
        let (few, other) = if self.port_count(a) <= self.port_count(b) { (a, b) } else { (b, a) };
        let between = self.ports(few).iter().filter(|port| port.peer == other);
        between.map(|port| port.link).collect()
    }

    /// The links of a node, in the order in which they were made.
    pub fn links_of(&self, node: NodeId) -> Vec<LinkId> {
        self.ports(node).iter().map(|port| port.link).collect()
    }

    /// The node at the other end of port `port` of `node`.
    ///
    /// # Panics
    /// When the node has no such port.
    #[inline]
    pub fn peer(&self, node: NodeId, port: u32) -> NodeId {
        self.ports[(self.nodes[node.index()].first + port) as usize].peer
    }

    #[inline]
    fn ports(&self, node: NodeId) -> &[Port] {
        let Node { first, ports, .. } = self.nodes[node.index()];
        &self.ports[first as usize..][..ports as usize]
    }

    pub(crate) fn forwards(&self, node: NodeId) -> bool {
        self.nodes[node.index()].forwards
    }

    pub(crate) fn port_count(&self, node: NodeId) -> usize {
        self.nodes[node.index()].ports as usize
    }

    /// Whether a node is up.
    pub(crate) fn is_node_up(&self, node: NodeId) -> bool {
        self.nodes[node.index()].up
    }

    /// The neighbours of a node, by its ports.
    pub(crate) fn neighbours(&self, node: NodeId) -> impl Iterator<Item = Neighbour> + '_ {
        (0..).zip(self.ports(node)).map(|(number, port)| {
            let link = &self.links[port.link.0 as usize];
            let here = usize::from(link.ends[0] == port.peer);
            Neighbour {
                node: port.peer,
                port: number,
                port_there: link.ports[1 - here],
                cost: link.costs[here],
                up: link.up[here],
                up_back: link.up[1 - here],
            }
        })
    }
}

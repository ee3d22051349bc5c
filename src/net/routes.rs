//! Routes of least delay.
//!
//! A host with one link sends everything there, and is reached through its neighbour, so that
//! tables are kept for routers and hosts with several links alone: they grow with routers, not
//! with pairs of hosts. A table is computed (Dijkstra) when its node first forwards a packet.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::OnceLock;
use std::time::Duration;

use super::topology::{NodeId, Topology};

/// Next hops, valid until the topology changes.
#[derive(Debug)]
pub struct Routes {
    places: Vec<Place>,
    core: Vec<NodeId>,
    tables: Vec<OnceLock<Box<[u32]>>>,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    /// One link: reached by `port` of `neighbour`.
    Leaf { neighbour: NodeId, port: u32 },
    /// A router, or a host with several links or none: has a table.
    Core(u32),
}

const UNREACHABLE: u32 = u32::MAX;

impl Routes {
    /// The routes over the links that are up.
    pub fn new(topology: &Topology) -> Self {
        let nodes = (0..topology.node_count() as u32).map(NodeId);
        let mut core = Vec::new();
        let places = nodes
            .map(|node| {
                if !topology.forwards(node) && topology.port_count(node) == 1 {
                    // A cut link makes an island of it, with a table like a router's.
                    if let Some(link) = topology.feeders(node).next() {
                        return Place::Leaf { neighbour: link.node, port: link.port_there };
                    }
                }
                core.push(node);
                Place::Core(core.len() as u32 - 1)
            })
            .collect();
        let tables = core.iter().map(|_| OnceLock::new()).collect();
        Routes { places, core, tables }
    }

    /// The port by which `from` sends to `to`; `None` when there is no way.
    ///
    /// A host with one link has no choice: it sends there, even while the link is cut.
    pub fn next_port(&self, topology: &Topology, from: NodeId, to: NodeId) -> Option<u32> {
        if !topology.forwards(from) && topology.port_count(from) == 1 {
            return Some(0);
        }
        let Place::Core(row) = self.places[from.index()] else { return Some(0) };
        let column = match self.places[to.index()] {
            Place::Leaf { neighbour, port } if neighbour == from => return Some(port),
            Place::Leaf { neighbour, .. } => match self.places[neighbour.index()] {
                Place::Core(column) if topology.forwards(neighbour) => column,
                _ => return None,
            },
            Place::Core(column) => column,
        };
        let table = self.tables[row as usize].get_or_init(|| self.table(topology, from));
        Some(table[column as usize]).filter(|port| *port != UNREACHABLE)
    }

    /// The first port on the way to each core node. Ways of equal delay are told apart by the
    /// lower port at the source, so that the order of the graph's edges shows nowhere.
    fn table(&self, topology: &Topology, source: NodeId) -> Box<[u32]> {
        let mut first = vec![UNREACHABLE; self.core.len()].into_boxed_slice();
        let mut open = BinaryHeap::new();
        for link in topology.neighbours(source) {
            open.push(Reverse((link.cost, link.port, link.node)));
        }
        while let Some(Reverse((cost, port, node))) = open.pop() {
            let Place::Core(column) = self.places[node.index()] else { continue };
            if node == source || first[column as usize] != UNREACHABLE {
                continue;
            }
            first[column as usize] = port;
            if topology.forwards(node) {
                for link in topology.neighbours(node) {
                    let onward: Duration = cost.saturating_add(link.cost);
                    open.push(Reverse((onward, port, link.node)));
                }
            }
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Hosts a, b and two routers r, s: a-r 1, r-s 10, s-b 1, and r-t-s 2+2 by a third router t.
    fn square() -> (Topology, [NodeId; 5], super::super::LinkId) {
        let mut topology = Topology::default();
        let (a, b) = (topology.add_host(), topology.add_host());
        let (r, s, t) = (topology.add_router(), topology.add_router(), topology.add_router());
        topology.connect(a, r, MS);
        topology.connect(r, s, 10 * MS);
        topology.connect(s, b, MS);
        topology.connect(r, t, 2 * MS);
        let (short, _, _) = topology.connect(t, s, 2 * MS);
        (topology, [a, b, r, s, t], short)
    }

    #[test]
    fn packets_take_the_way_of_least_delay_and_reroute_when_it_is_cut() {
        let (mut topology, [a, b, r, s, t], short) = square();
        let routes = Routes::new(&topology);
        assert_eq!(routes.next_port(&topology, a, b), Some(0));
        assert_eq!(routes.next_port(&topology, r, b), Some(2)); // r-t
        assert_eq!(routes.next_port(&topology, t, b), Some(1)); // t-s
        assert_eq!(routes.next_port(&topology, s, b), Some(1)); // s-b
        topology.set_up(short, [false, false]);
        let routes = Routes::new(&topology);
        assert_eq!(routes.next_port(&topology, r, b), Some(1)); // r-s
        assert_eq!(routes.next_port(&topology, t, b), Some(0)); // back to r
    }

    #[test]
    fn hosts_forward_nothing_for_others() {
        let mut topology = Topology::default();
        let (a, middle, b) = (topology.add_host(), topology.add_host(), topology.add_host());
        topology.connect(a, middle, MS);
        topology.connect(middle, b, MS);
        let routes = Routes::new(&topology);
        assert_eq!(routes.next_port(&topology, middle, b), Some(1));
        let routers = topology.add_router();
        topology.connect(a, routers, MS);
        let routes = Routes::new(&topology);
        assert_eq!(routes.next_port(&topology, a, b), None);
        assert_eq!(routes.next_port(&topology, routers, b), None);
    }

    #[test]
    fn a_link_that_carries_one_way_is_in_the_routes_one_way() {
        let (mut topology, [a, b, r, s, t], short) = square();
        topology.set_up(short, [false, true]); // t to s is cut
        let routes = Routes::new(&topology);
        assert_eq!(routes.next_port(&topology, r, b), Some(1)); // r-s
        assert_eq!(routes.next_port(&topology, s, a), Some(2)); // s-t
        assert_eq!(routes.next_port(&topology, t, b), Some(0));
        let last = topology.links_between(s, b)[0];
        topology.set_up(last, [true, false]); // b hears, and is not heard
        let routes = Routes::new(&topology);
        assert_eq!(routes.next_port(&topology, s, b), Some(1));
        assert_eq!(routes.next_port(&topology, b, s), Some(0));
    }

    #[test]
    fn an_island_is_out_of_reach() {
        let (mut topology, [_, b, r, s, _], _) = square();
        let link = topology.links_between(s, b)[0];
        topology.set_up(link, [false, false]);
        let routes = Routes::new(&topology);
        assert_eq!(routes.next_port(&topology, r, b), None);
        assert_eq!(routes.next_port(&topology, b, r), Some(0));
    }
}

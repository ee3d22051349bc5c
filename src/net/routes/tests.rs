//! Ways in small networks, and random networks against a full computation and petgraph's.

use std::time::Duration;

use petgraph::graph::{DiGraph, NodeIndex};
use proptest::prelude::*;

use super::*;

const CUT: [bool; 2] = [false, false];
const UP: [bool; 2] = [true, true];

/// As much as a delay of so many milliseconds, both ways.
fn ms(millis: u64) -> [Cost; 2] {
    [Cost::delay(Duration::from_millis(millis)); 2]
}

/// Hosts a, b and two routers r, s: a-r 1, r-s 10, s-b 1, and r-t-s 2+2 by a third router t.
fn square() -> (Topology, [NodeId; 5], LinkId) {
    let mut topology = Topology::default();
    let (a, b) = (topology.add_host(1), topology.add_host(1));
    let (r, s, t) = (topology.add_router(1), topology.add_router(1), topology.add_router(1));
    topology.connect(a, r, ms(1));
    topology.connect(r, s, ms(10));
    topology.connect(s, b, ms(1));
    topology.connect(r, t, ms(2));
    let (short, _, _) = topology.connect(t, s, ms(2));
    (topology, [a, b, r, s, t], short)
}

#[test]
fn packets_take_the_way_of_least_cost_and_another_when_it_is_cut() {
    let (topology, [a, b, r, s, t], short) = square();
    let mut routes = Routes::new(&topology);
    assert_eq!(routes.next_port(a, b), Some(0));
    assert_eq!(routes.next_port(r, b), Some(2)); // r-t
    assert_eq!(routes.next_port(t, b), Some(1)); // t-s
    assert_eq!(routes.next_port(s, b), Some(1)); // s-b
    routes.learn(&topology, Change::Link(short, CUT));
    assert_eq!(routes.next_port(r, b), Some(1)); // r-s
    assert_eq!(routes.next_port(t, b), Some(0)); // back to r
    routes.learn(&topology, Change::Link(short, UP));
    assert_eq!(routes.next_port(r, b), Some(2));
    routes.learn(&topology, Change::Node(t, false));
    assert_eq!((routes.next_port(r, b), routes.next_port(r, t)), (Some(1), None));
}

#[test]
fn a_cost_stands_for_a_delay_and_may_differ_by_direction() {
    let (topology, [_, b, r, s, _], short) = square();
    let mut routes = Routes::new(&topology);
    routes.next_port(s, r);
    let costs = [Cost::given(9), Cost::given(2)]; // t>s, s>t
    assert_eq!(topology.ends(short)[1].0, s);
    routes.learn(&topology, Change::Costs(short, costs));
    assert_eq!(routes.next_port(r, b), Some(1)); // r-s costs 10, r-t-s 11
    assert_eq!(routes.next_port(s, r), Some(2)); // s-t-r costs 4
}

#[test]
fn hosts_forward_nothing_for_others() {
    let mut topology = Topology::default();
    let (a, middle, b) = (topology.add_host(1), topology.add_host(1), topology.add_host(1));
    topology.connect(a, middle, ms(1));
    topology.connect(middle, b, ms(1));
    let routes = Routes::new(&topology);
    assert_eq!(routes.next_port(middle, b), Some(1));
    let router = topology.add_router(1);
    topology.connect(a, router, ms(1));
    let routes = Routes::new(&topology);
    assert_eq!(routes.next_port(a, b), None);
    assert_eq!(routes.next_port(router, b), None);
}

#[test]
fn a_link_that_carries_one_way_is_in_the_routes_one_way() {
    let (topology, [a, b, r, s, t], short) = square();
    let mut routes = Routes::new(&topology);
    routes.learn(&topology, Change::Link(short, [false, true])); // t to s is cut
    assert_eq!(routes.next_port(r, b), Some(1)); // r-s
    assert_eq!(routes.next_port(s, a), Some(2)); // s-t
    assert_eq!(routes.next_port(t, b), Some(0));
    let last = topology.links_between(s, b)[0];
    routes.learn(&topology, Change::Link(last, [true, false])); // b hears, and is not heard
    assert_eq!((routes.next_port(s, b), routes.next_port(b, s)), (Some(1), Some(0)));
}

#[test]
fn an_island_is_out_of_reach() {
    let (topology, [_, b, r, s, _], _) = square();
    let mut routes = Routes::new(&topology);
    routes.learn(&topology, Change::Link(topology.links_between(s, b)[0], CUT));
    assert_eq!(routes.next_port(r, b), None);
    assert_eq!(routes.next_port(s, b), None);
    assert_eq!(routes.next_port(b, r), Some(0));
}

#[test]
fn links_that_cost_nothing_lead_packets_nowhere_in_a_circle() {
    // r and s reach b over links of 5 ms each; between them there is no delay at all.
    let mut topology = Topology::default();
    let (b, r, s) = (topology.add_host(1), topology.add_router(1), topology.add_router(1));
    topology.connect(r, s, ms(0));
    topology.connect(r, b, ms(5));
    topology.connect(s, b, ms(5));
    let routes = Routes::new(&topology);
    assert_eq!((routes.next_port(r, b), routes.next_port(s, b)), (Some(1), Some(1)));
}

/// Two rings of `size` routers with a host at each, joined by one link.
fn rings(size: u32) -> (Topology, Vec<NodeId>, Vec<NodeId>) {
    let mut topology = Topology::default();
    let hosts: Vec<_> = (0..2 * size).map(|_| topology.add_host(1)).collect();
    let routers: Vec<_> = (0..2 * size).map(|_| topology.add_router(1)).collect();
    for (host, router) in hosts.iter().zip(&routers) {
        topology.connect(*host, *router, ms(1));
    }
    for ring in routers.chunks(size as usize) {
        for (at, router) in ring.iter().enumerate() {
            topology.connect(*router, ring[(at + 1) % ring.len()], ms(10));
        }
    }
    topology.connect(routers[0], routers[size as usize], ms(10));
    (topology, hosts, routers)
}

#[test]
fn a_change_costs_the_ways_that_it_touches() {
    let (topology, hosts, routers) = rings(9);
    let mut routes = Routes::new(&topology);
    let link = |a: usize, b: usize| topology.links_between(routers[a], routers[b])[0];
    assert_eq!(routes.learn(&topology, Change::Link(link(4, 5), CUT)), 0);
    assert_eq!(routes.learn(&topology, Change::Link(link(4, 5), UP)), 0);
    for host in &hosts {
        routes.next_port(routers[0], *host);
        routes.next_port(routers[9], *host);
    }
    assert_eq!(routes.trees(), 18);
    // In a ring of nine each goal has four others on each side. A link that is one, two, three or four
    // steps from it takes four, three, two or one of them with it; the link opposite to it none, which
    // for router 0, where the other ring is joined, is this one.
    let ways = 2 * (1 + 2 + 3 + 4);
    assert_eq!(routes.learn(&topology, Change::Link(link(4, 5), CUT)), ways);
    assert_eq!(routes.learn(&topology, Change::Link(link(4, 5), UP)), ways);
    // A host's own link is in no tree.
    let own = topology.links_of(hosts[3])[0];
    assert_eq!(routes.learn(&topology, Change::Link(own, CUT)), 0);
    // All ways of one ring to the other lead over the link between them.
    assert_eq!(routes.learn(&topology, Change::Link(link(0, 9), CUT)), 2 * 9 * 9);
    assert_eq!(routes.learn(&topology, Change::Link(link(2, 3), CUT)), ways);
    // What is cut off already can lose no more.
    assert!(routes.learn(&topology, Change::Node(routers[0], false)) > 0);
    assert_eq!(routes.learn(&topology, Change::Link(link(0, 1), CUT)), 0);
}

#[test]
fn what_is_for_one_host_needs_one_tree() {
    let (topology, hosts, routers) = rings(50);
    let routes = Routes::new(&topology);
    for router in &routers {
        assert!(routes.next_port(*router, hosts[20]).is_some());
    }
    assert_eq!(routes.trees(), 1);
    fn shared<T: Sync>(_: &T) {}
    shared(&routes);
}

/// One change of a random network.
#[derive(Debug, Clone)]
enum Step {
    Link(usize, [bool; 2]),
    Node(usize, bool),
    Costs(usize, [u32; 2]),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0usize..40, any::<[bool; 2]>()).prop_map(|(link, up)| Step::Link(link, up)),
        (0usize..12, any::<bool>()).prop_map(|(node, up)| Step::Node(node, up)),
        (0usize..40, [0u32..5, 0u32..5]).prop_map(|(link, costs)| Step::Costs(link, costs)),
    ];
    prop::collection::vec(step, 1..24)
}

/// Three hosts (numbers 0 to 2) and nine routers, with these links.
fn network(links: &[(u32, u32, [u32; 2])]) -> Topology {
    let mut topology = Topology::default();
    let nodes: Vec<_> = (0..12)
        .map(|at| if at < 3 { topology.add_host(1) } else { topology.add_router(1) })
        .collect();
    for (a, b, costs) in links {
        if a != b {
            topology.connect(nodes[*a as usize], nodes[*b as usize], costs.map(Cost::given));
        }
    }
    topology
}

/// What petgraph says it costs from `source` to every node, where only routers are passed through.
fn oracle(topology: &Topology, source: NodeId) -> Vec<Option<u64>> {
    let mut graph = DiGraph::<(), u64>::new();
    for _ in 0..topology.node_count() {
        graph.add_node(());
    }
    for link in (0..topology.link_count() as u32).map(LinkId) {
        let [(a, _), (b, _)] = topology.ends(link);
        let up = [a, b].into_iter().all(|node| topology.is_node_up(node));
        let ways = [(a, b), (b, a)].into_iter().zip(topology.costs(link)).zip(topology.is_up(link));
        for (((from, to), cost), carries) in ways {
            if up && carries && (from == source || topology.forwards(from)) {
                graph.add_edge(NodeIndex::new(from.index()), NodeIndex::new(to.index()), cost.0);
            }
        }
    }
    let start = NodeIndex::new(source.index());
    let found = petgraph::algo::dijkstra(&graph, start, None, |edge| *edge.weight());
    (0..topology.node_count()).map(|at| found.get(&NodeIndex::new(at)).copied()).collect()
}

proptest! {
    #[test]
    fn what_is_learned_step_by_step_is_what_a_full_computation_says(
        links in prop::collection::vec((0u32..12, 0u32..12, [0u32..5, 0u32..5]), 1..40),
        steps in steps(),
    ) {
        let mut topology = network(&links);
        let mut routes = Routes::new(&topology);
        let nodes: Vec<_> = (0..12).map(NodeId).collect();
        let links = topology.link_count();
        for step in steps {
            // Some tables are there and some are not.
            for (at, node) in nodes.iter().enumerate().skip(3).step_by(2) {
                routes.next_port(*node, nodes[at / 2]);
            }
            let change = match step {
                Step::Link(link, up) if link < links => Change::Link(LinkId(link as u32), up),
                Step::Costs(link, costs) if link < links => {
                    Change::Costs(LinkId(link as u32), costs.map(Cost::given))
                }
                Step::Node(node, up) if node >= 3 => Change::Node(nodes[node], up),
                _ => continue,
            };
            match change {
                Change::Link(link, up) => topology.set_up(link, up),
                Change::Costs(link, costs) => topology.set_costs(link, costs),
                Change::Node(node, up) => topology.set_node_up(node, up),
            }
            routes.learn(&topology, change);
            let anew = Routes::new(&topology);
            for from in &nodes {
                for to in &nodes {
                    let (learned, full) = (routes.next_port(*from, *to), anew.next_port(*from, *to));
                    prop_assert_eq!(learned, full, "{:?} to {:?}", from, to);
                }
            }
        }
    }

    #[test]
    fn ways_cost_what_petgraph_says(
        links in prop::collection::vec((0u32..12, 0u32..12, [0u32..5, 0u32..5]), 1..40),
    ) {
        let topology = network(&links);
        let routes = Routes::new(&topology);
        for source in (3..12).map(NodeId) {
            let wanted = oracle(&topology, source);
            for (to, wanted) in (0..12).map(NodeId).zip(wanted) {
                if to == source {
                    continue;
                }
                // Follow the ports and add up, to the end or to where nothing leads on.
                let (mut at, mut cost) = (source, 0);
                while at != to
                    && let Some(port) = routes.next_port(at, to)
                {
                    let link = topology.neighbours(at).find(|link| link.port == port).unwrap();
                    (at, cost) = (link.node, cost + link.cost.0);
                    prop_assert!(cost < u64::from(u32::MAX), "in a circle");
                    prop_assert!(at == to || topology.forwards(at));
                }
                prop_assert_eq!((at == to).then_some(cost), wanted, "{:?} to {:?}", source, to);
            }
        }
    }
}

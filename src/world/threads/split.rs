//! Which node goes into which part: much work in each, and long ways between them.
//!
//! Nodes that short links join stay together. Of all delays that part the network into groups of which
//! none has more than its share of the work, a long one is taken, since parts run ahead of each other by
//! that; light groups that are joined by a longer link stay together, too. The groups are then dealt out, the
//! heaviest first, each to the part that has least.

use std::cmp::Reverse;
use std::time::Duration;

use super::super::network::Network;
use super::super::part::Part;

/// A link, as far as the split goes.
#[derive(Debug, Clone, Copy)]
struct Bond {
    nodes: [u32; 2],
    /// The least delay on it, in either direction.
    delay: Duration,
}

/// The part of each node, by number. `None`: there are no two parts that would both have much to do.
pub(super) fn split(network: &Network, whole: &Part, rules: SplitRules) -> Option<Vec<u32>> {
    let mut weights = vec![0_u64; network.topology.node_count()];
    for host in &whole.hosts {
        weights[host.state.node.id.index()] = 1 + HOST_EVENT * host.state.events;
    }
    for router in &whole.routers {
        weights[router.node.id.index()] = 1 + router.node.scheduled();
    }
    let mut bonds = Vec::new();
    for node in whole.nodes() {
        for link in network.topology.neighbours(node.id).filter(|link| node.id < link.node) {
            let there = whole.node(network, link.node).expect("a node of the topology");
            let delays = [
                node.directions[link.port as usize].config().shortest_delay(),
                there.directions[link.port_there as usize].config().shortest_delay(),
            ];
            bonds.push(Bond { nodes: [node.id.0, link.node.0], delay: delays[0].min(delays[1]) });
        }
    }
    split_graph(&weights, &bonds, rules)
}

/// What is asked of a split.
#[derive(Debug, Clone, Copy)]
pub(super) struct SplitRules {
    /// How many threads run the parts.
    pub(super) threads: usize,
    /// Any two parts will do.
    pub(super) eager: bool,
}

/// An event at a host costs as much as so many packets forwarded.
const HOST_EVENT: u64 = 4;
/// So many delays are tried, from the longest on.
const MANY_CUTS: usize = 64;
/// So many light groups make up a part.
const LIGHT: usize = 8;

fn split_graph(weights: &[u64], bonds: &[Bond], rules: SplitRules) -> Option<Vec<u32>> {
    let all: u64 = weights.iter().sum();
    let heaviest = |groups: &Groups| groups.weights.iter().copied().max().unwrap_or(0);
    let mut delays: Vec<Duration> = bonds.iter().map(|bond| bond.delay).collect();
    delays.sort_unstable();
    delays.dedup();
    delays.retain(|delay| !delay.is_zero());
    // The longer the links that are kept whole, the heavier the groups.
    let share = all / rules.threads as u64 + all / 10;
    let is_light = |delay: &Duration| heaviest(&Groups::new(weights, bonds, *delay)) <= share;
    let light = &delays[..delays.partition_point(is_light)];
    // Few large groups may leave one part with too much all the same.
    let is_even = |delay: &&Duration| {
        Groups::new(weights, bonds, **delay).loads(rules.threads).into_iter().max() <= Some(share)
    };
    let even = light.iter().rev().take(MANY_CUTS).find(is_even);
    // No link at all, or the lightest groups there can be are too heavy.
    let cut = even.or(light.last()).or(delays.first()).copied().unwrap_or(Duration::MAX);
    // What is light enough to be dealt out together stays together, so that fewer packets cross over.
    let light = all / (rules.threads * LIGHT) as u64;
    let mut bonds = bonds.to_vec();
    bonds.sort_by_key(|bond| bond.delay);
    let groups = Groups::join(weights, &bonds, |bond, weight| bond.delay < cut || weight <= light);
    if groups.weights.len() < 2 || (!rules.eager && heaviest(&groups) > all / 4 * 3) {
        return None;
    }
    let parts = rules.threads.clamp(2, groups.weights.len());
    Some(groups.deal(parts).0)
}

/// Nodes that stay together.
struct Groups {
    /// The group of each node. Groups are numbered in the order of their first nodes.
    of: Vec<u32>,
    weights: Vec<u64>,
}

impl Groups {
    /// All links below this delay stay whole.
    fn new(weights: &[u64], bonds: &[Bond], cut: Duration) -> Self {
        Self::join(weights, bonds, |bond, _| bond.delay < cut)
    }

    /// Keeps those links whole, one after the other, that are to be: by the link, and by how heavy the
    /// group gets with it.
    fn join(weights: &[u64], bonds: &[Bond], stays: impl Fn(&Bond, u64) -> bool) -> Self {
        let mut leaders: Vec<u32> = (0..weights.len() as u32).collect();
        let mut led = weights.to_vec();
        for bond in bonds {
            let [a, b] = bond.nodes.map(|node| leader(&mut leaders, node));
            if a != b && stays(bond, led[a as usize] + led[b as usize]) {
                leaders[a.max(b) as usize] = a.min(b);
                led[a.min(b) as usize] += led[a.max(b) as usize];
            }
        }
        let mut groups = Groups { of: vec![0; weights.len()], weights: Vec::new() };
        for node in 0..weights.len() {
            let first = leader(&mut leaders, node as u32) as usize;
            if first == node {
                groups.of[node] = groups.weights.len() as u32;
                groups.weights.push(led[first]);
            }
            groups.of[node] = groups.of[first];
        }
        groups
    }

    /// The part of each node, and what each part has to do.
    fn deal(self, parts: usize) -> (Vec<u32>, Vec<u64>) {
        let mut order: Vec<u32> = (0..self.weights.len() as u32).collect();
        order.sort_by_key(|group| Reverse(self.weights[*group as usize]));
        let (mut loads, mut part_of) = (vec![0; parts], vec![0; self.weights.len()]);
        for group in order {
            let part = (0..parts).min_by_key(|part| loads[*part]).expect("two parts or more");
            loads[part] += self.weights[group as usize];
            part_of[group as usize] = part as u32;
        }
        (self.of.into_iter().map(|group| part_of[group as usize]).collect(), loads)
    }

    /// What each part would have to do.
    fn loads(self, parts: usize) -> Vec<u64> {
        self.deal(parts).1
    }
}

/// The first node of the group of a node.
fn leader(leaders: &mut [u32], mut node: u32) -> u32 {
    while leaders[node as usize] != node {
        let next = leaders[leaders[node as usize] as usize];
        leaders[node as usize] = next;
        node = next;
    }
    node
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bond(a: u32, b: u32, millis: u64) -> Bond {
        Bond { nodes: [a, b], delay: Duration::from_millis(millis) }
    }

    fn rules(threads: usize) -> SplitRules {
        SplitRules { threads, eager: false }
    }

    /// Two sites of three nodes at 1 ms, 30 ms apart.
    const SITES: [(u32, u32, u64); 5] = [(0, 1, 1), (0, 2, 1), (3, 4, 1), (3, 5, 1), (0, 3, 30)];

    fn sites() -> Vec<Bond> {
        SITES.map(|(a, b, millis)| bond(a, b, millis)).into()
    }

    #[test]
    fn what_short_links_join_stays_together() {
        let parts = split_graph(&[1, 10, 10, 1, 10, 10], &sites(), rules(2)).unwrap();
        assert_eq!(parts, [0, 0, 0, 1, 1, 1]);
    }

    #[test]
    fn a_site_that_has_most_of_the_work_is_taken_apart() {
        let parts = split_graph(&[1, 50, 50, 1, 1, 1], &sites(), rules(2)).unwrap();
        assert_ne!(parts[1], parts[2]);
    }

    #[test]
    fn a_host_that_has_nearly_all_the_work_is_left_alone_unless_parts_are_wanted() {
        let weights = [1, 500, 1, 1, 1, 1];
        assert_eq!(split_graph(&weights, &sites(), rules(2)), None);
        let eager = SplitRules { threads: 2, eager: true };
        let parts = split_graph(&weights, &sites(), eager).unwrap();
        assert!(parts.contains(&0) && parts.contains(&1));
    }

    #[test]
    fn a_link_without_delay_is_never_cut() {
        let bonds = [bond(0, 1, 0), bond(1, 2, 0)];
        assert_eq!(split_graph(&[5, 5, 5], &bonds, SplitRules { threads: 3, eager: true }), None);
        let bonds = [bond(0, 1, 0), bond(1, 2, 4)];
        assert_eq!(split_graph(&[5, 5, 9], &bonds, rules(2)), Some(vec![0, 0, 1]));
    }

    #[test]
    fn pairs_stay_together() {
        let bonds: Vec<Bond> = (0..100).map(|pair| bond(pair, pair + 100, 20)).collect();
        let parts = split_graph(&[3; 200], &bonds, rules(2)).unwrap();
        assert_eq!(parts[..100], parts[100..]);
        assert_eq!(parts.iter().filter(|part| **part == 0).count(), 100);
    }

    #[test]
    fn nodes_without_links_are_dealt_out_too() {
        let parts = split_graph(&[7, 3, 3, 1], &[], rules(2)).unwrap();
        assert_eq!(parts, [0, 1, 1, 1]);
        let parts = split_graph(&[9, 1, 1, 2, 2, 2, 2, 3], &[], rules(2)).unwrap();
        assert_eq!(parts, [0, 1, 1, 1, 1, 1, 0, 1]);
    }
}

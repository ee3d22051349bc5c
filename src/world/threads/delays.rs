//! How long a packet is under way from one part to another at the least.

use std::time::Duration;

use super::super::network::Network;
use super::super::part::Part;

/// The shortest ways between parts, in nanoseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Delays {
    parts: usize,
    /// By the part that is reached, then by the part that is left. From a part to itself: by way of
    /// another one.
    nanos: Box<[u64]>,
}

impl Delays {
    /// As the links between the parts are now.
    pub(super) fn new(network: &Network, parts: &[Part]) -> Self {
        let mut delays =
            Delays { parts: parts.len(), nanos: vec![u64::MAX; parts.len().pow(2)].into() };
        for (from, part) in parts.iter().enumerate() {
            for node in part.nodes() {
                for link in network.topology.neighbours(node.id) {
                    let to = network.places.part(link.node);
                    if to != from {
                        let config = node.directions[link.port as usize].config();
                        delays.shorten(from, to, nanos(config.shortest_delay()));
                    }
                }
            }
        }
        delays.close();
        delays
    }

    /// The ways to a part, by the part that is left.
    pub(super) fn to(&self, part: usize) -> &[u64] {
        &self.nanos[part * self.parts..][..self.parts]
    }

    /// The shortest way of all from one part to another.
    pub(super) fn shortest(&self) -> Duration {
        Duration::from_nanos(self.nanos.iter().copied().min().unwrap_or(u64::MAX))
    }

    fn shorten(&mut self, from: usize, to: usize, nanos: u64) {
        let way = &mut self.nanos[to * self.parts + from];
        *way = nanos.min(*way);
    }

    /// Ways may lead over other parts (Floyd and Warshall).
    fn close(&mut self) {
        for over in 0..self.parts {
            for to in 0..self.parts {
                for from in 0..self.parts {
                    let way = self.to(over)[from].saturating_add(self.to(to)[over]);
                    self.shorten(from, to, way);
                }
            }
        }
    }
}

fn nanos(delay: Duration) -> u64 {
    u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_may_lead_over_another_part_and_back() {
        let mut delays = Delays { parts: 3, nanos: vec![u64::MAX; 9].into() };
        delays.shorten(0, 1, 5);
        delays.shorten(1, 0, 7);
        delays.shorten(1, 2, 2);
        delays.close();
        assert_eq!(delays.to(0), [12, 7, u64::MAX]);
        assert_eq!(delays.to(1), [5, 12, u64::MAX]);
        assert_eq!(delays.to(2), [7, 2, u64::MAX]);
        assert_eq!(delays.shortest(), Duration::from_nanos(2));
    }
}

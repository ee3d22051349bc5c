//! Partitions: groups of hosts that do not reach each other.
//!
//! A partition is about who speaks with whom, not about links: two hosts of one group reach each other
//! over the same router that brings nothing to the others. It is judged where a packet leaves its
//! host; what is under way arrives.

use std::collections::BTreeMap;

use crate::net::NodeId;

/// Which hosts do not reach which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    groups: Vec<Vec<NodeId>>,
    one_way: bool,
    /// The group of each host in any, by number.
    numbers: BTreeMap<NodeId, usize>,
}

impl Partition {
    /// Parts these groups of hosts from each other, or a single one from all other hosts. A host that
    /// is in two is in the first. `one_way`: only what the first group sends to the others is
    /// swallowed.
    pub fn new(groups: Vec<Vec<NodeId>>, one_way: bool) -> Self {
        let mut numbers = BTreeMap::new();
        for (number, group) in groups.iter().enumerate() {
            for host in group {
                numbers.entry(*host).or_insert(number);
            }
        }
        Partition { groups, one_way, numbers }
    }

    /// The groups.
    pub fn groups(&self) -> &[Vec<NodeId>] {
        &self.groups
    }

    /// Whether the first group is heard no more and hears the others.
    pub fn is_one_way(&self) -> bool {
        self.one_way
    }

    /// Whether it swallows what one host sends to another.
    pub fn parts(&self, from: NodeId, to: NodeId) -> bool {
        let group = |host| match self.numbers.get(&host) {
            Some(number) => Some(*number),
            // With a single group, all others are the second one.
            None if self.groups.len() == 1 => Some(1),
            None => None,
        };
        match (group(from), group(to)) {
            (Some(from), Some(to)) => from != to && (!self.one_way || from == 0),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parted(groups: &[&[u32]], one_way: bool, pairs: [(u32, u32); 4]) -> [bool; 4] {
        let groups = groups.iter().map(|group| group.iter().copied().map(NodeId).collect());
        let partition = Partition::new(groups.collect(), one_way);
        pairs.map(|(from, to)| partition.parts(NodeId(from), NodeId(to)))
    }

    #[test]
    fn one_group_is_parted_from_the_rest() {
        let pairs = [(1, 2), (1, 3), (3, 1), (3, 4)];
        assert_eq!(parted(&[&[1, 2]], false, pairs), [false, true, true, false]);
        assert_eq!(parted(&[&[1, 2]], true, pairs), [false, true, false, false]);
    }

    #[test]
    fn groups_are_parted_from_each_other_and_not_from_the_rest() {
        let pairs = [(1, 2), (2, 3), (1, 9), (9, 2)];
        assert_eq!(parted(&[&[1], &[2], &[3]], false, pairs), [true, true, false, false]);
        let pairs = [(1, 2), (2, 1), (2, 3), (1, 3)];
        assert_eq!(parted(&[&[1], &[2], &[3]], true, pairs), [true, false, false, true]);
    }
}

//! The nodes between which there is a choice of ways, and the links between them.

use std::ops::Range;

use crate::net::topology::{Cost, NodeId};

/// Routers, and hosts with several links or none, by their own numbers.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Core>,
    /// Once at each end, by node and port.
    pub(super) links: Vec<Onward>,
}

#[derive(Debug)]
pub(super) struct Core {
    pub(super) node: NodeId,
    pub(super) forwards: bool,
    pub(super) up: bool,
    /// Where its links end in the list; they begin where those of the node before it end.
    pub(super) links_end: u32,
}

/// A link from one node to another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Onward {
    pub(super) cost: Cost,
    pub(super) port: u32,
    pub(super) to: u32,
    /// The place in the list of the way back.
    pub(super) back: u32,
    pub(super) up: bool,
}

/// A direction of a link before and after a change.
#[derive(Debug, Clone, Copy)]
pub(super) struct Changed {
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) port: u32,
    pub(super) before: Cost,
    pub(super) after: Cost,
}

impl Graph {
    /// The places of a node's links.
    pub(super) fn range(&self, node: u32) -> Range<usize> {
        let node = node as usize;
        let begin = node.checked_sub(1).map_or(0, |before| self.nodes[before].links_end);
        begin as usize..self.nodes[node].links_end as usize
    }

    /// The links of a node, by port.
    pub(super) fn links_of(&self, node: u32) -> &[Onward] {
        &self.links[self.range(node)]
    }

    /// The place of the link at this port; `None` when it leads to a leaf.
    pub(super) fn find(&self, node: u32, port: u32) -> Option<usize> {
        let range = self.range(node);
        let place = self.links[range.clone()].binary_search_by_key(&port, |link| link.port).ok()?;
        Some(range.start + place)
    }

    /// What a link adds now to a way over it.
    pub(super) fn cost(&self, from: u32, link: &Onward) -> Cost {
        let is_up = link.up && self.nodes[from as usize].up && self.nodes[link.to as usize].up;
        if is_up { link.cost } else { Cost::UNREACHABLE }
    }

    /// Whether what is for `goal` gets there by way of this node.
    pub(super) fn leads_on(&self, node: u32, goal: u32) -> bool {
        node == goal || self.nodes[node as usize].forwards
    }

    /// Changes one direction of a link.
    pub(super) fn change(
        &mut self,
        from: u32,
        port: u32,
        change: impl FnOnce(&mut Onward),
    ) -> Option<Changed> {
        let place = self.find(from, port)?;
        let before = self.cost(from, &self.links[place]);
        change(&mut self.links[place]);
        let link = &self.links[place];
        Some(Changed { from, to: link.to, port, before, after: self.cost(from, link) })
    }

    /// Takes a node down or up, and with it both directions of all its links.
    pub(super) fn change_node(&mut self, node: u32, up: bool) -> Vec<Changed> {
        if self.nodes[node as usize].up == up {
            return Vec::new();
        }
        let directions = |graph: &Graph| {
            let both = |place: usize| {
                let there = graph.links[place];
                [(node, there), (there.to, graph.links[there.back as usize])]
            };
            let all = graph.range(node).flat_map(both);
            all.map(|(from, link)| (from, link, graph.cost(from, &link))).collect::<Vec<_>>()
        };
        let before = directions(self);
        self.nodes[node as usize].up = up;
        let changed = before.into_iter().map(|(from, link, before)| {
            let after = self.cost(from, &link);
            Changed { from, to: link.to, port: link.port, before, after }
        });
        changed.collect()
    }
}

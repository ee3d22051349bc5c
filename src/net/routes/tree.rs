//! The ways of all nodes to one of them: a tree of least cost, and its repair.
//!
//! Computed by Dijkstra's algorithm from the goal backwards. After a change only what has another way
//! is computed anew (Ramalingam and Reps 1996): the nodes behind a link that became worse, and those
//! to which a link that became better brings something.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::graph::{Changed, Graph};
use crate::net::topology::Cost;

/// The next port on the way to a goal, and what the way costs, by node.
#[derive(Debug)]
pub(super) struct Tree {
    next: Box<[u32]>,
    cost: Box<[Cost]>,
}

/// What is used again from one repair to the next.
#[derive(Debug, Default)]
pub(super) struct Tools {
    open: BinaryHeap<Reverse<(Cost, u32)>>,
    lost: Vec<u32>,
}

const NO_PORT: u32 = u32::MAX;

impl Tree {
    /// All ways to `goal`.
    pub(super) fn new(graph: &Graph, goal: u32) -> Self {
        let nodes = graph.nodes.len();
        let next = vec![NO_PORT; nodes].into_boxed_slice();
        let cost = vec![Cost::UNREACHABLE; nodes].into_boxed_slice();
        let mut tree = Tree { next, cost };
        tree.cost[goal as usize] = Cost::NONE;
        let mut open = BinaryHeap::from([Reverse((Cost::NONE, goal))]);
        while let Some(Reverse((cost, node))) = open.pop() {
            if cost == tree.cost[node as usize] {
                tree.spread(graph, goal, node, &mut open);
            }
        }
        tree
    }

    /// The port by which a node sends what is for the goal. Of ways of equal cost it is the lowest, so
    /// that the order of the graph's edges shows nowhere.
    pub(super) fn next(&self, node: u32) -> Option<u32> {
        Some(self.next[node as usize]).filter(|port| *port != NO_PORT)
    }

    /// Takes up what has changed in the graph; hands back how many nodes had their ways found anew.
    pub(super) fn repair(
        &mut self,
        graph: &Graph,
        goal: u32,
        changed: &[Changed],
        tools: &mut Tools,
    ) -> usize {
        let Tools { open, lost } = tools;
        // Whose way leads over what became worse has none at first.
        lost.clear();
        for change in changed.iter().filter(|change| change.after > change.before) {
            self.lose(change.from, change.port, lost);
        }
        let mut at = 0;
        while let Some(node) = lost.get(at).copied() {
            at += 1;
            if graph.leads_on(node, goal) {
                for link in graph.links_of(node) {
                    self.lose(link.to, graph.links[link.back as usize].port, lost);
                }
            }
        }
        // Then the best over those who have kept theirs.
        for node in lost.iter().copied() {
            if let Some((cost, port)) = self.best(graph, goal, node) {
                self.set(node, cost, port);
                open.push(Reverse((cost, node)));
            }
        }
        for change in changed.iter().filter(|change| change.after < change.before) {
            let onward = self.cost[change.to as usize].and(change.after);
            if graph.leads_on(change.to, goal) {
                self.offer(change.from, onward, change.port, open);
            }
        }
        let mut anew = 0;
        while let Some(Reverse((cost, node))) = open.pop() {
            if cost != self.cost[node as usize] {
                continue;
            }
            anew += 1;
            // One who was offered a way may have had as good a one at a lower port all the time.
            if let Some((_, port)) = self.best(graph, goal, node) {
                self.next[node as usize] = port;
            }
            self.spread(graph, goal, node, open);
        }
        let stranded = lost.iter().filter(|node| self.next(**node).is_none());
        anew + stranded.count()
    }

    /// Takes its way from a node, if it leads over this port.
    fn lose(&mut self, node: u32, port: u32, lost: &mut Vec<u32>) {
        if self.next[node as usize] == port {
            self.set(node, Cost::UNREACHABLE, NO_PORT);
            lost.push(node);
        }
    }

    /// The best way over those neighbours that have one.
    fn best(&self, graph: &Graph, goal: u32, node: u32) -> Option<(Cost, u32)> {
        let links = graph.links_of(node).iter().filter(|link| graph.leads_on(link.to, goal));
        let ways =
            links.map(|link| (self.cost[link.to as usize].and(graph.cost(node, link)), link.port));
        ways.min().filter(|(cost, _)| *cost != Cost::UNREACHABLE)
    }

    /// Offers the way of a node to its neighbours.
    fn spread(
        &mut self,
        graph: &Graph,
        goal: u32,
        node: u32,
        open: &mut BinaryHeap<Reverse<(Cost, u32)>>,
    ) {
        if !graph.leads_on(node, goal) {
            return;
        }
        for link in graph.links_of(node) {
            let back = &graph.links[link.back as usize];
            let onward = self.cost[node as usize].and(graph.cost(link.to, back));
            self.offer(link.to, onward, back.port, open);
        }
    }

    /// Offers a way to a node, which takes it if it is better than its own.
    fn offer(
        &mut self,
        node: u32,
        onward: Cost,
        port: u32,
        open: &mut BinaryHeap<Reverse<(Cost, u32)>>,
    ) {
        let own = self.cost[node as usize];
        if onward < own {
            self.set(node, onward, port);
            open.push(Reverse((onward, node)));
        } else if onward == own && onward != Cost::UNREACHABLE {
            let next = &mut self.next[node as usize];
            *next = port.min(*next);
        }
    }

    fn set(&mut self, node: u32, cost: Cost, port: u32) {
        (self.next[node as usize], self.cost[node as usize]) = (port, cost);
    }
}

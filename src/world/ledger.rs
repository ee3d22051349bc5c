//! Which faults hold which host and link, and what comes of them together.
//!
//! What is effective is computed from all that hold: a host is down while any crash holds it, a
//! direction of a link while any cut does, and a link is like its own configuration with the patches
//! of all changes laid on top, in the order in which they began. So faults may overlap in any way, and
//! what ends leaves to the others what is theirs.

use std::collections::{BTreeMap, BTreeSet};

use crate::net::{LinkConfig, LinkId, LinkPatch, NodeId};

use super::ailment::Ailment;
use super::fault::{Fault, FaultId};

/// All faults that hold something.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    ordered: u64,
    /// Ordered and not begun.
    waiting: BTreeSet<FaultId>,
    /// What each holds, or held before somebody healed or restarted it.
    places: BTreeMap<FaultId, Vec<Place>>,
    nodes: BTreeMap<NodeId, Vec<(FaultId, OnNode)>>,
    links: BTreeMap<LinkId, HeldLink>,
}

/// What a fault can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Node(NodeId),
    Link(LinkId),
}

/// What a fault does to a host or router.
#[derive(Debug, Clone, PartialEq)]
enum OnNode {
    Down,
    Ailing(Ailment),
}

/// What a fault does to a link, in the direction from its first end and from its second.
#[derive(Debug, Clone, PartialEq)]
enum OnLink {
    Down([bool; 2]),
    Change(Box<[LinkPatch; 2]>),
}

/// A link that faults hold.
#[derive(Debug, Default)]
struct HeldLink {
    /// What it is like without them; not known before the link is settled for the first time.
    base: Option<Box<[LinkConfig; 2]>>,
    /// In the order in which they began.
    holds: Vec<(FaultId, OnLink)>,
}

/// What a link is to be like.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LinkState {
    pub(crate) up: [bool; 2],
    pub(crate) configs: [LinkConfig; 2],
}

impl Ledger {
    /// A name for a fault that will begin.
    pub(crate) fn order(&mut self) -> FaultId {
        let id = FaultId(self.ordered);
        self.ordered += 1;
        self.waiting.insert(id);
        id
    }

    /// Begins a fault; hands back what has to be settled. One that was ended before holds nothing.
    pub(crate) fn begin(&mut self, id: FaultId, fault: Fault) -> Vec<Place> {
        if !self.waiting.remove(&id) {
            return Vec::new();
        }
        let mut places = Vec::new();
        match fault {
            Fault::Crash(node) => {
                places.push(Place::Node(node));
                self.nodes.entry(node).or_default().push((id, OnNode::Down));
            }
            Fault::Ail { host, ailment } => {
                places.push(Place::Node(host));
                self.nodes.entry(host).or_default().push((id, OnNode::Ailing(ailment)));
            }
            Fault::Cut { links, ways } => {
                for link in links {
                    places.push(Place::Link(link));
                    self.hold(link, id, OnLink::Down(ways.as_pair()));
                }
            }
            Fault::Change { link, patches } => {
                places.push(Place::Link(link));
                self.hold(link, id, OnLink::Change(Box::new(patches)));
            }
        }
        self.places.insert(id, places.clone());
        places
    }

    fn hold(&mut self, link: LinkId, id: FaultId, what: OnLink) {
        self.links.entry(link).or_default().holds.push((id, what));
    }

    /// Ends a fault, begun or not; hands back what has to be settled: nothing when it has ended
    /// before.
    pub(crate) fn end(&mut self, id: FaultId) -> Vec<Place> {
        self.waiting.remove(&id);
        let places = self.places.remove(&id).unwrap_or_default();
        for place in &places {
            match place {
                Place::Node(node) => self.release_node(*node, |(holder, _)| *holder == id),
                Place::Link(link) => self.release_link(*link, |(holder, _)| *holder == id),
            }
        }
        places
    }

    /// Ends every crash of a host or router.
    pub(crate) fn restart(&mut self, node: NodeId) -> Vec<Place> {
        self.release_node(node, |(_, what)| *what == OnNode::Down);
        vec![Place::Node(node)]
    }

    /// Ends every cut of a link.
    pub(crate) fn heal(&mut self, link: LinkId) -> Vec<Place> {
        self.release_link(link, |(_, what)| matches!(what, OnLink::Down(_)));
        vec![Place::Link(link)]
    }

    fn release_node(&mut self, node: NodeId, is_over: impl Fn(&(FaultId, OnNode)) -> bool) {
        if let Some(holds) = self.nodes.get_mut(&node) {
            holds.retain(|hold| !is_over(hold));
            if holds.is_empty() {
                self.nodes.remove(&node);
            }
        }
    }

    fn release_link(&mut self, link: LinkId, is_over: impl Fn(&(FaultId, OnLink)) -> bool) {
        if let Some(held) = self.links.get_mut(&link) {
            held.holds.retain(|hold| !is_over(hold));
        }
    }

    /// Whether nothing keeps the host or router down.
    pub(crate) fn is_up(&self, node: NodeId) -> bool {
        !self.nodes.get(&node).is_some_and(|holds| holds.iter().any(|(_, on)| *on == OnNode::Down))
    }

    /// What ails a host, in the order in which it began.
    pub(crate) fn ailments(&self, host: NodeId) -> Vec<(FaultId, Ailment)> {
        let holds = self.nodes.get(&host).into_iter().flatten();
        let ailments = holds.filter_map(|(id, what)| match what {
            OnNode::Ailing(ailment) => Some((*id, ailment.clone())),
            OnNode::Down => None,
        });
        ailments.collect()
    }

    /// What a link is to be like; `now` says what it is like, and is asked when no fault has held the
    /// link. `None`: no fault has, or does.
    pub(crate) fn link(
        &mut self,
        link: LinkId,
        now: impl FnOnce() -> [LinkConfig; 2],
    ) -> Option<LinkState> {
        let held = self.links.get_mut(&link)?;
        let base = held.base.get_or_insert_with(|| Box::new(now()));
        let mut state = LinkState { up: [true, true], configs: **base };
        for (_, what) in &held.holds {
            for end in [0, 1] {
                match what {
                    OnLink::Down(down) => state.up[end] &= !down[end],
                    OnLink::Change(patches) => patches[end].apply(&mut state.configs[end]),
                }
            }
        }
        if held.holds.is_empty() {
            self.links.remove(&link);
        }
        Some(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Ways;

    const LINK: LinkId = LinkId(3);

    fn cut(ways: Ways) -> Fault {
        Fault::Cut { links: vec![LINK], ways }
    }

    fn change(loss: Option<f64>, mtu_octets: Option<u32>) -> Fault {
        let patch = LinkPatch { loss, mtu_octets, ..LinkPatch::default() };
        Fault::Change { link: LINK, patches: [patch, LinkPatch::default()] }
    }

    fn begin(ledger: &mut Ledger, fault: Fault) -> FaultId {
        let id = ledger.order();
        assert_eq!(ledger.begin(id, fault).len(), 1);
        id
    }

    fn state(ledger: &mut Ledger) -> Option<LinkState> {
        ledger.link(LINK, || [LinkConfig::default(), LinkConfig::default()])
    }

    #[test]
    fn a_direction_is_down_while_any_fault_holds_it() {
        let mut ledger = Ledger::default();
        let there = begin(&mut ledger, cut(Ways::Forward));
        assert_eq!(state(&mut ledger).unwrap().up, [false, true]);
        let both = begin(&mut ledger, cut(Ways::Both));
        assert_eq!(state(&mut ledger).unwrap().up, [false, false]);
        ledger.end(there);
        assert_eq!(state(&mut ledger).unwrap().up, [false, false]);
        ledger.end(both);
        assert_eq!(state(&mut ledger).unwrap().up, [true, true]);
        assert_eq!(state(&mut ledger), None);
    }

    #[test]
    fn healing_ends_all_cuts_and_their_own_ends_find_nothing() {
        let mut ledger = Ledger::default();
        let (one, other) =
            (begin(&mut ledger, cut(Ways::Both)), begin(&mut ledger, cut(Ways::Both)));
        let lossy = begin(&mut ledger, change(Some(0.5), None));
        ledger.heal(LINK);
        let healed = state(&mut ledger).unwrap();
        assert_eq!((healed.up, healed.configs[0].loss), ([true, true], 0.5));
        ledger.end(one);
        ledger.end(other);
        ledger.end(lossy);
        assert_eq!(ledger.end(lossy), []);
        assert_eq!(state(&mut ledger).unwrap().configs[0], LinkConfig::default());
    }

    #[test]
    fn changes_are_laid_on_each_other_in_the_order_of_their_beginning() {
        let mut ledger = Ledger::default();
        let first = begin(&mut ledger, change(Some(0.1), Some(576)));
        let second = begin(&mut ledger, change(Some(0.2), None));
        let of = |ledger: &mut Ledger| {
            let state = state(ledger).unwrap();
            (state.configs[0].loss, state.configs[0].mtu_octets, state.configs[1].loss)
        };
        assert_eq!(of(&mut ledger), (0.2, 576, 0.0));
        ledger.end(first);
        assert_eq!(of(&mut ledger), (0.2, 1_500, 0.0));
        let third = begin(&mut ledger, change(Some(0.3), None));
        ledger.end(second);
        assert_eq!(of(&mut ledger), (0.3, 1_500, 0.0));
        ledger.end(third);
        assert_eq!(of(&mut ledger), (0.0, 1_500, 0.0));
    }

    #[test]
    fn a_fault_that_was_ended_before_its_time_never_begins() {
        let mut ledger = Ledger::default();
        let id = ledger.order();
        assert_eq!(ledger.end(id), []);
        assert_eq!(ledger.begin(id, Fault::Crash(NodeId(0))), []);
        assert!(ledger.is_up(NodeId(0)));
    }

    #[test]
    fn a_host_is_down_while_any_crash_holds_it() {
        let mut ledger = Ledger::default();
        let node = NodeId(7);
        let one = begin(&mut ledger, Fault::Crash(node));
        let other = begin(&mut ledger, Fault::Crash(node));
        ledger.end(one);
        assert!(!ledger.is_up(node));
        ledger.end(other);
        assert!(ledger.is_up(node));
        begin(&mut ledger, Fault::Crash(node));
        begin(&mut ledger, Fault::Crash(node));
        ledger.restart(node);
        assert!(ledger.is_up(node));
    }
}

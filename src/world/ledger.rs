//! Which faults hold which host and link, and what comes of them together.
//!
//! What is effective is computed from all that hold: a host is down while any crash holds it, a
//! direction of a link while any cut does, and a link is like its own configuration with the patches
//! of all changes laid on top, in the order in which they began. So faults may overlap in any way, and
//! what ends leaves to the others what is theirs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::engine::Stream;
use crate::net::{Latency, LinkConfig, LinkId, LinkPatch, LinkStatus, NodeId};

use super::ailment::Ailment;
use super::fault::{Fault, FaultId, Flap};
use super::packet_rule::PacketRule;
use super::partition::Partition;

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
    /// In the order in which they began.
    partitions: Vec<(FaultId, Arc<Partition>)>,
    flaps: BTreeMap<FaultId, Flapping>,
}

/// What a fault can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Node(NodeId),
    Link(LinkId),
    Partitions,
}

/// What a fault does to a host or router.
#[derive(Debug, Clone, PartialEq)]
enum OnNode {
    Down,
    Ailing(Ailment),
    Packets(Arc<PacketRule>),
}

/// What a fault does to a link, in the direction from its first end and from its second.
#[derive(Debug, Clone, PartialEq)]
enum OnLink {
    Down([bool; 2]),
    Hold([bool; 2]),
    Change(Box<[LinkPatch; 2]>),
}

/// A link that faults hold.
#[derive(Debug, Default)]
struct HeldLink {
    /// What it is like without them; not known before the link is settled for the first time.
    base: Option<[Arc<LinkConfig>; 2]>,
    /// In the order in which they began.
    holds: Vec<(FaultId, OnLink)>,
}

/// A flap under way.
#[derive(Debug)]
struct Flapping {
    flap: Flap,
    is_down: bool,
    draws: Option<Stream>,
}

/// What a link is to be like.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LinkState {
    pub(crate) status: [LinkStatus; 2],
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
            Fault::Packet(rule) => {
                places.push(Place::Node(rule.from));
                let what = OnNode::Packets(Arc::new(rule.clone()));
                self.nodes.entry(rule.from).or_default().push((id, what));
            }
            Fault::Cut { links, ways } => {
                for link in links {
                    places.push(Place::Link(link));
                    self.hold(link, id, OnLink::Down(ways.as_pair()));
                }
            }
            Fault::Hold { links, ways } => {
                for link in links {
                    places.push(Place::Link(link));
                    self.hold(link, id, OnLink::Hold(ways.as_pair()));
                }
            }
            Fault::Flap(flap) => {
                places.extend(flap.links.iter().copied().map(Place::Link));
                self.flaps.insert(id, Flapping { flap, is_down: false, draws: None });
                self.toggle(id);
            }
            Fault::Partition(partition) => {
                places.push(Place::Partitions);
                self.partitions.push((id, Arc::new(partition)));
            }
            Fault::Change { link, patches } => {
                places.push(Place::Link(link));
                self.hold(link, id, OnLink::Change(patches));
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
                Place::Partitions => self.partitions.retain(|(holder, _)| *holder != id),
            }
        }
        self.flaps.remove(&id);
        places
    }

    /// Cuts the links of a flap, or lets them carry; hands back what has to be settled.
    pub(crate) fn toggle(&mut self, id: FaultId) -> Vec<Place> {
        let Some(flapping) = self.flaps.get_mut(&id) else { return Vec::new() };
        flapping.is_down = !flapping.is_down;
        let (is_down, ways) = (flapping.is_down, flapping.flap.ways.as_pair());
        let links = flapping.flap.links.clone();
        for link in &links {
            match is_down {
                true => self.hold(*link, id, OnLink::Down(ways)),
                false => self.release_link(*link, |(holder, _)| *holder == id),
            }
        }
        links.into_iter().map(Place::Link).collect()
    }

    /// How long a flap stays as it is now; `None` when it is no flap, or has no links left. `stream`
    /// makes the stream of its draws, by its first link.
    pub(crate) fn flap_time(
        &mut self,
        id: FaultId,
        stream: impl FnOnce(LinkId) -> Stream,
    ) -> Option<Duration> {
        let Flapping { flap, is_down, draws } = self.flaps.get_mut(&id)?;
        let first = *flap.links.first()?;
        let mean = if *is_down { flap.down } else { flap.up };
        if !flap.drawn {
            return Some(mean.max(LEAST_FLAP));
        }
        let latency = Latency::Exponential { mean, least: Duration::ZERO };
        Some(latency.draw(draws.get_or_insert_with(|| stream(first))).max(LEAST_FLAP))
    }

    /// Ends every crash of a host or router.
    pub(crate) fn restart(&mut self, node: NodeId) -> Vec<Place> {
        self.release_node(node, |(_, what)| *what == OnNode::Down);
        vec![Place::Node(node)]
    }

    /// Ends every cut of a link, and lets no flap cut it again.
    pub(crate) fn heal(&mut self, link: LinkId) -> Vec<Place> {
        self.release_link(link, |(_, what)| matches!(what, OnLink::Down(_)));
        for flapping in self.flaps.values_mut() {
            flapping.flap.links.retain(|flapping| *flapping != link);
        }
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
            OnNode::Down | OnNode::Packets(_) => None,
        });
        ailments.collect()
    }

    /// The rules about packets of a host, in the order in which they began.
    pub(crate) fn packet_rules(
        &self,
        node: NodeId,
    ) -> impl Iterator<Item = (FaultId, &Arc<PacketRule>)> {
        let holds = self.nodes.get(&node).into_iter().flatten();
        holds.filter_map(|(id, what)| match what {
            OnNode::Packets(rule) => Some((*id, rule)),
            OnNode::Down | OnNode::Ailing(_) => None,
        })
    }

    /// The partitions, in the order in which they began.
    pub(crate) fn partitions(&self) -> &[(FaultId, Arc<Partition>)] {
        &self.partitions
    }

    /// What a link is to be like; `now` says what it is like, and is asked when no fault has held the
    /// link. `None`: no fault has, or does.
    pub(crate) fn link(
        &mut self,
        link: LinkId,
        now: impl FnOnce() -> [Arc<LinkConfig>; 2],
    ) -> Option<LinkState> {
        let held = self.links.get_mut(&link)?;
        let base = held.base.get_or_insert_with(now);
        let configs = [(*base[0]).clone(), (*base[1]).clone()];
        let mut state = LinkState { status: [LinkStatus::Up; 2], configs };
        for (_, what) in &held.holds {
            for end in [0, 1] {
                match what {
                    OnLink::Down(ways) if ways[end] => state.status[end] = LinkStatus::Down,
                    OnLink::Hold(ways) if ways[end] && state.status[end] == LinkStatus::Up => {
                        state.status[end] = LinkStatus::Holding;
                    }
                    OnLink::Down(_) | OnLink::Hold(_) => {}
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

/// A flap makes time go on.
const LEAST_FLAP: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Ways;

    const LINK: LinkId = LinkId(3);

    fn cut(ways: Ways) -> Fault {
        Fault::Cut { links: vec![LINK], ways }
    }

    fn change(loss: Option<f64>, mtu_octets: Option<u32>) -> Fault {
        let loss = loss.map(Into::into);
        let patch = LinkPatch { loss, mtu_octets, ..LinkPatch::default() };
        Fault::Change { link: LINK, patches: Box::new([patch, LinkPatch::default()]) }
    }

    fn begin(ledger: &mut Ledger, fault: Fault) -> FaultId {
        let id = ledger.order();
        assert_eq!(ledger.begin(id, fault).len(), 1);
        id
    }

    fn state(ledger: &mut Ledger) -> Option<LinkState> {
        ledger.link(LINK, || [Arc::default(), Arc::default()])
    }

    #[test]
    fn a_direction_is_down_while_any_fault_holds_it() {
        let mut ledger = Ledger::default();
        let there = begin(&mut ledger, cut(Ways::Forward));
        assert_eq!(state(&mut ledger).unwrap().status, [LinkStatus::Down, LinkStatus::Up]);
        let both = begin(&mut ledger, cut(Ways::Both));
        assert_eq!(state(&mut ledger).unwrap().status, [LinkStatus::Down; 2]);
        ledger.end(there);
        assert_eq!(state(&mut ledger).unwrap().status, [LinkStatus::Down; 2]);
        ledger.end(both);
        assert_eq!(state(&mut ledger).unwrap().status, [LinkStatus::Up; 2]);
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
        assert_eq!((healed.status, healed.configs[0].loss), ([LinkStatus::Up; 2], 0.5.into()));
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
            let loss = state.configs.each_ref().map(|config| config.loss.mean());
            (loss[0], state.configs[0].mtu_octets, loss[1])
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

    #[test]
    fn a_cut_counts_more_than_a_hold_and_leaves_it_to_go_on() {
        let mut ledger = Ledger::default();
        begin(&mut ledger, Fault::Hold { links: vec![LINK], ways: Ways::Both });
        let cut = begin(&mut ledger, cut(Ways::Forward));
        let status = [LinkStatus::Down, LinkStatus::Holding];
        assert_eq!(state(&mut ledger).unwrap().status, status);
        ledger.end(cut);
        assert_eq!(state(&mut ledger).unwrap().status, [LinkStatus::Holding; 2]);
    }

    #[test]
    fn a_flap_cuts_and_heals_until_it_ends() {
        let mut ledger = Ledger::default();
        let (down, up) = (Duration::from_secs(1), Duration::from_secs(3));
        let links = vec![LINK];
        let flap = Flap { links, ways: Ways::Both, down, up, drawn: false };
        let id = begin(&mut ledger, Fault::Flap(flap.clone()));
        let seed = crate::engine::Seed(1);
        let time = |ledger: &mut Ledger, id| ledger.flap_time(id, |_| seed.stream("flap"));
        assert_eq!(state(&mut ledger).unwrap().status, [LinkStatus::Down; 2]);
        assert_eq!(time(&mut ledger, id), Some(down));
        assert_eq!(ledger.toggle(id), [Place::Link(LINK)]);
        assert_eq!(state(&mut ledger).unwrap().status, [LinkStatus::Up; 2]);
        assert_eq!(time(&mut ledger, id), Some(up));
        ledger.toggle(id);
        assert_eq!(ledger.end(id), [Place::Link(LINK)]);
        assert_eq!(state(&mut ledger).unwrap().status, [LinkStatus::Up; 2]);
        assert_eq!((ledger.toggle(id), time(&mut ledger, id)), (vec![], None));

        let drawn = begin(&mut ledger, Fault::Flap(Flap { drawn: true, ..flap }));
        let times: Vec<_> = (0..1_000).map(|_| time(&mut ledger, drawn).unwrap()).collect();
        let mean = times.iter().sum::<Duration>().as_secs_f64() / 1_000.0;
        assert!((0.9..1.1).contains(&mean), "{mean}");
        ledger.heal(LINK);
        assert_eq!(time(&mut ledger, drawn), None);
    }
}

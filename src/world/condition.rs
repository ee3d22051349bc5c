//! The condition of a host that something ails: what is kept for later, what its clock shows, when its
//! disk is done.
//!
//! A host that nothing has ailed has none, which costs a pointer and a branch.

use std::collections::{BTreeMap, VecDeque};

use crate::engine::{SimTime, Skew, Stream};
use crate::net::{Latency, Packet};

use super::actor::{ConnId, Event};
use super::ailment::{Ailment, ConditionChange, DATAGRAM_BUFFER_OCTETS, Excess, RING_PACKETS};
use super::disk::Disk;
use super::fault::FaultId;
use super::node::Happening;
use super::record::RecordId;

/// What ails a host, and what follows from it.
#[derive(Debug, Default)]
pub(crate) struct Condition {
    ails: Vec<Ails>,
    paused: bool,
    frozen: bool,
    descriptors: Option<(u32, Excess)>,
    /// Whether the sockets give the programs nothing, because these are paused.
    pub(crate) sockets_stopped: bool,
    /// What is to happen when the host goes on, in order.
    kept: VecDeque<(Option<RecordId>, Happening)>,
    /// How many packets are among that.
    ring: usize,
    /// What the programs will be told when they go on, in order.
    events: VecDeque<(u16, Event)>,
    /// Octets of datagrams that the programs have not read, by port.
    unread: BTreeMap<u16, usize>,
    /// Connections that stand and that no program has accepted.
    waiting: VecDeque<ConnId>,
    /// When the disk has done what it was told to do.
    busy_until: SimTime,
    draws: Option<Box<Stream>>,
}

/// One ailment, with what was so when it began.
#[derive(Debug)]
struct Ails {
    fault: FaultId,
    ailment: Ailment,
    since: SimTime,
    /// How many octets the disk could hold then.
    left: Option<u64>,
}

/// What is to be done with something that is to happen at a host.
pub(crate) enum Admission {
    /// It happens now.
    Now(Happening),
    /// It happens when the host goes on.
    Later,
    /// The packet had no place in the ring.
    Lost(Box<Packet>),
}

/// What ails a host, all together.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Sum {
    paused: bool,
    frozen: bool,
    skew: Skew,
    drift_ppm: i32,
    left: Option<u64>,
    slow: bool,
    descriptors: Option<(u32, Excess)>,
}

impl Condition {
    /// From now on, this ails the host. How that changes its condition, in a fixed order.
    pub(crate) fn settle(
        &mut self,
        held: &[(FaultId, Ailment)],
        disk: &mut Disk,
        now: SimTime,
    ) -> Vec<ConditionChange> {
        let before = self.sum(now);
        self.ails.retain(|ails| held.iter().any(|(fault, _)| *fault == ails.fault));
        for (fault, ailment) in held {
            if self.ails.iter().any(|ails| ails.fault == *fault) {
                continue;
            }
            let left = match ailment {
                Ailment::FullDisk { free_octets } => Some(disk.used().saturating_add(*free_octets)),
                _ => None,
            };
            self.ails.push(Ails { fault: *fault, ailment: ailment.clone(), since: now, left });
        }
        let after = self.sum(now);
        (self.paused, self.frozen) = (after.paused, after.frozen);
        self.descriptors = after.descriptors;
        disk.set_left(after.left);
        let mut turns = Vec::new();
        if before.frozen != after.frozen {
            turns.push(ConditionChange::Frozen(after.frozen));
        }
        if before.paused != after.paused {
            turns.push(ConditionChange::Paused(after.paused));
        }
        if (before.skew, before.drift_ppm) != (after.skew, after.drift_ppm) {
            let (step, skew) = (after.skew - before.skew, after.skew);
            turns.push(ConditionChange::Clock { step, skew, drift_ppm: after.drift_ppm });
        }
        if before.left != after.left {
            let (free_octets, is_full) = (disk.free(), after.left.is_some());
            turns.push(ConditionChange::Disk { free_octets, is_full });
        }
        if before.slow != after.slow {
            turns.push(ConditionChange::SlowDisk(after.slow));
        }
        if before.descriptors != after.descriptors {
            turns.push(ConditionChange::Descriptors(after.descriptors.map(|(most, _)| most)));
        }
        turns
    }

    fn sum(&self, now: SimTime) -> Sum {
        let mut sum = Sum {
            paused: false,
            frozen: false,
            skew: self.skew(now),
            drift_ppm: 0,
            left: None,
            slow: false,
            descriptors: None,
        };
        for Ails { ailment, left, .. } in &self.ails {
            match ailment {
                Ailment::Paused => sum.paused = true,
                Ailment::Frozen => sum.frozen = true,
                Ailment::Clock { drift_ppm, .. } => {
                    sum.drift_ppm = sum.drift_ppm.saturating_add(*drift_ppm);
                }
                Ailment::FullDisk { .. } => sum.left = sum.left.into_iter().chain(*left).min(),
                Ailment::SlowDisk { .. } => sum.slow = true,
                Ailment::Descriptors { most, then } => {
                    if sum.descriptors.is_none_or(|(least, _)| *most < least) {
                        sum.descriptors = Some((*most, *then));
                    }
                }
            }
        }
        sum
    }

    /// The host has crashed: what it would have done is forgotten.
    pub(crate) fn crash(&mut self) {
        self.sockets_stopped = false;
        self.kept.clear();
        self.ring = 0;
        self.events.clear();
        self.unread.clear();
        self.waiting.clear();
        self.busy_until = SimTime::ZERO;
        self.draws = None;
    }

    /// Whether the programs stand still, by themselves or with the host.
    pub(crate) fn stands_still(&self) -> bool {
        self.paused || self.frozen
    }

    /// Whether something happens now, or when the host goes on.
    pub(crate) fn admit(&mut self, cause: Option<RecordId>, happening: Happening) -> Admission {
        let waits = match &happening {
            // Done by the programs.
            Happening::Start | Happening::Release { .. } => self.stands_still(),
            _ => self.frozen,
        };
        if !waits {
            return Admission::Now(happening);
        }
        match happening {
            Happening::Packet { packet, .. } if self.ring == RING_PACKETS => {
                return Admission::Lost(packet);
            }
            Happening::Packet { .. } => self.ring += 1,
            _ => {}
        }
        self.kept.push_back((cause, happening));
        Admission::Later
    }

    /// The packets among what is kept while the host stands still.
    pub(crate) fn kept_packets(&self) -> impl Iterator<Item = &Packet> {
        self.kept.iter().filter_map(|(_, happening)| happening.packet())
    }

    /// What was kept while the host stood still, in order.
    pub(crate) fn take_kept(&mut self) -> VecDeque<(Option<RecordId>, Happening)> {
        self.ring = 0;
        std::mem::take(&mut self.kept)
    }

    /// Keeps events of programs that stand still.
    pub(crate) fn keep_events(&mut self, pending: &mut VecDeque<(u16, Event)>) {
        self.events.append(pending);
    }

    /// Puts the events that were kept before those that are new.
    pub(crate) fn give_events(&mut self, pending: &mut VecDeque<(u16, Event)>) {
        if !self.events.is_empty() {
            self.events.append(pending);
            std::mem::swap(&mut self.events, pending);
        }
    }

    /// Whether a paused program's port has room for a datagram of so many octets, which is counted.
    pub(crate) fn takes_datagram(&mut self, port: u16, octets: usize) -> bool {
        let unread = self.unread.entry(port).or_default();
        let fits = *unread + octets <= DATAGRAM_BUFFER_OCTETS;
        if fits {
            *unread += octets;
        }
        fits
    }

    /// The programs read what has come.
    pub(crate) fn all_read(&mut self) {
        self.unread.clear();
    }

    /// How many descriptors there are, and what becomes of clients for whom there is none; `None`:
    /// enough.
    pub(crate) fn descriptors(&self) -> Option<(u32, Excess)> {
        self.descriptors
    }

    /// A connection stands that no program accepts now.
    pub(crate) fn wait(&mut self, connection: ConnId) {
        self.waiting.push_back(connection);
    }

    /// A connection is gone that no program has accepted.
    pub(crate) fn forget(&mut self, connection: ConnId) {
        self.waiting.retain(|waiting| *waiting != connection);
    }

    /// Whether connections wait to be accepted.
    pub(crate) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The connection that waits longest.
    pub(crate) fn next_waiting(&mut self) -> Option<ConnId> {
        self.waiting.pop_front()
    }

    /// By how much the calendar clock is ahead.
    pub(crate) fn skew(&self, now: SimTime) -> Skew {
        let skews = self.ails.iter().filter_map(|ails| match ails.ailment {
            Ailment::Clock { ahead, drift_ppm } => {
                Some(ahead + Skew::drift(drift_ppm, now - ails.since))
            }
            _ => None,
        });
        skews.fold(Skew::ZERO, |sum, skew| sum + skew)
    }

    /// When a write that is begun now is on disk: after all that were begun before it.
    pub(crate) fn write(&mut self, now: SimTime, draws: impl FnOnce() -> Stream) -> SimTime {
        let mut draws = Some(draws);
        let mut begun = self.busy_until.max(now);
        for Ails { ailment, .. } in &self.ails {
            let Ailment::SlowDisk { write } = ailment else { continue };
            let stream = &mut self.draws;
            begun += match write {
                Latency::Constant(delay) => *delay,
                write => {
                    let make = || Box::new(draws.take().expect("made once")());
                    write.draw(stream.get_or_insert_with(make))
                }
            };
        }
        if begun > now {
            self.busy_until = begun;
        }
        begun
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::engine::Seed;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(secs: u64) -> SimTime {
        SimTime::from_secs(secs)
    }

    /// The changes that these ailments make, which are numbered from 0.
    fn settle(
        condition: &mut Condition,
        held: &[(u64, Ailment)],
        now: u64,
    ) -> Vec<ConditionChange> {
        let held: Vec<_> = held.iter().map(|(id, what)| (FaultId(*id), what.clone())).collect();
        condition.settle(&held, &mut Disk::default(), at(now))
    }

    fn clock(secs: i64, drift_ppm: i32) -> Ailment {
        Ailment::Clock { ahead: Skew(secs * 1_000_000_000), drift_ppm }
    }

    #[test]
    fn a_host_stands_still_while_any_fault_wants_it() {
        let mut condition = Condition::default();
        let held = [(0, Ailment::Paused), (1, Ailment::Paused), (2, Ailment::Frozen)];
        assert_eq!(settle(&mut condition, &held[..1], 0), [ConditionChange::Paused(true)]);
        assert_eq!(settle(&mut condition, &held, 1), [ConditionChange::Frozen(true)]);
        assert_eq!(settle(&mut condition, &held[1..], 2), []);
        assert_eq!(settle(&mut condition, &held[2..], 3), [ConditionChange::Paused(false)]);
        assert!(condition.stands_still());
        assert_eq!(settle(&mut condition, &[], 4), [ConditionChange::Frozen(false)]);
        assert!(!condition.stands_still());
    }

    #[test]
    fn wrong_clocks_add_up_and_each_is_set_right_by_itself() {
        let mut condition = Condition::default();
        let (slow, fast) = ((0, clock(-60, 0)), (1, clock(3_600, 1_000)));
        settle(&mut condition, std::slice::from_ref(&slow), 0);
        assert_eq!(condition.skew(at(5)), Skew::behind(60 * SECOND));
        settle(&mut condition, &[slow, fast.clone()], 10);
        assert_eq!(condition.skew(at(10)), Skew::ahead(3_540 * SECOND));
        // 1,000 ppm are one second in 1,000.
        assert_eq!(condition.skew(at(2_010)), Skew::ahead(3_542 * SECOND));
        let ended = settle(&mut condition, &[fast], 2_010);
        let (step, skew) = (Skew::ahead(60 * SECOND), Skew::ahead(3_602 * SECOND));
        assert_eq!(ended, [ConditionChange::Clock { step, skew, drift_ppm: 1_000 }]);
        let (step, skew) = (Skew::behind(3_602 * SECOND), Skew::ZERO);
        let right = settle(&mut condition, &[], 2_010);
        assert_eq!(right, [ConditionChange::Clock { step, skew, drift_ppm: 0 }]);
    }

    #[test]
    fn writes_stand_in_line() {
        let mut condition = Condition::default();
        let slow = Ailment::SlowDisk { write: Latency::Constant(2 * SECOND) };
        let draws = || Seed(1).stream("disk");
        assert_eq!(condition.write(at(1), draws), at(1));
        settle(&mut condition, &[(0, slow.clone())], 1);
        assert_eq!(condition.write(at(1), draws), at(3));
        assert_eq!(condition.write(at(2), draws), at(5));
        assert_eq!(condition.write(at(9), draws), at(11));
        settle(&mut condition, &[(0, slow.clone()), (1, slow)], 20);
        assert_eq!(condition.write(at(20), draws), at(24));
        settle(&mut condition, &[], 21);
        assert_eq!(condition.write(at(21), draws), at(24), "behind what was begun");
        assert_eq!(condition.write(at(25), draws), at(25));
    }

    #[test]
    fn drawn_times_of_writes_keep_to_their_bounds() {
        let mut condition = Condition::default();
        let write = Latency::Uniform { least: SECOND, most: 3 * SECOND };
        settle(&mut condition, &[(0, Ailment::SlowDisk { write })], 0);
        let mut last = at(0);
        for _ in 0..100 {
            let done = condition.write(at(0), || Seed(1).stream("disk"));
            assert!((SECOND..=3 * SECOND).contains(&(done - last)), "{last} {done}");
            last = done;
        }
    }

    #[test]
    fn what_leaves_least_counts() {
        let mut condition = Condition::default();
        let few = |most, then| Ailment::Descriptors { most, then };
        let (ten, five) = (few(10, Excess::Wait), few(5, Excess::Refuse));
        settle(&mut condition, &[(0, ten.clone()), (1, five)], 0);
        assert_eq!(condition.descriptors(), Some((5, Excess::Refuse)));
        let changes = settle(&mut condition, &[(0, ten)], 1);
        assert_eq!(changes, [ConditionChange::Descriptors(Some(10))]);

        let mut disk = Disk::default();
        let full = |free_octets| Ailment::FullDisk { free_octets };
        let (most, least) = ((FaultId(2), full(1_000)), (FaultId(3), full(10)));
        condition.settle(&[most.clone(), least], &mut disk, at(2));
        assert_eq!(disk.free(), 10);
        condition.settle(&[most], &mut disk, at(3));
        assert!(disk.has_room(1_000) && !disk.has_room(1_001));
        condition.settle(&[], &mut disk, at(4));
        assert_eq!(disk.free(), u64::MAX);
    }
}

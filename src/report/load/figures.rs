//! The fold of a load: counts, latencies, codes and a timeline.

use std::any::Any;
use std::collections::BTreeMap;

use crate::engine::SimTime;
use crate::net::NodeId;
use crate::world::{Fold, Kind, Kinds, Note};

use super::flights::Flights;
use super::{Bounce, Histogram, Timeline, codes};

/// What happened, in figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    counts: [u64; Kind::COUNT],
    /// Of those messages that tell themselves when they were composed.
    latency: Histogram,
    flights: Flights,
    bounces: BTreeMap<Bounce, u64>,
    refusals: BTreeMap<Option<u16>, u64>,
    timeline: Timeline,
}

impl Default for Figures {
    fn default() -> Self {
        Figures {
            counts: [0; Kind::COUNT],
            latency: Histogram::default(),
            flights: Flights::default(),
            bounces: BTreeMap::new(),
            refusals: BTreeMap::new(),
            timeline: Timeline::default(),
        }
    }
}

impl Figures {
    /// How often something of that kind happened.
    pub fn of(&self, kind: Kind) -> u64 {
        self.counts[kind as usize]
    }

    /// How often what happened, by kind.
    pub fn counts(&self) -> &[u64; Kind::COUNT] {
        &self.counts
    }

    /// How long it took from the composition of a message to each mailbox that it came to, in
    /// nanoseconds.
    pub fn latency(&self) -> Histogram {
        let mut latency = self.latency.clone();
        self.flights.land(&mut latency);
        latency
    }

    /// How many deliveries are not in that, since nobody knows when the message was composed: notices
    /// that servers wrote, mostly.
    pub fn untimed(&self) -> u64 {
        self.flights.untimed()
    }

    /// How many recipients failed for good, by status and reply code.
    pub fn bounces(&self) -> &BTreeMap<Bounce, u64> {
        &self.bounces
    }

    /// What servers refused in sessions, by reply code; `None`: a reply without one.
    pub fn refusals(&self) -> &BTreeMap<Option<u16>, u64> {
        &self.refusals
    }

    /// What happened when.
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }
}

impl Fold for Figures {
    fn reads(&self) -> Kinds {
        Kinds::of(&[Kind::Composed, Kind::Delivered, Kind::Bounced, Kind::Refused])
    }

    fn note(&mut self, time: SimTime, node: NodeId, note: &Note) {
        self.count(time, node, note.kind(), 1);
        match note {
            Note::Composed { message_id, .. } => self.flights.compose(time, message_id),
            Note::Delivered { message_id, .. } => {
                self.flights.deliver(time, message_id, &mut self.latency);
            }
            Note::Bounced { status, reason, .. } => {
                *self.bounces.entry(Bounce::of(status, reason)).or_default() += 1;
            }
            Note::Refused { reply, .. } => {
                *self.refusals.entry(codes::code(reply)).or_default() += 1;
            }
            _ => {}
        }
    }

    fn count(&mut self, time: SimTime, _: NodeId, kind: Kind, times: u64) {
        self.counts[kind as usize] += times;
        self.timeline.add(time, kind, times);
    }

    fn fresh(&self) -> Box<dyn Fold> {
        Box::new(Figures::default())
    }

    fn merge(&mut self, other: Box<dyn Fold>) {
        let other: Box<dyn Any> = other;
        let other = other.downcast::<Figures>().expect("of the same sort");
        let Figures { counts, latency, flights, bounces, refusals, timeline } = *other;
        self.counts.iter_mut().zip(counts).for_each(|(own, more)| *own += more);
        self.latency.merge(&latency);
        self.flights.merge(flights);
        for (bounce, count) in bounces {
            *self.bounces.entry(bounce).or_default() += count;
        }
        for (code, count) in refusals {
            *self.refusals.entry(code).or_default() += count;
        }
        self.timeline.merge(&timeline);
    }
}

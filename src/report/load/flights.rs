//! How long messages were under way, from their composition to each mailbox.
//!
//! A load client writes the moment of composition into the Message-ID, `<NANOSECONDS.NUMBER@HOST>`, so
//! that nothing has to be kept of a message under way. Of all others the moment is kept, of the latest
//! [`LIMIT`]: a list or a repeated delivery may bring them to more mailboxes than they were written to.
//! What arrives in another part of the world than it was composed in is kept until the parts are merged.

use std::collections::VecDeque;
use std::collections::btree_map::{BTreeMap, Entry};

use xxhash_rust::xxh3::xxh3_64;

use crate::engine::SimTime;
use crate::world::written_at;

use super::Histogram;

/// Messages under way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Flights {
    /// By the hash of the Message-ID, when it was composed first.
    composed: BTreeMap<u64, SimTime>,
    /// Those, in their order.
    order: VecDeque<(SimTime, u64)>,
    /// What arrived and was not composed here, as notices of servers and mail of other parts.
    arrived: VecDeque<(SimTime, u64)>,
    /// How much of that is forgotten.
    forgotten: u64,
}

/// So many messages are followed at one time.
pub(super) const LIMIT: usize = 1 << 16;

impl Flights {
    /// A client composed a message.
    pub(super) fn compose(&mut self, time: SimTime, message_id: &str) {
        if written_at(message_id) == Some(time) || message_id.is_empty() {
            return;
        }
        let hash = xxh3_64(message_id.as_bytes());
        if let Entry::Vacant(place) = self.composed.entry(hash) {
            place.insert(time);
            self.order.push_back((time, hash));
            self.bound();
        }
    }

    /// A message came to a mailbox. How long it took, if that is known by now, goes into `latency`.
    pub(super) fn deliver(&mut self, time: SimTime, message_id: &str, latency: &mut Histogram) {
        let hash = xxh3_64(message_id.as_bytes());
        if self.land(time, hash, latency) {
            return;
        }
        match written_at(message_id).filter(|written| *written <= time) {
            Some(written) => add(latency, written, time),
            None if message_id.is_empty() => self.forgotten += 1,
            None => {
                self.arrived.push_back((time, hash));
                self.bound();
            }
        }
    }

    /// What was delivered without its moment of composition being known.
    pub(super) fn untimed(&self) -> u64 {
        self.forgotten + self.arrived.len() as u64
    }

    /// Takes over what is under way in another part.
    pub(super) fn merge(&mut self, other: Flights, latency: &mut Histogram) {
        for (hash, time) in other.composed {
            let composed = self.composed.entry(hash).or_insert(time);
            *composed = time.min(*composed);
        }
        self.order = self.composed.iter().map(|(hash, time)| (*time, *hash)).collect();
        self.order.make_contiguous().sort_unstable();
        self.forgotten += other.forgotten;
        let mut arrived: Vec<_> = self.arrived.drain(..).chain(other.arrived).collect();
        arrived.sort_unstable();
        for (time, hash) in arrived {
            if !self.land(time, hash, latency) {
                self.arrived.push_back((time, hash));
            }
        }
        self.bound();
    }

    fn land(&self, time: SimTime, hash: u64, latency: &mut Histogram) -> bool {
        let composed = self.composed.get(&hash).filter(|composed| **composed <= time);
        composed.inspect(|composed| add(latency, **composed, time)).is_some()
    }

    /// Forgets the oldest, where there is too much.
    fn bound(&mut self) {
        while self.order.len() > LIMIT {
            if let Some((_, hash)) = self.order.pop_front() {
                self.composed.remove(&hash);
            }
        }
        while self.arrived.len() > LIMIT {
            self.arrived.pop_front();
            self.forgotten += 1;
        }
    }
}

fn add(latency: &mut Histogram, from: SimTime, to: SimTime) {
    latency.add(u64::try_from(to.since(from).as_nanos()).unwrap_or(u64::MAX));
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(secs: u64) -> SimTime {
        SimTime::from_nanos(secs * 1_000_000_000)
    }

    #[test]
    fn the_messages_of_load_clients_tell_when_they_were_written() {
        let mut flights = Flights::default();
        let mut latency = Histogram::default();
        let id = "<2000000000.17@clients.d7.example>";
        flights.compose(at(2), id);
        assert_eq!(flights, Flights::default());
        flights.deliver(at(3), id, &mut latency);
        flights.deliver(at(5), id, &mut latency);
        assert_eq!((latency.least(), latency.count()), (Some(1_000_000_000), 2));
        // From the future it can only look so.
        flights.deliver(at(1), id, &mut latency);
        assert_eq!((latency.count(), flights.untimed()), (2, 1));
    }

    #[test]
    fn of_other_messages_the_moment_is_kept() {
        let mut flights = Flights::default();
        let mut latency = Histogram::default();
        // It looks as if it told of another moment.
        flights.compose(at(2), "<1.1@example.org>");
        flights.compose(at(4), "<1.1@example.org>");
        flights.deliver(at(3), "<1.1@example.org>", &mut latency);
        flights.deliver(at(6), "<1.1@example.org>", &mut latency);
        assert_eq!((latency.least(), latency.most()), (Some(1_000_000_000), Some(4_000_000_000)));
        flights.deliver(at(7), "<notice@example.org>", &mut latency);
        flights.deliver(at(7), "", &mut latency);
        assert_eq!((latency.count(), flights.untimed()), (2, 2));
    }

    #[test]
    fn parts_know_together_what_one_would_have_known() {
        let mut parts = [Flights::default(), Flights::default()];
        let mut whole = Flights::default();
        let mut latencies = [(); 3].map(|()| Histogram::default());
        for number in 0..10 {
            let id = format!("<{number}@example.org>");
            let from = usize::from(number % 3 == 0);
            let to = usize::from(number % 2 == 0);
            let (composed, delivered) = (at(number), at(2 * number + 1));
            parts[from].compose(composed, &id);
            whole.compose(composed, &id);
            parts[to].deliver(delivered, &id, &mut latencies[to]);
            whole.deliver(delivered, &id, &mut latencies[2]);
        }
        let [first, second] = parts;
        let [mut here, there, all] = latencies;
        let mut other_way = there.clone();
        other_way.merge(&here);
        let mut back = second.clone();
        back.merge(first.clone(), &mut other_way);
        here.merge(&there);
        let mut merged = first;
        merged.merge(second, &mut here);
        assert_eq!((&here, &other_way, all.count()), (&all, &all, 10));
        assert_eq!((merged.untimed(), whole.untimed()), (0, 0));
        assert_eq!(merged, back);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut flights = Flights::default();
        let mut latency = Histogram::default();
        for number in 0..LIMIT + 10 {
            flights.compose(at(0), &format!("<{number}@example.org>"));
            flights.deliver(at(0), &format!("<{number}@example.com>"), &mut latency);
        }
        assert_eq!((flights.composed.len(), flights.order.len()), (LIMIT, LIMIT));
        assert_eq!((flights.arrived.len(), flights.untimed()), (LIMIT, LIMIT as u64 + 10));
        flights.deliver(at(1), "<9@example.org>", &mut latency);
        assert_eq!(latency.count(), 0);
        flights.deliver(at(1), "<10@example.org>", &mut latency);
        assert_eq!(latency.count(), 1);
    }
}

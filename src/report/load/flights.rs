//! How long messages were under way, from their composition to each mailbox.
//!
//! A load client writes the moment of composition into the Message-ID, `<NANOSECONDS.NUMBER@HOST>`, so
//! that nothing has to be kept of a message under way. Of the others composition and arrivals are kept, and
//! put together when somebody asks. What is kept is bounded by the hashes of Message-IDs: the [`LIMIT`] least
//! of those that were composed, and as many arrivals. So what is kept depends neither on the order in which
//! things are told nor on who was told of them, and parts that are merged know what one would have known.
//!
//! Not modelled: a message by somebody else whose Message-ID has that form and tells of a moment before its
//! arrival; it is believed.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_64;

use crate::engine::SimTime;
use crate::world::written_at;

use super::Histogram;

/// Messages under way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Flights {
    /// By the hash of the Message-ID, when it was composed first.
    composed: BTreeMap<u64, SimTime>,
    /// How many arrived when, in the order of those hashes.
    arrived: BTreeMap<(u64, SimTime), u64>,
    /// How many arrived in all whose Message-IDs do not tell.
    untold: u64,
}

/// So many messages are followed, and so many of their arrivals.
pub(super) const LIMIT: usize = 1 << 16;

impl Flights {
    /// A client composed a message.
    pub(super) fn compose(&mut self, time: SimTime, message_id: &str) {
        if written_at(message_id) == Some(time) || message_id.is_empty() {
            return;
        }
        let composed = self.composed.entry(xxh3_64(message_id.as_bytes())).or_insert(time);
        *composed = time.min(*composed);
        self.bound();
    }

    /// A message came to a mailbox. How long it took, if its Message-ID tells, goes into `latency`.
    pub(super) fn deliver(&mut self, time: SimTime, message_id: &str, latency: &mut Histogram) {
        if let Some(written) = written_at(message_id).filter(|written| *written <= time) {
            return add(latency, written, time);
        }
        self.untold += 1;
        if !message_id.is_empty() {
            let hash = xxh3_64(message_id.as_bytes());
            *self.arrived.entry((hash, time)).or_default() += 1;
            self.bound();
        }
    }

    /// Adds how long the others took, as far as that is known.
    pub(super) fn land(&self, latency: &mut Histogram) {
        for (composed, time, count) in self.timed() {
            for _ in 0..count {
                add(latency, composed, time);
            }
        }
    }

    /// What was delivered without its moment of composition being known.
    pub(super) fn untimed(&self) -> u64 {
        self.untold - self.timed().map(|(_, _, count)| count).sum::<u64>()
    }

    /// When messages were composed, when they arrived, and how many of them.
    fn timed(&self) -> impl Iterator<Item = (SimTime, SimTime, u64)> + '_ {
        self.arrived.iter().filter_map(|((hash, time), count)| {
            let composed = self.composed.get(hash).filter(|composed| *composed <= time)?;
            Some((*composed, *time, *count))
        })
    }

    /// Takes over what is under way in another part.
    pub(super) fn merge(&mut self, other: Flights) {
        for (hash, time) in other.composed {
            let composed = self.composed.entry(hash).or_insert(time);
            *composed = time.min(*composed);
        }
        for (arrival, count) in other.arrived {
            *self.arrived.entry(arrival).or_default() += count;
        }
        self.untold += other.untold;
        self.bound();
    }

    /// Forgets those of the greatest hashes, where there is too much. None of them would be kept of more.
    fn bound(&mut self) {
        while self.composed.len() > LIMIT {
            self.composed.pop_last();
        }
        while self.arrived.len() > LIMIT {
            self.arrived.pop_last();
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

    /// All latencies of flights of which some have told by themselves.
    fn all(flights: &Flights, told: &Histogram) -> Histogram {
        let mut all = told.clone();
        flights.land(&mut all);
        all
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
        let mut told = Histogram::default();
        // An arrival may be told before the composition, by another part.
        flights.deliver(at(3), "<hello@example.org>", &mut told);
        flights.compose(at(4), "<hello@example.org>");
        flights.compose(at(2), "<hello@example.org>");
        flights.deliver(at(6), "<hello@example.org>", &mut told);
        flights.deliver(at(6), "<hello@example.org>", &mut told);
        let latency = all(&flights, &told);
        assert_eq!((latency.least(), latency.most()), (Some(1_000_000_000), Some(4_000_000_000)));
        assert_eq!((latency.count(), flights.untimed()), (3, 0));
        flights.deliver(at(7), "<notice@example.org>", &mut told);
        flights.deliver(at(7), "", &mut told);
        flights.deliver(at(1), "<hello@example.org>", &mut told);
        assert_eq!((all(&flights, &told).count(), flights.untimed()), (3, 3));
    }

    /// Invariant: what is known does not depend on who was told what, though there be more than is kept.
    #[test]
    fn parts_know_together_what_one_would_have_known() {
        const MANY: u64 = LIMIT as u64 + 5_000;
        for count in [10, MANY] {
            let mut parts: [Flights; 3] = Default::default();
            let mut whole = Flights::default();
            let mut told = Histogram::default();
            for number in 0..count {
                let id = format!("<{number}@example.org>");
                let from = (number % 3 == 0) as usize;
                let to = (number % 5 % 3) as usize;
                let (composed, delivered) = (at(number), at(2 * number + 1));
                parts[from].compose(composed, &id);
                whole.compose(composed, &id);
                parts[to].deliver(delivered, &id, &mut told);
                whole.deliver(delivered, &id, &mut told);
            }
            let [first, second, third] = parts;
            let (mut one_way, mut other_way) = (first.clone(), third.clone());
            one_way.merge(second.clone());
            one_way.merge(third);
            other_way.merge(first);
            other_way.merge(second);
            assert_eq!((&one_way, &other_way), (&whole, &whole));
            let known = all(&whole, &told).count();
            assert_eq!(known, count.min(LIMIT as u64), "the same are kept of both");
            assert_eq!(whole.untimed(), count - known);
            assert!(whole.composed.len() <= LIMIT && whole.arrived.len() <= LIMIT);
        }
    }
}

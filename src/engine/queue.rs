//! Entries come out by `(time, origin, sequence)`, where the origin numbers its own entries: no
//! global counter, so that the order is the same however hosts are split over queues (as in
//! Shadow).
//!
//! A radix heap (Ahuja et al. 1990) over 24-byte entries, with the payloads in a slab that they point
//! to. An entry waits in the bucket of the highest bit in which its time differs from that of the latest
//! one taken; when its bucket is the next, it moves on to a lower one. The last of these moves is a
//! sort: a bucket of few entries becomes the front, which is in order. So nearly all that happens to an
//! entry is that it is written behind others. It has no widths or counts to tune, as a calendar queue
//! has; `benches/queue.rs` measures it under the hold model, beside a binary heap.

use std::collections::VecDeque;

use super::SimTime;

/// The place of an entry in the order of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Key {
    /// When it happens.
    pub time: SimTime,
    /// Who caused it: the index of a host, router or other owner of a counter.
    pub origin: u32,
    /// The origin's own count. No two entries of one origin share a number.
    pub sequence: u64,
}

/// A priority queue of payloads by [`Key`], smallest first.
///
/// Made for a clock that does not go back: an entry before the latest one taken is put in its place,
/// but at the price of all that wait.
#[derive(Debug)]
pub struct EventQueue<T> {
    /// What comes first, in order: all that is due from `base` to `front_last`.
    front: VecDeque<Entry>,
    /// What later times are compared with, to find their bucket.
    base: u64,
    front_last: u64,
    /// Bucket 0: times that are `base`; bucket n: those that differ from it in bit n - 1 and in no higher.
    buckets: Box<[Vec<Entry>; BUCKETS]>,
    /// Which of them are not empty, a bit for each from bucket 1 on.
    filled: u64,
    length: usize,
    payloads: Vec<Option<T>>,
    free: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    time: u64,
    sequence: u64,
    origin: u32,
    slot: u32,
}

impl Entry {
    fn key(&self) -> Key {
        Key { time: SimTime::from_nanos(self.time), origin: self.origin, sequence: self.sequence }
    }

    fn order(&self) -> (u64, u32, u64) {
        (self.time, self.origin, self.sequence)
    }
}

/// The bit of a bucket among those that are filled; bucket 0 has none.
#[inline]
fn mark(bucket: usize) -> u64 {
    bucket.checked_sub(1).map_or(0, |bit| 1 << bit)
}

/// A bucket for each bit of a time, and one for no bit.
const BUCKETS: usize = 65;

/// So many entries are sorted at once. Fewer would be moved from bucket to bucket more often.
const FRONT: usize = 48;

impl<T> Default for EventQueue<T> {
    fn default() -> Self {
        EventQueue {
            front: VecDeque::new(),
            base: 0,
            front_last: 0,
            buckets: Box::new([const { Vec::new() }; BUCKETS]),
            filled: 0,
            length: 0,
            payloads: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> EventQueue<T> {
    /// An empty queue.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many entries wait.
    pub fn len(&self) -> usize {
        self.length
    }

    /// True when nothing waits.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The key of the next entry. Looks at all that may be the next, which are many at times.
    pub fn peek(&self) -> Option<Key> {
        let next = match self.front.front() {
            Some(first) => Some(first),
            None => self.buckets[self.next_bucket()?].iter().min_by_key(|entry| entry.order()),
        };
        next.map(Entry::key)
    }

    /// Adds an entry.
    #[inline]
    pub fn push(&mut self, key: Key, payload: T) {
        // Written where it stays. Where its entry goes is another thing.
        let slot = match self.free.pop() {
            Some(slot) => {
                self.payloads[slot as usize] = Some(payload);
                slot
            }
            None => {
                self.payloads.push(Some(payload));
                u32::try_from(self.payloads.len() - 1).expect("fewer than 2^32 pending entries")
            }
        };
        let Key { time, origin, sequence } = key;
        self.enter(Entry { time: time.as_nanos(), sequence, origin, slot });
    }

    /// Puts an entry in its place.
    fn enter(&mut self, entry: Entry) {
        self.length += 1;
        if entry.time > self.front_last {
            self.put(entry);
        } else if entry.time >= self.base {
            // Mostly among the last, which are moved the least.
            let place = self.front.partition_point(|other| other.order() < entry.order());
            self.front.insert(place, entry);
        } else {
            self.turn_back(entry);
        }
    }

    /// Takes the next entry.
    pub fn pop(&mut self) -> Option<(Key, T)> {
        self.pop_until(SimTime::MAX)
    }

    /// Takes the next entry if it is not after `last`.
    #[inline]
    pub fn pop_until(&mut self, last: SimTime) -> Option<(Key, T)> {
        if self.front.is_empty() && !self.advance(last.as_nanos()) {
            return None;
        }
        let first = *self.front.front().filter(|first| first.time <= last.as_nanos())?;
        self.front.pop_front();
        self.length -= 1;
        self.free.push(first.slot);
        let payload = self.payloads[first.slot as usize].take();
        Some((first.key(), payload.expect("an entry owns its slot")))
    }

    /// All that waits, in no order that matters.
    pub fn payloads(&self) -> impl Iterator<Item = &T> {
        self.payloads.iter().flatten()
    }

    fn next_bucket(&self) -> Option<usize> {
        if !self.buckets[0].is_empty() {
            return Some(0);
        }
        (self.filled != 0).then(|| self.filled.trailing_zeros() as usize + 1)
    }

    /// Puts an entry that is due after the front into its bucket.
    fn put(&mut self, entry: Entry) {
        let bucket = (u64::BITS - (entry.time ^ self.base).leading_zeros()) as usize;
        self.buckets[bucket].push(entry);
        self.filled |= mark(bucket);
    }

    /// Makes a new front out of the next bucket, if anything in that is due by `last`; false when
    /// nothing is.
    fn advance(&mut self, last: u64) -> bool {
        while let Some(bucket) = self.next_bucket() {
            let entries = &mut self.buckets[bucket];
            if entries.len() <= FRONT || bucket == 0 {
                // All that may still come and falls into its span belongs to the front.
                let width = bucket.saturating_sub(1);
                let first = (entries[0].time >> width) << width;
                if first > last {
                    return false;
                }
                self.front.extend(entries.drain(..));
                self.filled &= !mark(bucket);
                // Many of one instant are runs of ascending origins.
                self.front.make_contiguous().sort_by_key(Entry::order);
                (self.base, self.front_last) = (first, first | ((1 << width) - 1));
                return true;
            }
            let least = entries.iter().map(|entry| entry.time).min().expect("it is not empty");
            if least > last {
                return false;
            }
            let entries = std::mem::take(entries);
            self.filled &= !mark(bucket);
            (self.base, self.front_last) = (least, least);
            for entry in &entries {
                self.put(*entry);
            }
            // Its memory is used again.
            self.buckets[bucket] = entries;
            self.buckets[bucket].clear();
        }
        false
    }

    /// Adds an entry that is before the latest one taken: all others find their places anew.
    #[cold]
    fn turn_back(&mut self, entry: Entry) {
        let mut all: Vec<Entry> = self.front.drain(..).collect();
        self.buckets.iter_mut().for_each(|bucket| all.append(bucket));
        (self.base, self.front_last, self.filled) = (entry.time, entry.time, 0);
        self.front.push_back(entry);
        all.into_iter().for_each(|entry| self.put(entry));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Seed, Stream};

    fn key(time: u64, origin: u32, sequence: u64) -> Key {
        Key { time: SimTime::from_nanos(time), origin, sequence }
    }

    #[test]
    fn one_instant_is_ordered_by_origin_and_its_own_count() {
        let mut queue = EventQueue::new();
        for (k, name) in
            [(key(5, 2, 0), "c"), (key(5, 1, 9), "b"), (key(5, 1, 3), "a"), (key(4, 9, 9), "z")]
        {
            queue.push(k, name);
        }
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).map(|(_, name)| name).collect();
        assert_eq!(order, ["z", "a", "b", "c"]);
    }

    #[test]
    fn any_mix_of_pushes_and_pops_agrees_with_a_sorted_list() {
        // Times anywhere; times that do not go back, close to each other and far apart, and many at once.
        let spans: [fn(&mut Stream, u64) -> u64; 4] = [
            |stream, _| stream.below(1_000),
            |stream, now| now + stream.below(100),
            |stream, now| now + (stream.next_u64() >> (20 + stream.below(44))),
            |stream, now| now + 1_000 * stream.below(3),
        ];
        for (number, time) in spans.into_iter().enumerate() {
            let mut stream = Seed(3).stream("queue");
            let (mut queue, mut model) = (EventQueue::new(), std::collections::BTreeMap::new());
            let mut now = 0;
            for count in 0..8_000 {
                // It grows, and shrinks again.
                if stream.chance(if count < 4_000 { 0.6 } else { 0.4 }) {
                    let k = key(time(&mut stream, now), stream.below(8) as u32, count);
                    queue.push(k, count);
                    model.insert(k, count);
                } else {
                    let last = SimTime::from_nanos(now + stream.below(200));
                    let due = model.first_key_value().is_some_and(|(key, _)| key.time <= last);
                    let first = if due { model.pop_first() } else { None };
                    assert_eq!(queue.pop_until(last), first);
                    now = first.map_or(now, |(key, _)| key.time.as_nanos().max(now));
                }
                assert_eq!(queue.len(), model.len());
                assert_eq!(queue.peek(), model.keys().next().copied(), "{number}");
            }
        }
    }

    #[test]
    fn the_last_moment_of_all_has_its_order_too() {
        let mut queue = EventQueue::new();
        for (time, origin) in [(u64::MAX, 3), (0, 9), (u64::MAX, 1), (u64::MAX - 1, 5)] {
            queue.push(key(time, origin, 0), origin);
        }
        assert_eq!((queue.pop(), queue.pop()).1.map(|(_, origin)| origin), Some(5));
        queue.push(key(u64::MAX, 2, 0), 2);
        let rest: Vec<_> = std::iter::from_fn(|| queue.pop()).map(|(_, origin)| origin).collect();
        assert_eq!(rest, [1, 2, 3]);
    }
}

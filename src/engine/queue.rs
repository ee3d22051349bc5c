//! The event queue: what happens next, in an order that every run agrees on.
//!
//! Entries come out by `(time, origin, sequence)`, where the origin numbers its own entries: no
//! global counter, so that the order is the same however hosts are split over queues (as in
//! Shadow). A 4-ary heap over 24-byte keys, with the payloads in a slab that the keys point to, so
//! that sifting moves keys alone; `benches/queue.rs` measures it under the hold model.

use super::SimTime;

/// The place of an entry in the order of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// When it happens.
    pub time: SimTime,
    /// Who caused it: the index of a host, router or other owner of a counter.
    pub origin: u32,
    /// The origin's own count. No two entries of one origin share a number.
    pub sequence: u64,
}

/// A priority queue of payloads by [`Key`], smallest first.
#[derive(Debug)]
pub struct EventQueue<T> {
    heap: Vec<Entry>,
    payloads: Vec<Option<T>>,
    free: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    time: SimTime,
    sequence: u64,
    origin: u32,
    slot: u32,
}

impl Entry {
    fn key(&self) -> Key {
        Key { time: self.time, origin: self.origin, sequence: self.sequence }
    }

    fn before(&self, other: &Entry) -> bool {
        (self.time, self.origin, self.sequence) < (other.time, other.origin, other.sequence)
    }
}

/// Children a node. Four fit one and a half cache lines and halve the depth of a binary heap.
const ARITY: usize = 4;

impl<T> Default for EventQueue<T> {
    fn default() -> Self {
        EventQueue { heap: Vec::new(), payloads: Vec::new(), free: Vec::new() }
    }
}

impl<T> EventQueue<T> {
    /// An empty queue.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many entries wait.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// True when nothing waits.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// The key of the next entry.
    pub fn peek(&self) -> Option<Key> {
        self.heap.first().map(Entry::key)
    }

    /// Adds an entry.
    pub fn push(&mut self, key: Key, payload: T) {
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
        let entry = Entry { time: key.time, sequence: key.sequence, origin: key.origin, slot };
        self.heap.push(entry);
        self.sift_up(self.heap.len() - 1);
    }

    /// Takes the next entry.
    pub fn pop(&mut self) -> Option<(Key, T)> {
        let first = *self.heap.first()?;
        let last = self.heap.pop().expect("a queue with a first entry has a last one");
        if !self.heap.is_empty() {
            self.heap[0] = last;
            self.sift_down();
        }
        self.free.push(first.slot);
        let payload = self.payloads[first.slot as usize].take();
        Some((first.key(), payload.expect("a heap entry owns its slot")))
    }

    /// All that waits, in no order that matters.
    pub fn payloads(&self) -> impl Iterator<Item = &T> {
        self.payloads.iter().flatten()
    }

    fn sift_up(&mut self, mut place: usize) {
        let entry = self.heap[place];
        while place > 0 {
            let parent = (place - 1) / ARITY;
            if !entry.before(&self.heap[parent]) {
                break;
            }
            self.heap[place] = self.heap[parent];
            place = parent;
        }
        self.heap[place] = entry;
    }

    fn sift_down(&mut self) {
        let entry = self.heap[0];
        let mut place = 0;
        loop {
            let first_child = place * ARITY + 1;
            if first_child >= self.heap.len() {
                break;
            }
            let mut least = first_child;
            for child in first_child + 1..(first_child + ARITY).min(self.heap.len()) {
                if self.heap[child].before(&self.heap[least]) {
                    least = child;
                }
            }
            if !self.heap[least].before(&entry) {
                break;
            }
            self.heap[place] = self.heap[least];
            place = least;
        }
        self.heap[place] = entry;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;

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
        let mut stream = Seed(3).stream("queue");
        let (mut queue, mut model) = (EventQueue::new(), std::collections::BTreeMap::new());
        for count in 0..20_000 {
            if stream.chance(0.55) {
                let k = key(stream.below(1_000), stream.below(8) as u32, count);
                queue.push(k, count);
                model.insert(k, count);
            } else {
                assert_eq!(queue.pop(), model.pop_first());
            }
            assert_eq!(queue.len(), model.len());
            assert_eq!(queue.peek(), model.keys().next().copied());
        }
    }
}

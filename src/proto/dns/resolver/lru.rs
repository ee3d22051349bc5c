//! A map of bounded weight that forgets what was not used for longest.
//!
//! It is never walked in hash order: the order of forgetting is the order of use.

use std::collections::HashMap;
use std::hash::Hash;

use foldhash::fast::FixedState;

/// The map. Each entry has a weight, in octets or in whatever unit the bound has.
#[derive(Debug)]
pub(crate) struct LruMap<K, V> {
    index: HashMap<K, u32, FixedState>,
    slots: Vec<Slot<K, V>>,
    free: Vec<u32>,
    /// Ends of the list of slots in order of use; [`NONE`] when it is empty.
    newest: u32,
    oldest: u32,
    weight: usize,
    bound: usize,
}

#[derive(Debug)]
struct Slot<K, V> {
    /// `None` when the slot is free.
    entry: Option<(K, V)>,
    weight: usize,
    newer: u32,
    older: u32,
}

const NONE: u32 = u32::MAX;

impl<K: Hash + Eq + Clone, V> LruMap<K, V> {
    /// An empty map whose entries weigh no more than `bound` together.
    pub(crate) fn new(bound: usize) -> Self {
        LruMap {
            index: HashMap::default(),
            slots: Vec::new(),
            free: Vec::new(),
            newest: NONE,
            oldest: NONE,
            weight: 0,
            bound,
        }
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    /// The value of `key`, which counts as a use.
    pub(crate) fn get(&mut self, key: &K) -> Option<&mut V> {
        let slot = *self.index.get(key)?;
        if self.newest != slot {
            self.unlink(slot);
            self.link(slot);
        }
        self.slots[slot as usize].entry.as_mut().map(|(_, value)| value)
    }

    /// The value of `key`, which does not count as a use.
    pub(crate) fn peek(&self, key: &K) -> Option<&V> {
        let slot = *self.index.get(key)?;
        self.slots[slot as usize].entry.as_ref().map(|(_, value)| value)
    }

    /// Sets the value of `key` and forgets others until the bound holds. An entry that is heavier
    /// than the bound is not kept.
    pub(crate) fn insert(&mut self, key: K, value: V, weight: usize) {
        self.remove(&key);
        self.weight += weight;
        let filled = Slot { entry: Some((key.clone(), value)), weight, newer: NONE, older: NONE };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = filled;
                slot
            }
            None => {
                self.slots.push(filled);
                (self.slots.len() - 1) as u32
            }
        };
        self.index.insert(key, slot);
        self.link(slot);
        while self.weight > self.bound {
            let oldest = &self.slots[self.oldest as usize].entry;
            let (key, _) = oldest.as_ref().expect("a linked slot is filled");
            let key = key.clone();
            self.remove(&key);
        }
    }

    /// Forgets `key`.
    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let slot = self.index.remove(key)?;
        self.unlink(slot);
        self.free.push(slot);
        let slot = &mut self.slots[slot as usize];
        self.weight -= slot.weight;
        slot.entry.take().map(|(_, value)| value)
    }

    fn link(&mut self, slot: u32) {
        let older = std::mem::replace(&mut self.newest, slot);
        let ends = &mut self.slots[slot as usize];
        (ends.newer, ends.older) = (NONE, older);
        match self.slots.get_mut(older as usize) {
            Some(before) => before.newer = slot,
            None => self.oldest = slot,
        }
    }

    fn unlink(&mut self, slot: u32) {
        let Slot { newer, older, .. } = self.slots[slot as usize];
        match self.slots.get_mut(newer as usize) {
            Some(next) => next.older = older,
            None => self.newest = older,
        }
        match self.slots.get_mut(older as usize) {
            Some(before) => before.newer = newer,
            None => self.oldest = newer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_leaves_first() {
        let mut map = LruMap::new(3);
        for key in 0..3 {
            map.insert(key, key * 10, 1);
        }
        assert_eq!(map.get(&0), Some(&mut 0));
        map.insert(3, 30, 1);
        assert_eq!((map.peek(&1), map.len()), (None, 3));
        map.insert(4, 40, 2);
        assert_eq!((map.peek(&2), map.peek(&0), map.len()), (None, None, 2));
        map.insert(5, 50, 4);
        assert_eq!((map.peek(&5), map.len()), (None, 0));
    }

    #[test]
    fn a_map_used_at_random_keeps_its_bound_and_its_links() {
        let mut map = LruMap::new(50);
        let mut draws = crate::engine::Seed(1).stream("lru");
        for _ in 0..2_000 {
            let key = draws.below(40);
            match draws.below(3) {
                0 => drop(map.remove(&key)),
                1 => assert!(map.get(&key).is_none_or(|value| *value == key)),
                _ => map.insert(key, key, 1 + draws.below(5) as usize),
            }
            assert!(map.weight <= 50);
            let (mut at, mut seen, mut weight) = (map.newest, 0, 0);
            while let Some(slot) = map.slots.get(at as usize) {
                (at, seen, weight) = (slot.older, seen + 1, weight + slot.weight);
            }
            assert_eq!((seen, weight), (map.len(), map.weight));
        }
    }
}

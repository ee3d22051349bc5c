//! A map of bounded weight that forgets what was not used for longest.
//!
//! It is never walked in hash order: the order of forgetting is the order of use. Entries lie in one
//! vector, and a table by hash has their places. Most look-ups of a resolver that learns are for what it
//! does not know, and nearly all of these see the table alone; `benches/resolver.rs` and the load
//! `dns-cold` pay for it.

use std::hash::{BuildHasher, Hash};

use hashbrown::HashTable;
use indexmap::Equivalent;

use crate::engine::HashState;

/// The map. Each entry has a weight, in octets or in whatever unit the bound has.
#[derive(Debug)]
pub(crate) struct LruMap<K, V> {
    /// The slots that are filled.
    table: HashTable<u32>,
    slots: Vec<Slot<K, V>>,
    /// The first of the slots that are free.
    free: u32,
    /// Ends of the list of slots in order of use; [`NONE`] when it is empty.
    newest: u32,
    oldest: u32,
    len: usize,
    weight: usize,
    bound: usize,
    state: HashState,
}

#[derive(Debug)]
struct Slot<K, V> {
    /// `None` when the slot is free.
    entry: Option<(K, V)>,
    hash: u32,
    weight: u32,
    /// The next of the free slots.
    next: u32,
    newer: u32,
    older: u32,
}

const NONE: u32 = u32::MAX;

/// The hash for the table, which looks at both ends of it.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

/// Where a key is in a map, or would be; good until that key is put in or taken out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    hash: u32,
    /// [`NONE`] when it is not there.
    slot: u32,
}

impl<K, V> LruMap<K, V> {
    /// What an entry takes beside what its key and value own elsewhere, in octets.
    /// The table takes 6 to 12 of them.
    pub(crate) const ENTRY_OCTETS: usize = size_of::<Slot<K, V>>() + 2 * size_of::<u32>();

    /// An empty map whose entries weigh no more than `bound` together.
    pub(crate) fn new(bound: usize) -> Self {
        LruMap {
            table: HashTable::new(),
            slots: Vec::new(),
            free: NONE,
            newest: NONE,
            oldest: NONE,
            len: 0,
            weight: 0,
            bound,
            state: HashState::default(),
        }
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Where `key` is. Who looks at its value and then sets it looks for it once.
    pub(crate) fn seek<Q>(&self, key: &Q) -> Place
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        if self.len == 0 {
            return Place { hash: self.hash(key), slot: NONE };
        }
        let hash = self.hash(key);
        let is_it = |slot: &u32| {
            let Slot { entry, hash: of_slot, .. } = &self.slots[*slot as usize];
            *of_slot == hash && entry.as_ref().is_some_and(|(known, _)| key.equivalent(known))
        };
        let found = self.table.find(spread(hash), is_it);
        Place { hash, slot: found.copied().unwrap_or(NONE) }
    }

    /// The value there, which does not count as a use.
    pub(crate) fn peek_at(&self, place: Place) -> Option<&V> {
        let slot = self.slots.get(place.slot as usize)?;
        slot.entry.as_ref().map(|(_, value)| value)
    }

    /// The value there, which counts as a use.
    pub(crate) fn get_at(&mut self, place: Place) -> Option<&mut V> {
        if place.slot == NONE {
            return None;
        }
        self.renew(place.slot);
        self.slots[place.slot as usize].entry.as_mut().map(|(_, value)| value)
    }

    /// Sets the value of the key that was looked for, and forgets others until the bound holds. An
    /// entry that is heavier than the bound is not kept.
    pub(crate) fn set_at(
        &mut self,
        place: Place,
        key: impl FnOnce() -> K,
        value: V,
        weight: usize,
    ) {
        match (place.slot, weight > self.bound) {
            (NONE, true) => {}
            (NONE, false) => self.add(place.hash, key(), value, weight),
            (slot, true) => drop(self.take(slot)),
            (slot, false) => self.replace(slot, value, weight),
        }
    }

    /// The value of `key`, which counts as a use.
    pub(crate) fn get<Q>(&mut self, key: &Q) -> Option<&mut V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        if self.len == 0 {
            return None;
        }
        let place = self.seek(key);
        self.get_at(place)
    }

    /// The value of `key`, which does not count as a use.
    pub(crate) fn peek<Q>(&self, key: &Q) -> Option<&V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        if self.len == 0 {
            return None;
        }
        self.peek_at(self.seek(key))
    }

    /// Puts in a key that is not there.
    fn add(&mut self, hash: u32, key: K, value: V, weight: usize) {
        let weight = u32::try_from(weight).expect("an entry is smaller than 4 GiB");
        self.weight += weight as usize;
        self.len += 1;
        let entry = Some((key, value));
        let filled = Slot { entry, hash, weight, next: NONE, newer: NONE, older: NONE };
        let slot = match self.slots.get(self.free as usize) {
            Some(free) => {
                let slot = std::mem::replace(&mut self.free, free.next);
                self.slots[slot as usize] = filled;
                slot
            }
            None => {
                self.slots.push(filled);
                (self.slots.len() - 1) as u32
            }
        };
        let LruMap { table, slots, .. } = self;
        table.insert_unique(spread(hash), slot, |slot| spread(slots[*slot as usize].hash));
        self.link(slot);
        while self.weight > self.bound {
            self.take(self.oldest);
        }
    }

    /// Sets the value of a key that is there, which counts as a use.
    fn replace(&mut self, slot: u32, value: V, weight: usize) {
        let weight = u32::try_from(weight).expect("an entry is smaller than 4 GiB");
        let kept = &mut self.slots[slot as usize];
        self.weight = self.weight - kept.weight as usize + weight as usize;
        kept.weight = weight;
        if let Some((_, old)) = &mut kept.entry {
            *old = value;
        }
        self.renew(slot);
        while self.weight > self.bound {
            self.take(self.oldest);
        }
    }

    /// A slot is used.
    fn renew(&mut self, slot: u32) {
        if self.newest != slot {
            self.unlink(slot);
            self.link(slot);
        }
    }

    /// Forgets `key`.
    pub(crate) fn remove<Q>(&mut self, key: &Q) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        if self.len == 0 {
            return None;
        }
        match self.seek(key).slot {
            NONE => None,
            slot => self.take(slot),
        }
    }

    /// Empties a slot that is filled.
    fn take(&mut self, slot: u32) -> Option<V> {
        self.unlink(slot);
        let Slot { hash, weight, .. } = self.slots[slot as usize];
        let entry = self.table.find_entry(spread(hash), |known| *known == slot);
        entry.expect("a slot that is filled is in the table").remove();
        self.len -= 1;
        self.weight -= weight as usize;
        let freed = &mut self.slots[slot as usize];
        freed.next = std::mem::replace(&mut self.free, slot);
        freed.entry.take().map(|(_, value)| value)
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

    fn hash<Q: Hash + ?Sized>(&self, key: &Q) -> u32 {
        let hash = self.state.hash_one(key);
        (hash ^ hash >> 32) as u32
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

    impl<K: Hash + Eq, V> LruMap<K, V> {
        fn insert(&mut self, key: K, value: V, weight: usize) {
            let place = self.seek(&key);
            self.set_at(place, || key, value, weight);
        }
    }

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
        assert_eq!((map.peek(&5), map.len()), (None, 2));
    }

    #[test]
    fn a_map_used_at_random_keeps_its_bound_and_its_links() {
        let mut map = LruMap::new(50);
        let mut plain = std::collections::BTreeMap::new();
        let mut draws = crate::engine::Seed(1).stream("lru");
        for step in 0..2_000 {
            let key = draws.below(40);
            match draws.below(3) {
                0 => assert_eq!(map.remove(&key).is_some(), plain.remove(&key).is_some()),
                1 => assert_eq!(map.get(&key).copied(), plain.get(&key).copied()),
                _ => {
                    map.insert(key, step, 1 + draws.below(5) as usize);
                    plain.insert(key, step);
                }
            }
            // What was pushed out by others is not in the map, and nothing else is missing.
            plain.retain(|key, value| map.peek(key).is_some_and(|kept| kept == value));
            assert!(map.weight <= 50);
            let (mut at, mut seen, mut weight) = (map.newest, 0, 0);
            while let Some(slot) = map.slots.get(at as usize) {
                (at, seen, weight) = (slot.older, seen + 1, weight + slot.weight as usize);
            }
            assert_eq!((seen, weight, plain.len()), (map.len(), map.weight, map.len()));
        }
    }
}

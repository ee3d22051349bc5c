//! What must not matter, done otherwise: for a second run that shows that it does not.
//!
//! A run that is [`shaken`] hashes with another salt, so that whoever walks a hash map meets its
//! entries in another order; makes hosts, zones and programs from the last to the first ([`made`]); and
//! leaves other holes on the heap, so that addresses differ in more than their start. One seed is one
//! history all the same.
//!
//! Kept for each thread: what another thread runs is not shaken.

use std::cell::{Cell, RefCell};
use std::hash::BuildHasher;

use foldhash::fast::FixedState;

thread_local! {
    /// Zero: not shaken.
    static SALT: Cell<u64> = const { Cell::new(0) };
    static BALLAST: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// How every hash map of a run hashes.
///
/// For maps that are looked up and never walked. The hashes are the same in each run and on every
/// machine, but for one that is [`shaken`].
#[derive(Debug, Clone)]
pub struct HashState(FixedState);

impl HashState {
    /// For a map that stays empty, in a constant.
    pub const EMPTY: HashState = HashState(FixedState::with_seed(0));
}

impl Default for HashState {
    fn default() -> Self {
        HashState(FixedState::with_seed(SALT.get()))
    }
}

impl BuildHasher for HashState {
    type Hasher = <FixedState as BuildHasher>::Hasher;

    #[inline]
    fn build_hasher(&self) -> Self::Hasher {
        self.0.build_hasher()
    }
}

/// Does something in another order wherever order must not matter. Another salt, which is not zero, is
/// another order of hashing.
pub fn shaken<T>(salt: u64, act: impl FnOnce() -> T) -> T {
    /// Also where `act` panics.
    struct Calm(u64);
    impl Drop for Calm {
        fn drop(&mut self) {
            SALT.set(self.0);
            BALLAST.with_borrow_mut(Vec::clear);
        }
    }
    let _calm = Calm(SALT.replace(salt));
    act()
}

/// What this thread is shaken with, for another thread that works for it; zero: nothing.
pub(crate) fn salt() -> u64 {
    SALT.get()
}

/// Makes something of each item. They come out in the order of the items, whichever was made first.
pub fn made<I: DoubleEndedIterator, T>(items: I, mut make: impl FnMut(I::Item) -> T) -> Vec<T> {
    if SALT.get() == 0 {
        return items.map(make).collect();
    }
    let mut all: Vec<T> = items
        .rev()
        .map(|item| {
            unsettle();
            make(item)
        })
        .collect();
    all.reverse();
    all
}

/// Takes odd pieces off the heap and gives every other back, and keeps small ones.
fn unsettle() {
    BALLAST.with_borrow_mut(|ballast| {
        let count = ballast.len();
        let pieces: Vec<Vec<u8>> =
            (1..=4).map(|piece| vec![0; (count * 37 + piece * 61) % 500 + 1]).collect();
        ballast.extend(pieces.into_iter().step_by(2));
        ballast.extend((1..=4).map(|words| vec![0; words * 8]));
    });
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn walked() -> Vec<u32> {
        let map: HashMap<u32, (), HashState> = (0..100).map(|key| (key, ())).collect();
        map.into_keys().collect()
    }

    #[test]
    fn a_map_is_walked_in_another_order_when_shaken_and_only_then() {
        let calm = walked();
        assert_eq!(walked(), calm);
        let other = shaken(1, walked);
        assert_ne!(other, calm);
        assert_ne!(shaken(2, walked), other);
        assert_eq!(walked(), calm);
    }

    #[test]
    fn things_are_made_from_the_last_on_and_come_out_in_order() {
        let make = || {
            let mut made_as = Vec::new();
            let all = made(0..3, |item| {
                made_as.push(item);
                item * 10
            });
            (all, made_as)
        };
        assert_eq!(make(), (vec![0, 10, 20], vec![0, 1, 2]));
        assert_eq!(shaken(1, make), (vec![0, 10, 20], vec![2, 1, 0]));
    }
}

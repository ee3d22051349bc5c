//! The latest records of look-ups, of which it is not known yet who waits for them.

use std::collections::{HashMap, VecDeque};

use crate::engine::HashState;
use crate::world::record::{Record, RecordId};

/// Records of datagrams and of caches, the latest of them.
#[derive(Debug, Default)]
pub(super) struct Lookups {
    /// With the place of each in the history; `None`: it was taken.
    ring: VecDeque<Option<(u64, Record)>>,
    /// How many have left the ring at its front.
    gone: u64,
    /// Which of all that were ever put in.
    numbers: HashMap<RecordId, u64, HashState>,
}

/// So many are remembered.
pub(super) const LIMIT: usize = 1 << 16;

impl Lookups {
    /// Remembers one; at the limit the oldest is forgotten.
    pub(super) fn put(&mut self, place: u64, record: Record) {
        self.numbers.insert(record.id, self.gone + self.ring.len() as u64);
        self.ring.push_back(Some((place, record)));
        if self.ring.len() > LIMIT {
            self.gone += 1;
            if let Some(Some((_, oldest))) = self.ring.pop_front() {
                self.numbers.remove(&oldest.id);
            }
        }
    }

    /// Takes one out, if it is there.
    pub(super) fn take(&mut self, id: RecordId) -> Option<(u64, Record)> {
        let number = self.numbers.remove(&id)?;
        self.ring[(number - self.gone) as usize].take()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        assert_eq!(self.numbers.len(), self.ring.len());
        self.ring.len()
    }
}

//! Which connection a segment is of: by its two ends.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

use smallvec::SmallVec;

use crate::engine::HashState;
use crate::net::ends::{Apart, Ends, EndsV4};

/// Numbers by the ends of connections. Looked up, and never walked but to forget.
///
/// Most hosts have few connections at a time, and then are found without a table, in the room of their
/// stack: a table would be two cache lines more for each segment (`benches/tcp.rs` and the load
/// `smtp-transactions-wide` pay for it).
#[derive(Debug, Default)]
pub(crate) struct ByEnds {
    /// Those that came while there was room here; in no order.
    few: SmallVec<[(EndsV4, u32); FEW]>,
    // Apart, so that the many of version 4 take no more room than they need.
    v4: HashMap<EndsV4, u32, HashState>,
    other: HashMap<Ends, u32, HashState>,
}

/// So many stand in the stack itself.
const FEW: usize = 4;

impl ByEnds {
    /// For a stack that stays empty, in a constant.
    pub(crate) const EMPTY: ByEnds = ByEnds {
        few: SmallVec::new_const(),
        v4: HashMap::with_hasher(HashState::EMPTY),
        other: HashMap::with_hasher(HashState::EMPTY),
    };

    #[inline]
    pub(crate) fn get(&self, ends: &Ends) -> Option<u32> {
        match ends.apart() {
            Apart::V4(ends) => {
                let found = self.few.iter().find(|(few, _)| *few == ends);
                found.map(|(_, number)| *number).or_else(|| self.v4.get(&ends).copied())
            }
            Apart::Other(ends) => self.other.get(&ends).copied(),
        }
    }

    /// These ends have that number from now on, whatever they had before.
    pub(crate) fn insert(&mut self, ends: &Ends, number: u32) {
        match ends.apart() {
            Apart::V4(ends) => {
                if let Some((_, few)) = self.few.iter_mut().find(|(few, _)| *few == ends) {
                    *few = number;
                } else if self.few.len() < FEW && self.v4.is_empty() {
                    self.few.push((ends, number));
                } else {
                    self.v4.insert(ends, number);
                }
            }
            Apart::Other(ends) => {
                self.other.insert(ends, number);
            }
        }
    }

    /// Forgets all whose number is none of those to be kept.
    pub(crate) fn retain(&mut self, keeps: impl Fn(u32) -> bool) {
        self.few.retain(|(_, number)| keeps(*number));
        self.v4.retain(|_, number| keeps(*number));
        self.other.retain(|_, number| keeps(*number));
    }

    /// Forgets these ends, unless they are another one's by now.
    pub(crate) fn remove(&mut self, ends: &Ends, number: u32) {
        fn remove_from<K: Eq + Hash>(map: &mut HashMap<K, u32, HashState>, ends: K, number: u32) {
            if let Entry::Occupied(entry) = map.entry(ends)
                && *entry.get() == number
            {
                entry.remove();
            }
        }
        match ends.apart() {
            Apart::V4(ends) => match self.few.iter().position(|(few, _)| *few == ends) {
                Some(place) if self.few[place].1 == number => {
                    self.few.swap_remove(place);
                }
                Some(_) => {}
                None => remove_from(&mut self.v4, ends, number),
            },
            Apart::Other(ends) => remove_from(&mut self.other, ends, number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_and_each_port_counts() {
        let mut table = ByEnds::default();
        let ends = |a: &str, b: &str| Ends::new(a.parse().unwrap(), b.parse().unwrap());
        let all = [
            ends("192.0.2.1:25", "192.0.2.2:50000"),
            ends("192.0.2.2:25", "192.0.2.1:50000"),
            ends("192.0.2.1:50000", "192.0.2.2:25"),
            ends("192.0.2.1:25", "192.0.2.2:50001"),
            ends("[2001:db8::1]:25", "[2001:db8::2]:50000"),
            ends("[2001:db8::2]:25", "[2001:db8::1]:50000"),
            ends("[2001:db8::1]:25", "[2001:db8::2]:50001"),
            ends("[::ffff:192.0.2.1]:25", "192.0.2.2:50000"),
        ];
        let more = (1..10)
            .map(|port| Ends::new(([192, 0, 2, 1], port).into(), ([192, 0, 2, 2], 25).into()));
        let all: Vec<Ends> = all.into_iter().chain(more).collect();
        for (number, ends) in (0..).zip(&all) {
            table.insert(ends, number);
        }
        for (number, ends) in (0..).zip(&all) {
            assert_eq!(table.get(ends), Some(number));
            table.remove(ends, number + 1);
            assert_eq!(table.get(ends), Some(number), "they are not the other's");
            table.remove(ends, number);
            assert_eq!(table.get(ends), None);
        }
    }

    #[test]
    fn what_is_inserted_again_is_that_and_no_other_wherever_it_stands() {
        let ends =
            |port: u16| Ends::new(([192, 0, 2, 1], port).into(), ([192, 0, 2, 2], 25).into());
        let (mut table, mut model) = (ByEnds::default(), std::collections::BTreeMap::new());
        let mut draws = crate::engine::Seed(1).stream("table");
        for number in 0..10_000 {
            let port = draws.below(if number < 5_000 { 4 } else { 12 }) as u16;
            if draws.chance(0.5) {
                table.insert(&ends(port), number);
                model.insert(port, number);
            } else if let Some(known) = model.get(&port).copied() {
                let known = if draws.chance(0.2) { known + 1 } else { known };
                table.remove(&ends(port), known);
                model.retain(|other, number| *other != port || *number != known);
            }
            for port in 0..12 {
                assert_eq!(table.get(&ends(port)), model.get(&port).copied());
            }
        }
    }
}

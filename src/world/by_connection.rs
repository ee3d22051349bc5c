//! What a program keeps of each of its connections.
//!
//! A host numbers its connections by small integers that are used again, with a generation beside them, so a
//! table of them is looked into without a search (benches `deliveries` and `transactions`: each piece of data
//! that comes is for a session that has to be found). Where a program has stood still, a connection may be gone and
//! its slot another one's before the program hears of it: it keeps its value until then, beside the table.

use std::collections::BTreeMap;

use super::ConnId;

/// A value for each of some connections of one host.
#[derive(Debug, Clone)]
pub struct ByConnection<T> {
    /// By slot: the generation, and the value.
    slots: Vec<Option<(u32, T)>>,
    /// Of those whose slot another one has.
    displaced: BTreeMap<ConnId, T>,
    len: usize,
}

impl<T> Default for ByConnection<T> {
    fn default() -> Self {
        ByConnection { slots: Vec::new(), displaced: BTreeMap::new(), len: 0 }
    }
}

impl<T> ByConnection<T> {
    /// Without any.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many connections have a value.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether none has one.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether the connection has a value.
    pub fn contains(&self, connection: ConnId) -> bool {
        self.get(connection).is_some()
    }

    /// The value of a connection.
    #[inline]
    pub fn get(&self, connection: ConnId) -> Option<&T> {
        match self.slots.get(connection.slot as usize) {
            Some(Some((generation, value))) if *generation == connection.generation => Some(value),
            _ => self.displaced.get(&connection),
        }
    }

    /// The value of a connection.
    #[inline]
    pub fn get_mut(&mut self, connection: ConnId) -> Option<&mut T> {
        match self.slots.get_mut(connection.slot as usize) {
            Some(Some((generation, value))) if *generation == connection.generation => Some(value),
            _ => self.displaced.get_mut(&connection),
        }
    }

    /// Gives a connection a value in place of the one that it has, which is given back.
    pub fn insert(&mut self, connection: ConnId, value: T) -> Option<T> {
        let slot = connection.slot as usize;
        if slot >= self.slots.len() {
            self.slots.resize_with(slot + 1, || None);
        }
        let before = self.displaced.remove(&connection);
        let before = match self.slots[slot].replace((connection.generation, value)) {
            Some((generation, value)) if generation == connection.generation => Some(value),
            Some((generation, value)) => {
                self.displaced.insert(ConnId { slot: connection.slot, generation }, value);
                before
            }
            None => before,
        };
        self.len += usize::from(before.is_none());
        before
    }

    /// Takes the value of a connection away.
    pub fn remove(&mut self, connection: ConnId) -> Option<T> {
        let slot = self.slots.get_mut(connection.slot as usize)?;
        let value = match slot.take_if(|(generation, _)| *generation == connection.generation) {
            Some((_, value)) => Some(value),
            None => self.displaced.remove(&connection),
        };
        self.len -= usize::from(value.is_some());
        value
    }

    /// The connections and their values, in the order of their slots, and then those that have none any more.
    pub fn iter(&self) -> impl Iterator<Item = (ConnId, &T)> {
        let in_slots = (0..).zip(&self.slots).filter_map(|(slot, entry)| {
            let (generation, value) = entry.as_ref()?;
            Some((ConnId { slot, generation: *generation }, value))
        });
        in_slots.chain(self.displaced.iter().map(|(connection, value)| (*connection, value)))
    }

    /// The values, in the order of [`ByConnection::iter`].
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        let in_slots = self.slots.iter_mut().flatten().map(|(_, value)| value);
        in_slots.chain(self.displaced.values_mut())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(slot: u32, generation: u32) -> ConnId {
        ConnId { slot, generation }
    }

    #[test]
    fn a_connection_has_its_own_value_and_no_other_one() {
        let mut table = ByConnection::new();
        assert!(table.is_empty());
        assert_eq!(table.insert(id(3, 1), "a"), None);
        assert_eq!(table.insert(id(1, 7), "b"), None);
        assert_eq!(table.insert(id(3, 1), "c"), Some("a"));
        assert_eq!((table.len(), table.get(id(3, 1)), table.get(id(3, 2))), (2, Some(&"c"), None));
        assert_eq!(table.remove(id(3, 2)), None);
        // The next connection in the slot of one of whose end the program has not heard.
        assert_eq!(table.insert(id(3, 2), "d"), None);
        assert_eq!((table.len(), table.get(id(3, 1)).copied()), (3, Some("c")));
        assert_eq!(table.insert(id(3, 1), "f"), Some("c"));
        assert_eq!((table.len(), table.get(id(3, 2)).copied()), (3, Some("d")));
        let all: Vec<_> = table.iter().map(|(connection, value)| (connection, *value)).collect();
        assert_eq!(all, [(id(1, 7), "b"), (id(3, 1), "f"), (id(3, 2), "d")]);
        assert_eq!((table.remove(id(3, 1)), table.remove(id(3, 1))), (Some("f"), None));
        assert_eq!((table.len(), table.contains(id(3, 1))), (2, false));
        table.values_mut().for_each(|value| *value = "e");
        assert_eq!((table.remove(id(1, 7)), table.remove(id(1, 7))), (Some("e"), None));
        assert_eq!(table.get_mut(id(3, 2)).copied(), Some("e"));
        assert_eq!(table.len(), 1);
    }
}

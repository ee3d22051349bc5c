//! What a program keeps of each of its connections.
//!
//! A host numbers its connections by small integers that are used again, with a generation beside them, so a
//! table of them is looked into without a search (benches `deliveries` and `transactions`: each piece of data
//! that comes is for a session that has to be found).

use super::ConnId;

/// A value for each of some connections of one host.
#[derive(Debug, Clone)]
pub struct ByConnection<T> {
    /// By slot: the generation, and the value.
    slots: Vec<Option<(u32, T)>>,
    len: usize,
}

impl<T> Default for ByConnection<T> {
    fn default() -> Self {
        ByConnection { slots: Vec::new(), len: 0 }
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
            _ => None,
        }
    }

    /// The value of a connection.
    #[inline]
    pub fn get_mut(&mut self, connection: ConnId) -> Option<&mut T> {
        match self.slots.get_mut(connection.slot as usize) {
            Some(Some((generation, value))) if *generation == connection.generation => Some(value),
            _ => None,
        }
    }

    /// Gives a connection a value in place of the one that it has, which is given back. What a connection
    /// before it in the same slot has left is gone.
    pub fn insert(&mut self, connection: ConnId, value: T) -> Option<T> {
        let slot = connection.slot as usize;
        if slot >= self.slots.len() {
            self.slots.resize_with(slot + 1, || None);
        }
        match self.slots[slot].replace((connection.generation, value)) {
            Some((generation, before)) => (generation == connection.generation).then_some(before),
            None => {
                self.len += 1;
                None
            }
        }
    }

    /// Takes the value of a connection away.
    pub fn remove(&mut self, connection: ConnId) -> Option<T> {
        let slot = self.slots.get_mut(connection.slot as usize)?;
        let (_, value) = slot.take_if(|(generation, _)| *generation == connection.generation)?;
        self.len -= 1;
        Some(value)
    }

    /// The connections and their values, in the order of their slots.
    pub fn iter(&self) -> impl Iterator<Item = (ConnId, &T)> {
        (0..).zip(&self.slots).filter_map(|(slot, entry)| {
            let (generation, value) = entry.as_ref()?;
            Some((ConnId { slot, generation: *generation }, value))
        })
    }

    /// The values, in the order of the slots of their connections.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.slots.iter_mut().flatten().map(|(_, value)| value)
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
        // The next connection in the slot of one that was forgotten.
        assert_eq!(table.insert(id(3, 2), "d"), None);
        assert_eq!((table.len(), table.contains(id(3, 1))), (2, false));
        let all: Vec<_> = table.iter().map(|(connection, value)| (connection, *value)).collect();
        assert_eq!(all, [(id(1, 7), "b"), (id(3, 2), "d")]);
        table.values_mut().for_each(|value| *value = "e");
        assert_eq!((table.remove(id(1, 7)), table.remove(id(1, 7))), (Some("e"), None));
        assert_eq!(table.get_mut(id(3, 2)).copied(), Some("e"));
        assert_eq!(table.len(), 1);
    }
}

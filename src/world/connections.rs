//! Whatever is kept for each of some connections, found by the ends of it from either side.

use std::cmp::Ordering;
use std::net::SocketAddr;

use crate::net::Ends;

use super::stack::ByEnds;

/// A thing for each connection, in numbered places.
#[derive(Debug)]
pub(crate) struct Connections<T> {
    by_ends: ByEnds,
    /// With the ends of each; `None`: the place is free.
    places: Vec<Option<([SocketAddr; 2], T)>>,
    free: Vec<u32>,
}

impl<T> Default for Connections<T> {
    fn default() -> Self {
        Connections { by_ends: ByEnds::default(), places: Vec::new(), free: Vec::new() }
    }
}

impl<T> Connections<T> {
    /// The place of the connection between these ends, in either order.
    #[inline]
    pub(crate) fn find(&self, ends: [SocketAddr; 2]) -> Option<u32> {
        self.by_ends.get(&key(ends))
    }

    /// Puts a thing into a place of its own, in which it stays. There is none for these ends yet.
    pub(crate) fn insert(&mut self, ends: [SocketAddr; 2], thing: T) -> u32 {
        let thing = Some((ends, thing));
        let place = match self.free.pop() {
            Some(place) => {
                self.places[place as usize] = thing;
                place
            }
            None => {
                self.places.push(thing);
                u32::try_from(self.places.len() - 1).expect("fewer than 2^32 connections")
            }
        };
        self.by_ends.insert(&key(ends), place);
        place
    }

    /// What is in that place, and the ends in the order in which they were put there.
    #[inline]
    pub(crate) fn get_mut(&mut self, place: u32) -> Option<&mut ([SocketAddr; 2], T)> {
        self.places.get_mut(place as usize)?.as_mut()
    }

    /// Takes out what is in that place.
    pub(crate) fn remove(&mut self, place: u32) -> Option<T> {
        let (ends, thing) = self.places.get_mut(place as usize)?.take()?;
        self.by_ends.remove(&key(ends), place);
        self.free.push(place);
        Some(thing)
    }

    /// All places in which there is something, and that.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (u32, &mut ([SocketAddr; 2], T))> {
        (0..).zip(&mut self.places).filter_map(|(place, thing)| Some((place, thing.as_mut()?)))
    }
}

/// The same from either end.
fn key([one, other]: [SocketAddr; 2]) -> Ends {
    let is_in_order = match one.port().cmp(&other.port()) {
        Ordering::Equal => one.ip() < other.ip(),
        order => order.is_lt(),
    };
    if is_in_order { Ends::new(one, other) } else { Ends::new(other, one) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_found_from_either_end_until_it_is_removed() {
        let ends = |client: &str, server: &str| [client.parse().unwrap(), server.parse().unwrap()];
        let all = [
            ends("192.0.2.1:50000", "192.0.2.2:25"),
            ends("192.0.2.2:50000", "192.0.2.1:25"),
            ends("192.0.2.1:25", "192.0.2.2:25"),
            ends("[2001:db8::1]:50000", "[2001:db8::2]:143"),
        ];
        let mut connections = Connections::default();
        for (number, ends) in (0..).zip(all) {
            assert_eq!(connections.insert(ends, number), number);
        }
        for (number, [client, server]) in (0..).zip(all) {
            for ends in [[client, server], [server, client]] {
                let place = connections.find(ends).unwrap();
                assert_eq!(connections.get_mut(place), Some(&mut ([client, server], number)));
            }
        }
        assert_eq!(connections.remove(1), Some(1));
        assert_eq!((connections.remove(1), connections.find(all[1])), (None, None));
        let places: Vec<u32> = connections.iter_mut().map(|(place, _)| place).collect();
        assert_eq!(places, [0, 2, 3]);
        assert_eq!(connections.insert(all[1], 7), 1, "the place is free");
    }
}

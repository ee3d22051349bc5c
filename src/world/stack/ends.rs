//! Which connection a segment is of: by its two ends, in as few words as they take.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, SocketAddr};

use crate::engine::HashState;

/// The two ends of a connection: this one and the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    V4(EndsV4),
    V6(EndsV6),
}

/// Both addresses, and both ports in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EndsV4([u32; 3]);

/// Four words each of the addresses, and both ports in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EndsV6([u32; 9]);

impl Ends {
    #[inline]
    pub(crate) fn of(local: SocketAddr, peer: SocketAddr) -> Self {
        let ports = u32::from(local.port()) << 16 | u32::from(peer.port());
        match (local.ip(), peer.ip()) {
            (IpAddr::V4(local), IpAddr::V4(peer)) => {
                Ends::V4(EndsV4([local.to_bits(), peer.to_bits(), ports]))
            }
            (local, peer) => {
                let mut words = [ports; 9];
                for (address, words) in [local, peer].into_iter().zip(words.chunks_exact_mut(4)) {
                    let bits = match address {
                        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
                        IpAddr::V6(address) => address.to_bits(),
                    };
                    words.copy_from_slice(&[96, 64, 32, 0].map(|shift| (bits >> shift) as u32));
                }
                Ends::V6(EndsV6(words))
            }
        }
    }
}

fn pair(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

/// Two writes are enough.
impl Hash for EndsV4 {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [local, peer, ports] = self.0;
        state.write_u64(pair(local, peer));
        state.write_u32(ports);
    }
}

impl Hash for EndsV6 {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c, d, e, f, g, h, ports] = self.0;
        for (high, low) in [(a, b), (c, d), (e, f), (g, h)] {
            state.write_u64(pair(high, low));
        }
        state.write_u32(ports);
    }
}

/// Numbers by the ends of connections. Looked up, never walked.
#[derive(Debug, Default)]
pub(crate) struct ByEnds {
    v4: HashMap<EndsV4, u32, HashState>,
    v6: HashMap<EndsV6, u32, HashState>,
}

impl ByEnds {
    /// For a stack that stays empty, in a constant.
    pub(crate) const EMPTY: ByEnds = ByEnds {
        v4: HashMap::with_hasher(HashState::EMPTY),
        v6: HashMap::with_hasher(HashState::EMPTY),
    };

    #[inline]
    pub(crate) fn get(&self, ends: &Ends) -> Option<u32> {
        match ends {
            Ends::V4(ends) => self.v4.get(ends).copied(),
            Ends::V6(ends) => self.v6.get(ends).copied(),
        }
    }

    pub(crate) fn insert(&mut self, ends: Ends, number: u32) {
        match ends {
            Ends::V4(ends) => self.v4.insert(ends, number),
            Ends::V6(ends) => self.v6.insert(ends, number),
        };
    }

    /// Forgets these ends, unless they are another one's by now.
    pub(crate) fn remove(&mut self, ends: Ends, number: u32) {
        fn remove_from<K: Eq + Hash>(map: &mut HashMap<K, u32, HashState>, ends: K, number: u32) {
            if let Entry::Occupied(entry) = map.entry(ends)
                && *entry.get() == number
            {
                entry.remove();
            }
        }
        match ends {
            Ends::V4(ends) => remove_from(&mut self.v4, ends, number),
            Ends::V6(ends) => remove_from(&mut self.v6, ends, number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_and_each_port_counts() {
        let mut table = ByEnds::default();
        let ends = |a: &str, b: &str| Ends::of(a.parse().unwrap(), b.parse().unwrap());
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
        for (number, ends) in (0..).zip(all) {
            table.insert(ends, number);
        }
        for (number, ends) in (0..).zip(all) {
            assert_eq!(table.get(&ends), Some(number));
            table.remove(ends, number + 1);
            assert_eq!(table.get(&ends), Some(number), "they are not the other's");
            table.remove(ends, number);
            assert_eq!(table.get(&ends), None);
        }
    }
}

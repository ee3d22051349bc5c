//! The fingerprint of a run: 128 bits over (time, host, event, bytes) of everything that happened.
//!
//! Two runs that did the same have the same fingerprint; it is always on and printed at the end.
//! Each host keeps its own, and they are joined in the order of hosts, so that the fingerprint
//! does not depend on how hosts are split over threads. XXH3 (one shot, value-stable) reads the
//! bytes; this is a check against accident, not against an adversary.

use std::fmt;

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::SimTime;

/// A chained 128-bit digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Fingerprint(u128);

impl Fingerprint {
    /// Adds one event: when, of what kind, with which bytes.
    pub fn add(&mut self, time: SimTime, kind: u32, bytes: &[u8]) {
        let mut block = [0; 40];
        block[..16].copy_from_slice(&self.0.to_le_bytes());
        block[16..24].copy_from_slice(&time.as_nanos().to_le_bytes());
        block[24..28].copy_from_slice(&kind.to_le_bytes());
        block[28..32].copy_from_slice(&(bytes.len() as u32).to_le_bytes());
        block[32..].copy_from_slice(&xxh3_64(bytes).to_le_bytes());
        self.0 = xxh3_128(&block);
    }

    /// Adds the fingerprint of host number `host`.
    pub fn join(&mut self, host: u32, of_host: Fingerprint) {
        self.add(SimTime::ZERO, host, &of_host.0.to_le_bytes());
    }

    /// The 128 bits.
    pub fn bits(self) -> u128 {
        self.0
    }
}

/// 32 hexadecimal digits.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_kind_bytes_and_order_all_count() {
        let of = |events: &[(u64, u32, &str)]| {
            let mut print = Fingerprint::default();
            for (time, kind, bytes) in events {
                print.add(SimTime::from_nanos(*time), *kind, bytes.as_bytes());
            }
            print
        };
        let base = of(&[(1, 1, "a"), (2, 1, "b")]);
        assert_eq!(base, of(&[(1, 1, "a"), (2, 1, "b")]));
        assert_ne!(base, of(&[(2, 1, "b"), (1, 1, "a")]));
        assert_ne!(base, of(&[(1, 1, "a"), (3, 1, "b")]));
        assert_ne!(base, of(&[(1, 2, "a"), (2, 1, "b")]));
        assert_ne!(base, of(&[(1, 1, "a"), (2, 1, "c")]));
        assert_eq!(base.to_string().len(), 32);
    }
}

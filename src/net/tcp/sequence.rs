//! Sequence numbers and their arithmetic modulo 2^32 (RFC 9293 §3.4).

use std::ops::{Add, AddAssign};

/// A sequence number. Comparisons hold for numbers less than 2^31 apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SeqNumber(pub(crate) u32);

impl SeqNumber {
    /// `self` < `other`.
    pub(crate) const fn before(self, other: SeqNumber) -> bool {
        (self.0.wrapping_sub(other.0) as i32) < 0
    }

    /// `self` <= `other`.
    pub(crate) const fn at_or_before(self, other: SeqNumber) -> bool {
        !other.before(self)
    }

    /// How far `self` is past `earlier`; zero when it is not.
    pub(crate) const fn since(self, earlier: SeqNumber) -> u32 {
        if self.before(earlier) { 0 } else { self.0.wrapping_sub(earlier.0) }
    }
}

impl Add<u32> for SeqNumber {
    type Output = SeqNumber;
    fn add(self, octets: u32) -> SeqNumber {
        SeqNumber(self.0.wrapping_add(octets))
    }
}

impl AddAssign<u32> for SeqNumber {
    fn add_assign(&mut self, octets: u32) {
        *self = *self + octets;
    }
}

/// A length as a sequence number counts it. No packet holds more than 32 bits can count.
pub(crate) fn clamp(octets: usize) -> u32 {
    u32::try_from(octets).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_wrap_around() {
        let last = SeqNumber(u32::MAX);
        let next = last + 1;
        assert_eq!(next, SeqNumber(0));
        assert!(last.before(next) && !next.before(last));
        assert!(next.at_or_before(next) && !next.before(next));
        assert_eq!((last + 10).since(last), 10);
        assert_eq!(last.since(last + 10), 0);
    }
}

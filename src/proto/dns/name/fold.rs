//! Names in lower case, on the stack: what the tables of zones and the cache are keyed by.

use super::{MAX_NAME_OCTETS, Name};

/// The wire form in lower case.
pub(in super::super) struct Folded {
    octets: [u8; MAX_NAME_OCTETS + 1],
    len: usize,
}

impl Folded {
    /// Folds `name`.
    pub(in super::super) fn new(name: &Name) -> Self {
        let mut octets = [0; MAX_NAME_OCTETS + 1];
        let wire = name.as_wire();
        fold(wire, &mut octets);
        Folded { octets, len: wire.len() }
    }

    /// The folded wire form.
    pub(in super::super) fn as_slice(&self) -> &[u8] {
        &self.octets[..self.len]
    }
}

/// Puts a name in wire form at the beginning of `octets`, in lower case. There is to be room for eight
/// octets at a time.
///
/// Length octets are below 64 and so no letters: folding the whole wire form folds labels only. It goes
/// by eight octets, since names are too short for what the compiler makes of a loop over octets.
fn fold(wire: &[u8], octets: &mut [u8]) {
    octets[..wire.len()].copy_from_slice(wire);
    for eight in octets[..wire.len().next_multiple_of(8)].as_chunks_mut::<8>().0 {
        *eight = lower_case(u64::from_le_bytes(*eight)).to_le_bytes();
    }
}

/// A name in wire form in lower case, by eight octets; what the last ones are short of is zero.
pub(in super::super) fn words(wire: &[u8]) -> impl Iterator<Item = u64> {
    let (eights, rest) = wire.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let last = (!rest.is_empty()).then_some(last);
    eights.iter().copied().chain(last).map(|eight| lower_case(u64::from_le_bytes(eight)))
}

/// Eight octets, those that are upper-case ASCII letters in lower case.
fn lower_case(octets: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let low = octets & (0x7f * EACH);
    // The highest bit of each octet tells of a comparison; none carries over into the next octet.
    let above_z = low + (0x7f - b'Z' as u64) * EACH;
    let from_a = low + (0x80 - b'A' as u64) * EACH;
    let upper = (from_a ^ above_z) & !octets & (0x80 * EACH);
    octets | upper >> 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_nothing_else_are_folded() {
        let all: Vec<u8> = (0..=u8::MAX).collect();
        let mut folded = [0; 256];
        fold(&all, &mut folded);
        assert_eq!(folded[..], all.to_ascii_lowercase());
        for shift in 1..8 {
            let mut folded = [0; 256];
            fold(&all[shift..], &mut folded);
            assert_eq!(folded[..256 - shift], all[shift..].to_ascii_lowercase());
        }
    }
}

//! Sets of record types in the windows of NSEC, NSEC3 and CSYNC.
//!
//! Follows RFC 4034 §4.1.2.

use super::super::codes::RecordType;

/// The wire form of a set of types, in any order and as often as wanted.
pub(in super::super) fn encode(types: &[RecordType]) -> Vec<u8> {
    let mut numbers: Vec<u16> = types.iter().map(|rtype| rtype.number()).collect();
    numbers.sort_unstable();
    let mut octets = Vec::new();
    for window in numbers.chunk_by(|a, b| a >> 8 == b >> 8) {
        let mut bits = [0_u8; 32];
        for number in window {
            bits[usize::from(number % 256 / 8)] |= 0x80 >> (number % 8);
        }
        let last = window[window.len() - 1];
        let len = last % 256 / 8 + 1;
        octets.extend([(last >> 8) as u8, len as u8]);
        octets.extend(&bits[..usize::from(len)]);
    }
    octets
}

/// The types of a set in order; `None` when the octets are not as [`encode`] makes them.
pub(in super::super) fn decode(mut octets: &[u8]) -> Option<Vec<RecordType>> {
    let mut types = Vec::new();
    let mut last_window = None;
    while let Some((&[window, len], rest)) = octets.split_first_chunk::<2>() {
        let (bits, rest) = rest.split_at_checked(usize::from(len))?;
        // Windows ascend, none is empty, and the last octet of each has a bit.
        if len > 32 || last_window >= Some(window) || bits.last().is_none_or(|&last| last == 0) {
            return None;
        }
        for (at, octet) in (0_u16..).zip(bits) {
            let in_octet = (0..8_u16).filter(|bit| octet & 0x80 >> bit != 0);
            let number = |bit| u16::from(window) * 256 + at * 8 + bit;
            types.extend(in_octet.map(|bit| RecordType::from(number(bit))));
        }
        last_window = Some(window);
        octets = rest;
    }
    octets.is_empty().then_some(types)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_4034_section_4_3() {
        let types = ["A", "MX", "RRSIG", "NSEC", "TYPE1234"].map(|text| text.parse().unwrap());
        let mut wire = b"\0\x06\x40\x01\0\0\0\x03\x04\x1b".to_vec();
        wire.extend([0; 26]);
        wire.push(0x20);
        assert_eq!(encode(&types), wire);
        assert_eq!(decode(&wire), Some(types.to_vec()));
        let shuffled = [4, 0, 3, 1, 2, 2].map(|index: usize| types[index]);
        assert_eq!(encode(&shuffled), wire);
        assert_eq!(decode(b""), Some(vec![]));
        for malformed in
            [&b"\0"[..], b"\0\0", b"\0\x01\0", b"\0\x02\x01", b"\x01\x01\x01\0\x01\x01"]
        {
            assert_eq!(decode(malformed), None, "{malformed:?}");
        }
    }
}

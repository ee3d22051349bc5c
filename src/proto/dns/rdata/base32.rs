//! Base32 with the alphabet that keeps the order of octets, without padding: the owner names and
//! hashes of NSEC3.
//!
//! Follows RFC 4648 §7 and RFC 5155 §3.3.

/// Writes octets as base32hex, in upper case.
pub(in super::super) fn encode(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len().div_ceil(5) * 8);
    let (mut bits, mut count) = (0_u32, 0);
    for &octet in octets {
        bits = bits << 8 | u32::from(octet);
        count += 8;
        while count >= 5 {
            count -= 5;
            text.push(char::from(ALPHABET[(bits >> count & 31) as usize]));
        }
    }
    if count > 0 {
        text.push(char::from(ALPHABET[(bits << (5 - count) & 31) as usize]));
    }
    text
}

/// Reads base32hex in any case; `None` for other characters, or bits that no octet takes.
pub(in super::super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(text.len() * 5 / 8);
    let (mut bits, mut count) = (0_u32, 0);
    for &character in text {
        let value = char::from(character).to_digit(32)?;
        bits = bits << 5 | value;
        count += 5;
        if count >= 8 {
            count -= 8;
            octets.push((bits >> count) as u8);
        }
    }
    let left = bits & ((1 << count) - 1);
    (count < 5 && left == 0).then_some(octets)
}

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHIJKLMNOPQRSTUV";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_vectors_of_rfc_4648_section_10() {
        for (octets, text) in [
            ("", ""),
            ("f", "CO"),
            ("fo", "CPNG"),
            ("foo", "CPNMU"),
            ("foob", "CPNMUOG"),
            ("fooba", "CPNMUOJ1"),
            ("foobar", "CPNMUOJ1E8"),
        ] {
            assert_eq!(encode(octets.as_bytes()), text);
            assert_eq!(decode(text.to_lowercase().as_bytes()).as_deref(), Some(octets.as_bytes()));
        }
        for text in ["C", "CP1N1", "W0", "CO=", "C P"] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
    }
}

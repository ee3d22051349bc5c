//! DKIM-Quoted-Printable: text in the values of `i=`, `z=` and `n=`.
//!
//! Follows RFC 6376 §2.11: as in MIME, but semicolons and white space are always encoded, and
//! there are no soft line breaks.

use super::tag_list::is_fws;

/// Encodes `octets`, and those in `also` besides what must be.
pub(super) fn encode(octets: &[u8], also: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(octets.len());
    for &octet in octets {
        if octet.is_ascii_graphic() && !matches!(octet, b';' | b'=') && !also.contains(&octet) {
            encoded.push(char::from(octet));
        } else {
            let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
            encoded.extend(['=', digit(octet >> 4), digit(octet & 15)]);
        }
    }
    encoded
}

/// Decodes a value; folding white space in it is dropped. `None` where an `=` has no two digits
/// after it.
pub(super) fn decode(value: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(value.len());
    let mut rest = value;
    loop {
        rest = match rest {
            [] => return Some(decoded),
            [b'=', high, low, tail @ ..] => {
                decoded.push(digit(*high)? << 4 | digit(*low)?);
                tail
            }
            [b'=', ..] => return None,
            [octet, tail @ ..] => {
                if !is_fws(*octet) {
                    decoded.push(*octet);
                }
                tail
            }
        }
    }
}

fn digit(octet: u8) -> Option<u8> {
    char::from(octet).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn strange_octets_are_encoded() {
        assert_eq!(encode(b"a b;c=d|e\xe9", b"|"), "a=20b=3Bc=3Dd=7Ce=E9");
        assert_eq!(decode(b"a=20b\r\n c=3b").as_deref(), Some(&b"a bc;"[..]));
        assert_eq!(decode(b"a=2"), None);
        assert_eq!(decode(b"=+1"), None);
    }

    proptest! {
        #[test]
        fn what_is_encoded_reads_the_same(octets in prop::collection::vec(any::<u8>(), 0..60)) {
            let encoded = encode(&octets, b"|:");
            prop_assert!(encoded.bytes().all(|octet| octet.is_ascii_graphic()));
            prop_assert_eq!(decode(encoded.as_bytes()), Some(octets));
        }
    }
}

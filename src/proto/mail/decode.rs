//! What an encoded message says: transfer encodings, encoded words, character sets.
//!
//! Follows RFC 2045 §6 (base64, quoted-printable) and RFC 2047 (encoded words), with every
//! tolerance that they ask of a reader. For people and for SEARCH; what travels is never decoded.
//!
//! Not modelled: character sets other than UTF-8, US-ASCII, ISO-8859-1, ISO-8859-15 and
//! windows-1252; of others the ASCII part is shown, and U+FFFD for the rest.

use std::borrow::Cow;

use memchr::memmem;

/// Decodes a body by its `Content-Transfer-Encoding`; borrowed where there is nothing to decode,
/// as for `7bit`, `8bit`, `binary` and unknown encodings.
pub fn decode_body<'a>(transfer_encoding: &str, body: &'a [u8]) -> Cow<'a, [u8]> {
    if transfer_encoding.eq_ignore_ascii_case("base64") {
        Cow::Owned(decode_base64(body))
    } else if transfer_encoding.eq_ignore_ascii_case("quoted-printable") {
        Cow::Owned(decode_quoted_printable(body))
    } else {
        Cow::Borrowed(body)
    }
}

/// Decodes base64 (RFC 2045 §6.8): skips what is not in the alphabet, ends at padding, and drops
/// bits that make no whole octet.
pub fn decode_base64(text: &[u8]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut bits, mut count) = (0_u32, 0);
    for &octet in text {
        let value = match octet {
            b'A'..=b'Z' => octet - b'A',
            b'a'..=b'z' => octet - b'a' + 26,
            b'0'..=b'9' => octet - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            // Padding closes one stretch; another may follow where bodies were glued together.
            b'=' => {
                (bits, count) = (0, 0);
                continue;
            }
            _ => continue,
        };
        bits = (bits << 6 | u32::from(value)) & 0xff_ffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            octets.push((bits >> count) as u8);
        }
    }
    octets
}

/// Decodes quoted-printable (RFC 2045 §6.7): white space at a line's end is dropped, a `=` that
/// starts nothing stands for itself.
pub fn decode_quoted_printable(text: &[u8]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|&octet| octet == b'\n') {
        let ending = match line {
            [.., b'\r', b'\n'] => 2,
            [.., b'\n'] => 1,
            _ => 0,
        };
        let (line, ending) = line.split_at(line.len() - ending);
        let line = line.trim_ascii_end();
        match line.strip_suffix(b"=") {
            Some(soft) => decode_hex(soft, b'=', &mut octets),
            None => {
                decode_hex(line, b'=', &mut octets);
                octets.extend_from_slice(ending);
            }
        }
    }
    octets
}

/// Decodes the `%41` of RFC 2231 §4.
pub(crate) fn percent_decode(text: &[u8]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(text.len());
    decode_hex(text, b'%', &mut octets);
    octets
}

/// Appends `text` to `octets`, with each `mark` and two hexadecimal digits as one octet.
fn decode_hex(text: &[u8], mark: u8, octets: &mut Vec<u8>) {
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        match tail {
            [high, low, tail @ ..] if first == mark => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    octets.push(high << 4 | low);
                    rest = tail;
                }
                _ => octets.push(first),
            },
            _ => octets.push(first),
        }
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

/// An unfolded field value with its encoded words decoded (RFC 2047).
///
/// White space between two encoded words vanishes (§6.2). Octets that are not encoded are read as
/// UTF-8 (RFC 6532). What only looks like an encoded word stays as it is.
pub fn decode_words(value: &[u8]) -> String {
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    let mut after_word = false;
    while let Some(at) = memmem::find(rest, b"=?") {
        let (before, candidate) = rest.split_at(at);
        let Some((word, length)) = encoded_word(candidate) else {
            text.push_str(&String::from_utf8_lossy(&rest[..at + 2]));
            rest = &rest[at + 2..];
            after_word = false;
            continue;
        };
        if !(after_word && before.iter().all(u8::is_ascii_whitespace)) {
            text.push_str(&String::from_utf8_lossy(before));
        }
        text.push_str(&word);
        rest = &candidate[length..];
        after_word = true;
    }
    text.push_str(&String::from_utf8_lossy(rest));
    text
}

/// The text of the encoded word with which `candidate` starts, and the word's length.
fn encoded_word(candidate: &[u8]) -> Option<(String, usize)> {
    let candidate = &candidate[..candidate.len().min(MAX_WORD)];
    let inner = candidate.strip_prefix(b"=?")?;
    let mut parts = inner.splitn(3, |&octet| octet == b'?');
    let (charset, encoding, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let end = memmem::find(rest, b"?=")?;
    let encoded = &rest[..end];
    let length = 2 + charset.len() + 1 + encoding.len() + 1 + end + 2;
    let no_space = |part: &[u8]| part.iter().all(u8::is_ascii_graphic);
    if charset.is_empty() || !no_space(charset) || encoded.contains(&b'?') {
        return None;
    }
    let octets = match encoding {
        b"B" | b"b" => decode_base64(encoded),
        b"Q" | b"q" => {
            let spaced: Vec<u8> =
                encoded.iter().map(|&octet| if octet == b'_' { b' ' } else { octet }).collect();
            let mut octets = Vec::with_capacity(spaced.len());
            decode_hex(&spaced, b'=', &mut octets);
            octets
        }
        _ => return None,
    };
    // RFC 2231 §5 adds a language: `=?us-ascii*en?...`.
    let charset = charset.split(|&octet| octet == b'*').next().unwrap_or(charset);
    Some((charset_text(charset, &octets), length))
}

/// `octets` of the named character set as text. Never fails: see the module's limits.
pub fn charset_text(charset: &[u8], octets: &[u8]) -> String {
    match charset.to_ascii_lowercase().as_slice() {
        b"iso-8859-1" | b"latin1" => octets.iter().map(|&octet| char::from(octet)).collect(),
        b"iso-8859-15" => octets.iter().map(|&octet| latin_9(octet)).collect(),
        b"windows-1252" | b"cp1252" => octets.iter().map(|&octet| windows_1252(octet)).collect(),
        _ => String::from_utf8_lossy(octets).into_owned(),
    }
}

/// How long an encoded word may be. RFC 2047 §2 says 75, which many a program exceeds; a bound keeps
/// the search for the end of what is none short.
const MAX_WORD: usize = 1_000;

fn latin_9(octet: u8) -> char {
    match octet {
        0xa4 => '€',
        0xa6 => 'Š',
        0xa8 => 'š',
        0xb4 => 'Ž',
        0xb8 => 'ž',
        0xbc => 'Œ',
        0xbd => 'œ',
        0xbe => 'Ÿ',
        _ => char::from(octet),
    }
}

fn windows_1252(octet: u8) -> char {
    match octet {
        0x80..=0x9f => WINDOWS_1252[usize::from(octet - 0x80)],
        _ => char::from(octet),
    }
}

/// 0x80 to 0x9F of windows-1252. The five unused octets stand for the C1 control they would be.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_words_of_rfc_2047_section_8() {
        for (value, text) in [
            ("=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>", "Keith Moore <moore@cs.utk.edu>"),
            (
                "=?ISO-8859-1?Q?Andr=E9?= Pirard <PIRARD@vm1.ulg.ac.be>",
                "André Pirard <PIRARD@vm1.ulg.ac.be>",
            ),
            (
                "=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?= =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
                "If you can read this you understand the example.",
            ),
            ("(=?ISO-8859-1?Q?a?=)", "(a)"),
            ("(=?ISO-8859-1?Q?a?= b)", "(a b)"),
            ("(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)"),
            ("(=?ISO-8859-1?Q?a?=   =?ISO-8859-1?Q?b?=)", "(ab)"),
            ("(=?ISO-8859-1?Q?a_b?=)", "(a b)"),
            ("(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)"),
        ] {
            assert_eq!(decode_words(value.as_bytes()), text);
        }
    }

    #[test]
    fn what_only_looks_like_a_word_stays() {
        for value in ["=?", "=?utf-8?Q?open", "a =?x?Y?z?= b", "=??Q?a?=", "=?=?=?"] {
            assert_eq!(decode_words(value.as_bytes()), value);
        }
        assert_eq!(decode_words(b"=?utf-8*en?q?=c3=bc?="), "ü");
        assert_eq!(decode_words(b"=?windows-1252?q?=80?="), "€");
        assert_eq!(decode_words("Grüße".as_bytes()), "Grüße");
    }

    #[test]
    fn base64_skips_what_does_not_belong() {
        assert_eq!(decode_base64(b"SGVs\r\nbG8=\r\n"), b"Hello");
        assert_eq!(decode_base64(b"SGVsbG8"), b"Hello");
        assert_eq!(decode_base64(b"S!G V*s=bG8="), b"Hello".map(|octet| octet));
    }

    #[test]
    fn quoted_printable_as_rfc_2045_prints_it() {
        let text =
            b"Now's the time =\r\nfor all folk to come=\r\n to the aid of their country.\r\n";
        let wanted = b"Now's the time for all folk to come to the aid of their country.\r\n";
        assert_eq!(decode_quoted_printable(text), wanted);
        assert_eq!(decode_quoted_printable(b"a=3D=\n=C3=bc \t\nb=zz="), "a=ü\nb=zz".as_bytes());
    }

    proptest! {
        #[test]
        fn no_octets_are_too_strange(octets in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = (decode_base64(&octets), decode_quoted_printable(&octets));
            let _ = (decode_words(&octets), percent_decode(&octets));
        }

        #[test]
        fn no_words_are_too_strange(
            octets in prop::collection::vec(prop::sample::select(b"=?qB_aA4 \xc3".to_vec()), 0..40)
        ) {
            let _ = decode_words(&octets);
        }
    }
}

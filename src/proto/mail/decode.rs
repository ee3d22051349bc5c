//! What an encoded message says: transfer encodings, encoded words, character sets.
//!
//! Follows RFC 2045 §6 (base64, quoted-printable) and RFC 2047 (encoded words), with every
//! tolerance that they ask of a reader. For people and for SEARCH; what travels is never decoded.
//!
//! Not modelled: `x-uuencode` and other encodings that no RFC names.

use std::borrow::Cow;

use memchr::memmem;

use super::charset::charset_text;

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

/// An unfolded field value with its encoded words decoded (RFC 2047); borrowed where it has none.
///
/// White space between two encoded words vanishes (§6.2), and words of one character set are
/// decoded as one, since many a program cuts characters apart. Octets that are not encoded are
/// read as UTF-8 (RFC 6532). What only looks like an encoded word stays as it is.
pub fn decode_words(value: &[u8]) -> Cow<'_, str> {
    let Some(first) = memmem::find(value, b"=?") else { return String::from_utf8_lossy(value) };
    let mut text = String::with_capacity(value.len());
    let mut open = Run::default();
    let mut rest = value;
    let mut at = Some(first);
    while let Some(start) = at {
        let (before, candidate) = rest.split_at(start);
        match EncodedWord::read(candidate) {
            Some(word) => {
                if open.is_empty() || !before.iter().all(u8::is_ascii_whitespace) {
                    open.end(&mut text);
                    text.push_str(&String::from_utf8_lossy(before));
                }
                open.take(&word, &mut text);
                rest = &candidate[word.length..];
            }
            None => {
                open.end(&mut text);
                text.push_str(&String::from_utf8_lossy(&rest[..start + 2]));
                rest = &rest[start + 2..];
            }
        }
        at = memmem::find(rest, b"=?");
    }
    open.end(&mut text);
    text.push_str(&String::from_utf8_lossy(rest));
    Cow::Owned(text)
}

/// Encoded words of one character set that follow one another.
#[derive(Default)]
struct Run<'a> {
    /// `None` where there is no word.
    charset: Option<&'a [u8]>,
    octets: Vec<u8>,
}

impl<'a> Run<'a> {
    fn is_empty(&self) -> bool {
        self.charset.is_none()
    }

    fn take(&mut self, word: &EncodedWord<'a>, text: &mut String) {
        let is_same = |charset: &[u8]| charset.eq_ignore_ascii_case(word.charset);
        // Words of ISO-2022 are whole: each ends in ASCII, which two in a row may not.
        let is_whole = |charset: &[u8]| {
            charset.get(..9).is_some_and(|start| start.eq_ignore_ascii_case(b"iso-2022-"))
        };
        if self.charset.is_some_and(|charset| !is_same(charset) || is_whole(charset)) {
            self.end(text);
        }
        self.charset = Some(word.charset);
        word.decode(&mut self.octets);
    }

    fn end(&mut self, text: &mut String) {
        if let Some(charset) = self.charset.take() {
            text.push_str(&charset_text(charset, &self.octets));
            self.octets.clear();
        }
    }
}

/// An `encoded-word` (RFC 2047 §2).
struct EncodedWord<'a> {
    charset: &'a [u8],
    is_base64: bool,
    encoded: &'a [u8],
    length: usize,
}

impl<'a> EncodedWord<'a> {
    /// The encoded word with which `candidate` starts.
    fn read(candidate: &'a [u8]) -> Option<Self> {
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
        let is_base64 = match encoding {
            b"B" | b"b" => true,
            b"Q" | b"q" => false,
            _ => return None,
        };
        // RFC 2231 §5 adds a language: `=?us-ascii*en?...`.
        let charset = charset.split(|&octet| octet == b'*').next().unwrap_or(charset);
        Some(EncodedWord { charset, is_base64, encoded, length })
    }

    fn decode(&self, octets: &mut Vec<u8>) {
        if self.is_base64 {
            octets.extend(decode_base64(self.encoded));
            return;
        }
        // `_` is a space, whatever the character set (RFC 2047 §4.2).
        let mut words = self.encoded.split(|&octet| octet == b'_');
        if let Some(first) = words.next() {
            decode_hex(first, b'=', octets);
        }
        for word in words {
            octets.push(b' ');
            decode_hex(word, b'=', octets);
        }
    }
}

/// How long an encoded word may be. RFC 2047 §2 says 75, which many a program exceeds; a bound keeps
/// the search for the end of what is none short.
const MAX_WORD: usize = 1_000;

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
        assert_eq!(decode_words(b"=?utf-8?q?a=5Fb_c?="), "a_b c");
        assert_eq!(decode_words("Grüße".as_bytes()), "Grüße");
    }

    #[test]
    fn characters_that_words_cut_apart_are_whole_again() {
        assert_eq!(decode_words(b"=?utf-8?q?=c3?= =?UTF-8?b?vA==?= x"), "ü x");
        assert_eq!(
            decode_words(b"=?iso-2022-jp?B?GyRCJDMbKEI=?=\r\n =?iso-2022-jp?B?GyRCJHMbKEI=?="),
            "こん"
        );
        assert_eq!(decode_words(b"=?koi8-r?q?=c1?= =?utf-8?q?b?="), "аb");
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

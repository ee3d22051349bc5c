//! The hash of a body, taken as the octets pass by.
//!
//! Follows RFC 6376 §3.4.3, §3.4.4 (canonicalization) and §3.7 (`l=`). The octets may be cut
//! anywhere. A CR or LF alone is data.

use memchr::memchr;
use sha2::{Digest, Sha256};

use super::canonical::Canonicalization;

/// Makes the canonical form of a body, piece by piece.
#[derive(Debug, Clone)]
pub struct BodyCanonicalizer {
    how: Canonicalization,
    /// A CR has come and waits for its LF.
    cr: bool,
    /// White space has come and waits for something after it in its line. Relaxed only.
    space: bool,
    /// Line ends that wait for something after them: those at the end of a body are dropped.
    breaks: u64,
    /// Whether anything but line ends has been given out.
    any: bool,
}

impl BodyCanonicalizer {
    /// For a new body.
    pub fn new(how: Canonicalization) -> Self {
        BodyCanonicalizer { how, cr: false, space: false, breaks: 0, any: false }
    }

    /// Takes the next octets, and calls `sink` with what is certain by now.
    pub fn update(&mut self, octets: &[u8], sink: &mut impl FnMut(&[u8])) {
        let mut rest = octets;
        if self.cr && !rest.is_empty() {
            rest = self.after_cr(rest, sink);
        }
        while !rest.is_empty() {
            let length = memchr(b'\r', rest).unwrap_or(rest.len());
            let (text, tail) = rest.split_at(length);
            self.text(text, sink);
            rest = match tail {
                [_, b'\n', next @ ..] => {
                    self.line_end();
                    next
                }
                [_] => {
                    self.cr = true;
                    &[]
                }
                [_, next @ ..] => {
                    self.lone_cr(sink);
                    next
                }
                [] => &[],
            };
        }
    }

    /// Ends the body.
    ///
    /// Simple: there is always one CRLF, even for no body at all. Relaxed: only after something.
    pub fn finish(mut self, sink: &mut impl FnMut(&[u8])) {
        if self.cr {
            self.lone_cr(sink);
        }
        if self.any || self.how == Canonicalization::Simple {
            sink(b"\r\n");
        }
    }

    fn after_cr<'a>(&mut self, rest: &'a [u8], sink: &mut impl FnMut(&[u8])) -> &'a [u8] {
        self.cr = false;
        match rest {
            [b'\n', next @ ..] => {
                self.line_end();
                next
            }
            _ => {
                self.lone_cr(sink);
                rest
            }
        }
    }

    fn line_end(&mut self) {
        self.breaks += 1;
        self.space = false;
    }

    fn lone_cr(&mut self, sink: &mut impl FnMut(&[u8])) {
        self.give(b"\r", sink);
    }

    /// Text without a CR.
    fn text(&mut self, text: &[u8], sink: &mut impl FnMut(&[u8])) {
        if self.how == Canonicalization::Simple {
            if !text.is_empty() {
                self.give(text, sink);
            }
            return;
        }
        // Gives out runs that are canonical already: words with single spaces between them.
        let mut start = 0;
        let mut at = 0;
        while at < text.len() {
            let next_is_word = text.get(at + 1).is_some_and(|&octet| !is_wsp(octet));
            if !is_wsp(text[at]) || (text[at] == b' ' && next_is_word && at > start) {
                at += 1;
                continue;
            }
            if start < at {
                self.give(&text[start..at], sink);
            }
            self.space = true;
            at += text[at..].iter().take_while(|&&octet| is_wsp(octet)).count();
            start = at;
        }
        if start < text.len() {
            self.give(&text[start..], sink);
        }
    }

    /// Gives out `octets`, which are something, after what waited for them.
    fn give(&mut self, octets: &[u8], sink: &mut impl FnMut(&[u8])) {
        while self.breaks > 0 {
            let count = self.breaks.min(LINE_ENDS.len() as u64 / 2);
            sink(&LINE_ENDS[..count as usize * 2]);
            self.breaks -= count;
        }
        if self.space {
            sink(b" ");
            self.space = false;
        }
        sink(octets);
        self.any = true;
    }
}

fn is_wsp(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t')
}

const LINE_ENDS: &[u8; 32] = b"\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n";

/// The SHA-256 of a canonical body, or of its first octets.
#[derive(Debug, Clone)]
pub struct BodyHasher {
    canonicalizer: BodyCanonicalizer,
    sum: Sum,
}

#[derive(Debug, Clone)]
struct Sum {
    digest: Sha256,
    /// How many more octets count.
    room: u64,
    length: u64,
}

impl Sum {
    fn add(&mut self, octets: &[u8]) {
        let length = octets.len() as u64;
        let counted = self.room.min(length);
        self.digest.update(&octets[..counted as usize]);
        self.room -= counted;
        self.length = self.length.saturating_add(length);
    }
}

impl BodyHasher {
    /// For a new body, of which the first `limit` octets count where there is a limit (`l=`).
    pub fn new(how: Canonicalization, limit: Option<u64>) -> Self {
        let sum = Sum { digest: Sha256::new(), room: limit.unwrap_or(u64::MAX), length: 0 };
        BodyHasher { canonicalizer: BodyCanonicalizer::new(how), sum }
    }

    /// Takes the next octets of the body.
    pub fn update(&mut self, octets: &[u8]) {
        self.canonicalizer.update(octets, &mut |octets: &[u8]| self.sum.add(octets));
    }

    /// The hash, and the length of the whole canonical body in octets.
    pub fn finish(self) -> ([u8; 32], u64) {
        let mut sum = self.sum;
        self.canonicalizer.finish(&mut |octets: &[u8]| sum.add(octets));
        (sum.digest.finalize().into(), sum.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD as BASE64;
    use proptest::prelude::*;

    fn canonical(how: Canonicalization, pieces: &[&[u8]]) -> Vec<u8> {
        let mut found = Vec::new();
        let mut sink = |octets: &[u8]| found.extend_from_slice(octets);
        let mut canonicalizer = BodyCanonicalizer::new(how);
        for piece in pieces {
            canonicalizer.update(piece, &mut sink);
        }
        canonicalizer.finish(&mut sink);
        found
    }

    fn check(body: &str, simple: &str, relaxed: &str) {
        let wanted = [(Canonicalization::Simple, simple), (Canonicalization::Relaxed, relaxed)];
        for (how, wanted) in wanted {
            let whole = canonical(how, &[body.as_bytes()]);
            assert_eq!(String::from_utf8(whole).unwrap(), wanted, "{how} {body:?}");
            for cut in 0..body.len() {
                let (head, tail) = body.as_bytes().split_at(cut);
                let cut = canonical(how, &[head, b"", tail]);
                assert_eq!(String::from_utf8(cut).unwrap(), wanted, "{how} {body:?}");
            }
        }
    }

    #[test]
    fn the_example_of_rfc_6376_section_3_4_5() {
        check(" C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n", " C\r\nD E\r\n");
    }

    #[test]
    fn an_empty_body_is_a_line_end_or_nothing() {
        check("", "\r\n", "");
        check("\r\n", "\r\n", "");
        check("\r\n\r\n\r\n", "\r\n", "");
        check(" \t\r\n \r\n", " \t\r\n \r\n", "");
        check(" ", " \r\n", "");
    }

    #[test]
    fn a_missing_line_end_is_added() {
        check("a", "a\r\n", "a\r\n");
        check("a \r\n b", "a \r\n b\r\n", "a\r\n b\r\n");
        check("\r\n\r\na\tb\t", "\r\n\r\na\tb\t\r\n", "\r\n\r\na b\r\n");
    }

    #[test]
    fn cr_and_lf_alone_are_data() {
        check("a\rb\nc\r\r\n", "a\rb\nc\r\r\n", "a\rb\nc\r\r\n");
        check("a\r", "a\r\r\n", "a\r\r\n");
        check("\n", "\n\r\n", "\n\r\n");
        check("a \r b  c", "a \r b  c\r\n", "a \r b c\r\n");
    }

    #[test]
    fn many_line_ends_are_kept_before_text() {
        let ends = "\r\n".repeat(100);
        check(&format!("{ends}x{ends}"), &format!("{ends}x\r\n"), &format!("{ends}x\r\n"));
    }

    #[test]
    fn the_hashes_of_empty_bodies_are_those_of_rfc_6376() {
        // §3.4.3 and §3.4.4.
        let hash = |how| BASE64.encode(BodyHasher::new(how, None).finish().0);
        let simple = "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=";
        assert_eq!(hash(Canonicalization::Simple), simple);
        let relaxed = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert_eq!(hash(Canonicalization::Relaxed), relaxed);
    }

    #[test]
    fn a_limit_hides_what_follows() {
        let hash = |body: &[u8], limit| {
            let mut hasher = BodyHasher::new(Canonicalization::Simple, limit);
            hasher.update(body);
            hasher.finish()
        };
        assert_eq!(hash(b"abc\r\ndef", Some(5)).0, hash(b"abc\r\n", None).0);
        assert_eq!(hash(b"abc\r\ndef", Some(5)).1, 10);
        assert_eq!(hash(b"abc", Some(0)).0, <[u8; 32]>::from(Sha256::digest(b"")));
    }

    /// RFC 6376 §3.4.4 word by word, on a whole body.
    fn relaxed_by_the_book(body: &str) -> String {
        let mut lines: Vec<String> = Vec::new();
        for line in body.split("\r\n") {
            let mut relaxed = String::new();
            for char in line.chars() {
                match char {
                    ' ' | '\t' if relaxed.ends_with(' ') => {}
                    ' ' | '\t' => relaxed.push(' '),
                    _ => relaxed.push(char),
                }
            }
            lines.push(relaxed.trim_end_matches(' ').to_owned());
        }
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        lines.iter().map(|line| format!("{line}\r\n")).collect()
    }

    proptest! {
        #[test]
        fn relaxed_is_as_the_book_says(body in "[ab \t\r\n]{0,40}", cut in 0..40usize) {
            let (head, tail) = body.as_bytes().split_at(cut.min(body.len()));
            let found = canonical(Canonicalization::Relaxed, &[head, tail]);
            prop_assert_eq!(String::from_utf8(found).unwrap(), relaxed_by_the_book(&body));
        }

        #[test]
        fn canonical_is_canonical(body in prop::collection::vec(any::<u8>(), 0..100)) {
            for how in [Canonicalization::Simple, Canonicalization::Relaxed] {
                let once = canonical(how, &[&body]);
                prop_assert_eq!(canonical(how, &[&once]), once);
            }
        }
    }
}

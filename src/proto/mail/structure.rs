//! The MIME structure of a message: a tree of parts, each a pair of ranges of octets.
//!
//! Follows RFC 2045 and RFC 2046 §5; made for the BODYSTRUCTURE and BODY sections of RFC 3501.
//! Any octets have a structure: what is broken is read as the nearest thing that is not. The
//! octets are cut into parts by `scan`.
//!
//! Not modelled: `message/global` (RFC 6532) and `message/partial` are leaves.

use std::borrow::Cow;
use std::ops::Range;

use super::charset::charset_text;
use super::content::{ContentType, Disposition};
use super::decode::decode_body;
use super::header::Header;
use super::scan::Scanner;

/// A message, or a part of one. All ranges are offsets into the octets that were parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The header with the empty line that ends it.
    pub header: Range<usize>,
    /// What follows, up to the line end before the next boundary.
    pub body: Range<usize>,
    /// How many line ends the body has.
    pub lines: usize,
    /// The media type, or the one that RFC 2045 §5.2 and RFC 2046 §5.1.5 assume.
    pub content_type: ContentType,
    /// `Content-Transfer-Encoding` as written; `7bit` where there is none.
    pub transfer_encoding: Cow<'static, str>,
    /// `Content-ID`.
    pub id: Option<Vec<u8>>,
    /// `Content-Description`, encoded words left as they are.
    pub description: Option<Vec<u8>>,
    /// `Content-MD5`.
    pub md5: Option<Vec<u8>>,
    /// `Content-Disposition`.
    pub disposition: Option<Disposition>,
    /// The tags of `Content-Language` (RFC 3282).
    pub language: Vec<Vec<u8>>,
    /// `Content-Location` (RFC 2557).
    pub location: Option<Vec<u8>>,
    /// What the body consists of.
    pub content: Content,
}

/// What the body of a part consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Text, an image: nothing with a structure of its own.
    Leaf,
    /// The parts of a multipart. None where it has not a single boundary in it.
    Multipart(Vec<Part>),
    /// The message in a `message/rfc822`.
    Message(Box<Part>),
}

impl Part {
    /// The structure of a whole message.
    ///
    /// Deeper than [`MAX_DEPTH`] levels, containers become `application/octet-stream`; after
    /// [`MAX_PARTS`] parts the rest of a multipart is its last part.
    pub fn parse(message: &[u8]) -> Self {
        Scanner::new(message).scan()
    }

    /// The header, out of the octets that were parsed.
    pub fn header_in<'a>(&self, message: &'a [u8]) -> Header<'a> {
        Header::new(message.get(self.header.clone()).unwrap_or_default())
    }

    /// The body, out of the octets that were parsed.
    pub fn body_in<'a>(&self, message: &'a [u8]) -> &'a [u8] {
        message.get(self.body.clone()).unwrap_or_default()
    }

    /// The text of the body, its transfer encoding and character set decoded.
    pub fn text_in<'a>(&self, message: &'a [u8]) -> Cow<'a, str> {
        let charset = self.content_type.parameters.get("charset");
        let charset = charset.as_deref().unwrap_or("us-ascii").as_bytes();
        match decode_body(&self.transfer_encoding, self.body_in(message)) {
            Cow::Borrowed(body) => charset_text(charset, body),
            Cow::Owned(body) => Cow::Owned(charset_text(charset, &body).into_owned()),
        }
    }

    /// The part with that section number, of a whole message (RFC 3501 §6.4.5).
    ///
    /// `[]` is the message itself. A message that is no multipart has the part `[1]`, its only
    /// one. The numbers under a `message/rfc822` count the parts of the message in it.
    pub fn section(&self, numbers: &[u32]) -> Option<&Part> {
        let Some((&first, rest)) = numbers.split_first() else { return Some(self) };
        let mut part = self.child(first)?;
        for &number in rest {
            part = match &part.content {
                Content::Leaf => return None,
                Content::Multipart(_) => part.child(number)?,
                Content::Message(message) => message.child(number)?,
            };
        }
        Some(part)
    }

    fn child(&self, number: u32) -> Option<&Part> {
        match &self.content {
            Content::Multipart(parts) => parts.get((number as usize).checked_sub(1)?),
            Content::Leaf | Content::Message(_) => (number == 1).then_some(self),
        }
    }

    /// This part and all under it, each before its own parts.
    pub fn walk(&self) -> impl Iterator<Item = &Part> {
        let mut waiting = vec![self];
        std::iter::from_fn(move || {
            let part = waiting.pop()?;
            match &part.content {
                Content::Leaf => {}
                Content::Multipart(parts) => waiting.extend(parts.iter().rev()),
                Content::Message(message) => waiting.push(message),
            }
            Some(part)
        })
    }
}

/// How many containers may stand in one another; Dovecot's limit.
pub const MAX_DEPTH: usize = 100;

/// How many parts a message may have; real servers have such a limit too (Dovecot: 10,000).
pub const MAX_PARTS: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Prints the tree: section, type, and the body in quotes for leaves.
    fn draw(octets: &[u8], part: &Part, indent: usize, drawn: &mut String) {
        let ContentType { kind, subtype, .. } = &part.content_type;
        drawn.push_str(&format!("{:indent$}{kind}/{subtype}", ""));
        match &part.content {
            Content::Leaf => {
                drawn.push_str(&format!(" {:?}\n", String::from_utf8_lossy(part.body_in(octets))));
            }
            Content::Multipart(parts) => {
                drawn.push('\n');
                parts.iter().for_each(|part| draw(octets, part, indent + 2, drawn));
            }
            Content::Message(message) => {
                drawn.push('\n');
                draw(octets, message, indent + 2, drawn);
            }
        }
    }

    fn drawn(message: &str) -> String {
        let mut drawn = String::new();
        draw(message.as_bytes(), &Part::parse(message.as_bytes()), 0, &mut drawn);
        drawn
    }

    #[test]
    fn the_simple_multipart_of_rfc_2046() {
        let message = "From: Nathaniel Borenstein <nsb@bellcore.com>\r\n\
            MIME-Version: 1.0\r\n\
            Content-type: multipart/mixed; boundary=\"simple boundary\"\r\n\
            \r\n\
            This is the preamble.  It is to be ignored.\r\n\
            \r\n\
            --simple boundary\r\n\
            \r\n\
            This is implicitly typed plain US-ASCII text.\r\n\
            It does NOT end with a linebreak.\r\n\
            --simple boundary\r\n\
            Content-type: text/plain; charset=us-ascii\r\n\
            \r\n\
            This is explicitly typed plain US-ASCII text.\r\n\
            It DOES end with a linebreak.\r\n\
            \r\n\
            --simple boundary--\r\n\
            \r\n\
            This is the epilogue.  It is also to be ignored.\r\n";
        insta::assert_snapshot!(drawn(message), @r#"
        multipart/mixed
          text/plain "This is implicitly typed plain US-ASCII text.\r\nIt does NOT end with a linebreak."
          text/plain "This is explicitly typed plain US-ASCII text.\r\nIt DOES end with a linebreak.\r\n"
        "#);
        let root = Part::parse(message.as_bytes());
        assert_eq!(root.section(&[2]).unwrap().lines, 2);
        let header = root.section(&[2]).unwrap().header_in(message.as_bytes());
        assert_eq!(header.octets(), b"Content-type: text/plain; charset=us-ascii\r\n\r\n");
    }

    #[test]
    fn sections_are_numbered_as_in_rfc_3501() {
        let message = "Content-Type: multipart/mixed; boundary=a\n\n\
            --a\n\none\n\
            --a\nContent-Type: message/rfc822\n\n\
            Subject: inner\nContent-Type: multipart/alternative; boundary=ab\n\n\
            --ab\n\nplain\n--ab\nContent-Type: text/html\n\nrich\n--ab--\n\
            --a\nContent-Type: message/rfc822\n\nSubject: x\n\nonly\n\
            --a--\n";
        insta::assert_snapshot!(drawn(message), @r#"
        multipart/mixed
          text/plain "one"
          message/rfc822
            multipart/alternative
              text/plain "plain"
              text/html "rich"
          message/rfc822
            text/plain "only"
        "#);
        let root = Part::parse(message.as_bytes());
        let body = |section: &[u32]| {
            let body = root.section(section)?.body_in(message.as_bytes());
            Some(std::str::from_utf8(body).unwrap())
        };
        assert_eq!(body(&[1]), Some("one"));
        assert_eq!(body(&[2, 2]), Some("rich"));
        assert_eq!(body(&[3, 1]), Some("only"));
        for section in [&[0][..], &[4], &[1, 1], &[2, 3], &[3, 1, 1], &[2, 2, 1]] {
            assert_eq!(body(section), None, "{section:?}");
        }
        assert_eq!(Part::parse(b"A: b\n\nx").section(&[1]).unwrap().body, 6..7);
    }

    #[test]
    fn the_parts_of_a_digest_are_messages() {
        let message = "Content-Type: multipart/digest; boundary=x\r\n\r\n\
            --x\r\n\r\nSubject: 1\r\n\r\none\r\n--x--";
        insta::assert_snapshot!(drawn(message), @r#"
        multipart/digest
          message/rfc822
            text/plain "one"
        "#);
    }

    #[test]
    fn broken_multiparts() {
        let none = "Content-Type: multipart/mixed; boundary=x\n\nno boundary here\n";
        insta::assert_snapshot!(drawn(none), @"multipart/mixed");
        let missing = "Content-Type: multipart/mixed\n\n--x\n";
        insta::assert_snapshot!(drawn(missing), @r#"text/plain "--x\n""#);
        let unclosed =
            "Content-Type: multipart/mixed; boundary=x\n\n--x\nA: b\n--x  \n\nlast\n --x\n";
        insta::assert_snapshot!(drawn(unclosed), @r#"
        multipart/mixed
          text/plain ""
          text/plain "last\n --x\n"
        "#);
        let at_the_end = "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x";
        insta::assert_snapshot!(drawn(at_the_end), @r#"
        multipart/mixed
          text/plain ""
        "#);
        let twice = "Content-Type: multipart/mixed; boundary=x; boundary=y\nContent-Type: a/b\n\n\
            --y\n--x\n\none\n--x--\n--x\n\ntwo\n";
        insta::assert_snapshot!(drawn(twice), @r#"
        multipart/mixed
          text/plain "one"
        "#);
    }

    #[test]
    fn a_boundary_is_the_start_of_its_line() {
        // RFC 2046 §5.1.1: an exact match of the entire line is not required.
        let more = "Content-Type: multipart/mixed; boundary=x\n\n--xy\n\na\n--x--z\nb\n--x\n";
        insta::assert_snapshot!(drawn(more), @r#"
        multipart/mixed
          text/plain "a"
        "#);
    }

    #[test]
    fn the_longest_of_the_boundaries_that_fit_is_meant() {
        for (outer, inner) in [("b", "bc"), ("bc", "b"), ("b", "b--"), ("b--", "b")] {
            let message = format!(
                "Content-Type: multipart/mixed; boundary=\"{outer}\"\r\n\r\n\
                --{outer}\r\nContent-Type: multipart/alternative; boundary=\"{inner}\"\r\n\r\n\
                --{inner}\r\n\r\none\r\n--{inner}\r\n\r\ntwo\r\n--{inner}--\r\n\
                --{outer}\r\n\r\nthree\r\n--{outer}--\r\n"
            );
            let wanted = "multipart/mixed\n  multipart/alternative\n    text/plain \"one\"\n    \
                text/plain \"two\"\n  text/plain \"three\"\n";
            assert_eq!(drawn(&message), wanted, "{outer} {inner}");
        }
    }

    #[test]
    fn the_same_boundary_inside_is_that_of_the_inner_multipart() {
        let message = "Content-Type: multipart/mixed; boundary=x\n\n\
            --x\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\na\n--x--\n--x\n\nb\n--x--\n";
        insta::assert_snapshot!(drawn(message), @r#"
        multipart/mixed
          multipart/mixed
            text/plain "a"
          text/plain "b"
        "#);
    }

    #[test]
    fn a_boundary_ends_headers_too() {
        let message = "Content-Type: multipart/mixed; boundary=x\r\n\r\n\
            --x\r\n--x\r\nContent-Type: message/rfc822\r\n--x\r\n\r\n--x\r\nA: b\r\n--x--";
        insta::assert_snapshot!(drawn(message), @r#"
        multipart/mixed
          text/plain ""
          message/rfc822
            text/plain ""
          text/plain ""
          text/plain ""
        "#);
        let root = Part::parse(message.as_bytes());
        let header = |number| root.section(&[number]).unwrap().header_in(message.as_bytes());
        assert_eq!(header(1).octets(), b"");
        assert_eq!(header(2).octets(), b"Content-Type: message/rfc822");
        assert_eq!(header(3).octets(), b"\r\n");
        assert_eq!(header(4).octets(), b"A: b");
        check_ranges(message.as_bytes(), &root, &(0..message.len()));
    }

    #[test]
    fn an_outer_boundary_ends_what_is_inside() {
        let message = "Content-Type: multipart/mixed; boundary=out\n\n\
            --out\nContent-Type: multipart/mixed; boundary=in\n\n--in\n\na\n\
            --out\nContent-Type: message/rfc822\n\n\
            Content-Type: multipart/mixed; boundary=in\n\n--in\n\nb\n--in--\nend\n\
            --out\n\nc\n--in--\n--out--\n--out\n\nd\n";
        insta::assert_snapshot!(drawn(message), @r#"
        multipart/mixed
          multipart/mixed
            text/plain "a"
          message/rfc822
            multipart/mixed
              text/plain "b"
          text/plain "c\n--in--"
        "#);
    }

    #[test]
    fn what_describes_a_part_is_kept() {
        let root = Part::parse(
            b"Content-Type: image/png; name=x\r\nContent-Transfer-Encoding: BASE64 (of course)\r\n\
            Content-ID: <1@example.org>\r\nContent-Description: =?utf-8?q?x?=\r\n\
            Content-MD5: Q2hlY2s=\r\nContent-Disposition: inline; filename=x.png\r\n\
            Content-Language: de, en-GB\r\nContent-Location: http://example.org/\r\n\r\n",
        );
        assert_eq!(root.transfer_encoding, "BASE64");
        assert_eq!(root.id.as_deref(), Some(&b"<1@example.org>"[..]));
        assert_eq!(root.description.as_deref(), Some(&b"=?utf-8?q?x?="[..]));
        assert_eq!(root.md5.as_deref(), Some(&b"Q2hlY2s="[..]));
        assert_eq!(root.language, [b"de".to_vec(), b"en-GB".to_vec()]);
        assert_eq!(root.location.as_deref(), Some(&b"http://example.org/"[..]));
        let disposition = root.disposition.unwrap();
        assert_eq!(disposition.parameters.get("filename").as_deref(), Some("x.png"));
    }

    #[test]
    fn nesting_and_parts_are_bounded() {
        let deep = "Content-Type: message/rfc822\n\n".repeat(10_000);
        assert_eq!(Part::parse(deep.as_bytes()).walk().count(), MAX_DEPTH + 1);
        let mut deep = String::new();
        for level in 0..1_000 {
            deep.push_str(&format!(
                "Content-Type: multipart/mixed; boundary={level}x\n\n--{level}x\n"
            ));
        }
        assert_eq!(Part::parse(deep.as_bytes()).walk().count(), MAX_DEPTH + 1);
        let wide = "--x\n\n\n".repeat(MAX_PARTS * 2);
        let wide = format!("Content-Type: multipart/mixed; boundary=x\n\n{wide}");
        assert!(Part::parse(wide.as_bytes()).walk().count() <= MAX_PARTS + 1);
    }

    fn check_ranges(octets: &[u8], part: &Part, within: &Range<usize>) {
        assert!(part.header.start >= within.start && part.body.end <= within.end, "{part:?}");
        assert!(part.header.start <= part.header.end && part.body.start <= part.body.end);
        assert_eq!(part.header.end, part.body.start);
        let lines = memchr::memchr_iter(b'\n', part.body_in(octets)).count();
        assert_eq!(part.lines, lines, "{:?}", part.body);
        match &part.content {
            Content::Leaf => {}
            Content::Message(message) => {
                check_ranges(octets, message, &part.body);
                // Header and body of the message in it are all that its body is.
                assert_eq!(message.header.start..message.body.end, part.body);
            }
            Content::Multipart(parts) => {
                let mut rest = part.body.clone();
                let boundary = part.content_type.parameters.get("boundary").unwrap();
                for inner in parts {
                    check_ranges(octets, inner, &rest);
                    // Between its parts are delimiter lines, after the preamble.
                    let between = &octets[rest.start..inner.header.start];
                    let line = between.trim_ascii_end().rsplit(|octet| *octet == b'\n').next();
                    assert!(
                        line.unwrap().starts_with(format!("--{boundary}").as_bytes()),
                        "{part:?}"
                    );
                    rest.start = inner.body.end;
                }
            }
        }
    }

    proptest! {
        #[test]
        fn ranges_stay_inside(
            pieces in prop::collection::vec(prop::sample::select(vec![
                "Content-Type: multipart/mixed; boundary=a\r\n", "Content-Type: message/rfc822\n",
                "Content-Type: multipart/digest; boundary=b\n", "\n", "\r\n", "--a", "--b", "--", " ",
                "\n--a\n", "\r\n--b\r\n", "x", "\r", "\n--a--\n",
                "Content-Type: multipart/mixed; boundary=a-\n\n", "--a-", "\0",
            ]), 0..40)
        ) {
            let message = pieces.concat();
            let octets = message.as_bytes();
            check_ranges(octets, &Part::parse(octets), &(0..octets.len()));
        }

        #[test]
        fn no_octets_are_too_strange(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            check_ranges(&octets, &Part::parse(&octets), &(0..octets.len()));
        }
    }
}

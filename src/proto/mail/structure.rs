//! The MIME structure of a message: a tree of parts, each a pair of ranges of octets.
//!
//! Follows RFC 2045 and RFC 2046 §5; made for the BODYSTRUCTURE and BODY sections of RFC 3501.
//! Any octets have a structure: what is broken is read as the nearest thing that is not.
//!
//! Deviation: RFC 2046 §5.1.1 lets anything follow the boundary on its line; here only `--` and
//! white space may, so that a boundary which begins with another is not taken for it.

use std::ops::Range;

use memchr::{memchr, memchr_iter, memmem};

use super::content::{ContentType, Disposition};
use super::header::{Header, Message};
use super::lex::Lexer;

/// A message, or a part of one. All ranges are offsets into the octets that were parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The header with the empty line that ends it.
    pub header: Range<usize>,
    /// What follows, up to the line end before the next boundary.
    pub body: Range<usize>,
    /// How many line ends the body has; 0 for a multipart, which IMAP does not ask.
    pub lines: usize,
    /// The media type, or the one that RFC 2045 §5.2 and RFC 2046 §5.1.5 assume.
    pub content_type: ContentType,
    /// `Content-Transfer-Encoding` as written; `7BIT` where there is none.
    pub transfer_encoding: String,
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
    /// The parts of a multipart, never none.
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
        let mut scanner = Scanner { octets: message, parts_left: MAX_PARTS };
        scanner.part(0..message.len(), ContentType::plain_text(), 0)
    }

    /// The header, out of the octets that were parsed.
    pub fn header_in<'a>(&self, message: &'a [u8]) -> Header<'a> {
        Header::new(message.get(self.header.clone()).unwrap_or_default())
    }

    /// The body, out of the octets that were parsed.
    pub fn body_in<'a>(&self, message: &'a [u8]) -> &'a [u8] {
        message.get(self.body.clone()).unwrap_or_default()
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

    /// The fields that describe the part; ranges and content are still to be filled in.
    fn described_by(header: Header<'_>, default_type: ContentType) -> Self {
        let mut part = Part {
            header: 0..0,
            body: 0..0,
            lines: 0,
            content_type: default_type,
            transfer_encoding: "7BIT".to_owned(),
            id: None,
            description: None,
            md5: None,
            disposition: None,
            language: Vec::new(),
            location: None,
            content: Content::Leaf,
        };
        for field in header.fields() {
            let value = || field.value().into_owned();
            if field.is("Content-Type") {
                // RFC 2045 §5.2: what breaks the syntax is plain text, whatever was the default.
                part.content_type =
                    ContentType::parse(field.raw_value()).unwrap_or_else(ContentType::plain_text);
            } else if field.is("Content-Transfer-Encoding") {
                let mut lexer = Lexer::new(field.raw_value());
                lexer.skip_cfws();
                let encoding = lexer.token();
                if !encoding.is_empty() {
                    part.transfer_encoding = String::from_utf8_lossy(encoding).into_owned();
                }
            } else if field.is("Content-ID") {
                part.id = Some(value());
            } else if field.is("Content-Description") {
                part.description = Some(value());
            } else if field.is("Content-MD5") {
                part.md5 = Some(value());
            } else if field.is("Content-Disposition") {
                part.disposition = Disposition::parse(field.raw_value());
            } else if field.is("Content-Language") {
                part.language = languages(field.raw_value());
            } else if field.is("Content-Location") {
                part.location = Some(value());
            }
        }
        part
    }
}

fn languages(value: &[u8]) -> Vec<Vec<u8>> {
    let mut lexer = Lexer::new(value);
    let mut tags = Vec::new();
    while !lexer.at_end() {
        lexer.skip_cfws();
        let tag = lexer.token();
        if tag.is_empty() {
            lexer.bump();
        } else {
            tags.push(tag.to_vec());
        }
    }
    tags
}

struct Scanner<'a> {
    octets: &'a [u8],
    parts_left: usize,
}

impl Scanner<'_> {
    /// The part that fills `range`. Recursion ends at [`MAX_DEPTH`].
    fn part(&mut self, range: Range<usize>, default_type: ContentType, depth: usize) -> Part {
        self.parts_left = self.parts_left.saturating_sub(1);
        let message = Message::parse(&self.octets[range.clone()]);
        let body_start = range.start + message.body_offset();
        let mut part = Part::described_by(message.header(), default_type);
        part.header = range.start..body_start;
        part.body = body_start..range.end;
        let is_message = part.content_type.is("message", "rfc822");
        if !is_message && !part.content_type.is_kind("multipart") {
            part.lines = self.count_lines(&part.body);
        } else if depth >= MAX_DEPTH || self.parts_left == 0 {
            // RFC 2046 §4: what is not understood is treated as application/octet-stream.
            part.content_type = ContentType::new("application", "octet-stream");
        } else if is_message {
            part.lines = self.count_lines(&part.body);
            let inner = self.part(part.body.clone(), ContentType::plain_text(), depth + 1);
            part.content = Content::Message(Box::new(inner));
        } else {
            self.multipart(&mut part, depth);
        }
        part
    }

    /// Cuts the body of `part` at its boundaries.
    fn multipart(&mut self, part: &mut Part, depth: usize) {
        let boundary = part.content_type.parameters.get("boundary").unwrap_or_default();
        let boundary = boundary.trim_ascii_end();
        if boundary.is_empty() {
            // The required parameter is missing, so the field breaks its syntax (RFC 2046 §5.1.1).
            part.content_type = ContentType::plain_text();
            part.lines = self.count_lines(&part.body);
            return;
        }
        let default_type = if part.content_type.is("multipart", "digest") {
            ContentType::new("message", "rfc822")
        } else {
            ContentType::plain_text()
        };
        let delimiter = format!("--{boundary}");
        let finder = memmem::Finder::new(delimiter.as_bytes());
        let mut parts = Vec::new();
        let mut rest = part.body.clone();
        // Where the part begins that the next delimiter ends; None in the preamble and after.
        let mut open = None;
        while let Some(found) = self.delimiter(&finder, rest.clone(), part.body.start) {
            if let Some(start) = open {
                let end = found.content_end.max(start);
                parts.push(self.part(start..end, default_type.clone(), depth + 1));
            }
            open = (!found.closes).then_some(found.next_line);
            rest.start = found.next_line;
            if found.closes || self.parts_left == 0 {
                break;
            }
        }
        if let Some(start) = open {
            // The closing delimiter is missing.
            parts.push(self.part(start..part.body.end, default_type, depth + 1));
        } else if parts.is_empty() {
            // A multipart has at least one part (RFC 2046 §5.1.1), and so has its BODYSTRUCTURE.
            parts.push(self.part(part.body.end..part.body.end, default_type, depth + 1));
        }
        part.content = Content::Multipart(parts);
    }

    /// The next delimiter line that begins in `rest`, of a body that begins at `body_start`.
    fn delimiter(
        &self,
        finder: &memmem::Finder<'_>,
        rest: Range<usize>,
        body_start: usize,
    ) -> Option<Delimiter> {
        let mut from = rest.start;
        loop {
            let start = from + finder.find(&self.octets[from..rest.end])?;
            from = start + finder.needle().len();
            if start > body_start && self.octets[start - 1] != b'\n' {
                continue;
            }
            let tail = &self.octets[from..rest.end];
            let tail_length = memchr(b'\n', tail).map_or(tail.len(), |at| at + 1);
            let tail = tail[..tail_length].trim_ascii();
            if tail.is_empty() || tail == b"--" {
                // The line end before a delimiter belongs to it (RFC 2046 §5.1.1).
                let content_end = match &self.octets[body_start..start] {
                    [.., b'\r', b'\n'] => start - 2,
                    [.., b'\n'] => start - 1,
                    _ => start,
                };
                let next_line = from + tail_length;
                return Some(Delimiter { content_end, next_line, closes: tail == b"--" });
            }
        }
    }

    fn count_lines(&self, range: &Range<usize>) -> usize {
        memchr_iter(b'\n', &self.octets[range.clone()]).count()
    }
}

struct Delimiter {
    content_end: usize,
    next_line: usize,
    closes: bool,
}

/// How many containers may stand in one another.
pub const MAX_DEPTH: usize = 32;

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
    fn broken_multiparts_have_parts() {
        let none = "Content-Type: multipart/mixed; boundary=x\n\nno boundary here\n";
        insta::assert_snapshot!(drawn(none), @r#"
        multipart/mixed
          text/plain ""
        "#);
        let missing = "Content-Type: multipart/mixed\n\n--x\n";
        insta::assert_snapshot!(drawn(missing), @r#"text/plain "--x\n""#);
        let unclosed =
            "Content-Type: multipart/mixed; boundary=x\n\n--x\nA: b\n--x  \n\nlast\n--xy\n --x\n";
        insta::assert_snapshot!(drawn(unclosed), @r#"
        multipart/mixed
          text/plain ""
          text/plain "last\n--xy\n --x\n"
        "#);
    }

    #[test]
    fn an_outer_boundary_ends_what_is_inside() {
        let message = "Content-Type: multipart/mixed; boundary=out\n\n\
            --out\nContent-Type: multipart/mixed; boundary=in\n\n--in\n\na\n\
            --out\n\nb\n--in--\n--out--\n";
        insta::assert_snapshot!(drawn(message), @r#"
        multipart/mixed
          multipart/mixed
            text/plain "a"
          text/plain "b\n--in--"
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
                "Content-Type: multipart/mixed; boundary={level}\n\n--{level}\n"
            ));
        }
        assert_eq!(Part::parse(deep.as_bytes()).walk().count(), MAX_DEPTH + 1);
        let wide = "--x\n\n\n".repeat(MAX_PARTS * 2);
        let wide = format!("Content-Type: multipart/mixed; boundary=x\n\n{wide}");
        assert!(Part::parse(wide.as_bytes()).walk().count() <= MAX_PARTS + 1);
    }

    fn check_ranges(part: &Part, within: &Range<usize>) {
        assert!(part.header.start >= within.start && part.body.end <= within.end);
        assert!(part.header.start <= part.header.end && part.body.start <= part.body.end);
        assert_eq!(part.header.end, part.body.start);
        match &part.content {
            Content::Leaf => {}
            Content::Message(message) => check_ranges(message, &part.body),
            Content::Multipart(parts) => {
                assert!(!parts.is_empty());
                parts.iter().for_each(|inner| check_ranges(inner, &part.body));
            }
        }
    }

    proptest! {
        #[test]
        fn ranges_stay_inside(
            pieces in prop::collection::vec(prop::sample::select(vec![
                "Content-Type: multipart/mixed; boundary=a\r\n", "Content-Type: message/rfc822\n",
                "Content-Type: multipart/digest; boundary=b\n", "\n", "\r\n", "--a", "--b", "--", " ",
                "\n--a\n", "\r\n--b\r\n", "x", "\r",
            ]), 0..40)
        ) {
            let message = pieces.concat();
            check_ranges(&Part::parse(message.as_bytes()), &(0..message.len()));
        }

        #[test]
        fn no_octets_are_too_strange(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            check_ranges(&Part::parse(&octets), &(0..octets.len()));
        }
    }
}

//! Cuts a message into its parts, in one walk over its octets.
//!
//! Follows RFC 2046 §5.1. A line is a delimiter when it begins with a boundary, whatever comes
//! after (§5.1.1). Where it begins with several that are open, the innermost counts that fills its
//! line, or else the longest. So a boundary may begin with another, and that of an outer multipart ends
//! whatever is inside, even a header. The line end before a delimiter belongs to the delimiter, but
//! for that of the delimiter before it or of the empty line after the header of a body part, as
//! Dovecot has it.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};

use super::content::{ContentType, Disposition, token_text};
use super::header::{Field, Fields, empty_line};
use super::lex::Lexer;
use super::structure::{Content, MAX_DEPTH, MAX_PARTS, Part};

pub(super) struct Scanner<'a> {
    octets: &'a [u8],
    /// How far the walk has come: always the start of a line.
    at: usize,
    /// How many line ends were passed.
    lines: usize,
    /// Where what is before ends, and how many line ends it has, should a delimiter start here.
    end: (usize, usize),
    /// The part that is being read, and those around it, from the message itself on.
    open: Vec<Open>,
    parts_left: usize,
}

/// A part whose end is not yet reached.
struct Open {
    /// Its ranges have a start, and its content is missing.
    part: Part,
    /// How many line ends come before its body.
    lines_before: usize,
    kind: Kind,
}

enum Kind {
    Leaf,
    Message(Option<Box<Part>>),
    Multipart {
        /// `None` after the closing delimiter.
        boundary: Option<Vec<u8>>,
        /// Whether its parts are messages if they do not say (RFC 2046 §5.1.5).
        is_digest: bool,
        parts: Vec<Part>,
    },
}

/// A line that ends parts.
struct Delimiter {
    /// Which multipart in `open` it is of.
    of: usize,
    /// Whether it is the closing one.
    closes: bool,
    /// Where the body before it ends, and how many line ends come before that place.
    end: usize,
    lines: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(octets: &'a [u8]) -> Self {
        Scanner { octets, at: 0, lines: 0, end: (0, 0), open: Vec::new(), parts_left: MAX_PARTS }
    }

    /// The whole message.
    pub(super) fn scan(mut self) -> Part {
        self.begin_part(false);
        loop {
            if matches!(self.open.last(), Some(Open { kind: Kind::Message(None), .. })) {
                self.begin_part(false);
                continue;
            }
            let Some(delimiter) = self.next_delimiter() else { break };
            self.pass(&delimiter);
        }
        let (end, lines) = (self.octets.len(), self.lines);
        while self.open.len() > 1 {
            self.end_part(end, lines);
        }
        let whole = self.open.pop().expect("the message itself is open to the end");
        whole.close(end, lines)
    }

    /// Begins the part whose header starts here.
    fn begin_part(&mut self, is_digest: bool) {
        self.parts_left = self.parts_left.saturating_sub(1);
        let (mut part, boundary) = self.read_header(is_digest);
        let is_message = part.content_type.is("message", "rfc822");
        let kind = if !is_message && boundary.is_none() {
            Kind::Leaf
        } else if self.open.len() >= MAX_DEPTH || self.parts_left == 0 {
            // RFC 2046 §4: what is not understood is treated as application/octet-stream.
            part.content_type = ContentType::new("application", "octet-stream");
            Kind::Leaf
        } else if is_message {
            Kind::Message(None)
        } else {
            let is_digest = part.content_type.is("multipart", "digest");
            Kind::Multipart { boundary, is_digest, parts: Vec::new() }
        };
        self.open.push(Open { part, lines_before: self.end.1, kind });
    }

    /// Reads the header that starts here: its part, which has no end yet, and its boundary if it
    /// is a multipart.
    fn read_header(&mut self, is_digest: bool) -> (Part, Option<Vec<u8>>) {
        let start = self.at;
        let in_message = matches!(self.open.last(), Some(Open { kind: Kind::Message(_), .. }));
        let (mut part, mut has_type) = (undescribed(is_digest), false);
        let mut fields = Fields::of(&self.octets[start..]);
        let mut is_cut = loop {
            self.at = self.octets.len() - fields.rest().len();
            if self.delimiter_at(self.at).is_some() {
                break true;
            }
            let Some(field) = fields.next() else {
                self.at += empty_line(fields.rest());
                break false;
            };
            describe(&mut part, &mut has_type, field);
        };
        if part.transfer_encoding.is_empty() {
            part.transfer_encoding = Cow::Borrowed("7bit");
        }
        let mut boundary = None;
        if part.content_type.is_kind("multipart") {
            boundary = part.content_type.parameters.boundary();
            if boundary.is_none() {
                // The required parameter is missing, so the field breaks its syntax (RFC 2046
                // §5.1.1).
                part.content_type = ContentType::plain_text();
            }
        }
        if in_message && !boundary.as_deref().is_some_and(|own| self.is_line_of(own)) {
            // A message that has no body may have no empty line either.
            is_cut |= self.delimiter_at(self.at).is_some();
        }
        self.lines += memchr_iter(b'\n', &self.octets[start..self.at]).count();
        let header = match is_cut {
            false => start..self.at,
            true if self.at == start => self.end.0..self.end.0,
            // The line end before a delimiter belongs to it.
            true => start..self.line_end_before(self.at, start),
        };
        if self.at > start {
            self.end = (header.end, self.lines - usize::from(header.end < self.at));
        }
        part.body = header.end..header.end;
        part.header = header;
        (part, boundary)
    }

    /// Passes a delimiter: ends the parts before it, and begins the one after it.
    fn pass(&mut self, delimiter: &Delimiter) {
        while self.open.len() > delimiter.of + 1 {
            self.end_part(delimiter.end, delimiter.lines);
        }
        match memchr(b'\n', &self.octets[self.at..]) {
            Some(length) => {
                self.at += length + 1;
                self.lines += 1;
            }
            None => self.at = self.octets.len(),
        }
        self.end = (self.at, self.lines);
        let Some(Open { kind: Kind::Multipart { boundary, is_digest, .. }, .. }) =
            self.open.last_mut()
        else {
            return;
        };
        if delimiter.closes {
            *boundary = None;
        } else {
            let is_digest = *is_digest;
            self.begin_part(is_digest);
        }
    }

    /// Ends the innermost part, which is not the message itself.
    fn end_part(&mut self, end: usize, lines: usize) {
        let ended = self.open.pop().expect("a part is open");
        let part = ended.close(end, lines);
        match self.open.last_mut().map(|around| &mut around.kind) {
            Some(Kind::Multipart { parts, .. }) => parts.push(part),
            Some(Kind::Message(message)) => *message = Some(Box::new(part)),
            Some(Kind::Leaf) | None => unreachable!("parts stand in containers"),
        }
    }

    /// Walks on to the next delimiter; to the end where there is none.
    fn next_delimiter(&mut self) -> Option<Delimiter> {
        let (start, lines) = (self.at, self.lines);
        if let Some((of, closes)) = self.delimiter_at(start) {
            let (end, lines) = self.end;
            return Some(Delimiter { of, closes, end, lines });
        }
        let rest = &self.octets[start..];
        for (passed, line_end) in (1..).zip(memchr_iter(b'\n', rest)) {
            let line = start + line_end + 1;
            if let Some((of, closes)) = self.delimiter_at(line) {
                (self.at, self.lines) = (line, lines + passed);
                let end = self.line_end_before(line, start);
                return Some(Delimiter { of, closes, end, lines: self.lines - 1 });
            }
            self.lines = lines + passed;
        }
        self.at = self.octets.len();
        None
    }

    /// Whose delimiter the line is that starts there, and whether it is a closing one.
    fn delimiter_at(&self, at: usize) -> Option<(usize, bool)> {
        let after_dashes = self.octets.get(at..)?.strip_prefix(b"--")?;
        if self.parts_left == 0 {
            return None;
        }
        let mut found: Option<(usize, usize)> = None;
        for (place, open) in self.open.iter().enumerate().rev() {
            if let Kind::Multipart { boundary: Some(boundary), .. } = &open.kind
                && found.is_none_or(|(_, length)| boundary.len() > length)
                && after_dashes.starts_with(boundary)
            {
                found = Some((place, boundary.len()));
                // `--a--` closes `a`, and is no start of `a--` that is around it.
                if is_all(&after_dashes[boundary.len()..]) {
                    break;
                }
            }
        }
        let (of, length) = found?;
        Some((of, after_dashes[length..].starts_with(b"--")))
    }

    /// Whether the line that starts here begins with that boundary.
    fn is_line_of(&self, boundary: &[u8]) -> bool {
        let after_dashes = self.octets[self.at..].strip_prefix(b"--");
        after_dashes.is_some_and(|rest| rest.starts_with(boundary))
    }

    /// Where the line end starts that stands before `line`, at `least` or after it.
    fn line_end_before(&self, line: usize, least: usize) -> usize {
        match &self.octets[least..line] {
            [.., b'\r', b'\n'] => line - 2,
            [.., b'\n'] => line - 1,
            _ => line,
        }
    }
}

/// Whether a delimiter line has nothing after its boundary.
fn is_all(after_boundary: &[u8]) -> bool {
    let rest = after_boundary.strip_prefix(b"--").unwrap_or(after_boundary);
    rest.is_empty() || empty_line(rest) > 0
}

impl Open {
    fn close(self, end: usize, lines: usize) -> Part {
        let Open { mut part, lines_before, kind } = self;
        part.body.end = end;
        part.lines = lines - lines_before;
        part.content = match kind {
            Kind::Leaf | Kind::Message(None) => Content::Leaf,
            Kind::Message(Some(message)) => Content::Message(message),
            Kind::Multipart { parts, .. } => Content::Multipart(parts),
        };
        part
    }
}

/// Takes what a field says of its part. Of a field that stands more than once, the first counts.
/// `has_type` tells whether there was a `Content-Type` before.
fn describe(part: &mut Part, has_type: &mut bool, field: Field<'_>) {
    if !field.name().get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"content-")) {
        return;
    }
    let first = |slot: &mut Option<Vec<u8>>| {
        if slot.is_none() {
            *slot = Some(field.value().into_owned());
        }
    };
    if field.is("Content-Type") {
        if !*has_type {
            *has_type = true;
            // RFC 2045 §5.2: what breaks the syntax is plain text, whatever was the default.
            part.content_type =
                ContentType::parse(field.raw_value()).unwrap_or_else(ContentType::plain_text);
        }
    } else if field.is("Content-Transfer-Encoding") {
        if part.transfer_encoding.is_empty() {
            let mut lexer = Lexer::new(field.raw_value());
            lexer.skip_cfws();
            part.transfer_encoding = token_text(lexer.token());
        }
    } else if field.is("Content-ID") {
        first(&mut part.id);
    } else if field.is("Content-Description") {
        first(&mut part.description);
    } else if field.is("Content-MD5") {
        first(&mut part.md5);
    } else if field.is("Content-Disposition") {
        if part.disposition.is_none() {
            part.disposition = Disposition::parse(field.raw_value());
        }
    } else if field.is("Content-Language") {
        if part.language.is_empty() {
            part.language = languages(field.raw_value());
        }
    } else if field.is("Content-Location") {
        first(&mut part.location);
    }
}

/// A part of which no field was read.
fn undescribed(is_digest: bool) -> Part {
    Part {
        header: 0..0,
        body: 0..0,
        lines: 0,
        content_type: match is_digest {
            true => ContentType::new("message", "rfc822"),
            false => ContentType::plain_text(),
        },
        transfer_encoding: Cow::Borrowed(""),
        id: None,
        description: None,
        md5: None,
        disposition: None,
        language: Vec::new(),
        location: None,
        content: Content::Leaf,
    }
}

/// The tags of a `Content-Language` (RFC 3282).
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

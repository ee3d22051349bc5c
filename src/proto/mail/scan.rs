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

use super::content::{ContentType, Disposition};
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
    open: Vec<Open<'a>>,
    parts_left: usize,
}

/// A part whose end is not yet reached.
struct Open<'a> {
    /// Its ranges have a start, and its content is missing.
    part: Part,
    /// How many line ends come before its body.
    lines_before: usize,
    kind: Kind<'a>,
}

enum Kind<'a> {
    Leaf,
    Message(Option<Box<Part>>),
    Multipart {
        /// `None` after the closing delimiter.
        boundary: Option<Cow<'a, [u8]>>,
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

    /// Reads the header that starts here. Its part is open from now on.
    fn begin_part(&mut self, is_digest: bool) {
        self.parts_left = self.parts_left.saturating_sub(1);
        let start = self.at;
        let in_message = matches!(self.open.last(), Some(Open { kind: Kind::Message(_), .. }));
        let mut described = Described::default();
        let mut fields = Fields::of(&self.octets[start..]);
        let is_cut = loop {
            self.at = self.octets.len() - fields.rest().len();
            if self.delimiter_at(self.at).is_some() {
                break true;
            }
            let Some(field) = fields.next() else {
                self.at += empty_line(fields.rest());
                // A message that has no body may have no empty line either.
                break in_message && self.delimiter_at(self.at).is_some();
            };
            described.take(field);
        };
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
        let lines_before = self.end.1;
        let (mut part, boundary) = described.into_part(is_digest);
        part.body = header.end..header.end;
        part.header = header;
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
            Kind::Multipart { boundary: boundary.map(Cow::Owned), is_digest, parts: Vec::new() }
        };
        self.open.push(Open { part, lines_before, kind });
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

impl Open<'_> {
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

/// What the fields of a header say of its part. Of a field that stands more than once, the first
/// counts.
#[derive(Default)]
struct Described {
    /// Inner `None`: in broken syntax.
    content_type: Option<Option<ContentType>>,
    transfer_encoding: Option<String>,
    id: Option<Vec<u8>>,
    description: Option<Vec<u8>>,
    md5: Option<Vec<u8>>,
    disposition: Option<Disposition>,
    language: Vec<Vec<u8>>,
    location: Option<Vec<u8>>,
}

impl Described {
    fn take(&mut self, field: Field<'_>) {
        if !field.name().get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"content-")) {
            return;
        }
        let value = || Some(field.value().into_owned());
        if field.is("Content-Type") {
            self.content_type.get_or_insert_with(|| ContentType::parse(field.raw_value()));
        } else if field.is("Content-Transfer-Encoding") {
            self.transfer_encoding = self.transfer_encoding.take().or_else(|| {
                let mut lexer = Lexer::new(field.raw_value());
                lexer.skip_cfws();
                let encoding = lexer.token();
                let is_one = !encoding.is_empty();
                is_one.then(|| String::from_utf8_lossy(encoding).into_owned())
            });
        } else if field.is("Content-ID") {
            self.id = self.id.take().or_else(value);
        } else if field.is("Content-Description") {
            self.description = self.description.take().or_else(value);
        } else if field.is("Content-MD5") {
            self.md5 = self.md5.take().or_else(value);
        } else if field.is("Content-Disposition") {
            self.disposition =
                self.disposition.take().or_else(|| Disposition::parse(field.raw_value()));
        } else if field.is("Content-Language") {
            if self.language.is_empty() {
                self.language = languages(field.raw_value());
            }
        } else if field.is("Content-Location") {
            self.location = self.location.take().or_else(value);
        }
    }

    /// The part, its ranges and content still to be filled in; and the boundary of a multipart.
    fn into_part(self, is_digest: bool) -> (Part, Option<Vec<u8>>) {
        let content_type = match self.content_type {
            Some(Some(content_type)) => content_type,
            // RFC 2045 §5.2: what breaks the syntax is plain text, whatever was the default.
            Some(None) => ContentType::plain_text(),
            None if is_digest => ContentType::new("message", "rfc822"),
            None => ContentType::plain_text(),
        };
        let mut part = Part {
            header: 0..0,
            body: 0..0,
            lines: 0,
            content_type,
            transfer_encoding: self.transfer_encoding.map_or(Cow::Borrowed("7bit"), Cow::Owned),
            id: self.id,
            description: self.description,
            md5: self.md5,
            disposition: self.disposition,
            language: self.language,
            location: self.location,
            content: Content::Leaf,
        };
        if !part.content_type.is_kind("multipart") {
            return (part, None);
        }
        let boundary = part.content_type.parameters.boundary();
        if boundary.is_none() {
            // The required parameter is missing, so the field breaks its syntax (RFC 2046 §5.1.1).
            part.content_type = ContentType::plain_text();
        }
        (part, boundary)
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

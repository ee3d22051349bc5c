//! The content that a protocol carries: a message or other text, counted and shown in short.

use crate::proto::mail::{Header, Message};

use super::super::entry::Facts;
use super::super::text::Escaped;
use super::plural;

/// Content under way. Of one longer than 32 KiB, the start is kept.
#[derive(Debug, Default)]
pub(super) struct Content {
    kept: Vec<u8>,
    octets: u64,
}

const CONTENT_LIMIT: usize = 32 * 1024;
/// What is shown of a header; real ones have 20 to 80 lines.
const HEADER_LINES: usize = 100;
/// What is shown of a body.
const BODY_LINES: usize = 4;
/// A rest that is no longer is shown too: to tell that it is left out would save nothing.
const REST_OCTETS: usize = 80;

impl Content {
    pub(super) fn push(&mut self, octets: &[u8]) {
        let room = (CONTENT_LIMIT - self.kept.len()).min(octets.len());
        self.kept.extend_from_slice(&octets[..room]);
        self.octets += octets.len() as u64;
    }

    pub(super) fn octets(&self) -> u64 {
        self.octets
    }

    /// Whether it begins with a header field (RFC 5322 §2.2).
    pub(super) fn is_message(&self) -> bool {
        Header::new(&self.kept).fields().next().is_some_and(|field| {
            let name = field.name();
            !name.is_empty() && name.iter().all(|octet| matches!(octet, b'!'..=b'~'))
        })
    }

    /// `message, 1234 octets, Subject: Hello`; without a header `text, 12 octets`.
    pub(super) fn title(&self) -> String {
        let octets = plural(self.octets, "octet");
        if !self.is_message() {
            return format!("text, {octets}");
        }
        match Header::new(&self.kept).value("Subject") {
            Some(subject) => format!("message, {octets}, Subject: {}", Escaped(&subject)),
            None => format!("message, {octets}"),
        }
    }

    /// The header as it is, the first lines of the body, and how much is left out.
    pub(super) fn details(&self) -> Vec<String> {
        let mut details = Vec::new();
        let mut shown = 0;
        let (header, body) = if self.is_message() {
            let message = Message::parse(&self.kept);
            (message.header().octets(), message.body())
        } else {
            (&[][..], &self.kept[..])
        };
        for line in header.split_inclusive(|octet| *octet == b'\n').take(HEADER_LINES) {
            shown += line.len();
            details.push(show(line));
        }
        if shown == header.len() {
            let is_rest = |shown: usize| self.octets <= (shown + REST_OCTETS) as u64;
            for (index, line) in body.split_inclusive(|octet| *octet == b'\n').enumerate() {
                if index >= BODY_LINES && !is_rest(shown) {
                    break;
                }
                shown += line.len();
                details.push(show(line));
            }
        }
        match self.octets - shown as u64 {
            0 => {}
            left => details.push(format!("… {}", plural(left, "more octet"))),
        }
        details
    }

    /// All lines; of very long content, those at the start.
    pub(super) fn lines(&self) -> Vec<String> {
        self.kept.split_inclusive(|octet| *octet == b'\n').map(show).collect()
    }

    pub(super) fn facts(&self) -> Facts<'static> {
        let header = if self.is_message() {
            Header::new(&self.kept)
                .fields()
                .map(|field| {
                    (Escaped(field.name()).to_string(), Escaped(&field.value()).to_string())
                })
                .collect()
        } else {
            Vec::new()
        };
        Facts::Message { octets: self.octets, header }
    }
}

fn show(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    // Folding often begins with a tab, which is no control of anything here.
    match line.strip_prefix(b"\t") {
        Some(rest) => format!("    {}", Escaped(rest)),
        None => Escaped(line).to_string(),
    }
}

/// Content that ends with a dot alone on a line, dots at the start of lines doubled (RFC 5321
/// §4.5.2, RFC 1939 §3).
#[derive(Debug, Default)]
pub(super) struct Dotted {
    pub(super) content: Content,
    place: Place,
}

/// Where in a line.
#[derive(Debug, Default, Clone, Copy)]
enum Place {
    #[default]
    Start,
    AfterDot,
    AfterDotCr,
    Inside,
    AfterCr,
}

impl Dotted {
    /// Takes octets up to the end of the content from `input`, or all; true once it is complete.
    pub(super) fn push(&mut self, input: &mut &[u8]) -> bool {
        while let Some((&octet, rest)) = input.split_first() {
            *input = rest;
            self.place = match (self.place, octet) {
                (Place::Start, b'.') => Place::AfterDot,
                (Place::AfterDot, b'\r') => Place::AfterDotCr,
                (Place::AfterDotCr, b'\n') => return true,
                (place, octet) => {
                    if let Place::AfterDotCr = place {
                        self.content.push(b"\r");
                    }
                    self.content.push(&[octet]);
                    match (place, octet) {
                        (_, b'\r') => Place::AfterCr,
                        (Place::AfterCr, b'\n') => Place::Start,
                        _ => Place::Inside,
                    }
                }
            };
        }
        false
    }
}

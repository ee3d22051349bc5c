//! The content that a protocol carries: a message or other text, counted and shown in short.

use memchr::memchr;

use crate::proto::mail::{Header, Message};
use crate::proto::smtp::data::Dots;

use super::super::entry::Facts;
use super::super::text::{Escaped, plural};
use super::unit::Detail;

/// Content under way. Of one longer than 32 KiB, the start is kept.
#[derive(Debug, Default)]
pub(in super::super) struct Content {
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
    pub(super) fn push_title_to(&self, out: &mut Vec<u8>) {
        let is_message = self.is_message();
        let noun = if is_message { "message" } else { "text" };
        out.extend_from_slice(format!("{noun}, {}", plural(self.octets, "octet")).as_bytes());
        if is_message && let Some(subject) = Header::new(&self.kept).value("Subject") {
            out.extend_from_slice(b", Subject: ");
            Escaped(&subject).push_to(out);
        }
    }

    /// The header as it is, the first lines of the body, and how much is left out.
    pub(super) fn each_detail(&self, tell: &mut dyn FnMut(Detail<'_>)) {
        let mut shown = 0;
        let header_length =
            if self.is_message() { Message::parse(&self.kept).body_offset() } else { 0 };
        let (header, body) = self.kept.split_at(header_length);
        for line in lines(header).take(HEADER_LINES) {
            shown += line.len();
            tell(Detail::Content(line));
        }
        if shown == header.len() {
            let is_rest = |shown: usize| self.octets <= (shown + REST_OCTETS) as u64;
            for (index, line) in lines(body).enumerate() {
                if index >= BODY_LINES && !is_rest(shown) {
                    break;
                }
                shown += line.len();
                tell(Detail::Content(line));
            }
        }
        match self.octets - shown as u64 {
            0 => {}
            left => tell(Detail::LeftOut(left)),
        }
    }

    /// All lines; of very long content, those at the start.
    pub(super) fn each_line(&self, tell: &mut dyn FnMut(Detail<'_>)) {
        lines(&self.kept).for_each(|line| tell(Detail::Content(line)));
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

/// The lines, each with its end.
fn lines(mut octets: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let end = memchr(b'\n', octets).map_or(octets.len(), |end| end + 1);
        let (line, rest) = octets.split_at(end);
        octets = rest;
        (!line.is_empty()).then_some(line)
    })
}

/// Content that ends with a dot alone on a line, dots at the start of lines doubled (RFC 5321
/// §4.5.2, RFC 1939 §3).
#[derive(Debug, Default)]
pub(super) struct Dotted {
    pub(super) content: Content,
    dots: Dots,
}

impl Dotted {
    /// Takes octets up to the end of the content from `input`, or all; true once it is complete.
    pub(super) fn push(&mut self, input: &mut &[u8]) -> bool {
        self.dots.push(input, |piece| self.content.push(piece))
    }
}

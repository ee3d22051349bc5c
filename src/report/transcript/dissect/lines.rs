//! Lines of a stream that is cut anywhere.

use std::borrow::Cow;
use std::fmt;

use memchr::memchr;

use super::super::text::{self, Escaped};

/// Collects the next line.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// What has come of it.
    begun: Line<'static>,
}

/// A line without its end. Of one longer than 4 KiB, the start. What came in one piece is not copied.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(in super::super) struct Line<'a> {
    kept: Cow<'a, [u8]>,
    left_out: u64,
}

/// What is kept of a line; lines of SMTP end at 512 or 1000 octets.
const LINE_LIMIT: usize = 4096;

impl Lines {
    /// Takes octets up to the next LF from `input`, or all. The line, once it is complete.
    pub(super) fn next<'i>(&mut self, input: &mut &'i [u8]) -> Option<Line<'i>> {
        let end = memchr(b'\n', input);
        let (octets, rest) = input.split_at(end.map_or(input.len(), |end| end + 1));
        *input = rest;
        if end.is_none() {
            self.begun.push(octets);
            return None;
        }
        let mut line = if self.begun.is_empty() {
            Line::new(octets)
        } else {
            self.begun.push(octets);
            std::mem::take(&mut self.begun)
        };
        if line.left_out == 0 {
            let text = line.kept.strip_suffix(b"\n").unwrap_or(&line.kept);
            let length = text.strip_suffix(b"\r").unwrap_or(text).len();
            line.truncate(length);
        }
        Some(line)
    }

    /// What there is of the next line.
    pub(super) fn take(&mut self) -> Option<Line<'static>> {
        let line = std::mem::take(&mut self.begun);
        (!line.is_empty()).then_some(line)
    }
}

impl<'a> Line<'a> {
    fn new(octets: &'a [u8]) -> Self {
        let (kept, left_out) = octets.split_at(octets.len().min(LINE_LIMIT));
        Line { kept: Cow::Borrowed(kept), left_out: left_out.len() as u64 }
    }

    fn push(&mut self, octets: &[u8]) {
        let room = (LINE_LIMIT - self.kept.len()).min(octets.len());
        self.kept.to_mut().extend_from_slice(&octets[..room]);
        self.left_out += (octets.len() - room) as u64;
    }

    fn truncate(&mut self, length: usize) {
        match &mut self.kept {
            Cow::Borrowed(kept) => *kept = &kept[..length],
            Cow::Owned(kept) => kept.truncate(length),
        }
    }

    /// The same, when the octets are gone that it was read from.
    pub(super) fn into_owned(self) -> Line<'static> {
        Line { kept: Cow::Owned(self.kept.into_owned()), left_out: self.left_out }
    }

    /// The line, or the start of a long one.
    pub(super) fn octets(&self) -> &[u8] {
        &self.kept
    }

    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The words of the line, as far as white space tells them.
    pub(super) fn words(&self) -> impl Iterator<Item = &[u8]> {
        self.kept.split(|octet| *octet == b' ').filter(|word| !word.is_empty())
    }

    /// Whether word number `index` is this one, in any case.
    pub(super) fn word_is(&self, index: usize, word: &str) -> bool {
        self.words().nth(index).is_some_and(|other| other.eq_ignore_ascii_case(word.as_bytes()))
    }

    /// Writes it, escaped.
    pub(super) fn push_to(&self, out: &mut Vec<u8>) {
        Escaped(&self.kept).push_to(out);
        if self.left_out > 0 {
            let words = format!("… {}", text::plural(self.left_out, "more octet"));
            out.extend_from_slice(words.as_bytes());
        }
    }
}

/// Escaped.
impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::string(|out| self.push_to(out)))
    }
}

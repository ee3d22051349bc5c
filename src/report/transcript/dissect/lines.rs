//! Lines of a stream that is cut anywhere.

use std::fmt;

use memchr::memchr;

use super::super::text::Escaped;
use super::plural;

/// Collects the next line.
#[derive(Debug, Default)]
pub(super) struct Lines {
    line: Line,
}

/// A line without its end. Of one longer than 4 KiB, the start.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    kept: Vec<u8>,
    left_out: u64,
}

/// What is kept of a line; lines of SMTP end at 512 or 1000 octets.
const LINE_LIMIT: usize = 4096;

impl Lines {
    /// Takes octets up to the next LF from `input`, or all. The line, once it is complete.
    pub(super) fn next(&mut self, input: &mut &[u8]) -> Option<Line> {
        let end = memchr(b'\n', input);
        let (line, rest) = input.split_at(end.map_or(input.len(), |end| end + 1));
        self.line.push(line);
        *input = rest;
        end?;
        let mut line = std::mem::take(&mut self.line);
        if line.left_out == 0 {
            line.kept.pop();
            if line.kept.last() == Some(&b'\r') {
                line.kept.pop();
            }
        }
        Some(line)
    }

    /// What there is of the next line.
    pub(super) fn take(&mut self) -> Option<Line> {
        let line = std::mem::take(&mut self.line);
        (!line.kept.is_empty()).then_some(line)
    }
}

impl Line {
    fn push(&mut self, octets: &[u8]) {
        let room = (LINE_LIMIT - self.kept.len()).min(octets.len());
        self.kept.extend_from_slice(&octets[..room]);
        self.left_out += (octets.len() - room) as u64;
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
}

/// Escaped.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Escaped(&self.kept))?;
        if self.left_out > 0 {
            write!(f, "… {}", plural(self.left_out, "more octet"))?;
        }
        Ok(())
    }
}

//! Lines out of a stream of octets, of bounded length.

use memchr::memchr;

/// Cuts a stream into lines. A CR before the LF is no part of a line.
#[derive(Debug, Default)]
pub(super) struct LineReader {
    pending: Vec<u8>,
    /// Where in `pending` the next line starts.
    start: usize,
    /// Where the tail of an overlong line is being passed over.
    skipping: bool,
}

/// What [`LineReader::next`] found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// A line without its line end.
    Text(&'a [u8]),
    /// A line longer than the limit; its octets are gone.
    TooLong,
}

impl LineReader {
    pub(super) fn new() -> LineReader {
        LineReader::default()
    }

    /// Takes the next octets of the stream.
    pub(super) fn feed(&mut self, octets: &[u8]) {
        if self.start == self.pending.len() {
            self.pending.clear();
        } else {
            self.pending.drain(..self.start);
        }
        self.start = 0;
        self.pending.extend_from_slice(octets);
    }

    /// How many octets wait to be read.
    pub(super) fn waiting(&self) -> usize {
        self.pending.len() - self.start
    }

    /// Throws away what waits to be read.
    pub(super) fn clear(&mut self) {
        *self = LineReader::new();
    }

    /// The octets that wait to be read.
    pub(super) fn peek(&self) -> &[u8] {
        &self.pending[self.start..]
    }

    /// The next whole line, if it is there. `limit` says how long it can be, without its line end.
    pub(super) fn next(&mut self, limit: usize) -> Option<Line<'_>> {
        let rest = &self.pending[self.start..];
        let Some(length) = memchr(b'\n', rest) else {
            if rest.len() > limit + 1 {
                self.skipping = true;
            }
            if self.skipping {
                self.pending.clear();
                self.start = 0;
            }
            return None;
        };
        let from = self.start;
        self.start += length + 1;
        let line = &self.pending[from..from + length];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if std::mem::take(&mut self.skipping) || line.len() > limit {
            return Some(Line::TooLong);
        }
        Some(Line::Text(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(stream: &[u8], cut: usize) -> Vec<Option<Vec<u8>>> {
        let mut reader = LineReader::new();
        let mut lines = Vec::new();
        for piece in stream.chunks(cut) {
            reader.feed(piece);
            while let Some(line) = reader.next(5) {
                lines.push(match line {
                    Line::Text(text) => Some(text.to_vec()),
                    Line::TooLong => None,
                });
            }
            assert!(reader.waiting() <= 6);
        }
        lines
    }

    #[test]
    fn lines_are_the_same_for_every_cut() {
        let stream = b"one\r\ntwo\n\r\n12345\r\n123456\r\n1234567890\r\nend\r\nleft";
        let whole = lines(stream, stream.len());
        let texts: Vec<_> = whole.iter().map(Option::as_deref).collect();
        let some = |text: &'static str| Some(text.as_bytes());
        assert_eq!(
            texts,
            [some("one"), some("two"), some(""), some("12345"), None, None, some("end")]
        );
        for cut in 1..stream.len() {
            assert_eq!(lines(stream, cut), whole, "cut every {cut}");
        }
    }
}

//! Command lines out of a stream of octets (RFC 5321 §2.3.8, §4.5.3.1.4).
//!
//! CRLF alone ends a line; a bare CR or LF is part of it, and the command parser refuses it there.

/// Finds lines of bounded length. Holds no octets itself: what it does not use, its caller keeps.
#[derive(Debug, Default)]
pub(crate) struct LineSplitter {
    /// Within a line that has been found too long, whose rest is dropped.
    dropping: bool,
}

/// What stands at the front of the input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Split<'a> {
    /// A line without its CRLF; `used` counts the CRLF as well.
    Line { line: &'a [u8], used: usize },
    /// The end of a line that was too long. Told once a line.
    TooLong { used: usize },
    /// No end of line yet. The first `used` octets are of no interest any more.
    More { used: usize },
}

impl LineSplitter {
    /// Looks for one line of at most `limit` octets, CRLF included, at the front of `input`.
    pub(crate) fn split<'a>(&mut self, input: &'a [u8], limit: usize) -> Split<'a> {
        match line_end(input) {
            Some(end) if self.dropping || end + 2 > limit => {
                self.dropping = false;
                Split::TooLong { used: end + 2 }
            }
            Some(end) => Split::Line { line: &input[..end], used: end + 2 },
            None => {
                // A CR at the end may be half of a CRLF, and may make a line of just the limit.
                let kept = usize::from(input.last() == Some(&b'\r'));
                if self.dropping || input.len() - kept > limit - 2 {
                    self.dropping = true;
                    return Split::More { used: input.len() - kept };
                }
                Split::More { used: 0 }
            }
        }
    }
}

/// Where the first CRLF is. Lines are too short for what a searcher for two octets has to set up.
fn line_end(input: &[u8]) -> Option<usize> {
    let mut ends = memchr::memchr_iter(b'\n', input);
    ends.find(|at| *at > 0 && input[at - 1] == b'\r').map(|at| at - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of `input`, `None` for one too long, fed in pieces of `cut` octets.
    fn lines(input: &[u8], cut: usize, limit: usize) -> Vec<Option<Vec<u8>>> {
        let mut splitter = LineSplitter::default();
        let mut held = Vec::new();
        let mut found = Vec::new();
        for piece in input.chunks(cut) {
            held.extend_from_slice(piece);
            loop {
                let (line, used) = match splitter.split(&held, limit) {
                    Split::Line { line, used } => (Some(Some(line.to_vec())), used),
                    Split::TooLong { used } => (Some(None), used),
                    Split::More { used } => (None, used),
                };
                held.drain(..used);
                match line {
                    Some(line) => found.push(line),
                    None => break,
                }
            }
            assert!(held.len() <= limit, "holds {} octets", held.len());
        }
        found
    }

    #[test]
    fn lines_are_the_same_for_every_cut() {
        let input = b"NOOP\r\n\r\nbare\nand\rmore\r\n0123456789\r\n0123456789A\r\n\r\r\nlast\r\n";
        let expected: Vec<Option<Vec<u8>>> = [
            Some(&b"NOOP"[..]),
            Some(b""),
            None,
            Some(b"0123456789"),
            None,
            Some(b"\r"),
            Some(b"last"),
        ]
        .into_iter()
        .map(|line| line.map(<[u8]>::to_vec))
        .collect();
        for cut in 1..=input.len() {
            assert_eq!(lines(input, cut, 12), expected, "cut every {cut} octets");
        }
    }
}

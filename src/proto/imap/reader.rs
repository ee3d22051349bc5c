//! Cuts a stream into whole commands or responses, with their literals in place.
//!
//! RFC 3501 §4.3 and §7.5, RFC 7888 (non-synchronizing literals). A line that ends in `{n}` goes on
//! after `n` octets; a synchronizing literal of a client waits for the server's leave.

use bytes::{Bytes, BytesMut};
use memchr::memchr;

/// How much a peer may send for one command or response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Lines together, without literals.
    pub(crate) line_octets: usize,
    /// One literal.
    pub(crate) literal_octets: usize,
    /// Literals together.
    pub(crate) literals_octets: usize,
}

/// Cuts a stream at the ends of commands.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    /// The command so far.
    text: BytesMut,
    /// How many octets of `text` are in literals.
    literal_octets: usize,
    /// Where in `text` its last line starts.
    line_start: usize,
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Line,
    /// So many octets of a literal are missing.
    Literal { missing: usize },
    /// The command is refused; what is left of it is passed over: the literal, and then its line.
    PassLiteral { missing: u64 },
    /// `end` are the last octets of the line, for the literal that they may announce.
    PassLine { end: Vec<u8> },
}

/// What [`Reader::read`] found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// All input is read; more is needed.
    More,
    /// The peer waits for leave to send a synchronizing literal.
    Waits,
    /// A whole command or response, with its last line end.
    Whole(Bytes),
    /// A command is beyond the limits. `start` is the beginning of it, for the tag.
    TooLarge {
        /// Its first line, or what was kept of it.
        start: Bytes,
    },
}

impl Reader {
    /// Reads on in `input`, and takes what was read off it.
    pub(crate) fn read(&mut self, input: &mut &[u8], limits: Limits) -> Step {
        loop {
            match &mut self.state {
                State::Line => {
                    let Some(line) = take_line(input) else {
                        self.text.extend_from_slice(input);
                        *input = b"";
                        if self.line_octets() > limits.line_octets {
                            let end = self.text.len() - self.text.len().min(KEPT_OCTETS);
                            self.state = State::PassLine { end: self.text[end..].to_vec() };
                        }
                        return Step::More;
                    };
                    self.text.extend_from_slice(line);
                    let literal = announced_literal(&self.text[self.line_start..]);
                    let large = self.line_octets() > limits.line_octets + 2;
                    match literal {
                        None if large => return self.too_large(),
                        None => return self.whole(),
                        Some(Literal { octets, waits }) => {
                            let room = limits.literals_octets.saturating_sub(self.literal_octets);
                            let room = room.min(limits.literal_octets);
                            let missing = usize::try_from(octets).unwrap_or(usize::MAX);
                            if (large || missing > room) && waits {
                                return self.too_large();
                            }
                            if large || missing > room {
                                self.state = State::PassLiteral { missing: octets };
                                continue;
                            }
                            self.literal_octets += missing;
                            // With room for the end of the line, or a large literal would move.
                            self.text.reserve(missing.min(RESERVED_OCTETS) + KEPT_OCTETS);
                            self.state = State::Literal { missing };
                            if waits {
                                return Step::Waits;
                            }
                        }
                    }
                }
                State::Literal { missing } => {
                    let taken = (*missing).min(input.len());
                    self.text.extend_from_slice(&input[..taken]);
                    *input = &input[taken..];
                    *missing -= taken;
                    if *missing > 0 {
                        return Step::More;
                    }
                    self.line_start = self.text.len();
                    self.state = State::Line;
                }
                State::PassLiteral { missing } => {
                    let taken = usize::try_from(*missing).unwrap_or(usize::MAX).min(input.len());
                    *input = &input[taken..];
                    *missing -= taken as u64;
                    if *missing > 0 {
                        return Step::More;
                    }
                    self.state = State::PassLine { end: Vec::new() };
                }
                State::PassLine { end } => {
                    let line = take_line(input);
                    let whole = line.is_some();
                    let octets = line.unwrap_or_else(|| std::mem::take(input));
                    end.extend_from_slice(&octets[octets.len().saturating_sub(KEPT_OCTETS)..]);
                    end.drain(..end.len().saturating_sub(KEPT_OCTETS));
                    if !whole {
                        return Step::More;
                    }
                    match announced_literal(end) {
                        Some(Literal { octets, waits: false }) => {
                            self.state = State::PassLiteral { missing: octets };
                        }
                        _ => return self.too_large(),
                    }
                }
            }
        }
    }

    /// Reads one line in which `{n}` means nothing: a SASL response, or DONE.
    pub(crate) fn read_plain_line(&mut self, input: &mut &[u8], limits: Limits) -> Step {
        let line = take_line(input);
        let whole = line.is_some();
        let octets = line.unwrap_or_else(|| std::mem::take(input));
        let room = (limits.line_octets + 3).saturating_sub(self.text.len());
        self.text.extend_from_slice(&octets[..octets.len().min(room)]);
        match whole {
            false => Step::More,
            true if self.text.len() > limits.line_octets + 2 => self.too_large(),
            true => self.whole(),
        }
    }

    fn line_octets(&self) -> usize {
        self.text.len() - self.literal_octets
    }

    fn whole(&mut self) -> Step {
        let text = self.text.split().freeze();
        self.reset();
        Step::Whole(text)
    }

    fn too_large(&mut self) -> Step {
        let start = Bytes::copy_from_slice(&self.text[..self.text.len().min(KEPT_OCTETS)]);
        self.text.clear();
        self.reset();
        Step::TooLarge { start }
    }

    fn reset(&mut self) {
        if self.text.capacity() > IDLE_OCTETS {
            self.text = BytesMut::new();
        }
        self.literal_octets = 0;
        self.line_start = 0;
        self.state = State::Line;
    }
}

/// The next line with its LF, off the input.
fn take_line<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = memchr(b'\n', input)? + 1;
    let (line, rest) = input.split_at(length);
    *input = rest;
    Some(line)
}

struct Literal {
    octets: u64,
    /// Whether it is synchronizing.
    waits: bool,
}

/// The literal that the end of a line announces: `{n}` or `{n+}` before the line end.
fn announced_literal(line: &[u8]) -> Option<Literal> {
    let line = line.strip_suffix(b"\n")?;
    let line = line.strip_suffix(b"\r").unwrap_or(line).strip_suffix(b"}")?;
    let (line, waits) = match line.strip_suffix(b"+") {
        Some(line) => (line, false),
        None => (line, true),
    };
    let digits = line.iter().rev().take_while(|octet| octet.is_ascii_digit()).count();
    let (before, digits) = line.split_at(line.len() - digits);
    // More than 63 bits are no number of IMAP; the parser says so.
    let octets: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let is_number = octets <= i64::MAX as u64;
    (is_number && before.ends_with(b"{")).then_some(Literal { octets, waits })
}

/// How much of a refused command is kept, for its tag and a literal at the end of a line.
const KEPT_OCTETS: usize = 256;

/// A peer that announces much gets memory for no more than this before it sends.
const RESERVED_OCTETS: usize = 256 * 1024;

/// A session that waits for a command holds on to no larger buffer.
const IDLE_OCTETS: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: Limits = Limits { line_octets: 40, literal_octets: 20, literals_octets: 20 };

    fn steps(stream: &[u8], cut: usize) -> Vec<Step> {
        let mut reader = Reader::default();
        let mut steps = Vec::new();
        for mut piece in stream.chunks(cut.max(1)) {
            loop {
                match reader.read(&mut piece, LIMITS) {
                    Step::More => break,
                    step => steps.push(step),
                }
            }
            assert!(reader.text.len() <= 64 + piece.len() + cut);
        }
        steps
    }

    fn check(stream: &str, wanted: &[Step]) {
        for cut in 1..=stream.len() {
            assert_eq!(steps(stream.as_bytes(), cut), wanted, "cut every {cut}");
        }
    }

    fn whole(text: &'static str) -> Step {
        Step::Whole(Bytes::from_static(text.as_bytes()))
    }

    fn too_large(start: &'static str) -> Step {
        Step::TooLarge { start: Bytes::from_static(start.as_bytes()) }
    }

    #[test]
    fn lines_and_literals_are_the_same_for_every_cut() {
        check("a NOOP\r\nb NOOP\n", &[whole("a NOOP\r\n"), whole("b NOOP\n")]);
        check(
            "a LOGIN {2}\r\n\r\n {3+}\r\nb}\n\r\nc",
            &[Step::Waits, whole("a LOGIN {2}\r\n\r\n {3+}\r\nb}\n\r\n")],
        );
        check("a X {0}\r\n\r\n", &[Step::Waits, whole("a X {0}\r\n\r\n")]);
    }

    #[test]
    fn a_literal_beyond_the_limit_is_refused_or_passed_over() {
        check("a X {21}\r\nb NOOP\r\n", &[too_large("a X {21}\r\n"), whole("b NOOP\r\n")]);
        check(
            "a X {21+}\r\n123456789012345678901 {2+}\r\n\r\n\r\nb NOOP\r\n",
            &[too_large("a X {21+}\r\n"), whole("b NOOP\r\n")],
        );
        check(
            "a {15+}\r\n123456789012345 {6}\r\nb\r\n",
            &[too_large("a {15+}\r\n123456789012345 {6}\r\n"), whole("b\r\n")],
        );
    }

    #[test]
    fn a_line_beyond_the_limit_is_passed_over() {
        let stream = format!("a {}\r\nb NOOP\r\n", "x".repeat(400));
        for cut in [1, 7, 1000] {
            let steps = steps(stream.as_bytes(), cut);
            assert!(matches!(&steps[0], Step::TooLarge { start } if start.starts_with(b"a x")));
            assert_eq!(steps[1..], [whole("b NOOP\r\n")]);
        }
    }

    proptest! {
        #[test]
        fn arbitrary_octets_end_in_the_same_steps(
            stream in "([a-c ]|\\{[0-9]{1,3}\\+?\\}\r\n|\r\n){0,40}", cut in 1usize..20,
        ) {
            let kinds = |steps: Vec<Step>| -> Vec<_> {
                steps.iter().map(std::mem::discriminant).collect()
            };
            let whole = kinds(steps(stream.as_bytes(), stream.len()));
            prop_assert_eq!(kinds(steps(stream.as_bytes(), cut)), whole);
        }
    }
}

//! A window on the results of a command (RFC 5267 §4.4, RFC 9394).

use std::fmt;
use std::ops::Range;

use super::parse::{Parsed, Parser, SyntaxError};

/// A `partial-range`: places of results, counted from 1, from the first or back from the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partial {
    first: u32,
    last: u32,
    from_end: bool,
}

impl Partial {
    /// Reads `1:100` or `-1:-100`.
    pub(crate) fn parse(parser: &mut Parser<'_>) -> Parsed<Partial> {
        let from_end = parser.eat(b'-');
        let one = parser.nz_number()?;
        parser.expect(b':', "a colon")?;
        if parser.eat(b'-') != from_end {
            return Err(SyntaxError("two places of one sign"));
        }
        let other = parser.nz_number()?;
        Ok(Partial { first: one.min(other), last: one.max(other), from_end })
    }

    /// Which of `count` results are in the window, by their places from 0.
    pub fn of(self, count: usize) -> Range<usize> {
        let first = (self.first as usize - 1).min(count);
        let last = (self.last as usize).min(count);
        if self.from_end { count - last..count - first } else { first..last }
    }
}

impl fmt::Display for Partial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.from_end { "-" } else { "" };
        write!(f, "{sign}{}:{sign}{}", self.first, self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Parsed<Partial> {
        Partial::parse(&mut Parser::new(text.as_bytes()))
    }

    #[test]
    fn windows_from_both_ends() {
        for (text, count, wanted) in [
            ("1:2", 5, 0..2),
            ("4:9", 5, 3..5),
            ("7:6", 5, 5..5),
            ("-1:-2", 5, 3..5),
            ("-4:-9", 5, 0..2),
            ("-6:-7", 5, 0..0),
            ("1:4294967295", 0, 0..0),
        ] {
            assert_eq!(parse(text).unwrap().of(count), wanted, "{text}");
        }
        assert_eq!(parse("-5:-3").unwrap().to_string(), "-3:-5");
    }

    #[test]
    fn what_is_no_window() {
        for text in ["", "0:1", "1", "1:-2", "-1:2", "-0:-1", "1:*"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}

//! The lexical rules that commands and responses have in common (RFC 3501 §4, §9).
//!
//! The text to be parsed is one whole command or response, with its literals in place, as
//! the reader cuts it out of a stream.

use std::borrow::Cow;
use std::fmt;

use memchr::memchr3;

use super::number::ModSeq;

/// The text breaks the syntax; what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyntaxError(pub &'static str);

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}", self.0)
    }
}

impl std::error::Error for SyntaxError {}

pub(crate) type Parsed<T> = Result<T, SyntaxError>;

/// Reads a text from its start. A method that fails leaves the place where it failed.
#[derive(Debug, Clone)]
pub struct Parser<'a> {
    rest: &'a [u8],
}

impl<'a> Parser<'a> {
    /// A parser at the start of `text`.
    pub fn new(text: &'a [u8]) -> Parser<'a> {
        Parser { rest: text }
    }

    /// What is not yet read.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next octet, which stays.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Takes the octet if it is the next.
    pub(crate) fn eat(&mut self, octet: u8) -> bool {
        let found = self.peek() == Some(octet);
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    /// Takes the octet, which `what` describes.
    pub(crate) fn expect(&mut self, octet: u8, what: &'static str) -> Parsed<()> {
        if self.eat(octet) { Ok(()) } else { Err(SyntaxError(what)) }
    }

    /// Takes one space.
    pub(crate) fn space(&mut self) -> Parsed<()> {
        self.expect(b' ', "a space")
    }

    /// Takes the word if it is next, in any case.
    pub(crate) fn eat_word(&mut self, word: &str) -> bool {
        match self.rest.get(..word.len()) {
            Some(start) if start.eq_ignore_ascii_case(word.as_bytes()) => {
                self.rest = &self.rest[word.len()..];
                true
            }
            _ => false,
        }
    }

    /// Takes the line end, after which nothing may come.
    pub(crate) fn end(&mut self) -> Parsed<()> {
        match self.rest {
            b"" | b"\n" | b"\r\n" => {
                self.rest = b"";
                Ok(())
            }
            _ => Err(SyntaxError("the end of the line")),
        }
    }

    /// Takes octets as long as `belongs` holds; at least one.
    pub(crate) fn take_while(
        &mut self,
        belongs: impl Fn(u8) -> bool,
        what: &'static str,
    ) -> Parsed<&'a str> {
        let length = self.rest.iter().position(|octet| !belongs(*octet)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(length);
        match std::str::from_utf8(taken) {
            Ok(taken) if !taken.is_empty() => {
                self.rest = rest;
                Ok(taken)
            }
            _ => Err(SyntaxError(what)),
        }
    }

    /// An `atom`.
    pub(crate) fn atom(&mut self) -> Parsed<&'a str> {
        self.take_while(is_atom_char, "an atom")
    }

    /// A `number`, of 32 bits.
    pub(crate) fn number(&mut self) -> Parsed<u32> {
        let digits = self.take_while(|octet| octet.is_ascii_digit(), "a number")?;
        digits.parse().map_err(|_| SyntaxError("a number below 4294967296"))
    }

    /// A `number64`, of 63 bits (RFC 9051 §9).
    pub(crate) fn number64(&mut self) -> Parsed<u64> {
        let digits = self.take_while(|octet| octet.is_ascii_digit(), "a number")?;
        let number = digits.parse().ok().filter(|number| *number <= i64::MAX as u64);
        number.ok_or(SyntaxError("a number of 63 bits"))
    }

    /// An `nz-number`.
    pub(crate) fn nz_number(&mut self) -> Parsed<u32> {
        match self.number()? {
            0 => Err(SyntaxError("a number above 0")),
            number => Ok(number),
        }
    }

    /// A `mod-sequence-valzer` (RFC 7162 §7): 0 to 63 bits.
    pub(crate) fn mod_sequence(&mut self) -> Parsed<ModSeq> {
        let digits = self.take_while(|octet| octet.is_ascii_digit(), "a mod-sequence")?;
        let number = digits.parse().ok().filter(|number| *number <= i64::MAX as u64);
        number.map(ModSeq).ok_or(SyntaxError("a mod-sequence of 63 bits"))
    }

    /// An `astring`: an atom, in which `]` may stand too, or a string.
    pub(crate) fn astring(&mut self) -> Parsed<Cow<'a, [u8]>> {
        match self.peek() {
            Some(b'"' | b'{') => self.string(),
            _ => {
                let atom = self.take_while(is_astring_char, "an atom or a string")?;
                Ok(Cow::Borrowed(atom.as_bytes()))
            }
        }
    }

    /// A `string`: quoted or literal.
    pub(crate) fn string(&mut self) -> Parsed<Cow<'a, [u8]>> {
        match self.peek() {
            Some(b'"') => self.quoted(),
            Some(b'{') => self.literal().map(Cow::Borrowed),
            _ => Err(SyntaxError("a string")),
        }
    }

    /// An `nstring`: a string, or `NIL`.
    pub(crate) fn nstring(&mut self) -> Parsed<Option<Cow<'a, [u8]>>> {
        if self.eat_word("NIL") { Ok(None) } else { self.string().map(Some) }
    }

    /// A `quoted` string. Octets above 0x7F are taken as they are: RFC 3501 does not allow them,
    /// clients send them, and what they are used for checks them.
    pub(crate) fn quoted(&mut self) -> Parsed<Cow<'a, [u8]>> {
        self.expect(b'"', "a quoted string")?;
        let mut unescaped: Option<Vec<u8>> = None;
        loop {
            let length = self
                .rest
                .iter()
                .position(|octet| matches!(octet, b'"' | b'\\' | b'\r' | b'\n' | 0))
                .ok_or(SyntaxError("a closing quote"))?;
            let (piece, rest) = self.rest.split_at(length);
            match (rest[0], rest.get(1)) {
                (b'"', _) => {
                    self.rest = &rest[1..];
                    return Ok(match unescaped {
                        None => Cow::Borrowed(piece),
                        Some(mut text) => {
                            text.extend_from_slice(piece);
                            Cow::Owned(text)
                        }
                    });
                }
                (b'\\', Some(escaped @ (b'"' | b'\\'))) => {
                    let text = unescaped.get_or_insert_default();
                    text.extend_from_slice(piece);
                    text.push(*escaped);
                    self.rest = &rest[2..];
                }
                _ => return Err(SyntaxError("a quoted string without CR, LF and stray \\")),
            }
        }
    }

    /// A `literal`, synchronizing or not (RFC 7888).
    pub(crate) fn literal(&mut self) -> Parsed<&'a [u8]> {
        self.expect(b'{', "a literal")?;
        let length = usize::try_from(self.number64()?).unwrap_or(usize::MAX);
        self.eat(b'+');
        self.expect(b'}', "a closing brace")?;
        self.eat(b'\r');
        self.expect(b'\n', "a line end before the literal")?;
        if self.rest.len() < length {
            return Err(SyntaxError("a whole literal"));
        }
        let (literal, rest) = self.rest.split_at(length);
        self.rest = rest;
        Ok(literal)
    }

    /// A `literal8` (RFC 3516 §7): a literal behind `~`, in which NUL may stand.
    pub(crate) fn literal8(&mut self) -> Parsed<&'a [u8]> {
        self.expect(b'~', "a literal8")?;
        self.literal()
    }

    /// Takes `(`, items between single spaces, `)`. `empty` says whether there may be none.
    pub(crate) fn list<T>(
        &mut self,
        empty: bool,
        mut item: impl FnMut(&mut Self) -> Parsed<T>,
    ) -> Parsed<Vec<T>> {
        self.expect(b'(', "an opening parenthesis")?;
        let mut items = Vec::new();
        if empty && self.eat(b')') {
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            if self.eat(b')') {
                return Ok(items);
            }
            self.space()?;
        }
    }

    /// Skips text up to the line end.
    pub(crate) fn text(&mut self) -> &'a [u8] {
        let end = memchr3(b'\r', b'\n', 0, self.rest).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        text
    }
}

/// `ATOM-CHAR` (RFC 3501 §9).
pub(crate) fn is_atom_char(octet: u8) -> bool {
    octet > b' '
        && octet < 0x7f
        && !matches!(octet, b'(' | b')' | b'{' | b'%' | b'*' | b'"' | b'\\' | b']')
}

/// `ASTRING-CHAR` (RFC 3501 §9).
pub(crate) fn is_astring_char(octet: u8) -> bool {
    is_atom_char(octet) || octet == b']'
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn string(text: &str) -> Parsed<String> {
        let mut parser = Parser::new(text.as_bytes());
        let string = parser.astring()?;
        parser.end()?;
        Ok(String::from_utf8(string.into_owned()).unwrap())
    }

    #[test]
    fn strings_in_their_three_forms() {
        assert_eq!(string("atom]\r\n").unwrap(), "atom]");
        assert_eq!(string("\"a \\\"b\\\\ c\"\r\n").unwrap(), "a \"b\\ c");
        assert_eq!(string("{3}\r\na\r\n\r\n").unwrap(), "a\r\n");
        assert_eq!(string("{0+}\r\n").unwrap(), "");
        assert_eq!(string("\"\"").unwrap(), "");
    }

    #[test]
    fn broken_strings_say_what_was_expected() {
        for (text, expected) in [
            ("\"open\r\n", "a quoted string without CR, LF and stray \\"),
            ("\"open", "a closing quote"),
            ("\"a\\b\"", "a quoted string without CR, LF and stray \\"),
            ("{4}\r\nab", "a whole literal"),
            ("{99999999999}\r\n", "a whole literal"),
            ("{99999999999999999999}\r\n", "a number of 63 bits"),
            ("a b", "the end of the line"),
            ("(", "an atom or a string"),
        ] {
            assert_eq!(string(text), Err(SyntaxError(expected)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_octets_do_not_panic(octets: Vec<u8>) {
            let _ = Parser::new(&octets).astring();
            let _ = Parser::new(&octets).nstring();
            let _ = Parser::new(&octets).list(true, |parser| parser.string().map(drop));
        }
    }
}

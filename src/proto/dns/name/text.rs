//! The text form of names, and why octets or text are none (RFC 1035 §5.1).

use std::fmt;
use std::str::FromStr;

use super::{MAX_LABEL_OCTETS, MAX_NAME_OCTETS, Name, SHORT_OCTETS, Wire};

/// Labels on their way to a name.
pub(super) struct Builder {
    octets: [u8; MAX_NAME_OCTETS],
    len: usize,
}

impl Default for Builder {
    fn default() -> Self {
        Builder { octets: [0; MAX_NAME_OCTETS], len: 0 }
    }
}

impl Builder {
    pub(super) fn push(&mut self, label: &[u8]) -> Result<(), NameError> {
        if label.is_empty() {
            return Err(NameError::EmptyLabel);
        }
        if label.len() > MAX_LABEL_OCTETS {
            return Err(NameError::LabelTooLong { octets: label.len() });
        }
        let end = self.len + 1 + label.len();
        if end >= MAX_NAME_OCTETS {
            return Err(NameError::NameTooLong { octets: end + 1 });
        }
        self.octets[self.len] = label.len() as u8;
        self.octets[self.len + 1..end].copy_from_slice(label);
        self.len = end;
        Ok(())
    }

    /// Pushes the labels of `text`; whether it ended in a dot.
    pub(super) fn push_text(&mut self, text: &str) -> Result<bool, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        let mut octets = text.as_bytes();
        if !octets.contains(&b'\\') {
            let relative = text.strip_suffix('.');
            relative
                .unwrap_or(text)
                .split('.')
                .try_for_each(|label| self.push(label.as_bytes()))?;
            return Ok(relative.is_some());
        }
        let mut label = Vec::with_capacity(MAX_LABEL_OCTETS);
        while let Some((&octet, rest)) = octets.split_first() {
            octets = rest;
            match octet {
                b'.' => {
                    self.push(&label)?;
                    label.clear();
                    if octets.is_empty() {
                        return Ok(true);
                    }
                }
                b'\\' => {
                    let (octet, rest) = unescape(octets).ok_or(NameError::BadEscape)?;
                    label.push(octet);
                    octets = rest;
                }
                octet => label.push(octet),
            }
        }
        self.push(&label)?;
        Ok(false)
    }

    pub(super) fn finish(self, origin: &Name) -> Result<Name, NameError> {
        let origin = origin.as_wire();
        let octets = self.len + origin.len();
        if octets > MAX_NAME_OCTETS {
            return Err(NameError::NameTooLong { octets });
        }
        let mut wire = self.octets;
        wire[self.len..octets].copy_from_slice(origin);
        Ok(Name(Wire::new(&wire[..octets])))
    }
}

/// Reads a short absolute name of plain octets, as most are, straight into its place; `None`: it is
/// another one, or none.
pub(super) fn read_short(text: &str) -> Option<Name> {
    let mut octets = [0; SHORT_OCTETS];
    // With a length octet before it and the root's behind it.
    if text.len() + 2 > octets.len() {
        return None;
    }
    let mut start = 0;
    for (at, octet) in text.bytes().enumerate() {
        match octet {
            b'\\' | b'@' => return None,
            b'.' => {
                octets[start] = label_length(at - start)?;
                start = at + 1;
            }
            octet => octets[at + 1] = octet,
        }
    }
    let mut len = text.len();
    if start < text.len() {
        octets[start] = label_length(text.len() - start)?;
        len += 1;
    }
    // Only the root's own text ends before its first label.
    (len > 1).then(|| Name(Wire::Short { len: len as u8 + 1, octets }))
}

fn label_length(octets: usize) -> Option<u8> {
    (1..=MAX_LABEL_OCTETS).contains(&octets).then_some(octets as u8)
}

/// Reads what follows a backslash: three digits of an octet, or the octet itself. Gives the octet
/// and what follows (RFC 1035 §5.1).
pub(in super::super) fn unescape(octets: &[u8]) -> Option<(u8, &[u8])> {
    match octets {
        [a, b, c, rest @ ..] if a.is_ascii_digit() && b.is_ascii_digit() && c.is_ascii_digit() => {
            let value = u32::from(a - b'0') * 100 + u32::from(b - b'0') * 10 + u32::from(c - b'0');
            Some((u8::try_from(value).ok()?, rest))
        }
        [digit, ..] if digit.is_ascii_digit() => None,
        [octet, rest @ ..] => Some((*octet, rest)),
        [] => None,
    }
}

/// Why octets or text are no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameError {
    /// No text at all.
    Empty,
    /// Two dots in a row, or one at the start.
    EmptyLabel,
    /// A label of more than 63 octets.
    LabelTooLong {
        /// How long it is.
        octets: usize,
    },
    /// More than 255 octets on the wire.
    NameTooLong {
        /// How long it would be at least.
        octets: usize,
    },
    /// A backslash at the end, before one or two digits, or before a number above 255.
    BadEscape,
    /// Octets that are not labels ending in the root's.
    NotWireForm,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NameError::Empty => write!(f, "an empty name (the root is written \".\")"),
            NameError::EmptyLabel => write!(f, "an empty label (two dots, or one at the start)"),
            NameError::LabelTooLong { octets } => {
                write!(f, "a label of {octets} octets (at most {MAX_LABEL_OCTETS})")
            }
            NameError::NameTooLong { octets } => {
                write!(f, "a name of {octets} octets on the wire (at most {MAX_NAME_OCTETS})")
            }
            NameError::BadEscape => {
                write!(f, "a bad escape (\\ is followed by \\DDD up to 255, or by one character)")
            }
            NameError::NotWireForm => write!(f, "octets that are no name in wire form"),
        }
    }
}

impl std::error::Error for NameError {}

/// Absolute with or without its final dot.
impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if let Some(name) = read_short(text) {
            return Ok(name);
        }
        if text == "@" { "\\@".parse() } else { Name::parse_relative(text, &Name::root()) }
    }
}

/// With the final dot.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_root() {
            return f.write_str(".");
        }
        write!(f, "{}.", self.without_dot())
    }
}

/// Whether an octet stands for itself in every text.
fn is_plain(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_')
}

/// See [`Name::without_dot`].
#[derive(Debug, Clone, Copy)]
pub struct WithoutDot<'a>(pub(super) &'a Name);

impl fmt::Display for WithoutDot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_root() {
            return f.write_str(".");
        }
        let wire = self.0.as_wire();
        // Nearly every name: its labels as they are, which are written in one piece.
        let mut text = [0; MAX_NAME_OCTETS];
        let mut at = 0;
        let mut plain = true;
        while let Some((&octets, rest)) = wire[at..].split_first()
            && octets > 0
        {
            let end = at + 1 + usize::from(octets);
            text[at] = b'.';
            text[at + 1..end].copy_from_slice(&rest[..usize::from(octets)]);
            plain &= text[at + 1..end].iter().all(|octet| is_plain(*octet));
            at = end;
        }
        if let (true, Ok(text)) = (plain, std::str::from_utf8(&text[1..at])) {
            return f.write_str(text);
        }
        for (index, label) in self.0.labels().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            for &octet in label {
                match octet {
                    b'.' | b'\\' | b'"' | b'(' | b')' | b';' | b'@' | b'$' => {
                        write!(f, "\\{}", char::from(octet))?;
                    }
                    b'!'..=b'~' => write!(f, "{}", char::from(octet))?,
                    _ => write!(f, "\\{octet:03}")?,
                }
            }
        }
        Ok(())
    }
}

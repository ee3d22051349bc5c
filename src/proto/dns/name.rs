//! Domain names: absolute, in wire form, their case kept and never compared.
//!
//! Follows RFC 1035 §2.3, §3.1 and §5.1 (text form), RFC 4343 (case), RFC 4034 §6.1 (order).
//!
//! Not modelled: internationalised names; octets above 127 are kept as they are.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use bytes::Bytes;

/// An absolute domain name.
///
/// Cheap to clone, and so are its ancestors: they share its octets. Names that differ in case
/// alone are equal, hash alike and order as one; the order is the canonical one of RFC 4034 §6.1,
/// so a name stands directly before those below it.
#[derive(Clone)]
pub struct Name {
    /// Labels with their length octets, and the root's zero at the end.
    wire: Bytes,
}

/// A name without compression has at most so many octets on the wire (RFC 1035 §2.3.4).
pub const MAX_NAME_OCTETS: usize = 255;

/// A label has at most so many octets (RFC 1035 §2.3.4).
pub const MAX_LABEL_OCTETS: usize = 63;

impl Name {
    /// The root of the name space, `.`.
    pub const fn root() -> Self {
        Name { wire: Bytes::from_static(&[0]) }
    }

    /// A name from its uncompressed wire form, without copying it.
    pub fn from_wire(wire: Bytes) -> Result<Self, NameError> {
        if wire.len() > MAX_NAME_OCTETS {
            return Err(NameError::NameTooLong { octets: wire.len() });
        }
        let mut at = 0;
        loop {
            match wire.get(at) {
                Some(0) if at + 1 == wire.len() => return Ok(Name { wire }),
                Some(&octets) if (1..=MAX_LABEL_OCTETS as u8).contains(&octets) => {
                    at += 1 + usize::from(octets);
                }
                _ => return Err(NameError::NotWireForm),
            }
        }
    }

    /// A name from labels, the leftmost first, without the root's.
    pub fn from_labels<'a>(labels: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, NameError> {
        let mut builder = Builder::default();
        for label in labels {
            builder.push(label)?;
        }
        builder.finish(&Name::root())
    }

    /// Reads a name as in a master file: relative to `origin` unless it ends in a dot, and `@`
    /// for the origin itself (RFC 1035 §5.1).
    pub fn parse_relative(text: &str, origin: &Name) -> Result<Self, NameError> {
        if text == "@" {
            return Ok(origin.clone());
        }
        if text == "." {
            return Ok(Name::root());
        }
        let mut builder = Builder::default();
        if builder.push_text(text)? {
            builder.finish(&Name::root())
        } else {
            builder.finish(origin)
        }
    }

    /// The wire form: every label with its length octet, and the root's zero.
    pub fn as_wire(&self) -> &[u8] {
        &self.wire
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.wire.len() == 1
    }

    /// Whether the leftmost label is `*` (RFC 4592 §2.1.1).
    pub fn is_wildcard(&self) -> bool {
        self.wire.starts_with(b"\x01*")
    }

    /// The labels, the leftmost first, without the root's empty one.
    pub fn labels(&self) -> Labels<'_> {
        Labels { rest: &self.wire }
    }

    /// How many labels the name has, the root's not counted.
    pub fn label_count(&self) -> usize {
        self.labels().count()
    }

    /// The name without its leftmost label; `None` for the root.
    pub fn parent(&self) -> Option<Name> {
        match self.wire[0] {
            0 => None,
            octets => Some(Name { wire: self.wire.slice(1 + usize::from(octets)..) }),
        }
    }

    /// The name itself, its parent, and so on up to the root.
    pub fn ancestors(&self) -> impl Iterator<Item = Name> + use<> {
        std::iter::successors(Some(self.clone()), Name::parent)
    }

    /// The rightmost `count` labels; the whole name when it has no more than that.
    pub fn last_labels(&self, count: usize) -> Name {
        let mut at = 0;
        for _ in count..self.label_count() {
            at += 1 + usize::from(self.wire[at]);
        }
        Name { wire: self.wire.slice(at..) }
    }

    /// Whether the name is `other` or below it.
    pub fn is_subdomain_of(&self, other: &Name) -> bool {
        let Some(start) = self.wire.len().checked_sub(other.wire.len()) else { return false };
        if !self.wire[start..].eq_ignore_ascii_case(&other.wire) {
            return false;
        }
        // The octets agree; it is a suffix only if a label starts there.
        let mut at = 0;
        while at < start {
            at += 1 + usize::from(self.wire[at]);
        }
        at == start
    }

    /// The name with `label` put before it.
    pub fn prepend(&self, label: &[u8]) -> Result<Name, NameError> {
        let mut builder = Builder::default();
        builder.push(label)?;
        builder.finish(self)
    }

    /// The name with its ending `from` replaced by `to`, as DNAME asks (RFC 6672 §2.2).
    ///
    /// `None` when the name is not below `from`, [`NameError::NameTooLong`] when the result
    /// would not be a name (an answer is then `YXDOMAIN`).
    pub fn replace_suffix(&self, from: &Name, to: &Name) -> Option<Result<Name, NameError>> {
        if !self.is_subdomain_of(from) || self.wire.len() == from.wire.len() {
            return None;
        }
        let prefix = &self.wire[..self.wire.len() - from.wire.len()];
        let octets = prefix.len() + to.wire.len();
        if octets > MAX_NAME_OCTETS {
            return Some(Err(NameError::NameTooLong { octets }));
        }
        Some(Ok(Name { wire: [prefix, &to.wire].concat().into() }))
    }

    /// The name in lower case.
    pub fn to_lowercase(&self) -> Name {
        Name { wire: self.wire.to_ascii_lowercase().into() }
    }

    /// Octet for octet the same, case too.
    pub fn same_case(&self, other: &Name) -> bool {
        self.wire == other.wire
    }

    /// A copy that keeps no other octets alive, for what outlives the message it came in.
    pub fn detached(&self) -> Name {
        Name { wire: Bytes::copy_from_slice(&self.wire) }
    }

    /// Shows the name without the final dot, as mail does; the root stays `.`.
    pub fn without_dot(&self) -> WithoutDot<'_> {
        WithoutDot(self)
    }

    /// A name whose wire form the caller has checked.
    pub(super) fn from_checked(wire: Bytes) -> Name {
        debug_assert!(Name::from_wire(wire.clone()).is_ok(), "the caller checked the name");
        Name { wire }
    }
}

/// The wire form in lower case, on the stack: what the tables of zones are keyed by.
///
/// Length octets are below 64 and so no letters: folding the whole wire form folds labels only.
pub(super) struct Folded {
    octets: [u8; MAX_NAME_OCTETS],
    len: usize,
}

impl Folded {
    /// Folds `name`.
    pub(super) fn new(name: &Name) -> Self {
        let mut octets = [0; MAX_NAME_OCTETS];
        let len = name.wire.len();
        octets[..len].copy_from_slice(&name.wire);
        octets[..len].make_ascii_lowercase();
        Folded { octets, len }
    }

    /// The folded wire form.
    pub(super) fn as_slice(&self) -> &[u8] {
        &self.octets[..self.len]
    }
}

/// The labels of a [`Name`].
#[derive(Debug, Clone)]
pub struct Labels<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Labels<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (&octets, rest) = self.rest.split_first()?;
        let (label, rest) = rest.split_at(usize::from(octets));
        self.rest = rest;
        (octets > 0).then_some(label)
    }
}

/// Labels on their way to a name.
struct Builder {
    octets: [u8; MAX_NAME_OCTETS],
    len: usize,
}

impl Default for Builder {
    fn default() -> Self {
        Builder { octets: [0; MAX_NAME_OCTETS], len: 0 }
    }
}

impl Builder {
    fn push(&mut self, label: &[u8]) -> Result<(), NameError> {
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
    fn push_text(&mut self, text: &str) -> Result<bool, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        let mut label = Vec::with_capacity(MAX_LABEL_OCTETS);
        let mut octets = text.as_bytes();
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

    fn finish(self, origin: &Name) -> Result<Name, NameError> {
        let octets = self.len + origin.wire.len();
        if octets > MAX_NAME_OCTETS {
            return Err(NameError::NameTooLong { octets });
        }
        Ok(Name { wire: [&self.octets[..self.len], &origin.wire].concat().into() })
    }
}

/// Reads what follows a backslash: three digits of an octet, or the octet itself. Gives the octet
/// and what follows (RFC 1035 §5.1).
pub(super) fn unescape(octets: &[u8]) -> Option<(u8, &[u8])> {
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

/// See [`Name::without_dot`].
#[derive(Debug, Clone, Copy)]
pub struct WithoutDot<'a>(&'a Name);

impl fmt::Display for WithoutDot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_root() {
            return f.write_str(".");
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

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Default for Name {
    fn default() -> Self {
        Name::root()
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Name) -> bool {
        self.wire.eq_ignore_ascii_case(&other.wire)
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Folded::new(self).as_slice().hash(state);
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Name) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Name) -> Ordering {
        let (mine, my_count) = label_starts(&self.wire);
        let (theirs, their_count) = label_starts(&other.wire);
        for back in 1..=my_count.min(their_count) {
            let a = label_at(&self.wire, mine[my_count - back]);
            let b = label_at(&other.wire, theirs[their_count - back]);
            let a = a.iter().map(u8::to_ascii_lowercase);
            match a.cmp(b.iter().map(u8::to_ascii_lowercase)) {
                Ordering::Equal => {}
                decided => return decided,
            }
        }
        my_count.cmp(&their_count)
    }
}

/// Where the labels of a name start, and how many there are.
fn label_starts(wire: &[u8]) -> ([u8; 128], usize) {
    let mut starts = [0; 128];
    let (mut at, mut count) = (0, 0);
    while wire[at] != 0 {
        starts[count] = at as u8;
        count += 1;
        at += 1 + usize::from(wire[at]);
    }
    (starts, count)
}

fn label_at(wire: &[u8], start: u8) -> &[u8] {
    let start = usize::from(start);
    &wire[start + 1..start + 1 + usize::from(wire[start])]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[test]
    fn text_and_wire_agree() {
        let mail = name("Mail.Example.COM");
        assert_eq!(mail.as_wire(), b"\x04Mail\x07Example\x03COM\0");
        assert_eq!(mail.to_string(), "Mail.Example.COM.");
        assert_eq!(mail.without_dot().to_string(), "Mail.Example.COM");
        assert_eq!(name(".").to_string(), ".");
        let escaped = r#"a\.b\032c\"d.example."#;
        assert_eq!(name(escaped).to_string(), escaped);
        assert_eq!(name(r"\065.example"), name("a.example"));
    }

    #[test]
    fn a_name_relative_to_an_origin_ends_in_it() {
        let origin = name("example.com");
        let at = |text| Name::parse_relative(text, &origin).unwrap().to_string();
        assert_eq!(at("mx"), "mx.example.com.");
        assert_eq!(at("mx."), "mx.");
        assert_eq!(at("@"), "example.com.");
        assert_eq!(at("."), ".");
    }

    #[test]
    fn case_is_kept_and_not_compared() {
        assert_eq!(name("EXAMPLE.com"), name("example.COM"));
        assert!(!name("EXAMPLE.com").same_case(&name("example.com")));
        assert_eq!(name("a.example").cmp(&name("A.EXAMPLE")), Ordering::Equal);
    }

    #[test]
    fn the_order_of_rfc_4034_section_6_1() {
        let printed = [
            "example",
            "a.example",
            "yljkjljk.a.example",
            "Z.a.example",
            "zABC.a.EXAMPLE",
            "z.example",
            r"\001.z.example",
            "*.z.example",
            r"\200.z.example",
        ];
        let mut sorted: Vec<Name> = printed.iter().rev().map(|text| name(text)).collect();
        sorted.sort();
        assert_eq!(sorted, printed.map(name));
    }

    #[test]
    fn subdomains_end_at_a_label() {
        assert!(name("a.example.com").is_subdomain_of(&name("EXAMPLE.com")));
        assert!(name("example.com").is_subdomain_of(&name("example.com")));
        assert!(name("example.com").is_subdomain_of(&Name::root()));
        assert!(!name("badexample.com").is_subdomain_of(&name("example.com")));
        assert!(!name("com").is_subdomain_of(&name("example.com")));
        // The octets of the suffix agree, but inside a label.
        assert!(!name(r"x\003com").is_subdomain_of(&name("com")));
    }

    #[test]
    fn ancestors_and_parts() {
        let www = name("www.example.com");
        let all: Vec<String> = www.ancestors().map(|name| name.to_string()).collect();
        assert_eq!(all, ["www.example.com.", "example.com.", "com.", "."]);
        assert_eq!(www.last_labels(2), name("example.com"));
        assert_eq!(www.last_labels(9), www);
        assert_eq!(www.last_labels(0), Name::root());
        assert_eq!(name("com").prepend(b"Example").unwrap().to_string(), "Example.com.");
        assert_eq!(Name::root().parent(), None);
    }

    #[test]
    fn dname_replaces_a_suffix() {
        let replaced = |from: &str, to: &str| {
            name("a.b.example").replace_suffix(&name(from), &name(to)).map(Result::unwrap)
        };
        assert_eq!(replaced("b.example", "net"), Some(name("a.net")));
        assert_eq!(replaced("a.b.example", "net"), None);
        assert_eq!(replaced("c.example", "net"), None);
    }

    #[test]
    fn limits_hold() {
        let error = |text: &str| text.parse::<Name>().unwrap_err();
        assert_eq!(error(""), NameError::Empty);
        assert_eq!(error("a..b"), NameError::EmptyLabel);
        assert_eq!(error(".a"), NameError::EmptyLabel);
        assert_eq!(error(&"a".repeat(64)), NameError::LabelTooLong { octets: 64 });
        assert_eq!(error(r"a\25"), NameError::BadEscape);
        assert_eq!(error(r"a\256"), NameError::BadEscape);
        assert_eq!(error("a\\"), NameError::BadEscape);
        let longest = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(61));
        assert_eq!(name(&longest).as_wire().len(), 255);
        assert!(matches!(error(&format!("{longest}b")), NameError::NameTooLong { .. }));
    }

    proptest! {
        #[test]
        fn any_name_prints_and_reads_back(
            labels in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..=20), 0..=10),
        ) {
            let name = Name::from_labels(labels.iter().map(Vec::as_slice)).unwrap();
            let read: Name = name.to_string().parse().unwrap();
            prop_assert!(read.same_case(&name));
            prop_assert!(Name::from_wire(name.wire.clone()).unwrap().same_case(&name));
            for ancestor in name.ancestors() {
                prop_assert!(name.is_subdomain_of(&ancestor));
                prop_assert!(ancestor <= name);
            }
        }

        #[test]
        fn arbitrary_text_and_octets_never_panic(
            text in ".{0,40}", octets in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let _ = text.parse::<Name>();
            let _ = Name::from_wire(octets.into());
        }
    }
}

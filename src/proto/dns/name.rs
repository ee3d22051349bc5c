//! Domain names: absolute, in wire form, their case kept and never compared.
//!
//! Follows RFC 1035 §2.3, §3.1 and §5.1 (text form), RFC 4343 (case), RFC 4034 §6.1 (order).
//!
//! Not modelled: internationalised names; octets above 127 are kept as they are.

mod text;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use bytes::Bytes;

pub(super) use text::unescape;
pub use text::{NameError, WithoutDot};

use text::Builder;

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

    /// The name with each letter in upper or lower case, as the bits of `draw` have it ("0x20").
    ///
    /// `draw` is called once for every 64 octets of the name.
    pub fn in_random_case(&self, mut draw: impl FnMut() -> u64) -> Name {
        let mut wire = self.wire.to_vec();
        for chunk in wire.chunks_mut(64) {
            let bits = draw();
            // Length octets are below 64 and so no letters.
            for (at, octet) in chunk.iter_mut().enumerate().filter(|(_, o)| o.is_ascii_alphabetic())
            {
                *octet ^= ((bits >> at) as u8 & 1) << 5;
            }
        }
        Name { wire: wire.into() }
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
mod tests;

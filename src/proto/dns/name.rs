//! Domain names: absolute, in wire form, their case kept and never compared.
//!
//! Follows RFC 1035 §2.3, §3.1 and §5.1 (text form), RFC 4343 (case), RFC 4034 §6.1 (order).
//!
//! A name as short as most are lies where its owner lies: reading a message, looking into a zone or
//! the cache allocates nothing for it (benches `dns`, `resolver` and `deliveries`).
//!
//! Not modelled: internationalised names; octets above 127 are kept as they are.

mod fold;
mod text;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use bytes::Bytes;

pub(super) use fold::{Folded, words};
pub(super) use text::unescape;
pub use text::{NameError, WithoutDot};

use text::Builder;

/// An absolute domain name.
///
/// Cheap to clone, and so are its ancestors: short ones are copied, long ones share octets. Names that differ in case
/// alone are equal, hash alike and order as one; the order is the canonical one of RFC 4034 §6.1,
/// so a name stands directly before those below it.
#[derive(Clone)]
pub struct Name(Wire);

/// Labels with their length octets, and the root's zero at the end.
#[derive(Clone)]
enum Wire {
    Short { len: u8, octets: [u8; SHORT_OCTETS] },
    Long(Bytes),
}

/// What fits beside the length without making a [`Name`] much larger than a long one is anyway.
const SHORT_OCTETS: usize = 38;

impl Wire {
    const ROOT: Wire = Wire::Short { len: 1, octets: [0; SHORT_OCTETS] };

    fn new(wire: &[u8]) -> Self {
        match Wire::short(wire) {
            Some(short) => short,
            None => Wire::Long(Bytes::copy_from_slice(wire)),
        }
    }

    fn short(wire: &[u8]) -> Option<Self> {
        let mut octets = [0; SHORT_OCTETS];
        octets.get_mut(..wire.len())?.copy_from_slice(wire);
        Some(Wire::Short { len: wire.len() as u8, octets })
    }

    /// The end of it, from there on.
    fn from(&self, start: usize) -> Self {
        match self {
            Wire::Short { len, octets } => Wire::new(&octets[start..usize::from(*len)]),
            Wire::Long(octets) => {
                Wire::short(&octets[start..]).unwrap_or_else(|| Wire::Long(octets.slice(start..)))
            }
        }
    }
}

impl Deref for Wire {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Wire::Short { len, octets } => &octets[..usize::from(*len)],
            Wire::Long(octets) => octets,
        }
    }
}

/// A name without compression has at most so many octets on the wire (RFC 1035 §2.3.4).
pub const MAX_NAME_OCTETS: usize = 255;

/// A label has at most so many octets (RFC 1035 §2.3.4).
pub const MAX_LABEL_OCTETS: usize = 63;

impl Name {
    /// The root of the name space, `.`.
    pub const fn root() -> Self {
        Name(Wire::ROOT)
    }

    /// A name from its uncompressed wire form.
    pub fn from_wire(wire: &[u8]) -> Result<Self, NameError> {
        if wire.len() > MAX_NAME_OCTETS {
            return Err(NameError::NameTooLong { octets: wire.len() });
        }
        let mut at = 0;
        loop {
            match wire.get(at) {
                Some(0) if at + 1 == wire.len() => return Ok(Name(Wire::new(wire))),
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
        &self.0
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.0.len() == 1
    }

    /// Whether the leftmost label is `*` (RFC 4592 §2.1.1).
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with(b"\x01*")
    }

    /// The labels, the leftmost first, without the root's empty one.
    pub fn labels(&self) -> Labels<'_> {
        Labels { rest: &self.0 }
    }

    /// How many labels the name has, the root's not counted.
    pub fn label_count(&self) -> usize {
        self.labels().count()
    }

    /// The name without its leftmost label; `None` for the root.
    pub fn parent(&self) -> Option<Name> {
        match self.0[0] {
            0 => None,
            octets => Some(Name(self.0.from(1 + usize::from(octets)))),
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
            at += 1 + usize::from(self.0[at]);
        }
        Name(self.0.from(at))
    }

    /// Whether the name is `other` or below it.
    pub fn is_subdomain_of(&self, other: &Name) -> bool {
        let Some(start) = self.0.len().checked_sub(other.0.len()) else { return false };
        if !is_same(&self.0[start..], &other.0) {
            return false;
        }
        // The octets agree; it is a suffix only if a label starts there.
        let mut at = 0;
        while at < start {
            at += 1 + usize::from(self.0[at]);
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
        if !self.is_subdomain_of(from) || self.0.len() == from.0.len() {
            return None;
        }
        let prefix = &self.0[..self.0.len() - from.0.len()];
        let octets = prefix.len() + to.0.len();
        if octets > MAX_NAME_OCTETS {
            return Some(Err(NameError::NameTooLong { octets }));
        }
        Some(Ok(Name(Wire::new(&[prefix, &to.0].concat()))))
    }

    /// The name in lower case.
    pub fn to_lowercase(&self) -> Name {
        Name(Wire::new(&self.0.to_ascii_lowercase()))
    }

    /// The name with each letter in upper or lower case, as the bits of `draw` have it ("0x20").
    ///
    /// `draw` is called once for every 64 octets of the name.
    pub fn in_random_case(&self, mut draw: impl FnMut() -> u64) -> Name {
        let mut wire = self.0.to_vec();
        for chunk in wire.chunks_mut(64) {
            let bits = draw();
            // Length octets are below 64 and so no letters.
            for (at, octet) in chunk.iter_mut().enumerate().filter(|(_, o)| o.is_ascii_alphabetic())
            {
                *octet ^= ((bits >> at) as u8 & 1) << 5;
            }
        }
        Name(Wire::new(&wire))
    }

    /// Octet for octet the same, case too.
    pub fn same_case(&self, other: &Name) -> bool {
        *self.0 == *other.0
    }

    /// A copy that keeps no other octets alive, for what outlives the message it came in.
    pub fn detached(&self) -> Name {
        Name(Wire::new(&self.0))
    }

    /// Shows the name without the final dot, as mail does; the root stays `.`.
    pub fn without_dot(&self) -> WithoutDot<'_> {
        WithoutDot(self)
    }

    /// A name whose wire form the caller has checked.
    pub(super) fn from_checked(wire: &[u8]) -> Name {
        debug_assert!(Name::from_wire(wire).is_ok(), "the caller checked the name");
        Name(Wire::new(wire))
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
        is_same(&self.0, &other.0)
    }
}

impl Eq for Name {}

/// Most of what is compared is equal in case, too, or differs in length.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && (one == other || one.eq_ignore_ascii_case(other))
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        words(&self.0).for_each(|word| state.write_u64(word));
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Name) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Name) -> Ordering {
        let (mine, my_count) = label_starts(&self.0);
        let (theirs, their_count) = label_starts(&other.0);
        for back in 1..=my_count.min(their_count) {
            let a = label_at(&self.0, mine[my_count - back]);
            let b = label_at(&other.0, theirs[their_count - back]);
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

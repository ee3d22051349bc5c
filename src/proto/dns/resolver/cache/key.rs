//! What an entry of the cache is found by: a name without its case, and a type.
//!
//! A name is hashed once for all the entries that are looked for under it, and copied only to be kept
//! (benches `resolver` and `deliveries`).

use std::hash::{Hash, Hasher};

use indexmap::Equivalent;

use crate::proto::dns::name::words;
use crate::proto::dns::{Name, RecordType};

/// A name, ready to be looked for.
#[derive(Clone, Copy)]
pub(crate) struct NameKey<'a> {
    wire: &'a [u8],
    hash: u64,
}

/// The key of an entry: a name, a type, and whether it is that of a message.
#[derive(Clone, Copy)]
pub(super) struct Key<'a> {
    /// In wire form and any case.
    name: &'a [u8],
    /// That of the name in lower case.
    hash: u64,
    rtype: u16,
    is_message: bool,
}

impl<'a> NameKey<'a> {
    /// Of `name`.
    pub(crate) fn new(name: &'a Name) -> Self {
        let wire = name.as_wire();
        NameKey { wire, hash: hash(wire) }
    }

    /// The key of an RRset.
    pub(super) fn rrset(self, rtype: RecordType) -> Key<'a> {
        let NameKey { wire, hash } = self;
        Key { name: wire, hash, rtype: rtype.number(), is_message: false }
    }

    /// The key of the message that answers a question for `rtype`, or with `None` of the one that
    /// says that the name does not exist.
    pub(super) fn message(self, rtype: Option<RecordType>) -> Key<'a> {
        // 0 is no type (RFC 6895 §3.1).
        let rtype = rtype.unwrap_or(RecordType::Other(0));
        Key { is_message: true, ..self.rrset(rtype) }
    }
}

impl<'a> Key<'a> {
    /// The key of an RRset from the octets that it is kept as.
    pub(super) fn of_octets(octets: &'a [u8]) -> Self {
        let (name, rtype) = octets.split_last_chunk().expect("a key ends in its type");
        let rtype = u16::from_be_bytes(*rtype);
        Key { name, hash: hash(name), rtype, is_message: false }
    }

    /// The name in wire form.
    pub(super) fn name(&self) -> &'a [u8] {
        self.name
    }

    /// The type.
    pub(super) fn rtype(&self) -> RecordType {
        self.rtype.into()
    }

    /// How many octets it is kept as.
    pub(super) fn len(&self) -> usize {
        self.name.len() + 2 + usize::from(self.is_message)
    }

    /// What it is kept as: the name in lower case, the type, and for a message an octet more.
    pub(super) fn to_octets(self) -> Box<[u8]> {
        let mut octets = Vec::with_capacity(self.len());
        octets.extend_from_slice(self.name);
        // Length octets are below 64 and so no letters.
        octets.make_ascii_lowercase();
        octets.extend_from_slice(&self.rtype.to_be_bytes());
        if self.is_message {
            octets.push(0);
        }
        octets.into()
    }

    /// This key, then the same for the name's ancestors up to the root.
    pub(super) fn and_above(self) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(self), |key| {
            let (octets, rest) = key.name.split_first()?;
            let name = &rest[usize::from(*octets)..];
            (!name.is_empty()).then(|| Key { name, hash: hash(name), ..*key })
        })
    }
}

impl Hash for Key<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let kind = u64::from(self.rtype) << 1 | u64::from(self.is_message);
        state.write_u64(self.hash ^ kind << 47);
    }
}

impl Equivalent<Box<[u8]>> for Key<'_> {
    fn equivalent(&self, kept: &Box<[u8]>) -> bool {
        let length = self.name.len();
        kept.len() == self.len()
            && kept[length..length + 2] == self.rtype.to_be_bytes()
            && (kept[..length] == *self.name || kept[..length].eq_ignore_ascii_case(self.name))
    }
}

/// The hash of a name in wire form, whatever its case.
fn hash(name: &[u8]) -> u64 {
    words(name).fold(name.len() as u64, |hash, word| {
        let wide = u128::from(hash ^ word) * u128::from(FACTOR);
        wide as u64 ^ (wide >> 64) as u64
    })
}

/// The golden ratio.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

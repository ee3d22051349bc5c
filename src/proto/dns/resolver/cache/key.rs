//! What an entry of the cache is found by: a name without its case, and a type.
//!
//! A name is put in lower case and hashed once, for all the entries that are looked for under it (benches
//! `resolver` and `deliveries`).

use std::hash::{Hash, Hasher};

use indexmap::Equivalent;

use crate::proto::dns::name::Folded;
use crate::proto::dns::{Name, RecordType};

/// A name, ready to be looked for.
pub(crate) struct NameKey {
    folded: Folded,
    hash: u64,
}

/// The key of an entry: a name in lower case, a type, and whether it is that of a message.
#[derive(Clone, Copy)]
pub(super) struct Key<'a> {
    name: &'a [u8],
    /// That of the name.
    hash: u64,
    rtype: u16,
    is_message: bool,
}

impl NameKey {
    /// Of `name`.
    pub(crate) fn new(name: &Name) -> Self {
        let folded = Folded::new(name);
        let hash = hash(folded.as_slice());
        NameKey { folded, hash }
    }

    /// The key of an RRset.
    pub(super) fn rrset(&self, rtype: RecordType) -> Key<'_> {
        let name = self.folded.as_slice();
        Key { name, hash: self.hash, rtype: rtype.number(), is_message: false }
    }

    /// The key of the message that answers a question for `rtype`, or with `None` of the one that
    /// says that the name does not exist.
    pub(super) fn message(&self, rtype: Option<RecordType>) -> Key<'_> {
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

    /// The name in lower case.
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

    /// What it is kept as: the name, the type, and for a message an octet more.
    pub(super) fn to_octets(self) -> Box<[u8]> {
        let mut octets = Vec::with_capacity(self.len());
        octets.extend_from_slice(self.name);
        octets.extend_from_slice(&self.rtype.to_be_bytes());
        octets.resize(self.len(), 0);
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
            && kept[..length] == *self.name
    }
}

/// The hash of a name in lower case.
fn hash(name: &[u8]) -> u64 {
    let (eights, rest) = name.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let fold = |hash: u64, eight: [u8; 8]| {
        let wide = u128::from(hash ^ u64::from_le_bytes(eight)) * u128::from(FACTOR);
        wide as u64 ^ (wide >> 64) as u64
    };
    let hash = eights.iter().fold(name.len() as u64, |hash, eight| fold(hash, *eight));
    fold(hash, last)
}

/// The golden ratio.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

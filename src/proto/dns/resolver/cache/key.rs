//! What an entry of the cache is found by: a name without its case, and a type.

use crate::proto::dns::name::MAX_NAME_OCTETS;
use crate::proto::dns::{Name, RecordType};

/// A name in lower case, a type, and for a message an octet more; on the stack.
#[derive(Clone, Copy)]
pub(super) struct Key {
    octets: [u8; MAX_NAME_OCTETS + 3],
    len: u16,
}

impl Key {
    /// The key of an RRset.
    pub(super) fn rrset(name: &Name, rtype: RecordType) -> Self {
        let wire = name.as_wire();
        let mut octets = [0; MAX_NAME_OCTETS + 3];
        octets[..wire.len()].copy_from_slice(wire);
        // Length octets are below 64, so no letters.
        octets[..wire.len()].make_ascii_lowercase();
        octets[wire.len()..wire.len() + 2].copy_from_slice(&rtype.number().to_be_bytes());
        Key { octets, len: wire.len() as u16 + 2 }
    }

    /// The key of the message that answers a question for `rtype`, or with `None` of the one that
    /// says that the name does not exist.
    pub(super) fn message(name: &Name, rtype: Option<RecordType>) -> Self {
        // 0 is no type (RFC 6895 §3.1).
        let mut key = Key::rrset(name, rtype.unwrap_or(RecordType::Other(0)));
        key.len += 1;
        key
    }

    /// The octets that are hashed and compared.
    pub(super) fn octets(&self) -> &[u8] {
        &self.octets[..self.len.into()]
    }
}

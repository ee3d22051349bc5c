//! What an entry of the cache is found by: a name without its case, and a type.

use crate::proto::dns::name::{MAX_NAME_OCTETS, fold};
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
        fold(wire, &mut octets);
        octets[wire.len()..wire.len() + 2].copy_from_slice(&rtype.number().to_be_bytes());
        Key { octets, len: wire.len() as u16 + 2 }
    }

    /// The key of the message that answers a question for `rtype`, or with `None` of the one that
    /// says that the name does not exist.
    pub(super) fn message(name: &Name, rtype: Option<RecordType>) -> Self {
        // 0 is no type (RFC 6895 §3.1).
        Key::rrset(name, rtype.unwrap_or(RecordType::Other(0))).of_message()
    }

    /// The octets that are hashed and compared.
    pub(super) fn octets(&self) -> &[u8] {
        &self.octets[..self.len.into()]
    }

    /// Made of the key of an RRset: that of the message with it.
    pub(super) fn of_message(mut self) -> Self {
        // What follows the type is zero.
        self.len += 1;
        self
    }

    /// The octets of this key, then of the same for the name's ancestors up to the root: each is the
    /// end of the one before.
    pub(super) fn and_above(&self) -> impl Iterator<Item = &[u8]> {
        let of_the_root = usize::from(self.len) - self.wire_octets() + 1;
        std::iter::successors(Some(self.octets()), move |octets| {
            let parent = &octets[1 + usize::from(octets[0])..];
            (parent.len() >= of_the_root).then_some(parent)
        })
    }

    fn wire_octets(&self) -> usize {
        let mut end = 0;
        while self.octets[end] != 0 {
            end += 1 + usize::from(self.octets[end]);
        }
        end + 1
    }
}

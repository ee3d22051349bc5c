//! A message as a mailbox holds it.

use std::sync::OnceLock;

use bytes::Bytes;

use super::flags::Flags;
use super::number::{ModSeq, Uid};
use crate::proto::mail::{DateTime, Part};

/// A message with what its mailbox says of it (RFC 3501 §2.3).
#[derive(Debug, Clone)]
pub struct Message {
    /// Its name in the mailbox.
    pub uid: Uid,
    /// The mailbox's mod-sequence when the message arrived or its flags changed last.
    pub modseq: ModSeq,
    /// Its flags, but for `\Recent`.
    pub flags: Flags,
    /// When the server received it.
    pub internal_date: DateTime,
    data: Bytes,
    /// Scanned when first asked for; the data never change.
    structure: OnceLock<Box<Part>>,
}

impl Message {
    /// A message of these octets: header and body, lines ended by CRLF.
    pub fn new(
        uid: Uid,
        modseq: ModSeq,
        flags: Flags,
        internal_date: DateTime,
        data: Bytes,
    ) -> Message {
        Message { uid, modseq, flags, internal_date, data, structure: OnceLock::new() }
    }

    /// The octets of header and body.
    pub fn data(&self) -> &Bytes {
        &self.data
    }

    /// The MIME structure, as ranges of [`Message::data`].
    pub fn structure(&self) -> &Part {
        self.structure.get_or_init(|| Box::new(Part::parse(&self.data)))
    }
}

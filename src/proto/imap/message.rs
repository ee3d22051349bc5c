//! A message as a mailbox holds it.

use bytes::Bytes;

use super::flags::Flags;
use super::internal_date::InternalDate;
use super::number::{ModSeq, Uid};

/// A message with what its mailbox says of it (RFC 3501 §2.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its name in the mailbox.
    pub uid: Uid,
    /// The mailbox's mod-sequence when the message arrived or its flags changed last.
    pub modseq: ModSeq,
    /// Its flags, but for `\Recent`.
    pub flags: Flags,
    /// When the server received it.
    pub internal_date: InternalDate,
    /// The octets of header and body, lines ended by CRLF. Never change.
    pub data: Bytes,
}

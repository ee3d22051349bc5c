//! A message as a mailbox holds it.

use std::fmt;
use std::sync::OnceLock;

use bytes::Bytes;

use super::body_structure;
use super::flags::Flags;
use super::number::{ModSeq, Uid};
use crate::engine::UnixTime;
use crate::proto::mail::{self, DateTime, Part};
use crate::proto::{Outbox, Output};

/// What names the content of a message, in whatever mailbox it lies: a copy has that of its
/// original (RFC 8474 §5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailId(pub u64);

/// As it crosses the wire, an `objectid`.
impl fmt::Display for EmailId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "M{:08x}", self.0)
    }
}

/// A message that is to be put into a mailbox.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// Its flags, but for `\Recent`.
    pub flags: Flags,
    /// When a server received it first.
    pub internal_date: DateTime,
    /// When it is put into the mailbox.
    pub save_date: UnixTime,
    /// The octets of header and body.
    pub data: Bytes,
}

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
    /// When it was put into this mailbox (RFC 8514).
    pub save_date: UnixTime,
    /// The name of its content.
    pub email_id: EmailId,
    data: Bytes,
    /// Scanned when first asked for; the data never change.
    structure: OnceLock<Box<Part>>,
    /// What FETCH sends of these, made when first asked for.
    envelope: OnceLock<Box<[u8]>>,
    body_structure: OnceLock<Box<[u8]>>,
}

impl Message {
    /// A message with these names: lines of its data are ended by CRLF.
    pub fn new(uid: Uid, modseq: ModSeq, email_id: EmailId, new: NewMessage) -> Message {
        let NewMessage { flags, internal_date, save_date, data } = new;
        Message {
            uid,
            modseq,
            flags,
            internal_date,
            save_date,
            email_id,
            data,
            structure: OnceLock::new(),
            envelope: OnceLock::new(),
            body_structure: OnceLock::new(),
        }
    }

    /// The same message, to be put into another mailbox.
    pub fn copied(&self, save_date: UnixTime) -> NewMessage {
        NewMessage {
            flags: self.flags.clone(),
            internal_date: self.internal_date,
            save_date,
            data: self.data.clone(),
        }
    }

    /// The octets of header and body.
    pub fn data(&self) -> &Bytes {
        &self.data
    }

    /// The ENVELOPE, as FETCH sends it.
    pub(super) fn envelope(&self) -> &[u8] {
        self.envelope.get_or_init(|| {
            let header = mail::Message::parse(&self.data).header();
            rendered(|out| body_structure::envelope(out, header))
        })
    }

    /// The structure without extension data, as FETCH sends it for BODY.
    pub(super) fn body(&self) -> Box<[u8]> {
        rendered(|out| body_structure::body(out, self.structure(), &self.data, false))
    }

    /// The BODYSTRUCTURE, as FETCH sends it.
    pub(super) fn body_structure(&self) -> &[u8] {
        self.body_structure.get_or_init(|| {
            rendered(|out| body_structure::body(out, self.structure(), &self.data, true))
        })
    }

    /// The MIME structure, as ranges of [`Message::data`].
    pub fn structure(&self) -> &Part {
        self.structure.get_or_init(|| Box::new(Part::parse(&self.data)))
    }
}

/// What is written. NUL, which no literal may have, becomes 0x80 as in other literals.
fn rendered(write: impl FnOnce(&mut Outbox<()>)) -> Box<[u8]> {
    let mut out = Outbox::new();
    write(&mut out);
    let mut text = Vec::new();
    for output in out.drain() {
        match output {
            Output::Send(octets) => text.extend_from_slice(&octets),
            other => unreachable!("text alone is written, no {other:?}"),
        }
    }
    if memchr::memchr(0, &text).is_some() {
        text.iter_mut().filter(|octet| **octet == 0).for_each(|octet| *octet = 0x80);
    }
    text.into_boxed_slice()
}

#[cfg(test)]
impl Message {
    /// For tests: a message of this text without flags, whose UID is `number`.
    pub(super) fn of_text(number: u32, internal_date: DateTime, text: &str) -> Message {
        let new = NewMessage {
            flags: Flags::EMPTY,
            internal_date,
            save_date: internal_date.unix_time(),
            data: Bytes::copy_from_slice(text.as_bytes()),
        };
        let uid = Uid::new(number).expect("a UID is not 0");
        Message::new(uid, ModSeq(1), EmailId(number.into()), new)
    }
}

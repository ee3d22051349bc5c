//! A message that is about to be written: what a [`Message`] holds, lying where it lies.
//!
//! Servers write their answers from the records of zones and caches, and who asks writes a question;
//! none of it is copied together before (benches `dns`, `resolver` and `deliveries`).

use std::borrow::Borrow;

use bytes::Bytes;

use super::codec;
use super::codes::{Opcode, Rcode};
use super::message::{Edns, Flags, MAX_MESSAGE_OCTETS, MIN_UDP_OCTETS, Message, Question};
use super::record::Record;

/// What is to be written. The fields are those of [`Message`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Draft<'a, R = Record> {
    pub(super) id: u16,
    pub(super) flags: Flags,
    pub(super) opcode: Opcode,
    pub(super) rcode: Rcode,
    pub(super) questions: &'a [Question],
    pub(super) answers: &'a [R],
    pub(super) authorities: &'a [R],
    pub(super) additionals: &'a [R],
    pub(super) edns: Option<&'a Edns>,
}

impl<'a> Draft<'a> {
    /// A query of opcode QUERY; no flag set, no EDNS.
    pub(super) fn query(id: u16, question: &'a Question) -> Self {
        Draft {
            id,
            flags: Flags::default(),
            opcode: Opcode::Query,
            rcode: Rcode::NoError,
            questions: std::slice::from_ref(question),
            answers: &[],
            authorities: &[],
            additionals: &[],
            edns: None,
        }
    }

    /// A message.
    pub(super) fn of(message: &'a Message) -> Self {
        let Message { id, flags, opcode, rcode, .. } = *message;
        let Message { questions, answers, authorities, additionals, edns, .. } = message;
        let edns = edns.as_ref();
        Draft { id, flags, opcode, rcode, questions, answers, authorities, additionals, edns }
    }
}

impl<R: Borrow<Record>> Draft<'_, R> {
    /// As [`Message::encode`].
    pub(super) fn encode(&self) -> Bytes {
        self.encode_within(MAX_MESSAGE_OCTETS)
    }

    /// As [`Message::encode_within`].
    pub(super) fn encode_within(&self, limit_octets: usize) -> Bytes {
        codec::encode(self, limit_octets.clamp(MIN_UDP_OCTETS, MAX_MESSAGE_OCTETS))
    }
}

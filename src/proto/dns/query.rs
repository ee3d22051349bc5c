//! A plain query, as most are: one question, and nothing else but EDNS of version 0 without options.
//!
//! Reading one costs a fraction of what reading a [`Message`] does, which may have a thousand records
//! (benches `dns`, `resolver` and `deliveries`). What is not plain is read as a message.

use super::codec;
use super::codes::{Opcode, Rcode};
use super::draft::Draft;
use super::message::{Edns, Flags, Message, Question};
use super::record::Record;

/// A query of opcode QUERY.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Query {
    /// Matches the response to it.
    pub(super) id: u16,
    /// Those of the header; QR is not set.
    pub(super) flags: Flags,
    /// What it asks.
    pub(super) question: Question,
    /// Its OPT record, as far as it says something: size and DO.
    pub(super) edns: Option<Edns>,
}

impl Query {
    /// Reads a plain query; `None` where the octets are anything else.
    pub(super) fn read(octets: &[u8]) -> Option<Self> {
        codec::read_query(octets)
    }

    /// The message, if it is a query with one question; whatever else it has is left out.
    pub(super) fn of(message: Message) -> Option<Self> {
        let Message { id, flags, edns, mut questions, .. } = message;
        let question = questions.pop().filter(|_| questions.is_empty())?;
        Some(Query { id, flags, question, edns })
    }

    /// The response without anything in it, as [`Message::response_to`]; `edns` is that of the response.
    pub(super) fn response<'a, R>(&'a self, edns: Option<&'a Edns>) -> Draft<'a, R>
    where
        R: std::borrow::Borrow<Record>,
    {
        Draft {
            id: self.id,
            flags: Flags { qr: true, rd: self.flags.rd, cd: self.flags.cd, ..Flags::default() },
            opcode: Opcode::Query,
            rcode: Rcode::NoError,
            questions: std::slice::from_ref(&self.question),
            answers: &[],
            authorities: &[],
            additionals: &[],
            edns,
        }
    }

    /// The EDNS of the response, without options (RFC 6891 §6.1.1, RFC 3225 §3).
    pub(super) fn response_edns(&self) -> Option<Edns> {
        let answered = |edns: &Edns| Edns { dnssec_ok: edns.dnssec_ok, ..Edns::default() };
        self.edns.as_ref().map(answered)
    }
}

//! DNS messages: header, question, three sections of records, EDNS.
//!
//! Follows RFC 1035 §4.1, RFC 4035 §3 (AD and CD) and RFC 6891 (EDNS). The wire form is made and
//! read in `codec`; [`std::fmt::Display`] gives one line for a transcript.

use std::fmt;

use bytes::Bytes;

use super::codec;
use super::codes::{Class, Opcode, Rcode, RecordType};
use super::draft::Draft;
use super::name::Name;
use super::record::Record;

/// What a server takes over UDP from a peer that has not said otherwise (RFC 1035 §4.2.1).
pub const MIN_UDP_OCTETS: usize = 512;

/// What both sides offer by EDNS here: fits every path without fragments (DNS flag day 2020).
pub const EDNS_UDP_OCTETS: u16 = 1232;

/// What fits behind the two-byte length of TCP (RFC 1035 §4.2.2).
pub const MAX_MESSAGE_OCTETS: usize = 65_535;

/// A query or a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Matches a response to its query.
    pub id: u16,
    /// The bits of the header.
    pub flags: Flags,
    /// What is asked for.
    pub opcode: Opcode,
    /// What became of it. Above 15 only together with [`Message::edns`].
    pub rcode: Rcode,
    /// One, in every message that is not a mistake.
    pub questions: Vec<Question>,
    /// What answers the question.
    pub answers: Vec<Record>,
    /// Who has authority: NS of a referral, SOA of a negative answer.
    pub authorities: Vec<Record>,
    /// Records that save the next question. The OPT record is not here but in `edns`.
    pub additionals: Vec<Record>,
    /// The OPT pseudo-record.
    pub edns: Option<Edns>,
}

/// The bits of the header (RFC 1035 §4.1.1, RFC 4035 §3.1.6 and §3.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags {
    /// A response, not a query.
    pub qr: bool,
    /// The answer is authoritative.
    pub aa: bool,
    /// Truncated: records are missing.
    pub tc: bool,
    /// Recursion desired.
    pub rd: bool,
    /// Recursion available.
    pub ra: bool,
    /// Authentic data (DNSSEC).
    pub ad: bool,
    /// Checking disabled (DNSSEC).
    pub cd: bool,
}

/// What a query asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Question {
    /// The name.
    pub name: Name,
    /// The type.
    pub rtype: RecordType,
    /// Almost always [`Class::In`].
    pub class: Class,
}

impl Question {
    /// A question of class IN.
    pub fn new(name: Name, rtype: RecordType) -> Self {
        Question { name, rtype, class: Class::In }
    }
}

/// The OPT pseudo-record (RFC 6891 §6.1). The upper bits of the response code that it carries are
/// part of [`Message::rcode`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edns {
    /// The largest UDP payload that the sender takes.
    pub udp_octets: u16,
    /// 0 is the only version there is.
    pub version: u8,
    /// DO: the sender wants DNSSEC records (RFC 3225).
    pub dnssec_ok: bool,
    /// In the order of the wire.
    pub options: Vec<EdnsOption>,
}

impl Default for Edns {
    fn default() -> Self {
        Edns { udp_octets: EDNS_UDP_OCTETS, version: 0, dnssec_ok: false, options: Vec::new() }
    }
}

/// One EDNS option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdnsOption {
    /// Its code, such as 15 for an extended error (RFC 8914).
    pub code: u16,
    /// Its data.
    pub data: Bytes,
}

impl Message {
    /// A query of opcode QUERY and class IN; no flag set, no EDNS.
    pub fn query(id: u16, name: Name, rtype: RecordType) -> Self {
        Message {
            id,
            flags: Flags::default(),
            opcode: Opcode::Query,
            rcode: Rcode::NoError,
            questions: vec![Question::new(name, rtype)],
            answers: Vec::new(),
            authorities: Vec::new(),
            additionals: Vec::new(),
            edns: None,
        }
    }

    /// An empty response to `query`: its id, opcode, question, RD and CD (RFC 1035 §4.1.1,
    /// RFC 4035 §3.1.6), and EDNS if the query had it.
    pub fn response_to(query: &Message) -> Self {
        Message {
            id: query.id,
            flags: Flags { qr: true, rd: query.flags.rd, cd: query.flags.cd, ..Flags::default() },
            opcode: query.opcode,
            rcode: Rcode::NoError,
            questions: query.questions.clone(),
            answers: Vec::new(),
            authorities: Vec::new(),
            additionals: Vec::new(),
            edns: query
                .edns
                .as_ref()
                .map(|edns| Edns { dnssec_ok: edns.dnssec_ok, ..Edns::default() }),
        }
    }

    /// The same with the RD bit, for a recursive server.
    #[must_use]
    pub fn with_recursion_desired(mut self) -> Self {
        self.flags.rd = true;
        self
    }

    /// The same with EDNS of the usual size.
    #[must_use]
    pub fn with_edns(mut self) -> Self {
        self.edns = Some(Edns::default());
        self
    }

    /// The one question; `None` when there is none, or more.
    pub fn question(&self) -> Option<&Question> {
        match &self.questions[..] {
            [question] => Some(question),
            _ => None,
        }
    }

    /// The wire form, names compressed, at most 65,535 octets as [`Message::encode_within`] cuts.
    pub fn encode(&self) -> Bytes {
        Draft::of(self).encode()
    }

    /// The wire form in at most `limit_octets`, names compressed.
    ///
    /// What does not fit is left out by whole RRsets from the end. TC is set when an RRset of
    /// answer or authority is missing (RFC 2181 §9), or glue that a referral needs (RFC 9471).
    /// A limit below 512 counts as 512.
    pub fn encode_within(&self, limit_octets: usize) -> Bytes {
        Draft::of(self).encode_within(limit_octets)
    }

    /// Reads a message. Octets after its last record are ignored.
    pub fn decode(octets: &[u8]) -> Result<Message, DecodeError> {
        codec::decode(octets)
    }
}

/// Octets that are no message, with as much as could be read of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    /// Header and question as far as they were read; `None` below 12 octets.
    pub head: Option<Box<Message>>,
    /// What is wrong.
    pub reason: DecodeReason,
}

impl DecodeError {
    /// The FORMERR that a server answers with; `None` when there is nothing to answer to: too
    /// short, or itself a response.
    pub fn response(&self) -> Option<Message> {
        let head = self.head.as_ref().filter(|head| !head.flags.qr)?;
        Some(Message { rcode: Rcode::FormErr, ..Message::response_to(head) })
    }
}

/// What is wrong with octets that are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodeReason {
    /// Shorter than a header.
    ShortHeader,
    /// A section ends early, a name or record data is malformed.
    Malformed,
    /// More than one OPT record, or one that is not in the additional section under the root's
    /// name (RFC 6891 §6.1.1).
    MisplacedOpt,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.reason {
            DecodeReason::ShortHeader => "fewer than the 12 octets of a header",
            DecodeReason::Malformed => "a malformed section",
            DecodeReason::MisplacedOpt => "an OPT record too many or out of place",
        })
    }
}

impl std::error::Error for DecodeError {}

//! The client's side of a transfer: messages into a zone.

use std::fmt;

use bytes::Bytes;

use super::super::codes::{Class, Opcode, Rcode, RecordType};
use super::super::message::{DecodeError, Message, Question};
use super::super::name::Name;
use super::super::record::{Record, RecordData};
use super::super::zone::{Zone, ZoneError};

/// A transfer under way: what has come of the zone so far.
///
/// The owner sends [`Transfer::query`] over a connection and hands in each message that comes back.
#[derive(Debug)]
pub struct Transfer {
    message_id: u16,
    origin: Name,
    limits: TransferLimits,
    messages: usize,
    octets: usize,
    /// The first is the SOA that the transfer began with.
    records: Vec<Record>,
}

/// What a client takes at the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransferLimits {
    /// Octets of all messages together.
    pub octets: usize,
    /// Records of the zone.
    pub records: usize,
}

/// 256 MiB and 5,000,000 records: more than the largest zones that are transferred in practice.
impl Default for TransferLimits {
    fn default() -> Self {
        TransferLimits { octets: 256 << 20, records: 5_000_000 }
    }
}

/// How far a transfer is.
#[derive(Debug)]
pub enum Progress {
    /// More messages must come.
    More,
    /// The closing SOA came: the zone is whole.
    Done(Zone),
}

/// Why a transfer gives no zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferError {
    /// The octets are no message.
    Malformed(DecodeError),
    /// The message is no response to the query: another id, opcode or question, or not a response.
    Mismatch,
    /// The server declined, or its message says that records are missing.
    Declined {
        /// With this code.
        rcode: Rcode,
        /// TC was set, which means nothing over TCP.
        truncated: bool,
    },
    /// A message without any record.
    Empty,
    /// The first record is not the SOA of the zone (RFC 5936 §2.2).
    NoSoaFirst,
    /// The closing SOA has another serial: the zone changed meanwhile.
    SoaChanged {
        /// The serial at the start.
        first: u32,
        /// The serial at the end.
        last: u32,
    },
    /// Records follow the closing SOA.
    RecordsAfterEnd,
    /// A record of another class.
    Class(Class),
    /// More than the client takes.
    TooLarge(TransferLimits),
    /// The records are whole, and no zone.
    NoZone(Vec<ZoneError>),
}

impl fmt::Display for TransferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TransferError::Malformed(error) => write!(f, "no DNS message: {error}"),
            TransferError::Mismatch => f.write_str("a message that does not belong to the query"),
            TransferError::Declined { truncated: true, .. } => f.write_str("a truncated message"),
            TransferError::Declined { rcode, .. } => write!(f, "{rcode}"),
            TransferError::Empty => f.write_str("a message without records"),
            TransferError::NoSoaFirst => f.write_str("the first record is not the zone's SOA"),
            TransferError::SoaChanged { first, last } => {
                write!(f, "it began with serial {first} and ended with {last}")
            }
            TransferError::RecordsAfterEnd => f.write_str("records after the closing SOA"),
            TransferError::Class(class) => write!(f, "a record of class {class}"),
            TransferError::TooLarge(TransferLimits { octets, records }) => {
                write!(f, "more than {octets} octets or {records} records")
            }
            TransferError::NoZone(errors) => match errors.first() {
                Some(error) => write!(f, "{error}"),
                None => f.write_str("no zone"),
            },
        }
    }
}

impl std::error::Error for TransferError {}

impl Transfer {
    /// A transfer of the zone of `origin`, asked for with this message id.
    pub fn new(origin: Name, message_id: u16, limits: TransferLimits) -> Self {
        Transfer { message_id, origin, limits, messages: 0, octets: 0, records: Vec::new() }
    }

    /// The query that it begins with (RFC 5936 §2.1).
    pub fn query(&self) -> Bytes {
        Message::query(self.message_id, self.origin.clone(), RecordType::Axfr).encode()
    }

    /// How many messages have come.
    pub fn messages(&self) -> usize {
        self.messages
    }

    /// How many octets those have, without their lengths.
    pub fn octets(&self) -> usize {
        self.octets
    }

    /// How many records of the zone have come, the closing SOA not counted.
    pub fn records(&self) -> usize {
        self.records.len()
    }

    /// Reads the next message.
    ///
    /// Records whose owner is not in the zone are left out, as BIND and NSD do.
    ///
    /// # Errors
    ///
    /// When the transfer has failed. It is over then, as it is after [`Progress::Done`].
    pub fn take(&mut self, octets: &[u8]) -> Result<Progress, TransferError> {
        self.octets += octets.len();
        if self.octets > self.limits.octets {
            return Err(TransferError::TooLarge(self.limits));
        }
        let message = Message::decode(octets).map_err(TransferError::Malformed)?;
        self.check_head(&message)?;
        self.messages += 1;
        if message.answers.is_empty() {
            return Err(TransferError::Empty);
        }
        let mut answers = message.answers.into_iter();
        while let Some(record) = answers.next() {
            let Some(closing) = self.take_record(record)? else { continue };
            let first = self.first_serial().unwrap_or(closing);
            return match () {
                () if closing != first => Err(TransferError::SoaChanged { first, last: closing }),
                () if answers.next().is_some() => Err(TransferError::RecordsAfterEnd),
                () => Zone::new(&self.origin, self.records.drain(..))
                    .map(Progress::Done)
                    .map_err(TransferError::NoZone),
            };
        }
        Ok(Progress::More)
    }

    fn check_head(&self, message: &Message) -> Result<(), TransferError> {
        let expected = Question::new(self.origin.clone(), RecordType::Axfr);
        // Messages after the first may leave the question out (RFC 5936 §2.2.2); one that declines
        // may too.
        let fits = match message.questions.as_slice() {
            [] => self.messages > 0 || message.rcode != Rcode::NoError,
            [question] => *question == expected,
            _ => false,
        };
        let head = message.flags.qr && message.opcode == Opcode::Query;
        if !head || message.id != self.message_id || !fits {
            return Err(TransferError::Mismatch);
        }
        if message.rcode != Rcode::NoError || message.flags.tc {
            let (rcode, truncated) = (message.rcode, message.flags.tc);
            return Err(TransferError::Declined { rcode, truncated });
        }
        Ok(())
    }

    /// Takes one record; the serial of the closing SOA when it is that.
    fn take_record(&mut self, record: Record) -> Result<Option<u32>, TransferError> {
        if record.class != Class::In {
            return Err(TransferError::Class(record.class));
        }
        let serial = match &record.data {
            RecordData::Soa(soa) if record.name == self.origin => Some(soa.serial),
            _ => None,
        };
        match (self.records.is_empty(), serial) {
            (true, None) => return Err(TransferError::NoSoaFirst),
            (false, Some(serial)) => return Ok(Some(serial)),
            _ => {}
        }
        if self.records.len() >= self.limits.records {
            return Err(TransferError::TooLarge(self.limits));
        }
        if record.name.is_subdomain_of(&self.origin) {
            self.records.push(record);
        }
        Ok(None)
    }

    fn first_serial(&self) -> Option<u32> {
        match &self.records.first()?.data {
            RecordData::Soa(soa) => Some(soa.serial),
            _ => None,
        }
    }
}

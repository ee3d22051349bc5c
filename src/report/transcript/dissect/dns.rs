//! DNS messages: over TCP behind their length (RFC 1035 §4.2.2), and in words. A zone transfer is one
//! line, however many messages it takes.

use std::collections::BTreeMap;

use crate::proto::dns::{DecodeError, Message, Question, Rcode, Record, RecordData, RecordType};

use super::super::entry::Facts;
use super::{Rest, Side, Tell, Unit, plural, raw};

/// The two directions of a connection.
#[derive(Debug, Default)]
pub(in super::super) struct Dns {
    client: Vec<u8>,
    server: Vec<u8>,
    /// Transfers that were asked for and are not over, by message id.
    transfers: BTreeMap<u16, Transfer>,
}

/// A transfer (RFC 5936): the messages that answer one AXFR or IXFR query.
#[derive(Debug)]
struct Transfer {
    question: Question,
    /// The first message, and the serial of the SOA that it begins with.
    first: Option<(Message, u32)>,
    records: u64,
    messages: u64,
}

impl Dns {
    pub(super) fn octets(&mut self, sender: Side, octets: &[u8], tell: Tell<'_>) {
        let buffer = self.buffer(sender);
        buffer.extend_from_slice(octets);
        let mut unread = std::mem::take(buffer);
        let mut done = 0;
        while let Some((length, rest)) = unread[done..].split_first_chunk::<2>()
            && let Some(message) = rest.get(..usize::from(u16::from_be_bytes(*length)))
        {
            if let Some(unit) = self.message(sender, message) {
                tell(unit);
            }
            done += 2 + message.len();
        }
        unread.drain(..done);
        *self.buffer(sender) = unread;
    }

    /// A message in words; a part of a transfer says nothing before its end.
    fn message(&mut self, sender: Side, octets: &[u8]) -> Option<Unit<'static>> {
        let Ok(message) = Message::decode(octets) else { return Some(describe(sender, octets)) };
        match sender {
            Side::Client => {
                let question = message.question().filter(|question| {
                    matches!(question.rtype, RecordType::Axfr | RecordType::Ixfr)
                });
                // A peer may ask for more at one time than is worth counting.
                if let Some(question) = question
                    && self.transfers.len() < MAX_TRANSFERS
                {
                    let question = question.clone();
                    let transfer = Transfer { question, first: None, records: 0, messages: 0 };
                    self.transfers.insert(message.id, transfer);
                }
            }
            Side::Server => {
                let id = message.id;
                if let Some(transfer) = self.transfers.get_mut(&id) {
                    match transfer.take(message) {
                        Part::Foreign => drop(self.transfers.remove(&id)),
                        Part::More => return None,
                        Part::Last => {
                            return self.transfers.remove(&id).map(Transfer::into_unit);
                        }
                    }
                }
            }
        }
        Some(describe(sender, octets))
    }

    pub(super) fn end(&mut self, sender: Side) -> Option<String> {
        let left = std::mem::take(self.buffer(sender));
        if sender == Side::Server
            && let Some((_, transfer)) = self.transfers.pop_first()
            && transfer.messages > 0
        {
            return Some(format!("{} so far, and no more", transfer.in_words()));
        }
        (!left.is_empty()).then(|| raw(&left))
    }

    fn buffer(&mut self, sender: Side) -> &mut Vec<u8> {
        match sender {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}

/// What a message is to a transfer.
enum Part {
    /// No part of it: a refusal, or the SOA alone.
    Foreign,
    More,
    Last,
}

impl Transfer {
    fn take(&mut self, message: Message) -> Part {
        let is_soa = |record: &Record| {
            record.rtype() == RecordType::Soa && record.name == self.question.name
        };
        let soas = message.answers.iter().filter(|record| is_soa(record)).count();
        let begins = self.first.is_none();
        if message.rcode != Rcode::NoError || message.answers.is_empty() {
            return Part::Foreign;
        }
        // The closing SOA is not counted.
        let is_last = soas > usize::from(begins);
        self.records += message.answers.len() as u64 - u64::from(is_last);
        self.messages += 1;
        if begins {
            let serial = match &message.answers[0].data {
                RecordData::Soa(soa) if message.answers.len() > 1 => soa.serial,
                _ => return Part::Foreign,
            };
            self.first = Some((message, serial));
        }
        if is_last { Part::Last } else { Part::More }
    }

    /// `AXFR example.com. 12 records in 1 message, serial 7`
    fn in_words(&self) -> String {
        let Transfer { question, first, records, messages } = self;
        let (records, messages) = (plural(*records, "record"), plural(*messages, "message"));
        let mut text = format!("{} {} {records} in {messages}", question.rtype, question.name);
        if let Some((_, serial)) = first {
            text += &format!(", serial {serial}");
        }
        text
    }

    fn into_unit(self) -> Unit<'static> {
        let unit = Unit::words(Side::Server, "transfer", self.in_words());
        let Some((message, _)) = self.first else { return unit };
        let end = message.answers.len() - usize::from(self.messages == 1);
        let details = vec![section(&message.answers[..end])];
        let rest = Rest::Words { details, facts: Facts::Dns(Box::new(message)) };
        Unit { rest, ..unit }
    }
}

/// How many transfers of one connection are told apart at one time.
const MAX_TRANSFERS: usize = 100;

/// A message as one line, with a further one for each section that is not the answer.
pub(in super::super) fn describe(sender: Side, octets: &[u8]) -> Unit<'static> {
    let message = match Message::decode(octets) {
        Ok(message) => message,
        Err(error) => return malformed(sender, octets, &error),
    };
    let flags = message.flags;
    let kind = if flags.qr { "response" } else { "query" };
    let mut text = kind.to_owned();
    if message.opcode != crate::proto::dns::Opcode::Query {
        text += &format!(" {}", message.opcode);
    }
    if flags.qr {
        text += &format!(" {}", message.rcode);
    }
    if message.answers.is_empty() {
        message.questions.iter().for_each(|question| text += &format!(" {question}"));
    }
    let dnssec_ok = message.edns.as_ref().is_some_and(|edns| edns.dnssec_ok);
    let words = [
        (flags.aa, " aa"),
        (flags.tc, " tc"),
        (flags.rd, " rd"),
        (flags.ra, " ra"),
        (flags.ad, " ad"),
        (flags.cd, " cd"),
        (dnssec_ok, " do"),
    ];
    words.iter().filter(|(set, _)| *set).for_each(|(_, word)| text += word);
    message.extended_errors().for_each(|error| text += &format!(" ede {error}"));
    if !message.answers.is_empty() {
        text += "; ";
        text += &section(&message.answers);
    }
    let details = [("authority ", &message.authorities), ("additional", &message.additionals)]
        .iter()
        .filter(|(_, records)| !records.is_empty())
        .map(|(title, records)| format!("{title}  {}", section(records)))
        .collect();
    let rest = Rest::Words { details, facts: Facts::Dns(Box::new(message)) };
    Unit { rest, ..Unit::words(sender, kind, text) }
}

fn malformed(sender: Side, octets: &[u8], error: &DecodeError) -> Unit<'static> {
    let rest = Rest::facts(Facts::Octets { octets: octets.len() });
    let text = format!("not a DNS message: {error}; {}", raw(octets));
    Unit { rest, ..Unit::words(sender, "malformed", text) }
}

/// `example.com. 300 MX 10 mx1.example.com., 20 mx2.example.com.; ...`: records of one name, type
/// and TTL together. Of more than a few, how many there are.
fn section(records: &[Record]) -> String {
    /// Enough for all addresses of an MX; the 13 root servers are not wanted at each look-up.
    const SHOWN: usize = 6;
    let mut text = String::new();
    let shown = if records.len() > SHOWN + 1 { SHOWN } else { records.len() };
    for (index, record) in records[..shown].iter().enumerate() {
        let like = |other: &&Record| {
            other.name == record.name
                && other.rtype() == record.rtype()
                && other.ttl_secs == record.ttl_secs
                && other.class == record.class
        };
        match index.checked_sub(1).map(|last| &records[last]).filter(like) {
            Some(_) => text += &format!(", {}", record.data),
            None if index == 0 => text += &record.to_string(),
            None => text += &format!("; {record}"),
        }
    }
    if shown < records.len() {
        text += &format!("; … {}", plural((records.len() - shown) as u64, "more record"));
    }
    text
}

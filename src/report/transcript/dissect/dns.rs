//! DNS messages: over TCP behind their length (RFC 1035 §4.2.2), and in words.

use crate::proto::dns::{DecodeError, Message, Record};

use super::super::entry::Facts;
use super::{Side, Unit, plural, raw};

/// The two directions of a connection.
#[derive(Debug, Default)]
pub(in super::super) struct Dns {
    client: Vec<u8>,
    server: Vec<u8>,
}

impl Dns {
    pub(super) fn octets(&mut self, sender: Side, octets: &[u8], out: &mut Vec<Unit>) {
        let buffer = self.buffer(sender);
        buffer.extend_from_slice(octets);
        let mut done = 0;
        while let Some((length, rest)) = buffer[done..].split_first_chunk::<2>()
            && let Some(message) = rest.get(..usize::from(u16::from_be_bytes(*length)))
        {
            out.push(describe(sender, message));
            done += 2 + message.len();
        }
        buffer.drain(..done);
    }

    pub(super) fn end(&mut self, sender: Side) -> Option<String> {
        let left = std::mem::take(self.buffer(sender));
        (!left.is_empty()).then(|| raw(&left))
    }

    fn buffer(&mut self, sender: Side) -> &mut Vec<u8> {
        match sender {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}

/// A message as one line, with a further one for each section that is not the answer.
pub(in super::super) fn describe(sender: Side, octets: &[u8]) -> Unit {
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
    if !message.answers.is_empty() {
        text += "; ";
        text += &section(&message.answers);
    }
    let details = [("authority ", &message.authorities), ("additional", &message.additionals)]
        .iter()
        .filter(|(_, records)| !records.is_empty())
        .map(|(title, records)| format!("{title}  {}", section(records)))
        .collect();
    Unit { details, facts: Facts::Dns(Box::new(message)), ..Unit::new(sender, kind, text) }
}

fn malformed(sender: Side, octets: &[u8], error: &DecodeError) -> Unit {
    let facts = Facts::Octets { octets: octets.len() };
    let text = format!("not a DNS message: {error}; {}", raw(octets));
    Unit { facts, ..Unit::new(sender, "malformed", text) }
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

//! The server's side of a transfer: a zone into messages.

use bytes::Bytes;

use super::super::codes::RecordType;
use super::super::message::{MAX_MESSAGE_OCTETS, Message};
use super::super::record::{Record, RecordData};
use super::super::zone::Zone;

/// The messages that answer an AXFR query with the whole zone, in order.
///
/// The SOA comes first and last (RFC 5936 §2.2), between them all other records in canonical order
/// of their names, glue too. A message holds as many records as fit into 65,535 octets before names
/// are compressed, so that their number is known without encoding twice. The question and EDNS are
/// in the first message alone, as NSD does (§2.2.2, §2.2.5).
///
/// `None` if a record of the zone fits into no message.
pub fn response(query: &Message, zone: &Zone) -> Option<Vec<Bytes>> {
    let mut head = Message::response_to(query);
    head.flags.aa = true;
    let mut follower = head.clone();
    follower.questions.clear();
    follower.edns = None;

    let soa = zone.soa();
    let rest = zone.records().filter(|record| record.rtype() != RecordType::Soa);
    let mut messages = Vec::new();
    let mut message = head;
    let mut room = ROOM_OCTETS;
    for record in std::iter::once(soa).chain(rest).chain(std::iter::once(soa)) {
        let octets = uncompressed_octets(record);
        if octets > room {
            if message.answers.is_empty() {
                return None;
            }
            messages.push(message.encode());
            message =
                Message { answers: Vec::with_capacity(message.answers.len()), ..follower.clone() };
            room = ROOM_OCTETS;
        }
        room = room.checked_sub(octets)?;
        message.answers.push(record.clone());
    }
    messages.push(message.encode());
    Some(messages)
}

/// What a message has for its answer section: all but header, question and OPT.
const ROOM_OCTETS: usize = MAX_MESSAGE_OCTETS - 12 - (255 + 4) - 11;

/// The octets of the record on the wire, no name in it compressed.
fn uncompressed_octets(record: &Record) -> usize {
    let data = match &record.data {
        RecordData::A(_) => 4,
        RecordData::Aaaa(_) => 16,
        RecordData::Ns(name)
        | RecordData::Cname(name)
        | RecordData::Dname(name)
        | RecordData::Ptr(name) => name.as_wire().len(),
        RecordData::Soa(soa) => soa.mname.as_wire().len() + soa.rname.as_wire().len() + 20,
        RecordData::Mx { exchange, .. } => 2 + exchange.as_wire().len(),
        RecordData::Txt(txt) => txt.as_wire().len(),
        RecordData::Srv { target, .. } => 6 + target.as_wire().len(),
        RecordData::Unknown { octets, .. } => octets.len(),
    };
    record.name.as_wire().len() + 10 + data
}

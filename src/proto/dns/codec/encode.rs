//! Encoding: a message into octets, names compressed, within a limit.

use bytes::Bytes;

use super::super::message::{Edns, Flags, Message, Question};
use super::super::name::Name;
use super::super::record::{Record, RecordData};
use super::cut::{bounded, misses_needed_glue, opt_octets, rrset_start};

/// Encodes `message` in at most `limit` octets, leaving out RRsets from the end.
///
/// `limit` is 512 at least: header, one question and a plain OPT record always fit.
pub(in super::super) fn encode(message: &Message, limit: usize) -> Bytes {
    let mut take = [message.answers.len(), message.authorities.len(), message.additionals.len()];
    let mut tc = message.flags.tc;
    loop {
        let (section, index) = match encode_part(message, limit, take, tc) {
            Ok(octets) => return octets,
            Err(Overflow::At { section, index }) => (section, index),
            Err(Overflow::Head) => return encode_header(message),
        };
        let records = [&message.answers, &message.authorities, &message.additionals][section];
        let kept = rrset_start(records, index);
        tc |= section < 2 || misses_needed_glue(message, kept);
        take[section] = kept;
        take[section + 1..].fill(0);
    }
}

/// Where a message grew beyond its limit.
enum Overflow {
    /// In the questions or in OPT.
    Head,
    /// At this record: section 0 to 2, and its index.
    At { section: usize, index: usize },
}

/// Encodes the first `take` records of each section.
fn encode_part(
    message: &Message,
    limit: usize,
    take: [usize; 3],
    tc: bool,
) -> Result<Bytes, Overflow> {
    let [answers, authorities, additionals] = take;
    let sections = [
        &message.answers[..answers],
        &message.authorities[..authorities],
        &message.additionals[..additionals],
    ];
    let count = message.questions.len() + answers + authorities + additionals;
    let mut wire = Wire::new(limit.min(RECORD_OCTETS * (count + 2)));
    let counts = [
        message.questions.len(),
        answers,
        authorities,
        additionals + usize::from(message.edns.is_some()),
    ];
    wire.header(message, tc, counts);
    // Room for OPT is kept till the end.
    let room = limit.saturating_sub(message.edns.as_ref().map_or(0, opt_octets));
    for question in &message.questions {
        wire.question(question);
        if wire.octets.len() > room {
            return Err(Overflow::Head);
        }
    }
    for (section, records) in sections.into_iter().enumerate() {
        for (index, record) in records.iter().enumerate() {
            wire.record(record);
            if wire.octets.len() > room {
                return Err(Overflow::At { section, index });
            }
        }
    }
    if let Some(edns) = &message.edns {
        wire.opt(edns, message.rcode.number());
        if wire.octets.len() > limit {
            return Err(Overflow::Head);
        }
    }
    Ok(wire.octets.into())
}

/// A header alone, for what cannot be cut otherwise (EDNS options beyond all size).
fn encode_header(message: &Message) -> Bytes {
    let mut wire = Wire::new(HEADER_OCTETS);
    wire.header(message, true, [0; 4]);
    wire.octets.into()
}

/// The octets of a message as far as they are written.
struct Wire {
    octets: Vec<u8>,
    /// The names that stand in it, and their parents: where, and how long they are without
    /// compression. The first of them only, which are those that are mentioned again.
    names: [(u16, u8); MAX_NAMES],
    count: usize,
}

impl Wire {
    fn new(capacity: usize) -> Self {
        Wire { octets: Vec::with_capacity(capacity), names: [(0, 0); MAX_NAMES], count: 0 }
    }

    fn u16(&mut self, number: u16) {
        self.octets.extend_from_slice(&number.to_be_bytes());
    }

    fn u32(&mut self, number: u32) {
        self.octets.extend_from_slice(&number.to_be_bytes());
    }

    fn header(&mut self, message: &Message, tc: bool, counts: [usize; 4]) {
        let Flags { qr, aa, tc: _, rd, ra, ad, cd } = message.flags;
        let bits = [(qr, 15), (aa, 10), (tc, 9), (rd, 8), (ra, 7), (ad, 5), (cd, 4)];
        let flags =
            bits.into_iter().fold(0, |flags, (is_set, bit)| flags | u16::from(is_set) << bit);
        let opcode = (message.opcode.number() & 15) << 11;
        self.u16(message.id);
        self.u16(flags | opcode | message.rcode.number() & 15);
        for count in counts {
            // What is more has no room in a message either.
            self.u16(u16::try_from(count).unwrap_or(u16::MAX));
        }
    }

    fn question(&mut self, question: &Question) {
        self.name(&question.name);
        self.u16(question.rtype.number());
        self.u16(question.class.number());
    }

    fn record(&mut self, record: &Record) {
        self.name(&record.name);
        self.u16(record.rtype().number());
        self.u16(record.class.number());
        self.u32(record.ttl_secs);
        let start = self.octets.len();
        self.u16(0);
        self.data(&record.data);
        let length = (self.octets.len() - start - 2) as u16;
        self.octets[start..start + 2].copy_from_slice(&length.to_be_bytes());
    }

    fn data(&mut self, data: &RecordData) {
        match data {
            RecordData::A(address) => self.octets.extend_from_slice(&address.octets()),
            RecordData::Aaaa(address) => self.octets.extend_from_slice(&address.octets()),
            RecordData::Ns(name) | RecordData::Cname(name) | RecordData::Ptr(name) => {
                self.name(name);
            }
            // A name of a type newer than RFC 1035 is not compressed (RFC 3597 §4).
            RecordData::Dname(name) => self.octets.extend_from_slice(name.as_wire()),
            RecordData::Soa(soa) => {
                self.name(&soa.mname);
                self.name(&soa.rname);
                self.u32(soa.serial);
                self.u32(soa.refresh_secs);
                self.u32(soa.retry_secs);
                self.u32(soa.expire_secs);
                self.u32(soa.minimum_secs);
            }
            RecordData::Mx { preference, exchange } => {
                self.u16(*preference);
                self.name(exchange);
            }
            RecordData::Txt(txt) => self.octets.extend_from_slice(bounded(txt.as_wire())),
            RecordData::Srv { priority, weight, port, target } => {
                self.u16(*priority);
                self.u16(*weight);
                self.u16(*port);
                self.octets.extend_from_slice(target.as_wire());
            }
            RecordData::Unknown { octets, .. } => self.octets.extend_from_slice(bounded(octets)),
        }
    }

    fn opt(&mut self, edns: &Edns, rcode: u16) {
        self.octets.push(0);
        self.u16(OPT);
        self.u16(edns.udp_octets);
        // The upper eight bits of the code; the lower four are in the header.
        self.octets.extend_from_slice(&[(rcode >> 4) as u8, edns.version]);
        self.u16(u16::from(edns.dnssec_ok) << 15);
        // What is longer than the length can say is longer than any message.
        self.u16((opt_octets(edns) - 11) as u16);
        for option in &edns.options {
            self.u16(option.code);
            self.u16(option.data.len() as u16);
            self.octets.extend_from_slice(&option.data);
        }
    }

    /// A name, as much of it as has been mentioned before as a pointer (RFC 1035 §4.1.4).
    fn name(&mut self, name: &Name) {
        let mut rest = name.as_wire();
        while rest.len() > 1 {
            if let Some(place) = self.find(rest) {
                return self.u16(place | POINTER);
            }
            let here = self.octets.len();
            if here >= POINTED_OCTETS || self.count == MAX_NAMES {
                break;
            }
            self.names[self.count] = (here as u16, rest.len() as u8);
            self.count += 1;
            let (label, parent) = rest.split_at(1 + usize::from(rest[0]));
            self.octets.extend_from_slice(label);
            rest = parent;
        }
        self.octets.extend_from_slice(rest);
    }

    /// Where a name stands.
    fn find(&self, name: &[u8]) -> Option<u16> {
        let known = self.names[..self.count].iter();
        let mut of_its_length = known.filter(|(_, octets)| usize::from(*octets) == name.len());
        of_its_length
            .find(|(place, _)| self.stands_at(usize::from(*place), name))
            .map(|(place, _)| *place)
    }

    /// Whether the name at that place, which is as long, is this one.
    fn stands_at(&self, mut place: usize, mut name: &[u8]) -> bool {
        loop {
            let octets = usize::from(self.octets[place]);
            if octets >= 0xc0 {
                place = (octets & 0x3f) << 8 | usize::from(self.octets[place + 1]);
                continue;
            }
            let label = &self.octets[place..=place + octets];
            let Some((other, rest)) = name.split_at_checked(label.len()) else { return false };
            if label != other && !label.eq_ignore_ascii_case(other) {
                return false;
            }
            if octets == 0 {
                return true;
            }
            (place, name) = (place + label.len(), rest);
        }
    }
}

const HEADER_OCTETS: usize = 12;

/// The type of OPT.
const OPT: u16 = 41;

/// Most records are shorter than this.
const RECORD_OCTETS: usize = 32;

/// Before a place: the name goes on there.
const POINTER: u16 = 0xc000;

/// A pointer reaches so far.
const POINTED_OCTETS: usize = 1 << 14;

/// So many names are looked through for one that stands already.
const MAX_NAMES: usize = 24;

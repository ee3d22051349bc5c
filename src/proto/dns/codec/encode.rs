//! Encoding: a message into octets, names compressed, within a limit.
//!
//! It is written on the stack, where most messages fit, and copied from there into octets of its size
//! (benches `dns` and `deliveries`).

use std::borrow::Borrow;

use bytes::Bytes;

use super::super::draft::Draft;
use super::super::message::{Edns, Flags, Question};
use super::super::name::Name;
use super::super::record::{Record, RecordData};
use super::cut::{bounded, misses_needed_glue, opt_octets, rrset_start};

/// Encodes `draft` in at most `limit` octets, leaving out RRsets from the end.
///
/// `limit` is 512 at least: header, one question and a plain OPT record always fit.
pub(in super::super) fn encode<R: Borrow<Record>>(draft: &Draft<'_, R>, limit: usize) -> Bytes {
    let mut short = [0; SHORT_OCTETS];
    if let Some(length) = encode_bare(draft, &mut short) {
        return Bytes::copy_from_slice(&short[..length]);
    }
    match encode_into(draft, limit, &mut short) {
        Some(length) => Bytes::copy_from_slice(&short[..length]),
        None => {
            let mut long = vec![0; limit];
            let length = encode_into(draft, limit, &mut long).expect("as long as may be");
            Bytes::copy_from_slice(&long[..length])
        }
    }
}

/// Encodes a message with a question and no record but OPT, as all queries are; `None` for another one.
///
/// Such a message is within every limit, and a name in it cannot be mentioned twice.
fn encode_bare<R: Borrow<Record>>(draft: &Draft<'_, R>, octets: &mut [u8]) -> Option<usize> {
    let is_bare =
        draft.answers.is_empty() && draft.authorities.is_empty() && draft.additionals.is_empty();
    let [question] = draft.questions else { return None };
    if !is_bare || draft.edns.is_some_and(|edns| !edns.options.is_empty()) {
        return None;
    }
    let mut wire = Wire::new(octets);
    wire.header(draft, draft.flags.tc, [1, 0, 0, usize::from(draft.edns.is_some())]);
    wire.slice(question.name.as_wire());
    wire.kind(question);
    if let Some(edns) = draft.edns {
        wire.opt(edns, draft.rcode.number());
    }
    Some(wire.at)
}

/// Encodes `draft` at the beginning of `octets`; how long it is. `None` when there is less room than
/// `limit` and more is needed.
fn encode_into<R: Borrow<Record>>(
    draft: &Draft<'_, R>,
    limit: usize,
    octets: &mut [u8],
) -> Option<usize> {
    let mut take = [draft.answers.len(), draft.authorities.len(), draft.additionals.len()];
    let mut tc = draft.flags.tc;
    loop {
        let (section, index) = match encode_part(draft, limit, take, tc, octets) {
            Ok(length) => return Some(length),
            Err(_) if octets.len() < limit => return None,
            Err(Overflow::At { section, index }) => (section, index),
            Err(Overflow::Head) => return Some(encode_header(draft, octets)),
        };
        let records = [draft.answers, draft.authorities, draft.additionals][section];
        let kept = rrset_start(records, index);
        tc |= section < 2 || misses_needed_glue(draft, kept);
        take[section] = kept;
        take[section + 1..].fill(0);
    }
}

/// Where a message grew beyond its limit, or beyond the room there is.
enum Overflow {
    /// In the questions or in OPT.
    Head,
    /// At this record: section 0 to 2, and its index.
    At { section: usize, index: usize },
}

/// Encodes the first `take` records of each section.
fn encode_part<R: Borrow<Record>>(
    draft: &Draft<'_, R>,
    limit: usize,
    take: [usize; 3],
    tc: bool,
    octets: &mut [u8],
) -> Result<usize, Overflow> {
    let [answers, authorities, additionals] = take;
    let sections = [
        &draft.answers[..answers],
        &draft.authorities[..authorities],
        &draft.additionals[..additionals],
    ];
    // Room for OPT is kept till the end.
    let room = limit.saturating_sub(draft.edns.map_or(0, opt_octets));
    let mut wire = Wire::new(octets);
    let counts = [
        draft.questions.len(),
        answers,
        authorities,
        additionals + usize::from(draft.edns.is_some()),
    ];
    wire.header(draft, tc, counts);
    for question in draft.questions {
        wire.question(question);
        if wire.is_beyond(room) {
            return Err(Overflow::Head);
        }
    }
    for (section, records) in sections.into_iter().enumerate() {
        for (index, record) in records.iter().enumerate() {
            wire.record(record.borrow());
            if wire.is_beyond(room) {
                return Err(Overflow::At { section, index });
            }
        }
    }
    if let Some(edns) = draft.edns {
        wire.opt(edns, draft.rcode.number());
        if wire.is_beyond(limit) {
            return Err(Overflow::Head);
        }
    }
    Ok(wire.at)
}

/// A header alone, for what cannot be cut otherwise (EDNS options beyond all size).
fn encode_header<R>(draft: &Draft<'_, R>, octets: &mut [u8]) -> usize {
    let mut wire = Wire::new(octets);
    wire.header(draft, true, [0; 4]);
    wire.at
}

/// The octets of a message as far as they are written.
struct Wire<'a> {
    octets: &'a mut [u8],
    at: usize,
    /// There was no room for all of it.
    is_full: bool,
    /// The names that stand in it, and their parents: where, and how long they are without
    /// compression. The first of them only, which are those that are mentioned again.
    names: [(u16, u8); MAX_NAMES],
    count: usize,
}

impl<'a> Wire<'a> {
    fn new(octets: &'a mut [u8]) -> Self {
        Wire { octets, at: 0, is_full: false, names: [(0, 0); MAX_NAMES], count: 0 }
    }

    fn is_beyond(&self, room: usize) -> bool {
        self.is_full || self.at > room
    }

    #[inline]
    fn array<const N: usize>(&mut self, array: [u8; N]) {
        match self.octets.get_mut(self.at..).and_then(<[u8]>::first_chunk_mut) {
            Some(place) => {
                *place = array;
                self.at += N;
            }
            None => self.is_full = true,
        }
    }

    #[inline]
    fn slice(&mut self, slice: &[u8]) {
        match self.octets.get_mut(self.at..self.at + slice.len()) {
            Some(place) => {
                place.copy_from_slice(slice);
                self.at += slice.len();
            }
            None => self.is_full = true,
        }
    }

    #[inline]
    fn u16(&mut self, number: u16) {
        self.array(number.to_be_bytes());
    }

    fn header<R>(&mut self, draft: &Draft<'_, R>, tc: bool, counts: [usize; 4]) {
        let Flags { qr, aa, tc: _, rd, ra, ad, cd } = draft.flags;
        let flag = |is_set: bool, bit: u16| u16::from(is_set) << bit;
        let flags = flag(qr, 15) | flag(aa, 10) | flag(tc, 9) | flag(rd, 8);
        let flags = flags | flag(ra, 7) | flag(ad, 5) | flag(cd, 4);
        let opcode = (draft.opcode.number() & 15) << 11;
        let [i, d] = draft.id.to_be_bytes();
        let [high, low] = (flags | opcode | draft.rcode.number() & 15).to_be_bytes();
        // What is more has no room in a message either.
        let counts = counts.map(|count| u16::try_from(count).unwrap_or(u16::MAX).to_be_bytes());
        let [[a, b], [c, e], [f, g], [h, j]] = counts;
        self.array([i, d, high, low, a, b, c, e, f, g, h, j]);
    }

    fn question(&mut self, question: &Question) {
        self.name(&question.name);
        self.kind(question);
    }

    /// Type and class.
    fn kind(&mut self, question: &Question) {
        let [[a, b], [c, d]] =
            [question.rtype.number(), question.class.number()].map(u16::to_be_bytes);
        self.array([a, b, c, d]);
    }

    fn record(&mut self, record: &Record) {
        self.name(&record.name);
        let [[a, b], [c, d]] =
            [record.rtype().number(), record.class.number()].map(u16::to_be_bytes);
        let [e, f, g, h] = record.ttl_secs.to_be_bytes();
        self.array([a, b, c, d, e, f, g, h, 0, 0]);
        let start = self.at;
        self.data(&record.data);
        let length = (self.at - start) as u16;
        if let Some(place) = self.octets.get_mut(start - 2..start) {
            place.copy_from_slice(&length.to_be_bytes());
        }
    }

    fn data(&mut self, data: &RecordData) {
        match data {
            RecordData::A(address) => self.array(address.octets()),
            RecordData::Aaaa(address) => self.array(address.octets()),
            RecordData::Ns(name) | RecordData::Cname(name) | RecordData::Ptr(name) => {
                self.name(name);
            }
            // A name of a type newer than RFC 1035 is not compressed (RFC 3597 §4).
            RecordData::Dname(name) => self.slice(name.as_wire()),
            RecordData::Soa(soa) => {
                self.name(&soa.mname);
                self.name(&soa.rname);
                let numbers = [
                    soa.serial,
                    soa.refresh_secs,
                    soa.retry_secs,
                    soa.expire_secs,
                    soa.minimum_secs,
                ];
                numbers.into_iter().for_each(|number| self.array(number.to_be_bytes()));
            }
            RecordData::Mx { preference, exchange } => {
                self.u16(*preference);
                self.name(exchange);
            }
            RecordData::Txt(txt) => self.slice(bounded(txt.as_wire())),
            RecordData::Srv { priority, weight, port, target } => {
                self.u16(*priority);
                self.u16(*weight);
                self.u16(*port);
                self.slice(target.as_wire());
            }
            RecordData::Unknown { octets, .. } => self.slice(bounded(octets)),
        }
    }

    fn opt(&mut self, edns: &Edns, rcode: u16) {
        let [t, y] = OPT.to_be_bytes();
        let [s, i] = edns.udp_octets.to_be_bytes();
        // The upper eight bits of the code; the lower four are in the header.
        let upper = (rcode >> 4) as u8;
        let high = u8::from(edns.dnssec_ok) << 7;
        // What is longer than the length can say is longer than any message.
        let [l, e] = ((opt_octets(edns) - 11) as u16).to_be_bytes();
        self.array([0, t, y, s, i, upper, edns.version, high, 0, l, e]);
        for option in &edns.options {
            self.u16(option.code);
            self.u16(option.data.len() as u16);
            self.slice(&option.data);
        }
    }

    /// A name, as much of it as has been mentioned before as a pointer (RFC 1035 §4.1.4).
    fn name(&mut self, name: &Name) {
        if self.is_full {
            return;
        }
        let wire = name.as_wire();
        let mut new = 0;
        while wire.len() - new > 1 {
            if let Some(place) = self.find(&wire[new..]) {
                self.slice(&wire[..new]);
                return self.u16(place | POINTER);
            }
            let here = self.at + new;
            if here >= POINTED_OCTETS || self.count == MAX_NAMES {
                break;
            }
            // It stands there soon. Until then nothing of this length is looked for.
            self.names[self.count] = (here as u16, (wire.len() - new) as u8);
            self.count += 1;
            new += 1 + usize::from(wire[new]);
        }
        self.slice(wire);
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

/// What most messages fit into.
const SHORT_OCTETS: usize = 512;

/// The type of OPT.
const OPT: u16 = 41;

/// Before a place: the name goes on there.
const POINTER: u16 = 0xc000;

/// A pointer reaches so far.
const POINTED_OCTETS: usize = 1 << 14;

/// So many names are looked through for one that stands already.
const MAX_NAMES: usize = 24;

//! Decoding: octets into a message, names copied out of it.

use bytes::Bytes;

use super::super::codes::{Class, Opcode, Rcode, RecordType};
use super::super::message::{
    DecodeError, DecodeReason, Edns, EdnsOption, Flags, Message, Question,
};
use super::super::name::{MAX_NAME_OCTETS, Name};
use super::super::query::Query;
use super::super::record::{Record, RecordData, Soa, Txt};

/// Decodes a message.
pub(in super::super) fn decode(octets: &[u8]) -> Result<Message, DecodeError> {
    let mut wire = Wire { octets, at: 0, end: octets.len() };
    let Ok((mut message, counts)) = wire.header() else {
        return Err(DecodeError { head: None, reason: DecodeReason::ShortHeader });
    };
    let rcode = message.rcode;
    match wire.sections(counts, &mut message) {
        Ok(()) => Ok(message),
        Err(reason) => {
            message.answers.clear();
            message.authorities.clear();
            message.additionals.clear();
            message.rcode = rcode;
            Err(DecodeError { head: Some(Box::new(message)), reason })
        }
    }
}

/// Reads a plain query; `None` where it is anything else, or none at all.
pub(in super::super) fn read_query(octets: &[u8]) -> Option<Query> {
    let mut wire = Wire { octets, at: 0, end: octets.len() };
    let [i, d, high, low, counts @ ..] = wire.array::<12>().ok()?;
    let [0, 1, 0, 0, 0, 0, 0, additionals @ (0 | 1)] = counts else { return None };
    let flags = u16::from_be_bytes([high, low]);
    if flags & (QR | OPCODE) != 0 {
        return None;
    }
    let name = wire.name().ok()?;
    let [a, b, c, e] = wire.array::<4>().ok()?;
    let (rtype, class) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, e]));
    let edns = match additionals {
        0 => None,
        _ => {
            let [0, a, b, s, i, _, 0, high, _, 0, 0] = wire.array::<11>().ok()? else {
                return None;
            };
            if u16::from_be_bytes([a, b]) != OPT {
                return None;
            }
            let udp_octets = u16::from_be_bytes([s, i]);
            Some(Edns { udp_octets, version: 0, dnssec_ok: high & 0x80 != 0, options: Vec::new() })
        }
    };
    Some(Query {
        id: u16::from_be_bytes([i, d]),
        flags: read_flags(flags),
        question: Question { name, rtype: rtype.into(), class: class.into() },
        edns,
    })
}

/// The data of any type from its octets without compression (RFC 3597 §5 allows `\#` for types
/// that have a form of their own, too). `None` when they do not fit the type.
pub(in super::super) fn data_from_octets(
    rtype: RecordType,
    class: Class,
    octets: &[u8],
) -> Option<RecordData> {
    u16::try_from(octets.len()).ok()?;
    let data = Wire { octets, at: 0, end: octets.len() }.data(rtype, class).ok()?;
    let is_whole = class != Class::In || !data.is_broken_address();
    is_whole.then_some(data)
}

/// The octets of a message, read from `at` to `end`. Names may have parts before.
struct Wire<'a> {
    octets: &'a [u8],
    at: usize,
    end: usize,
}

type Read<T> = Result<T, DecodeReason>;

impl<'a> Wire<'a> {
    #[inline]
    fn take(&mut self, count: usize) -> Read<&'a [u8]> {
        let from = self.at;
        if self.end - from < count {
            return Err(DecodeReason::Malformed);
        }
        self.at += count;
        Ok(&self.octets[from..from + count])
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Read<[u8; N]> {
        self.take(N).map(|octets| *octets.first_chunk().expect("so many were taken"))
    }

    #[inline]
    fn u8(&mut self) -> Read<u8> {
        self.array().map(u8::from_be_bytes)
    }

    #[inline]
    fn u16(&mut self) -> Read<u16> {
        self.array().map(u16::from_be_bytes)
    }

    #[inline]
    fn u32(&mut self) -> Read<u32> {
        self.array().map(u32::from_be_bytes)
    }

    fn rest(&mut self) -> &'a [u8] {
        let from = std::mem::replace(&mut self.at, self.end);
        &self.octets[from..self.end]
    }

    /// The header, as a message without anything else, and the counts of the sections.
    fn header(&mut self) -> Read<(Message, [u16; 4])> {
        let [i, d, high, low, counts @ ..] = self.array::<12>()?;
        let flags = u16::from_be_bytes([high, low]);
        let message = Message {
            id: u16::from_be_bytes([i, d]),
            flags: read_flags(flags),
            opcode: Opcode::from(flags >> 11 & 15),
            rcode: Rcode::from(flags & 15),
            questions: Vec::new(),
            answers: Vec::new(),
            authorities: Vec::new(),
            additionals: Vec::new(),
            edns: None,
        };
        let count = |at: usize| u16::from_be_bytes([counts[at], counts[at + 1]]);
        Ok((message, [count(0), count(2), count(4), count(6)]))
    }

    fn sections(&mut self, counts: [u16; 4], message: &mut Message) -> Read<()> {
        for _ in 0..counts[0] {
            let name = self.name()?;
            let (rtype, class) = (RecordType::from(self.u16()?), Class::from(self.u16()?));
            message.questions.push(Question { name, rtype, class });
        }
        self.room(counts[1], &mut message.answers);
        for _ in 0..counts[1] {
            let Entry::Record(record) = self.record()? else {
                return Err(DecodeReason::MisplacedOpt);
            };
            message.answers.push(record);
        }
        self.room(counts[2], &mut message.authorities);
        for _ in 0..counts[2] {
            let Entry::Record(record) = self.record()? else {
                return Err(DecodeReason::MisplacedOpt);
            };
            message.authorities.push(record);
        }
        // Most often the last one is OPT.
        self.room(counts[3].saturating_sub(1), &mut message.additionals);
        for _ in 0..counts[3] {
            match self.record()? {
                Entry::Record(record) => message.additionals.push(record),
                Entry::Opt { is_root, edns, rcode } => {
                    if message.edns.is_some() || !is_root {
                        return Err(DecodeReason::MisplacedOpt);
                    }
                    message.rcode = Rcode::from(rcode << 4 | message.rcode.number() & 15);
                    message.edns = Some(edns?);
                }
            }
        }
        Ok(())
    }

    /// Makes room for so many records, if that many can be left.
    fn room(&self, count: u16, records: &mut Vec<Record>) {
        records.reserve_exact(usize::from(count).min((self.end - self.at) / LEAST_RECORD_OCTETS));
    }

    fn record(&mut self) -> Read<Entry> {
        let name = self.name()?;
        let (rtype, class, ttl_secs) = (self.u16()?, self.u16()?, self.u32()?);
        let length = usize::from(self.u16()?);
        let (from, octets) = (self.at, self.octets);
        self.take(length)?;
        let mut data = Wire { octets, at: from, end: from + length };
        if rtype == OPT {
            let [rcode, version, high, _] = ttl_secs.to_be_bytes();
            let edns = data.options().map(|options| Edns {
                udp_octets: class,
                version,
                dnssec_ok: high & 0x80 != 0,
                options,
            });
            return Ok(Entry::Opt { is_root: name.is_root(), edns, rcode: rcode.into() });
        }
        let class = Class::from(class);
        let data = data.data(RecordType::from(rtype), class)?;
        // With its first bit set a TTL counts as zero (RFC 2181 §8).
        let ttl_secs = if ttl_secs > i32::MAX as u32 { 0 } else { ttl_secs };
        Ok(Entry::Record(Record { name, class, ttl_secs, data }))
    }

    fn options(&mut self) -> Read<Vec<EdnsOption>> {
        let mut options = Vec::new();
        while self.at < self.end {
            let (code, length) = (self.u16()?, self.u16()?);
            let data = Bytes::copy_from_slice(self.take(length.into())?);
            options.push(EdnsOption { code, data });
        }
        Ok(options)
    }

    /// All that is left as the data of a record.
    fn data(&mut self, rtype: RecordType, class: Class) -> Read<RecordData> {
        // An address outside class IN has another form (RFC 1035 §3.4.1).
        let internet = class == Class::In;
        let length = self.end - self.at;
        let data = match rtype {
            RecordType::A if internet && length == 4 => RecordData::A(self.array::<4>()?.into()),
            RecordType::Aaaa if internet && length == 16 => {
                RecordData::Aaaa(self.array::<16>()?.into())
            }
            RecordType::Ns => RecordData::Ns(self.name()?),
            RecordType::Cname => RecordData::Cname(self.name()?),
            RecordType::Dname => RecordData::Dname(self.name()?),
            RecordType::Ptr => RecordData::Ptr(self.name()?),
            RecordType::Mx => RecordData::Mx { preference: self.u16()?, exchange: self.name()? },
            RecordType::Soa => RecordData::Soa(Box::new(Soa {
                mname: self.name()?,
                rname: self.name()?,
                serial: self.u32()?,
                refresh_secs: self.u32()?,
                retry_secs: self.u32()?,
                expire_secs: self.u32()?,
                minimum_secs: self.u32()?,
            })),
            RecordType::Srv if internet => RecordData::Srv {
                priority: self.u16()?,
                weight: self.u16()?,
                port: self.u16()?,
                target: self.name()?,
            },
            RecordType::Txt => {
                let wire = Bytes::copy_from_slice(self.rest());
                RecordData::Txt(Txt::from_wire(wire).ok_or(DecodeReason::Malformed)?)
            }
            // Other types of RFC 1035 may hold compressed names: they are written out.
            RecordType::Md
            | RecordType::Mf
            | RecordType::Mb
            | RecordType::Mg
            | RecordType::Mr
            | RecordType::Minfo
            | RecordType::Rp
            | RecordType::Naptr => {
                let octets = self.written_out(rtype)?.into();
                RecordData::Unknown { rtype, octets }
            }
            // An address of a wrong length, too: the rest of the message is none the worse for it.
            _ => RecordData::Unknown { rtype, octets: Bytes::copy_from_slice(self.rest()) },
        };
        if self.at < self.end {
            return Err(DecodeReason::Malformed);
        }
        Ok(data)
    }

    /// The octets of data that ends in one name or two, which may be compressed.
    fn written_out(&mut self, rtype: RecordType) -> Read<Vec<u8>> {
        let from = self.at;
        let names = match rtype {
            RecordType::Minfo | RecordType::Rp => 2,
            RecordType::Naptr => {
                // Order and preference; flags, services and a regular expression (RFC 3403 §4.1).
                self.take(4)?;
                for _ in 0..3 {
                    let length = self.u8()?;
                    self.take(length.into())?;
                }
                1
            }
            _ => 1,
        };
        let mut octets = self.octets[from..self.at].to_vec();
        for _ in 0..names {
            octets.extend_from_slice(self.name()?.as_wire());
        }
        Ok(octets)
    }

    /// A name. A pointer leads to before where it stands.
    fn name(&mut self) -> Read<Name> {
        let from = self.at;
        loop {
            match self.u8()? {
                0 => {
                    let wire = &self.octets[from..self.at];
                    if wire.len() > MAX_NAME_OCTETS {
                        return Err(DecodeReason::Malformed);
                    }
                    return Ok(Name::from_checked(wire));
                }
                octets @ 1..=63 => {
                    self.take(octets.into())?;
                }
                0xc0.. => {
                    self.at -= 1;
                    break;
                }
                _ => return Err(DecodeReason::Malformed),
            }
        }
        let mut name = [0; MAX_NAME_OCTETS];
        let mut len = self.at - from;
        let labels = &self.octets[from..self.at];
        name.get_mut(..len).ok_or(DecodeReason::Malformed)?.copy_from_slice(labels);
        let mut pointer = self.pointer()?;
        if let Some(rest) = self.whole(pointer) {
            if len == 0 {
                return Ok(Name::from_checked(rest));
            }
            let place = name.get_mut(len..len + rest.len()).ok_or(DecodeReason::Malformed)?;
            place.copy_from_slice(rest);
            return Ok(Name::from_checked(&name[..len + rest.len()]));
        }
        let mut there = Wire { at: pointer, ..*self };
        for _ in 0..MAX_POINTERS {
            loop {
                let from = there.at;
                let octets = there.u8()?;
                match octets {
                    0..=63 => {
                        there.take(octets.into())?;
                        let label = &self.octets[from..there.at];
                        let place = name.get_mut(len..len + label.len());
                        place.ok_or(DecodeReason::Malformed)?.copy_from_slice(label);
                        len += label.len();
                        if octets == 0 {
                            return Ok(Name::from_checked(&name[..len]));
                        }
                    }
                    0xc0.. => {
                        there.at = from;
                        break;
                    }
                    _ => return Err(DecodeReason::Malformed),
                }
            }
            pointer = there.pointer()?;
            there.at = pointer;
        }
        Err(DecodeReason::Malformed)
    }

    /// The name that starts there, if no pointer is in it: most pointers lead to one.
    fn whole(&self, start: usize) -> Option<&'a [u8]> {
        let mut at = start;
        while let octets @ 1..=63 = *self.octets.get(at)? {
            at += 1 + usize::from(octets);
        }
        let name = self.octets.get(start..=at).filter(|name| name.ends_with(&[0]))?;
        (at < self.end && name.len() <= MAX_NAME_OCTETS).then_some(name)
    }

    /// Where a pointer leads.
    fn pointer(&mut self) -> Read<usize> {
        let here = self.at;
        let to = usize::from(self.u16()? & 0x3fff);
        if to < here { Ok(to) } else { Err(DecodeReason::Malformed) }
    }
}

fn read_flags(flags: u16) -> Flags {
    let bit = |bit: u16| flags >> bit & 1 == 1;
    Flags { qr: bit(15), aa: bit(10), tc: bit(9), rd: bit(8), ra: bit(7), ad: bit(5), cd: bit(4) }
}

/// What stands in a section: a record, or the OPT pseudo-record.
enum Entry {
    Record(Record),
    Opt { is_root: bool, edns: Read<Edns>, rcode: u16 },
}

/// The bit of a response.
const QR: u16 = 1 << 15;

/// The bits of the opcode; none of them is set for QUERY.
const OPCODE: u16 = 15 << 11;

/// The type of OPT.
const OPT: u16 = 41;

/// Root's name, type, class, TTL and length.
const LEAST_RECORD_OCTETS: usize = 11;

/// No name has so many labels, and so no need of so many pointers.
const MAX_POINTERS: usize = 255;

//! Decoding: octets into a message, names copied out of it.

use bytes::Bytes;
use domain::base::message::RecordSection;
use domain::base::name::{ParsedName, ToName};
use domain::base::opt::OptRecord;
use domain::base::rdata::{ComposeRecordData, ParseRecordData, UnknownRecordData};
use domain::base::record::ParsedRecord;
use domain::base::{self, Rtype, iana};
use domain::rdata;

use super::super::super::codes::{Class, Opcode, Rcode, RecordType};
use super::super::super::message::{
    DecodeError, DecodeReason, Edns, EdnsOption, Flags, Message, Question,
};
use super::super::super::name::{MAX_NAME_OCTETS, Name};
use super::super::super::record::{Record, RecordData, Soa, Txt};

/// Decodes a message.
pub(super) fn decode(octets: &[u8]) -> Result<Message, DecodeError> {
    let Ok(wire) = base::Message::from_octets(octets) else {
        return Err(DecodeError { head: None, reason: DecodeReason::ShortHeader });
    };
    let mut message = decode_header(wire.header());
    match decode_sections(&wire, &mut message) {
        Ok(()) => Ok(message),
        Err(reason) => {
            message.answers.clear();
            message.authorities.clear();
            message.additionals.clear();
            message.rcode = Rcode::from(u16::from(wire.header().rcode().to_int()));
            Err(DecodeError { head: Some(Box::new(message)), reason })
        }
    }
}

fn decode_header(header: base::Header) -> Message {
    let base::header::Flags { qr, aa, tc, rd, ra, ad, cd } = header.flags();
    Message {
        id: header.id(),
        flags: Flags { qr, aa, tc, rd, ra, ad, cd },
        opcode: Opcode::from(u16::from(header.opcode().to_int())),
        rcode: Rcode::from(u16::from(header.rcode().to_int())),
        questions: Vec::new(),
        answers: Vec::new(),
        authorities: Vec::new(),
        additionals: Vec::new(),
        edns: None,
    }
}

/// The octets of a message under decoding.
type Octets<'a> = &'a [u8];

fn decode_sections(
    wire: &base::Message<Octets<'_>>,
    message: &mut Message,
) -> Result<(), DecodeReason> {
    let mut names = NameReader::default();
    let mut questions = wire.question();
    for question in questions.by_ref() {
        let question = question.map_err(malformed)?;
        message.questions.push(Question {
            name: names.read(question.qname()),
            rtype: RecordType::from(question.qtype().to_int()),
            class: Class::from(question.qclass().to_int()),
        });
    }
    let answers = questions.answer().map_err(malformed)?;
    let authorities = decode_section(answers, &mut names, &mut message.answers)?;
    let authorities = authorities.ok_or(DecodeReason::Malformed)?;
    let additionals = decode_section(authorities, &mut names, &mut message.authorities)?;
    let additionals = additionals.ok_or(DecodeReason::Malformed)?;
    for record in additionals {
        let record = record.map_err(malformed)?;
        if record.rtype() != Rtype::OPT {
            message.additionals.push(decode_record(&record, &mut names)?);
        } else if message.edns.is_some() || !record.owner().is_root() {
            return Err(DecodeReason::MisplacedOpt);
        } else {
            let opt = record.to_any_record::<rdata::AllRecordData<_, ParsedName<_>>>();
            let rdata::AllRecordData::Opt(opt) = opt.map_err(malformed)?.into_data() else {
                return Err(DecodeReason::Malformed);
            };
            let opt = OptRecord::from_record(base::Record::new(
                record.owner(),
                record.class(),
                record.ttl(),
                opt,
            ));
            message.rcode = Rcode::from(opt.rcode(wire.header()).to_int());
            message.edns = Some(decode_opt(&opt));
        }
    }
    Ok(())
}

/// Reads one of the first two sections; gives the section after it.
fn decode_section<'a>(
    mut section: RecordSection<'a, Octets<'a>>,
    names: &mut NameReader,
    records: &mut Vec<Record>,
) -> Result<Option<RecordSection<'a, Octets<'a>>>, DecodeReason> {
    for record in section.by_ref() {
        let record = record.map_err(malformed)?;
        if record.rtype() == Rtype::OPT {
            return Err(DecodeReason::MisplacedOpt);
        }
        records.push(decode_record(&record, names)?);
    }
    section.next_section().map_err(malformed)
}

fn decode_opt(opt: &OptRecord<Octets<'_>>) -> Edns {
    let options = opt.opt().iter::<base::opt::UnknownOptData<_>>();
    Edns {
        udp_octets: opt.udp_payload_size(),
        version: opt.version(),
        dnssec_ok: opt.dnssec_ok(),
        options: options
            .flatten()
            .map(|option| EdnsOption {
                code: option.code().to_int(),
                data: Bytes::copy_from_slice(option.as_slice()),
            })
            .collect(),
    }
}

fn malformed(_: base::wire::ParseError) -> DecodeReason {
    DecodeReason::Malformed
}

fn decode_record<'a>(
    record: &ParsedRecord<'a, Octets<'a>>,
    names: &mut NameReader,
) -> Result<Record, DecodeReason> {
    let ttl_secs = record.ttl().as_secs();
    Ok(Record {
        name: names.read(&record.owner()),
        class: Class::from(record.class().to_int()),
        // With its first bit set a TTL counts as zero (RFC 2181 §8).
        ttl_secs: if ttl_secs > i32::MAX as u32 { 0 } else { ttl_secs },
        data: decode_data(record, names)?,
    })
}

fn decode_data<'a>(
    record: &ParsedRecord<'a, Octets<'a>>,
    names: &mut NameReader,
) -> Result<RecordData, DecodeReason> {
    type Parsed<'a> = ParsedName<Octets<'a>>;
    let rtype = RecordType::from(record.rtype().to_int());
    // An address outside class IN has another form (RFC 1035 §3.4.1).
    let internet = record.class() == iana::Class::IN;
    let length = record.rdlen();
    Ok(match rtype {
        RecordType::A if internet && length == 4 => {
            RecordData::A(parse::<rdata::A>(record)?.addr())
        }
        RecordType::Aaaa if internet && length == 16 => {
            RecordData::Aaaa(parse::<rdata::Aaaa>(record)?.addr())
        }
        RecordType::Ns => {
            RecordData::Ns(names.read(parse::<rdata::Ns<Parsed<'_>>>(record)?.nsdname()))
        }
        RecordType::Cname => {
            RecordData::Cname(names.read(parse::<rdata::Cname<Parsed<'_>>>(record)?.cname()))
        }
        RecordType::Dname => {
            RecordData::Dname(names.read(parse::<rdata::Dname<Parsed<'_>>>(record)?.dname()))
        }
        RecordType::Ptr => {
            RecordData::Ptr(names.read(parse::<rdata::Ptr<Parsed<'_>>>(record)?.ptrdname()))
        }
        RecordType::Mx => {
            let mx = parse::<rdata::Mx<Parsed<'_>>>(record)?;
            RecordData::Mx { preference: mx.preference(), exchange: names.read(mx.exchange()) }
        }
        RecordType::Soa => {
            let soa = parse::<rdata::Soa<Parsed<'_>>>(record)?;
            RecordData::Soa(Box::new(Soa {
                mname: names.read(soa.mname()),
                rname: names.read(soa.rname()),
                serial: soa.serial().into_int(),
                refresh_secs: soa.refresh().as_secs(),
                retry_secs: soa.retry().as_secs(),
                expire_secs: soa.expire().as_secs(),
                minimum_secs: soa.minimum().as_secs(),
            }))
        }
        RecordType::Srv if internet => {
            let srv = parse::<rdata::Srv<Parsed<'_>>>(record)?;
            RecordData::Srv {
                priority: srv.priority(),
                weight: srv.weight(),
                port: srv.port(),
                target: names.read(srv.target()),
            }
        }
        RecordType::Txt => {
            RecordData::Txt(Txt::from_wire(raw(record)?).ok_or(DecodeReason::Malformed)?)
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
            let data = record.to_any_record::<rdata::AllRecordData<Octets<'_>, Parsed<'_>>>();
            let mut octets = Vec::with_capacity(usize::from(record.rdlen()));
            let Ok(()) = data.map_err(malformed)?.data().compose_rdata(&mut octets);
            RecordData::Unknown { rtype, octets: octets.into() }
        }
        // An address of a wrong length, too: the rest of the message is none the worse for it.
        _ => RecordData::Unknown { rtype, octets: raw(record)? },
    })
}

/// The data of a record of known type.
fn parse<'a, D: ParseRecordData<'a, Octets<'a>>>(
    record: &ParsedRecord<'a, Octets<'a>>,
) -> Result<D, DecodeReason> {
    let parsed = record.clone().into_record::<D>().map_err(malformed)?;
    Ok(parsed.ok_or(DecodeReason::Malformed)?.into_data())
}

/// The octets of the data as they are.
fn raw<'a>(record: &ParsedRecord<'a, Octets<'a>>) -> Result<Bytes, DecodeReason> {
    Ok(Bytes::copy_from_slice(parse::<UnknownRecordData<Octets<'_>>>(record)?.data()))
}

/// Copies names out of a message. Records of an RRset share one copy.
#[derive(Default)]
struct NameReader {
    last: Option<Name>,
}

impl NameReader {
    fn read(&mut self, name: &impl ToName) -> Name {
        let mut octets = [0; MAX_NAME_OCTETS];
        let mut len = 0;
        for label in name.iter_labels() {
            let label = label.as_slice();
            octets[len] = label.len() as u8;
            octets[len + 1..=len + label.len()].copy_from_slice(label);
            len += 1 + label.len();
        }
        let octets = &octets[..len];
        match &self.last {
            Some(last) if last.as_wire() == octets => last.clone(),
            _ => {
                let name = Name::from_checked(octets);
                self.last = Some(name.clone());
                name
            }
        }
    }
}

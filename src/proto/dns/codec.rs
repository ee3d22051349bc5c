//! The wire form of messages, by the `domain` crate: the only file that knows it.
//!
//! Follows RFC 1035 §4.1 with compression (§4.1.4), RFC 3597 §4 (which names are compressed),
//! RFC 6891 §6.1 (OPT), RFC 2181 §8 and §9 (TTLs, TC). Also reads and prints the data of the types
//! that are opaque octets to the rest of the project.
//!
//! A compressed name takes the case of its first mention.

use bytes::{Bytes, BytesMut};
use domain::base::iana;
use domain::base::message::RecordSection;
use domain::base::message_builder::{
    AdditionalBuilder, MessageBuilder, RecordSectionBuilder, StaticCompressor,
};
use domain::base::name::{Label, ParsedName, ToLabelIter, ToName};
use domain::base::opt::OptRecord;
use domain::base::rdata::{ComposeRecordData, ParseRecordData, UnknownRecordData};
use domain::base::record::{ComposeRecord, ParsedRecord};
use domain::base::scan::IterScanner;
use domain::base::wire::Composer;
use domain::base::{self, Rtype};
use domain::dep::octseq::{OctetsBuilder, Parser};
use domain::rdata;

use super::codes::{Class, Opcode, Rcode, RecordType};
use super::message::{DecodeError, DecodeReason, Edns, EdnsOption, Flags, Message, Question};
use super::name::{MAX_NAME_OCTETS, Name};
use super::record::{Record, RecordData, Soa, Txt};

// ---- Encoding ---------------------------------------------------------------------------------

/// Encodes `message` in at most `limit` octets, leaving out RRsets from the end.
///
/// `limit` is 512 at least: header, one question and a plain OPT record always fit.
pub(super) fn encode(message: &Message, limit: usize) -> Bytes {
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
    let target = StaticCompressor::new(BytesMut::with_capacity(limit.min(INITIAL_OCTETS)));
    let Ok(mut builder) = MessageBuilder::from_target(target);
    set_header(builder.header_mut(), message, tc);

    // The builder wants to stay below its limit, not at it. Room for OPT is kept till the end.
    let opt_octets = message.edns.as_ref().map_or(0, opt_octets);
    builder.set_push_limit((limit + 1).saturating_sub(opt_octets));
    let mut questions = builder.question();
    for question in &message.questions {
        let rtype = Rtype::from_int(question.rtype.number());
        let class = iana::Class::from_int(question.class.number());
        questions.push((&Wire(&question.name), rtype, class)).map_err(|_| Overflow::Head)?;
    }
    let mut answers = questions.answer();
    push_all(&mut answers, 0, &message.answers[..take[0]])?;
    let mut authorities = answers.authority();
    push_all(&mut authorities, 1, &message.authorities[..take[1]])?;
    let mut additionals = authorities.additional();
    push_all(&mut additionals, 2, &message.additionals[..take[2]])?;
    additionals.set_push_limit(limit + 1);
    if let Some(edns) = &message.edns {
        push_opt(&mut additionals, edns, message.rcode).map_err(|_| Overflow::Head)?;
    }
    Ok(additionals.finish().into_target().freeze())
}

/// A header alone, for what cannot be cut otherwise (EDNS options beyond all size).
fn encode_header(message: &Message) -> Bytes {
    let mut builder = MessageBuilder::new_bytes();
    set_header(builder.header_mut(), message, true);
    builder.finish().freeze()
}

fn set_header(header: &mut base::Header, message: &Message, tc: bool) {
    let Flags { qr, aa, tc: _, rd, ra, ad, cd } = message.flags;
    header.set_id(message.id);
    header.set_flags(base::header::Flags { qr, aa, tc, rd, ra, ad, cd });
    header.set_opcode(iana::Opcode::from_int((message.opcode.number() & 15) as u8));
    header.set_rcode(iana::Rcode::masked_from_int((message.rcode.number() & 15) as u8));
}

/// Pushes records until one does not fit.
fn push_all<B: RecordSectionBuilder<StaticCompressor<BytesMut>>>(
    builder: &mut B,
    section: usize,
    records: &[Record],
) -> Result<(), Overflow> {
    for (index, record) in records.iter().enumerate() {
        builder.push(WireRecord(record)).map_err(|_| Overflow::At { section, index })?;
    }
    Ok(())
}

/// The index at which the RRset of record `index` starts, if its records stand together.
fn rrset_start(records: &[Record], index: usize) -> usize {
    let set = |record: &Record| (record.rtype(), record.class);
    let last = &records[index];
    let together = records[..index]
        .iter()
        .rev()
        .take_while(|record| set(record) == set(last) && record.name == last.name);
    index - together.count()
}

/// Whether the additional records from `kept` on hold glue without which a referral is of no use:
/// addresses of name servers below the cut (RFC 9471 §3.1).
fn misses_needed_glue(message: &Message, kept: usize) -> bool {
    let is_referral = message.answers.is_empty() && !message.flags.aa;
    is_referral
        && message.additionals[kept..].iter().any(|glue| {
            message.authorities.iter().any(|ns| match &ns.data {
                RecordData::Ns(host) => *host == glue.name && host.is_subdomain_of(&ns.name),
                _ => false,
            })
        })
}

/// The octets of the OPT record of `edns`.
fn opt_octets(edns: &Edns) -> usize {
    11 + edns.options.iter().map(|option| 4 + option.data.len()).sum::<usize>()
}

fn push_opt(
    builder: &mut AdditionalBuilder<StaticCompressor<BytesMut>>,
    edns: &Edns,
    rcode: Rcode,
) -> Result<(), base::message_builder::PushError> {
    builder.opt(|opt| {
        opt.set_udp_payload_size(edns.udp_octets);
        opt.set_version(edns.version);
        opt.set_dnssec_ok(edns.dnssec_ok);
        // Only the upper eight bits are taken from it; the lower four are in the header.
        opt.set_rcode(iana::OptRcode::masked_from_int(rcode.number()));
        for option in &edns.options {
            let octets = u16::try_from(option.data.len()).unwrap_or(u16::MAX);
            opt.push_raw_option(iana::OptionCode::from_int(option.code), octets, |target| {
                target.append_slice(&option.data[..usize::from(octets)])
            })?;
        }
        Ok(())
    })
}

/// A [`Name`] as the `domain` crate sees it.
struct Wire<'a>(&'a Name);

impl ToLabelIter for Wire<'_> {
    type LabelIter<'a>
        = WireLabels<'a>
    where
        Self: 'a;

    fn iter_labels(&self) -> WireLabels<'_> {
        WireLabels { rest: self.0.as_wire() }
    }

    fn compose_len(&self) -> u16 {
        self.0.as_wire().len() as u16
    }
}

impl ToName for Wire<'_> {
    fn compose<Target: OctetsBuilder + ?Sized>(
        &self,
        target: &mut Target,
    ) -> Result<(), Target::AppendError> {
        target.append_slice(self.0.as_wire())
    }
}

/// The labels of a name, the root's too.
#[derive(Clone)]
struct WireLabels<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for WireLabels<'a> {
    type Item = &'a Label;

    fn next(&mut self) -> Option<&'a Label> {
        let (&octets, rest) = self.rest.split_first()?;
        let (label, rest) = rest.split_at(usize::from(octets));
        self.rest = rest;
        Some(Label::from_slice(label).expect("a label of a Name has at most 63 octets"))
    }
}

impl DoubleEndedIterator for WireLabels<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let mut start = 0;
        while start < self.rest.len() {
            let next = start + 1 + usize::from(self.rest[start]);
            if next == self.rest.len() {
                let label = &self.rest[start + 1..];
                self.rest = &self.rest[..start];
                return Some(Label::from_slice(label).expect("a label has at most 63 octets"));
            }
            start = next;
        }
        None
    }
}

/// A [`Record`] as the `domain` crate sees it.
struct WireRecord<'a>(&'a Record);

impl ComposeRecord for WireRecord<'_> {
    fn compose_record<Target: Composer + ?Sized>(
        &self,
        target: &mut Target,
    ) -> Result<(), Target::AppendError> {
        let record = self.0;
        base::Record::new(
            Wire(&record.name),
            iana::Class::from_int(record.class.number()),
            base::Ttl::from_secs(record.ttl_secs),
            WireData(&record.data),
        )
        .compose(target)
    }
}

/// [`RecordData`] as the `domain` crate sees it.
struct WireData<'a>(&'a RecordData);

impl base::RecordData for WireData<'_> {
    fn rtype(&self) -> Rtype {
        Rtype::from_int(self.0.rtype().number())
    }
}

impl ComposeRecordData for WireData<'_> {
    fn rdlen(&self, _compress: bool) -> Option<u16> {
        match self.0 {
            RecordData::A(_) => Some(4),
            RecordData::Aaaa(_) => Some(16),
            RecordData::Dname(target) => Some(target.as_wire().len() as u16),
            RecordData::Srv { target, .. } => Some(6 + target.as_wire().len() as u16),
            RecordData::Txt(txt) => Some(bounded(txt.as_wire()).len() as u16),
            RecordData::Unknown { octets, .. } => Some(bounded(octets).len() as u16),
            _ => None,
        }
    }

    fn compose_rdata<Target: Composer + ?Sized>(
        &self,
        target: &mut Target,
    ) -> Result<(), Target::AppendError> {
        match self.0 {
            RecordData::A(address) => target.append_slice(&address.octets()),
            RecordData::Aaaa(address) => target.append_slice(&address.octets()),
            RecordData::Ns(name) | RecordData::Cname(name) | RecordData::Ptr(name) => {
                target.append_compressed_name(&Wire(name))
            }
            RecordData::Dname(name) => Wire(name).compose(target),
            RecordData::Soa(soa) => {
                target.append_compressed_name(&Wire(&soa.mname))?;
                target.append_compressed_name(&Wire(&soa.rname))?;
                let numbers = [
                    soa.serial,
                    soa.refresh_secs,
                    soa.retry_secs,
                    soa.expire_secs,
                    soa.minimum_secs,
                ];
                numbers.iter().try_for_each(|number| target.append_slice(&number.to_be_bytes()))
            }
            RecordData::Mx { preference, exchange } => {
                target.append_slice(&preference.to_be_bytes())?;
                target.append_compressed_name(&Wire(exchange))
            }
            RecordData::Txt(txt) => target.append_slice(bounded(txt.as_wire())),
            RecordData::Srv { priority, weight, port, target: host } => {
                for number in [priority, weight, port] {
                    target.append_slice(&number.to_be_bytes())?;
                }
                // A name of a type newer than RFC 1035 is not compressed (RFC 3597 §4).
                Wire(host).compose(target)
            }
            RecordData::Unknown { octets, .. } => target.append_slice(bounded(octets)),
        }
    }

    fn compose_canonical_rdata<Target: Composer + ?Sized>(
        &self,
        target: &mut Target,
    ) -> Result<(), Target::AppendError> {
        self.compose_rdata(target)
    }
}

/// Data that no record can hold is cut; it never fits into a message anyway.
fn bounded(octets: &[u8]) -> &[u8] {
    &octets[..octets.len().min(usize::from(u16::MAX))]
}

// ---- Decoding ---------------------------------------------------------------------------------

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
            let opt = match opt.map_err(malformed)?.into_owner_and_data() {
                (_, rdata::AllRecordData::Opt(opt)) => opt,
                _ => return Err(DecodeReason::Malformed),
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
    Ok(match rtype {
        RecordType::A if internet => RecordData::A(parse::<rdata::A>(record)?.addr()),
        RecordType::Aaaa if internet => RecordData::Aaaa(parse::<rdata::Aaaa>(record)?.addr()),
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
                let name = Name::from_checked(Bytes::copy_from_slice(octets));
                self.last = Some(name.clone());
                name
            }
        }
    }
}

// ---- Text of types that are opaque elsewhere --------------------------------------------------

/// The data of an opaque type as a master file writes it; `None` for a type that has no such
/// form here or for malformed data.
pub(super) fn present(rtype: RecordType, octets: &[u8]) -> Option<String> {
    type Data<'a> = rdata::ZoneRecordData<Octets<'a>, ParsedName<Octets<'a>>>;
    let mut parser = Parser::from_ref(&octets);
    let data = Data::parse_rdata(Rtype::from_int(rtype.number()), &mut parser).ok()??;
    if parser.remaining() > 0 || matches!(data, rdata::ZoneRecordData::Unknown(_)) {
        return None;
    }
    Some(data.to_string())
}

/// Reads the data of an opaque type from the fields of a master file, names in it absolute.
#[expect(dead_code, reason = "the reader of master files comes next")]
pub(super) fn scan(rtype: RecordType, fields: &[String]) -> Result<Bytes, String> {
    type Data = rdata::ZoneRecordData<Vec<u8>, base::Name<Vec<u8>>>;
    let mut scanner = IterScanner::<_, Vec<u8>>::new(fields.iter());
    let rtype = Rtype::from_int(rtype.number());
    let data = Data::scan(rtype, &mut scanner).map_err(|error| error.to_string())?;
    if !scanner.is_exhausted() {
        return Err("fields after the data".to_owned());
    }
    let mut octets = Vec::new();
    let Ok(()) = data.compose_rdata(&mut octets);
    Ok(octets.into())
}

/// Most answers are shorter than this.
const INITIAL_OCTETS: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    fn a(owner: &str, last: u8) -> Record {
        Record::new(name(owner), 300, RecordData::A([192, 0, 2, last].into()))
    }

    fn ns(owner: &str, host: &str) -> Record {
        Record::new(name(owner), 300, RecordData::Ns(name(host)))
    }

    #[test]
    fn names_are_compressed_as_rfc_1035_section_4_1_4_prints_it() {
        let mut message = Message::query(0, name("F.ISI.ARPA"), RecordType::A);
        message.questions.push(Question::new(name("FOO.F.ISI.ARPA"), RecordType::A));
        message.questions.push(Question::new(name("ARPA"), RecordType::A));
        message.questions.push(Question::new(Name::root(), RecordType::A));
        let octets = message.encode();
        assert_eq!(
            octets[12..],
            *b"\x01F\x03ISI\x04ARPA\0\0\x01\0\x01\x03FOO\xc0\x0c\0\x01\0\x01\xc0\x12\0\x01\0\x01\0\0\x01\0\x01"
        );
        assert_eq!(Message::decode(&octets), Ok(message));
    }

    #[test]
    fn every_kind_of_record_comes_back() {
        let mut message = Message::query(4711, name("example.com"), RecordType::Any).with_edns();
        message.flags = Flags { qr: true, aa: true, ad: true, ..Flags::default() };
        message.rcode = Rcode::BadVers;
        let host = || name("mx.example.com");
        let data = [
            RecordData::A([192, 0, 2, 1].into()),
            RecordData::Aaaa("2001:db8::1".parse().unwrap()),
            RecordData::Ns(host()),
            RecordData::Cname(host()),
            RecordData::Dname(host()),
            RecordData::Ptr(host()),
            RecordData::Soa(Box::new(Soa {
                mname: host(),
                rname: name("admin.example.com"),
                serial: 1,
                refresh_secs: 2,
                retry_secs: 3,
                expire_secs: 4,
                minimum_secs: 5,
            })),
            RecordData::Mx { preference: 10, exchange: host() },
            RecordData::Txt(Txt::new(["v=spf1 -all", ""])),
            RecordData::Srv { priority: 1, weight: 2, port: 25, target: host() },
            RecordData::Unknown { rtype: RecordType::Other(65_280), octets: vec![1, 2].into() },
        ];
        message.answers = data.map(|data| Record::new(name("example.com"), 60, data)).to_vec();
        message.edns = Some(Edns {
            dnssec_ok: true,
            options: vec![EdnsOption { code: 15, data: vec![0, 22].into() }],
            ..Edns::default()
        });
        let octets = message.encode();
        assert_eq!(Message::decode(&octets), Ok(message));
        for end in 0..octets.len() {
            assert!(Message::decode(&octets[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn what_does_not_fit_is_cut_by_whole_rrsets() {
        let mut message = Message::query(1, name("example.com"), RecordType::A).with_edns();
        message.flags.qr = true;
        message.answers = (0..10).map(|last| a("a.example.com", last)).collect();
        message.answers.extend((0..40).map(|last| a("b.example.com", last)));
        let octets = message.encode_within(512);
        assert!(octets.len() <= 512);
        let cut = Message::decode(&octets).unwrap();
        assert!(cut.flags.tc && cut.edns.is_some());
        assert_eq!(cut.answers, message.answers[..10]);

        // 16 octets a record after the first, and no more than asked for.
        for limit in 512..700 {
            assert!(message.encode_within(limit).len() <= limit);
        }
    }

    #[test]
    fn additional_records_may_miss_without_tc_but_not_needed_glue() {
        let mut message = Message::query(1, name("www.sub.example.com"), RecordType::A);
        message.flags.qr = true;
        message.authorities = vec![ns("sub.example.com", "ns.sub.example.com")];
        message.additionals = (0..40).map(|last| a("ns.sub.example.com", last)).collect();
        let cut = Message::decode(&message.encode_within(512)).unwrap();
        assert!(cut.flags.tc && cut.additionals.is_empty());

        message.authorities = vec![ns("sub.example.com", "ns.example.net")];
        let cut = Message::decode(&message.encode_within(512)).unwrap();
        assert!(!cut.flags.tc && cut.additionals.is_empty());
    }

    #[test]
    fn a_malformed_query_keeps_id_and_question_for_formerr() {
        let query = Message::query(4711, name("example.com"), RecordType::A);
        let mut octets = query.encode().to_vec();
        octets[11] = 1; // An additional record is announced, and none follows.
        let error = Message::decode(&octets).unwrap_err();
        let response = error.response().unwrap();
        assert_eq!((response.id, response.rcode), (4711, Rcode::FormErr));
        assert_eq!(response.questions, query.questions);

        octets[2] |= 0x80;
        assert_eq!(Message::decode(&octets).unwrap_err().response(), None);
        assert_eq!(Message::decode(&octets[..11]).unwrap_err().response(), None);
    }

    #[test]
    fn a_pointer_that_loops_is_malformed() {
        let mut octets = Message::query(1, Name::root(), RecordType::A).encode().to_vec();
        octets.splice(12..13, [0xc0, 12]);
        assert_eq!(Message::decode(&octets).unwrap_err().reason, DecodeReason::Malformed);
    }

    #[test]
    fn a_ttl_with_its_first_bit_set_is_zero() {
        let mut message = Message::query(1, name("a"), RecordType::A);
        message.answers = vec![Record { ttl_secs: 1 << 31, ..a("a", 1) }];
        assert_eq!(Message::decode(&message.encode()).unwrap().answers[0].ttl_secs, 0);
    }

    fn names() -> impl Strategy<Value = Name> {
        prop::collection::vec("[a-cA-C]{1,2}", 0..5)
            .prop_map(|labels| Name::from_labels(labels.iter().map(String::as_bytes)).unwrap())
    }

    fn records() -> impl Strategy<Value = Record> {
        let data = prop_oneof![
            any::<[u8; 4]>().prop_map(|octets| RecordData::A(octets.into())),
            names().prop_map(RecordData::Ns),
            names().prop_map(RecordData::Dname),
            (any::<u16>(), names())
                .prop_map(|(preference, exchange)| RecordData::Mx { preference, exchange }),
            prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..3)
                .prop_map(|strings| RecordData::Txt(Txt::new(strings))),
            prop::collection::vec(any::<u8>(), 0..50).prop_map(|octets| RecordData::Unknown {
                rtype: RecordType::Rrsig,
                octets: octets.into()
            }),
        ];
        (names(), 0..=i32::MAX as u32, data)
            .prop_map(|(name, ttl_secs, data)| Record::new(name, ttl_secs, data))
    }

    proptest! {
        #[test]
        fn any_message_comes_back(
            qname in names(),
            answers in prop::collection::vec(records(), 0..30),
            authorities in prop::collection::vec(records(), 0..5),
            limit in 512..3000_usize,
        ) {
            let mut message = Message::query(7, qname, RecordType::A);
            message.answers = answers;
            message.authorities = authorities;
            prop_assert_eq!(Message::decode(&message.encode()), Ok(message.clone()));
            let octets = message.encode_within(limit);
            prop_assert!(octets.len() <= limit);
            let cut = Message::decode(&octets).unwrap();
            prop_assert!(cut == message || cut.flags.tc);
        }

        #[test]
        fn arbitrary_octets_never_panic(
            counts in prop::array::uniform4(0..4_u8),
            rest in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let mut octets = vec![0, 1, 0, 0];
            octets.extend(counts.iter().flat_map(|&count| [0, count]));
            octets.extend(rest);
            if let Ok(message) = Message::decode(&octets) {
                let _ = (message.to_string(), message.to_dig().to_string(), message.encode());
            }
        }

        #[test]
        fn arbitrary_data_of_any_type_prints(
            number in 0..300_u16, octets in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            let data = RecordData::Unknown { rtype: number.into(), octets: octets.into() };
            let _ = data.to_string();
        }
    }
}

//! Encoding: a message into octets, names compressed, within a limit.

use bytes::{Bytes, BytesMut};
use domain::base::message_builder::{
    AdditionalBuilder, MessageBuilder, PushError, RecordSectionBuilder, StaticCompressor,
};
use domain::base::name::{Label, ToLabelIter, ToName};
use domain::base::rdata::ComposeRecordData;
use domain::base::record::ComposeRecord;
use domain::base::wire::Composer;
use domain::base::{self, Rtype, iana};
use domain::dep::octseq::OctetsBuilder;

use super::super::super::codes::Rcode;
use super::super::super::draft::Draft;
use super::super::super::message::{Edns, Flags, Message};
use super::super::super::name::Name;
use super::super::super::record::{Record, RecordData};
use super::super::cut::{bounded, misses_needed_glue, opt_octets, rrset_start};

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
        tc |= section < 2 || misses_needed_glue(&Draft::of(message), kept);
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

fn push_opt(
    builder: &mut AdditionalBuilder<StaticCompressor<BytesMut>>,
    edns: &Edns,
    rcode: Rcode,
) -> Result<(), PushError> {
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

/// Most answers are shorter than this.
const INITIAL_OCTETS: usize = 512;

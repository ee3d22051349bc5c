//! Answers that are not the right ones, and what becomes of the right one.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;

use crate::proto::dns::codes::{Rcode, RecordType};
use crate::proto::dns::framing::Transport;
use crate::proto::dns::message::{EDNS_UDP_OCTETS, MAX_MESSAGE_OCTETS, MIN_UDP_OCTETS, Message};
use crate::proto::dns::name::Name;
use crate::proto::dns::record::{Record, RecordData};

/// An answer that is not the right one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misanswer {
    /// The right one after all: the rule only makes it late.
    Right,
    /// This code and no records.
    Code(Rcode),
    /// NXDOMAIN with authority (RFC 2308 §2.1).
    NxDomain,
    /// NOERROR without records, with authority (RFC 2308 §2.2).
    NoData,
    /// None.
    Silence,
    /// TC and no records. By TCP the server is right.
    Truncated,
    /// A referral to the root, as servers gave that did not have the zone (RFC 1912 §2.8).
    UpwardReferral,
    /// FORMERR to queries with EDNS, as servers give that know none (RFC 6891 §7).
    FormErrOnEdns,
    /// No answer to queries with EDNS.
    SilenceOnEdns,
    /// NOERROR with nothing in it, and not authoritative: the server was given a delegation, and not the
    /// zone (RFC 1912 §2.8).
    Lame,
    /// SERVFAIL, as from a secondary whose copy of the zone has expired (RFC 1035 §4.3.5).
    Expired,
    /// Those of these records that are asked for, as if they were the zone's: it was hijacked. Only to
    /// questions for names among them.
    Records(Arc<[Record]>),
    /// The right answer, but for the addresses of name servers that come with it: these.
    Glue(Arc<[IpAddr]>),
    /// The right answer, under another id. By TCP the server is right.
    WrongId,
    /// The right answer, to another question. By TCP the server is right.
    WrongQuestion,
    /// The right answer, from another port of the server. By TCP the server is right.
    WrongSource,
    /// A header and octets that are no message.
    Garbage,
    /// The first half of the right answer.
    Partial,
    /// The right answer, and every TTL in it is this, in seconds.
    Ttl(u32),
    /// The right answer of a zone that lies so many versions behind, as its SOA has it.
    SerialBehind(u32),
    /// The right answer, its records in another order.
    Shuffled,
}

/// `SERVFAIL`, `an upward referral`, `no answer`.
impl fmt::Display for Misanswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Misanswer::Right => f.write_str("the right answer"),
            Misanswer::Code(rcode) => rcode.fmt(f),
            Misanswer::NxDomain => f.write_str("NXDOMAIN"),
            Misanswer::NoData => f.write_str("NODATA"),
            Misanswer::Silence => f.write_str("no answer"),
            Misanswer::Truncated => f.write_str("a truncated answer"),
            Misanswer::UpwardReferral => f.write_str("an upward referral"),
            Misanswer::FormErrOnEdns => f.write_str("FORMERR, because of EDNS"),
            Misanswer::SilenceOnEdns => f.write_str("no answer, because of EDNS"),
            Misanswer::Lame => f.write_str("a lame answer, without records and authority"),
            Misanswer::Expired => f.write_str("SERVFAIL, as if its copy of the zone had expired"),
            Misanswer::Records(_) => f.write_str("records that are not the zone's"),
            Misanswer::Glue(_) => f.write_str("the right answer with wrong glue"),
            Misanswer::WrongId => f.write_str("the right answer under a wrong id"),
            Misanswer::WrongQuestion => f.write_str("the right answer to another question"),
            Misanswer::WrongSource => f.write_str("the right answer from another port"),
            Misanswer::Garbage => f.write_str("garbage"),
            Misanswer::Partial => f.write_str("half of the right answer"),
            Misanswer::Ttl(secs) => write!(f, "the right answer with a TTL of {secs} s"),
            Misanswer::SerialBehind(versions) => {
                write!(f, "the right answer with a serial that is {versions} behind")
            }
            Misanswer::Shuffled => f.write_str("the right answer in another order"),
        }
    }
}

impl Misanswer {
    /// Whether its octets depend on a draw.
    pub fn is_drawn(&self) -> bool {
        matches!(self, Misanswer::WrongId | Misanswer::Garbage | Misanswer::Shuffled)
    }

    /// Whether it takes the right answer, which only a name server has.
    pub fn needs_right(&self) -> bool {
        matches!(
            self,
            Misanswer::Glue(_)
                | Misanswer::WrongId
                | Misanswer::WrongQuestion
                | Misanswer::WrongSource
                | Misanswer::Partial
                | Misanswer::Ttl(_)
                | Misanswer::SerialBehind(_)
                | Misanswer::Shuffled
        )
    }

    /// The octets for the asker; `None` for no answer at all.
    ///
    /// `draw` is any number, drawn where [`Misanswer::is_drawn`]. `right` gives what the server itself
    /// answers to a query: for [`Misanswer::Right`] and others that begin with it, and for the SOA of a
    /// negative answer, which is left out where the server has none.
    pub fn octets(
        &self,
        query: &Message,
        transport: Transport,
        draw: u64,
        right: impl FnOnce(&Message) -> Option<Bytes>,
    ) -> Option<Bytes> {
        if self.needs_right() {
            let octets = right(query)?;
            if let Misanswer::Partial = self {
                return Some(octets.slice(..octets.len() / 2));
            }
            let Ok(mut response) = Message::decode(&octets) else { return Some(octets) };
            self.spoil(&mut response, draw);
            return Some(response.encode_within(limit_octets(query, transport)));
        }
        let mut response = Message::response_to(query);
        match self {
            Misanswer::Right => return right(query),
            Misanswer::Silence | Misanswer::SilenceOnEdns => return None,
            Misanswer::Code(rcode) => response.rcode = *rcode,
            Misanswer::Expired => response.rcode = Rcode::ServFail,
            // As `response_to` makes it: without records, and without authority.
            Misanswer::Lame => {}
            Misanswer::Garbage => return Some(garbage(&response, draw)),
            Misanswer::Records(records) => {
                let question = query.question()?;
                let is_asked = |record: &&Record| {
                    let rtype = record.rtype();
                    record.name == question.name
                        && (rtype == question.rtype || rtype == RecordType::Cname)
                };
                response.flags.aa = true;
                response.answers = records.iter().filter(is_asked).cloned().collect();
            }
            Misanswer::FormErrOnEdns => {
                response.rcode = Rcode::FormErr;
                response.edns = None;
            }
            Misanswer::NxDomain | Misanswer::NoData => {
                if *self == Misanswer::NxDomain {
                    response.rcode = Rcode::NxDomain;
                }
                response.flags.aa = true;
                response.authorities.extend(soa(query, right));
            }
            Misanswer::Truncated => {
                response.flags.aa = true;
                response.flags.tc = true;
            }
            Misanswer::UpwardReferral => {
                let server = RecordData::Ns(root_server());
                response.authorities = vec![Record::new(Name::root(), ROOT_TTL_SECS, server)];
            }
            _ => unreachable!("what needs the right answer is made of it"),
        }
        Some(response.encode_within(limit_octets(query, transport)))
    }

    /// Makes of a right answer the wrong one.
    fn spoil(&self, response: &mut Message, draw: u64) {
        let Message { id, questions, answers, authorities, additionals, .. } = response;
        let sections = [answers, authorities, additionals];
        match self {
            // Another one in any case.
            Misanswer::WrongId => *id ^= (draw as u16).max(1),
            Misanswer::WrongQuestion => {
                if let Some(question) = questions.first_mut() {
                    question.name = root_server();
                }
            }
            Misanswer::Ttl(secs) => {
                sections.into_iter().flatten().for_each(|record| record.ttl_secs = *secs);
            }
            Misanswer::SerialBehind(versions) => {
                for record in sections.into_iter().flatten() {
                    if let RecordData::Soa(soa) = &mut record.data {
                        soa.serial = soa.serial.wrapping_sub(*versions);
                    }
                }
            }
            Misanswer::Glue(addresses) => {
                let [_, _, additionals] = sections;
                spoil_glue(additionals, addresses);
            }
            Misanswer::Shuffled => {
                let [answers, authorities, _] = sections;
                shuffle(answers, draw);
                shuffle(authorities, draw);
            }
            _ => {}
        }
    }
}

/// Gives the addresses to the records, each in turn to those of its family. Records of a family of which
/// there is no address go.
fn spoil_glue(additionals: &mut Vec<Record>, addresses: &[IpAddr]) {
    let mut turns = [0, 0];
    let mut next = |is_ipv4: bool| {
        let family: Vec<&IpAddr> =
            addresses.iter().filter(|address| address.is_ipv4() == is_ipv4).collect();
        let turn = &mut turns[usize::from(is_ipv4)];
        *turn += 1;
        family.get((*turn - 1) % family.len().max(1)).map(|address| **address)
    };
    additionals.retain_mut(|record| {
        let given = match &record.data {
            RecordData::A(_) => next(true),
            RecordData::Aaaa(_) => next(false),
            _ => return true,
        };
        let is_given = given.is_some();
        record.data = match given {
            Some(IpAddr::V4(address)) => RecordData::A(address),
            Some(IpAddr::V6(address)) => RecordData::Aaaa(address),
            None => return is_given,
        };
        is_given
    });
}

/// Another order, by a draw (Fisher and Yates, with the multiplier of Knuth's MMIX).
fn shuffle(records: &mut [Record], draw: u64) {
    let mut state = draw;
    for last in (1..records.len()).rev() {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let other = (state >> 33) as usize % (last + 1);
        records.swap(last, other);
    }
}

/// The header of a response that announces a question, and octets that are none.
fn garbage(response: &Message, draw: u64) -> Bytes {
    let header = response.encode();
    let header = &header[..header.len().min(12)];
    // A label that goes beyond the end.
    [header, &[63], &draw.to_le_bytes()].concat().into()
}

/// How large a response may be.
fn limit_octets(query: &Message, transport: Transport) -> usize {
    match (transport, &query.edns) {
        (Transport::Tcp, _) => MAX_MESSAGE_OCTETS,
        (Transport::Udp, None) => MIN_UDP_OCTETS,
        (Transport::Udp, Some(edns)) => edns.udp_octets.min(EDNS_UDP_OCTETS).into(),
    }
}

/// The SOA of the zone that the question is in, with the TTL of a negative answer (RFC 2308 §3).
fn soa(query: &Message, right: impl FnOnce(&Message) -> Option<Bytes>) -> Option<Record> {
    let name = query.question()?.name.clone();
    let response = Message::decode(&right(&Message::query(0, name, RecordType::Soa))?).ok()?;
    let mut records = response.answers.into_iter().chain(response.authorities);
    let mut record = records.find(|record| record.rtype() == RecordType::Soa)?;
    if let RecordData::Soa(soa) = &record.data {
        record.ttl_secs = record.ttl_secs.min(soa.minimum_secs);
    }
    Some(record)
}

fn root_server() -> Name {
    "a.root-servers.net".parse().expect("a name")
}

/// The TTL of the root's own NS records.
const ROOT_TTL_SECS: u32 = 518_400;

//! Name servers that misbehave: rules that say which queries get a wrong answer, a late one or none.
//!
//! Not a protocol, but what goes wrong with one in the field: lame servers (RFC 1912 §2.8),
//! SERVFAIL and silence (RFC 4697 §2), servers that choke on EDNS (RFC 6891 §7), answers that are
//! truncated (RFC 2181 §9), delegations with old addresses, secondaries that have lost their primary,
//! hijacked zones, answers that are not to the question. A rule fits a query by what it asks and how it came; the first rule that
//! fits decides. Pure: time, query and draws go in, a verdict comes out.
//!
//! Not modelled: what a right answer looks like that is cut off and says so by TC only in part.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::engine::SimTime;
use crate::proto::misbehaviour::{self, Occasion, RuleBook};

use super::codes::{Rcode, RecordType};
use super::framing::Transport;
use super::message::{EDNS_UDP_OCTETS, MAX_MESSAGE_OCTETS, MIN_UDP_OCTETS, Message};
use super::name::Name;
use super::record::{Record, RecordData};

/// Which queries are answered wrongly, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// When, and to how many of them.
    pub when: Occasion,
    /// Only names at and below this.
    pub zone: Option<Name>,
    /// Only this name.
    pub name: Option<Name>,
    /// Only this type.
    pub rtype: Option<RecordType>,
    /// Only what came this way.
    pub transport: Option<Transport>,
    /// The answer.
    pub answer: Misanswer,
    /// How much later it comes.
    pub delay: Duration,
}

impl Rule {
    /// A rule for every query at any time.
    pub fn new(answer: Misanswer) -> Self {
        Rule {
            when: Occasion::ALWAYS,
            zone: None,
            name: None,
            rtype: None,
            transport: None,
            answer,
            delay: Duration::ZERO,
        }
    }

    /// Whether the rule is about such a query.
    fn fits(&self, transport: Transport, query: &Message) -> bool {
        let Some(question) = query.question() else { return false };
        self.zone.as_ref().is_none_or(|zone| question.name.is_subdomain_of(zone))
            && self.name.as_ref().is_none_or(|name| question.name == *name)
            && self.rtype.is_none_or(|rtype| question.rtype == rtype)
            && self.transport.is_none_or(|wanted| transport == wanted)
            && match &self.answer {
                Misanswer::FormErrOnEdns | Misanswer::SilenceOnEdns => query.edns.is_some(),
                Misanswer::Truncated
                | Misanswer::WrongId
                | Misanswer::WrongQuestion
                | Misanswer::WrongSource => transport == Transport::Udp,
                Misanswer::Records(records) => {
                    records.iter().any(|record| record.name == question.name)
                }
                _ => true,
            }
    }
}

impl misbehaviour::Rule for Rule {
    fn occasion(&self) -> &Occasion {
        &self.when
    }
}

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

/// The rules of one server, and how often each was applied.
#[derive(Debug)]
pub struct Misbehaviour {
    rules: RuleBook<Rule>,
}

impl Misbehaviour {
    /// No rule was applied yet.
    pub fn new(rules: &[Arc<Rule>]) -> Self {
        Misbehaviour { rules: RuleBook::new(rules) }
    }

    /// Adds a rule, after all others, under this number.
    pub fn add(&mut self, number: u64, rule: Arc<Rule>) {
        self.rules.add(number, rule);
    }

    /// Takes the rules away that were added under this number.
    pub fn remove(&mut self, number: u64) {
        self.rules.remove(number);
    }

    /// The first rule that is for this query of `client`, and counts it. `unit` gives a number in
    /// [0, 1), and is called for rules of a share alone.
    pub fn judge(
        &mut self,
        now: SimTime,
        client: IpAddr,
        transport: Transport,
        query: &Message,
        unit: impl FnMut() -> f64,
    ) -> Option<Arc<Rule>> {
        let fits = |rule: &Rule| rule.fits(transport, query);
        self.rules.judge(now, fits, |_| client.to_string(), unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(name: &str, rtype: RecordType) -> Message {
        Message::query(7, name.parse().unwrap(), rtype)
    }

    fn answered(rules: Vec<Rule>, queries: &[(u64, Transport, Message)]) -> Vec<String> {
        let rules: Vec<Arc<Rule>> = rules.into_iter().map(Arc::new).collect();
        let mut misbehaviour = Misbehaviour::new(&rules);
        let client = "192.0.2.53".parse().unwrap();
        let mut judge = |(secs, transport, query): &(u64, Transport, Message)| {
            let mut halves = [0.25, 0.75].into_iter().cycle();
            let unit = || halves.next().unwrap();
            let rule =
                misbehaviour.judge(SimTime::from_secs(*secs), client, *transport, query, unit);
            rule.map_or("-".to_owned(), |rule| rule.answer.to_string())
        };
        queries.iter().map(&mut judge).collect()
    }

    #[test]
    fn a_rule_is_for_a_time_a_zone_a_name_a_type_and_a_transport() {
        let servfail = Misanswer::Code(Rcode::ServFail);
        let rule = Rule {
            when: Occasion {
                from: SimTime::from_secs(10),
                until: SimTime::from_secs(20),
                ..Occasion::ALWAYS
            },
            zone: Some("example.com".parse().unwrap()),
            rtype: Some(RecordType::Mx),
            transport: Some(Transport::Udp),
            ..Rule::new(servfail)
        };
        let exact = Rule {
            name: Some("www.example.net".parse().unwrap()),
            ..Rule::new(Misanswer::UpwardReferral)
        };
        let mx = query("Sub.EXAMPLE.com", RecordType::Mx);
        let told = answered(
            vec![rule, exact],
            &[
                (9, Transport::Udp, mx.clone()),
                (10, Transport::Udp, mx.clone()),
                (10, Transport::Tcp, mx.clone()),
                (10, Transport::Udp, query("example.com", RecordType::A)),
                (10, Transport::Udp, query("example.org", RecordType::Mx)),
                (20, Transport::Udp, mx),
                (0, Transport::Tcp, query("www.example.net", RecordType::A)),
                (0, Transport::Tcp, query("a.www.example.net", RecordType::A)),
            ],
        );
        let referral = "an upward referral";
        assert_eq!(told, ["-", "SERVFAIL", "-", "-", "-", "-", referral, "-"]);
    }

    #[test]
    fn a_rule_ends_after_its_first_queries_and_the_next_one_follows() {
        let first = |count| Occasion { first: Some(count), ..Occasion::ALWAYS };
        let then = Rule { when: first(1), ..Rule::new(Misanswer::Code(Rcode::Refused)) };
        let first = Rule { when: first(2), ..Rule::new(Misanswer::Silence) };
        let ask = (0, Transport::Udp, query("example.com", RecordType::A));
        let told = answered(vec![first, then], &[ask.clone(), ask.clone(), ask.clone(), ask]);
        assert_eq!(told, ["no answer", "no answer", "REFUSED", "-"]);
    }

    #[test]
    fn a_share_is_drawn_for_each_query() {
        let share = |share| Occasion { share, ..Occasion::ALWAYS };
        let half = Rule { when: share(0.5), ..Rule::new(Misanswer::NxDomain) };
        let quarter = Rule { when: share(0.25), ..Rule::new(Misanswer::NxDomain) };
        let ask = (0, Transport::Udp, query("example.com", RecordType::A));
        assert_eq!(answered(vec![half], std::slice::from_ref(&ask)), ["NXDOMAIN"]);
        assert_eq!(answered(vec![quarter], &[ask]), ["-"]);
    }

    #[test]
    fn trouble_with_edns_is_for_queries_with_edns() {
        let plain = query("example.com", RecordType::A);
        let edns = plain.clone().with_edns();
        let rule = Rule::new(Misanswer::FormErrOnEdns);
        let queries = [(0, Transport::Udp, plain), (0, Transport::Udp, edns.clone())];
        assert_eq!(answered(vec![rule], &queries), ["-", "FORMERR, because of EDNS"]);
        let octets = Misanswer::FormErrOnEdns.octets(&edns, Transport::Udp, 0, |_| None).unwrap();
        let response = Message::decode(&octets).unwrap();
        assert_eq!((response.rcode, response.edns), (Rcode::FormErr, None));
    }

    #[test]
    fn a_wrong_no_carries_the_soa_of_the_zone() {
        let zone = super::super::parse_records(
            &"example.com".parse().unwrap(),
            "@ 3600 SOA ns root 1 2 3 4 60\n@ 3600 NS ns\nns A 192.0.2.1\nwww A 192.0.2.2",
        );
        let origin: Name = "example.com".parse().unwrap();
        let zone = super::super::Zone::new(&origin, zone.unwrap()).unwrap();
        let authority = super::super::Authority::new([Arc::new(zone)]);
        let ask = query("www.example.com", RecordType::A);
        let right = |query: &Message| authority.answer(&query.encode(), Transport::Udp);
        for (answer, rcode) in
            [(Misanswer::NxDomain, Rcode::NxDomain), (Misanswer::NoData, Rcode::NoError)]
        {
            let octets = answer.octets(&ask, Transport::Udp, 0, right).unwrap();
            let response = Message::decode(&octets).unwrap();
            assert_eq!((response.id, response.rcode, response.answers.len()), (7, rcode, 0));
            assert_eq!(response.authorities[0].name, origin);
            assert_eq!(response.authorities[0].ttl_secs, 60);
        }
    }

    /// A server of example.com, which delegates sub.example.com.
    fn authority() -> super::super::Authority {
        let origin: Name = "example.com".parse().unwrap();
        let text = "@ 3600 SOA ns root 5 2 3 4 60\n@ 3600 NS ns\nns A 192.0.2.1\n\
                    www 300 A 192.0.2.2\nwww 300 A 192.0.2.3\nwww 300 A 192.0.2.4\n\
                    sub NS ns.sub\nns.sub A 192.0.2.5";
        let records = super::super::parse_records(&origin, text).unwrap();
        let zone = super::super::Zone::new(&origin, records).unwrap();
        super::super::Authority::new([Arc::new(zone)])
    }

    /// What this wrong answer to a question for addresses looks like.
    fn spoilt(answer: &Misanswer, name: &str, rtype: RecordType, draw: u64) -> Message {
        let authority = authority();
        let right = |query: &Message| authority.answer(&query.encode(), Transport::Udp);
        let octets = answer.octets(&query(name, rtype), Transport::Udp, draw, right).unwrap();
        Message::decode(&octets).unwrap()
    }

    #[test]
    fn a_right_answer_is_spoilt_in_one_thing() {
        let www = |answer, draw| spoilt(&answer, "www.example.com", RecordType::A, draw);
        let right = www(Misanswer::Ttl(300), 0);
        assert_eq!((right.id, right.answers.len()), (7, 3));
        assert_eq!(www(Misanswer::Ttl(5), 0).answers[2].ttl_secs, 5);
        for draw in [0, 1, 0x1_0000, u64::MAX] {
            let wrong = www(Misanswer::WrongId, draw);
            assert_ne!(wrong.id, 7);
            assert_eq!(wrong.answers, right.answers);
        }
        assert_ne!(www(Misanswer::WrongQuestion, 0).questions, right.questions);
        let orders: std::collections::BTreeSet<String> =
            (0..20).map(|draw| format!("{:?}", www(Misanswer::Shuffled, draw).answers)).collect();
        assert!(orders.len() > 3, "{orders:?}");
        let soa = spoilt(&Misanswer::SerialBehind(2), "example.com", RecordType::Soa, 0);
        assert!(matches!(&soa.answers[0].data, RecordData::Soa(soa) if soa.serial == 3));
    }

    #[test]
    fn a_referral_has_the_glue_that_it_is_given() {
        let glue = |addresses: &[&str]| {
            let addresses = addresses.iter().map(|text| text.parse().unwrap()).collect();
            let answer = Misanswer::Glue(addresses);
            let referral = spoilt(&answer, "www.sub.example.com", RecordType::A, 0);
            assert_eq!(referral.authorities.len(), 1);
            referral.additionals.iter().map(|record| record.data.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(glue(&["192.0.2.99"]), ["192.0.2.99"]);
        assert_eq!(glue(&["2001:db8::99"]), [""; 0]);
    }

    #[test]
    fn a_hijacked_zone_answers_what_it_was_given() {
        let origin: Name = "example.com".parse().unwrap();
        let records = super::super::parse_records(&origin, "@ 60 MX 0 evil.example.net.").unwrap();
        let answer = Misanswer::Records(records.into());
        let mx = spoilt(&answer, "example.com", RecordType::Mx, 0);
        assert!(mx.flags.aa && mx.answers[0].data.to_string().contains("evil"));
        assert_eq!(spoilt(&answer, "example.com", RecordType::A, 0).answers, []);
        let rule = Rule::new(answer);
        assert!(rule.fits(Transport::Udp, &query("Example.com", RecordType::Txt)));
        assert!(!rule.fits(Transport::Udp, &query("www.example.com", RecordType::A)));
    }

    #[test]
    fn what_is_no_message_and_what_has_no_authority() {
        let lame = spoilt(&Misanswer::Lame, "www.example.com", RecordType::A, 0);
        assert_eq!((lame.rcode, lame.flags.aa), (Rcode::NoError, false));
        assert!(lame.answers.is_empty() && lame.authorities.is_empty());
        let expired = spoilt(&Misanswer::Expired, "www.example.com", RecordType::A, 0);
        assert_eq!(expired.rcode, Rcode::ServFail);
        for answer in [Misanswer::Garbage, Misanswer::Partial] {
            let authority = authority();
            let right = |query: &Message| authority.answer(&query.encode(), Transport::Udp);
            let ask = query("www.example.com", RecordType::A);
            let octets = answer.octets(&ask, Transport::Udp, 9, right).unwrap();
            assert!(Message::decode(&octets).is_err(), "{answer}");
        }
    }
}

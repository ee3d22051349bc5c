//! Name servers that misbehave: rules that say which queries get a wrong answer, a late one or none.
//!
//! Not a protocol, but what goes wrong with one in the field: lame servers (RFC 1912 §2.8),
//! SERVFAIL and silence (RFC 4697 §2), servers that choke on EDNS (RFC 6891 §7), answers that are
//! truncated (RFC 2181 §9). A rule fits a query by what it asks and how it came; the first rule that
//! fits decides. Pure: time, query and draws go in, a verdict comes out.
//!
//! Not modelled: answers with records of the rule's own choosing; wrong ids and questions.

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
            && match self.answer {
                Misanswer::FormErrOnEdns | Misanswer::SilenceOnEdns => query.edns.is_some(),
                Misanswer::Truncated => transport == Transport::Udp,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
        }
    }
}

impl Misanswer {
    /// The octets for the asker; `None` for no answer at all.
    ///
    /// `right` gives what the server itself answers to a query: for [`Misanswer::Right`], and for
    /// the SOA of a negative answer, which is left out where the server has none.
    pub fn octets(
        self,
        query: &Message,
        transport: Transport,
        right: impl FnOnce(&Message) -> Option<Bytes>,
    ) -> Option<Bytes> {
        let mut response = Message::response_to(query);
        match self {
            Misanswer::Right => return right(query),
            Misanswer::Silence | Misanswer::SilenceOnEdns => return None,
            Misanswer::Code(rcode) => response.rcode = rcode,
            Misanswer::FormErrOnEdns => {
                response.rcode = Rcode::FormErr;
                response.edns = None;
            }
            Misanswer::NxDomain | Misanswer::NoData => {
                if self == Misanswer::NxDomain {
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
        }
        let limit_octets = match (transport, &query.edns) {
            (Transport::Tcp, _) => MAX_MESSAGE_OCTETS,
            (Transport::Udp, None) => MIN_UDP_OCTETS,
            (Transport::Udp, Some(edns)) => edns.udp_octets.min(EDNS_UDP_OCTETS).into(),
        };
        Some(response.encode_within(limit_octets))
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
        let octets = Misanswer::FormErrOnEdns.octets(&edns, Transport::Udp, |_| None).unwrap();
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
            let octets = answer.octets(&ask, Transport::Udp, right).unwrap();
            let response = Message::decode(&octets).unwrap();
            assert_eq!((response.id, response.rcode, response.answers.len()), (7, rcode, 0));
            assert_eq!(response.authorities[0].name, origin);
            assert_eq!(response.authorities[0].ttl_secs, 60);
        }
    }
}

//! Properties of every answer: any zones and any query, and octets that are hardly a query.

use proptest::prelude::*;

use super::super::codec::plain_query_tests::nearly_queries;
use super::super::master::parse_records;
use super::super::name::Name;
use super::super::record::{Record, RecordData};
use super::*;

const APEX: &str = "$TTL 60\n@ SOA ns admin 1 2 3 4 30\n@ NS ns\n@ NSEC @ SOA NS NSEC\n";

/// Zones one inside the other and beside each other.
const ORIGINS: [&str; 3] = ["example.", "b.example.", "other."];

/// Owner and data of a record; names that are not absolute are in the zone.
fn lines() -> impl Strategy<Value = Vec<(String, String)>> {
    let fixed = prop::sample::select(vec![
        "A 192.0.2.1",
        "A 192.0.2.2",
        "AAAA 2001:db8::1",
        "NS a.b",
        "NS ns",
        "NS ns.elsewhere.",
        "CNAME a",
        "CNAME b.a",
        "CNAME a.other.",
        "CNAME a.example.",
        "CNAME elsewhere.",
        "DNAME b",
        "DNAME a.a",
        "DNAME other.",
        "DNAME example.",
        "MX 1 a",
        "MX 2 a.b.example.",
        "SRV 0 0 25 b",
        "DS 1 8 2 ABCD",
        "TYPE65280 \\# 2 0102",
        "CAA 0 issue \"a\"",
        "NSEC a A RRSIG NSEC",
        "RRSIG A 8 2 60 20300101000000 20200101000000 1 @ AAAA",
    ]);
    let data = prop_oneof![
        3 => fixed.prop_map(str::to_owned),
        1 => (0..9_u8).prop_map(|number| format!("TXT {number}{}", "x".repeat(250))),
    ];
    prop::collection::vec(("(\\*|[ab])(\\.(\\*|[ab])){0,2}", data), 0..16)
}

/// The zone of as many of the lines as are one.
fn zone(origin: &str, lines: Vec<(String, String)>) -> Arc<Zone> {
    let origin: Name = origin.parse().unwrap();
    let mut records = parse_records(&origin, APEX).unwrap();
    for (owner, data) in lines {
        let more = parse_records(&origin, &format!("{owner} 60 {data}")).unwrap();
        let with_more: Vec<Record> = records.iter().cloned().chain(more).collect();
        if Zone::new(&origin, with_more.clone()).is_ok() {
            records = with_more;
        }
    }
    Arc::new(Zone::new(&origin, records).unwrap())
}

fn authorities() -> impl Strategy<Value = Authority> {
    let zone = |origin: &'static str| lines().prop_map(move |lines| zone(origin, lines));
    let [example, child, other] = ORIGINS.map(zone);
    (example, prop::option::of(child), prop::option::of(other)).prop_map(|(zone, child, other)| {
        Authority::new([Some(zone), child, other].into_iter().flatten())
    })
}

fn qnames() -> impl Strategy<Value = Name> {
    ("((\\*|[abcAB])\\.){0,4}", prop::sample::select(ORIGINS.to_vec()))
        .prop_map(|(labels, origin)| format!("{labels}{origin}").parse().unwrap())
}

fn queries() -> impl Strategy<Value = Message> {
    let qtypes = [
        "A",
        "NS",
        "CNAME",
        "DNAME",
        "MX",
        "SRV",
        "TXT",
        "SOA",
        "DS",
        "ANY",
        "NSEC",
        "RRSIG",
        "TYPE65280",
    ];
    let edns = prop::option::of((any::<bool>(), 0..1500_u16)).prop_map(|edns| {
        edns.map(|(dnssec_ok, udp_octets)| Edns { dnssec_ok, udp_octets, ..Edns::default() })
    });
    (qnames(), prop::sample::select(qtypes.to_vec()), edns).prop_map(|(qname, rtype, edns)| {
        Message { edns, ..Message::query(4711, qname, rtype.parse().unwrap()) }
    })
}

fn transports() -> impl Strategy<Value = Transport> {
    prop::sample::select(vec![Transport::Udp, Transport::Tcp])
}

/// What comes back by UDP is no longer than this.
fn udp_limit(query: &Message) -> usize {
    query.edns.as_ref().map_or(512, |edns| edns.udp_octets.clamp(512, EDNS_UDP_OCTETS).into())
}

/// Whether every record of the answer is at the name asked for, or where aliases lead from it.
fn is_a_chain(qname: &Name, answers: &[Record]) -> bool {
    let mut names = vec![qname.clone()];
    // Aliases stand in their order.
    for record in answers {
        if let RecordData::Cname(target) = &record.data {
            if !names.contains(&record.name) {
                return false;
            }
            names.push(target.clone());
        }
    }
    answers.iter().all(|record| {
        let is_dname =
            [record.data.covered_type(), Some(record.rtype())].contains(&Some(RecordType::Dname));
        let is_above = |name: &Name| name.is_subdomain_of(&record.name);
        names.contains(&record.name) || is_dname && names.iter().any(is_above)
    })
}

proptest! {
    #[test]
    fn every_answer_is_consistent(
        server in authorities(), query in queries(), transport in transports(),
    ) {
        let octets = server.answer(&query.encode(), transport).unwrap();
        let response = Message::decode(&octets).unwrap();
        let question = query.question().unwrap();
        prop_assert_eq!((response.id, &response.questions), (query.id, &query.questions));
        prop_assert!(response.flags.qr && !response.flags.ra && !response.flags.ad);
        prop_assert_eq!(response.edns.is_some(), query.edns.is_some());
        prop_assert!(is_a_chain(&question.name, &response.answers), "{}", response);

        let limit_octets = if transport == Transport::Udp { udp_limit(&query) } else { 65_535 };
        prop_assert!(octets.len() <= limit_octets);
        let whole = server.respond(&query, transport);
        prop_assert_eq!(Message::decode(&whole.encode()), Ok(whole.clone()));
        if response.flags.tc {
            prop_assert!(whole.encode().len() > limit_octets);
        } else {
            prop_assert_eq!(&response.answers, &whole.answers);
            prop_assert_eq!(&response.authorities, &whole.authorities);
        }

        let has = |rtype| whole.authorities.iter().any(|record| record.rtype() == rtype);
        let is_empty = whole.answers.is_empty();
        match whole.rcode {
            Rcode::Refused => {
                prop_assert!(server.catalog().find(&question.name).is_none());
                prop_assert!(!whole.flags.aa && is_empty && whole.authorities.is_empty());
            }
            Rcode::NxDomain => prop_assert!(whole.flags.aa && has(RecordType::Soa)),
            Rcode::YxDomain => prop_assert!(whole.flags.aa && !is_empty),
            Rcode::NoError if is_empty && whole.flags.aa => prop_assert!(has(RecordType::Soa)),
            Rcode::NoError if is_empty => {
                prop_assert!(has(RecordType::Ns) && !has(RecordType::Soa));
            }
            Rcode::NoError => prop_assert!(whole.flags.aa),
            rcode => prop_assert!(false, "{}", rcode),
        }
        // What DNSSEC has added is for those who understand it (RFC 3225 §3).
        let dnssec_ok = query.edns.as_ref().is_some_and(|edns| edns.dnssec_ok);
        let is_dnssec =
            |record: &Record| [RecordType::Rrsig, RecordType::Nsec].contains(&record.rtype());
        if !dnssec_ok {
            prop_assert!(!whole.authorities.iter().chain(&whole.additionals).any(is_dnssec));
            let any = question.rtype == RecordType::Any;
            let asked = |record: &Record| any || record.rtype() == question.rtype;
            prop_assert!(!whole.answers.iter().any(|record| is_dnssec(record) && !asked(record)));
        }
    }

    #[test]
    fn a_query_with_wrong_octets_never_panics_and_never_gets_more_than_it_asks_for(
        server in authorities(),
        query in queries(),
        transport in transports(),
        wrong in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        tail in prop::collection::vec(any::<u8>(), 0..20),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut octets = query.encode().to_vec();
        octets.extend(tail);
        for (index, octet) in wrong {
            let at = index.index(octets.len());
            octets[at] = octet;
        }
        octets.truncate(cut.map_or(octets.len(), |index| index.index(octets.len())));
        let answer = server.answer(&octets, transport);
        prop_assert_eq!(answer.is_some(), octets.len() >= 12 && octets[2] & 0x80 == 0);
        if let Some(answer) = answer {
            let response = Message::decode(&answer).unwrap();
            prop_assert!(response.flags.qr);
            prop_assert_eq!(&answer[..2], &octets[..2]);
            prop_assert_eq!(answer[2] & 0x78, octets[2] & 0x78);
            let limit = Message::decode(&octets).map_or(512, |query| udp_limit(&query));
            prop_assert!(transport == Transport::Tcp || answer.len() <= limit);
        }
    }

    #[test]
    fn a_plain_query_gets_the_octets_that_it_would_get_as_a_message(
        server in authorities(), query in nearly_queries(qnames()), transport in transports(),
    ) {
        prop_assert_eq!(server.answer(&query, transport), server.answer_message(&query, transport));
    }
}

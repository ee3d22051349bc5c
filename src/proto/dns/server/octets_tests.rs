//! Octets that are hardly a query: what comes back is one message at most, and no larger than the
//! asker takes, but for a transfer by TCP.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use proptest::prelude::*;

use crate::engine::{Seed, SimTime};

use super::super::master::parse_records;
use super::super::message::{EDNS_UDP_OCTETS, Edns, MIN_UDP_OCTETS};
use super::super::transfer::TransferLimits;
use super::*;

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// A peer that may transfer, and one that may not.
const PEERS: [[u8; 4]; 2] = [[192, 0, 2, 9], [198, 51, 100, 9]];

/// A primary for example.com, and a secondary for example.net that has no copy yet.
fn server() -> Server {
    let origin = name("example.com");
    let text = "$TTL 60\n@ SOA ns admin 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n* TXT \"any\"";
    let zone = Zone::new(&origin, parse_records(&origin, text).unwrap()).unwrap();
    let followers =
        Followers { allow_transfer: vec![Network::from(IpAddr::from(PEERS[0]))], notify: vec![] };
    let secondary = SecondaryConfig {
        origin: name("example.net"),
        primaries: vec![SocketAddr::from((PEERS[0], 53))],
        limits: TransferLimits::default(),
    };
    let config = ServerConfig {
        authority: Arc::new(Authority::new([Arc::new(zone)])),
        secondaries: vec![secondary],
        followers: BTreeMap::from([(origin, followers)]),
    };
    Server::new(config, |_| None, |purpose| Seed(1).stream(purpose))
}

/// Queries of the kinds that the server tells apart.
fn queries() -> impl Strategy<Value = Message> {
    let qname = prop::sample::select(vec!["example.com", "x.example.com", "example.net", "test"]);
    let rtype = prop::sample::select(vec![
        RecordType::A,
        RecordType::Soa,
        RecordType::Any,
        RecordType::Axfr,
        RecordType::Ixfr,
    ]);
    let opcode = prop::sample::select(vec![Opcode::Query, Opcode::Query, Opcode::Notify]);
    let edns = prop::option::of(any::<u16>());
    (qname, rtype, opcode, edns).prop_map(|(qname, rtype, opcode, udp_octets)| Message {
        opcode,
        edns: udp_octets.map(|udp_octets| Edns { udp_octets, ..Edns::default() }),
        ..Message::query(4711, name(qname), rtype)
    })
}

proptest! {
    #[test]
    fn nobody_gets_more_than_is_asked_for(
        query in queries(),
        wrong in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        tail in prop::collection::vec(any::<u8>(), 0..20),
        cut in prop::option::of(any::<prop::sample::Index>()),
        transport in prop::sample::select(vec![Transport::Udp, Transport::Tcp]),
        may_transfer in any::<bool>(),
    ) {
        let mut octets = query.encode().to_vec();
        octets.extend(tail);
        for (index, octet) in wrong {
            let at = index.index(octets.len());
            octets[at] = octet;
        }
        octets.truncate(cut.map_or(octets.len(), |index| index.index(octets.len())));
        let from = SocketAddr::from((PEERS[usize::from(!may_transfer)], 40_000));
        let mut out = Outputs::default();
        let response = server().query(SimTime::ZERO, from, transport, &octets, &mut out);
        let is_query = octets.len() >= 12 && octets[2] & 0x80 == 0;
        match response {
            Response::Silence => prop_assert!(!is_query),
            Response::Message(answer) => {
                let response = Message::decode(&answer).unwrap();
                prop_assert!(is_query && response.flags.qr && response.id.to_be_bytes() == octets[..2]);
                let limit = match Message::decode(&octets).ok().and_then(|query| query.edns) {
                    Some(edns) => edns.udp_octets.min(EDNS_UDP_OCTETS).into(),
                    None => MIN_UDP_OCTETS,
                };
                prop_assert!(transport == Transport::Tcp || answer.len() <= limit.max(MIN_UDP_OCTETS));
            }
            Response::Messages(messages) => {
                let query = Message::decode(&octets).unwrap();
                let rtype = query.question().unwrap().rtype;
                prop_assert!(is_query && may_transfer && transport == Transport::Tcp);
                prop_assert!([RecordType::Axfr, RecordType::Ixfr].contains(&rtype));
                prop_assert_eq!(messages.len(), 1);
            }
        }
    }
}

#[test]
fn the_soa_that_answers_an_ixfr_by_udp_is_cut_if_it_is_too_long() {
    let label = "l".repeat(60);
    let names = |first: &str| format!("{first}.{label}.{label}.{first}{label}.");
    let origin = name(&format!("{}example", names("o")));
    let text = format!("@ 60 SOA {} {} 1 2 3 4 5\n@ 60 NS .", names("a"), names("b"));
    let zone = Zone::new(&origin, parse_records(&origin, &text).unwrap()).unwrap();
    let followers =
        Followers { allow_transfer: vec![Network::from(IpAddr::from(PEERS[0]))], notify: vec![] };
    let config = ServerConfig {
        authority: Arc::new(Authority::new([Arc::new(zone)])),
        followers: BTreeMap::from([(origin.clone(), followers)]),
        ..ServerConfig::default()
    };
    let mut server = Server::new(config, |_| None, |purpose| Seed(1).stream(purpose));
    let query = Message::query(1, origin, RecordType::Ixfr).encode();
    let from = SocketAddr::from((PEERS[0], 40_000));
    let response =
        server.query(SimTime::ZERO, from, Transport::Udp, &query, &mut Outputs::default());
    let Response::Message(octets) = response else { panic!("{response:?}") };
    let response = Message::decode(&octets).unwrap();
    assert!(octets.len() <= 512 && response.flags.tc && response.answers.is_empty());
}

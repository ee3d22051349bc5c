//! What clients may ask, and what arbitrary octets do.

use proptest::prelude::*;

use super::super::*;
use super::net::{Net, name};
use crate::engine::Seed;
use crate::proto::dns::{Class, Edns, Opcode, RecordType};

fn query() -> Message {
    Message::query(7, name("www.example.com."), RecordType::A).with_recursion_desired()
}

/// Sends one query to a fresh resolver and gives the answer.
fn answer(query: &Message) -> Option<Message> {
    let mut net = Net::new(&[]);
    net.send(0, query, Transport::Udp);
    net.run();
    net.answers.remove(&0)
}

#[test]
fn class_any_is_answered_with_class_in() {
    let mut net = Net::new(&[]);
    let mut query = Message::query(7, name("www.example.com."), RecordType::A);
    query.flags.rd = true;
    query.questions[0].class = Class::Any;
    net.send(0, &query, Transport::Udp);
    net.run();
    let answer = &net.answers[&0];
    assert_eq!((answer.questions[0].class, answer.answers.len()), (Class::Any, 1));
    assert_eq!(answer.answers[0].class, Class::In);
}

#[test]
fn an_answer_carries_what_the_query_had() {
    let plain = answer(&query()).unwrap();
    assert!(plain.flags.rd && plain.flags.ra && plain.edns.is_none());
    assert_eq!((plain.id, &plain.questions), (7, &query().questions));
    assert!(answer(&query().with_edns()).unwrap().edns.is_some());
}

#[test]
fn queries_that_make_no_sense_are_told_so() {
    let rcode = |change: &dyn Fn(&mut Message)| {
        let mut query = query();
        change(&mut query);
        answer(&query).map(|answer| answer.rcode)
    };
    assert_eq!(rcode(&|_| {}), Some(Rcode::NoError));
    assert_eq!(rcode(&|query| query.flags.qr = true), None);
    assert_eq!(rcode(&|query| query.opcode = Opcode::Update), Some(Rcode::NotImp));
    assert_eq!(rcode(&|query| query.questions.clear()), Some(Rcode::FormErr));
    assert_eq!(rcode(&|query| query.questions[0].class = Class::Ch), Some(Rcode::Refused));
    assert_eq!(rcode(&|query| query.questions[0].rtype = RecordType::Axfr), Some(Rcode::Refused));
    assert_eq!(rcode(&|query| query.questions[0].rtype = RecordType::Opt), Some(Rcode::FormErr));
    let version = |query: &mut Message| query.edns = Some(Edns { version: 1, ..Edns::default() });
    assert_eq!(rcode(&version), Some(Rcode::BadVers));
}

#[test]
fn without_rd_the_cache_alone_answers() {
    let mut net = Net::with(&[], |config| config.answer_without_rd = true);
    let mut query = query();
    query.flags.rd = false;
    net.send(0, &query, Transport::Udp);
    assert_eq!(net.shown(0), "REFUSED | ");
    net.resolve("www.example.com. A");
    net.send(0, &query, Transport::Udp);
    assert_eq!(net.shown(0), "NOERROR | www.example.com. 300 A 192.0.2.80");
    assert!(!net.answers[&0].flags.rd);
}

#[test]
fn a_long_answer_is_cut_for_udp_and_whole_for_tcp() {
    let many: Vec<String> =
        (0..100).map(|count| format!("many.example.com. A 192.0.2.{count}")).collect();
    let rules = format!("many.example.com. A -> NOERROR aa tc | {}", many.join(","));
    let mut net = Net::new(&[("192.0.2.3", &rules)]);
    let query =
        Message::query(7, name("many.example.com."), RecordType::A).with_recursion_desired();
    net.send(1, &query, Transport::Udp);
    net.send(2, &query.clone().with_edns(), Transport::Udp);
    net.send(3, &query, Transport::Tcp);
    net.run();
    let shape = |client| (net.answers[&client].flags.tc, net.answers[&client].answers.len());
    assert_eq!([shape(1), shape(2), shape(3)], [(true, 0), (true, 0), (false, 100)]);
}

#[test]
fn more_clients_than_can_wait_are_turned_away() {
    let mut net = Net::with(&[], |config| config.limits.clients = 2);
    for client in 0..3 {
        net.query(client, "www.example.com. A");
    }
    assert_eq!(net.shown(2), "SERVFAIL | ");
    net.run();
    assert!(net.shown(0).starts_with("NOERROR") && net.shown(1).starts_with("NOERROR"));
    net.query(2, "example.com. MX");
    net.run();
    assert!(net.shown(2).starts_with("NOERROR"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn arbitrary_octets_do_no_harm(
        client in prop::collection::vec(any::<u8>(), 0..80),
        server in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut net = Net::new(&[]);
        let mut out = Vec::new();
        net.resolver.client_query(net.now, ClientToken(1), &client, Transport::Udp, &mut out);
        net.query(0, "www.example.com. A");
        let (&exchange, (to, octets)) = net.open.first_key_value().unwrap();
        // Octets that pass for a reply to the query, up to the question.
        let mut reply = octets.to_vec();
        reply[2] |= 0x80;
        reply[6..12].copy_from_slice(&[0, 2, 0, 2, 0, 2]);
        reply.truncate(12 + 21);
        reply.extend(server);
        let to = *to;
        net.resolver.upstream_reply(net.now, exchange, to, &reply, &mut out);
        for _ in 0..1_000 {
            let Some(deadline) = net.resolver.deadline() else { break };
            net.resolver.timeout(deadline, &mut out);
        }
        prop_assert_eq!(net.resolver.in_progress(), 0);
    }
}

#[test]
fn a_seed_fixes_every_octet() {
    let run = |seed| {
        let config = ResolverConfig {
            hints: vec![Hint {
                name: name("a.root."),
                addresses: vec!["192.0.2.1".parse().unwrap()],
            }],
            ..ResolverConfig::default()
        };
        let mut resolver = Resolver::new(config, Seed(seed).stream("resolver"));
        let mut out = Vec::new();
        let query = query().encode();
        resolver.client_query(SimTime::ZERO, ClientToken(1), &query, Transport::Udp, &mut out);
        out
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

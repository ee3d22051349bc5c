//! Rules that wait for the DNS, and what is asked only once.

use crate::actors::mta::config::{DnsList, ReverseDns};
use crate::proto::dns::RecordType;

use super::super::{Chain, Decision, Progress, Ruling, Wait};
use super::{Bench, STRANGER, temporary};

const FROM: Option<&str> = Some("<alice@example.org>");
const TO: Option<&str> = Some("<bob@example.net>");

fn lists(bench: &mut Bench, zones: &[&str]) {
    let list = |zone: &&str| DnsList { zone: zone.parse().unwrap(), answers: Vec::new() };
    bench.config.clients.block_lists = zones.iter().map(list).collect();
}

#[test]
fn a_chain_waits_for_late_answers_and_asks_each_only_once() {
    let mut bench = Bench::new();
    lists(&mut bench, &["a.example.", "b.example."]);
    let mut chain = Chain::rcpt();
    let Progress::Waiting(Wait::Dns(lookups)) = bench.run(&mut chain, STRANGER, FROM, TO) else {
        panic!("the lists are to be asked");
    };
    assert_eq!(lookups.len(), 2);
    // One of the two answers: the other is still waited for.
    bench.memory.answers.insert(lookups[1].clone(), temporary());
    let Progress::Waiting(Wait::Dns(left)) = bench.run(&mut chain, STRANGER, FROM, TO) else {
        panic!("one list has not answered");
    };
    assert_eq!(left, lookups[..1]);
    bench.memory.answers.insert(lookups[0].clone(), temporary());
    let Progress::Done(ruling) = bench.run(&mut chain, STRANGER, FROM, TO) else {
        panic!("all is answered");
    };
    let Ruling { decision, said, .. } = ruling;
    assert_eq!(decision, Decision::Accept);
    let said: Vec<_> = said.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "client: a stranger",
            "block list: not listed (a.example: SERVFAIL, b.example: SERVFAIL)",
            "own addresses: nobody logged in",
            "relay: a domain of ours",
            "restriction: none",
            "user: known",
        ]
    );
    // A second recipient: the client has its standing.
    let ruling = bench.finish(Chain::rcpt(), STRANGER, FROM, TO);
    let said: Vec<_> = ruling.said.iter().map(|said| said.rule).collect();
    assert_eq!(said, ["relay", "restriction", "user"]);
    assert!(bench.asked.is_empty());
}

#[test]
fn a_client_that_is_refused_stays_refused_until_it_logs_in() {
    let mut bench = Bench::new();
    lists(&mut bench, &["a.example."]);
    bench.address("5.113.0.203.a.example.", "127.0.0.2");
    let ask = |bench: &mut Bench| {
        let ruling = bench.finish(Chain::rcpt(), STRANGER, FROM, TO);
        (ruling.decision != Decision::Accept, ruling.said.len())
    };
    assert_eq!(ask(&mut bench), (true, 1));
    assert_eq!(ask(&mut bench), (true, 0)); // nobody is asked again
    assert_eq!(bench.asked, ["A 5.113.0.203.a.example", "TXT 5.113.0.203.a.example"]);
    bench.login = Some(super::LOGIN);
    bench.memory.standing.authenticated();
    let ruling = bench.finish(Chain::rcpt(), STRANGER, Some("<bob@example.net>"), TO);
    assert_eq!(ruling.decision, Decision::Accept);
}

#[test]
fn a_new_greeting_and_a_new_sender_are_judged_anew() {
    let mut bench = Bench::new();
    bench.config.clients.helo.qualified = true;
    bench.config.clients.sender.qualified = true;
    let refused = |bench: &mut Bench, from| {
        bench.finish(Chain::rcpt(), STRANGER, Some(from), TO).decision != Decision::Accept
    };
    bench.helo = "short";
    assert!(refused(&mut bench, "<a@example.org>"));
    bench.helo = "long.example.org";
    assert!(refused(&mut bench, "<a@example.org>"));
    bench.memory.standing.greeted();
    assert!(!refused(&mut bench, "<a@example.org>"));
    bench.memory.mail();
    assert!(refused(&mut bench, "<a@short>"));
    bench.memory.mail();
    assert!(!refused(&mut bench, "<a@example.org>"));
}

#[test]
fn the_name_of_the_client_is_looked_up_before_the_greeting() {
    let mut bench = Bench::new();
    bench.config.clients.reverse_dns = ReverseDns::Name;
    bench.silent("5.113.0.203.in-addr.arpa.", RecordType::Ptr);
    bench.check("250");
    assert_eq!(bench.asked, ["PTR 5.113.0.203.in-addr.arpa"]);
}

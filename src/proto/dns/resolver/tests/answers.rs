//! What clients get beside the answer: sections, DNSSEC records, extended errors; and answers that
//! have run out or soon will.

use insta::assert_snapshot;
use proptest::prelude::*;

use super::super::*;
use super::net::{Net, name};
use crate::proto::dns::{Edns, ExtendedError, Name, RecordType};

/// A signature over records of `rtype`.
fn rrsig(owner: &str, rtype: &str) -> String {
    format!(
        "{owner} 300 RRSIG {rtype} 13 3 300 20260101000000 20250101000000 1 example.com. AAECAwQFBgc="
    )
}

/// `www.example.com` signed, with sections; `none` does not exist and has proof of it.
fn signed() -> String {
    format!(
        "www.example.com. RRSIG -> NOERROR aa | {}
         www.example.com. * -> NOERROR aa | www.example.com. 300 A 192.0.2.80, {} | \
            example.com. 200 NS ns.example.com. | ns.example.com. 100 A 192.0.2.3
         none.example.com. * -> NXDOMAIN aa | | example.com. 60 SOA 60, {}, \
            a.example.com. 60 NSEC www.example.com. A, {}",
        rrsig("www.example.com.", "A"),
        rrsig("www.example.com.", "A"),
        rrsig("example.com.", "SOA"),
        rrsig("a.example.com.", "NSEC"),
    )
}

/// Asks with DO or without, plays to the end, and shows the answer without its id.
fn ask(net: &mut Net, question: &str, dnssec_ok: bool) -> String {
    let (qname, qtype) = question.split_once(' ').unwrap();
    let mut query = Message::query(0, name(qname), qtype.parse().unwrap()).with_recursion_desired();
    query.edns = Some(Edns { dnssec_ok, ..Edns::default() });
    net.send(0, &query, Transport::Udp);
    net.run();
    net.answers[&0].to_string()
}

#[test]
fn dnssec_records_are_for_clients_with_do() {
    let rules = signed();
    let mut net = Net::new(&[("192.0.2.3", &rules)]);
    let plain = ask(&mut net, "www.example.com. A", false);
    assert_snapshot!(plain, @"response 0 NOERROR rd ra edns 1232; answer: www.example.com. 300 A 192.0.2.80");
    let asked = net.asked().len();
    let with_do = ask(&mut net, "www.example.com. A", true);
    assert!(with_do.contains("www.example.com. 300 RRSIG A"), "{with_do}");
    // Both from the first time, the proofs of what is not there too.
    assert_eq!((asked, net.asked().len()), (3, 0));
    let plain = ask(&mut net, "none.example.com. A", false);
    assert_snapshot!(plain, @"response 0 NXDOMAIN A none.example.com. rd ra edns 1232; authority: example.com. 60 SOA example.com. example.com. 1 2 3 4 60");
    net.asked();
    for _ in 0..2 {
        let with_do = ask(&mut net, "none.example.com. A", true);
        for wanted in ["60 RRSIG SOA", "a.example.com. 60 NSEC", "60 RRSIG NSEC"] {
            assert!(with_do.contains(wanted), "{wanted}: {with_do}");
        }
    }
    assert!(net.asked().is_empty());
}

#[test]
fn signatures_are_answers_to_who_asks_for_them() {
    let rules = signed();
    let mut net = Net::new(&[("192.0.2.3", &rules)]);
    for _ in 0..2 {
        let answer = ask(&mut net, "www.example.com. RRSIG", false);
        assert!(answer.contains("answer: www.example.com. 300 RRSIG A"), "{answer}");
    }
    assert_eq!(net.asked().len(), 3);
}

#[test]
fn sections_come_whole_unless_responses_are_minimal() {
    let rules = signed();
    let mut net = Net::with(&[("192.0.2.3", &rules)], |config| {
        config.minimal_responses = false;
        config.scrub_promiscuous = false;
    });
    let first = ask(&mut net, "www.example.com. A", false);
    assert_snapshot!(first, @"response 0 NOERROR rd ra edns 1232; answer: www.example.com. 300 A 192.0.2.80; authority: example.com. 200 NS ns.example.com.; additional: ns.example.com. 100 A 192.0.2.3");
    assert_eq!(ask(&mut net, "www.example.com. A", false), first);
    net.wait(50);
    let later = ask(&mut net, "www.example.com. A", false);
    assert!(later.contains("150 NS") && later.contains("50 A 192.0.2.3"), "{later}");
}

#[test]
fn name_servers_that_nobody_asked_for_are_thrown_away() {
    let rules = signed();
    let mut net = Net::with(&[("192.0.2.3", &rules)], |config| config.minimal_responses = false);
    for _ in 0..2 {
        let answer = ask(&mut net, "www.example.com. A", false);
        assert!(!answer.contains("authority") && !answer.contains("additional"), "{answer}");
    }
}

#[test]
fn who_may_look_into_the_cache_is_referred_on() {
    let mut net = Net::with(&[], |config| config.answer_without_rd = true);
    let query = |qname: &str| Message::query(0, name(qname), RecordType::A);
    net.send(0, &query("www.example.com."), Transport::Udp);
    assert_eq!(net.shown(0), "REFUSED | ");
    net.resolve("www.example.com. A");
    net.send(0, &query("ftp.example.com."), Transport::Udp);
    assert_snapshot!(net.answers[&0], @"response 0 NOERROR A ftp.example.com. ra; authority: example.com. 3600 NS ns.example.com.; additional: ns.example.com. 3600 A 192.0.2.3");
}

/// The extended error of the last answer.
fn extended_error(net: &Net) -> Option<u16> {
    let edns = net.answers[&0].edns.as_ref()?;
    edns.options.iter().find_map(ExtendedError::from_option).map(|error| error.code)
}

#[test]
fn a_failure_says_why() {
    let silent = "*.example.com. * -> silent";
    let mut net = Net::new(&[("192.0.2.3", silent)]);
    assert!(net.resolve("www.example.com. A").starts_with("SERVFAIL"));
    assert_eq!(extended_error(&net), Some(22));
    net.resolve("www.example.com. A");
    assert_eq!(extended_error(&net), Some(13));
    let query = Message::query(0, name("www.example.com."), RecordType::A);
    net.send(0, &query.clone().with_edns(), Transport::Udp);
    assert_eq!((net.shown(0), extended_error(&net)), ("REFUSED | ".into(), Some(20)));
    net.send(0, &query, Transport::Udp);
    assert_eq!(extended_error(&net), None);
}

fn serve_stale(config: &mut ResolverConfig) {
    config.cache.serve_stale = Some(ServeStale::default());
}

#[test]
fn what_ran_out_is_served_where_nothing_newer_comes() {
    let mut net = Net::with(&[], serve_stale);
    assert_eq!(net.resolve("www.example.com. A"), "NOERROR | www.example.com. 300 A 192.0.2.80");
    net.wait(400);
    let silent = "*. * -> silent";
    net.replace("192.0.2.3", silent);
    let start = net.now;
    net.query(0, "www.example.com. A");
    let waited = net.run_until_answered(0).since(start);
    assert_eq!(waited, Duration::from_millis(1_800));
    assert_eq!(net.shown(0), "NOERROR | www.example.com. 30 A 192.0.2.80");
    assert_eq!(extended_error(&net), Some(3));
    net.run();
    // It failed by now: for 30 s nobody is asked.
    net.asked();
    assert_eq!(net.resolve("www.example.com. A"), "NOERROR | www.example.com. 30 A 192.0.2.80");
    assert!(net.asked().is_empty());
    net.wait(86_400);
    assert!(net.resolve("www.example.com. A").starts_with("SERVFAIL"));
}

#[test]
fn nobody_waits_where_the_wait_is_zero() {
    let mut net = Net::with(&[], |config| {
        let client_timeout = Duration::ZERO;
        config.cache.serve_stale = Some(ServeStale { client_timeout, ..ServeStale::default() });
    });
    net.resolve("www.example.com. A");
    net.wait(400);
    net.query(0, "www.example.com. A");
    assert_eq!(net.shown(0), "NOERROR | www.example.com. 30 A 192.0.2.80");
    net.run();
    assert_eq!(net.resolve("www.example.com. A"), "NOERROR | www.example.com. 300 A 192.0.2.80");
}

#[test]
fn an_answer_that_ends_soon_is_fetched_anew() {
    let mut net = Net::with(&[], |config| config.cache.prefetch = true);
    net.resolve("www.example.com. A");
    net.asked();
    net.wait(269);
    net.resolve("www.example.com. A");
    assert!(net.asked().is_empty());
    net.wait(1);
    assert_eq!(net.resolve("www.example.com. A"), "NOERROR | www.example.com. 30 A 192.0.2.80");
    assert_eq!(net.asked(), ["192.0.2.3 www.example.com. A"]);
    assert_eq!(net.resolve("www.example.com. A"), "NOERROR | www.example.com. 300 A 192.0.2.80");
}

#[test]
fn a_refresh_asks_the_parent_where_the_name_servers_end_soon() {
    let www = "www.example.com. A -> NOERROR aa | www.example.com. 3600 A 192.0.2.80";
    let mut net = Net::with(&[("192.0.2.3", www)], |config| config.cache.prefetch = true);
    net.resolve("www.example.com. A");
    net.asked();
    net.wait(3_300);
    assert_eq!(net.resolve("www.example.com. A"), "NOERROR | www.example.com. 300 A 192.0.2.80");
    let asked = net.asked();
    assert_eq!(asked.last().map(String::as_str), Some("192.0.2.3 www.example.com. A"));
    assert!(asked.iter().any(|query| query.starts_with("192.0.2.2 ")), "{asked:?}");
}

#[test]
fn special_names_are_asked_of_nobody_unless_the_world_has_them() {
    let mut net = Net::with(&[], |config| config.ordinary_names.clear());
    let query = |qname: &str, rtype| Message::query(0, name(qname), rtype).with_recursion_desired();
    net.send(0, &query("www.test.", RecordType::A), Transport::Udp);
    assert_snapshot!(net.answers[&0], @"response 0 NXDOMAIN A www.test. aa rd ra; authority: test. 10800 SOA localhost. nobody.invalid. 1 3600 1200 604800 10800");
    assert!(net.asked().is_empty());
    let mut net = Net::with(&[], |config| config.keep_ordinary([&name("mail.test.")]));
    assert!(net.resolve("www.test. A").starts_with("NXDOMAIN"));
    assert!(!net.asked().is_empty());
    net.send(0, &query("localhost.", RecordType::A), Transport::Udp);
    assert!(net.answers[&0].flags.aa && net.asked().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever a client sends, it gets one answer at most, and none that is larger than it asked
    /// for.
    #[test]
    fn arbitrary_queries_get_one_answer_within_their_size(
        head in prop::array::uniform4(any::<u8>()),
        counts in prop::array::uniform4(0..3_u8),
        rtype in prop_oneof![0..60_u16, 245..260_u16, any::<u16>()],
        class in prop_oneof![Just(1_u16), any::<u16>()],
        size in any::<u16>(),
        has_edns in any::<bool>(),
        rest in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let mut octets = head.to_vec();
        octets.extend(counts.iter().flat_map(|&count| [0, count]));
        octets.extend(b"\x04many\x07example\x03com\0");
        octets.extend(rtype.to_be_bytes());
        octets.extend(class.to_be_bytes());
        if has_edns {
            octets.extend([0, 0, 41]);
            octets.extend(size.to_be_bytes());
            octets.extend([0; 6]);
        }
        octets.extend(rest);
        let many: Vec<String> =
            (0..200).map(|count| format!("many.example.com. A 192.0.2.{count}")).collect();
        let rules = format!("many.example.com. * -> NOERROR aa | {}", many.join(","));
        let mut net = Net::with(&[("192.0.2.3", &rules)], serve_stale);
        for transport in [Transport::Udp, Transport::Tcp] {
            net.send_octets(0, &octets, transport);
            net.run();
            prop_assert!(net.counts.get(&0).copied().unwrap_or(0) <= 1);
            let edns = Message::decode(&octets).ok().and_then(|query| query.edns);
            let limit = match (transport, edns) {
                (Transport::Tcp, _) => usize::from(u16::MAX),
                (Transport::Udp, Some(edns)) => edns.udp_octets.clamp(512, 1_232).into(),
                (Transport::Udp, None) => 512,
            };
            if let Some(answer) = net.answers.get(&0) {
                prop_assert!(answer.encode().len() <= limit);
            }
            net.counts.clear();
        }
    }
}

#[test]
fn names_come_back_in_the_case_of_the_question() {
    let mut net = Net::new(&[]);
    net.resolve("www.example.com. A");
    let mixed: Name = name("WWW.example.COM.");
    let query = Message::query(0, mixed.clone(), RecordType::A).with_recursion_desired();
    net.send(0, &query, Transport::Udp);
    assert!(net.answers[&0].answers[0].name.same_case(&mixed));
}

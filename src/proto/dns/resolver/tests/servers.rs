//! Name servers that are lame, silent, old or short of words, and replies that are forged.

use super::super::{ExchangeId, ResolverOutput};
use super::net::{Net, ROOT, name, record};
use crate::proto::dns::{Message, Rcode, RecordType};

/// zone.com. on two servers: 192.0.2.4, which `first` describes, and 192.0.2.5, which answers.
fn two_servers(first: &str) -> Net {
    Net::new(&[
        (
            "192.0.2.2",
            "*.zone.com. * -> NOERROR | | zone.com. NS ns1.zone.com., zone.com. NS ns2.zone.com. \
             | ns1.zone.com. A 192.0.2.4, ns2.zone.com. A 192.0.2.5",
        ),
        ("192.0.2.4", first),
        (
            "192.0.2.5",
            "a.zone.com. A -> NOERROR aa | a.zone.com. 60 A 192.0.2.80
                       *.zone.com. * -> NXDOMAIN aa | | zone.com. SOA 60",
        ),
    ])
}

#[test]
fn a_server_of_no_use_is_passed_over() {
    for (first, is_remembered) in [
        ("*.zone.com. * -> REFUSED", true),
        ("*.zone.com. * -> SERVFAIL", true),
        ("*.zone.com. * -> NOTIMP", false),
        ("*.zone.com. * -> NOERROR | | . NS a.root.", true),
        ("*.zone.com. * -> NOERROR | | zone.com. NS ns1.zone.com.", false),
        ("*.zone.com. * -> NOERROR ra | a.zone.com. A 192.0.2.66", true),
        ("*.zone.com. * -> NOERROR ra | a.zone.com. CNAME b.zone.com.", true),
        ("*.zone.com. * -> NXDOMAIN ra", true),
        ("*.zone.com. * -> silent", false),
    ] {
        let mut net = two_servers(first);
        let mut lame = 0;
        for _ in 0..20 {
            let answer = net.resolve("a.zone.com. A");
            assert_eq!(answer, "NOERROR | a.zone.com. 60 A 192.0.2.80", "{first}");
            lame += net.asked().iter().filter(|line| line.starts_with("192.0.2.4 ")).count();
            net.wait(60);
        }
        assert!(lame > 0, "{first}");
        assert!(!is_remembered || lame < 5, "{first} was asked {lame} times");
    }
}

#[test]
fn a_resolver_in_the_place_of_a_server_is_better_than_nothing() {
    let mut net =
        Net::new(&[("192.0.2.3", "r.example.com. A -> NOERROR ra | r.example.com. A 192.0.2.7")]);
    assert_eq!(net.resolve("r.example.com. A"), "NOERROR | r.example.com. 3600 A 192.0.2.7");
}

#[test]
fn truncation_leads_to_tcp() {
    let mut net = Net::new(&[(
        "192.0.2.3",
        "t.example.com. A -> NOERROR aa tc | t.example.com. A 192.0.2.7",
    )]);
    assert_eq!(net.resolve("t.example.com. A"), "NOERROR | t.example.com. 3600 A 192.0.2.7");
    assert_eq!(net.asked()[2..], ["192.0.2.3 t.example.com. A", "192.0.2.3 t.example.com. A tcp"]);
}

#[test]
fn a_server_that_knows_no_edns_is_asked_without() {
    let mut net = Net::new(&[(
        "192.0.2.3",
        "e.example.com. A -> NOERROR aa noedns | e.example.com. A 192.0.2.7
         f.example.com. A -> NOERROR aa noedns | f.example.com. A 192.0.2.7",
    )]);
    assert_eq!(net.resolve("e.example.com. A"), "NOERROR | e.example.com. 3600 A 192.0.2.7");
    assert_eq!(net.asked().len(), 4);
    assert_eq!(net.resolve("f.example.com. A"), "NOERROR | f.example.com. 3600 A 192.0.2.7");
    assert_eq!(net.asked().len(), 1);
}

#[test]
fn silence_is_borne_with_growing_patience_then_given_up() {
    let mut net = Net::new(&[("192.0.2.3", "s.example.com. A -> silent")]);
    assert_eq!(net.resolve("s.example.com. A"), "SERVFAIL | ");
    assert_eq!(net.asked().iter().filter(|line| line.starts_with("192.0.2.3 ")).count(), 5);
    // Its answers to the other names count no longer: it is dead for a while, for all of them.
    assert_eq!(net.resolve("www.example.com. A"), "SERVFAIL | ");
    net.wait(13);
    assert_eq!(net.resolve("www.example.com. A"), "NOERROR | www.example.com. 300 A 192.0.2.80");
}

#[test]
fn only_the_families_that_the_host_has_are_asked() {
    let servers = [
        (
            "192.0.2.2",
            "*.six.com. * -> NOERROR | | six.com. NS ns.six.com. | ns.six.com. AAAA 2001:db8::6",
        ),
        ("2001:db8::6", "a.six.com. A -> NOERROR aa | a.six.com. A 192.0.2.80"),
    ];
    assert_eq!(Net::new(&servers).resolve("a.six.com. A"), "SERVFAIL | ");
    let mut dual = Net::with(&servers, |config| config.ipv6 = true);
    assert_eq!(dual.resolve("a.six.com. A"), "NOERROR | a.six.com. 3600 A 192.0.2.80");
    assert_eq!(dual.asked()[2], "2001:db8::6 a.six.com. A");
}

#[test]
fn a_reply_has_to_fit_its_query() {
    let mut net = Net::new(&[(ROOT, "*. * -> silent")]);
    net.query(0, "www.example.com. A");
    let (&exchange, (to, octets)) = net.open.first_key_value().unwrap();
    let (to, query) = (*to, Message::decode(octets).unwrap());
    let mut good = Message::response_to(&query);
    good.flags.aa = true;
    good.answers.push(record("www.example.com. A 192.0.2.66"));

    let mut wrong_id = good.clone();
    wrong_id.id ^= 1;
    let mut wrong_name = good.clone();
    wrong_name.questions[0].name = name("www.example.net.");
    let mut wrong_type = good.clone();
    wrong_type.questions[0].rtype = RecordType::Mx;
    let mut no_question = good.clone();
    no_question.questions.clear();
    let mut a_query = good.clone();
    a_query.flags.qr = false;
    for message in [wrong_id, wrong_name, wrong_type, no_question, a_query] {
        net.forge(exchange, to, &message);
    }
    let mut elsewhere = to;
    assert_eq!(net.shown(0), "none");
    elsewhere.set_ip("192.0.2.9".parse().unwrap());
    net.forge(exchange, elsewhere, &good);
    elsewhere = to;
    elsewhere.set_port(54);
    net.forge(exchange, elsewhere, &good);
    net.forge(ExchangeId(99), to, &good);
    assert_eq!(net.shown(0), "none");

    // Not every server keeps the case of the question.
    good.questions[0].name = name("WWW.EXAMPLE.com.");
    net.forge(exchange, to, &good);
    assert_eq!(net.shown(0), "NOERROR | www.example.com. 3600 A 192.0.2.66");
    net.forge(exchange, to, &good);
    net.run();
}

#[test]
fn octets_that_are_no_message_make_the_next_server_of_it() {
    let mut net = Net::new(&[]);
    net.query(0, "x.example.com. A");
    let (&exchange, (to, octets)) = net.open.first_key_value().unwrap();
    let (to, mut reply) = (*to, Message::decode(octets).unwrap());
    reply.flags.qr = true;
    reply.answers.push(record("x.example.com. A 192.0.2.66"));
    let mut octets = reply.encode().to_vec();
    octets.pop();
    let mut out = Vec::new();
    net.resolver.upstream_reply(net.now, exchange, to, &octets, &mut out);
    // The only root server gave it; there is none to ask next.
    let answer = out.iter().find_map(|output| match output {
        ResolverOutput::Answer { octets, .. } => Message::decode(octets).ok(),
        _ => None,
    });
    assert_eq!(answer.unwrap().rcode, Rcode::ServFail);
}

/// The letters of the question that the resolver sent last, as it sent them.
fn sent_name(net: &Net) -> String {
    let (_, octets) = net.open.values().next_back().unwrap();
    Message::decode(octets).unwrap().question().unwrap().name.to_string()
}

#[test]
fn letters_in_random_case_have_to_come_back() {
    let mut net = Net::with(&[], |config| config.randomise_case = true);
    net.query(0, "www.example.com. A");
    let sent = sent_name(&net);
    assert!(sent != sent.to_lowercase() && sent != sent.to_uppercase(), "{sent}");
    net.run();
    // The client has its own letters back.
    assert_eq!(net.shown(0), "NOERROR | www.example.com. 300 A 192.0.2.80");

    // A server that writes names in its own way is asked by TCP, whatever it says.
    net.query(0, "a.test. A");
    let (&exchange, (to, octets)) = net.open.first_key_value().unwrap();
    let (to, query) = (*to, Message::decode(octets).unwrap());
    let mut reply = Message::response_to(&query);
    reply.questions[0].name = name("a.test.");
    reply.answers.push(record("a.test. A 192.0.2.66"));
    net.forge(exchange, to, &reply);
    net.run();
    assert_eq!(net.shown(0), "NXDOMAIN |  | . 60 SOA 60");
    assert!(net.asked().last().unwrap().ends_with(" tcp"));
    // The other is the server's own reply to the query that was over by then.
    assert_eq!(net.resolver.unwanted_replies(), 2);
}

#[test]
fn unwanted_replies_are_counted_and_change_nothing() {
    let mut net = Net::new(&[(ROOT, "*. * -> silent")]);
    net.query(0, "www.example.com. A");
    let (&exchange, (to, octets)) = net.open.first_key_value().unwrap();
    let (to, query) = (*to, Message::decode(octets).unwrap());
    let mut forged = Message::response_to(&query);
    forged.answers.push(record("www.example.com. A 192.0.2.66"));
    for id in (0..=u16::MAX).filter(|id| *id != query.id) {
        forged.id = id;
        net.forge(exchange, to, &forged);
    }
    assert_eq!(net.resolver.unwanted_replies(), 65_535);
    assert_eq!((net.shown(0), net.resolver.in_progress()), ("none".into(), 1));
    forged.id = query.id;
    net.forge(exchange, to, &forged);
    assert_eq!(net.shown(0), "NOERROR | www.example.com. 3600 A 192.0.2.66");
}

#[test]
fn a_server_that_drops_queries_with_edns_is_asked_without() {
    let rules = "*.example.com. * -> dropsedns NOERROR aa | x.example.com. A 192.0.2.7";
    let mut net = Net::new(&[("192.0.2.3", rules)]);
    assert_eq!(net.resolve("x.example.com. A"), "NOERROR | x.example.com. 3600 A 192.0.2.7");
    assert_eq!(net.asked().len(), 2 + 4);
    net.wait(3_600 - 100);
    net.resolve("www.example.com. A");
    net.wait(10);
    net.asked();
    net.resolve("y.example.com. A");
    assert_eq!(net.asked().len(), 1);
}

#[test]
fn a_type_that_a_server_drops_does_no_harm_to_the_others() {
    let mut net = Net::new(&[("192.0.2.3", "www.example.com. AAAA -> silent")]);
    net.resolve("www.example.com. A");
    for _ in 0..3 {
        assert_eq!(net.resolve("www.example.com. AAAA"), "SERVFAIL | ");
    }
    net.asked();
    net.wait(301);
    let start = net.now;
    assert_eq!(net.resolve("www.example.com. A"), "NOERROR | www.example.com. 300 A 192.0.2.80");
    assert!(net.now.since(start).as_millis() < 100);
}

#[test]
fn an_empty_reply_is_taken_for_nodata_the_second_time() {
    let mut net = two_servers("*.zone.com. * -> NOERROR");
    for _ in 0..10 {
        assert_eq!(net.resolve("a.zone.com. A"), "NOERROR | a.zone.com. 60 A 192.0.2.80");
        net.wait(60);
    }
    let mut net = Net::new(&[("192.0.2.3", "e.example.com. A -> NOERROR")]);
    assert_eq!(net.resolve("e.example.com. A"), "NOERROR | ");
    assert_eq!(net.asked().len(), 4);
}

#[test]
fn yxdomain_without_a_dname_is_no_answer() {
    let rules = "*.example.com. * -> YXDOMAIN aa | y.example.com. A 192.0.2.7";
    assert_eq!(Net::new(&[("192.0.2.3", rules)]).resolve("y.example.com. A"), "SERVFAIL | ");
}

#[test]
fn a_server_that_failed_is_asked_again_where_there_is_no_other() {
    let mut net = Net::new(&[("192.0.2.3", "s.example.com. A -> SERVFAIL")]);
    assert_eq!(net.resolve("s.example.com. A"), "SERVFAIL | ");
    assert_eq!(net.resolve("www.example.com. A"), "NOERROR | www.example.com. 300 A 192.0.2.80");
}

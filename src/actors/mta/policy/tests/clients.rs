//! What is demanded of clients, their names and their senders.

use crate::actors::mta::config::{DnsList, ReverseDns};
use crate::proto::dns::{RecordData, RecordType, Txt};

use super::{Bench, LOGIN, OWN_SERVER, STRANGER};

fn list(zone: &str, answers: &[&str]) -> DnsList {
    let answers = answers.iter().map(|mask| mask.parse().unwrap()).collect();
    DnsList { zone: zone.parse().unwrap(), answers }
}

#[test]
fn a_listed_client_reads_the_reason_of_the_list() {
    let mut bench = Bench::new();
    bench.config.clients.block_lists =
        vec![list("bl.example.", &["127.0.0.[2..4]"]), list("other.example.", &[])];
    let entry = "5.113.0.203.bl.example.";
    bench.check("250");
    assert_eq!(bench.asked, ["A 5.113.0.203.bl.example", "A 5.113.0.203.other.example"]);
    bench.address(entry, "127.0.0.9"); // an answer that does not count
    bench.check("250");
    bench.address(entry, "127.0.0.3");
    bench
        .check("554 5.7.1 Service unavailable; Client host [203.0.113.5] blocked using bl.example");
    bench.record(entry, RecordData::Txt(Txt::new(["See https://bl.example/?q=1"])));
    bench.check(
        "554 5.7.1 Service unavailable; Client host [203.0.113.5] blocked using bl.example; \
         See https://bl.example/?q=1",
    );
    // Who is inside or logged in is not asked for.
    bench.asked.clear();
    assert_eq!(bench.says(OWN_SERVER, "<>", "<bob@example.net>"), "250");
    bench.login = Some(LOGIN);
    assert_eq!(bench.says(STRANGER, "<>", "<bob@example.net>"), "250");
    assert!(bench.asked.is_empty());
}

#[test]
fn a_list_that_is_silent_lists_nobody_and_an_allow_list_goes_before() {
    let mut bench = Bench::new();
    bench.config.clients.block_lists = vec![list("bl.example.", &[])];
    bench.silent("5.113.0.203.bl.example.", RecordType::A);
    bench.check("250");
    bench.address("5.113.0.203.bl.example.", "127.0.0.2");
    bench.config.clients.allow_lists = vec![list("wl.example.", &[])];
    bench.address("5.113.0.203.wl.example.", "127.0.10.1");
    bench.check("250");
    // The nibbles of 2001:db8:1:2:3:4:567:89ab, the last first.
    let v6 = "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.bl.example.";
    bench.address(v6, "127.0.0.2");
    let found = bench.says("2001:db8:1:2:3:4:567:89ab", "<>", "<bob@example.net>");
    assert!(found.starts_with("554 5.7.1 Service unavailable"), "{found}");
}

#[test]
fn the_name_of_an_address_is_wanted_and_has_to_lead_back() {
    let pointer = "5.113.0.203.in-addr.arpa.";
    let no_name = "450 4.7.25 Client host rejected: cannot find your hostname, [203.0.113.5]";
    let no_reverse =
        "450 4.7.25 Client host rejected: cannot find your reverse hostname, [203.0.113.5]";
    let name = RecordData::Ptr("mx.example.org.".parse().unwrap());
    let mut bench = Bench::new();
    let wants = |bench: &mut Bench, wanted: [&str; 3]| {
        let levels = [ReverseDns::Name, ReverseDns::Known, ReverseDns::Confirmed];
        for (level, wanted) in levels.into_iter().zip(wanted) {
            bench.config.clients.reverse_dns = level;
            bench.check(wanted);
        }
    };
    wants(&mut bench, ["250", no_reverse, no_name]);
    bench.silent(pointer, RecordType::Ptr);
    wants(&mut bench, ["250", no_reverse, no_name]);
    bench.record(pointer, name);
    wants(&mut bench, ["250", "250", no_name]);
    bench.address("mx.example.org.", "203.0.113.6");
    wants(&mut bench, ["250", "250", no_name]);
    assert_eq!(bench.memory.client_name.as_ref().unwrap().text(), "unknown");
    bench.address("mx.example.org.", STRANGER);
    wants(&mut bench, ["250", "250", "250"]);
    assert_eq!(bench.memory.client_name.as_ref().unwrap().text(), "mx.example.org");
}

#[test]
fn a_client_calls_itself_as_it_should() {
    let mut bench = Bench::new();
    let helo = &mut bench.config.clients.helo;
    (helo.valid, helo.qualified, helo.known, helo.foreign) = (true, true, true, true);
    bench.address("client.example.org.", STRANGER);
    bench.silent("slow.example.org.", RecordType::A);
    let cases = [
        ("client.example.org", None),
        ("[203.0.113.5]", None),
        ("[IPv6:2001:db8::1]", None),
        ("-_-", Some("501 5.5.2 <-_->: Helo command rejected: Invalid name")),
        ("203.0.113.5", Some("501 5.5.2 <203.0.113.5>: Helo command rejected: Invalid name")),
        (
            "localhost",
            Some("504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname"),
        ),
        (
            "nobody.example.org",
            Some("450 4.7.1 <nobody.example.org>: Helo command rejected: Host not found"),
        ),
        (
            "slow.example.org",
            Some("450 4.7.1 <slow.example.org>: Helo command rejected: Host not found"),
        ),
        (
            "MX.example.net",
            Some("554 5.7.1 <MX.example.net>: Helo command rejected: Access denied"),
        ),
        ("[192.0.2.7]", Some("554 5.7.1 <[192.0.2.7]>: Helo command rejected: Access denied")),
    ];
    for (helo, wanted) in cases {
        bench.helo = helo;
        bench.check(wanted.unwrap_or("250"));
    }
    assert_eq!(bench.says(OWN_SERVER, "<>", "<bob@example.net>"), "250");
}

#[test]
fn the_senders_domain_is_one_that_takes_mail() {
    let mut bench = Bench::new();
    let sender = &mut bench.config.clients.sender;
    (sender.qualified, sender.known) = (true, true);
    let mx = |exchange: &str| RecordData::Mx { preference: 0, exchange: exchange.parse().unwrap() };
    bench.record("example.org.", mx("mx.example.org."));
    bench.address("host.example.org.", "203.0.113.5");
    bench.record("null.example.org.", mx("."));
    bench.silent("slow.example.org.", RecordType::Mx);
    let unknown = "Sender address rejected: Domain not found";
    let cases = [
        ("<alice@example.org>", "250".to_owned()),
        ("<>", "250".to_owned()),
        ("<alice@host.example.org>", "250".to_owned()),
        ("<alice@[203.0.113.5]>", "250".to_owned()),
        ("<bob@example.net>", "250".to_owned()),
        ("<a@no.example.org>", format!("450 4.1.8 <a@no.example.org>: {unknown}")),
        ("<a@slow.example.org>", format!("450 4.1.8 <a@slow.example.org>: {unknown}")),
        (
            "<a@localhost>",
            "504 5.5.2 <a@localhost>: Sender address rejected: need fully-qualified address"
                .to_owned(),
        ),
        (
            "<a@null.example.org>",
            "550 5.7.27 <a@null.example.org>: Sender address rejected: Domain does not accept mail \
             (nullMX)"
                .to_owned(),
        ),
    ];
    for (from, wanted) in cases {
        assert_eq!(bench.says(STRANGER, from, "<bob@example.net>"), wanted, "{from}");
    }
}

#[test]
fn without_delay_each_is_told_when_it_is_found_out() {
    let mut bench = Bench::new();
    bench.config.clients.delay_reject = false;
    bench.config.clients.sender.qualified = true;
    let short = "504 5.5.2 <a@short>: Sender address rejected: need fully-qualified address";
    assert_eq!(bench.says(STRANGER, "<a@short>", "<bob@example.net>"), format!("at MAIL: {short}"));
    bench.config.clients.helo.qualified = true;
    bench.helo = "short";
    let helo = "504 5.5.2 <short>: Helo command rejected: need fully-qualified hostname";
    assert_eq!(bench.says(STRANGER, "<a@short>", "<bob@example.net>"), format!("at MAIL: {helo}"));
    bench.config.clients.reverse_dns = ReverseDns::Confirmed;
    bench.check(
        "at connect: 450 4.7.25 Client host rejected: cannot find your hostname, [203.0.113.5]",
    );
    // Delayed, the first in the order of the stages is told, and the recipient does not matter.
    bench.config.clients.delay_reject = true;
    let found = bench.says(STRANGER, "<a@short>", "<nobody@example.net>");
    assert_eq!(found, "450 4.7.25 Client host rejected: cannot find your hostname, [203.0.113.5]");
}

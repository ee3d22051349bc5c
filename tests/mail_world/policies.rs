//! Rules of an MTA that wait, remember, or hold back, while hosts fail.

use std::time::Duration;

use mxsim::actors::mta::config::{DnsList, Greylisting, ReverseDns, Verification};
use mxsim::engine::SimTime;
use mxsim::proto::mail::Header;
use mxsim::proto::smtp::server::Verify;
use mxsim::world::{Fault, World};

use crate::net::{Net, inbox, queued};
use crate::peers::{Log, Talker, text};
use crate::receiving::{MX1, STRANGER, check};

const MESSAGE: [&str; 5] = [
    "EHLO x",
    "MAIL FROM:<eve@example.org>",
    "RCPT TO:<bob@example.com>",
    "DATA",
    "Subject: x\r\n\r\nx\r\n.",
];

/// A list of bad clients that is asked for every client.
fn listed() -> Net {
    let mut net = Net::new(1);
    let zone = "bl.example.".parse().unwrap();
    net.primary.clients.block_lists = vec![DnsList { zone, answers: Vec::new() }];
    net
}

/// Somebody who types these lines, one a second from this one on.
fn talker(net: Net, name: &str, address: &str, from: u64, lines: &[&str]) -> (Net, Log) {
    let log = Log::default();
    let of_talker = log.clone();
    let lines: Vec<_> = (from + 1..).zip(lines.iter().map(ToString::to_string)).collect();
    (net.host(name, address, move || Talker::new(MX1, from, &lines, &of_talker)), log)
}

fn fails(world: &mut World, host: &str, at: u64, until: u64) {
    let host = world.node(host).unwrap();
    world.begin(SimTime::from_secs(at), Fault::Crash(host));
    world.restart(SimTime::from_secs(until), host);
}

#[test]
fn a_listed_client_is_refused_with_the_reason() {
    let entry = "9.113.0.203.bl.example.";
    let net = listed().zone(&format!("{entry} 60 A 127.0.0.2\n{entry} 60 TXT \"spam\"\n"));
    let wanted =
        "554 5.7.1 Service unavailable; Client host [203.0.113.9] blocked using bl.example; spam";
    check(net, MX1, &MESSAGE[..3], wanted);
    check(listed(), MX1, &MESSAGE, "250 2.0.0");
}

#[test]
fn a_session_waits_for_a_list_that_is_silent_and_goes_on_in_order() {
    let (net, log) = talker(listed(), "stranger", STRANGER, 0, &MESSAGE);
    let mut world = net.build();
    fails(&mut world, "resolver", 2, 1_000);
    world.run(SimTime::from_secs(10));
    assert!(text(&log).ends_with("250 2.1.0 Ok\r\n"), "{}", text(&log));
    world.run(SimTime::from_secs(60));
    // DATA and the text were typed meanwhile, and are read now.
    assert!(text(&log).contains("250 2.1.5 Ok\r\n354 "), "{}", text(&log));
    assert!(text(&log).contains("queued as"), "{}", text(&log));
    world.run(SimTime::MAX);
    assert_eq!(inbox(&world, "mx1", "bob@example.com").len(), 1);
}

#[test]
fn a_client_or_a_server_that_goes_away_while_a_rule_waits_leaves_nothing_behind() {
    for lost in ["stranger", "mx1"] {
        let (net, log) = talker(listed(), "stranger", STRANGER, 0, &MESSAGE[..4]);
        let (net, later) = talker(net, "later", "203.0.113.77", 100, &MESSAGE);
        let mut world = net.build();
        fails(&mut world, "resolver", 2, 50);
        let node = world.node(lost).unwrap();
        world.begin(SimTime::from_secs(6), Fault::Crash(node));
        if lost == "mx1" {
            world.restart(SimTime::from_secs(8), node);
        }
        world.run(SimTime::MAX);
        assert!(!text(&log).contains("354"), "{lost}: {}", text(&log));
        assert!(text(&later).contains("queued as"), "{lost}: {}", text(&later));
        assert_eq!(inbox(&world, "mx1", "bob@example.com").len(), 1, "{lost}");
        assert_eq!(queued(&world), 0);
    }
}

#[test]
fn who_was_put_off_is_remembered_through_a_crash() {
    let mut net = Net::new(1);
    let domain = net.primary.domains.get_mut("example.com").unwrap();
    domain.greylist = Some(Greylisting::default());
    let (net, first) = talker(net, "stranger", STRANGER, 0, &MESSAGE[..3]);
    let (net, second) = talker(net, "neighbour", "203.0.113.10", 400, &MESSAGE);
    let mut world = net.build();
    fails(&mut world, "mx1", 10, 20);
    world.run(SimTime::MAX);
    let put_off = "450 4.2.0 <bob@example.com>: Recipient address rejected: Greylisted";
    assert!(text(&first).trim_end().ends_with(put_off), "{}", text(&first));
    assert!(text(&second).contains("queued as"), "{}", text(&second));
}

#[test]
fn a_tarpit_holds_refusals_back_and_nothing_else() {
    let mut net = Net::new(1);
    net.primary.clients.patience.refusal_delay = Duration::from_secs(10);
    let lines = ["EHLO x", "MAIL FROM:<eve@example.org>", "RCPT TO:<who@example.com>", "RSET"];
    let (net, log) = talker(net, "stranger", STRANGER, 0, &lines);
    let mut world = net.build();
    world.run(SimTime::from_secs(12));
    assert!(text(&log).ends_with("250 2.1.0 Ok\r\n"), "{}", text(&log));
    world.run(SimTime::from_secs(14));
    let said = text(&log);
    assert!(said.ends_with("User unknown in virtual mailbox table\r\n250 2.0.0 Ok\r\n"), "{said}");
    world.run(SimTime::MAX);
}

#[test]
fn the_name_of_a_client_stands_in_the_trace_if_it_leads_back() {
    let trace = |records: &str| {
        let mut net = Net::new(1).zone(records);
        net.primary.clients.reverse_dns = ReverseDns::Name;
        let world = check(net, MX1, &MESSAGE, "250 2.0.0");
        let [message] = inbox(&world, "mx1", "bob@example.com").try_into().unwrap();
        Header::new(&message).text("Received").unwrap().into_owned()
    };
    let pointer = "9.113.0.203.in-addr.arpa. 60 PTR pc.example.org.\n";
    let found = trace(&format!("{pointer}pc.example.org. 60 A 203.0.113.9\n"));
    assert!(found.starts_with("from x (pc.example.org [203.0.113.9])"), "{found}");
    let found = trace(&format!("{pointer}pc.example.org. 60 A 203.0.113.10\n"));
    assert!(found.starts_with("from x (unknown [203.0.113.9])"), "{found}");
    let found = trace("");
    assert!(found.starts_with("from x (unknown [203.0.113.9])"), "{found}");
}

#[test]
fn vrfy_and_expn_tell_who_exists_where_they_are_told_to() {
    let ask = |line: &str, wanted: &str| {
        let mut net = Net::new(1);
        net.primary.clients.verify = Verify::Ask;
        let domain = net.primary.domains.get_mut("example.com").unwrap();
        let bob = "bob@example.com".parse().unwrap();
        domain.aliases.insert("team".into(), vec![bob, "x@example.net".parse().unwrap()]);
        check(net, MX1, &["EHLO x", line], wanted);
    };
    ask("VRFY bob", "250 2.1.5 <bob@example.com>");
    ask("VRFY <carol@example.com>", "250 2.1.5 <carol@example.com>");
    ask("VRFY nobody", "550 5.1.1 <nobody@example.com>: Recipient address rejected: User unknown");
    ask("VRFY x@example.net", "554 5.7.1 <x@example.net>: Relay access denied");
    ask("EXPN team", "250 2.1.5 <x@example.net>");
    ask("EXPN bob", "550 5.1.1 That is a user name, not a mailing list");
    check(Net::new(1), MX1, &["EHLO x", "VRFY nobody"], "252 2.0.0");
}

#[test]
fn a_backup_asks_the_primary_who_exists() {
    const MX2: &str = "192.0.2.12:25";
    let net = || {
        let mut net = Net::new(1);
        let domain = net.backup.domains.get_mut("example.com").unwrap();
        (domain.users, domain.verification) = (None, Some(Verification::default()));
        net
    };
    let lines = |to: &'static str| ["EHLO x", "MAIL FROM:<eve@example.org>", to];
    check(net(), MX2, &lines("RCPT TO:<bob@example.com>"), "250 2.1.5");
    let wanted = "450 4.1.1 <nobody@example.com>: Recipient address rejected: undeliverable \
                  address: host mx1.example.com[192.0.2.11] said: 550 5.1.1";
    let world = check(net(), MX2, &lines("RCPT TO:<nobody@example.com>"), wanted);
    assert_eq!(queued(&world), 0);

    let log = Log::default();
    let of_talker = log.clone();
    let typed: Vec<_> =
        (1..).zip(lines("RCPT TO:<bob@example.com>").map(ToString::to_string)).collect();
    let net = net().host("stranger", STRANGER, move || Talker::new(MX2, 0, &typed, &of_talker));
    let mut world = net.build();
    let primary = world.node("mx1").unwrap();
    world.begin(SimTime::ZERO, Fault::Crash(primary));
    world.run(SimTime::from_secs(11));
    assert!(text(&log).ends_with("250 2.1.0 Ok\r\n"), "{}", text(&log));
    world.run(SimTime::from_secs(13));
    let said = text(&log);
    assert!(
        said.trim_end().ends_with("unverified address: Address verification in progress"),
        "{said}"
    );
    world.run(SimTime::MAX);
}

//! What an MTA says to those who connect, and what becomes of what it takes.

use mxsim::actors::mta::config::{AcceptFrom, AutoReply, Personal, RefusalMode, Restriction};
use mxsim::engine::SimTime;
use mxsim::proto::mail::Header;
use mxsim::proto::sasl::encode_base64;
use mxsim::proto::smtp::{EnhancedStatus, Reply};
use mxsim::world::{Note, World};
use std::time::Duration;

use crate::net::{Net, inbox, notes, queued};
use crate::peers::{Log, Talker, text};

pub(crate) const STRANGER: &str = "203.0.113.9";
pub(crate) const MX1: &str = "192.0.2.11:25";
const SUBMISSION: &str = "192.0.2.1:587";

/// A stranger types these lines at `to`, one a second; the first words of the last reply are these.
pub(crate) fn check(net: Net, to: &'static str, lines: &[&str], wanted: &str) -> World {
    let log = Log::default();
    let timed: Vec<_> = lines.iter().map(|line| (*line).to_owned()).zip(1..).collect();
    let timed: Vec<_> = timed.into_iter().map(|(line, at)| (at, line)).collect();
    let of_talker = log.clone();
    let net = net.host("stranger", STRANGER, move || Talker::new(to, 0, &timed, &of_talker));
    let mut world = net.build();
    world.run(SimTime::from_secs(60));
    let said = text(&log);
    let last = said.lines().last().unwrap_or_default();
    assert!(last.starts_with(wanted), "{lines:?}: {said}");
    world.run(SimTime::MAX);
    world
}

fn plain(user: &str, password: &str) -> String {
    format!("AUTH PLAIN {}", encode_base64(format!("\0{user}\0{password}").as_bytes()))
}

#[test]
fn strangers_do_not_relay_and_unknown_users_are_told() {
    let rcpt = |to: &str, wanted: &str| {
        let to = format!("RCPT TO:<{to}>");
        check(Net::new(1), MX1, &["EHLO x", "MAIL FROM:<eve@example.org>", &to], wanted);
    };
    rcpt("alice@example.org", "554 5.7.1");
    rcpt("nobody@example.com", "550 5.1.1");
    rcpt("bob@example.com", "250 2.1.5");
    rcpt("postmaster@[192.0.2.11]", "250 2.1.5");
}

#[test]
fn a_submitter_authenticates_and_sends_from_own_addresses() {
    let (right, wrong) = (plain("alice@example.org", "secret"), plain("alice@example.org", "x"));
    let mail = |from: &'static str, wanted: &str| {
        let to = "RCPT TO:<bob@example.com>";
        check(Net::new(1), SUBMISSION, &["EHLO x", &right, from, to], wanted);
    };
    check(Net::new(1), SUBMISSION, &["EHLO x", "MAIL FROM:<alice@example.org>"], "530 5.7.0");
    let world = check(Net::new(1), SUBMISSION, &["EHLO x", &wrong], "535 5.7.8");
    assert!(notes(&world).any(|note| matches!(note, Note::Refused { .. })));
    mail("MAIL FROM:<alice@example.org>", "250 2.1.5");
    mail("MAIL FROM:<bob@example.com>", "553 5.7.1");
}

#[test]
fn a_message_that_says_it_is_too_large_is_refused_at_mail() {
    let mut net = Net::new(1);
    net.primary.size_limit_octets = 1_000;
    check(net, MX1, &["EHLO x", "MAIL FROM:<a@example.org> SIZE=1001"], "552 5.3.4");
}

/// A message that passed so many hosts, for bob.
fn traveled(hops: usize) -> Vec<String> {
    let mut lines: Vec<String> =
        ["EHLO x", "MAIL FROM:<alice@example.org>", "RCPT TO:<bob@example.com>", "DATA"]
            .map(String::from)
            .into();
    let trace = "Received: from a by b; Mon, 1 Jan 2024 00:00:00 +0000\r\n";
    lines.push(format!("{}Subject: x\r\n\r\nx\r\n.", trace.repeat(hops)));
    lines
}

#[test]
fn a_message_that_passed_too_many_hosts_goes_no_further() {
    let check_hops = |hops: usize, wanted: &str, delivered: usize| {
        let lines = traveled(hops);
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        let world = check(Net::new(1), MX1, &lines, wanted);
        assert_eq!(inbox(&world, "mx1", "bob@example.com").len(), delivered);
    };
    // The field that this host adds is counted.
    check_hops(48, "250 2.0.0", 1);
    check_hops(49, "554 5.4.0", 0);
}

#[test]
fn one_client_more_than_the_limit_is_told_to_come_later() {
    let mut net = Net::new(1);
    net.primary.limits.clients = 1;
    let log = Log::default();
    let of_first = log.clone();
    let net = net.host("first", "203.0.113.8", move || {
        Talker::new(MX1, 0, &[(100, "QUIT".to_owned())], &of_first)
    });
    let net = net.host("later", "203.0.113.7", || {
        Talker::new(MX1, 200, &[(201, "QUIT".to_owned())], &Log::default())
    });
    let second = Log::default();
    let of_second = second.clone();
    let net = net.host("second", STRANGER, move || Talker::new(MX1, 50, &[], &of_second));
    let mut world = net.build();
    world.run(SimTime::MAX);
    assert!(text(&second).starts_with("421 4.3.2"), "{}", text(&second));
    assert!(text(&log).starts_with("220"), "{}", text(&log));
}

fn restricted(mode: RefusalMode) -> Restriction {
    let reply = Reply::new(550, EnhancedStatus::new(5, 7, 133), "not from outside");
    Restriction { from: AcceptFrom::Inside, reply, mode, ..Restriction::none() }
}

#[test]
fn a_restricted_recipient_is_refused_at_rcpt_or_reported_on_beside_others() {
    for (mode, reporter) in [
        (RefusalMode::Reject, "mx.example.org"),
        (RefusalMode::AcceptThenBounce, "mx1.example.com"),
    ] {
        let mut net =
            Net::new(1).queued("<alice@example.org>", &["bob@example.com", "carol@example.com"]);
        let domain = net.primary.domains.get_mut("example.com").unwrap();
        domain.restrictions.insert("carol".into(), restricted(mode));
        let mut world = net.build();
        world.run(SimTime::MAX);
        assert_eq!(inbox(&world, "mx1", "bob@example.com").len(), 1);
        assert_eq!(inbox(&world, "mx1", "carol@example.com").len(), 0);
        let [bounce] = inbox(&world, "mx", "alice@example.org").try_into().unwrap();
        let bounce = String::from_utf8(bounce.to_vec()).unwrap();
        assert!(bounce.contains("5.7.133"), "{bounce}");
        assert!(bounce.contains(&format!("Reporting-MTA: dns; {reporter}")), "{bounce}");
        assert!(!bounce.contains("Final-Recipient: rfc822; bob"), "{bounce}");
        assert_eq!(queued(&world), 0);
    }
}

#[test]
fn aliases_lead_to_mailboxes_and_outside_and_a_cycle_is_reported() {
    let to = ["team@example.com", "away@example.com", "round@example.com"];
    let mut net = Net::new(1).queued("<alice@example.org>", &to);
    let aliases = &mut net.primary.domains.get_mut("example.com").unwrap().aliases;
    for (alias, targets) in [
        ("team", vec!["both@example.com"]),
        ("both", vec!["bob@example.com", "carol@example.com"]),
        ("away", vec!["alice@example.org"]),
        ("round", vec!["about@example.com"]),
        ("about", vec!["round@example.com"]),
    ] {
        let targets = targets.into_iter().map(|target| target.parse().unwrap()).collect();
        aliases.insert(alias.into(), targets);
    }
    let mut world = net.build();
    world.run(SimTime::MAX);
    assert_eq!(inbox(&world, "mx1", "bob@example.com").len(), 1);
    assert_eq!(inbox(&world, "mx1", "carol@example.com").len(), 1);
    let at_alice = inbox(&world, "mx", "alice@example.org");
    assert_eq!(at_alice.len(), 2); // what was sent on, and the report on the cycle
    let reports = at_alice
        .iter()
        .filter(|text| Header::new(text).text("Return-Path").is_some_and(|path| path == "<>"));
    assert_eq!(reports.count(), 1);
    assert_eq!(queued(&world), 0);
}

#[test]
fn two_hosts_that_forward_to_each_other_come_to_an_end() {
    let mut net = Net::new(1).queued("<alice@example.org>", &["loop@example.com"]);
    let mut forward = |domain: &str, to: &str| {
        let config = if domain == "example.org" { &mut net.sender } else { &mut net.primary };
        let aliases = &mut config.domains.get_mut(domain).unwrap().aliases;
        aliases.insert("loop".into(), vec![to.parse().unwrap()]);
    };
    forward("example.com", "loop@example.org");
    forward("example.org", "loop@example.com");
    let mut world = net.build();
    world.run(SimTime::MAX);
    let [bounce] = inbox(&world, "mx", "alice@example.org").try_into().unwrap();
    assert!(String::from_utf8_lossy(&bounce).contains("too many hops"));
    let relayed = notes(&world).filter(|note| matches!(note, Note::Relayed { .. })).count();
    assert_eq!(relayed, 50);
    assert_eq!(queued(&world), 0);
}

#[test]
fn an_automatic_reply_goes_once_to_a_sender_and_never_to_nobody() {
    let replies = |froms: &[&str]| {
        let mut net = Net::new(1);
        for from in froms {
            net = net.queued(from, &["bob@example.com"]);
        }
        let away = AutoReply {
            subject: None,
            text: "I am away.\r\n".into(),
            once_per: Duration::from_secs(86_400),
        };
        let domain = net.primary.domains.get_mut("example.com").unwrap();
        let asked = Personal { auto_reply: Some(away), ..Personal::default() };
        domain.personal.insert("bob".into(), asked);
        let mut world = net.build();
        world.run(SimTime::MAX);
        assert_eq!(inbox(&world, "mx1", "bob@example.com").len(), froms.len());
        assert_eq!(queued(&world), 0);
        inbox(&world, "mx", "alice@example.org").len()
    };
    assert_eq!(replies(&["<alice@example.org>"]), 1);
    assert_eq!(replies(&["<alice@example.org>", "<alice@example.org>"]), 1);
    assert_eq!(replies(&["<>"]), 0);
}

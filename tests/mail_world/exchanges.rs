//! Exchanges that misbehave, and what is tried instead.

use mxsim::engine::SimTime;
use mxsim::world::{Fact, Fault, Note, World};

use crate::net::{Net, fate, inbox, notes, queued};
use crate::peers::{Log, Script, text};

/// two.example has an exchange that follows a script, and the primary as the next one.
const TWO: &str = "
two.example. 3600 MX 10 script.two.example.
two.example. 3600 MX 20 mx1.example.com.
script.two.example. 3600 A 192.0.2.21
";

fn scripted(net: Net, rules: &[(&'static str, &'static str)]) -> (Net, Log) {
    let log = Log::default();
    let (rules, of_script) = (rules.to_vec(), log.clone());
    (net.host("script", "192.0.2.21", move || Script::new(&rules, &of_script)), log)
}

#[test]
fn what_one_exchange_does_not_take_for_good_the_next_one_gets() {
    let cases: &[(&str, &str, &str)] = &[
        ("RCPT", "450 4.2.0 busy", "delivered"),
        ("RCPT", "550 5.2.1 no", "5.2.1"),
        ("RCPT", "552 full", "delivered"), // RFC 5321 §4.5.3.1.10
        ("RCPT", "552 5.2.2 full", "5.2.2"),
        ("MAIL", "451 4.3.0 later", "delivered"),
        ("MAIL", "550 5.7.1 not you", "5.7.1"),
        ("DATA", "close", "delivered"),
        (".", "452 4.3.1 full", "delivered"),
        (".", "554 5.6.0 spam", "5.6.0"),
        (".", "silence", "delivered"),
        ("banner", "421 4.3.2 later", "delivered"),
        ("banner", "554 5.3.2 go away", "delivered"),
        ("banner", "close", "delivered"),
        ("banner", "close 220 hello", "delivered"),
        ("banner", "silence", "delivered"),
        ("banner", "What is this?", "delivered"),
        ("EHLO", "close", "delivered"),
        ("QUIT", "silence", "handed on"),
    ];
    for (word, answer, wanted) in cases {
        let net = Net::new(1).zone(TWO).domain("two.example");
        let net = net.queued("<alice@example.org>", &["bob@two.example"]);
        let (net, log) = scripted(net, &[(word, answer)]);
        let mut world = net.build();
        world.run(SimTime::MAX);
        if *wanted == "handed on" {
            assert!(text(&log).ends_with("\r\n.\r\nQUIT\r\n"), "{}", text(&log));
            assert!(inbox(&world, "mx1", "bob@two.example").is_empty());
        } else {
            assert_eq!(fate(&world), *wanted, "{word} {answer}: {}", text(&log));
        }
        assert_eq!(queued(&world), 0, "{word} {answer}");
        let bounces = usize::from(wanted.starts_with('5'));
        assert_eq!(inbox(&world, "mx", "alice@example.org").len(), bounces, "{word} {answer}");
        // No end of a connection is left open for longer than it is of use.
        // A line that is no reply is passed over, and one is waited for.
        let waits = matches!(*answer, "silence" | "What is this?");
        let longest = if waits { 1_000 } else { 30 };
        assert!(world.last_activity() < SimTime::from_secs(longest), "{word} {answer}");
        assert_eq!(open_connections(&world, "mx"), 0, "{word} {answer}");
    }
}

/// How many connections of a host were opened and not closed.
fn open_connections(world: &World, host: &str) -> i64 {
    let host = world.node(host).unwrap();
    let here = world.records().iter().filter(|record| record.id.node == host);
    here.map(|record| match record.fact {
        Fact::Opened { .. } => 1,
        // One that was refused never stood.
        Fact::Closed { reason: mxsim::net::tcp::CloseReason::Refused, .. } => 0,
        Fact::Closed { .. } => -1,
        _ => 0,
    })
    .sum()
}

#[test]
fn a_recipient_that_is_put_off_waits_alone_and_is_reported_on_with_its_own_trouble() {
    let net = Net::new(1).zone("one.example. 3600 MX 10 script.two.example.\n").zone(TWO);
    let to = ["bob@one.example", "slow@one.example", "full@one.example"];
    let net = net.queued("<alice@example.org>", &to);
    let rules =
        [("RCPT TO:<slow", "450 4.2.0 come back"), ("RCPT TO:<full", "452 4.2.2 mailbox full")];
    let (net, log) = scripted(net, &rules);
    let mut world = net.build();
    world.run(SimTime::MAX);
    assert_eq!(text(&log).matches("RCPT TO:<bob@").count(), 1);
    assert!(text(&log).matches("RCPT TO:<slow@").count() > 50);
    let statuses: Vec<_> = notes(&world)
        .filter_map(|note| match note {
            Note::Bounced { recipient, status, .. } => Some(format!("{recipient} {status}")),
            _ => None,
        })
        .collect();
    assert_eq!(statuses, ["slow@one.example 4.2.0", "full@one.example 4.2.2"]);
    assert_eq!(inbox(&world, "mx", "alice@example.org").len(), 1); // one report for both
    assert_eq!(queued(&world), 0);
}

#[test]
fn exchanges_of_equal_preference_share_the_mail() {
    let mut first = std::collections::BTreeSet::new();
    for seed in 1..=20 {
        let net = Net::new(seed)
            .zone("eq.example. 3600 MX 10 script.two.example.\n")
            .zone("eq.example. 3600 MX 10 mx1.example.com.\n")
            .zone(TWO)
            .domain("eq.example")
            .queued("<alice@example.org>", &["bob@eq.example"]);
        let (net, log) = scripted(net, &[]);
        let mut world = net.build();
        world.run(SimTime::MAX);
        let at_script = text(&log).contains("QUIT");
        assert_eq!(inbox(&world, "mx1", "bob@eq.example").len(), usize::from(!at_script));
        first.insert(at_script);
    }
    assert_eq!(first.len(), 2);
}

#[test]
fn a_smart_host_gets_everything_that_is_not_for_here() {
    for host in ["script.two.example", "[script.two.example]", "192.0.2.21", "[192.0.2.21]:25"] {
        let mut net = Net::new(1).zone(TWO);
        net.sender.smart_host = Some(host.parse().unwrap());
        let to = ["bob@example.com", "x@nowhere.example", "alice@example.org"];
        let (net, log) = scripted(net.queued("<alice@example.org>", &to), &[]);
        let mut world = net.build();
        world.run(SimTime::MAX);
        assert_eq!(text(&log).matches("RCPT").count(), 2, "{host}");
        assert_eq!(text(&log).matches("MAIL").count(), 1, "{host}");
        assert_eq!(inbox(&world, "mx", "alice@example.org").len(), 1, "{host}");
        assert_eq!(queued(&world), 0, "{host}");
    }
}

/// The primary of a domain is down for an hour; what stands behind it in the list of MX must not
/// turn that into a bounce.
#[test]
fn a_primary_that_is_down_is_waited_for_whatever_else_is_wrong() {
    for backup in ["mx.example.org.", "alias.two.example.", "missing.two.example."] {
        let net = Net::new(1)
            .zone(TWO)
            .zone("alias.two.example. 3600 A 192.0.2.1\n") // the sender's own address
            .zone("wait.example. 3600 MX 10 mx1.example.com.\n")
            .zone(&format!("wait.example. 3600 MX 20 {backup}\n"))
            .domain("wait.example")
            .queued("<alice@example.org>", &["bob@wait.example"]);
        let mut world = net.build();
        let primary = world.node("mx1").unwrap();
        world.begin(SimTime::ZERO, Fault::Crash(primary));
        world.restart(SimTime::from_secs(3_600), primary);
        world.run(SimTime::MAX);
        assert_eq!(fate(&world), "delivered", "{backup}");
        assert_eq!(queued(&world), 0);
    }
}

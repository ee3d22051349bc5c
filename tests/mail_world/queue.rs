//! What waits in a queue: when it is tried again, what it waits for, and where it may go.

use std::time::Duration;

use mxsim::actors::mta::config::Flush;
use mxsim::engine::SimTime;
use mxsim::store::queue::RetrySchedule;
use mxsim::world::{Fault, Note, World};
use proptest::prelude::*;

use crate::net::{Net, fate, inbox, notes, queued};
use crate::peers::{Log, Script, text};

/// two.example has an exchange that follows a script.
const TWO: &str = "
two.example. 3600 MX 10 script.two.example.
script.two.example. 3600 A 192.0.2.21
";

fn scripted(net: Net, rules: &[(&'static str, &'static str)]) -> (Net, Log) {
    let log = Log::default();
    let (rules, of_script) = (rules.to_vec(), log.clone());
    (net.zone(TWO).host("script", "192.0.2.21", move || Script::new(&rules, &of_script)), log)
}

fn crash(world: &mut World, host: &str, from: SimTime, until: Option<SimTime>) {
    let host = world.node(host).unwrap();
    world.begin(from, Fault::Crash(host));
    if let Some(until) = until {
        world.restart(until, host);
    }
}

/// When the first message is to be tried again, as its deferrals say.
fn retries(world: &World) -> Vec<u64> {
    let until = notes(world).filter_map(|note| match note {
        Note::Deferred { until, .. } => Some((*until - SimTime::ZERO).as_secs()),
        _ => None,
    });
    until.collect()
}

#[test]
fn a_rule_of_exim_says_when_to_try_again_and_when_to_give_up() {
    let mut net = Net::new(1).queued("<alice@example.org>", &["bob@two.example"]);
    net.sender.retry = RetrySchedule::exim("F,2h,15m; G,16h,1h,1.5; F,4d,6h".parse().unwrap());
    let (net, _) = scripted(net, &[("RCPT", "450 4.2.0 later")]);
    let mut world = net.build();
    world.run(SimTime::MAX);
    let found = retries(&world);
    let delays: Vec<_> = found.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // A second more where a delivery took one.
    assert!(delays[..7].iter().all(|delay| (900..=901).contains(delay)), "{delays:?}");
    assert!((3_600..3_610).contains(&delays[7]), "{delays:?}");
    assert!((5_400..5_410).contains(&delays[8]), "{delays:?}");
    let days = (world.last_activity() - SimTime::ZERO).as_secs_f64() / 86_400.0;
    assert!((4.0..4.3).contains(&days), "{days}");
    assert_eq!(inbox(&world, "mx", "alice@example.org").len(), 1);
    assert_eq!(queued(&world), 0);
}

#[test]
fn a_destination_that_fails_a_whole_window_is_left_alone_for_a_while() {
    let mut net = Net::new(1);
    for _ in 0..20 {
        net = net.queued("<alice@example.org>", &["bob@two.example"]);
    }
    let (net, _) = scripted(net, &[("banner", "close 421 4.3.2 not now")]);
    let mut world = net.build();
    world.run(SimTime::from_secs(250));
    let deferred: Vec<_> = notes(&world)
        .filter_map(|note| match note {
            Note::Deferred { reason, .. } => Some(reason.contains("temporarily suspended")),
            _ => None,
        })
        .collect();
    assert_eq!(deferred.len(), 20);
    // Five were under way, and the fourth failure was one too many.
    assert_eq!(deferred.iter().filter(|suspended| **suspended).count(), 15);
}

#[test]
fn a_flush_tries_at_once_what_would_have_waited() {
    for (domain, wanted) in [
        (None, "delivered"),
        (Some("example.com"), "delivered"),
        (Some("example.net"), "still queued"),
    ] {
        let mut net = Net::new(1).queued("<alice@example.org>", &["bob@example.com"]);
        let domain = domain.map(str::to_owned);
        net.sender.flushes = vec![Flush { at: SimTime::from_secs(120), domain: domain.clone() }];
        let mut world = net.build();
        for host in ["mx1", "mx2"] {
            crash(&mut world, host, SimTime::ZERO, Some(SimTime::from_secs(100)));
        }
        world.run(SimTime::from_secs(130));
        assert_eq!(fate(&world), wanted, "{domain:?}");
        world.run(SimTime::MAX);
        assert_eq!(fate(&world), "delivered");
    }
}

#[test]
fn a_transport_table_sends_mail_its_own_way() {
    let cases = [
        ("smtp:[script.two.example]", "handed on"),
        ("smtp:two.example", "handed on"),
        ("smtp:[192.0.2.21]:25", "handed on"),
        ("error:5.2.1 gone fishing", "5.2.1"),
        ("discard:nobody reads this", "nothing"),
        ("retry:4.3.0 not today", "4.3.0"),
    ];
    for (route, wanted) in cases {
        let mut net = Net::new(1).queued("<alice@example.org>", &["bob@example.com"]);
        net.sender.transports.insert("example.com", route.parse().unwrap());
        let (net, log) = scripted(net, &[]);
        let mut world = net.build();
        world.run(SimTime::MAX);
        let handed_on = text(&log).contains("RCPT TO:<bob@example.com>");
        assert_eq!(handed_on, wanted == "handed on", "{route}");
        let bounces = inbox(&world, "mx", "alice@example.org").len();
        assert_eq!(bounces, usize::from(wanted.contains('.')), "{route}");
        if bounces == 1 {
            assert_eq!(fate(&world), wanted, "{route}");
        }
        assert!(inbox(&world, "mx1", "bob@example.com").is_empty());
        assert_eq!(queued(&world), 0, "{route}");
    }
}

#[test]
fn who_offers_dsn_hears_as_what_a_recipient_was_taken() {
    let net = Net::new(1).queued("<alice@example.org>", &["bob@two.example"]);
    let (net, log) = scripted(net, &[("EHLO", "250-script\r\n250 DSN")]);
    net.build().run(SimTime::MAX);
    let said = text(&log);
    assert!(said.contains("RCPT TO:<bob@two.example> ORCPT=rfc822;bob@two.example\r\n"), "{said}");
}

#[test]
fn mail_goes_into_mailboxes_of_another_host_by_lmtp() {
    let to = ["bob@example.com", "nobody@example.com", "carol@example.com"];
    let mut net = Net::new(1).queued("<alice@example.org>", &to);
    net.primary.lmtp = true;
    net.sender.transports.insert("example.com", "lmtp:mx1.example.com".parse().unwrap());
    let mut world = net.build();
    world.run(SimTime::MAX);
    let [message] = inbox(&world, "mx1", "bob@example.com").try_into().unwrap();
    assert!(String::from_utf8_lossy(&message).contains("with LMTP id"));
    assert_eq!(inbox(&world, "mx1", "carol@example.com").len(), 1);
    assert_eq!(inbox(&world, "mx", "alice@example.org").len(), 1); // of nobody
    assert_eq!(queued(&world), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Invariant: what was taken is delivered or reported on, whatever crashes, and however often.
    #[test]
    fn crashes_lose_nothing(
        seed in 1_u64..1_000,
        crashes in prop::collection::vec((0_u64..3, 0_u64..5_000, 1_u64..600), 0..6),
    ) {
        let mut net = Net::new(seed);
        let to = ["bob@example.com", "nobody@example.com", "carol@example.com"];
        for _ in 0..3 {
            net = net.queued("<alice@example.org>", &to);
        }
        net.link.loss = 0.02.into();
        let mut world = net.build();
        for (host, at, secs) in &crashes {
            let from = SimTime::ZERO + Duration::from_millis(*at);
            let until = from + Duration::from_secs(*secs);
            crash(&mut world, ["mx", "mx1", "mx2"][*host as usize], from, Some(until));
        }
        world.run(SimTime::MAX);
        // More copies are right where the answer to the final dot was lost (RFC 1047).
        prop_assert!(inbox(&world, "mx1", "bob@example.com").len() >= 3);
        prop_assert!(inbox(&world, "mx1", "carol@example.com").len() >= 3);
        prop_assert!(inbox(&world, "mx", "alice@example.org").len() >= 3);
        prop_assert_eq!(queued(&world), 0);
    }
}

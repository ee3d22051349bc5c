//! Fates of messages, and what holds through failures.

use std::time::Duration;

use mxsim::engine::SimTime;
use mxsim::proto::mail::Header;
use mxsim::proto::mail::delivery_status::DeliveryStatus;
use mxsim::world::{Fact, Fault, Note};

use crate::net::{Net, fate, inbox, notes, queued};

#[test]
fn a_message_goes_to_the_primary_with_trace_and_its_octets() {
    let mut world = Net::new(1).queued("<alice@example.org>", &["bob@example.com"]).build();
    world.run(SimTime::MAX);
    let [message] = inbox(&world, "mx1", "bob@example.com").try_into().unwrap();
    let header = Header::new(&message);
    assert_eq!(header.text("Return-Path").unwrap(), "<alice@example.org>");
    assert_eq!(header.text("Delivered-To").unwrap(), "bob@example.com");
    assert_eq!(header.all("Received").count(), 1);
    assert!(message.ends_with(b"Subject: x\r\n\r\nHello\r\n.dot\r\n"));
    assert_eq!(queued(&world), 0);
    assert!(world.last_activity() < SimTime::from_secs(2), "{}", world.last_activity());
}

#[test]
fn fates_by_domain() {
    let cases = [
        ("bob@example.com", "delivered"),
        ("nobody@example.com", "5.1.1"),
        ("bob@nowhere.example", "5.1.2"),
        ("bob@nomail.example", "5.1.10"),
        ("bob@implicit.example", "delivered"),
        ("bob@loop.example", "5.4.6"),
        ("bob@[192.0.2.11]", "delivered"),
    ];
    for (to, wanted) in cases {
        let mut world = Net::new(1).queued("<alice@example.org>", &[to]).build();
        world.run(SimTime::MAX);
        assert_eq!(fate(&world), wanted, "{to}");
        assert_eq!(queued(&world), 0, "{to}");
        let bounces = inbox(&world, "mx", "alice@example.org");
        assert_eq!(bounces.len(), usize::from(wanted != "delivered"), "{to}");
        if let [bounce] = bounces.as_slice() {
            let status = DeliveryStatus::find(bounce).unwrap();
            assert_eq!(status.recipients[0].final_recipient, to);
            assert_eq!(status.recipients[0].status.to_string(), wanted, "{to}");
            assert_eq!(Header::new(bounce).text("Return-Path").unwrap(), "<>");
        }
    }
}

#[test]
fn a_bounce_is_not_bounced() {
    let mut world = Net::new(1).queued("<>", &["nobody@example.com"]).build();
    world.run(SimTime::MAX);
    assert!(notes(&world).any(|note| matches!(note, Note::Discarded { .. })));
    assert_eq!(queued(&world), 0);
}

#[test]
fn many_recipients_of_one_domain_share_one_transaction_and_fail_apart() {
    let to = ["bob@example.com", "nobody@example.com", "carol@example.com"];
    let mut world = Net::new(1).queued("<alice@example.org>", &to).build();
    world.run(SimTime::MAX);
    assert_eq!(inbox(&world, "mx1", "bob@example.com").len(), 1);
    assert_eq!(inbox(&world, "mx1", "carol@example.com").len(), 1);
    let connections = world.records().iter().filter(|record| {
        matches!(&record.fact, Fact::Opened { peer, active: true, .. } if peer.port() == 25)
    });
    assert_eq!(connections.count(), 1);
    assert_eq!(inbox(&world, "mx", "alice@example.org").len(), 1);
}

#[test]
fn while_the_primary_is_down_the_backup_takes_mail_and_hands_it_on_later() {
    let mut world = Net::new(1).queued("<alice@example.org>", &["bob@example.com"]).build();
    let primary = world.node("mx1").unwrap();
    world.begin(SimTime::ZERO, Fault::Crash(primary));
    world.restart(SimTime::from_secs(1_000), primary);
    world.run(SimTime::from_secs(900));
    assert_eq!(queued(&world), 1); // on the backup
    world.run(SimTime::MAX);
    let [message] = inbox(&world, "mx1", "bob@example.com").try_into().unwrap();
    assert_eq!(Header::new(&message).all("Received").count(), 2);
    assert_eq!(queued(&world), 0);
}

#[test]
fn what_cannot_be_delivered_for_five_days_bounces() {
    let mut world = Net::new(1).queued("<alice@example.org>", &["bob@example.com"]).build();
    for host in ["mx1", "mx2"] {
        let host = world.node(host).unwrap();
        world.begin(SimTime::ZERO, Fault::Crash(host));
    }
    world.run(SimTime::MAX);
    let last = world.last_activity() - SimTime::ZERO;
    let five_days = Duration::from_secs(5 * 86_400);
    assert!(last >= five_days && last < five_days + Duration::from_secs(8_000), "{last:?}");
    assert_eq!(inbox(&world, "mx", "alice@example.org").len(), 1);
    assert_eq!(queued(&world), 0);
}

/// Invariant: a message that was answered with 250 is somewhere, whatever crashes, and whenever.
#[test]
fn a_crash_of_any_host_or_router_at_any_event_loses_nothing() {
    let build = || {
        let to = ["bob@example.com", "nobody@example.com"];
        Net::new(1).queued("<alice@example.org>", &to).build()
    };
    let mut world = build();
    world.run(SimTime::MAX);
    for name in ["mx", "mx1", "mx2", "resolver", "ns", "internet"] {
        // A router records nothing of what it forwards: it crashes whenever the others act.
        let node = world.node(name).filter(|_| name != "internet");
        let here = world.records().iter().filter(|record| node.is_none_or(|n| record.id.node == n));
        let mut times: Vec<_> = here.map(|record| record.time + Duration::from_nanos(1)).collect();
        times.push(SimTime::ZERO);
        times.dedup();
        for at in times {
            let mut world = build();
            let node = world.node(name).unwrap();
            world.begin(at, Fault::Crash(node));
            world.restart(at + Duration::from_secs(5), node);
            world.run(SimTime::MAX);
            // A second copy is right where the answer to the final dot was lost (RFC 1047).
            let copies = inbox(&world, "mx1", "bob@example.com").len();
            assert!((1..=2).contains(&copies), "{copies} copies after a crash of {name} at {at}");
            let bounces = inbox(&world, "mx", "alice@example.org").len();
            assert!((1..=2).contains(&bounces), "{bounces} bounces, {name} at {at}");
            assert_eq!(queued(&world), 0, "{name} at {at}");
        }
    }
}

#[test]
fn loss_delays_mail_and_one_seed_is_one_history() {
    for seed in 1..=10 {
        let run = || {
            let mut net = Net::new(seed).queued("<alice@example.org>", &["bob@example.com"]);
            net.link.loss = 0.1.into();
            let mut world = net.build();
            world.run(SimTime::MAX);
            assert_eq!(inbox(&world, "mx1", "bob@example.com").len(), 1, "seed {seed}");
            assert_eq!(queued(&world), 0);
            (world.fingerprint(), world.events())
        };
        assert_eq!(run(), run());
    }
}

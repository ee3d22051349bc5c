//! Much mail at once.

use std::collections::BTreeSet;

use mxsim::engine::SimTime;
use mxsim::net::tcp::CloseReason;
use mxsim::world::{Fact, World};

use crate::net::{Net, inbox, queued};
use crate::peers::{Log, Script, text};

/// The most connections that `mx` had to port 25 at once.
fn most_at_once(world: &World) -> usize {
    let sender = world.node("mx").unwrap();
    let (mut open, mut most) = (BTreeSet::new(), 0);
    for record in world.records().iter().filter(|record| record.id.node == sender) {
        match record.fact {
            Fact::Opened { local, peer, active: true } if peer.port() == 25 => {
                open.insert(local);
                most = most.max(open.len());
            }
            // The end of the sender's own use of it; TIME-WAIT goes on.
            Fact::Eof { local, .. } | Fact::Closed { local, reason: CloseReason::Finished, .. } => {
                open.remove(&local);
            }
            _ => {}
        }
    }
    most
}

#[test]
fn five_hundred_messages_to_one_destination_take_turns() {
    let mut net = Net::new(1);
    net.sender.limits.concurrency = 7;
    for _ in 0..500 {
        net = net.queued("<alice@example.org>", &["bob@example.com"]);
    }
    let mut world = net.build();
    world.run(SimTime::MAX);
    assert_eq!(inbox(&world, "mx1", "bob@example.com").len(), 500);
    assert_eq!(queued(&world), 0);
    let most = most_at_once(&world);
    // A place is free when QUIT is sent, a round trip before its connection is closed.
    assert!((7..=21).contains(&most), "{most} at once");
    // Not one after the other either: seven at a time, five round trips each.
    let secs = world.last_activity().as_nanos() / 1_000_000_000;
    assert!((5..120).contains(&secs), "{secs} s");
}

#[test]
fn ten_thousand_recipients_of_one_message_go_in_transactions_of_fifty() {
    let log = Log::default();
    let of_script = log.clone();
    let recipients: Vec<_> = (0..10_000).map(|n| format!("user{n}@many.example")).collect();
    let recipients: Vec<_> = recipients.iter().map(String::as_str).collect();
    let net = Net::new(1)
        .zone("many.example. 3600 MX 10 script.many.example.\n")
        .zone("script.many.example. 3600 A 192.0.2.21\n")
        .host("script", "192.0.2.21", move || {
            Script::new(&[("RCPT TO:<user77@", "550 5.1.1 who?")], &of_script)
        })
        .queued("<alice@example.org>", &recipients);
    let mut world = net.build();
    world.run(SimTime::MAX);
    let said = text(&log);
    assert_eq!(said.matches("RCPT TO:").count(), 10_000);
    assert_eq!(said.matches("MAIL FROM:").count(), 200);
    assert_eq!(said.matches("QUIT").count(), 200); // each a delivery of its own
    assert_eq!(inbox(&world, "mx", "alice@example.org").len(), 1);
    assert_eq!(queued(&world), 0);
}

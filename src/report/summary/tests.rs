//! Summaries of worlds whose hosts do nothing but tell notes.

use insta::assert_snapshot;

use super::*;
use crate::engine::Seed;
use crate::world::{Actor, Ctx, Event, HostConfig, Note, TimerToken, WorldBuilder};

/// Tells notes at given milliseconds.
#[derive(Clone)]
struct Teller(Vec<(u64, Note)>);

impl Actor for Teller {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        for (index, (millis, _)) in self.0.iter().enumerate() {
            ctx.set_timer(SimTime::from_millis(*millis), TimerToken(index as u64));
        }
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        if let Event::Timer(TimerToken(index)) = event {
            let note = &self.0[index as usize].1;
            ctx.note(note.kind(), || note.clone());
        }
    }
}

fn world(hosts: &[(&str, Vec<(u64, Note)>)]) -> World {
    let mut parts = WorldBuilder::new(Seed(1));
    for (name, notes) in hosts {
        let teller = Teller(notes.clone());
        parts.host(HostConfig::new(*name).actor(move || teller.clone()));
    }
    let mut world = parts.build().unwrap();
    world.run(SimTime::MAX);
    world
}

fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

fn composed(id: &str, to: &[&str]) -> Note {
    let (from, recipients) = ("alice@example.org".into(), strings(to));
    Note::Composed { message_id: id.into(), from, recipients, octets: 500 }
}

fn accepted(queue_id: &str, id: &str, sender: &str, to: &[&str], from: &str) -> Note {
    Note::Accepted {
        queue_id: queue_id.into(),
        message_id: id.into(),
        sender: sender.into(),
        recipients: strings(to),
        octets: 600,
        from: from.into(),
    }
}

fn deferred(queue_id: &str, to: &str, attempt: u32, until_secs: u64) -> Note {
    Note::Deferred {
        queue_id: queue_id.into(),
        recipient: to.into(),
        attempt,
        reason: "connection timed out".into(),
        until: SimTime::from_secs(until_secs),
    }
}

fn relayed(queue_id: &str, to: &str) -> Note {
    let (recipient, to) = (to.into(), "mx.example.com".into());
    Note::Relayed { queue_id: queue_id.into(), recipient, to, reply: "250 2.0.0 ok".into() }
}

fn delivered(queue_id: &str, id: &str, to: &str, uid: u32) -> Note {
    Note::Delivered {
        queue_id: queue_id.into(),
        message_id: id.into(),
        recipient: to.into(),
        account: to.into(),
        mailbox: "INBOX".into(),
        uid,
    }
}

fn mail() -> World {
    let (alice, bob, staff) = ("alice@example.org", "bob@example.com", "staff@example.com");
    let bounced = Note::Bounced {
        queue_id: "Q1".into(),
        recipient: staff.into(),
        status: "5.7.133".into(),
        reason: "550 5.7.133 not authenticated".into(),
        report: Some("Q2".into()),
    };
    let refused = Note::NotSubmitted {
        message_id: "<hi@laptop>".into(),
        recipients: strings(&["nobody@"]),
        reply: "501 5.1.3 bad address".into(),
    };
    let fetched = Note::Fetched {
        account: "bob@example.com/phone".into(),
        mailbox: "INBOX".into(),
        uid: "7".into(),
        message_id: "<hi@laptop>".into(),
        octets: 700,
    };
    let from = "laptop[192.0.2.1]";
    world(&[
        (
            "laptop",
            vec![
                (1, composed("<hi@laptop>", &["team@example.org", bob, staff, "nobody@"])),
                (30, Note::Submitted { message_id: "<hi@laptop>".into(), reply: "250 ok".into() }),
                (31, refused),
            ],
        ),
        (
            "smtp",
            vec![
                (
                    20,
                    accepted("Q1", "<hi@laptop>", alice, &["carol@example.org", bob, staff], from),
                ),
                (21, delivered("Q1", "<hi@laptop>", "carol@example.org", 3)),
                (
                    22,
                    Note::Routed {
                        queue_id: "Q1".into(),
                        domain: "example.com".into(),
                        exchanges: vec![],
                    },
                ),
                (40, deferred("Q1", bob, 1, 300)),
                (41, deferred("Q1", staff, 1, 300)),
                (300_000, relayed("Q1", bob)),
                (300_001, accepted("Q2", "<Q2@smtp>", "", &[alice], "local")),
                (300_002, bounced),
                (300_003, Note::Removed { queue_id: "Q1".into() }),
                (300_010, delivered("Q2", "<Q2@smtp>", alice, 4)),
            ],
        ),
        (
            "mx",
            vec![
                (299_990, accepted("M1", "<hi@laptop>", alice, &[bob], "smtp[192.0.2.2]")),
                (299_991, delivered("M1", "<hi@laptop>", bob, 7)),
                (299_995, accepted("M2", "<hi@laptop>", alice, &[bob], "smtp[192.0.2.2]")),
                (299_996, delivered("M2", "<hi@laptop>", bob, 8)),
            ],
        ),
        ("phone", vec![(400_000, fetched)]),
    ])
}

#[test]
fn a_message_is_followed_from_host_to_host() {
    assert_snapshot!(Summary::new(&mail()), @"
    message <hi@laptop>
      from alice@example.org, 500 octets, at 0.001000 s on laptop
      via smtp (Q1) at 0.020000 s, 2 attempts
      via mx (M1) at 299.990000 s
      via mx (M2) at 299.995000 s
      to team@example.org: stands for other recipients
      to bob@example.com: delivered at 299.991000 s, after 299.990000 s: bob@example.com INBOX uid 7 on mx, 2 copies
      to staff@example.com: bounced by smtp at 300.002000 s: 550 5.7.133 not authenticated; reported by <Q2@smtp>
      to nobody@: not submitted at 0.031000 s: 501 5.1.3 bad address
      to carol@example.org: delivered at 0.021000 s, after 0.020000 s: carol@example.org INBOX uid 3 on smtp
      read by bob@example.com/phone from INBOX uid 7 at 400.000000 s

    bounce <Q2@smtp> about <hi@laptop>
      from <>, 600 octets, at 300.001000 s on smtp
      via smtp (Q2) at 300.001000 s
      to alice@example.org: delivered at 300.010000 s, after 0.009000 s: alice@example.org INBOX uid 4 on smtp
    ");
}

#[test]
fn a_program_reads_the_same() {
    let summary = Summary::new(&mail());
    let bounce = serde_json::to_string_pretty(&summary.messages[1]).unwrap();
    assert_snapshot!(bounce, @r#"
    {
      "message_id": "<Q2@smtp>",
      "kind": "bounce",
      "about": "<hi@laptop>",
      "sender": "",
      "octets": 600,
      "at_ns": 300001000000,
      "host": "smtp",
      "path": [
        {
          "host": "smtp",
          "queue_id": "Q2",
          "at_ns": 300001000000,
          "from": "local",
          "attempts": 0
        }
      ],
      "recipients": [
        {
          "address": "alice@example.org",
          "outcome": "delivered",
          "host": "smtp",
          "account": "alice@example.org",
          "mailbox": "INBOX",
          "uid": 4,
          "at_ns": 300010000000,
          "latency_ns": 9000000,
          "copies": 1
        }
      ]
    }
    "#);
    let json = serde_json::to_value(&summary).unwrap();
    assert_eq!(json["messages"][0]["recipients"][1]["outcome"], "delivered");
    assert_eq!(json["messages"][0]["recipients"][1]["latency_ns"], 299_990_000_000_u64);
}

#[test]
fn what_waits_is_told_too() {
    let bob = "bob@example.com";
    let discarded = Note::Discarded {
        queue_id: "Q3".into(),
        recipient: "gone@example.net".into(),
        reason: "a bounce is not bounced".into(),
    };
    let world = world(&[
        ("laptop", vec![(1, composed("<a@laptop>", &[bob])), (2, composed("<b@laptop>", &[bob]))]),
        (
            "smtp",
            vec![
                (3, accepted("Q1", "<a@laptop>", "alice@example.org", &[bob], "laptop")),
                (4, deferred("Q1", bob, 1, 300)),
                (5, accepted("Q2", "<c@elsewhere>", "", &[bob], "elsewhere")),
                (6, accepted("Q3", "", "", &["gone@example.net"], "elsewhere")),
                (7, discarded),
            ],
        ),
    ]);
    assert_snapshot!(Summary::new(&world), @"
    message <a@laptop>
      from alice@example.org, 500 octets, at 0.001000 s on laptop
      via smtp (Q1) at 0.003000 s
      to bob@example.com: deferred on smtp until 300.000000 s: connection timed out

    message <b@laptop>
      from alice@example.org, 500 octets, at 0.002000 s on laptop
      to bob@example.com: not submitted yet

    message <c@elsewhere>
      from <>, 600 octets, at 0.005000 s on smtp
      via smtp (Q2) at 0.005000 s
      to bob@example.com: queued on smtp since 0.005000 s

    message (no Message-ID)
      from <>, 600 octets, at 0.006000 s on smtp
      via smtp (Q3) at 0.006000 s
      to gone@example.net: discarded by smtp at 0.007000 s: a bounce is not bounced
    ");
}

//! Mail is conserved whatever ails the hosts it passes: no message that somebody answered 250 to is
//! lost, over 20 seeds that draw what goes wrong, where and when.

#![allow(clippy::unwrap_used, reason = "a panic here is the failure")]

use std::collections::BTreeSet;

use mxsim::Simulation;
use mxsim::engine::{Seed, Stream};
use mxsim::scenario::{self, NoFiles};
use mxsim::world::{Fact, Note};

const HOSTS: [&str; 8] = [
    "laptop.alice.example.org",
    "laptop.bob.example.com",
    "smtp.example.org",
    "mx1.example.com",
    "imap.example.com",
    "mail.example.net",
    "resolver.example.org",
    "ns1.example.com",
];

/// A fault that begins in the first 40 minutes and lasts for up to 20.
fn fault(draws: &mut Stream) -> String {
    let host = HOSTS[draws.below(HOSTS.len() as u64) as usize];
    let (at, lasts) = (draws.below(2_400), 1 + draws.below(1_200));
    let what = match draws.below(9) {
        0 => format!(r#""pause": "{host}""#),
        1 => format!(r#""freeze": "{host}""#),
        2 => format!(r#""clock": {{ "host": "{host}", "ahead": "2h", "drift_ppm": 500 }}"#),
        3 => format!(r#""clock": {{ "host": "{host}", "behind": "3d" }}"#),
        4 => format!(r#""disk_full": "{host}""#),
        5 => format!(r#""disk_full": {{ "host": "{host}", "free": "70KB" }}"#),
        6 => format!(
            r#""slow_disk": {{ "host": "{host}", "write": {{ "uniform": ["100ms", "20s"] }} }}"#
        ),
        7 => {
            let (most, then) = (draws.below(4), ["wait", "refuse"][draws.below(2) as usize]);
            format!(r#""descriptors": {{ "host": "{host}", "most": {most}, "then": "{then}" }}"#)
        }
        _ => format!(r#""crash": "{host}""#),
    };
    format!(r#"{{ "at": "{at}s", "for": "{lasts}s", {what} }}"#)
}

/// A run of 30 messages with twelve faults.
fn play(seed: u64) -> Simulation {
    let mut draws = Seed(seed).stream("host faults");
    let faults: Vec<String> = (0..12).map(|_| fault(&mut draws)).collect();
    let sends: Vec<String> = (0..30)
        .map(|count| {
            let users = ["alice@example.org", "bob@example.com", "carol@example.net"];
            let from = users[count % 3];
            let to = users[(count + 1 + count / 15) % 3];
            let at = 30 + 80 * count;
            let size = 1 + draws.below(15);
            format!(
                r#"{{ "at": "{at}s", "client": "{from}",
                     "send": {{ "id": "mail-{count}", "to": "{to}", "size": "{size}KB" }} }}"#
            )
        })
        .collect();
    let (sends, faults) = (sends.join(","), faults.join(","));
    let text = format!(
        r#"{{
          "until": "7d",
          "domains": {{
            "example.org": {{ "users": ["alice"], "servers": "split" }},
            "example.com": {{ "users": ["bob"], "servers": "split" }},
            "example.net": {{ "users": ["carol"] }}
          }},
          "hosts": {{ "mail.example.net": {{
            "disk": {{ "size": "5MB" }}, "services": [{{ "mta": {{ "size_limit": "40KB" }} }}]
          }} }},
          "agenda": [{sends}],
          "faults": [{faults}]
        }}"#
    );
    let plan = scenario::parse(&text, "test.json", &NoFiles).unwrap_or_else(|findings| {
        panic!("{}", findings.iter().map(|one| format!("{one}\n")).collect::<String>())
    });
    let mut simulation =
        Simulation::with_seed(plan, Seed(seed)).unwrap_or_else(|error| panic!("{error}"));
    simulation.run();
    simulation
}

#[test]
fn no_message_that_was_taken_is_lost_whatever_ails_the_hosts() {
    let mut changes = 0;
    for seed in 1..=20 {
        let simulation = play(seed);
        let world = simulation.world();
        let (mut taken, mut ended) = (BTreeSet::new(), BTreeSet::new());
        let (mut ids, mut bounced) = (BTreeSet::new(), Vec::new());
        for record in world.records() {
            changes += usize::from(matches!(record.fact, Fact::Condition(_)));
            match record.note() {
                Some(Note::Accepted { queue_id, message_id, .. }) => {
                    taken.insert(message_id.clone());
                    ids.insert((queue_id.clone(), message_id.clone()));
                }
                Some(Note::Delivered { message_id, .. }) => {
                    ended.insert(message_id.clone());
                }
                Some(Note::Bounced { queue_id, .. } | Note::Discarded { queue_id, .. }) => {
                    bounced.push(queue_id.clone());
                }
                _ => {}
            }
        }
        let reported = ids.iter().filter(|(queue_id, _)| bounced.contains(queue_id));
        ended.extend(reported.map(|(_, message_id)| message_id.clone()));
        let queued = world.hosts().filter_map(|host| world.disk(host)?.queue_if_any());
        let queued = queued.flat_map(|queue| queue.iter().map(|message| message.id.to_string()));
        assert_eq!(queued.collect::<Vec<_>>(), Vec::<String>::new(), "seed {seed}: still queued");
        let lost: Vec<_> = taken.difference(&ended).collect();
        assert!(lost.is_empty(), "seed {seed}: {lost:?}");
        assert!(taken.len() >= 20, "seed {seed}: only {} messages were sent", taken.len());
    }
    assert!(changes > 200, "{changes} changes in 20 runs of twelve faults");
}

#[test]
fn one_seed_is_one_history() {
    for seed in [3, 8] {
        assert_eq!(play(seed).fingerprint(), play(seed).fingerprint(), "seed {seed}");
    }
}

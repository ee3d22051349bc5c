//! What is added moves nothing else: a host, a fault on its link, traffic of its own, an observer. No
//! other host sees another octet, and no other stream is drawn from more or less often.

use std::collections::BTreeMap;
use std::sync::Arc;

use mxsim::Simulation;
use mxsim::engine::{Fingerprint, Seed, trace};
use mxsim::scenario::{self, NoFiles, build};

/// Two domains with lossy links, mail both ways, and `more` sections.
fn scenario(hosts: &str, agenda: &str, faults: &str) -> String {
    format!(
        r#"{{
          "until": "2h",
          "network": {{ "default_link": {{ "latency": {{ "uniform": ["5ms", "30ms"] }}, "loss": "5%" }} }},
          "domains": {{
            "example.org": {{ "users": ["alice"] }},
            "example.com": {{ "users": ["bob"] }}
          }},
          "hosts": {{ {hosts} }},
          "agenda": [
            {{ "at": "1s", "client": "alice@example.org", "send": {{ "to": "bob@example.com" }} }},
            {{ "at": "5m", "client": "bob@example.com", "fetch": {{}} }},
            {{ "at": "6m", "client": "bob@example.com", "send": {{ "to": "alice@example.org" }} }}
            {agenda}
          ],
          "faults": [
            {{ "at": "30s", "crash": "mail.example.com", "for": "5m" }}
            {faults}
          ]
        }}"#
    )
}

/// What each host did, and how often each stream was drawn from.
struct Run {
    hosts: BTreeMap<String, (Fingerprint, u64)>,
    draws: BTreeMap<Arc<str>, u64>,
}

fn run(text: &str, watched: bool) -> Run {
    let plan = scenario::parse(text, "test.json", &NoFiles).unwrap_or_else(|findings| {
        let lines: Vec<_> = findings.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"))
    });
    let (hosts, trace) = trace::traced(|| {
        let mut world = build::build_observed(&plan, Seed(11), watched).expect("a checked plan");
        world.run(plan.until);
        let of = |host| {
            let trail = world.trail(host).expect("a host has a trail");
            (world.name(host).to_owned(), (trail.fingerprint(), trail.events()))
        };
        world.hosts().map(of).collect()
    });
    Run { hosts, draws: trace.draws }
}

#[test]
fn a_host_a_fault_elsewhere_and_an_observer_move_no_other_draw() {
    let base = run(&scenario("", "", ""), true);
    assert!(base.hosts.len() > 8 && base.draws.len() > 20, "something is compared");
    let host = r#""watcher.example.org": { "addresses": ["192.0.2.200"] }"#;
    let fault = r#", { "at": "1m", "isolate": "watcher.example.org", "for": "10m" }"#;
    // The host is there, and its link is cut and healed.
    let more = run(&scenario(host, "", fault), false);
    for (name, did) in &base.hosts {
        assert_eq!(more.hosts.get(name), Some(did), "{name} has another history");
    }
    for (stream, draws) in &base.draws {
        assert_eq!(more.draws.get(stream), Some(draws), "draws of `{stream}`");
    }
    assert_eq!(more.hosts.len(), base.hosts.len() + 1);
    let new = |stream: &&Arc<str>| !base.draws.contains_key(*stream);
    assert!(more.draws.keys().filter(new).all(|stream| stream.contains("watcher.example.org")));
}

#[test]
fn who_asks_moves_only_those_that_are_asked() {
    let base = run(&scenario("", "", ""), true);
    let stranger = r#""stranger.example.net": {
        "addresses": ["198.51.100.200"], "services": [{ "resolver": {} }]
    }"#;
    let lookup = r#", { "at": "10m", "host": "stranger.example.net",
        "resolve": { "name": "www.example.com" } }"#;
    let more = run(&scenario(stranger, lookup, ""), true);
    let moved: Vec<&str> = base
        .hosts
        .iter()
        .filter(|(name, did)| more.hosts.get(*name) != Some(did))
        .map(|(name, _)| name.as_str())
        .collect();
    assert!(moved.contains(&"ns1.example.com"), "it was asked: {moved:?}");
    // The resolver asks the root, com and example.com; nobody else hears of it.
    let is_server = |name: &&str| {
        name.contains("root-servers") || name.contains(".nic.") || name.starts_with("ns")
    };
    assert!(moved.iter().all(is_server), "{moved:?}");
    for (stream, draws) in &base.draws {
        if !moved.iter().any(|name| stream.contains(name)) {
            assert_eq!(more.draws.get(stream), Some(draws), "draws of `{stream}`");
        }
    }
}

#[test]
fn an_observer_changes_neither_octets_nor_draws() {
    let text = scenario("", "", "");
    let (watched, unwatched) = (run(&text, true), run(&text, false));
    assert_eq!(watched.hosts, unwatched.hosts);
    assert_eq!(watched.draws, unwatched.draws);
    let mut simulation = Simulation::parse(&text).expect("a scenario without mistakes");
    simulation.run();
    assert_eq!(simulation.broken_laws(), []);
}

//! Every kind of misbehaving DNS server on a small world: what a client gets in spite of it, and how
//! often the server was asked.

#![allow(clippy::unwrap_used, reason = "a panic here is the failure")]

use mxsim::Simulation;
use mxsim::engine::Seed;
use mxsim::report::transcript::{Facts, Protocol};
use mxsim::scenario::{self, NoFiles};
use mxsim::world::Note;

/// Plays a world in which laptop.alice asks for `www.example.com` at the seconds 10, 20 and 400,
/// with these faults. What it got, then the questions that ns1.example.com was sent.
fn play(faults: &str, seed: u64) -> (Vec<String>, usize) {
    let text = format!(
        r#"{{
          "until": "10m",
          "domains": {{
            "example.org": {{ "users": ["alice"] }},
            "example.com": {{ "users": ["bob"], "ttl": "1m" }}
          }},
          "hosts": {{ "www.example.com": {{ "addresses": ["192.0.2.80"] }} }},
          "agenda": [
            {{ "at": "10s", "client": "alice@example.org", "resolve": {{ "name": "www.example.com" }} }},
            {{ "at": "20s", "client": "alice@example.org", "resolve": {{ "name": "www.example.com" }} }},
            {{ "at": "400s", "client": "alice@example.org", "resolve": {{ "name": "www.example.com" }} }}
          ],
          "faults": [ {faults} ]
        }}"#
    );
    let plan = scenario::parse(&text, "test.json", &NoFiles).unwrap_or_else(|findings| {
        panic!("{}", findings.iter().map(|one| format!("{one}\n")).collect::<String>())
    });
    let mut simulation =
        Simulation::with_seed(plan, Seed(seed)).unwrap_or_else(|error| panic!("{error}"));
    simulation.run();
    let transcript = simulation.transcript();
    let got = transcript.entries().filter_map(|entry| match entry.facts {
        Facts::Note(Note::Resolved { rcode, answers, .. }) => {
            Some(if answers.is_empty() { rcode.clone() } else { answers.join(" ") })
        }
        _ => None,
    });
    let asked = transcript.entries().filter(|entry| {
        entry.protocol == Protocol::Dns && entry.to.as_deref() == Some("ns1.example.com")
    });
    (got.collect(), asked.count())
}

/// The client gets this at the seconds 10, 20 and 400.
fn check(faults: &str, got: [&str; 3]) {
    assert_eq!(play(faults, 1).0, got, "{faults}");
}

/// A fault of ns1.example.com that ends before the last question.
fn ns1(dns: &str) -> String {
    format!(r#"{{ "at": "0s", "for": "5m", "dns": {{ "server": "ns1.example.com", {dns} }} }}"#)
}

const RIGHT: &str = "192.0.2.80";

#[test]
fn without_a_fault_all_is_well() {
    check("", [RIGHT; 3]);
}

#[test]
fn codes_of_a_broken_server_are_no_answer() {
    for code in ["servfail", "refused", "notimp", "formerr"] {
        let got = play(&ns1(&format!(r#""answer": "{code}""#)), 1).0;
        assert_eq!(got[..2], ["SERVFAIL", "SERVFAIL"], "{code}");
    }
    check(&ns1(r#""answer": "servfail""#), ["SERVFAIL", "SERVFAIL", RIGHT]);
}

#[test]
fn an_upward_referral_leads_nowhere() {
    let got = play(&ns1(r#""answer": "upward_referral""#), 1).0;
    assert_eq!(got[..2], ["SERVFAIL", "SERVFAIL"]);
}

#[test]
fn a_wrong_no_is_believed_until_its_time_is_over() {
    check(&ns1(r#""answer": "nxdomain""#), ["NXDOMAIN", "NXDOMAIN", RIGHT]);
    check(&ns1(r#""answer": "nodata""#), ["NODATA", "NODATA", RIGHT]);
}

#[test]
fn a_silent_server_is_asked_again_and_given_up() {
    let (got, asked) = play(&ns1(r#""answer": "silence""#), 1);
    assert!(got[0] != RIGHT && got[2] == RIGHT, "{got:?}");
    assert!((3..=30).contains(&asked), "{asked}");
}

#[test]
fn what_is_truncated_is_had_by_tcp() {
    check(&ns1(r#""answer": "truncated""#), [RIGHT; 3]);
    let both = [ns1(r#""answer": "truncated""#), ns1(r#""answer": "silence", "over": "tcp""#)];
    assert_ne!(play(&both.join(", "), 1).0[0], RIGHT);
}

#[test]
fn a_server_without_edns_is_asked_without() {
    check(&ns1(r#""answer": "formerr_on_edns""#), [RIGHT; 3]);
    check(&ns1(r#""answer": "silence_on_edns""#), [RIGHT; 3]);
}

#[test]
fn a_late_answer_is_an_answer() {
    check(&ns1(r#""delay": "300ms""#), [RIGHT; 3]);
}

#[test]
fn a_resolver_misbehaves_too_and_late_failures_are_late() {
    let resolver = r#"{ "at": "0s", "for": "15s", "dns": {
        "server": "resolver.example.org", "answer": "servfail", "delay": "100ms" } }"#;
    check(resolver, ["SERVFAIL", RIGHT, RIGHT]);
}

#[test]
fn the_first_queries_alone() {
    let (got, asked) = play(&ns1(r#""answer": "silence", "first": 1"#), 1);
    assert_eq!(got, [RIGHT; 3]);
    let (_, without) = play("", 1);
    assert_eq!(asked, without + 1);
}

#[test]
fn only_what_is_named() {
    let other = r#""name": "mail.example.com", "answer": "servfail""#;
    check(&ns1(other), [RIGHT; 3]);
    check(&ns1(r#""type": "TXT", "answer": "servfail""#), [RIGHT; 3]);
    check(&ns1(r#""zone": "example.org", "answer": "servfail""#), [RIGHT; 3]);
    check(&ns1(r#""zone": "com", "answer": "nxdomain""#), ["NXDOMAIN", "NXDOMAIN", RIGHT]);
}

#[test]
fn a_share_is_drawn_and_the_same_seed_draws_the_same() {
    let half = ns1(r#""answer": "servfail", "share": "50%""#);
    let runs: Vec<_> = (1..=16).map(|seed| play(&half, seed)).collect();
    assert_eq!(runs, (1..=16).map(|seed| play(&half, seed)).collect::<Vec<_>>());
    let failed = runs.iter().filter(|(got, _)| got[0] == "SERVFAIL").count();
    assert!(failed > 0 && runs.iter().any(|(got, _)| got[0] == RIGHT), "{failed} of 16");
}

//! Zones that travel between name servers of a scenario.

#![allow(clippy::unwrap_used, reason = "a panic here is the failure")]

use std::fmt::Write as _;

use mxsim::Simulation;

/// Plays a scenario in which example.com is served by ns2 alone, which has it from ns1; `zone` is
/// what else is said of the zone, `rest` of the run. All its expectations hold; its transcript.
fn check(zone: &str, rest: &str) -> String {
    let text = format!(
        r#"{{
        "domains": {{
            "example.org": {{ "users": ["alice"] }},
            "example.com": {{ "users": ["bob"], "ttl": "1m" }}
        }},
        "zones": {{ "example.com": {{
            "servers": ["ns2.example.com"], "primary": "ns1.example.com",
            "refresh": "20m", "retry": "1m", "expire": "1h" {zone}
        }} }}, {rest} }}"#
    );
    let mut simulation = Simulation::parse(&text).unwrap_or_else(|error| panic!("{error}"));
    simulation.run();
    for verdict in simulation.verdicts() {
        assert!(verdict.holds, "{verdict}");
    }
    simulation.transcript().to_string()
}

#[test]
fn a_secondary_that_restarts_answers_from_its_disk() {
    check(
        "",
        r#""faults": [
            { "at": "1m", "crash": "ns1.example.com" },
            { "at": "2m", "crash": "ns2.example.com", "for": "1m" }
        ],
        "agenda": [
            { "at": "5m", "client": "alice@example.org", "send": { "id": "m", "to": "bob@example.com" } }
        ],
        "expect": [
            { "delivered": { "mail": "m", "within": "5s" } },
            { "queries": { "from": "ns2.example.com", "type": "AXFR", "count": 1 } }
        ]"#,
    );
}

#[test]
fn a_change_that_falls_into_a_crash_is_there_after_the_restart() {
    let transcript = check(
        r#", "changes": [{ "at": "5m", "records": ["www A 192.0.2.99"] }]"#,
        r#""faults": [{ "at": "4m", "crash": "ns1.example.com", "for": "2m" }],
        "agenda": [
            { "at": "7m", "client": "alice@example.org", "resolve": { "name": "www.example.com" } }
        ],
        "expect": [{ "resolved": { "name": "www.example.com", "answer": "192.0.2.99" } }]"#,
    );
    // The primary that comes up tells of it.
    assert!(transcript.contains("query NOTIFY"));
}

#[test]
fn a_secondary_that_is_not_allowed_has_nothing_to_answer_with() {
    let transcript = check(
        r#", "allow_transfer": ["198.51.100.99"]"#,
        r#""agenda": [
            { "at": "7m", "client": "alice@example.org", "resolve": { "name": "mail.example.com" } }
        ],
        "expect": [{ "resolved": { "name": "mail.example.com", "rcode": "SERVFAIL" } }]"#,
    );
    assert!(transcript.contains("response REFUSED AXFR example.com."));
}

#[test]
fn without_notify_a_secondary_follows_at_refresh() {
    let transcript = check(
        r#", "notify": false, "changes": [{ "at": "5m", "records": ["mail A 192.0.2.99"] }]"#,
        r#""agenda": [
            { "at": "6m", "client": "alice@example.org", "resolve": { "name": "mail.example.com" } },
            { "at": "21m", "client": "alice@example.org", "resolve": { "name": "mail.example.com" } }
        ],
        "expect": [{ "resolved": { "name": "mail.example.com", "answer": "192.0.2.99" } }]"#,
    );
    assert!(!transcript.contains("NOTIFY"));
}

#[test]
fn a_large_zone_takes_several_messages_and_one_line() {
    let mut lines = String::new();
    for host in 0..5_000 {
        let (high, low) = (host / 250, host % 250);
        write!(lines, r#", "host{host} A 10.1.{high}.{low}""#).unwrap();
    }
    let zone = format!(r#", "records": ["many TXT x" {lines}]"#);
    let transcript = check(
        &zone,
        r#""agenda": [
            { "at": "1m", "client": "alice@example.org", "resolve": { "name": "host4999.example.com" } }
        ],
        "expect": [{ "resolved": { "name": "host4999.example.com", "answer": "10.1.19.249" } }]"#,
    );
    let line = transcript.lines().find(|line| line.contains("AXFR example.com. 50")).unwrap();
    assert!(line.contains("in 3 messages, serial 1"), "{line}");
}

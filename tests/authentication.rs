//! SPF, DKIM and DMARC between domains: what is published in zones is asked for over the network,
//! what is signed on one host is verified on another.

#![allow(clippy::unwrap_used, reason = "a panic here is the failure")]

use std::collections::BTreeMap;

use mxsim::Simulation;

/// A message in bob's name, for whoever sends it.
const SPOOFED: &[u8] =
    b"From: bob@example.com\nTo: bob@example.com\nMessage-ID: <1@example.net>\n\nHello\n";

/// Plays a scenario, whose expectations hold.
#[track_caller]
fn check(text: &str) {
    let files = BTreeMap::from([("spoofed.eml", SPOOFED)]);
    let mut simulation =
        Simulation::parse_with(text, &files).unwrap_or_else(|error| panic!("{error}"));
    assert!(!simulation.plan().expect.is_empty());
    simulation.run();
    for verdict in simulation.verdicts() {
        assert!(verdict.holds, "{verdict}");
    }
}

#[test]
fn mail_waits_while_the_records_of_its_domain_cannot_be_had() {
    check(
        r#"{
          "until": "2h",
          "domains": {
            "example.org": {
              "users": ["alice"], "servers": "split",
              "spf": "v=spf1 a:smtp.example.org -all", "dkim": true, "dmarc": "v=DMARC1; p=reject"
            },
            "example.com": {
              "users": ["bob"], "servers": "split",
              "policy": { "auth": { "spf": "reject", "dkim": "mark", "dmarc": "enforce", "temperror": "defer" } }
            }
          },
          "agenda": [ { "at": "1s", "client": "alice@example.org", "send": { "id": "hello", "to": "bob@example.com" } } ],
          "faults": [ { "at": "0s", "crash": "ns1.example.org", "for": "7m" } ],
          "expect": [
            { "reply": { "from": "mx1.example.com", "code": 451, "contains": "4.7.24", "count": { "at_least": 1 } } },
            { "delivered": { "mail": "hello", "header": { "Authentication-Results": "dmarc=pass" } } }
          ]
        }"#,
    );
}

#[test]
fn who_judges_without_the_dns_takes_it_and_says_so() {
    check(
        r#"{
          "domains": {
            "example.org": { "users": ["alice"], "spf": "v=spf1 mx -all", "dmarc": "v=DMARC1; p=reject" },
            "example.com": { "users": ["bob"], "policy": { "auth": true } }
          },
          "agenda": [ { "at": "1s", "client": "alice@example.org", "send": { "id": "hello", "to": "bob@example.com" } } ],
          "faults": [ { "at": "0s", "for": "40m", "dns": { "server": "ns1.example.org", "answer": "servfail" } } ],
          "expect": [
            { "delivered": { "mail": "hello", "header": { "Authentication-Results": ["spf=temperror", "dmarc=temperror"] } } }
          ]
        }"#,
    );
}

#[test]
fn nobody_outside_writes_in_the_name_of_the_domain_itself() {
    check(
        r#"{
          "domains": {
            "example.net": { "users": ["mallory"] },
            "example.com": {
              "users": ["bob", "carol"], "servers": "split",
              "spf": "v=spf1 a:smtp.example.com -all", "dkim": true, "dmarc": "v=DMARC1; p=reject",
              "policy": { "auth": { "spf": "mark", "dkim": "mark", "dmarc": "enforce" } }
            }
          },
          "agenda": [
            { "at": "1s", "client": "carol@example.com", "send": { "id": "colleague", "to": "bob@example.com" } },
            { "at": "5s", "client": "mallory@example.net", "send": { "id": "spoofed", "to": "bob@example.com", "eml": "spoofed.eml" } }
          ],
          "expect": [
            { "delivered": { "mail": "colleague", "header": { "DKIM-Signature": "d=example.com" } } },
            { "reply": { "from": "mx1.example.com", "code": 550, "contains": "DMARC policy for example.com", "count": 1 } },
            { "not_delivered": { "mail": "spoofed" } }
          ]
        }"#,
    );
}

#[test]
fn records_may_stand_in_zones_as_well() {
    check(
        r#"{
          "zones": {
            "example.org": { "records": [
              "@ TXT \"v=spf1 \" \"mx -all\"",
              "_dmarc TXT \"v=DMARC1; p=none; aspf=s\""
            ] }
          },
          "domains": {
            "example.org": { "users": ["alice"] },
            "example.com": { "users": ["bob"], "policy": { "auth": "mark" } }
          },
          "agenda": [ { "at": "1s", "client": "alice@example.org", "send": { "id": "hello", "to": "bob@example.com" } } ],
          "expect": [
            { "delivered": { "mail": "hello", "header": {
                "Authentication-Results": ["spf=pass", "dkim=none", "dmarc=pass (p=none dis=none)"] } } }
          ]
        }"#,
    );
}

#[test]
fn what_servers_write_by_themselves_is_signed_too() {
    // Without its signature, the report would be refused: HELO has no SPF record.
    check(
        r#"{
          "domains": {
            "example.org": { "users": ["alice"], "policy": { "auth": "enforce" } },
            "example.com": {
              "users": ["bob"], "servers": "split",
              "policy": { "accept_from": "inside", "mode": "accept_then_bounce" },
              "dkim": { "algorithm": "ed25519" }, "dmarc": "v=DMARC1; p=reject"
            }
          },
          "agenda": [ { "at": "1s", "client": "alice@example.org", "send": { "id": "hello", "to": "bob@example.com" } } ],
          "expect": [
            { "bounce": { "to": "alice@example.org", "mail": "hello", "by": "mx1.example.com",
                          "contains": ["dkim=pass header.d=example.com", "dmarc=pass"] } },
            { "queue": { "messages": 0 } }
          ]
        }"#,
    );
}

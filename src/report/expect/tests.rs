//! Expectations of small scenarios that were played, met and not.

use insta::assert_snapshot;

use super::*;
use crate::engine::{Seed, SimTime};
use crate::scenario::{self, NoFiles};

/// The verdicts on `expect` after bob was written to twice, once at an address that is not his.
fn verdicts(expect: &str) -> String {
    let text = format!(
        r#"{{
          "domains": {{
            "example.org": {{ "users": ["alice"] }},
            "example.com": {{ "users": ["bob"], "aliases": {{ "team": ["bob"] }} }}
          }},
          "agenda": [
            {{ "at": "1s", "client": "alice@example.org", "send": {{ "id": "hi", "to": "bob@example.com" }} }},
            {{ "at": "2s", "client": "alice@example.org", "send": {{ "id": "no", "to": "rob@example.com" }} }},
            {{ "at": "3s", "client": "alice@example.org", "send": {{ "id": "all", "to": "team@example.com" }} }},
            {{ "at": "10s", "client": "bob@example.com", "fetch": {{}} }},
            {{ "at": "20s", "client": "alice@example.org", "resolve": {{ "name": "www.example.com" }} }}
          ],
          "expect": {expect}
        }}"#
    );
    let plan = scenario::parse(&text, "test.json", &NoFiles)
        .unwrap_or_else(|findings| panic!("{findings:#?}"));
    let mut world = scenario::build::build(&plan, Seed(1)).unwrap();
    world.run(SimTime::MAX);
    let lines: Vec<_> = check(&plan, &world).iter().map(ToString::to_string).collect();
    lines.join("\n")
}

#[test]
fn what_holds_says_what_was_found() {
    assert_snapshot!(verdicts(r#"[
        {"delivered": {"mail": "hi", "within": "5s", "octets_equal": true}},
        {"delivered": {"mail": "all", "to": "team@example.com"}},
        {"not_delivered": {"mail": "hi", "to": "alice@example.org"}},
        {"bounce": {"to": "alice@example.org", "mail": "no", "recipient": "rob@example.com", "status": "5.1.1", "by": "mail.example.org"}},
        {"queries": {"to": "root", "count": {"at_least": 1}}},
        {"resolved": {"name": "www.example.com", "rcode": "NXDOMAIN"}},
        {"mailbox": {"user": "bob@example.com", "messages": 2, "mail": "hi", "flags": "\\Seen"}},
        {"device": {"client": "bob@example.com", "sees": 2, "mail": "all"}},
        {"queue": {}},
        {"reply": {"from": "mail.example.com", "code": 550, "contains": "5.1.1", "count": 1}},
        {"path": {"mail": "hi", "hosts": ["mail.example.org", "mail.example.com"]}},
        {"attempts": {"mail": "hi", "from": "mail.example.org", "count": 1}},
        {"lost_packets": 0}
    ]"#), @r#"
    ok    hi is delivered to bob@example.com within 5s, octet for octet: bob@example.com got 1 copy, after 0.720000 s, of 239 octets where 239 were sent
    ok    all is delivered to bob@example.com: bob@example.com got 1 copy, after 0.520000 s
    ok    hi is not delivered to alice@example.org: alice@example.org got 0 copies; no MTA knows of hi for this recipient
    ok    alice@example.org is told that no failed for rob@example.com with 5.1.1 by mail.example.org: alice@example.org has 1 such report
    ok    at least 1 query to a.root-servers.net: 2 queries
    ok    A www.example.com is resolved to NXDOMAIN: NXDOMAIN
    ok    INBOX of bob@example.com holds 2 messages, among them hi with \Seen: INBOX holds 2 messages, 0 of them unseen; hi has the flags (\Seen)
    ok    bob@example.com/laptop sees 2 messages in INBOX, among them all: bob@example.com/laptop sees 2 messages; all has the flags (\Seen)
    ok    no messages queued: 0 messages queued
    ok    once: mail.example.com replies 550, with "5.1.1" in it: 1 such reply
    ok    hi goes to bob@example.com by mail.example.org, mail.example.com: it went to bob@example.com by mail.example.org, mail.example.com
    ok    1 attempt by mail.example.org to hand on hi: 1 attempt
    ok    no packets lost: 0 packets lost
    "#);
}

#[test]
fn what_fails_says_what_there_was_instead() {
    assert_snapshot!(verdicts(r#"[
        {"delivered": {"mail": "no", "to": "bob@example.com"}},
        {"delivered": {"mail": "hi", "within": "1ms", "copies": 2}},
        {"not_delivered": {"mail": "all", "to": "bob@example.com"}},
        {"bounce": {"to": "alice@example.org", "status": "5.7.1"}},
        {"bounce": {"to": "bob@example.com"}},
        {"queries": {"from": "mail.example.com", "count": 7}},
        {"resolved": {"name": "www.example.com", "answer": "192.0.2.80"}},
        {"mailbox": {"user": "bob@example.com", "messages": 3, "unseen": {"at_least": 1}, "mail": "no"}},
        {"mailbox": {"user": "bob@example.com", "mailbox": "Archive", "messages": 1}},
        {"device": {"client": "bob@example.com", "sees": 1, "mail": "hi", "flags": "\\Flagged"}},
        {"queue": {"host": "mail.example.org", "messages": 1}},
        {"reply": {"code": 421}},
        {"path": {"mail": "hi", "hosts": ["mail.example.com"]}},
        {"attempts": {"mail": "hi", "count": {"at_least": 2, "at_most": 3}}},
        {"lost_packets": {"at_least": 1}}
    ]"#), @r"
    FAIL  no is delivered to bob@example.com: bob@example.com got 0 copies; no MTA knows of no for this recipient (expect[0], line 14)
    FAIL  hi is delivered to bob@example.com within 1ms, exactly 2 times: bob@example.com got 1 copy, after 0.720000 s (expect[1], line 15)
    FAIL  all is not delivered to bob@example.com: bob@example.com got 1 copy, after 0.520000 s (expect[2], line 16)
    FAIL  alice@example.org is told that a message failed with 5.7.1: alice@example.org has 0 such reports; there is one by mail.example.org for rob@example.com: failed with 5.1.1 (expect[3], line 17)
    FAIL  bob@example.com is told that a message failed: bob@example.com has 0 such reports (expect[4], line 18)
    FAIL  7 queries of mail.example.com: 0 queries (expect[5], line 19)
    FAIL  A www.example.com is resolved to NOERROR with 192.0.2.80: NXDOMAIN (expect[6], line 20)
    FAIL  INBOX of bob@example.com holds 3 messages, at least 1 of them unseen, among them no: INBOX holds 2 messages, 0 of them unseen; no is not in INBOX (expect[7], line 21)
    FAIL  Archive of bob@example.com holds 1 message: bob@example.com has no mailbox Archive (expect[8], line 22)
    FAIL  bob@example.com/laptop sees 1 message in INBOX, among them hi with \Flagged: bob@example.com/laptop sees 2 messages; hi has the flags (\Seen) (expect[9], line 23)
    FAIL  1 message queued on mail.example.org: 0 messages queued (expect[10], line 24)
    FAIL  a server replies 421: 0 such replies; other refusals are 550 5.1.1 <rob@example.com>: Recipient address rejected: User unknown in virtual mailbox table; 554 5.5.1 Error: no valid recipients (expect[11], line 25)
    FAIL  hi goes to bob@example.com by mail.example.com: it went to bob@example.com by mail.example.org, mail.example.com (expect[12], line 26)
    FAIL  2 to 3 attempts to hand on hi: 1 attempt (expect[13], line 27)
    FAIL  at least 1 packet lost: 0 packets lost (expect[14], line 28)
    ");
}

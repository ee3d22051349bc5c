//! Name servers that say anything at all: every question ends, within the bounds.

use super::net::Net;
use crate::engine::{Seed, Stream};

const NAMES: [&str; 10] = [
    "com.",
    "net.",
    "a.com.",
    "b.com.",
    "a.net.",
    "x.a.com.",
    "ns.a.com.",
    "ns.b.com.",
    "ns.a.net.",
    "y.x.a.com.",
];
const SERVERS: [&str; 5] = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5"];

fn pick<'a>(draws: &mut Stream, from: &[&'a str]) -> &'a str {
    from[draws.below(from.len() as u64) as usize]
}

/// What a server says, to one name or to all below one.
fn rule(draws: &mut Stream) -> String {
    let (qname, owner, other) = (pick(draws, &NAMES), pick(draws, &NAMES), pick(draws, &NAMES));
    let below = if draws.chance(0.7) { "*." } else { "" };
    let rtype = pick(draws, &["A", "AAAA", "NS", "*", "*", "*"]);
    let flag = pick(draws, &["", "aa", "aa", "ra", "tc", "noedns"]);
    let address = pick(draws, &SERVERS);
    let said = match draws.below(10) {
        0 => "silent".to_owned(),
        1 => pick(draws, &["SERVFAIL", "REFUSED", "FORMERR", "YXDOMAIN"]).to_owned(),
        2 => format!("NXDOMAIN {flag} | | {owner} SOA 60"),
        3 => format!("NOERROR {flag} | {qname} CNAME {other}, {other} CNAME {owner}"),
        4 => format!("NOERROR {flag} | {owner} DNAME {other}"),
        5 => format!("NOERROR {flag} | {qname} A {address}"),
        6 => format!("NOERROR {flag}"),
        7 => format!(
            "NOERROR {flag} | {owner} NS {other} | {owner} NS {other} | {other} A {address}"
        ),
        // Delegations, with glue and without, are what leads on.
        8 => format!("NOERROR | | {qname} NS {other}, {qname} NS {owner}"),
        _ => format!("NOERROR | | {qname} NS {other} | {other} A {address}"),
    };
    format!("{below}{qname} {rtype} -> {said}\n")
}

#[test]
fn whatever_the_servers_say_every_question_ends() {
    for seed in 0..500 {
        let mut draws = Seed(seed).stream("chaos");
        let rules: Vec<(&str, String)> = SERVERS
            .iter()
            .map(|server| (*server, (0..8).map(|_| rule(&mut draws)).collect()))
            .collect();
        let servers: Vec<(&str, &str)> =
            rules.iter().map(|(server, rules)| (*server, &rules[..])).collect();
        let mut net = Net::with(&servers, |config| {
            config.prime = seed % 2 == 0;
            config.harden_glue = seed % 3 > 0;
            config.minimise_qname = seed % 5 > 1;
            config.randomise_case = seed % 7 == 0;
        });
        for round in 0..3 {
            for (client, qname) in NAMES.iter().enumerate() {
                net.query(client as u64, &format!("{qname} A"));
            }
            // Plays until nothing is under way, and asserts that nothing is left behind.
            net.run();
            assert_eq!(net.answers.len(), NAMES.len(), "seed {seed}, round {round}");
            let bound = NAMES.len() * 201;
            assert!(net.asked().len() <= bound, "seed {seed}, round {round}");
            net.wait(100);
        }
    }
}

//! More SYNs at once than a listener keeps.

use super::*;
use crate::net::tcp;

/// Twenty connections at once to a port that keeps ten SYNs, over a link whose way back takes two seconds:
/// what is told of them, and how many SYNs were dropped.
fn play(abort_on_overflow: bool) -> (Vec<String>, usize) {
    let log = Log::default();
    let of_caller = log.clone();
    let tcp = tcp::Config { syn_backlog: 10, abort_on_overflow, ..tcp::Config::V4 };
    let slow =
        LinkConfig { latency: Latency::Constant(Duration::from_secs(2)), ..LinkConfig::default() };
    let mut parts = WorldBuilder::new(Seed(1));
    parts
        .host(HostConfig::new("caller").address("192.0.2.1".parse().unwrap()).actor(move || {
            let (to, log) = ("192.0.2.2:7".parse().unwrap(), of_caller.clone());
            Caller { to, at: vec![SimTime::ZERO; 20], text: Bytes::new(), log, seen: 0 }
        }))
        .host(HostConfig::new("echo").address("192.0.2.2".parse().unwrap()).tcp(tcp).actor(|| Echo))
        .link_each_way("caller", "echo", [LinkConfig::default(), slow]);
    let mut world = parts.build().unwrap();
    world.run(SimTime::MAX);
    let is_dropped = |fact: &Fact| matches!(fact, Fact::Lost { why: Loss::BacklogFull, .. });
    let dropped = world.records().iter().filter(|record| is_dropped(&record.fact)).count();
    let closed =
        lines(&log).into_iter().filter_map(|line| Some(line.split_once("closed ")?.1.to_owned()));
    (closed.collect(), dropped)
}

#[test]
fn a_full_syn_queue_drops_syns_and_their_senders_try_again() {
    let (closed, dropped) = play(false);
    // Ten are kept at once. The others come again after one second, when the queue is still full, and
    // after three, when the answers to the first ten have been acknowledged.
    assert_eq!(dropped, 20);
    assert_eq!(closed, vec!["Finished after 0 octets"; 20]);
}

#[test]
fn a_full_syn_queue_refuses_if_it_is_told_to() {
    let (mut closed, dropped) = play(true);
    closed.sort();
    assert_eq!(dropped, 0);
    let expected =
        [vec!["Finished after 0 octets"; 10], vec!["Refused after 0 octets"; 10]].concat();
    assert_eq!(closed, expected);
}

//! Rules about single packets.

use super::*;
use crate::net::NodeId;
use crate::net::tcp::{CloseReason, Flags};
use crate::world::packet_rule::{PacketNumber, PacketRule, PacketVerdict};

/// The world with a rule, run to its end; and the node `caller`.
fn struck(rule: impl FnOnce(NodeId) -> PacketRule) -> (World, Vec<String>) {
    let (mut world, log) = world(LinkConfig::default(), &[0], 7, 1);
    let caller = world.node("caller").unwrap();
    world.begin(SimTime::ZERO, Fault::Packet(rule(caller)));
    assert_eq!(world.run(SimTime::MAX), Ended::Idle);
    (world, lines(&log))
}

fn lost(world: &World, wanted: Loss) -> usize {
    let is = |record: &&Record| matches!(record.fact, Fact::Lost { why, .. } if why == wanted);
    world.records().iter().filter(is).count()
}

fn tcp(caller: NodeId) -> PacketRule {
    PacketRule { protocol: Some(Transport::Tcp), port: Some(7), ..PacketRule::drop(caller) }
}

#[test]
fn each_packet_of_a_host_can_be_lost_once_and_no_octet_of_a_stream_is() {
    let (mut undisturbed, _) = world(LinkConfig::default(), &[0], 7, 1);
    undisturbed.run(SimTime::MAX);
    let caller = undisturbed.node("caller").unwrap();
    let sent = undisturbed.packets_sent(caller);
    assert!(sent > 20, "{sent}");
    let mut histories = std::collections::BTreeSet::new();
    for number in 1..=sent {
        let (world, lines) = struck(|caller| PacketRule::drop_nth(caller, number));
        assert_eq!(lost(&world, Loss::Struck), 1, "packet {number}");
        let datagram = lines.iter().any(|line| line.contains("datagram"));
        assert_eq!(datagram, number != 1, "the first packet is the datagram");
        assert!(lines.last().unwrap().ends_with("after 20000 octets"), "{number}: {lines:?}");
        histories.insert(world.fingerprint().to_string());
    }
    // A bare acknowledgment more or less may show nowhere.
    assert!(histories.len() as u64 > sent / 2, "{}", histories.len());
    let (beyond, _) = struck(|caller| PacketRule::drop_nth(caller, sent + 1));
    assert_eq!(beyond.fingerprint(), undisturbed.fingerprint());
}

#[test]
fn a_rule_counts_the_packets_of_each_flow() {
    let (world, lines) = struck(|caller| PacketRule {
        number: Some(PacketNumber::OfFlow(1)),
        first: Some(2),
        ..tcp(caller)
    });
    // The SYN, and the SYN sent again after a second; after three the next one passes.
    assert_eq!(lost(&world, Loss::Struck), 2);
    assert!(lines.last().unwrap().starts_with("3."), "{lines:?}");
}

#[test]
fn a_datagram_that_leaves_twice_arrives_twice() {
    let verdict = PacketVerdict::Duplicate;
    let (world, lines) = struck(|caller| PacketRule {
        protocol: Some(Transport::Udp),
        verdict,
        ..PacketRule::drop(caller)
    });
    let datagrams = lines.iter().filter(|line| line.contains("datagram")).count();
    assert_eq!(datagrams, 2, "{lines:?}");
    let altered =
        |record: &Record| matches!(record.fact, Fact::Altered { how, .. } if how == verdict);
    assert!(world.records().iter().any(altered));
}

#[test]
fn a_packet_that_is_kept_back_is_overtaken() {
    let (_, lines) = struck(|caller| PacketRule {
        number: Some(PacketNumber::OfHost(1)),
        verdict: PacketVerdict::Delay(Duration::from_millis(500)),
        ..PacketRule::drop(caller)
    });
    assert_eq!(lines.last().unwrap(), "0.540000000 datagram ping");
}

#[test]
fn a_corrupted_packet_reaches_its_receiver_and_is_dropped_there() {
    let (world, lines) = struck(|caller| PacketRule {
        number: Some(PacketNumber::OfHost(1)),
        verdict: PacketVerdict::Corrupt,
        ..PacketRule::drop(caller)
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    let place = world.records().iter().find_map(|record| match record.fact {
        Fact::Lost { why: Loss::Corrupted, .. } => Some((world.name(record.id.node), record.time)),
        _ => None,
    });
    assert_eq!(place, Some(("echo", SimTime::from_millis(20))));
}

#[test]
fn a_reset_ends_a_connection_at_both_ends() {
    let (world, lines) = struck(|caller| PacketRule {
        number: Some(PacketNumber::OfFlow(5)),
        verdict: PacketVerdict::Reset,
        ..tcp(caller)
    });
    assert!(lines.iter().any(|line| line.contains("closed Reset")), "{lines:?}");
    let resets = world.records().iter().filter_map(|record| match record.fact {
        Fact::Closed { reason: CloseReason::Reset, .. } => Some(world.name(record.id.node)),
        _ => None,
    });
    assert_eq!(resets.collect::<Vec<_>>(), ["caller", "echo"]);
}

#[test]
fn a_share_of_the_packets_is_struck_until_the_rule_ends() {
    let (mut world, log) = world(LinkConfig::default(), &[0, 1, 2, 30], 7, 1);
    let caller = world.node("caller").unwrap();
    let rule = PacketRule { share: 0.3, flags: Flags::ACK, ..tcp(caller) };
    let id = world.begin(SimTime::ZERO, Fault::Packet(rule));
    world.end(SimTime::from_secs(29), id);
    world.run(SimTime::MAX);
    let struck = lost(&world, Loss::Struck);
    assert!((10..60).contains(&struck), "{struck}");
    let last = world.records().iter().rev().find_map(|record| match record.fact {
        Fact::Lost { why: Loss::Struck, .. } => Some(record.time),
        _ => None,
    });
    assert!(last.unwrap() < SimTime::from_secs(29));
    assert!(lines(&log).last().unwrap().starts_with("30."), "{:?}", lines(&log));
}

//! Faults of the network, and what becomes of packets.

use super::*;
use crate::net::{LinkId, NodeId};

fn at(ms: u64) -> SimTime {
    SimTime::from_millis(ms)
}

fn parts(world: &World) -> (NodeId, NodeId, LinkId) {
    let (router, echo) = (world.node("r").unwrap(), world.node("echo").unwrap());
    (world.node("caller").unwrap(), echo, world.links_between(router, echo)[0])
}

/// In packets as in octets, what came went somewhere; nothing is under way any more.
fn balanced(world: &World) -> Traffic {
    let traffic = world.traffic();
    let (came, went) = traffic.balance();
    assert_eq!(came, went, "{traffic:?}");
    traffic
}

fn records(world: &World, wanted: impl Fn(&Fact) -> bool) -> usize {
    world.records().iter().filter(|record| wanted(&record.fact)).count()
}

#[test]
fn every_packet_is_accounted_for_at_every_moment() {
    let wild = LinkConfig {
        loss: 0.05.into(),
        duplicate: 0.1,
        corrupt: 0.05,
        reorder: 0.1,
        bandwidth_bps: Some(2_000_000),
        queue_octets: 4_000,
        ..LinkConfig::default()
    };
    for seed in 1..=5 {
        let (mut world, log) = world(wild.clone(), &[0, 1, 2], 7, seed);
        let (_, echo, link) = parts(&world);
        let crash = world.begin(at(1_050), Fault::Crash(echo));
        world.end(at(1_500), crash);
        let hold = world.begin(at(2_000), Fault::Hold { links: vec![link], ways: Ways::Both });
        world.end(at(2_600), hold);
        let mut in_flight = 0;
        for step in 0..400 {
            world.run(at(step * 10));
            in_flight = in_flight.max(balanced(&world).in_flight.packets);
        }
        world.run(SimTime::MAX);
        let traffic = balanced(&world);
        assert!(in_flight > 1 && traffic.in_flight == Amount::default(), "{in_flight}");
        assert!(traffic.duplicated.packets > 0 && traffic.lost.len() >= 3, "{traffic:?}");
        assert!(lines(&log).last().unwrap().contains("closed Finished"), "{:?}", lines(&log));
        let lost = records(&world, |fact| matches!(fact, Fact::Lost { .. }));
        assert_eq!(traffic.lost_in_all().packets, lost as u64);
        let nodes = (0..3).map(|node| world.traffic_of(NodeId(node)).lost_in_all().packets);
        assert_eq!(nodes.sum::<u64>(), lost as u64);
    }
}

#[test]
fn what_a_link_holds_goes_on_in_order_and_what_has_no_room_is_lost() {
    let narrow = LinkConfig { queue_octets: 200, ..LinkConfig::default() };
    let (mut world, log) = world(narrow, &[0], 7, 1);
    let (_, _, link) = parts(&world);
    let hold = world.begin(SimTime::ZERO, Fault::Hold { links: vec![link], ways: Ways::Both });
    world.end(at(10_000), hold);
    world.run(SimTime::MAX);
    let lines = lines(&log);
    // The datagram, and what is left of the SYNs sent at 0, 1 and 3 s, each of 48 octets; the one
    // of 7 s finds the queue full.
    assert_eq!(lines[0], "10.030000000 datagram ping");
    assert!(lines[1].ends_with("after 20000 octets"), "{lines:?}");
    let traffic = balanced(&world);
    assert_eq!(traffic.lost.get(&Loss::QueueFull).map(|lost| lost.packets), Some(1));
    assert_eq!(records(&world, |fact| matches!(fact, Fact::Held(_, Ways::Both))), 1);
    assert_eq!(records(&world, |fact| matches!(fact, Fact::Released(_, Ways::Both, 4))), 1);
}

#[test]
fn what_a_link_holds_is_lost_with_the_router_that_crashes() {
    let (mut world, _) = world(LinkConfig::default(), &[0], 7, 1);
    let (_, _, link) = parts(&world);
    let hold = world.begin(SimTime::ZERO, Fault::Hold { links: vec![link], ways: Ways::Both });
    let router = world.node("r").unwrap();
    let crash = world.begin(at(500), Fault::Crash(router));
    world.end(at(600), crash);
    world.end(at(5_000), hold);
    world.run(SimTime::MAX);
    let lost = balanced(&world).lost;
    assert_eq!(lost.get(&Loss::HostDown).map(|lost| lost.packets), Some(2), "{lost:?}");
}

#[test]
fn a_partition_swallows_and_lets_what_is_under_way_arrive() {
    let (mut world, log) = world(LinkConfig::default(), &[0, 1], 7, 1);
    let (_, echo, _) = parts(&world);
    let parted = Fault::Partition(Partition::new(vec![vec![echo]], true));
    // The first ping has arrived and its answer is under way; the SYN of the same instant is answered
    // too, and what is sent later comes in and is not answered.
    let id = world.begin(at(25), parted);
    world.end(at(5_000), id);
    world.run(SimTime::MAX);
    let lines = lines(&log);
    assert_eq!(lines[0], "0.040000000 datagram ping");
    assert_eq!(lines.iter().filter(|line| line.contains("datagram")).count(), 1, "{lines:?}");
    assert!(lines.last().unwrap().ends_with("after 20000 octets"), "{lines:?}");
    assert!(balanced(&world).lost.keys().eq([&Loss::Partitioned]));
    let told = |begins: bool| {
        let is =
            |fact: &Fact| matches!(fact, Fact::Partition { begins: one, .. } if *one == begins);
        records(&world, is)
    };
    assert_eq!((told(true), told(false)), (1, 1));
}

#[test]
fn a_link_flaps_until_the_fault_ends() {
    for drawn in [false, true] {
        let (mut world, log) = world(LinkConfig::default(), &[0, 30], 7, 1);
        let (_, _, link) = parts(&world);
        let (down, up) = (Duration::from_millis(300), Duration::from_millis(700));
        let flap = Flap { links: vec![link], ways: Ways::Both, down, up, drawn };
        let id = world.begin(at(10), Fault::Flap(flap));
        world.end(at(20_000), id);
        assert_eq!(world.run(SimTime::MAX), Ended::Idle);
        let cuts = records(&world, |fact| matches!(fact, Fact::Cut(..)));
        let heals = records(&world, |fact| matches!(fact, Fact::Healed(..)));
        assert_eq!(cuts, heals);
        assert!(if drawn { (10..35).contains(&cuts) } else { cuts == 20 }, "{cuts}");
        let lines = lines(&log);
        let finished = lines.iter().filter(|line| line.ends_with("Finished after 20000 octets"));
        assert_eq!(finished.count(), 2, "{lines:?}");
    }
}

#[test]
fn a_delay_spike_adds_to_the_latency_and_is_gone_again() {
    let (mut world, log) = world(LinkConfig::default(), &[0, 10, 20], 7, 1);
    let (_, _, link) = parts(&world);
    let slow = LinkPatch { extra_delay: Duration::from_millis(250), ..LinkPatch::default() };
    let spike = || Fault::Change { link, patches: Box::new([slow.clone(), slow.clone()]) };
    let (first, second) = (world.begin(at(5_000), spike()), world.begin(at(6_000), spike()));
    world.end(at(15_000), first);
    world.end(at(16_000), second);
    world.run(SimTime::MAX);
    let datagrams: Vec<_> =
        lines(&log).into_iter().filter(|line| line.contains("datagram")).collect();
    let wanted = ["0.040000000", "11.040000000", "20.040000000"];
    assert_eq!(datagrams, wanted.map(|time| format!("{time} datagram ping")));
}

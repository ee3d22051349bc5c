//! The world with small programs on it: what every actor relies on.

mod backlog;
mod ending;
mod rerouting;
mod unreachable;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::engine::{Seed, SimTime};
use crate::net::{Latency, LinkConfig, LinkPatch, Loss, Ways};

mod network;
mod packets;

/// Answers every datagram and every octet at port 7 with itself (RFC 862).
struct Echo;

impl Actor for Echo {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        assert!(ctx.bind_udp(7));
        assert!(ctx.listen(7));
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        match event {
            Event::Datagram { from, to, payload } => ctx.send_udp_from(to, from, payload),
            Event::Stream(connection, StreamEvent::Data(octets)) => ctx.send(connection, octets),
            Event::Stream(connection, StreamEvent::Eof) => ctx.close(connection),
            _ => {}
        }
    }
}

type Log = Arc<Mutex<Vec<String>>>;

/// Sends a text to an address by UDP and TCP at given times, and writes down what comes.
struct Caller {
    to: SocketAddr,
    at: Vec<SimTime>,
    text: Bytes,
    log: Log,
    seen: usize,
}

impl Caller {
    fn log(&self, ctx: &Ctx<'_>, line: &str) {
        self.log.lock().unwrap().push(format!("{} {line}", ctx.now()));
    }
}

impl Actor for Caller {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        for at in &self.at {
            ctx.set_timer(*at, TimerToken(0));
        }
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        match event {
            Event::Timer(_) => {
                let port = ctx.bind_any_udp().unwrap();
                ctx.send_udp(port, self.to, Bytes::from_static(b"ping")).unwrap();
                ctx.connect(self.to).unwrap();
            }
            Event::Datagram { payload, .. } => {
                self.log(ctx, &format!("datagram {}", String::from_utf8_lossy(&payload)));
            }
            Event::Stream(connection, StreamEvent::Opened) => {
                self.seen = 0;
                ctx.send(connection, self.text.clone());
                ctx.close(connection);
            }
            Event::Stream(_, StreamEvent::Data(octets)) => self.seen += octets.len(),
            Event::Stream(_, StreamEvent::Closed(reason)) => {
                self.log(ctx, &format!("closed {reason:?} after {} octets", self.seen));
            }
            _ => {}
        }
    }
}

/// caller - router - echo, with a caller that calls at these seconds.
fn world(link: LinkConfig, at_secs: &[u64], port: u16, seed: u64) -> (World, Log) {
    let (log, link) = (Log::default(), Arc::new(link));
    let to = format!("192.0.2.2:{port}").parse().unwrap();
    let at: Vec<_> = at_secs.iter().map(|secs| SimTime::from_secs(*secs)).collect();
    let text = Bytes::from(vec![b'x'; 20_000]);
    let of_caller = log.clone();
    let mut parts = WorldBuilder::new(Seed(seed));
    parts
        .host(HostConfig::new("caller").address("192.0.2.1".parse().unwrap()).actor(move || {
            let (at, text, log) = (at.clone(), text.clone(), of_caller.clone());
            Caller { to, at, text, log, seen: 0 }
        }))
        .host(HostConfig::new("echo").address("192.0.2.2".parse().unwrap()).actor(|| Echo))
        .router("r")
        .link("caller", "r", Arc::clone(&link))
        .link("r", "echo", link);
    (parts.build().unwrap(), log)
}

fn lines(log: &Log) -> Vec<String> {
    log.lock().unwrap().clone()
}

#[test]
fn datagrams_and_streams_cross_a_router_and_come_back() {
    let (mut world, log) = world(LinkConfig::default(), &[0], 7, 1);
    assert_eq!(world.run(SimTime::MAX), Ended::Idle);
    let lines = lines(&log);
    assert_eq!(lines[0], "0.040000000 datagram ping");
    assert!(lines[1].ends_with("closed Finished after 20000 octets"), "{lines:?}");
    assert_eq!(lines.len(), 2);
}

#[test]
fn a_closed_port_refuses_and_a_host_that_is_down_keeps_silent() {
    let (mut closed, log) = world(LinkConfig::default(), &[0], 8, 1);
    closed.run(SimTime::MAX);
    assert_eq!(lines(&log), ["0.040000000 closed Refused after 0 octets"]);

    let (mut down, log) = world(LinkConfig::default(), &[1], 7, 1);
    let echo = down.node("echo").unwrap();
    down.begin(SimTime::ZERO + Duration::from_millis(500), Fault::Crash(echo));
    down.run(SimTime::MAX);
    let lines = lines(&log);
    assert_eq!(lines.len(), 1);
    assert!(lines[0].ends_with("closed TimedOut after 0 octets"), "{lines:?}");
}

#[test]
fn a_crash_forgets_connections_and_a_restart_answers_them_with_reset() {
    let (mut world, log) = world(LinkConfig::default(), &[0, 10], 7, 1);
    let echo = world.node("echo").unwrap();
    // The first connection stands (SYN, SYN-ACK: 40 ms) when the host goes down for a second.
    world.begin(SimTime::from_millis(45), Fault::Crash(echo));
    world.restart(SimTime::from_millis(1_045), echo);
    world.run(SimTime::MAX);
    let lines = lines(&log);
    assert!(lines.iter().any(|line| line.contains("closed Reset")), "{lines:?}");
    assert!(lines.last().unwrap().ends_with("closed Finished after 20000 octets"), "{lines:?}");
    let facts: Vec<_> = world.records().iter().map(|record| &record.fact).collect();
    assert!(facts.iter().any(|fact| matches!(fact, Fact::Crashed)));
    assert!(facts.iter().any(|fact| matches!(fact, Fact::Restarted)));
}

#[test]
fn a_cut_link_loses_packets_and_a_healed_one_lets_tcp_go_on() {
    let (mut world, log) = world(LinkConfig::default(), &[0], 7, 1);
    let link = world.links_between(world.node("r").unwrap(), world.node("echo").unwrap())[0];
    world.begin(SimTime::from_millis(5), Fault::Cut { links: vec![link], ways: Ways::Both });
    world.heal(SimTime::from_secs(2), link);
    world.run(SimTime::MAX);
    let lines = lines(&log);
    assert_eq!(lines.len(), 1, "{lines:?}"); // the datagram is gone, the stream is not
    assert!(lines[0].ends_with("closed Finished after 20000 octets"));
}

#[test]
fn what_two_faults_hold_comes_back_with_the_end_of_the_second() {
    let (mut world, log) = world(LinkConfig::default(), &[0, 2, 4], 7, 1);
    let (router, echo) = (world.node("r").unwrap(), world.node("echo").unwrap());
    let link = world.links_between(router, echo)[0];
    let cut = |ways| Fault::Cut { links: vec![link], ways };
    let back = world.begin(SimTime::from_secs(1), cut(Ways::Backward));
    let both = world.begin(SimTime::from_millis(1_500), cut(Ways::Both));
    let crash = world.begin(SimTime::from_millis(1_600), Fault::Crash(echo));
    let again = world.begin(SimTime::from_millis(1_700), Fault::Crash(echo));
    let never = world.begin(SimTime::from_secs(4), Fault::Crash(echo));
    for (at, fault) in
        [(2_500, back), (2_600, crash), (2_700, never), (3_100, both), (3_200, again)]
    {
        world.end(SimTime::from_millis(at), fault);
    }
    world.run(SimTime::MAX);
    let datagrams = lines(&log).iter().filter(|line| line.contains("datagram")).count();
    assert_eq!(datagrams, 2, "{:?}", lines(&log));
    let facts: Vec<_> = world.records().iter().map(|record| (record.time, &record.fact)).collect();
    let at = |ms, wanted: &dyn Fn(&Fact) -> bool| {
        facts.iter().any(|(time, fact)| *time == SimTime::from_millis(ms) && wanted(fact))
    };
    assert!(at(1_000, &|fact| matches!(fact, Fact::Cut(_, Ways::Backward))));
    assert!(at(1_500, &|fact| matches!(fact, Fact::Cut(_, Ways::Forward))));
    assert!(at(3_100, &|fact| matches!(fact, Fact::Healed(_, Ways::Both))));
    assert!(at(3_200, &|fact| matches!(fact, Fact::Restarted)));
    let changes = |wanted: fn(&Fact) -> bool| facts.iter().filter(|(_, fact)| wanted(fact)).count();
    assert_eq!(changes(|fact| matches!(fact, Fact::Healed(..))), 1);
    assert_eq!(changes(|fact| matches!(fact, Fact::Crashed | Fact::Restarted)), 2);
}

#[test]
fn a_lossy_link_loses_packets_but_no_octets_of_a_stream() {
    for seed in 1..=20 {
        let lossy = LinkConfig { loss: 0.1.into(), ..LinkConfig::default() };
        let (mut world, log) = world(lossy, &[0], 7, seed);
        world.run(SimTime::MAX);
        let lines = lines(&log);
        let last = lines.last().unwrap();
        assert!(last.ends_with("after 20000 octets"), "seed {seed}: {lines:?}");
        let lost = world.records().iter().filter(|record| matches!(record.fact, Fact::Lost { .. }));
        assert!(lost.count() > 0);
    }
}

#[test]
fn a_narrow_link_on_the_way_lowers_the_segments() {
    let log = Log::default();
    let of_caller = log.clone();
    let to = "192.0.2.2:7".parse().unwrap();
    let mut parts = WorldBuilder::new(Seed(1));
    parts
        .host(HostConfig::new("caller").address("192.0.2.1".parse().unwrap()).actor(move || {
            let text = Bytes::from(vec![b'x'; 20_000]);
            Caller { to, at: vec![SimTime::ZERO], text, log: of_caller.clone(), seen: 0 }
        }))
        .host(HostConfig::new("echo").address("192.0.2.2".parse().unwrap()).actor(|| Echo))
        .router("r")
        .router("s")
        .link("caller", "r", LinkConfig::default())
        .link("r", "s", LinkConfig { mtu_octets: 600, ..LinkConfig::default() })
        .link("s", "echo", LinkConfig::default());
    let mut world = parts.build().unwrap();
    world.run(SimTime::MAX);
    assert!(lines(&log).last().unwrap().ends_with("after 20000 octets"));
}

#[test]
fn one_seed_is_one_history_and_watching_changes_nothing() {
    let run = |seed: u64, watched: bool| {
        let log = Log::default();
        let of_caller = log.clone();
        let to = "192.0.2.2:7".parse().unwrap();
        let lossy = LinkConfig { loss: 0.1.into(), ..LinkConfig::default() };
        let mut parts = WorldBuilder::new(Seed(seed));
        parts
            .watched(watched)
            .host(HostConfig::new("caller").address("192.0.2.1".parse().unwrap()).actor(
                move || {
                    let text = Bytes::from(vec![b'x'; 20_000]);
                    Caller { to, at: vec![SimTime::ZERO], text, log: of_caller.clone(), seen: 0 }
                },
            ))
            .host(HostConfig::new("echo").address("192.0.2.2".parse().unwrap()).actor(|| Echo))
            .link("caller", "echo", lossy);
        let mut world = parts.build().unwrap();
        world.run(SimTime::MAX);
        (world.fingerprint(), world.events(), world.last_activity())
    };
    assert_eq!(run(1, true), run(1, true));
    assert_eq!(run(1, true), run(1, false));
    assert_ne!(run(1, true).0, run(2, true).0);
}

#[test]
fn a_run_in_parts_is_the_run_in_one() {
    let lossy = LinkConfig { loss: 0.1.into(), ..LinkConfig::default() };
    let run = |horizons: &[SimTime]| {
        let (mut world, log) = world(lossy.clone(), &[0, 1, 3], 7, 1);
        let link = world.links_of(world.node("echo").unwrap())[0];
        world
            .begin(SimTime::from_millis(1_100), Fault::Cut { links: vec![link], ways: Ways::Both });
        world.heal(SimTime::from_millis(2_000), link);
        for horizon in horizons {
            world.run(*horizon);
        }
        assert_eq!(world.run(SimTime::MAX), Ended::Idle);
        (world.fingerprint(), world.events(), world.last_activity(), lines(&log))
    };
    let whole = run(&[]);
    let steps: Vec<_> = (0..400).map(|step| SimTime::from_millis(step * 13)).collect();
    assert_eq!(run(&steps), whole);
    assert_eq!(run(&[SimTime::from_secs(2), SimTime::ZERO]), whole);
}

/// Everything that happened at these nodes, with names for what a world numbers in its own way.
fn told(world: &World, names: &[&str]) -> Vec<String> {
    let of = |record: &&Record| names.contains(&world.name(record.id.node));
    let line = |record: &Record| {
        let cause = record.cause.map(|cause| (world.name(cause.node), cause.count));
        let name = (world.name(record.id.node), record.id.count);
        format!("{} {name:?} {cause:?} {:?}", record.time, record.fact)
    };
    world.records().iter().filter(of).map(line).collect()
}

#[test]
fn a_host_a_router_and_a_link_more_change_nothing_for_the_others() {
    let run = |more: bool| {
        let wild = Latency::LogNormal {
            median: Duration::from_millis(10),
            sigma: 0.5,
            least: Duration::from_millis(1),
        };
        let link =
            Arc::new(LinkConfig { loss: 0.1.into(), latency: wild, ..LinkConfig::default() });
        let link = || Arc::clone(&link);
        let log = Log::default();
        let of_caller = log.clone();
        let caller = move |to: &str| {
            let (to, log) = (to.parse().unwrap(), of_caller.clone());
            let at = [0, 1, 2].map(SimTime::from_secs).into();
            Caller { to, at, text: Bytes::from(vec![b'x'; 20_000]), log, seen: 0 }
        };
        let other = caller.clone();
        let mut parts = WorldBuilder::new(Seed(1));
        let host =
            |name: &str, address: &str| HostConfig::new(name).address(address.parse().unwrap());
        parts
            .host(host("caller", "192.0.2.1").actor(move || caller("192.0.2.2:7")))
            .host(host("echo", "192.0.2.2").actor(|| Echo))
            .router("r")
            .router("s")
            .link("caller", "r", link())
            .link("r", "s", link())
            .link("s", "echo", link());
        if more {
            parts
                .host(host("more", "192.0.2.3").actor(move || other("192.0.2.4:7")))
                .host(host("mirror", "192.0.2.4").actor(|| Echo))
                .router("t")
                .link("more", "t", link())
                .link("t", "mirror", link())
                .link("t", "s", link());
        }
        let mut world = parts.build().unwrap();
        world.run(SimTime::MAX);
        assert_eq!(world.records().iter().any(|record| world.name(record.id.node) == "more"), more);
        told(&world, &["caller", "echo", "r", "s"])
    };
    let alone = run(false);
    assert!(alone.len() > 50);
    assert_eq!(alone, run(true));
}

#[test]
fn a_router_that_crashes_forwards_nothing_until_it_is_back() {
    let (mut world, log) = world(LinkConfig::default(), &[1], 7, 1);
    let router = world.node("r").unwrap();
    world.begin(SimTime::from_millis(1_005), Fault::Crash(router));
    world.begin(SimTime::from_millis(1_006), Fault::Crash(router));
    world.restart(SimTime::from_millis(1_500), router);
    world.restart(SimTime::from_millis(1_501), router);
    world.run(SimTime::MAX);
    let lines = lines(&log);
    assert_eq!(lines.len(), 1, "{lines:?}"); // the datagram was on its way to it
    assert!(lines[0].ends_with("closed Finished after 20000 octets"), "{lines:?}");
    let facts = |wanted: fn(&Fact) -> bool| {
        world.records().iter().filter(|record| wanted(&record.fact)).count()
    };
    assert_eq!(facts(|fact| matches!(fact, Fact::Crashed)), 1);
    assert_eq!(facts(|fact| matches!(fact, Fact::Restarted)), 1);
    assert!(facts(|fact| matches!(fact, Fact::Lost { why: Loss::HostDown, .. })) >= 2);
}

#[test]
fn controls_of_what_is_so_already_do_nothing() {
    let (mut world, log) = world(LinkConfig::default(), &[0], 7, 1);
    let (echo, caller) = (world.node("echo").unwrap(), world.node("caller").unwrap());
    let link = world.links_of(echo)[0];
    world.restart(SimTime::ZERO, caller);
    world.heal(SimTime::from_millis(1), link);
    world.restart(SimTime::from_millis(2), echo);
    world.run(SimTime::MAX);
    assert_eq!(lines(&log).len(), 2);
    let no_change = |record: &Record| {
        !matches!(record.fact, Fact::Healed(..) | Fact::Restarted | Fact::Crashed)
    };
    assert!(world.records().iter().all(no_change));
}

#[test]
fn a_host_that_is_down_from_the_start_comes_up_later() {
    let (mut world, log) = world(LinkConfig::default(), &[0, 10], 7, 1);
    let caller = world.node("caller").unwrap();
    world.begin(SimTime::ZERO, Fault::Crash(caller));
    world.begin(SimTime::ZERO, Fault::Crash(caller));
    world.restart(SimTime::from_secs(5), caller);
    world.run(SimTime::MAX);
    let lines = lines(&log);
    // It sets its timers when it comes up: the one for 0 s fires at once.
    assert!(lines[0].starts_with("5.04"), "{lines:?}");
    assert_eq!(lines.len(), 4, "{lines:?}");
}

#[test]
fn what_is_under_way_when_a_link_is_cut_arrives() {
    let (mut world, log) = world(LinkConfig::default(), &[0], 7, 1);
    let echo = world.node("echo").unwrap();
    let link = world.links_of(echo)[0];
    // The datagram leaves r at 10 ms and is on this link until 20 ms; its answer is lost.
    world.begin(SimTime::from_millis(15), Fault::Cut { links: vec![link], ways: Ways::Both });
    world.run(SimTime::from_millis(500));
    let seen = world
        .records()
        .iter()
        .any(|record| record.id.node == echo && matches!(record.fact, Fact::Datagram { .. }));
    assert!(seen);
    assert!(lines(&log).is_empty(), "{:?}", lines(&log));
}

#[test]
fn routes_follow_a_link_that_became_slow() {
    let ms = |ms: u64| LinkConfig {
        latency: Latency::Constant(Duration::from_millis(ms)),
        ..LinkConfig::default()
    };
    let log = Log::default();
    let of_caller = log.clone();
    let mut parts = WorldBuilder::new(Seed(1));
    parts
        .host(HostConfig::new("caller").address("192.0.2.1".parse().unwrap()).actor(move || {
            let at = [0, 2].map(SimTime::from_secs).into();
            let to = "192.0.2.2:7".parse().unwrap();
            Caller { to, at, text: Bytes::from_static(b"x"), log: of_caller.clone(), seen: 0 }
        }))
        .host(HostConfig::new("echo").address("192.0.2.2".parse().unwrap()).actor(|| Echo))
        .router("r")
        .router("s")
        .router("t")
        .link("caller", "r", ms(1))
        .link("r", "s", ms(1))
        .link("r", "t", ms(5))
        .link("t", "s", ms(5))
        .link("s", "echo", ms(1));
    let mut world = parts.build().unwrap();
    let direct = world.links_between(world.node("r").unwrap(), world.node("s").unwrap())[0];
    let slower = LinkPatch { latency: Some(ms(500).latency), ..LinkPatch::default() };
    let slow = Fault::Change { link: direct, patches: Box::new([slower.clone(), slower]) };
    world.begin(SimTime::from_secs(1), slow);
    world.run(SimTime::MAX);
    let lines = lines(&log);
    let pings: Vec<_> = lines.iter().filter(|line| line.contains("datagram")).collect();
    assert_eq!(pings, ["0.006000000 datagram ping", "2.024000000 datagram ping"]);
}

#[test]
fn a_builder_tells_everything_that_is_wrong() {
    let address = "192.0.2.1".parse().unwrap();
    let mut parts = WorldBuilder::new(Seed(1));
    parts
        .host(HostConfig::new("a").address(address))
        .host(HostConfig::new("a").address(address))
        .link("a", "a", LinkConfig::default())
        .link("a", "c", LinkConfig { loss: 1.5.into(), ..LinkConfig::default() });
    let errors: Vec<_> = match parts.build() {
        Ok(_) => panic!("a world of mistakes was built"),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    };
    assert_eq!(
        errors,
        [
            "two nodes are named \"a\"",
            "\"a\" and \"a\" have one address, 192.0.2.1",
            "a link joins \"a\" with itself",
            "no host or router is named \"c\"",
            "a probability of link a-c is not from 0 to 1",
        ]
    );
}

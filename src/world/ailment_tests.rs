//! Hosts that stand still, have no descriptors, or wait for their disk, with a small program on them.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::engine::{Seed, SimTime, Skew};
use crate::net::{Latency, LinkConfig, Loss, NodeId};

type Log = Arc<Mutex<Vec<String>>>;

/// Writes down what it sees, which is at port 7 and at each second of its first five.
struct Scribe {
    name: &'static str,
    log: Log,
    answers: bool,
}

impl Scribe {
    fn note(&self, ctx: &Ctx<'_>, what: &str) {
        let millis = ctx.now().as_nanos() / 1_000_000;
        self.log.lock().unwrap().push(format!("{millis} {} {what}", self.name));
    }
}

impl Actor for Scribe {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        assert!(ctx.bind_udp(7) && ctx.listen(7));
        for second in 1..=5 {
            if SimTime::from_secs(second) > ctx.now() && self.answers {
                ctx.set_timer(SimTime::from_secs(second), TimerToken(second));
            }
        }
        self.note(ctx, "starts");
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        match event {
            Event::Datagram { payload, .. } => {
                self.note(ctx, &format!("datagram of {}", payload.len()));
            }
            Event::Timer(TimerToken(second)) => self.note(ctx, &format!("timer {second}")),
            Event::Stream(connection, StreamEvent::Accepted { .. }) => {
                self.note(ctx, "accepted");
                if self.answers {
                    // The greeting waits for the disk.
                    let written = ctx.write();
                    ctx.hold(connection, written);
                    ctx.send(connection, Bytes::from_static(b"hello"));
                }
            }
            Event::Stream(_, StreamEvent::Data(octets)) => {
                self.note(ctx, &format!("octets {}", octets.len()));
            }
            Event::Stream(connection, StreamEvent::Eof) => {
                self.note(ctx, "eof");
                ctx.close(connection);
            }
            Event::Stream(_, StreamEvent::Opened) => self.note(ctx, "opened"),
            Event::Stream(_, StreamEvent::Closed(reason)) => {
                self.note(ctx, &format!("closed {reason:?}"));
            }
            _ => {}
        }
    }
}

struct Stage {
    world: World,
    log: Log,
    server: NodeId,
    client: NodeId,
}

/// client - server, 10 ms apart.
fn stage() -> Stage {
    let log = Log::default();
    let host = |name: &'static str, address: &str| {
        let log = log.clone();
        HostConfig::new(name).address(address.parse().unwrap()).actor(move || Scribe {
            name,
            log: log.clone(),
            answers: name == "server",
        })
    };
    let mut parts = WorldBuilder::new(Seed(1));
    parts.host(host("client", "192.0.2.1")).host(host("server", "192.0.2.2"));
    parts.link("client", "server", LinkConfig::default());
    let world = parts.build().unwrap();
    let (client, server) = (world.node("client").unwrap(), world.node("server").unwrap());
    Stage { world, log, server, client }
}

const ALL: Duration = Duration::from_secs(3_600);

fn at(millis: u64) -> SimTime {
    SimTime::from_millis(millis)
}

impl Stage {
    /// The server ails from a time to a time.
    fn ails(&mut self, ailment: Ailment, from: u64, until: u64) {
        let fault = self.world.begin(at(from), Fault::Ail { host: self.server, ailment });
        self.world.end(at(until), fault);
    }

    /// The client's program connects to the server at a time and sends so many octets.
    fn connects(&mut self, millis: u64, octets: usize) {
        let to: SocketAddr = "192.0.2.2:7".parse().unwrap();
        self.on_client(millis, move |ctx| {
            ctx.actor = 0;
            let connection = ctx.connect(to).unwrap();
            ctx.send(connection, Bytes::from(vec![b'x'; octets]));
        });
    }

    /// The client sends a datagram of so many octets at a time.
    fn sends(&mut self, millis: u64, octets: usize) {
        let to: SocketAddr = "192.0.2.2:7".parse().unwrap();
        self.on_client(millis, move |ctx| {
            ctx.send_udp(7, to, Bytes::from(vec![b'x'; octets])).unwrap();
        });
    }

    fn on_client(&mut self, millis: u64, act: impl FnOnce(&mut Ctx<'_>) + Send + 'static) {
        self.world.act(at(millis), self.client, Box::new(act));
    }

    /// What the two saw, after the start.
    fn play(&mut self) -> Vec<String> {
        self.world.run(SimTime::ZERO + ALL);
        let log = self.log.lock().unwrap();
        log.iter().filter(|line| !line.starts_with("0 ")).cloned().collect()
    }

    fn changes(&self) -> Vec<String> {
        let facts = self.world.records().iter().filter_map(|record| match &record.fact {
            Fact::Condition(change) => Some((record.time, change.to_string())),
            Fact::Crashed => Some((record.time, "crashed".to_owned())),
            Fact::Restarted => Some((record.time, "restarted".to_owned())),
            _ => None,
        });
        facts.map(|(time, text)| format!("{} {text}", time.as_nanos() / 1_000_000)).collect()
    }

    fn lost(&self, wanted: Loss) -> usize {
        let lost =
            |record: &&Record| matches!(record.fact, Fact::Lost { why, .. } if why == wanted);
        self.world.records().iter().filter(lost).count()
    }
}

/// What stands in a log of the server's alone.
fn of_server(lines: &[String]) -> Vec<&str> {
    lines.iter().map(String::as_str).filter(|line| line.contains(" server ")).collect()
}

#[test]
fn programs_that_were_paused_see_what_came_in_order() {
    let mut stage = stage();
    stage.ails(Ailment::Paused, 500, 3_500);
    stage.connects(1_500, 3);
    stage.sends(1_800, 9);
    let lines = stage.play();
    // The kernel takes the connection at once.
    assert_eq!(lines[0], "1520 client opened");
    assert_eq!(
        of_server(&lines),
        [
            "3500 server timer 1",
            "3500 server datagram of 9",
            "3500 server timer 2",
            "3500 server timer 3",
            "3500 server accepted",
            "3500 server octets 3",
            "4000 server timer 4",
            "5000 server timer 5",
        ]
    );
    assert_eq!(stage.changes(), ["500 programs paused", "3500 programs resumed"]);
}

#[test]
fn a_frozen_host_answers_nothing_and_makes_up_for_all_of_it() {
    let mut stage = stage();
    stage.ails(Ailment::Frozen, 500, 3_500);
    stage.connects(1_500, 3);
    stage.sends(1_800, 9);
    let lines = stage.play();
    assert_eq!(
        of_server(&lines)[..4],
        [
            "3500 server timer 1",
            "3500 server datagram of 9",
            "3500 server timer 2",
            "3500 server timer 3",
        ]
    );
    // The SYN was in the ring, and so was the one that the client sent after a second.
    assert!(lines.contains(&"3510 client opened".to_owned()), "{lines:?}");
    assert!(lines.contains(&"3520 server accepted".to_owned()), "{lines:?}");
    assert_eq!(stage.changes(), ["500 host frozen", "3500 host thawed"]);
}

#[test]
fn what_waits_for_programs_and_hosts_is_bounded() {
    let mut paused = stage();
    paused.ails(Ailment::Paused, 500, 3_500);
    let mut frozen = stage();
    frozen.ails(Ailment::Frozen, 500, 3_500);
    for stage in [&mut paused, &mut frozen] {
        (0..300).for_each(|_| stage.sends(1_000, 1_000));
    }
    let seen = |stage: &mut Stage| {
        stage.play().iter().filter(|line| line.contains("datagram of 1000")).count()
    };
    assert_eq!(seen(&mut paused), 212); // 212,992 octets
    assert_eq!(paused.lost(Loss::BufferFull), 88);
    assert_eq!(seen(&mut frozen), 256);
    assert_eq!(frozen.lost(Loss::BufferFull), 44);
}

#[test]
fn a_backlog_is_bounded_and_the_rest_come_later() {
    let mut stage = stage();
    stage.ails(Ailment::Paused, 500, 3_500);
    for millis in 0..140 {
        stage.connects(1_000 + 50 * (millis / 70), 0);
    }
    let lines = stage.play();
    assert_eq!(
        stage.lost(Loss::BacklogFull),
        24,
        "140 came, 128 wait; a SYN each, and another after a second"
    );
    let accepted = |millis: u64| {
        let line = format!("{millis} server accepted");
        lines.iter().filter(|other| **other == line).count()
    };
    assert_eq!(accepted(3_500), 128);
    assert_eq!(lines.iter().filter(|line| line.ends_with("server accepted")).count(), 140);
}

#[test]
fn the_window_of_a_paused_program_closes_and_opens_again() {
    let mut stage = stage();
    stage.ails(Ailment::Paused, 1_005, 60_000);
    stage.connects(1_000, 3_000_000);
    stage.world.run(at(59_000));
    let octets = |log: &Log, from: u64| -> usize {
        let log = log.lock().unwrap();
        let octets = log.iter().filter_map(|line| {
            let (millis, octets) = line.split_once(" server octets ")?;
            (millis.parse::<u64>().unwrap() >= from).then(|| octets.parse::<usize>().unwrap())
        });
        octets.sum()
    };
    assert_eq!(octets(&stage.log, 0), 0);
    stage.world.run(at(60_000));
    // What lay in the buffer comes at once.
    let buffered = octets(&stage.log, 60_000);
    let window = crate::net::tcp::Config::default().receive_window as usize;
    assert!((window - 1_500..=window + 128).contains(&buffered), "{buffered} of {window}");
    stage.play();
    assert_eq!(octets(&stage.log, 0), 3_000_000);
}

#[test]
fn a_host_that_comes_up_while_it_stands_still_starts_when_it_goes_on() {
    let mut stage = stage();
    stage.ails(Ailment::Paused, 500, 2_500);
    stage.ails(Ailment::Frozen, 600, 3_500);
    let server = stage.server;
    let crash = stage.world.begin(at(1_000), Fault::Crash(server));
    stage.world.end(at(1_500), crash);
    stage.connects(1_200, 3);
    let lines = stage.play();
    assert_eq!(of_server(&lines)[0], "3500 server starts");
    assert_eq!(
        stage.changes(),
        [
            "500 programs paused",
            "600 host frozen",
            "1000 crashed",
            "2500 programs resumed",
            "3500 host thawed",
            "3500 restarted",
        ]
    );
}

#[test]
fn a_host_that_is_frozen_from_the_start_starts_later() {
    for ailment in [Ailment::Frozen, Ailment::Paused] {
        let mut stage = stage();
        stage.ails(ailment, 0, 1_500);
        let lines = stage.play();
        assert_eq!(of_server(&lines)[..2], ["1500 server starts", "2000 server timer 2"]);
    }
}

#[test]
fn a_client_without_a_descriptor_waits_or_is_refused() {
    for (then, wanted) in
        [(Excess::Wait, "1060 client opened"), (Excess::Refuse, "1060 client closed Refused")]
    {
        let mut stage = stage();
        stage.ails(Ailment::Descriptors { most: 1, then }, 500, 100_000);
        let to: SocketAddr = "192.0.2.2:7".parse().unwrap();
        stage.on_client(1_000, move |ctx| {
            ctx.actor = 0;
            let first = ctx.connect(to).unwrap();
            assert_eq!(first.slot, 0);
        });
        stage.connects(1_040, 3);
        // The first hangs up.
        stage.on_client(1_500, move |ctx| ctx.close(ConnId { slot: 0, generation: 0 }));
        let lines = stage.play();
        assert!(lines.contains(&wanted.to_owned()), "{lines:?}");
        let accepted: Vec<_> =
            lines.iter().filter(|line| line.ends_with("server accepted")).collect();
        assert_eq!(accepted[0], "1030 server accepted");
        match then {
            Excess::Wait => assert!(accepted[1].as_str() >= "1510", "{accepted:?}"),
            Excess::Refuse => assert_eq!(accepted.len(), 1),
        }
        let octets = lines.iter().any(|line| line.ends_with("server octets 3"));
        assert_eq!(octets, then == Excess::Wait);
    }
}

#[test]
fn a_host_without_descriptors_cannot_ask_either() {
    let mut stage = stage();
    let few = Ailment::Descriptors { most: 1, then: Excess::Wait };
    let (client, to) = (stage.client, "192.0.2.2:7".parse::<SocketAddr>().unwrap());
    let fault = stage.world.begin(at(500), Fault::Ail { host: client, ailment: few });
    stage.world.end(at(2_000), fault);
    stage.on_client(1_000, move |ctx| {
        let port = ctx.bind_any_udp().unwrap();
        assert_eq!(ctx.bind_any_udp(), None);
        assert_eq!(ctx.connect(to), Err(NoSocket::NoDescriptor));
        ctx.unbind_udp(port);
    });
    stage.on_client(1_001, move |ctx| assert!(ctx.connect(to).is_ok()));
    stage.on_client(1_002, move |ctx| assert!(ctx.connect(to).is_err()));
    stage.on_client(2_001, move |ctx| assert!(ctx.connect(to).is_ok()));
    stage.play();
}

#[test]
fn who_waits_for_the_disk_says_nothing_and_hears_nothing() {
    let mut stage = stage();
    let write = Latency::Constant(Duration::from_secs(1));
    stage.ails(Ailment::SlowDisk { write }, 500, 10_000);
    // Two greetings, each after its own write, and what the clients say meanwhile.
    for (slot, octets) in [(0, 3), (1, 4)] {
        stage.connects(1_000 + 100 * u64::from(slot), 0);
        stage.on_client(1_500, move |ctx| {
            let id = ConnId { slot, generation: 0 };
            ctx.send(id, Bytes::from(vec![b'x'; octets]));
        });
    }
    let lines = stage.play();
    let of_streams: Vec<_> = lines
        .iter()
        .map(String::as_str)
        .filter(|line| line.contains("octets") || line.contains("accepted"))
        .collect();
    assert_eq!(
        of_streams,
        [
            "1030 server accepted",
            "1130 server accepted",
            "2030 server octets 3",
            "2040 client octets 5",
            "3030 server octets 4",
            "3040 client octets 5",
        ]
    );
}

#[test]
fn the_clock_of_one_host_is_its_own() {
    let mut stage = stage();
    let ahead = Skew::ahead(Duration::from_secs(3_600));
    stage.ails(Ailment::Clock { ahead, drift_ppm: 0 }, 500, 2_000);
    let (server, client) = (stage.server, stage.client);
    let right = |world: &World, millis: u64| world.epoch().at(at(millis)).0;
    for (host, millis, wrong) in
        [(server, 100, 0), (server, 1_000, 3_600), (client, 1_000, 0), (server, 3_000, 0)]
    {
        let wanted = right(&stage.world, millis) + wrong;
        stage.world.act(
            at(millis),
            host,
            Box::new(move |ctx| {
                assert_eq!(ctx.date().0, wanted);
                assert_eq!(ctx.epoch().at(ctx.now()).0, wanted);
                assert_eq!(ctx.skew().0, wrong * 1_000_000_000);
            }),
        );
    }
    stage.play();
    assert_eq!(
        stage.changes(),
        [
            "500 clock stepped by +3600 s: it is off by +3600 s",
            "2000 clock stepped by -3600 s: it is right"
        ]
    );
}

#[test]
fn one_seed_is_one_history_with_ailments_too() {
    let run = || {
        let mut stage = stage();
        let write = Latency::Uniform { least: Duration::ZERO, most: Duration::from_millis(700) };
        stage.ails(Ailment::Paused, 1_000, 2_000);
        stage.ails(Ailment::Frozen, 1_500, 2_700);
        stage.ails(Ailment::SlowDisk { write }, 0, 5_000);
        (0..20).for_each(|count| stage.connects(900 + 100 * count, 5_000));
        let lines = stage.play();
        (lines, stage.world.fingerprint())
    };
    assert_eq!(run(), run());
}

#[test]
fn a_program_that_is_restarted_forgets_and_the_host_does_not() {
    let mut stage = stage();
    stage.connects(1_000, 3);
    let server = stage.server;
    for millis in [2_500, 3_500] {
        stage.world.restart_program(at(millis), server, 0, "scribe");
    }
    // A host that is down has nothing to restart.
    let crash = stage.world.begin(at(6_000), Fault::Crash(server));
    stage.world.end(at(8_000), crash);
    stage.world.restart_program(at(7_000), server, 0, "scribe");
    stage.connects(4_100, 4);
    let lines = stage.play();
    assert_eq!(
        of_server(&lines),
        [
            "1000 server timer 1",
            "1030 server accepted",
            "1030 server octets 3",
            "2000 server timer 2",
            "2500 server starts",
            // What the first one had asked for is nobody's.
            "3000 server timer 3",
            "3500 server starts",
            "4000 server timer 4",
            "4130 server accepted",
            "4130 server octets 4",
            "5000 server timer 5",
            "8000 server starts",
        ]
    );
    assert!(lines.contains(&"2510 client eof".to_owned()), "{lines:?}");
    assert_eq!(
        stage.changes(),
        ["2500 scribe restarted", "3500 scribe restarted", "6000 crashed", "8000 restarted"]
    );
}

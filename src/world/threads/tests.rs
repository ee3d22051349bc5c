//! Worlds on several threads against the same worlds on one.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::engine::{Seed, Stream};
use crate::net::{Latency, LinkConfig, LinkPatch, Unreachable, Ways};
use crate::world::fold::Fold;
use crate::world::kind::{Kind, Kinds};
use crate::world::{
    Actor, Ailment, Ctx, Ended, Event, Fault, Flap, HostConfig, Note, Partition, StreamEvent,
    TimerToken, WorldBuilder,
};

const MS: Duration = Duration::from_millis(1);

/// Tells random others what it heard, by datagrams and over connections, and notes what it hears.
struct Gossip {
    hosts: u32,
    draws: Option<Stream>,
    rounds: u32,
}

fn address(host: u32) -> IpAddr {
    Ipv4Addr::from((10 << 24) + host + 1).into()
}

impl Gossip {
    fn draw(&mut self, ctx: &Ctx<'_>, bound: u64) -> u64 {
        self.draws.get_or_insert_with(|| ctx.stream("gossip")).below(bound)
    }

    fn somebody(&mut self, ctx: &Ctx<'_>) -> SocketAddr {
        let hosts = u64::from(self.hosts);
        SocketAddr::new(address(self.draw(ctx, hosts) as u32), 7)
    }
}

impl Actor for Gossip {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        assert!(ctx.bind_udp(7) && ctx.listen(7));
        ctx.set_timer(ctx.now() + MS, TimerToken(0));
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        ctx.count(Kind::DnsQuery, 1);
        match event {
            Event::Timer(_) => {
                let to = self.somebody(ctx);
                match self.draw(ctx, 3) {
                    0 => drop(ctx.connect(to)),
                    _ => drop(ctx.send_udp(7, to, Bytes::from(vec![b'u'; 100]))),
                }
                self.rounds = self.rounds.saturating_sub(1);
                if self.rounds > 0 {
                    // Often many in one instant.
                    let wait = MS * self.draw(ctx, 4) as u32;
                    ctx.set_timer(ctx.now() + wait, TimerToken(0));
                }
            }
            Event::Datagram { from, payload, .. } => {
                ctx.note(Kind::Remark, || Note::Remark(format!("heard {from}")));
                if self.draw(ctx, 4) > 0 && payload.len() > 1 {
                    let to = self.somebody(ctx);
                    let sent = ctx.send_udp(7, to, payload.slice(..payload.len() / 2));
                    sent.expect("hosts have addresses");
                }
            }
            Event::Stream(connection, StreamEvent::Opened) => {
                ctx.send(connection, Bytes::from(vec![b't'; 3_000]));
            }
            Event::Stream(connection, StreamEvent::Data(octets)) => {
                ctx.note(Kind::Remark, || Note::Remark(format!("read {}", octets.len())));
                if self.draw(ctx, 3) == 0 {
                    ctx.send(connection, octets.slice(..octets.len() / 2));
                } else {
                    ctx.close(connection);
                }
            }
            Event::Stream(connection, StreamEvent::Eof) => ctx.close(connection),
            _ => {}
        }
    }
}

/// A world of routers in a ring with cords, and hosts at them, drawn from a seed; with faults.
#[derive(Debug, Clone)]
struct Sketch {
    seed: u64,
    hosts: u32,
    routers: u32,
    faults: u32,
    records_limit: usize,
}

impl Sketch {
    fn link(draws: &mut Stream) -> LinkConfig {
        let micros = |draws: &mut Stream, most| Duration::from_micros(draws.below(most));
        let latency = match draws.below(6) {
            0 => Latency::Constant(Duration::ZERO),
            1 => Latency::Constant(micros(draws, 100)),
            2 | 3 => Latency::Constant(MS * (1 + draws.below(4) as u32)),
            4 => Latency::Uniform { least: micros(draws, 2_000), most: 3 * MS },
            _ => Latency::Exponential { mean: 4 * MS, least: micros(draws, 2_000) },
        };
        let share = |draws: &mut Stream| if draws.chance(0.2) { 0.1 } else { 0.0 };
        LinkConfig {
            latency,
            loss: share(draws).into(),
            duplicate: share(draws),
            corrupt: share(draws),
            reorder: share(draws),
            unordered: draws.chance(0.2),
            bandwidth_bps: draws.chance(0.3).then_some(2_000_000),
            ..LinkConfig::default()
        }
    }

    fn world(&self) -> World {
        let draws = &mut Seed(self.seed).stream("sketch");
        let Sketch { hosts, routers, .. } = *self;
        let mut parts = WorldBuilder::new(Seed(self.seed));
        parts.records_limit(self.records_limit).unreachable(Unreachable::Prohibit);
        parts.convergence(if draws.chance(0.5) { 5 * MS } else { Duration::ZERO });
        for router in 0..routers {
            parts.router(format!("r{router}"));
            let next = (router + 1) % routers;
            if next != router {
                parts.link(format!("r{router}"), format!("r{next}"), Self::link(draws));
            }
        }
        for host in 0..hosts {
            let actor = move || Gossip { hosts, draws: None, rounds: 12 };
            parts.host(HostConfig::new(format!("h{host}")).address(address(host)).actor(actor));
            for _ in 0..1 + draws.below(2) {
                let router = draws.below(u64::from(routers));
                parts.link(format!("h{host}"), format!("r{router}"), Self::link(draws));
            }
        }
        let mut world = parts.build().unwrap();
        for _ in 0..self.faults {
            let fault = self.fault(&world, draws);
            let at = SimTime::ZERO + Duration::from_micros(draws.below(60_000));
            let fault = world.begin(at, fault);
            world.end(at + Duration::from_micros(draws.below(40_000)), fault);
        }
        world
    }

    fn fault(&self, world: &World, draws: &mut Stream) -> Fault {
        let node = NodeId(draws.below(u64::from(self.hosts + self.routers)) as u32);
        let host = NodeId(draws.below(u64::from(self.hosts)) as u32);
        let links = world.links_of(node);
        let Some(link) = links.first().copied() else { return Fault::Crash(node) };
        match draws.below(7) {
            0 => Fault::Crash(node),
            1 => Fault::Cut { links, ways: Ways::Both },
            2 => Fault::Hold { links, ways: Ways::Forward },
            3 => {
                let patch = LinkPatch {
                    latency: Some(Self::link(draws).latency),
                    extra_delay: Duration::from_micros(draws.below(500)),
                    ..LinkPatch::default()
                };
                Fault::Change { link, patches: Box::new([patch.clone(), patch]) }
            }
            4 => {
                let (down, up, ways) = (2 * MS, 3 * MS, Ways::Both);
                Fault::Flap(Flap { links, ways, down, up, drawn: true })
            }
            5 => Fault::Partition(Partition::new(vec![vec![host]], false)),
            _ => Fault::Ail { host, ailment: Ailment::Frozen },
        }
    }
}

/// Counts what is told, by kind and time.
#[derive(Debug, Default, PartialEq)]
struct Tally(std::collections::BTreeMap<(SimTime, String), u64>);

impl Fold for Tally {
    fn reads(&self) -> Kinds {
        Kinds::of(&[Kind::Remark])
    }

    fn note(&mut self, time: SimTime, _: NodeId, note: &Note) {
        *self.0.entry((time, format!("{note:?}"))).or_default() += 1;
    }

    fn count(&mut self, time: SimTime, _: NodeId, kind: Kind, times: u64) {
        *self.0.entry((time, format!("{kind:?}"))).or_default() += times;
    }

    fn fresh(&self) -> Box<dyn Fold> {
        Box::new(Tally::default())
    }

    fn merge(&mut self, other: Box<dyn Fold>) {
        let other: Box<dyn std::any::Any> = other;
        for (what, count) in other.downcast::<Tally>().expect("of the same sort").0 {
            *self.0.entry(what).or_default() += count;
        }
    }
}

/// All that is to be seen of a run that pauses at these times.
fn seen(sketch: &Sketch, threads: Option<Threads>) -> (Sharing, Vec<String>) {
    let mut world = sketch.world();
    world.fold(Box::new(Tally::default()));
    world.capture(None);
    if let Some(threads) = threads {
        world.set_threads(threads);
    }
    let mut seen = Vec::new();
    let mut sharing = world.sharing();
    for horizon in [0, 7, 30, 200] {
        let ended = world.run(SimTime::from_millis(horizon));
        if let parted @ Sharing::Parted { .. } = world.sharing() {
            sharing = parted;
        }
        seen.push(format!(
            "{ended:?} {} {} {} {} {:?} {:?}",
            world.now(),
            world.last_activity(),
            world.events(),
            world.fingerprint(),
            world.traffic(),
            world.next_event(),
        ));
        seen.push(format!("{:?}", world.folded::<Tally>()));
        seen.extend(world.take_captured().iter().map(|captured| format!("{captured:?}")));
    }
    assert_eq!(world.run(SimTime::MAX), Ended::Idle);
    seen.push(format!("{} {} {:?}", world.now(), world.events(), world.checkpoints()));
    seen.extend(world.records().iter().map(|record| format!("{record:?}")));
    (sharing, seen)
}

fn check(sketch: &Sketch) -> usize {
    let (_, alone) = seen(sketch, None);
    let mut parted = 0;
    for threads in [2, 3, 8] {
        let (sharing, shared) = seen(sketch, Some(Threads::new(threads).eagerly()));
        parted += usize::from(matches!(sharing, Sharing::Parted { .. }));
        for (alone, shared) in alone.iter().zip(&shared) {
            assert_eq!(alone, shared, "{threads} threads, {sketch:?}");
        }
        assert_eq!(alone.len(), shared.len(), "{threads} threads, {sketch:?}");
    }
    parted
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_world_has_one_history(
        seed: u64,
        hosts in 2_u32..24,
        routers in 1_u32..8,
        faults in 0_u32..8,
        limited: bool,
    ) {
        let records_limit = if limited { 300 } else { usize::MAX };
        check(&Sketch { seed, hosts, routers, faults, records_limit });
    }
}

#[test]
fn a_large_world_is_parted_and_has_one_history() {
    let sketch = Sketch { seed: 5, hosts: 60, routers: 12, faults: 3, records_limit: usize::MAX };
    assert_eq!(check(&sketch), 3);
}

fn sketch() -> Sketch {
    Sketch { seed: 2, hosts: 8, routers: 3, faults: 0, records_limit: usize::MAX }
}

fn reason(world: &World) -> Reason {
    match world.sharing() {
        Sharing::Alone(reason) => reason,
        parted => panic!("{parted:?}"),
    }
}

#[test]
fn a_world_says_why_it_runs_on_one_thread() {
    let eager = Threads::new(2).eagerly();
    let check = |set_up: &dyn Fn(&mut World), wanted: Reason| {
        let mut world = sketch().world();
        set_up(&mut world);
        world.run(SimTime::from_millis(20));
        assert_eq!(reason(&world), wanted);
    };
    check(&|_| (), Reason::Asked);
    check(&|world| world.set_threads(Threads::new(1)), Reason::Asked);
    check(&|world| world.set_threads(Threads::new(2)), Reason::Young);
    check(
        &|world| {
            world.crash_after(NodeId(0), 1_000, None);
            world.set_threads(eager);
        },
        Reason::Trapped,
    );
    check(
        &|world| {
            world.set_threads(eager);
            world.run(SimTime::from_millis(5));
            assert!(matches!(world.sharing(), Sharing::Parted { .. }));
            world.step();
        },
        Reason::Stepped,
    );
    let ((), _) = trace::traced(|| check(&|world| world.set_threads(eager), Reason::Traced));
    let mut parts = WorldBuilder::new(Seed(1));
    parts.host(HostConfig::new("alone"));
    let mut world = parts.build().unwrap();
    world.set_threads(eager);
    world.run(SimTime::MAX);
    assert_eq!(reason(&world), Reason::Whole);
}

/// A hundred hosts that have something to do each second, and hardly ever two at once.
#[test]
fn links_that_are_too_short_are_found_out() {
    /// Has an event a second, of which there is a record.
    struct Clock;
    impl Actor for Clock {
        fn start(&mut self, ctx: &mut Ctx<'_>) {
            let wait = ctx.stream("clock").duration_below(Duration::from_secs(1));
            ctx.set_timer(ctx.now() + wait, TimerToken(0));
        }
        fn handle(&mut self, _: Event, ctx: &mut Ctx<'_>) {
            ctx.set_timer(ctx.now() + Duration::from_secs(1), TimerToken(0));
            let here = SocketAddr::new(ctx.addresses()[0], 9);
            ctx.send_udp(9, here, Bytes::new()).expect("the host has an address");
        }
    }
    let world = || {
        let mut parts = WorldBuilder::new(Seed(1));
        let latency = Latency::Constant(Duration::from_micros(10));
        let link = std::sync::Arc::new(LinkConfig { latency, ..LinkConfig::default() });
        parts.router("r");
        for host in 0..100 {
            let config = HostConfig::new(format!("h{host}")).address([10, 0, 0, host].into());
            parts.host(config.actor(|| Clock));
            parts.link(format!("h{host}"), "r", link.clone());
        }
        parts.build().unwrap()
    };
    let (mut alone, mut shared) = (world(), world());
    shared.set_threads(Threads { processors: 2, ..Threads::new(2) });
    for world in [&mut alone, &mut shared] {
        world.run(SimTime::from_secs(1_000));
    }
    let told = reason(&shared).to_string();
    assert!(told.starts_with("links between parts are too short (10µs): "), "{told}");
    let told = |world: &World| -> Vec<_> {
        world.records().iter().map(|record| (record.time, record.id)).collect()
    };
    assert!(told(&alone).len() > 50_000);
    assert!(told(&alone) == told(&shared), "what was recorded is in another order");
    assert_eq!(alone.events(), shared.events());
    assert_eq!(alone.fingerprint(), shared.fingerprint());
}

/// Whichever thread it happens on.
#[test]
#[should_panic(expected = "the fuse is burnt")]
fn a_panic_of_an_actor_is_one_of_the_run() {
    struct Fuse(u32);
    impl Actor for Fuse {
        fn start(&mut self, ctx: &mut Ctx<'_>) {
            ctx.set_timer(SimTime::from_secs(1), TimerToken(0));
        }
        fn handle(&mut self, _: Event, _: &mut Ctx<'_>) {
            assert!(self.0 != 1_999, "the fuse is burnt");
        }
    }
    let mut parts = WorldBuilder::new(Seed(1));
    for host in 0..2_000 {
        parts.host(HostConfig::new(format!("h{host}")).actor(move || Fuse(host)));
    }
    let mut world = parts.build().unwrap();
    world.set_threads(Threads::new(4).eagerly());
    world.run(SimTime::MAX);
}

//! Root, TLD, authoritative servers, a resolver and a stub on one simulated network.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::engine::{Seed, SimTime};
use crate::net::LinkConfig;
use crate::proto::dns::resolver::{Hint, ResolverConfig};
use crate::proto::dns::stub::{LookupError, LookupId};
use crate::proto::dns::{Authority, Message, Name, RecordType, TcpFraming, Zone, parse_records};
use crate::world::{
    Actor, Ctx, Ended, Event, Fact, Fault, HostConfig, Note, StreamEvent, TimerToken, World,
    WorldBuilder,
};

const ROOT: &str = "
    @ 86400 SOA ns root 1 2 3 4 60
    @ 86400 NS ns.root.
    ns.root. 86400 A 192.0.2.1
    com. 3600 NS ns.tld.
    net. 3600 NS ns.tld.
    ns.tld. 3600 A 192.0.2.2";
const COM: &str = "
    @ 3600 SOA ns.tld. root 1 2 3 4 60
    @ 3600 NS ns.tld.
    example 3600 NS ns.example
    ns.example 3600 A 192.0.2.3";
const NET: &str = "
    @ 3600 SOA ns.tld. root 1 2 3 4 60
    @ 3600 NS ns.tld.
    example 3600 NS ns.example.com.";
const EXAMPLE_COM: &str = "
    @ 3600 SOA ns root 1 2 3 4 60
    @ 3600 NS ns
    ns 3600 A 192.0.2.3
    @ 300 MX 10 mx
    mx 300 A 192.0.2.25
    mx 300 AAAA 2001:db8::25
    alias 300 CNAME www.example.net.";
const EXAMPLE_NET: &str = "
    @ 3600 SOA ns.example.com. root 1 2 3 4 60
    @ 3600 NS ns.example.com.
    www 300 A 192.0.2.80";

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn zone(origin: &str, text: &str) -> Arc<Zone> {
    let text: Vec<&str> = text.lines().map(str::trim).collect();
    let records = parse_records(&name(origin), &text.join("\n")).unwrap();
    Arc::new(Zone::new(&name(origin), records).unwrap())
}

fn authority(zones: &[(&str, &str)]) -> Arc<Authority> {
    Arc::new(Authority::new(zones.iter().map(|(origin, text)| zone(origin, text))))
}

type Log = Arc<Mutex<Vec<String>>>;

/// Looks names up at given seconds and writes the results down.
struct Client {
    questions: Vec<(u64, &'static str, RecordType)>,
    log: Log,
    stub: Option<StubResolver>,
    /// What is asked, until it has an answer that is none for now only.
    asked: BTreeMap<LookupId, usize>,
}

impl Client {
    fn new(questions: Questions, log: Log) -> Self {
        Client { questions: questions.into(), log, stub: None, asked: BTreeMap::new() }
    }
}

const STUB: TimerToken = TimerToken(u64::MAX);
const RESOLVER: &str = "192.0.2.53:53";

impl Actor for Client {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        let servers = vec![RESOLVER.parse().unwrap()];
        self.stub = Some(StubResolver::new(servers, STUB, ctx.stream("stub")));
        for (index, (at, ..)) in self.questions.iter().enumerate() {
            ctx.set_timer(SimTime::from_secs(*at), TimerToken(index as u64));
        }
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        let stub = self.stub.as_mut().unwrap();
        match event {
            Event::Datagram { from, to, payload } => stub.on_datagram(ctx, from, to, &payload),
            Event::Unreachable { from, to, .. } => stub.on_unreachable(ctx, from, to),
            Event::Stream(connection, event) => {
                assert!(stub.owns(connection));
                stub.on_stream(ctx, connection, event);
            }
            Event::Timer(STUB) => stub.on_timer(ctx),
            Event::Timer(TimerToken(index)) => {
                let (_, qname, rtype) = self.questions[index as usize];
                self.asked.insert(stub.lookup(ctx, name(qname), rtype), index as usize);
            }
            Event::Signal(_) | Event::Outside(_) => {}
        }
        while let Some((id, result)) = stub.next_result() {
            let index = self.asked.remove(&id).unwrap();
            if result == Err(LookupError::TimedOut) && self.questions.len() == LOSSY.len() {
                // A mailer tries again, too.
                ctx.set_timer(ctx.now(), TimerToken(index as u64));
                continue;
            }
            let text = match result {
                Ok(answer) => {
                    let data = answer.records.iter().map(|record| record.data.to_string());
                    data.collect::<Vec<_>>().join(", ")
                }
                Err(error) => error.to_string(),
            };
            self.log.lock().unwrap().push(text);
        }
    }
}

type Questions = &'static [(u64, &'static str, RecordType)];

/// The usual Internet around one client, all links alike.
fn internet(seed: u64, link: LinkConfig, questions: Questions) -> (World, Log) {
    internet_with(
        seed,
        link,
        questions,
        &[("example.com.", EXAMPLE_COM), ("example.net.", EXAMPLE_NET)],
        &[],
    )
}

fn internet_with(
    seed: u64,
    link: LinkConfig,
    questions: Questions,
    zones: &[(&str, &str)],
    inner: &[(&str, &str)],
) -> (World, Log) {
    let log = Log::default();
    let mut parts = WorldBuilder::new(Seed(seed));
    let servers = [
        ("root", "192.0.2.1", authority(&[(".", ROOT)])),
        ("tld", "192.0.2.2", authority(&[("com.", COM), ("net.", NET)])),
        ("ns", "192.0.2.3", authority(zones)),
    ];
    parts.router("r");
    for (host, address, authority) in servers {
        let config = HostConfig::new(host).address(address.parse().unwrap());
        parts.host(config.actor(move || NameServer::new(Arc::clone(&authority))));
        parts.link(host, "r", link.clone());
    }
    let hints =
        vec![Hint { name: name("ns.root."), addresses: vec!["192.0.2.1".parse().unwrap()] }];
    let config = ResolverConfig { hints, ..ResolverConfig::default() };
    let inner = authority(inner);
    let home = Network { address: "198.51.100.0".parse().unwrap(), prefix_bits: 24 };
    let resolver =
        move || RecursiveResolver::new(config.clone(), Arc::clone(&inner)).allow(vec![home]);
    let address = RESOLVER.parse::<SocketAddr>().unwrap().ip();
    parts.host(HostConfig::new("resolver").address(address).actor(resolver));
    parts.link("resolver", "r", link.clone());
    let of_client = log.clone();
    let client = move || Client::new(questions, of_client.clone());
    let address: IpAddr = "198.51.100.1".parse().unwrap();
    parts.host(HostConfig::new("client").address(address).actor(client));
    parts.link("client", "r", link);
    (parts.build().unwrap(), log)
}

/// The DNS queries that arrived at this host: `qname qtype`.
fn arrived(world: &World, host: &str) -> Vec<String> {
    let node = world.node(host).unwrap();
    let records = world.records().iter().filter(|record| record.id.node == node);
    let queries = records.filter_map(|record| match &record.fact {
        Fact::Datagram { payload, to, .. } if to.port() == 53 => Message::decode(payload).ok(),
        _ => None,
    });
    queries
        .map(|query| format!("{} {}", query.questions[0].name, query.questions[0].rtype))
        .collect()
}

fn notes(world: &World) -> Vec<String> {
    let notes = world.records().iter().filter_map(|record| match record.note()? {
        Note::CacheHit { qname, qtype, rcode, left } => {
            Some(format!("hit {qname} {qtype} {rcode} {}", left.as_secs()))
        }
        Note::CacheMiss { qname, qtype } => Some(format!("miss {qname} {qtype}")),
        _ => None,
    });
    notes.collect()
}

#[test]
fn a_name_is_resolved_from_the_root_once_and_then_from_the_cache() {
    let questions: Questions = &[
        (0, "example.com.", RecordType::Mx),
        (10, "example.com.", RecordType::Mx),
        (20, "mx.example.com.", RecordType::Aaaa),
        (30, "no.example.com.", RecordType::A),
    ];
    let (mut world, log) = internet(1, LinkConfig::default(), questions);
    assert_eq!(world.run(SimTime::MAX), Ended::Idle);
    let expected = ["10 mx.example.com.", "10 mx.example.com.", "2001:db8::25", "NXDOMAIN"];
    assert_eq!(*log.lock().unwrap(), expected);
    // The root is asked for its own servers, and for no more of the name than it must know.
    assert_eq!(arrived(&world, "root"), [". NS", "com. A"]);
    assert_eq!(arrived(&world, "tld"), ["example.com. MX"]);
    assert_eq!(
        arrived(&world, "ns"),
        ["example.com. MX", "mx.example.com. AAAA", "no.example.com. A"]
    );
    assert_eq!(
        notes(&world),
        [
            "miss example.com. MX",
            "hit example.com. MX NOERROR 290",
            "miss mx.example.com. AAAA",
            "miss no.example.com. A",
        ]
    );
}

#[test]
fn an_alias_leads_to_a_zone_whose_server_has_no_glue() {
    let questions: Questions = &[(0, "alias.example.com.", RecordType::A)];
    let (mut world, log) = internet(1, LinkConfig::default(), questions);
    world.run(SimTime::MAX);
    assert_eq!(*log.lock().unwrap(), ["192.0.2.80"]);
}

#[test]
fn a_long_answer_comes_by_tcp_on_both_sides() {
    let mut text = EXAMPLE_COM.to_owned();
    for count in 0..100 {
        text += &format!("\n    long 300 A 198.51.100.{count}");
    }
    let questions: Questions = &[(0, "long.example.com.", RecordType::A)];
    let zones: &[(&str, &str)] = &[("example.com.", &text)];
    let (mut world, log) = internet_with(1, LinkConfig::default(), questions, zones, &[]);
    assert_eq!(world.run(SimTime::MAX), Ended::Idle);
    let log = log.lock().unwrap();
    assert_eq!(log[0].split(", ").count(), 100);
    let opened = |host: &str| {
        let node = world.node(host).unwrap();
        let is_open = |fact: &Fact| matches!(fact, Fact::Opened { active: true, .. });
        let records = world.records().iter().filter(|record| record.id.node == node);
        records.filter(|record| is_open(&record.fact)).count()
    };
    assert_eq!((opened("client"), opened("resolver")), (1, 1));
    // Both ends of both connections came to an orderly end, long before the idle time-out.
    assert!(world.last_activity() < SimTime::from_secs(5), "{}", world.last_activity());
}

/// What is asked where packets are lost; a time-out is not the end then.
const LOSSY: Questions = &[
    (0, "example.com.", RecordType::Mx),
    (60, "mx.example.com.", RecordType::A),
    (120, "alias.example.com.", RecordType::A),
    (180, "no.example.net.", RecordType::A),
    (240, "mx.example.com.", RecordType::Mx),
    (300, "ns.example.com.", RecordType::A),
];

#[test]
fn through_loss_every_name_is_found_and_a_seed_fixes_every_octet() {
    let lossy = LinkConfig { loss: 0.05.into(), ..LinkConfig::default() };
    let run = |seed: u64| {
        let (mut world, log) = internet(seed, lossy.clone(), LOSSY);
        assert_eq!(world.run(SimTime::MAX), Ended::Idle);
        let log = log.lock().unwrap().clone();
        assert_eq!(
            log,
            ["10 mx.example.com.", "192.0.2.25", "192.0.2.80", "NXDOMAIN", "NODATA", "192.0.2.3"],
            "seed {seed}"
        );
        (world.fingerprint(), world.events(), notes(&world))
    };
    for seed in 0..20 {
        assert_eq!(run(seed), run(seed));
    }
    assert_ne!(run(1).0, run(2).0);
}

#[test]
fn a_resolver_that_restarts_has_forgotten_and_one_that_is_down_is_missed() {
    let questions: Questions = &[
        (0, "example.com.", RecordType::Mx),
        (10, "example.com.", RecordType::Mx),
        (100, "example.com.", RecordType::Mx),
    ];
    let (mut world, log) = internet(1, LinkConfig::default(), questions);
    let resolver = world.node("resolver").unwrap();
    world.begin(SimTime::from_secs(5), Fault::Crash(resolver));
    world.restart(SimTime::from_secs(50), resolver);
    world.run(SimTime::MAX);
    let mx = "10 mx.example.com.";
    assert_eq!(*log.lock().unwrap(), [mx, "no answer from any resolver", mx]);
    // Priming and the walk, twice.
    assert_eq!(arrived(&world, "root").len(), 4);
}

#[test]
fn a_name_server_that_is_down_is_servfail() {
    let questions: Questions = &[
        (0, "example.com.", RecordType::Mx),
        (100, "mx.example.com.", RecordType::A),
        (1_000, "mx.example.com.", RecordType::A),
    ];
    let (mut world, log) = internet(1, LinkConfig::default(), questions);
    let ns = world.node("ns").unwrap();
    world.begin(SimTime::from_secs(50), Fault::Crash(ns));
    world.restart(SimTime::from_secs(500), ns);
    world.run(SimTime::MAX);
    let log = log.lock().unwrap();
    assert_eq!(log[0], "10 mx.example.com.");
    assert!(["SERVFAIL", "no answer from any resolver"].contains(&&log[1][..]), "{log:?}");
    assert_eq!(log[2], "192.0.2.25");
}

#[test]
fn inner_zones_are_answered_by_the_resolver_itself() {
    let inner = "
        @ 3600 SOA ns root 1 2 3 4 60
        @ 3600 NS ns
        ns 3600 A 192.0.2.3
        @ 300 MX 10 mailbox
        mailbox 300 A 198.51.100.25
        www 300 CNAME www.example.net.";
    let questions: Questions = &[
        (0, "example.com.", RecordType::Mx),
        (10, "mailbox.example.com.", RecordType::A),
        (20, "www.example.com.", RecordType::A),
        (30, "mx.example.com.", RecordType::A),
        (40, "example.com.", RecordType::Txt),
    ];
    let zones: &[(&str, &str)] = &[("example.com.", EXAMPLE_COM), ("example.net.", EXAMPLE_NET)];
    let inner: &[(&str, &str)] = &[("example.com.", inner)];
    let (mut world, log) = internet_with(1, LinkConfig::default(), questions, zones, inner);
    world.run(SimTime::MAX);
    let expected = ["10 mailbox.example.com.", "198.51.100.25", "192.0.2.80", "NXDOMAIN", "NODATA"];
    assert_eq!(*log.lock().unwrap(), expected);
    let root = arrived(&world, "root");
    assert!(!root.is_empty() && !root.iter().any(|line| line.contains("example.com")), "{root:?}");
}

/// Sends octets to a server by TCP, and takes what comes.
struct Pipeliner {
    to: SocketAddr,
    octets: Bytes,
    log: Log,
    framing: TcpFraming,
}

impl Actor for Pipeliner {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        ctx.connect(self.to).unwrap();
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        let Event::Stream(connection, event) = event else { return };
        match event {
            StreamEvent::Opened => ctx.send(connection, self.octets.clone()),
            StreamEvent::Data(octets) => {
                self.framing.push(&octets);
                while let Some(message) = self.framing.next_message() {
                    let message = Message::decode(&message).unwrap();
                    self.log.lock().unwrap().push(format!("{} {}", message.id, message.rcode));
                }
            }
            StreamEvent::Eof => {
                self.log.lock().unwrap().push(format!("closed at {}", ctx.now()));
                ctx.close(connection);
            }
            _ => {}
        }
    }
}

#[test]
fn queries_are_pipelined_and_an_idle_connection_is_closed() {
    for server in ["192.0.2.3:53", RESOLVER] {
        let mut octets = Vec::new();
        for id in 0..5 {
            let query = Message::query(id, name("mx.example.com."), RecordType::A);
            octets.extend(TcpFraming::frame(&query.with_recursion_desired().encode()));
        }
        let log = Log::default();
        let of_client = log.clone();
        let client = move || Pipeliner {
            to: server.parse().unwrap(),
            octets: octets.clone().into(),
            log: of_client.clone(),
            framing: TcpFraming::new(),
        };
        let mut parts = WorldBuilder::new(Seed(1));
        let zones = authority(&[("example.com.", EXAMPLE_COM)]);
        let zones_too = Arc::clone(&zones);
        let resolver =
            move || RecursiveResolver::new(ResolverConfig::default(), Arc::clone(&zones_too));
        let server = move || NameServer::new(Arc::clone(&zones));
        let host =
            |host: &str, address: &str| HostConfig::new(host).address(address.parse().unwrap());
        parts
            .host(host("client", "198.51.100.1").actor(client))
            .host(host("ns", "192.0.2.3").actor(server))
            .host(host("resolver", "192.0.2.53").actor(resolver))
            .router("r")
            .link("client", "r", LinkConfig::default())
            .link("ns", "r", LinkConfig::default())
            .link("resolver", "r", LinkConfig::default());
        let mut world = parts.build().unwrap();
        assert_eq!(world.run(SimTime::MAX), Ended::Idle);
        let log = log.lock().unwrap();
        let (last, answers) = log.split_last().unwrap();
        assert_eq!(answers, ["0 NOERROR", "1 NOERROR", "2 NOERROR", "3 NOERROR", "4 NOERROR"]);
        assert!(last.starts_with("closed at 10."), "{last}");
        assert!(world.last_activity() < SimTime::ZERO + Duration::from_secs(80));
    }
}

#[test]
fn a_stranger_is_refused() {
    let questions: Questions = &[(0, "example.com.", RecordType::Mx)];
    let mut parts = WorldBuilder::new(Seed(1));
    let elsewhere = Network { address: "203.0.113.0".parse().unwrap(), prefix_bits: 24 };
    let resolver = move || {
        let config = ResolverConfig::default();
        RecursiveResolver::new(config, Arc::new(Authority::new([]))).allow(vec![elsewhere])
    };
    let log = Log::default();
    let of_client = log.clone();
    let client = move || Client::new(questions, of_client.clone());
    parts
        .host(HostConfig::new("resolver").address("192.0.2.53".parse().unwrap()).actor(resolver))
        .host(HostConfig::new("client").address("198.51.100.1".parse().unwrap()).actor(client))
        .link("client", "resolver", LinkConfig::default());
    parts.build().unwrap().run(SimTime::MAX);
    assert_eq!(*log.lock().unwrap(), ["REFUSED"]);
}

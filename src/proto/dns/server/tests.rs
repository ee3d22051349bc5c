//! Primaries and secondaries that talk to each other, over a network that may lose messages.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use crate::engine::{Seed, SimTime, Stream};

use super::super::exchange::Outgoing;
use super::super::master::parse_records;
use super::super::transfer::TransferLimits;
use super::*;

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn address(last: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, last], 53))
}

/// example.com with this serial: REFRESH 1 h, RETRY 10 min, EXPIRE 1 d.
fn zone(serial: u32) -> Arc<Zone> {
    let origin = name("example.com");
    let text = format!(
        "@ 60 IN SOA ns1 hostmaster {serial} 3600 600 86400 60\n@ 60 IN NS ns1\n\
         ns1 60 IN A 192.0.2.1\n@ 60 IN MX 10 mail{serial}\n"
    );
    Arc::new(Zone::new(&origin, parse_records(&origin, &text).unwrap()).unwrap())
}

/// Servers with the last octets of their addresses as names, and what is under way between them.
struct Net {
    servers: BTreeMap<u8, (Server, Outputs)>,
    disks: BTreeMap<u8, ZoneCopy>,
    now: SimTime,
    /// Whether a message between these two arrives.
    passes: Box<dyn FnMut(u8, u8) -> bool>,
    log: Vec<String>,
}

const PRIMARY: u8 = 1;
const SECONDARY: u8 = 2;

fn primary(serial: u32, secondaries: &[u8]) -> ServerConfig {
    let allow_transfer =
        secondaries.iter().map(|last| Network::from(address(*last).ip())).collect();
    let notify = secondaries.iter().map(|last| address(*last)).collect();
    ServerConfig {
        authority: Arc::new(Authority::new([zone(serial)])),
        followers: BTreeMap::from([(name("example.com"), Followers { allow_transfer, notify })]),
        ..ServerConfig::default()
    }
}

fn secondary(primaries: &[u8]) -> ServerConfig {
    let config = SecondaryConfig {
        origin: name("example.com"),
        primaries: primaries.iter().map(|last| address(*last)).collect(),
        limits: TransferLimits::default(),
    };
    ServerConfig { secondaries: vec![config], ..ServerConfig::default() }
}

impl Net {
    fn new(configs: impl IntoIterator<Item = (u8, ServerConfig)>) -> Self {
        let mut net = Net {
            servers: BTreeMap::new(),
            disks: BTreeMap::new(),
            now: SimTime::ZERO,
            passes: Box::new(|_, _| true),
            log: Vec::new(),
        };
        for (last, config) in configs {
            net.boot(last, config);
        }
        net.settle();
        net
    }

    fn boot(&mut self, last: u8, config: ServerConfig) {
        let disk = self.disks.get(&last).cloned();
        let stream = |purpose: &str| -> Stream { Seed(1).stream(&format!("{last} {purpose}")) };
        let mut server = Server::new(config, |_| disk.clone(), stream);
        let mut out = Outputs::default();
        server.start(self.now, &mut out);
        self.servers.insert(last, (server, out));
    }

    /// Carries messages until none is under way. They take no time.
    fn settle(&mut self) {
        while let Some((from, output)) =
            self.servers.iter_mut().find_map(|(last, (_, out))| Some((*last, out.take()?)))
        {
            let (exchange, to, octets, transport) = match output {
                Output::Exchange(Outgoing::Udp { exchange, to, octets }) => {
                    (exchange, to, octets, Transport::Udp)
                }
                Output::Exchange(Outgoing::Tcp { exchange, to, octets }) => {
                    (exchange, to, octets, Transport::Tcp)
                }
                Output::Exchange(Outgoing::Release { .. }) => continue,
                Output::Keep { copy, .. } => {
                    self.disks.insert(from, copy);
                    continue;
                }
                Output::News(news) => {
                    self.log.push(format!("{from}: {news}"));
                    continue;
                }
            };
            let IpAddr::V4(ip) = to.ip() else { panic!("all are in 192.0.2.0/24") };
            let peer = ip.octets()[3];
            let asker = SocketAddr::new(address(from).ip(), 40_000);
            let arrives = (self.passes)(from, peer);
            let answers = match self.servers.get_mut(&peer) {
                Some((server, out)) if arrives => {
                    server.query(self.now, asker, transport, &octets, out)
                }
                _ => Response::Silence,
            };
            let answers = match answers {
                Response::Silence => Vec::new(),
                Response::Message(octets) => vec![octets],
                Response::Messages(messages) => messages,
            };
            for octets in answers {
                if (self.passes)(peer, from) {
                    let (server, out) = self.servers.get_mut(&from).unwrap();
                    server.reply(self.now, exchange, to, &octets, out);
                }
            }
        }
    }

    /// Lets time pass.
    fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        for _ in 0..1_000_000 {
            let next = self.servers.values().filter_map(|(server, _)| server.deadline()).min();
            let Some(next) = next.filter(|next| *next <= end) else {
                self.now = end;
                return;
            };
            self.now = self.now.max(next);
            for (server, out) in self.servers.values_mut() {
                server.timeout(self.now, out);
            }
            self.settle();
        }
        panic!("time stands still");
    }

    fn change(&mut self, serial: u32) {
        let now = self.now;
        let (server, out) = self.servers.get_mut(&PRIMARY).unwrap();
        server.replace(now, zone(serial), out);
        self.settle();
    }

    fn ask(&mut self, last: u8, query: &Message, transport: Transport) -> Message {
        let now = self.now;
        let (server, out) = self.servers.get_mut(&last).unwrap();
        let from = SocketAddr::new(address(9).ip(), 40_000);
        match server.query(now, from, transport, &query.encode(), out) {
            Response::Message(octets) => Message::decode(&octets).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// The MX that a server gives, or its code.
    fn mx(&mut self, last: u8) -> String {
        let query = Message::query(1, name("example.com"), RecordType::Mx);
        let response = self.ask(last, &query, Transport::Udp);
        match response.answers.first() {
            Some(record) => record.data.to_string(),
            None => response.rcode.to_string(),
        }
    }
}

const HOUR: Duration = Duration::from_secs(3_600);

#[test]
fn a_secondary_follows_by_notify_at_once() {
    let mut net =
        Net::new([(PRIMARY, primary(1, &[SECONDARY])), (SECONDARY, secondary(&[PRIMARY]))]);
    assert_eq!(net.mx(SECONDARY), "10 mail1.example.com.");
    net.change(2);
    assert_eq!(net.mx(SECONDARY), "10 mail2.example.com.");
    assert_eq!(
        net.log,
        [
            "2: zone example.com. has serial 1 from 192.0.2.1, 4 records",
            "1: zone example.com. changed: serial 2",
            "2: zone example.com. has serial 2 from 192.0.2.1, 4 records"
        ]
    );
    // Both are at rest now, but for REFRESH.
    assert_eq!(net.servers[&PRIMARY].0.deadline(), None);
    let next = net.servers[&SECONDARY].0.deadline().unwrap();
    assert!((HOUR * 9 / 10..=HOUR).contains(&next.since(SimTime::ZERO)), "{next}");
}

#[test]
fn without_notify_it_follows_at_refresh() {
    let mut net =
        Net::new([(PRIMARY, primary(1, &[SECONDARY])), (SECONDARY, secondary(&[PRIMARY]))]);
    net.passes = Box::new(|_, _| false);
    net.change(2);
    net.run(Duration::from_secs(60));
    let given_up = "1: zone example.com.: 192.0.2.2 acknowledged none of 5 NOTIFYs";
    assert_eq!(net.log.last().unwrap(), given_up);
    net.passes = Box::new(|_, _| true);
    net.run(HOUR / 2);
    assert_eq!(net.mx(SECONDARY), "10 mail1.example.com.");
    net.run(HOUR / 2);
    assert_eq!(net.mx(SECONDARY), "10 mail2.example.com.");
}

#[test]
fn a_zone_whose_primary_is_silent_expires_and_comes_back() {
    let mut net =
        Net::new([(PRIMARY, primary(1, &[SECONDARY])), (SECONDARY, secondary(&[PRIMARY]))]);
    net.passes = Box::new(|_, _| false);
    net.run(23 * HOUR);
    assert_eq!(net.mx(SECONDARY), "10 mail1.example.com.");
    net.run(HOUR);
    assert_eq!(net.mx(SECONDARY), "SERVFAIL");
    let elsewhere = Message::query(1, name("example.net"), RecordType::A);
    assert_eq!(net.ask(SECONDARY, &elsewhere, Transport::Udp).rcode, Rcode::Refused);
    // The serial is the same: no transfer is needed to serve it again.
    net.passes = Box::new(|_, _| true);
    net.run(HOUR / 6);
    assert_eq!(net.mx(SECONDARY), "10 mail1.example.com.");
    let transfers = net.log.iter().filter(|line| line.contains("has serial")).count();
    assert_eq!(transfers, 1);
}

#[test]
fn without_a_copy_it_answers_servfail_and_tries_ever_more_seldom() {
    let mut net = Net::new([(SECONDARY, secondary(&[PRIMARY]))]);
    assert_eq!(net.mx(SECONDARY), "SERVFAIL");
    net.run(24 * HOUR);
    let tries = net.log.len();
    assert!((10..=14).contains(&tries), "{tries}");
    net.boot(PRIMARY, primary(1, &[SECONDARY]));
    // A primary that comes up tells its secondaries.
    net.settle();
    net.run(Duration::from_secs(150));
    assert_eq!(net.mx(SECONDARY), "10 mail1.example.com.");
}

#[test]
fn primaries_are_asked_in_turn() {
    let third = 3;
    let mut net = Net::new([
        (PRIMARY, primary(1, &[SECONDARY])),
        (third, primary(1, &[SECONDARY])),
        (SECONDARY, secondary(&[PRIMARY, third])),
    ]);
    let (server, out) = net.servers.get_mut(&third).unwrap();
    server.replace(SimTime::ZERO, zone(2), out);
    net.passes = Box::new(move |from, to| from != PRIMARY && to != PRIMARY);
    net.servers.get_mut(&third).unwrap().1 = Outputs::default(); // its NOTIFY is lost
    net.run(HOUR + Duration::from_secs(10));
    assert_eq!(net.mx(SECONDARY), "10 mail2.example.com.");
    // An older serial of another primary changes nothing.
    net.passes = Box::new(|_, _| true);
    net.run(2 * HOUR);
    assert_eq!(net.mx(SECONDARY), "10 mail2.example.com.");
}

#[test]
fn a_secondary_hands_on_what_it_has() {
    let mut middle = secondary(&[PRIMARY]);
    middle.followers = primary(1, &[3]).followers;
    let mut net = Net::new([
        (PRIMARY, primary(1, &[SECONDARY])),
        (SECONDARY, middle),
        (3, secondary(&[SECONDARY])),
    ]);
    // It came up together with the other, which had nothing yet.
    net.run(Duration::from_secs(60));
    assert_eq!(net.mx(3), "10 mail1.example.com.");
    net.change(2);
    assert_eq!(net.mx(3), "10 mail2.example.com.");
}

#[test]
fn a_copy_on_disk_survives_a_restart_with_its_times() {
    let mut net =
        Net::new([(PRIMARY, primary(1, &[SECONDARY])), (SECONDARY, secondary(&[PRIMARY]))]);
    net.passes = Box::new(|_, _| false);
    net.run(12 * HOUR);
    net.boot(SECONDARY, secondary(&[PRIMARY]));
    assert_eq!(net.mx(SECONDARY), "10 mail1.example.com.");
    net.run(12 * HOUR);
    assert_eq!(net.mx(SECONDARY), "SERVFAIL");
    net.boot(SECONDARY, secondary(&[PRIMARY]));
    assert_eq!(net.mx(SECONDARY), "SERVFAIL", "it expired while it was down");
}

#[test]
fn strangers_get_nothing() {
    let mut net =
        Net::new([(PRIMARY, primary(1, &[SECONDARY])), (SECONDARY, secondary(&[PRIMARY]))]);
    let query = |origin: &str, rtype| Message::query(1, name(origin), rtype);
    let mut rcode = |origin, rtype, transport| {
        net.ask(PRIMARY, &query(origin, rtype), transport).rcode.to_string()
    };
    assert_eq!(rcode("example.com", RecordType::Axfr, Transport::Udp), "NOTIMP");
    assert_eq!(rcode("example.com", RecordType::Axfr, Transport::Tcp), "REFUSED");
    assert_eq!(rcode("example.com", RecordType::Ixfr, Transport::Udp), "REFUSED");
    assert_eq!(rcode("www.example.com", RecordType::Axfr, Transport::Tcp), "NOTAUTH");
    assert_eq!(rcode("example.net", RecordType::Axfr, Transport::Tcp), "NOTAUTH");
    let notify = |origin| Message { opcode: Opcode::Notify, ..query(origin, RecordType::Soa) };
    assert_eq!(net.ask(SECONDARY, &notify("example.com"), Transport::Udp).rcode, Rcode::Refused);
    assert_eq!(net.ask(PRIMARY, &notify("example.com"), Transport::Udp).rcode, Rcode::Refused);
    assert_eq!(net.ask(SECONDARY, &notify("example.net"), Transport::Udp).rcode, Rcode::NotAuth);
}

#[test]
fn an_ixfr_is_answered_with_the_soa_or_the_whole_zone() {
    let mut net = Net::new([(PRIMARY, primary(2, &[9]))]);
    let mut query = Message::query(1, name("example.com"), RecordType::Ixfr);
    query.authorities.push(zone(1).soa().clone());
    let response = net.ask(PRIMARY, &query, Transport::Udp);
    assert_eq!(response.answers, [zone(2).soa().clone()]);

    let from = address(9);
    let (server, out) = net.servers.get_mut(&PRIMARY).unwrap();
    let response = server.query(SimTime::ZERO, from, Transport::Tcp, &query.encode(), out);
    let Response::Messages(messages) = response else { panic!("{response:?}") };
    let whole = Message::decode(&messages[0]).unwrap();
    assert_eq!((messages.len(), whole.answers.len()), (1, 5));

    query.authorities = vec![zone(2).soa().clone()];
    let response = net.ask(PRIMARY, &query, Transport::Tcp);
    assert_eq!(response.answers, [zone(2).soa().clone()]);
}

#[test]
fn a_lossy_network_only_delays() {
    for seed in 0..20 {
        let mut draws = Seed(seed).stream("loss");
        let mut net =
            Net::new([(PRIMARY, primary(1, &[SECONDARY])), (SECONDARY, secondary(&[PRIMARY]))]);
        net.passes = Box::new(move |_, _| !draws.chance(0.5));
        for serial in 2..6 {
            net.change(serial);
            // Twelve hours: a check an hour, six tries an hour after a failure.
            net.run(12 * HOUR);
            assert_eq!(net.mx(SECONDARY), format!("10 mail{serial}.example.com."), "seed {seed}");
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_octets_never_panic(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut net =
            Net::new([(PRIMARY, primary(1, &[9])), (SECONDARY, secondary(&[PRIMARY]))]);
        let now = net.now;
        for transport in [Transport::Udp, Transport::Tcp] {
            for (server, out) in net.servers.values_mut() {
                let _ = server.query(now, address(9), transport, &octets, out);
                for exchange in 0..4 {
                    server.reply(now, ExchangeId(exchange), address(PRIMARY), &octets, out);
                }
            }
        }
    }

    #[test]
    fn the_kind_of_a_query_is_told_without_decoding(number in 240..256_u16, labels in 0..5_usize) {
        let labels = (0..labels).map(|_| &b"label"[..]);
        let query = Message::query(1, Name::from_labels(labels).unwrap(), number.into());
        let expected = matches!(number, 251 | 252).then_some(Kind::Transfer);
        prop_assert_eq!(kind(&query.encode()), expected);
    }
}

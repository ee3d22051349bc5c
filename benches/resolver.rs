//! The recursive resolver: a cold resolution, an answer from the cache, and a million names in it.
//!
//! Root, TLD and authority are [`Authority`] objects in memory, asked with the octets that would
//! cross the network. Memory is what the allocator was asked for, counted by the allocator itself.

use std::alloc::System;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use mxsim::engine::{Seed, SimTime};
use mxsim::proto::dns::resolver::{ClientToken, Hint, Resolver, ResolverConfig, ResolverOutput};
use mxsim::proto::dns::{
    Authority, Message, Name, Outgoing, RecordType, Transport, Zone, parse_records,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How many octets are in use.
fn in_use() -> usize {
    let stats = ALLOCATOR.stats();
    // What a reallocation added is among what was allocated.
    stats.bytes_allocated - stats.bytes_deallocated
}

/// A root, its `com` and its `example.com`, where every name has an address; at 192.0.2.1 to .3.
struct Servers(Vec<(IpAddr, Authority)>);

impl Servers {
    fn new() -> Self {
        let zones = [
            (".", "@ NS a.root\na.root A 192.0.2.1\ncom NS a.nic.com\na.nic.com A 192.0.2.2\n"),
            (
                "com",
                "@ NS a.nic\na.nic A 192.0.2.2\nexample NS ns1.example\nns1.example A 192.0.2.3\n",
            ),
            ("example.com", "@ NS ns1\n@ MX 10 mx1\nns1 A 192.0.2.3\n* A 192.0.2.80\n"),
        ];
        let server = |(index, (origin, text)): (usize, (&str, &str))| {
            let origin: Name = origin.parse().expect("a name");
            let soa = "@ SOA @ hostmaster 1 7200 600 86400 300\n";
            let text = format!("$TTL 86400\n{soa}{text}");
            let records = parse_records(&origin, &text).expect("a master file");
            let zone = Arc::new(Zone::new(&origin, records).expect("a zone"));
            (address(index as u8 + 1), Authority::new([zone]))
        };
        Servers(zones.into_iter().enumerate().map(server).collect())
    }

    /// Plays a query of a client to its end; its answer.
    fn play(&self, resolver: &mut Resolver, query: &[u8]) -> Bytes {
        let now = SimTime::from_secs(1);
        let mut out = Vec::new();
        resolver.client_query(now, ClientToken(1), query, Transport::Udp, &mut out);
        loop {
            let mut replies = Vec::new();
            for output in out.drain(..) {
                match output {
                    ResolverOutput::Exchange(Outgoing::Udp { exchange, to, octets }) => {
                        replies.push((exchange, to, self.reply(to, &octets)));
                    }
                    ResolverOutput::Answer { octets, .. } => return octets,
                    _ => {}
                }
            }
            for (exchange, from, octets) in replies {
                resolver.upstream_reply(now, exchange, from, &octets, &mut out);
            }
        }
    }

    fn reply(&self, to: SocketAddr, query: &[u8]) -> Bytes {
        let server = self.0.iter().find(|(address, _)| *address == to.ip());
        let (_, server) = server.expect("the server is one of these");
        server.answer(query, Transport::Udp).expect("a query is answered")
    }
}

fn address(last: u8) -> IpAddr {
    Ipv4Addr::new(192, 0, 2, last).into()
}

/// A resolver that knows nothing yet and forgets nothing.
fn resolver() -> Resolver {
    let hint = Hint { name: "a.root".parse().expect("a name"), addresses: vec![address(1)] };
    let mut config = ResolverConfig {
        hints: vec![hint],
        ipv6: false,
        prime: false,
        ..ResolverConfig::default()
    };
    config.cache.octets = 4 << 30;
    Resolver::new(config, Seed(1).stream("resolver"))
}

fn query(name: &str, rtype: RecordType) -> Bytes {
    let query = Message::query(4711, name.parse().expect("a name"), rtype);
    query.with_recursion_desired().with_edns().encode()
}

fn speed(criterion: &mut Criterion) {
    let servers = Servers::new();
    let mut group = criterion.benchmark_group("resolver");
    let www = query("www.example.com", RecordType::A);
    group.bench_function("cold resolution, three servers", |bencher| {
        bencher.iter_batched_ref(
            resolver,
            |resolver| servers.play(resolver, black_box(&www)),
            BatchSize::SmallInput,
        );
    });
    let mut warm = resolver();
    for (title, name, rtype) in [
        ("cached a", "www.example.com", RecordType::A),
        ("cached mx", "example.com", RecordType::Mx),
        ("cached nodata", "ns1.example.com", RecordType::Mx),
    ] {
        let query = query(name, rtype);
        servers.play(&mut warm, &query);
        let mut out = Vec::new();
        group.bench_function(title, |bencher| {
            bencher.iter(|| {
                out.clear();
                let now = SimTime::from_secs(2);
                warm.client_query(now, ClientToken(1), black_box(&query), Transport::Udp, &mut out);
                out.len()
            });
        });
    }
}

/// Prints what a million names take, once, and how long an answer among them takes.
#[expect(clippy::print_stdout, reason = "a bench tells its figures there")]
fn million(criterion: &mut Criterion) {
    let servers = Servers::new();
    let mut full = resolver();
    servers.play(&mut full, &query("www.example.com", RecordType::A));
    let (before, cached) = (in_use(), full.cached());
    for number in 0..NAMES {
        servers.play(&mut full, &query(&format!("host{number}.example.com"), RecordType::A));
    }
    assert_eq!(full.cached() - cached, NAMES);
    let octets = in_use() - before;
    println!("resolver/memory: {} names, {} octets a name", NAMES, octets / NAMES);
    let queries: Vec<Bytes> = (0..1_000)
        .map(|at| query(&format!("host{}.example.com", at * 997), RecordType::A))
        .collect();
    let (mut out, mut at) = (Vec::new(), 0);
    criterion.bench_function("resolver/cached a among a million", |bencher| {
        bencher.iter(|| {
            out.clear();
            at = (at + 1) % queries.len();
            let now = SimTime::from_secs(2);
            full.client_query(now, ClientToken(1), &queries[at], Transport::Udp, &mut out);
            out.len()
        });
    });
}

const NAMES: usize = 1_000_000;

criterion_group!(benches, speed, million);
criterion_main!(benches);

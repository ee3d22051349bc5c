//! TCP on the simulated network: one connection that carries much, and many that carry little.

use bytes::Bytes;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use mxsim::engine::{Seed, SimTime};
use mxsim::load::{Path, Transactions};
use mxsim::net::LinkConfig;
use mxsim::world::{Actor, Ctx, Event, HostConfig, StreamEvent, World, WorldBuilder};

const PORT: u16 = 9;
/// What the one connection carries.
const OCTETS: usize = 16 << 20;
/// What is written at a time.
const WRITE: usize = 64 << 10;

/// Connects, writes it all, and closes.
struct Source(Bytes);

impl Actor for Source {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        let to = ([192, 0, 2, 2], PORT).into();
        let connection = ctx.connect(to).expect("the host has an address and a port");
        for _ in 0..OCTETS / WRITE {
            ctx.send(connection, self.0.clone());
        }
        ctx.close(connection);
    }

    fn handle(&mut self, _: Event, _: &mut Ctx<'_>) {}
}

/// Takes what comes, and closes after the other.
struct Sink;

impl Actor for Sink {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        assert!(ctx.listen(PORT), "nobody else has the port");
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        if let Event::Stream(connection, StreamEvent::Eof) = event {
            ctx.close(connection);
        }
    }
}

/// Two hosts, and a link that loses this share.
fn bulk(loss: f64) -> World {
    let mut parts = WorldBuilder::new(Seed(1));
    parts.watched(false);
    let octets = Bytes::from(vec![b'x'; WRITE]);
    let source = HostConfig::new("source").address([192, 0, 2, 1].into());
    parts.host(source.actor(move || Source(octets.clone())));
    parts.host(HostConfig::new("sink").address([192, 0, 2, 2].into()).actor(|| Sink));
    parts.link("source", "sink", LinkConfig { loss: loss.into(), ..LinkConfig::default() });
    parts.build().expect("names and addresses differ")
}

fn play(mut world: World) -> World {
    world.run(SimTime::MAX);
    world
}

fn transfers(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("tcp");
    group.sample_size(10).throughput(Throughput::Bytes(OCTETS as u64));
    for (name, loss) in [("transfer", 0.0), ("transfer, 1 % lost", 0.01)] {
        let sink = play(bulk(loss)).node("sink").expect("it was added");
        let delivered = play(bulk(loss)).traffic_of(sink).delivered.octets;
        assert!(delivered >= OCTETS as u64, "{name}: {delivered} octets came");
        group.bench_function(name, |bencher| {
            bencher.iter_batched(|| bulk(loss), play, BatchSize::PerIteration);
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("tcp/transactions");
    group.sample_size(10);
    for (name, pairs, path) in [
        ("200 pairs, directly joined", 200, Path::Direct),
        ("200 pairs, by a router", 200, Path::Router),
        ("2,000 pairs, directly joined", 2_000, Path::Direct),
    ] {
        let load = Transactions { pairs, path, ..Transactions::new(20_000) };
        group.throughput(Throughput::Elements(load.each() * u64::from(pairs)));
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                || load.world(Seed(1)),
                |world| load.play(world),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, transfers);
criterion_main!(benches);

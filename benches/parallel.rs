//! One history on one thread and on several: what threads save, and what they cost where they save nothing.

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mxsim::engine::Seed;
use mxsim::load::{Path, Transactions};
use mxsim::world::Threads;

/// SMTP-like transactions over TCP: of pairs of hosts, each with a link of 20 ms, and of hosts that all hang
/// on one router, which forwards every packet.
fn transactions(c: &mut Criterion) {
    let mut group = c.benchmark_group("parallel");
    group.sample_size(10);
    for (name, path) in [("direct", Path::Direct), ("one router", Path::Router)] {
        let load = Transactions { pairs: 2_000, path, ..Transactions::new(50_000) };
        group.throughput(Throughput::Elements(load.transactions));
        for threads in [1, 2] {
            let id = BenchmarkId::new(name, threads);
            group.bench_function(id, |bench| {
                let world = || {
                    let mut world = load.world(Seed(1));
                    world.set_threads(Threads::new(threads));
                    world
                };
                bench.iter_batched_ref(world, |world| load.play(world), BatchSize::PerIteration);
            });
        }
    }
    group.finish();
}

criterion_group!(benches, transactions);
criterion_main!(benches);

//! The event queue under the hold model: each event taken is put back some time later, so that the
//! number of pending ones stays the same.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mxsim::engine::{EventQueue, Key, Seed, SimTime};

/// Delays drawn beforehand, so that the bench measures the queue and not the draws.
fn delays() -> Vec<Duration> {
    let mut draws = Seed(1).stream("hold model");
    (0..65_536).map(|_| Duration::from_nanos(1 + draws.below(2_000_000))).collect()
}

fn hold(c: &mut Criterion) {
    let delays = delays();
    let mut group = c.benchmark_group("queue/hold");
    for pending in [100u64, 10_000, 1_000_000] {
        let mut queue = EventQueue::new();
        for origin in 0..pending {
            let time = SimTime::ZERO + delays[origin as usize % delays.len()];
            queue.push(Key { time, origin: origin as u32, sequence: 0 }, origin);
        }
        let mut turn = 0;
        group.throughput(Throughput::Elements(1));
        group.bench_function(BenchmarkId::from_parameter(pending), |bench| {
            bench.iter(|| {
                let (key, payload) = queue.pop().expect("the hold model keeps its events");
                turn += 1;
                let time = key.time + delays[turn % delays.len()];
                queue.push(Key { time, sequence: key.sequence + 1, ..key }, black_box(payload));
            });
        });
    }
    group.finish();
}

criterion_group!(benches, hold);
criterion_main!(benches);

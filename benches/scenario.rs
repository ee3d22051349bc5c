//! Whole scenarios: from the JSON text to the last event.

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mxsim::engine::Seed;
use mxsim::report::Transcript;
use mxsim::scenario::{self, NoFiles, Plan, build};
use mxsim::world::World;

/// `first-mail` is one message and one reader, `lossy-network` several of them and every link
/// losing one packet in twenty.
const SCENARIOS: [(&str, &str); 2] = [
    ("first-mail", scenario::FIRST_MAIL),
    ("lossy-network", include_str!("../scenarios/lossy-network.json")),
];

fn plan(text: &str) -> Plan {
    scenario::parse(text, "scenario.json", &NoFiles).expect("a scenario without mistakes")
}

fn world(plan: &Plan, watched: bool) -> World {
    build::build_observed(plan, Seed(plan.seed), watched).expect("a checked plan")
}

fn run(mut world: World, plan: &Plan) -> World {
    world.run(plan.until);
    world
}

fn scenarios(criterion: &mut Criterion) {
    for (name, text) in SCENARIOS {
        let plan = plan(text);
        let mut group = criterion.benchmark_group(format!("scenario/{name}"));
        group.bench_function("parse", |bencher| bencher.iter(|| self::plan(black_box(text))));
        group.bench_function("build", |bencher| bencher.iter(|| world(black_box(&plan), true)));
        group.bench_function("parse, build and run", |bencher| {
            bencher.iter(|| {
                let plan = self::plan(black_box(text));
                run(world(&plan, true), &plan)
            });
        });

        let played = run(world(&plan, true), &plan);
        group.bench_function("transcript", |bencher| {
            bencher.iter(|| Transcript::new(black_box(&played)).to_string());
        });

        // Events a second: what the loop, the network and the sessions cost together.
        group.throughput(Throughput::Elements(played.events()));
        for (observer, watched) in [("watched", true), ("unwatched", false)] {
            group.bench_function(BenchmarkId::new("run", observer), |bencher| {
                bencher.iter_batched(
                    || world(&plan, watched),
                    |world| run(world, &plan),
                    BatchSize::SmallInput,
                );
            });
        }
        group.finish();
    }
}

criterion_group!(benches, scenarios);
criterion_main!(benches);

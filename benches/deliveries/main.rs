//! What mail costs on the simulated network: whole deliveries, cold resolutions, SMTP transactions.
//!
//! `transcript` is `transactions` in a world that is watched, with a line written for each line that is spoken.
//!
//! `-- --play mail|resolutions|transactions|transcript COUNT` plays one of them once and prints what came of it,
//! for callgrind: the difference between two counts is what one costs, without the building.

mod mail;
mod resolutions;
mod talker;
mod transactions;

use std::cell::Cell;
use std::io::{self, Write};
use std::time::Instant;

use criterion::{BatchSize, Criterion, Throughput, criterion_group};
use mxsim::engine::SimTime;
use mxsim::report::Transcript;
use mxsim::world::{Ended, Watch, World};

/// A kind of work, by its name, and how to build a world in which it is to be done so often.
struct Work {
    name: &'static str,
    build: fn(count: u64) -> Job,
}

/// A world with work to do in it, and how to see how much was done.
struct Job {
    world: World,
    done: Box<dyn Fn(&World) -> u64>,
}

const WORKS: [Work; 4] = [
    Work { name: "mail", build: mail::build },
    Work { name: "resolutions", build: resolutions::build },
    Work { name: "transactions", build: transactions::build },
    Work { name: "transcript", build: transactions::build_watched },
];

/// Counts lines, and keeps none.
#[derive(Default)]
struct Lines(Cell<u64>);

impl Write for &Lines {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let lines = memchr::memchr_iter(b'\n', octets).count() as u64;
        self.0.set(self.0.get() + lines);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Job {
    /// Plays the world to its end, at which all must have been done. Where it is watched, writes its
    /// transcript.
    // A function of its own in any case: `.ci/instructions` counts what it takes.
    #[inline(never)]
    fn play(mut self, count: u64) -> World {
        let ended = self.world.run(SimTime::from_secs(365 * 86_400));
        assert_eq!((ended, (self.done)(&self.world)), (Ended::Idle, count));
        if self.world.watch() == Watch::Everything {
            let lines = Lines::default();
            let mut to = io::BufWriter::new(&lines);
            Transcript::new(&self.world).write_text(&mut to).expect("nobody refuses a line");
            to.flush().expect("nobody refuses a line");
            drop(to);
            // Commands and replies of each, at the least.
            assert!(lines.0.get() > 10 * count, "{} lines", lines.0.get());
        }
        self.world
    }
}

fn works(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("deliveries");
    group.sample_size(10).throughput(Throughput::Elements(COUNT));
    for work in &WORKS {
        group.bench_function(work.name, |bencher| {
            bencher.iter_batched(
                || (work.build)(COUNT),
                |job| job.play(COUNT),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

/// How many of each are done in one go.
const COUNT: u64 = 10_000;

criterion_group!(benches, works);

/// Plays one of the works once, with a line about it.
#[expect(clippy::print_stdout, reason = "a bench tells its figures there")]
fn play(name: &str, count: u64) {
    let work = WORKS.iter().find(|work| work.name == name).expect("one of the works");
    let job = (work.build)(count);
    #[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
    let begun = Instant::now();
    let world = job.play(count);
    let took = begun.elapsed().as_secs_f64();
    println!(
        "{name}: {count} in {took:.3} s, {:.0} a second, {} events each, fingerprint {}",
        count as f64 / took,
        world.events() / count,
        world.fingerprint(),
    );
}

fn main() {
    let mut args = std::env::args().skip(1);
    if args.next().as_deref() == Some("--play") {
        let name = args.next().expect("--play WORK COUNT");
        let count = args.next().and_then(|count| count.parse().ok()).expect("--play WORK COUNT");
        return play(&name, count);
    }
    benches();
    Criterion::default().configure_from_args().final_summary();
}

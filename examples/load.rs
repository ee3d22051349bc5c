//! Plays one of the worlds of `mxsim::load` and says how long it took: for profilers.
//!
//! ```sh
//! cargo run --profile quick --example load -- transactions 100000
//! ```

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "it is here to tell"
)]

use std::time::Instant;

use mxsim::engine::Seed;
use mxsim::load::{Hold, Holding, Path, Transactions};
use mxsim::world::World;

fn main() {
    let mut args = std::env::args().skip(1);
    let kind = args.next().unwrap_or_else(|| "transactions".into());
    let mut number = |or: u64| args.next().and_then(|word| word.parse().ok()).unwrap_or(or);
    let count = number(100_000);
    let hosts = number(0) as u32;
    let in_flight = number(1) as u32;
    let transactions = |path| {
        let pairs = if hosts > 0 { hosts } else { 200 };
        let load = Transactions { pairs, path, ..Transactions::new(count) };
        timed(load.world(Seed(1)), |world| {
            load.play(world);
            count
        });
    };
    let hold = |holding| {
        let new = Hold::new(holding, count);
        let load = Hold { hosts: if hosts > 0 { hosts } else { new.hosts }, in_flight, ..new };
        timed(load.world(Seed(1)), |world| load.play(world));
    };
    match kind.as_str() {
        "transactions" => transactions(Path::Direct),
        "routed" => transactions(Path::Router),
        "timers" => hold(Holding::Timers),
        "datagrams" => hold(Holding::Datagrams),
        other => eprintln!("{other:?} is none of transactions, routed, timers and datagrams"),
    }
}

fn timed(mut world: World, play: impl Fn(&mut World) -> u64) {
    let start = Instant::now();
    let count = play(&mut world);
    let took = start.elapsed().as_secs_f64();
    let (events, packets) = (world.events(), world.traffic().sent.packets);
    println!(
        "{count} in {took:.3} s: {:.0} a second, {:.1} ns each; {:.0} ns for each of {events} events, \
         {:.1} packets each; fingerprint {}",
        count as f64 / took,
        took * 1e9 / count as f64,
        took * 1e9 / events as f64,
        packets as f64 / count as f64,
        world.fingerprint()
    );
}

//! The fingerprints of all scenarios with the seeds 1 to 20, as they stand in
//! `snapshots/fingerprints.txt`: what moves an octet of any of them shows here.
//!
//! `MXSIM_UPDATE=1 cargo test --test fingerprints` writes the file anew; a commit that moves one says
//! why.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its failure")]

mod shelf;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use mxsim::engine::Seed;
use mxsim::scenario::{Plan, build};

use shelf::scenarios;

const SEEDS: std::ops::RangeInclusive<u64> = 1..=20;

/// By scenario and seed, how many events there are, and the fingerprint.
type Fingerprints = BTreeMap<(String, u64), String>;

/// Plays them all, on as many threads as there are processors. Nobody watches: that changes nothing.
fn played() -> Fingerprints {
    let scenarios = scenarios();
    let runs: Vec<(&str, &Plan, u64)> = scenarios
        .iter()
        .flat_map(|(name, plan)| SEEDS.map(move |seed| (name.as_str(), plan, seed)))
        .collect();
    let (next, played) = (AtomicUsize::new(0), Mutex::new(Fingerprints::new()));
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((name, plan, seed)) = runs.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let mut world = build::build_observed(plan, Seed(*seed), false).unwrap();
                    world.run(plan.until);
                    let told = format!("{:>8} {}", world.events(), world.fingerprint());
                    played.lock().unwrap().insert(((*name).to_owned(), *seed), told);
                }
            });
        }
    });
    played.into_inner().unwrap()
}

fn line(((name, seed), told): (&(String, u64), &String)) -> String {
    format!("{name:<28} {seed:>2} {told}\n")
}

fn read(text: &str) -> Fingerprints {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            let [name, seed, events, print] = words[..] else { panic!("four words: {line}") };
            ((name.to_owned(), seed.parse().unwrap()), format!("{events:>8} {print}"))
        })
        .collect()
}

#[expect(clippy::disallowed_methods, reason = "a switch for who runs the test, not for a run")]
fn is_update() -> bool {
    std::env::var("MXSIM_UPDATE").is_ok()
}

const HEAD: &str = "# scenario, seed, events, fingerprint; see tests/fingerprints.rs\n";

#[test]
fn no_octet_of_any_scenario_has_moved() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/fingerprints.txt");
    let now = played();
    if is_update() {
        let lines: String = now.iter().map(line).collect();
        fs::write(&path, HEAD.to_owned() + &lines).unwrap();
        return;
    }
    let before = read(&fs::read_to_string(&path).unwrap().replace("\r\n", "\n"));
    let mut moved = Vec::new();
    for key in before.keys().chain(now.keys().filter(|key| !before.contains_key(*key))) {
        let (was, is) = (before.get(key), now.get(key));
        if was != is {
            let told =
                |told: Option<&String>| told.map_or("nothing", |told| told.trim()).to_owned();
            moved.push(format!("{} with seed {}: {} -> {}", key.0, key.1, told(was), told(is)));
        }
    }
    assert!(
        moved.is_empty(),
        "{} of {} runs have moved (MXSIM_UPDATE=1 writes {}):\n{}",
        moved.len(),
        now.len(),
        path.display(),
        moved.join("\n")
    );
}

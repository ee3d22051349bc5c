//! All scenarios with the seeds 1 to 20, and the loads with two, on 1, 2, 3 and 8 threads: transcript, summary, figures,
//! fingerprint, capture and whatever else there is to be seen are equal to the byte.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its failure")]

mod shelf;

use std::ops::RangeInclusive;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use mxsim::engine::Seed;
use mxsim::report::load::{Figures, Load};
use mxsim::report::{Capture, Summary, Transcript};
use mxsim::scenario::presets::{PRESETS, Preset};
use mxsim::scenario::{self, NoFiles, Plan, build};
use mxsim::world::{Sharing, Threads};

use shelf::scenarios;

const SEEDS: RangeInclusive<u64> = 1..=20;
const THREADS: [usize; 3] = [2, 3, 8];

/// The loads that are built in, with few messages; a million idle hosts show nothing more.
fn loads() -> Vec<(String, Plan)> {
    let presets = PRESETS.iter().filter(|preset| preset.name != "million-hosts");
    let load = |preset: &Preset| {
        let plan = scenario::parse(preset.text, &preset.file_name(), &NoFiles);
        let mut plan = plan.expect("a scenario without mistakes");
        plan.set_messages(200);
        (preset.name.to_owned(), plan)
    };
    presets.map(load).collect()
}

/// A run, and what is to be seen of it.
struct Seen {
    sharing: Sharing,
    end: String,
    summary: String,
    transcript: String,
    /// What a fold of the run has come to, and what `mxsim bench --json` would tell of it.
    figures: (Figures, String),
    pcap: Vec<u8>,
}

/// Plays a plan. Its packets are captured for the first seed alone, which makes the test no longer than it
/// has to be.
fn play(plan: &Plan, seed: u64, threads: usize) -> Seen {
    let mut world = build::build(plan, Seed(seed)).unwrap();
    world.fold(Box::new(Figures::default()));
    let mut pcap = Vec::new();
    // Where it would not pay, too.
    world.set_threads(Threads::new(threads).eagerly());
    let ended = if seed == *SEEDS.start() {
        let mut capture = Capture::new(&mut world, None, &plan.title, &mut pcap).unwrap();
        let ended = capture.run(&mut world, plan.until).unwrap();
        capture.flush().unwrap();
        ended
    } else {
        world.run(plan.until)
    };
    let end = format!(
        "{ended:?} {} {} {} {} {:?}",
        world.now(),
        world.last_activity(),
        world.events(),
        world.fingerprint(),
        world.traffic(),
    );
    let figures = *world.take_fold::<Figures>().unwrap();
    let load = serde_json::to_string(&Load::new(&world, &figures)).unwrap();
    Seen {
        figures: (figures, load),
        sharing: world.sharing(),
        end,
        summary: serde_json::to_string(&Summary::new(&world)).unwrap(),
        transcript: Transcript::new(&world).to_string(),
        pcap,
    }
}

/// Does something with each of the runs, on as many threads as there are processors.
fn each<T: Sync>(runs: &[T], act: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(run) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    act(run);
                }
            });
        }
    });
}

#[test]
fn every_scenario_has_one_history_on_any_number_of_threads() {
    let (scenarios, loads) = (scenarios(), loads());
    let with = |(name, plan): &'_ (String, Plan), seeds: RangeInclusive<u64>| {
        let (name, plan) = (name.clone(), plan.clone());
        seeds.map(move |seed| (name.clone(), plan.clone(), seed)).collect::<Vec<_>>()
    };
    let mut runs: Vec<(String, Plan, u64)> = Vec::new();
    runs.extend(scenarios.iter().flat_map(|one| with(one, SEEDS)));
    runs.extend(loads.iter().flat_map(|one| with(one, 1..=2)));
    let differ = Mutex::new(Vec::new());
    let parted = AtomicUsize::new(0);
    each(&runs, |(name, plan, seed)| {
        let alone = play(plan, *seed, 1);
        for threads in THREADS {
            let shared = play(plan, *seed, threads);
            if matches!(shared.sharing, Sharing::Parted { .. }) {
                parted.fetch_add(1, Ordering::Relaxed);
            }
            for (what, is_same) in [
                ("end", alone.end == shared.end),
                ("summary", alone.summary == shared.summary),
                ("transcript", alone.transcript == shared.transcript),
                ("figures", alone.figures == shared.figures),
                ("capture", alone.pcap == shared.pcap),
            ] {
                if !is_same {
                    let told = format!("{name} with seed {seed} on {threads} threads: {what}");
                    differ.lock().unwrap().push(told);
                }
            }
        }
    });
    let differ = differ.into_inner().unwrap();
    assert!(differ.is_empty(), "{} differ:\n{}", differ.len(), differ.join("\n"));
    // A test that parted nothing would find nothing.
    let all = runs.len() * THREADS.len();
    assert!(parted.into_inner() * 10 > all * 8, "fewer than 8 of 10 of {all} runs were parted");
}

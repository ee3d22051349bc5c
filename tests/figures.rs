//! A fold makes of a run, while it happens, the figures that its records tell at the end; and what was
//! taken is somewhere, in every scenario.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use mxsim::engine::{Seed, SimTime};
use mxsim::net::NodeId;
use mxsim::proto::dns::TcpFraming;
use mxsim::report::load::{COLUMNS, Figures, Load};
use mxsim::scenario::plan::Bug;
use mxsim::scenario::{self, Plan, build};
use mxsim::world::{Fact, Fold, Kind, Note, World};

fn scenarios() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let files = std::fs::read_dir(folder).expect("the scenarios");
    let is_scenario = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.ends_with(".json") && !name.ends_with(".schema.json")
    };
    let mut files: Vec<_> =
        files.map(|file| file.expect("an entry").path()).filter(is_scenario).collect();
    files.sort();
    assert!(files.len() > 50, "{files:?}");
    files
}

fn folded(plan: &Plan, seed: u64, watched: bool) -> World {
    let mut world = build::build_observed(plan, Seed(seed), watched).expect("a checked plan");
    world.fold(Box::new(Figures::default()));
    world.run(plan.until);
    world
}

/// What the records of a run tell of it.
#[derive(Default)]
struct Told {
    counts: BTreeMap<Kind, u64>,
    by_time: Vec<(SimTime, Kind)>,
    /// In nanoseconds.
    latencies: Vec<u64>,
    untimed: u64,
    bounces: BTreeMap<(String, Option<u16>), u64>,
    refusals: BTreeMap<Option<u16>, u64>,
}

impl Told {
    fn add(&mut self, time: SimTime, kind: Kind, times: u64) {
        *self.counts.entry(kind).or_default() += times;
        self.by_time.extend((0..times).map(|_| (time, kind)));
    }

    fn by(world: &World) -> Self {
        let mut told = Told::default();
        let mut composed: BTreeMap<&str, SimTime> = BTreeMap::new();
        let mut streams: BTreeMap<(NodeId, SocketAddr, SocketAddr), TcpFraming> = BTreeMap::new();
        for record in world.records() {
            let time = record.time;
            match &record.fact {
                // What a resolver asks comes from another port.
                Fact::Datagram { to, .. } if to.port() == 53 => told.add(time, Kind::DnsQuery, 1),
                Fact::Opened { local, peer, active: false } if local.port() == 53 => {
                    streams.insert((record.id.node, *local, *peer), TcpFraming::new());
                }
                Fact::Stream { local, peer, payload } if local.port() == 53 => {
                    let key = (record.id.node, *local, *peer);
                    let framing = streams.get_mut(&key).expect("it was opened");
                    framing.push(payload);
                    let queries = std::iter::from_fn(|| framing.next_message()).count();
                    told.add(time, Kind::DnsQuery, queries as u64);
                }
                Fact::Note(note) => {
                    told.add(time, note.kind(), 1);
                    match &**note {
                        Note::Accepted { recipients, .. } => {
                            told.add(time, Kind::Recipient, recipients.len() as u64);
                        }
                        Note::Composed { message_id, .. } => {
                            composed.entry(message_id).or_insert(time);
                        }
                        Note::Delivered { message_id, .. } => {
                            match composed.get(message_id.as_str()) {
                                Some(from) if !message_id.is_empty() => {
                                    told.latencies.push(time.since(*from).as_nanos() as u64);
                                }
                                _ => told.untimed += 1,
                            }
                        }
                        Note::Bounced { status, reason, .. } => {
                            let key = (status.clone(), first_code(reason));
                            *told.bounces.entry(key).or_default() += 1;
                        }
                        Note::Refused { reply, .. } => {
                            let code = reply[..3].parse().ok();
                            *told.refusals.entry(code).or_default() += 1;
                        }
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        told.latencies.sort_unstable();
        told
    }
}

/// The first word of three digits that says what a server said.
fn first_code(reason: &str) -> Option<u16> {
    let after = match reason.find(": ") {
        Some(colon) if !reason.starts_with(|first: char| first.is_ascii_digit()) => {
            if !reason[..colon].ends_with("said") && !reason[..colon].contains("refused to") {
                return None;
            }
            &reason[colon + 2..]
        }
        _ => reason,
    };
    after.split(' ').next().filter(|word| word.len() == 3)?.parse().ok()
}

/// Holds what a fold made against what the records tell.
fn check(world: &World, told: &Told, of: &str) {
    let figures = world.folded::<Figures>().expect("a fold");
    let load = Load::new(world, figures);
    for (kind, count) in &told.counts {
        assert_eq!(figures.of(*kind), *count, "{of}: {kind:?}");
    }
    let counted: u64 = told.counts.values().sum();
    let all = figures.counts().iter().sum::<u64>();
    assert_eq!(all - figures.of(Kind::Expanded), counted, "{of}: of any kind");

    assert_eq!(figures.untimed(), told.untimed, "{of}: untimed");
    assert_eq!(figures.latency().count(), told.latencies.len() as u64, "{of}: timed");
    assert_eq!(figures.latency().most(), told.latencies.last().copied(), "{of}: the longest");
    for per_mille in [500, 900, 990, 999] {
        let rank = (told.latencies.len() * per_mille as usize).div_ceil(1000).max(1);
        let exact = told.latencies.get(rank - 1).copied();
        let close = |(told, exact): (u64, u64)| told >= exact && told - exact <= exact / 128;
        let found = figures.latency().quantile(per_mille);
        assert!(found.zip(exact).is_none_or(close), "{of}: {per_mille}: {found:?}, {exact:?}");
        assert_eq!(found.is_some(), exact.is_some(), "{of}");
    }

    let bounces: BTreeMap<_, _> = load
        .bounces
        .iter()
        .map(|it| ((it.status.clone().unwrap_or_default(), it.code), it.count))
        .collect();
    assert_eq!(bounces, told.bounces, "{of}");
    let refusals: BTreeMap<_, _> = load.refusals.iter().map(|it| (it.code, it.count)).collect();
    assert_eq!(refusals, told.refusals, "{of}");

    let interval = figures.timeline().interval().as_nanos() as u64;
    for (kind, name) in COLUMNS {
        let mut wanted = vec![0; load.timeline.rows.len()];
        for (time, _) in told.by_time.iter().filter(|(_, other)| *other == kind) {
            wanted[(time.as_nanos() / interval) as usize] += 1;
        }
        assert_eq!(load.timeline.column(name), wanted, "{of}: {name}");
    }
}

/// The sums that are not the same, in words.
fn unbalanced(world: &World, of: &str) -> Vec<String> {
    let load = Load::new(world, world.folded().expect("a fold"));
    let broken = load.checks.iter().filter(|check| !check.holds);
    broken.map(|check| format!("{of}: {} {:?} {:?}", check.name, check.came, check.went)).collect()
}

#[test]
fn a_fold_tells_what_the_records_tell_of_each_scenario() {
    let mut broken = Vec::new();
    for file in scenarios() {
        let plan = scenario::load(&file).expect("a sound scenario");
        for seed in [plan.seed, 7] {
            let world = folded(&plan, seed, true);
            let of = format!("{} {seed}", file.file_stem().unwrap_or_default().display());
            check(&world, &Told::by(&world), &of);
            broken.extend(unbalanced(&world, &of));
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn it_tells_the_same_without_records_and_moves_nothing() {
    for name in ["world", "smtp-load", "crash", "dns-cache", "mailing-list"] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/{name}.json"));
        let plan = scenario::load(&file).expect("a sound scenario");
        for seed in 1..=3 {
            let [alone, watched] = [false, true].map(|watched| folded(&plan, seed, watched));
            assert!(alone.records().is_empty() && !watched.records().is_empty());
            assert_eq!(alone.folded::<Figures>(), watched.folded::<Figures>(), "{name} {seed}");
            let mut bare = build::build_observed(&plan, Seed(seed), false).expect("a checked plan");
            bare.run(plan.until);
            for world in [alone, watched] {
                assert_eq!(
                    (world.fingerprint(), world.events(), world.traffic()),
                    (bare.fingerprint(), bare.events(), bare.traffic()),
                    "{name} {seed}"
                );
            }
        }
    }
}

/// As if the hosts were split into parts, each with a fold of its own: in the end it is the same.
#[test]
fn folds_of_parts_merge_into_that_of_the_whole() {
    for (name, seed) in [("world", 1), ("smtp-load", 2), ("mailing-list", 1), ("double-bounce", 1)]
    {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/{name}.json"));
        let plan = scenario::load(&file).expect("a sound scenario");
        let world = folded(&plan, seed, true);
        let whole = world.folded::<Figures>().expect("a fold");
        for parts in [2_u32, 3, 8] {
            let mut folds: Vec<Box<dyn Fold>> = (0..parts).map(|_| whole.fresh()).collect();
            for record in world.records() {
                let Some(note) = record.note() else { continue };
                let fold = &mut folds[(record.id.node.0 % parts) as usize];
                if whole.reads().has(note.kind()) {
                    fold.note(record.time, record.id.node, note);
                } else {
                    fold.count(record.time, record.id.node, note.kind(), 1);
                }
            }
            // In another order than that of the parts.
            let mut merged = folds.swap_remove(0);
            folds.into_iter().for_each(|fold| merged.merge(fold));
            let merged: Box<dyn std::any::Any> = merged;
            let merged = merged.downcast::<Figures>().expect("figures");
            assert_eq!(merged.latency(), whole.latency(), "{name}");
            assert_eq!(merged.untimed(), whole.untimed(), "{name}");
            assert_eq!(merged.timeline().queue_depths(), whole.timeline().queue_depths(), "{name}");
            assert_eq!((merged.bounces(), merged.refusals()), (whole.bounces(), whole.refusals()));
        }
    }
}

#[test]
fn a_server_that_forgets_its_queue_is_found_by_the_sums() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/crash.json");
    let mut plan = scenario::load(&file).expect("a sound scenario");
    plan.bug = Some(Bug::ForgetfulQueue);
    let broken = unbalanced(&folded(&plan, plan.seed, false), "crash");
    let of = |sum: &str| broken.iter().any(|line| line.starts_with(&format!("crash: {sum} ")));
    assert!(of("messages") && of("recipients") && !of("packets"), "{broken:?}");
}

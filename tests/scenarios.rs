//! Every scenario under `scenarios/`: its expectations, its snapshot, the laws, and that one seed is
//! one history.

use std::path::Path;

use mxsim::Simulation;
use mxsim::engine::Seed;
use mxsim::scenario;

/// Plays a scenario to its end.
fn play(path: &Path, seed: Option<u64>) -> Simulation {
    let plan = scenario::load(path).unwrap_or_else(|findings| {
        let lines: Vec<_> = findings.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"));
    });
    let seed = Seed(seed.unwrap_or(plan.seed));
    let mut simulation = match Simulation::with_seed(plan, seed) {
        Ok(simulation) => simulation,
        Err(error) => panic!("{error}"),
    };
    simulation.run();
    simulation
}

/// The expectations and the laws that do not hold.
fn broken(simulation: &Simulation) -> Vec<String> {
    let verdicts = simulation.verdicts();
    assert!(!verdicts.is_empty(), "a scenario expects something");
    let failed = verdicts.iter().filter(|verdict| !verdict.holds).map(ToString::to_string);
    failed.chain(simulation.broken_laws().iter().map(ToString::to_string)).collect()
}

/// What is compared: the transcript, and the fingerprint of everything that no line shows.
fn shown(simulation: &Simulation) -> String {
    format!("{}\nfingerprint {}\n", simulation.transcript(), simulation.fingerprint())
}

#[test]
fn each_scenario_meets_its_expectations_twice_alike_and_as_its_snapshot_says() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        insta::glob!("../scenarios", "*.json", |path| {
            if path.file_name().is_some_and(|name| name == "mxsim.schema.json") {
                return;
            }
            let first = play(path, None);
            assert_eq!(broken(&first), Vec::<String>::new());
            let shown = shown(&first);
            assert_eq!(shown, self::shown(&play(path, None)), "one seed, two histories");
            insta::assert_snapshot!("transcript", shown);
        });
    });
}

#[test]
fn each_scenario_meets_its_expectations_with_other_seeds() {
    insta::glob!("../scenarios", "*.json", |path| {
        if path.file_name().is_some_and(|name| name == "mxsim.schema.json") {
            return;
        }
        for seed in [2, 3, 4] {
            assert_eq!(broken(&play(path, Some(seed))), Vec::<String>::new(), "seed {seed}");
        }
    });
}

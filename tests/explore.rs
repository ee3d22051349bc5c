//! Many runs of a scenario: that they are what the command line says, whatever plays them.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its failure")]

use std::collections::BTreeSet;

use mxsim::engine::{Seed, SimTime};
use mxsim::explore::{Every, Faults, Report, Runner, Seeds, every, play, seeds};
use mxsim::net::Loss;
use mxsim::scenario::{FIRST_MAIL, NoFiles, Source, build, pretty};

/// The built-in scenario, which may be changed.
fn first_mail(changes: &[(&str, &str)]) -> Source {
    let mut text = FIRST_MAIL.to_owned();
    for (before, after) in changes {
        assert!(text.contains(before), "{before} is not there");
        text = text.replacen(before, after, 1);
    }
    Source::parse(&text, "mine.json", Box::new(NoFiles)).unwrap()
}

fn explore(source: &Source, seeds: &str, faults: Faults, jobs: usize) -> Report {
    seeds::explore(source, &seeds.parse().unwrap(), faults, &Runner::new(jobs).unwrap())
}

/// One that bob's laptop breaks in some runs: it fetches before the mail is there.
const EARLY: (&str, &str) = (r#""at": "10s""#, r#""at": "1900ms""#);
const JITTER: (&str, &str) = (
    r#""domains""#,
    r#""network": { "default_link": { "latency": { "uniform": ["1ms", "19ms"] } } }, "domains""#,
);

#[test]
fn the_report_does_not_depend_on_the_jobs() {
    let source = first_mail(&[EARLY, JITTER]);
    let report = explore(&source, "1..40", Faults::Scenario, 1);
    assert_eq!((report.runs, report.histories()), (40, 40));
    assert!(report.broken.len() == 2 && report.failed.len() < 40, "{:?}", report.broken);
    assert!(!report.failed.is_empty());
    assert_eq!(report, explore(&source, "1..40", Faults::Scenario, 3));
    let drawn = explore(&source, "1..20", Faults::Swarm, 1);
    assert_eq!(drawn, explore(&source, "1..20", Faults::Swarm, 2));
    assert_eq!((drawn.runs, drawn.failed.as_slice()), (20, &[][..]));
    assert!(drawn.faults.values().sum::<u64>() >= 20, "{:?}", drawn.faults);
}

#[test]
fn a_failing_seed_fails_alone_too() {
    let source = first_mail(&[EARLY, JITTER]);
    let report = explore(&source, "1..40", Faults::Scenario, 2);
    for failed in &report.failed {
        let outcome = play(source.plan(), Seed(failed.case.seed));
        assert_eq!(outcome.failures, failed.failures);
    }
}

#[test]
fn it_stops_at_the_failure_that_is_the_last_one_wanted() {
    let source = first_mail(&[EARLY, JITTER]);
    let all = explore(&source, "1..40", Faults::Scenario, 2);
    for jobs in [1, 2, 5] {
        let mut runner = Runner::new(jobs).unwrap();
        runner.stop_at = Some(2);
        let seeds = Seeds(1..=u64::MAX);
        let report = seeds::explore(&source, &seeds, Faults::Scenario, &runner);
        assert_eq!(report.failed, all.failed[..2]);
        assert_eq!(report.runs, all.failed[1].case.seed);
    }
}

#[test]
fn a_run_with_drawn_faults_is_a_scenario_file_that_plays_the_identical_run() {
    let source =
        first_mail(&[(r#""queue": { "messages": 0 } }"#, r#""queue": {}, "always": true }"#)]);
    let mut disturbed = 0;
    for seed in 1..=30 {
        let case = seeds::case(source.plan(), seed, Faults::Swarm);
        let drawn = play(&case.plan(&source).unwrap(), Seed(seed));
        let text = pretty(&case.scenario(&source));
        let written = Source::parse(&text, "written.json", Box::new(NoFiles)).unwrap();
        let plan = written.plan();
        let again = play(plan, Seed(plan.seed));
        assert_eq!((drawn.fingerprint, drawn.events), (again.fingerprint, again.events));
        assert_eq!(drawn.failures, []);
        let calm = play(source.plan(), Seed(seed));
        disturbed += u32::from(drawn.fingerprint != calm.fingerprint);
    }
    assert!(disturbed > 5, "the faults did something in {disturbed} of 30 runs alone");
}

#[test]
fn drawn_faults_are_judged_by_the_expectations_that_always_hold() {
    let source = first_mail(&[(r#""5s" } }"#, r#""1s" }, "always": true }"#)]);
    let report = explore(&source, "1..100", Faults::Swarm, 2);
    let broken: Vec<_> = report.broken.keys().map(|(_, name)| name.as_str()).collect();
    assert_eq!(broken, ["hello is delivered to bob@example.com within 1s"]);
    assert!(report.failed.len() < 100, "{} failed", report.failed.len());
}

#[test]
fn no_packet_that_is_lost_once_breaks_anything() {
    let source = first_mail(&[]);
    let all = every::cases(&source, 1, Every::Packet, |_| true).unwrap();
    let senders: BTreeSet<_> =
        all.iter().map(|case| case.faults[0]["packet"]["from"].as_str()).collect();
    assert!(senders.len() > 8 && all.len() > 60, "{} of {senders:?}", all.len());
    let report = every::explore(&source, all.clone(), &Runner::new(2).unwrap());
    assert_eq!((report.runs, report.failed), (all.len() as u64, vec![]));
    for case in &all {
        let plan = case.plan(&source).unwrap();
        let mut world = build::build(&plan, Seed(case.seed)).unwrap();
        world.run(plan.until);
        let struck = world.traffic().lost[&Loss::Struck].packets;
        assert_eq!((struck, case.faults.len()), (1, 1), "{}", case.label);
    }
}

#[test]
fn a_lost_packet_is_met_again_by_its_fault_line() {
    // The resolver asks again when the answer is lost, so that this count does not always hold.
    let source = first_mail(&[(r#""count": 1 } },"#, r#""count": 1 }, "always": true },"#)]);
    let cases = every::cases(&source, 1, Every::Packet, |host| host == "a.root-servers.net");
    let report = every::explore(&source, cases.unwrap(), &Runner::new(2).unwrap());
    assert!(!report.failed.is_empty());
    for failed in &report.failed {
        let with = source.with_faults(&failed.case.faults).unwrap();
        let mut plan = with.plan().clone();
        plan.until = SimTime::ZERO + failed.case.until.unwrap();
        let again = play(&plan, Seed(failed.case.seed));
        for failure in &failed.failures {
            assert!(again.failures.contains(failure), "{failure} not in {:?}", again.failures);
        }
    }
}

//! Bugs on purpose are found by exploring, and shrunk to what shows them.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its failure")]

use std::time::Duration;

use mxsim::explore::{Case, Every, Faults, Report, Runner, every, seeds, shrink};
use mxsim::scenario::plan::Bug;
use mxsim::scenario::{NoFiles, Source, pretty};

const CRASH: &str = include_str!("../scenarios/crash.json");

/// The scenario in which mail waits in a queue, without the crash of the MTA that has it.
fn waiting(bug: Option<Bug>) -> Source {
    let text = CRASH
        .replace(r#""for": "10m" },"#, r#""for": "10m" }"#)
        .replace(r#"{ "at": "1m", "crash": "mx1.example.com", "for": "2m" }"#, "")
        .replace(r#""octets_equal": true } }"#, r#""octets_equal": true }, "always": true }"#)
        .replace(
            r#""until""#,
            r#""swarm": { "kinds": ["crash", "cut", "isolate"], "longest": "3m" }, "until""#,
        )
        .replace(r#""copies": 1"#, r#""copies": { "at_least": 1 }"#);
    let source = Source::parse(&text, "waiting.json", Box::new(NoFiles)).unwrap();
    match bug {
        Some(bug) => source.with_bug(bug),
        None => source,
    }
}

fn swarm(source: &Source) -> Report {
    let mut runner = Runner::new(2).unwrap();
    runner.stop_at = Some(1);
    seeds::explore(source, &"1..200".parse().unwrap(), Faults::Swarm, &runner)
}

fn every_event(source: &Source) -> Report {
    let every = Every::Event { down: Duration::from_secs(1) };
    let cases = every::cases(source, 1, every, |_| true).unwrap();
    every::explore(source, cases, &Runner::new(2).unwrap())
}

/// Shrinks a case that fails, and hands back the file, which fails by itself with the bug, and does
/// not without it.
fn shrunk(source: &Source, case: &Case) -> String {
    let shrunk = shrink::shrink(source, case, &Runner::new(2).unwrap()).unwrap().unwrap();
    let text = pretty(&shrunk.scenario);
    let again = Source::parse(&text, "small.json", Box::new(NoFiles)).unwrap();
    let failures = |source: &Source| {
        let plan = source.plan();
        mxsim::explore::play(plan, mxsim::engine::Seed(plan.seed)).failures
    };
    assert_eq!(failures(&again), [], "without the bug:\n{text}");
    let again = again.with_bug(source.plan().bug.unwrap());
    assert_eq!(failures(&again), std::slice::from_ref(&shrunk.failure), "{text}");
    // However many threads try it.
    let alone = shrink::shrink(source, case, &Runner::new(1).unwrap()).unwrap().unwrap();
    assert_eq!(alone, shrunk);
    text
}

#[test]
fn an_mta_that_forgets_its_queue_is_found_by_drawn_faults() {
    assert_eq!(swarm(&waiting(None)).broken.len(), 0);
    let source = waiting(Some(Bug::ForgetfulQueue));
    let report = swarm(&source);
    assert_eq!(report.failed.len(), 1, "not found in {} runs", report.runs);
    let text = shrunk(&source, &report.failed[0].case);
    assert!(text.lines().count() <= 22, "{text}");
    assert!(text.contains("\"crash\": "), "{text}");
}

#[test]
fn an_mta_that_answers_before_it_writes_is_found_by_a_crash_after_every_event() {
    let calm = every_event(&waiting(None));
    assert!(calm.broken.is_empty(), "{:?} {:?}", calm.broken, calm.failed);
    let source = waiting(Some(Bug::LateWrite));
    let report = every_event(&source);
    assert!(!report.failed.is_empty(), "not found in {} runs", report.runs);
    let text = shrunk(&source, &report.failed[0].case);
    assert!(text.lines().count() <= 22, "{text}");
    assert!(text.contains("\"after_event\""), "{text}");
}

//! What the README shows is what the program does.

use mxsim::Simulation;
use mxsim::engine::Seed;
use mxsim::openspf::{self, Suite};
use mxsim::scenario::{self, FIRST_MAIL};

const README: &str = include_str!("../README.md");

/// The fenced blocks in this language.
fn blocks(language: &str) -> impl Iterator<Item = &'static str> {
    let start = format!("```{language}\n");
    README.split("\n```\n").filter_map(move |part| Some(part.split_once(&start)?.1))
}

/// Played to the end.
fn play(text: &str) -> Simulation {
    let mut simulation = Simulation::parse(text).expect("a scenario without mistakes");
    simulation.run();
    simulation
}

#[test]
fn the_scenarios_shown_hold() {
    let mut count = 0;
    for text in blocks("json") {
        for verdict in play(text).verdicts() {
            assert!(verdict.holds, "{verdict}");
        }
        count += 1;
    }
    assert_eq!(count, 2);
}

#[test]
fn the_run_shown_is_that_of_first_mail() {
    let simulation = play(FIRST_MAIL);
    let mut printed = format!("{}\n{}\n", simulation.transcript(), simulation.summary());
    for verdict in simulation.verdicts() {
        printed += &format!("{verdict}\n");
    }
    let mut rest = printed.lines();
    for line in blocks("text").take(2).flat_map(str::lines) {
        if line != "…" {
            assert!(rest.any(|printed| printed == line), "missing, or out of order: {line}");
        }
    }
}

#[test]
fn the_mistakes_shown_are_told_so() {
    let [right] = blocks("json").skip(1).collect::<Vec<_>>()[..] else { panic!("two scenarios") };
    let wrong = right.replacen("\"split\"", "\"spilt\"", 1).replacen("\"10m\"", "\"10\"", 1);
    let findings = scenario::parse(&wrong, "wrong.json", &scenario::NoFiles)
        .expect_err("a scenario with two mistakes");
    for finding in findings {
        assert!(README.contains(&format!("\n{finding}\n")), "{finding}");
    }
}

#[test]
fn the_suite_shown_holds() {
    let mut count = 0;
    for text in blocks("yaml") {
        let suite = Suite::parse(text).expect("a suite without mistakes");
        for document in &suite.documents {
            assert_eq!(document.zone.left_out(), []);
            for test in &document.tests {
                let played = openspf::play(document, test, Seed(1), false);
                assert!(played.is_right(test), "{}: {:?}", test.name, played.verdict);
                count += 1;
            }
        }
    }
    assert_eq!(count, 2);
}

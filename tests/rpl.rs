//! Resolver scenarios in the form of Unbound and Deckard: those of `tests/rpl` and broken ones.

#![allow(clippy::unwrap_used, reason = "a panic here is the failure")]

use std::fs;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use mxsim::engine::Seed;
use mxsim::rpl::{Dialect, Level, Outcome, Reply, Scenario, play};
use proptest::prelude::*;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rpl")
}

fn text(file: &str) -> String {
    fs::read_to_string(folder().join(file)).unwrap()
}

fn played(file: &str) -> Outcome {
    play(&Scenario::parse(&text(file), None).unwrap(), Seed(1)).unwrap()
}

/// All files in a folder, by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|end| end == "rpl") {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn scenarios_of_both_dialects_pass() {
    for (dialect, name) in [(Dialect::Unbound, "unbound"), (Dialect::Deckard, "deckard")] {
        let files = files(&folder().join(name));
        assert!(files.len() >= 6);
        for file in files {
            let scenario = Scenario::parse(&fs::read_to_string(&file).unwrap(), None).unwrap();
            assert_eq!(scenario.dialect, dialect, "{}", file.display());
            let outcome = play(&scenario, Seed(1)).unwrap();
            let told = format!("{}\n{}", file.display(), outcome.failures(Level::Strict));
            assert_eq!(outcome.reason(), None, "{told}");
            assert!(outcome.passes_core() && outcome.passes_strict(), "{told}");
            assert!(!outcome.checks.is_empty(), "{told}");
        }
    }
}

#[test]
fn the_same_seed_plays_the_same() {
    let [one, other] = [played("unbound/tcp.rpl"), played("unbound/tcp.rpl")];
    assert_eq!(format!("{one:?}"), format!("{other:?}"));
}

#[test]
fn a_failure_shows_what_was_wanted_and_what_came() {
    let outcome = played("failing/wrong_answer.rpl");
    assert!(!outcome.passes_core());
    assert_snapshot!(outcome.reason().unwrap());
    assert_snapshot!(outcome.failures(Level::Core));
    assert_snapshot!(outcome.failures(Level::Strict));
}

#[test]
fn every_query_of_the_resolver_is_told() {
    let outcome = played("deckard/first_range.rpl");
    let told = |number: usize| outcome.exchanges[number].to_string();
    // IDs and what else is asked are the resolver's own affair.
    assert!(told(0).starts_with("0.000000000 step 1 to 192.0.2.1: query "), "{}", told(0));
    assert!(told(0).contains("\n  line 9: response "), "{}", told(0));
    assert!(told(1).ends_with("\n  no entry matches: SERVFAIL"), "{}", told(1));
    assert!(outcome.exchanges.iter().any(|exchange| exchange.reply == Reply::Miss));
}

#[test]
fn what_cannot_pass_says_why() {
    assert_snapshot!(played("failing/no_answer.rpl").reason().unwrap());
    assert_snapshot!(played("failing/no_value.rpl").reason().unwrap());
    let unused = played("failing/unused.rpl");
    assert!(unused.passes_core() && !unused.passes_strict());
    assert_snapshot!(unused.reason().unwrap());
    let scenario = Scenario::parse(&text("failing/needs.rpl"), None).unwrap();
    assert_snapshot!(play(&scenario, Seed(1)).unwrap_err());
    assert_snapshot!(Scenario::parse(&text("failing/broken.rpl"), None).unwrap_err());
}

#[test]
fn mistakes_have_their_line() {
    let check = |text: &str| Scenario::parse(text, None).unwrap_err().to_string();
    let told = [
        "",
        "server:",
        "CONFIG_END",
        "CONFIG_END\nRANGE_BEGIN 0 1",
        "CONFIG_END\nSCENARIO_BEGIN\nRANGE_BEGIN 0",
        "CONFIG_END\nSCENARIO_BEGIN\nRANGE_BEGIN 0 1\nADDRESS here",
        "CONFIG_END\nSCENARIO_BEGIN\nRANGE_BEGIN 0 1\nENTRY_BEGIN\nMATCH qnmae",
        "CONFIG_END\nSCENARIO_BEGIN\nRANGE_BEGIN 0 1\nENTRY_BEGIN\nREPLY QR WHAT",
        "CONFIG_END\nSCENARIO_BEGIN\nRANGE_BEGIN 0 1\nENTRY_BEGIN\nRANGE_END",
        "CONFIG_END\nSCENARIO_BEGIN\nSTEP 1 QUERY\nENTRY_BEGIN\nexample. IN",
        "CONFIG_END\nSCENARIO_BEGIN\nSTEP 1 QUERY\nENTRY_BEGIN\nSECTION ANSWER\nexample. IN WAT 1",
        "CONFIG_END\nSCENARIO_BEGIN\nSTEP 1 QUERY\nENTRY_BEGIN\nHEX_ANSWER_BEGIN\n0x",
        "CONFIG_END\nSCENARIO_BEGIN\nSTEP 1 TIME_PASSES ELAPSE -1",
        "CONFIG_END\nSCENARIO_BEGIN\nSTEP 1 TIME_PASSES EVAL ${",
        "CONFIG_END\nSCENARIO_BEGIN\nSTEP 1 FLY",
        "CONFIG_END\nSCENARIO_BEGIN\nSTEP 2 NOTHING\nSTEP 2 NOTHING",
        "CONFIG_END\nSCENARIO_BEGIN\nhello",
    ];
    assert_snapshot!(told.map(check).join("\n"));
}

/// Reads and plays a text that may be anything.
fn survive(text: &str) {
    for dialect in [None, Some(Dialect::Unbound), Some(Dialect::Deckard)] {
        if let Ok(scenario) = Scenario::parse(text, dialect)
            && let Ok(outcome) = play(&scenario, Seed(1))
        {
            let _ = (outcome.reason(), outcome.failures(Level::Strict).to_string());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn mangled_scenarios_do_no_harm(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec(
            (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..4_u8), 1..6),
    ) {
        let files = files(&folder());
        let text = fs::read_to_string(which.get(&files)).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        for (one, other, kind) in changes {
            let (one, other) = (one.index(lines.len()), other.index(lines.len()));
            match kind {
                0 => drop(lines.remove(one)),
                1 => lines.insert(one, lines[other]),
                2 => lines.swap(one, other),
                _ => {
                    let line = lines[one];
                    let end = (0..=line.len() / 2).rev().find(|at| line.is_char_boundary(*at));
                    lines[one] = &line[..end.unwrap_or(0)];
                }
            }
            if lines.is_empty() {
                break;
            }
        }
        survive(&lines.join("\n"));
    }

    #[test]
    fn any_text_does_no_harm(
        words in prop::collection::vec(prop_oneof![
            Just("CONFIG_END\nSCENARIO_BEGIN x\n"), Just("STEP 1 QUERY\n"), Just("ENTRY_BEGIN\n"),
            Just("ENTRY_END\n"), Just("SCENARIO_END\n"), Just("STEP 2 CHECK_ANSWER\n"),
            Just("STEP 3 TIME_PASSES EVAL ${1/0}\n"), Just("RAW\n00\n"), Just("REPLY RD DO\n"),
            Just("SECTION QUESTION\n. IN ANY\n"), Just("\"é;\n"), Just("RANGE_BEGIN 0 9\n"),
            Just("RANGE_END\n"), Just("stub-addr: 127.0.0.1\n"), Just("MATCH\n"),
        ], 0..20),
    ) {
        survive(&words.concat());
    }
}

/// Plays other people's files: `MXSIM_RPL_DIR=DIR cargo test --test rpl -- --ignored`.
#[test]
#[ignore = "needs MXSIM_RPL_DIR"]
#[expect(clippy::disallowed_methods, reason = "the folder is not part of the project")]
fn the_scenarios_of_a_folder_pass_at_core_level() {
    let folder = std::env::var("MXSIM_RPL_DIR").expect("MXSIM_RPL_DIR is set");
    let mut failures = Vec::new();
    for file in files(Path::new(&folder)) {
        let octets = fs::read(&file).unwrap();
        let reason = match Scenario::parse(&String::from_utf8_lossy(&octets), None) {
            Ok(scenario) => match play(&scenario, Seed(1)) {
                Ok(outcome) if outcome.passes_core() => continue,
                Ok(outcome) => outcome.reason().unwrap(),
                Err(needs) => needs.to_string(),
            },
            Err(error) => error.to_string(),
        };
        failures.push(format!("{}: {reason}", file.display()));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

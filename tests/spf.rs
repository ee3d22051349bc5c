//! The project's own suites for SPF, in the form of openspf's, played on the simulated network.

use std::fs;
use std::path::PathBuf;

use mxsim::engine::Seed;
use mxsim::openspf::{Suite, play};

fn suites() -> Vec<(PathBuf, Suite)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/spf");
    let files = fs::read_dir(folder).expect("the folder of suites");
    let mut paths: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    paths.sort();
    let load = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a suite");
        let suite =
            Suite::parse(&text).unwrap_or_else(|error| panic!("{}:{error}", path.display()));
        (path, suite)
    };
    paths.into_iter().map(load).collect()
}

#[test]
fn every_test_of_every_suite_has_the_result_it_should() {
    let mut wrong = Vec::new();
    let mut tests = 0;
    for (path, suite) in suites() {
        for document in &suite.documents {
            for test in &document.tests {
                tests += 1;
                let played = play(document, test, Seed(1), false);
                if !played.is_right(test) {
                    let (place, name) = (path.display(), &test.name);
                    wrong.push(format!("{place}:{} {name}: {:?}", test.line, played.verdict));
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(tests >= 80, "{tests} tests");
}

#[test]
fn the_same_seed_gives_the_same_history() {
    for (_, suite) in suites() {
        let document = &suite.documents[0];
        for test in &document.tests {
            let fingerprint =
                |watched| play(document, test, Seed(7), watched).world.fingerprint().to_string();
            assert_eq!(fingerprint(false), fingerprint(true), "{}", test.name);
        }
    }
}

//! The schema beside the scenarios and the reference are those of the types.
//!
//! `MXSIM_UPDATE=1 cargo test --test scenario_docs` writes them anew.

#![allow(clippy::unwrap_used, reason = "a panic here is the failure")]

use std::path::Path;

use mxsim::scenario;

#[expect(clippy::disallowed_methods, reason = "a switch for who runs the test, not for a run")]
fn check(path: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var("MXSIM_UPDATE").is_ok() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(there == text, "{} is not current: set MXSIM_UPDATE=1 and test again", path.display());
}

#[test]
fn the_schema_beside_the_scenarios_is_current() {
    check("scenarios/mxsim.schema.json", &scenario::schema_text());
}

#[test]
fn the_reference_is_current() {
    check("docs/scenario-reference.md", &scenario::reference());
}

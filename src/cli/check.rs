//! `mxsim check`: mistakes in scenario files.

use std::io::Write;
use std::path::PathBuf;

use crate::scenario;

use super::{Failure, Outcome, files, output};

/// Tells every mistake on standard error, and on standard output which files have none.
pub(super) fn check(scenarios: &[PathBuf]) -> Result<Outcome, Failure> {
    let mut out = output::stdout();
    let mut findings = Vec::new();
    for path in &files::scenarios(scenarios)? {
        match scenario::load(path) {
            Ok(plan) => writeln!(
                out,
                "{}: ok ({} hosts, {} zones, {} agenda steps, {} expectations)",
                path.display(),
                plan.hosts.len(),
                plan.zones.len(),
                plan.agenda.len(),
                plan.expect.len()
            )?,
            Err(more) => findings.extend(more),
        }
    }
    out.flush()?;
    if findings.is_empty() { Ok(Outcome::Expected) } else { Err(Failure::Scenario(findings)) }
}

//! What came of a run.

use std::fmt;

use serde::Serialize;

use crate::engine::SimTime;

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What was not as it has to be.
    pub failures: Vec<Failure>,
    /// How many events were handled.
    pub events: u64,
    /// The bits of its fingerprint.
    pub fingerprint: u128,
    /// When anything of note last happened.
    pub last_activity: SimTime,
}

/// Something that is not as it has to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Which kind of thing.
    pub kind: FailureKind,
    /// What is broken: the name of a law, an expectation in words, or where the program panicked. Two
    /// runs fail alike if kind and name are the same.
    pub name: String,
    /// Where the expectation stands: `expect[2]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// What was found.
    pub why: String,
}

/// What can be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The program: it panicked.
    Panic,
    /// A law, which holds in every run.
    Law,
    /// An expectation of the scenario.
    Expectation,
}

impl Failure {
    /// Whether the other is the same thing broken, perhaps in another way.
    pub fn is_like(&self, other: &Failure) -> bool {
        (self.kind, &self.name) == (other.kind, &other.name)
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FailureKind::Panic => "panic",
            FailureKind::Law => "law",
            FailureKind::Expectation => "expectation",
        })
    }
}

/// `law no-duplicates: bob@example.com got 2 copies`.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.kind, self.name, self.why)
    }
}

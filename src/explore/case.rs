//! What one run is played with beside its scenario.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::scenario::{Finding, Plan, Source};

use super::relax::{Added, relax};

/// What one run is played with beside its scenario.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Case {
    /// What it is called.
    pub label: Label,
    /// From which number every draw follows.
    pub seed: u64,
    /// What goes wrong beside what the scenario says, as it stands in a scenario.
    pub faults: Vec<Value>,
    /// When the run ends at the latest, where it is not as the scenario says.
    #[serde(skip)]
    pub until: Option<Duration>,
    /// What these faults are, and so which expectations are judged.
    #[serde(skip)]
    pub added: Added,
}

/// What a case is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "case", rename_all = "snake_case")]
pub enum Label {
    /// A seed.
    Seed {
        /// Which.
        number: u64,
    },
    /// A packet is lost.
    Packet {
        /// The host that sends it.
        host: String,
        /// Which of those that it sends, from 1.
        number: u64,
    },
    /// A host crashes.
    Event {
        /// The host.
        host: String,
        /// After which of its events, from 1.
        number: u64,
    },
}

/// `seed 7`, `packet 3 of mx1.example.com lost`, `mx1.example.com crashed after its event 57`.
impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Label::Seed { number } => write!(f, "seed {number}"),
            Label::Packet { host, number } => write!(f, "packet {number} of {host} lost"),
            Label::Event { host, number } => write!(f, "{host} crashed after its event {number}"),
        }
    }
}

impl Case {
    /// The whole scenario of the case, with those expectations that have to hold in it. A file with it
    /// plays the identical run, and fails if that does.
    pub fn scenario(&self, source: &Source) -> Map<String, Value> {
        self.relaxed(source).0
    }

    /// The same, and which expectations of the source are left.
    fn relaxed(&self, source: &Source) -> (Map<String, Value>, Vec<usize>) {
        let mut value = source.value_with(&self.faults, self.until);
        value.insert("seed".to_owned(), Value::from(self.seed));
        let kept = relax(&mut value, self.added);
        (value, kept)
    }

    /// The checked plan of the case. What it expects has the places of the source.
    ///
    /// # Errors
    /// The mistakes of its faults, at paths that count those alone.
    pub fn plan(&self, source: &Source) -> Result<Plan, Vec<Finding>> {
        let (value, kept) = self.relaxed(source);
        let mut plan = source.plan_of(&value).map_err(|findings| source.renumbered(findings))?;
        for (expectation, index) in plan.expect.iter_mut().zip(kept) {
            let written = &source.plan().expect[index];
            expectation.path.clone_from(&written.path);
            expectation.line = written.line;
        }
        Ok(plan)
    }

    /// The plan of a case whose faults were made here.
    pub(super) fn checked_plan(&self, source: &Source) -> Plan {
        self.plan(source).unwrap_or_else(|findings| {
            let told: Vec<_> = findings.iter().map(ToString::to_string).collect();
            panic!("a fault that was made here is a right one: {}", told.join("; "))
        })
    }
}

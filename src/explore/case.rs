//! What one run is played with beside its scenario.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::scenario::{Finding, Plan, Source};

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
    /// The checked plan of the case; `plan` is that of its source.
    ///
    /// # Errors
    /// The mistakes of its faults.
    pub fn plan(&self, source: &Source) -> Result<Plan, Vec<Finding>> {
        source.plan_with(&self.faults, self.until)
    }

    /// The whole scenario of the case: a file with it plays the identical run.
    pub fn scenario(&self, source: &Source) -> Map<String, Value> {
        let mut value = source.value_with(&self.faults, self.until);
        value.insert("seed".to_owned(), Value::from(self.seed));
        value
    }
}

//! What came of many runs, in their order.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};
use serde_json::Value;

use crate::engine::SimTime;

use super::case::Case;
use super::outcome::{Failure, FailureKind, Outcome};

/// What came of many runs. It follows from the cases alone, not from how they were played.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// How many runs there were.
    pub runs: u64,
    /// How many events were handled in all of them.
    pub events: u64,
    /// How much time passed in all of them, up to the last thing of note in each.
    pub simulated: Duration,
    /// The runs that failed.
    pub failed: Vec<Failed>,
    /// How often each thing was broken.
    pub broken: BTreeMap<(FailureKind, String), u64>,
    /// How many faults of each kind were added, by the key that says what happens.
    pub faults: BTreeMap<String, u64>,
    fingerprints: BTreeSet<u128>,
}

/// A run that failed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Failed {
    /// With what it was played.
    #[serde(flatten)]
    pub case: Case,
    /// What was broken.
    pub failures: Vec<Failure>,
}

impl Report {
    /// Adds a run.
    pub fn add(&mut self, case: Case, outcome: Outcome) {
        self.runs += 1;
        self.events += outcome.events;
        self.simulated += outcome.last_activity.since(SimTime::ZERO);
        self.fingerprints.insert(outcome.fingerprint);
        for fault in &case.faults {
            *self.faults.entry(key_of(fault)).or_default() += 1;
        }
        if outcome.failures.is_empty() {
            return;
        }
        // A thing may be broken at several places of one run.
        let things: BTreeSet<_> =
            outcome.failures.iter().map(|one| (one.kind, one.name.clone())).collect();
        for thing in things {
            *self.broken.entry(thing).or_default() += 1;
        }
        self.failed.push(Failed { case, failures: outcome.failures });
    }

    /// How many of the runs differ from all others.
    pub fn histories(&self) -> usize {
        self.fingerprints.len()
    }
}

/// Under which key a fault says what happens: `crash`; of a link, what of it changes: `link loss`.
fn key_of(fault: &Value) -> String {
    let beside = ["at", "for", "after_event", "between"];
    let key_in = |value: &Value| {
        let keys = value.as_object().into_iter().flat_map(|members| members.keys());
        let mut keys = keys.filter(|key| !beside.contains(&key.as_str()));
        keys.next().cloned().unwrap_or_default()
    };
    let key = key_in(fault);
    if key != "link" {
        return key;
    }
    let link = &fault["link"];
    let change = match key_in(link) {
        way if way == "forward" || way == "backward" => key_in(&link[&way]),
        change => change,
    };
    format!("link {change}")
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Broken<'a> {
            kind: FailureKind,
            name: &'a str,
            runs: u64,
        }
        let broken: Vec<_> = self
            .broken
            .iter()
            .map(|((kind, name), runs)| Broken { kind: *kind, name, runs: *runs })
            .collect();
        let mut report = serializer.serialize_struct("Report", 7)?;
        report.serialize_field("runs", &self.runs)?;
        report.serialize_field("histories", &self.histories())?;
        report.serialize_field("events", &self.events)?;
        report.serialize_field("simulated_secs", &self.simulated.as_secs())?;
        report.serialize_field("faults", &self.faults)?;
        report.serialize_field("broken", &broken)?;
        report.serialize_field("failed", &self.failed)?;
        report.end()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn faults_are_counted_by_what_happens() {
        let check = |fault: Value, key: &str| assert_eq!(key_of(&fault), key);
        check(json!({ "at": "1s", "crash": "mx", "for": "1s" }), "crash");
        check(json!({ "at": "1s", "link": { "between": ["a", "b"], "loss": "5%" } }), "link loss");
        let one_way = json!({ "between": ["a", "b"], "backward": { "latency": "1s" } });
        check(json!({ "at": "1s", "link": one_way }), "link latency");
    }
}

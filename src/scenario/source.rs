//! A scenario file as it was written, to be changed and read again: with faults added, with parts
//! taken out.
//!
//! What is changed is the JSON value, never the plan: a changed scenario goes through the same checks as
//! one that a person wrote, and can be written to a file that plays the identical run.

use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::files::Files;
use super::format::Dur;
use super::plan::Bug;
use super::{Finding, Plan, spanned};

/// A scenario that is right, with its text as a JSON value and the files that it names.
pub struct Source {
    name: String,
    value: Map<String, Value>,
    files: Arc<dyn Files + Send + Sync>,
    plan: Plan,
    bug: Option<Bug>,
}

impl Source {
    /// The scenario file at `path`; the files that it names are beside it.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn load(path: &FilePath) -> Result<Self, Vec<Finding>> {
        let (text, folder) = super::read(path)?;
        Self::parse(&text, &path.display().to_string(), Box::new(folder))
    }

    /// The scenario in `text`. `name` is for findings; `files` has the files it names.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse(
        text: &str,
        name: &str,
        files: Box<dyn Files + Send + Sync>,
    ) -> Result<Self, Vec<Finding>> {
        let plan = super::parse(text, name, files.as_ref())?;
        let node = spanned::read(text).0.expect("it was read before");
        let Value::Object(value) = node.to_json() else { unreachable!("a scenario is an object") };
        Ok(Source { name: name.to_owned(), value, files: files.into(), plan, bug: None })
    }

    /// What the scenario is called in findings.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The checked scenario.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The scenario as a JSON value.
    pub fn value(&self) -> &Map<String, Value> {
        &self.value
    }

    /// The scenario as a JSON value, with `faults` after those that it has, and with an end at
    /// `until`, if that is given.
    pub fn value_with(&self, faults: &[Value], until: Option<Duration>) -> Map<String, Value> {
        let mut value = self.value.clone();
        if let Some(until) = until {
            value.insert("until".to_owned(), Value::from(Dur(until).to_string()));
        }
        if !faults.is_empty() {
            let list = value.entry("faults").or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(list) = list {
                list.extend_from_slice(faults);
            }
        }
        value
    }

    /// The same scenario with these faults beside its own.
    ///
    /// # Errors
    /// The mistakes of the faults, at paths `faults[0]...` that count the added ones alone.
    pub fn with_faults(&self, faults: &[Value]) -> Result<Source, Vec<Finding>> {
        let value = self.value_with(faults, None);
        let plan = self.plan_of(&value).map_err(|findings| self.renumbered(findings))?;
        // Expectations keep their lines.
        let plan = Plan { expect: self.plan.expect.clone(), ..plan };
        let (name, files) = (self.name.clone(), Arc::clone(&self.files));
        Ok(Source { name, value, files, plan, bug: self.bug })
    }

    /// The plan of another value, beside the same files.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn plan_of(&self, value: &Map<String, Value>) -> Result<Plan, Vec<Finding>> {
        let text = serde_json::to_string(value).expect("a JSON value is JSON");
        let plan = super::parse(&text, &self.name, self.files.as_ref())?;
        Ok(Plan { bug: self.bug, ..plan })
    }

    /// The same with a bug in its programs, for tests.
    #[doc(hidden)]
    pub fn with_bug(mut self, bug: Bug) -> Self {
        self.bug = Some(bug);
        self.plan.bug = Some(bug);
        self
    }

    /// The findings of a value with added faults, at paths `faults[0]...` that count those alone.
    pub fn renumbered(&self, findings: Vec<Finding>) -> Vec<Finding> {
        let own = self.value.get("faults").and_then(Value::as_array).map_or(0, Vec::len);
        findings.into_iter().map(|one| renumbered(one, own)).collect()
    }
}

/// The finding with the place in a list of added faults alone.
fn renumbered(mut finding: Finding, own: usize) -> Finding {
    let parsed = finding.path.strip_prefix("faults[").and_then(|rest| {
        let (index, rest) = rest.split_once(']')?;
        Some((index.parse::<usize>().ok()?, rest.to_owned()))
    });
    if let Some((index, rest)) = parsed {
        finding.path = format!("faults[{}]{rest}", index.saturating_sub(own));
    }
    // The text that was read is one that nobody has seen.
    Finding { line: 0, column: 0, ..finding }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scenario::NoFiles;

    const TEXT: &str = r#"{
        "domains": { "example.org": { "users": ["alice"] } },
        "faults": [{ "at": "1m", "crash": "mail.example.org", "for": "1s" }],
        "expect": [{ "queue": {} }]
    }"#;

    #[test]
    fn faults_are_added_behind_those_that_are_there() {
        let source = Source::parse(TEXT, "mine.json", Box::new(NoFiles)).unwrap();
        let more = [json!({ "at": "1m", "crash": "laptop.alice.example.org" })];
        let with = source.with_faults(&more).unwrap();
        let plan = with.plan();
        assert_eq!((source.plan().faults.len(), plan.faults.len()), (1, 2));
        assert_eq!(plan.expect, source.plan().expect);
        assert_eq!(source.plan_of(&source.value_with(&more, None)).unwrap().faults, plan.faults);
    }

    #[test]
    fn a_mistake_in_an_added_fault_is_told_by_its_own_number() {
        let source = Source::parse(TEXT, "mine.json", Box::new(NoFiles)).unwrap();
        let wrong = source.with_faults(&[json!({ "at": "1m", "crash": "mial.example.org" })]);
        let told = wrong.err().unwrap()[0].to_string();
        assert_eq!(
            told,
            "mine.json: faults[0].crash: no host is named \"mial.example.org\" (did you mean \
             \"mail.example.org\"?)"
        );
    }
}

//! Holds what clients were answered against what the file says.

use std::time::Duration;

use crate::rpl::matching::{self, Came, Level, Mismatch};
use crate::rpl::outcome::Check;
use crate::rpl::{Dialect, Entry};

use super::audience::Answer;

/// The rules under which answers are looked at.
#[derive(Debug)]
pub(super) struct Judge {
    dialect: Dialect,
    /// For so long the resolver kept everybody waiting, in whole seconds: TTLs may be lower by that.
    slack_secs: u32,
}

impl Judge {
    pub(super) fn new(dialect: Dialect) -> Self {
        Judge { dialect, slack_secs: 0 }
    }

    /// So much time went by up to now without a step that says so.
    pub(super) fn waited(&mut self, waited: Duration) {
        self.slack_secs = waited.as_secs_f64().ceil() as u32;
    }

    /// Whether an answer is as the entry has it.
    pub(super) fn accepts(&self, entry: &Entry, answer: &Answer, level: Level) -> bool {
        self.mismatches(entry, Some(answer), level).is_empty()
    }

    /// The check of an answer, or of none, at this step.
    pub(super) fn check(&self, step: u32, entry: &Entry, answer: Option<&Answer>) -> Check {
        Check {
            step,
            line: entry.line,
            wanted: entry.message.clone(),
            came: answer.and_then(|answer| answer.message.clone()),
            core: self.mismatches(entry, answer, Level::Core),
            strict: self.mismatches(entry, answer, Level::Strict),
        }
    }

    fn mismatches(&self, entry: &Entry, answer: Option<&Answer>, level: Level) -> Vec<Mismatch> {
        let none = |wanted: &str, came: &str| {
            vec![Mismatch { what: "answer", wanted: wanted.to_owned(), came: came.to_owned() }]
        };
        let Some(answer) = answer else { return none("one", "never came") };
        let Some(message) = &answer.message else {
            return none("a message", "consists of octets that are none");
        };
        let came = Came {
            message,
            transport: answer.transport,
            dialect: self.dialect,
            level,
            ttl_slack_secs: self.slack_secs,
        };
        matching::mismatches(entry, came)
    }
}

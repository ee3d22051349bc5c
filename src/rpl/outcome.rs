//! What came of a scenario.

use std::net::IpAddr;

use crate::engine::SimTime;
use crate::proto::dns::{Message, Transport};

use super::matching::Mismatch;

/// What came of a scenario that was played.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// One for each `CHECK_ANSWER`, in their order.
    pub checks: Vec<Check>,
    /// The resolver's queries and what it was answered, in order.
    pub exchanges: Vec<Exchange>,
    /// Lines of entries that must be used and were not.
    pub unused: Vec<usize>,
    /// Why the scenario could not be played to its end.
    pub stopped: Option<Stopped>,
}

/// Why a scenario stopped before its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stopped {
    /// The resolver sent more queries than any sane one would.
    TooManyQueries {
        /// How many are allowed.
        limit: usize,
    },
    /// The simulation did not come to an end.
    TooManyEvents {
        /// How many are allowed.
        limit: u64,
    },
    /// An expression of this step has no value, for the reason given.
    NoValue {
        /// The number of the step.
        step: u32,
        /// Why.
        reason: String,
    },
}

impl std::fmt::Display for Stopped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Stopped::TooManyQueries { limit } => {
                write!(f, "the resolver sent more than {limit} queries")
            }
            Stopped::TooManyEvents { limit } => {
                write!(f, "no end after {limit} events")
            }
            Stopped::NoValue { step, reason } => write!(f, "step {step}: {reason}"),
        }
    }
}

/// One `CHECK_ANSWER`.
#[derive(Debug, Clone)]
pub struct Check {
    /// The number of its step.
    pub step: u32,
    /// Its line in the file.
    pub line: usize,
    /// The message of its entry.
    pub wanted: Message,
    /// The answer that it looked at; `None` when none came, or octets that are no message.
    pub came: Option<Message>,
    /// What does not agree of that which counts at core level.
    pub core: Vec<Mismatch>,
    /// What does not agree at all.
    pub strict: Vec<Mismatch>,
}

/// A query of the resolver.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// When it came.
    pub time: SimTime,
    /// The number of the step that was current.
    pub step: u32,
    /// The server that was asked.
    pub server: IpAddr,
    /// How.
    pub transport: Transport,
    /// What was asked.
    pub query: Message,
    /// What was said to it.
    pub reply: Reply,
}

/// What a server says to a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Nothing, up to the end.
    Silence,
    /// The entry at this line, with what was sent if that is a message.
    Entry {
        /// The line of the entry.
        line: usize,
        /// What was sent.
        sent: Option<Message>,
    },
    /// SERVFAIL: no entry matched.
    Miss,
}

impl Outcome {
    /// Whether clients got what they must get.
    pub fn passes_core(&self) -> bool {
        self.stopped.is_none() && self.checks.iter().all(|check| check.core.is_empty())
    }

    /// Whether everything is as the file has it.
    pub fn passes_strict(&self) -> bool {
        self.passes_core()
            && self.unused.is_empty()
            && self.checks.iter().all(|check| check.strict.is_empty())
    }

    /// Why it does not pass, in a few words; the graver reasons first. `None` when it passes.
    pub fn reason(&self) -> Option<String> {
        let told = |level: &str, check: &Check, mismatches: &[Mismatch]| {
            let first = mismatches.first()?;
            Some(format!("step {}: {level}{first}", check.step))
        };
        if let Some(stopped) = &self.stopped {
            return Some(stopped.to_string());
        }
        self.checks
            .iter()
            .find_map(|check| told("", check, &check.core))
            .or_else(|| self.checks.iter().find_map(|check| told("strict: ", check, &check.strict)))
            .or_else(|| {
                let line = self.unused.first()?;
                Some(format!("strict: the mandatory entry of line {line} was never used"))
            })
    }
}

//! Whether a scenario still fails as it did.

use serde_json::{Map, Value};

use crate::engine::Seed;
use crate::explore::outcome::{Failure, FailureKind};
use crate::explore::play::play;
use crate::scenario::{Plan, Source};

use super::repair::repaired;

/// What a smaller scenario has to do.
pub(super) struct Trial<'s> {
    pub(super) source: &'s Source,
    pub(super) target: Failure,
    pub(super) guard: Guard,
}

/// In which run a smaller scenario must not fail, as the whole one does not. Else what is left might
/// fail for any reason: a mailbox without mail, since nobody writes any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guard {
    /// The one without its faults.
    Calm,
    /// The one with this seed.
    Seed(u64),
    /// The whole one fails always.
    None,
}

/// A scenario that was tried.
pub(super) struct Tried {
    /// It, made right, if it fails as it has to.
    pub(super) fails: Option<Value>,
    /// How many runs that took.
    pub(super) runs: u64,
}

impl Trial<'_> {
    /// Plays a candidate, made right first.
    pub(super) fn attempt(&self, candidate: Value) -> Tried {
        let Some((value, plan)) = repaired(self.source, candidate) else {
            return Tried { fails: None, runs: 0 };
        };
        if !self.fails(&plan) {
            return Tried { fails: None, runs: 1 };
        }
        let is_guarded = match self.guard {
            Guard::None => return Tried { fails: Some(value), runs: 1 },
            Guard::Seed(seed) => !self.fails_with(&plan, seed),
            Guard::Calm => {
                let calm = self.source.plan_of(&without_faults(&value));
                calm.is_ok_and(|plan| !self.fails(&plan))
            }
        };
        Tried { fails: is_guarded.then_some(value), runs: 2 }
    }

    /// In which run the whole scenario does not fail, and how many runs it took to know.
    pub(super) fn find_guard(&self, whole: &Value, plan: &Plan) -> (Guard, u64) {
        let mut runs = 0;
        if !plan.faults.is_empty() {
            runs += 1;
            let calm = self.source.plan_of(&without_faults(whole));
            if calm.is_ok_and(|plan| !self.fails(&plan)) {
                return (Guard::Calm, runs);
            }
        }
        for seed in (1..=MOST_SEEDS).filter(|seed| *seed != plan.seed) {
            runs += 1;
            if !self.fails_with(plan, seed) {
                return (Guard::Seed(seed), runs);
            }
        }
        (Guard::None, runs)
    }

    fn fails(&self, plan: &Plan) -> bool {
        self.fails_with(plan, plan.seed)
    }

    fn fails_with(&self, plan: &Plan, seed: u64) -> bool {
        self.failure(plan, seed).is_some()
    }

    /// How the plan fails as it has to.
    pub(super) fn failure(&self, plan: &Plan, seed: u64) -> Option<Failure> {
        let outcome = play(plan, Seed(seed));
        outcome.failures.into_iter().find(|failure| match failure.kind {
            // There is one expectation left. Its words may name what went.
            FailureKind::Expectation => self.target.kind == FailureKind::Expectation,
            FailureKind::Law | FailureKind::Panic => failure.is_like(&self.target),
        })
    }
}

fn without_faults(scenario: &Value) -> Map<String, Value> {
    let mut calm = scenario.as_object().cloned().unwrap_or_default();
    calm.shift_remove("faults");
    calm
}

/// So many seeds are asked for one that does not fail.
const MOST_SEEDS: u64 = 20;

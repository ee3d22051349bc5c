//! Expectations of what a workload has come to.

use super::Finding;
use super::evidence::Evidence;
use super::words::named;
use crate::report::LoadDone;
use crate::scenario::plan::Count;
use crate::scenario::plan::expect::LoadNumber;

pub(super) fn done(evidence: &Evidence<'_>, numbers: &[(LoadNumber, Count)]) -> Finding {
    let done = LoadDone::new(evidence.world);
    Finding::all(numbers.iter().map(|(number, wanted)| {
        let found = match number {
            LoadNumber::Written => done.tally.composed,
            LoadNumber::Submitted => done.tally.submitted,
            LoadNumber::Refused => done.tally.refused,
            LoadNumber::Delivered => done.delivered,
            LoadNumber::Asked => done.tally.asked,
            LoadNumber::Answered => done.tally.answered,
            LoadNumber::Unanswered => done.tally.unanswered,
        };
        Finding::new(wanted.holds(found), format!("{found} {}", named(*number)))
    }))
}

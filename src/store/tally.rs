//! What a generator of load on this host has done so far: counters, so that no list of it is needed.

/// What was done, and what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Messages that were written.
    pub composed: u64,
    /// Messages that the submission server took, for one recipient at least.
    pub submitted: u64,
    /// Messages that were given up, for one recipient at least.
    pub refused: u64,
    /// Questions that were asked.
    pub asked: u64,
    /// Questions that were answered, with records or that there are none.
    pub answered: u64,
    /// Questions to which there was no answer in time, or SERVFAIL.
    pub unanswered: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, more: Tally) {
        self.composed += more.composed;
        self.submitted += more.submitted;
        self.refused += more.refused;
        self.asked += more.asked;
        self.answered += more.answered;
        self.unanswered += more.unanswered;
    }
}

//! Many runs at a time, told in their own order.

use rayon::ThreadPool;
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;

use super::case::Case;
use super::outcome::Outcome;
use super::report::Report;

/// Plays cases on several threads, one run a thread.
pub struct Runner<'a> {
    pool: ThreadPool,
    /// After so many failed runs it plays no more.
    pub stop_at: Option<usize>,
    /// Is told of every run that has ended, from any thread, in any order.
    pub on_run: &'a (dyn Fn(bool) + Sync),
}

impl<'a> Runner<'a> {
    /// A runner on so many threads; 0: on as many as the machine has.
    ///
    /// # Errors
    /// When the system has no threads to give.
    pub fn new(jobs: usize) -> Result<Self, String> {
        let pool = ThreadPoolBuilder::new().num_threads(jobs).stack_size(STACK_OCTETS).build();
        let pool = pool.map_err(|error| format!("no threads to play on: {error}"))?;
        Ok(Runner { pool, stop_at: None, on_run: &|_| {} })
    }

    /// The threads on which it plays.
    pub(super) fn pool(&self) -> &ThreadPool {
        &self.pool
    }

    /// Plays all cases, and reports them in their order. Runs behind the last failure that is wanted
    /// are none of the report, whether they were played or not.
    pub fn play(
        &self,
        cases: impl IntoIterator<Item = Case>,
        play: impl Fn(&Case) -> Outcome + Sync,
    ) -> Report {
        let mut report = Report::default();
        let mut cases = cases.into_iter();
        let batch = if self.stop_at.is_some() { SMALL_BATCH } else { BATCH };
        loop {
            let next: Vec<Case> = cases.by_ref().take(batch).collect();
            if next.is_empty() {
                return report;
            }
            let outcomes: Vec<Outcome> = self.pool.install(|| {
                let played = next.par_iter().with_max_len(1).map(|case| {
                    let outcome = play(case);
                    (self.on_run)(outcome.failures.is_empty());
                    outcome
                });
                played.collect()
            });
            for (case, outcome) in next.into_iter().zip(outcomes) {
                report.add(case, outcome);
                if self.stop_at.is_some_and(|most| report.failed.len() >= most) {
                    return report;
                }
            }
        }
    }
}

/// So many cases are handed out at once; their outcomes are all that is kept of them.
const BATCH: usize = 512;
/// The same where a failure may end it all.
const SMALL_BATCH: usize = 32;
/// As the main thread has: what a person can run must run here.
const STACK_OCTETS: usize = 8 << 20;

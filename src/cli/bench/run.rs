//! Playing it, with the clock in hand.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::engine::SimTime;
use crate::report::expect::{self, Unjudged, Verdict};
use crate::report::{Figures, Load};
use crate::world::{Ended, Sharing, World};

use crate::cli::Failure;

use super::progress::Progress;
use super::subject::Subject;

/// A run, and how long it took.
pub(super) struct Run {
    pub(super) load: Load,
    pub(super) ended: End,
    /// How it ran at its end.
    pub(super) sharing: Sharing,
    pub(super) expected: Expected,
    pub(super) real: Real,
}

/// What is to be said of the scenario's expectations.
#[derive(Debug, Default)]
pub(super) struct Expected {
    /// Those that could be judged.
    pub(super) verdicts: Vec<Verdict>,
    /// Those that could not.
    pub(super) unjudged: Vec<Unjudged>,
}

impl Expected {
    /// Whether none of them fails.
    pub(super) fn holds(&self) -> bool {
        self.verdicts.iter().all(|verdict| verdict.holds)
    }
}

/// Real time that was taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Real {
    /// To build the world.
    pub(super) build: Duration,
    /// To run it.
    pub(super) run: Duration,
}

/// Why a run stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Nothing was left to do.
    Idle,
    /// The simulated time was over.
    Horizon,
    /// Somebody wanted it so.
    Interrupted,
}

impl End {
    /// In a stable word.
    pub(super) fn word(self) -> &'static str {
        match self {
            End::Idle => "idle",
            End::Horizon => "horizon",
            End::Interrupted => "interrupted",
        }
    }
}

/// Set when the run is to end.
pub(super) static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Between two looks at the clock passes about so much real time.
const SLICE: Duration = Duration::from_millis(50);

/// Builds the world and runs it to its end.
pub(super) fn run(subject: &Subject, progress: &mut Progress) -> Result<Run, Failure> {
    let started = now();
    let mut world = subject.build()?;
    let build = started.elapsed();
    world.set_threads(subject.threads);
    world.fold(Box::new(Figures::default()));
    let started = now();
    let ended = advance(&mut world, subject.until, started, progress);
    let run = started.elapsed();
    progress.finish();
    let figures = world.folded::<Figures>().expect("a fold was put in");
    let (load, sharing) = (Load::new(&world, figures), world.sharing());
    // They are about the whole run that the scenario describes.
    let expected = match subject.to_be_judged().filter(|_| ended != End::Interrupted) {
        Some(plan) => Expected {
            verdicts: expect::check(plan, &world),
            unjudged: expect::unjudged(plan, &world),
        },
        None => Expected::default(),
    };
    Ok(Run { load, ended, sharing, expected, real: Real { build, run } })
}

/// Runs in slices of simulated time, each of which takes about as much real time. What happens does
/// not depend on them.
fn advance(world: &mut World, until: SimTime, started: Instant, progress: &mut Progress) -> End {
    let mut slice = Duration::from_millis(1);
    loop {
        let from = world.next_event().unwrap_or(until).max(world.now());
        let horizon = (from + slice).min(until);
        let before = now();
        match world.run(horizon) {
            Ended::Idle => return End::Idle,
            Ended::Horizon if horizon == until => return End::Horizon,
            Ended::Horizon => {}
        }
        let taken = before.elapsed();
        if taken < SLICE / 2 {
            slice = slice.saturating_mul(2).min(LONGEST);
        } else if taken > SLICE * 2 {
            slice = (slice / 2).max(Duration::from_nanos(1));
        }
        if INTERRUPTED.load(Ordering::Relaxed) {
            return End::Interrupted;
        }
        progress.show(world, started.elapsed());
    }
}

const LONGEST: Duration = Duration::from_secs(10 * 86_400);

#[expect(clippy::disallowed_methods, reason = "the bench measures real time")]
fn now() -> Instant {
    Instant::now()
}

//! How far a run is: a bar on a terminal, a line now and then elsewhere.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::numbers::{rate, span};
use crate::cli::output;
use crate::engine::SimTime;
use crate::report::Figures;
use crate::world::{Kind, World};

/// Tells on standard error how far a run is.
pub(super) struct Progress {
    name: String,
    /// `None` where it ends when all is done.
    length: Option<Duration>,
    /// How many messages or transactions there will be, if that is known.
    work: Option<u64>,
    is_terminal: bool,
    bar: Option<ProgressBar>,
    /// When the next line is due, where there is no bar.
    next_line: Duration,
}

/// A run that is over sooner needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between two lines passes so much time.
const BETWEEN_LINES: Duration = Duration::from_secs(5);
/// A bar has so many steps.
const STEPS: u64 = 1_000;

impl Progress {
    pub(super) fn new(name: &str, length: Option<Duration>, work: Option<u64>) -> Self {
        let is_terminal = io::stderr().is_terminal();
        let next_line = BETWEEN_LINES;
        Progress { name: name.to_owned(), length, work, is_terminal, bar: None, next_line }
    }

    /// It has come so far, after so much real time.
    pub(super) fn show(&mut self, world: &World, real: Duration) {
        if self.is_terminal {
            if real < PATIENCE {
                return;
            }
            let share = self.share(world);
            let bar = self.bar.get_or_insert_with(bar);
            bar.set_position((share * STEPS as f64) as u64);
            bar.set_message(told(world, real));
        } else if real >= self.next_line {
            self.next_line = real + BETWEEN_LINES;
            let percent = self.share(world) * 100.0;
            // Who closes standard error wants no progress.
            let name = &self.name;
            let _ = writeln!(output::stderr(), "{name}: {percent:.0} %, {}", told(world, real));
        }
    }

    /// The run is over. Another one may follow.
    pub(super) fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        self.next_line = BETWEEN_LINES;
    }

    /// How much of the run is over, from 0 to 1, by what is known.
    fn share(&self, world: &World) -> f64 {
        let done = |done: u64, of: u64| done as f64 / of.max(1) as f64;
        let by_work = self.work.map(|work| match messages(world) {
            Some((count, _)) => done(count, work),
            None => done(world.events(), work),
        });
        let by_time = self.length.map(|length| {
            let now = world.now().since(SimTime::ZERO);
            now.as_secs_f64() / length.as_secs_f64().max(f64::MIN_POSITIVE)
        });
        by_work.or(by_time).unwrap_or(0.0).min(1.0)
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(STEPS), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{bar:24} {percent:>3} %  {msg}") {
        bar.set_style(style);
    }
    bar
}

/// The work that was done, by the best measure of it.
fn messages(world: &World) -> Option<(u64, &'static str)> {
    let figures = world.folded::<Figures>()?;
    [
        (Kind::Composed, "messages"),
        (Kind::Transaction, "transactions"),
        (Kind::Resolved, "names"),
        (Kind::Accepted, "messages queued"),
    ]
    .into_iter()
    .map(|(kind, noun)| (figures.of(kind), noun))
    .find(|(count, _)| *count > 0)
}

/// `3h12m simulated in 12.3 s; 123,456 messages, 10,031/s; 1,234,567 events/s`.
fn told(world: &World, real: Duration) -> String {
    let secs = real.as_secs_f64().max(1e-9);
    let simulated = span(world.now().as_nanos());
    let mut told = format!("{simulated} simulated in {}", span(real.as_nanos() as u64));
    if let Some((count, noun)) = messages(world) {
        let counted = crate::cli::numbers::grouped(count);
        told += &format!("; {counted} {noun}, {}/s", rate(count as f64 / secs));
    }
    told + &format!("; {} events/s", rate(world.events() as f64 / secs))
}

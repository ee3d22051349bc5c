//! A bar that counts, on a terminal alone.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Counts what is done, for who waits longer than a second.
pub(super) struct CountBar {
    bar: Option<ProgressBar>,
    failed: AtomicU64,
    started: Instant,
}

const PATIENCE: Duration = Duration::from_secs(1);

impl CountBar {
    /// Of `total` things, if that is known (not 0).
    #[expect(clippy::disallowed_methods, reason = "a person waits in real time")]
    pub(super) fn new(total: u64, nouns: &str) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
            let template = match total {
                0 => format!("{{spinner}} {{pos}} {nouns} {{msg}}"),
                _ => format!("{{wide_bar}} {{pos}} of {{len}} {nouns} {{msg}}"),
            };
            if total > 0 {
                bar.set_length(total);
            }
            if let Ok(style) = ProgressStyle::with_template(&template) {
                bar.set_style(style);
            }
            bar
        });
        CountBar { bar, failed: AtomicU64::new(0), started: Instant::now() }
    }

    /// One more is done, well or not. From any thread.
    pub(super) fn add(&self, well: bool) {
        let Some(bar) = &self.bar else { return };
        if !well {
            let failed = self.failed.fetch_add(1, Ordering::Relaxed) + 1;
            bar.set_message(format!("({failed} failed)"));
        }
        bar.inc(1);
        if bar.is_hidden() && self.started.elapsed() >= PATIENCE {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

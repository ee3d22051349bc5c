//! The figures for programs: JSON with stable keys (`docs/bench.md`), and the timeline as CSV.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

use crate::report::Load;
use crate::report::load::Series;
use crate::world::Sharing;

use super::memory;
use super::run::{End, Expected, Real};
use super::subject::Subject;

/// The version of this format. A key that goes or means something else makes it another one; a new key
/// does not.
const FORMAT: u32 = 1;

/// All figures of a bench.
#[derive(Debug, Serialize)]
pub(super) struct Document<'a> {
    /// The version of this format.
    format: u32,
    /// The version of the program.
    mxsim: &'static str,
    /// `release` or `debug`.
    build: &'static str,
    /// The name of the preset or the file.
    pub(super) name: &'a str,
    /// What it is, in a line.
    pub(super) title: &'a str,
    /// How much work was asked for, where that is a number.
    pub(super) work: Option<u64>,
    pub(super) seed: u64,
    /// On how many threads it was to run.
    pub(super) threads: usize,
    /// In how many parts it ran side by side, at its end.
    pub(super) parts: usize,
    /// Why it ran on one thread where several were asked for; else `null`.
    pub(super) one_thread_because: Option<String>,
    /// `idle`, `horizon` or `interrupted`.
    pub(super) ended: &'static str,
    /// Real time.
    pub(super) real: Times,
    /// What there was of each in a second of real time, by the median of the runs.
    pub(super) rates: Rates,
    /// The most memory of the process; `null` where the system does not say.
    pub(super) peak_memory_octets: Option<u64>,
    /// What the scenario expects, in its order: first what could be judged.
    expect: Vec<Expectation<'a>>,
    /// What happened.
    pub(super) load: &'a Load,
}

/// An expectation.
#[derive(Debug, Serialize)]
struct Expectation<'a> {
    /// Where it stands in the scenario.
    path: &'a str,
    /// In words.
    expectation: &'a str,
    /// Whether it holds; `null`: that takes records of all.
    holds: Option<bool>,
    /// What was found; `null` where it was not judged.
    why: Option<&'a str>,
}

/// Real times in nanoseconds.
#[derive(Debug, Serialize)]
pub(super) struct Times {
    /// The least time that a run took.
    pub(super) best_ns: u64,
    /// The median of the times that runs took, the lower one of two.
    pub(super) median_ns: u64,
    /// The median of the times that it took to build the world.
    pub(super) build_ns: u64,
    /// In their order.
    pub(super) runs: Vec<Time>,
}

/// Real times of a run in nanoseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Time {
    pub(super) build_ns: u64,
    pub(super) run_ns: u64,
}

/// How much there was of each in a second of real time.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Rates {
    pub(super) messages: f64,
    pub(super) deliveries: f64,
    pub(super) transactions: f64,
    pub(super) resolved: f64,
    pub(super) dns_queries: f64,
    pub(super) packets: f64,
    pub(super) events: f64,
    /// Simulated seconds.
    pub(super) simulated: f64,
}

impl<'a> Document<'a> {
    /// Of runs that came to the same.
    pub(super) fn new(
        subject: &'a Subject,
        load: &'a Load,
        reals: &[Real],
        ended: End,
        sharing: Sharing,
        expected: &'a Expected,
    ) -> Self {
        let real = Times::new(reals);
        let (parts, why) = match sharing {
            Sharing::Alone(why) => (1, Some(why)),
            Sharing::Parted { parts, .. } => (parts, None),
        };
        let threads = subject.threads.count();
        let judged = expected.verdicts.iter().map(|verdict| Expectation {
            path: &verdict.path,
            expectation: &verdict.expectation,
            holds: Some(verdict.holds),
            why: Some(&verdict.why),
        });
        let unjudged = expected.unjudged.iter().map(|unjudged| Expectation {
            path: &unjudged.path,
            expectation: &unjudged.expectation,
            holds: None,
            why: None,
        });
        Document {
            format: FORMAT,
            mxsim: env!("CARGO_PKG_VERSION"),
            build: if is_debug() { "debug" } else { "release" },
            name: &subject.name,
            title: &subject.title,
            work: subject.work,
            seed: subject.seed.0,
            threads,
            parts,
            one_thread_because: why.filter(|_| threads > 1).map(|why| why.to_string()),
            expect: judged.chain(unjudged).collect(),
            ended: ended.word(),
            rates: Rates::new(load, real.median_ns),
            real,
            peak_memory_octets: memory::peak_octets(),
            load,
        }
    }

    pub(super) fn write(&self, to: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *to, self).map_err(io::Error::from)?;
        writeln!(to)?;
        to.flush()
    }
}

/// Whether the program was built without optimisation.
pub(super) fn is_debug() -> bool {
    cfg!(debug_assertions)
}

impl Times {
    fn new(reals: &[Real]) -> Self {
        let nanos = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let runs =
            reals.iter().map(|real| Time { build_ns: nanos(real.build), run_ns: nanos(real.run) });
        let runs: Vec<Time> = runs.collect();
        let median = |of: fn(&Time) -> u64| {
            let mut times: Vec<u64> = runs.iter().map(of).collect();
            times.sort_unstable();
            times[(times.len() - 1) / 2]
        };
        Times {
            best_ns: runs.iter().map(|time| time.run_ns).min().unwrap_or(0),
            median_ns: median(|time| time.run_ns),
            build_ns: median(|time| time.build_ns),
            runs,
        }
    }
}

impl Rates {
    fn new(load: &Load, run_ns: u64) -> Self {
        let secs = run_ns.max(1) as f64 / 1e9;
        let rate = |count: u64| count as f64 / secs;
        Rates {
            messages: rate(load.mail.composed),
            deliveries: rate(load.mail.delivered),
            transactions: rate(load.transactions),
            resolved: rate(load.dns.resolved),
            dns_queries: rate(load.dns.queries),
            packets: rate(load.packets.sent.packets),
            events: rate(load.events),
            simulated: rate(load.simulated_ns) / 1e9,
        }
    }
}

/// Writes a timeline: a line of names, then one for each interval, with the seconds at which it begins.
pub(super) fn write_csv(timeline: &Series, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "seconds,{}", timeline.columns.join(","))?;
    for (nanos, row) in (0..).step_by(timeline.interval_ns as usize).zip(&timeline.rows) {
        let cells: Vec<String> = row.iter().map(u64::to_string).collect();
        writeln!(to, "{},{}", seconds(nanos), cells.join(","))?;
    }
    to.flush()
}

/// As a decimal number without zeros at its end.
fn seconds(nanos: u64) -> String {
    let (secs, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    match rest {
        0 => secs.to_string(),
        rest => format!("{secs}.{rest:09}").trim_end_matches('0').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeline_is_a_table_by_seconds() {
        let timeline = Series {
            interval_ns: 200_000_000,
            columns: vec!["accepted", "queued"],
            rows: vec![vec![3, 3], vec![0, 2], vec![0, 0]],
        };
        let mut csv = Vec::new();
        write_csv(&timeline, &mut csv).unwrap();
        let told = String::from_utf8(csv).unwrap();
        assert_eq!(told, "seconds,accepted,queued\n0,3,3\n0.2,0,2\n0.4,0,0\n");
    }

    #[test]
    fn the_median_is_one_of_the_times() {
        let times = |millis: &[u64]| {
            let real = |run: &u64| Real {
                build: Duration::from_millis(*run / 2),
                run: Duration::from_millis(*run),
            };
            let times = Times::new(&millis.iter().map(real).collect::<Vec<_>>());
            [times.best_ns, times.median_ns, times.build_ns].map(|nanos| nanos / 1_000_000)
        };
        assert_eq!(times(&[7]), [7, 7, 3]);
        assert_eq!(times(&[30, 10, 20]), [10, 20, 10]);
        assert_eq!(times(&[30, 10, 20, 40]), [10, 20, 10]);
    }
}

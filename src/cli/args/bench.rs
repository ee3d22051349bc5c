//! The arguments of `bench`.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{some_time, threads};
use crate::world::Threads;

pub(super) const BENCH_EXAMPLES: &str = "\
Examples:
  mxsim bench --list                         what can be played by name
  mxsim bench --preset smtp-transactions     how fast is the engine on this machine?
  mxsim bench --preset mail-day --threads 2  the same history on two cores
  mxsim bench my.json --repeat 5             your own scenario, five times
  mxsim bench my.json --json - | jq .rates   the same for programs
  mxsim bench my.json --csv queue.csv        what happened when, one row an interval

No transcript is kept: while it runs, what happens is folded into figures, so that a run of ten million
messages needs no more memory than one of ten thousand. Then they are told: how many messages, events,
packets and DNS queries there were in all and in a second of real time; how long a message was under way;
how deep queues were over time; what was retried, refused and bounced; the most memory that was taken.

What happens is the same on every machine, for one seed: the fingerprint says so. What differs is real time.
Compare figures of release builds alone, of a machine that does nothing else. Whether all mail and all packets
went somewhere is judged, and what the scenario expects, as far as that can be known without a transcript: a
line with ---- tells what can not. With --messages or --until it is another run than the scenario's, and nothing
that it expects is judged. Interrupted (Ctrl-C), it tells of the run so far.

docs/bench.md says what is in the JSON and the CSV.

Exit codes: 0 all went somewhere, and no expectation fails; 1 something is missing, an expectation fails, or one
run was not like the other; 2 bad usage or input.";

#[derive(Debug, Args)]
pub(in crate::cli) struct BenchArgs {
    /// The scenario file.
    #[arg(conflicts_with = "preset")]
    pub(in crate::cli) scenario: Option<PathBuf>,
    /// Play what is built in by that name; see --list.
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) preset: Option<String>,
    /// Print the names of all presets, each with a line.
    #[arg(long, conflicts_with_all = ["preset", "scenario"])]
    pub(in crate::cli) list: bool,
    /// How much work: messages, transactions or events, as --list says [default: the preset's].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000_000))]
    pub(in crate::cli) messages: Option<u64>,
    /// The number from which every random draw follows [default: the scenario's, or 1].
    #[arg(long, value_name = "N")]
    pub(in crate::cli) seed: Option<u64>,
    /// Stop at this simulated time, as 90s, 2h or 5d [default: the scenario's, or when all is done].
    #[arg(long, value_name = "DUR", value_parser = some_time)]
    pub(in crate::cli) until: Option<Duration>,
    /// Run on so many threads, from 1 to 256. What happens is the same. Where several do not pay, the report
    /// says why, and the run takes one.
    #[arg(long, value_name = "N", value_parser = threads, default_value_t = Threads::new(1))]
    pub(in crate::cli) threads: Threads,
    /// Play it so many times, and tell the best and the median of the times. It has to come to the same
    /// each time.
    #[arg(long, value_name = "N", default_value = "1")]
    pub(in crate::cli) repeat: NonZeroU32,
    /// Write all figures to a file as JSON, or with "-" to standard output; then the report goes to
    /// standard error.
    #[arg(long, value_name = "FILE|-")]
    pub(in crate::cli) json: Option<PathBuf>,
    /// Write what happened when to a file as CSV, or with "-" to standard output; then the report goes
    /// to standard error.
    #[arg(long, value_name = "FILE|-")]
    pub(in crate::cli) csv: Option<PathBuf>,
}

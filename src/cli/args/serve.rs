//! The arguments of `serve` and `replay`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::live::{Pace, Real, Way};
use crate::scenario::format::{Date, units::UnitError};

use super::Format;

pub(super) const SERVE_EXAMPLES: &str = "\
Examples:
  mxsim serve scenarios/playground.json --all 20000
      every service of the playground, at ports from 20000 on
  swaks --server 127.0.0.1:20006 --to bob@example.com --from alice@example.org \\
        --auth-user alice@example.org --auth-password playground
      submit a message (the table says which port is the submission of example.org)
  mxsim serve my.json --map mail.example.org:143=127.0.0.1:1143 --map ns1.example.org:53/udp=5353
      two services, at ports of your choice
  mxsim serve my.json --map smtp.example.org:587=1587 --out mx1.example.com:25=127.0.0.1:2525
      what goes to mx1.example.com comes out at a real server, as Postfix's smtp-sink
  mxsim serve my.json --all 20000 --control 8025 --pace max --latency none
      for tests: a control API at http://127.0.0.1:8025/, and nobody waits for simulated time
  mxsim serve my.json --all 20000 --record session.jsonl
  mxsim replay session.jsonl
      record what came in, and play it again

Time: --pace 1 is real time, --pace 10 ten times as fast. With --pace max what was set off goes on at
once, and while no real client is connected, idle time is jumped over. The agenda and the faults of the
scenario go on meanwhile. See docs/live.md for records, the control API and what is bounded.

Exit codes: 0 it was interrupted; 2 a port in use, a name that is not in the scenario, bad usage.";

#[derive(Debug, Args)]
pub(in crate::cli) struct ServeArgs {
    /// The scenario file [default: the built-in playground].
    pub(in crate::cli) scenario: Option<PathBuf>,
    /// Serve a port of a host at a real address. HOST is a host of the scenario or a simulated address;
    /// HOST:PORT/udp is one of UDP; without ADDR: it is 127.0.0.1. Any number of times.
    #[arg(long, value_name = "HOST:PORT=ADDR:PORT")]
    pub(in crate::cli) map: Vec<Way>,
    /// Serve every listening service at 127.0.0.1, with ports counted up from this one. The order is
    /// that of the hosts in the scenario, and of their ports.
    #[arg(long, value_name = "BASE", value_parser = clap::value_parser!(u16).range(1..))]
    pub(in crate::cli) all: Option<u16>,
    /// Let what simulated hosts send to a simulated address and port come out at a real server. HOST is a
    /// host of the scenario, whose port is taken over, or an address that is nobody's.
    #[arg(long, value_name = "HOST:PORT=ADDR:PORT")]
    pub(in crate::cli) out: Vec<Way>,
    /// Serve the control API (HTTP) here: PORT, or ADDR:PORT. /openapi.json describes it.
    #[arg(long, value_name = "[ADDR:]PORT")]
    pub(in crate::cli) control: Option<Real>,
    /// How fast simulated time runs: so many times as real time, or max.
    #[arg(long, value_name = "N|max", default_value_t = Pace::Times(1.0))]
    pub(in crate::cli) pace: Pace,
    /// Whether packets of real clients take the time that the links of the scenario say, or none.
    #[arg(long, value_enum, default_value_t)]
    pub(in crate::cli) latency: Latency,
    /// Allow real addresses that are not loopback ones. Whoever reaches them reaches the simulation.
    #[arg(long)]
    pub(in crate::cli) allow_remote: bool,
    /// Write everything that comes in from outside to a file, for `mxsim replay`.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) record: Option<PathBuf>,
    /// Write the transcript to a file, or with "-" to standard output, when it ends.
    #[arg(long, value_name = "FILE|-")]
    pub(in crate::cli) transcript: Option<PathBuf>,
    /// The form of the transcript.
    #[arg(long, value_enum, default_value_t)]
    pub(in crate::cli) format: Format,
    /// How much is kept for transcripts: beyond so many records the older half is forgotten.
    #[arg(long, value_name = "N", default_value_t = 200_000)]
    pub(in crate::cli) keep: usize,
    /// The number from which every random draw follows [default: the scenario's, or 1].
    #[arg(long, value_name = "N")]
    pub(in crate::cli) seed: Option<u64>,
    /// The calendar date at which simulated time starts: "now", so that certificates and dates fit the
    /// clocks of real clients, or a date as 2026-01-05T09:00:00Z [default: the scenario's].
    #[arg(long, value_name = "DATE|now")]
    pub(in crate::cli) start: Option<Start>,
    /// Print the table as JSON, one object a line, and then {"ready":true}.
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// When simulated time starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Start {
    /// When the command does.
    Now,
    /// At that date.
    At(Date),
}

impl std::str::FromStr for Start {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "now" => Ok(Start::Now),
            _ => text.parse().map(Start::At).map_err(|error: UnitError| error.to_string()),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(in crate::cli) enum Latency {
    /// As the links of the scenario say.
    #[default]
    Scenario,
    /// None, on the whole way. Loss, bandwidth and faults stay.
    None,
}

pub(super) const REPLAY_EXAMPLES: &str = "\
Examples:
  mxsim replay session.jsonl                       what happened, as `mxsim run` tells it
  mxsim replay session.jsonl --transcript live.txt the transcript alone, to compare
  mxsim replay session.jsonl -q                    only whether it ends as the session did

A record has its scenario in it. In another version of mxsim the same inputs may give other octets.

Exit codes: 0 the fingerprint is that of the session; 1 it is not; 2 it is no record.";

#[derive(Debug, Args)]
pub(in crate::cli) struct ReplayArgs {
    /// The record.
    pub(in crate::cli) record: PathBuf,
    /// Write the transcript to a file, or with "-" alone to standard output.
    #[arg(long, value_name = "FILE|-")]
    pub(in crate::cli) transcript: Option<PathBuf>,
    /// The form of the transcript.
    #[arg(long, value_enum, default_value_t)]
    pub(in crate::cli) format: Format,
    /// Print the fingerprint, and nothing else.
    #[arg(short, long)]
    pub(in crate::cli) quiet: bool,
}

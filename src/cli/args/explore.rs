//! The arguments of `explore` and `shrink`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::explore::{Faults, Seeds};

use super::{duration, some_time};

pub(super) const EXPLORE_EXAMPLES: &str = "\
Examples:
  mxsim explore my.json --seeds 1..1000                  the scenario's own faults
  mxsim explore my.json --seeds 1..1000 --faults swarm   each seed draws faults of its own
  mxsim explore my.json --faults swarm --stop-at 1       until the first failure
  mxsim explore my.json --seed 7 --faults swarm --print-faults
                                                         what seed 7 draws, and play nothing
  mxsim explore my.json --seed 7 --faults swarm --write seven.json
  mxsim run seven.json                                   the identical run, from a file

  mxsim explore my.json --every-packet                   lose each packet once, one a run
  mxsim explore my.json --every-event                    crash each host after each of its events

The section \"swarm\" of a scenario says which faults may be drawn, where, and until when.
Under drawn faults the laws judge, and of the expectations those with \"always\": true.

Exit codes: 0 no run fails; 1 one does; 2 bad usage or input.";

#[derive(Debug, Args)]
pub(in crate::cli) struct ExploreArgs {
    /// The scenario file.
    pub(in crate::cli) scenario: PathBuf,
    /// Which seeds, both ends included, as 1..1000 [default: 1..100].
    #[arg(long, value_name = "FROM..TO")]
    pub(in crate::cli) seeds: Option<Seeds>,
    /// One seed.
    #[arg(long, value_name = "N", conflicts_with = "seeds")]
    pub(in crate::cli) seed: Option<u64>,
    /// Which faults a run has: those of the scenario, or beside them such as the seed draws.
    #[arg(long, value_enum, value_name = "WHICH", default_value_t)]
    pub(in crate::cli) faults: WhichFaults,
    /// Play one run for each packet that a host sends, in which that packet is lost. Judged are the
    /// laws, and where mail comes to, but neither how soon nor what is counted on the way.
    #[arg(long, conflicts_with_all = ["seeds", "faults", "print_faults", "write"])]
    pub(in crate::cli) every_packet: bool,
    /// Play one run for each event of a host, after which the host crashes and starts again.
    #[arg(long, conflicts_with_all = ["seeds", "faults", "print_faults", "write"])]
    pub(in crate::cli) every_event: bool,
    /// With --every-event: how long a host is down.
    #[arg(long, value_name = "DUR", value_parser = some_time, default_value = "1s")]
    pub(in crate::cli) down: Duration,
    /// With --every-packet and --every-event: only this host; may be given more than once.
    #[arg(long, value_name = "HOST")]
    pub(in crate::cli) host: Vec<String>,
    /// How many runs are played at a time [default: one for each processor].
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(in crate::cli) jobs: Option<u16>,
    /// Stop after so many runs that fail.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(in crate::cli) stop_at: Option<u32>,
    /// Print one JSON object instead of words.
    #[arg(long)]
    pub(in crate::cli) json: bool,
    /// Print the faults that the seeds draw, a line of JSON for each, and play nothing.
    #[arg(long, conflicts_with_all = ["json", "write"])]
    pub(in crate::cli) print_faults: bool,
    /// Write the scenario of one seed, with the faults that it draws, to a file, and play nothing.
    /// `mxsim run FILE` plays the identical run. Files that the scenario names are looked for beside it.
    #[arg(long, value_name = "FILE|-", conflicts_with = "json")]
    pub(in crate::cli) write: Option<PathBuf>,
}

pub(super) const SHRINK_EXAMPLES: &str = "\
Examples:
  mxsim shrink my.json --seed 7 -o small.json       seed 7 fails: what is needed for that?
  mxsim run small.json                              it fails by itself
  mxsim shrink my.json --seed 7 --faults swarm      with the faults that seed 7 draws
  mxsim shrink my.json --fault '{\"crash\": \"mx1.example.com\", \"after_event\": 57, \"for\": \"1s\"}'
                                                    a case of explore --every-event

Exit codes: 0 there is a smaller scenario; 2 nothing is broken in that run, or bad usage or input.";

#[derive(Debug, Args)]
pub(in crate::cli) struct ShrinkArgs {
    /// The scenario file.
    pub(in crate::cli) scenario: PathBuf,
    /// The seed of the run that fails [default: the scenario's, or 1].
    #[arg(long, value_name = "N")]
    pub(in crate::cli) seed: Option<u64>,
    /// Which faults the run has: those of the scenario, or beside them such as the seed draws.
    #[arg(long, value_enum, value_name = "WHICH", default_value_t)]
    pub(in crate::cli) faults: WhichFaults,
    /// A fault beside those, as it stands in a scenario; may be given more than once. Then how soon
    /// mail arrives is not judged, nor what else need not hold when that goes wrong.
    #[arg(long, value_name = "JSON")]
    pub(in crate::cli) fault: Vec<String>,
    /// When the run ends at the latest, as 90s, 2h or 5d [default: as the scenario, or drawn faults,
    /// need it].
    #[arg(long, value_name = "DUR", value_parser = duration)]
    pub(in crate::cli) until: Option<Duration>,
    /// Where the small scenario goes; "-" is standard output.
    #[arg(long, short, value_name = "FILE|-", default_value = "-")]
    pub(in crate::cli) output: PathBuf,
    /// How many runs are played at a time [default: one for each processor].
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(in crate::cli) jobs: Option<u16>,
    /// Tell each part that was taken out.
    #[arg(long, short)]
    pub(in crate::cli) verbose: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(in crate::cli) enum WhichFaults {
    /// Those that the scenario names.
    #[default]
    Scenario,
    /// Those, and such as the seed draws.
    Swarm,
}

impl From<WhichFaults> for Faults {
    fn from(which: WhichFaults) -> Self {
        match which {
            WhichFaults::Scenario => Faults::Scenario,
            WhichFaults::Swarm => Faults::Swarm,
        }
    }
}

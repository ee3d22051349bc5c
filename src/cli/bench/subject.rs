//! What is played: a scenario, or one of the presets.

use std::path::Path;
use std::time::Duration;

use crate::engine::{Seed, SimTime};
use crate::load::{Hold, Holding, Transactions};
use crate::scenario::presets::{self, PRESETS};
use crate::scenario::{self, NoFiles, Plan, finding};
use crate::world::{Threads, World};

use crate::cli::{Failure, args::BenchArgs};

/// What is played.
pub(super) struct Subject {
    /// The name of the preset or the file.
    pub(super) name: String,
    /// What it is, in a line.
    pub(super) title: String,
    /// How much work was asked for, where that is a number.
    pub(super) work: Option<u64>,
    pub(super) seed: Seed,
    pub(super) threads: Threads,
    /// Where it ends.
    pub(super) until: SimTime,
    /// Whether it is played as the scenario says: so much, and so long.
    is_as_written: bool,
    parts: Parts,
}

enum Parts {
    Plan(Box<Plan>),
    Transactions(Transactions),
    Hold(Hold),
}

/// A preset that is a world built in code; the others are scenarios.
struct Built {
    name: &'static str,
    about: &'static str,
    /// How much it does, if nobody says.
    work: u64,
    /// What does so much.
    parts: fn(u64) -> Parts,
}

const BUILT: [Built; 4] = [
    Built {
        name: "smtp-transactions",
        about: "TCP connections with the octets of an SMTP transaction, of 200 clients to 200 servers",
        work: 500_000,
        parts: |work| Parts::Transactions(Transactions::new(work)),
    },
    Built {
        name: "smtp-transactions-wide",
        about: "the same of 2,000 clients to 2,000 servers",
        work: 500_000,
        parts: |work| Parts::Transactions(Transactions { pairs: 2_000, ..Transactions::new(work) }),
    },
    Built {
        name: "hold-timers",
        about: "10,000 actors, each with a timer to itself in flight",
        work: 5_000_000,
        parts: |work| Parts::Hold(Hold::new(Holding::Timers, work)),
    },
    Built {
        name: "hold-datagrams",
        about: "10,000 hosts, each with a datagram to another one in flight",
        work: 5_000_000,
        parts: |work| Parts::Hold(Hold::new(Holding::Datagrams, work)),
    },
];

/// The names of all presets, each with what it is.
pub(super) fn names() -> impl Iterator<Item = (&'static str, &'static str)> + Clone {
    let built = BUILT.iter().map(|built| (built.name, built.about));
    built.chain(PRESETS.iter().map(|preset| (preset.name, preset.about)))
}

impl Subject {
    /// What the arguments name.
    pub(super) fn new(args: &BenchArgs) -> Result<Self, Failure> {
        let mut subject = match (&args.preset, &args.scenario) {
            (Some(name), _) => Self::preset(name, args.messages)?,
            (None, Some(path)) => Self::scenario(path, args.messages)?,
            (None, None) => {
                let what = "name a scenario file, or a preset with --preset NAME (--list names them, \
                            --help says more)";
                return Err(Failure::Input(what.to_owned()));
            }
        };
        subject.threads = args.threads;
        subject.seed = args.seed.map_or(subject.seed, Seed);
        subject.is_as_written = args.messages.is_none() && args.until.is_none();
        subject.until = args.until.map_or(subject.until, |until| SimTime::ZERO + until);
        Ok(subject)
    }

    fn preset(name: &str, work: Option<u64>) -> Result<Self, Failure> {
        if let Some(preset) = presets::preset(name) {
            let plan = scenario::parse(preset.text, &preset.file_name(), &NoFiles)
                .map_err(Failure::Scenario)?;
            return Self::plan(name.to_owned(), plan, work);
        }
        let Some(built) = BUILT.iter().find(|built| built.name == name) else {
            let known = names().map(|(name, _)| name);
            let hint = finding::did_you_mean(name, known)
                .unwrap_or_else(|| "mxsim bench --list names all".to_owned());
            let what = format!("--preset {name}: no preset is named so ({hint})");
            return Err(Failure::Input(what));
        };
        let work = work.unwrap_or(built.work);
        Ok(Subject {
            name: name.to_owned(),
            title: built.about.to_owned(),
            work: Some(work),
            seed: Seed(1),
            threads: Threads::new(1),
            until: SimTime::MAX,
            is_as_written: true,
            parts: (built.parts)(work),
        })
    }

    fn scenario(path: &Path, work: Option<u64>) -> Result<Self, Failure> {
        let plan = scenario::load(path).map_err(Failure::Scenario)?;
        Self::plan(path.display().to_string(), plan, work)
    }

    fn plan(name: String, mut plan: Plan, work: Option<u64>) -> Result<Self, Failure> {
        if let Some(work) = work
            && !plan.set_messages(work)
        {
            let what = format!(
                "--messages {work}: {name} has no workload of which there could be more or less (its \
                 agenda says what is sent; \"workload\" writes mail by rules)"
            );
            return Err(Failure::Input(what));
        }
        Ok(Subject {
            name,
            title: plan.title.clone(),
            work: plan.messages(),
            seed: Seed(plan.seed),
            threads: Threads::new(1),
            until: plan.until,
            is_as_written: true,
            parts: Parts::Plan(Box::new(plan)),
        })
    }

    /// The world, with nothing done yet.
    pub(super) fn build(&self) -> Result<World, Failure> {
        match &self.parts {
            Parts::Plan(plan) => {
                scenario::build::build_observed(plan, self.seed, false).map_err(|errors| {
                    let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
                    Failure::Input(lines.join("\n"))
                })
            }
            Parts::Transactions(load) => Ok(load.world(self.seed)),
            Parts::Hold(hold) => Ok(hold.world(self.seed)),
        }
    }

    /// The scenario whose expectations are about what is played.
    pub(super) fn to_be_judged(&self) -> Option<&Plan> {
        match &self.parts {
            Parts::Plan(plan) if self.is_as_written => Some(plan),
            _ => None,
        }
    }

    /// Whether the scenario expects something that is not about what is played.
    pub(super) fn has_other_expectations(&self) -> bool {
        matches!(&self.parts, Parts::Plan(plan) if !self.is_as_written && !plan.expect.is_empty())
    }

    /// How long it goes on in simulated time, if that is known.
    pub(super) fn length(&self) -> Option<Duration> {
        (self.until < SimTime::MAX).then(|| self.until.since(SimTime::ZERO))
    }
}

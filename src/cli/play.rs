//! Playing a scenario, with a bar on standard error for who waits.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;

use crate::engine::{Seed, SimTime};
use crate::net::NodeId;
use crate::report::Capture;
use crate::scenario::{self, NoFiles, Plan, Source, finding};
use crate::world::{Ended, Threads, Watch, World};

use super::Failure;

/// A scenario that was played.
pub(super) struct Played {
    pub(super) plan: Plan,
    pub(super) world: World,
    pub(super) ended: Ended,
}

/// What replaces what the scenario says.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Overrides {
    pub(super) seed: Option<u64>,
    pub(super) until: Option<Duration>,
    /// What is kept of what happens, whatever the scenario's workload says.
    pub(super) watch: Option<Watch>,
    pub(super) threads: Threads,
}

/// Reads and checks a scenario; without a path the built-in one.
pub(super) fn load(path: Option<&Path>) -> Result<Plan, Failure> {
    match path {
        Some(path) => scenario::load(path),
        None => scenario::parse(scenario::FIRST_MAIL, "first-mail.json", &NoFiles),
    }
    .map_err(Failure::Scenario)
}

/// The same, to be changed before it is played.
pub(super) fn source(path: Option<&Path>) -> Result<Source, Failure> {
    match path {
        Some(path) => Source::load(path),
        None => Source::parse(scenario::FIRST_MAIL, "first-mail.json", Box::new(NoFiles)),
    }
    .map_err(Failure::Scenario)
}

/// Faults in JSON from the command line.
pub(super) fn faults(written: &[String]) -> Result<Vec<Value>, Failure> {
    let read = |text: &String| {
        let wrong = |what: &dyn std::fmt::Display| {
            Failure::Input(format!("--fault {text}: {what} (write it as it stands in a scenario)"))
        };
        match serde_json::from_str(text) {
            Ok(fault @ Value::Object(_)) => Ok(fault),
            Ok(_) => Err(wrong(&"this is no JSON object")),
            Err(error) => Err(wrong(&format!("this is no JSON: {error}"))),
        }
    };
    written.iter().map(read).collect()
}

/// The scenario with these faults of the command line beside its own.
pub(super) fn with_faults(source: &Source, faults: &[Value]) -> Result<Source, Failure> {
    source.with_faults(faults).map_err(|findings| {
        let told = findings.into_iter().map(|finding| {
            let remedy = finding.remedy.map_or_else(String::new, |remedy| format!(" ({remedy})"));
            let path = finding.path.strip_prefix("faults").unwrap_or(&finding.path);
            format!("--fault {path}: {}{remedy}", finding.found)
        });
        Failure::Input(told.collect::<Vec<_>>().join("\n"))
    })
}

/// Where a capture goes, and of which hosts it is: of all, if none is named.
pub(super) struct CaptureTo<'a> {
    pub(super) hosts: &'a [String],
    pub(super) to: Box<dyn Write>,
}

impl CaptureTo<'_> {
    fn begin(self, plan: &Plan, world: &mut World) -> Result<Capture<Box<dyn Write>>, Failure> {
        let names: Vec<_> = world.hosts().map(|host| world.name(host).to_owned()).collect();
        let mut hosts = Vec::new();
        for wanted in self.hosts {
            match names.iter().position(|name| name == wanted) {
                Some(place) => hosts.push(NodeId(place as u32)),
                None => {
                    let hint = finding::did_you_mean(wanted, names.iter().map(String::as_str));
                    let hint = hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
                    let what = format!("--pcap-host: no host is named \"{wanted}\"{hint}");
                    return Err(Failure::Input(what));
                }
            }
        }
        let hosts = (!hosts.is_empty()).then_some(&*hosts);
        let comment = format!("{}\nseed {}", plan.title, world.seed().0);
        Ok(Capture::new(world, hosts, &comment, self.to)?)
    }
}

/// Builds a plan's world and runs it to its end.
pub(super) fn play(plan: Plan, overrides: Overrides) -> Result<Played, Failure> {
    play_captured(plan, overrides, None)
}

/// As [`play`], with a capture of it.
pub(super) fn play_captured(
    plan: Plan,
    overrides: Overrides,
    capture: Option<CaptureTo<'_>>,
) -> Result<Played, Failure> {
    let seed = Seed(overrides.seed.unwrap_or(plan.seed));
    let until = overrides.until.map_or(plan.until, |until| SimTime::ZERO + until);
    let watch = overrides.watch.unwrap_or(plan.watch());
    let mut world = scenario::build::build_observed(&plan, seed, watch).map_err(|errors| {
        let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
        Failure::Input(lines.join("\n"))
    })?;
    world.set_threads(overrides.threads);
    let mut capture = capture.map(|capture| capture.begin(&plan, &mut world)).transpose()?;
    let ended = run(&mut world, until, capture.as_mut())?;
    if let Some(mut capture) = capture {
        capture.flush()?;
    }
    Ok(Played { plan, world, ended })
}

/// Runs in slices of simulated time, so that a bar can be drawn between them. What happens in the
/// world does not depend on the slices.
fn run(
    world: &mut World,
    until: SimTime,
    mut capture: Option<&mut Capture<Box<dyn Write>>>,
) -> io::Result<Ended> {
    let slice = Duration::from_nanos((until.as_nanos() / SLICES).max(1));
    let mut bar = Bar::new(until);
    let mut horizon = SimTime::ZERO;
    loop {
        horizon = (horizon + slice).min(until);
        let ended = match &mut capture {
            Some(capture) => capture.run(world, horizon)?,
            None => world.run(horizon),
        };
        if ended == Ended::Idle || horizon == until {
            bar.finish();
            return Ok(ended);
        }
        bar.show(world);
    }
}

const SLICES: u64 = 1000;
/// A run that is over sooner needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// A bar that shows itself when a run takes long, on a terminal alone.
struct Bar {
    started: Option<Instant>,
    until: SimTime,
    bar: Option<ProgressBar>,
}

impl Bar {
    #[expect(clippy::disallowed_methods, reason = "a person waits in real time")]
    fn new(until: SimTime) -> Self {
        let started = io::stderr().is_terminal().then(Instant::now);
        Bar { started, until, bar: None }
    }

    fn show(&mut self, world: &World) {
        let Some(started) = self.started else { return };
        if self.bar.is_none() && started.elapsed() >= PATIENCE {
            let secs = self.until.since(SimTime::ZERO).as_secs();
            let bar = ProgressBar::with_draw_target(Some(secs), ProgressDrawTarget::stderr());
            let template = "{wide_bar} {pos} of {len} simulated s, {msg} events";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            self.bar = Some(bar);
        }
        if let Some(bar) = &self.bar {
            bar.set_position(world.now().since(SimTime::ZERO).as_secs());
            bar.set_message(world.events().to_string());
        }
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

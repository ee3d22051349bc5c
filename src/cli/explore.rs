//! `mxsim explore`: many runs of a scenario, and which of them fail.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::explore::{Case, Every, Failed, Faults, Label, Report, Runner, Seeds, every, seeds};
use crate::scenario::pretty::{flat, pretty};
use crate::scenario::{Source, format::Dur};

use super::args::ExploreArgs;
use super::bar::CountBar;
use super::numbers::{counted, grouped};
use super::{Failure, Outcome, output};

/// Plays the runs that are asked for, and tells what came of them.
pub(super) fn explore(args: &ExploreArgs) -> Result<Outcome, Failure> {
    let source = Source::load(&args.scenario).map_err(Failure::Scenario)?;
    let faults = Faults::from(args.faults);
    let every = every(args);
    if !every.is_empty() {
        return explore_every(args, &source, &every);
    }
    let seeds = match (args.seed, &args.seeds) {
        (Some(seed), _) => Seeds(seed..=seed),
        (None, Some(seeds)) => seeds.clone(),
        (None, None) => Seeds(1..=DEFAULT_SEEDS),
    };
    if args.print_faults {
        return print_faults(&source, &seeds, faults);
    }
    if let Some(file) = &args.write {
        if seeds.0.start() != seeds.0.end() {
            let what = format!("--write is for one seed, and {seeds} are more (add --seed N)");
            return Err(Failure::Input(what));
        }
        return write(&source, *seeds.0.start(), faults, file);
    }
    let total = (seeds.0.end() - seeds.0.start()).saturating_add(1);
    let what = format!("{seeds}, {}", in_words(faults));
    play_and_tell(args, &what, total, |runner| seeds::explore(&source, &seeds, faults, runner))
}

/// Has the runs played, with a bar, and tells what came of them.
fn play_and_tell(
    args: &ExploreArgs,
    what: &str,
    total: u64,
    play: impl FnOnce(&Runner<'_>) -> Report,
) -> Result<Outcome, Failure> {
    let bar = CountBar::new(total, "runs");
    let on_run = |well: bool| bar.add(well);
    let mut runner = Runner::new(args.jobs.map_or(0, usize::from)).map_err(Failure::Input)?;
    runner.stop_at = args.stop_at.map(|most| most as usize);
    runner.on_run = &on_run;
    let report = play(&runner);
    bar.finish();
    let told = Told { scenario: &args.scenario, faults: args.faults.into(), report: &report };
    match args.json {
        true => told.write_json()?,
        false => told.write_text(what)?,
    }
    Ok(Outcome::expected_if(report.failed.is_empty()))
}

/// What is to happen once in each run.
fn every(args: &ExploreArgs) -> Vec<Every> {
    let event = Every::Event { down: args.down };
    [(args.every_packet, Every::Packet), (args.every_event, event)]
        .into_iter()
        .filter_map(|(wanted, every)| wanted.then_some(every))
        .collect()
}

/// Runs in which one packet is lost, or one host crashes.
fn explore_every(args: &ExploreArgs, source: &Source, every: &[Every]) -> Result<Outcome, Failure> {
    let hosts: Vec<String> = args.host.iter().map(|host| host.to_ascii_lowercase()).collect();
    for host in &hosts {
        if !source.plan().hosts.contains_key(host) {
            let what = format!("--host {host}: no host is named so in {}", source.name());
            return Err(Failure::Input(what));
        }
    }
    let wanted = |name: &str| hosts.is_empty() || hosts.iter().any(|host| host == name);
    let seed = args.seed.unwrap_or(source.plan().seed);
    let mut cases = Vec::new();
    let mut told = Vec::new();
    for one in every {
        cases.extend(every::cases(source, seed, *one, wanted).map_err(Failure::Input)?);
        told.push(match one {
            Every::Packet => "each packet lost once".to_owned(),
            Every::Event { down } => {
                format!("each host crashed for {} after each of its events", Dur(*down))
            }
        });
    }
    let what = format!("seed {seed}, {}", told.join(", "));
    let total = cases.len() as u64;
    play_and_tell(args, &what, total, |runner| every::explore(source, cases, runner))
}

const DEFAULT_SEEDS: u64 = 100;

fn in_words(faults: Faults) -> &'static str {
    match faults {
        Faults::Scenario => "the faults of the scenario",
        Faults::Swarm => "faults drawn by the seed",
    }
}

/// One line a seed.
fn print_faults(source: &Source, seeds: &Seeds, faults: Faults) -> Result<Outcome, Failure> {
    let mut out = output::stdout();
    for seed in seeds.0.clone() {
        let Case { faults, .. } = seeds::case(source.plan(), seed, faults);
        writeln!(out, "{}", flat(&serde_json::json!({ "seed": seed, "faults": faults })))?;
    }
    out.flush()?;
    Ok(Outcome::Expected)
}

fn write(source: &Source, seed: u64, faults: Faults, file: &Path) -> Result<Outcome, Failure> {
    let case = seeds::case(source.plan(), seed, faults);
    let mut to = output::create(file)?;
    to.write_all(pretty(&case.scenario(source)).as_bytes())?;
    to.flush()?;
    drop(to);
    if !output::is_stdout(file) {
        // A file that the scenario names may not be beside this one.
        crate::scenario::load(file).map_err(Failure::Scenario)?;
    }
    Ok(Outcome::Expected)
}

/// What is told of a report.
struct Told<'a> {
    scenario: &'a Path,
    faults: Faults,
    report: &'a Report,
}

impl Told<'_> {
    fn write_text(&self, what: &str) -> io::Result<()> {
        let mut out = output::stdout();
        let shown = self.scenario.display();
        writeln!(out, "{shown}: {what}")?;
        for failed in &self.report.failed {
            writeln!(out, "{RED}FAIL{RED:#}  {}", failed.case.label)?;
            for failure in &failed.failures {
                writeln!(out, "      {failure}")?;
            }
            writeln!(out, "      {DIM}{}{DIM:#}", self.command(failed))?;
        }
        let Report { runs, events, simulated, failed, broken, faults, .. } = self.report;
        for ((kind, name), runs) in broken {
            writeln!(out, "{RED}broken{RED:#} in {}: {kind} {name}", counted(*runs, "run"))?;
        }
        if !faults.is_empty() {
            let kinds: Vec<_> =
                faults.iter().map(|(key, count)| format!("{count} {key}")).collect();
            writeln!(out, "faults: {}", kinds.join(", "))?;
        }
        let histories = match self.report.histories() {
            1 => "1 history".to_owned(),
            many => format!("{} histories", grouped(many as u64)),
        };
        writeln!(
            out,
            "{}, {histories}, {}, {} of simulated time: {} ok, {} failed",
            counted(*runs, "run"),
            counted(*events, "event"),
            Dur(Duration::from_secs(simulated.as_secs())),
            grouped(runs - failed.len() as u64),
            grouped(failed.len() as u64),
        )?;
        out.flush()
    }

    fn write_json(&self) -> io::Result<()> {
        #[derive(Serialize)]
        struct Shown<'a> {
            scenario: String,
            #[serde(flatten)]
            report: &'a Report,
            /// In the order of `failed`.
            commands: Vec<String>,
        }
        let commands = self.report.failed.iter().map(|failed| self.command(failed)).collect();
        let scenario = self.scenario.display().to_string();
        let mut out = output::stdout();
        let shown = Shown { scenario, report: self.report, commands };
        serde_json::to_writer(&mut out, &shown).map_err(io::Error::from)?;
        writeln!(out)?;
        out.flush()
    }

    /// What plays a run again.
    fn command(&self, Failed { case, .. }: &Failed) -> String {
        let mut command = format!("mxsim run {}", word(self.scenario.display()));
        match (&case.label, self.faults) {
            (Label::Seed { number }, Faults::Scenario) => command += &format!(" --seed {number}"),
            (Label::Seed { number }, Faults::Swarm) => {
                command += &format!(" --seed {number} --faults swarm");
            }
            (Label::Packet { .. } | Label::Event { .. }, _) => {
                command += &format!(" --seed {}", case.seed);
                for fault in &case.faults {
                    command += &format!(" --fault {}", word(fault));
                }
                if let Some(until) = case.until {
                    command += &format!(" --until {}", Dur(until));
                }
            }
        }
        command
    }
}

/// As a word of a shell's command line.
pub(super) fn word(text: impl Display) -> String {
    let text = text.to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+:,@=".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text,
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

const RED: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red)));
const DIM: Style = Style::new().dimmed();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted() {
        assert_eq!(word("a/b.json"), "a/b.json");
        assert_eq!(word("it's {}"), r"'it'\''s {}'");
    }
}

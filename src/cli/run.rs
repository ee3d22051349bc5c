//! `mxsim run`: one scenario, with everything that is to be seen of it.

use std::io::{self, Write};
use std::path::Path;

use crate::engine::{Seed, SimTime};
use crate::explore::seeds;
use crate::report::expect::{self, Verdict};
use crate::report::{LoadDone, Summary, Transcript, laws, write_checkpoints, write_key_log};
use crate::scenario::Plan;
use crate::verify::{self, Failed};
use crate::world::{Ended, Sharing, Watch, World};

use super::args::{Format, RunArgs, WhichFaults};
use super::play::{self, CaptureTo, Overrides, Played};
use super::{Failure, Outcome, output};

/// Plays the scenario and prints what is asked for.
pub(super) fn run(args: &RunArgs) -> Result<Outcome, Failure> {
    let plan = plan(args)?;
    // Opened first: who cannot have the file should not wait for the run.
    let to_stdout = Path::new("-");
    let place = match (&args.transcript, args.format) {
        (None, Format::Jsonl) if !args.quiet => Some(to_stdout),
        (place, _) => place.as_deref(),
    };
    let files = [&args.summary, &args.key_log, &args.checkpoints, &args.pcap];
    let files = files.into_iter().filter_map(Option::as_deref).chain(place);
    if files.filter(|file| output::is_stdout(file)).count() > 1 {
        let what = "two kinds of output go to standard output: give one of them a file";
        return Err(Failure::Input(what.to_owned()));
    }
    let transcript_file = place.map(output::create).transpose()?;
    let summary_file = args.summary.as_deref().map(output::create).transpose()?;
    let key_log_file = args.key_log.as_deref().map(output::create).transpose()?;
    let checkpoints_file = args.checkpoints.as_deref().map(output::create).transpose()?;
    // Who asks for what records tell gets it, at the cost of their memory; a sample is what there is of a
    // load that has one, but for its secrets.
    let watch = match plan.watch() {
        _ if args.key_log.is_some() => Watch::Everything,
        Watch::Nothing if place.is_some() || args.summary.is_some() => Watch::Everything,
        watch => watch,
    };
    let (seed, until, threads) = (args.seed, args.until, args.threads);
    let overrides = Overrides { seed, until, watch: Some(watch), threads };
    let capture = args.pcap.as_deref().map(output::create_binary).transpose()?;
    let capture = capture.map(|to| CaptureTo { hosts: &args.pcap_host, to });
    let Played { plan, world, ended } = play::play_captured(plan, overrides, capture)?;

    if let (true, Sharing::Alone(why)) = (args.threads.count() > 1, world.sharing()) {
        writeln!(output::stderr(), "note: one thread has run this: {why}")?;
    }
    let transcript = Transcript::new(&world);
    let summary = Summary::new(&world);
    let verdicts = expect::check(&plan, &world);
    let broken = laws::check(&plan, &world);
    if let Some(mut to) = transcript_file {
        match args.format {
            Format::Text => transcript.write_text(&mut to)?,
            Format::Jsonl => transcript.write_jsonl(&mut to)?,
        }
        to.flush()?;
    }
    if let Some(mut to) = summary_file {
        serde_json::to_writer_pretty(&mut to, &summary).map_err(io::Error::from)?;
        to.write_all(b"\n")?;
        to.flush()?;
    }
    if let Some(mut to) = key_log_file {
        write_key_log(&world, &mut to)?;
        to.flush()?;
    }
    if let Some(mut to) = checkpoints_file {
        write_checkpoints(&world, &mut to)?;
        to.flush()?;
    }
    let taken = [
        place,
        args.summary.as_deref(),
        args.key_log.as_deref(),
        args.pcap.as_deref(),
        args.checkpoints.as_deref(),
    ]
    .into_iter()
    .flatten()
    .any(output::is_stdout);
    let mut rest: Box<dyn Write> =
        if taken { Box::new(output::stderr()) } else { Box::new(output::stdout()) };
    if !args.quiet {
        if place.is_none() && watch != Watch::Nothing {
            if output::stdout_has_colours() && !taken {
                output::write_coloured(&transcript, &mut rest)?;
            } else {
                transcript.write_text(&mut rest)?;
            }
            writeln!(rest)?;
        }
        if !summary.messages.is_empty() && args.summary.is_none() {
            writeln!(rest, "{summary}")?;
        }
    }
    if !args.quiet && plan.workload.is_some() {
        writeln!(rest, "{}", LoadDone::new(&world))?;
    }
    for verdict in &verdicts {
        output::write_verdict(verdict, &mut rest)?;
    }
    for unjudged in expect::unjudged(&plan, &world) {
        writeln!(rest, "{unjudged}")?;
    }
    for broken in &broken {
        output::write_broken(broken, &mut rest)?;
    }
    if !args.quiet {
        write_end(&world, ended, &mut rest)?;
    }
    let is_one = !args.verify || is_one_history(&plan, args, &mut rest)?;
    rest.flush()?;
    let holds = verdicts.iter().all(|Verdict { holds, .. }| *holds);
    Ok(Outcome::expected_if(holds && broken.is_empty() && is_one))
}

/// Plays the plan in other ways, and tells whether it comes to the same.
fn is_one_history(plan: &Plan, args: &RunArgs, to: &mut dyn Write) -> Result<bool, Failure> {
    let seed = Seed(args.seed.unwrap_or(plan.seed));
    let until = args.until.map_or(plan.until, |until| SimTime::ZERO + until);
    match verify::verify(plan, seed, until) {
        Ok(verified) => {
            let (runs, events) = (verified.runs, verified.events);
            writeln!(to, "verified: {runs} runs of {events} events, one history")?;
            Ok(true)
        }
        Err(Failed::Differs(difference)) => {
            writeln!(to, "{difference}")?;
            Ok(false)
        }
        Err(Failed::Wrong(errors)) => {
            let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
            Err(Failure::Input(lines.join("\n")))
        }
    }
}

/// The plan of the scenario, with what the arguments add to it.
fn plan(args: &RunArgs) -> Result<Plan, Failure> {
    let is_drawn = args.faults == WhichFaults::Swarm;
    if !is_drawn && args.fault.is_empty() {
        return play::load(args.scenario.as_deref());
    }
    let mut source = play::source(args.scenario.as_deref())?;
    if !args.fault.is_empty() {
        source = play::with_faults(&source, &play::faults(&args.fault)?)?;
    }
    if !is_drawn {
        return Ok(source.plan().clone());
    }
    let seed = args.seed.unwrap_or(source.plan().seed);
    let case = seeds::case(source.plan(), seed, args.faults.into());
    case.plan(&source).map_err(Failure::Scenario)
}

fn write_end(world: &World, ended: Ended, to: &mut dyn Write) -> io::Result<()> {
    let how = match ended {
        Ended::Idle => "nothing is left to do",
        Ended::Horizon => "more would happen",
    };
    let nanos = world.last_activity().as_nanos();
    let last = SimTime::from_nanos(nanos - nanos % 1000).to_string();
    let last = last.strip_suffix("000").expect("whole microseconds end in three zeros");
    let (events, seed) = (world.events(), world.seed().0);
    writeln!(to, "seed {seed}, {events} events, the last of note at {last} s; {how}")?;
    writeln!(to, "fingerprint {}", world.fingerprint())
}

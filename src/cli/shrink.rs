//! `mxsim shrink`: the least scenario that still fails.

use std::io::{self, Write};
use std::path::Path;

use serde_json::Value;

use crate::explore::relax::Added;
use crate::explore::{Runner, Shrunk, seeds, shrink};
use crate::scenario::pretty;

use super::args::ShrinkArgs;
use super::bar::CountBar;
use super::explore::word;
use super::numbers::counted;
use super::{Failure, Outcome, output, play};

/// Makes a failing scenario small, and tells what went.
pub(super) fn shrink(args: &ShrinkArgs) -> Result<Outcome, Failure> {
    let source = play::source(Some(&args.scenario))?;
    let seed = args.seed.unwrap_or(source.plan().seed);
    let mut case = seeds::case(source.plan(), seed, args.faults.into());
    let faults = play::faults(&args.fault)?;
    if !faults.is_empty() {
        // Mistakes in these are told by their own number.
        play::with_faults(&source, &faults)?;
        let is_packet = |fault: &Value| fault.get("packet").is_some();
        case.added = match case.added {
            Added::Nothing if faults.iter().all(is_packet) => Added::LostPacket,
            Added::Nothing => Added::Crash,
            added => added,
        };
        case.faults.extend(faults);
    }
    case.until = args.until.or(case.until);
    let bar = CountBar::new(0, "steps");
    let on_run = |_| bar.add(true);
    let mut runner = Runner::new(args.jobs.map_or(0, usize::from)).map_err(Failure::Input)?;
    runner.on_run = &on_run;
    let shrunk = shrink::shrink(&source, &case, &runner).map_err(Failure::Scenario)?;
    bar.finish();
    let Some(shrunk) = shrunk else {
        let what = format!(
            "{}, {}: nothing is broken in this run, so there is nothing to keep",
            args.scenario.display(),
            case.label
        );
        return Err(Failure::Input(what));
    };
    let text = pretty(&shrunk.scenario);
    let place: &Path = &args.output;
    let mut to = output::create(place)?;
    to.write_all(text.as_bytes())?;
    to.flush()?;
    drop(to);
    let mut rest: Box<dyn Write> = match output::is_stdout(place) {
        true => Box::new(output::stderr()),
        false => Box::new(output::stdout()),
    };
    tell(&shrunk, args.verbose, &mut rest)?;
    if !output::is_stdout(place) {
        writeln!(rest, "play it:  mxsim run {}", word(place.display()))?;
    }
    rest.flush()?;
    Ok(Outcome::Expected)
}

fn tell(shrunk: &Shrunk, verbose: bool, to: &mut dyn Write) -> io::Result<()> {
    let Shrunk { failure, runs, steps, sizes, .. } = shrunk;
    writeln!(to, "kept:     {failure}")?;
    if verbose {
        for step in steps {
            writeln!(to, "removed:  {step}")?;
        }
    }
    let sizes: Vec<_> = sizes
        .iter()
        .map(|size| format!("{} {} -> {}", size.nouns, size.before, size.after))
        .collect();
    match sizes.is_empty() {
        true => writeln!(to, "removed:  nothing; every part of it is needed")?,
        false => writeln!(to, "left:     {}", sizes.join(", "))?,
    }
    writeln!(to, "{}, {}", counted(*runs, "run"), counted(steps.len() as u64, "step"))
}

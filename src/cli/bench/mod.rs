//! `mxsim bench`: a load in figures, and how fast it was played.

mod chart;
mod document;
mod memory;
mod progress;
mod run;
mod subject;
mod told;

use std::io::Write;

use super::args::BenchArgs;
use super::{Failure, Outcome, output};

use document::Document;
use progress::Progress;
use run::{End, Run};
use subject::Subject;

/// Plays what is asked for as often as it is, and tells of it.
pub(super) fn bench(args: &BenchArgs) -> Result<Outcome, Failure> {
    if args.list {
        return list();
    }
    let files = [&args.json, &args.csv].map(Option::as_deref);
    if files.into_iter().flatten().filter(|file| output::is_stdout(file)).count() > 1 {
        let what = "two kinds of output go to standard output: give one of them a file";
        return Err(Failure::Input(what.to_owned()));
    }
    if args.json.is_some() && args.json == args.csv {
        let what = "two kinds of output go to one file: give one of them another";
        return Err(Failure::Input(what.to_owned()));
    }
    let subject = Subject::new(args)?;
    // Opened first: who cannot have the file should not wait for the runs.
    let json_file = args.json.as_deref().map(output::create).transpose()?;
    let csv_file = args.csv.as_deref().map(output::create).transpose()?;
    wait_for_interrupts()?;
    let Run { load, mut ended, sharing, expected, real } = once(&subject)?;
    let (mut reals, mut is_one) = (vec![real], true);
    for _ in 1..args.repeat.get() {
        if ended == End::Interrupted {
            break;
        }
        let again = once(&subject)?;
        match again.ended {
            // What was not played to its end is like no other.
            End::Interrupted => ended = End::Interrupted,
            _ => {
                is_one &= again.load == load;
                reals.push(again.real);
            }
        }
    }
    let document = Document::new(&subject, &load, &reals, ended, sharing, &expected);
    let taken = files.into_iter().flatten().any(output::is_stdout);
    let mut rest: Box<dyn Write> =
        if taken { Box::new(output::stderr()) } else { Box::new(output::stdout()) };
    told::write(&document, &mut rest)?;
    if let Some(why) = &document.one_thread_because {
        writeln!(rest, "one thread        {why}")?;
    }
    for verdict in &expected.verdicts {
        output::write_verdict(verdict, &mut rest)?;
    }
    for unjudged in &expected.unjudged {
        writeln!(rest, "{unjudged}")?;
    }
    if subject.has_other_expectations() {
        writeln!(rest, "----  what the scenario expects is not judged with --messages or --until")?;
    }
    if !is_one {
        writeln!(rest, "FAIL  the runs did not come to the same (mxsim run --verify tells where)")?;
    }
    rest.flush()?;
    drop(rest);
    if let Some(mut to) = json_file {
        document.write(&mut to)?;
    }
    if let Some(mut to) = csv_file {
        document::write_csv(&load.timeline, &mut to)?;
    }
    Ok(Outcome::expected_if(load.holds() && expected.holds() && is_one))
}

fn once(subject: &Subject) -> Result<Run, Failure> {
    let mut progress = Progress::new(&subject.name, subject.length(), subject.work);
    run::run(subject, &mut progress)
}

fn list() -> Result<Outcome, Failure> {
    let mut out = output::stdout();
    let width = subject::names().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, title) in subject::names() {
        writeln!(out, "{name:width$}  {title}")?;
    }
    out.flush()?;
    Ok(Outcome::Expected)
}

/// The first interrupt ends the run, and what is known of it is told; the second ends the command.
#[cfg(feature = "live")]
fn wait_for_interrupts() -> Result<(), Failure> {
    use std::sync::atomic::Ordering;

    ctrlc::set_handler(|| {
        if run::INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    })
    .map_err(|error| Failure::Input(format!("cannot wait for signals: {error}")))
}

/// Without real signals, an interrupt ends the command.
#[cfg(not(feature = "live"))]
fn wait_for_interrupts() -> Result<(), Failure> {
    Ok(())
}

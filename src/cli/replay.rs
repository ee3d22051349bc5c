//! `mxsim replay`: a live session again, without sockets.

use std::fs::File;
use std::io::{BufReader, Write};
use std::path::Path;

use crate::live;
use crate::report::{Summary, Transcript};

use super::args::{Format, ReplayArgs};
use super::{Failure, Outcome, output};

/// Plays the record and compares the fingerprint.
pub(super) fn replay(args: &ReplayArgs) -> Result<Outcome, Failure> {
    let shown = args.record.display();
    let file = File::open(&args.record)
        .map_err(|error| Failure::Io { what: format!("cannot read {shown}"), error })?;
    let to_stdout = Path::new("-");
    let place = match (&args.transcript, args.format) {
        (None, Format::Jsonl) if !args.quiet => Some(to_stdout),
        (place, _) => place.as_deref(),
    };
    let transcript_file = place.map(output::create).transpose()?;
    let replayed = live::replay(BufReader::new(file))
        .map_err(|error| Failure::Input(format!("{shown}: {error}")))?;
    let world = replayed.stage.world();
    let version = &replayed.stage.setting().mxsim;
    let transcript = Transcript::new(world);
    if let Some(mut to) = transcript_file {
        match args.format {
            Format::Text => transcript.write_text(&mut to)?,
            Format::Jsonl => transcript.write_jsonl(&mut to)?,
        }
        to.flush()?;
    }
    let taken = place.is_some_and(output::is_stdout);
    let mut rest: Box<dyn Write> =
        if taken { Box::new(output::stderr()) } else { Box::new(output::stdout()) };
    if !args.quiet {
        if place.is_none() {
            if output::stdout_has_colours() {
                output::write_coloured(&transcript, &mut rest)?;
            } else {
                transcript.write_text(&mut rest)?;
            }
            writeln!(rest)?;
        }
        let summary = Summary::new(world);
        if !summary.messages.is_empty() {
            writeln!(rest, "{summary}")?;
        }
        let (inputs, events, now) = (replayed.inputs, world.events(), replayed.stage.now());
        writeln!(rest, "{inputs} inputs, {events} events, up to {now} s")?;
    }
    let fingerprint = world.fingerprint().to_string();
    writeln!(rest, "fingerprint {fingerprint}")?;
    let is_same = match &replayed.fingerprint {
        Some(wanted) if *wanted == fingerprint => true,
        Some(wanted) => {
            writeln!(rest, "the session had fingerprint {wanted}")?;
            if version != env!("CARGO_PKG_VERSION") {
                writeln!(rest, "it was recorded by mxsim {version}")?;
            }
            false
        }
        None => {
            if !args.quiet {
                writeln!(rest, "the session was cut off: there is nothing to compare with")?;
            }
            true
        }
    };
    rest.flush()?;
    Ok(Outcome::expected_if(is_same))
}

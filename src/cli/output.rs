//! Where things are written, and their colours on a terminal.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, StderrLock, StdoutLock, Write};
use std::path::Path;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use crate::report::expect::Verdict;
use crate::report::transcript::{Entry, Protocol};
use crate::report::{Broken, Transcript};

use super::Failure;

/// Standard output, buffered; colours are taken out where it is no terminal.
pub(super) fn stdout() -> BufWriter<AutoStream<StdoutLock<'static>>> {
    BufWriter::new(AutoStream::auto(io::stdout().lock()))
}

/// Standard error, the same way.
pub(super) fn stderr() -> AutoStream<StderrLock<'static>> {
    AutoStream::auto(io::stderr().lock())
}

/// Whether standard output shows colours.
pub(super) fn stdout_has_colours() -> bool {
    AutoStream::choice(&io::stdout()) != ColorChoice::Never
}

/// Whether a path stands for standard output.
pub(super) fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// A new file, or standard output for `-`.
pub(super) fn create(path: &Path) -> Result<Box<dyn Write>, Failure> {
    if is_stdout(path) {
        return Ok(Box::new(stdout()));
    }
    match File::create(path) {
        Ok(file) => Ok(Box::new(BufWriter::new(file))),
        Err(error) => Err(Failure::Io { what: format!("cannot write {}", path.display()), error }),
    }
}

/// As [`create`], for what is no text: it goes to no terminal.
pub(super) fn create_binary(path: &Path) -> Result<Box<dyn Write>, Failure> {
    if !is_stdout(path) {
        return create(path);
    }
    let stdout = io::stdout().lock();
    if stdout.is_terminal() {
        let what = "standard output is a terminal: write a capture to a file or a pipe";
        return Err(Failure::Input(what.to_owned()));
    }
    Ok(Box::new(BufWriter::new(stdout)))
}

/// Writes a transcript in columns and colours.
pub(super) fn write_coloured(transcript: &Transcript<'_>, to: &mut dyn Write) -> io::Result<()> {
    let dim = Style::new().dimmed();
    for entry in transcript.entries() {
        let [time, parties, protocol, text] = entry.columns();
        let style = style_of(&entry);
        writeln!(to, "{dim}{time}{dim:#}  {parties}  {style}{protocol}  {text}{style:#}")?;
        for detail in &entry.details {
            writeln!(to, "{dim}{}{dim:#}", Entry::indented(detail).trim_end())?;
        }
    }
    Ok(())
}

fn style_of(entry: &Entry<'_>) -> Style {
    let colour = |colour: AnsiColor| Style::new().fg_color(Some(colour.into()));
    let is_refusal = entry.protocol == Protocol::Smtp && entry.text.starts_with(['4', '5']);
    match entry.kind {
        "bounced" | "refused" | "not_submitted" | "discarded" | "client_failed" | "crashed"
        | "cut" | "timed_out" | "reset" => colour(AnsiColor::Red),
        "reply" if is_refusal => colour(AnsiColor::Red),
        "lost" | "resent" | "deferred" => colour(AnsiColor::Yellow),
        "delivered" | "fetched" => colour(AnsiColor::Green).bold(),
        _ => match entry.protocol {
            Protocol::Dns => colour(AnsiColor::Cyan),
            Protocol::Smtp => Style::new(),
            Protocol::Imap | Protocol::Pop3 => colour(AnsiColor::Magenta),
            Protocol::Note => colour(AnsiColor::Green),
            Protocol::Tcp | Protocol::Udp | Protocol::Icmp | Protocol::Network => {
                Style::new().dimmed()
            }
        },
    }
}

/// Writes a verdict, and whether it holds in green or red.
pub(super) fn write_verdict(verdict: &Verdict, to: &mut dyn Write) -> io::Result<()> {
    let colour = if verdict.holds { AnsiColor::Green } else { AnsiColor::Red };
    let style = Style::new().fg_color(Some(colour.into()));
    let text = verdict.to_string();
    let (word, rest) = text.split_at(4);
    writeln!(to, "{style}{word}{style:#}{rest}")
}

/// Writes of a law that is broken, in red.
pub(super) fn write_broken(broken: &Broken, to: &mut dyn Write) -> io::Result<()> {
    let style = Style::new().fg_color(Some(AnsiColor::Red.into()));
    let text = broken.to_string();
    let (word, rest) = text.split_at("BREAKS".len());
    writeln!(to, "{style}{word}{style:#}{rest}")
}

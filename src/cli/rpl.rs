//! `mxsim rpl`: resolver scenarios of Unbound and Deckard, against the resolver here.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anstyle::{AnsiColor, Style};
use serde_json::json;

use crate::engine::Seed;
use crate::rpl::{self, Level, Scenario};

use super::args::{RplArgs, RplDialect};
use super::{Failure, Outcome, output};

/// What became of one file.
enum Played {
    Done(rpl::Outcome),
    Skipped(rpl::Needs),
    Broken(String),
}

/// How many files there were of each kind.
#[derive(Default)]
struct Counts {
    files: usize,
    core: usize,
    strict: usize,
    skipped: usize,
    broken: usize,
}

/// Plays each file, and tells of it what the level of verbosity asks for.
pub(super) fn rpl(args: &RplArgs) -> Result<Outcome, Failure> {
    let mut paths = Vec::new();
    for path in &args.paths {
        find(path, &mut paths, 0)?;
    }
    if paths.is_empty() {
        return Err(Failure::Input("there is no scenario (*.rpl) in these paths".to_owned()));
    }
    let width = paths.iter().map(|path| path.display().to_string().chars().count()).max();
    let width = width.unwrap_or_default().min(MAX_WIDTH);
    let mut out = output::stdout();
    let mut counts = Counts::default();
    for path in &paths {
        let played = play(path, args);
        counts.add(&played);
        if args.json {
            write_json(path, &played, &mut out)?;
        } else {
            write_text(path, &played, width, args.verbose, &mut out)?;
        }
    }
    if !args.json {
        counts.write(&mut out)?;
    }
    out.flush()?;
    if counts.broken > 0 {
        return Err(Failure::Input(match counts.broken {
            1 => "1 file is no scenario".to_owned(),
            broken => format!("{broken} files are no scenarios"),
        }));
    }
    Ok(Outcome::expected_if(counts.core == counts.files))
}

/// The files that a path means: itself, or those in and below a folder, in the order of names.
fn find(path: &Path, found: &mut Vec<PathBuf>, depth: usize) -> Result<(), Failure> {
    if !path.is_dir() {
        found.push(path.to_owned());
        return Ok(());
    }
    if depth > MAX_DEPTH {
        return Ok(());
    }
    let unreadable = |error| Failure::Io { what: format!("cannot read {}", path.display()), error };
    let mut inside = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        inside.push(entry.map_err(unreadable)?.path());
    }
    inside.sort();
    for path in inside {
        if path.is_dir() || path.extension().is_some_and(|end| end == "rpl") {
            find(&path, found, depth + 1)?;
        }
    }
    Ok(())
}

fn play(path: &Path, args: &RplArgs) -> Played {
    let octets = match fs::read(path) {
        Ok(octets) => octets,
        Err(error) => return Played::Broken(format!("{}: {error}", path.display())),
    };
    // Old files have Latin-1 in their comments.
    let text = String::from_utf8_lossy(&octets);
    let dialect = match args.dialect {
        RplDialect::Auto => None,
        RplDialect::Unbound => Some(rpl::Dialect::Unbound),
        RplDialect::Deckard => Some(rpl::Dialect::Deckard),
    };
    match Scenario::parse(&text, dialect) {
        Ok(scenario) => match rpl::play(&scenario, Seed(args.seed)) {
            Ok(outcome) => Played::Done(outcome),
            Err(needs) => Played::Skipped(needs),
        },
        Err(error) => {
            Played::Broken(format!("{}:{}: {}", path.display(), error.line, error.problem))
        }
    }
}

impl Counts {
    fn add(&mut self, played: &Played) {
        self.files += 1;
        match played {
            Played::Done(outcome) => {
                self.core += usize::from(outcome.passes_core());
                self.strict += usize::from(outcome.passes_strict());
            }
            Played::Skipped(_) => self.skipped += 1,
            Played::Broken(_) => self.broken += 1,
        }
    }

    fn write(&self, to: &mut dyn Write) -> io::Result<()> {
        let Counts { files, core, strict, skipped, broken } = self;
        let s = if *files == 1 { "" } else { "s" };
        write!(to, "{files} file{s}: {core} core, {strict} strict")?;
        if *skipped > 0 {
            write!(to, ", {skipped} skipped")?;
        }
        if *broken > 0 {
            write!(to, ", {broken} broken")?;
        }
        writeln!(to)
    }
}

fn write_text(
    path: &Path,
    played: &Played,
    width: usize,
    verbose: bool,
    to: &mut dyn Write,
) -> io::Result<()> {
    let shown = path.display().to_string();
    let outcome = match played {
        Played::Done(outcome) => outcome,
        Played::Skipped(needs) => {
            return writeln!(to, "{shown:<width$}  {YELLOW}skipped{YELLOW:#}: {needs}");
        }
        Played::Broken(problem) => {
            return writeln!(to, "{shown:<width$}  {RED}broken{RED:#}: {problem}");
        }
    };
    write!(to, "{shown:<width$}")?;
    for (level, passes) in [("core", outcome.passes_core()), ("strict", outcome.passes_strict())] {
        let (style, word) = if passes { (GREEN, "pass") } else { (RED, "fail") };
        write!(to, "  {level} {style}{word}{style:#}")?;
    }
    match outcome.reason() {
        Some(reason) => writeln!(to, "  {reason}")?,
        None => writeln!(to)?,
    }
    if !outcome.passes_core() || verbose {
        let level = if verbose { Level::Strict } else { Level::Core };
        write!(to, "{}", outcome.failures(level))?;
    }
    if verbose {
        for exchange in &outcome.exchanges {
            for line in exchange.to_string().lines() {
                writeln!(to, "  {DIM}{line}{DIM:#}")?;
            }
        }
    }
    Ok(())
}

fn write_json(path: &Path, played: &Played, to: &mut dyn Write) -> io::Result<()> {
    let file = path.display().to_string();
    let line = match played {
        Played::Done(outcome) => {
            let misses = outcome.exchanges.iter().filter(|one| one.reply == rpl::Reply::Miss);
            json!({
                "file": file,
                "core": outcome.passes_core(),
                "strict": outcome.passes_strict(),
                "reason": outcome.reason(),
                "checks": outcome.checks.len(),
                "queries": outcome.exchanges.len(),
                "misses": misses.count(),
            })
        }
        Played::Skipped(needs) => json!({ "file": file, "skipped": true, "needs": needs.0 }),
        Played::Broken(problem) => json!({ "file": file, "broken": problem }),
    };
    writeln!(to, "{line}")
}

const RED: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red)));
const GREEN: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Green)));
const YELLOW: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Yellow)));
const DIM: Style = Style::new().dimmed();

/// Longer names stand out of their column.
const MAX_WIDTH: usize = 60;

/// Ends folders that hold themselves by a link.
const MAX_DEPTH: usize = 16;

//! `mxsim spf`: suites in the form of openspf's, played on the simulated network.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};
use serde_json::json;

use crate::engine::Seed;
use crate::openspf::{self, Document, Played, Suite, Test};
use crate::report::Transcript;
use crate::report::transcript::Entry;

use super::args::SpfArgs;
use super::{Failure, Outcome, output};

/// Plays every test of every file, and tells which of them are not as they should be.
pub(super) fn spf(args: &SpfArgs) -> Result<Outcome, Failure> {
    let mut suites = Vec::new();
    for path in &args.files {
        suites.push((path, load(path)?));
    }
    let mut out = output::stdout();
    let mut counts = Counts::default();
    for (path, suite) in &suites {
        for document in &suite.documents {
            let tests: Vec<_> =
                document.tests.iter().filter(|test| args.names(&test.name)).collect();
            if args.verbose && !args.json && !tests.is_empty() {
                write_head(document, &mut out)?;
            }
            for test in tests {
                let played = openspf::play(document, test, Seed(args.seed), args.verbose);
                let is_right = played.is_right(test);
                counts.add(is_right);
                if args.json {
                    writeln!(out, "{}", as_json(path, document, test, &played))?;
                } else if args.verbose || !is_right {
                    write_test(path, test, &played, &mut out)?;
                }
            }
        }
    }
    if args.json {
        let Counts { tests, right } = counts;
        writeln!(out, "{}", json!({ "tests": tests, "ok": right, "failed": tests - right }))?;
    } else {
        counts.write(&mut out)?;
    }
    out.flush()?;
    if counts.tests == 0 {
        return Err(Failure::Input(match &args.only {
            Some(name) => format!("there is no test whose name has {name:?} in it"),
            None => "there is no test in these files".to_owned(),
        }));
    }
    Ok(Outcome::expected_if(counts.right == counts.tests))
}

impl SpfArgs {
    /// Whether a test is wanted.
    fn names(&self, test: &str) -> bool {
        self.only.as_deref().is_none_or(|only| test.contains(only))
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    tests: usize,
    right: usize,
}

impl Counts {
    fn add(&mut self, is_right: bool) {
        self.tests += 1;
        self.right += usize::from(is_right);
    }

    fn write(self, to: &mut dyn Write) -> io::Result<()> {
        let Counts { tests, right } = self;
        let s = if tests == 1 { "" } else { "s" };
        writeln!(to, "{tests} test{s}: {right} ok, {} failed", tests - right)
    }
}

fn load(path: &Path) -> Result<Suite, Failure> {
    let shown = path.display();
    let octets = fs::read(path)
        .map_err(|error| Failure::Io { what: format!("cannot read {shown}"), error })?;
    // What is no UTF-8 is replaced, as it would be in a DNS record that was written by hand.
    let text = String::from_utf8_lossy(&octets);
    Suite::parse(&text).map_err(|error| Failure::Input(format!("{shown}:{error}")))
}

/// What a document is about, and what of it cannot be played.
fn write_head(document: &Document, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "{BOLD}{}{BOLD:#}", document.description)?;
    for left_out in document.zone.left_out() {
        writeln!(to, "{DIM}      {left_out}{DIM:#}")?;
    }
    Ok(())
}

/// One line, and under a failure what was wanted and what came; in a watched world the packets.
fn write_test(path: &Path, test: &Test, played: &Played, to: &mut dyn Write) -> io::Result<()> {
    let verdict = &played.verdict;
    let is_right = played.is_right(test);
    let (word, style) = if is_right { ("ok   ", GREEN) } else { ("FAIL ", RED) };
    let place = format!("{}:{}", path.display(), test.line);
    write!(to, "{style}{word}{style:#} {place}  {}: {}", test.name, verdict.result)?;
    match (&verdict.directive, &verdict.problem) {
        (Some(directive), _) => writeln!(to, " ({directive:?} of {})", verdict.domain)?,
        (None, Some(problem)) => writeln!(to, " ({problem}, at {})", verdict.domain)?,
        (None, None) => writeln!(to)?,
    }
    if !is_right {
        let wanted: Vec<_> = test.results.iter().map(ToString::to_string).collect();
        writeln!(to, "      wanted {}", wanted.join(" or "))?;
        if let (Some(wanted), Some(given)) = (&test.explanation, played.explanation()) {
            writeln!(to, "      wanted the explanation {wanted:?}, got {given:?}")?;
        }
        if !test.spec.is_empty() {
            writeln!(to, "      see RFC 7208 §{}", test.spec.join(", §"))?;
        }
        for line in test.description.lines() {
            writeln!(to, "      {DIM}{}{DIM:#}", line.trim())?;
        }
    }
    for entry in Transcript::new(&played.world).entries() {
        let [time, parties, protocol, text] = entry.columns();
        writeln!(to, "      {DIM}{time}  {parties}  {protocol}  {text}{DIM:#}")?;
        for detail in &entry.details {
            writeln!(to, "      {DIM}{}{DIM:#}", Entry::indented(detail).trim_end())?;
        }
    }
    Ok(())
}

fn as_json(path: &Path, document: &Document, test: &Test, played: &Played) -> serde_json::Value {
    let verdict = &played.verdict;
    json!({
        "file": path.display().to_string(),
        "line": test.line,
        "document": document.description,
        "test": test.name,
        "spec": test.spec,
        "ok": played.is_right(test),
        "wanted": test.results.iter().map(|result| result.as_str()).collect::<Vec<_>>(),
        "result": verdict.result.as_str(),
        "wanted_explanation": test.explanation,
        "explanation": played.explanation(),
        "domain": verdict.domain,
        "directive": verdict.directive,
        "problem": verdict.problem.as_ref().map(ToString::to_string),
        "lookups": verdict.lookups,
    })
}

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const RED: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red)));
const GREEN: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Green)));

//! `mxsim test`: scenarios against snapshots of their transcripts, without any Rust.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anstyle::{AnsiColor, Style};
use similar::{ChangeTag, TextDiff};

use crate::report::{Transcript, expect, laws};

use super::args::TestArgs;
use super::play::{self, Overrides, Played};
use super::{Failure, Outcome, files, output};

/// Plays each scenario and compares. Mistakes in scenarios are told after all are played.
pub(super) fn test(args: &TestArgs) -> Result<Outcome, Failure> {
    let scenarios = files::scenarios(&args.paths)?;
    if scenarios.is_empty() {
        return Err(Failure::Input("there is no scenario (*.json) in these paths".to_owned()));
    }
    let mut out = output::stdout();
    let (mut passed, mut written, mut failed, mut findings) = (0, 0, 0, Vec::new());
    for path in &scenarios {
        let shown = path.display();
        let played = play::load(Some(path)).and_then(|plan| play::play(plan, Overrides::default()));
        let Played { plan, world, .. } = match played {
            Ok(played) => played,
            Err(Failure::Scenario(more)) => {
                writeln!(out, "{RED}FAIL{RED:#}  {shown}: is no scenario, see below")?;
                findings.extend(more);
                failed += 1;
                continue;
            }
            Err(failure) => return Err(failure),
        };
        let broken: Vec<_> =
            expect::check(&plan, &world).into_iter().filter(|verdict| !verdict.holds).collect();
        let laws = laws::check(&plan, &world);
        let transcript = Transcript::new(&world).to_string();
        let snapshot = snapshot_of(path, args.snapshots.as_deref());
        let compared = compare(&snapshot, &transcript, args.update)?;
        match (&compared, broken.is_empty() && laws.is_empty()) {
            (Compared::Same, true) => {
                writeln!(out, "{GREEN}ok{GREEN:#}    {shown}")?;
                passed += 1;
            }
            (Compared::Written, true) => {
                writeln!(out, "{GREEN}wrote{GREEN:#} {} of {shown}", snapshot.display())?;
                written += 1;
            }
            _ => {
                writeln!(out, "{RED}FAIL{RED:#}  {shown}")?;
                failed += 1;
            }
        }
        for verdict in &broken {
            output::write_verdict(verdict, &mut out)?;
        }
        for broken in &laws {
            output::write_broken(broken, &mut out)?;
        }
        match compared {
            Compared::Same | Compared::Written => {}
            Compared::Missing => writeln!(
                out,
                "      there is no snapshot {} (write it with --update)",
                snapshot.display()
            )?,
            Compared::Differs(before) => {
                write_diff(&snapshot, &before, &transcript, &mut out)?;
            }
        }
    }
    let (count, s) = (scenarios.len(), if scenarios.len() == 1 { "" } else { "s" });
    write!(out, "{count} scenario{s}: {passed} ok")?;
    if written > 0 {
        let s = if written == 1 { "" } else { "s" };
        write!(out, ", {written} snapshot{s} written")?;
    }
    writeln!(out, ", {failed} failed")?;
    out.flush()?;
    if findings.is_empty() {
        Ok(Outcome::expected_if(failed == 0))
    } else {
        Err(Failure::Scenario(findings))
    }
}

const RED: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red)));
const GREEN: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Green)));
const DIM: Style = Style::new().dimmed();

/// `snapshots/first-mail.snap` beside `first-mail.json`.
fn snapshot_of(scenario: &Path, folder: Option<&Path>) -> PathBuf {
    let beside = || scenario.parent().unwrap_or(Path::new("")).join("snapshots");
    let mut name = scenario.file_stem().unwrap_or_default().to_owned();
    name.push(".snap");
    folder.map_or_else(beside, Path::to_owned).join(name)
}

enum Compared {
    Same,
    /// There was none, or another one; now it is this one.
    Written,
    Missing,
    /// With what it holds.
    Differs(String),
}

fn compare(snapshot: &Path, transcript: &str, update: bool) -> Result<Compared, Failure> {
    let failed = |verb: &str, error| {
        Err(Failure::Io { what: format!("cannot {verb} {}", snapshot.display()), error })
    };
    let before = match fs::read(snapshot) {
        // Git on Windows may have put in carriage returns; a transcript has none.
        Ok(octets) => Some(String::from_utf8_lossy(&octets).replace("\r\n", "\n")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return failed("read", error),
    };
    if before.as_deref() == Some(transcript) {
        return Ok(Compared::Same);
    }
    if !update {
        return Ok(before.map_or(Compared::Missing, Compared::Differs));
    }
    if let Some(folder) = snapshot.parent()
        && let Err(error) = fs::create_dir_all(folder)
    {
        return failed("make the folder of", error);
    }
    match fs::write(snapshot, transcript) {
        Ok(()) => Ok(Compared::Written),
        Err(error) => failed("write", error),
    }
}

fn write_diff(snapshot: &Path, before: &str, after: &str, to: &mut dyn Write) -> io::Result<()> {
    let diff = TextDiff::from_lines(before, after);
    writeln!(to, "--- {}\n+++ this run", snapshot.display())?;
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        writeln!(to, "{DIM}{}{DIM:#}", hunk.header())?;
        for change in hunk.iter_changes() {
            let style = match change.tag() {
                ChangeTag::Delete => RED,
                ChangeTag::Insert => GREEN,
                ChangeTag::Equal => Style::new(),
            };
            let line = change.value().trim_end_matches('\n');
            writeln!(to, "{style}{}{line}{style:#}", change.tag())?;
        }
    }
    Ok(())
}

//! How two runs of one seed differ, in words.

use std::fmt;

use crate::engine::trace::{Draw, Event};
use crate::engine::{Fingerprint, SimTime};
use crate::report::transcript::text::Seconds;
use crate::world::event_name;

use super::Way;

/// How a run differs from a plain one of the same seed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// How the second was played.
    pub way: Way,
    /// The fingerprints of both.
    pub fingerprints: [Fingerprint; 2],
    /// How many events each had.
    pub events: [u64; 2],
    /// The host at which it shows first.
    pub host: Option<String>,
    /// Up to this time all checkpoints are equal.
    pub since: SimTime,
    /// The first event that is not the same; `None` for a run that has none there, or where both, played
    /// again, did the same.
    pub seen: [Option<Seen>; 2],
    /// The draw that led to it.
    pub draw: Option<LastDraw>,
    /// The first line of the transcripts that differs, where fingerprints agree.
    pub line: Option<[String; 2]>,
}

/// An event of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// At which host.
    pub host: String,
    /// When.
    pub time: SimTime,
    /// What it is.
    pub what: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The draw before the event that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LastDraw {
    /// The last, which was the same in both runs.
    Same(Draw),
    /// The first that was not the same.
    Differs(Option<Draw>, Option<Draw>),
}

impl Seen {
    pub(super) fn new(event: &Event, names: &[String]) -> Self {
        Seen {
            host: names.get(event.host as usize).cloned().unwrap_or_default(),
            time: event.time,
            what: event_name(event.kind),
            bytes: event.bytes.clone(),
        }
    }
}

/// Several lines, without the last line end.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { way, fingerprints, events, host, since, seen, draw, line } = self;
        writeln!(f, "two runs of one seed differ; the second was played {}", way.told())?;
        for (run, (print, events)) in
            ["first", "second"].iter().zip(fingerprints.iter().zip(events))
        {
            writeln!(f, "  {run:<6}  fingerprint {print}, {events} events")?;
        }
        if let Some([one, other]) = line {
            return write!(f, "the same happened, and is told otherwise:\n  {one}\n  {other}");
        }
        let Some(host) = host else {
            return f.write_str("every host did the same; the world ended otherwise");
        };
        write!(f, "it shows first at {host}, after {} s", Seconds(*since))?;
        if seen.iter().all(Option::is_none) {
            return f.write_str("; played again, both did the same up to there");
        }
        for (run, seen) in ["first", "second"].iter().zip(seen) {
            match seen {
                Some(seen) => write!(f, "\n  {run:<6}  {seen}")?,
                None => write!(f, "\n  {run:<6}  nothing more happens")?,
            }
        }
        match draw {
            None => f.write_str("\nnothing was drawn since then"),
            Some(LastDraw::Same(draw)) => {
                write!(f, "\nthe last draw before it, in both runs: {}", Told(draw))
            }
            Some(LastDraw::Differs(one, other)) => {
                f.write_str("\nthe first draw that differs, before it:")?;
                for (run, draw) in [("first", one), ("second", other)] {
                    match draw {
                        Some(draw) => write!(f, "\n  {run:<6}  {}", Told(draw))?,
                        None => write!(f, "\n  {run:<6}  none")?,
                    }
                }
                Ok(())
            }
        }
    }
}

/// ``draw 17 of `link a>b loss`: 0x0123456789abcdef``
struct Told<'a>(&'a Draw);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Draw { stream, number, value } = self.0;
        write!(f, "draw {number} of `{stream}`: {value:#018x}")
    }
}

/// When and where, what, and the first of its bytes.
impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Seen { host, time, what, bytes } = self;
        write!(f, "{time} s at {host}: {what}, {} octets", bytes.len())?;
        for (index, line) in bytes.chunks(16).take(SHOWN_LINES).enumerate() {
            write!(f, "\n          {:04x} ", index * 16)?;
            for column in 0..16 {
                match line.get(column) {
                    Some(octet) => write!(f, " {octet:02x}")?,
                    None => f.write_str("   ")?,
                }
            }
            f.write_str("  ")?;
            for octet in line {
                let shown = if (b' '..=b'~').contains(octet) { char::from(*octet) } else { '.' };
                write!(f, "{shown}")?;
            }
        }
        if bytes.len() > 16 * SHOWN_LINES {
            f.write_str("\n          ...")?;
        }
        Ok(())
    }
}

/// Of how many lines of 16 octets an event is shown.
const SHOWN_LINES: usize = 8;

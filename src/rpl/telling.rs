//! What came of a scenario in words: for people who want to know why it fails.

use std::fmt::{self, Display, Formatter};

use crate::proto::dns::{Message, Transport};

use super::matching::Level;
use super::outcome::{Check, Exchange, Outcome, Reply};

impl Outcome {
    /// Every check that fails at this level: what does not agree, what was wanted, what came.
    pub fn failures(&self, level: Level) -> Failures<'_> {
        Failures { outcome: self, level }
    }
}

/// See [`Outcome::failures`].
#[derive(Debug, Clone, Copy)]
pub struct Failures<'a> {
    outcome: &'a Outcome,
    level: Level,
}

impl Display for Failures<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for check in &self.outcome.checks {
            let mismatches = match self.level {
                Level::Core => &check.core,
                Level::Strict => &check.strict,
            };
            if mismatches.is_empty() {
                continue;
            }
            let Check { step, line, wanted, came, .. } = check;
            writeln!(f, "  step {step} (entry in line {line}):")?;
            for mismatch in mismatches {
                writeln!(f, "    {mismatch}")?;
            }
            writeln!(f, "    wanted")?;
            write_indented(f, wanted)?;
            match came {
                Some(came) => {
                    writeln!(f, "    came")?;
                    write_indented(f, came)?;
                }
                None => writeln!(f, "    came: nothing that is a message")?,
            }
        }
        Ok(())
    }
}

fn write_indented(f: &mut Formatter<'_>, message: &Message) -> fmt::Result {
    for line in message.to_dig().to_string().lines().filter(|line| !line.is_empty()) {
        writeln!(f, "      {line}")?;
    }
    Ok(())
}

/// Two lines: who was asked what, and what the answer was.
impl Display for Exchange {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Exchange { time, step, server, transport, query, reply } = self;
        let tcp = if *transport == Transport::Tcp { " tcp" } else { "" };
        writeln!(f, "{time} step {step} to {server}{tcp}: {query}")?;
        match reply {
            Reply::Silence => write!(f, "  no answer"),
            Reply::Miss => write!(f, "  no entry matches: SERVFAIL"),
            Reply::Entry { line, sent: Some(sent) } => write!(f, "  line {line}: {sent}"),
            Reply::Entry { line, sent: None } => {
                write!(f, "  line {line}: nothing, or octets that are no message")
            }
        }
    }
}

//! Records of live sessions: what came in from outside, and when.
//!
//! JSON, one object a line. The first line is the [`Setting`]; each further one has `at`, nanoseconds
//! of simulated time, and an [`Input`]; the last one of a session that ended in order has `end` and the
//! `fingerprint` of the run. After [`Input::World`] time begins anew.

use std::fmt;
use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};

use crate::engine::SimTime;

use super::input::Input;
use super::setting::Setting;

/// A line after the first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Line {
    /// Something came in.
    In {
        /// When, in nanoseconds.
        at: u64,
        /// What.
        #[serde(rename = "in")]
        input: Input,
    },
    /// The session was ended.
    End {
        /// When, in nanoseconds.
        end: u64,
        /// Of the run.
        fingerprint: String,
    },
}

/// Writes a record.
pub struct Recorder {
    to: Box<dyn Write>,
    failure: Option<io::Error>,
}

impl Recorder {
    /// Writes the first line.
    ///
    /// # Errors
    /// Those of `to`.
    pub fn new(mut to: Box<dyn Write>, setting: &Setting) -> io::Result<Self> {
        write_line(&mut to, setting)?;
        to.flush()?;
        Ok(Recorder { to, failure: None })
    }

    pub(super) fn input(&mut self, at: SimTime, input: Input) {
        self.line(&Line::In { at: at.as_nanos(), input });
    }

    pub(super) fn end(&mut self, end: SimTime, fingerprint: String) {
        self.line(&Line::End { end: end.as_nanos(), fingerprint });
        self.flush();
    }

    pub(super) fn flush(&mut self) {
        let done = self.to.flush();
        self.note(done);
    }

    /// What went wrong first, if anything did.
    pub(super) fn failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }

    fn line(&mut self, line: &Line) {
        let done = write_line(&mut self.to, line);
        self.note(done);
    }

    fn note(&mut self, done: io::Result<()>) {
        if let (Err(error), None) = (done, &self.failure) {
            self.failure = Some(error);
        }
    }
}

fn write_line(to: &mut dyn Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *to, line)?;
    to.write_all(b"\n")
}

/// What is wrong with a record.
#[derive(Debug)]
pub enum RecordError {
    /// It cannot be read.
    Io(io::Error),
    /// A line is not what it should be.
    Line {
        /// Which, from 1.
        number: usize,
        /// What is wrong with it.
        wrong: String,
    },
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecordError::Io(error) => error.fmt(f),
            RecordError::Line { number, wrong } => write!(f, "line {number}: {wrong}"),
        }
    }
}

impl std::error::Error for RecordError {}

impl From<io::Error> for RecordError {
    fn from(error: io::Error) -> Self {
        RecordError::Io(error)
    }
}

/// The lines of a record, with their numbers. What follows a line that is cut off is an end too: so
/// a record looks whose session was killed.
pub(super) struct Lines<R> {
    from: R,
    number: usize,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(from: R) -> Self {
        Lines { from, number: 0 }
    }

    pub(super) fn setting(&mut self) -> Result<Setting, RecordError> {
        let wrong = |wrong: String| RecordError::Line { number: 1, wrong };
        let Some((text, _)) = self.text()? else {
            return Err(wrong("there is nothing in it".to_owned()));
        };
        let setting: Setting = serde_json::from_str(&text)
            .map_err(|error| wrong(format!("no record of mxsim begins so: {error}")))?;
        match setting.is_whole() {
            true => Ok(setting),
            false => Err(wrong("the scenario in it is not the one that was served".to_owned())),
        }
    }

    pub(super) fn next(&mut self) -> Result<Option<Line>, RecordError> {
        let Some((text, whole)) = self.text()? else { return Ok(None) };
        match serde_json::from_str(&text) {
            Ok(line) => Ok(Some(line)),
            Err(_) if !whole => Ok(None),
            Err(error) => {
                let wrong = format!("it is no input and no end: {error}");
                Err(RecordError::Line { number: self.number, wrong })
            }
        }
    }

    /// The next line, and whether it has its end.
    fn text(&mut self) -> Result<Option<(String, bool)>, RecordError> {
        let mut text = String::new();
        self.number += 1;
        let read = self.from.read_line(&mut text)?;
        Ok((read > 0).then(|| (text.clone(), text.ends_with('\n'))))
    }

    pub(super) fn wrong(&self, wrong: impl Into<String>) -> RecordError {
        RecordError::Line { number: self.number, wrong: wrong.into() }
    }
}

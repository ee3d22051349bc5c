//! What can be wrong in a scenario file, with its line and what would be right.

use std::fmt;

use crate::proto::dns::master::MasterProblem;

/// A mistake in a `.rpl` file. Reading stops at the first one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The file ends inside something.
    UnexpectedEnd {
        /// What should have come.
        expected: &'static str,
    },
    /// Something else stands where this should.
    Unexpected {
        /// What was found.
        found: String,
        /// What would be right.
        expected: &'static str,
    },
    /// A record cannot be read.
    Record(MasterProblem),
    /// The number of a step is not above that of the step before it.
    StepOrder {
        /// The number of this step.
        number: u32,
        /// The number of the one before.
        before: u32,
    },
}

impl Problem {
    /// `found` where `expected` should stand, the former cut to what fits a line.
    pub(super) fn unexpected(found: &str, expected: &'static str) -> Self {
        let mut shown: String = found.chars().take(SHOWN_CHARS).collect();
        if shown.len() < found.len() {
            shown.push('…');
        }
        Problem::Unexpected { found: shown, expected }
    }

    /// The same problem, on this line.
    pub(super) fn at(self, line: usize) -> ParseError {
        ParseError { line, problem: self }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::UnexpectedEnd { expected } => {
                write!(f, "the file ends here, expected {expected}")
            }
            Problem::Unexpected { found, expected } => {
                write!(f, "found {found:?}, expected {expected}")
            }
            Problem::Record(problem) => write!(f, "{problem}"),
            Problem::StepOrder { number, before } => {
                write!(f, "step {number} comes after step {before} (numbers must grow)")
            }
        }
    }
}

impl std::error::Error for ParseError {}

/// No more of a wrong line is shown.
const SHOWN_CHARS: usize = 60;

//! What can be wrong in a suite, with its place and what would be right.

use std::fmt;

/// A mistake in a suite. Reading stops at the first one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// It is no YAML; in the words of its reader.
    Yaml(String),
    /// Something else stands where this should.
    Unexpected {
        /// What was found.
        found: String,
        /// What would be right.
        expected: &'static str,
    },
    /// A document or test lacks this key.
    Missing {
        /// The key.
        key: &'static str,
    },
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.problem)
    }
}

impl std::error::Error for ParseError {}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Yaml(what) => write!(f, "no YAML: {what}"),
            Problem::Unexpected { found, expected } => {
                write!(f, "found {found}, expected {expected}")
            }
            Problem::Missing { key } => write!(f, "{key:?} is missing"),
        }
    }
}

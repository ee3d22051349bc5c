//! What can be wrong in a master file, with the place and what would be right.

use std::fmt;

use super::super::codes::RecordType;
use super::super::name::NameError;

/// A mistake in a master file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MasterError {
    /// The file, as it was named to the reader or to `$INCLUDE`.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What is wrong.
    pub problem: MasterProblem,
}

impl fmt::Display for MasterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.problem)
    }
}

impl std::error::Error for MasterError {}

/// What is wrong in an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MasterProblem {
    /// `(` without `)`.
    UnclosedParenthesis,
    /// `)` without `(`.
    StrayParenthesis,
    /// A quoted string does not end on its line.
    UnclosedQuote,
    /// A backslash with nothing behind it.
    TrailingBackslash,
    /// The first record has no owner.
    NoOwner,
    /// Neither the record nor a `$TTL` or record before it gives a TTL.
    NoTtl,
    /// A record ends before its type.
    NoType,
    /// Not a domain name.
    Name {
        /// What was found.
        found: String,
        /// Why it is none.
        error: NameError,
    },
    /// Where a type must stand is no known one.
    UnknownType {
        /// What was found.
        found: String,
        /// The known type that is spelled most alike.
        nearest: Option<&'static str>,
    },
    /// A type that asks and is never stored, such as ANY.
    MetaType {
        /// The type.
        rtype: RecordType,
    },
    /// The data ends too early.
    MissingField {
        /// The type of the record.
        rtype: RecordType,
        /// What should come next.
        expected: &'static str,
    },
    /// A field of the data, or of a directive, is of the wrong form.
    Field {
        /// What was found.
        found: String,
        /// What would be right.
        expected: &'static str,
    },
    /// Something stands behind the data.
    ExtraField {
        /// What was found.
        found: String,
    },
    /// The data does not fit its type.
    Data {
        /// The type of the record.
        rtype: RecordType,
        /// Why, in words.
        reason: String,
    },
    /// A word that starts with `$` and is no directive.
    UnknownDirective {
        /// What was found.
        found: String,
    },
    /// The file could not be included.
    Include {
        /// The file.
        file: String,
        /// Why, in words.
        reason: String,
    },
}

impl fmt::Display for MasterProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MasterProblem::UnclosedParenthesis => write!(f, "\"(\" is never closed by \")\""),
            MasterProblem::StrayParenthesis => write!(f, "\")\" without \"(\" before it"),
            MasterProblem::UnclosedQuote => {
                write!(f, "the quoted string does not end on its line (expected '\"')")
            }
            MasterProblem::TrailingBackslash => {
                write!(f, "a backslash at the end of a line (expected \\DDD or a character)")
            }
            MasterProblem::NoOwner => {
                write!(f, "the first record has no owner (\"@\" stands for the origin)")
            }
            MasterProblem::NoTtl => {
                write!(f, "no TTL (give one here, or a line like \"$TTL 1h\" before)")
            }
            MasterProblem::NoType => write!(f, "the record ends before its type"),
            MasterProblem::Name { found, error } => write!(f, "{found:?} is no name: {error}"),
            MasterProblem::UnknownType { found, nearest } => {
                write!(f, "{found:?} is no record type")?;
                match nearest {
                    Some(nearest) => write!(f, " (did you mean {nearest}?)"),
                    None => write!(f, " (one without a name is written like TYPE65280)"),
                }
            }
            MasterProblem::MetaType { rtype } => {
                write!(f, "{rtype} is a type of questions, no zone holds it")
            }
            MasterProblem::MissingField { rtype, expected } => {
                write!(f, "the data of {rtype} ends too early: expected {expected}")
            }
            MasterProblem::Field { found, expected } => {
                write!(f, "found {found:?}, expected {expected}")
            }
            MasterProblem::ExtraField { found } => {
                write!(f, "{found:?} stands behind the end of the data")
            }
            MasterProblem::Data { rtype, reason } => write!(f, "the data of {rtype}: {reason}"),
            MasterProblem::UnknownDirective { found } => {
                write!(f, "{found:?} is no directive ($ORIGIN, $TTL, $INCLUDE or $GENERATE)")
            }
            MasterProblem::Include { file, reason } => write!(f, "{file:?}: {reason}"),
        }
    }
}

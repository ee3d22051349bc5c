//! What can be wrong with the text of a record (RFC 7208 §4.6 and §12). Any of it is `permerror`.

use std::fmt;

/// A term that is none, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// The term as it was published; octets that are no UTF-8 are replaced.
    pub term: String,
    /// What is wrong with it.
    pub problem: SyntaxProblem,
}

/// Why a term is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyntaxProblem {
    /// There is no mechanism of that name, and it is no modifier either.
    UnknownMechanism,
    /// The mechanism needs an argument after its colon and has none.
    MissingArgument,
    /// The mechanism takes no such argument.
    UnexpectedArgument,
    /// A prefix length that is no number, has a leading zero, or is too large.
    PrefixLength,
    /// What follows `ip4:` is no IPv4 address.
    Ip4Network,
    /// What follows `ip6:` is no IPv6 address.
    Ip6Network,
    /// An octet that is no visible US-ASCII character.
    Character(u8),
    /// `%` is not followed by `{`, `%`, `_` or `-`, or the macro is malformed.
    Macro,
    /// `%{c}`, `%{r}` and `%{t}` stand in explanations alone (§7.2).
    ExplanationMacro,
    /// A domain has to end in a top label or in a macro.
    TopLabel,
    /// `redirect` or `exp` for the second time (§6).
    RepeatedModifier,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.term, self.problem)
    }
}

impl std::error::Error for SyntaxError {}

impl fmt::Display for SyntaxProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SyntaxProblem::UnknownMechanism => "unknown mechanism",
            SyntaxProblem::MissingArgument => "missing argument",
            SyntaxProblem::UnexpectedArgument => "unexpected argument",
            SyntaxProblem::PrefixLength => "bad prefix length",
            SyntaxProblem::Ip4Network => "not an IPv4 network",
            SyntaxProblem::Ip6Network => "not an IPv6 network",
            SyntaxProblem::Character(octet) => return write!(f, "bad octet {octet:#04x}"),
            SyntaxProblem::Macro => "malformed macro",
            SyntaxProblem::ExplanationMacro => "macro for explanations only",
            SyntaxProblem::TopLabel => "domain without a valid top label",
            SyntaxProblem::RepeatedModifier => "repeated modifier",
        })
    }
}

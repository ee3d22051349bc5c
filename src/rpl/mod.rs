//! Resolver scenarios in the `.rpl` form of Unbound's `testdata` and of Deckard, played against the
//! recursive resolver.
//!
//! A scenario is a whole little Internet: what every authoritative server answers, which queries
//! clients send, how time passes, and which answers the clients must get. [`Scenario::parse`] reads
//! a file of either dialect; [`play`] puts the resolver of this project on a host and everything
//! else of the file on another, lets the world run, and says what matched.
//!
//! A verdict has two levels. *core*: header, question and answer section of what clients got;
//! *strict*: every word of the file, authority and additional section too, which depend on what
//! happens to be cached.
//!
//! Not modelled: DNSSEC validation (trust anchors are ignored), client subnet, TSIG, replies of
//! several messages, zones and policies loaded from files. A file that needs one is told apart
//! ([`Needs`]), it neither passes nor fails.

mod adjust;
mod entry;
mod error;
mod expression;
mod header;
mod hex;
mod lines;
mod local_zones;
mod matching;
mod outcome;
mod player;
mod range;
mod scenario;
mod settings;
mod step;
mod telling;
mod words;

use std::fmt;

pub use entry::Entry;
pub use error::{ParseError, Problem};
pub use expression::{Expression, NoValue};
pub use header::{Header, Setting};
pub use matching::{Level, Mismatch};
pub use outcome::{Check, Exchange, Outcome, Reply, Stopped};
pub use player::{Needs, play};
pub use range::Range;
pub use scenario::Scenario;
pub use step::{Action, Elapse, Step};
pub use telling::Failures;
pub use words::{Adjust, MatchWord};

/// Whose form of the files it is; they differ in what words mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Unbound's `testbound`.
    Unbound,
    /// CZ.NIC's Deckard.
    Deckard,
}

/// `unbound` or `deckard`.
impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Dialect::Unbound => "unbound",
            Dialect::Deckard => "deckard",
        })
    }
}

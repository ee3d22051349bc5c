//! Which extended error a client is told (RFC 8914), as Unbound chooses them.
//!
//! Not modelled: codes about DNSSEC, blocking and filtering.

use crate::proto::dns::{ExtendedError, Rcode};

use super::resolution::{Age, Failure, Outcome};

/// The client is not one of those that are served.
pub(super) const PROHIBITED: u16 = 18;

/// Without RD only what this server is an authority for could be answered.
pub(super) const NOT_AUTHORITATIVE: u16 = 20;

/// What there is to be said of an answer from the cache or from name servers.
pub(super) fn extended_error(outcome: &Outcome) -> Option<ExtendedError> {
    let (code, text) = match (outcome.failure, outcome.age, outcome.rcode) {
        (Some(Failure::Unreachable), ..) => (22, ""),
        (Some(Failure::Remembered), ..) => (13, ""),
        (Some(Failure::Aliases), ..) => (0, "aliases in a loop, or too many of them"),
        (Some(Failure::Limit), ..) => (0, "too much work for one question"),
        (None, Age::Stale, Rcode::NxDomain) => (19, ""),
        (None, Age::Stale, _) => (3, ""),
        (None, Age::Fresh | Age::Old, _) => return None,
    };
    Some(ExtendedError { code, text: text.to_owned() })
}

//! Whether a name is one that mail could come from.

use crate::proto::dns::stub::LookupError;
use crate::proto::dns::{Name, RecordType};

use super::turn::{Answers, Wait};

/// Whether a domain exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Existence {
    Yes,
    No,
    /// It could not be found out.
    Unknown(LookupError),
}

/// Whether a name has a dot, as a name of the Internet has.
pub(super) fn is_qualified(name: &str) -> bool {
    name.trim_end_matches('.').contains('.')
}

/// Whether `name` has records of one of these types; asked one after the other.
pub(super) fn exists(
    answers: &Answers,
    name: &Name,
    types: &[RecordType],
) -> Result<Existence, Wait> {
    let mut existence = Existence::No;
    for rtype in types {
        match answers.get(name, *rtype)? {
            Ok(_) => return Ok(Existence::Yes),
            Err(LookupError::NxDomain) => return Ok(Existence::No),
            Err(error) if error.is_temporary() => existence = Existence::Unknown(*error),
            Err(_) => {}
        }
    }
    Ok(existence)
}

//! The modifiers of FETCH (RFC 4466 §2.4, RFC 7162 §3.1.4 and §3.2.6, RFC 9394 §3.2).

use super::number::ModSeq;
use super::parse::{Parsed, Parser, SyntaxError};
use super::partial::Partial;

/// Which of the messages that FETCH names are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FetchModifiers {
    /// `CHANGEDSINCE`: those that have changed after this.
    pub changed_since: Option<ModSeq>,
    /// `VANISHED`: also which are no more.
    pub vanished: bool,
    /// `PARTIAL`: those in this window.
    pub partial: Option<Partial>,
}

impl FetchModifiers {
    /// Reads ` (...)`, where it is there.
    pub(crate) fn parse(parser: &mut Parser<'_>) -> Parsed<FetchModifiers> {
        let mut modifiers = FetchModifiers::default();
        if !parser.eat(b' ') {
            return Ok(modifiers);
        }
        parser.list(false, |parser| {
            if parser.eat_word("CHANGEDSINCE ") {
                modifiers.changed_since = Some(parser.mod_sequence()?);
            } else if parser.eat_word("PARTIAL ") {
                modifiers.partial = Some(Partial::parse(parser)?);
            } else if parser.eat_word("VANISHED") {
                modifiers.vanished = true;
            } else {
                return Err(SyntaxError("CHANGEDSINCE, PARTIAL or VANISHED"));
            }
            Ok(())
        })?;
        if modifiers.vanished && modifiers.changed_since.is_none() {
            return Err(SyntaxError("VANISHED with CHANGEDSINCE"));
        }
        Ok(modifiers)
    }
}

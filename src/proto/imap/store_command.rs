//! The arguments of STORE (RFC 3501 §6.4.6, RFC 7162 §3.1.3).

use super::command::{flag, flag_list};
use super::flags::Flags;
use super::number::ModSeq;
use super::parse::{Parsed, Parser, SyntaxError};
use super::sequence::SequenceSet;

/// A STORE or UID STORE command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreCommand {
    /// Whether the set is one of UIDs.
    pub by_uid: bool,
    /// Of which messages.
    pub set: SequenceSet,
    /// `UNCHANGEDSINCE`: messages that have changed after this stay as they are.
    pub unchanged_since: Option<ModSeq>,
    /// How the flags change.
    pub change: FlagChange,
    /// `.SILENT`: the client does not want to be told what it knows.
    pub silent: bool,
    /// These flags.
    pub flags: Flags,
}

/// How STORE changes flags (RFC 3501 §6.4.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlagChange {
    /// `FLAGS`
    Replace,
    /// `+FLAGS`
    Add,
    /// `-FLAGS`
    Remove,
}

impl FlagChange {
    /// The flags `before` with `flags` replaced, added or removed.
    #[must_use]
    pub fn apply(self, before: &Flags, flags: &Flags) -> Flags {
        if self == FlagChange::Replace {
            return flags.clone();
        }
        let mut after = before.clone();
        match self {
            FlagChange::Remove => after.remove_all(flags),
            _ => after.insert_all(flags),
        }
        after
    }
}

impl StoreCommand {
    /// Reads what follows `STORE`.
    pub(crate) fn parse(parser: &mut Parser<'_>, by_uid: bool) -> Parsed<StoreCommand> {
        parser.space()?;
        let set = SequenceSet::parse(parser)?;
        parser.space()?;
        let mut unchanged_since = None;
        if parser.peek() == Some(b'(') {
            let modifiers = parser.list(false, |parser| {
                if !parser.eat_word("UNCHANGEDSINCE ") {
                    return Err(SyntaxError("UNCHANGEDSINCE"));
                }
                parser.mod_sequence()
            })?;
            unchanged_since = modifiers.last().copied();
            parser.space()?;
        }
        let change = if parser.eat(b'+') {
            FlagChange::Add
        } else if parser.eat(b'-') {
            FlagChange::Remove
        } else {
            FlagChange::Replace
        };
        if !parser.eat_word("FLAGS") {
            return Err(SyntaxError("FLAGS, +FLAGS or -FLAGS"));
        }
        let silent = parser.eat_word(".SILENT");
        parser.space()?;
        let flags = match parser.peek() {
            Some(b'(') => flag_list(parser)?,
            _ => {
                let mut flags = Flags::EMPTY;
                flag(parser, &mut flags)?;
                while parser.eat(b' ') {
                    flag(parser, &mut flags)?;
                }
                flags
            }
        };
        Ok(StoreCommand { by_uid, set, unchanged_since, change, silent, flags })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Parsed<StoreCommand> {
        let mut parser = Parser::new(text.as_bytes());
        let store = StoreCommand::parse(&mut parser, false)?;
        parser.end()?;
        Ok(store)
    }

    #[test]
    fn flags_with_and_without_parentheses() {
        let store = parse(" 2:4 +FLAGS.SILENT \\Deleted \\Seen").unwrap();
        assert!(store.silent);
        assert_eq!((store.change, &*store.set.to_string()), (FlagChange::Add, "2:4"));
        assert_eq!(store.flags.to_string(), "\\Deleted \\Seen");
        let store = parse(" 1 FLAGS ()").unwrap();
        assert!(store.change == FlagChange::Replace && store.flags.is_empty());
    }

    #[test]
    fn the_condition_of_rfc_7162() {
        let store = parse(" * (UNCHANGEDSINCE 12121230045) -FLAGS.SILENT (\\Deleted)").unwrap();
        assert_eq!(store.unchanged_since, Some(ModSeq(12_121_230_045)));
        assert_eq!(
            parse(" 1 (UNCHANGEDSINCE 0) FLAGS a").unwrap().unchanged_since,
            Some(ModSeq(0))
        );
    }

    #[test]
    fn what_is_no_store() {
        let error = |text| parse(text).unwrap_err().0;
        assert_eq!(error(" 1 FLAGS (\\Recent)"), "a system flag that can be set");
        assert_eq!(error(" 1 -+FLAGS (x)"), "FLAGS, +FLAGS or -FLAGS");
        assert_eq!(error(" 1 (FROB 1) FLAGS (x)"), "UNCHANGEDSINCE");
        assert_eq!(error(" 1 () FLAGS (x)"), "UNCHANGEDSINCE");
        assert_eq!(error(" 1 FLAGS"), "a space");
    }
}

//! The arguments of LIST (RFC 3501 §6.3.8, RFC 5258, RFC 5819, RFC 6154).

use std::borrow::Cow;

use super::parse::{Parsed, Parser, SyntaxError, is_astring_char};
use super::status_item::StatusItem;

/// A LIST command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListCommand<'a> {
    /// Which names are asked for.
    pub selection: ListSelection,
    /// What the patterns are relative to.
    pub reference: Cow<'a, [u8]>,
    /// The patterns. Never empty.
    pub patterns: Vec<Cow<'a, [u8]>>,
    /// What is to be told of each name.
    pub returns: ListReturn,
    /// Whether it is in the form of RFC 5258, which shows what is asked for and nothing else.
    pub extended: bool,
}

/// The selection options (RFC 5258 §3.1). A name must fit all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ListSelection {
    /// `SUBSCRIBED`: the subscribed names, whether there is a mailbox or not.
    pub subscribed: bool,
    /// `SPECIAL-USE`: mailboxes that are there for something.
    pub special_use: bool,
    /// `RECURSIVEMATCH`: also the names above those.
    pub recursive_match: bool,
}

/// The return options (RFC 5258 §3.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListReturn {
    /// `SUBSCRIBED`
    pub subscribed: bool,
    /// `CHILDREN`
    pub children: bool,
    /// `SPECIAL-USE`
    pub special_use: bool,
    /// `STATUS` (RFC 5819)
    pub status: Option<Vec<StatusItem>>,
}

impl<'a> ListCommand<'a> {
    /// Reads what follows `LIST`.
    pub(crate) fn parse(parser: &mut Parser<'a>) -> Parsed<ListCommand<'a>> {
        parser.space()?;
        let mut extended = false;
        let mut selection = ListSelection::default();
        if parser.peek() == Some(b'(') {
            extended = true;
            selection = ListSelection::parse(parser)?;
            parser.space()?;
        }
        let reference = parser.astring()?;
        parser.space()?;
        let patterns = if parser.peek() == Some(b'(') {
            extended = true;
            let mut left = MAX_PATTERNS;
            parser.list(false, |parser| {
                left = usize::checked_sub(left, 1).ok_or(SyntaxError("fewer patterns"))?;
                pattern(parser)
            })?
        } else {
            vec![pattern(parser)?]
        };
        let mut returns = ListReturn::default();
        if parser.eat_word(" RETURN ") {
            extended = true;
            returns = ListReturn::parse(parser)?;
        }
        Ok(ListCommand { selection, reference, patterns, returns, extended })
    }
}

impl ListSelection {
    fn parse(parser: &mut Parser<'_>) -> Parsed<ListSelection> {
        let mut selection = ListSelection::default();
        parser.list(true, |parser| {
            let word = parser.atom()?;
            let is = |name: &str| word.eq_ignore_ascii_case(name);
            match () {
                () if is("SUBSCRIBED") => selection.subscribed = true,
                () if is("SPECIAL-USE") => selection.special_use = true,
                () if is("RECURSIVEMATCH") => selection.recursive_match = true,
                // There are none elsewhere.
                () if is("REMOTE") => {}
                () => return Err(SyntaxError("a selection option")),
            }
            Ok(())
        })?;
        if selection.recursive_match && !selection.subscribed && !selection.special_use {
            return Err(SyntaxError("RECURSIVEMATCH with an option that selects"));
        }
        Ok(selection)
    }
}

impl ListReturn {
    fn parse(parser: &mut Parser<'_>) -> Parsed<ListReturn> {
        let mut returns = ListReturn::default();
        parser.list(true, |parser| {
            let word = parser.atom()?;
            let is = |name: &str| word.eq_ignore_ascii_case(name);
            match () {
                () if is("SUBSCRIBED") => returns.subscribed = true,
                () if is("CHILDREN") => returns.children = true,
                () if is("SPECIAL-USE") => returns.special_use = true,
                () if is("STATUS") => {
                    parser.space()?;
                    returns.status = Some(StatusItem::parse_list(parser)?);
                }
                () => return Err(SyntaxError("a return option")),
            }
            Ok(())
        })?;
        Ok(returns)
    }
}

/// A `list-mailbox`: an astring in which `%` and `*` may stand bare.
pub(crate) fn pattern<'a>(parser: &mut Parser<'a>) -> Parsed<Cow<'a, [u8]>> {
    match parser.peek() {
        Some(b'"' | b'{') => parser.string(),
        _ => {
            let is_list_char = |octet| is_astring_char(octet) || matches!(octet, b'%' | b'*');
            let pattern = parser.take_while(is_list_char, "a mailbox pattern")?;
            Ok(Cow::Borrowed(pattern.as_bytes()))
        }
    }
}

/// One command may hold each name against so many.
const MAX_PATTERNS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Parsed<ListCommand<'_>> {
        let mut parser = Parser::new(text.as_bytes());
        let list = ListCommand::parse(&mut parser)?;
        parser.end()?;
        Ok(list)
    }

    #[test]
    fn the_basic_form() {
        let list = parse(" \"\" ~/Mail/%").unwrap();
        assert!(!list.extended);
        assert_eq!(list.patterns, [Cow::from(&b"~/Mail/%"[..])]);
    }

    #[test]
    fn the_forms_of_rfc_5258() {
        let list = parse(" (SUBSCRIBED recursivematch) \"\" (\"INBOX\" Drafts Sent/%)").unwrap();
        assert!(list.extended && list.selection.subscribed && list.selection.recursive_match);
        assert_eq!(list.patterns.len(), 3);
        let list = parse(" () \"\" % RETURN (STATUS (MESSAGES UNSEEN) CHILDREN)").unwrap();
        assert!(list.returns.children);
        let status = vec![StatusItem::Messages, StatusItem::Unseen];
        assert_eq!(list.returns.status, Some(status));
        assert!(parse(" \"\" % RETURN ()").unwrap().extended);
    }

    #[test]
    fn what_is_no_list() {
        for text in [
            " \"\"",
            " (FROB) \"\" %",
            " (RECURSIVEMATCH) \"\" *",
            " (REMOTE RECURSIVEMATCH) \"\" *",
            " \"\" ()",
            " \"\" % RETURN",
            " \"\" % RETURN (STATUS ())",
            " \"\" % FROB",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}

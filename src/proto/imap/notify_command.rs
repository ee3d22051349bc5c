//! The arguments of NOTIFY (RFC 5465 §8).

use std::borrow::Cow;

use super::fetch::FetchItem;
use super::parse::{Parsed, Parser, SyntaxError};

/// A NOTIFY command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotifyCommand<'a> {
    /// `NONE`: nothing is to be told unasked.
    None,
    /// `SET`
    Set {
        /// `STATUS`: the state of the mailboxes is to be told at once.
        status: bool,
        /// Of which mailboxes what is to be told. The first that fits a mailbox counts.
        groups: Vec<(NotifyFilter<Cow<'a, [u8]>>, NotifyEvents)>,
    },
}

/// A `filter-mailboxes`, with names of this form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotifyFilter<N> {
    /// `SELECTED`
    Selected,
    /// `SELECTED-DELAYED`: expunged messages only when the client says something.
    SelectedDelayed,
    /// `INBOXES`: to which mail is delivered.
    Inboxes,
    /// `PERSONAL`: all of the account.
    Personal,
    /// `SUBSCRIBED`
    Subscribed,
    /// `SUBTREE`: these and those below.
    Subtree(Vec<N>),
    /// `MAILBOXES`: these.
    Mailboxes(Vec<N>),
}

/// The `events` that are to be told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NotifyEvents {
    /// `MessageNew`, and what is to be fetched of new messages.
    pub message_new: Option<Vec<FetchItem>>,
    /// `MessageExpunge`
    pub message_expunge: bool,
    /// `FlagChange`
    pub flag_change: bool,
    /// `MailboxName`: mailboxes that are made, renamed and deleted.
    pub mailbox_name: bool,
    /// `SubscriptionChange`
    pub subscription_change: bool,
    /// One that no server here has.
    pub unknown: bool,
}

impl<'a> NotifyCommand<'a> {
    /// Reads what follows `NOTIFY`.
    pub(crate) fn parse(parser: &mut Parser<'a>) -> Parsed<NotifyCommand<'a>> {
        if parser.eat_word(" NONE") {
            return Ok(NotifyCommand::None);
        }
        if !parser.eat_word(" SET") {
            return Err(SyntaxError("NONE or SET"));
        }
        let status = parser.eat_word(" STATUS");
        let mut groups = Vec::new();
        while parser.eat(b' ') {
            if groups.len() >= MAX_GROUPS {
                return Err(SyntaxError("fewer groups of events"));
            }
            parser.expect(b'(', "an opening parenthesis")?;
            let filter = NotifyFilter::parse(parser)?;
            parser.space()?;
            let events = NotifyEvents::parse(parser)?;
            parser.expect(b')', "a closing parenthesis")?;
            groups.push((filter, events));
        }
        let selected = groups.iter().filter(|(filter, _)| filter.is_selected()).count();
        match (groups.is_empty(), selected) {
            (true, _) => Err(SyntaxError("a group of events")),
            (_, 2..) => Err(SyntaxError("SELECTED once")),
            _ => Ok(NotifyCommand::Set { status, groups }),
        }
    }
}

impl<N> NotifyFilter<N> {
    /// Whether it is the selected mailbox.
    pub fn is_selected(&self) -> bool {
        matches!(self, NotifyFilter::Selected | NotifyFilter::SelectedDelayed)
    }
}

impl<'a> NotifyFilter<Cow<'a, [u8]>> {
    fn parse(parser: &mut Parser<'a>) -> Parsed<Self> {
        let word = parser.atom()?;
        let is = |name: &str| word.eq_ignore_ascii_case(name);
        Ok(match () {
            () if is("SELECTED") => NotifyFilter::Selected,
            () if is("SELECTED-DELAYED") => NotifyFilter::SelectedDelayed,
            () if is("INBOXES") => NotifyFilter::Inboxes,
            () if is("PERSONAL") => NotifyFilter::Personal,
            () if is("SUBSCRIBED") => NotifyFilter::Subscribed,
            () if is("SUBTREE") => NotifyFilter::Subtree(mailboxes(parser)?),
            () if is("MAILBOXES") => NotifyFilter::Mailboxes(mailboxes(parser)?),
            () => return Err(SyntaxError("which mailboxes")),
        })
    }
}

/// One mailbox, or many in parentheses.
fn mailboxes<'a>(parser: &mut Parser<'a>) -> Parsed<Vec<Cow<'a, [u8]>>> {
    parser.space()?;
    match parser.peek() {
        Some(b'(') => parser.list(false, Parser::astring),
        _ => Ok(vec![parser.astring()?]),
    }
}

impl NotifyEvents {
    fn parse(parser: &mut Parser<'_>) -> Parsed<NotifyEvents> {
        let mut events = NotifyEvents::default();
        if parser.eat_word("NONE") {
            return Ok(events);
        }
        parser.expect(b'(', "an opening parenthesis")?;
        loop {
            events.parse_event(parser)?;
            if parser.eat(b')') {
                break;
            }
            parser.space()?;
        }
        // RFC 5465 §5.
        let messages = (events.message_new.is_some(), events.message_expunge);
        match messages {
            (true, true) => Ok(events),
            (false, false) if !events.flag_change => Ok(events),
            _ => Err(SyntaxError("MessageNew with MessageExpunge")),
        }
    }

    fn parse_event(&mut self, parser: &mut Parser<'_>) -> Parsed<()> {
        let word = parser.atom()?;
        let is = |name: &str| word.eq_ignore_ascii_case(name);
        match () {
            () if is("MessageNew") => {
                let items = match parser.rest() {
                    [b' ', b'(', ..] => {
                        parser.space()?;
                        FetchItem::parse_all(parser)?
                    }
                    _ => Vec::new(),
                };
                self.message_new = Some(items);
            }
            () if is("MessageExpunge") => self.message_expunge = true,
            () if is("FlagChange") => self.flag_change = true,
            () if is("MailboxName") => self.mailbox_name = true,
            () if is("SubscriptionChange") => self.subscription_change = true,
            () => self.unknown = true,
        }
        Ok(())
    }
}

/// One command may name so many.
const MAX_GROUPS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Parsed<NotifyCommand<'_>> {
        let mut parser = Parser::new(text.as_bytes());
        let command = NotifyCommand::parse(&mut parser)?;
        parser.end()?;
        Ok(command)
    }

    #[test]
    fn the_examples_of_rfc_5465() {
        let text = " SET STATUS (SELECTED (MessageNew (uid body.peek[header.fields (from to subject)]) \
            MessageExpunge)) (MAILBOXES (Lists/Lemonade) (MessageNew MessageExpunge FlagChange)) \
            (subtree Lists NONE)";
        let Ok(NotifyCommand::Set { status: true, groups }) = parse(text) else { panic!() };
        assert_eq!(groups.len(), 3);
        let items = groups[0].1.message_new.as_ref().unwrap();
        assert_eq!((groups[0].0.is_selected(), items.len()), (true, 2));
        assert!(groups[1].1.flag_change && !groups[1].1.mailbox_name);
        assert_eq!(groups[2].1, NotifyEvents::default());
        assert_eq!(parse(" NONE"), Ok(NotifyCommand::None));
    }

    #[test]
    fn what_is_no_notify() {
        for text in [
            "",
            " SET",
            " SET STATUS",
            " SET (frob (MessageNew MessageExpunge))",
            " SET (personal (MessageNew))",
            " SET (personal (FlagChange))",
            " SET (personal ())",
            " SET (mailboxes (MessageNew MessageExpunge))",
            " SET (selected NONE) (selected-delayed NONE)",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}

//! The arguments of APPEND (RFC 3501 §6.3.11), for any number of messages (RFC 3502).
//!
//! Data of a message are a literal, a literal8 (RFC 3516 §4.4), `UTF8 (literal8)` (RFC 6855 §4), or
//! put together by CATENATE (RFC 4469).

use std::borrow::Cow;

use super::command::flag_list;
use super::flags::Flags;
use super::parse::{Parsed, Parser, SyntaxError};
use crate::proto::mail::DateTime;

/// One message of an APPEND.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppendMessage<'a> {
    /// Its flags.
    pub flags: Flags,
    /// Its INTERNALDATE; `None`: now.
    pub date: Option<DateTime>,
    /// Its octets.
    pub data: AppendData<'a>,
}

impl AppendMessage<'_> {
    /// How many octets come with the command itself.
    pub(super) fn octets(&self) -> usize {
        match &self.data {
            AppendData::Literal(data) | AppendData::Literal8(data) | AppendData::Utf8(data) => {
                data.len()
            }
            AppendData::Catenate(parts) => {
                let text = |part: &CatenatePart<'_>| match part {
                    CatenatePart::Text(text) => text.len(),
                    CatenatePart::Url(_) => 0,
                };
                parts.iter().map(text).sum()
            }
        }
    }
}

/// Where the octets of an appended message come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppendData<'a> {
    /// A literal.
    Literal(&'a [u8]),
    /// A literal8, in which NUL may stand.
    Literal8(&'a [u8]),
    /// `UTF8 (literal8)`: its header may be in UTF-8.
    Utf8(&'a [u8]),
    /// `CATENATE`: these parts one after the other.
    Catenate(Vec<CatenatePart<'a>>),
}

/// A `cat-part` (RFC 4469 §5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CatenatePart<'a> {
    /// `TEXT`: these octets.
    Text(&'a [u8]),
    /// `URL`: a section of a message that is there.
    Url(Cow<'a, [u8]>),
}

impl<'a> AppendMessage<'a> {
    /// Reads what follows the name of the mailbox: one message or more.
    pub(crate) fn parse_all(parser: &mut Parser<'a>) -> Parsed<Vec<AppendMessage<'a>>> {
        let mut messages = Vec::new();
        parser.space()?;
        loop {
            messages.push(AppendMessage::parse(parser)?);
            if !parser.eat(b' ') {
                return Ok(messages);
            }
        }
    }

    fn parse(parser: &mut Parser<'a>) -> Parsed<AppendMessage<'a>> {
        let flags = match parser.peek() {
            Some(b'(') => {
                let flags = flag_list(parser)?;
                parser.space()?;
                flags
            }
            _ => Flags::EMPTY,
        };
        let date = match parser.peek() {
            Some(b'"') => {
                let text = parser.quoted()?;
                parser.space()?;
                Some(DateTime::parse_imap(&text).ok_or(SyntaxError("a date-time"))?)
            }
            _ => None,
        };
        Ok(AppendMessage { flags, date, data: AppendData::parse(parser)? })
    }
}

impl<'a> AppendData<'a> {
    fn parse(parser: &mut Parser<'a>) -> Parsed<AppendData<'a>> {
        if parser.eat_word("UTF8 (") {
            let data = parser.literal8()?;
            parser.expect(b')', "a closing parenthesis")?;
            return Ok(AppendData::Utf8(data));
        }
        if parser.eat_word("CATENATE ") {
            return parser.list(false, CatenatePart::parse).map(AppendData::Catenate);
        }
        match parser.peek() {
            Some(b'~') => parser.literal8().map(AppendData::Literal8),
            _ => parser.literal().map(AppendData::Literal),
        }
    }
}

impl<'a> CatenatePart<'a> {
    fn parse(parser: &mut Parser<'a>) -> Parsed<CatenatePart<'a>> {
        if parser.eat_word("TEXT ") {
            return parser.literal().map(CatenatePart::Text);
        }
        if parser.eat_word("URL ") {
            return parser.astring().map(CatenatePart::Url);
        }
        Err(SyntaxError("TEXT or URL"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Parsed<Vec<AppendMessage<'_>>> {
        let mut parser = Parser::new(text.as_bytes());
        let messages = AppendMessage::parse_all(&mut parser)?;
        parser.end()?;
        Ok(messages)
    }

    #[test]
    fn a_message_with_all_and_with_nothing() {
        let text = " (\\Seen kw) \" 7-Feb-1994 21:52:25 -0800\" {2}\r\nhi\r\n";
        let [message] = &*parse(text).unwrap() else { panic!() };
        assert_eq!(message.flags.to_string(), "\\Seen kw");
        assert_eq!(message.date.unwrap().imap().to_string(), " 7-Feb-1994 21:52:25 -0800");
        assert_eq!(message.data, AppendData::Literal(b"hi"));
        let [message] = &*parse(" {0}\r\n\r\n").unwrap() else { panic!() };
        assert_eq!((&message.flags, message.date), (&Flags::EMPTY, None));
    }

    #[test]
    fn many_messages_in_every_form() {
        let text = " {1}\r\na (\\Seen) ~{2+}\r\n\0b UTF8 (~{1}\r\nc) CATENATE (URL \
                    \"/INBOX;UID=2\" TEXT {1}\r\nd)\r\n";
        let data: Vec<_> = parse(text).unwrap().into_iter().map(|message| message.data).collect();
        assert_eq!(
            data,
            [
                AppendData::Literal(b"a"),
                AppendData::Literal8(b"\0b"),
                AppendData::Utf8(b"c"),
                AppendData::Catenate(vec![
                    CatenatePart::Url(b"/INBOX;UID=2"[..].into()),
                    CatenatePart::Text(b"d"),
                ]),
            ]
        );
    }

    #[test]
    fn what_is_no_message() {
        for text in [
            " ",
            " \"1-Feb\" {0}\r\n\r\n",
            " \"32-Jan-1994 00:00:00 +0000\" {0}\r\n\r\n",
            " x",
            " (\\Recent) {0}\r\n\r\n",
            " {1}\r\na {",
            " UTF8 ({1}\r\na)",
            " CATENATE ()",
            " CATENATE (FROB x)",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}

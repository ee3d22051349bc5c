//! What SEARCH asks for (RFC 3501 §6.4.4).

use std::borrow::Cow;

use super::flags::SystemFlag;
use super::number::ModSeq;
use super::parse::{Parsed, Parser, SyntaxError, is_astring_char};
use super::sequence::SequenceSet;
use crate::proto::mail::Date;

/// The arguments of a SEARCH command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search<'a> {
    /// The character set of the strings in the keys; US-ASCII where none is given.
    pub charset: Option<Cow<'a, [u8]>>,
    /// All of these must match. Never empty.
    pub keys: Vec<SearchKey<'a>>,
}

/// A `search-key`. Strings are as they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchKey<'a> {
    /// `ALL`
    All,
    /// `ANSWERED`, `UNANSWERED` and the like: whether the flag is set
    Flag(SystemFlag, bool),
    /// `KEYWORD` or `UNKEYWORD`: whether the keyword is set
    Keyword(&'a str, bool),
    /// `RECENT` or `OLD`: whether the message is recent
    Recent(bool),
    /// `NEW`: recent and not seen
    New,
    /// `FROM`, `TO`, `CC`, `BCC`, `SUBJECT`, `HEADER`: the field contains the string. An empty
    /// string asks whether there is such a field.
    Header(Cow<'a, [u8]>, Cow<'a, [u8]>),
    /// `BODY`: the body contains the string
    Body(Cow<'a, [u8]>),
    /// `TEXT`: header or body contain the string
    Text(Cow<'a, [u8]>),
    /// `LARGER`: in octets
    Larger(u64),
    /// `SMALLER`: in octets
    Smaller(u64),
    /// `BEFORE`, `ON`, `SINCE`: the INTERNALDATE
    Internal(DateOrder, Date),
    /// `SENTBEFORE`, `SENTON`, `SENTSINCE`: the `Date` field
    Sent(DateOrder, Date),
    /// `SAVEDBEFORE`, `SAVEDON`, `SAVEDSINCE`: when the message came into the mailbox (RFC 8514)
    Saved(DateOrder, Date),
    /// `OLDER`: the INTERNALDATE is so many seconds ago, or more (RFC 5032)
    Older(u32),
    /// `YOUNGER`: the INTERNALDATE is not older than so many seconds (RFC 5032)
    Younger(u32),
    /// `MODSEQ`: this mod-sequence or a greater one (RFC 7162 §3.1.5). Entries are not told apart.
    ModSeq(ModSeq),
    /// `EMAILID` (RFC 8474)
    EmailId(&'a str),
    /// `THREADID` (RFC 8474): of which no message has one
    ThreadId(&'a str),
    /// `UID`
    Uid(SequenceSet),
    /// A sequence set
    Sequence(SequenceSet),
    /// `NOT`
    Not(Box<SearchKey<'a>>),
    /// `OR`
    Or(Box<[SearchKey<'a>; 2]>),
    /// A list in parentheses: all of these
    And(Vec<SearchKey<'a>>),
}

/// How a message's day stands to the one that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOrder {
    /// Earlier.
    Before,
    /// The same.
    On,
    /// The same or later.
    Since,
}

impl DateOrder {
    /// Whether `day` stands so to `asked`.
    pub fn holds(self, day: Date, asked: Date) -> bool {
        match self {
            DateOrder::Before => day < asked,
            DateOrder::On => day == asked,
            DateOrder::Since => day >= asked,
        }
    }
}

impl<'a> Search<'a> {
    /// Reads what follows `SEARCH` and a space.
    pub(crate) fn parse(parser: &mut Parser<'a>) -> Parsed<Search<'a>> {
        let charset = if parser.eat_word("CHARSET ") {
            let charset = parser.astring()?;
            parser.space()?;
            Some(charset)
        } else {
            None
        };
        Self::parse_keys(parser, charset)
    }

    /// Reads the arguments of SORT and THREAD, which have to name the character set (RFC 5256 §5).
    pub(crate) fn parse_in_charset(parser: &mut Parser<'a>) -> Parsed<Search<'a>> {
        let charset = parser.astring()?;
        parser.space()?;
        Self::parse_keys(parser, Some(charset))
    }

    fn parse_keys(parser: &mut Parser<'a>, charset: Option<Cow<'a, [u8]>>) -> Parsed<Search<'a>> {
        let mut keys = vec![SearchKey::parse(parser, 0)?];
        while parser.eat(b' ') {
            keys.push(SearchKey::parse(parser, 0)?);
        }
        Ok(Search { charset, keys })
    }
}

impl<'a> SearchKey<'a> {
    /// Whether the key, or one within it, is MODSEQ.
    pub fn asks_modseq(&self) -> bool {
        match self {
            SearchKey::ModSeq(_) => true,
            SearchKey::Not(key) => key.asks_modseq(),
            SearchKey::Or(keys) => keys.iter().any(SearchKey::asks_modseq),
            SearchKey::And(keys) => keys.iter().any(SearchKey::asks_modseq),
            _ => false,
        }
    }

    /// One key. Recursion ends at [`MAX_DEPTH`].
    fn parse(parser: &mut Parser<'a>, depth: usize) -> Parsed<SearchKey<'a>> {
        if depth > MAX_DEPTH {
            return Err(SyntaxError("fewer keys within keys"));
        }
        match parser.peek() {
            Some(b'(') => {
                let keys = parser.list(false, |parser| SearchKey::parse(parser, depth + 1))?;
                return Ok(SearchKey::And(keys));
            }
            Some(b'0'..=b'9' | b'*' | b'$') => {
                return SequenceSet::parse(parser).map(SearchKey::Sequence);
            }
            _ => {}
        }
        let word = parser.atom().map_err(|_| SyntaxError("a search key"))?;
        let mut upper = [0; 17];
        let upper = upper.get_mut(..word.len()).ok_or(SyntaxError("a search key"))?;
        upper.copy_from_slice(word.as_bytes());
        upper.make_ascii_uppercase();
        Ok(match &*upper {
            b"ALL" => SearchKey::All,
            b"ANSWERED" => SearchKey::Flag(SystemFlag::Answered, true),
            b"UNANSWERED" => SearchKey::Flag(SystemFlag::Answered, false),
            b"DELETED" => SearchKey::Flag(SystemFlag::Deleted, true),
            b"UNDELETED" => SearchKey::Flag(SystemFlag::Deleted, false),
            b"DRAFT" => SearchKey::Flag(SystemFlag::Draft, true),
            b"UNDRAFT" => SearchKey::Flag(SystemFlag::Draft, false),
            b"FLAGGED" => SearchKey::Flag(SystemFlag::Flagged, true),
            b"UNFLAGGED" => SearchKey::Flag(SystemFlag::Flagged, false),
            b"SEEN" => SearchKey::Flag(SystemFlag::Seen, true),
            b"UNSEEN" => SearchKey::Flag(SystemFlag::Seen, false),
            b"KEYWORD" => SearchKey::Keyword(keyword(parser)?, true),
            b"UNKEYWORD" => SearchKey::Keyword(keyword(parser)?, false),
            b"NEW" => SearchKey::New,
            b"RECENT" => SearchKey::Recent(true),
            b"OLD" => SearchKey::Recent(false),
            b"FROM" | b"TO" | b"CC" | b"BCC" | b"SUBJECT" => {
                SearchKey::Header(Cow::Borrowed(word.as_bytes()), string(parser)?)
            }
            b"HEADER" => SearchKey::Header(string(parser)?, string(parser)?),
            b"BODY" => SearchKey::Body(string(parser)?),
            b"TEXT" => SearchKey::Text(string(parser)?),
            b"LARGER" => SearchKey::Larger(number(parser)?),
            b"SMALLER" => SearchKey::Smaller(number(parser)?),
            b"BEFORE" => SearchKey::Internal(DateOrder::Before, date(parser)?),
            b"ON" => SearchKey::Internal(DateOrder::On, date(parser)?),
            b"SINCE" => SearchKey::Internal(DateOrder::Since, date(parser)?),
            b"SENTBEFORE" => SearchKey::Sent(DateOrder::Before, date(parser)?),
            b"SENTON" => SearchKey::Sent(DateOrder::On, date(parser)?),
            b"SENTSINCE" => SearchKey::Sent(DateOrder::Since, date(parser)?),
            b"SAVEDBEFORE" => SearchKey::Saved(DateOrder::Before, date(parser)?),
            b"SAVEDON" => SearchKey::Saved(DateOrder::On, date(parser)?),
            b"SAVEDSINCE" => SearchKey::Saved(DateOrder::Since, date(parser)?),
            // Every mailbox has the dates (RFC 8514 §4.3).
            b"SAVEDATESUPPORTED" => SearchKey::All,
            b"OLDER" => SearchKey::Older(interval(parser)?),
            b"YOUNGER" => SearchKey::Younger(interval(parser)?),
            b"MODSEQ" => SearchKey::ModSeq(mod_sequence(parser)?),
            b"EMAILID" => SearchKey::EmailId(keyword(parser)?),
            b"THREADID" => SearchKey::ThreadId(keyword(parser)?),
            b"UID" => {
                parser.space()?;
                SearchKey::Uid(SequenceSet::parse(parser)?)
            }
            b"NOT" => {
                parser.space()?;
                SearchKey::Not(Box::new(SearchKey::parse(parser, depth + 1)?))
            }
            b"OR" => {
                parser.space()?;
                let first = SearchKey::parse(parser, depth + 1)?;
                parser.space()?;
                SearchKey::Or(Box::new([first, SearchKey::parse(parser, depth + 1)?]))
            }
            _ => return Err(SyntaxError("a search key")),
        })
    }
}

fn string<'a>(parser: &mut Parser<'a>) -> Parsed<Cow<'a, [u8]>> {
    parser.space()?;
    parser.astring()
}

fn keyword<'a>(parser: &mut Parser<'a>) -> Parsed<&'a str> {
    parser.space()?;
    parser.atom()
}

fn number(parser: &mut Parser<'_>) -> Parsed<u64> {
    parser.space()?;
    parser.number64()
}

/// An `nz-number` of seconds.
fn interval(parser: &mut Parser<'_>) -> Parsed<u32> {
    parser.space()?;
    parser.nz_number()
}

/// A mod-sequence, behind the name of an entry and its type where these are given.
fn mod_sequence(parser: &mut Parser<'_>) -> Parsed<ModSeq> {
    parser.space()?;
    if parser.peek() == Some(b'"') {
        let entry = parser.quoted()?;
        if !entry.starts_with(b"/flags/") {
            return Err(SyntaxError("an entry of flags"));
        }
        parser.space()?;
        if !["all", "priv", "shared"].iter().any(|word| parser.eat_word(word)) {
            return Err(SyntaxError("all, priv or shared"));
        }
        parser.space()?;
    }
    parser.mod_sequence()
}

/// A `date`, quoted or not.
fn date(parser: &mut Parser<'_>) -> Parsed<Date> {
    parser.space()?;
    let text = match parser.peek() {
        Some(b'"') => parser.quoted()?,
        _ => Cow::Borrowed(parser.take_while(is_astring_char, "a date")?.as_bytes()),
    };
    Date::parse_imap(&text).ok_or(SyntaxError("a date"))
}

/// How deep keys may stand in one another.
const MAX_DEPTH: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Parsed<Vec<SearchKey<'_>>> {
        let mut parser = Parser::new(text.as_bytes());
        let search = Search::parse(&mut parser)?;
        parser.end()?;
        Ok(search.keys)
    }

    #[test]
    fn keys_stand_in_one_another() {
        let not_deleted = SearchKey::Flag(SystemFlag::Deleted, false);
        assert_eq!(
            parse("or undeleted (NOT 1:2 larger 5)").unwrap(),
            [SearchKey::Or(Box::new([
                not_deleted,
                SearchKey::And(vec![
                    SearchKey::Not(Box::new(parse("1:2").unwrap().remove(0))),
                    SearchKey::Larger(5),
                ]),
            ]))]
        );
        let subject = SearchKey::Header(b"SUBJECT"[..].into(), b"a b"[..].into());
        assert_eq!(parse("SUBJECT \"a b\"").unwrap(), [subject]);
        assert_eq!(parse("SINCE 1-Feb-1994").unwrap(), parse("SINCE \"1-Feb-1994\"").unwrap());
    }

    #[test]
    fn keys_of_extensions() {
        assert_eq!(parse("MODSEQ 620162338").unwrap(), [SearchKey::ModSeq(ModSeq(620_162_338))]);
        // RFC 7162 §3.1.5, example 12.
        let keys = parse("OR NOT MODSEQ 720162338 MODSEQ \"/flags/\\\\draft\" all 620162338");
        assert!(keys.unwrap()[0].asks_modseq());
        assert_eq!(parse("$").unwrap(), [SearchKey::Sequence(SequenceSet::SAVED)]);
        assert_eq!(parse("UID $").unwrap(), [SearchKey::Uid(SequenceSet::SAVED)]);
        assert_eq!(parse("YOUNGER 259200").unwrap(), [SearchKey::Younger(259_200)]);
        for text in ["OLDER 0", "MODSEQ", "MODSEQ x", "MODSEQ \"/flags/x\" some 1", "EMAILID"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nesting_ends() {
        assert!(parse(&format!("{}ALL", "NOT ".repeat(32))).is_ok());
        let deep = SyntaxError("fewer keys within keys");
        assert_eq!(parse(&format!("{}ALL", "NOT ".repeat(100_000))), Err(deep));
        assert_eq!(parse(&"(".repeat(100_000)), Err(deep));
    }

    #[test]
    fn what_is_no_key() {
        for text in ["", "FROB", "NOT", "OR ALL", "()", "SINCE 30-Feb-1994", "KEYWORD", "ALL "] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}

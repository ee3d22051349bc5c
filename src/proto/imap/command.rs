//! The commands of IMAP4rev1 (RFC 3501 §6), and those of a few extensions.
//!
//! UNSELECT (RFC 3691), NAMESPACE (RFC 2342), ID (RFC 2971), IDLE (RFC 2177), UID EXPUNGE
//! (RFC 4315), the initial response of AUTHENTICATE (RFC 4959).

use std::borrow::Cow;

use super::fetch::FetchItem;
use super::flags::{Flags, SystemFlag};
use super::parse::{Parsed, Parser, SyntaxError, is_astring_char};
use super::search::Search;
use super::sequence::SequenceSet;
use crate::proto::mail::DateTime;

/// A command with its tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request<'a> {
    /// What the tagged response begins with.
    pub tag: &'a str,
    /// What to do.
    pub command: Command<'a>,
}

/// A line that is no command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadRequest<'a> {
    /// The tag, if it could be read.
    pub tag: Option<&'a str>,
    /// What was expected.
    pub error: SyntaxError,
}

/// A command. Mailbox names are in modified UTF-7, as they came.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants and arguments are those of RFC 3501 §6 by name")]
pub enum Command<'a> {
    Capability,
    Noop,
    Logout,
    StartTls,
    Authenticate { mechanism: &'a str, initial: Option<&'a str> },
    Login { user: Cow<'a, [u8]>, password: Cow<'a, [u8]> },
    Select { mailbox: Cow<'a, [u8]> },
    Examine { mailbox: Cow<'a, [u8]> },
    Create { mailbox: Cow<'a, [u8]> },
    Delete { mailbox: Cow<'a, [u8]> },
    Rename { from: Cow<'a, [u8]>, to: Cow<'a, [u8]> },
    Subscribe { mailbox: Cow<'a, [u8]> },
    Unsubscribe { mailbox: Cow<'a, [u8]> },
    List { reference: Cow<'a, [u8]>, pattern: Cow<'a, [u8]> },
    Lsub { reference: Cow<'a, [u8]>, pattern: Cow<'a, [u8]> },
    Status { mailbox: Cow<'a, [u8]>, items: Vec<StatusItem> },
    Append { mailbox: Cow<'a, [u8]>, flags: Flags, date: Option<DateTime>, data: &'a [u8] },
    Namespace,
    Id,
    Idle,
    Check,
    Close,
    Unselect,
    Expunge { uids: Option<SequenceSet> },
    Search { by_uid: bool, search: Search<'a> },
    Fetch { by_uid: bool, set: SequenceSet, items: Vec<FetchItem> },
    Store { by_uid: bool, set: SequenceSet, change: FlagChange, silent: bool, flags: Flags },
    Copy { by_uid: bool, set: SequenceSet, mailbox: Cow<'a, [u8]> },
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

/// What STATUS asks for (RFC 3501 §6.3.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are those of RFC 3501 §6.3.10 by name")]
pub enum StatusItem {
    Messages,
    Recent,
    UidNext,
    UidValidity,
    Unseen,
}

impl StatusItem {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            StatusItem::Messages => "MESSAGES",
            StatusItem::Recent => "RECENT",
            StatusItem::UidNext => "UIDNEXT",
            StatusItem::UidValidity => "UIDVALIDITY",
            StatusItem::Unseen => "UNSEEN",
        }
    }

    fn parse(parser: &mut Parser<'_>) -> Parsed<StatusItem> {
        use StatusItem::{Messages, Recent, UidNext, UidValidity, Unseen};
        let word = parser.atom()?;
        [Messages, Recent, UidNext, UidValidity, Unseen]
            .into_iter()
            .find(|item| item.as_str().eq_ignore_ascii_case(word))
            .ok_or(SyntaxError("a STATUS item"))
    }
}

impl<'a> Request<'a> {
    /// Reads a whole command, with its literals and its last line end.
    pub fn parse(text: &'a [u8]) -> Result<Request<'a>, BadRequest<'a>> {
        let mut parser = Parser::new(text);
        let tag = read_tag(&mut parser).map_err(|error| BadRequest { tag: None, error })?;
        let command = parser.space().and_then(|()| Command::parse(&mut parser));
        let command = command.and_then(|command| parser.end().map(|()| command));
        match command {
            Ok(command) => Ok(Request { tag, command }),
            Err(error) => Err(BadRequest { tag: Some(tag), error }),
        }
    }
}

/// The tag of a command that is not read further.
pub(crate) fn tag_of(text: &[u8]) -> Option<&str> {
    let mut parser = Parser::new(text);
    let tag = read_tag(&mut parser).ok()?;
    parser.space().ok().map(|()| tag)
}

fn read_tag<'a>(parser: &mut Parser<'a>) -> Parsed<&'a str> {
    let tag = parser.take_while(|octet| is_astring_char(octet) && octet != b'+', "a tag")?;
    if tag.len() > MAX_TAG_OCTETS { Err(SyntaxError("a shorter tag")) } else { Ok(tag) }
}

impl<'a> Command<'a> {
    fn parse(parser: &mut Parser<'a>) -> Parsed<Command<'a>> {
        let word = parser.atom()?;
        let mut upper = [0; 12];
        let Some(upper) = upper.get_mut(..word.len()) else { return Err(UNKNOWN) };
        upper.copy_from_slice(word.as_bytes());
        upper.make_ascii_uppercase();
        Ok(match &*upper {
            b"CAPABILITY" => Command::Capability,
            b"NOOP" => Command::Noop,
            b"LOGOUT" => Command::Logout,
            b"STARTTLS" => Command::StartTls,
            b"NAMESPACE" => Command::Namespace,
            b"IDLE" => Command::Idle,
            b"CHECK" => Command::Check,
            b"CLOSE" => Command::Close,
            b"UNSELECT" => Command::Unselect,
            b"EXPUNGE" => Command::Expunge { uids: None },
            b"SEARCH" => search(parser, false)?,
            b"FETCH" => fetch(parser, false)?,
            b"STORE" => store(parser, false)?,
            b"COPY" => copy(parser, false)?,
            b"UID" => {
                parser.space()?;
                let word = parser.atom()?;
                let is = |name: &str| word.eq_ignore_ascii_case(name);
                match () {
                    () if is("FETCH") => fetch(parser, true)?,
                    () if is("STORE") => store(parser, true)?,
                    () if is("SEARCH") => search(parser, true)?,
                    () if is("COPY") => copy(parser, true)?,
                    () if is("EXPUNGE") => Command::Expunge { uids: Some(set(parser)?) },
                    () => return Err(SyntaxError("COPY, EXPUNGE, FETCH, SEARCH or STORE")),
                }
            }
            b"AUTHENTICATE" => {
                parser.space()?;
                let mechanism = parser.atom()?;
                let initial = match parser.eat(b' ') {
                    true => Some(parser.take_while(is_base64, "base64 or =")?),
                    false => None,
                };
                Command::Authenticate { mechanism, initial }
            }
            b"LOGIN" => Command::Login { user: argument(parser)?, password: argument(parser)? },
            b"SELECT" => Command::Select { mailbox: argument(parser)? },
            b"EXAMINE" => Command::Examine { mailbox: argument(parser)? },
            b"CREATE" => Command::Create { mailbox: argument(parser)? },
            b"DELETE" => Command::Delete { mailbox: argument(parser)? },
            b"RENAME" => Command::Rename { from: argument(parser)?, to: argument(parser)? },
            b"SUBSCRIBE" => Command::Subscribe { mailbox: argument(parser)? },
            b"UNSUBSCRIBE" => Command::Unsubscribe { mailbox: argument(parser)? },
            b"LIST" => Command::List { reference: argument(parser)?, pattern: pattern(parser)? },
            b"LSUB" => Command::Lsub { reference: argument(parser)?, pattern: pattern(parser)? },
            b"STATUS" => {
                let mailbox = argument(parser)?;
                parser.space()?;
                Command::Status { mailbox, items: parser.list(false, StatusItem::parse)? }
            }
            b"APPEND" => append(parser)?,
            b"ID" => {
                parser.space()?;
                id_parameters(parser)?;
                Command::Id
            }
            _ => return Err(UNKNOWN),
        })
    }
}

fn argument<'a>(parser: &mut Parser<'a>) -> Parsed<Cow<'a, [u8]>> {
    parser.space()?;
    parser.astring()
}

/// A `list-mailbox`: an astring in which `%` and `*` may stand bare.
fn pattern<'a>(parser: &mut Parser<'a>) -> Parsed<Cow<'a, [u8]>> {
    parser.space()?;
    match parser.peek() {
        Some(b'"' | b'{') => parser.string(),
        _ => {
            let is_list_char = |octet| is_astring_char(octet) || matches!(octet, b'%' | b'*');
            let pattern = parser.take_while(is_list_char, "a mailbox pattern")?;
            Ok(Cow::Borrowed(pattern.as_bytes()))
        }
    }
}

fn append<'a>(parser: &mut Parser<'a>) -> Parsed<Command<'a>> {
    let mailbox = argument(parser)?;
    parser.space()?;
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
    Ok(Command::Append { mailbox, flags, date, data: parser.literal()? })
}

fn set(parser: &mut Parser<'_>) -> Parsed<SequenceSet> {
    parser.space()?;
    SequenceSet::parse(parser)
}

fn search<'a>(parser: &mut Parser<'a>, by_uid: bool) -> Parsed<Command<'a>> {
    parser.space()?;
    Ok(Command::Search { by_uid, search: Search::parse(parser)? })
}

fn fetch<'a>(parser: &mut Parser<'a>, by_uid: bool) -> Parsed<Command<'a>> {
    let set = set(parser)?;
    parser.space()?;
    Ok(Command::Fetch { by_uid, set, items: FetchItem::parse_all(parser)? })
}

fn store<'a>(parser: &mut Parser<'a>, by_uid: bool) -> Parsed<Command<'a>> {
    let set = set(parser)?;
    parser.space()?;
    let change = match parser.peek() {
        Some(b'+') => FlagChange::Add,
        Some(b'-') => FlagChange::Remove,
        _ => FlagChange::Replace,
    };
    if change != FlagChange::Replace {
        parser.eat(b'+');
        parser.eat(b'-');
    }
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
    Ok(Command::Store { by_uid, set, change, silent, flags })
}

fn copy<'a>(parser: &mut Parser<'a>, by_uid: bool) -> Parsed<Command<'a>> {
    Ok(Command::Copy { by_uid, set: set(parser)?, mailbox: argument(parser)? })
}

/// A `flag-list` in parentheses.
pub(crate) fn flag_list(parser: &mut Parser<'_>) -> Parsed<Flags> {
    let mut flags = Flags::EMPTY;
    parser.list(true, |parser| flag(parser, &mut flags))?;
    Ok(flags)
}

/// A `flag` that a client can set: `\Recent` and unknown system flags are none.
fn flag(parser: &mut Parser<'_>, flags: &mut Flags) -> Parsed<()> {
    let system = parser.eat(b'\\');
    let word = parser.atom().map_err(|_| SyntaxError("a flag"))?;
    if !system {
        if flags.keywords().len() >= Flags::MAX_KEYWORDS || word.len() > MAX_KEYWORD_OCTETS {
            return Err(SyntaxError("fewer or shorter keywords"));
        }
        flags.insert_keyword(word);
        return Ok(());
    }
    let known =
        SystemFlag::ALL.into_iter().find(|flag| flag.as_str()[1..].eq_ignore_ascii_case(word));
    flags.insert(known.ok_or(SyntaxError("a system flag that can be set"))?);
    Ok(())
}

/// `NIL` or a list of string pairs (RFC 2971 §3.1); nobody asks for them.
fn id_parameters(parser: &mut Parser<'_>) -> Parsed<()> {
    if parser.eat_word("NIL") {
        return Ok(());
    }
    parser.list(true, |parser| parser.nstring().map(drop)).map(drop)
}

fn is_base64(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/' | b'=')
}

const UNKNOWN: SyntaxError = SyntaxError("a command");

const MAX_TAG_OCTETS: usize = 100;

const MAX_KEYWORD_OCTETS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn command(text: &str) -> Command<'_> {
        Request::parse(text.as_bytes())
            .unwrap_or_else(|bad| panic!("{text}: {}", bad.error))
            .command
    }

    fn error(text: &str) -> &'static str {
        Request::parse(text.as_bytes()).unwrap_err().error.0
    }

    #[test]
    fn arguments_in_every_form() {
        let login = Command::Login { user: b"a b"[..].into(), password: b"c"[..].into() };
        assert_eq!(command("a1 LOGIN \"a b\" c\r\n"), login);
        assert_eq!(command("a1 login {3}\r\na b {1+}\r\nc\r\n"), login);
        let list = Command::List { reference: b""[..].into(), pattern: b"~/Mail/%"[..].into() };
        assert_eq!(command("a LIST \"\" ~/Mail/%\r\n"), list);
        let initial = Some("AGEAYg==");
        let authenticate = Command::Authenticate { mechanism: "PLAIN", initial };
        assert_eq!(command("a AUTHENTICATE PLAIN AGEAYg==\r\n"), authenticate);
    }

    #[test]
    fn append_with_all_and_with_nothing() {
        let text = "a APPEND saved (\\Seen kw) \" 7-Feb-1994 21:52:25 -0800\" {2}\r\nhi\r\n";
        let Command::Append { flags, date, data, .. } = command(text) else { panic!() };
        assert_eq!(flags.to_string(), "\\Seen kw");
        assert_eq!(date.unwrap().imap().to_string(), " 7-Feb-1994 21:52:25 -0800");
        assert_eq!(data, b"hi");
        let Command::Append { flags, date, .. } = command("a APPEND saved {0}\r\n\r\n") else {
            panic!()
        };
        assert_eq!((flags, date), (Flags::EMPTY, None));
    }

    #[test]
    fn store_takes_flags_with_and_without_parentheses() {
        let Command::Store { by_uid, change, silent, flags, set } =
            command("A003 UID STORE 2:4 +FLAGS.SILENT \\Deleted \\Seen\r\n")
        else {
            panic!()
        };
        assert!(by_uid && silent);
        assert_eq!((change, set.to_string().as_str()), (FlagChange::Add, "2:4"));
        assert_eq!(flags.to_string(), "\\Deleted \\Seen");
        assert!(matches!(
            command("a STORE 1 FLAGS ()\r\n"),
            Command::Store { change: FlagChange::Replace, flags, .. } if flags.is_empty()
        ));
    }

    #[test]
    fn what_is_no_command() {
        assert_eq!(error("a FROB\r\n"), "a command");
        assert_eq!(error("a NOOP x\r\n"), "the end of the line");
        assert_eq!(error("a\r\n"), "a space");
        assert_eq!(error("+ NOOP\r\n"), "a tag");
        assert_eq!(error("a STORE 1 FLAGS (\\Recent)\r\n"), "a system flag that can be set");
        assert_eq!(error("a STORE 1 -+FLAGS (x)\r\n"), "FLAGS, +FLAGS or -FLAGS");
        assert_eq!(error("a UID NOOP\r\n"), "COPY, EXPUNGE, FETCH, SEARCH or STORE");
        assert_eq!(error("a APPEND x \"1-Feb\" {0}\r\n\r\n"), "a date-time");
        assert_eq!(Request::parse(b"a FROB\r\n").unwrap_err().tag, Some("a"));
        assert_eq!(Request::parse(b"\r\n").unwrap_err().tag, None);
    }

    proptest! {
        #[test]
        fn arbitrary_octets_do_not_panic(octets: Vec<u8>) {
            let _ = Request::parse(&octets);
        }

        #[test]
        fn arbitrary_words_do_not_panic(
            words in proptest::collection::vec(
                "UID|FETCH|STORE|SEARCH|APPEND|STATUS|LIST|1:\\*|\\(|\\)|OR|NOT|\"a\"|\\{1\\}\r\nx|FLAGS|ALL",
                0..12,
            )
        ) {
            let _ = Request::parse(format!("a {}\r\n", words.join(" ")).as_bytes());
        }
    }
}

//! The commands of IMAP4rev1 (RFC 3501 §6) and IMAP4rev2 (RFC 9051 §6), and those of extensions.
//!
//! UNSELECT (RFC 3691), NAMESPACE (RFC 2342), ID (RFC 2971), IDLE (RFC 2177), UID EXPUNGE
//! (RFC 4315), the initial response of AUTHENTICATE (RFC 4959), ENABLE (RFC 5161), MOVE (RFC 6851),
//! QUOTA (RFC 9208), CANCELUPDATE (RFC 5267), NOTIFY (RFC 5465), SORT and THREAD (RFC 5256). Larger
//! arguments have files of their own.

use std::borrow::Cow;

use super::append_command::AppendMessage;
use super::fetch::FetchItem;
use super::fetch_modifiers::FetchModifiers;
use super::flags::{Flags, SystemFlag};
use super::list_command::{ListCommand, pattern};
use super::notify_command::NotifyCommand;
use super::parse::{Parsed, Parser, SyntaxError, is_astring_char};
use super::search::Search;
use super::search_return::SearchReturn;
use super::select_command::SelectParameters;
use super::sequence::SequenceSet;
use super::sort::SortCommand;
use super::status_item::StatusItem;
use super::store_command::StoreCommand;
use super::thread::ThreadAlgorithm;

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

/// A command. Mailbox names are as they came.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants and arguments are those of RFC 3501 §6 by name")]
pub enum Command<'a> {
    Capability,
    Noop,
    Logout,
    StartTls,
    Authenticate { mechanism: &'a str, initial: Option<&'a str> },
    Login { user: Cow<'a, [u8]>, password: Cow<'a, [u8]> },
    Enable { features: Vec<&'a str> },
    Select { mailbox: Cow<'a, [u8]>, read_only: bool, parameters: SelectParameters },
    Create { mailbox: Cow<'a, [u8]>, special_uses: Vec<String> },
    Delete { mailbox: Cow<'a, [u8]> },
    Rename { from: Cow<'a, [u8]>, to: Cow<'a, [u8]> },
    Subscribe { mailbox: Cow<'a, [u8]> },
    Unsubscribe { mailbox: Cow<'a, [u8]> },
    List(ListCommand<'a>),
    Lsub { reference: Cow<'a, [u8]>, pattern: Cow<'a, [u8]> },
    Status { mailbox: Cow<'a, [u8]>, items: Vec<StatusItem> },
    Append { mailbox: Cow<'a, [u8]>, messages: Vec<AppendMessage<'a>> },
    Notify(NotifyCommand<'a>),
    CancelUpdate { tags: Vec<Cow<'a, [u8]>> },
    GetQuota { root: Cow<'a, [u8]> },
    GetQuotaRoot { mailbox: Cow<'a, [u8]> },
    SetQuota { root: Cow<'a, [u8]> },
    Namespace,
    Id,
    Idle,
    Check,
    Close,
    Unselect,
    Expunge { uids: Option<SequenceSet> },
    Search { by_uid: bool, returns: Option<SearchReturn>, search: Search<'a> },
    Sort(SortCommand<'a>),
    Thread { by_uid: bool, algorithm: ThreadAlgorithm, search: Search<'a> },
    Fetch { by_uid: bool, set: SequenceSet, items: Vec<FetchItem>, modifiers: FetchModifiers },
    Store(StoreCommand),
    Copy { by_uid: bool, set: SequenceSet, mailbox: Cow<'a, [u8]> },
    Move { by_uid: bool, set: SequenceSet, mailbox: Cow<'a, [u8]> },
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
            b"SORT" => Command::Sort(SortCommand::parse(parser, false)?),
            b"THREAD" => thread(parser, false)?,
            b"FETCH" => fetch(parser, false)?,
            b"STORE" => Command::Store(StoreCommand::parse(parser, false)?),
            b"COPY" => copy(parser, false)?,
            b"MOVE" => move_messages(parser, false)?,
            b"UID" => {
                parser.space()?;
                let word = parser.atom()?;
                let is = |name: &str| word.eq_ignore_ascii_case(name);
                match () {
                    () if is("FETCH") => fetch(parser, true)?,
                    () if is("STORE") => Command::Store(StoreCommand::parse(parser, true)?),
                    () if is("SEARCH") => search(parser, true)?,
                    () if is("SORT") => Command::Sort(SortCommand::parse(parser, true)?),
                    () if is("THREAD") => thread(parser, true)?,
                    () if is("COPY") => copy(parser, true)?,
                    () if is("MOVE") => move_messages(parser, true)?,
                    () if is("EXPUNGE") => Command::Expunge { uids: Some(set(parser)?) },
                    () => return Err(UNKNOWN_UID),
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
            b"ENABLE" => {
                let mut features = Vec::new();
                while parser.eat(b' ') {
                    features.push(parser.atom()?);
                }
                if features.is_empty() {
                    return Err(SyntaxError("a capability"));
                }
                Command::Enable { features }
            }
            b"SELECT" => select(parser, false)?,
            b"EXAMINE" => select(parser, true)?,
            b"CREATE" => {
                let mailbox = argument(parser)?;
                Command::Create { mailbox, special_uses: create_parameters(parser)? }
            }
            b"DELETE" => Command::Delete { mailbox: argument(parser)? },
            b"RENAME" => Command::Rename { from: argument(parser)?, to: argument(parser)? },
            b"SUBSCRIBE" => Command::Subscribe { mailbox: argument(parser)? },
            b"UNSUBSCRIBE" => Command::Unsubscribe { mailbox: argument(parser)? },
            b"LIST" => Command::List(ListCommand::parse(parser)?),
            b"LSUB" => {
                let reference = argument(parser)?;
                parser.space()?;
                Command::Lsub { reference, pattern: pattern(parser)? }
            }
            b"STATUS" => {
                let mailbox = argument(parser)?;
                parser.space()?;
                Command::Status { mailbox, items: StatusItem::parse_list(parser)? }
            }
            b"APPEND" => {
                let mailbox = argument(parser)?;
                Command::Append { mailbox, messages: AppendMessage::parse_all(parser)? }
            }
            b"NOTIFY" => Command::Notify(NotifyCommand::parse(parser)?),
            b"CANCELUPDATE" => {
                let mut tags = Vec::new();
                while parser.eat(b' ') {
                    tags.push(parser.string()?);
                }
                if tags.is_empty() {
                    return Err(SyntaxError("a tag in quotes"));
                }
                Command::CancelUpdate { tags }
            }
            b"GETQUOTA" => Command::GetQuota { root: argument(parser)? },
            b"GETQUOTAROOT" => Command::GetQuotaRoot { mailbox: argument(parser)? },
            b"SETQUOTA" => set_quota(parser)?,
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

fn select<'a>(parser: &mut Parser<'a>, read_only: bool) -> Parsed<Command<'a>> {
    let mailbox = argument(parser)?;
    Ok(Command::Select { mailbox, read_only, parameters: SelectParameters::parse(parser)? })
}

/// `(USE (...))` (RFC 6154 §3), where it is there. Any attribute may be asked for.
fn create_parameters(parser: &mut Parser<'_>) -> Parsed<Vec<String>> {
    if !parser.eat(b' ') {
        return Ok(Vec::new());
    }
    if !parser.eat_word("(USE ") {
        return Err(SyntaxError("USE in parentheses"));
    }
    let uses = parser.list(true, |parser| {
        parser.expect(b'\\', "an attribute")?;
        parser.atom().map(|word| format!("\\{word}"))
    })?;
    parser.expect(b')', "a closing parenthesis")?;
    Ok(uses)
}

/// SETQUOTA (RFC 9208 §4.1.3): nobody may, so nothing is kept of the limits.
fn set_quota<'a>(parser: &mut Parser<'a>) -> Parsed<Command<'a>> {
    let root = argument(parser)?;
    parser.space()?;
    parser.list(true, |parser| {
        parser.atom()?;
        parser.space()?;
        parser.take_while(|octet| octet.is_ascii_digit(), "a limit")
    })?;
    Ok(Command::SetQuota { root })
}

fn set(parser: &mut Parser<'_>) -> Parsed<SequenceSet> {
    parser.space()?;
    SequenceSet::parse(parser)
}

fn search<'a>(parser: &mut Parser<'a>, by_uid: bool) -> Parsed<Command<'a>> {
    parser.space()?;
    let returns = SearchReturn::parse(parser)?;
    Ok(Command::Search { by_uid, returns, search: Search::parse(parser)? })
}

fn thread<'a>(parser: &mut Parser<'a>, by_uid: bool) -> Parsed<Command<'a>> {
    parser.space()?;
    let algorithm = ThreadAlgorithm::parse(parser)?;
    parser.space()?;
    Ok(Command::Thread { by_uid, algorithm, search: Search::parse_in_charset(parser)? })
}

fn fetch<'a>(parser: &mut Parser<'a>, by_uid: bool) -> Parsed<Command<'a>> {
    let set = set(parser)?;
    parser.space()?;
    let items = FetchItem::parse_all(parser)?;
    Ok(Command::Fetch { by_uid, set, items, modifiers: FetchModifiers::parse(parser)? })
}

fn copy<'a>(parser: &mut Parser<'a>, by_uid: bool) -> Parsed<Command<'a>> {
    Ok(Command::Copy { by_uid, set: set(parser)?, mailbox: argument(parser)? })
}

fn move_messages<'a>(parser: &mut Parser<'a>, by_uid: bool) -> Parsed<Command<'a>> {
    Ok(Command::Move { by_uid, set: set(parser)?, mailbox: argument(parser)? })
}

/// A `flag-list` in parentheses.
pub(crate) fn flag_list(parser: &mut Parser<'_>) -> Parsed<Flags> {
    let mut flags = Flags::EMPTY;
    parser.list(true, |parser| flag(parser, &mut flags))?;
    Ok(flags)
}

/// A `flag` that a client can set: `\Recent` and unknown system flags are none.
pub(crate) fn flag(parser: &mut Parser<'_>, flags: &mut Flags) -> Parsed<()> {
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

const UNKNOWN_UID: SyntaxError =
    SyntaxError("COPY, EXPUNGE, FETCH, MOVE, SEARCH, SORT, STORE or THREAD");

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
        let lsub = Command::Lsub { reference: b""[..].into(), pattern: b"~/Mail/%"[..].into() };
        assert_eq!(command("a LSUB \"\" ~/Mail/%\r\n"), lsub);
        let initial = Some("AGEAYg==");
        let authenticate = Command::Authenticate { mechanism: "PLAIN", initial };
        assert_eq!(command("a AUTHENTICATE PLAIN AGEAYg==\r\n"), authenticate);
    }

    #[test]
    fn uses_of_a_mailbox_and_limits_of_a_quota() {
        let create = command("t2 CREATE MySpecial (USE (\\Drafts \\Sent))\r\n");
        let special_uses = vec!["\\Drafts".to_owned(), "\\Sent".to_owned()];
        assert_eq!(create, Command::Create { mailbox: b"MySpecial"[..].into(), special_uses });
        let set_quota = command("A000 SETQUOTA \"\" (STORAGE 512)\r\n");
        assert_eq!(set_quota, Command::SetQuota { root: b""[..].into() });
        assert_eq!(error("a CREATE x (USE \\Sent)\r\n"), "an opening parenthesis");
    }

    #[test]
    fn what_is_no_command() {
        assert_eq!(error("a FROB\r\n"), "a command");
        assert_eq!(error("a NOOP x\r\n"), "the end of the line");
        assert_eq!(error("a\r\n"), "a space");
        assert_eq!(error("+ NOOP\r\n"), "a tag");
        assert_eq!(error("a UID NOOP\r\n"), UNKNOWN_UID.0);
        assert_eq!(error("a ENABLE\r\n"), "a capability");
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

//! Reading the responses of a server (RFC 3501 §7), as far as a client session needs them.
//!
//! A response is borrowed from the octets that came; bodies are slices of them.

use std::borrow::Cow;

use super::super::flags::{Flags, SystemFlag};
use super::super::number::{ModSeq, Uid};
use super::super::parse::{Parsed, Parser, SyntaxError, is_atom_char};
use super::super::sequence::{NumberSet, SequenceSet};

/// One response.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Response<'a> {
    /// `+ ...`: the server waits for more of a command, and says this, perhaps a challenge.
    Continue(&'a str),
    /// The completion of a command.
    Tagged { tag: &'a str, state: StateResponse<'a> },
    /// `* OK ...` and the like.
    Untagged(StateResponse<'a>),
    /// `* CAPABILITY ...`
    Capability(&'a str),
    /// `* n EXISTS`
    Exists(u32),
    /// `* n RECENT`
    Recent(u32),
    /// `* n EXPUNGE`
    Expunge(u32),
    /// `* n FETCH (...)`
    Fetch { sequence: u32, items: Vec<FetchedItem<'a>> },
    /// `* SEARCH ...`
    Search(Vec<u32>),
    /// `* ESEARCH (TAG "a1") UID ALL 1:3` (RFC 4731): what ALL says, and whether that are UIDs.
    Esearch { uid: bool, all: NumberSet },
    /// `* ENABLED ...` (RFC 5161 §3.2)
    Enabled(&'a str),
    /// `* VANISHED (EARLIER) 1:3` (RFC 7162 §3.2.10): UIDs.
    Vanished { earlier: bool, uids: NumberSet },
    /// `* LIST (...) "." name`
    List { attributes: Vec<&'a str>, name: Cow<'a, [u8]> },
    /// Anything else.
    Other,
}

/// `OK`, `NO`, `BAD`, `BYE` or `PREAUTH` with its text (§7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StateResponse<'a> {
    pub(super) status: Status,
    /// The response code without its brackets; empty where there is none.
    pub(super) code: &'a str,
    pub(super) text: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    No,
    Bad,
    Bye,
    PreAuth,
}

/// One item of a FETCH response.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FetchedItem<'a> {
    /// `FLAGS`, `BODY[HEADER]<0>`; as it came.
    pub(super) name: &'a str,
    pub(super) value: Value<'a>,
}

/// A value in a response: all that IMAP has is built of these.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// `NIL`, a number, a flag, or any other word.
    Word(&'a str),
    /// A quoted string or a literal.
    String(Cow<'a, [u8]>),
    /// A list in parentheses.
    List(Vec<Value<'a>>),
}

impl<'a> Response<'a> {
    /// Reads a whole response, with its literals and its last line end.
    pub(super) fn parse(text: &'a [u8]) -> Parsed<Response<'a>> {
        let mut parser = Parser::new(text);
        if parser.eat(b'+') {
            return Ok(Response::Continue(line_text(&mut parser)));
        }
        if !parser.eat(b'*') {
            let tag = parser.take_while(is_word_char, "a tag")?;
            parser.space()?;
            let word = parser.atom()?;
            let status = status(word).ok_or(SyntaxError("OK, NO or BAD"))?;
            return Ok(Response::Tagged { tag, state: state_response(status, &mut parser)? });
        }
        parser.space()?;
        if parser.peek().is_some_and(|octet| octet.is_ascii_digit()) {
            return numbered(&mut parser);
        }
        let word = parser.atom()?;
        if let Some(status) = status(word) {
            return Ok(Response::Untagged(state_response(status, &mut parser)?));
        }
        let is = |name: &str| word.eq_ignore_ascii_case(name);
        if is("CAPABILITY") {
            return Ok(Response::Capability(line_text(&mut parser)));
        }
        if is("SEARCH") {
            let mut numbers = Vec::new();
            // Some servers end the line with a space.
            while parser.eat(b' ') && parser.peek().is_some_and(|octet| octet.is_ascii_digit()) {
                numbers.push(parser.number()?);
            }
            parser.end()?;
            return Ok(Response::Search(numbers));
        }
        if is("ENABLED") {
            return Ok(Response::Enabled(line_text(&mut parser)));
        }
        if is("ESEARCH") {
            return esearch(&mut parser);
        }
        if is("VANISHED") {
            parser.space()?;
            let earlier = parser.eat_word("(EARLIER) ");
            let uids = SequenceSet::parse(&mut parser)?.resolve(Uid::MAX.get());
            parser.end()?;
            return Ok(Response::Vanished { earlier, uids });
        }
        if is("LIST") || is("LSUB") {
            parser.space()?;
            let attributes =
                parser.list(true, |parser| parser.take_while(is_word_char, "an attribute"))?;
            parser.space()?;
            parser.nstring()?;
            parser.space()?;
            return Ok(Response::List { attributes, name: parser.astring()? });
        }
        Ok(Response::Other)
    }
}

/// ESEARCH (RFC 4731 §3.1): a correlator, `UID`, and names with values.
fn esearch<'a>(parser: &mut Parser<'a>) -> Parsed<Response<'a>> {
    let (mut uid, mut all) = (false, NumberSet::default());
    if parser.rest().starts_with(b" (") {
        parser.eat(b' ');
        Value::parse(parser, 0)?;
    }
    while parser.eat(b' ') {
        let name = parser.atom()?;
        if name.eq_ignore_ascii_case("UID") {
            uid = true;
            continue;
        }
        parser.space()?;
        if name.eq_ignore_ascii_case("ALL") {
            all = SequenceSet::parse(parser)?.resolve(Uid::MAX.get());
        } else {
            Value::parse(parser, 0)?;
        }
    }
    parser.end()?;
    Ok(Response::Esearch { uid, all })
}

fn numbered<'a>(parser: &mut Parser<'a>) -> Parsed<Response<'a>> {
    let number = parser.number()?;
    parser.space()?;
    let word = parser.atom()?;
    let is = |name: &str| word.eq_ignore_ascii_case(name);
    let response = if is("EXISTS") {
        Response::Exists(number)
    } else if is("RECENT") {
        Response::Recent(number)
    } else if is("EXPUNGE") {
        Response::Expunge(number)
    } else if is("FETCH") {
        parser.space()?;
        Response::Fetch { sequence: number, items: parser.list(true, FetchedItem::parse)? }
    } else {
        return Ok(Response::Other);
    };
    parser.end()?;
    Ok(response)
}

fn status(word: &str) -> Option<Status> {
    let all = [
        ("OK", Status::Ok),
        ("NO", Status::No),
        ("BAD", Status::Bad),
        ("BYE", Status::Bye),
        ("PREAUTH", Status::PreAuth),
    ];
    let found = all.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
    found.map(|(_, status)| status)
}

fn state_response<'a>(status: Status, parser: &mut Parser<'a>) -> Parsed<StateResponse<'a>> {
    let line = line_text(parser);
    let (code, text) = match line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((code, text)) => (code, text.trim_start()),
        None => ("", line),
    };
    Ok(StateResponse { status, code, text })
}

/// The rest of the line, without spaces around it, as far as it is UTF-8.
fn line_text<'a>(parser: &mut Parser<'a>) -> &'a str {
    let text = parser.text().trim_ascii();
    match std::str::from_utf8(text) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&text[..error.valid_up_to()]).unwrap_or_default(),
    }
}

impl<'a> StateResponse<'a> {
    /// The number after this word in the response code: `UIDNEXT 5`.
    pub(super) fn code_number(&self, word: &str) -> Option<u32> {
        self.code_argument(word)?.parse().ok()
    }

    /// The mod-sequence after this word in the response code: `HIGHESTMODSEQ 715194045007`.
    pub(super) fn code_mod_seq(&self, word: &str) -> Option<ModSeq> {
        self.code_argument(word)?.parse().ok().map(ModSeq)
    }

    /// What follows this word in the response code.
    pub(super) fn code_argument(&self, word: &str) -> Option<&'a str> {
        let (first, rest) = self.code.split_once(' ').unwrap_or((self.code, ""));
        first.eq_ignore_ascii_case(word).then_some(rest)
    }
}

impl<'a> FetchedItem<'a> {
    fn parse(parser: &mut Parser<'a>) -> Parsed<FetchedItem<'a>> {
        let start = parser.rest();
        let is_name = |octet| is_atom_char(octet) && octet != b'[';
        let mut length = parser.take_while(is_name, "a FETCH item")?.len();
        if parser.eat(b'[') {
            let section = memchr::memchr(b']', parser.rest()).ok_or(SyntaxError("a bracket"))?;
            length += section + 2;
            if start.get(length) == Some(&b'<') {
                let origin = memchr::memchr(b'>', &start[length..]);
                length += origin.ok_or(SyntaxError("an angle bracket"))? + 1;
            }
        }
        let (name, rest) = start.split_at(length);
        *parser = Parser::new(rest);
        let name = std::str::from_utf8(name).map_err(|_| SyntaxError("a FETCH item"))?;
        parser.space()?;
        Ok(FetchedItem { name, value: Value::parse(parser, 0)? })
    }

    /// Whether this is the item.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

impl<'a> Value<'a> {
    /// One value. Recursion ends at [`MAX_DEPTH`].
    fn parse(parser: &mut Parser<'a>, depth: usize) -> Parsed<Value<'a>> {
        match parser.peek() {
            Some(b'(') if depth < MAX_DEPTH => {
                // Between the parts of a multipart and between addresses there is no space.
                parser.eat(b'(');
                let mut values = Vec::new();
                while !parser.eat(b')') {
                    values.push(Value::parse(parser, depth + 1)?);
                    parser.eat(b' ');
                }
                Ok(Value::List(values))
            }
            Some(b'(') => Err(SyntaxError("fewer lists within lists")),
            Some(b'"' | b'{') => parser.string().map(Value::String),
            // A `literal8` (RFC 3516 §4.2).
            Some(b'~') if parser.rest().get(1) == Some(&b'{') => {
                parser.eat(b'~');
                parser.string().map(Value::String)
            }
            _ => parser.take_while(is_word_char, "a value").map(Value::Word),
        }
    }

    pub(super) fn number(&self) -> Option<u32> {
        match self {
            Value::Word(word) => word.parse().ok(),
            _ => None,
        }
    }

    /// A string; `None` for `NIL` and what is no string.
    pub(super) fn string(&self) -> Option<&[u8]> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn list(&self) -> &[Value<'a>] {
        match self {
            Value::List(values) => values,
            _ => &[],
        }
    }

    /// A list of flags; `\Recent` and other system flags that no client sets are left out.
    pub(super) fn flags(&self) -> Flags {
        let mut flags = Flags::EMPTY;
        for value in self.list() {
            let Value::Word(word) = value else { continue };
            match SystemFlag::parse(word) {
                Some(flag) => flags.insert(flag),
                None if word.starts_with('\\') => {}
                None => flags.insert_keyword(word),
            }
        }
        flags
    }
}

fn is_word_char(octet: u8) -> bool {
    octet > b' ' && octet < 0x7f && !matches!(octet, b'(' | b')' | b'{' | b'"')
}

/// A BODYSTRUCTURE is hardly deeper than this.
const MAX_DEPTH: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::{Outbox, Output, mail};
    use proptest::prelude::*;

    fn parse(text: &str) -> Response<'_> {
        Response::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn state_responses_have_codes_or_none() {
        let state = StateResponse { status: Status::Ok, code: "UIDNEXT 4392", text: "Predicted" };
        assert_eq!(parse("* OK [UIDNEXT 4392] Predicted\r\n"), Response::Untagged(state));
        assert_eq!(state.code_number("uidnext"), Some(4392));
        let state = StateResponse { status: Status::No, code: "", text: "no" };
        assert_eq!(parse("a1 NO no\r\n"), Response::Tagged { tag: "a1", state });
        assert_eq!(parse("+\r\n"), Response::Continue(""));
        assert_eq!(parse("+ YQ==\r\n"), Response::Continue("YQ=="));
        // Text is for people; what is none does no harm.
        assert!(matches!(
            Response::parse(b"* OK [ALERT] caf\xe9\r\n"),
            Ok(Response::Untagged(StateResponse { code: "ALERT", text: "caf", .. }))
        ));
    }

    #[test]
    fn data_of_mailboxes_and_messages() {
        assert_eq!(parse("* 23 EXISTS\r\n"), Response::Exists(23));
        assert_eq!(parse("* 44 EXPUNGE\r\n"), Response::Expunge(44));
        assert_eq!(parse("* SEARCH 2 84 882\r\n"), Response::Search(vec![2, 84, 882]));
        assert_eq!(parse("* SEARCH\r\n"), Response::Search(vec![]));
        assert_eq!(
            parse("* LIST (\\Noselect) \"/\" ~/Mail/foo\r\n"),
            Response::List { attributes: vec!["\\Noselect"], name: b"~/Mail/foo"[..].into() }
        );
        assert_eq!(parse("* THREAD (2)(3 6)\r\n"), Response::Other);
    }

    #[test]
    fn fetch_items_nest_and_have_literals() {
        let text = "* 12 FETCH (FLAGS (\\Seen \\Recent kw) BODY[HEADER.FIELDS (A B)]<0> {3}\r\n\
            a\r\n BODY ((\"TEXT\" NIL 3)(\"X\" ())\"MIXED\"))\r\n";
        let Response::Fetch { sequence: 12, items } = parse(text) else { panic!() };
        let names: Vec<_> = items.iter().map(|item| item.name).collect();
        assert_eq!(names, ["FLAGS", "BODY[HEADER.FIELDS (A B)]<0>", "BODY"]);
        assert_eq!(items[0].value.flags().to_string(), "\\Seen kw");
        assert_eq!(items[1].value.string(), Some(&b"a\r\n"[..]));
        assert_eq!(items[2].value.list().len(), 3);
    }

    #[test]
    fn what_extensions_add() {
        let ranges = |set: &NumberSet| set.ranges().to_vec();
        let Response::Vanished { earlier: true, uids } =
            parse("* VANISHED (EARLIER) 41,43:116\r\n")
        else {
            panic!()
        };
        assert_eq!(ranges(&uids), [41..=41, 43..=116]);
        assert!(matches!(parse("* VANISHED 405\r\n"), Response::Vanished { earlier: false, .. }));
        let Response::Esearch { uid: true, all } =
            parse("* ESEARCH (TAG \"A282\") UID MIN 2 COUNT 3 ALL 2,10:11 MODSEQ 917162500\r\n")
        else {
            panic!()
        };
        assert_eq!(ranges(&all), [2..=2, 10..=11]);
        assert!(matches!(parse("* ESEARCH\r\n"), Response::Esearch { uid: false, .. }));
        let text = "* 1 FETCH (UID 4 MODSEQ (65402) BINARY[1] ~{3}\r\n\0\r\n X-GM-LABELS (\\Inbox \"\\\\Sent\"))\r\n";
        let Response::Fetch { items, .. } = parse(text) else { panic!() };
        assert_eq!(items[1].value.list(), [Value::Word("65402")]);
        assert_eq!(items[2].value.string(), Some(&b"\0\r\n"[..]));
    }

    #[test]
    fn nesting_ends() {
        let deep = format!("* 1 FETCH (BODY {}", "(".repeat(100_000));
        assert_eq!(Response::parse(deep.as_bytes()), Err(SyntaxError("fewer lists within lists")));
    }

    /// What our server writes of a message, read by our client.
    fn round_trip(message: &[u8]) {
        use crate::proto::imap::body_structure::{body, envelope};
        let structure = mail::Part::parse(message);
        let mut out = Outbox::<()>::new();
        out.send("* 1 FETCH (ENVELOPE ");
        envelope(&mut out, mail::Message::parse(message).header());
        out.send(" BODYSTRUCTURE ");
        body(&mut out, &structure, message, true);
        out.send(")\r\n");
        let Some(Output::Send(text)) = out.drain().next() else { panic!("nothing was sent") };
        let Ok(Response::Fetch { items, .. }) = Response::parse(&text) else {
            panic!("{}", String::from_utf8_lossy(&text))
        };
        assert_eq!(items[0].value.list().len(), 10);
        let sent = mail::Envelope::parse(mail::Message::parse(message).header());
        assert_eq!(items[0].value.list()[1].string(), sent.subject.as_deref());
        assert!(items[1].value.list().len() >= 2);
    }

    proptest! {
        #[test]
        fn the_structure_of_any_message_is_read(
            pieces in proptest::collection::vec(
                "Content-Type: (multipart/mixed; boundary=a|message/rfc822|text/x; n=\"\\\\\"\")\r\n\
                |\r\n|--a\r\n|--a--\r\n|Subject: (\"|\\\\|ü|x y|\u{1})\r\n|From: (a@b|g:a;|\"x\" <@r:a@b>)\r\n\
                |Content-(Language: a, b|Disposition: x; y=z|ID: <>)\r\n",
                0..20,
            ),
        ) {
            round_trip(pieces.concat().as_bytes());
        }

        #[test]
        fn the_structure_of_arbitrary_octets_is_read(octets: Vec<u8>) {
            round_trip(&octets);
        }

        #[test]
        fn arbitrary_octets_do_not_panic(octets: Vec<u8>) {
            let _ = Response::parse(&octets);
        }

        #[test]
        fn arbitrary_words_do_not_panic(
            text in "\\* (1 FETCH \\(|OK |LIST )(FLAGS|BODY|\\[|\\]|<|>|\\(|\\)| |\"a\"|\\{1\\}\r\nx|NIL){0,12}",
        ) {
            let _ = Response::parse(text.as_bytes());
        }
    }
}

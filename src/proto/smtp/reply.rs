//! Replies (RFC 5321 §4.2), with enhanced status codes (RFC 2034), and their parser.
//!
//! Deviation: the parser takes a bare LF for the end of a reply line, of a multi-line reply the
//! code of the last line, and of lines and replies that are too long their beginning, as Postfix
//! does.

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::str::FromStr;

use memchr::memchr;

use super::enhanced::EnhancedStatus;
use crate::proto::decimal;

/// One reply: a code, perhaps an enhanced status, and one or more lines of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    code: u16,
    enhanced: Option<EnhancedStatus>,
    /// The lines, with `\n` between them.
    text: Cow<'static, str>,
}

impl Reply {
    /// A reply with an enhanced status. Several lines of `text` are separated by `\n`.
    ///
    /// # Panics
    ///
    /// When `code` is not a reply code: see [`Reply::is_code`].
    pub fn new(code: u16, enhanced: EnhancedStatus, text: impl Into<Cow<'static, str>>) -> Self {
        Reply { enhanced: Some(enhanced), ..Reply::plain(code, text) }
    }

    /// A reply without enhanced status, as 220, 221 to EHLO, 334 and 354 have none.
    ///
    /// # Panics
    ///
    /// When `code` is not a reply code: see [`Reply::is_code`].
    pub fn plain(code: u16, text: impl Into<Cow<'static, str>>) -> Self {
        assert!(Reply::is_code(code), "{code} is no SMTP reply code");
        Reply { code, enhanced: None, text: text.into() }
    }

    /// `250 2.0.0 Ok: queued as ID`, the answer that takes responsibility for a message.
    pub fn queued_as(queue_id: &str) -> Self {
        const BEFORE: &str = "Ok: queued as ";
        let mut text = String::with_capacity(BEFORE.len() + queue_id.len());
        text.push_str(BEFORE);
        text.push_str(queue_id);
        Reply::new(250, EnhancedStatus::new(2, 0, 0), text)
    }

    /// Whether `code` can be a reply code: first digit 2 to 5, second 0 to 5 (RFC 5321 §4.2).
    ///
    /// Codes of 1yz do not occur in SMTP.
    pub const fn is_code(code: u16) -> bool {
        matches!(code / 100, 2..=5) && code / 10 % 10 <= 5
    }

    /// The three digits.
    pub const fn code(&self) -> u16 {
        self.code
    }

    /// The enhanced status of the first line.
    pub const fn enhanced(&self) -> Option<EnhancedStatus> {
        self.enhanced
    }

    /// The lines of text without codes.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        let mut rest = Some(&*self.text);
        std::iter::from_fn(move || {
            let text = rest?;
            let Some(end) = memchr(b'\n', text.as_bytes()) else { return rest.take() };
            rest = Some(&text[end + 1..]);
            Some(&text[..end])
        })
    }

    /// 2yz: the command was done.
    pub const fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// 3yz: the server wants more.
    pub const fn is_intermediate(&self) -> bool {
        self.code / 100 == 3
    }

    /// 4yz: it may work later.
    pub const fn is_transient(&self) -> bool {
        self.code / 100 == 4
    }

    /// 5yz: it will not work.
    pub const fn is_permanent(&self) -> bool {
        self.code / 100 == 5
    }

    /// The enhanced status, or `x.0.0` made from the code where the peer sent none.
    ///
    /// `None` for 3yz, which has no class.
    pub fn status(&self) -> Option<EnhancedStatus> {
        match self.code / 100 {
            class @ (2 | 4 | 5) => {
                let class = u8::try_from(class).expect("a digit fits");
                Some(self.enhanced.unwrap_or(EnhancedStatus::new(class, 0, 0)))
            }
            _ => self.enhanced,
        }
    }

    /// Writes the octets for the wire. Control characters in the text become `?`.
    ///
    /// # Errors
    ///
    /// Only those of `out`; an [`Outbox`](crate::proto::Outbox) has none.
    pub fn encode(&self, out: &mut impl Write) -> fmt::Result {
        let mut lines = self.lines().peekable();
        while let Some(line) = lines.next() {
            // `250 2.0.0 ` at the longest with three digits each: what stands before the text goes out as
            // one piece.
            let mut before = [b' '; 16];
            let mut end = decimal::put_short(self.code, &mut before);
            before[end] = if lines.peek().is_some() { b'-' } else { b' ' };
            end += 1;
            if let Some(status) = self.enhanced {
                end += status.put(&mut before[end..]) + 1;
            }
            out.write_str(decimal::text(&before[..end]))?;
            // No early end, so that many octets are looked at in one step.
            if line.bytes().fold(false, |found, b| found | b.is_ascii_control()) {
                out.write_str(&line.replace(|c: char| c.is_ascii_control(), "?"))?;
            } else {
                out.write_str(line)?;
            }
            out.write_str("\r\n")?;
        }
        Ok(())
    }
}

/// In one line, as logs and Diagnostic-Code fields (RFC 3464 §2.3.6) have it:
/// `550 5.1.1 <bob@example.com>: no such user`.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(status) = self.enhanced {
            write!(f, " {status}")?;
        }
        for line in self.lines().filter(|line| !line.is_empty()) {
            write!(f, " {line}")?;
        }
        Ok(())
    }
}

/// Reads `550 5.1.1 No such user`, the way people write replies. Where the text has several lines,
/// separated by `\n`, only the first has the code.
impl FromStr for Reply {
    type Err = ReplyError;
    fn from_str(text: &str) -> Result<Self, ReplyError> {
        let malformed = || ReplyError::Malformed { line: excerpt(text.as_bytes()) };
        let (code, last, rest) = split_line(text.as_bytes()).ok_or_else(malformed)?;
        if !last {
            return Err(malformed());
        }
        let rest = std::str::from_utf8(rest).expect("a text without its first ASCII characters");
        let (enhanced, rest) = split_status(code, rest);
        Ok(Reply { code, enhanced, text: Cow::Owned(rest.to_owned()) })
    }
}

/// Octets that are no reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplyError {
    /// A line does not start with a code and a space or hyphen. Holds its first 80 octets.
    Malformed {
        /// What came, made printable.
        line: String,
    },
}

impl fmt::Display for ReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReplyError::Malformed { line } => write!(f, "not an SMTP reply: {line}"),
        }
    }
}

impl std::error::Error for ReplyError {}

/// Puts replies together from octets cut anywhere. Of a line it keeps 2,048 octets and of a reply
/// 64 KiB, and passes over what is more.
#[derive(Debug, Default)]
pub struct ReplyParser {
    /// The piece of a line that has come so far.
    line: Vec<u8>,
    /// The lines before it, when they were of a reply that goes on.
    earlier: Option<Earlier>,
}

#[derive(Debug)]
struct Earlier {
    enhanced: Option<EnhancedStatus>,
    text: Cow<'static, str>,
}

impl ReplyParser {
    /// A parser at the start of a reply.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes octets off the front of `input`, up to the end of the first reply at most.
    ///
    /// `None` when all of `input` was taken and the reply is not complete.
    ///
    /// # Errors
    ///
    /// When a line is not one of a reply. It is passed over; reading may go on after it, with the
    /// reply that was begun before it.
    pub fn next(&mut self, input: &mut &[u8]) -> Result<Option<Reply>, ReplyError> {
        while let Some(end) = memchr(b'\n', input) {
            let (head, rest) = input.split_at(end + 1);
            *input = rest;
            let complete = if self.line.is_empty() && head.len() <= LINE_LIMIT {
                self.take_line(head)?
            } else {
                self.keep(head);
                let line = std::mem::take(&mut self.line);
                self.take_line(&line)?
            };
            if complete.is_some() {
                return Ok(complete);
            }
        }
        self.keep(input);
        *input = &[];
        Ok(None)
    }

    /// Adds to the piece of a line what there is room for.
    fn keep(&mut self, more: &[u8]) {
        let room = LINE_LIMIT - self.line.len();
        self.line.extend_from_slice(&more[..more.len().min(room)]);
    }

    /// Whether no octet of a further reply has come.
    pub fn is_at_start(&self) -> bool {
        self.line.is_empty() && self.earlier.is_none()
    }

    /// Takes one line with its end. Gives the reply when this is its last line.
    fn take_line(&mut self, line: &[u8]) -> Result<Option<Reply>, ReplyError> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let (code, last, text) =
            split_line(line).ok_or_else(|| ReplyError::Malformed { line: excerpt(line) })?;
        let text = match std::str::from_utf8(text) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => String::from_utf8_lossy(text),
        };
        let (status, text) = split_status(code, &text);
        let (enhanced, text) = match self.earlier.take() {
            None if last => (status, kept(text)),
            None => {
                let mut whole = String::with_capacity(SEVERAL_LINES_OCTETS.max(text.len()));
                whole.push_str(text);
                (status, Cow::Owned(whole))
            }
            Some(earlier) => {
                let mut whole = earlier.text.into_owned();
                if whole.len() + text.len() < REPLY_LIMIT {
                    whole.push('\n');
                    whole.push_str(text);
                }
                // As by Postfix, the last line counts; one without a status has that of an earlier one.
                let of_class = |one: &EnhancedStatus| u16::from(one.class()) == code / 100;
                (status.or(earlier.enhanced.filter(of_class)), Cow::Owned(whole))
            }
        };
        if last {
            return Ok(Some(Reply { code, enhanced, text }));
        }
        self.earlier = Some(Earlier { enhanced, text });
        Ok(None)
    }
}

/// The text of a reply to be kept. Most replies say `Ok` and no more, which nobody has to copy (bench
/// `deliveries`).
fn kept(text: &str) -> Cow<'static, str> {
    match text {
        "Ok" => Cow::Borrowed("Ok"),
        other => Cow::Owned(other.to_owned()),
    }
}

/// A status counts only where its class agrees with the code (RFC 2034 §4).
fn split_status(code: u16, text: &str) -> (Option<EnhancedStatus>, &str) {
    match EnhancedStatus::split_from(text) {
        Some((status, rest)) if u16::from(status.class()) == code / 100 => (Some(status), rest),
        _ => (None, text),
    }
}

/// The start of a line, made printable.
fn excerpt(line: &[u8]) -> String {
    String::from_utf8_lossy(&line[..line.len().min(80)]).replace(char::is_control, "?")
}

/// What a reply of several lines takes, as a rule: that to EHLO.
const SEVERAL_LINES_OCTETS: usize = 192;

/// Code, whether this is the last line, text. A bare code is a last line (RFC 5321 §4.2).
fn split_line(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let (digits, rest) = line.split_at_checked(3)?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let code = digits.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    let (last, text) = match rest.split_first() {
        None => (true, rest),
        Some((b' ', text)) => (true, text),
        Some((b'-', text)) => (false, text),
        Some(_) => return None,
    };
    Reply::is_code(code).then_some((code, last, text))
}

/// As Postfix's `line_length_limit`; RFC 5321 §4.5.3.1.5 promises no more than 512.
const LINE_LIMIT: usize = 2048;
const REPLY_LIMIT: usize = 65_536;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse_all(octets: &[u8], cut: usize) -> Result<Vec<Reply>, ReplyError> {
        let mut parser = ReplyParser::new();
        let mut replies = Vec::new();
        for mut piece in octets.chunks(cut) {
            while let Some(reply) = parser.next(&mut piece)? {
                replies.push(reply);
            }
        }
        Ok(replies)
    }

    /// The replies in one line each, the same for every cut.
    fn check(octets: &str, expected: &[&str]) {
        for cut in 1..=octets.len() {
            let replies = parse_all(octets.as_bytes(), cut).expect("replies parse");
            let lines: Vec<_> = replies.iter().map(ToString::to_string).collect();
            assert_eq!(lines, expected, "cut every {cut} octets");
        }
    }

    #[test]
    fn replies_survive_any_cut() {
        check("220 mx.example.net ESMTP\r\n", &["220 mx.example.net ESMTP"]);
        check("250\r\n354 go on\r\n", &["250", "354 go on"]);
        check(
            "250-first line\r\n250-second line\r\n250 last\r\n",
            &["250 first line second line last"],
        );
        check("550-5.1.1 no\r\n550 5.1.1 such user\r\n", &["550 5.1.1 no such user"]);
        check("250 ok\n", &["250 ok"]);
        check("450-a\r\n550 b\r\n", &["550 a b"]);
        check("450-4.3.0 a\r\n550 5.3.1 b\r\n", &["550 5.3.1 a b"]);
        check("450-4.3.0 a\r\n550 b\r\n", &["550 a b"]);
        check("550-5.3.0 a\r\n550 b\r\n", &["550 5.3.0 a b"]);
    }

    #[test]
    fn a_status_of_another_class_is_text() {
        let replies = parse_all(b"250 5.1.1 well\r\n", 99).unwrap();
        assert_eq!(replies[0].enhanced(), None);
        assert_eq!(replies[0].status(), Some(EnhancedStatus::new(2, 0, 0)));
        assert_eq!(replies[0].lines().collect::<Vec<_>>(), ["5.1.1 well"]);
    }

    #[test]
    fn garbage_is_an_error_that_shows_it() {
        for garbage in ["hello\r\n", "\r\n", "25 ok\r\n", "250_ok\r\n", "999 ok\r\n", "150 x\r\n"] {
            let error = parse_all(garbage.as_bytes(), 1).unwrap_err();
            assert!(matches!(error, ReplyError::Malformed { .. }), "{garbage:?}: {error}");
        }
        assert_eq!(
            parse_all(b"\x16\x03\x01\r\n", 9).unwrap_err().to_string(),
            "not an SMTP reply: ???"
        );
    }

    #[test]
    fn endless_lines_and_replies_are_cut_off() {
        for cut in [1, 5000] {
            let long = [b"220 ", &[b'x'; 5000][..], b"\r\n250 ok\r\n"].concat();
            let replies = parse_all(&long, cut).unwrap();
            assert_eq!(replies[0].lines().map(str::len).collect::<Vec<_>>(), [LINE_LIMIT - 4]);
            assert_eq!(replies[1].to_string(), "250 ok");
            let long = [&b"250-more\r\n".repeat(20_000)[..], b"550 no\r\n"].concat();
            let replies = parse_all(&long, cut).unwrap();
            assert_eq!(replies.len(), 1);
            assert_eq!(replies[0].code(), 550);
            assert!(replies[0].to_string().len() <= REPLY_LIMIT + 4);
        }
        let mut parser = ReplyParser::new();
        for _ in 0..100 {
            assert_eq!(parser.next(&mut &[b'2'; 5000][..]), Ok(None));
        }
        assert_eq!(parser.line.len(), LINE_LIMIT);
    }

    #[test]
    fn replies_are_written_line_by_line() {
        let mut wire = String::new();
        let status = EnhancedStatus::new(5, 7, 1);
        Reply::new(550, status, "no\nwith\r an injected CR").encode(&mut wire).unwrap();
        assert_eq!(wire, "550-5.7.1 no\r\n550 5.7.1 with? an injected CR\r\n");
    }

    #[test]
    fn people_write_replies_in_one_line() {
        let reply: Reply = "550 5.7.133 RESOLVER.RST;\nauthentication required".parse().unwrap();
        assert_eq!(reply.enhanced(), Some(EnhancedStatus::new(5, 7, 133)));
        assert_eq!(reply.lines().collect::<Vec<_>>(), ["RESOLVER.RST;", "authentication required"]);
        for bad in ["", "no", "5501 no", "550-no", "999 no", "55\u{e9}"] {
            assert!(bad.parse::<Reply>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn replies_round_trip(code in (200u16..600).prop_filter("code", |c| Reply::is_code(*c)),
                              text in "[a-z ]{0,20}(\n[a-z <>]{1,20}){0,3}") {
            let reply = Reply::plain(code, text);
            let mut wire = String::new();
            reply.encode(&mut wire).unwrap();
            prop_assert_eq!(parse_all(wire.as_bytes(), 3), Ok(vec![reply]));
        }

        #[test]
        fn arbitrary_octets_never_panic(octets: Vec<u8>, cut in 1usize..9) {
            prop_assert_eq!(parse_all(&octets, cut), parse_all(&octets, octets.len().max(1)));
        }
    }
}

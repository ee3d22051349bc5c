//! Commands and their parameters (RFC 5321 §4.1), parsed and written.
//!
//! Extensions: SIZE (RFC 1870), 8BITMIME (RFC 6152), AUTH (RFC 4954).
//!
//! Deviation: as Postfix does, spaces after `MAIL FROM:` and `RCPT TO:` are skipped, and a path may
//! lack its angle brackets.
//!
//! Not modelled: the parameters of DSN (RFC 3461) and SMTPUTF8 (RFC 6531), whose place is in
//! [`MailParams`] and [`RcptParams`]. STARTTLS and BDAT are recognised, and refused by the session.

use std::fmt::{self, Write as _};

use super::address::{AddressError, ForwardPath, ReversePath};
use super::enhanced::EnhancedStatus;
use super::reply::Reply;

/// One command line. `Display` writes it as on the wire, without the CRLF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command<'a> {
    /// `EHLO client`. The name is one word of printable ASCII, not necessarily a domain: a server
    /// may not refuse a client for that (RFC 5321 §4.1.4).
    Ehlo(&'a str),
    /// `HELO client`.
    Helo(&'a str),
    /// `MAIL FROM:<reverse-path> parameters`.
    Mail(ReversePath, MailParams),
    /// `RCPT TO:<forward-path> parameters`.
    Rcpt(ForwardPath, RcptParams),
    /// `DATA`.
    Data,
    /// `RSET`.
    Rset,
    /// `NOOP`, whose argument is ignored.
    Noop,
    /// `VRFY string`.
    Vrfy(&'a str),
    /// `EXPN string`.
    Expn(&'a str),
    /// `HELP`, whose argument is ignored.
    Help,
    /// `QUIT`.
    Quit,
    /// `AUTH mechanism [initial-response]`; the response in base64, or `=` for an empty one.
    Auth(&'a str, Option<&'a str>),
    /// `STARTTLS` (RFC 3207).
    StartTls,
    /// `BDAT size [LAST]` (RFC 3030).
    Bdat,
}

/// The ESMTP parameters of MAIL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailParams {
    /// `SIZE=`: how many octets the message will have, its CRLFs counted (RFC 1870).
    pub size_octets: Option<u64>,
    /// `BODY=` (RFC 6152).
    pub body: Option<Body>,
    /// `AUTH=`: who submitted the message first; the null path for `<>` (RFC 4954 §5).
    pub auth: Option<ReversePath>,
}

/// What octets a message may contain: the parameter `BODY=` of MAIL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// `7BIT`.
    SevenBit,
    /// `8BITMIME`.
    EightBitMime,
}

/// The ESMTP parameters of RCPT. None yet: NOTIFY and ORCPT of RFC 3461 belong here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RcptParams {}

/// Why a line is no command that can be obeyed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandError {
    /// The verb is unknown, or the line has control characters or octets beyond ASCII.
    Unrecognized,
    /// The verb is known, its argument is wrong. Holds the right syntax.
    Syntax(&'static str),
    /// The path of MAIL is wrong.
    ReversePath(AddressError),
    /// The path of RCPT is wrong.
    ForwardPath(AddressError),
    /// A parameter of MAIL or RCPT is of no known extension.
    UnknownParameter,
    /// A parameter of MAIL or RCPT is given twice or has an impossible value.
    BadParameter,
}

impl CommandError {
    /// The reply for it: 500, 501 or 555 (RFC 5321 §4.2.4).
    pub fn reply(&self) -> Reply {
        let status = EnhancedStatus::new;
        match self {
            CommandError::Unrecognized => {
                Reply::new(500, status(5, 5, 2), "Error: command not recognized")
            }
            CommandError::Syntax(syntax) => {
                Reply::new(501, status(5, 5, 4), format!("Syntax: {syntax}"))
            }
            CommandError::ReversePath(error) => {
                Reply::new(501, status(5, 1, 7), format!("Bad sender address syntax: {error}"))
            }
            CommandError::ForwardPath(error) => {
                Reply::new(501, status(5, 1, 3), format!("Bad recipient address syntax: {error}"))
            }
            CommandError::UnknownParameter => {
                Reply::new(555, status(5, 5, 4), "Unsupported option")
            }
            CommandError::BadParameter => {
                Reply::new(501, status(5, 5, 4), "Error: bad parameter value")
            }
        }
    }
}

impl<'a> Command<'a> {
    /// Parses a line without its CRLF. Verbs and keywords are read without case.
    ///
    /// # Errors
    ///
    /// Where the line is no command; the error knows its reply.
    pub fn parse(line: &'a [u8]) -> Result<Self, CommandError> {
        if !line.iter().all(|b| matches!(b, b' '..=b'~' | b'\t')) {
            return Err(CommandError::Unrecognized);
        }
        let line = std::str::from_utf8(line).expect("printable ASCII is UTF-8");
        let line = line.trim_end_matches([' ', '\t']);
        let end = line.find([' ', '\t']).unwrap_or(line.len());
        let (verb, rest) = line.split_at(end);
        let argument = rest.trim_start_matches([' ', '\t']);
        let is = |name: &str| verb.eq_ignore_ascii_case(name);
        if is("MAIL") {
            parse_mail(argument)
        } else if is("RCPT") {
            parse_rcpt(argument)
        } else if is("DATA") {
            bare(Command::Data, argument, "DATA")
        } else if is("EHLO") {
            word(argument, "EHLO hostname").map(Command::Ehlo)
        } else if is("HELO") {
            word(argument, "HELO hostname").map(Command::Helo)
        } else if is("RSET") {
            bare(Command::Rset, argument, "RSET")
        } else if is("QUIT") {
            bare(Command::Quit, argument, "QUIT")
        } else if is("NOOP") {
            Ok(Command::Noop)
        } else if is("HELP") {
            Ok(Command::Help)
        } else if is("VRFY") {
            some(argument, "VRFY address").map(Command::Vrfy)
        } else if is("EXPN") {
            some(argument, "EXPN list").map(Command::Expn)
        } else if is("AUTH") {
            parse_auth(argument)
        } else if is("STARTTLS") {
            bare(Command::StartTls, argument, "STARTTLS")
        } else if is("BDAT") {
            Ok(Command::Bdat)
        } else {
            Err(CommandError::Unrecognized)
        }
    }
}

impl fmt::Display for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Command::Ehlo(client) => write!(f, "EHLO {client}"),
            Command::Helo(client) => write!(f, "HELO {client}"),
            Command::Mail(path, params) => write!(f, "MAIL FROM:{path}{params}"),
            Command::Rcpt(path, RcptParams {}) => write!(f, "RCPT TO:{path}"),
            Command::Data => f.write_str("DATA"),
            Command::Rset => f.write_str("RSET"),
            Command::Noop => f.write_str("NOOP"),
            Command::Vrfy(argument) => write!(f, "VRFY {argument}"),
            Command::Expn(argument) => write!(f, "EXPN {argument}"),
            Command::Help => f.write_str("HELP"),
            Command::Quit => f.write_str("QUIT"),
            Command::Auth(mechanism, None) => write!(f, "AUTH {mechanism}"),
            Command::Auth(mechanism, Some(initial)) => write!(f, "AUTH {mechanism} {initial}"),
            Command::StartTls => f.write_str("STARTTLS"),
            Command::Bdat => f.write_str("BDAT"),
        }
    }
}

/// Each parameter with a space before it.
impl fmt::Display for MailParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(size) = self.size_octets {
            write!(f, " SIZE={size}")?;
        }
        match self.body {
            Some(Body::SevenBit) => f.write_str(" BODY=7BIT")?,
            Some(Body::EightBitMime) => f.write_str(" BODY=8BITMIME")?,
            None => {}
        }
        match &self.auth {
            Some(ReversePath::Null) => f.write_str(" AUTH=<>")?,
            Some(ReversePath::Mailbox(mailbox)) => {
                f.write_str(" AUTH=")?;
                encode_xtext(mailbox.as_str(), f)?;
            }
            None => {}
        }
        Ok(())
    }
}

/// `FROM:<reverse-path> [parameters]`.
fn parse_mail<'a>(argument: &str) -> Result<Command<'a>, CommandError> {
    let text =
        after_keyword(argument, "FROM:").ok_or(CommandError::Syntax("MAIL FROM:<address>"))?;
    let (path, rest) = ReversePath::split_from(text).map_err(CommandError::ReversePath)?;
    let mut params = MailParams::default();
    for (keyword, value) in parameters(rest).map_err(CommandError::ReversePath)? {
        let is = |name: &str| keyword.eq_ignore_ascii_case(name);
        let repeated = if is("SIZE") {
            params.size_octets.replace(parse_size(value)?).is_some()
        } else if is("BODY") {
            params.body.replace(parse_body(value)?).is_some()
        } else if is("AUTH") {
            params.auth.replace(parse_mail_auth(value)?).is_some()
        } else {
            return Err(CommandError::UnknownParameter);
        };
        if repeated {
            return Err(CommandError::BadParameter);
        }
    }
    Ok(Command::Mail(path, params))
}

/// `TO:<forward-path> [parameters]`.
fn parse_rcpt<'a>(argument: &str) -> Result<Command<'a>, CommandError> {
    let text = after_keyword(argument, "TO:").ok_or(CommandError::Syntax("RCPT TO:<address>"))?;
    let (path, rest) = ForwardPath::split_from(text).map_err(CommandError::ForwardPath)?;
    if parameters(rest).map_err(CommandError::ForwardPath)?.next().is_some() {
        return Err(CommandError::UnknownParameter);
    }
    Ok(Command::Rcpt(path, RcptParams {}))
}

/// `mechanism [initial-response]`.
fn parse_auth(argument: &str) -> Result<Command<'_>, CommandError> {
    const SYNTAX: CommandError = CommandError::Syntax("AUTH mechanism [initial-response]");
    let mut words = argument.split_ascii_whitespace();
    let mechanism = words.next().ok_or(SYNTAX)?;
    let initial = words.next();
    if words.next().is_some() {
        return Err(SYNTAX);
    }
    Ok(Command::Auth(mechanism, initial))
}

/// `keyword[=value]`, each after a space; the value is empty where there is none.
fn parameters(rest: &str) -> Result<impl Iterator<Item = (&str, &str)>, AddressError> {
    if !rest.is_empty() && !rest.starts_with([' ', '\t']) {
        return Err(AddressError::BadPath);
    }
    let words = rest.split_ascii_whitespace();
    Ok(words.map(|word| word.split_once('=').unwrap_or((word, ""))))
}

/// At most 20 digits (RFC 1870 §5). A size too large for us is as good as the largest.
fn parse_size(value: &str) -> Result<u64, CommandError> {
    if !matches!(value.len(), 1..=20) || !value.bytes().all(|b| b.is_ascii_digit()) {
        return Err(CommandError::BadParameter);
    }
    Ok(value.parse().unwrap_or(u64::MAX))
}

fn parse_body(value: &str) -> Result<Body, CommandError> {
    if value.eq_ignore_ascii_case("7BIT") {
        Ok(Body::SevenBit)
    } else if value.eq_ignore_ascii_case("8BITMIME") {
        Ok(Body::EightBitMime)
    } else {
        Err(CommandError::BadParameter)
    }
}

/// `<>`, or a mailbox in xtext (RFC 4954 §5).
fn parse_mail_auth(value: &str) -> Result<ReversePath, CommandError> {
    if value == "<>" {
        return Ok(ReversePath::Null);
    }
    let text = decode_xtext(value).ok_or(CommandError::BadParameter)?;
    text.parse().map(ReversePath::Mailbox).map_err(|_| CommandError::BadParameter)
}

/// xtext (RFC 3461 §4): `+` and two hexadecimal digits in capitals for what may not stand itself.
fn decode_xtext(value: &str) -> Option<String> {
    let mut plain = Vec::with_capacity(value.len());
    let mut octets = value.bytes();
    while let Some(b) = octets.next() {
        plain.push(match b {
            b'+' => hex(octets.next()?)? << 4 | hex(octets.next()?)?,
            b'=' => return None,
            b'!'..=b'~' => b,
            _ => return None,
        });
    }
    String::from_utf8(plain).ok()
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

fn encode_xtext(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for b in text.bytes() {
        match b {
            b'+' | b'=' => write!(f, "+{b:02X}")?,
            b'!'..=b'~' => f.write_char(char::from(b))?,
            _ => write!(f, "+{b:02X}")?,
        }
    }
    Ok(())
}

fn after_keyword<'a>(argument: &'a str, keyword: &str) -> Option<&'a str> {
    let (head, rest) = argument.split_at_checked(keyword.len())?;
    head.eq_ignore_ascii_case(keyword).then(|| rest.trim_start_matches([' ', '\t']))
}

fn bare<'a>(
    command: Command<'a>,
    argument: &str,
    syntax: &'static str,
) -> Result<Command<'a>, CommandError> {
    if argument.is_empty() { Ok(command) } else { Err(CommandError::Syntax(syntax)) }
}

fn word<'a>(argument: &'a str, syntax: &'static str) -> Result<&'a str, CommandError> {
    let one = !argument.is_empty() && !argument.contains([' ', '\t']);
    if one { Ok(argument) } else { Err(CommandError::Syntax(syntax)) }
}

fn some<'a>(argument: &'a str, syntax: &'static str) -> Result<&'a str, CommandError> {
    if argument.is_empty() { Err(CommandError::Syntax(syntax)) } else { Ok(argument) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The line parses, and prints as `canonical`, which parses to the same.
    fn check(line: &str, canonical: &str) {
        let command = Command::parse(line.as_bytes()).unwrap_or_else(|e| panic!("{line}: {e:?}"));
        assert_eq!(command.to_string(), canonical);
        assert_eq!(Command::parse(canonical.as_bytes()), Ok(command));
    }

    fn check_error(line: &str, reply: &str) {
        let error = Command::parse(line.as_bytes()).expect_err(line);
        let found = error.reply().to_string();
        assert!(found.starts_with(reply), "{line}: {found}");
    }

    #[test]
    fn commands_are_read_without_case_and_written_in_capitals() {
        check("ehlo mail.example.org", "EHLO mail.example.org");
        check("HELO [192.0.2.1] ", "HELO [192.0.2.1]");
        check("Mail From:<Jones@Foo.COM>", "MAIL FROM:<Jones@Foo.COM>");
        check("MAIL FROM: <>", "MAIL FROM:<>");
        check("MAIL FROM:a@b.example SIZE=1", "MAIL FROM:<a@b.example> SIZE=1");
        check("MAIL FROM:<@a.example:c@b.example>", "MAIL FROM:<c@b.example>");
        check("MAIL FROM:<a@b> size=500 Body=8bitmime", "MAIL FROM:<a@b> SIZE=500 BODY=8BITMIME");
        check("RCPT TO:<postmaster>", "RCPT TO:<Postmaster>");
        check("rcpt to: <\"a b\"@example.com>", "RCPT TO:<\"a b\"@example.com>");
        check("NOOP whatever", "NOOP");
        check("VRFY  Smith", "VRFY Smith");
        check("expn Example-People", "EXPN Example-People");
        check("AUTH PLAIN =", "AUTH PLAIN =");
        check("AUTH login", "AUTH login");
        check("help mail", "HELP");
        check("data", "DATA");
        check("QUIT\t", "QUIT");
        check("StartTLS", "STARTTLS");
    }

    #[test]
    fn the_example_of_rfc_4954_has_its_identity_in_xtext() {
        check(
            "MAIL FROM:<e=mc2@example.com> AUTH=e+3Dmc2@example.com",
            "MAIL FROM:<e=mc2@example.com> AUTH=e+3Dmc2@example.com",
        );
        check("MAIL FROM:<e=mc2@example.com> AUTH=<>", "MAIL FROM:<e=mc2@example.com> AUTH=<>");
    }

    #[test]
    fn mistakes_have_the_replies_of_rfc_5321() {
        check_error("", "500 5.5.2");
        check_error("FOO", "500 5.5.2");
        check_error("NOOP\0", "500 5.5.2");
        check_error("NOOP \u{e9}", "500 5.5.2");
        check_error("NOOP\nRSET", "500 5.5.2");
        check_error("DATA now", "501 5.5.4 Syntax: DATA");
        check_error("EHLO", "501 5.5.4");
        check_error("EHLO a b", "501 5.5.4");
        check_error("MAIL", "501 5.5.4");
        check_error("MAIL TO:<a@b>", "501 5.5.4");
        check_error("MAIL FROM:", "501 5.1.7");
        check_error("MAIL FROM:<a>", "501 5.1.7");
        check_error("MAIL FROM:<a@b>SIZE=1", "501 5.1.7");
        check_error("MAIL FROM:<a@b> SIZE=", "501 5.5.4");
        check_error("MAIL FROM:<a@b> SIZE=-1", "501 5.5.4");
        check_error("MAIL FROM:<a@b> SIZE=1 SIZE=1", "501 5.5.4");
        check_error("MAIL FROM:<a@b> BODY=BINARY", "501 5.5.4");
        check_error("MAIL FROM:<a@b> AUTH=a+3", "501 5.5.4");
        check_error("MAIL FROM:<a@b> FOO=1", "555 5.5.4");
        check_error("RCPT TO:<>", "501 5.1.3");
        check_error("RCPT TO:<a@b> FOO", "555 5.5.4");
        check_error("AUTH", "501 5.5.4");
        check_error("AUTH PLAIN a b", "501 5.5.4");
        check_error("VRFY", "501 5.5.4");
    }

    proptest! {
        #[test]
        fn arbitrary_octets_never_panic(line: Vec<u8>) {
            let _ = Command::parse(&line);
        }

        #[test]
        fn what_parses_prints_and_parses_the_same(
            verb in "(MAIL FROM:|RCPT TO:|AUTH |EHLO |VRFY )", rest in "[ -~]{0,30}"
        ) {
            let line = format!("{verb}{rest}");
            if let Ok(command) = Command::parse(line.as_bytes()) {
                let printed = command.to_string();
                prop_assert_eq!(Command::parse(printed.as_bytes()), Ok(command));
            }
        }
    }
}

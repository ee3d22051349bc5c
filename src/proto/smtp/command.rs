//! Commands and their parameters (RFC 5321 §4.1), parsed and written.
//!
//! Addresses may go beyond ASCII (RFC 6531); whether the client had said SMTPUTF8 before is for the
//! session to judge.
//!
//! Deviation: as Postfix does, spaces after `MAIL FROM:` and `RCPT TO:` are skipped, and a path may
//! lack its angle brackets.

use std::fmt::{self, Write};

use super::address::{AddressError, ForwardPath, ReversePath};
use super::enhanced::EnhancedStatus;
use super::params::{MailParams, RcptParams};
use super::reply::Reply;

/// One command line. `Display` writes it as on the wire, without the CRLF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command<'a> {
    /// `EHLO client`. The name is one word of printable ASCII, not necessarily a domain: a server
    /// may not refuse a client for that (RFC 5321 §4.1.4).
    Ehlo(&'a str),
    /// `HELO client`.
    Helo(&'a str),
    /// `LHLO client`: the EHLO of LMTP (RFC 2033 §4.1).
    Lhlo(&'a str),
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
    /// `VRFY string [SMTPUTF8]`: the string, and whether the reply may go beyond ASCII.
    Vrfy(&'a str, bool),
    /// `EXPN string [SMTPUTF8]`: likewise.
    Expn(&'a str, bool),
    /// `HELP`, whose argument is ignored.
    Help,
    /// `QUIT`.
    Quit,
    /// `AUTH mechanism [initial-response]`; the response in base64, or `=` for an empty one.
    Auth(&'a str, Option<&'a str>),
    /// `STARTTLS` (RFC 3207).
    StartTls,
    /// `BDAT size [LAST]` (RFC 3030 §2).
    Bdat {
        /// How many octets of text follow the line.
        size_octets: u64,
        /// Whether they are the end of the text.
        last: bool,
    },
}

/// Why a line is no command that can be obeyed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandError {
    /// The verb is unknown, or the line has control characters, or octets beyond ASCII where no
    /// address stands.
    Unrecognized,
    /// The line has octets beyond ASCII that are no UTF-8.
    BadUtf8,
    /// The verb is known, its argument is wrong. Holds the right syntax.
    Syntax(&'static str),
    /// BDAT without a size: nobody knows how much of what follows is text, so that the connection
    /// cannot be read on.
    Chunk,
    /// The path of MAIL is wrong.
    ReversePath(AddressError),
    /// The path of RCPT is wrong.
    ForwardPath(AddressError),
    /// A parameter of MAIL or RCPT is of no known extension. Holds it as it came.
    UnknownParameter(String),
    /// A parameter of MAIL or RCPT is given twice or has an impossible value. Holds its keyword.
    BadParameter(&'static str),
}

impl CommandError {
    /// The reply for it: 500, 501 or 555 (RFC 5321 §4.2.4).
    pub fn reply(&self) -> Reply {
        let status = EnhancedStatus::new;
        match self {
            CommandError::Unrecognized => {
                Reply::new(500, status(5, 5, 2), "Error: command not recognized")
            }
            CommandError::BadUtf8 => Reply::new(500, status(5, 5, 2), "Error: bad UTF-8 syntax"),
            CommandError::Syntax(syntax) => {
                Reply::new(501, status(5, 5, 4), format!("Syntax: {syntax}"))
            }
            // 521 and the end of the connection, as Postfix has it.
            CommandError::Chunk => Reply::new(521, status(5, 5, 4), "Syntax: BDAT count [LAST]"),
            CommandError::ReversePath(error) => {
                Reply::new(501, status(5, 1, 7), format!("Bad sender address syntax: {error}"))
            }
            CommandError::ForwardPath(error) => {
                Reply::new(501, status(5, 1, 3), format!("Bad recipient address syntax: {error}"))
            }
            CommandError::UnknownParameter(parameter) => {
                let short: String = parameter.chars().take(80).collect();
                Reply::new(555, status(5, 5, 4), format!("Unsupported option: {short}"))
            }
            CommandError::BadParameter(keyword) => {
                Reply::new(501, status(5, 5, 4), format!("Bad {keyword} parameter syntax"))
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
        let line = std::str::from_utf8(line).map_err(|_| CommandError::BadUtf8)?;
        // No early end, so that many octets are looked at in one step.
        let control = |b: u8| b.is_ascii_control() & (b != b'\t');
        if line.bytes().fold(false, |found, b| found | control(b)) {
            return Err(CommandError::Unrecognized);
        }
        let line = line.trim_end_matches([' ', '\t']);
        let end = line.bytes().position(|b| matches!(b, b' ' | b'\t')).unwrap_or(line.len());
        let (verb, rest) = line.split_at(end);
        let argument = rest.trim_start_matches([' ', '\t']);
        // In capitals, and what is longer than any verb is none.
        let mut capitals = [0; 8];
        let verb = match capitals.get_mut(..verb.len()) {
            Some(place) => {
                place.copy_from_slice(verb.as_bytes());
                place.make_ascii_uppercase();
                &*place
            }
            None => return Err(CommandError::Unrecognized),
        };
        match verb {
            b"MAIL" => parse_mail(argument),
            b"RCPT" => parse_rcpt(argument),
            b"VRFY" => addressed(argument, "VRFY address").map(|(a, utf8)| Command::Vrfy(a, utf8)),
            b"EXPN" => addressed(argument, "EXPN list").map(|(a, utf8)| Command::Expn(a, utf8)),
            _ if !line.is_ascii() => Err(CommandError::Unrecognized),
            b"DATA" => bare(Command::Data, argument, "DATA"),
            b"EHLO" => word(argument, "EHLO hostname").map(Command::Ehlo),
            b"HELO" => word(argument, "HELO hostname").map(Command::Helo),
            b"LHLO" => word(argument, "LHLO hostname").map(Command::Lhlo),
            b"RSET" => bare(Command::Rset, argument, "RSET"),
            b"QUIT" => bare(Command::Quit, argument, "QUIT"),
            b"NOOP" => Ok(Command::Noop),
            b"HELP" => Ok(Command::Help),
            b"AUTH" => parse_auth(argument),
            b"STARTTLS" => bare(Command::StartTls, argument, "STARTTLS"),
            b"BDAT" => parse_bdat(argument),
            _ => Err(CommandError::Unrecognized),
        }
    }

    /// Writes it as `Display` does, straight into what is sent: several are, for every message.
    pub(super) fn write(&self, out: &mut (impl Write + ?Sized)) -> fmt::Result {
        let bare = match self {
            Command::Mail(path, params) => {
                out.write_str("MAIL FROM:")?;
                path.write(out)?;
                return params.write(out);
            }
            Command::Rcpt(path, params) => {
                out.write_str("RCPT TO:")?;
                path.write(out)?;
                return params.write(out);
            }
            Command::Ehlo(client) => return write!(out, "EHLO {client}"),
            Command::Helo(client) => return write!(out, "HELO {client}"),
            Command::Lhlo(client) => return write!(out, "LHLO {client}"),
            Command::Vrfy(argument, false) => return write!(out, "VRFY {argument}"),
            Command::Vrfy(argument, true) => return write!(out, "VRFY {argument} SMTPUTF8"),
            Command::Expn(argument, false) => return write!(out, "EXPN {argument}"),
            Command::Expn(argument, true) => return write!(out, "EXPN {argument} SMTPUTF8"),
            Command::Auth(mechanism, None) => return write!(out, "AUTH {mechanism}"),
            Command::Auth(mechanism, Some(initial)) => {
                return write!(out, "AUTH {mechanism} {initial}");
            }
            Command::Bdat { size_octets, last: false } => return write!(out, "BDAT {size_octets}"),
            Command::Bdat { size_octets, last: true } => {
                return write!(out, "BDAT {size_octets} LAST");
            }
            Command::Data => "DATA",
            Command::Rset => "RSET",
            Command::Noop => "NOOP",
            Command::Help => "HELP",
            Command::Quit => "QUIT",
            Command::StartTls => "STARTTLS",
        };
        out.write_str(bare)
    }
}

impl fmt::Display for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

/// `FROM:<reverse-path> [parameters]`.
fn parse_mail<'a>(argument: &str) -> Result<Command<'a>, CommandError> {
    let text =
        after_keyword(argument, "FROM:").ok_or(CommandError::Syntax("MAIL FROM:<address>"))?;
    let (path, rest) = ReversePath::split_from(text).map_err(CommandError::ReversePath)?;
    Ok(Command::Mail(path, MailParams::parse(rest)?))
}

/// `TO:<forward-path> [parameters]`.
fn parse_rcpt<'a>(argument: &str) -> Result<Command<'a>, CommandError> {
    let text = after_keyword(argument, "TO:").ok_or(CommandError::Syntax("RCPT TO:<address>"))?;
    let (path, rest) = ForwardPath::split_from(text).map_err(CommandError::ForwardPath)?;
    Ok(Command::Rcpt(path, RcptParams::parse(rest)?))
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

/// `size [LAST]`, the size of at most 20 digits.
fn parse_bdat<'a>(argument: &str) -> Result<Command<'a>, CommandError> {
    let mut words = argument.split_ascii_whitespace();
    let size = words.next().filter(|size| size.bytes().all(|b| b.is_ascii_digit()));
    let size_octets = size.and_then(|size| size.parse().ok()).ok_or(CommandError::Chunk)?;
    let last = match words.next() {
        None => false,
        Some(word) if word.eq_ignore_ascii_case("LAST") => true,
        Some(_) => return Err(CommandError::Chunk),
    };
    if words.next().is_some() {
        return Err(CommandError::Chunk);
    }
    Ok(Command::Bdat { size_octets, last })
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

/// `string [SMTPUTF8]` (RFC 6531 §3.7.4.2).
fn addressed<'a>(argument: &'a str, syntax: &'static str) -> Result<(&'a str, bool), CommandError> {
    const KEYWORD: &str = " SMTPUTF8";
    let at = argument.len().saturating_sub(KEYWORD.len());
    let (argument, smtputf8) = match argument.split_at_checked(at) {
        Some((head, tail)) if tail.eq_ignore_ascii_case(KEYWORD) => (head.trim_end(), true),
        _ => (argument, false),
    };
    if argument.is_empty() {
        return Err(CommandError::Syntax(syntax));
    }
    Ok((argument, smtputf8))
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
        check("lhlo foo.edu", "LHLO foo.edu");
        check("bdat 86 last", "BDAT 86 LAST");
        check("BDAT 0", "BDAT 0");
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
    fn the_parameters_of_rfc_3461_are_read_and_written() {
        check(
            "MAIL FROM:<Alice@Example.ORG> RET=HDRS ENVID=QQ314159",
            "MAIL FROM:<Alice@Example.ORG> RET=HDRS ENVID=QQ314159",
        );
        check(
            "RCPT TO:<Carol@Ivory.EDU> NOTIFY=FAILURE,success ORCPT=rfc822;Carol@Ivory.EDU",
            "RCPT TO:<Carol@Ivory.EDU> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Carol@Ivory.EDU",
        );
        check("RCPT TO:<Dana@Ivory.EDU> notify=never", "RCPT TO:<Dana@Ivory.EDU> NOTIFY=NEVER");
    }

    #[test]
    fn addresses_beyond_ascii_are_read_where_addresses_stand() {
        check("MAIL FROM:<bób@exämple.org> smtputf8", "MAIL FROM:<bób@exämple.org> SMTPUTF8");
        check("RCPT TO:<\"b ó\"@b.example>", "RCPT TO:<\"b ó\"@b.example>");
        check("VRFY bób SmtpUtf8", "VRFY bób SMTPUTF8");
        check("EXPN SMTPUTF8", "EXPN SMTPUTF8");
        assert_eq!(Command::parse(b"RCPT TO:<b\xf3b@b.example>"), Err(CommandError::BadUtf8));
    }

    #[test]
    fn mistakes_have_the_replies_of_rfc_5321() {
        check_error("", "500 5.5.2");
        check_error("FOO", "500 5.5.2");
        check_error("NOOP\0", "500 5.5.2");
        check_error("NOOP \u{e9}", "500 5.5.2 Error: command not recognized");
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
        check_error("MAIL FROM:<a@b> RET=NONE", "501 5.5.4 Bad RET parameter syntax");
        check_error("MAIL FROM:<a@b> ENVID=a+", "501 5.5.4 Bad ENVID parameter syntax");
        check_error("MAIL FROM:<a@b> SMTPUTF8=1", "501 5.5.4");
        check_error("MAIL FROM:<a@b> FOO=1", "555 5.5.4 Unsupported option: FOO=1");
        check_error("RCPT TO:<a@b> NOTIFY=NEVER,DELAY", "501 5.5.4 Bad NOTIFY");
        check_error("RCPT TO:<a@b> ORCPT=a@b", "501 5.5.4 Bad ORCPT");
        check_error("RCPT TO:<a@b> RET=FULL", "555 5.5.4");
        check_error("RCPT TO:<>", "501 5.1.3");
        check_error("RCPT TO:<a@b> FOO", "555 5.5.4");
        check_error("AUTH", "501 5.5.4");
        check_error("AUTH PLAIN a b", "501 5.5.4");
        check_error("VRFY", "501 5.5.4");
        for bad in ["BDAT", "BDAT -1", "BDAT x", "BDAT 1 FIRST", "BDAT 1 LAST 2"] {
            check_error(bad, "521 5.5.4 Syntax: BDAT count [LAST]");
        }
        check_error("BDAT 99999999999999999999", "521 5.5.4");
    }

    proptest! {
        #[test]
        fn arbitrary_octets_never_panic(line: Vec<u8>) {
            let _ = Command::parse(&line);
        }

        #[test]
        fn what_parses_prints_and_parses_the_same(
            verb in "(MAIL FROM:|RCPT TO:|AUTH |EHLO |VRFY )", rest in "[ -~é]{0,30}"
        ) {
            let line = format!("{verb}{rest}");
            if let Ok(command) = Command::parse(line.as_bytes()) {
                let printed = command.to_string();
                prop_assert_eq!(Command::parse(printed.as_bytes()), Ok(command));
            }
        }
    }
}

//! The commands of POP3 (RFC 1939, RFC 2449, RFC 2595, RFC 5034).

use std::fmt;

/// One command line. Message numbers count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `USER name`
    User(String),
    /// `PASS string`, which may hold spaces
    Pass(String),
    /// `APOP name digest`
    Apop {
        /// The mailbox name.
        name: String,
        /// 32 hexadecimal digits, as they came.
        digest: String,
    },
    /// `AUTH`: which mechanisms are there? Older than RFC 5034, and still asked.
    AuthList,
    /// `AUTH mechanism [initial-response]`
    Auth {
        /// The name of the mechanism, as it came.
        mechanism: String,
        /// The initial response: base64, or `=` for an empty one.
        initial: Option<String>,
    },
    /// `STLS`
    Stls,
    /// `STAT`
    Stat,
    /// `LIST [msg]`
    List(Option<u32>),
    /// `UIDL [msg]`
    Uidl(Option<u32>),
    /// `RETR msg`
    Retr(u32),
    /// `TOP msg n`
    Top(u32, u32),
    /// `DELE msg`
    Dele(u32),
    /// `NOOP`
    Noop,
    /// `RSET`
    Rset,
    /// `CAPA`
    Capa,
    /// `QUIT`
    Quit,
}

/// Why a line is no command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadCommand {
    /// The keyword is none of ours.
    Unknown,
    /// The arguments do not fit the keyword.
    Arguments,
    /// Octets that are not UTF-8.
    Octets,
}

impl fmt::Display for BadCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BadCommand::Unknown => "Unknown command",
            BadCommand::Arguments => "Bad arguments",
            BadCommand::Octets => "Line is not UTF-8",
        })
    }
}

impl Command {
    /// Reads a command line without its line end. Keywords are read in any case.
    pub fn parse(line: &[u8]) -> Result<Command, BadCommand> {
        let line = std::str::from_utf8(line).map_err(|_| BadCommand::Octets)?;
        let (keyword, rest) = match line.split_once(' ') {
            Some((keyword, rest)) => (keyword, Some(rest)),
            None => (line, None),
        };
        let text = || match rest {
            Some(text) if !text.is_empty() => Ok(text.to_owned()),
            _ => Err(BadCommand::Arguments),
        };
        let mut words = rest.unwrap_or("").split(' ').filter(|word| !word.is_empty());
        let mut keyword_buffer = [0; 4];
        let Some(keyword_buffer) = keyword_buffer.get_mut(..keyword.len()) else {
            return Err(BadCommand::Unknown);
        };
        keyword_buffer.copy_from_slice(keyword.as_bytes());
        keyword_buffer.make_ascii_uppercase();
        let command = match &*keyword_buffer {
            b"USER" => {
                let name = text()?.trim().to_owned();
                return if name.is_empty() {
                    Err(BadCommand::Arguments)
                } else {
                    Ok(Command::User(name))
                };
            }
            b"PASS" => return text().map(Command::Pass),
            b"APOP" => {
                // The name is what stands before the last word: it may hold spaces.
                let (name, digest) =
                    rest.unwrap_or("").trim().rsplit_once(' ').ok_or(BadCommand::Arguments)?;
                return Ok(Command::Apop { name: name.trim().into(), digest: digest.into() });
            }
            b"AUTH" => match words.next() {
                None => Command::AuthList,
                Some(mechanism) => Command::Auth {
                    mechanism: mechanism.into(),
                    initial: words.next().map(str::to_owned),
                },
            },
            b"STLS" => Command::Stls,
            b"STAT" => Command::Stat,
            b"LIST" => Command::List(words.next().map(number).transpose()?),
            b"UIDL" => Command::Uidl(words.next().map(number).transpose()?),
            b"RETR" => Command::Retr(needed(words.next())?),
            b"TOP" => Command::Top(needed(words.next())?, needed(words.next())?),
            b"DELE" => Command::Dele(needed(words.next())?),
            b"NOOP" => Command::Noop,
            b"RSET" => Command::Rset,
            b"CAPA" => Command::Capa,
            b"QUIT" => Command::Quit,
            _ => return Err(BadCommand::Unknown),
        };
        if words.next().is_some() { Err(BadCommand::Arguments) } else { Ok(command) }
    }
}

impl Command {
    /// The keyword, in upper case.
    pub fn keyword(&self) -> &'static str {
        match self {
            Command::User(_) => "USER",
            Command::Pass(_) => "PASS",
            Command::Apop { .. } => "APOP",
            Command::AuthList | Command::Auth { .. } => "AUTH",
            Command::Stls => "STLS",
            Command::Stat => "STAT",
            Command::List(_) => "LIST",
            Command::Uidl(_) => "UIDL",
            Command::Retr(_) => "RETR",
            Command::Top(..) => "TOP",
            Command::Dele(_) => "DELE",
            Command::Noop => "NOOP",
            Command::Rset => "RSET",
            Command::Capa => "CAPA",
            Command::Quit => "QUIT",
        }
    }
}

/// The command line without its line end.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Command::User(name) => write!(f, "USER {name}"),
            Command::Pass(password) => write!(f, "PASS {password}"),
            Command::Apop { name, digest } => write!(f, "APOP {name} {digest}"),
            Command::AuthList => f.write_str("AUTH"),
            Command::Auth { mechanism, initial: None } => write!(f, "AUTH {mechanism}"),
            Command::Auth { mechanism, initial: Some(initial) } => {
                write!(f, "AUTH {mechanism} {initial}")
            }
            Command::Stls => f.write_str("STLS"),
            Command::Stat => f.write_str("STAT"),
            Command::List(None) => f.write_str("LIST"),
            Command::List(Some(number)) => write!(f, "LIST {number}"),
            Command::Uidl(None) => f.write_str("UIDL"),
            Command::Uidl(Some(number)) => write!(f, "UIDL {number}"),
            Command::Retr(number) => write!(f, "RETR {number}"),
            Command::Top(number, lines) => write!(f, "TOP {number} {lines}"),
            Command::Dele(number) => write!(f, "DELE {number}"),
            Command::Noop => f.write_str("NOOP"),
            Command::Rset => f.write_str("RSET"),
            Command::Capa => f.write_str("CAPA"),
            Command::Quit => f.write_str("QUIT"),
        }
    }
}

fn needed(word: Option<&str>) -> Result<u32, BadCommand> {
    number(word.ok_or(BadCommand::Arguments)?)
}

fn number(word: &str) -> Result<u32, BadCommand> {
    let digits = word.bytes().all(|octet| octet.is_ascii_digit());
    word.parse().ok().filter(|_| digits).ok_or(BadCommand::Arguments)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn commands_come_back() {
        for line in [
            "USER mrose",
            "PASS open  sesame ",
            "APOP mrose c4c9334bac560ecc979e58001b3e22fb",
            "AUTH",
            "AUTH PLAIN",
            "AUTH PLAIN =",
            "STLS",
            "LIST",
            "LIST 2",
            "TOP 1 10",
            "UIDL",
            "QUIT",
        ] {
            assert_eq!(Command::parse(line.as_bytes()).unwrap().to_string(), line);
        }
        assert_eq!(Command::parse(b"retr 3"), Ok(Command::Retr(3)));
    }

    #[test]
    fn what_is_no_command() {
        assert_eq!(Command::parse(b"RETR"), Err(BadCommand::Arguments));
        assert_eq!(Command::parse(b"RETR -1"), Err(BadCommand::Arguments));
        assert_eq!(Command::parse(b"RETR +1"), Err(BadCommand::Arguments));
        assert_eq!(Command::parse(b"RETR 99999999999"), Err(BadCommand::Arguments));
        assert_eq!(Command::parse(b"TOP 1"), Err(BadCommand::Arguments));
        assert_eq!(Command::parse(b"STAT 1"), Err(BadCommand::Arguments));
        assert_eq!(Command::parse(b"USER "), Err(BadCommand::Arguments));
        assert_eq!(Command::parse(b"USER   "), Err(BadCommand::Arguments));
        assert_eq!(Command::parse(b"APOP mrose"), Err(BadCommand::Arguments));
        assert_eq!(Command::parse(b"AUTH PLAIN = ="), Err(BadCommand::Arguments));
        assert_eq!(Command::parse(b"STLS now"), Err(BadCommand::Arguments));
        assert_eq!(Command::parse(b"XTND XMIT"), Err(BadCommand::Unknown));
        assert_eq!(Command::parse(b"STATUS"), Err(BadCommand::Unknown));
        assert_eq!(Command::parse(b""), Err(BadCommand::Unknown));
        assert_eq!(Command::parse(b"USER \xff"), Err(BadCommand::Octets));
    }

    proptest! {
        #[test]
        fn arbitrary_octets_do_not_panic(octets: Vec<u8>) {
            let _ = Command::parse(&octets);
        }
    }
}

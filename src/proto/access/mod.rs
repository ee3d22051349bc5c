//! POP3 and IMAP servers that misbehave: rules that name commands of a session, and what is done then.
//!
//! Not a protocol, but what goes wrong with both in the field: logins that are refused for a while,
//! maildrops that another session has locked, connections that break in the middle of a message,
//! servers that hang. A session whose server has rules asks its owner at each command ([`Asked`]), and
//! does what it is told ([`Verdict`]); what goes wrong with the octets of a response is the matter of a
//! [`Valve`] behind the session. The first rule that applies decides.
//!
//! Not modelled: rules about single messages of one FETCH; continuations of AUTH and AUTHENTICATE, and
//! DONE, which belong to their commands.

mod deed;
mod rule;
mod valve;

pub use deed::{Answer, Deed};
pub use rule::{Rule, Scene, UserPattern};
pub use valve::{Piece, Valve};

use std::fmt;

/// Which protocol a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// POP3.
    Pop3,
    /// IMAP.
    Imap,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Protocol::Pop3 => "POP3",
            Protocol::Imap => "IMAP",
        })
    }
}

impl Protocol {
    /// What a rule can name: the commands, and three moments that are none. `GREETING` comes before
    /// all commands. `TLS` is the beginning of a handshake. `LOGIN` is every try to log in, by whichever
    /// command, as soon as it is known whose it is.
    pub fn moments(self) -> &'static [&'static str] {
        match self {
            Protocol::Pop3 => &[
                "GREETING", "TLS", "LOGIN", "USER", "PASS", "APOP", "AUTH", "STLS", "STAT", "LIST",
                "UIDL", "RETR", "TOP", "DELE", "NOOP", "RSET", "CAPA", "QUIT",
            ],
            Protocol::Imap => &[
                "GREETING",
                "TLS",
                "LOGIN",
                "CAPABILITY",
                "NOOP",
                "LOGOUT",
                "STARTTLS",
                "AUTHENTICATE",
                "ENABLE",
                "SELECT",
                "EXAMINE",
                "CREATE",
                "DELETE",
                "RENAME",
                "SUBSCRIBE",
                "UNSUBSCRIBE",
                "LIST",
                "LSUB",
                "STATUS",
                "APPEND",
                "NOTIFY",
                "CANCELUPDATE",
                "GETQUOTA",
                "GETQUOTAROOT",
                "SETQUOTA",
                "NAMESPACE",
                "ID",
                "IDLE",
                "CHECK",
                "CLOSE",
                "UNSELECT",
                "EXPUNGE",
                "SEARCH",
                "SORT",
                "THREAD",
                "FETCH",
                "STORE",
                "COPY",
                "MOVE",
            ],
        }
    }
}

/// What a client asks of a session, as rules see it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asked {
    /// One of [`Protocol::moments`].
    pub command: &'static str,
    /// Which command of its session, from 1; 0 before the first.
    pub number: u32,
    /// The login name that the command itself names.
    pub user: Option<String>,
    /// The mailbox that the command names, or else the selected one, in UTF-8.
    pub mailbox: Option<String>,
    /// The message number of a POP3 command.
    pub message: Option<u32>,
    /// The size of that message, or of those that APPEND brings.
    pub octets: Option<u64>,
    /// Whether it is a part of a command that was asked about before: a login by AUTH, or with PASS.
    pub is_part: bool,
}

impl Asked {
    /// A moment of a session.
    pub fn new(command: &'static str, number: u32) -> Self {
        Asked { command, number, ..Asked::default() }
    }
}

/// `RETR 2`, `SELECT Archive`.
impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.command {
            "GREETING" => "the greeting",
            "TLS" => "the TLS handshake",
            command => command,
        })?;
        match (&self.mailbox, self.message) {
            (Some(mailbox), _) => write!(f, " {mailbox}"),
            (None, Some(message)) => write!(f, " {message}"),
            (None, None) => Ok(()),
        }
    }
}

/// What a session is told to do with a command that it has asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// What it always does.
    Do,
    /// It says this line, and does nothing. In IMAP the tag comes before it, unless it is untagged.
    Say(String),
    /// It does nothing, and says nothing.
    Pass,
}

//! What a POP3 client session is to do, and what it tells.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use crate::proto::sasl::Mechanism;

/// What a client session is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pop3ClientConfig {
    /// The mailbox name.
    pub user: String,
    /// Its password.
    pub password: String,
    /// Whether STLS is insisted on before anything else (RFC 2595), on a connection that is not
    /// secured from its beginning.
    pub stls: bool,
    /// The ways to log in, the best first; of those that the server offers, the first is taken.
    pub logins: Vec<Login>,
    /// Whether messages stay on the server after they were downloaded.
    pub keep: bool,
    /// Unique ids of messages downloaded in earlier sessions: they are not downloaded again.
    pub known: BTreeSet<String>,
    /// Those of them that have been kept long enough, and are deleted.
    pub expired: BTreeSet<String>,
    /// How long to wait for the server.
    pub timeout: Duration,
    /// The largest message to be taken, in octets.
    pub max_message_octets: usize,
}

impl Default for Pop3ClientConfig {
    fn default() -> Self {
        Pop3ClientConfig {
            user: String::new(),
            password: String::new(),
            stls: false,
            logins: vec![
                Login::Sasl(Mechanism::ScramSha256),
                Login::Sasl(Mechanism::CramMd5),
                Login::Apop,
                Login::User,
                Login::Sasl(Mechanism::Plain),
                Login::Sasl(Mechanism::Login),
            ],
            keep: false,
            known: BTreeSet::new(),
            expired: BTreeSet::new(),
            timeout: Duration::from_secs(60),
            max_message_octets: 64 << 20,
        }
    }
}

/// A way to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// USER and PASS. Tried as well where the server does not tell what it can.
    User,
    /// APOP, where the greeting has a timestamp.
    Apop,
    /// AUTH (RFC 5034).
    Sasl(Mechanism),
}

/// News from a POP3 client session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pop3ClientEvent {
    /// The server answered `+OK` to STLS: what it sends from now on is a TLS handshake. Call
    /// [`Pop3Client::secured`](super::Pop3Client::secured) when that is done.
    StartTls,
    /// The server gave the maildrop.
    LoggedIn,
    /// A message was downloaded.
    Message {
        /// Its unique id, where the server has UIDL.
        unique_id: Option<String>,
        /// Header and body, lines ended by CRLF.
        data: Bytes,
    },
    /// The server refused to send or to delete a message; the session goes on with the next one.
    Refused {
        /// Its unique id, where the server has UIDL.
        unique_id: Option<String>,
        /// Why.
        failure: Pop3Failure,
    },
    /// QUIT was answered well: so many messages are gone from the server. The last event.
    Done {
        /// How many were deleted.
        deleted: usize,
    },
    /// The session ended before; deleted messages may still be there. The last event.
    Failed(Pop3Failure),
}

/// Why a client session fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pop3Failure {
    /// The server answered a command with `-ERR`; the password is left out.
    Refused {
        /// The keyword of the command, or `greeting`.
        command: &'static str,
        /// What the server said after `-ERR`.
        text: String,
    },
    /// STLS was wanted, and is not offered.
    TlsNotOffered,
    /// The server offers no way to log in that the client knows.
    NoMechanism,
    /// The server did not prove that it knows the password.
    NotProved,
    /// The server answered with something that is no POP3 reply.
    Nonsense,
    /// The server sent more than the client takes.
    TooLarge,
    /// The connection was closed.
    Closed,
    /// The server was silent for too long.
    TimedOut,
}

impl Pop3Failure {
    /// Whether the same may work later, without anybody's doing (RFC 2449 §8, RFC 3206).
    pub fn is_temporary(&self) -> bool {
        match self {
            Pop3Failure::Refused { text, .. } => {
                let code = text.strip_prefix('[').and_then(|text| text.split_once(']'));
                code.is_some_and(|(code, _)| {
                    ["IN-USE", "LOGIN-DELAY", "SYS/TEMP"]
                        .iter()
                        .any(|known| code.eq_ignore_ascii_case(known))
                })
            }
            Pop3Failure::Nonsense | Pop3Failure::Closed | Pop3Failure::TimedOut => true,
            Pop3Failure::TlsNotOffered
            | Pop3Failure::NoMechanism
            | Pop3Failure::NotProved
            | Pop3Failure::TooLarge => false,
        }
    }
}

impl fmt::Display for Pop3Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pop3Failure::Refused { command, text } => write!(f, "{command} refused: {text}"),
            Pop3Failure::TlsNotOffered => f.write_str("the server does not offer STLS"),
            Pop3Failure::NoMechanism => f.write_str("the server offers no way to log in"),
            Pop3Failure::NotProved => {
                f.write_str("the server has not proved that it is the right one")
            }
            Pop3Failure::Nonsense => f.write_str("the server does not speak POP3"),
            Pop3Failure::TooLarge => f.write_str("the server sent too much"),
            Pop3Failure::Closed => f.write_str("the server closed the connection"),
            Pop3Failure::TimedOut => f.write_str("the server did not answer in time"),
        }
    }
}

//! What a POP3 server session tells and asks its owner.

use crate::proto::access::Asked;
use crate::proto::sasl::Identity;

/// News from a POP3 server session.
///
/// `Judge`, `Identify`, `Login` and `Update` are questions: the session reads no further until they are
/// answered, which may be much later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pop3ServerEvent {
    /// Is the server to misbehave at this command? Only asked where
    /// [`Pop3Server::set_judged`](super::Pop3Server::set_judged) says so. Answer with
    /// [`Pop3Server::answer_judge`](super::Pop3Server::answer_judge).
    Judge(Box<Asked>),
    /// What must the user of this account know? Answer with
    /// [`Pop3Server::answer_identity`](super::Pop3Server::answer_identity).
    Identify(Identity),
    /// A client has proved who it is and wants the maildrop: answer with
    /// [`Pop3Server::answer_login`](super::Pop3Server::answer_login).
    Login {
        /// Whose.
        user: String,
    },
    /// The client was told `+OK` to STLS: what it sends from now on is a TLS handshake. Call
    /// [`Pop3Server::secured`](super::Pop3Server::secured) when that is done.
    StartTls,
    /// The client was sent this message whole; its [`MaildropMessage::uid`](super::super::MaildropMessage::uid).
    Retrieved {
        /// Which.
        uid: u32,
    },
    /// Remove these messages, by ascending [`MaildropMessage::uid`](super::super::MaildropMessage::uid),
    /// then call [`Pop3Server::answer_update`](super::Pop3Server::answer_update).
    Update {
        /// Which.
        deleted: Vec<u32>,
    },
    /// The session is over, in whatever way: unlock the maildrop, if one was given. Comes once.
    Ended,
}

/// Why there is no maildrop for a client that has proved who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginRefusal {
    /// There is no such account after all. `[AUTH]` (RFC 3206).
    Credentials,
    /// Another session holds the maildrop. `[IN-USE]` (RFC 2449 §8.1.2).
    InUse,
    /// The last login was too short a time ago. `[LOGIN-DELAY]` (RFC 2449 §8.1.1).
    Delay,
    /// The maildrop cannot be had now. `[SYS/TEMP]` (RFC 3206).
    Temporary,
    /// The maildrop cannot be had until somebody mends it. `[SYS/PERM]` (RFC 3206).
    Permanent,
}

impl LoginRefusal {
    /// What follows `-ERR`.
    pub(super) fn text(self) -> &'static str {
        match self {
            LoginRefusal::Credentials => "[AUTH] Authentication failed",
            LoginRefusal::InUse => "[IN-USE] Maildrop is locked by another session",
            LoginRefusal::Delay => "[LOGIN-DELAY] Too soon after the last login",
            LoginRefusal::Temporary => "[SYS/TEMP] Maildrop is not available now",
            LoginRefusal::Permanent => "[SYS/PERM] Maildrop cannot be opened",
        }
    }
}

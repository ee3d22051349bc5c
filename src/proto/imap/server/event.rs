//! What an IMAP server session tells its owner.

use super::super::backend::{AccountId, MailboxId};
use super::super::number::Uid;
use crate::proto::access::Asked;

/// News from an IMAP server session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImapServerEvent {
    /// Is the server to misbehave at this command? The session reads no further until it is told by
    /// [`ImapServer::answer_judge`](super::ImapServer::answer_judge). Only asked where
    /// [`ImapServer::set_judged`](super::ImapServer::set_judged) says so.
    Judge(Box<Asked>),
    /// The client was told OK to STARTTLS: what it sends from now on is a TLS handshake. Call
    /// [`ImapServer::secured`](super::ImapServer::secured) when that is done.
    StartTls,
    /// A client logged in.
    LoggedIn {
        /// The login name that it gave.
        user: String,
        /// The account.
        account: AccountId,
    },
    /// A login was refused.
    LoginRefused {
        /// The login name that was given.
        user: String,
    },
    /// A mailbox was selected.
    Selected {
        /// Which.
        mailbox: MailboxId,
        /// Whether by EXAMINE.
        read_only: bool,
    },
    /// Whole messages were sent to the client.
    Fetched {
        /// Of which mailbox.
        mailbox: MailboxId,
        /// Which, ascending.
        uids: Vec<Uid>,
    },
    /// Messages of a mailbox came, went, or changed their flags: call
    /// [`ImapServer::mailbox_changed`](super::ImapServer::mailbox_changed) of the other sessions.
    Changed {
        /// Which.
        mailbox: MailboxId,
    },
    /// The session is over, in whatever way. Comes once.
    Ended,
}

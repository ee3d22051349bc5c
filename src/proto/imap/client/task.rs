//! What the owner of a client session wants done, and what it hears of it.

use std::fmt;

use bytes::Bytes;

use super::super::flags::Flags;
use super::super::mailbox_name::MailboxName;
use super::super::number::{ModSeq, Uid, UidValidity};
use super::super::sequence::NumberSet;
use super::super::store_command::FlagChange;

/// One thing to do, by one command or a few.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImapTask {
    /// SELECT, or EXAMINE.
    Select {
        /// Which mailbox.
        mailbox: MailboxName,
        /// Whether by EXAMINE.
        read_only: bool,
    },
    /// SELECT that asks for what has changed since a device saw the mailbox, where the server can tell
    /// (RFC 7162): the flags that are others and the messages that are gone come before
    /// [`ImapClientEvent::Selected`]. Else a plain SELECT.
    Resync {
        /// Which mailbox.
        mailbox: MailboxName,
        /// Its state when the device saw it.
        uid_validity: UidValidity,
        /// Its highest mod-sequence then.
        mod_seq: ModSeq,
        /// The messages that the device knows, ascending.
        known: Vec<Uid>,
    },
    /// Fetches flags, envelope and size of the messages from a UID on, and then the messages.
    FetchNew {
        /// The least UID that is new.
        since: Uid,
        /// Whether `\Seen` stays as it is.
        peek: bool,
    },
    /// Fetches messages of which the device has the overview, since an earlier session broke off.
    FetchBodies {
        /// Which messages, ascending.
        uids: Vec<Uid>,
        /// Whether `\Seen` stays as it is.
        peek: bool,
    },
    /// Fetches the flags of all messages, and so learns which are gone (RFC 4549 §3).
    FetchFlags,
    /// Fetches the flags that have changed since that mod-sequence (RFC 7162 §3.1.4.1).
    FetchChangedFlags {
        /// The highest mod-sequence that was seen before.
        since: ModSeq,
    },
    /// UID STORE.
    Store {
        /// Which messages, ascending.
        uids: Vec<Uid>,
        /// Whether the flags are replaced, added or removed.
        change: FlagChange,
        /// The flags.
        flags: Flags,
    },
    /// UID COPY.
    Copy {
        /// Which messages, ascending.
        uids: Vec<Uid>,
        /// Where to.
        mailbox: MailboxName,
    },
    /// APPEND.
    Append {
        /// Where to.
        mailbox: MailboxName,
        /// The message's flags.
        flags: Flags,
        /// The message, lines ended by CRLF.
        data: Bytes,
    },
    /// UID SEARCH.
    Search {
        /// The keys as RFC 3501 §6.4.4 writes them: `UNSEEN SUBJECT "lunch"`.
        keys: String,
    },
    /// CREATE.
    Create {
        /// The mailbox to make.
        mailbox: MailboxName,
    },
    /// LIST.
    List {
        /// The pattern, with `*` and `%`.
        pattern: String,
    },
    /// EXPUNGE.
    Expunge,
    /// NOOP, to hear what is new.
    Noop,
    /// IDLE until there is another task.
    Idle,
    /// LOGOUT. Tasks after it are not done.
    Logout,
}

/// What SELECT tells of a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MailboxSummary {
    /// How many messages there are.
    pub exists: u32,
    /// How many are recent.
    pub recent: u32,
    /// UIDVALIDITY, where the server tells it.
    pub uid_validity: Option<UidValidity>,
    /// UIDNEXT, where the server tells it.
    pub uid_next: Option<Uid>,
    /// HIGHESTMODSEQ, where the server tells it (RFC 7162 §3.1.2.1).
    pub mod_seq: Option<ModSeq>,
    /// Whether the mailbox cannot be changed.
    pub read_only: bool,
    /// Whether the server has told what changed since [`ImapTask::Resync`]'s state of the mailbox.
    pub resynced: bool,
}

/// What a device shows in its list of messages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overview {
    /// The flags, but for `\Recent`.
    pub flags: Flags,
    /// RFC822.SIZE.
    pub size_octets: u32,
    /// The subject as it came, encoded words not decoded.
    pub subject: Option<String>,
    /// The first address of `From`.
    pub from: Option<String>,
    /// `Message-ID`.
    pub message_id: Option<String>,
}

/// News from an IMAP client session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImapClientEvent {
    /// The server answered OK to STARTTLS: what it sends from now on is a TLS handshake. Call
    /// [`ImapClient::secured`](super::ImapClient::secured) when that is done.
    StartTls,
    /// The login was accepted.
    LoggedIn,
    /// A mailbox is selected.
    Selected {
        /// Which.
        mailbox: MailboxName,
        /// What the server told of it.
        summary: MailboxSummary,
    },
    /// The first half of [`ImapTask::FetchNew`], for each new message.
    Overview {
        /// The message.
        uid: Uid,
        /// What to show.
        overview: Overview,
    },
    /// The second half of [`ImapTask::FetchNew`], for each new message; and [`ImapTask::FetchBodies`].
    Message {
        /// The message.
        uid: Uid,
        /// Header and body.
        data: Bytes,
    },
    /// The server told of the flags of a message.
    Flags {
        /// Its message sequence number.
        sequence: u32,
        /// The message, where the server told it.
        uid: Option<Uid>,
        /// Its flags, but for `\Recent`.
        flags: Flags,
    },
    /// The number of messages in the selected mailbox is another.
    Exists {
        /// How many.
        count: u32,
    },
    /// A message is gone.
    Expunged {
        /// The message sequence number that it had.
        sequence: u32,
        /// The message, where the server told it before.
        uid: Option<Uid>,
    },
    /// Messages are gone (RFC 7162 §3.2.10): any number of UIDs, of which the device may know some.
    Vanished {
        /// Which.
        uids: NumberSet,
    },
    /// The answer to [`ImapTask::Search`].
    Found {
        /// The messages, in the server's order.
        uids: Vec<Uid>,
    },
    /// An answer to [`ImapTask::List`].
    Listed {
        /// A mailbox name.
        mailbox: MailboxName,
        /// Whether it can be selected.
        selectable: bool,
    },
    /// A task is done, or the server refused it.
    Done {
        /// Which.
        task: ImapTask,
        /// The refusal, if any.
        refused: Option<Refusal>,
    },
    /// The session is over: by LOGOUT where there is no failure. The last event.
    Ended {
        /// Why it ended early.
        failure: Option<ImapFailure>,
    },
}

/// A server's NO or BAD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The response code without its brackets; empty where there is none.
    pub code: String,
    /// The text for people.
    pub text: String,
}

/// Why a client session ended before LOGOUT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImapFailure {
    /// STARTTLS was wanted, and is not offered or was refused.
    NoTls,
    /// The server takes no login that the client knows.
    NoMechanism,
    /// The server did not prove that it knows the password.
    NotProved,
    /// The server refused the login.
    LoginRefused(Refusal),
    /// The server closed the connection, with this BYE if any.
    Closed {
        /// The text of the BYE.
        bye: Option<String>,
    },
    /// The server was silent for too long.
    TimedOut,
    /// The server sent what is no IMAP, or too much.
    Nonsense,
}

impl ImapFailure {
    /// Whether the same may work later, without anybody's doing (RFC 5530 §3).
    pub fn is_temporary(&self) -> bool {
        match self {
            ImapFailure::LoginRefused(refusal) => refusal.is_temporary(),
            ImapFailure::Closed { .. } | ImapFailure::TimedOut | ImapFailure::Nonsense => true,
            ImapFailure::NoTls | ImapFailure::NoMechanism | ImapFailure::NotProved => false,
        }
    }
}

impl Refusal {
    /// Whether the same may work later, without anybody's doing (RFC 5530 §3).
    pub fn is_temporary(&self) -> bool {
        ["UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG"]
            .iter()
            .any(|code| self.code.eq_ignore_ascii_case(code))
    }
}

impl fmt::Display for ImapFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ImapFailure::NoTls => f.write_str("the server does not do STARTTLS"),
            ImapFailure::NoMechanism => f.write_str("the server takes no login that is known here"),
            ImapFailure::NotProved => {
                f.write_str("the server has not proved that it is the right one")
            }
            ImapFailure::LoginRefused(refusal) => write!(f, "login refused: {}", refusal.text),
            ImapFailure::Closed { bye: Some(bye) } => write!(f, "the server said goodbye: {bye}"),
            ImapFailure::Closed { bye: None } => f.write_str("the server closed the connection"),
            ImapFailure::TimedOut => f.write_str("the server did not answer in time"),
            ImapFailure::Nonsense => f.write_str("the server does not speak IMAP"),
        }
    }
}

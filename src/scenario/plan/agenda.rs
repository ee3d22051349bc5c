//! What clients do, and the messages they write.

use std::time::Duration;

use bytes::Bytes;

use crate::actors::client::config::Misbehaviour;
use crate::engine::SimTime;
use crate::proto::smtp::DsnRequest;

/// A thing that a client, or a host's stub resolver, does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub at: SimTime,
    /// On which host.
    pub host: String,
    /// Which client there; `None` only for [`Action::Resolve`].
    pub client: Option<String>,
    /// What.
    pub action: Action,
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Submits a message.
    Send {
        /// Its id in the plan's `mails`.
        mail: String,
    },
    /// Reads once.
    Fetch {
        /// Which mailbox; IMAP only.
        mailbox: String,
    },
    /// Reads again and again, from the step's time on.
    Poll {
        /// From one reading to the next; at least 1ms.
        every: Duration,
        /// No reading begins after this.
        until: SimTime,
        /// Which mailbox; IMAP only.
        mailbox: String,
    },
    /// Stays connected by IMAP, from the step's time on.
    Idle {
        /// Until when.
        until: SimTime,
        /// On which mailbox.
        mailbox: String,
    },
    /// Talks to a server as no client should.
    Misbehave(Misbehaviour),
    /// Changes a message's flags, over IMAP.
    Flag {
        /// Which, by id; it has a Message-ID.
        mail: String,
        /// The flags to set, as `\Flagged`.
        add: Vec<String>,
        /// The flags to clear.
        remove: Vec<String>,
        /// In which mailbox.
        mailbox: String,
    },
    /// Copies a message, over IMAP.
    Copy {
        /// Which, by id; it has a Message-ID.
        mail: String,
        /// From which mailbox.
        mailbox: String,
        /// To which mailbox; created if need be.
        to: String,
    },
    /// Puts a message of its own into a mailbox, over IMAP.
    Append {
        /// Its id in the plan's `mails`.
        mail: String,
        /// Into which mailbox; created if need be.
        mailbox: String,
        /// The flags it gets.
        flags: Vec<String>,
    },
    /// Marks a message as deleted and expunges it, over IMAP.
    Delete {
        /// Which, by id; it has a Message-ID.
        mail: String,
        /// In which mailbox.
        mailbox: String,
    },
    /// Asks the host's resolver.
    Resolve {
        /// Which name, without a final dot.
        name: String,
        /// Which type, as `MX`.
        type_: String,
    },
}

/// A message that a client writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// What the scenario calls it.
    pub id: String,
    /// The client that writes it.
    pub client: String,
    /// Its Message-ID with angle brackets: `<ID@HOST>` for a composed one, so that every client of
    /// the agenda knows it; for a file, what stands there, if anything.
    pub message_id: Option<String>,
    /// The reverse-path.
    pub from: String,
    /// The forward-paths: to, cc and bcc; empty for an appended one.
    pub recipients: Vec<String>,
    /// What the sender wants to hear of it.
    pub dsn: DsnRequest,
    /// What is in it.
    pub content: Content,
}

/// What is in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Composed by the client, which adds Date and Message-ID.
    Composed {
        /// The addresses in To.
        to: Vec<String>,
        /// The addresses in Cc.
        cc: Vec<String>,
        /// The subject; may hold any Unicode, but no line end.
        subject: String,
        /// The text with LF line ends; any Unicode.
        text: String,
        /// Further header fields; names and bodies are printable, without line ends.
        headers: Vec<(String, String)>,
        /// Fills the text up to so many octets of message.
        size: Option<u64>,
    },
    /// A file as it is, but that every line ends in CRLF.
    File {
        /// Its path in the scenario's folder.
        path: String,
        /// Its octets, already with CRLF.
        octets: Bytes,
    },
}

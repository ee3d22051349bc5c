//! What a mail client is told: whose it is, which servers it uses, and what it does when.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;

use crate::actors::mta::config::AutoReply;
use crate::engine::SimTime;
use crate::proto::mail::Draft;
use crate::proto::smtp::{DsnRequest, ForwardPath, ReversePath};
use crate::proto::tls::TlsClient;

/// The configuration of one client. Shared: a client is made anew from it after a crash.
#[derive(Debug, Clone)]
pub struct MailClientConfig {
    /// What notes call it: `alice@example.org/laptop`.
    pub name: String,
    /// The login at all its servers.
    pub user: String,
    /// The password.
    pub password: String,
    /// The resolvers it asks, in order.
    pub resolvers: Vec<SocketAddr>,
    /// The submission server.
    pub submit: Server,
    /// Whether it submits through TLS.
    pub submit_tls: ClientTls,
    /// The server it reads from.
    pub read: ReadServer,
    /// Whether it reads through TLS.
    pub read_tls: ClientTls,
    /// Whom it trusts where it speaks TLS with bad manners. `None`: it cannot.
    pub trust: Option<TlsClient>,
    /// What it answers by itself to what it reads.
    pub auto_reply: Option<AutoReply>,
    /// What it does, in the order of time.
    pub steps: Vec<Step>,
    /// How often it tries again to submit a message that could not be submitted for the moment.
    pub submit_retries: u32,
    /// How long it waits before that, each time.
    pub submit_retry_after: Duration,
}

/// A server by name or address, and its port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// A host name, or an IP address.
    pub host: String,
    /// The TCP port.
    pub port: u16,
}

/// Whether a client speaks TLS with a server. With TLS it insists on a certificate that is verified.
#[derive(Debug, Clone)]
pub enum ClientTls {
    /// In clear.
    None,
    /// It says STARTTLS (RFC 3207, RFC 3501) or STLS (RFC 2595), and nothing else before that stands.
    StartTls(TlsClient),
    /// TLS from the first octet (RFC 8314).
    Implicit(TlsClient),
}

/// How a client reads its mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadServer {
    /// IMAP4rev1: messages stay on the server.
    Imap(Server),
    /// POP3: messages are downloaded, and then deleted on the server, or left there.
    Pop3(Server, Keep),
}

/// What becomes of a message on a POP3 server once it was downloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// It is deleted in the same session.
    No,
    /// It stays.
    Always,
    /// It stays for so long, and is deleted by the first session after that.
    For(Duration),
}

/// Something to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// When.
    pub at: SimTime,
    /// What.
    pub action: Action,
}

/// What a client does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Submits a message.
    Send(Outgoing),
    /// Reads what is new.
    Fetch {
        /// The mailbox; POP3 has INBOX alone.
        mailbox: String,
    },
    /// Reads again and again.
    Poll {
        /// From one reading to the next.
        every: Duration,
        /// No reading begins after this.
        until: SimTime,
        /// The mailbox.
        mailbox: String,
    },
    /// Stays connected by IMAP and hears at once of what is new (IDLE, RFC 2177).
    Idle {
        /// Until when.
        until: SimTime,
        /// The mailbox.
        mailbox: String,
    },
    /// Talks to a server in a way in which no client should.
    Misbehave(Misbehaviour),
    /// Changes the flags of a message, over IMAP.
    Flag {
        /// Its Message-ID with angle brackets.
        message_id: String,
        /// Flags to set, as `\Flagged`.
        add: Vec<String>,
        /// Flags to clear.
        remove: Vec<String>,
        /// Where the message is.
        mailbox: String,
    },
    /// Copies a message to another mailbox, over IMAP. The mailbox is made if need be.
    Copy {
        /// Its Message-ID with angle brackets.
        message_id: String,
        /// Where the message is.
        mailbox: String,
        /// Where to.
        to: String,
    },
    /// Puts a message of its own into a mailbox, over IMAP. The mailbox is made if need be.
    Append {
        /// The message.
        message: Outgoing,
        /// Where to.
        mailbox: String,
        /// The flags it gets.
        flags: Vec<String>,
    },
    /// Deletes a message and expunges it, over IMAP.
    Delete {
        /// Its Message-ID with angle brackets.
        message_id: String,
        /// Where the message is.
        mailbox: String,
    },
}

/// Bad manners, and where they are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misbehaviour {
    /// What the server there speaks.
    pub protocol: Spoken,
    /// Where.
    pub server: Server,
    /// How.
    pub manner: Manner,
}

/// A protocol of mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoken {
    /// Port 25.
    Smtp,
    /// Port 110.
    Pop3,
    /// Port 143.
    Imap,
}

/// Bad manners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Leaves without QUIT or LOGOUT, in the middle of things.
    NoQuit,
    /// Says all at once, before the server has greeted.
    EarlyTalker,
    /// Ends lines with LF alone, and in SMTP hides a second message behind `<LF>.<LF>`.
    BareLf,
    /// Sends commands in clear behind STARTTLS or STLS, before TLS begins.
    TlsInjection,
    /// Sends a line of 100,000 octets.
    LongLine,
    /// Sends half a command, and then nothing more until the server hangs up.
    HalfCommand,
    /// Sends what is no command, until the server hangs up.
    Nonsense,
}

/// A message that the client writes.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    /// The reverse-path.
    pub from: ReversePath,
    /// The forward-paths.
    pub recipients: Vec<ForwardPath>,
    /// What the client asks to be told of it; said where the server offers DSN.
    pub dsn: DsnRequest,
    /// What is in it.
    pub content: Content,
}

/// What is in a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Composed when it is sent; the date of the draft is set to that moment.
    Draft(Box<Draft>),
    /// These octets, with CRLF line ends.
    Octets(Bytes),
}

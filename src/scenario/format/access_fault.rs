//! POP3 and IMAP servers that misbehave.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::OneOrMany;
use super::units::{Dur, Share, Size};

/// A POP3 or IMAP server that misbehaves: at which commands of which sessions, and what it does then.
/// What is left out fits any. Of several such faults that fit, the one with the earliest `at` counts, of
/// one time the first in the file.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AccessFault {
    /// The host, or several; or a mail domain, for the server with its mailboxes.
    #[schemars(example = &"imap.example.com")]
    pub server: OneOrMany<String>,
    /// At which command of a session, or which: `retr`, `select`, `fetch` (also by UID). `greeting`
    /// comes before all commands, `tls` is the beginning of a handshake, and `login` is every try to log
    /// in, by whichever command, once it is known whose. Default: at any command, and the greeting.
    #[schemars(example = &"fetch")]
    pub at: OneOrMany<String>,
    /// Only at this command of a session, whatever it is, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), example = 4)]
    pub command: Option<u32>,
    /// Only sessions of this user, or these; or of all users of a domain. Who a client is, is known when
    /// it has named itself.
    #[schemars(example = &"bob@example.com")]
    pub user: OneOrMany<String>,
    /// Only with this client, or these: a mail client, a host, an address or a network.
    #[schemars(example = &"bob@example.com/phone")]
    pub client: OneOrMany<String>,
    /// Only about this mailbox: it is named in the command, or else selected. Only in IMAP.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"Archive")]
    pub mailbox: Option<String>,
    /// Only about the message of this number. Only in POP3.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), example = 2)]
    pub message: Option<u32>,
    /// Only about a message that is larger: one that a POP3 command names, or that APPEND brings.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"1MB")]
    pub larger_than: Option<Size>,
    /// Only through TLS, or only in clear.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = false)]
    pub tls: Option<bool>,
    /// So many commands that fit are passed over at first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 0), example = 2)]
    pub skip: Option<u64>,
    /// Only at the first so many commands that fit, counted anew when the host starts again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), example = 3)]
    pub first: Option<u64>,
    /// Only at every so many-th command that fits, beginning with the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), extend("default" = 1), example = 2)]
    pub every: Option<u64>,
    /// For whom `skip`, `first` and `every` are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "server"), example = &"session")]
    pub per: Option<AccessPer>,
    /// Only at this share of the commands that fit, each drawn independently of the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "100%"), example = &"50%")]
    pub share: Option<Share>,
    /// The command is refused for this reason, in the words of the protocol; nothing is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"in_use")]
    pub refuse: Option<AccessRefusal>,
    /// This status line is answered, in IMAP without the tag; nothing is done. `* BYE` ends the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"NO [LIMIT] Too many commands", example = &"-ERR Disk on fire")]
    pub reply: Option<String>,
    /// Octets are answered that are no response; nothing is done.
    #[schemars(example = true)]
    pub garbage: bool,
    /// Nothing is done or said: this happens instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"close")]
    pub instead: Option<AccessEnding>,
    /// What was asked is done, and the response is never sent. Then follows `then`, else nothing: the
    /// client waits.
    #[schemars(example = true)]
    pub unsaid: bool,
    /// The response breaks off after so much of it; then follows `then`, by default `close`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"2KB")]
    pub cut_after: Option<Size>,
    /// What comes after the response. Default: the session goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"close")]
    pub then: Option<AccessEnding>,
    /// How much later it is done; nothing is read meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"30s")]
    pub delay: Option<Dur>,
    /// How slowly the response comes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"octets": 1, "every": "1s"}]))]
    pub pace: Option<AccessPace>,
}

/// For whom commands are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccessPer {
    /// For the server as a whole.
    Server,
    /// For each address that clients come from.
    Client,
    /// For each user.
    User,
    /// For each session.
    Session,
}

/// Why a command is refused. Mail clients try again later, except where logging in failed or the
/// mailbox is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccessRefusal {
    /// User name or password are wrong: `-ERR [AUTH]` (RFC 3206), `NO [AUTHENTICATIONFAILED]` (RFC 5530).
    AuthenticationFailed,
    /// Something behind the server does not work now: `-ERR [SYS/TEMP]`, `NO [UNAVAILABLE]`.
    Unavailable,
    /// Another session has locked the mailbox: `-ERR [IN-USE]` (RFC 2449), `NO [INUSE]`.
    InUse,
    /// The last login was too short a time ago: `-ERR [LOGIN-DELAY]`, `NO [LIMIT]`.
    LoginDelay,
    /// Somebody has to mend it: `-ERR [SYS/PERM]`, `NO [CORRUPTION]`.
    Broken,
}

/// How a session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccessEnding {
    /// The connection is closed (FIN).
    Close,
    /// The connection is dropped (RST): what has not left the host by then is lost.
    Reset,
    /// The server hangs: it says and does nothing more until its autologout.
    Silence,
}

/// How slowly a response comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessPace {
    /// So many octets at a time.
    #[schemars(range(min = 1), example = 1)]
    pub octets: u32,
    /// One such piece in this time.
    #[schemars(example = &"1s")]
    pub every: Dur,
}

/// A mailbox whose server loses its index: all its messages get new UIDs under another UIDVALIDITY, and
/// new unique ids in POP3. Flags stay. Who has it selected is sent away. Devices read it from the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RebuildIndex {
    /// Whose.
    #[schemars(example = &"bob@example.com")]
    pub user: String,
    /// Which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "INBOX"), example = &"Archive")]
    pub mailbox: Option<String>,
}

//! What clients do, and when.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::OneOrMany;
use super::units::{Dur, Size};

/// A thing that a client does; exactly one of the keys beside `at`, `client` and `host`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    {"required": ["send"]}, {"required": ["fetch"]}, {"required": ["poll"]},
    {"required": ["idle"]}, {"required": ["flag"]}, {"required": ["copy"]}, {"required": ["append"]},
    {"required": ["delete"]}, {"required": ["misbehave"]}, {"required": ["resolve"]}
]))]
pub struct Step {
    /// When, from the start of the run.
    #[schemars(example = &"1s")]
    pub at: Dur,
    /// Which client: `alice@example.org/laptop`, `alice@example.org` (the first of her devices), or a
    /// key of `clients`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"alice@example.org/laptop")]
    pub client: Option<String>,
    /// Which host, for `resolve` without a client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"mx1.example.org")]
    pub host: Option<String>,
    /// Submits a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"to": "bob@example.com", "subject": "Hello"}]))]
    pub send: Option<Send>,
    /// Reads once: every new message over IMAP; over POP3, downloads all, and deletes it unless
    /// `leave_on_server` says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{}]))]
    pub fetch: Option<Fetch>,
    /// Reads again and again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"every": "30s", "for": "5m"}]))]
    pub poll: Option<Poll>,
    /// Stays connected by IMAP and hears at once of what is new (IDLE, RFC 2177). The connection is
    /// opened again when it is lost. The client does other things meanwhile on connections of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"for": "1h"}]))]
    pub idle: Option<Idle>,
    /// Sets or clears flags of a message, over IMAP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"mail": "hello", "add": ["\\Flagged"]}]))]
    pub flag: Option<Flag>,
    /// Copies a message to another mailbox, over IMAP. The mailbox is created if need be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"mail": "hello", "to": "Archive"}]))]
    pub copy: Option<Copy>,
    /// Puts a message of the client's own into a mailbox, over IMAP. It is created if need be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"mailbox": "Drafts", "subject": "To do", "text": "Milk"}]))]
    pub append: Option<Append>,
    /// Marks a message as deleted and expunges it, over IMAP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"mail": "hello"}]))]
    pub delete: Option<Delete>,
    /// Talks to a server as no client should.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"at": "smtp", "how": "bare_lf"}]))]
    pub misbehave: Option<Misbehave>,
    /// Asks the resolver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"name": "example.com", "type": "MX"}]))]
    pub resolve: Option<Resolve>,
}

/// A message to submit: composed, or a file as it is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Send {
    /// What the scenario calls the message. Default: `mail-1` for the first `send`, and so on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"hello")]
    pub id: Option<String>,
    /// The recipients; with `eml`, of the envelope alone.
    #[schemars(example = &"bob@example.com")]
    pub to: OneOrMany<String>,
    /// Recipients of a copy.
    #[schemars(example = &"carol@example.org")]
    pub cc: OneOrMany<String>,
    /// Recipients that no header names.
    #[schemars(example = &"dave@example.com")]
    pub bcc: OneOrMany<String>,
    /// The sender. Default: the client's user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"alice@example.org")]
    pub from: Option<String>,
    /// The subject. Not with `eml`.
    /// Default: the id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"Hello")]
    pub subject: Option<String>,
    /// The text; `\n` ends a line. Not with `eml`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = ""), example = &"Hello Bob,\nall is well.\n")]
    pub text: Option<String>,
    /// Further header fields. Not with `eml`.
    #[schemars(extend("examples" = [{"Reply-To": "carol@example.org"}]))]
    pub headers: IndexMap<String, String>,
    /// Fills the text up to this size. Not with `eml`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"2KiB")]
    pub size: Option<Size>,
    /// A message from a file in the scenario's folder, sent as it is; its line ends become CRLF.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"data/multipart.eml")]
    pub eml: Option<String>,
    /// Which news of each recipient the sender asks for (NOTIFY, RFC 3461): `never`, or one or more of
    /// `success`, `failure` and `delay`. Default: not said, which means failures, and delays where the
    /// servers warn of them.
    #[schemars(extend("examples" = [["success", "failure"]]))]
    pub notify: OneOrMany<Notify>,
    /// How much of the message comes back with a report of failure (RET). Default: not said, which
    /// means all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"headers")]
    pub ret: Option<Ret>,
    /// What the sender calls the message in reports (ENVID): up to 100 characters of printable ASCII.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"QQ314159")]
    pub envid: Option<String>,
}

/// News that a sender can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Notify {
    /// No news of any kind; stands alone.
    Never,
    /// It was delivered, or handed to a server that will not say.
    Success,
    /// It could not be delivered.
    Failure,
    /// It is still being tried.
    Delay,
}

/// How much of a message comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ret {
    /// All of it.
    Full,
    /// Its header.
    Headers,
}

/// Reads once.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Fetch {
    /// Which mailbox; IMAP only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "INBOX"), example = &"Archive")]
    pub mailbox: Option<String>,
}

/// Reads again and again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Poll {
    /// From one reading to the next, at least 1ms.
    #[schemars(example = &"30s")]
    pub every: Dur,
    /// For how long. Default: until the run ends.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"5m")]
    pub for_: Option<Dur>,
    /// Which mailbox; IMAP only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "INBOX"), example = &"Archive")]
    pub mailbox: Option<String>,
}

/// Stays connected.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Idle {
    /// For how long. Default: until the run ends.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"1h")]
    pub for_: Option<Dur>,
    /// On which mailbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "INBOX"), example = &"Archive")]
    pub mailbox: Option<String>,
}

/// Bad manners, for seeing how a server bears them. What came of it is a note in the transcript.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Misbehave {
    /// At which kind of server: `smtp` (port 25), `pop3` (port 110) or `imap` (port 143).
    #[schemars(example = &"smtp")]
    pub at: Spoken,
    /// In which way: `no_quit`, `early_talker`, `bare_lf`, `tls_injection`, `long_line`, `half_command`
    /// or `nonsense`.
    #[schemars(example = &"bare_lf")]
    pub how: Manner,
    /// The name of the server. Default: the first border MTA of the user's domain, or `pop` or `imap` in
    /// it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"mx1.example.com")]
    pub host: Option<String>,
}

/// What a server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Spoken {
    /// Port 25.
    Smtp,
    /// Port 110.
    Pop3,
    /// Port 143.
    Imap,
}

/// Bad manners.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Manner {
    /// Leaves without QUIT or LOGOUT: in SMTP after RCPT, in POP3 after DELE, in IMAP after a message
    /// was marked as deleted. Nothing is delivered, deleted or expunged then.
    NoQuit,
    /// Says all that it has to say before the server has greeted.
    EarlyTalker,
    /// Ends lines with LF alone; in SMTP, within a text that hides a second message behind `<LF>.<LF>`
    /// (CVE-2023-51764). One message is delivered then.
    BareLf,
    /// Sends commands in clear behind STARTTLS or STLS, and goes on in TLS (CVE-2011-0411). They get no
    /// answer. The domain of the server has `policy.tls`.
    TlsInjection,
    /// Sends a line of 100,000 octets.
    LongLine,
    /// Sends half a command and nothing more, until the server hangs up.
    HalfCommand,
    /// Sends what is no command, until the server hangs up.
    Nonsense,
}

/// Changes the flags of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Flag {
    /// Which message, by its `id`.
    #[schemars(example = &"hello")]
    pub mail: String,
    /// The flags to set.
    #[serde(default)]
    #[schemars(extend("examples" = [["\\Flagged"]]))]
    pub add: OneOrMany<String>,
    /// The flags to clear.
    #[serde(default)]
    #[schemars(extend("examples" = [["\\Seen"]]))]
    pub remove: OneOrMany<String>,
    /// In which mailbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "INBOX"), example = &"Archive")]
    pub mailbox: Option<String>,
}

/// Copies a message to another mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Copy {
    /// Which message, by its `id`.
    #[schemars(example = &"hello")]
    pub mail: String,
    /// To which mailbox.
    #[schemars(example = &"Archive")]
    pub to: String,
    /// From which mailbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "INBOX"), example = &"Archive")]
    pub mailbox: Option<String>,
}

/// Puts a message of the client's own into a mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Append {
    /// What the scenario calls the message. Default: `mail-1` for the first message, and so on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"note")]
    pub id: Option<String>,
    /// Into which mailbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "INBOX"), example = &"Drafts")]
    pub mailbox: Option<String>,
    /// The subject. Not with `eml`.
    /// Default: the id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"To do")]
    pub subject: Option<String>,
    /// The text. Not with `eml`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = ""), example = &"Milk")]
    pub text: Option<String>,
    /// A message from a file in the scenario's folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"data/multipart.eml")]
    pub eml: Option<String>,
    /// The flags it gets.
    #[schemars(extend("examples" = [["\\Seen", "\\Draft"]]))]
    pub flags: OneOrMany<String>,
}

/// Deletes a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Delete {
    /// Which message, by its `id`.
    #[schemars(example = &"hello")]
    pub mail: String,
    /// In which mailbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "INBOX"), example = &"Archive")]
    pub mailbox: Option<String>,
}

/// Asks the resolver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resolve {
    /// Which name.
    #[schemars(example = &"www.lab.example.com")]
    pub name: String,
    /// Which type of record.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "A"), example = &"MX")]
    pub type_: Option<String>,
}

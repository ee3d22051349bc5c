//! What is expected of messages: where they lie, how they got there, what was reported.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Count;
use crate::scenario::format::OneOrMany;
use crate::scenario::format::units::Dur;

/// A message was put into a mailbox by the server there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Delivered {
    /// Which message, by its `id`.
    #[schemars(example = &"hello")]
    pub mail: String,
    /// To whom. Default: every recipient of the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"bob@example.com")]
    pub to: Option<OneOrMany<String>>,
    /// At most so long after it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"5s")]
    pub within: Option<Dur>,
    /// At least so long after it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"2m")]
    pub after: Option<Dur>,
    /// How often it was put there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 1), example = 1)]
    pub copies: Option<Count>,
    /// Whether it must be what was sent, octet for octet, but for trace fields put on top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false), example = true)]
    pub octets_equal: Option<bool>,
    /// Text that must stand in header fields of the copy there: of several fields of one name, in any
    /// of them. White space counts as one space.
    #[serde(default)]
    #[schemars(extend("examples" = [{"Authentication-Results": "dkim=pass"}]))]
    pub header: IndexMap<String, OneOrMany<String>>,
}

/// A message was put into no mailbox of the recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotDelivered {
    /// Which message, by its `id`.
    #[schemars(example = &"hello")]
    pub mail: String,
    /// To whom. Default: every recipient of the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"bob@example.com")]
    pub to: Option<OneOrMany<String>>,
}

/// Reports of failed delivery that were put into a user's INBOX.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bounce {
    /// Who got it.
    #[schemars(example = &"alice@example.org")]
    pub to: String,
    /// About which message, by its `id`. Default: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"hello")]
    pub mail: Option<String>,
    /// For which recipient. Default: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"staff@example.com")]
    pub recipient: Option<String>,
    /// What it reports of that recipient: its `Action` field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "failed"), example = &"delayed")]
    pub action: Option<ReportedAction>,
    /// The `Status` field (RFC 3463).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"5.7.133")]
    pub status: Option<String>,
    /// The host that wrote it: its `Reporting-MTA`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"smtp.example.org")]
    pub by: Option<String>,
    /// Text that must stand in it.
    #[serde(default)]
    #[schemars(example = &"RESOLVER.RST.SenderNotAuthenticatedForGroup")]
    pub contains: OneOrMany<String>,
    /// How many of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 1), example = 0)]
    pub count: Option<Count>,
}

/// What a report says was done (RFC 3464 §2.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportedAction {
    /// Given up.
    #[default]
    Failed,
    /// Not delivered yet, and tried again.
    Delayed,
    /// Put into a mailbox.
    Delivered,
    /// Handed to a server that does not report success.
    Relayed,
    /// Replaced by several addresses.
    Expanded,
}

/// What a mailbox holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailboxHolds {
    /// Whose.
    #[schemars(example = &"bob@example.com")]
    pub user: String,
    /// Which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "INBOX"), example = &"Archive")]
    pub mailbox: Option<String>,
    /// How many messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = 2)]
    pub messages: Option<Count>,
    /// How many of them without `\Seen`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = 0)]
    pub unseen: Option<Count>,
    /// A message that is among them, by its `id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"hello")]
    pub mail: Option<String>,
    /// Flags that `mail` has.
    #[serde(default)]
    #[schemars(extend("examples" = [["\\Seen", "\\Flagged"]]))]
    pub flags: OneOrMany<String>,
}

/// What a host's delivery queue holds at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueHolds {
    /// Which host. Default: all together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"mx1.example.com")]
    pub host: Option<String>,
    /// How many messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 0), example = 1)]
    pub messages: Option<Count>,
}

/// The hosts that a delivered message passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PathTaken {
    /// Which message, by its `id`.
    #[schemars(example = &"hello")]
    pub mail: String,
    /// To whom. Default: every recipient of the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"bob@example.com")]
    pub to: Option<OneOrMany<String>>,
    /// The hosts that received it, the first one first.
    #[schemars(extend("examples" = [["smtp.example.org", "mx1.example.com", "imap.example.com"]]))]
    pub hosts: Vec<String>,
}

/// How often MTAs tried to hand a message on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attempts {
    /// Which message, by its `id`.
    #[schemars(example = &"hello")]
    pub mail: String,
    /// Which MTA's attempts. Default: those of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"smtp.example.org")]
    pub from: Option<String>,
    /// How many.
    #[schemars(extend("examples" = [{"at_least": 2}]))]
    pub count: Count,
}

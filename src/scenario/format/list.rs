//! Mailing lists of a domain.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::OneOrMany;

/// A mailing list: what is posted to it goes to its members, with a reverse-path and header fields of
/// the list (RFC 5321 §3.9.2, RFC 2369, RFC 2919). It is kept where the domain's mailboxes are.
///
/// `LIST-owner`, `LIST-request` and `LIST-bounces` are addresses of who looks after it. Reports and
/// automatic replies are not distributed. Who may post beside what `post` says is said in
/// `policy.recipients`, as for any recipient.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MailingList {
    /// The members: users, aliases or lists of this domain (local part alone), or addresses.
    #[schemars(extend("examples" = [["alice", "eve@example.org"]]))]
    pub members: Vec<String>,
    /// Who may post: `anyone`, or `members`, by the reverse-path; others are refused with 550 5.7.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "anyone"), example = &"members")]
    pub post: Option<Post>,
    /// Who looks after it, and gets its bounces: a user, an alias, or an address. Default: the domain's
    /// postmaster.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"alice")]
    pub owner: Option<String>,
    /// What stands before the subject of what it distributes. One line of printable ASCII.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"[team]")]
    pub subject_prefix: Option<String>,
    /// Where replies go: `author`, or `list`, or an address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "author"), example = &"list")]
    pub reply_to: Option<String>,
    /// Whether each member gets a message with a reverse-path of its own, so that a bounce tells whose
    /// it is (VERP).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false), example = true)]
    pub verp: Option<bool>,
}

/// Who may post to a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Post {
    /// Everybody who may send to it.
    Anyone,
    /// Its members.
    Members,
}

/// Where a user's mail is sent on to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Forward {
    /// To whom: users, aliases or lists of this domain (local part alone), or addresses.
    #[schemars(extend("examples" = ["eve@example.org", ["alice", "eve@example.org"]]))]
    pub to: OneOrMany<String>,
    /// Whether the user's own mailbox gets it too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false), example = true)]
    pub keep: Option<bool>,
}

/// How a user's mail is forwarded: to one or more addresses, or an object with particulars.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Forwarding {
    /// To whom.
    One(String),
    /// To these.
    Many(Vec<String>),
    /// To whom, and what else.
    Full(Forward),
}

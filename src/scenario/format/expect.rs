//! What must hold at the end of a run.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::OneOrMany;
use super::units::Dur;

/// An expectation; exactly one of the keys beside `always`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("oneOf" = [
    {"required": ["delivered"]}, {"required": ["not_delivered"]}, {"required": ["bounce"]},
    {"required": ["queries"]}, {"required": ["resolved"]}, {"required": ["mailbox"]},
    {"required": ["device"]}, {"required": ["queue"]}, {"required": ["reply"]},
    {"required": ["path"]}, {"required": ["attempts"]}, {"required": ["lost_packets"]},
    {"required": ["forged"]}, {"required": ["downloads"]}, {"required": ["trouble"]},
    {"required": ["packets"]}, {"required": ["load"]}
]))]
pub struct Expectation {
    /// Whether it holds whatever goes wrong: then it is judged under the faults that `mxsim explore`
    /// draws too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false), example = true)]
    pub always: Option<bool>,
    /// A message was put into a mailbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"mail": "hello", "to": "bob@example.com", "within": "5s"}]))]
    pub delivered: Option<Delivered>,
    /// A message was put into no mailbox of the recipient.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"mail": "hello", "to": "bob@example.com"}]))]
    pub not_delivered: Option<NotDelivered>,
    /// A report (RFC 3464) was put into a mailbox: of failed delivery, unless `action` says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"to": "alice@example.org", "status": "5.7.133"}]))]
    pub bounce: Option<Bounce>,
    /// DNS queries that crossed the network, or did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        extend("examples" = [{"from": "resolver.example.org", "to": "a.root-servers.net", "count": 1}])
    )]
    pub queries: Option<Queries>,
    /// What a `resolve` of the agenda got.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"name": "www.lab.example.com", "answer": "192.0.2.80"}]))]
    pub resolved: Option<Resolved>,
    /// What a mailbox holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"user": "bob@example.com", "messages": 2}]))]
    pub mailbox: Option<MailboxHolds>,
    /// What a client downloaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        extend("examples" = [{"client": "bob@example.com/phone", "mail": "hello", "count": 1}])
    )]
    pub downloads: Option<Downloads>,
    /// What a client could not do.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        extend("examples" = [{"client": "bob@example.com/phone", "contains": "refused", "count": 2}])
    )]
    pub trouble: Option<Trouble>,
    /// What a client has seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"client": "bob@example.com/phone", "sees": 1}]))]
    pub device: Option<DeviceSees>,
    /// How many messages are queued on a host.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"host": "mx1.example.com"}]))]
    pub queue: Option<QueueHolds>,
    /// SMTP replies that a server gave, or did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        extend("examples" = [{"from": "mx1.example.com", "code": 550, "contains": "5.7.133"}])
    )]
    pub reply: Option<ReplyGiven>,
    /// The hosts that a message passed, in order, as its Received fields tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        extend("examples" = [{"mail": "hello", "hosts": ["smtp.example.org", "mx1.example.com"]}])
    )]
    pub path: Option<PathTaken>,
    /// How often MTAs tried to hand a message on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        extend("examples" = [{"mail": "hello", "from": "smtp.example.org", "count": {"at_least": 2}}])
    )]
    pub attempts: Option<Attempts>,
    /// How many packets were lost on links.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"at_least": 1}]))]
    pub lost_packets: Option<Count>,
    /// How many packets met a certain fate.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"fate": "duplicated", "count": {"at_least": 1}}]))]
    pub packets: Option<Packets>,
    /// How many forged datagrams arrived at a host.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        extend("examples" = [{"to": "resolver.example.org", "port": "closed", "count": {"at_least": 1000}}])
    )]
    pub forged: Option<Forged>,
    /// What the workload has come to, on all hosts together. It is judged without records too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"submitted": 1000, "delivered": {"at_least": 950}}]))]
    pub load: Option<LoadDone>,
}

/// What a workload has come to: each number that is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LoadDone {
    /// Messages that were written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = 1000)]
    pub written: Option<Count>,
    /// Messages that submission servers took, for one recipient at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = 1000)]
    pub submitted: Option<Count>,
    /// Messages that clients gave up, for one recipient at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = 0)]
    pub refused: Option<Count>,
    /// Messages that were put into mailboxes, one for each recipient, and reports on others among them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"at_least": 950}]))]
    pub delivered: Option<Count>,
    /// Questions that were asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = 5000)]
    pub asked: Option<Count>,
    /// Questions that were answered, with records or that there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = 5000)]
    pub answered: Option<Count>,
    /// Questions that nobody could answer, or not in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = 0)]
    pub unanswered: Option<Count>,
}

/// A number, exactly, or within bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Count {
    /// Exactly so many.
    Exactly(u64),
    /// Within bounds.
    Between(Bounds),
}

/// Bounds of a number, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Bounds {
    /// The least.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 0), example = 1)]
    pub at_least: Option<u64>,
    /// The most. Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = 3)]
    pub at_most: Option<u64>,
}

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

/// Messages that a client downloaded. What is left out fits any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Downloads {
    /// Which client.
    #[schemars(example = &"bob@example.com/phone")]
    pub client: String,
    /// Which message, by its `id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"hello")]
    pub mail: Option<String>,
    /// Not before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "0s"), example = &"1m")]
    pub after: Option<Dur>,
    /// Before this time. Default: `until`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"2m")]
    pub before: Option<Dur>,
    /// How many in all.
    #[schemars(example = 1)]
    pub count: Count,
}

/// What a client tried to do, and could not. What is left out fits any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trouble {
    /// Which client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"bob@example.com/phone")]
    pub client: Option<String>,
    /// Text that must stand in what it tells.
    #[serde(default)]
    #[schemars(example = &"login refused")]
    pub contains: OneOrMany<String>,
    /// How often.
    #[schemars(example = 1)]
    pub count: Count,
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

/// DNS queries on the network. What is left out fits any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Queries {
    /// The host that asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"resolver.example.org")]
    pub from: Option<String>,
    /// The host that is asked, or several; `root` stands for all root servers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"root")]
    pub to: Option<OneOrMany<String>>,
    /// The name asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"example.com")]
    pub name: Option<String>,
    /// The type asked for.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"MX")]
    pub type_: Option<String>,
    /// Not before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "0s"), example = &"1m")]
    pub after: Option<Dur>,
    /// Before this time.
    /// Default: `until`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"2m")]
    pub before: Option<Dur>,
    /// How many of them.
    #[schemars(example = 1)]
    pub count: Count,
}

/// Forged datagrams that arrived. What is left out fits any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Forged {
    /// The host that sent them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"evil.example.net")]
    pub by: Option<String>,
    /// The host whose address stands in them.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"ns1.example.com")]
    pub as_: Option<String>,
    /// The host that they arrived at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"resolver.example.org")]
    pub to: Option<String>,
    /// Whether a program waited at the port that they came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"open")]
    pub port: Option<PortState>,
    /// How many of them.
    #[schemars(example = 20000)]
    pub count: Count,
}

/// Whether a program waits at a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PortState {
    /// One does, and reads what arrives.
    Open,
    /// None does: what arrives is dropped.
    Closed,
}

/// What a `resolve` of the agenda got. The last one of that name and type counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resolved {
    /// The name, as in the agenda.
    #[schemars(example = &"www.lab.example.com")]
    pub name: String,
    /// The type, as in the agenda.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "A"), example = &"MX")]
    pub type_: Option<String>,
    /// Data that must be among the answers, as a master file writes it.
    #[serde(default)]
    #[schemars(example = &"192.0.2.80")]
    pub answer: OneOrMany<String>,
    /// The response code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "NOERROR"), example = &"NXDOMAIN")]
    pub rcode: Option<String>,
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

/// What a client has seen on its last reading of a mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceSees {
    /// Which client.
    #[schemars(example = &"bob@example.com/phone")]
    pub client: String,
    /// Which mailbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "INBOX"), example = &"Archive")]
    pub mailbox: Option<String>,
    /// How many messages; over POP3, how many it downloaded in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = 1)]
    pub sees: Option<Count>,
    /// A message that is among them, by its `id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"hello")]
    pub mail: Option<String>,
    /// Flags that it saw `mail` have.
    #[serde(default)]
    #[schemars(extend("examples" = [["\\Flagged"]]))]
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

/// SMTP replies on the network. What is left out fits any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplyGiven {
    /// The server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"mx1.example.com")]
    pub from: Option<String>,
    /// The client's host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"smtp.example.org")]
    pub to: Option<String>,
    /// The reply code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 200, max = 599), example = 550)]
    pub code: Option<u16>,
    /// Text that must stand in it; the enhanced status code is part of it.
    #[serde(default)]
    #[schemars(example = &"5.7.133")]
    pub contains: OneOrMany<String>,
    /// How many of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = {"at_least": 1}), example = 3)]
    pub count: Option<Count>,
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

/// Packets that met a certain fate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Packets {
    /// What became of them.
    #[schemars(example = &"duplicated")]
    pub fate: Fate,
    /// How many there are.
    #[schemars(extend("examples" = [{"at_least": 1}]))]
    pub count: Count,
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Lost on a link by its `loss`.
    Lost,
    /// Lost at a link that was cut.
    Cut,
    /// Lost because a queue was full.
    QueueFull,
    /// Lost because it was larger than an MTU.
    TooBig,
    /// Lost because no way led to its destination.
    NoRoute,
    /// Swallowed by a partition.
    Partitioned,
    /// Dropped by a packet fault.
    Struck,
    /// Dropped by its receiver, because a bit was flipped.
    Corrupted,
    /// Doubled by a link or a packet fault.
    Duplicated,
    /// Kept back by a packet fault.
    Delayed,
    /// Answered with RST by a packet fault.
    Reset,
    /// Held by a link and let go later.
    Held,
}

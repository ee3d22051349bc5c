//! What must hold at the end of a run.

mod clients;
mod mail;
mod network;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use clients::{DeviceSees, Downloads, Trouble};
pub use mail::{
    Attempts, Bounce, Delivered, MailboxHolds, NotDelivered, PathTaken, QueueHolds, ReportedAction,
};
pub use network::{Fate, Forged, Packets, PortState, Queries, ReplyGiven, Resolved};

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

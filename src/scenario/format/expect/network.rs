//! What is expected of questions, replies and packets on their way.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Count;
use crate::scenario::format::OneOrMany;
use crate::scenario::format::units::Dur;

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

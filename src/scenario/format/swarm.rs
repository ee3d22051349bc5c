//! Which faults `mxsim explore --faults swarm` may draw.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::OneOrMany;
use super::units::Dur;

/// What `mxsim explore --faults swarm` may do to this scenario. Each seed first draws a random
/// subset of the kinds, and then faults of those. Without this section everything may fail.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Swarm {
    /// The kinds of faults that are drawn. Default: all that there are.
    #[schemars(extend("examples" = [["crash", "cut", "loss"]]))]
    pub kinds: OneOrMany<FaultKind>,
    /// How many faults a run has at the most. At least one is drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000), extend("default" = 6), example = 20)]
    pub at_most: Option<u32>,
    /// The hosts and routers that something may happen to, and to their links. Default: all.
    #[schemars(extend("examples" = [["mx1.example.com", "smtp.example.org"]]))]
    pub hosts: OneOrMany<String>,
    /// The hosts and routers that nothing happens to, nor to their links.
    #[schemars(extend("examples" = [["a.root-servers.net"]]))]
    pub spare: OneOrMany<String>,
    /// Nothing happens before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "0s"), example = &"10s")]
    pub from: Option<Dur>,
    /// All faults have ended by then, so that mail can come to its end. Default: an hour after the
    /// last step of the agenda.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"2h")]
    pub until: Option<Dur>,
    /// How long one fault lasts at the most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "30m"), example = &"2h")]
    pub longest: Option<Dur>,
    /// How hard a fault is at the most, in percent: shares of packets lost, delays and the like are
    /// drawn up to this part of what they can be.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100), extend("default" = 100), example = 30)]
    pub strength: Option<u8>,
}

/// A kind of fault that a seed can draw.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// A host crashes and starts again.
    Crash,
    /// The programs of a host are stopped for a while.
    Pause,
    /// A whole host stands still for a while.
    Freeze,
    /// The clock of a host is wrong.
    Clock,
    /// The disk of a host with mail is full.
    DiskFull,
    /// The disk of a host with mail is slow.
    SlowDisk,
    /// The programs of a host with mail can open few sockets.
    Descriptors,
    /// A link is cut.
    Cut,
    /// A host or router is cut off from everything.
    Isolate,
    /// A link loses packets.
    Loss,
    /// A link gets slow: its latency rises.
    Delay,
    /// A link gets narrow: its bandwidth falls.
    Narrow,
    /// A DNS server answers wrongly, late or not at all.
    Dns,
    /// An SMTP server refuses, is late, hangs up or falls silent.
    Smtp,
    /// A POP3 server does.
    Pop3,
    /// An IMAP server does.
    Imap,
}

impl FaultKind {
    /// All, in a fixed order.
    pub const ALL: [FaultKind; 16] = [
        FaultKind::Crash,
        FaultKind::Pause,
        FaultKind::Freeze,
        FaultKind::Clock,
        FaultKind::DiskFull,
        FaultKind::SlowDisk,
        FaultKind::Descriptors,
        FaultKind::Cut,
        FaultKind::Isolate,
        FaultKind::Loss,
        FaultKind::Delay,
        FaultKind::Narrow,
        FaultKind::Dns,
        FaultKind::Smtp,
        FaultKind::Pop3,
        FaultKind::Imap,
    ];
}

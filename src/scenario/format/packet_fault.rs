//! Faults of single packets.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::{Dur, Share};

/// Which packets of a host are struck where they leave it, and what becomes of them. What is left out
/// fits any packet. Of several such faults that strike a packet the one with the earliest `at` counts,
/// of one time the first in the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PacketFault {
    /// The host that sends them.
    #[schemars(example = &"mx1.example.org")]
    pub from: String,
    /// Only those for this host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"mx1.example.com")]
    pub to: Option<String>,
    /// Only TCP segments, or only UDP datagrams.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"tcp")]
    pub protocol: Option<Protocol>,
    /// Only those with this port at either end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), example = 25)]
    pub port: Option<u16>,
    /// Only TCP segments with all of these flags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("examples" = [["syn", "ack"]]))]
    pub flags: Vec<TcpFlag>,
    /// Only the packet of this number, from 1, in its direction of a connection, or between two ports by
    /// UDP. A SYN is always number 1. What was sent before the fault begins does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), example = 7)]
    pub number: Option<u64>,
    /// Only the packet of this number, from 1, among all that the host sends in the run. Not with
    /// `number`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), example = 120)]
    pub host_number: Option<u64>,
    /// Only the first so many that fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), example = 3)]
    pub first: Option<u64>,
    /// Only this share of those that fit, each drawn independently of the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "100%"), example = &"50%")]
    pub share: Option<Share>,
    /// What becomes of them.
    #[serde(rename = "do")]
    #[schemars(example = &"drop")]
    pub do_: Strike,
    /// How much later they leave. Only with `"do": "delay"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"2s")]
    pub by: Option<Dur>,
}

/// What becomes of a packet that is struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strike {
    /// It is lost.
    Drop,
    /// It leaves twice.
    Duplicate,
    /// It leaves later, and others overtake it.
    Delay,
    /// A bit is flipped: the receiver's checksum fails, and it drops the packet.
    Corrupt,
    /// It is lost, and both ends of its connection get a RST in the other's name, as from a censor's
    /// box on the way.
    Reset,
}

/// A protocol over IP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// Datagrams.
    Udp,
    /// Connections.
    Tcp,
}

/// A flag of a TCP segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TcpFlag {
    /// Opens a connection.
    Syn,
    /// Acknowledges.
    Ack,
    /// Ends one direction of a connection.
    Fin,
    /// Breaks a connection off.
    Rst,
    /// Is to be handed over at once.
    Psh,
}

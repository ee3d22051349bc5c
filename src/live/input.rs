//! What came in from outside: the lines of a record.

use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// Something that came in from outside. `host` is the host with the port that stands for a server
/// outside, where it is not the gateway.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs, reason = "the fields are those of `world::Outside`, or named by their types")]
pub enum Input {
    /// A real client connected to a port that leads to this address.
    Connect { door: u64, to: SocketAddr },
    /// The next octets of a real client or server.
    Octets {
        door: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        host: Option<String>,
        octets: Payload,
    },
    /// It sends no more.
    Eof {
        door: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        host: Option<String>,
    },
    /// It is gone.
    Reset {
        door: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        host: Option<String>,
    },
    /// It has taken so many octets.
    Taken {
        door: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        host: Option<String>,
        count: u64,
    },
    /// A datagram of a real client.
    Datagram { flow: u64, to: SocketAddr, octets: Payload },
    /// A datagram of a real server.
    Answer {
        flow: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        host: Option<String>,
        octets: Payload,
    },
    /// A fault, in the form in which it stands in a scenario, with its number.
    Fault { number: u64, fault: Value },
    /// The fault of that number ends.
    Clear { number: u64 },
    /// A message is put into a mailbox.
    Store { account: String, mailbox: String, octets: Payload },
    /// Messages are removed from a mailbox: these, or all.
    Delete {
        account: String,
        mailbox: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        uids: Option<Vec<u32>>,
    },
    /// A new world with this seed, at time zero.
    World { seed: u64 },
}

/// Octets, in base64.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Payload(pub Bytes);

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let octets = STANDARD.decode(text).map_err(serde::de::Error::custom)?;
        Ok(Payload(octets.into()))
    }
}

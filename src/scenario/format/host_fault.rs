//! What goes wrong with a host that is not down.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::network::Latency;
use super::units::{Dur, Size};

/// A clock that is wrong; one of `ahead` and `behind`, or `drift_ppm`, or both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WrongClock {
    /// The host.
    #[schemars(example = &"mx1.example.com")]
    pub host: String,
    /// By how much it is set ahead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"2h")]
    pub ahead: Option<Dur>,
    /// By how much it is set back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"3d")]
    pub behind: Option<Dur>,
    /// How many millionths it runs too fast from then on; negative: too slowly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -500_000, max = 500_000), extend("default" = 0), example = 50)]
    pub drift_ppm: Option<i32>,
}

/// A disk that something else has filled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum FullDisk {
    /// Of this host, to the last octet.
    Host(String),
    /// Of a host, but for some octets.
    Nearly(NearlyFullDisk),
}

/// A disk that something else has filled, but for some octets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NearlyFullDisk {
    /// The host.
    #[schemars(example = &"imap.example.com")]
    pub host: String,
    /// How many octets are left when the fault begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "0B"), example = &"20KB")]
    pub free: Option<Size>,
}

/// A disk on which writes take their time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlowDisk {
    /// The host.
    #[schemars(example = &"mx1.example.com")]
    pub host: String,
    /// How long each write takes that somebody waits for: a message into the queue or a mailbox, a
    /// change that a client made. One is done after the other.
    #[schemars(example = &"300ms")]
    pub write: Latency,
}

/// A host whose programs can open only so many sockets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FewDescriptors {
    /// The host.
    #[schemars(example = &"mx1.example.com")]
    pub host: String,
    /// How many they can have open together: connections in both directions, and ports for questions
    /// to the DNS. Those that they listen at are not counted.
    #[schemars(example = 20)]
    pub most: u32,
    /// What becomes of a client for whom there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "wait"), example = &"refuse")]
    pub then: Option<NoDescriptor>,
}

/// A service that is restarted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RestartService {
    /// The host.
    #[schemars(example = &"mail.example.com")]
    pub host: String,
    /// Which of its services.
    #[schemars(example = &"mta")]
    pub service: ServiceName,
}

/// A service that can be restarted by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServiceName {
    /// The MTA.
    Mta,
    /// The mailbox server.
    MailboxServer,
    /// The name server.
    NameServer,
    /// The resolver.
    Resolver,
}

impl ServiceName {
    /// As it is written in a scenario.
    pub fn word(self) -> &'static str {
        match self {
            ServiceName::Mta => "mta",
            ServiceName::MailboxServer => "mailbox_server",
            ServiceName::NameServer => "name_server",
            ServiceName::Resolver => "resolver",
        }
    }
}

/// What becomes of a client for whom there is no descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoDescriptor {
    /// It is connected, and hears nothing until another has gone (the kernel completes the handshake,
    /// and the program cannot accept).
    Wait,
    /// It is refused.
    Refuse,
}

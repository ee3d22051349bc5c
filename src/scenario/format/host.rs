//! Hosts and mail clients in the explicit form.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::OneOrMany;
use super::domain::ReadProtocol;
use super::network::Link;
use super::policy::Retry;
use super::resolver::ResolverSettings;
use super::units::Size;

/// A host: addresses, place in the network, services.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Host {
    /// Its IPv4 and IPv6 addresses. Default: the next free ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [["192.0.2.10", "2001:db8::10"]]))]
    pub addresses: Option<Vec<IpAddr>>,
    /// On which router it hangs. Default: its domain's router, or else the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"isp")]
    pub attach: Option<String>,
    /// What its link to the router is like.
    /// Default: `network.default_link`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"latency": "2ms"}]))]
    pub link: Option<Link>,
    /// The hosts whose resolver it asks, in order. Default: its domain's resolver; for a host of no
    /// domain, its own resolver service, or else none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"resolver.example.org")]
    pub resolver: Option<OneOrMany<String>>,
    /// What runs on it.
    #[schemars(extend("examples" = [[{"name_server": {"zones": ["example.net"]}}]]))]
    pub services: Vec<Service>,
}

/// A service; exactly one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("oneOf" = [
    {"required": ["name_server"]}, {"required": ["resolver"]},
    {"required": ["mta"]}, {"required": ["mailbox_server"]}
]))]
pub struct Service {
    /// An authoritative name server, port 53.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"zones": ["example.net"]}]))]
    pub name_server: Option<NameServer>,
    /// A recursive resolver, port 53. It starts from the root hints.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{}]))]
    pub resolver: Option<Resolver>,
    /// An MTA, port 25 and, for submission, 587.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"relay": ["example.com"]}]))]
    pub mta: Option<Mta>,
    /// A mailbox server: IMAP on port 143, POP3 on port 110.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"domains": ["example.com"]}]))]
    pub mailbox_server: Option<MailboxServer>,
}

/// An authoritative name server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NameServer {
    /// The zones it serves, beside those that name it under `servers`.
    #[schemars(extend("examples" = [["example.net"]]))]
    pub zones: Vec<String>,
}

/// A recursive resolver.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Resolver {
    /// Zones (keys of `zones`) that it answers from itself instead of asking: an inner view.
    #[schemars(extend("examples" = [["example.com inside"]]))]
    pub zones: Vec<String>,
    /// What it keeps to, where that differs from `dns.resolver`.
    #[schemars(extend("examples" = [{"stale": {}}]))]
    pub settings: ResolverSettings,
}

/// An MTA.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Mta {
    /// The domains whose mail it puts into mailboxes on this host.
    #[schemars(extend("examples" = [["example.org"]]))]
    pub deliver: Vec<String>,
    /// The domains whose mail it takes from anybody and hands on by MX.
    #[schemars(extend("examples" = [["example.com"]]))]
    pub relay: Vec<String>,
    /// Whether it takes submissions on port 587, from the users of which domains.
    #[schemars(extend("examples" = [["example.org"]]))]
    pub submission: Vec<String>,
    /// Whether it listens on port 25.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = true), example = false)]
    pub smtp: Option<bool>,
    /// The host that takes all mail for elsewhere, instead of a look-up of MX.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"relay.isp.example")]
    pub smart_host: Option<String>,
    /// The largest message it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "10240000B"), example = &"1MB")]
    pub size_limit: Option<Size>,
    /// When it tries again, and when it gives up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"min": "5m", "max": "1h", "lifetime": "2d"}]))]
    pub retry: Option<Retry>,
}

/// A mailbox server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MailboxServer {
    /// The domains whose users have their mailboxes here.
    #[schemars(extend("examples" = [["example.com"]]))]
    pub domains: Vec<String>,
    /// Whether it speaks IMAP.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = true), example = false)]
    pub imap: Option<bool>,
    /// Whether it speaks POP3.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = true), example = false)]
    pub pop3: Option<bool>,
}

/// A mail client in the explicit form.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// The host it runs on. One that is not under `hosts` is made.
    #[schemars(example = &"tablet.alice.example.org")]
    pub host: String,
    /// The user whose mail it is: a user of a domain of this scenario.
    #[schemars(example = &"alice@example.org")]
    pub user: String,
    /// The password it gives. Default: the user's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"wrong")]
    pub password: Option<String>,
    /// The name of the submission server. Default: `smtp` in the user's domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"smtp.example.org")]
    pub submit: Option<String>,
    /// The name of the server it reads from. Default: `imap` or `pop` in the user's domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"imap.example.org")]
    pub read_from: Option<String>,
    /// How it reads. Default: as the user's devices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"pop3")]
    pub read: Option<ReadProtocol>,
}

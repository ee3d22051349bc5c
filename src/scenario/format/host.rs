//! Hosts and mail clients in the explicit form.

use std::net::IpAddr;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::OneOrMany;
use super::domain::{LeaveOnServer, ReadProtocol};
use super::network::Link;
use super::policy::{AutoReply, Retry};
use super::resolver::ResolverSettings;
use super::tls::{ReadTls, SubmitTls};
use super::units::{Dur, Size};

/// A host: addresses, place in the network, services.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Host {
    /// Its IPv4 and IPv6 addresses. Default: the next free ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [["192.0.2.10", "2001:db8::10"]]))]
    pub addresses: Option<Vec<IpAddr>>,
    /// On which router it hangs, or in which region of a generated world. Default: its domain's router,
    /// or else the first.
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
    /// Its disk. Default: one on which everything has room.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"size": "50MB"}]))]
    pub disk: Option<Disk>,
    /// What runs on it.
    #[schemars(extend("examples" = [[{"name_server": {"zones": ["example.net"]}}]]))]
    pub services: Vec<Service>,
}

/// The disk of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Disk {
    /// How many octets of mail have room: queue, mailboxes and outboxes together. An MTA refuses MAIL
    /// while less than one and a half times its size limit is free.
    #[schemars(example = &"50MB")]
    pub size: Size,
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
    /// A mailbox server: IMAP on port 143, POP3 on port 110, and with TLS on 993 and 995.
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
    /// Whether it listens on port 24 for mail by LMTP (RFC 2033): the transport `lmtp:host` of another
    /// MTA brings mail there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false), example = true)]
    pub lmtp: Option<bool>,
    /// Domains whose mail it takes for any user from anybody and hands on (`relay_domains`), without
    /// knowing who exists there.
    #[schemars(extend("examples" = [["example.net"]]))]
    pub relay_domains: Vec<String>,
    /// Who takes all mail for elsewhere (`relayhost`): a domain, whose MX are asked, or a host in
    /// brackets, as it is. A port may follow: `[relay.isp.example]:2525`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"[relay.isp.example]")]
    pub smart_host: Option<String>,
    /// Where mail for an address, a domain, all below a domain (`.example.net`) or everything (`*`)
    /// goes (`transport_maps`): `smtp:domain`, `smtp:[host]:port`, `lmtp:host:port`, `local`,
    /// `error:text`, `retry:text` or `discard:text`.
    #[schemars(extend("examples" = [{"example.net": "smtp:[hub.example.net]"}]))]
    pub transports: IndexMap<String, String>,
    /// How much it does at once, where that differs from Postfix's defaults.
    #[schemars(extend("examples" = [{"concurrency": 5}]))]
    pub limits: MtaLimits,
    /// The largest message it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "10240000B"), example = &"1MB")]
    pub size_limit: Option<Size>,
    /// Whether it offers SMTPUTF8 (RFC 6531).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = true), example = false)]
    pub smtputf8: Option<bool>,
    /// When it tries again, and when it gives up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"min": "5m", "max": "1h", "lifetime": "2d"}]))]
    pub retry: Option<Retry>,
}

/// Which family of addresses is tried first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AddressPreference {
    /// As chance has it.
    #[default]
    Any,
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

/// The limits of an MTA.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MtaLimits {
    /// How long a connection may take to stand (`smtp_connect_timeout`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "30s"), example = &"10s")]
    pub connect_timeout: Option<Dur>,
    /// How many addresses of exchanges are tried in one attempt (`smtp_mx_address_limit`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), extend("default" = 5), example = 2)]
    pub mx_addresses: Option<u32>,
    /// Which family of addresses is tried first, among those of exchanges of one preference: `any`,
    /// `ipv4` or `ipv6` (`smtp_address_preference`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "any"), example = &"ipv6")]
    pub address_preference: Option<AddressPreference>,
    /// How many sessions are held in one attempt (`smtp_mx_session_limit`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), extend("default" = 2), example = 1)]
    pub mx_sessions: Option<u32>,
    /// How many recipients one transaction carries (`default_destination_recipient_limit`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), extend("default" = 50), example = 1)]
    pub recipients: Option<u32>,
    /// How many deliveries run at once to one destination at first
    /// (`initial_destination_concurrency`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), extend("default" = 5), example = 1)]
    pub initial_concurrency: Option<u32>,
    /// How many deliveries run at once to one destination at most
    /// (`default_destination_concurrency_limit`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), extend("default" = 20), example = 2)]
    pub concurrency: Option<u32>,
    /// After how many windows of failures in a row a destination is taken for dead, for the least
    /// delay between attempts (`default_destination_concurrency_failed_cohort_limit`); 0: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 1), example = 0)]
    pub failed_cohorts: Option<u32>,
    /// How many deliveries run at once to all destinations (`default_process_limit`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), extend("default" = 100), example = 10)]
    pub processes: Option<u32>,
    /// How many Received fields a message may have (`hopcount_limit`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), extend("default" = 50), example = 10)]
    pub hops: Option<u32>,
    /// How many clients are served at once; one more is told to come later.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), extend("default" = 1000), example = 20)]
    pub clients: Option<u32>,
    /// For how long a connection that has served a message is kept for the next one to the same
    /// address (`smtp_connection_cache_time_limit`; Postfix waits for two seconds).
    /// Default: not at all, each message has a connection of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"2s")]
    pub kept_connections: Option<Dur>,
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
    /// How many clients are served at once; one more is told to come later.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), extend("default" = 10000), example = 2)]
    pub connections: Option<u32>,
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
    /// How it submits: `none`, `starttls` or `submissions`. Default: as the user's devices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"starttls")]
    pub tls: Option<SubmitTls>,
    /// The name of the server it reads from. Default: `imap` or `pop` in the user's domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"imap.example.org")]
    pub read_from: Option<String>,
    /// How it reads. Default: as the user's devices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"pop3")]
    pub read: Option<ReadProtocol>,
    /// Whether it reads through TLS: `none`, `starttls` or `implicit`. Default: as the user's devices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"implicit")]
    pub read_tls: Option<ReadTls>,
    /// Whether messages that were downloaded by POP3 stay on the server. Default: as the user's devices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = true)]
    pub leave_on_server: Option<LeaveOnServer>,
    /// A reply that the client sends by itself to what it reads (RFC 3834).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"text": "I shall answer soon."}]))]
    pub auto_reply: Option<AutoReply>,
}

//! What an MTA is told: whose mail it takes, whose it delivers, whom it trusts.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crate::proto::smtp::{Mailbox, Reply};
use crate::store::queue::RetrySchedule;

/// The configuration of one MTA. Shared: an MTA is made anew from it after a crash.
#[derive(Debug, Clone)]
pub struct MtaConfig {
    /// The name it greets with, writes into trace fields, and knows itself by in an MX list.
    pub hostname: String,
    /// The recursive resolvers it asks, in order.
    pub resolvers: Vec<SocketAddr>,
    /// The domains it answers for, by name in lower case.
    pub domains: BTreeMap<String, Domain>,
    /// Whether it listens on port 25 for mail from other MTAs.
    pub smtp: bool,
    /// The users who may submit on port 587, by login; `None`: it does not listen there.
    pub submission: Option<BTreeMap<String, Submitter>>,
    /// The hosts that may relay through it and count as inside: the servers of its own domains.
    pub inside: BTreeSet<IpAddr>,
    /// The host that takes all mail for other domains, instead of a look-up of MX.
    pub smart_host: Option<String>,
    /// The largest message it takes, in octets.
    pub size_limit_octets: u64,
    /// When it tries again and when it gives up.
    pub retry: RetrySchedule,
    /// The limits of a delivery.
    pub limits: Limits,
}

/// A domain that an MTA answers for.
#[derive(Debug, Clone)]
pub struct Domain {
    /// Into mailboxes of this host, or on to the domain's inner MX.
    pub transport: Transport,
    /// The local parts that exist, in lower case; `None`: every one is taken.
    pub users: Option<BTreeSet<String>>,
    /// Local parts, in lower case, that stand for other addresses.
    pub aliases: BTreeMap<String, Vec<Mailbox>>,
    /// From whom the domain takes mail.
    pub restriction: Restriction,
    /// The users and aliases, by local part in lower case, with a restriction of their own.
    pub restrictions: BTreeMap<String, Restriction>,
    /// The automatic replies of its users, by local part in lower case.
    pub auto_replies: BTreeMap<String, AutoReply>,
}

/// Where mail for a domain goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Into the mailboxes on this host.
    Mailbox,
    /// On to the MX of the domain, as the MTA's resolver sees it: for a border MTA the inner one,
    /// for a backup the primary.
    Relay,
}

/// From whom mail is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restriction {
    /// Who may send.
    pub from: AcceptFrom,
    /// What the others are told.
    pub reply: Reply,
    /// When they are told.
    pub mode: RefusalMode,
}

/// Who may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcceptFrom {
    /// Everybody.
    Anyone,
    /// Who authenticated, and the domain's own servers.
    Inside,
    /// Nobody.
    Nobody,
}

/// When a refused sender learns of it. Both ways exist, and look different from the sender's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalMode {
    /// At RCPT: the sender's own MTA writes the bounce.
    Reject,
    /// After a 250: this MTA writes the report.
    AcceptThenBounce,
}

/// An automatic reply (RFC 3834).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutoReply {
    /// Its subject; `None`: made from the subject that it answers.
    pub subject: Option<String>,
    /// Its text.
    pub text: String,
    /// How long the same sender gets no second one.
    pub once_per: Duration,
}

/// A user who may submit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitter {
    /// The password.
    pub password: String,
    /// The addresses the user may send from.
    pub addresses: Vec<Mailbox>,
}

/// The limits of a delivery. The defaults are Postfix's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How long a connection may take to stand (`smtp_connect_timeout`).
    pub connect_timeout: Duration,
    /// How many addresses of exchanges are tried in one attempt (`smtp_mx_address_limit`).
    pub addresses: usize,
    /// How many sessions are held in one attempt (`smtp_mx_session_limit`).
    pub sessions: usize,
    /// How many recipients one transaction carries (`smtp_destination_recipient_limit`).
    pub recipients: usize,
    /// How many deliveries run at once to one destination (`default_destination_concurrency_limit`).
    pub concurrency: usize,
    /// How many Received fields a message may have (`hopcount_limit`).
    pub hops: usize,
    /// How many connections from clients stand at once; one more is answered 421.
    pub clients: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connect_timeout: Duration::from_secs(30),
            addresses: 5,
            sessions: 2,
            recipients: 50,
            concurrency: 20,
            hops: 50,
            clients: 1_000,
        }
    }
}

impl MtaConfig {
    /// An MTA of that name that takes nothing yet, with Postfix's limits.
    pub fn new(hostname: impl Into<String>, resolvers: Vec<SocketAddr>) -> Self {
        MtaConfig {
            hostname: hostname.into(),
            resolvers,
            domains: BTreeMap::new(),
            smtp: true,
            submission: None,
            inside: BTreeSet::new(),
            smart_host: None,
            size_limit_octets: 10_240_000,
            retry: RetrySchedule::default(),
            limits: Limits::default(),
        }
    }

    /// The domain that the host itself belongs to: the longest of its domains that its name ends
    /// with, else the first of them, else its name.
    pub fn own_domain(&self) -> &str {
        let host = self.hostname.to_ascii_lowercase();
        let parents = host.match_indices('.').map(|(dot, _)| &host[dot + 1..]);
        let names = std::iter::once(host.as_str()).chain(parents);
        let own = names.into_iter().find_map(|name| self.domains.get_key_value(name));
        own.or_else(|| self.domains.first_key_value()).map_or(&self.hostname, |(name, _)| name)
    }

    /// The domain of that name, if the MTA answers for it.
    pub fn domain(&self, name: &str) -> Option<&Domain> {
        self.domains.get(&name.to_ascii_lowercase())
    }
}

impl Domain {
    /// A domain that is open to everybody.
    pub fn open(transport: Transport, users: Option<BTreeSet<String>>) -> Self {
        Domain {
            transport,
            users,
            aliases: BTreeMap::new(),
            restriction: Restriction::none(),
            restrictions: BTreeMap::new(),
            auto_replies: BTreeMap::new(),
        }
    }
}

impl Restriction {
    /// Mail is taken from everybody.
    pub fn none() -> Self {
        Restriction {
            from: AcceptFrom::Anyone,
            reply: super::policy::access_denied(),
            mode: RefusalMode::Reject,
        }
    }
}

/// An MTA's configuration, shared by its incarnations.
pub type SharedConfig = Arc<MtaConfig>;

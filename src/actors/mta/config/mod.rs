//! What an MTA is told: whose mail it takes, whose it delivers, whom it trusts.

mod authentication;
mod domain;
mod limits;
mod list;
mod local_part;
mod notify;
mod personal;
mod policy;
mod restriction;
mod submitters;
mod tls;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::engine::SimTime;
use crate::proto::idna;
use crate::proto::smtp::misbehaviour::Rule;
use crate::store::queue::RetrySchedule;

pub use super::transport::{NextHop, Route, RouteError, TransportTable};
pub use authentication::{Authentication, DmarcCheck, Signers, SpfCheck};
pub use domain::{Domain, OverQuota, Transport};
pub use limits::{AddressPreference, Limits};
pub use list::MailingList;
pub use local_part::{list_of_part, split_detail};
pub use notify::NotifyClasses;
pub use personal::{AutoReply, Forward, Personal};
pub use policy::{
    AnswerMask, AnswerMaskError, ClientPolicy, DnsList, Greylisting, HeloPolicy, Rates, ReverseDns,
    SenderPolicy, Verification,
};
pub use restriction::{AcceptFrom, RefusalMode, Restriction, SenderPattern};
pub use submitters::{NumberedSubmitters, Own, Submitter, Submitters};
pub use tls::{MtaTls, TlsLevel, TlsOffer, shown};

/// The configuration of one MTA. Shared: an MTA is made anew from it after a crash.
#[derive(Debug, Clone)]
pub struct MtaConfig {
    /// The name it greets with, writes into trace fields, and knows itself by in an MX list.
    pub hostname: String,
    /// The recursive resolvers it asks, in order.
    pub resolvers: Vec<SocketAddr>,
    /// The domains it answers for, by name in lower case and A-labels.
    pub domains: BTreeMap<String, Domain>,
    /// Whether it listens on port 25 for mail from other MTAs.
    pub smtp: bool,
    /// Whether it listens on port 24 for mail by LMTP (RFC 2033), from the MTAs of its domains.
    pub lmtp: bool,
    /// The users who may submit on port 587; `None`: it does not listen there.
    pub submission: Option<Submitters>,
    /// The hosts that may relay through it and count as inside: the servers of its own domains.
    pub inside: BTreeSet<IpAddr>,
    /// Who takes all mail for other domains (`relayhost`).
    pub smart_host: Option<NextHop>,
    /// Addresses and domains whose mail goes a way of their own (`transport_maps`).
    pub transports: TransportTable,
    /// When an administrator flushes the queue (`postqueue -f`, `-s`), in the order of time.
    pub flushes: Vec<Flush>,
    /// The largest message it takes, in octets.
    pub size_limit_octets: u64,
    /// Whether it offers SMTPUTF8 (RFC 6531).
    pub smtputf8: bool,
    /// Its TLS; `None`: it neither offers nor uses it.
    pub tls: Option<MtaTls>,
    /// When it tries again and when it gives up.
    pub retry: RetrySchedule,
    /// Of which reports the postmaster hears.
    pub notify: NotifyClasses,
    /// The limits of a delivery.
    pub limits: Limits,
    /// What it checks of where mail from strangers comes from.
    pub authentication: Authentication,
    /// What it signs with, what it makes itself or takes from submitters.
    pub signers: Signers,
    /// What it demands of clients that are not its own.
    pub clients: ClientPolicy,
    /// What its servers of SMTP, submission and LMTP do wrong.
    pub misbehaviour: Arc<[Arc<Rule>]>,
    /// What is wrong with it on purpose.
    #[doc(hidden)]
    pub bug: Option<Bug>,
}

/// A bug that a test puts in, to see that it is found.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// The queue is forgotten at a crash.
    ForgetfulQueue,
    /// A message is answered for first, and written at the next event.
    LateWrite,
}

/// A flush of the queue: what waits is tried at once, and no destination is taken for dead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flush {
    /// When.
    pub at: SimTime,
    /// Only mail for that domain, in lower case; `None`: all mail.
    pub domain: Option<String>,
}

impl MtaConfig {
    /// An MTA of that name that takes nothing yet, with Postfix's limits.
    pub fn new(hostname: impl Into<String>, resolvers: Vec<SocketAddr>) -> Self {
        MtaConfig {
            hostname: hostname.into(),
            resolvers,
            domains: BTreeMap::new(),
            smtp: true,
            lmtp: false,
            submission: None,
            inside: BTreeSet::new(),
            smart_host: None,
            transports: TransportTable::default(),
            flushes: Vec::new(),
            size_limit_octets: 10_240_000,
            smtputf8: true,
            tls: None,
            retry: RetrySchedule::default(),
            notify: NotifyClasses::default(),
            limits: Limits::default(),
            authentication: Authentication::default(),
            signers: Signers::default(),
            clients: ClientPolicy::default(),
            misbehaviour: Arc::default(),
            bug: None,
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

    /// What may follow the local part of any address with a detail: as in the host's own domain.
    pub fn delimiter(&self) -> Option<char> {
        self.domain(self.own_domain())?.delimiter
    }

    /// The domain of that name, in U-labels or A-labels, if the MTA answers for it.
    pub fn domain(&self, name: &str) -> Option<&Domain> {
        // Nearly all are written as the table has them.
        self.domains.get(name).or_else(|| match idna::to_ascii(name)? {
            Cow::Borrowed(_) => None,
            Cow::Owned(name) => self.domains.get(&name),
        })
    }
}

//! The checked plan of a scenario: everything the world is built from, by name, with every default
//! filled in and every name resolved.
//!
//! A plan is right by construction: each name in it is the name of something in it, each quantity is
//! in its bounds, each address belongs to one host. Host, domain and zone names are in lower case
//! and have no final dot (the root zone is `.`).

pub mod agenda;
pub mod bug;
pub mod domain;
pub mod expect;
pub mod fault;
pub mod host;
mod idle;
pub mod network;
mod recipients;
pub mod swarm;
pub mod tls;
pub mod workload;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use crate::engine::{Epoch, SimTime};
use crate::net::{LinkConfig, Unreachable};
use crate::proto::dns::{Name, Network, Record};
use crate::proto::idna;

pub use crate::scenario::format::Law;
pub use agenda::{Action, Content, Mail, Step};
#[doc(hidden)]
pub use bug::Bug;
pub use domain::{AutoReply, Domain, Forward, MailingList, Mode, ReplyText, Restriction, User};
pub use expect::{Count, Expect, Expectation};
pub use fault::{Fault, FaultAction};
pub use host::{Client, Host, MailboxServer, Mta, NameServer, Resolver, Service};
pub use idle::IdleHosts;
pub use network::Link;
pub use swarm::{FaultKind, Swarm};
pub use tls::Tls;
pub use workload::{LoadHost, Workload};

/// A checked scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What the scenario is called. May be empty.
    pub title: String,
    /// What it shows. May be empty.
    pub description: String,
    /// From which number every draw follows.
    pub seed: u64,
    /// The calendar date at the start.
    pub start: Epoch,
    /// When the run ends at the latest.
    pub until: SimTime,
    /// The routers; at least one.
    pub routers: Vec<String>,
    /// Every link: between routers, and of each host.
    pub links: Vec<Link>,
    /// How long routers take to come to know of a change.
    pub convergence: Duration,
    /// How packets that cannot be delivered are answered.
    pub unreachable: Unreachable,
    /// What a link is like of which nothing is said: from a host to its router, and back.
    pub default_link: [Arc<LinkConfig>; 2],
    /// Every host by name, in a stable order.
    pub hosts: IndexMap<String, Host>,
    /// Hosts on which nothing runs, beside those.
    pub idle_hosts: IdleHosts,
    /// The root servers, as every resolver knows them from the start.
    pub hints: Vec<Hint>,
    /// Every zone by key: its name, or for an inner view a label of its own.
    pub zones: IndexMap<String, Zone>,
    /// Every mail domain by name.
    pub domains: IndexMap<String, Arc<Domain>>,
    /// The host of every client, by the client's name.
    pub clients: IndexMap<String, String>,
    /// Every message that a client of the agenda writes, by its `id`.
    pub mails: IndexMap<String, Mail>,
    /// What clients do, by time.
    pub agenda: Vec<Step>,
    /// What goes wrong, by time; of one time, in the order of the file.
    pub faults: Vec<Fault>,
    /// What else may be drawn that goes wrong.
    pub swarm: Swarm,
    /// What generated domains do by rules.
    pub workload: Option<Workload>,
    /// What must hold at the end.
    pub expect: Vec<Expectation>,
    /// What is wrong with the programs on purpose.
    #[doc(hidden)]
    pub bug: Option<Bug>,
    /// The laws that the scenario breaks on purpose.
    pub breaks: Vec<Law>,
}

/// A root server in the root hints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// Its name.
    pub name: String,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
}

/// A zone, and who serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// The name of its apex.
    pub name: Name,
    /// Its records: SOA first; NS at the apex, delegations and glue are there.
    pub records: Vec<Record>,
    /// The file in the scenario's folder that it came from, if it did.
    pub file: Option<String>,
    /// The hosts that serve it, as its NS records and the delegation to it say.
    pub servers: Vec<String>,
    /// Whether this is an inner view: not delegated to, answered by resolvers alone.
    pub inner: bool,
    /// The host that secondaries fetch it from; it may be none of the servers.
    pub primary: Option<String>,
    /// The hosts that fetch it from the primary. Other servers have it from the start.
    pub secondaries: Vec<String>,
    /// Whether the primary sends NOTIFY to the secondaries.
    pub notify: bool,
    /// Who may transfer it, if it is not the secondaries.
    pub allow_transfer: Option<Vec<Network>>,
    /// Its later versions, by time.
    pub changes: Vec<ZoneChange>,
}

/// A new version of a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneChange {
    /// From when on.
    pub at: SimTime,
    /// All its records.
    pub records: Vec<Record>,
}

impl Plan {
    /// The host that has the address.
    pub fn host_of(&self, address: IpAddr) -> Option<&Host> {
        self.hosts.values().find(|host| host.addresses.contains(&address))
    }

    /// The domain and local part of a mail address, if the domain is one of this plan.
    pub fn domain_of<'a>(&self, address: &'a str) -> Option<(&'a str, &Arc<Domain>)> {
        let (local, domain) = address.rsplit_once('@')?;
        Some((local, self.domains.get(&*idna::to_ascii(domain)?)?))
    }
}

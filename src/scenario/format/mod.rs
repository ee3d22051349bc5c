//! The JSON form of a scenario, as Rust types: one noun a file.
//!
//! The types say what may stand in a file and nothing more: names are unresolved, nothing is
//! expanded. The JSON Schema and the reference are made from these types and their docstrings, so a
//! docstring here is written for who writes a scenario.
//!
//! Where an object takes one of several keys (an agenda item does one thing), the type is a struct
//! of options with a `oneOf` in its schema. Serde's enums would give the same JSON, but report only
//! the first mistake, and none by key.

pub mod access_fault;
pub mod agenda;
pub mod authentication;
pub mod dns;
pub mod dns_fault;
pub mod domain;
pub mod expect;
pub mod fault;
pub mod forge;
pub mod host;
pub mod host_fault;
pub mod law;
pub mod list;
pub mod network;
pub mod packet_fault;
pub mod policy;
pub mod quota;
pub mod resolver;
pub mod screening;
pub mod smtp_fault;
pub mod swarm;
pub mod tls;
pub mod topology;
pub mod units;
pub mod workload;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use agenda::Step;
pub use dns::{Dns, Zone};
pub use domain::Domain;
pub use expect::Expectation;
pub use fault::Fault;
pub use host::{Client, Host};
pub use law::Law;
pub use network::Network;
pub use swarm::Swarm;
pub use units::{Date, Dur, Rate, Share, Size};
pub use workload::Workload;

/// A scenario: a small Internet, what its users do, what goes wrong, and what must come of it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    /// The JSON Schema of this file, for editors. Not read.
    #[serde(rename = "$schema", skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"mxsim.schema.json")]
    pub schema: Option<String>,
    /// What the scenario is called, in a few words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"A message crosses two domains")]
    pub title: Option<String>,
    /// What the scenario shows, in a few sentences.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"alice@example.org writes to bob@example.com, who reads by IMAP.")]
    pub description: Option<String>,
    /// From which number every random draw of the run follows. `--seed` overrides it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 1), example = 42)]
    pub seed: Option<u64>,
    /// The calendar date at the start of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "2026-01-05T09:00:00Z"), example = &"2026-03-29T00:59:00Z")]
    pub start: Option<Date>,
    /// When the run ends at the latest. A run with nothing left to do ends by itself before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "1h"), example = &"6d")]
    pub until: Option<Dur>,
    /// Routers, links, and what a link is like.
    #[schemars(extend("examples" = [{"default_link": {"latency": "10ms"}}]))]
    pub network: Network,
    /// Root servers, root hints, and the defaults of zones and resolvers.
    #[schemars(extend("examples" = [{"hints": "data/root.hints"}]))]
    pub dns: Dns,
    /// Mail domains by name, in the short form: users, servers, policy. Each is expanded to hosts, a
    /// zone, the delegation to it, MX and address records. A name may be written in any script: its
    /// mail addresses have it so, and its hosts and the DNS have A-labels (RFC 5890).
    #[schemars(extend("examples" = [{"example.org": {"users": ["alice", "carol"]}}]))]
    pub domains: IndexMap<String, Domain>,
    /// Hosts by full name, in the explicit form. A host that the short form makes too is changed by
    /// what stands here: addresses and place are replaced, services are added.
    #[schemars(extend("examples" = [{"mx1.example.org": {"addresses": ["192.0.2.10"]}}]))]
    pub hosts: IndexMap<String, Host>,
    /// Zones by name, with records from this file or from a master file. What a zone lacks at its
    /// apex (SOA, NS) and the delegations to zones below it are added.
    #[schemars(extend("examples" = [{"example.net": {"file": "data/example.net.zone"}}]))]
    pub zones: IndexMap<String, Zone>,
    /// Mail clients by name, in the explicit form. The devices of a domain's users are clients
    /// already, called as `alice@example.org/laptop`.
    #[schemars(extend("examples" = [{"visitor": {"host": "pc.example.net", "user": "bob@example.com"}}]))]
    pub clients: IndexMap<String, Client>,
    /// Load: domains by the thousand, and mail and questions by the million, made by rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        extend("examples" = [{"domains": {"count": 100}, "mail": {"messages": 1000}}])
    )]
    pub workload: Option<Workload>,
    /// What clients do, and when.
    #[schemars(
        extend("examples" = [[{"at": "1s", "client": "alice@example.org", "send": {"to": "bob@example.com"}}]])
    )]
    pub agenda: Vec<Step>,
    /// What goes wrong, and when.
    #[schemars(extend("examples" = [[{"at": "1m", "crash": "mx1.example.com", "for": "10m"}]]))]
    pub faults: Vec<Fault>,
    /// Which faults `mxsim explore --faults swarm` may draw. A run by itself does not read it.
    #[schemars(extend("examples" = [{"kinds": ["crash", "loss"], "at_most": 10, "spare": "internet"}]))]
    pub swarm: Swarm,
    /// What must hold at the end. One that fails makes the exit code 1.
    #[schemars(
        extend("examples" = [[{"delivered": {"mail": "hello", "to": "bob@example.com", "within": "5s"}}]])
    )]
    pub expect: Vec<Expectation>,
    /// The laws that this scenario breaks on purpose. All others are checked in every run, and one that
    /// is broken makes the exit code 1.
    #[schemars(extend("examples" = [["forgery"]]))]
    pub breaks: Vec<Law>,
}

/// One, or a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrMany<T> {
    /// One.
    One(T),
    /// Several, in order.
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    /// All, in order.
    pub fn as_slice(&self) -> &[T] {
        match self {
            OneOrMany::One(one) => std::slice::from_ref(one),
            OneOrMany::Many(many) => many,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }
}

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        OneOrMany::Many(Vec::new())
    }
}

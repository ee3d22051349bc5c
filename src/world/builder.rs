//! Building a world: hosts, routers, links and programs, by name.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::{Epoch, Seed, Trail};
use crate::net::{
    AddressBook, Addresses, Direction, LinkConfig, NodeId, Routes, Topology, Unreachable, tcp,
};

use super::actor::Spawn;
use super::disk::Disk;
use super::host::{Host, HostState, Programs, Status};
use super::lazily::Lazily;
use super::names::{Names, Place};
use super::network::Network;
use super::node::Node;
use super::records::Records;
use super::sample::Sample;
use super::trap::NEVER;
use super::watch::Watch;
use super::{Actor, World};

/// A host to be built.
pub struct HostConfig {
    name: String,
    addresses: Addresses,
    spawns: Vec<Spawn>,
    disk: Lazily<Disk>,
    disk_octets: Option<u64>,
    tcp: tcp::Config,
    backlog_octets: Option<usize>,
    gateway: Option<Gateway>,
    is_idle: bool,
}

/// What is particular about the host that stands for the outside.
#[derive(Debug, Clone, Copy)]
struct Gateway {
    hurried: bool,
}

impl HostConfig {
    /// A host of that name, without addresses and programs.
    pub fn new(name: impl Into<String>) -> Self {
        HostConfig {
            name: name.into(),
            addresses: Addresses::default(),
            spawns: Vec::new(),
            disk: Lazily::new(),
            disk_octets: None,
            tcp: tcp::Config::default(),
            backlog_octets: None,
            gateway: None,
            is_idle: false,
        }
    }

    /// A host on which nothing ever runs. It is up from the beginning, without an event and a trace in
    /// the run's fingerprint, and answers as a host does where nobody listens.
    pub fn idle(name: impl Into<String>) -> Self {
        HostConfig { is_idle: true, ..HostConfig::new(name) }
    }

    /// Gives it an address. The first of a family is the one that it sends from.
    #[must_use]
    pub fn address(mut self, address: IpAddr) -> Self {
        self.addresses.push(address);
        self
    }

    /// Puts a program on it, made anew at the start and after each restart.
    #[must_use]
    pub fn actor<A: Actor + 'static>(
        mut self,
        spawn: impl Fn() -> A + Send + Sync + 'static,
    ) -> Self {
        self.spawns.push(Box::new(move || Box::new(spawn())));
        self
    }

    /// What its disk holds before the run.
    #[must_use]
    pub fn disk(mut self, disk: Disk) -> Self {
        self.disk = disk.into();
        self
    }

    /// How many octets its disk holds. Default: any number.
    #[must_use]
    pub fn disk_size(mut self, octets: u64) -> Self {
        self.disk_octets = Some(octets);
        self
    }

    /// How its TCP behaves. The MSS is set by the links, whatever stands here.
    #[must_use]
    pub fn tcp(mut self, tcp: tcp::Config) -> Self {
        self.tcp = tcp;
        self
    }

    /// Bounds what its programs have written to a client that does not read: from so many
    /// unacknowledged octets on they are given no more of what that client sends, as if the write
    /// blocked, until half of them are acknowledged.
    #[must_use]
    pub fn backlog(mut self, octets: usize) -> Self {
        self.backlog_octets = Some(octets);
        self
    }

    /// Makes it the host that stands for the outside. That it is there is no part of the run's
    /// fingerprint; what comes in through it is. If it is `hurried`, packets from and to it take no
    /// time on any link and draw no latency; loss, bandwidth and cuts strike them as all others.
    #[must_use]
    pub fn gateway(mut self, hurried: bool) -> Self {
        self.gateway = Some(Gateway { hurried });
        self
    }
}

/// What is wrong with the parts of a world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildError {
    /// Two nodes of one name.
    DuplicateName(String),
    /// Two hosts of one address.
    DuplicateAddress {
        /// The address.
        address: IpAddr,
        /// The hosts.
        hosts: [String; 2],
    },
    /// A link to a node that there is not.
    UnknownNode(String),
    /// A link from a node to itself.
    LinkToItself(String),
    /// A link with a probability that is not between 0 and 1.
    BadShare([String; 2]),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BuildError::DuplicateName(name) => write!(f, "two nodes are named {name:?}"),
            BuildError::DuplicateAddress { address, hosts: [first, second] } => {
                write!(f, "{first:?} and {second:?} have one address, {address}")
            }
            BuildError::UnknownNode(name) => write!(f, "no host or router is named {name:?}"),
            BuildError::LinkToItself(name) => write!(f, "a link joins {name:?} with itself"),
            BuildError::BadShare([a, b]) => {
                write!(f, "a probability of link {a}-{b} is not from 0 to 1")
            }
        }
    }
}

impl std::error::Error for BuildError {}

/// The parts of a world, in the order in which they were added. Each is put where the world will have
/// it at once, so that a world of a million hosts needs little more room while it is built.
pub struct WorldBuilder {
    seed: Seed,
    epoch: Epoch,
    names: Names,
    hosts: Vec<Host>,
    addresses: AddressBook,
    links: Vec<Link>,
    hurried: Option<NodeId>,
    watch: Watch,
    records_limit: usize,
    convergence: Duration,
    unreachable: Unreachable,
    errors: Vec<BuildError>,
}

/// A link to be.
struct Link {
    ends: [End; 2],
    configs: [Arc<LinkConfig>; 2],
}

/// An end of a link.
enum End {
    Known(Place),
    /// Not added yet, or never.
    Named(Box<str>),
}

impl WorldBuilder {
    /// An empty world with this seed, which starts at the default [`Epoch`] and is watched.
    pub fn new(seed: Seed) -> Self {
        WorldBuilder {
            seed,
            epoch: Epoch::default(),
            names: Names::default(),
            hosts: Vec::new(),
            addresses: AddressBook::default(),
            links: Vec::new(),
            hurried: None,
            watch: Watch::Everything,
            records_limit: usize::MAX,
            convergence: Duration::ZERO,
            unreachable: Unreachable::default(),
            errors: Vec::new(),
        }
    }

    /// The calendar date at which it starts.
    pub fn epoch(&mut self, epoch: Epoch) -> &mut Self {
        self.epoch = epoch;
        self
    }

    /// Whether records are kept, or of what. Nothing else changes with it.
    pub fn watched(&mut self, watch: impl Into<Watch>) -> &mut Self {
        self.watch = watch.into();
        self
    }

    /// How long routers take to come to know of a change of the network. Without it they know at once.
    pub fn convergence(&mut self, convergence: Duration) -> &mut Self {
        self.convergence = convergence;
        self
    }

    /// How packets that cannot be delivered are answered. Without it, not at all.
    pub fn unreachable(&mut self, unreachable: Unreachable) -> &mut Self {
        self.unreachable = unreachable;
        self
    }

    /// Keeps so many records at the most, and about 256 octets for each of them in what they show:
    /// then the older half is forgotten.
    pub fn records_limit(&mut self, limit: usize) -> &mut Self {
        self.records_limit = limit;
        self
    }

    /// Adds a host.
    pub fn host(&mut self, host: HostConfig) -> &mut Self {
        if !self.names.add_host(&host.name) {
            self.errors.push(BuildError::DuplicateName(host.name.clone()));
            for address in &*host.addresses {
                if let Some(owner) = self.addresses.owner(*address) {
                    let hosts = [self.names.name(owner).to_owned(), host.name.clone()];
                    self.errors.push(BuildError::DuplicateAddress { address: *address, hosts });
                }
            }
            return self;
        }
        let node = NodeId(u32::try_from(self.hosts.len()).expect("fewer than 2^32 hosts"));
        for address in &*host.addresses {
            if let Err(owner) = self.addresses.assign(*address, node) {
                let hosts = [self.names.name(owner).to_owned(), host.name.clone()];
                self.errors.push(BuildError::DuplicateAddress { address: *address, hosts });
            }
        }
        if host.gateway.is_some_and(|gateway| gateway.hurried) {
            self.hurried = self.hurried.or(Some(node));
        }
        self.hosts.push(host.build(Node::new(node)));
        self
    }

    /// Adds a router.
    pub fn router(&mut self, name: impl Into<String>) -> &mut Self {
        let name = name.into();
        if !self.names.add_router(&name) {
            self.errors.push(BuildError::DuplicateName(name));
        }
        self
    }

    /// Joins two nodes by a link that is alike in both directions.
    pub fn link(
        &mut self,
        a: impl Into<String>,
        b: impl Into<String>,
        config: impl Into<Arc<LinkConfig>>,
    ) -> &mut Self {
        let config = config.into();
        self.link_each_way(a, b, [Arc::clone(&config), config])
    }

    /// Joins two nodes by a link with a direction of its own from `a` to `b` and from `b` to `a`.
    pub fn link_each_way(
        &mut self,
        a: impl Into<String>,
        b: impl Into<String>,
        configs: [impl Into<Arc<LinkConfig>>; 2],
    ) -> &mut Self {
        let ends = [a.into(), b.into()].map(|name| match self.names.place(&name) {
            Some(place) => End::Known(place),
            None => End::Named(name.into()),
        });
        self.links.push(Link { ends, configs: configs.map(Into::into) });
        self
    }

    /// Builds the world.
    ///
    /// # Errors
    /// Everything that is wrong with its parts.
    pub fn build(mut self) -> Result<World, Vec<BuildError>> {
        let mut errors = std::mem::take(&mut self.errors);
        let hosts = self.names.hosts();
        self.hosts.shrink_to_fit();
        self.names.shrink_to_fit();
        self.addresses.shrink_to_fit();
        let mut links: Vec<[NodeId; 2]> = Vec::with_capacity(self.links.len());
        let mut degrees = vec![0_u32; hosts + self.names.routers()];
        for Link { ends, configs } in &self.links {
            let before = errors.len();
            let nodes = ends.each_ref().map(|end| match end {
                End::Known(place) => Some(self.names.node_at(*place)),
                End::Named(name) => self.names.node(name),
            });
            for (end, node) in ends.iter().zip(nodes) {
                if let (End::Named(name), None) = (end, node) {
                    errors.push(BuildError::UnknownNode(name.to_string()));
                }
            }
            let names = || {
                ends.each_ref().map(|end| match end {
                    End::Known(place) => self.names.name(self.names.node_at(*place)).to_owned(),
                    End::Named(name) => name.to_string(),
                })
            };
            if let [Some(a), Some(b)] = nodes
                && a == b
            {
                errors.push(BuildError::LinkToItself(self.names.name(a).to_owned()));
            }
            if configs.iter().any(|config| !config.is_sound()) {
                errors.push(BuildError::BadShare(names()));
            }
            if let [Some(a), Some(b)] = nodes
                && errors.len() == before
            {
                links.push([a, b]);
                degrees[a.index()] += 1;
                degrees[b.index()] += 1;
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut topology = Topology::with_capacity(degrees.len(), links.len());
        let mut routers: Vec<Node> = Vec::with_capacity(self.names.routers());
        for (index, degree) in degrees.into_iter().enumerate() {
            let node = match self.hosts.get_mut(index) {
                Some(host) => {
                    topology.add_host(degree);
                    &mut host.state.node
                }
                None => {
                    let router = topology.add_router(degree);
                    routers.push(Node::new(router));
                    routers.last_mut().expect("one was pushed")
                }
            };
            node.directions.reserve_exact(degree as usize);
        }
        for ([a, b], Link { configs, .. }) in links.into_iter().zip(self.links) {
            topology.connect(a, b, super::control::link_costs(&configs));
            for (end, config) in [a, b].into_iter().zip(configs) {
                let node = match end.index().checked_sub(hosts) {
                    None => &mut self.hosts[end.index()].state.node,
                    Some(router) => &mut routers[router],
                };
                node.directions.push(Direction::new(config));
            }
        }
        let routes = Routes::new(&topology);
        let network = Network {
            seed: self.seed,
            epoch: self.epoch,
            names: self.names,
            addresses: self.addresses,
            topology,
            places: Default::default(),
            routes,
            partitions: Vec::new(),
            convergence: self.convergence,
            unreachable: self.unreachable,
            hurried: self.hurried,
        };
        let records = match self.watch {
            Watch::Nothing => None,
            Watch::Sample { one_in } => Some(Records::sampled(Sample::new(one_in, self.seed))),
            Watch::Everything => Some(Records::new(self.records_limit)),
        };
        Ok(World::new(network, self.hosts, routers, records))
    }
}

impl HostConfig {
    fn build(mut self, node: Node) -> Host {
        let node_id = node.id.0;
        if let Some(octets) = self.disk_octets {
            self.disk.set_size(octets);
        }
        Host {
            state: HostState {
                node,
                addresses: self.addresses,
                disk: self.disk,
                stack: Lazily::new(),
                trail: Trail::new(node_id),
                status: if self.is_idle { Status::Up } else { Status::New },
                boot: 0,
                restarts: 0,
                events: 0,
                trap: NEVER,
                tcp: (self.tcp != tcp::Config::default()).then(|| self.tcp.into()),
                path_mtus: None,
                backlog_octets: self.backlog_octets,
                is_gateway: self.gateway.is_some(),
                judges: Lazily::new(),
                draws: None,
                condition: None,
            },
            actors: Default::default(),
            programs: match self.spawns.is_empty() {
                true => Lazily::new(),
                false => Programs { spawns: self.spawns, places: Vec::new() }.into(),
            },
        }
    }
}

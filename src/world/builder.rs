//! Building a world: hosts, routers, links and programs, by name.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::shake::made;
use crate::engine::{Epoch, Seed, Trail};
use crate::net::{AddressBook, Direction, LinkConfig, NodeId, Routes, Topology, Unreachable, tcp};

use super::actor::Spawn;
use super::disk::Disk;
use super::host::{Host, HostState, Status};
use super::network::Network;
use super::node::Node;
use super::records::Records;
use super::stack::Stack;
use super::trap::NEVER;
use super::{Actor, World};

/// A host to be built.
pub struct HostConfig {
    name: String,
    addresses: Vec<IpAddr>,
    spawns: Vec<Spawn>,
    disk: Disk,
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
            addresses: Vec::new(),
            spawns: Vec::new(),
            disk: Disk::default(),
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
        self.disk = disk;
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

/// The parts of a world, in the order in which they were added.
pub struct WorldBuilder {
    seed: Seed,
    epoch: Epoch,
    hosts: Vec<HostConfig>,
    routers: Vec<String>,
    links: Vec<([String; 2], [Arc<LinkConfig>; 2])>,
    watched: bool,
    records_limit: usize,
    convergence: Duration,
    unreachable: Unreachable,
}

impl WorldBuilder {
    /// An empty world with this seed, which starts at the default [`Epoch`] and is watched.
    pub fn new(seed: Seed) -> Self {
        WorldBuilder {
            seed,
            epoch: Epoch::default(),
            hosts: Vec::new(),
            routers: Vec::new(),
            links: Vec::new(),
            watched: true,
            records_limit: usize::MAX,
            convergence: Duration::ZERO,
            unreachable: Unreachable::default(),
        }
    }

    /// The calendar date at which it starts.
    pub fn epoch(&mut self, epoch: Epoch) -> &mut Self {
        self.epoch = epoch;
        self
    }

    /// Whether records are kept. Nothing else changes with it.
    pub fn watched(&mut self, watched: bool) -> &mut Self {
        self.watched = watched;
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
        self.hosts.push(host);
        self
    }

    /// Adds a router.
    pub fn router(&mut self, name: impl Into<String>) -> &mut Self {
        self.routers.push(name.into());
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
        self.links.push(([a.into(), b.into()], configs.map(Into::into)));
        self
    }

    /// Builds the world.
    ///
    /// # Errors
    /// Everything that is wrong with its parts.
    pub fn build(self) -> Result<World, Vec<BuildError>> {
        let mut errors = Vec::new();
        let mut topology = Topology::default();
        let mut ids: BTreeMap<&str, NodeId> = BTreeMap::new();
        let host_names = self.hosts.iter().map(|host| (host.name.as_str(), false));
        let router_names = self.routers.iter().map(|router| (router.as_str(), true));
        for (name, forwards) in host_names.chain(router_names) {
            let id = if forwards { topology.add_router() } else { topology.add_host() };
            if ids.insert(name, id).is_some() {
                errors.push(BuildError::DuplicateName(name.into()));
            }
        }
        let mut addresses = AddressBook::default();
        for (index, host) in self.hosts.iter().enumerate() {
            for address in &host.addresses {
                if let Err(owner) = addresses.assign(*address, NodeId(index as u32)) {
                    let other = self.hosts[owner.index()].name.clone();
                    let hosts = [other, host.name.clone()];
                    errors.push(BuildError::DuplicateAddress { address: *address, hosts });
                }
            }
        }
        let mut nodes: Vec<Node> =
            (0..topology.node_count() as u32).map(|id| Node::new(NodeId(id))).collect();
        for (names, configs) in &self.links {
            let unknown = names.iter().filter(|name| !ids.contains_key(name.as_str()));
            let before = errors.len();
            errors.extend(unknown.map(|name| BuildError::UnknownNode(name.clone())));
            if names[0] == names[1] {
                errors.push(BuildError::LinkToItself(names[0].clone()));
            }
            if configs.iter().any(|config| !config.is_sound()) {
                errors.push(BuildError::BadShare(names.clone()));
            }
            if errors.len() > before {
                continue;
            }
            let [a, b] = [ids[names[0].as_str()], ids[names[1].as_str()]];
            topology.connect(a, b, super::control::link_costs(configs));
            nodes[a.index()].directions.push(Direction::new(Arc::clone(&configs[0])));
            nodes[b.index()].directions.push(Direction::new(Arc::clone(&configs[1])));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let names = self.hosts.iter().map(|host| host.name.clone()).chain(self.routers).collect();
        let routes = Routes::new(&topology);
        let is_hurried = |host: &HostConfig| host.gateway.is_some_and(|gateway| gateway.hurried);
        let hurried = self.hosts.iter().position(is_hurried).map(|index| NodeId(index as u32));
        let network = Network {
            seed: self.seed,
            epoch: self.epoch,
            names,
            addresses,
            topology,
            routes,
            partitions: Vec::new(),
            convergence: self.convergence,
            unreachable: self.unreachable,
            hurried,
        };
        let routers = nodes.split_off(self.hosts.len());
        let hosts = made(self.hosts.into_iter().zip(nodes), |(host, node)| host.build(node));
        let records = self.watched.then(|| Records::new(self.records_limit));
        Ok(World::new(network, hosts, routers, records))
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
                stack: Stack::default(),
                trail: Trail::new(node_id),
                status: if self.is_idle { Status::Up } else { Status::New },
                boot: 0,
                restarts: 0,
                events: 0,
                trap: NEVER,
                pending: Default::default(),
                tcp: self.tcp,
                path_mtus: None,
                backlog_octets: self.backlog_octets,
                is_gateway: self.gateway.is_some(),
                judges: Vec::new(),
                draws: None,
                condition: None,
            },
            actors: Vec::new(),
            spawns: self.spawns,
            places: Vec::new(),
        }
    }
}

//! The world of a plan with a gateway in it, for real programs outside.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use crate::actors::Gateway;
use crate::actors::gateway::WINDOW_OCTETS;
use crate::engine::Seed;
use crate::net::tcp;
use crate::scenario::plan::Plan;
use crate::world::{BuildError, HostConfig, Port, World};

use super::faults;

/// What a served world has more than the one that is played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayPlan {
    /// The name of the host through which the outside comes in: none of the plan's.
    pub name: String,
    /// Its addresses: one of each family, none of the plan's.
    pub addresses: Vec<IpAddr>,
    /// Further addresses that stand for servers outside.
    pub stand_ins: Vec<IpAddr>,
    /// Ports that stand for servers outside, by host: of the gateway or of one of the plan.
    pub ports: BTreeMap<String, Vec<Port>>,
    /// Whether packets from and to the gateway take no time on the links.
    pub hurried: bool,
    /// How many records are kept; `None`: none are made.
    pub records_limit: Option<usize>,
}

/// A server writes so much to a client that does not read before it stops to listen to it.
const BACKLOG_OCTETS: usize = 1 << 20;

/// How long a port of the gateway waits after a connection: all clients outside share its ports, and
/// no simulated packet is under way for longer.
const TIME_WAIT: Duration = Duration::from_secs(5);

impl GatewayPlan {
    /// A gateway with a name and addresses that are free in the plan.
    pub fn new(plan: &Plan) -> Self {
        let is_taken = |name: &str| {
            plan.hosts.contains_key(name) || plan.routers.iter().any(|router| router == name)
        };
        let mut names = (1u32..).map(|count| match count {
            1 => "gateway".to_owned(),
            more => format!("gateway-{more}"),
        });
        let is_free = |address: &IpAddr| plan.host_of(*address).is_none();
        // Far from the blocks that hosts get their addresses from.
        let v4 = (1u8..255).map(|last| IpAddr::from(Ipv4Addr::new(100, 127, 255, last)));
        let v6 = (1u16..).map(|last| Ipv6Addr::new(0x2001, 0xdb8, 0xffff, 0, 0, 0, 0, last).into());
        GatewayPlan {
            name: names.find(|name| !is_taken(name)).expect("a plan has few hosts"),
            addresses: [v4.into_iter().find(is_free), v6.into_iter().find(is_free)]
                .into_iter()
                .flatten()
                .collect(),
            stand_ins: Vec::new(),
            ports: BTreeMap::new(),
            hurried: false,
            records_limit: None,
        }
    }
}

/// Builds the world of a plan with a gateway on its first router, by a link of which nothing is said.
///
/// The gateway is the last of the hosts and draws from streams of its own, so that all other hosts do
/// what they do without it until somebody comes in. Servers are given no more of what a client sends
/// while it does not take what they wrote.
///
/// # Errors
/// As [`super::build`].
pub fn build_served(
    plan: &Plan,
    seed: Seed,
    gateway: &GatewayPlan,
) -> Result<World, Vec<BuildError>> {
    let stand_in = |name: &str, host: HostConfig| match gateway.ports.get(name) {
        Some(ports) => {
            let ports = ports.clone();
            host.actor(move || Gateway::new(ports.clone()))
        }
        None => host,
    };
    let mut parts =
        super::parts(plan, seed, gateway.records_limit.is_some().into(), |host, config| {
            stand_in(&host.name, config.backlog(BACKLOG_OCTETS))
        });
    if let Some(limit) = gateway.records_limit {
        parts.records_limit(limit);
    }
    let window = u32::try_from(WINDOW_OCTETS).expect("a window is small");
    let settings =
        tcp::Config { receive_window: window, time_wait: TIME_WAIT, ..tcp::Config::default() };
    let mut host = HostConfig::new(&gateway.name).gateway(gateway.hurried).tcp(settings);
    for address in gateway.addresses.iter().chain(&gateway.stand_ins) {
        host = host.address(*address);
    }
    let own = gateway.ports.get(&gateway.name).cloned().unwrap_or_default();
    parts.host(host.actor(move || Gateway::new(own.clone())));
    parts.link_each_way(&gateway.name, &plan.routers[0], plan.default_link.clone());
    let mut world = parts.build()?;
    faults::schedule(plan, &mut world);
    Ok(world)
}

//! From a checked plan to a world with its programs on it.

mod clients;
mod dns;
mod faults;
mod load;
mod mail;
mod served;
mod tls;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::engine::Seed;
use crate::engine::shake::made;
use crate::world::{BuildError, HostConfig, Watch, World, WorldBuilder};

pub use faults::{cease, order};
pub use served::{GatewayPlan, build_served};
pub use tls::authority_pem;

use super::plan::{Host, Plan, Service};
use tls::TlsParts;

/// The port of DNS.
const DNS_PORT: u16 = 53;

/// Builds the world of a plan with this seed. Records are kept unless its workload says otherwise.
///
/// # Errors
/// What the builder finds wrong with its parts. A checked plan has no such mistakes, but one that
/// was put together in code may have.
pub fn build(plan: &Plan, seed: Seed) -> Result<World, Vec<BuildError>> {
    build_observed(plan, seed, plan.watch())
}

/// As [`build`], with records kept or not, or of some messages.
///
/// # Errors
/// As [`build`].
pub fn build_observed(
    plan: &Plan,
    seed: Seed,
    watch: impl Into<Watch>,
) -> Result<World, Vec<BuildError>> {
    let mut world = parts(plan, seed, watch.into(), |_, host| host).build()?;
    faults::schedule(plan, &mut world);
    Ok(world)
}

/// The parts of a plan's world; `change` sees every host before it is put in.
fn parts(
    plan: &Plan,
    seed: Seed,
    watch: Watch,
    change: impl Fn(&Host, HostConfig) -> HostConfig,
) -> WorldBuilder {
    let mut parts = WorldBuilder::new(seed);
    parts.epoch(plan.start).watched(watch).convergence(plan.convergence);
    parts.unreachable(plan.unreachable);
    let zones = dns::Zones::new(plan);
    let tls = TlsParts::new(plan, seed);
    let works = load::Works::new(plan);
    let agenda = clients::Agenda::new(plan);
    let build =
        |host: &Host| change(host, build_host(host, (plan, &agenda), &zones, &tls, &works, seed));
    for host in made(plan.hosts.values(), build) {
        parts.host(host);
    }
    for number in 1..=plan.idle_hosts.count {
        let host = HostConfig::idle(plan.idle_hosts.name(number));
        parts.host(plan.idle_hosts.addresses(number).fold(host, HostConfig::address));
    }
    for router in &plan.routers {
        parts.router(router);
    }
    for link in &plan.links {
        parts.link_each_way(&link.a, &link.b, [&link.forward, &link.backward].map(Arc::clone));
    }
    for number in 1..=plan.idle_hosts.count {
        let router = &plan.routers[plan.idle_hosts.router(number)];
        parts.link_each_way(plan.idle_hosts.name(number), router, plan.idle_hosts.link.clone());
    }
    parts
}

fn build_host(
    host: &Host,
    (plan, agenda): (&Plan, &clients::Agenda<'_>),
    zones: &dns::Zones,
    tls: &TlsParts,
    works: &load::Works,
    seed: Seed,
) -> HostConfig {
    let mut config = HostConfig::new(&host.name);
    for address in &host.addresses {
        config = config.address(*address);
    }
    if let Some(octets) = host.disk_octets {
        config = config.disk_size(octets);
    }
    let rules = || faults::dns_rules(plan, &host.name);
    for service in &host.services {
        config = match service {
            Service::NameServer(server) => zones.name_server(config, host, server, plan, rules()),
            Service::Resolver(resolver) => {
                zones.resolver(config, host, resolver, rules(), plan.bug)
            }
            Service::Mta(mta) => {
                let orders = (
                    faults::flushes(plan, &host.name),
                    faults::smtp_rules(plan, &host.name),
                    plan.bug,
                );
                mail::mta(config, host, mta, tls, orders, seed)
            }
            Service::MailboxServer(server) => {
                mail::mailbox_server(config, host, server, tls, plan, seed)
            }
            Service::Client(client) => clients::client(config, host, client, (plan, agenda), tls),
            Service::Load(load) => works.host(config, host, load, tls),
        };
    }
    let config = clients::lookups(config, host, agenda);
    faults::forger(config, plan, &host.name)
}

/// The resolvers that a host asks.
fn resolvers(host: &Host) -> Vec<SocketAddr> {
    host.resolvers.iter().map(|address: &IpAddr| SocketAddr::new(*address, DNS_PORT)).collect()
}

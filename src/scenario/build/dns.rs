//! Name servers and resolvers of a plan.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::actors::{NameServer, NameServerConfig, RecursiveResolver, ZoneChange};
use crate::engine::shake::made;
use crate::proto::dns::misbehaviour::Rule;
use crate::proto::dns::resolver::{Hint, ResolverConfig};
use crate::proto::dns::server::{Followers, SecondaryConfig, ServerConfig};
use crate::proto::dns::transfer::TransferLimits;
use crate::proto::dns::{Authority, Name, Record, Zone};
use crate::scenario::plan::{self, Bug, Host, Plan};
use crate::world::HostConfig;

/// The zones of a plan, each made once however many servers have it.
pub(super) struct Zones {
    by_key: BTreeMap<String, Arc<Zone>>,
    /// The later versions of each, by time.
    changes: BTreeMap<String, Vec<ZoneChange>>,
    hints: Vec<Hint>,
    /// Those zones under names that are special elsewhere.
    ordinary: Vec<Name>,
}

impl Zones {
    pub(super) fn new(plan: &Plan) -> Self {
        let zone = |name: &Name, records: &[Record]| {
            let made = Zone::new(name, records.iter().cloned());
            Arc::new(made.expect("the zones of a plan are checked"))
        };
        let changes = |of: &plan::Zone| {
            let change = |change: &plan::ZoneChange| ZoneChange {
                at: change.at,
                zone: zone(&of.name, &change.records),
            };
            of.changes.iter().map(change).collect::<Vec<_>>()
        };
        let hint = |hint: &plan::Hint| Hint {
            name: hint.name.parse().expect("the names of a plan are checked"),
            addresses: hint.addresses.clone(),
        };
        // Looked for once, not by each of a thousand resolvers.
        let mut all = ResolverConfig::default();
        all.keep_ordinary(plan.zones.values().map(|of| &of.name));
        Zones {
            ordinary: all.ordinary_names,
            by_key: made(plan.zones.iter(), |(key, of)| (key.clone(), zone(&of.name, &of.records)))
                .into_iter()
                .collect(),
            changes: plan.zones.iter().map(|(key, of)| (key.clone(), changes(of))).collect(),
            hints: plan.hints.iter().map(hint).collect(),
        }
    }

    fn authority(&self, keys: &[String]) -> Arc<Authority> {
        Arc::new(Authority::new(keys.iter().map(|key| Arc::clone(&self.by_key[key]))))
    }

    pub(super) fn name_server(
        &self,
        config: HostConfig,
        host: &Host,
        server: &plan::NameServer,
        plan: &Plan,
        rules: Arc<[Arc<Rule>]>,
    ) -> HostConfig {
        let is_copy = |key: &&String| plan.zones[*key].secondaries.contains(&host.name);
        let (copies, own): (Vec<&String>, Vec<&String>) = server.zones.iter().partition(is_copy);
        let own: Vec<String> = own.into_iter().cloned().collect();
        let mut followers = BTreeMap::new();
        let mut changes = Vec::new();
        for key in &own {
            let zone = &plan.zones[key];
            followers.insert(zone.name.clone(), Self::followers(host, zone, plan));
            changes.extend(self.changes[key].iter().cloned());
        }
        followers.retain(|_, followers| *followers != Followers::default());
        changes.sort_by_key(|change| change.at);
        let secondary = |key: &String| {
            let zone = &plan.zones[key];
            let primary = zone.primary.as_ref().and_then(|name| plan.hosts.get(name));
            SecondaryConfig {
                origin: zone.name.clone(),
                primaries: primary.map_or_else(Vec::new, |primary| reachable(host, primary)),
                limits: TransferLimits::default(),
            }
        };
        let secondaries = copies.into_iter().map(secondary).collect();
        let server = ServerConfig { authority: self.authority(&own), secondaries, followers };
        let settings = Arc::new(NameServerConfig { server, changes });
        config.actor(move || {
            NameServer::configured(Arc::clone(&settings)).misbehave(Arc::clone(&rules))
        })
    }

    /// Who follows the zone at this host.
    fn followers(host: &Host, zone: &plan::Zone, plan: &Plan) -> Followers {
        let secondaries = || zone.secondaries.iter().filter_map(|name| plan.hosts.get(name));
        let is_primary = zone.primary.as_ref() == Some(&host.name);
        let notify = secondaries().filter_map(|peer| reachable(host, peer).first().copied());
        Followers {
            allow_transfer: match &zone.allow_transfer {
                Some(networks) => networks.clone(),
                None => secondaries()
                    .flat_map(|peer| peer.addresses.iter().copied().map(Into::into))
                    .collect(),
            },
            notify: if is_primary && zone.notify { notify.collect() } else { Vec::new() },
        }
    }

    pub(super) fn resolver(
        &self,
        config: HostConfig,
        host: &Host,
        resolver: &plan::Resolver,
        rules: Arc<[Arc<Rule>]>,
        bug: Option<Bug>,
    ) -> HostConfig {
        let hints = self.hints.clone();
        let mut settings = ResolverConfig { hints, ..(*resolver.config).clone() };
        settings.believes_additionals = bug == Some(Bug::BelievedAdditionals);
        settings.ordinary_names.extend(self.ordinary.iter().cloned());
        let port = resolver.port;
        settings.ipv4 = host.addresses.iter().any(IpAddr::is_ipv4);
        settings.ipv6 = host.addresses.iter().any(IpAddr::is_ipv6);
        let inner = self.authority(&resolver.zones);
        config.actor(move || {
            let resolver = RecursiveResolver::new(settings.clone(), Arc::clone(&inner))
                .misbehave(Arc::clone(&rules));
            match port {
                Some(port) => resolver.fixed_port(port),
                None => resolver,
            }
        })
    }
}

/// The addresses of `peer` that `host` has an address of the same family for, port 53.
fn reachable(host: &Host, peer: &Host) -> Vec<SocketAddr> {
    let has_family =
        |address: &&IpAddr| host.addresses.iter().any(|own| own.is_ipv4() == address.is_ipv4());
    let addresses = peer.addresses.iter().filter(has_family);
    addresses.map(|address| SocketAddr::new(*address, super::DNS_PORT)).collect()
}

//! Name servers and resolvers of a plan.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use crate::actors::{NameServer, RecursiveResolver};
use crate::proto::dns::misbehaviour::Rule;
use crate::proto::dns::resolver::{Hint, ResolverConfig};
use crate::proto::dns::{Authority, Zone};
use crate::scenario::plan::{self, Host, Plan};
use crate::world::HostConfig;

/// The zones of a plan, each made once however many servers have it.
pub(super) struct Zones {
    by_key: BTreeMap<String, Arc<Zone>>,
    hints: Vec<Hint>,
}

impl Zones {
    pub(super) fn new(plan: &Plan) -> Self {
        let zone = |zone: &plan::Zone| {
            let made = Zone::new(&zone.name, zone.records.clone());
            Arc::new(made.expect("the zones of a plan are checked"))
        };
        let hint = |hint: &plan::Hint| Hint {
            name: hint.name.parse().expect("the names of a plan are checked"),
            addresses: hint.addresses.clone(),
        };
        Zones {
            by_key: plan.zones.iter().map(|(key, of)| (key.clone(), zone(of))).collect(),
            hints: plan.hints.iter().map(hint).collect(),
        }
    }

    fn authority(&self, keys: &[String]) -> Arc<Authority> {
        Arc::new(Authority::new(keys.iter().map(|key| Arc::clone(&self.by_key[key]))))
    }

    pub(super) fn name_server(
        &self,
        host: HostConfig,
        server: &plan::NameServer,
        rules: Arc<[Rule]>,
    ) -> HostConfig {
        let authority = self.authority(&server.zones);
        host.actor(move || NameServer::new(Arc::clone(&authority)).misbehave(Arc::clone(&rules)))
    }

    pub(super) fn resolver(
        &self,
        config: HostConfig,
        host: &Host,
        resolver: &plan::Resolver,
        rules: Arc<[Rule]>,
    ) -> HostConfig {
        let mut settings =
            ResolverConfig { hints: self.hints.clone(), ..ResolverConfig::default() };
        settings.keep_ordinary(self.by_key.values().map(|zone| zone.origin()));
        settings.ipv4 = host.addresses.iter().any(IpAddr::is_ipv4);
        settings.ipv6 = host.addresses.iter().any(IpAddr::is_ipv6);
        settings.cache.max_ttl_secs = secs(resolver.max_ttl);
        settings.cache.max_negative_ttl_secs = secs(resolver.max_negative_ttl);
        let inner = self.authority(&resolver.zones);
        config.actor(move || {
            RecursiveResolver::new(settings.clone(), Arc::clone(&inner))
                .misbehave(Arc::clone(&rules))
        })
    }
}

fn secs(duration: std::time::Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

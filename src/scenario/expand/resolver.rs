//! What each resolver keeps to: its own settings over those of all.

use std::net::IpAddr;
use std::time::Duration;

use super::Expander;
use crate::proto::dns::Name;
use crate::proto::dns::resolver::{ForwardZone, ResolverConfig, ServeStale, StubZone};
use crate::scenario::finding::Path;
use crate::scenario::format::resolver::{QueryIds, ResolverSettings};
use crate::scenario::format::{Dur, OneOrMany, Size};

impl Expander<'_, '_, '_> {
    /// The settings of a resolver in the plan's terms. `own` are written for it alone, at `path`.
    pub(super) fn resolver_config(
        &mut self,
        own: Option<(&Path<'_>, &ResolverSettings)>,
    ) -> (Box<ResolverConfig>, Option<u16>) {
        let all = &self.scenario.dns.resolver;
        let mut config = Box::new(ResolverConfig::default());
        let top = Path::top().at("dns").at("resolver");
        self.apply_settings(&top, all, &mut config);
        let mut port = all.weakness.port;
        if let Some((path, own)) = own {
            self.apply_settings(path, own, &mut config);
            port = own.weakness.port.or(port);
        }
        let (cache, servers) = (&config.cache, &config.servers);
        let path = own.map_or(&top, |(path, _)| path);
        for (group, key, least, most) in [
            ("cache", "min_ttl", secs(cache.min_ttl_secs), secs(cache.max_ttl_secs)),
            ("cache", "min_failure_ttl", cache.min_failure_ttl, cache.max_failure_ttl),
            ("servers", "min_timeout", servers.min_timeout, servers.max_timeout),
        ] {
            if least > most {
                let found = format!("{} is above the greatest, {}", Dur(least), Dur(most));
                self.report.at(&path.at(group).at(key), found, None);
            }
        }
        (config, port)
    }

    /// Puts what is written over what there is.
    fn apply_settings(
        &mut self,
        path: &Path<'_>,
        settings: &ResolverSettings,
        config: &mut ResolverConfig,
    ) {
        set(&mut config.prime, settings.prime);
        set(&mut config.minimise_qname, settings.minimise_qname);
        set(&mut config.randomise_case, settings.randomise_case);
        set(&mut config.harden_glue, settings.harden_glue);
        set(&mut config.scrub_promiscuous, settings.scrub_promiscuous);
        set(&mut config.avoid_loopback, settings.avoid_loopback);
        set(&mut config.special_names, settings.special_names);
        set(&mut config.minimal_responses, settings.minimal_responses);
        set(&mut config.nxdomain_cut, settings.nxdomain_cut);
        set(&mut config.answer_without_rd, settings.answer_without_rd);
        set(&mut config.udp_octets, self.udp_octets(&path.at("udp_size"), settings.udp_size));
        let sequential = settings.weakness.ids.map(|ids| ids == QueryIds::Sequential);
        set(&mut config.sequential_ids, sequential);
        for (zone, forward) in &settings.forward {
            let path = path.at("forward").at(zone.as_str());
            let addresses = self.server_addresses(&path.at("to"), &forward.to);
            let Some(zone) = self.zone_name(&path, zone) else { continue };
            config.forward_zones.retain(|other| other.zone != zone);
            let first = forward.first.unwrap_or(false);
            config.forward_zones.push(ForwardZone { zone, addresses, first });
        }
        for (zone, servers) in &settings.stub {
            let path = path.at("stub").at(zone.as_str());
            let addresses = self.server_addresses(&path, servers);
            let Some(zone) = self.zone_name(&path, zone) else { continue };
            config.stub_zones.retain(|other| other.zone != zone);
            config.stub_zones.push(StubZone { zone, addresses, first: false });
        }
        let (limits, to) = (&settings.limits, &mut config.limits);
        set(&mut to.restarts, limits.restarts);
        set(&mut to.referrals, limits.referrals);
        set(&mut to.queries, limits.queries);
        set(&mut to.target_lookups, limits.target_lookups);
        set(&mut to.failed_target_lookups, limits.failed_target_lookups);
        set(&mut to.depth, limits.depth);
        set(&mut to.addresses, limits.addresses.map(|count| count as usize));
        set(&mut to.tries, limits.tries);
        set(&mut to.clients, limits.clients.map(|count| count as usize));
        set(&mut to.resolutions, limits.resolutions.map(|count| count as usize));
        self.apply_cache(path, settings, config);
        self.apply_servers(&path.at("servers"), settings, config);
    }

    fn apply_cache(
        &mut self,
        path: &Path<'_>,
        settings: &ResolverSettings,
        config: &mut ResolverConfig,
    ) {
        let (cache, to) = (&settings.cache, &mut config.cache);
        let at = path.at("cache");
        if cache.size.is_some_and(|size| size.0 == 0) {
            let remedy = "to keep no record, set \"max_ttl\" to \"0s\"".to_owned();
            self.report.at(&at.at("size"), "a cache of no size", remedy);
        }
        let octets = |size: Size| usize::try_from(size.0).unwrap_or(usize::MAX);
        set(&mut to.octets, cache.size.map(octets));
        let mut ttl = |key: &'static str, dur: Option<Dur>| {
            dur.map(|dur| self.ttl_secs(&at.at(key), Some(dur)))
        };
        set(&mut to.max_ttl_secs, ttl("max_ttl", cache.max_ttl));
        set(&mut to.min_ttl_secs, ttl("min_ttl", cache.min_ttl));
        set(&mut to.max_negative_ttl_secs, ttl("max_negative_ttl", cache.max_negative_ttl));
        set(&mut to.min_negative_ttl_secs, ttl("min_negative_ttl", cache.min_negative_ttl));
        set(&mut to.bare_negative_ttl_secs, ttl("bare_negative_ttl", cache.bare_negative_ttl));
        set(&mut to.min_failure_ttl, cache.min_failure_ttl.map(|dur| dur.0));
        set(&mut to.max_failure_ttl, cache.max_failure_ttl.map(|dur| dur.0));
        set(&mut to.prefetch, cache.prefetch);
        if let Some(stale) = &settings.stale {
            let serve = to.serve_stale.get_or_insert_with(ServeStale::default);
            set(&mut serve.max_stale, stale.keep.map(|dur| dur.0));
            let ttl = stale.ttl.map(|dur| self.ttl_secs(&path.at("stale").at("ttl"), Some(dur)));
            set(&mut serve.ttl_secs, ttl);
            set(&mut serve.client_timeout, stale.wait.map(|dur| dur.0));
            set(&mut serve.recheck, stale.recheck.map(|dur| dur.0));
        }
    }

    fn apply_servers(
        &mut self,
        path: &Path<'_>,
        settings: &ResolverSettings,
        config: &mut ResolverConfig,
    ) {
        let (servers, to) = (&settings.servers, &mut config.servers);
        let mut time = |key: &'static str, dur: Option<Dur>| {
            if dur.is_some_and(|dur| dur.0.is_zero()) {
                let remedy = "a time above zero".to_owned();
                self.report.at(&path.at(key), "no time to answer in", remedy);
            }
            dur.map(|dur| dur.0)
        };
        set(&mut to.first_timeout, time("first_timeout", servers.first_timeout));
        set(&mut to.min_timeout, time("min_timeout", servers.min_timeout));
        set(&mut to.max_timeout, time("max_timeout", servers.max_timeout));
        set(&mut to.dead_timeout, time("dead_timeout", servers.dead_timeout));
        set(&mut to.tcp_timeout, time("tcp_timeout", servers.tcp_timeout));
        set(&mut to.band, servers.band.map(|dur| dur.0));
        set(&mut to.memory, servers.memory.map(|dur| dur.0));
        set(&mut to.lame_memory, servers.lame_memory.map(|dur| dur.0));
        set(&mut to.count, servers.count.map(|count| count as usize));
    }

    fn udp_octets(&mut self, path: &Path<'_>, size: Option<Size>) -> Option<u16> {
        let size = size?;
        let octets = u16::try_from(size.0).ok().filter(|octets| *octets >= 512);
        if octets.is_none() {
            let remedy = "from \"512B\" to \"65535B\" (RFC 6891)".to_owned();
            self.report.at(path, format!("{size} is no size of a datagram"), remedy);
        }
        octets
    }

    fn zone_name(&mut self, path: &Path<'_>, written: &str) -> Option<Name> {
        self.dns_name(path, written)?.parse().ok()
    }

    /// The addresses of hosts, and those that stand there themselves.
    fn server_addresses(&mut self, path: &Path<'_>, servers: &OneOrMany<String>) -> Vec<IpAddr> {
        let mut addresses = Vec::new();
        if servers.as_slice().is_empty() {
            let remedy = "name a host, or an address".to_owned();
            self.report.at(path, "an empty list", remedy);
        }
        for (index, written) in servers.as_slice().iter().enumerate() {
            let path = path.at(index);
            if let Ok(address) = written.parse::<IpAddr>() {
                addresses.push(address);
            } else if let Some(name) = self.host_name(&path, written)
                && self.is_host(&path, &name)
            {
                addresses.extend(&self.hosts[&name].addresses);
            }
        }
        addresses
    }
}

fn set<T>(to: &mut T, written: Option<T>) {
    if let Some(written) = written {
        *to = written;
    }
}

fn secs(secs: u32) -> Duration {
    Duration::from_secs(secs.into())
}

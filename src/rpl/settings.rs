//! Makes of a configuration header what the resolver is told, and says what it needs besides.
//!
//! Options without an effect on what clients are answered here (logs, threads, DNSSEC) are passed
//! over; so are those that no list below knows. An option that stands for a whole feature which the
//! resolver lacks is told as needed, so that its file counts as skipped and not as failed.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::proto::dns::resolver::{ForwardZone, Hint, ResolverConfig, ServeStale, StubZone};
use crate::proto::dns::{Authority, Name};

use super::Dialect;
use super::header::{Header, Setting};
use super::local_zones::LocalZones;

/// The resolver of a scenario.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) config: ResolverConfig,
    /// Zones that it answers for itself.
    pub(super) zones: Arc<Authority>,
    /// What the header asks for and is not here, in words.
    pub(super) needs: Vec<String>,
}

/// A `stub-zone:` or `forward-zone:`.
#[derive(Debug, Default)]
struct OuterZone {
    number: usize,
    forward: bool,
    name: Option<Name>,
    addresses: Vec<IpAddr>,
    first: bool,
    prime: bool,
}

impl Settings {
    /// Reads the header.
    pub(super) fn new(header: &Header, dialect: Dialect) -> Self {
        let mut reader = Reader {
            config: start(dialect),
            outer: Vec::new(),
            local: LocalZones::default(),
            needs: Vec::new(),
            stale: None,
        };
        for setting in &header.options {
            reader.take(setting);
        }
        reader.finish()
    }
}

/// What holds when the header says nothing.
fn start(_dialect: Dialect) -> ResolverConfig {
    ResolverConfig {
        minimal_responses: true,
        // Whoever asks without RD is refused unless the header lets him.
        answer_without_rd: false,
        prime: false,
        ..ResolverConfig::default()
    }
}

struct Reader {
    config: ResolverConfig,
    outer: Vec<OuterZone>,
    local: LocalZones,
    needs: Vec<String>,
    stale: Option<ServeStale>,
}

impl Reader {
    fn take(&mut self, setting: &Setting) {
        let Setting { section, key, value, .. } = setting;
        let config = &mut self.config;
        match section.as_ref().map(|(name, number)| (name.as_str(), *number)) {
            Some((name @ ("stub-zone" | "forward-zone"), number)) => {
                return self.take_outer(name == "forward-zone", number, key, value);
            }
            Some((name @ ("auth-zone" | "rpz" | "view" | "cachedb" | "python" | "ipset"), _)) => {
                return self.need(format!("{name}:"));
            }
            _ => {}
        }
        let yes = matches!(value.as_str(), "yes" | "on" | "true" | "1");
        match key.as_str() {
            "stub-addr" => self.take_outer(false, usize::MAX, key, value),
            "qname-minimisation" | "query-minimization" | "qname-minimization" => {
                config.minimise_qname = yes;
            }
            "do-ip4" => config.ipv4 = yes,
            "do-ip6" => config.ipv6 = yes,
            "harden-glue" => config.harden_glue = yes,
            "do-not-query-localhost" => config.avoid_loopback = yes,
            "minimal-responses" => config.minimal_responses = yes,
            "harden-below-nxdomain" => config.nxdomain_cut = yes,
            "use-caps-for-id" => config.randomise_case = yes,
            "access-control" if value.ends_with("allow_snoop") => config.answer_without_rd = true,
            "prefetch" => config.cache.prefetch = yes,
            "cache-max-ttl" => number(value, &mut config.cache.max_ttl_secs),
            "cache-min-ttl" => number(value, &mut config.cache.min_ttl_secs),
            "cache-max-negative-ttl" => number(value, &mut config.cache.max_negative_ttl_secs),
            "max-query-restarts" => number(value, &mut config.limits.restarts),
            "max-sent-count" => number(value, &mut config.limits.queries),
            "outbound-msg-retry" => number(value, &mut config.limits.tries),
            "edns-buffer-size" | "max-udp-size" => number(value, &mut config.udp_octets),
            "serve-expired" => {
                self.stale = yes.then(|| self.stale.unwrap_or(UNBOUND_STALE));
            }
            "serve-expired-ttl" | "serve-expired-reply-ttl" | "serve-expired-client-timeout" => {
                self.take_stale(key, value);
            }
            "serve-expired-ttl-reset" if yes => self.need_option(setting),
            "local-zone" => {
                if let Err(need) = self.local.add_zone(value) {
                    self.need(need);
                }
            }
            "local-data" => {
                if let Err(need) = self.local.add_data(value) {
                    self.need(need);
                }
            }
            "module-config" => {
                let known = ["validator", "iterator"];
                if let Some(module) = value.split_whitespace().find(|it| !known.contains(it)) {
                    self.need(format!("module {module}"));
                }
            }
            _ if is_feature(key) || is_feature_switch(key) && yes => self.need_option(setting),
            _ => {}
        }
    }

    fn take_outer(&mut self, forward: bool, number: usize, key: &str, value: &str) {
        let found = self.outer.iter().position(|zone| zone.number == number);
        let place = found.unwrap_or_else(|| {
            self.outer.push(OuterZone { number, forward, ..OuterZone::default() });
            self.outer.len() - 1
        });
        let zone = &mut self.outer[place];
        let yes = value == "yes";
        match key {
            "name" => zone.name = value.parse().ok(),
            "stub-addr" | "forward-addr" => {
                let address = value.split(['@', '#', ' ']).next().unwrap_or_default();
                zone.addresses.extend(address.parse::<IpAddr>());
            }
            "forward-first" | "stub-first" => zone.first = yes,
            "stub-prime" => zone.prime = yes,
            "stub-host" | "forward-host" => self.need(key.to_owned()),
            "forward-tls-upstream"
            | "stub-tls-upstream"
            | "forward-ssl-upstream"
            | "forward-tcp-upstream"
            | "stub-tcp-upstream"
            | "forward-no-cache"
            | "stub-no-cache"
                if yes =>
            {
                self.need(key.to_owned());
            }
            _ => {}
        }
    }

    fn take_stale(&mut self, key: &str, value: &str) {
        let stale = self.stale.get_or_insert(UNBOUND_STALE);
        let mut count = 0;
        number(value, &mut count);
        match key {
            // None set means that there is no end.
            "serve-expired-ttl" if count == 0 => stale.max_stale = UNBOUND_STALE.max_stale,
            "serve-expired-ttl" => stale.max_stale = Duration::from_secs(count),
            "serve-expired-reply-ttl" => number(value, &mut stale.ttl_secs),
            _ => stale.client_timeout = Duration::from_millis(count),
        }
    }

    fn need_option(&mut self, setting: &Setting) {
        self.need(format!("{}: {}", setting.key, setting.value));
    }

    fn need(&mut self, what: String) {
        if !self.needs.contains(&what) {
            self.needs.push(what);
        }
    }

    fn finish(mut self) -> Settings {
        for zone in std::mem::take(&mut self.outer) {
            let OuterZone { forward, name, addresses, first, prime, .. } = zone;
            let zone = name.unwrap_or(Name::root());
            if forward {
                self.config.forward_zones.push(ForwardZone { zone, addresses, first });
            } else if zone.is_root() {
                self.config.prime |= prime;
                let before = self.config.hints.len();
                let hint = |(index, address)| Hint {
                    name: hint_name(before + index),
                    addresses: vec![address],
                };
                self.config.hints.extend(addresses.into_iter().enumerate().map(hint));
            } else {
                self.config.stub_zones.push(StubZone { zone, addresses });
            }
        }
        let zones = match self.local.zones() {
            Ok(zones) => zones,
            Err(need) => {
                self.need(need);
                Vec::new()
            }
        };
        self.config.cache.serve_stale = self.stale;
        Settings { config: self.config, zones: Arc::new(Authority::new(zones)), needs: self.needs }
    }
}

/// Unbound serves what has run out at once and at any age, unless told otherwise.
const UNBOUND_STALE: ServeStale = ServeStale {
    max_stale: Duration::from_secs(10 * 365 * 86_400),
    ttl_secs: 30,
    client_timeout: Duration::ZERO,
    recheck: Duration::from_secs(5),
};

/// Sets a number; what is none leaves it alone.
fn number<T: std::str::FromStr>(value: &str, into: &mut T) {
    if let Ok(number) = value.parse() {
        *into = number;
    }
}

/// The name of a root server, of which the header gives but the address.
fn hint_name(index: usize) -> Name {
    let label = match index {
        0 => "k".to_owned(),
        index => format!("k{index}"),
    };
    let name = format!("{label}.root-servers.net.");
    name.parse().expect("a short name of letters, digits and dots")
}

/// Options that stand for a feature whatever they are set to.
fn is_feature(key: &str) -> bool {
    let features = [
        "dns64-prefix",
        "private-address",
        "private-domain",
        "response-ip",
        "response-ip-data",
        "access-control-view",
        "access-control-tag",
        "define-tag",
        "local-zone-tag",
        "local-data-ptr",
        "local-zone-override",
        "send-client-subnet",
        "client-subnet-zone",
        "ratelimit",
        "ip-ratelimit",
        "ratelimit-for-domain",
        "ratelimit-below-domain",
        "nsid",
        "identity",
        "version",
        "edns-client-string",
        "cookie-secret",
        "caps-exempt",
        "caps-whitelist",
        "root-hints",
        "feature-list",
    ];
    features.contains(&key)
}

/// Options that stand for a feature when they are switched on.
fn is_feature_switch(key: &str) -> bool {
    let switches = [
        "answer-cookie",
        "tcp-upstream",
        "ssl-upstream",
        "tls-upstream",
        "dns64-synthall",
        "qname-minimisation-strict",
        "block-a",
        "disable-edns-do",
        "deny-any",
        "client-subnet-always-forward",
    ];
    switches.contains(&key)
}

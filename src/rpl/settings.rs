//! Makes of a configuration header what the resolver is told, and says what it needs besides.
//!
//! Options without an effect on what clients are answered here (logs, threads, DNSSEC) are passed
//! over; so are those that no list below knows. An option that stands for a whole feature which the
//! resolver lacks is told as needed, so that its file counts as skipped and not as failed.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::actors::Network;
use crate::proto::dns::resolver::{ForwardZone, Hint, ResolverConfig, ServeStale, StubZone};
use crate::proto::dns::{Authority, Name};

use super::header::{Header, Setting};
use super::local_zones::LocalZones;

/// The resolver of a scenario.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) config: ResolverConfig,
    /// Zones that it answers for itself.
    pub(super) zones: Arc<Authority>,
    /// Who may ask; everybody where the header does not say.
    pub(super) allowed: Option<Vec<Network>>,
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
    pub(super) fn new(header: &Header) -> Self {
        let mut reader = Reader {
            config: start(),
            outer: Vec::new(),
            local: LocalZones::default(),
            needs: Vec::new(),
            stale: None,
            allowed: None,
        };
        for setting in &header.options {
            reader.take(setting);
        }
        reader.finish()
    }
}

/// What holds when the header says nothing.
fn start() -> ResolverConfig {
    ResolverConfig {
        minimal_responses: true,
        // Whoever asks without RD is refused unless the header lets him.
        answer_without_rd: false,
        prime: false,
        // Unbound believes it of signed names alone, and none is validated here.
        nxdomain_cut: false,
        ..ResolverConfig::default()
    }
}

struct Reader {
    config: ResolverConfig,
    outer: Vec<OuterZone>,
    local: LocalZones,
    needs: Vec<String>,
    stale: Option<ServeStale>,
    allowed: Option<Vec<Network>>,
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
            "iter-scrub-promiscuous" => config.scrub_promiscuous = yes,
            "do-not-query-localhost" => config.avoid_loopback = yes,
            "minimal-responses" => config.minimal_responses = yes,
            "harden-below-nxdomain" => config.nxdomain_cut = yes,
            "use-caps-for-id" => config.randomise_case = yes,
            "access-control" => self.take_access(setting),
            "unblock-lan-zones" => config.special_names &= !yes,
            "prefetch" => config.cache.prefetch = yes,
            "cache-max-ttl" => number(value, &mut config.cache.max_ttl_secs),
            "cache-min-ttl" => number(value, &mut config.cache.min_ttl_secs),
            "cache-max-negative-ttl" => number(value, &mut config.cache.max_negative_ttl_secs),
            "cache-min-negative-ttl" => number(value, &mut config.cache.min_negative_ttl_secs),
            "max-query-restarts" => number(value, &mut config.limits.restarts),
            "max-sent-count" | "max-global-quota" => number(value, &mut config.limits.queries),
            "outbound-msg-retry" => number(value, &mut config.limits.tries),
            "edns-buffer-size" | "max-udp-size" => number(value, &mut config.udp_octets),
            "serve-expired" => {
                self.stale = yes.then(|| self.stale.unwrap_or(UNBOUND_STALE));
            }
            "serve-expired-ttl" | "serve-expired-reply-ttl" | "serve-expired-client-timeout" => {
                self.take_stale(key, value);
            }
            "serve-expired-ttl-reset" if yes => self.need_option(setting),
            // There is but one switch for all of them.
            "local-zone" if value.ends_with("nodefault") => config.special_names = false,
            "local-zone" => {
                // What is not answered by default, or not from the defaults, is like any name.
                let name = value.split_whitespace().next().unwrap_or_default();
                config.ordinary_names.extend(name.trim_matches('"').parse::<Name>());
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

    /// `192.0.2.0/24 allow`. Loopback addresses may ask whatever else is said.
    fn take_access(&mut self, setting: &Setting) {
        let mut words = setting.value.split_whitespace();
        let (network, action) = (words.next().unwrap_or_default(), words.next());
        let network = parse_network(network);
        match (network, action) {
            (Some(network), Some("allow" | "allow_snoop" | "allow_setrd")) => {
                self.config.answer_without_rd |= action == Some("allow_snoop");
                self.allowed.get_or_insert_with(loopback).push(network);
            }
            (Some(network), Some("refuse")) if network.prefix_bits == 0 => {
                self.allowed.get_or_insert_with(loopback);
            }
            _ => self.need_option(setting),
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
                self.config.stub_zones.push(StubZone { zone, addresses, first });
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
        let zones = Arc::new(Authority::new(zones));
        Settings { config: self.config, zones, allowed: self.allowed, needs: self.needs }
    }
}

/// Unbound serves what has run out at once and at any age, unless told otherwise.
const UNBOUND_STALE: ServeStale = ServeStale {
    max_stale: Duration::from_secs(10 * 365 * 86_400),
    ttl_secs: 30,
    client_timeout: Duration::ZERO,
    recheck: Duration::from_secs(5),
};

/// Those that an `unbound.conf` lets in by itself.
fn loopback() -> Vec<Network> {
    ["127.0.0.0/8", "::1"].into_iter().filter_map(parse_network).collect()
}

/// `192.0.2.0/24`, or one address.
fn parse_network(text: &str) -> Option<Network> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse().ok()?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let prefix_bits = bits.unwrap_or(most);
    (prefix_bits <= most).then_some(Network { address, prefix_bits })
}

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

#[cfg(test)]
mod tests {
    use super::super::lines::Lines;
    use super::*;

    fn settings(text: &str) -> Settings {
        let text = format!("{text}\nCONFIG_END");
        Settings::new(&Header::parse(&mut Lines::new(&text)).expect("a header"))
    }

    #[test]
    fn options_reach_the_resolver() {
        let settings = settings(
            "server:
                do-ip6: no
                harden-glue: \"no\"
                qname-minimisation: no
                minimal-responses: no
                cache-max-ttl: 100
                serve-expired: yes
                serve-expired-client-timeout: 1800
                access-control: 192.0.2.0/24 allow_snoop
             stub-zone:
                name: \".\"
                stub-addr: 192.0.2.1@5353
                stub-addr: 2001:db8::1
             stub-zone:
                name: example.
                stub-addr: 192.0.2.2
             forward-zone:
                name: test
                forward-addr: 192.0.2.3
                forward-first: yes",
        );
        assert_eq!(settings.needs, Vec::<String>::new());
        let config = settings.config;
        assert!(!config.ipv6 && config.ipv4 && !config.harden_glue && !config.minimise_qname);
        assert!(!config.minimal_responses && config.answer_without_rd);
        assert_eq!(config.cache.max_ttl_secs, 100);
        let stale = config.cache.serve_stale.expect("it is on");
        assert_eq!(stale.client_timeout, Duration::from_millis(1_800));
        let hints: Vec<String> = config.hints.iter().map(|hint| hint.name.to_string()).collect();
        assert_eq!(hints, ["k.root-servers.net.", "k1.root-servers.net."]);
        assert_eq!(config.hints[0].addresses, [IpAddr::from([192, 0, 2, 1])]);
        assert_eq!(config.stub_zones.len(), 1);
        assert!(config.forward_zones[0].first);
        let allowed = settings.allowed.expect("somebody is");
        let may_ask = |address: &str| {
            let address = address.parse().expect("an address");
            allowed.iter().any(|network| network.contains(address))
        };
        assert!(may_ask("127.0.0.1") && may_ask("::1") && may_ask("192.0.2.99"));
        assert!(!may_ask("198.51.100.1"));
    }

    #[test]
    fn features_that_are_not_here_are_needed() {
        let needs = |text| settings(text).needs;
        assert_eq!(needs("server:\n module-config: \"validator iterator\""), Vec::<String>::new());
        assert_eq!(needs("server:\n module-config: \"respip iterator\""), ["module respip"]);
        assert_eq!(needs("rpz:\n name: \"rpz.\"\n zonefile: x"), ["rpz:"]);
        assert_eq!(needs("server:\n private-address: 10.0.0.0/8"), ["private-address: 10.0.0.0/8"]);
        assert_eq!(needs("server:\n tcp-upstream: no"), Vec::<String>::new());
        assert_eq!(needs("server:\n tcp-upstream: yes"), ["tcp-upstream: yes"]);
        assert_eq!(needs("server:\n local-zone: a. redirect"), ["local-zone of type redirect"]);
        assert_eq!(needs("server:\n access-control: 192.0.2.1 deny").len(), 1);
    }

    #[test]
    fn local_data_is_answered() {
        let settings = settings(
            "server:
                local-zone: \"example.\" static
                local-data: \"www.example. A 192.0.2.80\"
                local-data: 'mail.example.net. MX 10 mail.example.'",
        );
        assert_eq!(settings.needs, Vec::<String>::new());
        assert_eq!(settings.zones.catalog().zones().len(), 2);
    }
}

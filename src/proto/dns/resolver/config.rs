//! What a resolver is told: root hints, limits, times. The defaults are Unbound's.

use std::net::IpAddr;
use std::time::Duration;

use crate::proto::dns::Name;
use crate::proto::dns::hints::RootServer;
use crate::proto::dns::message::EDNS_UDP_OCTETS;

/// Everything that a resolver can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolverConfig {
    /// The name servers of the root: all that it knows of the world at first.
    pub hints: Vec<RootServer>,
    /// Asks the root for its own name servers before anything else (RFC 8109).
    pub prime: bool,
    /// Asks name servers over IPv4.
    pub ipv4: bool,
    /// Asks name servers over IPv6.
    pub ipv6: bool,
    /// Takes glue only for names in the zone of the server that gives it.
    pub harden_glue: bool,
    /// Throws away name servers that stand beside an answer without having been asked for: they may
    /// be an attacker's (CVE-2025-11411).
    pub scrub_promiscuous: bool,
    /// Shows a name server no more of a name than it must know (RFC 9156).
    pub minimise_qname: bool,
    /// Writes names in queries in random case and wants them back so ("0x20"): more for an
    /// off-path attacker to guess.
    pub randomise_case: bool,
    /// Leaves loopback addresses alone that somebody names as those of name servers.
    pub avoid_loopback: bool,
    /// Zones whose questions go to other resolvers.
    pub forward_zones: Vec<ForwardZone>,
    /// Zones whose name servers are set here instead of being found by delegation.
    pub stub_zones: Vec<StubZone>,
    /// Answers for names of special use itself (RFC 6761 and RFC 6303: `localhost`, `invalid`,
    /// private reverse zones).
    pub special_names: bool,
    /// Zones that are resolved as any other, although a special name is above them.
    pub ordinary_names: Vec<Name>,
    /// Leaves authority and additional sections empty where nothing is lost.
    pub minimal_responses: bool,
    /// Takes an NXDOMAIN to hold for all names below (RFC 8020).
    pub nxdomain_cut: bool,
    /// Answers clients without RD from the cache; else refuses them.
    pub answer_without_rd: bool,
    /// Numbers its queries from 1 on instead of drawing their ids, as resolvers did before RFC 5452:
    /// easy to guess.
    pub sequential_ids: bool,
    /// What the EDNS of a query to a name server offers, and the most that a client gets by UDP.
    pub udp_octets: u16,
    /// Bounds on the work for one question.
    pub limits: Limits,
    /// Bounds on what is remembered.
    pub cache: CacheConfig,
    /// How name servers are measured and chosen.
    pub servers: ServersConfig,
    /// A bug that tests put in: every address in an additional section is believed, as if it had
    /// been asked for.
    #[doc(hidden)]
    pub believes_additionals: bool,
}

/// A zone whose questions go to other resolvers, with RD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardZone {
    /// The zone; the root for everything.
    pub zone: Name,
    /// The resolvers.
    pub addresses: Vec<IpAddr>,
    /// Finds the answer itself when the resolvers do not.
    pub first: bool,
}

/// A zone whose authoritative name servers are known without a delegation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StubZone {
    /// The zone.
    pub zone: Name,
    /// Its name servers.
    pub addresses: Vec<IpAddr>,
    /// Follows delegations when these name servers fail.
    pub first: bool,
}

/// Bounds on the work for one question. What goes beyond ends in SERVFAIL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Aliases followed.
    pub restarts: u32,
    /// Referrals followed.
    pub referrals: u32,
    /// Queries sent, for the client's question and everything that it needs.
    pub queries: u32,
    /// Look-ups of name servers' addresses.
    pub target_lookups: u32,
    /// Name servers whose addresses were looked up in vain, both families together (NXNS attack,
    /// CVE-2020-12662).
    pub failed_target_lookups: u32,
    /// How deep look-ups of addresses may need each other.
    pub depth: u32,
    /// Addresses tried for one zone cut.
    pub addresses: usize,
    /// Queries sent to one address for one zone cut.
    pub tries: u8,
    /// Clients that wait at one time. More are answered SERVFAIL.
    pub clients: usize,
    /// Questions under way at one time, those for addresses included.
    pub resolutions: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            restarts: 11,
            referrals: 130,
            queries: 200,
            target_lookups: 64,
            failed_target_lookups: 5,
            depth: 5,
            addresses: 16,
            tries: 5,
            clients: 1_024,
            resolutions: 4_096,
        }
    }
}

/// Bounds on what is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheConfig {
    /// About how much memory the records take; the least recently used leave first.
    pub octets: usize,
    /// No record is kept longer.
    pub max_ttl_secs: u32,
    /// Every record is kept so long at least.
    pub min_ttl_secs: u32,
    /// No negative answer is kept longer (RFC 2308 §5).
    pub max_negative_ttl_secs: u32,
    /// Every negative answer with a SOA is kept so long at least.
    pub min_negative_ttl_secs: u32,
    /// A negative answer without SOA is kept so long. RFC 2308 §5 wants zero, and so a broken server
    /// asked for every client.
    pub bare_negative_ttl_secs: u32,
    /// A failure is kept so long, and twice as long each time it repeats (RFC 9520 §3.2).
    pub min_failure_ttl: Duration,
    /// Up to this.
    pub max_failure_ttl: Duration,
    /// An answer that is asked for when a tenth of its TTL is left is fetched anew meanwhile.
    pub prefetch: bool,
    /// What has run out is used where nothing newer can be had (RFC 8767).
    pub serve_stale: Option<ServeStale>,
}

/// How what has run out is used (RFC 8767 §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServeStale {
    /// How long after its end a record may still be used ("maximum stale timer").
    pub max_stale: Duration,
    /// The TTL that a client is told.
    pub ttl_secs: u32,
    /// How long a client waits for something newer ("client response timer").
    pub client_timeout: Duration,
    /// How long after a failure nothing newer is looked for ("failure recheck timer").
    pub recheck: Duration,
}

impl Default for ServeStale {
    fn default() -> Self {
        ServeStale {
            max_stale: Duration::from_secs(86_400),
            ttl_secs: 30,
            client_timeout: Duration::from_millis(1_800),
            recheck: Duration::from_secs(30),
        }
    }
}

impl Default for CacheConfig {
    fn default() -> Self {
        CacheConfig {
            octets: 8 * 1_024 * 1_024,
            max_ttl_secs: 86_400,
            min_ttl_secs: 0,
            max_negative_ttl_secs: 3_600,
            min_negative_ttl_secs: 0,
            bare_negative_ttl_secs: 5,
            min_failure_ttl: Duration::from_secs(5),
            max_failure_ttl: Duration::from_secs(300),
            prefetch: false,
            serve_stale: None,
        }
    }
}

/// How name servers are measured and chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServersConfig {
    /// The time-out for a server that was never asked.
    pub first_timeout: Duration,
    /// No time-out is shorter.
    pub min_timeout: Duration,
    /// No back-off is longer.
    pub max_timeout: Duration,
    /// A server whose time-out has grown to this is left alone, but for one query now and then.
    pub dead_timeout: Duration,
    /// Among servers slower than the best by no more than this the choice is random.
    pub band: Duration,
    /// How long a query by TCP may take, connection and all.
    pub tcp_timeout: Duration,
    /// How fast a server is and what it cannot do is forgotten after this.
    pub memory: Duration,
    /// That a server is lame for a zone is forgotten after this.
    pub lame_memory: Duration,
    /// Of how many servers something is known at one time.
    pub count: usize,
}

impl Default for ServersConfig {
    fn default() -> Self {
        ServersConfig {
            first_timeout: Duration::from_millis(376),
            min_timeout: Duration::from_millis(50),
            max_timeout: Duration::from_secs(120),
            dead_timeout: Duration::from_secs(12),
            band: Duration::from_millis(400),
            tcp_timeout: Duration::from_secs(3),
            memory: Duration::from_secs(900),
            lame_memory: Duration::from_secs(900),
            count: 10_000,
        }
    }
}

impl Default for ResolverConfig {
    fn default() -> Self {
        ResolverConfig {
            hints: Vec::new(),
            prime: true,
            ipv4: true,
            ipv6: true,
            harden_glue: true,
            scrub_promiscuous: true,
            minimise_qname: true,
            randomise_case: false,
            avoid_loopback: true,
            forward_zones: Vec::new(),
            stub_zones: Vec::new(),
            special_names: true,
            ordinary_names: Vec::new(),
            minimal_responses: true,
            nxdomain_cut: true,
            answer_without_rd: false,
            sequential_ids: false,
            udp_octets: EDNS_UDP_OCTETS,
            limits: Limits::default(),
            cache: CacheConfig::default(),
            servers: ServersConfig::default(),
            believes_additionals: false,
        }
    }
}

impl ResolverConfig {
    /// Whether this address may be asked.
    pub(crate) fn reaches(&self, address: IpAddr) -> bool {
        let has_family = if address.is_ipv4() { self.ipv4 } else { self.ipv6 };
        has_family && !(self.avoid_loopback && address.to_canonical().is_loopback())
    }
}

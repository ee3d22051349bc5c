//! What a resolver keeps to. Every default is Unbound's.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::OneOrMany;
use super::units::{Dur, Size};

/// What a resolver keeps to. What is left out of a resolver's own settings comes from
/// `dns.resolver`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ResolverSettings {
    /// Whether it asks the root for its own name servers before anything else (RFC 8109).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = true), example = false)]
    pub prime: Option<bool>,
    /// Whether it shows a name server no more of a name than it must know (RFC 9156).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = true), example = false)]
    pub minimise_qname: Option<bool>,
    /// Whether it writes names in random case and wants them back so ("0x20"): more for an
    /// off-path attacker to guess.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false), example = true)]
    pub randomise_case: Option<bool>,
    /// Whether it takes glue only for names in the zone of the server that gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = true), example = false)]
    pub harden_glue: Option<bool>,
    /// Whether it throws away name servers that stand beside an answer without having been asked for:
    /// they may be an attacker's (CVE-2025-11411).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = true), example = false)]
    pub scrub_promiscuous: Option<bool>,
    /// Whether it leaves loopback addresses alone that somebody names as those of name servers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = true), example = false)]
    pub avoid_loopback: Option<bool>,
    /// Whether it answers for `localhost`, `invalid` and private reverse zones itself (RFC 6761).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = true), example = false)]
    pub special_names: Option<bool>,
    /// Whether it leaves authority and additional sections empty where nothing is lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = true), example = false)]
    pub minimal_responses: Option<bool>,
    /// Whether it takes "no such name" to hold for all names below (RFC 8020).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = true), example = false)]
    pub nxdomain_cut: Option<bool>,
    /// Whether it answers queries that want no recursion from its cache; else it refuses them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false), example = true)]
    pub answer_without_rd: Option<bool>,
    /// The largest datagram that it asks for and gives (RFC 6891).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "1232B"), example = &"4096B")]
    pub udp_size: Option<Size>,
    /// Zones whose questions go to other resolvers; `.` for everything.
    #[schemars(extend("examples" = [{".": {"to": "resolver.isp.example"}}]))]
    pub forward: IndexMap<String, Forward>,
    /// Zones whose name servers are these, whatever the delegation says: hosts or addresses.
    #[schemars(extend("examples" = [{"example.com": ["ns1.example.com"]}]))]
    pub stub: IndexMap<String, OneOrMany<String>>,
    /// Bounds on the work for one question.
    #[schemars(extend("examples" = [{"queries": 50}]))]
    pub limits: ResolverLimits,
    /// Bounds on what is remembered.
    #[schemars(extend("examples" = [{"max_ttl": "1h", "prefetch": true}]))]
    pub cache: CacheSettings,
    /// What has run out is used where nothing newer can be had (RFC 8767); `{}` for the usual times.
    /// Default: it is not used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"keep": "1d"}]))]
    pub stale: Option<StaleSettings>,
    /// How name servers are measured and chosen.
    #[schemars(extend("examples" = [{"first_timeout": "1s"}]))]
    pub servers: ServerSettings,
    /// Ways to be easy prey for forged answers, as resolvers were before 2008.
    #[schemars(extend("examples" = [{"port": 32768, "ids": "sequential"}]))]
    pub weakness: Weakness,
}

/// Where the questions for a zone go instead of to its name servers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Forward {
    /// The resolvers: hosts or addresses.
    #[schemars(example = &"resolver.isp.example")]
    pub to: OneOrMany<String>,
    /// Whether it finds the answer itself when these do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false), example = true)]
    pub first: Option<bool>,
}

/// Bounds on the work for one question. What goes beyond ends in SERVFAIL.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ResolverLimits {
    /// Aliases followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 11), range(min = 1, max = 1000), example = 8)]
    pub restarts: Option<u32>,
    /// Referrals followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 130), range(min = 1, max = 10000), example = 30)]
    pub referrals: Option<u32>,
    /// Queries sent, for the question and everything that it needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 200), range(min = 1, max = 100000), example = 50)]
    pub queries: Option<u32>,
    /// Look-ups of name servers' addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 64), range(min = 1, max = 100000), example = 16)]
    pub target_lookups: Option<u32>,
    /// Name servers whose addresses are looked up in vain (the NXNS attack).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 5), range(min = 1, max = 100000), example = 200)]
    pub failed_target_lookups: Option<u32>,
    /// How deep look-ups of addresses may need each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 5), range(min = 1, max = 100), example = 3)]
    pub depth: Option<u32>,
    /// Addresses tried for one zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 16), range(min = 1, max = 1000), example = 4)]
    pub addresses: Option<u32>,
    /// Queries sent to one address for one zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 5), range(min = 1, max = 255), example = 2)]
    pub tries: Option<u8>,
    /// Clients that wait at one time. More are answered SERVFAIL.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 1024), range(min = 1, max = 1000000), example = 10)]
    pub clients: Option<u32>,
    /// Questions under way at one time, those for addresses included.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 4096), range(min = 1, max = 1000000), example = 100)]
    pub resolutions: Option<u32>,
}

/// Bounds on what a resolver remembers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CacheSettings {
    /// About how much memory the records take; the least recently used leave first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "8MiB"), example = &"64KiB")]
    pub size: Option<Size>,
    /// The longest time a record is kept, whatever its TTL says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "1d"), example = &"1h")]
    pub max_ttl: Option<Dur>,
    /// The shortest time a record is kept, whatever its TTL says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "0s"), example = &"1m")]
    pub min_ttl: Option<Dur>,
    /// The longest time an answer "no such name" or "no such record" is kept (RFC 2308).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "1h"), example = &"5m")]
    pub max_negative_ttl: Option<Dur>,
    /// The shortest time such an answer is kept, if it has a SOA.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "0s"), example = &"10s")]
    pub min_negative_ttl: Option<Dur>,
    /// How long such an answer is kept that has no SOA.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "5s"), example = &"0s")]
    pub bare_negative_ttl: Option<Dur>,
    /// How long a failure is kept; twice as long each time it repeats (RFC 9520).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "5s"), example = &"1s")]
    pub min_failure_ttl: Option<Dur>,
    /// The longest time a failure is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "5m"), example = &"30s")]
    pub max_failure_ttl: Option<Dur>,
    /// Whether an answer that is asked for when a tenth of its TTL is left is fetched anew meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false), example = true)]
    pub prefetch: Option<bool>,
}

/// How what has run out is used (RFC 8767 §5).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StaleSettings {
    /// How long after its end a record may still be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "1d"), example = &"3d")]
    pub keep: Option<Dur>,
    /// The TTL that a client is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "30s"), example = &"10s")]
    pub ttl: Option<Dur>,
    /// How long a client waits for something newer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "1800ms"), example = &"500ms")]
    pub wait: Option<Dur>,
    /// How long after a failure nothing newer is looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "30s"), example = &"1m")]
    pub recheck: Option<Dur>,
}

/// How a resolver measures and chooses name servers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServerSettings {
    /// The time-out for a server that was never asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "376ms"), example = &"1s")]
    pub first_timeout: Option<Dur>,
    /// No time-out is shorter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "50ms"), example = &"100ms")]
    pub min_timeout: Option<Dur>,
    /// No time-out grows longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "2m"), example = &"30s")]
    pub max_timeout: Option<Dur>,
    /// A server whose time-out has grown to this is left alone, but for one query now and then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "12s"), example = &"5s")]
    pub dead_timeout: Option<Dur>,
    /// Among servers slower than the best by no more than this the choice is random.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "400ms"), example = &"50ms")]
    pub band: Option<Dur>,
    /// How long a query by TCP may take, connection and all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "3s"), example = &"10s")]
    pub tcp_timeout: Option<Dur>,
    /// How fast a server is and what it cannot do is forgotten after this.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "15m"), example = &"5m")]
    pub memory: Option<Dur>,
    /// That a server is lame for a zone is forgotten after this.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "15m"), example = &"5m")]
    pub lame_memory: Option<Dur>,
    /// Of how many servers something is known at one time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 10000), range(min = 1, max = 10000000), example = 100)]
    pub count: Option<u32>,
}

/// What makes the answers that a resolver waits for easy to guess (RFC 5452 §4).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Weakness {
    /// The one port that all its queries are sent from. Default: a random one for each.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1024, max = 65535), example = 32768)]
    pub port: Option<u16>,
    /// How it makes the ids of its queries.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "random"), example = &"sequential")]
    pub ids: Option<QueryIds>,
}

/// How the ids of queries are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QueryIds {
    /// At random (RFC 5452 §9.2).
    Random,
    /// 1, 2, 3 and so on from the start of the program.
    Sequential,
}

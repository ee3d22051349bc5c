//! The root, and zones.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::resolver::ResolverSettings;
use super::units::Dur;

/// The DNS as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Dns {
    /// The names of the root servers. Not together with `hints`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        extend("default" = ["a.root-servers.net"]),
        extend("examples" = [["a.root-servers.net", "b.root-servers.net"]])
    )]
    pub root_servers: Option<Vec<String>>,
    /// A root hints file (`.`'s NS records and their addresses, as IANA publishes it): the root is
    /// served under these names and addresses, and every resolver starts from this file.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"data/root.hints")]
    pub hints: Option<String>,
    /// The TTL of every record the short form makes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "1h"), example = &"5m")]
    pub ttl: Option<Dur>,
    /// How long an answer "no such name" may be kept: the MINIMUM of every SOA the short form makes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "5m"), example = &"30s")]
    pub negative_ttl: Option<Dur>,
    /// What every resolver keeps to.
    #[schemars(extend("examples" = [{"cache": {"max_ttl": "1h"}}]))]
    pub resolver: ResolverSettings,
}

/// A zone in the explicit form: records, and the hosts that serve it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Zone {
    /// The zone's name, where the key is only a label: for a second zone of the same name, seen
    /// from inside alone. Such a zone is not delegated to, and a resolver serves it
    /// (`hosts.*.services[].resolver.zones`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"example.com")]
    pub name: Option<String>,
    /// A master file (RFC 1035 §5) in the scenario's folder. It takes the place of the records that
    /// the short form makes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"data/example.net.zone")]
    pub file: Option<String>,
    /// Lines as in a master file, names relative to the zone. They stand beside the records of
    /// `file`, or of the short form; where both have records of one name and type, these count.
    #[schemars(extend("examples" = [["@ 3600 IN MX 10 mail", "mail IN A 192.0.2.20"]]))]
    pub records: Vec<String>,
    /// The hosts that serve the zone. One that is not under `hosts` is made. Default: the name
    /// servers of the domain of this name, or else `ns1` in the zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [["ns1.example.net"]]))]
    pub servers: Option<Vec<String>>,
    /// The host that has the zone from the start, if others fetch it from there. One that is not
    /// under `servers` is hidden: nobody else asks it.
    /// Default: the first server that is not under `secondaries`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"ns1.example.net")]
    pub primary: Option<String>,
    /// The hosts that fetch the zone from the primary (AXFR) and follow it by NOTIFY and at
    /// REFRESH. Servers that are neither have the zone from the start, and each change at once.
    /// Default: with `primary`, all other servers; without, none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [["ns2.example.net"]]))]
    pub secondaries: Option<Vec<String>>,
    /// Whether the primary tells its secondaries when the zone changes (NOTIFY).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = true), example = false)]
    pub notify: Option<bool>,
    /// Who may transfer the zone: addresses and networks.
    /// Default: the secondaries.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [["192.0.2.0/24", "2001:db8::53"]]))]
    pub allow_transfer: Option<Vec<String>>,
    /// How long a secondary waits before it asks for the serial: REFRESH of the SOA.
    /// Default: what the SOA says, one day in one that is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"1h")]
    pub refresh: Option<Dur>,
    /// How long it waits after a failure: RETRY of the SOA.
    /// Default: what the SOA says, two hours in one that is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"10m")]
    pub retry: Option<Dur>,
    /// How long it answers without having reached the primary: EXPIRE of the SOA.
    /// Default: what the SOA says, 1,000 hours in one that is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"1d")]
    pub expire: Option<Dur>,
    /// New versions of the zone, each from a time on. The serial of the SOA grows by one with each.
    #[schemars(extend("examples" = [[{"at": "10m", "records": ["@ IN MX 10 new"]}]]))]
    pub changes: Vec<ZoneChange>,
    /// The TTL of records that name none, of the SOA, and of the delegation to this zone.
    /// Default: `dns.ttl`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"1h")]
    pub ttl: Option<Dur>,
}

/// A new version of a zone. An inner view of the zone stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZoneChange {
    /// When, from the start of the run.
    #[schemars(example = &"10m")]
    pub at: Dur,
    /// Lines as in a master file, names relative to the zone. They take the place of all records of
    /// the same name and type. An SOA here is taken as it is, its serial too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("examples" = [["@ 300 IN MX 10 new"]]))]
    pub records: Vec<String>,
    /// Records that go: a name and a type each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("examples" = [["old A", "@ TXT"]]))]
    pub remove: Vec<String>,
}

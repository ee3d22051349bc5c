//! DNS servers that misbehave.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::OneOrMany;
use super::units::{Dur, Share};

/// A DNS server that misbehaves: which queries it answers wrongly, late or not at all. What is left
/// out fits any query. Of several such faults that fit a query the one with the earliest `at` counts,
/// of one time the first in the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DnsFault {
    /// The host, or several: name servers or resolvers. `root` stands for all root servers.
    #[schemars(example = &"ns1.example.com")]
    pub server: OneOrMany<String>,
    /// What it answers. Not needed where it is only late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"servfail")]
    pub answer: Option<DnsAnswer>,
    /// How much later it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"3s")]
    pub delay: Option<Dur>,
    /// Only to questions for names in this zone, one of this scenario.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"example.com")]
    pub zone: Option<String>,
    /// Only to questions for this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"mx1.example.com")]
    pub name: Option<String>,
    /// Only to questions for this type.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"MX")]
    pub type_: Option<String>,
    /// Only to what comes this way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"tcp")]
    pub over: Option<Over>,
    /// Only to the first so many queries that fit, counted anew when the host starts again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), example = 3)]
    pub first: Option<u64>,
    /// Only to this share of the queries that fit, each drawn independently of the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "100%"), example = &"50%")]
    pub share: Option<Share>,
}

/// How a query comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// As a datagram.
    Udp,
    /// Over a connection.
    Tcp,
}

/// What a misbehaving DNS server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DnsAnswer {
    /// SERVFAIL: it has the zone and cannot answer from it.
    Servfail,
    /// REFUSED: it does not have the zone, or says so. A server that a delegation names is lame then.
    Refused,
    /// NOTIMP: it does not know what is asked of it.
    Notimp,
    /// FORMERR: it does not understand the query.
    Formerr,
    /// "No such name", with the zone's SOA.
    Nxdomain,
    /// "No such record", with the zone's SOA.
    Nodata,
    /// Nothing.
    Silence,
    /// An empty answer that says that it is truncated; by TCP the right one.
    Truncated,
    /// A referral to the root, as old servers gave that did not have the zone: another lame one.
    UpwardReferral,
    /// FORMERR to queries with EDNS, else the right one.
    FormerrOnEdns,
    /// Nothing to queries with EDNS, else the right one.
    SilenceOnEdns,
}

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
    /// It answers with these records instead of the right ones, as if the zone were hijacked: lines as in
    /// a master file, names relative to `name` or `zone`. Only to questions for names among them.
    #[serde(default, skip_serializing_if = "OneOrMany::is_empty")]
    #[schemars(example = &"@ 1h IN MX 0 mail.evil.example.net.")]
    pub records: OneOrMany<String>,
    /// In what it answers, name servers have these addresses: hosts or addresses. A delegation with them
    /// leads to a wrong place, or to where the server once was.
    #[serde(default, skip_serializing_if = "OneOrMany::is_empty")]
    #[schemars(example = &"192.0.2.99")]
    pub glue: OneOrMany<String>,
    /// All that it answers has this TTL, in whole seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"1s")]
    pub ttl: Option<Dur>,
    /// Its SOA has a serial that is so much lower: secondaries do not see that the zone has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), example = 1)]
    pub serial_behind: Option<u32>,
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
    /// So many queries that fit are passed over at first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 0), example = 2)]
    pub skip: Option<u64>,
    /// Only to every so many-th query that fits, beginning with the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), extend("default" = 1), example = 2)]
    pub every: Option<u64>,
    /// For whom `skip`, `first` and `every` are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "server"), example = &"client")]
    pub per: Option<DnsPer>,
    /// Only to the first so many queries that fit, counted anew when the host starts again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), example = 3)]
    pub first: Option<u64>,
    /// Only to this share of the queries that fit, each drawn independently of the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "100%"), example = &"50%")]
    pub share: Option<Share>,
}

/// For whom queries are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DnsPer {
    /// For the server as a whole.
    Server,
    /// For each address that asks.
    Client,
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
    /// An empty answer without authority: it was given a delegation, and not the zone.
    Lame,
    /// SERVFAIL, as if its copy of the zone had expired, by queries and by secondaries of its own alike.
    /// Only with `zone`, and from servers that are secondaries of it.
    Expired,
    /// The right answer under a wrong id, which is to be ignored; by TCP the server is right.
    WrongId,
    /// The right answer to another question, which is to be ignored; by TCP the server is right.
    WrongQuestion,
    /// The right answer from another port, which is to be ignored; by TCP the server is right.
    WrongSource,
    /// A header, and octets that are no message.
    Garbage,
    /// The first half of the right answer.
    Partial,
    /// The right answer, its records in another order each time.
    Shuffled,
}

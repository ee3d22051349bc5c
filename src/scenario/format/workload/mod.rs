//! Load: domains by the thousand, and what their users and resolvers do by the million.

mod dns;
mod domains;
mod mail;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::OneOrMany;

pub use dns::{DnsLoad, Names, Order};
pub use domains::{Form, Generated, Keep, Latest, Readers};
pub use mail::{
    Arrivals, Bulk, Bursts, DrawnSize, Even, LognormalSize, MailLoad, MessageSize, Sessions,
    Spread, UniformSize, WeightedSize, Zipf,
};

/// Domains that are generated, and the mail and the questions that come out of them by rules instead of
/// one by one.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Workload {
    /// The domains: one kind of them, or several.
    #[schemars(extend("examples" = [{"count": 1000, "users": 100}]))]
    pub domains: OneOrMany<Generated>,
    /// The mail that their users write.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"messages": 100000, "over": "1d"}]))]
    pub mail: Option<MailLoad>,
    /// The questions that are asked about their names, beside those that mail asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"queries": 100000, "over": "10s"}]))]
    pub dns: Option<DnsLoad>,
    /// Whether records are kept of what happens: `off`, `all`, or those of one message in so many. A
    /// message leaves some hundred of them, a million messages some gigabytes. Without all records there
    /// is no summary of all messages, and of `expect` and the laws only what disks tell is judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "off"), extend("examples" = [{"one_in": 1000}, "all"]))]
    pub transcript: Option<Records>,
}

/// What is kept of what happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Records {
    /// Nothing, or everything.
    Extreme(Extreme),
    /// Some messages.
    Sampled(Sampled),
}

/// All or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Extreme {
    /// Nothing.
    Off,
    /// Everything.
    All,
}

/// A sample of the messages of a load, drawn by the seed. Of each there is its whole way: what its client
/// and the servers tell of it, its part of each connection that carried it, the questions that were asked
/// for it and those that it waited for, and what servers wrote about it. Messages of the agenda are in
/// every sample, and so are faults. Not in it are the sessions of readers, and what a step `misbehave`
/// sends under a Message-ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sampled {
    /// One message in so many, on the average.
    #[schemars(range(min = 1, max = 1e12), example = 1000)]
    pub one_in: u64,
}

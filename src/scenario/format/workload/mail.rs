//! Mail that is written by rules: when, by whom, to whom, and what it is like.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scenario::format::units::{Dur, Share, Size};

/// Mail that is written by rules. Either `messages` or `rate` says how much.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("oneOf" = [{"required": ["messages"]}, {"required": ["rate"]}]))]
pub struct MailLoad {
    /// How many messages there are in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1e12), example = 100000)]
    pub messages: Option<u64>,
    /// How many messages there are in a second, on the average.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.000001, max = 1e9), example = 50.0)]
    pub rate: Option<f64>,
    /// When they begin.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "1s"), example = &"1m")]
    pub at: Option<Dur>,
    /// For how long they go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "1h"), example = &"1d")]
    pub over: Option<Dur>,
    /// How they follow each other at each host: `poisson` (each when it will) or `constant` (evenly).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "poisson"), example = &"constant")]
    pub arrivals: Option<Arrivals>,
    /// How many there are in each hour of the day (UTC), from midnight on: 24 weights. Default: as many in
    /// each.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        extend("examples" = [[1, 1, 1, 1, 1, 2, 4, 8, 12, 12, 11, 10, 9, 11, 11, 10, 9, 7, 5, 4, 3, 2, 2, 1]])
    )]
    pub day: Option<Vec<f64>>,
    /// Part of it comes in bursts, everywhere at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"every": "10m", "lasting": "30s", "share": "50%"}]))]
    pub bursts: Option<Bursts>,
    /// Whether domains of one kind write alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "even"), extend("examples" = [{"zipf": 1.0}]))]
    pub senders: Option<Spread>,
    /// Whether domains of one kind are written to alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "even"), extend("examples" = [{"zipf": 1.0}]))]
    pub recipients: Option<Spread>,
    /// Whether the users of a domain are written to alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "even"), extend("examples" = [{"zipf": 0.8}]))]
    pub users: Option<Spread>,
    /// Which share of recipients is in the sender's own domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "0%"), example = &"30%")]
    pub local: Option<Share>,
    /// Which share of recipients is nobody: the domain has no such user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "0%"), example = &"2%")]
    pub unknown: Option<Share>,
    /// Domains of `domains` that are written to as well, with their weights; see `weight`.
    #[schemars(extend("examples" = [{"example.org": 50.0}]))]
    pub named: IndexMap<String, f64>,
    /// Some of the messages go to many.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"share": "1%", "recipients": 50}]))]
    pub bulk: Option<Bulk>,
    /// How large messages are, their headers included: a size, or how it is distributed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "2KiB"), extend("examples" = [{"lognormal": {"median": "8KiB"}}]))]
    pub size: Option<MessageSize>,
    /// How a host submits what its users write.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"kept": "30s", "most": 4}]))]
    pub sessions: Option<Sessions>,
}

/// How messages follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Arrivals {
    /// Independently of each other.
    #[default]
    Poisson,
    /// At even distances.
    Constant,
}

/// Times at which there is more than at others.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bursts {
    /// From the beginning of one to that of the next.
    #[schemars(example = &"10m")]
    pub every: Dur,
    /// How long one takes.
    #[schemars(example = &"30s")]
    pub lasting: Dur,
    /// Which share of all comes in them; the rest is spread as otherwise.
    #[schemars(example = &"50%")]
    pub share: Share,
}

/// How much is for each of many.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Spread {
    /// As much for each.
    Even(Even),
    /// The more, the lower its number.
    Zipf(Zipf),
}

/// As much for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Even {
    /// As much for each.
    Even,
}

/// Much for few: number `n` has a weight of 1 / n^s.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Zipf {
    /// The exponent s.
    #[schemars(range(min = 0.0, max = 20.0), example = 1.0)]
    pub zipf: f64,
}

/// Messages to many.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bulk {
    /// Which share of the messages it is.
    #[schemars(example = &"1%")]
    pub share: Share,
    /// How many recipients each has, in one transaction.
    #[schemars(range(min = 2, max = 1000), example = 50)]
    pub recipients: u32,
}

/// The sizes of messages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum MessageSize {
    /// All of one size.
    One(Size),
    /// By a distribution.
    Drawn(DrawnSize),
}

/// A distribution of sizes; exactly one.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("oneOf" = [
    {"required": ["uniform"]}, {"required": ["lognormal"]}, {"required": ["table"]}
]))]
pub struct DrawnSize {
    /// Any size between two alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"from": "1KiB", "to": "10KiB"}]))]
    pub uniform: Option<UniformSize>,
    /// Most are small and few very large: the logarithm of the size is normally distributed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"median": "8KiB", "sigma": 1.5, "most": "5MB"}]))]
    pub lognormal: Option<LognormalSize>,
    /// These sizes, by weight.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        extend("examples" = [[{"size": "2KiB", "weight": 90}, {"size": "100KiB", "weight": 10}]])
    )]
    pub table: Option<Vec<WeightedSize>>,
}

/// Any size between two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UniformSize {
    /// The least.
    #[schemars(example = &"1KiB")]
    pub from: Size,
    /// The largest.
    #[schemars(example = &"10KiB")]
    pub to: Size,
}

/// A lognormal distribution.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LognormalSize {
    /// What half of the messages stay below.
    #[schemars(example = &"8KiB")]
    pub median: Size,
    /// The standard deviation of the logarithm: with 1, one in six is larger than e times the median.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 10.0), extend("default" = 1.0), example = 1.5)]
    pub sigma: Option<f64>,
    /// What is larger is cut to this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "1MB"), example = &"5MB")]
    pub most: Option<Size>,
}

/// A size, and how often it is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeightedSize {
    /// The size.
    #[schemars(example = &"2KiB")]
    pub size: Size,
    /// Its weight against the others.
    #[schemars(range(min = 0.0, max = 1e12), example = 90.0)]
    pub weight: f64,
}

/// How a host submits what its users write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Sessions {
    /// At most so many connections at once; what is written meanwhile waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000), extend("default" = 4), example = 10)]
    pub most: Option<u32>,
    /// How long an idle connection is kept for the next message, as a gateway does that logs in for all
    /// users of its domain. With `"0s"` each message has a connection of its own, on which its sender
    /// logs in, as with a user's mail program.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "0s"), example = &"30s")]
    pub kept: Option<Dur>,
}

//! Questions that are asked by rules.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::mail::{Arrivals, Zipf};
use crate::scenario::format::units::{Dur, Share};

/// Questions that are asked by rules: of the resolver of each host `clients.DOMAIN`. Either `queries` or
/// `rate` says how many, or `in_flight` asks as fast as answers come.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("oneOf" = [{"required": ["queries"]}, {"required": ["rate"]}]))]
pub struct DnsLoad {
    /// How many questions there are in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1e12), example = 100000)]
    pub queries: Option<u64>,
    /// How many questions there are in a second, on the average.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.000001, max = 1e9), example = 1000.0)]
    pub rate: Option<f64>,
    /// When they begin.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "1s"), example = &"1m")]
    pub at: Option<Dur>,
    /// For how long they go on. With `in_flight` it is the longest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "1m"), example = &"10s")]
    pub over: Option<Dur>,
    /// Each host asks the next question when one of so many is answered, as dnsperf does, and not by time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10000), example = 20)]
    pub in_flight: Option<u32>,
    /// How questions by time follow each other at each host.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "poisson"), example = &"constant")]
    pub arrivals: Option<Arrivals>,
    /// Whose names are asked for: those of all domains alike, or of few much (`zipf`), or `in_turn`, so
    /// that a host comes back to a name when it has been through all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "even"), extend("examples" = ["in_turn", {"zipf": 1.0}]))]
    pub names: Option<Names>,
    /// Which types are asked for, each as often.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = ["A"]), extend("examples" = [["A", "MX"]]))]
    pub types: Option<Vec<String>>,
    /// Which share of the questions is for a name that does not exist.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "0%"), example = &"10%")]
    pub unknown: Option<Share>,
}

/// Whose names are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Names {
    /// Without preference.
    Order(Order),
    /// Those of few much.
    Zipf(Zipf),
}

/// In which order names are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Any, each time anew.
    Even,
    /// One after the other.
    InTurn,
}

//! Topologies that are generated.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::network::Link;
use super::units::Dur;
use crate::net::generate::Region;

/// Routers and links between them, by a few numbers; exactly one kind. Beside it, what the links are
/// like and who hangs where.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("oneOf" = [
    {"required": ["star"]}, {"required": ["line"]}, {"required": ["ring"]}, {"required": ["tree"]},
    {"required": ["grid"]}, {"required": ["waxman"]}, {"required": ["world"]}
]))]
pub struct Topology {
    /// A router in the middle, `star-1`, and all others on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"routers": 9}]))]
    pub star: Option<Routers>,
    /// One behind the other: `line-1`, `line-2` and so on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"routers": 5}]))]
    pub line: Option<Routers>,
    /// A line whose ends are joined: `ring-1`, `ring-2` and so on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"routers": 8}]))]
    pub ring: Option<Routers>,
    /// As many routers below each, down to a depth: `tree-1` is the root, then level by level.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"fan_out": 3, "depth": 2}]))]
    pub tree: Option<Tree>,
    /// Columns and rows, each router joined with those beside it: `grid-1`, row by row.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"columns": 4, "rows": 3}]))]
    pub grid: Option<Grid>,
    /// A random network in which near routers are joined more often than far ones: `waxman-1` and so
    /// on. Delays are as the distances.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"routers": 30, "extent": "40ms"}]))]
    pub waxman: Option<Waxman>,
    /// Continents with measured delays between them, each with routers: `europe-1`, `asia-1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"regions": ["europe", "asia"], "routers": 2}]))]
    pub world: Option<World>,
    /// What the links between these routers are like. Where the topology has delays of its own, they
    /// take the place of the latency.
    /// Default: `network.default_link`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"bandwidth": "1Gbps"}]))]
    pub link: Option<Link>,
    /// On which of these routers hosts hang that name none, where `network.routers` names none
    /// either, and on which router of a region those that name the region. The hosts of a domain hang
    /// on one router.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "in_turn"), example = &"drawn")]
    pub spread: Option<Spread>,
    /// From which number the draws of the topology follow: it is the same network for every `seed` of
    /// the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 1), example = 7)]
    pub seed: Option<u64>,
    /// So many hosts more, on which nothing runs, on these routers in turn: `host-1`, `host-2` and so
    /// on, with addresses from 172.16.0.0/12 and 2001:db8:6::/48.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 0), example = 1000)]
    pub hosts: Option<u32>,
}

/// A number of routers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Routers {
    /// How many.
    #[schemars(range(min = 1, max = 100000), example = 9)]
    pub routers: u32,
}

/// The numbers of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tree {
    /// How many routers are below each.
    #[schemars(range(min = 1, max = 1000), example = 3)]
    pub fan_out: u32,
    /// How many levels are below the root.
    #[schemars(range(min = 0, max = 1000), example = 2)]
    pub depth: u32,
}

/// The numbers of a grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    /// How many routers are in a row.
    #[schemars(range(min = 1, max = 1000), example = 4)]
    pub columns: u32,
    /// How many rows there are.
    #[schemars(range(min = 1, max = 1000), example = 3)]
    pub rows: u32,
}

/// The numbers of a random network (Waxman 1988): routers at a distance d are joined with the
/// probability `beta * exp(-d / (alpha * L))`, where L is the diagonal of their square.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waxman {
    /// How many.
    #[schemars(range(min = 1, max = 5000), example = 30)]
    pub routers: u32,
    /// The larger, the more of the links are long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.001, max = 100.0), extend("default" = 0.15), example = 0.15)]
    pub alpha: Option<f64>,
    /// The larger, the more links there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1.0), extend("default" = 0.4), example = 0.4)]
    pub beta: Option<f64>,
    /// How long a packet takes along the diagonal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "40ms"), example = &"40ms")]
    pub extent: Option<Dur>,
}

/// Continents.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct World {
    /// Which ones; default: all. `attach` of a host or domain takes them too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [["europe", "north-america"]]))]
    pub regions: Option<Vec<Continent>>,
    /// How many routers each has. From two on, there are two cables between any two regions.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10000), extend("default" = 1), example = 2)]
    pub routers: Option<u32>,
}

/// A continent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Continent {
    /// Canada to Mexico.
    NorthAmerica,
    /// Colombia to Chile.
    SouthAmerica,
    /// With Britain and the Mediterranean.
    Europe,
    /// South of the Sahara.
    Africa,
    /// East and South-East Asia.
    Asia,
    /// Australia and New Zealand.
    Oceania,
}

impl From<Continent> for Region {
    fn from(continent: Continent) -> Self {
        match continent {
            Continent::NorthAmerica => Region::NorthAmerica,
            Continent::SouthAmerica => Region::SouthAmerica,
            Continent::Europe => Region::Europe,
            Continent::Africa => Region::Africa,
            Continent::Asia => Region::Asia,
            Continent::Oceania => Region::Oceania,
        }
    }
}

/// Who hangs on which router.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Spread {
    /// The first domain on the first router, the next on the next, and so on.
    #[default]
    InTurn,
    /// Each domain, and each host of none, on a random one.
    Drawn,
}

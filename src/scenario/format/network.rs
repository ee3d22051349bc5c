//! Routers, links, and what a link is like.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::topology::Topology;
use super::units::{Dur, Rate, Share, Size};

/// The network: routers, the links between them, and what every other link is like.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// What every link is like where nothing else is said.
    #[schemars(extend("examples" = [{"latency": "10ms", "loss": "5%"}]))]
    pub default_link: Link,
    /// The routers. A host hangs on the first one unless it says otherwise. With a `topology` there need
    /// be none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = ["internet"]), extend("examples" = [["internet", "isp"]]))]
    pub routers: Option<Vec<String>>,
    /// Links between routers, between a host and a router, or between two hosts. A host named here
    /// hangs on these links alone.
    #[schemars(extend("examples" = [[{"between": ["internet", "isp"], "latency": "15ms"}]]))]
    pub links: Vec<LinkBetween>,
    /// How long routers take to come to know that a link or router failed, came back or costs
    /// something else. Until then they send on as before, into a dead link too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "0s"), example = &"5s")]
    pub convergence: Option<Dur>,
    /// What becomes of packets that cannot be delivered: `silence` swallows them; with `refuse` routers
    /// and hosts answer by ICMP that there is no route, that the host is not reached, that nobody
    /// listens at a UDP port, or that the packet is too big; with `prohibit` routers say that it is
    /// administratively prohibited, as a firewall does. A cut link is silent until routers know of it, and
    /// a crashed host always is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "silence"), example = &"refuse")]
    pub unreachable: Option<Unreachable>,
    /// Routers and links that are generated, beside those that are named.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"world": {"routers": 2}}]))]
    pub topology: Option<Topology>,
    /// Which addresses a host gets that names none: `ipv4`, `ipv6` or `dual`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "ipv4"), example = &"dual")]
    pub addresses: Option<Family>,
}

/// What becomes of packets that cannot be delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unreachable {
    /// They vanish.
    #[default]
    Silence,
    /// Their sender is told why, by ICMP.
    Refuse,
    /// Their sender is told by ICMP that it is prohibited.
    Prohibit,
}

/// Which addresses hosts get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// One IPv4 address each.
    #[default]
    Ipv4,
    /// One IPv6 address each.
    Ipv6,
    /// One of both each.
    Dual,
}

/// What a link is like. What is left out comes from `network.default_link`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Link {
    /// How long a packet takes in each direction: always the same, or drawn for each packet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "10ms"), example = &"40ms")]
    pub latency: Option<Latency>,
    /// Added to the latency.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "0s"), example = &"300ms")]
    pub delay: Option<Dur>,
    /// Which packets are lost: a share of them, each independently of the others, or many in a row.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "0%"), example = &"5%")]
    pub loss: Option<Loss>,
    /// Which share of the packets arrives twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "0%"), example = &"1%")]
    pub duplicate: Option<Share>,
    /// In which share of the packets a bit is flipped. The receiver's checksum fails, and it drops
    /// the packet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "0%"), example = &"0.1%")]
    pub corrupt: Option<Share>,
    /// Which share of the packets is let overtake those before it: it takes half its time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "0%"), example = &"2%")]
    pub reorder: Option<Share>,
    /// Whether drawn latencies reorder packets. Otherwise none overtakes another.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false), example = true)]
    pub unordered: Option<bool>,
    /// How fast octets enter the link. Without it, at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"10Mbps")]
    pub bandwidth: Option<Rate>,
    /// The largest packet that passes, its IP header included.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "1500B"), example = &"1280B")]
    pub mtu: Option<Size>,
    /// How many octets wait for a link with a bandwidth; what comes when it is full is dropped.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "256KiB"), example = &"64KiB")]
    pub queue: Option<Size>,
    /// What routes add up for the link: 10 is as much as 10 ms. Packets take the way that costs least.
    /// Default: the latency of the slower direction.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), example = 10)]
    pub cost: Option<u32>,
    /// What differs in the direction from the first end to the second; from a host to its router.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"bandwidth": "1Mbps"}]))]
    pub forward: Option<Direction>,
    /// What differs in the direction from the second end to the first; from a router to its host.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"loss": "100%"}]))]
    pub backward: Option<Direction>,
}

/// One direction of a link, where it differs from the other.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Direction {
    /// How long a packet takes in this direction.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"25ms")]
    pub latency: Option<Latency>,
    /// Added to the latency in this direction.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"300ms")]
    pub delay: Option<Dur>,
    /// Which packets are lost in this direction: a share of them, each independently of the others, or many in a row.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"5%")]
    pub loss: Option<Loss>,
    /// Which share of the packets arrives twice in this direction.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"1%")]
    pub duplicate: Option<Share>,
    /// In which share of the packets a bit is flipped in this direction. The receiver's checksum fails, and it drops
    /// the packet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"0.1%")]
    pub corrupt: Option<Share>,
    /// Which share of the packets is let overtake those before it in this direction: it takes half its time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"2%")]
    pub reorder: Option<Share>,
    /// Whether drawn latencies reorder packets in this direction. Otherwise none overtakes another.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = true)]
    pub unordered: Option<bool>,
    /// How fast octets enter the link in this direction.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"1Mbps")]
    pub bandwidth: Option<Rate>,
    /// The largest packet that passes in this direction, its IP header included.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"1492B")]
    pub mtu: Option<Size>,
    /// How many octets wait for a link with a bandwidth in this direction; what comes when it is full is dropped.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"64KiB")]
    pub queue: Option<Size>,
    /// What routes add up for this direction, in place of the link's latency: 10 is as much as 10 ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), example = 10)]
    pub cost: Option<u32>,
}

/// A link and its two ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
pub struct LinkBetween {
    /// The two ends: routers or hosts, by name.
    #[schemars(extend("examples" = [["laptop.alice.example.org", "isp"]]))]
    pub between: [String; 2],
    /// What it is like.
    #[serde(flatten)]
    pub link: Link,
}

/// How long a packet takes: always the same, or drawn for each packet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Latency {
    /// Always the same.
    Constant(Dur),
    /// Drawn for each packet.
    Drawn(Distribution),
}

/// A distribution of latencies; exactly one.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("oneOf" = [
    {"required": ["uniform"]}, {"required": ["normal"]}, {"required": ["lognormal"]},
    {"required": ["exponential"]}, {"required": ["table"]}
]))]
pub struct Distribution {
    /// Evenly between a least and a largest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [["5ms", "20ms"]]))]
    pub uniform: Option<[Dur; 2]>,
    /// The bell curve, cut off at zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"mean": "20ms", "deviation": "3ms"}]))]
    pub normal: Option<Normal>,
    /// The logarithm of the latency is normal: mostly short, with a long tail.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"median": "20ms", "sigma": 0.3}]))]
    pub lognormal: Option<LogNormal>,
    /// A least latency and an exponential one on top, as after a queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"mean": "20ms", "least": "5ms"}]))]
    pub exponential: Option<Exponential>,
    /// As measured: a text file in the scenario's folder, with one latency a line, and of one kind
    /// throughout. Bare (`12.5ms`), each was seen once; with a number (`12.5ms 830`), so often; these are
    /// drawn, and no others. With a share (`12.5ms 95%`), so many packets are as fast or faster, both
    /// rising up to `100%`; what is between two lines is evenly drawn from between them. `#` begins a
    /// comment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"data/latency.txt")]
    pub table: Option<String>,
}

/// A normal distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Normal {
    /// The mean.
    #[schemars(example = &"20ms")]
    pub mean: Dur,
    /// The standard deviation.
    #[schemars(example = &"3ms")]
    pub deviation: Dur,
    /// What is drawn below this becomes this. Default: a tenth of the mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"5ms")]
    pub least: Option<Dur>,
}

/// A lognormal distribution.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogNormal {
    /// Half of the packets are faster.
    #[schemars(example = &"20ms")]
    pub median: Dur,
    /// The standard deviation of the latency's natural logarithm; no unit, at most 4.
    #[schemars(range(min = 0.0, max = 4.0), example = 0.3)]
    pub sigma: f64,
    /// What is drawn below this becomes this. Default: a tenth of the median.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"5ms")]
    pub least: Option<Dur>,
}

/// An exponential distribution on top of a least latency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exponential {
    /// The mean of all latencies, the least one included.
    #[schemars(example = &"20ms")]
    pub mean: Dur,
    /// The least. Default: a tenth of the mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"5ms")]
    pub least: Option<Dur>,
}

/// Which packets are lost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Loss {
    /// This share, each independently of the others.
    Share(Share),
    /// Many in a row.
    Bursts(LossBursts),
}

/// Loss in bursts, by the model of Gilbert and Elliott; exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("oneOf" = [{"required": ["bursts"]}, {"required": ["gilbert_elliott"]}]))]
pub struct LossBursts {
    /// By how much is lost and how many packets in a row.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"mean": "2%", "length": 8}]))]
    pub bursts: Option<Bursts>,
    /// By the four parameters of the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [
        {"to_bad": "1%", "to_good": "10%", "good_loss": "0%", "bad_loss": "80%"}
    ]))]
    pub gilbert_elliott: Option<GilbertElliott>,
}

/// Bursts in which everything is lost, and between which nothing is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bursts {
    /// Which share of all packets is lost.
    #[schemars(example = &"2%")]
    pub mean: Share,
    /// How many packets are lost in a row, in the mean.
    #[schemars(range(min = 1.0, max = 1_000_000.0), example = 8)]
    pub length: f64,
}

/// A link with a good state and a bad one. With each packet it may go to the other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GilbertElliott {
    /// How probably the good state turns bad.
    #[schemars(example = &"1%")]
    pub to_bad: Share,
    /// How probably the bad state turns good.
    #[schemars(example = &"10%")]
    pub to_good: Share,
    /// Which share of the packets is lost in the good state.
    #[schemars(example = &"0%")]
    pub good_loss: Share,
    /// Which share of the packets is lost in the bad state.
    #[schemars(example = &"80%")]
    pub bad_loss: Share,
}

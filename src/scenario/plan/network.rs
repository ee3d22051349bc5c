//! Links with every parameter filled in.

use std::time::Duration;

/// A link and its two directions.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// One end: a router or host.
    pub a: String,
    /// The other end: a router or host.
    pub b: String,
    /// From `a` to `b`.
    pub forward: LinkSpec,
    /// From `b` to `a`.
    pub backward: LinkSpec,
}

/// One direction of a link.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinkSpec {
    /// How long a packet takes.
    pub latency: Latency,
    /// The share of packets lost, 0 to 1.
    pub loss: f64,
    /// Bits a second; `None`: at once.
    pub bandwidth: Option<u64>,
    /// The largest packet in octets, IP header included; at least 68.
    pub mtu: u32,
}

/// The default link of a scenario: 10 ms, no loss, no limit of rate, 1,500 octets.
impl Default for LinkSpec {
    fn default() -> Self {
        LinkSpec {
            latency: Latency::Constant(Duration::from_millis(10)),
            loss: 0.0,
            bandwidth: None,
            mtu: 1_500,
        }
    }
}

/// How long a packet takes. A draw below zero counts as zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Latency {
    /// Always the same.
    Constant(Duration),
    /// Evenly between the two; `least <= most`.
    Uniform {
        /// The shortest.
        least: Duration,
        /// The longest.
        most: Duration,
    },
    /// The bell curve.
    Normal {
        /// The mean.
        mean: Duration,
        /// The standard deviation.
        deviation: Duration,
    },
    /// The natural logarithm is normal.
    LogNormal {
        /// Half of the packets are faster.
        median: Duration,
        /// The standard deviation of the logarithm, 0 to 4.
        sigma: f64,
    },
}

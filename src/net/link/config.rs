//! What a direction of a link is like, and partial changes of that.

use std::time::Duration;

use crate::net::Latency;

use super::LossModel;

/// What a direction of a link is like.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkConfig {
    /// Time under way.
    pub latency: Latency,
    /// Added to the latency.
    pub extra_delay: Duration,
    /// Which packets are lost.
    pub loss: LossModel,
    /// Probability that a packet arrives twice, 0 to 1.
    pub duplicate: f64,
    /// Probability that a bit of a packet is flipped, 0 to 1.
    pub corrupt: f64,
    /// Probability that a packet is let overtake those before it, 0 to 1: it takes half its time.
    pub reorder: f64,
    /// Whether every packet arrives when its own latency says, so that jitter reorders.
    pub unordered: bool,
    /// The largest packet that fits, in octets with IP header.
    pub mtu_octets: u32,
    /// Bits a second; `None`: sending takes no time.
    pub bandwidth_bps: Option<u64>,
    /// How many octets wait for a link with a bandwidth, or for one that holds its packets, before it
    /// drops packets at the tail.
    pub queue_octets: u32,
    /// What routes add up for this direction, where it is not its delay ([`crate::net::Cost::given`]).
    pub cost: Option<u32>,
}

/// 10 ms, no loss, Ethernet's MTU, no limit to the bandwidth, 256 KiB of queue.
impl Default for LinkConfig {
    fn default() -> Self {
        LinkConfig {
            latency: Latency::Constant(Duration::from_millis(10)),
            extra_delay: Duration::ZERO,
            loss: LossModel::NONE,
            duplicate: 0.0,
            corrupt: 0.0,
            reorder: 0.0,
            unordered: false,
            mtu_octets: 1_500,
            bandwidth_bps: None,
            queue_octets: 256 * 1_024,
            cost: None,
        }
    }
}

impl LinkConfig {
    /// Whether all its probabilities are some.
    pub fn is_sound(&self) -> bool {
        let is_probability = |share: &f64| (0.0..=1.0).contains(share);
        self.loss.is_sound()
            && [self.duplicate, self.corrupt, self.reorder].iter().all(is_probability)
    }

    /// Whether packets can come out of it otherwise than one for one, in order and unharmed.
    pub(super) fn is_wild(&self) -> bool {
        self.unordered || self.duplicate > 0.0 || self.corrupt > 0.0 || self.reorder > 0.0
    }

    /// The shortest time that a packet can be under way.
    pub fn shortest_delay(&self) -> Duration {
        let least = self.latency.shortest() + self.extra_delay;
        if self.reorder > 0.0 { least / 2 } else { least }
    }
}

/// What is different of a direction of a link: where it says nothing, what was stays.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LinkPatch {
    /// As [`LinkConfig::latency`].
    pub latency: Option<Latency>,
    /// As [`LinkConfig::extra_delay`], and added to what there is.
    pub extra_delay: Duration,
    /// As [`LinkConfig::loss`].
    pub loss: Option<LossModel>,
    /// As [`LinkConfig::duplicate`].
    pub duplicate: Option<f64>,
    /// As [`LinkConfig::corrupt`].
    pub corrupt: Option<f64>,
    /// As [`LinkConfig::reorder`].
    pub reorder: Option<f64>,
    /// As [`LinkConfig::unordered`].
    pub unordered: Option<bool>,
    /// As [`LinkConfig::mtu_octets`].
    pub mtu_octets: Option<u32>,
    /// As [`LinkConfig::bandwidth_bps`], in bits a second.
    pub bandwidth_bps: Option<u64>,
    /// As [`LinkConfig::queue_octets`].
    pub queue_octets: Option<u32>,
    /// As [`LinkConfig::cost`].
    pub cost: Option<u32>,
}

impl LinkPatch {
    /// What both say, laid on each other: this one on top.
    #[must_use]
    pub fn over(self, below: &LinkPatch) -> LinkPatch {
        LinkPatch {
            latency: self.latency.or_else(|| below.latency.clone()),
            extra_delay: self.extra_delay + below.extra_delay,
            loss: self.loss.or(below.loss),
            duplicate: self.duplicate.or(below.duplicate),
            corrupt: self.corrupt.or(below.corrupt),
            reorder: self.reorder.or(below.reorder),
            unordered: self.unordered.or(below.unordered),
            mtu_octets: self.mtu_octets.or(below.mtu_octets),
            bandwidth_bps: self.bandwidth_bps.or(below.bandwidth_bps),
            queue_octets: self.queue_octets.or(below.queue_octets),
            cost: self.cost.or(below.cost),
        }
    }

    /// Lays it on a configuration.
    pub fn apply(&self, config: &mut LinkConfig) {
        fn set<T: Clone>(place: &mut T, patch: &Option<T>) {
            if let Some(value) = patch {
                place.clone_from(value);
            }
        }
        set(&mut config.latency, &self.latency);
        config.extra_delay += self.extra_delay;
        set(&mut config.loss, &self.loss);
        set(&mut config.duplicate, &self.duplicate);
        set(&mut config.corrupt, &self.corrupt);
        set(&mut config.reorder, &self.reorder);
        set(&mut config.unordered, &self.unordered);
        set(&mut config.mtu_octets, &self.mtu_octets);
        set(&mut config.queue_octets, &self.queue_octets);
        config.bandwidth_bps = self.bandwidth_bps.or(config.bandwidth_bps);
        config.cost = self.cost.or(config.cost);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_patch_replaces_what_it_names_and_delays_add_up() {
        let below = LinkPatch {
            loss: Some(0.1.into()),
            mtu_octets: Some(576),
            extra_delay: 5 * MS,
            ..LinkPatch::default()
        };
        let above = LinkPatch { loss: Some(0.2.into()), extra_delay: MS, ..LinkPatch::default() };
        let mut config = LinkConfig { extra_delay: 10 * MS, ..LinkConfig::default() };
        let mut stepwise = config.clone();
        below.apply(&mut stepwise);
        above.apply(&mut stepwise);
        above.over(&below).apply(&mut config);
        assert_eq!(config, stepwise);
        assert_eq!((config.loss, config.mtu_octets), (0.2.into(), 576));
        assert_eq!(config.shortest_delay(), 26 * MS);
        config.reorder = 0.5;
        assert_eq!(config.shortest_delay(), 13 * MS);
    }
}

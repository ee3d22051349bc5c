//! One direction of a link: what happens to a packet that leaves on it.
//!
//! The node at the tail owns the direction with its state and its random streams; nobody else
//! touches it. Packets of one direction do not overtake each other: jitter delays, it does not
//! reorder.
//!
//! Not modelled: duplication, corruption, loss in bursts.

use std::time::Duration;

use crate::engine::{Seed, SimTime, Stream};

use super::Latency;

/// What a direction of a link is like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinkConfig {
    /// Time under way.
    pub latency: Latency,
    /// Probability that a packet is lost, 0 to 1.
    pub loss: f64,
    /// The largest packet that fits, in octets with IP header.
    pub mtu_octets: u32,
    /// Bits a second; `None`: sending takes no time.
    pub bandwidth_bps: Option<u64>,
    /// How many octets wait for a link with a bandwidth before it drops packets at the tail.
    pub queue_octets: u32,
    /// What routes add up for this direction, where it is not its delay ([`super::Cost::given`]).
    pub cost: Option<u32>,
}

/// 10 ms, no loss, Ethernet's MTU, no limit to the bandwidth, 256 KiB of queue.
impl Default for LinkConfig {
    fn default() -> Self {
        LinkConfig {
            latency: Latency::Constant(Duration::from_millis(10)),
            loss: 0.0,
            mtu_octets: 1_500,
            bandwidth_bps: None,
            queue_octets: 256 * 1_024,
            cost: None,
        }
    }
}

/// What is different of a direction of a link: where it says nothing, what was stays.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LinkPatch {
    /// As [`LinkConfig::latency`].
    pub latency: Option<Latency>,
    /// As [`LinkConfig::loss`].
    pub loss: Option<f64>,
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
            latency: self.latency.or(below.latency),
            loss: self.loss.or(below.loss),
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
        set(&mut config.loss, &self.loss);
        set(&mut config.mtu_octets, &self.mtu_octets);
        set(&mut config.queue_octets, &self.queue_octets);
        config.bandwidth_bps = self.bandwidth_bps.or(config.bandwidth_bps);
        config.cost = self.cost.or(config.cost);
    }
}

/// Why a packet went no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// Drawn by the link's loss rate.
    Random,
    /// The link is cut.
    LinkDown,
    /// The link's queue is full.
    QueueFull,
    /// Larger than the link's MTU, and fragmentation is off.
    TooBig,
    /// No way to that address.
    NoRoute,
    /// The host is down.
    HostDown,
    /// No socket of the host takes it (UDP).
    NoListener,
    /// As many connections wait for the program as may.
    BacklogFull,
    /// Nobody reads, and the buffer is full.
    BufferFull,
}

impl std::fmt::Display for Loss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Loss::Random => "lost on the link",
            Loss::LinkDown => "link down",
            Loss::QueueFull => "queue full",
            Loss::TooBig => "larger than the MTU",
            Loss::NoRoute => "no route",
            Loss::HostDown => "host down",
            Loss::NoListener => "nobody listens",
            Loss::BacklogFull => "backlog full",
            Loss::BufferFull => "receive buffer full",
        })
    }
}

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It reaches the other end then.
    Arrives(SimTime),
    /// It does not.
    Lost(Loss),
}

/// One direction of a link, with its state.
#[derive(Debug)]
pub struct Direction {
    config: LinkConfig,
    up: bool,
    last_arrival: SimTime,
    sent_until: SimTime,
    // Made at the first draw: a direction that never draws pays nothing.
    latency_draws: Option<Box<Stream>>,
    loss_draws: Option<Box<Stream>>,
}

impl Direction {
    /// A direction that is up.
    pub fn new(config: LinkConfig) -> Self {
        Direction {
            config,
            up: true,
            last_arrival: SimTime::ZERO,
            sent_until: SimTime::ZERO,
            latency_draws: None,
            loss_draws: None,
        }
    }

    /// What it is like now.
    pub fn config(&self) -> &LinkConfig {
        &self.config
    }

    /// Changes what it is like from now on; packets under way are not touched.
    pub fn set_config(&mut self, config: LinkConfig) {
        self.config = config;
    }

    /// Cuts or heals it; packets under way arrive all the same.
    pub fn set_up(&mut self, up: bool) {
        self.up = up;
    }

    /// Whether it is not cut.
    pub fn is_up(&self) -> bool {
        self.up
    }

    /// Sends a packet of `octets` at `now`. `name` is the direction's name ("a>b"), of which its
    /// streams are derived: "link a>b latency" and "link a>b loss".
    pub fn transmit(
        &mut self,
        now: SimTime,
        octets: usize,
        seed: Seed,
        name: impl Fn() -> String,
    ) -> Verdict {
        let leaves = match self.leave(now, octets, seed, &name) {
            Ok(leaves) => leaves,
            Err(why) => return Verdict::Lost(why),
        };
        let delay =
            match self.config.latency {
                Latency::Constant(delay) => delay,
                drawn => drawn.draw(self.latency_draws.get_or_insert_with(|| {
                    Box::new(seed.stream(&format!("link {} latency", name())))
                })),
            };
        let arrival = (leaves + delay).max(self.last_arrival);
        self.last_arrival = arrival;
        Verdict::Arrives(arrival)
    }

    /// As [`Direction::transmit`], but that the packet is under way for no time: it overtakes others,
    /// and draws no latency.
    pub fn transmit_at_once(
        &mut self,
        now: SimTime,
        octets: usize,
        seed: Seed,
        name: impl Fn() -> String,
    ) -> Verdict {
        match self.leave(now, octets, seed, &name) {
            Ok(leaves) => Verdict::Arrives(leaves),
            Err(why) => Verdict::Lost(why),
        }
    }

    /// When a packet has left this end, or why it does not.
    fn leave(
        &mut self,
        now: SimTime,
        octets: usize,
        seed: Seed,
        name: &impl Fn() -> String,
    ) -> Result<SimTime, Loss> {
        if !self.up {
            return Err(Loss::LinkDown);
        }
        if octets > self.config.mtu_octets as usize {
            return Err(Loss::TooBig);
        }
        let mut leaves = now;
        if let Some(bandwidth) = self.config.bandwidth_bps {
            let waits = self.sent_until.since(now);
            let queued_octets = waits.as_nanos() * u128::from(bandwidth) / 8_000_000_000;
            if queued_octets + octets as u128
                > u128::from(self.config.queue_octets).max(octets as u128)
            {
                return Err(Loss::QueueFull);
            }
            let nanos = octets as u128 * 8_000_000_000 / u128::from(bandwidth.max(1));
            leaves = leaves.max(self.sent_until)
                + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
            self.sent_until = leaves;
        }
        if self.config.loss > 0.0 {
            let draws = self
                .loss_draws
                .get_or_insert_with(|| Box::new(seed.stream(&format!("link {} loss", name()))));
            if draws.chance(self.config.loss) {
                return Err(Loss::Random);
            }
        }
        Ok(leaves)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn direction(config: LinkConfig) -> Direction {
        Direction::new(config)
    }

    fn send(direction: &mut Direction, at_ms: u64, octets: usize) -> Verdict {
        direction.transmit(SimTime::from_millis(at_ms), octets, Seed(1), || "a>b".into())
    }

    #[test]
    fn a_cut_link_swallows_and_a_healed_one_carries() {
        let mut link = direction(LinkConfig::default());
        link.set_up(false);
        assert_eq!(send(&mut link, 0, 100), Verdict::Lost(Loss::LinkDown));
        link.set_up(true);
        assert_eq!(send(&mut link, 5, 100), Verdict::Arrives(SimTime::from_millis(15)));
    }

    #[test]
    fn a_packet_above_the_mtu_does_not_pass() {
        let mut link = direction(LinkConfig::default());
        assert_eq!(send(&mut link, 0, 1_501), Verdict::Lost(Loss::TooBig));
        assert!(matches!(send(&mut link, 0, 1_500), Verdict::Arrives(_)));
    }

    #[test]
    fn a_slow_link_sends_one_after_the_other_and_drops_at_the_tail() {
        let config = LinkConfig {
            bandwidth_bps: Some(8_000), // one octet a millisecond
            queue_octets: 250,
            ..LinkConfig::default()
        };
        let mut link = direction(config);
        assert_eq!(send(&mut link, 0, 100), Verdict::Arrives(SimTime::from_millis(110)));
        assert_eq!(send(&mut link, 0, 100), Verdict::Arrives(SimTime::from_millis(210)));
        assert_eq!(send(&mut link, 0, 100), Verdict::Lost(Loss::QueueFull));
        assert_eq!(send(&mut link, 150, 100), Verdict::Arrives(SimTime::from_millis(310)));
    }

    #[test]
    fn jitter_delays_but_does_not_reorder() {
        let ms = Duration::from_millis;
        let config = LinkConfig {
            latency: Latency::Uniform { least: ms(1), most: ms(50) },
            ..LinkConfig::default()
        };
        let mut link = direction(config);
        let arrivals: Vec<_> = (0..200).map(|at| send(&mut link, at, 100)).collect();
        let times: Vec<_> = arrivals
            .iter()
            .map(|verdict| match verdict {
                Verdict::Arrives(at) => *at,
                Verdict::Lost(why) => panic!("{why}"),
            })
            .collect();
        assert!(times.is_sorted());
    }

    #[test]
    fn a_packet_that_takes_no_time_overtakes_and_is_lost_as_others_are() {
        let mut link = direction(LinkConfig::default());
        let at_once = |link: &mut Direction, at_ms: u64, octets| {
            link.transmit_at_once(SimTime::from_millis(at_ms), octets, Seed(1), || "a>b".into())
        };
        assert_eq!(send(&mut link, 0, 100), Verdict::Arrives(SimTime::from_millis(10)));
        assert_eq!(at_once(&mut link, 5, 100), Verdict::Arrives(SimTime::from_millis(5)));
        assert_eq!(at_once(&mut link, 5, 1_501), Verdict::Lost(Loss::TooBig));
        link.set_up(false);
        assert_eq!(at_once(&mut link, 6, 100), Verdict::Lost(Loss::LinkDown));
    }

    #[test]
    fn loss_comes_at_its_rate() {
        let mut link = direction(LinkConfig { loss: 0.05, ..LinkConfig::default() });
        let lost =
            (0..10_000).filter(|at| send(&mut link, *at, 100) == Verdict::Lost(Loss::Random));
        let lost = lost.count();
        assert!((430..570).contains(&lost), "{lost} of 10,000 at 5 %");
    }
}

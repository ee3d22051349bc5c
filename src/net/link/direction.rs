//! One direction of a link: what happens to a packet that leaves on it.
//!
//! The node at the tail owns the direction with its state and its random streams; nobody else
//! touches it. Packets of one direction do not overtake each other, unless that is asked for: jitter
//! delays, it does not reorder. What a configuration does not ask for draws nothing.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::{Seed, SimTime, Stream};
use crate::net::Latency;

use super::loss::Chain;
use super::{LinkConfig, Loss, LossModel};

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It reaches the other end then.
    Arrives(SimTime),
    /// It reaches the other end, but not as the only one and unharmed.
    Altered(Alteration),
    /// It does not.
    Lost(Loss),
}

/// What a link does to a packet beside carrying it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alteration {
    /// When it reaches the other end.
    pub arrives: SimTime,
    /// When a second one does.
    pub copy: Option<SimTime>,
    /// Which bit is flipped, as [`crate::net::Damage::flipped_bits`] counts; in the copy too.
    pub flipped_bit: Option<u32>,
}

/// Whether a direction carries packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LinkStatus {
    /// It does.
    #[default]
    Up,
    /// It keeps them until it carries again.
    Holding,
    /// It swallows them.
    Down,
}

/// One direction of a link, with its state.
#[derive(Debug)]
pub struct Direction {
    config: Arc<LinkConfig>,
    status: LinkStatus,
    /// Whether packets can be altered or overtake.
    wild: bool,
    last_arrival: SimTime,
    sent_until: SimTime,
    // Made at the first draw: a direction that never draws pays nothing.
    latency_draws: Option<Box<Stream>>,
    loss_draws: Option<Box<Stream>>,
    rare: Option<Box<Rare>>,
}

/// What few directions have.
#[derive(Debug, Default)]
struct Rare {
    chain: Option<Chain>,
    duplicate_draws: Option<Stream>,
    corrupt_draws: Option<Stream>,
    reorder_draws: Option<Stream>,
}

/// A packet that leaves, as a direction needs to know it.
#[derive(Debug, Clone, Copy)]
struct Leaving<N> {
    now: SimTime,
    octets: usize,
    seed: Seed,
    name: N,
}

impl<N: Fn() -> String> Leaving<N> {
    fn stream(&self, purpose: &str) -> Stream {
        self.seed.stream(&format!("link {} {purpose}", (self.name)()))
    }
}

impl Direction {
    /// A direction that is up.
    pub fn new(config: impl Into<Arc<LinkConfig>>) -> Self {
        let config = config.into();
        Direction {
            wild: config.is_wild(),
            config,
            status: LinkStatus::Up,
            last_arrival: SimTime::ZERO,
            sent_until: SimTime::ZERO,
            latency_draws: None,
            loss_draws: None,
            rare: None,
        }
    }

    /// What it is like now.
    pub fn config(&self) -> &Arc<LinkConfig> {
        &self.config
    }

    /// Changes what it is like from now on; packets under way are not touched.
    pub fn set_config(&mut self, config: impl Into<Arc<LinkConfig>>) {
        self.config = config.into();
        self.wild = self.config.is_wild();
        if let (Some(rare), LossModel::Independent(_)) = (&mut self.rare, self.config.loss) {
            rare.chain = None; // bursts begin anew, in the good state
        }
    }

    /// Cuts or heals it, or lets it hold packets; packets under way arrive all the same.
    pub fn set_status(&mut self, status: LinkStatus) {
        self.status = status;
    }

    /// Whether it carries packets.
    pub fn status(&self) -> LinkStatus {
        self.status
    }

    /// Sends a packet of `octets` at `now`. `name` is the direction's name ("a>b"), of which its
    /// streams are derived: "link a>b latency", "link a>b loss" and so on.
    ///
    /// What a direction holds is not sent: the caller has looked at its [`Direction::status`].
    pub fn transmit(
        &mut self,
        now: SimTime,
        octets: usize,
        seed: Seed,
        name: impl Fn() -> String,
    ) -> Verdict {
        let leaving = Leaving { now, octets, seed, name };
        let leaves = match self.leave(&leaving) {
            Ok(leaves) => leaves,
            Err(why) => return Verdict::Lost(why),
        };
        if self.wild {
            return self.transmit_wildly(leaves, false, &leaving);
        }
        let delay = self.delay(&leaving);
        Verdict::Arrives(self.in_order(leaves + delay))
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
        let leaving = Leaving { now, octets, seed, name };
        match self.leave(&leaving) {
            Ok(leaves) if self.wild => self.transmit_wildly(leaves, true, &leaving),
            Ok(leaves) => Verdict::Arrives(leaves),
            Err(why) => Verdict::Lost(why),
        }
    }

    /// When a packet has left this end, or why it does not.
    fn leave(&mut self, leaving: &Leaving<impl Fn() -> String>) -> Result<SimTime, Loss> {
        if self.status == LinkStatus::Down {
            return Err(Loss::LinkDown);
        }
        let (now, octets) = (leaving.now, leaving.octets);
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
        if !self.config.loss.is_none() && self.loses(leaving) {
            return Err(Loss::Random);
        }
        Ok(leaves)
    }

    fn loses(&mut self, leaving: &Leaving<impl Fn() -> String>) -> bool {
        match &self.config.loss {
            LossModel::Independent(loss) => {
                let draws = self.loss_draws.get_or_insert_with(|| Box::new(leaving.stream("loss")));
                draws.chance(*loss)
            }
            LossModel::Bursts(model) => {
                let rare = self.rare.get_or_insert_default();
                let stream = |purpose: &str| leaving.stream(purpose);
                rare.chain.get_or_insert_with(|| Chain::new(stream)).loses(model)
            }
        }
    }

    /// How long the next packet is under way.
    fn delay(&mut self, leaving: &Leaving<impl Fn() -> String>) -> Duration {
        let delay = match &self.config.latency {
            Latency::Constant(delay) => *delay,
            drawn => drawn.draw(
                self.latency_draws.get_or_insert_with(|| Box::new(leaving.stream("latency"))),
            ),
        };
        delay + self.config.extra_delay
    }

    /// An arrival that is not before those of the packets before.
    fn in_order(&mut self, arrival: SimTime) -> SimTime {
        self.last_arrival = self.last_arrival.max(arrival);
        self.last_arrival
    }

    /// Carries a packet by a configuration that may alter it.
    fn transmit_wildly(
        &mut self,
        leaves: SimTime,
        at_once: bool,
        leaving: &Leaving<impl Fn() -> String>,
    ) -> Verdict {
        let config = Arc::clone(&self.config);
        let rare = self.rare.get_or_insert_default();
        let overtakes = happens(&mut rare.reorder_draws, config.reorder, "reorder", leaving);
        let overtakes = overtakes.is_some();
        // The IP header is not flipped.
        let bits = leaving.octets.saturating_sub(IP_HEADER_OCTETS) as u64 * 8;
        let flipped_bit = happens(&mut rare.corrupt_draws, config.corrupt, "corrupt", leaving)
            .map(|draws| draws.below(bits) as u32);
        let twice = happens(&mut rare.duplicate_draws, config.duplicate, "duplicate", leaving);
        let twice = twice.is_some();
        let mut arrival = |overtakes: bool| {
            let delay = if at_once { Duration::ZERO } else { self.delay(leaving) };
            match () {
                () if overtakes => leaves + delay / 2,
                () if config.unordered || at_once => leaves + delay,
                () => self.in_order(leaves + delay),
            }
        };
        let arrives = arrival(overtakes);
        let copy = twice.then(|| arrival(false));
        match (flipped_bit, copy) {
            (None, None) => Verdict::Arrives(arrives),
            _ => Verdict::Altered(Alteration { arrives, copy, flipped_bit }),
        }
    }
}

/// Draws whether something happens, if it can; hands back the stream, for more about it.
fn happens<'s>(
    draws: &'s mut Option<Stream>,
    probability: f64,
    purpose: &str,
    leaving: &Leaving<impl Fn() -> String>,
) -> Option<&'s mut Stream> {
    if probability <= 0.0 {
        return None;
    }
    let draws = draws.get_or_insert_with(|| leaving.stream(purpose));
    draws.chance(probability).then_some(draws)
}

/// The larger of the two IP headers: what is never flipped, so that bits fit the smaller rest.
const IP_HEADER_OCTETS: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::link::GilbertElliott;

    fn send(direction: &mut Direction, at_ms: u64, octets: usize) -> Verdict {
        direction.transmit(SimTime::from_millis(at_ms), octets, Seed(1), || "a>b".into())
    }

    fn arrival(verdict: Verdict) -> SimTime {
        match verdict {
            Verdict::Arrives(at) | Verdict::Altered(Alteration { arrives: at, .. }) => at,
            Verdict::Lost(why) => panic!("{why}"),
        }
    }

    fn uniform() -> LinkConfig {
        let ms = Duration::from_millis;
        let latency = Latency::Uniform { least: ms(1), most: ms(50) };
        LinkConfig { latency, ..LinkConfig::default() }
    }

    /// The arrivals of a packet a millisecond.
    fn arrivals(config: LinkConfig, packets: u64) -> Vec<SimTime> {
        let mut link = Direction::new(config);
        (0..packets).map(|at| arrival(send(&mut link, at, 100))).collect()
    }

    #[test]
    fn a_cut_link_swallows_and_a_healed_one_carries() {
        let mut link = Direction::new(LinkConfig::default());
        link.set_status(LinkStatus::Down);
        assert_eq!(send(&mut link, 0, 100), Verdict::Lost(Loss::LinkDown));
        link.set_status(LinkStatus::Up);
        assert_eq!(send(&mut link, 5, 100), Verdict::Arrives(SimTime::from_millis(15)));
    }

    #[test]
    fn a_packet_above_the_mtu_does_not_pass() {
        let mut link = Direction::new(LinkConfig::default());
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
        let mut link = Direction::new(config);
        assert_eq!(send(&mut link, 0, 100), Verdict::Arrives(SimTime::from_millis(110)));
        assert_eq!(send(&mut link, 0, 100), Verdict::Arrives(SimTime::from_millis(210)));
        assert_eq!(send(&mut link, 0, 100), Verdict::Lost(Loss::QueueFull));
        assert_eq!(send(&mut link, 150, 100), Verdict::Arrives(SimTime::from_millis(310)));
    }

    #[test]
    fn jitter_delays_but_does_not_reorder_unless_that_is_asked_for() {
        assert!(arrivals(uniform(), 200).is_sorted());
        let free = arrivals(LinkConfig { unordered: true, ..uniform() }, 200);
        assert!(!free.is_sorted());
        // The same latencies were drawn: what was not held up arrives at the same time.
        let ordered = arrivals(uniform(), 200);
        assert!(free.iter().zip(&ordered).all(|(free, ordered)| free <= ordered));
    }

    #[test]
    fn a_share_of_the_packets_overtakes() {
        let config = LinkConfig { reorder: 0.2, ..LinkConfig::default() };
        let sent: Vec<_> = (0..2_000).map(SimTime::from_millis).collect();
        let delays: Vec<_> =
            arrivals(config, 2_000).iter().zip(&sent).map(|(at, sent)| at.since(*sent)).collect();
        let fast = delays.iter().filter(|delay| **delay == Duration::from_millis(5)).count();
        let slow = delays.iter().filter(|delay| **delay == Duration::from_millis(10)).count();
        assert!((330..470).contains(&fast) && fast + slow == 2_000, "{fast} of 2,000 at 20 %");
    }

    #[test]
    fn duplicates_and_flipped_bits_come_at_their_rates_and_move_no_other_draw() {
        let wild = LinkConfig { duplicate: 0.1, corrupt: 0.05, loss: 0.1.into(), ..uniform() };
        let mut link = Direction::new(wild);
        let mut plain = Direction::new(LinkConfig { loss: 0.1.into(), ..uniform() });
        let (mut copies, mut flipped) = (0, Vec::new());
        for at in 0..10_000 {
            let verdict = send(&mut link, at * 100, 100);
            let lost = Verdict::Lost(Loss::Random);
            assert_eq!(verdict == lost, send(&mut plain, at * 100, 100) == lost);
            if let Verdict::Altered(Alteration { arrives, copy, flipped_bit }) = verdict {
                copies += u32::from(copy.is_some());
                assert!(copy.is_none_or(|copy| copy >= arrives));
                flipped.extend(flipped_bit);
            }
        }
        assert!((800..1_000).contains(&copies), "{copies} of 9,000 at 10 %");
        assert!((380..520).contains(&flipped.len()), "{} of 9,000 at 5 %", flipped.len());
        flipped.sort();
        assert!(flipped[0] < 20 && (460..480).contains(flipped.last().unwrap()), "{flipped:?}");
    }

    #[test]
    fn loss_comes_at_its_rate() {
        let mut link = Direction::new(LinkConfig { loss: 0.05.into(), ..LinkConfig::default() });
        let lost =
            (0..10_000).filter(|at| send(&mut link, *at, 100) == Verdict::Lost(Loss::Random));
        let lost = lost.count();
        assert!((430..570).contains(&lost), "{lost} of 10,000 at 5 %");
    }

    #[test]
    fn bursts_lose_many_in_a_row() {
        let bursts = GilbertElliott::bursts(0.1, 10.0).unwrap();
        let config = LinkConfig { loss: LossModel::Bursts(bursts), ..LinkConfig::default() };
        let mut link = Direction::new(config);
        let lost: Vec<bool> =
            (0..20_000).map(|at| send(&mut link, at, 100) == Verdict::Lost(Loss::Random)).collect();
        let all = lost.iter().filter(|lost| **lost).count();
        let bursts = lost.windows(2).filter(|pair| !pair[0] && pair[1]).count();
        assert!((1_500..2_500).contains(&all), "{all} of 20,000 at 10 %");
        assert!((all / 13..all / 8).contains(&bursts), "{bursts} bursts");
    }

    #[test]
    fn a_delay_is_added_to_whatever_is_drawn() {
        let extra_delay = Duration::from_millis(300);
        let slow = arrivals(LinkConfig { extra_delay, ..uniform() }, 50);
        let usual = arrivals(uniform(), 50);
        assert!(slow.iter().zip(&usual).all(|(slow, usual)| *slow == *usual + extra_delay));
    }

    #[test]
    fn a_packet_that_takes_no_time_overtakes_and_is_lost_as_others_are() {
        let mut link = Direction::new(LinkConfig::default());
        let at_once = |link: &mut Direction, at_ms: u64, octets| {
            link.transmit_at_once(SimTime::from_millis(at_ms), octets, Seed(1), || "a>b".into())
        };
        assert_eq!(send(&mut link, 0, 100), Verdict::Arrives(SimTime::from_millis(10)));
        assert_eq!(at_once(&mut link, 5, 100), Verdict::Arrives(SimTime::from_millis(5)));
        assert_eq!(at_once(&mut link, 5, 1_501), Verdict::Lost(Loss::TooBig));
        link.set_status(LinkStatus::Down);
        assert_eq!(at_once(&mut link, 6, 100), Verdict::Lost(Loss::LinkDown));
    }
}

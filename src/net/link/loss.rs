//! Why packets are lost, and which ones a link loses: each by itself, or many in a row.
//!
//! The bursts are those of Gilbert (1960) and Elliott (1963), with the parameters named as in
//! Haßlinger and Hohlfeld, "The Gilbert-Elliott Model for Packet Loss in Real Time Services on the
//! Internet" (2008), which `netem` follows too: a chain of two states, good and bad, that takes a step
//! for each packet and then loses it with the probability of the state.

use crate::engine::Stream;

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
    /// Its checksum fails at the receiver.
    Corrupted,
    /// A rule about single packets struck it.
    Struck,
    /// A partition is between the two hosts.
    Partitioned,
}

impl Loss {
    /// How many causes there are.
    pub const COUNT: usize = 12;

    /// All causes, in their order.
    pub const ALL: [Loss; Loss::COUNT] = [
        Loss::Random,
        Loss::LinkDown,
        Loss::QueueFull,
        Loss::TooBig,
        Loss::NoRoute,
        Loss::HostDown,
        Loss::NoListener,
        Loss::BacklogFull,
        Loss::BufferFull,
        Loss::Corrupted,
        Loss::Struck,
        Loss::Partitioned,
    ];
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
            Loss::Corrupted => "wrong checksum",
            Loss::Struck => "dropped by a packet fault",
            Loss::Partitioned => "partitioned",
        })
    }
}

/// Which packets a direction of a link loses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LossModel {
    /// Each with this probability, 0 to 1, independently of the others.
    Independent(f64),
    /// Many in a row.
    Bursts(GilbertElliott),
}

impl LossModel {
    /// None.
    pub const NONE: LossModel = LossModel::Independent(0.0);

    /// Whether it loses nothing, and draws nothing.
    pub(super) fn is_none(&self) -> bool {
        *self == LossModel::NONE
    }

    /// Whether all its probabilities are some.
    pub fn is_sound(&self) -> bool {
        let is_probability = |share: &f64| (0.0..=1.0).contains(share);
        match self {
            LossModel::Independent(loss) => is_probability(loss),
            LossModel::Bursts(GilbertElliott { to_bad, to_good, good_loss, bad_loss }) => {
                [to_bad, to_good, good_loss, bad_loss].into_iter().all(is_probability)
            }
        }
    }

    /// The share of packets that is lost in the long run.
    pub fn mean(&self) -> f64 {
        match self {
            LossModel::Independent(loss) => *loss,
            LossModel::Bursts(model) => model.mean(),
        }
    }
}

/// Independent loss of that probability.
impl From<f64> for LossModel {
    fn from(loss: f64) -> Self {
        LossModel::Independent(loss)
    }
}

/// The four parameters of a Gilbert-Elliott chain, each a probability from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GilbertElliott {
    /// That the good state turns bad at a packet (p).
    pub to_bad: f64,
    /// That the bad state turns good at a packet (r).
    pub to_good: f64,
    /// That a packet is lost in the good state (1-k).
    pub good_loss: f64,
    /// That a packet is lost in the bad state (1-h).
    pub bad_loss: f64,
}

impl GilbertElliott {
    /// The chain that loses nothing in its good state and everything in its bad one, by what it comes
    /// to: the share of packets that is lost, and how many are lost in a row in the mean, 1 or more.
    /// `None` when there is none: with so much loss, the time between bursts would be less than a
    /// packet.
    pub fn bursts(mean_loss: f64, mean_burst: f64) -> Option<Self> {
        let to_good = 1.0 / mean_burst;
        let to_bad = to_good * mean_loss / (1.0 - mean_loss);
        let is_one = mean_burst >= 1.0 && (0.0..1.0).contains(&mean_loss) && to_bad <= 1.0;
        is_one.then_some(GilbertElliott { to_bad, to_good, good_loss: 0.0, bad_loss: 1.0 })
    }

    /// The share of packets that is lost in the long run.
    pub fn mean(&self) -> f64 {
        let steps = self.to_bad + self.to_good;
        if steps == 0.0 {
            return self.good_loss; // it never leaves the state it begins in
        }
        (self.to_good * self.good_loss + self.to_bad * self.bad_loss) / steps
    }
}

/// A chain under way.
#[derive(Debug)]
pub(super) struct Chain {
    is_bad: bool,
    steps: Stream,
    losses: Stream,
}

impl Chain {
    /// In the good state; `stream` makes a stream of that purpose.
    pub(super) fn new(stream: impl Fn(&str) -> Stream) -> Self {
        Chain { is_bad: false, steps: stream("burst"), losses: stream("loss") }
    }

    /// Takes a step, and says whether the next packet is lost. What is certain draws nothing.
    pub(super) fn loses(&mut self, model: &GilbertElliott) -> bool {
        let leaves = if self.is_bad { model.to_good } else { model.to_bad };
        self.is_bad ^= chance(&mut self.steps, leaves);
        let loss = if self.is_bad { model.bad_loss } else { model.good_loss };
        chance(&mut self.losses, loss)
    }
}

fn chance(stream: &mut Stream, probability: f64) -> bool {
    match probability {
        certain if certain >= 1.0 => true,
        never if never <= 0.0 => false,
        open => stream.chance(open),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;

    /// The share of packets lost, and the mean number lost in a row.
    fn measure(model: GilbertElliott, packets: u32) -> (f64, f64) {
        let mut chain = Chain::new(|purpose| Seed(1).stream(purpose));
        let (mut lost, mut bursts, mut before) = (0u32, 0u32, false);
        for _ in 0..packets {
            let loses = chain.loses(&model);
            lost += u32::from(loses);
            bursts += u32::from(loses && !before);
            before = loses;
        }
        (f64::from(lost) / f64::from(packets), f64::from(lost) / f64::from(bursts.max(1)))
    }

    #[test]
    fn bursts_are_as_long_and_as_many_as_they_are_said_to_be() {
        for (loss, length) in [(0.01, 3.0), (0.05, 8.0), (0.3, 2.0), (0.5, 1.0)] {
            let model = GilbertElliott::bursts(loss, length).unwrap();
            assert!((model.mean() - loss).abs() < 1e-9);
            let (share, mean) = measure(model, 400_000);
            assert!((share / loss - 1.0).abs() < 0.06, "{share} of {loss}");
            assert!((mean / length - 1.0).abs() < 0.05, "{mean} of {length}");
        }
    }

    #[test]
    fn four_parameters_lose_what_the_theory_says() {
        let model = GilbertElliott { to_bad: 0.02, to_good: 0.1, good_loss: 0.01, bad_loss: 0.6 };
        let (share, _) = measure(model, 400_000);
        let theory = (0.1 * 0.01 + 0.02 * 0.6) / 0.12;
        assert!((model.mean() - theory).abs() < 1e-12);
        assert!((share / theory - 1.0).abs() < 0.05, "{share} of {theory}");
    }

    #[test]
    fn what_no_chain_can_do_is_refused() {
        assert_eq!(GilbertElliott::bursts(0.9, 2.0), None);
        assert_eq!(GilbertElliott::bursts(1.0, 2.0), None);
        assert_eq!(GilbertElliott::bursts(0.1, 0.5), None);
        assert_eq!(GilbertElliott::bursts(f64::NAN, 2.0), None);
    }

    #[test]
    fn the_causes_are_all_there_in_their_order() {
        assert!(Loss::ALL.is_sorted() && Loss::ALL.len() == Loss::COUNT);
        assert_eq!(Loss::ALL[Loss::COUNT - 1] as usize, Loss::COUNT - 1);
    }
}

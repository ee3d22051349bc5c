//! What became of packets, for a summary.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use crate::net::Loss;
use crate::world::{Amount, Traffic, World};

/// What the network did to packets of a run in which it did not simply carry them all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Network {
    /// What hosts and routers sent.
    pub sent: Size,
    /// What came to be under way beside that: copies, and RST by faults.
    pub duplicated: Size,
    /// What reached a program or connection of its host.
    pub delivered: Size,
    /// What did not, by cause.
    pub lost: Vec<Lost>,
    /// What was still under way.
    pub in_flight: Size,
}

/// A number of packets, and their octets with all headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Size {
    /// Packets.
    pub packets: u64,
    /// Octets.
    pub octets: u64,
}

/// Packets that were lost by one cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lost {
    /// The cause, in words.
    pub why: String,
    /// How many.
    #[serde(flatten)]
    pub size: Size,
}

impl From<Amount> for Size {
    fn from(Amount { packets, octets }: Amount) -> Self {
        Size { packets, octets }
    }
}

impl Network {
    /// `None` when nothing was lost or doubled, but for what found nobody at its end.
    pub(super) fn new(world: &World) -> Option<Self> {
        let traffic = world.traffic();
        let is_idle = |why: &Loss| matches!(why, Loss::HostDown | Loss::NoListener);
        if traffic.duplicated.packets == 0 && traffic.lost.keys().all(is_idle) {
            return None;
        }
        Some(Network::of(&traffic))
    }

    /// All of that.
    pub(in crate::report) fn of(traffic: &Traffic) -> Self {
        let lost = traffic.lost.iter();
        Network {
            sent: traffic.sent.into(),
            duplicated: traffic.duplicated.into(),
            delivered: traffic.delivered.into(),
            lost: lost
                .map(|(why, amount)| Lost { why: why.to_string(), size: (*amount).into() })
                .collect(),
            in_flight: traffic.in_flight.into(),
        }
    }
}

/// One line: `packets: 120 sent, 3 duplicated, 5 lost (4 link down, 1 wrong checksum)`.
impl Display for Network {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "packets: {} sent", self.sent.packets)?;
        if self.duplicated.packets > 0 {
            write!(f, ", {} duplicated", self.duplicated.packets)?;
        }
        let lost: u64 = self.lost.iter().map(|lost| lost.size.packets).sum();
        if lost > 0 {
            let each: Vec<_> = self
                .lost
                .iter()
                .map(|lost| format!("{} {}", lost.size.packets, lost.why))
                .collect();
            write!(f, ", {lost} lost ({})", each.join(", "))?;
        }
        match self.in_flight.packets {
            0 => writeln!(f),
            packets => writeln!(f, ", {packets} under way"),
        }
    }
}

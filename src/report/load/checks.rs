//! Whether everything that came went somewhere: sums that hold at any moment of any run.
//!
//! They are what the laws of a watched run say (`report::laws`), in numbers instead of one by one.

use serde::Serialize;

use crate::store::queue::{Queue, RecipientState};
use crate::world::{Amount, Kind, World};

use super::Figures;

/// Two sums that have to be the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What it is about, in a stable word.
    pub name: &'static str,
    /// Whether it holds.
    pub holds: bool,
    /// What came, by its name.
    pub came: Vec<(&'static str, u64)>,
    /// What became of it, by its name.
    pub went: Vec<(&'static str, u64)>,
}

impl Check {
    fn new(name: &'static str, came: &[(&'static str, u64)], went: &[(&'static str, u64)]) -> Self {
        let sum = |of: &[(&str, u64)]| of.iter().map(|(_, count)| count).sum::<u64>();
        Check { name, holds: sum(came) == sum(went), came: came.into(), went: went.into() }
    }
}

/// What queues hold on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Queued {
    pub(super) messages: u64,
    pub(super) recipients: u64,
}

impl Queued {
    /// In the whole world.
    pub(super) fn of(world: &World) -> Self {
        let disks = world.hosts().filter_map(|host| world.disk(host));
        let mut queued = Queued::default();
        for message in disks.filter_map(|disk| disk.queue_if_any()).flat_map(Queue::iter) {
            queued.messages += 1;
            let is_open = |state: &RecipientState| {
                matches!(state, RecipientState::Pending(_) | RecipientState::Failed(_))
            };
            let open = message.recipients.iter().filter(|it| is_open(&it.state)).count();
            queued.recipients += open as u64;
        }
        queued
    }
}

/// All checks of a world that was folded from its beginning.
pub(super) fn checks(figures: &Figures, queued: Queued, world: &World) -> Vec<Check> {
    let of = |kind| figures.of(kind);
    let traffic = world.traffic();
    let lost = traffic.lost_in_all();
    let network = |name, of: fn(Amount) -> u64| {
        Check::new(
            name,
            &[("sent", of(traffic.sent)), ("duplicated", of(traffic.duplicated))],
            &[
                ("delivered", of(traffic.delivered)),
                ("lost", of(lost)),
                ("in_flight", of(traffic.in_flight)),
            ],
        )
    };
    vec![
        Check::new(
            "messages",
            &[("accepted", of(Kind::Accepted))],
            &[("removed", of(Kind::Removed)), ("queued", queued.messages)],
        ),
        Check::new(
            "recipients",
            &[("accepted", of(Kind::Recipient))],
            &[
                ("delivered", of(Kind::Delivered)),
                ("relayed", of(Kind::Relayed)),
                ("expanded", of(Kind::Expanded)),
                ("bounced", of(Kind::Bounced)),
                ("discarded", of(Kind::Discarded)),
                ("queued", queued.recipients),
            ],
        ),
        network("packets", |amount| amount.packets),
        network("octets", |amount| amount.octets),
    ]
}

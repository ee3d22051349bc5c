//! What an expectation is judged by.

use crate::scenario::plan::Expect;
use crate::world::Watch;

/// What has to be kept of a run, so that an expectation can be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// What is on disks at the end, which always is.
    Disks,
    /// What is told of the messages of the agenda.
    Letters,
    /// Everything.
    Everything,
}

impl Need {
    pub(super) fn of(expect: &Expect) -> Self {
        match expect {
            Expect::Bounce { .. }
            | Expect::Mailbox { .. }
            | Expect::Queue { .. }
            | Expect::Path { .. }
            | Expect::Load(_) => Need::Disks,
            // Mailboxes tell that a message came, but neither when nor that it has gone since.
            Expect::Delivered { .. } | Expect::NotDelivered { .. } | Expect::Attempts { .. } => {
                Need::Letters
            }
            Expect::Queries { .. }
            | Expect::Resolved { .. }
            | Expect::Device { .. }
            | Expect::Downloads { .. }
            | Expect::Trouble { .. }
            | Expect::Reply { .. }
            | Expect::LostPackets(_)
            | Expect::Packets { .. }
            | Expect::Forged { .. } => Need::Everything,
        }
    }

    /// Whether so much is kept.
    pub(super) fn is_met(self, watch: Watch) -> bool {
        match self {
            Need::Disks => true,
            // They are in every sample.
            Need::Letters => watch != Watch::Nothing,
            Need::Everything => watch == Watch::Everything,
        }
    }
}

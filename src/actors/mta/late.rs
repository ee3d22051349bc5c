//! A bug on purpose: messages that were answered for and are not on disk yet
//! ([`Bug::LateWrite`](super::config::Bug)).

use crate::store::queue::QueuedMessage;
use crate::world::Ctx;

/// Messages that are in memory alone.
#[derive(Debug, Default)]
pub(super) struct LateWrites(Vec<QueuedMessage>);

impl LateWrites {
    pub(super) fn push(&mut self, message: QueuedMessage) {
        self.0.push(message);
    }

    /// Puts them on the disk.
    pub(super) fn write(&mut self, ctx: &mut Ctx<'_>) {
        for message in self.0.drain(..) {
            let now = ctx.now();
            ctx.disk().queue().insert(message, now);
        }
    }
}

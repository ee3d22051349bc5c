//! A message that is taken into the queue, wherever it comes from.

use crate::engine::SimTime;
use crate::store::queue::QueuedMessage;
use crate::world::{Ctx, Kind};

use super::note;

/// Puts a message into the queue, dated by the clock of the host, to be tried at `due`, and tells of it.
/// `from` is the peer that it comes from.
pub(super) fn enqueue(
    mut message: QueuedMessage,
    due: SimTime,
    from: impl FnOnce() -> String,
    ctx: &mut Ctx<'_>,
) {
    message.skew = ctx.skew();
    tell(&message, from, ctx);
    ctx.disk().queue().insert(message, due);
}

/// Tells that this host answers for a message from now on.
pub(super) fn tell(message: &QueuedMessage, from: impl FnOnce() -> String, ctx: &mut Ctx<'_>) {
    ctx.count(Kind::Recipient, note::open_recipients(message).count() as u64);
    ctx.note(Kind::Accepted, || note::accepted(message, from()));
}

/// The same with a message that this host wrote: it is tried once it is on disk.
pub(super) fn enqueue_own(message: QueuedMessage, ctx: &mut Ctx<'_>) {
    let written = ctx.write();
    enqueue(message, written, || "local".to_owned(), ctx);
}

//! A message that is taken into the queue, wherever it comes from.

use crate::engine::SimTime;
use crate::store::queue::QueuedMessage;
use crate::world::{Ctx, Kind};

use super::note;

/// Puts a message into the queue, dated by the clock of the host, to be tried at `due`, and tells of it.
/// `from` is the peer that it comes from.
pub(super) fn enqueue(mut message: QueuedMessage, due: SimTime, from: String, ctx: &mut Ctx<'_>) {
    message.skew = ctx.skew();
    ctx.note(Kind::Accepted, || note::accepted(&message, from));
    ctx.disk().queue().insert(message, due);
}

/// The same with a message that this host wrote: it is tried once it is on disk.
pub(super) fn enqueue_own(message: QueuedMessage, ctx: &mut Ctx<'_>) {
    let written = ctx.write();
    enqueue(message, written, "local".to_owned(), ctx);
}

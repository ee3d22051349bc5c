//! Between a session and its connection: octets in, outputs out, one lazy timer.

use bytes::{Bytes, BytesMut};

use crate::engine::SimTime;
use crate::proto::{Outbox, Output};
use crate::world::{Ctx, TimerToken};

use super::channel::Channel;

/// Carries away what a session left in its outbox, in order.
///
/// `on_event` hears the session's news; what it makes the session put into the outbox meanwhile is
/// carried away too. Octets that follow one another go to TCP as one piece, so that the replies to
/// pipelined commands share segments, and records of TLS.
pub(crate) fn carry<E>(
    ctx: &mut Ctx<'_>,
    channel: &mut Channel,
    out: &mut Outbox<E>,
    mut on_event: impl FnMut(&mut Ctx<'_>, E, &mut Outbox<E>),
) {
    let mut unsent = Unsent::default();
    let mut outputs = Vec::new();
    loop {
        out.take_into(&mut outputs);
        if outputs.is_empty() {
            break;
        }
        for output in outputs.drain(..) {
            match output {
                Output::Send(octets) => unsent.add(octets),
                Output::Event(event) => on_event(ctx, event, out),
                Output::Close => {
                    unsent.send(ctx, channel);
                    channel.close(ctx);
                }
                Output::Abort => {
                    unsent.send(ctx, channel);
                    channel.abort(ctx);
                }
            }
        }
    }
    unsent.send(ctx, channel);
    // The outbox has its memory back.
    out.take_into(&mut outputs);
}

/// Octets that wait to go out together. Large pieces are not copied.
#[derive(Default)]
struct Unsent {
    whole: Vec<Bytes>,
    /// A small piece, to which another may be joined.
    alone: Bytes,
    joined: BytesMut,
}

/// From this size on a piece goes out as it is.
const LARGE_OCTETS: usize = 1_024;

impl Unsent {
    fn add(&mut self, octets: Bytes) {
        if octets.len() < LARGE_OCTETS {
            if self.alone.is_empty() && self.joined.is_empty() {
                self.alone = octets;
                return;
            }
            let alone = std::mem::take(&mut self.alone);
            self.joined.extend_from_slice(&alone);
            self.joined.extend_from_slice(&octets);
        } else {
            self.flush();
            self.whole.push(octets);
        }
    }

    fn flush(&mut self) {
        if !self.alone.is_empty() {
            self.whole.push(std::mem::take(&mut self.alone));
        }
        if !self.joined.is_empty() {
            self.whole.push(self.joined.split().freeze());
        }
    }

    fn send(&mut self, ctx: &mut Ctx<'_>, channel: &mut Channel) {
        if self.whole.is_empty() && !self.alone.is_empty() {
            return channel.send(std::mem::take(&mut self.alone), ctx);
        }
        self.flush();
        for octets in self.whole.drain(..) {
            channel.send(octets, ctx);
        }
    }
}

/// A timer that is set once and looks again when it fires: a deadline that moves on with every
/// line costs nothing.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct LazyTimer {
    armed: Option<SimTime>,
}

impl LazyTimer {
    /// Sees to it that the actor is woken at `deadline` at the latest.
    pub(crate) fn arm(&mut self, ctx: &mut Ctx<'_>, deadline: Option<SimTime>, token: TimerToken) {
        if let Some(deadline) = deadline
            && self.armed.is_none_or(|armed| deadline < armed)
        {
            self.armed = Some(deadline);
            ctx.set_timer(deadline, token);
        }
    }

    /// A timer of this token has fired; whether `deadline` has come. If not, call
    /// [`LazyTimer::arm`] again.
    pub(crate) fn fired(&mut self, now: SimTime, deadline: Option<SimTime>) -> bool {
        if self.armed.is_some_and(|armed| armed <= now) {
            self.armed = None;
        }
        deadline.is_some_and(|deadline| deadline <= now)
    }
}

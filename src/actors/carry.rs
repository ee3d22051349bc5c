//! Between a session and its connection: octets in, outputs out, one lazy timer.

use bytes::Bytes;

use crate::engine::SimTime;
use crate::proto::Outbox;
use crate::proto::session::{Item, LARGE_OCTETS};
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
    while let Some(item) = out.next() {
        match item {
            Item::Text(octets) => unsent.add_text(octets, out),
            Item::Large(octets) => unsent.add(octets, out),
            Item::Event(event) => on_event(ctx, event, out),
            Item::Close => {
                unsent.send(out, ctx, channel);
                channel.close(ctx);
            }
            Item::Abort => {
                unsent.send(out, ctx, channel);
                channel.abort(ctx);
            }
        }
    }
    unsent.send(out, ctx, channel);
}

/// Octets that wait to go out together.
#[derive(Default)]
struct Unsent {
    /// The first piece that goes out whole: there is seldom another one.
    first: Option<Bytes>,
    more: Vec<Bytes>,
    /// How many octets of text wait in the outbox to be joined by others.
    joined: usize,
}

impl Unsent {
    fn add_text<E>(&mut self, octets: usize, out: &mut Outbox<E>) {
        if octets < LARGE_OCTETS {
            self.joined += octets;
        } else {
            self.flush(out);
            self.push(out.take_text(octets));
        }
    }

    fn add<E>(&mut self, octets: Bytes, out: &mut Outbox<E>) {
        self.flush(out);
        self.push(octets);
    }

    fn push(&mut self, octets: Bytes) {
        match self.first {
            None => self.first = Some(octets),
            Some(_) => self.more.push(octets),
        }
    }

    fn flush<E>(&mut self, out: &mut Outbox<E>) {
        if self.joined > 0 {
            let joined = std::mem::take(&mut self.joined);
            self.push(out.take_text(joined));
        }
    }

    fn send<E>(&mut self, out: &mut Outbox<E>, ctx: &mut Ctx<'_>, channel: &mut Channel) {
        for octets in self.first.take().into_iter().chain(self.more.drain(..)) {
            channel.send(octets, ctx);
        }
        if self.joined > 0 {
            channel.send(out.take_text(std::mem::take(&mut self.joined)), ctx);
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

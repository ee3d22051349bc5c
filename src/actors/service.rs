//! What the services of a server have in common, whichever protocol they speak: sessions with
//! clients that connected, one for each connection.

use crate::engine::SimTime;
use crate::proto::Input;
use crate::world::{ConnId, Ctx, StreamEvent, TimerToken};

use super::carry::LazyTimer;

/// The sessions of one protocol on a host.
pub(crate) trait Service {
    /// The kind of the timers of its sessions, among those of the actor.
    const TIMER: u8;

    /// Gives a session an input, and carries away what follows.
    fn input(&mut self, connection: ConnId, input: Input<'_>, ctx: &mut Ctx<'_>);

    /// The timer of a session and when it is to fire; `None` when there is no such session.
    fn timer(&mut self, connection: ConnId) -> Option<(&mut LazyTimer, Option<SimTime>)>;

    /// Forgets a session whose connection is gone.
    fn forget(&mut self, connection: ConnId);

    /// News of a client's connection.
    fn on_stream(&mut self, connection: ConnId, event: &StreamEvent, ctx: &mut Ctx<'_>) {
        match event {
            StreamEvent::Data(octets) => self.input(connection, Input::Bytes(octets), ctx),
            StreamEvent::Eof => self.input(connection, Input::Eof, ctx),
            StreamEvent::Closed(_) => {
                self.input(connection, Input::Eof, ctx);
                self.forget(connection);
            }
            StreamEvent::Accepted { .. } | StreamEvent::Opened => {}
        }
    }

    /// A timer of a client's connection has fired.
    fn on_timer(&mut self, connection: ConnId, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let due = self.timer(connection).is_some_and(|(timer, at)| timer.fired(now, at));
        if due {
            self.input(connection, Input::Timeout, ctx);
        } else {
            self.arm(connection, ctx);
        }
    }

    /// Sees to it that the session is woken at its deadline.
    fn arm(&mut self, connection: ConnId, ctx: &mut Ctx<'_>) {
        if let Some((timer, deadline)) = self.timer(connection) {
            timer.arm(ctx, deadline, TimerToken::of_connection(Self::TIMER, connection));
        }
    }
}

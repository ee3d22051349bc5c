//! Connections that have served a message and are kept for the next one to the same address.
//!
//! As Postfix's connection cache (`smtp_connection_cache_destinations`): a session that is idle is kept
//! by the address it is with, and asked by RSET whether it still stands before anything is sent that
//! counts. It is closed when nobody has wanted it for a while, and not kept when it is old
//! (`smtp_connection_reuse_time_limit`).
//!
//! Not modelled: keeping it by the name of the destination, which spares Postfix the look-ups; keeping
//! a connection with TLS, or one that began only because of the load (`smtp_connection_cache_on_demand`).

use std::net::SocketAddr;
use std::time::Duration;

use crate::actors::mta::config::Limits;
use crate::actors::mta::hop::Protocol;
use crate::engine::SimTime;
use crate::proto::Input;
use crate::world::{ConnId, Ctx, StreamEvent};

use super::talk::Talk;

/// The connections that are kept, the one that was used last at the end.
pub(in crate::actors::mta) struct Kept {
    idle: Vec<Idle>,
    /// For how long; `None`: none is kept.
    wait: Option<Duration>,
    most: usize,
}

struct Idle {
    talk: Box<Talk>,
    protocol: Protocol,
    until: SimTime,
}

/// `smtp_connection_reuse_time_limit`.
const OLD: Duration = Duration::from_secs(300);

impl Kept {
    /// None yet.
    pub(in crate::actors::mta) fn new(limits: &Limits) -> Self {
        Kept { idle: Vec::new(), wait: limits.kept_connections, most: limits.processes.max(1) }
    }

    /// Whether any are kept.
    pub(super) fn is_on(&self) -> bool {
        self.wait.is_some()
    }

    /// Keeps a connection whose session is idle, or ends it.
    pub(super) fn put(&mut self, mut talk: Box<Talk>, protocol: Protocol, ctx: &mut Ctx<'_>) {
        let until = self.wait.map_or(ctx.now(), |wait| ctx.now() + wait);
        if ctx.now() >= until || ctx.now().since(talk.begun) >= OLD {
            return talk.end(ctx);
        }
        if self.idle.len() >= self.most {
            self.idle.remove(0).talk.end(ctx);
        }
        talk.over = false;
        talk.wake_at(until, ctx);
        self.idle.push(Idle { talk, protocol, until });
    }

    /// A connection with that address, which is no longer kept then.
    pub(super) fn take(&mut self, peer: SocketAddr, protocol: Protocol) -> Option<Box<Talk>> {
        let fits = |idle: &Idle| idle.talk.peer() == peer && idle.protocol == protocol;
        let place = self.idle.iter().rposition(fits)?;
        Some(self.idle.remove(place).talk)
    }

    fn place(&self, connection: ConnId) -> Option<usize> {
        self.idle.iter().position(|idle| idle.talk.connection() == connection)
    }

    /// News of a connection, if it is one of these. Whatever the server says or does while nobody
    /// asked, it is of no further use; `false` for another one.
    pub(in crate::actors::mta) fn on_stream(
        &mut self,
        connection: ConnId,
        event: &StreamEvent,
        ctx: &mut Ctx<'_>,
    ) -> bool {
        let Some(place) = self.place(connection) else { return false };
        let input = match event {
            StreamEvent::Data(octets) => Input::Bytes(octets),
            _ => Input::Eof,
        };
        let mut talk = self.idle.remove(place).talk;
        let progress = talk.input(input, ctx);
        if !progress.over {
            // Part of a line.
            talk.end(ctx);
        }
        true
    }

    /// A timer of a connection has fired, if it is one of these.
    pub(in crate::actors::mta) fn on_timer(&mut self, connection: ConnId, ctx: &mut Ctx<'_>) {
        let Some(place) = self.place(connection) else { return };
        let Idle { talk, until, .. } = &mut self.idle[place];
        if *until <= ctx.now() {
            self.idle.remove(place).talk.end(ctx);
        } else {
            talk.wake_at(*until, ctx);
        }
    }
}

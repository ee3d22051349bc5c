//! An authoritative name server: zones behind port 53.

use std::sync::Arc;

use crate::proto::dns::Authority;
use crate::world::{Actor, Ctx, Event, TimerToken};

use super::dns_listener::{Asker, DnsListener};

/// Answers for its zones by UDP and TCP, from the address it was asked at.
pub struct NameServer {
    authority: Arc<Authority>,
    listener: Option<DnsListener>,
}

impl NameServer {
    /// A server for these zones. Several servers share them.
    pub fn new(authority: Arc<Authority>) -> Self {
        NameServer { authority, listener: None }
    }
}

impl Actor for NameServer {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        self.listener = Some(DnsListener::start(ctx, IDLE_TIMER));
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        let Some(listener) = &mut self.listener else { return };
        let queries = match event {
            Event::Datagram { from, to, payload } => vec![(Asker::Datagram { from, to }, payload)],
            Event::Stream(connection, event) => listener.on_stream(ctx, connection, &event),
            Event::Timer(_) => {
                listener.on_timer(ctx);
                Vec::new()
            }
            Event::Signal(_) => Vec::new(),
        };
        for (asker, query) in queries {
            let answer = self.authority.answer(&query, asker.transport());
            listener.answer(ctx, asker, answer);
        }
    }
}

const IDLE_TIMER: TimerToken = TimerToken(0);

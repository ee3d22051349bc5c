//! The name server of a suite: answers from the zone data, and keeps silent where that says so.

use std::sync::Arc;

use crate::actors::NameServer;
use crate::proto::dns::{Authority, Message};
use crate::world::{Actor, Ctx, Event};

use super::zone_data::ZoneData;

/// A name server that does not answer every query.
pub(super) struct SuiteServer {
    data: Arc<ZoneData>,
    server: NameServer,
}

impl SuiteServer {
    pub(super) fn new(data: Arc<ZoneData>) -> Self {
        let authority = Authority::new([Arc::clone(data.zone())]);
        SuiteServer { data, server: NameServer::new(Arc::new(authority)) }
    }

    fn is_silent(&self, query: &[u8]) -> bool {
        let query = Message::decode(query).ok();
        let question = query.as_ref().and_then(Message::question);
        question.is_some_and(|question| self.data.is_silent(&question.name, question.rtype))
    }
}

impl Actor for SuiteServer {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        self.server.start(ctx);
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        // A query comes by TCP only after an answer by UDP, so it needs no look here.
        match &event {
            Event::Datagram { payload, .. } if self.is_silent(payload) => {}
            _ => self.server.handle(event, ctx),
        }
    }
}

//! An authoritative name server: zones behind port 53.

use std::sync::Arc;

use crate::proto::dns::Authority;
use crate::proto::dns::misbehaviour::Rule;
use crate::world::{Actor, Ctx, Event, TimerToken};

use super::dns_faults::{Admitted, DnsFaults};
use super::dns_listener::{Asker, DnsListener};

/// Answers for its zones by UDP and TCP, from the address it was asked at.
pub struct NameServer {
    authority: Arc<Authority>,
    rules: Arc<[Rule]>,
    listener: Option<DnsListener>,
    faults: Option<Box<DnsFaults>>,
}

impl NameServer {
    /// A server for these zones. Several servers share them.
    pub fn new(authority: Arc<Authority>) -> Self {
        NameServer { authority, rules: Arc::default(), listener: None, faults: None }
    }

    /// Answers wrongly, late or not at all where one of these rules says so.
    #[must_use]
    pub fn misbehave(mut self, rules: Arc<[Rule]>) -> Self {
        self.rules = rules;
        self
    }

    fn answer(&mut self, ctx: &mut Ctx<'_>, admitted: Admitted) {
        let Some(listener) = &mut self.listener else { return };
        let Admitted { asker, octets, wrong } = admitted;
        let transport = asker.transport();
        let answer = match wrong {
            None => self.authority.answer(&octets, transport),
            Some((query, wrong)) => wrong.octets(&query, transport, |query| {
                self.authority.answer(&query.encode(), transport)
            }),
        };
        listener.answer(ctx, asker, answer);
    }
}

impl Actor for NameServer {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        self.listener = Some(DnsListener::start(ctx, IDLE_TIMER));
        self.faults = DnsFaults::new(&self.rules, FAULT_TIMER);
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        let Some(listener) = &mut self.listener else { return };
        let queries = match event {
            Event::Datagram { from, to, payload } => vec![(Asker::Datagram { from, to }, payload)],
            Event::Stream(connection, event) => listener.on_stream(ctx, connection, &event),
            Event::Timer(FAULT_TIMER) => {
                let due = self.faults.as_mut().map(|faults| faults.due(ctx));
                for admitted in due.into_iter().flatten() {
                    self.answer(ctx, admitted);
                }
                Vec::new()
            }
            Event::Timer(_) => {
                listener.on_timer(ctx);
                Vec::new()
            }
            Event::Signal(_) => Vec::new(),
        };
        for (asker, octets) in queries {
            let admitted = match &mut self.faults {
                Some(faults) => faults.admit(ctx, asker, octets),
                None => Some(Admitted { asker, octets, wrong: None }),
            };
            if let Some(admitted) = admitted {
                self.answer(ctx, admitted);
            }
        }
    }
}

const IDLE_TIMER: TimerToken = TimerToken(0);
const FAULT_TIMER: TimerToken = TimerToken(1);

//! An authoritative name server: zones behind port 53, the copies among them kept in step.
//!
//! Zones change while it runs: its own at times known in advance, as if its keeper edited a file and
//! reloaded it, and those it is a secondary for by transfer. Copies are on the host's disk; a change
//! that falls into a crash is there after the restart.

use std::sync::Arc;

use bytes::Bytes;

use crate::engine::SimTime;
use crate::proto::dns::misbehaviour::Rule;
use crate::proto::dns::server::{Output, Outputs, Response, Server, ServerConfig};
use crate::proto::dns::{Authority, ExchangeId, Message, Name, Zone};
use crate::world::{Actor, Ctx, Event, Kind, Note, Outside, TimerToken};

use super::carry::LazyTimer;
use super::dns_exchanges::{Exchanges, Reply};
use super::dns_faults::{Admitted, DnsFaults};
use super::dns_listener::{Asker, DnsListener};

/// Answers for its zones by UDP and TCP, from the address it was asked at.
pub struct NameServer {
    config: Arc<NameServerConfig>,
    rules: Arc<[Arc<Rule>]>,
    running: Option<Running>,
}

/// What a name server serves, and what becomes of that.
#[derive(Debug, Default, Clone)]
pub struct NameServerConfig {
    /// Its zones at the start, and who follows them.
    pub server: ServerConfig,
    /// New versions of zones that it is a primary for, by time.
    pub changes: Vec<ZoneChange>,
}

/// A zone is replaced by a new version.
#[derive(Debug, Clone)]
pub struct ZoneChange {
    /// When.
    pub at: SimTime,
    /// The whole new version.
    pub zone: Arc<Zone>,
}

struct Running {
    server: Server,
    listener: DnsListener,
    exchanges: Exchanges<ExchangeId>,
    outputs: Outputs,
    timer: LazyTimer,
    faults: Option<Box<DnsFaults>>,
}

impl NameServer {
    /// A server for these zones, which do not change. Several servers share them.
    pub fn new(authority: Arc<Authority>) -> Self {
        let server = ServerConfig { authority, ..ServerConfig::default() };
        NameServer::configured(Arc::new(NameServerConfig { server, changes: Vec::new() }))
    }

    /// A server of which more is to be said.
    pub fn configured(config: Arc<NameServerConfig>) -> Self {
        NameServer { config, rules: Arc::default(), running: None }
    }

    /// Answers wrongly, late or not at all where one of these rules says so.
    #[must_use]
    pub fn misbehave(mut self, rules: Arc<[Arc<Rule>]>) -> Self {
        self.rules = rules;
        self
    }
}

impl Actor for NameServer {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let mut config = self.config.server.clone();
        for (change, count) in self.config.changes.iter().zip(0..) {
            if change.at <= now {
                let authority = Arc::make_mut(&mut config.authority);
                authority.catalog_mut().insert(Arc::clone(&change.zone));
            } else {
                ctx.set_timer(change.at, TimerToken(FIRST_CHANGE + count));
            }
        }
        let copies = ctx.disk().zones().cloned().unwrap_or_default();
        let kept = |origin: &Name| copies.get(origin).cloned();
        let server = Server::new(config, kept, |purpose| ctx.stream(purpose));
        let mut running = Running {
            server,
            listener: DnsListener::start(ctx, IDLE_TIMER),
            exchanges: Exchanges::default(),
            outputs: Outputs::default(),
            timer: LazyTimer::default(),
            faults: DnsFaults::new(&self.rules, FAULT_TIMER),
        };
        running.server.start(now, &mut running.outputs);
        running.act(ctx);
        self.running = Some(running);
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        let Some(running) = &mut self.running else { return };
        match event {
            Event::Datagram { from, to, payload } => {
                let exchange = running.exchanges.at_port(to.port()).next();
                match exchange {
                    Some(exchange) => {
                        let Running { server, outputs, .. } = running;
                        server.reply(ctx.now(), exchange, from, &payload, outputs);
                    }
                    None => running.admit(ctx, Asker::Datagram { from, to }, payload),
                }
            }
            Event::Unreachable { from, to, .. } => {
                for exchange in running.exchanges.in_vain(from.port(), to) {
                    running.server.failed(ctx.now(), exchange, &mut running.outputs);
                }
            }
            Event::Stream(connection, event) if running.exchanges.owns(connection) => {
                let news = running.exchanges.on_stream(ctx, connection, &event);
                let Some((exchange, replies)) = news else { return };
                let Running { server, outputs, .. } = running;
                for reply in replies {
                    match reply {
                        Reply::Message { from, octets } => {
                            server.reply(ctx.now(), exchange, from, &octets, outputs);
                        }
                        Reply::Failed => server.failed(ctx.now(), exchange, outputs),
                    }
                }
            }
            Event::Stream(connection, event) => {
                for (asker, query) in running.listener.on_stream(ctx, connection, &event) {
                    running.admit(ctx, asker, query);
                }
            }
            Event::Timer(FAULT_TIMER) => {
                let due = running.faults.as_mut().map(|faults| faults.due(ctx));
                for admitted in due.into_iter().flatten() {
                    running.answer(ctx, admitted);
                }
            }
            Event::Timer(IDLE_TIMER) => running.listener.on_timer(ctx),
            Event::Timer(UPKEEP_TIMER) => {
                let now = ctx.now();
                if running.timer.fired(now, running.server.deadline()) {
                    running.server.timeout(now, &mut running.outputs);
                }
            }
            Event::Timer(TimerToken(token)) => {
                let change = (token - FIRST_CHANGE) as usize;
                let zone = Arc::clone(&self.config.changes[change].zone);
                running.server.replace(ctx.now(), zone, &mut running.outputs);
            }
            Event::Outside(Outside::Order(order)) => {
                DnsFaults::order(&mut running.faults, order, FAULT_TIMER);
            }
            Event::Signal(_) | Event::Outside(_) => {}
        }
        running.act(ctx);
    }
}

impl Running {
    fn admit(&mut self, ctx: &mut Ctx<'_>, asker: Asker, octets: Bytes) {
        ctx.count(Kind::DnsQuery, 1);
        let admitted = match &mut self.faults {
            Some(faults) => faults.admit(ctx, asker, octets),
            None => Some(Admitted { asker, octets, wrong: None }),
        };
        if let Some(admitted) = admitted {
            self.answer(ctx, admitted);
        }
    }

    fn answer(&mut self, ctx: &mut Ctx<'_>, admitted: Admitted) {
        let Admitted { asker, octets, wrong } = admitted;
        let (now, from, transport) = (ctx.now(), asker.address(), asker.transport());
        let asker = wrong.as_ref().map_or(asker, |wrong| wrong.asker(asker));
        let Running { server, outputs, .. } = self;
        let response = match wrong {
            None => server.query(now, from, transport, &octets, outputs),
            Some(wrong) => {
                let right = |query: &Message| match server.query(
                    now,
                    from,
                    transport,
                    &query.encode(),
                    outputs,
                ) {
                    Response::Silence => None,
                    Response::Message(octets) => Some(octets),
                    Response::Messages(messages) => messages.into_iter().next(),
                };
                wrong.octets(transport, right).map_or(Response::Silence, Response::Message)
            }
        };
        match response {
            Response::Silence => self.listener.answer(ctx, asker, None),
            Response::Message(octets) => self.listener.answer(ctx, asker, Some(octets)),
            Response::Messages(messages) => self.listener.answer(ctx, asker, messages),
        }
    }

    /// Carries out what the server wants done.
    fn act(&mut self, ctx: &mut Ctx<'_>) {
        while let Some(output) = self.outputs.take() {
            let unsent = match output {
                Output::Exchange(outgoing) => self.exchanges.carry_out(ctx, outgoing),
                Output::Keep { origin, copy } => {
                    // What cannot be kept is answered from all the same, until the server stops.
                    if ctx.disk().has_room(ZONE_OCTETS) {
                        ctx.write();
                        ctx.disk().zones_mut().insert(origin, copy);
                    } else {
                        let news = format!("cannot keep zone {origin}: No space left on device");
                        ctx.note(Kind::Remark, || Note::Remark(news));
                    }
                    None
                }
                Output::News(news) => {
                    ctx.note(Kind::Remark, || Note::Remark(news.to_string()));
                    None
                }
            };
            if let Some(exchange) = unsent {
                self.server.failed(ctx.now(), exchange, &mut self.outputs);
            }
        }
        self.timer.arm(ctx, self.server.deadline(), UPKEEP_TIMER);
    }
}

/// The least that a zone takes on disk.
const ZONE_OCTETS: usize = 4_096;

const IDLE_TIMER: TimerToken = TimerToken(0);
const FAULT_TIMER: TimerToken = TimerToken(1);
const UPKEEP_TIMER: TimerToken = TimerToken(2);
/// The timer of the first change; the others follow.
const FIRST_CHANGE: u64 = 3;

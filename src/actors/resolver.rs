//! A recursive resolver on a host: clients on port 53, name servers out in the world.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;

use crate::engine::HashState;
use crate::proto::dns::misbehaviour::Rule;
use crate::proto::dns::resolver::{ClientToken, Resolver, ResolverConfig, ResolverOutput};
use crate::proto::dns::{Authority, ExchangeId, Network};
use crate::world::{Actor, Ctx, Event, Kind, Note, Outside, TimerToken};

use super::carry::LazyTimer;
use super::dns_exchanges::{Exchanges, Reply};
use super::dns_faults::{Admitted, DnsFaults};
use super::dns_listener::{Asker, DnsListener};

/// Resolves for clients, from the root on. What it remembers is gone when its host crashes.
pub struct RecursiveResolver {
    config: ResolverConfig,
    zones: Arc<Authority>,
    allowed: Option<Vec<Network>>,
    rules: Arc<[Arc<Rule>]>,
    port: Option<u16>,
    running: Option<Running>,
}

struct Running {
    resolver: Resolver,
    listener: DnsListener,
    faults: Option<Box<DnsFaults>>,
    exchanges: Exchanges<ExchangeId>,
    clients: HashMap<ClientToken, Asker, HashState>,
    last_client: u64,
    timer: LazyTimer,
    /// Empty between events.
    out: Vec<ResolverOutput>,
}

impl RecursiveResolver {
    /// A resolver that also answers for `zones` itself, without asking anybody; an empty
    /// [`Authority`] for none. Of the families in `config` it uses those that its host has.
    pub fn new(config: ResolverConfig, zones: Arc<Authority>) -> Self {
        RecursiveResolver {
            config,
            zones,
            allowed: None,
            rules: Arc::default(),
            port: None,
            running: None,
        }
    }

    /// Serves clients in these networks alone, and refuses all others.
    #[must_use]
    pub fn allow(mut self, networks: Vec<Network>) -> Self {
        self.allowed = Some(networks);
        self
    }

    /// Asks name servers from this port alone, which is easy to guess (RFC 5452 §9.2).
    #[must_use]
    pub fn fixed_port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Answers clients wrongly, late or not at all where one of these rules says so.
    #[must_use]
    pub fn misbehave(mut self, rules: Arc<[Arc<Rule>]>) -> Self {
        self.rules = rules;
        self
    }
}

impl Actor for RecursiveResolver {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        let mut config = self.config.clone();
        config.ipv4 &= ctx.addresses().iter().any(IpAddr::is_ipv4);
        config.ipv6 &= ctx.addresses().iter().any(IpAddr::is_ipv6);
        let mut exchanges = Exchanges::default();
        if let Some(port) = self.port
            && !exchanges.fix_port(ctx, port)
        {
            ctx.note(Kind::Remark, || {
                Note::Remark(format!("port {port} belongs to another program"))
            });
        }
        self.running = Some(Running {
            resolver: Resolver::new(config, ctx.stream("resolver"))
                .with_zones(Arc::clone(&self.zones)),
            listener: DnsListener::start(ctx, IDLE_TIMER),
            faults: DnsFaults::new(&self.rules, FAULT_TIMER),
            exchanges,
            clients: HashMap::default(),
            last_client: 0,
            timer: LazyTimer::default(),
            out: Vec::new(),
        });
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        let Some(running) = &mut self.running else { return };
        let allowed = self.allowed.as_deref();
        match event {
            Event::Datagram { from, to, payload } => {
                let Some(waiting) = running.exchanges.waiting_at(to.port()) else {
                    return running.admit(ctx, allowed, Asker::Datagram { from, to }, payload);
                };
                // With a fixed port, whose reply it is shows by its id.
                for exchange in waiting {
                    running.drive(ctx, |resolver, now, out| {
                        resolver.upstream_reply(now, exchange, from, &payload, out);
                    });
                }
            }
            Event::Unreachable { from, to, .. } => {
                for exchange in running.exchanges.in_vain(from.port(), to) {
                    running.drive(ctx, |resolver, now, out| {
                        resolver.upstream_failed(now, exchange, out);
                    });
                }
            }
            Event::Stream(connection, event) if running.exchanges.owns(connection) => {
                let news = running.exchanges.on_stream(ctx, connection, &event);
                for (exchange, reply) in news.into_iter().flat_map(|(exchange, replies)| {
                    replies.into_iter().map(move |reply| (exchange, reply))
                }) {
                    running.drive(ctx, |resolver, now, out| match &reply {
                        Reply::Message { from, octets } => {
                            resolver.upstream_reply(now, exchange, *from, octets, out);
                        }
                        Reply::Failed => resolver.upstream_failed(now, exchange, out),
                    });
                }
            }
            Event::Stream(connection, event) => {
                for (asker, query) in running.listener.on_stream(ctx, connection, &event) {
                    running.admit(ctx, allowed, asker, query);
                }
            }
            Event::Timer(IDLE_TIMER) => running.listener.on_timer(ctx),
            Event::Timer(FAULT_TIMER) => {
                let due = running.faults.as_mut().map(|faults| faults.due(ctx));
                for admitted in due.into_iter().flatten() {
                    running.treat(ctx, allowed, admitted);
                }
            }
            Event::Timer(_) => {
                running.timer.fired(ctx.now(), None);
                running.drive(ctx, Resolver::timeout);
            }
            Event::Outside(Outside::Order(order)) => {
                DnsFaults::order(&mut running.faults, order, FAULT_TIMER);
            }
            Event::Signal(_) | Event::Outside(_) => {}
        }
    }
}

impl Running {
    fn admit(
        &mut self,
        ctx: &mut Ctx<'_>,
        allowed: Option<&[Network]>,
        asker: Asker,
        octets: Bytes,
    ) {
        ctx.count(Kind::DnsQuery, 1);
        let admitted = match &mut self.faults {
            Some(faults) => faults.admit(ctx, asker, octets),
            None => Some(Admitted { asker, octets, wrong: None }),
        };
        if let Some(admitted) = admitted {
            self.treat(ctx, allowed, admitted);
        }
    }

    fn treat(&mut self, ctx: &mut Ctx<'_>, allowed: Option<&[Network]>, admitted: Admitted) {
        let Admitted { asker, octets, wrong } = admitted;
        match wrong {
            None => self.serve(ctx, allowed, asker, &octets),
            Some(wrong) => {
                let answer = wrong.octets(asker.transport(), |_| None);
                self.listener.answer(ctx, asker, answer);
            }
        }
    }

    fn serve(
        &mut self,
        ctx: &mut Ctx<'_>,
        allowed: Option<&[Network]>,
        asker: Asker,
        query: &Bytes,
    ) {
        self.last_client += 1;
        let client = ClientToken(self.last_client);
        self.clients.insert(client, asker);
        let source = asker.address().ip();
        let may_ask = |networks: &[Network]| networks.iter().any(|net| net.contains(source));
        let is_allowed = allowed.is_none_or(may_ask);
        self.drive(ctx, |resolver, now, out| {
            if is_allowed {
                resolver.client_query(now, client, query, asker.transport(), out);
            } else {
                resolver.turn_away(client, query, asker.transport(), out);
            }
        });
    }

    /// Lets the resolver act, and does what it wants done.
    fn drive(
        &mut self,
        ctx: &mut Ctx<'_>,
        act: impl FnOnce(&mut Resolver, crate::engine::SimTime, &mut Vec<ResolverOutput>),
    ) {
        let now = ctx.now();
        let (mut out, mut more) = (std::mem::take(&mut self.out), Vec::new());
        act(&mut self.resolver, now, &mut out);
        while !out.is_empty() {
            for output in out.drain(..) {
                if let Some(exchange) = self.carry_out(ctx, output) {
                    self.resolver.upstream_failed(now, exchange, &mut more);
                }
            }
            out.append(&mut more);
        }
        self.out = out;
        self.timer.arm(ctx, self.resolver.deadline(), QUERY_TIMER);
    }

    /// Does one thing; the query that could not be sent, if it was one.
    fn carry_out(&mut self, ctx: &mut Ctx<'_>, output: ResolverOutput) -> Option<ExchangeId> {
        match output {
            ResolverOutput::Exchange(outgoing) => return self.exchanges.carry_out(ctx, outgoing),
            ResolverOutput::Answer { client, octets } => {
                if let Some(asker) = self.clients.remove(&client) {
                    self.listener.answer(ctx, asker, Some(octets));
                }
            }
            ResolverOutput::Ignore { client } => {
                if let Some(asker) = self.clients.remove(&client) {
                    self.listener.answer(ctx, asker, None);
                }
            }
            ResolverOutput::CacheHit { question, rcode, left } => {
                ctx.note(Kind::CacheHit, || Note::CacheHit {
                    qname: question.name.to_string(),
                    qtype: question.rtype.to_string(),
                    rcode: rcode.to_string(),
                    left,
                });
            }
            ResolverOutput::CacheMiss { question } => {
                ctx.note(Kind::CacheMiss, || Note::CacheMiss {
                    qname: question.name.to_string(),
                    qtype: question.rtype.to_string(),
                });
            }
        }
        None
    }
}

const IDLE_TIMER: TimerToken = TimerToken(0);
const QUERY_TIMER: TimerToken = TimerToken(1);
const FAULT_TIMER: TimerToken = TimerToken(2);

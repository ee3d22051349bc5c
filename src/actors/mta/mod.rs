//! The MTA: takes mail by SMTP, keeps it in a queue on disk, and hands it on until every
//! recipient's fate is settled.
//!
//! Follows RFC 5321 and RFC 6409 as Postfix does. One actor plays each part that an MTA can have,
//! by its [`MtaConfig`]: submission server, border MTA, backup, the MTA of a mailbox server, or all
//! of them on one host. What it has answered 250 to is on disk, so that a crash loses nothing; what
//! it is doing is in memory, and is begun again.
//!
//! Not modelled: connection reuse between messages, a host status cache, delay warnings, DSN
//! parameters (RFC 3461), TLS.

mod bounce;
pub mod config;
mod delivery;
mod local;
mod lookup;
mod note;
mod policy;
mod receive;
mod reply;
mod route;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::actors::carry::LazyTimer;
use crate::actors::stub::StubResolver;
use crate::engine::Stream;
use crate::proto::smtp::Mailbox;
use crate::proto::smtp::client::ClientConfig;
use crate::store::queue::{QueueId, QueuedMessage, RecipientState};
use crate::world::{Actor, ConnId, Ctx, Event, Note, Signal, StreamEvent, TimerToken};

pub use config::MtaConfig;
use config::Transport;
use delivery::{Delivery, Fate, Fates, Hop, Load, Tools};
use receive::{Receiver, SMTP_PORT, SUBMISSION_PORT};
use reply::AutoReplies;

/// Timer kinds.
const QUEUE_TIMER: u8 = 0;
const INBOUND_TIMER: u8 = 1;
const OUTBOUND_TIMER: u8 = 2;
/// What is left belongs to the stub resolver.
const STUB_TIMER: TimerToken = TimerToken(3 << 56);

/// The actor of an MTA.
pub struct Mta {
    config: Arc<MtaConfig>,
    /// Set up when the host starts.
    running: Option<Running>,
}

/// What an MTA has in memory.
struct Running {
    config: Arc<MtaConfig>,
    client: Arc<ClientConfig>,
    receiver: Receiver,
    stub: StubResolver,
    draws: Stream,
    queue_ids: Stream,
    auto_replies: AutoReplies,
    deliveries: BTreeMap<u64, Delivery>,
    next_delivery: u64,
    by_connection: BTreeMap<ConnId, u64>,
    /// The messages that are being delivered, each with its deliveries under way or waiting.
    active: BTreeMap<QueueId, usize>,
    /// Deliveries to destinations that have as many as they may.
    waiting: VecDeque<(QueueId, Hop, Vec<Mailbox>)>,
    queue_timer: LazyTimer,
    /// A pass has ended since the queue was last run.
    pass_ended: bool,
}

impl Mta {
    /// An MTA of that configuration.
    pub fn new(config: Arc<MtaConfig>) -> Self {
        Mta { config, running: None }
    }
}

impl Actor for Mta {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        let config = Arc::clone(&self.config);
        let ports = [(config.smtp, SMTP_PORT), (config.submission.is_some(), SUBMISSION_PORT)];
        for (_, port) in ports.into_iter().filter(|(wanted, _)| *wanted) {
            assert!(ctx.listen(port), "a plan has one service a port");
        }
        let mut running = Running {
            client: Arc::new(ClientConfig::new(config.hostname.clone())),
            receiver: Receiver::new(Arc::clone(&config), ctx.stream("queue ids")),
            stub: StubResolver::new(config.resolvers.clone(), STUB_TIMER, ctx.stream("stub")),
            draws: ctx.stream("mx"),
            queue_ids: ctx.stream("report ids"),
            auto_replies: AutoReplies::default(),
            deliveries: BTreeMap::new(),
            next_delivery: 0,
            by_connection: BTreeMap::new(),
            active: BTreeMap::new(),
            waiting: VecDeque::new(),
            queue_timer: LazyTimer::default(),
            pass_ended: false,
            config,
        };
        // What was queued before a crash.
        running.run_queue(ctx);
        self.running = Some(running);
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        let running = self.running.as_mut().expect("events come after the start");
        match event {
            Event::Stream(connection, event) => running.on_stream(connection, event, ctx),
            Event::Datagram { from, to, payload } => {
                running.stub.on_datagram(ctx, from, to, &payload);
                running.on_lookups(ctx);
            }
            Event::Timer(token) => running.on_timer(token, ctx),
            Event::Signal(Signal::Queued) => running.run_queue(ctx),
            Event::Signal(Signal::Delivered) => {}
        }
        if running.pass_ended {
            running.run_queue(ctx);
        }
    }
}

impl Running {
    fn on_stream(&mut self, connection: ConnId, event: StreamEvent, ctx: &mut Ctx<'_>) {
        if let StreamEvent::Accepted { local, peer } = event {
            self.receiver.accept(connection, local, peer, ctx);
        } else if self.receiver.has(connection) {
            if self.receiver.on_stream(connection, &event, ctx) {
                self.run_queue(ctx);
            }
        } else if let Some(number) = self.by_connection.get(&connection).copied() {
            self.with_delivery(number, ctx, |delivery, tools, ctx| {
                delivery.on_stream(event, tools, ctx)
            });
        } else {
            self.stub.on_stream(ctx, connection, event);
            self.on_lookups(ctx);
        }
    }

    fn on_timer(&mut self, token: TimerToken, ctx: &mut Ctx<'_>) {
        if token == STUB_TIMER {
            self.stub.on_timer(ctx);
            self.on_lookups(ctx);
            return;
        }
        let (kind, connection) = token.connection();
        match kind {
            QUEUE_TIMER => {
                self.queue_timer.fired(ctx.now(), None);
                self.run_queue(ctx);
            }
            INBOUND_TIMER => self.receiver.on_timer(connection, ctx),
            _ => {
                if let Some(number) = self.by_connection.get(&connection).copied() {
                    self.with_delivery(number, ctx, Delivery::on_timer);
                }
            }
        }
    }

    /// Hands the answers of the stub resolver to the deliveries that wait for them.
    fn on_lookups(&mut self, ctx: &mut Ctx<'_>) {
        while let Some((id, found)) = self.stub.next_result() {
            let waits = |(_, delivery): &(&u64, &Delivery)| delivery.awaits(id);
            if let Some(number) = self.deliveries.iter().find(waits).map(|(number, _)| *number) {
                self.with_delivery(number, ctx, |delivery, tools, ctx| {
                    delivery.on_lookup(id, &found, tools, ctx)
                });
            }
        }
    }

    /// Begins a delivery of every message that is due.
    fn run_queue(&mut self, ctx: &mut Ctx<'_>) {
        self.pass_ended = false;
        loop {
            let now = ctx.now();
            let queue = ctx.disk().queue();
            let due = queue.due(now).find(|id| !self.active.contains_key(id)).cloned();
            let Some(id) = due else { break };
            self.begin(&id, ctx);
        }
        let now = ctx.now();
        let next = ctx.disk().queue().next_due(now);
        self.queue_timer.arm(ctx, next, TimerToken(0));
    }

    /// Begins an attempt at all pending recipients of a message.
    fn begin(&mut self, id: &QueueId, ctx: &mut Ctx<'_>) {
        let queue = ctx.disk().queue();
        queue.begin_attempt(id);
        let message = queue.get(id).expect("a due message is in the queue").clone();
        // While it is counted once for itself, a delivery that ends at once does not end the pass.
        self.active.insert(id.clone(), 1);
        let mut groups: BTreeMap<String, (Hop, Vec<Mailbox>)> = BTreeMap::new();
        for recipient in message.pending() {
            match self.hop(recipient) {
                None => self.deliver_here(&message, recipient, ctx),
                Some(hop) => {
                    let name = hop.name().to_ascii_lowercase();
                    groups.entry(name).or_insert((hop, Vec::new())).1.push(recipient.clone());
                }
            }
        }
        for (hop, recipients) in groups.into_values() {
            *self.active.get_mut(id).expect("inserted above") += 1;
            self.deliver(id, hop, recipients, ctx);
        }
        self.end_one(id, ctx);
    }

    /// Where mail for a recipient goes; `None`: into a mailbox here.
    fn hop(&self, recipient: &Mailbox) -> Option<Hop> {
        match self.config.domain(recipient.domain()).map(|domain| domain.transport) {
            Some(Transport::Mailbox) => return None,
            Some(Transport::Relay) => return Some(Hop::Mx(recipient.domain().to_owned())),
            None => {}
        }
        if let Some(host) = &self.config.smart_host {
            return Some(Hop::Host(host.clone()));
        }
        Some(match recipient.address_literal() {
            Some(address) => Hop::Address(SocketAddr::new(address, SMTP_PORT)),
            None => Hop::Mx(recipient.domain().to_owned()),
        })
    }

    fn deliver_here(&mut self, message: &QueuedMessage, recipient: &Mailbox, ctx: &mut Ctx<'_>) {
        let state = match local::deliver(message, recipient, ctx) {
            Ok(()) => {
                let (config, ids) = (&self.config, &mut self.queue_ids);
                self.auto_replies.consider(message, recipient, config, ids, ctx);
                RecipientState::Delivered
            }
            Err(trouble) => RecipientState::Failed(trouble),
        };
        ctx.disk().queue().settle(&message.id, recipient, &state);
    }

    /// Starts a delivery, or lets it wait while its destination has as many as it may.
    fn deliver(&mut self, id: &QueueId, hop: Hop, recipients: Vec<Mailbox>, ctx: &mut Ctx<'_>) {
        let name = hop.name();
        let same = |delivery: &&Delivery| delivery.next_hop.eq_ignore_ascii_case(&name);
        if self.deliveries.values().filter(same).count() >= self.config.limits.concurrency {
            self.waiting.push_back((id.clone(), hop, recipients));
            return;
        }
        let Some(message) = ctx.disk().queue().get(id) else { return };
        let load =
            Load { queue_id: id.clone(), from: message.from.clone(), data: message.data.clone() };
        let number = self.next_delivery;
        self.next_delivery += 1;
        let (delivery, fates) = Delivery::start(load, hop, recipients, &mut self.tools(), ctx);
        self.deliveries.insert(number, delivery);
        self.after(number, None, fates, ctx);
    }

    fn tools(&mut self) -> Tools<'_> {
        Tools {
            config: &self.config,
            client: &self.client,
            stub: &mut self.stub,
            draws: &mut self.draws,
        }
    }

    /// Lets a delivery act, and sees to what follows.
    fn with_delivery(
        &mut self,
        number: u64,
        ctx: &mut Ctx<'_>,
        act: impl FnOnce(&mut Delivery, &mut Tools<'_>, &mut Ctx<'_>) -> Fates,
    ) {
        let Some(mut delivery) = self.deliveries.remove(&number) else { return };
        let before = delivery.connection();
        let fates = act(&mut delivery, &mut self.tools(), ctx);
        self.deliveries.insert(number, delivery);
        self.after(number, before, fates, ctx);
    }

    /// Settles the fates that a delivery has come to, and ends it when it is done.
    fn after(&mut self, number: u64, before: Option<ConnId>, fates: Fates, ctx: &mut Ctx<'_>) {
        let delivery = &self.deliveries[&number];
        let now = delivery.connection();
        if before != now {
            if let Some(connection) = before {
                self.by_connection.remove(&connection);
            }
            if let Some(connection) = now {
                self.by_connection.insert(connection, number);
            }
        }
        let id = delivery.load.queue_id.clone();
        let done = delivery.is_done();
        for (recipient, fate) in fates {
            settle(&id, &recipient, fate, ctx);
        }
        if done {
            let delivery = self.deliveries.remove(&number).expect("looked at above");
            let same = |(_, hop, _): &(QueueId, Hop, Vec<Mailbox>)| {
                hop.name().eq_ignore_ascii_case(&delivery.next_hop)
            };
            if let Some(place) = self.waiting.iter().position(same) {
                let (id, hop, recipients) = self.waiting.remove(place).expect("found above");
                self.deliver(&id, hop, recipients, ctx);
            }
            self.end_one(&id, ctx);
        }
    }

    /// One delivery of a message has ended; with the last one, the pass has.
    fn end_one(&mut self, id: &QueueId, ctx: &mut Ctx<'_>) {
        let Some(count) = self.active.get_mut(id) else { return };
        *count -= 1;
        if *count == 0 {
            self.active.remove(id);
            self.end_pass(id, ctx);
            self.pass_ended = true;
        }
    }

    /// All recipients of a message were tried: those left wait, the failed are reported on, and a
    /// message without further business goes.
    fn end_pass(&mut self, id: &QueueId, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let Some(message) = ctx.disk().queue().get(id).cloned() else { return };
        let next = self.config.retry.next_attempt(&message, now);
        for recipient in &message.recipients {
            let RecipientState::Pending(Some(trouble)) = &recipient.state else { continue };
            match next {
                Some(until) => {
                    ctx.note(|| note::deferred(&message, &recipient.address, trouble, until));
                }
                None => {
                    let state = RecipientState::Failed(trouble.clone());
                    ctx.disk().queue().settle(id, &recipient.address, &state);
                }
            }
        }
        // Later than now, whatever the schedule says, so that a pass ends.
        let until = next.unwrap_or(now).max(now + Duration::from_secs(1));
        ctx.disk().queue().defer(id, until);
        bounce::report(&self.config, id, &mut self.queue_ids, ctx);
        let queue = ctx.disk().queue();
        if queue.get(id).is_some_and(QueuedMessage::is_settled) {
            queue.remove(id);
            ctx.note(|| Note::Removed { queue_id: id.to_string() });
        }
    }
}

fn settle(id: &QueueId, recipient: &Mailbox, fate: Fate, ctx: &mut Ctx<'_>) {
    let state = match fate {
        Fate::Relayed { to, reply } => {
            ctx.note(|| Note::Relayed {
                queue_id: id.to_string(),
                recipient: recipient.to_string(),
                to,
                reply: reply.to_string(),
            });
            RecipientState::Delivered
        }
        Fate::Deferred(trouble) => RecipientState::Pending(Some(trouble)),
        Fate::Failed(trouble) => RecipientState::Failed(trouble),
    };
    ctx.disk().queue().settle(id, recipient, &state);
}

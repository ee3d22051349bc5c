//! The queue manager: begins an attempt at each message that is due, runs its deliveries, and sees
//! to what they come to.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::actors::carry::LazyTimer;
use crate::actors::service::Service;
use crate::actors::stub::StubResolver;
use crate::engine::Stream;
use crate::proto::dns::stub::LookupId;
use crate::proto::smtp::Mailbox;
use crate::proto::smtp::client::ClientConfig;
use crate::store::queue::{Delivered, QueueId, QueuedMessage, RecipientState};
use crate::world::{ConnId, Ctx, Note, StreamEvent, TimerToken};

use super::config::{MtaConfig, Transport};
use super::delivery::{Delivery, Fate, Fates, Load, Tools};
use super::destinations::{Destinations, Hop, Recipient, Task};
use super::receive::Receiver;
use super::reply::AutoReplies;
use super::{INBOUND_TIMER, QUEUE_TIMER, STUB_TIMER, bounce, local, note};

/// What an MTA has in memory.
pub(super) struct Manager {
    config: Arc<MtaConfig>,
    client: Arc<ClientConfig>,
    receiver: Receiver,
    stub: StubResolver,
    draws: Stream,
    report_ids: Stream,
    auto_replies: AutoReplies,
    /// How many deliveries are under way or waiting for each message that is being tried.
    active: BTreeMap<QueueId, usize>,
    destinations: Destinations,
    deliveries: BTreeMap<u64, Delivery>,
    next_delivery: u64,
    by_connection: BTreeMap<ConnId, u64>,
    by_lookup: BTreeMap<LookupId, u64>,
    queue_timer: LazyTimer,
}

impl Manager {
    pub(super) fn new(config: Arc<MtaConfig>, ctx: &mut Ctx<'_>) -> Self {
        Manager {
            client: Arc::new(ClientConfig::new(config.hostname.clone())),
            receiver: Receiver::new(
                Arc::clone(&config),
                ctx.stream("queue ids"),
                ctx.stream("dmarc sampling"),
            ),
            stub: StubResolver::new(config.resolvers.clone(), STUB_TIMER, ctx.stream("stub")),
            draws: ctx.stream("mx"),
            report_ids: ctx.stream("report ids"),
            auto_replies: AutoReplies::default(),
            active: BTreeMap::new(),
            destinations: Destinations::new(config.limits.concurrency),
            deliveries: BTreeMap::new(),
            next_delivery: 0,
            by_connection: BTreeMap::new(),
            by_lookup: BTreeMap::new(),
            queue_timer: LazyTimer::default(),
            config,
        }
    }

    pub(super) fn on_stream(&mut self, connection: ConnId, event: StreamEvent, ctx: &mut Ctx<'_>) {
        if let StreamEvent::Accepted { local, peer } = event {
            self.receiver.accept(connection, local, peer, ctx);
            self.receiver.ask(&mut self.stub, ctx);
        } else if self.receiver.has(connection) {
            self.receiver.on_stream(connection, &event, ctx);
            self.receiver.ask(&mut self.stub, ctx);
        } else if let Some(number) = self.by_connection.get(&connection).copied() {
            self.with_delivery(number, ctx, |delivery, tools, ctx| {
                delivery.on_stream(event, tools, ctx)
            });
        } else {
            self.stub.on_stream(ctx, connection, event);
            self.on_lookups(ctx);
        }
    }

    pub(super) fn on_datagram(
        &mut self,
        from: SocketAddr,
        to: SocketAddr,
        payload: &[u8],
        ctx: &mut Ctx<'_>,
    ) {
        self.stub.on_datagram(ctx, from, to, payload);
        self.on_lookups(ctx);
    }

    pub(super) fn on_timer(&mut self, token: TimerToken, ctx: &mut Ctx<'_>) {
        if token == STUB_TIMER {
            self.stub.on_timer(ctx);
            self.on_lookups(ctx);
            return;
        }
        let (kind, connection) = token.connection();
        match kind {
            QUEUE_TIMER => {
                self.queue_timer.fired(ctx.now(), None);
            }
            INBOUND_TIMER => {
                self.receiver.on_timer(connection, ctx);
                self.receiver.ask(&mut self.stub, ctx);
            }
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
            if let Some(number) = self.by_lookup.remove(&id) {
                self.with_delivery(number, ctx, |delivery, tools, ctx| {
                    delivery.on_lookup(id, &found, tools, ctx)
                });
            } else {
                self.receiver.on_lookup(id, found, ctx);
                self.receiver.ask(&mut self.stub, ctx);
            }
        }
    }

    /// Begins an attempt at every message that is due, and sets the timer for the next one.
    pub(super) fn run_queue(&mut self, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        while let Some((due, id)) = ctx.disk().queue().next_due() {
            if due > now {
                self.queue_timer.arm(ctx, Some(due), TimerToken(u64::from(QUEUE_TIMER) << 56));
                return;
            }
            let id = id.clone();
            self.begin(&id, ctx);
        }
    }

    /// Begins an attempt at all pending recipients of a message.
    fn begin(&mut self, id: &QueueId, ctx: &mut Ctx<'_>) {
        let message = ctx.disk().queue().begin_attempt(id).expect("a due message is in the queue");
        let load =
            Load { queue_id: id.clone(), from: message.from.clone(), data: message.data.clone() };
        let mut here = Vec::new();
        let mut elsewhere: BTreeMap<Hop, Vec<Recipient>> = BTreeMap::new();
        for (index, address) in message.pending() {
            let recipient = Recipient { index, address: address.clone() };
            match hop(&self.config, address) {
                None => here.push(recipient),
                Some(hop) => elsewhere.entry(hop).or_default().push(recipient),
            }
        }
        // While it is counted once for itself, a delivery that ends at once does not end the pass.
        self.active.insert(id.clone(), 1 + elsewhere.len());
        for recipient in here {
            self.deliver_here(&load, &recipient, ctx);
        }
        for (hop, recipients) in elsewhere {
            let task = self.destinations.admit(Task { queue_id: id.clone(), hop, recipients });
            self.start(task, ctx);
        }
        self.end_one(id, ctx);
    }

    fn deliver_here(&mut self, load: &Load, recipient: &Recipient, ctx: &mut Ctx<'_>) {
        let state = match local::deliver(load, &recipient.address, ctx) {
            Ok(()) => {
                let (config, ids) = (&self.config, &mut self.report_ids);
                self.auto_replies.consider(load, &recipient.address, config, ids, ctx);
                RecipientState::Delivered(Delivered::Mailbox)
            }
            Err(trouble) if trouble.is_permanent() => RecipientState::Failed(trouble),
            Err(trouble) => RecipientState::Pending(Some(trouble)),
        };
        ctx.disk().queue().settle(&load.queue_id, recipient.index, state);
    }

    /// Starts a delivery, and where it ends at once those that waited for it, one after the other.
    fn start(&mut self, mut task: Option<Task>, ctx: &mut Ctx<'_>) {
        while let Some(Task { queue_id, hop, recipients }) = task {
            let message = ctx.disk().queue().get(&queue_id).expect("an active message is queued");
            let (from, data) = (message.from.clone(), message.data.clone());
            let load = Load { queue_id, from, data };
            let Manager { config, client, stub, draws, .. } = self;
            let mut tools = Tools { config, client, stub, draws };
            let (delivery, fates) = Delivery::start(load, hop, recipients, &mut tools, ctx);
            let number = self.next_delivery;
            self.next_delivery += 1;
            self.deliveries.insert(number, delivery);
            task = self.after(number, None, fates, ctx);
        }
    }

    /// Lets a delivery act, and sees to what follows.
    fn with_delivery(
        &mut self,
        number: u64,
        ctx: &mut Ctx<'_>,
        act: impl FnOnce(&mut Delivery, &mut Tools<'_>, &mut Ctx<'_>) -> Fates,
    ) {
        let Manager { deliveries, config, client, stub, draws, .. } = self;
        let Some(delivery) = deliveries.get_mut(&number) else { return };
        let before = delivery.connection();
        let fates = act(delivery, &mut Tools { config, client, stub, draws }, ctx);
        let next = self.after(number, before, fates, ctx);
        self.start(next, ctx);
    }

    /// Settles the fates that a delivery has come to, and ends it when it is done. The delivery
    /// that has its place then is handed back, to be started.
    fn after(
        &mut self,
        number: u64,
        before: Option<ConnId>,
        fates: Fates,
        ctx: &mut Ctx<'_>,
    ) -> Option<Task> {
        let delivery = self.deliveries.get(&number).expect("the caller has it");
        let now = delivery.connection();
        if before != now {
            if let Some(connection) = before {
                self.by_connection.remove(&connection);
            }
            if let Some(connection) = now {
                self.by_connection.insert(connection, number);
            }
        }
        self.by_lookup.extend(delivery.lookups().iter().map(|id| (*id, number)));
        for (recipient, fate) in fates {
            settle(&delivery.load.queue_id, &recipient, fate, ctx);
        }
        if !delivery.is_done() {
            return None;
        }
        let delivery = self.deliveries.remove(&number).expect("looked at above");
        self.end_one(&delivery.load.queue_id, ctx);
        self.destinations.release(&delivery.hop)
    }

    /// One delivery of a message has ended; with the last one, the pass has.
    fn end_one(&mut self, id: &QueueId, ctx: &mut Ctx<'_>) {
        let count = self.active.get_mut(id).expect("a message with a delivery is active");
        *count -= 1;
        if *count == 0 {
            self.active.remove(id);
            self.end_pass(id, ctx);
        }
    }

    /// All recipients of a message were tried: those left wait, the failed are reported on, and a
    /// message without further business goes.
    ///
    /// A recipient whose time is over is reported on with the status and words of its last attempt,
    /// as Postfix does.
    fn end_pass(&mut self, id: &QueueId, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let queue = ctx.disk().queue();
        let message = queue.get(id).expect("an active message is queued");
        let attempt = message.attempts;
        let next = self.config.retry.next_attempt(message, now);
        let left =
            message.recipients.iter().enumerate().filter_map(|(index, recipient)| match &recipient
                .state
            {
                RecipientState::Pending(Some(trouble)) => {
                    Some((index, recipient.address.clone(), trouble.clone()))
                }
                _ => None,
            });
        let left: Vec<_> = left.collect();
        match next {
            Some(until) if !left.is_empty() => {
                queue.defer(id, until);
                for (_, address, trouble) in left {
                    ctx.note(|| note::deferred(id, &address, attempt, trouble, until));
                }
            }
            _ => {
                for (index, _, trouble) in left {
                    queue.settle(id, index, RecipientState::Failed(trouble));
                }
            }
        }
        bounce::report(&self.config, id, &mut self.report_ids, ctx);
        let queue = ctx.disk().queue();
        if queue.get(id).is_some_and(QueuedMessage::is_settled) {
            queue.remove(id);
            ctx.note(|| Note::Removed { queue_id: id.to_string() });
        }
    }
}

/// Where mail for a recipient goes; `None`: into a mailbox here.
fn hop(config: &MtaConfig, recipient: &Mailbox) -> Option<Hop> {
    match config.domain(recipient.domain()).map(|domain| domain.transport) {
        Some(Transport::Mailbox) => return None,
        Some(Transport::Relay) => return Some(Hop::mx(recipient.domain())),
        None => {}
    }
    Some(match (&config.smart_host, recipient.address_literal()) {
        (Some(host), _) => Hop::host(host),
        (None, Some(address)) => Hop::address(address),
        (None, None) => Hop::mx(recipient.domain()),
    })
}

fn settle(id: &QueueId, recipient: &Recipient, fate: Fate, ctx: &mut Ctx<'_>) {
    let state = match fate {
        Fate::Relayed { remote, to, reply, dsn } => {
            ctx.note(|| Note::Relayed {
                queue_id: id.to_string(),
                recipient: recipient.address.to_string(),
                to,
                reply: reply.to_string(),
            });
            let lmtp = false;
            RecipientState::Delivered(Delivered::Relayed { remote, reply, dsn, lmtp })
        }
        Fate::Deferred(trouble) => RecipientState::Pending(Some(trouble)),
        Fate::Failed(trouble) => RecipientState::Failed(trouble),
    };
    ctx.disk().queue().settle(id, recipient.index, state);
}

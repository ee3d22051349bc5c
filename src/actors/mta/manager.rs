//! The queue manager: begins an attempt at each message that is due, runs its deliveries, and sees
//! to what they come to.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::actors::carry::LazyTimer;
use crate::actors::service::Service;
use crate::actors::stub::StubResolver;
use crate::engine::{HashState, SimTime, Stream};
use crate::proto::dns::stub::LookupId;
use crate::proto::misbehaviour::AnyRule;
use crate::proto::smtp::{Mailbox, RcptParams, ReversePath};
use crate::store::queue::{Delivered, QueueId, QueuedRecipient, RecipientState, Trouble};
use crate::world::{ByConnection, ConnId, Ctx, Kind, Note, Order, StreamEvent, TimerToken};

use super::config::{Flush, MtaConfig};
use super::delivery::{Clients, Delivery, Fate, Fates, Kept, Load, Tools};
use super::destinations::{Destinations, Recipient, Task};
use super::hop::{Hop, Protocol};
use super::receive::Receiver;
use super::transport::{self, Way};
use super::{INBOUND_TIMER, QUEUE_TIMER, STUB_TIMER, bounce, local, note};

/// What an MTA has in memory.
pub(super) struct Manager {
    config: Arc<MtaConfig>,
    clients: Clients,
    receiver: Receiver,
    stub: StubResolver,
    draws: Stream,
    report_ids: Stream,
    /// How many deliveries are under way or waiting for each message that is being tried.
    active: HashMap<QueueId, usize, HashState>,
    destinations: Destinations,
    /// What an administrator will do yet, in the order of time.
    flushes: VecDeque<Flush>,
    retry_draws: Stream,
    deliveries: HashMap<u64, Box<Delivery>, HashState>,
    kept: Kept,
    /// Which of them only ask whether a recipient exists, and for whom.
    probes: BTreeMap<u64, Mailbox>,
    probe_ids: Stream,
    next_delivery: u64,
    by_connection: ByConnection<u64>,
    by_lookup: HashMap<LookupId, u64, HashState>,
    queue_timer: LazyTimer,
    /// Recipients at this host whose mail is being written: until when, in that order, and which.
    writing: VecDeque<(SimTime, QueueId, usize)>,
}

impl Manager {
    pub(super) fn new(config: Arc<MtaConfig>, ctx: &mut Ctx<'_>) -> Self {
        let now = ctx.now();
        let dead_for = config.retry.least();
        let mut receiver = Receiver::new(
            Arc::clone(&config),
            ctx.stream("queue ids"),
            ctx.stream("dmarc sampling"),
        );
        receiver.misbehave(&config.misbehaviour, ctx);
        Manager {
            clients: Clients::new(&config.hostname),
            receiver,
            stub: StubResolver::new(config.resolvers.clone(), STUB_TIMER, ctx.stream("stub")),
            draws: ctx.stream("mx"),
            report_ids: ctx.stream("report ids"),
            active: HashMap::default(),
            destinations: Destinations::new(&config.limits, dead_for),
            flushes: config.flushes.iter().filter(|flush| flush.at >= now).cloned().collect(),
            retry_draws: ctx.stream("retry"),
            deliveries: HashMap::default(),
            kept: Kept::new(&config.limits),
            probes: BTreeMap::new(),
            probe_ids: ctx.stream("probe ids"),
            next_delivery: 0,
            by_connection: ByConnection::new(),
            by_lookup: HashMap::default(),
            queue_timer: LazyTimer::default(),
            writing: VecDeque::new(),
            config,
        }
    }

    /// A bug on purpose comes to its end for the messages that it is about.
    pub(super) fn write_late(&mut self, ctx: &mut Ctx<'_>) {
        self.receiver.late_writes().write(ctx);
    }

    pub(super) fn on_stream(&mut self, connection: ConnId, event: StreamEvent, ctx: &mut Ctx<'_>) {
        if let StreamEvent::Accepted { local, peer } = event {
            self.receiver.accept(connection, local, peer, ctx);
            self.receiver.ask(&mut self.stub, ctx);
        } else if self.receiver.has_news(connection, &event, ctx) {
            self.receiver.ask(&mut self.stub, ctx);
        } else if let Some(number) = self.by_connection.get(connection).copied() {
            self.with_delivery(number, ctx, |delivery, tools, ctx| {
                delivery.on_stream(event, tools, ctx)
            });
        } else if !self.kept.on_stream(connection, &event, ctx) {
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

    pub(super) fn on_unreachable(&mut self, from: SocketAddr, to: SocketAddr, ctx: &mut Ctx<'_>) {
        self.stub.on_unreachable(ctx, from, to);
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
                if let Some(number) = self.by_connection.get(connection).copied() {
                    self.with_delivery(number, ctx, Delivery::on_timer);
                } else {
                    self.kept.on_timer(connection, ctx);
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

    /// Begins an attempt at every message that is due, and sets the timer for the next one. Called
    /// after everything that happens.
    pub(super) fn run_queue(&mut self, ctx: &mut Ctx<'_>) {
        while let Some(address) = self.receiver.next_probe() {
            self.probe(address, ctx);
        }
        let now = ctx.now();
        while let Some(flush) = self.flushes.front()
            && flush.at <= now
        {
            let flush = self.flushes.pop_front().expect("looked at above");
            self.flush(&flush, ctx);
        }
        let written = self.written(ctx);
        let mut wake = self.flushes.front().map(|flush| flush.at).into_iter().chain(written).min();
        while let Some((due, id)) = ctx.disk().queue().next_due() {
            // A message more than the limit waits until another one leaves.
            if self.active.len() >= self.config.limits.active.max(1) {
                break;
            }
            if due > now {
                wake = Some(wake.map_or(due, |flush| flush.min(due)));
                break;
            }
            let id = id.clone();
            self.begin(&id, ctx);
        }
        self.queue_timer.arm(ctx, wake, TimerToken(u64::from(QUEUE_TIMER) << 56));
    }

    /// Does what is ordered from outside, if it is for an MTA.
    pub(super) fn order(&mut self, order: Order, ctx: &mut Ctx<'_>) {
        match order {
            Order::Flush { domain } => self.flush(&Flush { at: ctx.now(), domain }, ctx),
            Order::Misbehave { fault, rule: AnyRule::Smtp(rule) } => {
                self.receiver.add_rule(fault, rule, ctx);
            }
            Order::Cease { fault } => self.receiver.remove_rule(fault),
            Order::Misbehave { .. } | Order::RebuildIndex { .. } => {}
        }
    }

    /// What an administrator does with `postqueue -f`, or `-s` and a domain.
    pub(super) fn flush(&mut self, flush: &Flush, ctx: &mut Ctx<'_>) {
        self.destinations.revive();
        let now = ctx.now();
        let count = ctx.disk().queue().flush(now, |message| {
            flush.domain.as_ref().is_none_or(|domain| {
                let mut left = message.pending();
                left.any(|(_, to)| to.address.domain().eq_ignore_ascii_case(domain))
            })
        });
        ctx.note(Kind::Remark, || note::flushed(flush.domain.as_deref(), count));
    }

    /// Begins an attempt at all pending recipients of a message.
    fn begin(&mut self, id: &QueueId, ctx: &mut Ctx<'_>) {
        let (now, date) = (ctx.now(), ctx.date());
        let message = ctx.disk().queue().begin_attempt(id).expect("a due message is in the queue");
        let load = Load::of(message);
        let mut ways: Vec<(usize, QueuedRecipient, Way)> = Vec::new();
        let mut onward: Vec<(Hop, ReversePath, Recipient)> = Vec::new();
        for (index, recipient) in message.pending() {
            match transport::way(&self.config, &recipient.address) {
                Way::Onward(hop) => {
                    let from = local::reverse_path(&self.config, &load.from, recipient, date);
                    onward.push((hop, from, Recipient::of(index, recipient)));
                }
                way => ways.push((index, recipient.clone(), way)),
            }
        }
        // While it is counted once for itself, a delivery that ends at once does not end the pass.
        self.active.insert(id.clone(), 1);
        for (index, recipient, way) in ways {
            let state = match way {
                Way::Here => {
                    let written = ctx.write();
                    if written > now {
                        *self.active.get_mut(id).expect("inserted above") += 1;
                        self.writing.push_back((written, id.clone(), index));
                        continue;
                    }
                    let (config, ids) = (&self.config, &mut self.report_ids);
                    local::deliver(config, &load, &recipient, ids, ctx)
                }
                Way::Nowhere(trouble) if trouble.is_permanent() => RecipientState::Failed(trouble),
                Way::Nowhere(trouble) => RecipientState::Pending(Some(trouble)),
                Way::Discard(reason) => {
                    ctx.note(Kind::Discarded, || note::discarded(id, &recipient.address, reason));
                    RecipientState::Delivered(Delivered::Discarded)
                }
                Way::Onward(_) => unreachable!("grouped by next hop above"),
            };
            ctx.disk().queue().settle(id, index, state);
        }
        // Those that share next hop and reverse-path stand together then, in the order of their places.
        onward.sort_by(|(hop, from, _), (other_hop, other_from, _)| {
            (hop, from).cmp(&(other_hop, other_from))
        });
        let most = self.config.limits.recipients.max(1);
        let mut onward = onward.into_iter().peekable();
        while let Some((hop, from, first)) = onward.next() {
            let mut recipients = vec![first];
            while recipients.len() < most
                && let Some((.., next)) = onward
                    .next_if(|(next_hop, next_from, _)| *next_hop == hop && *next_from == from)
            {
                recipients.push(next);
            }
            let task = Task { queue_id: id.clone(), hop, from, recipients };
            *self.active.get_mut(id).expect("inserted above") += 1;
            if let Some((task, trouble)) = self.destinations.add(task, now) {
                self.put_off(&task, &trouble, ctx);
            }
        }
        self.end_one(id, ctx);
        self.start_deliveries(ctx);
    }

    /// Delivers to recipients at this host what is on disk by now; when the next one is.
    fn written(&mut self, ctx: &mut Ctx<'_>) -> Option<SimTime> {
        while let Some((written, ..)) = self.writing.front() {
            if *written > ctx.now() {
                return Some(*written);
            }
            let (_, id, index) = self.writing.pop_front().expect("looked at above");
            let message = ctx.disk().queue().get(&id).expect("an active message is queued");
            let (load, recipient) = (Load::of(message), message.recipients[index].clone());
            let state = local::deliver(&self.config, &load, &recipient, &mut self.report_ids, ctx);
            ctx.disk().queue().settle(&id, index, state);
            self.end_one(&id, ctx);
        }
        None
    }

    /// The recipients of a delivery to a dead destination have its trouble, without an attempt.
    fn put_off(&mut self, task: &Task, trouble: &Trouble, ctx: &mut Ctx<'_>) {
        for recipient in &task.recipients {
            let fate = Fate::Deferred(trouble.clone());
            settle(&task.queue_id, recipient, fate, task.hop.protocol, ctx);
        }
        self.end_one(&task.queue_id, ctx);
    }

    /// Starts as many deliveries as may run.
    fn start_deliveries(&mut self, ctx: &mut Ctx<'_>) {
        while let Some(Task { queue_id, hop, from, recipients }) = self.destinations.next() {
            let message = ctx.disk().queue().get(&queue_id).expect("an active message is queued");
            let load = Load { from, ..Load::of(message) };
            let Manager { config, clients, stub, draws, kept, .. } = self;
            let mut tools = Tools { config, clients, stub, draws, kept };
            let (delivery, fates) = Delivery::start(load, hop, recipients, &mut tools, ctx);
            let number = self.next_delivery;
            self.next_delivery += 1;
            self.deliveries.insert(number, delivery);
            self.after(number, None, fates, ctx);
        }
    }

    /// Asks the next hop of a recipient whether it exists.
    fn probe(&mut self, address: Mailbox, ctx: &mut Ctx<'_>) {
        let hop = match transport::way(&self.config, &address) {
            Way::Onward(hop) => hop,
            Way::Nowhere(trouble) => return self.probed(&address, Err(trouble), ctx),
            Way::Here | Way::Discard(_) => return self.probed(&address, Ok(()), ctx),
        };
        let load = Load::probe(QueueId::draw(&mut self.probe_ids));
        let params = RcptParams::default();
        let recipient = Recipient { index: 0, address: address.clone(), params };
        let Manager { config, clients, stub, draws, kept, .. } = self;
        let mut tools = Tools { config, clients, stub, draws, kept };
        let (delivery, fates) = Delivery::start(load, hop, vec![recipient], &mut tools, ctx);
        let number = self.next_delivery;
        self.next_delivery += 1;
        self.deliveries.insert(number, delivery);
        self.probes.insert(number, address);
        self.after(number, None, fates, ctx);
    }

    /// It is known whether a recipient exists.
    fn probed(&mut self, address: &Mailbox, found: Result<(), Trouble>, ctx: &mut Ctx<'_>) {
        self.receiver.probed(address, found, ctx);
        self.receiver.ask(&mut self.stub, ctx);
    }

    /// Lets a delivery act, and sees to what follows.
    fn with_delivery(
        &mut self,
        number: u64,
        ctx: &mut Ctx<'_>,
        act: impl FnOnce(&mut Delivery, &mut Tools<'_>, &mut Ctx<'_>) -> Fates,
    ) {
        let Manager { deliveries, config, clients, stub, draws, kept, .. } = self;
        let Some(delivery) = deliveries.get_mut(&number) else { return };
        let before = delivery.connection();
        let fates = act(delivery, &mut Tools { config, clients, stub, draws, kept }, ctx);
        if before.is_some()
            && before == delivery.connection()
            && fates.is_empty()
            && !delivery.is_done()
        {
            // It talks on: it waits for no look-up, and has nothing to tell.
            return;
        }
        if self.after(number, before, fates, ctx) {
            self.start_deliveries(ctx);
        }
    }

    /// Settles the fates that a delivery has come to, and ends it when it is done. Whether another one may
    /// take its place.
    fn after(
        &mut self,
        number: u64,
        before: Option<ConnId>,
        fates: Fates,
        ctx: &mut Ctx<'_>,
    ) -> bool {
        let delivery = self.deliveries.get(&number).expect("the caller has it");
        let (now, is_done) = (delivery.connection(), delivery.is_done());
        if before != now {
            if let Some(connection) = before {
                self.by_connection.remove(connection);
            }
            if let Some(connection) = now {
                self.by_connection.insert(connection, number);
            }
        }
        self.by_lookup.extend(delivery.lookups().map(|id| (id, number)));
        let protocol = delivery.hop.protocol;
        if let Some(address) = self.probes.get(&number).cloned() {
            for (_, fate) in fates {
                let found = match fate {
                    Fate::Relayed { .. } => Ok(()),
                    Fate::Deferred(trouble) | Fate::Failed(trouble) => Err(trouble),
                };
                self.probed(&address, found, ctx);
            }
            if is_done {
                self.deliveries.remove(&number);
                self.probes.remove(&number);
            }
            return false;
        }
        if !fates.is_empty() {
            let delivery = self.deliveries.get(&number).expect("looked at above");
            for (recipient, fate) in fates {
                settle(&delivery.load.queue_id, &recipient, fate, protocol, ctx);
            }
        }
        if !is_done {
            return false;
        }
        let delivery = self.deliveries.remove(&number).expect("looked at above");
        let given_up = self.destinations.ended(&delivery.hop, delivery.site(), ctx.now());
        self.end_one(&delivery.load.queue_id, ctx);
        if let Some((tasks, trouble)) = given_up {
            for task in tasks {
                self.put_off(&task, &trouble, ctx);
            }
        }
        true
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
        let (now, skew) = (ctx.now(), ctx.skew());
        let queue = ctx.disk().queue();
        let message = queue.get(id).expect("an active message is queued");
        let attempt = message.attempts;
        let calendar = message.by_calendar(now, skew);
        let next = self.config.retry.next_attempt(message, calendar, &mut self.retry_draws);
        let next = next.map(|until| now + (until - calendar));
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
        let waits = next.is_some() && !left.is_empty();
        match next {
            Some(until) if waits => {
                queue.defer(id, now, until);
                for (_, address, trouble) in left {
                    ctx.note(Kind::Deferred, || {
                        note::deferred(id, &address, attempt, trouble, until)
                    });
                }
            }
            _ => {
                for (index, _, trouble) in left {
                    queue.settle(id, index, RecipientState::Failed(trouble));
                }
            }
        }
        let reported = bounce::report(&self.config, id, &mut self.report_ids, ctx);
        if !reported && !waits {
            // As Postfix, which defers what it cannot bounce.
            let until = next.unwrap_or(now + REPORT_AGAIN);
            ctx.disk().queue().defer(id, now, until);
            ctx.note(Kind::Remark, || note::not_reported(id, until));
        }
        let queue = ctx.disk().queue();
        let message = queue.get(id).expect("it is removed below");
        if message.is_settled() {
            queue.remove(id);
            ctx.note(Kind::Removed, || Note::Removed { queue_id: id.to_string() });
        } else if self.config.retry.warns(message, message.by_calendar(now, skew)) {
            bounce::warn(&self.config, id, &mut self.report_ids, ctx);
        }
    }
}

/// When a report is tried again that the disk had no room for, of a message whose time is over.
const REPORT_AGAIN: Duration = Duration::from_secs(300);

fn settle(id: &QueueId, recipient: &Recipient, fate: Fate, protocol: Protocol, ctx: &mut Ctx<'_>) {
    let state = match fate {
        Fate::Relayed { remote, to, reply, dsn } => {
            ctx.note(Kind::Relayed, || Note::Relayed {
                queue_id: id.to_string(),
                recipient: recipient.address.to_string(),
                to,
                reply: reply.to_string(),
            });
            let lmtp = protocol == Protocol::Lmtp;
            RecipientState::Delivered(Delivered::Relayed { remote, reply, dsn, lmtp })
        }
        Fate::Deferred(trouble) => RecipientState::Pending(Some(trouble)),
        Fate::Failed(trouble) => RecipientState::Failed(trouble),
    };
    ctx.disk().queue().settle(id, recipient.index, state);
}

//! One attempt to hand a message on to one destination: find the exchanges, their addresses,
//! connect, talk, and say what became of each recipient.
//!
//! Follows RFC 5321 §5.1: exchanges by preference, all addresses of each, until one answers for
//! good. Like Postfix, a recipient that an exchange defers is tried at the next one, within the
//! limits of an attempt.

mod fate;
mod talk;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;

use crate::actors::carry::LazyTimer;
use crate::actors::stub::StubResolver;
use crate::engine::{SimTime, Stream};
use crate::net::tcp::CloseReason;
use crate::proto::Input;
use crate::proto::dns::stub::LookupId;
use crate::proto::smtp::client::ClientConfig;
use crate::proto::smtp::{EnhancedStatus, ReversePath};
use crate::store::queue::{QueueId, Trouble};
use crate::world::{ConnId, Ctx, StreamEvent, TimerToken};

use super::config::MtaConfig;
use super::destinations::{Hop, Recipient};
use super::lookup::{self, AddressAnswer, Found};
use super::route::{self, Exchange};
pub(super) use fate::{Fate, Fates};
use talk::{Progress, Talk};

/// The message of an attempt.
#[derive(Debug, Clone)]
pub(super) struct Load {
    pub(super) queue_id: QueueId,
    pub(super) from: ReversePath,
    pub(super) data: Bytes,
}

/// What an attempt needs of its MTA.
pub(super) struct Tools<'a> {
    pub(super) config: &'a MtaConfig,
    pub(super) client: &'a Arc<ClientConfig>,
    pub(super) stub: &'a mut StubResolver,
    pub(super) draws: &'a mut Stream,
}

/// One attempt under way.
pub(super) struct Delivery {
    pub(super) load: Load,
    pub(super) hop: Hop,
    /// Those whose fate is open, in the order of their places in the message.
    open: Vec<Open>,
    stage: Stage,
    /// What is tried after the present address.
    addresses: VecDeque<(String, SocketAddr)>,
    exchanges: VecDeque<Exchange>,
    addresses_left: usize,
    sessions_left: usize,
}

/// A recipient whose fate is open, and why it is not delivered yet.
struct Open {
    recipient: Recipient,
    trouble: Option<Trouble>,
}

enum Stage {
    /// Asks for the MX of a domain.
    Routing { domain: String, lookup: LookupId },
    /// Asks for the addresses of an exchange.
    Locating {
        host: String,
        lookups: Vec<LookupId>,
        found: Vec<SocketAddr>,
        failures: Vec<Trouble>,
    },
    /// Waits for the connection, until then.
    Connecting {
        connection: ConnId,
        host: String,
        peer: SocketAddr,
        until: SimTime,
        timer: LazyTimer,
    },
    /// SMTP.
    Talking(Box<Talk>),
    /// Nothing is left to do.
    Done,
}

impl Delivery {
    /// Begins an attempt at these recipients, which are in the order of their places.
    pub(super) fn start(
        load: Load,
        hop: Hop,
        recipients: Vec<Recipient>,
        tools: &mut Tools<'_>,
        ctx: &mut Ctx<'_>,
    ) -> (Self, Fates) {
        let limits = &tools.config.limits;
        let open = recipients.into_iter().map(|recipient| Open { recipient, trouble: None });
        let mut delivery = Delivery {
            load,
            open: open.collect(),
            stage: Stage::Done,
            addresses: VecDeque::new(),
            exchanges: VecDeque::new(),
            addresses_left: limits.addresses,
            sessions_left: limits.sessions,
            hop,
        };
        let mut fates = Fates::new();
        match delivery.hop.clone() {
            Hop::Mx(domain) => match lookup::mx(tools.stub, &domain, ctx) {
                Some(lookup) => delivery.stage = Stage::Routing { domain, lookup },
                None => {
                    let status = EnhancedStatus::new(5, 1, 2);
                    let reason = format!("{domain} is not a domain name");
                    delivery.give_up(&Trouble::local(status, reason), &mut fates);
                }
            },
            Hop::Host(host) => {
                delivery.exchanges.push_back(Exchange { preference: 0, host });
                delivery.next_exchange(tools, ctx, &mut fates);
            }
            Hop::Address(peer) if ctx.addresses().contains(&peer.ip()) => {
                delivery.give_up(&loops(&delivery.hop), &mut fates);
            }
            Hop::Address(peer) => {
                delivery.addresses.push_back((format!("[{}]", peer.ip()), peer));
                delivery.next_address(tools, ctx, &mut fates);
            }
        }
        (delivery, fates)
    }

    /// Whether the attempt is over.
    pub(super) fn is_done(&self) -> bool {
        matches!(self.stage, Stage::Done)
    }

    /// The connection it waits for or talks on.
    pub(super) fn connection(&self) -> Option<ConnId> {
        match &self.stage {
            Stage::Connecting { connection, .. } => Some(*connection),
            Stage::Talking(talk) => Some(talk.connection),
            _ => None,
        }
    }

    /// The look-ups it waits for.
    pub(super) fn lookups(&self) -> &[LookupId] {
        match &self.stage {
            Stage::Routing { lookup, .. } => std::slice::from_ref(lookup),
            Stage::Locating { lookups, .. } => lookups,
            _ => &[],
        }
    }

    /// A look-up has come to its end.
    pub(super) fn on_lookup(
        &mut self,
        id: LookupId,
        found: &Found,
        tools: &mut Tools<'_>,
        ctx: &mut Ctx<'_>,
    ) -> Fates {
        let mut fates = Fates::new();
        match &mut self.stage {
            Stage::Routing { domain, lookup } if *lookup == id => {
                let own = &tools.config.hostname;
                match route::exchanges(domain, lookup::mx_answer(found), own, tools.draws) {
                    Err(none) => self.give_up(&none.into(), &mut fates),
                    Ok(exchanges) => {
                        let queue_id = &self.load.queue_id;
                        ctx.note(|| super::note::routed(queue_id, domain, &exchanges));
                        self.exchanges = exchanges.into();
                        self.next_exchange(tools, ctx, &mut fates);
                    }
                }
            }
            Stage::Locating { host, lookups, found: addresses, failures } => {
                let Some(place) = lookups.iter().position(|lookup| *lookup == id) else {
                    return fates;
                };
                lookups.remove(place);
                match lookup::addresses(found, host) {
                    AddressAnswer::Addresses(more) => {
                        let peers =
                            more.into_iter().map(|ip| SocketAddr::new(ip, route::SMTP_PORT));
                        addresses.extend(peers);
                    }
                    AddressAnswer::None(none) => failures.push(none.into()),
                }
                if lookups.is_empty() {
                    self.located(tools, ctx, &mut fates);
                }
            }
            _ => {}
        }
        fates
    }

    /// All look-ups of an exchange's addresses are answered.
    fn located(&mut self, tools: &mut Tools<'_>, ctx: &mut Ctx<'_>, fates: &mut Fates) {
        let Stage::Locating { host, mut found, failures, .. } =
            std::mem::replace(&mut self.stage, Stage::Done)
        else {
            return;
        };
        // An exchange that has our own address is ourselves by another name: what is behind it
        // in the list is no nearer to the goal than we are.
        if found.iter().any(|peer| ctx.addresses().contains(&peer.ip())) {
            self.give_up(&loops(&self.hop), fates);
            return;
        }
        if found.is_empty() {
            // A failure that may pass outweighs one that will not.
            if let Some(worst) = failures.iter().min_by_key(|trouble| trouble.status.class()) {
                self.went_wrong(worst);
            }
        }
        // IPv6 first, each family in the order of the answer.
        found.sort_by_key(SocketAddr::is_ipv4);
        self.addresses.extend(found.into_iter().map(|peer| (host.clone(), peer)));
        self.next_address(tools, ctx, fates);
    }

    fn next_exchange(&mut self, tools: &mut Tools<'_>, ctx: &mut Ctx<'_>, fates: &mut Fates) {
        while let Some(exchange) = self.exchanges.pop_front() {
            let lookups = lookup::addresses_of(tools.stub, &exchange.host, ctx);
            if !lookups.is_empty() {
                let (found, failures) = (Vec::new(), Vec::new());
                self.stage = Stage::Locating { host: exchange.host, lookups, found, failures };
                return;
            }
            let status = EnhancedStatus::new(5, 4, 4);
            let reason = format!("{} is not a host name", exchange.host);
            self.went_wrong(&Trouble::local(status, reason));
        }
        let unreached =
            Trouble::local(EnhancedStatus::new(4, 4, 1), "No exchange could be reached");
        self.give_up(&unreached, fates);
    }

    fn next_address(&mut self, tools: &mut Tools<'_>, ctx: &mut Ctx<'_>, fates: &mut Fates) {
        while let Some((host, peer)) = self.addresses.pop_front() {
            if self.addresses_left == 0 || self.sessions_left == 0 {
                self.addresses.clear();
                self.exchanges.clear();
                break;
            }
            self.addresses_left -= 1;
            match ctx.connect(peer) {
                Ok(connection) => {
                    let until = ctx.now() + tools.config.limits.connect_timeout;
                    let mut timer = LazyTimer::default();
                    timer.arm(ctx, Some(until), token(connection));
                    self.stage = Stage::Connecting { connection, host, peer, until, timer };
                    return;
                }
                Err(none) => {
                    let status = EnhancedStatus::new(4, 4, 1);
                    self.went_wrong(&Trouble::local(status, none.to_string()));
                }
            }
        }
        self.next_exchange(tools, ctx, fates);
    }

    /// News of the attempt's connection.
    pub(super) fn on_stream(
        &mut self,
        event: StreamEvent,
        tools: &mut Tools<'_>,
        ctx: &mut Ctx<'_>,
    ) -> Fates {
        let mut fates = Fates::new();
        match event {
            StreamEvent::Opened => self.talk(tools, ctx, &mut fates),
            StreamEvent::Data(octets) => self.input(Input::Bytes(&octets), tools, ctx, &mut fates),
            StreamEvent::Eof => self.input(Input::Eof, tools, ctx, &mut fates),
            StreamEvent::Closed(reason) => match &self.stage {
                Stage::Connecting { .. } => self.not_connected(reason, tools, ctx, &mut fates),
                _ => self.input(Input::Eof, tools, ctx, &mut fates),
            },
            StreamEvent::Accepted { .. } => {}
        }
        fates
    }

    /// A timer of the attempt's connection has fired.
    pub(super) fn on_timer(&mut self, tools: &mut Tools<'_>, ctx: &mut Ctx<'_>) -> Fates {
        let mut fates = Fates::new();
        let now = ctx.now();
        match &mut self.stage {
            Stage::Connecting { connection, until, timer, .. } => {
                let connection = *connection;
                if timer.fired(now, Some(*until)) {
                    ctx.abort(connection);
                    self.not_connected(CloseReason::TimedOut, tools, ctx, &mut fates);
                } else {
                    timer.arm(ctx, Some(*until), token(connection));
                }
            }
            Stage::Talking(talk) => {
                let due = talk.fired(ctx);
                if due {
                    self.input(Input::Timeout, tools, ctx, &mut fates);
                }
            }
            _ => {}
        }
        fates
    }

    fn not_connected(
        &mut self,
        reason: CloseReason,
        tools: &mut Tools<'_>,
        ctx: &mut Ctx<'_>,
        fates: &mut Fates,
    ) {
        let Stage::Connecting { host, peer, .. } = std::mem::replace(&mut self.stage, Stage::Done)
        else {
            return;
        };
        let why = match reason {
            CloseReason::Refused | CloseReason::Reset => "Connection refused",
            _ => "Connection timed out",
        };
        let reason =
            format!("connect to {}:{}: {why}", route::exchange_text(&host, peer), peer.port());
        self.went_wrong(&Trouble::local(EnhancedStatus::new(4, 4, 1), reason));
        self.next_address(tools, ctx, fates);
    }

    fn talk(&mut self, tools: &mut Tools<'_>, ctx: &mut Ctx<'_>, fates: &mut Fates) {
        let Stage::Connecting { connection, host, peer, timer, .. } =
            std::mem::replace(&mut self.stage, Stage::Done)
        else {
            return;
        };
        self.sessions_left -= 1;
        let recipients = self.open.iter().map(|open| open.recipient.clone()).collect();
        let exchange = (host, peer);
        let talk = Talk::new(connection, timer, exchange, &self.load, recipients, tools, ctx.now());
        self.stage = Stage::Talking(Box::new(talk));
        self.input(Input::Opened, tools, ctx, fates);
    }

    fn input(
        &mut self,
        input: Input<'_>,
        tools: &mut Tools<'_>,
        ctx: &mut Ctx<'_>,
        fates: &mut Fates,
    ) {
        let Stage::Talking(talk) = &mut self.stage else { return };
        let Progress { fates: known, failure, over } = talk.input(input, ctx);
        self.settle(known, fates);
        if let Some(trouble) = failure {
            self.went_wrong(&trouble);
        }
        if over {
            self.stage = Stage::Done;
            if !self.open.is_empty() {
                self.next_address(tools, ctx, fates);
            }
        }
    }

    /// Takes out those whose fate is sealed; the deferred stay open for the next exchange.
    fn settle(&mut self, known: Fates, fates: &mut Fates) {
        let mut sealed = Vec::new();
        for (recipient, fate) in known {
            let place =
                self.open.binary_search_by_key(&recipient.index, |open| open.recipient.index);
            let Ok(place) = place else { continue };
            match fate {
                Fate::Deferred(why) => self.open[place].trouble = Some(why),
                fate => {
                    sealed.push(recipient.index);
                    fates.push((recipient, fate));
                }
            }
        }
        if !sealed.is_empty() {
            self.open.retain(|open| sealed.binary_search(&open.recipient.index).is_err());
        }
    }

    /// Something went wrong for all that are open. What will not pass does not outweigh what may:
    /// an exchange that does not exist says nothing about one that was busy.
    fn went_wrong(&mut self, trouble: &Trouble) {
        for open in &mut self.open {
            if open.trouble.is_none() || !trouble.is_permanent() {
                open.trouble = Some(trouble.clone());
            }
        }
    }

    /// Nothing else can be tried: each that is open has its own trouble, or else this one.
    fn give_up(&mut self, trouble: &Trouble, fates: &mut Fates) {
        for Open { recipient, trouble: own } in self.open.drain(..) {
            fates.push((recipient, Fate::from(own.unwrap_or_else(|| trouble.clone()))));
        }
        self.stage = Stage::Done;
    }
}

/// The next hop is this host itself (RFC 5321 §5.1, RFC 3463: 5.4.6).
fn loops(next_hop: &Hop) -> Trouble {
    let reason = format!("Mail for {next_hop} loops back to myself");
    Trouble::local(EnhancedStatus::new(5, 4, 6), reason)
}

fn token(connection: ConnId) -> TimerToken {
    TimerToken::of_connection(super::OUTBOUND_TIMER, connection)
}

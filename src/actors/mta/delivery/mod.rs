//! One attempt to hand a message on to one destination: find the exchanges, their addresses,
//! connect, talk, and say what became of each recipient.
//!
//! Follows RFC 5321 §5.1: exchanges by preference, all addresses of each, until one answers for
//! good. As Postfix's smtp(8) does it, exchanges are located before one is tried, a recipient
//! that an exchange defers is tried at the next one, and an attempt has limits: so many addresses
//! (`smtp_mx_address_limit`), so many sessions (`smtp_mx_session_limit`).
//!
//! A connection may serve several messages ([`Kept`]).

mod fate;
mod kept;
mod locating;
mod talk;
mod tls;

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
use crate::proto::smtp::{EnhancedStatus, Ret, ReversePath};
use crate::store::queue::{QueueId, QueuedMessage, Trouble};
use crate::world::{ConnId, Ctx, NoSocket, StreamEvent, TimerToken};

use super::config::MtaConfig;
use super::destinations::{Recipient, Site};
use super::hop::{Hop, Place, Protocol};
use super::lookup;
use super::route::{self, Candidate, Exchange, NoRoute};
pub(super) use fate::{Fate, Fates};
pub(super) use kept::Kept;
use talk::{Progress, Talk};
use tls::TalkTls;

/// The message of an attempt. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Load {
    pub(super) queue_id: QueueId,
    pub(super) from: ReversePath,
    pub(super) ret: Option<Ret>,
    pub(super) envid: Option<String>,
    pub(super) smtputf8: bool,
    pub(super) body_8bit: bool,
    pub(super) data: Bytes,
    /// Whether there is no message, and it is only asked who exists.
    pub(super) probe: bool,
    /// When it came; a probe has not.
    pub(super) arrived: Option<SimTime>,
}

impl Load {
    /// The question whether the next hop would take mail.
    pub(super) fn probe(queue_id: QueueId) -> Self {
        Load {
            queue_id,
            from: ReversePath::Null,
            ret: None,
            envid: None,
            smtputf8: false,
            body_8bit: false,
            data: Bytes::new(),
            probe: true,
            arrived: None,
        }
    }

    pub(super) fn of(message: &QueuedMessage) -> Self {
        Load {
            queue_id: message.id.clone(),
            from: message.from.clone(),
            ret: message.ret,
            envid: message.envid.clone(),
            smtputf8: message.smtputf8,
            body_8bit: message.body_8bit,
            data: message.data.clone(),
            probe: false,
            arrived: Some(message.arrived),
        }
    }
}

/// How the MTA behaves as a client, by protocol.
#[derive(Debug)]
pub(super) struct Clients {
    smtp: Arc<ClientConfig>,
    lmtp: Arc<ClientConfig>,
}

impl Clients {
    pub(super) fn new(hostname: &str) -> Self {
        Clients {
            smtp: Arc::new(ClientConfig::new(hostname)),
            lmtp: Arc::new(ClientConfig::lmtp(hostname)),
        }
    }

    fn speaking(&self, protocol: Protocol, probe: bool) -> Arc<ClientConfig> {
        let config = match protocol {
            Protocol::Smtp => &self.smtp,
            Protocol::Lmtp => &self.lmtp,
        };
        match probe {
            true => Arc::new(ClientConfig { probe, ..ClientConfig::clone(config) }),
            false => Arc::clone(config),
        }
    }
}

/// What an attempt needs of its MTA.
pub(super) struct Tools<'a> {
    pub(super) config: &'a MtaConfig,
    pub(super) clients: &'a Clients,
    pub(super) stub: &'a mut StubResolver,
    pub(super) draws: &'a mut Stream,
    pub(super) kept: &'a mut Kept,
}

/// One attempt under way.
pub(super) struct Delivery {
    pub(super) load: Load,
    pub(super) hop: Hop,
    /// Those whose fate is open, in the order of their places in the message.
    open: Vec<Open>,
    stage: Stage,
    /// What the last try says of the destination.
    site: Site,
    /// What is tried after the present address.
    addresses: VecDeque<Candidate>,
    sessions_left: usize,
    /// The address with which TLS failed, so that it is tried in clear.
    in_clear: Option<SocketAddr>,
    /// Whether the message has waited for so long that this may be.
    may_go_in_clear: bool,
}

/// A recipient whose fate is open, and why it is not delivered yet.
struct Open {
    recipient: Recipient,
    trouble: Option<Trouble>,
}

enum Stage {
    /// Asks for the MX of a domain.
    Routing { lookup: [(LookupId, usize); 1] },
    /// Asks for the addresses of the exchanges of one preference.
    Locating {
        exchanges: Vec<Exchange>,
        /// How many of them were asked for.
        asked: usize,
        /// Each with the place of its exchange.
        lookups: Vec<(LookupId, usize)>,
        found: Vec<Candidate>,
        failures: Vec<NoRoute>,
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
    ) -> (Box<Self>, Fates) {
        let open = recipients.into_iter().map(|recipient| Open { recipient, trouble: None });
        // As Postfix: only a message that was put off once already.
        let least = tools.config.retry.least();
        let may_go_in_clear = load.arrived.is_some_and(|at| ctx.now().since(at) >= least);
        let mut delivery = Box::new(Delivery {
            load,
            open: open.collect(),
            stage: Stage::Done,
            site: Site::Alive,
            addresses: VecDeque::new(),
            sessions_left: tools.config.limits.sessions,
            in_clear: None,
            may_go_in_clear,
            hop,
        });
        let mut fates = Fates::new();
        match &delivery.hop.place {
            Place::Mx(domain) => match lookup::mx(tools.stub, domain, ctx) {
                Some(lookup) => delivery.stage = Stage::Routing { lookup: [(lookup, 0)] },
                None => {
                    let status = EnhancedStatus::new(5, 1, 2);
                    let reason = format!("{domain} is not a domain name");
                    delivery.unreachable(NoRoute::new(status, reason), &mut fates);
                }
            },
            Place::Host(host) => {
                let exchanges = vec![Exchange { preference: 0, host: host.clone() }];
                let (found, failures) = (Vec::new(), Vec::new());
                delivery.locate(exchanges, 0, found, failures, tools, ctx, &mut fates);
            }
            Place::Address(address) => {
                let address = *address;
                let (preference, host) = (0, format!("[{address}]"));
                let own = delivery.is_own(address, ctx);
                let found = vec![Candidate { preference, host, address, own }];
                delivery.located(&[], found, &[], tools, ctx, &mut fates);
            }
        }
        (delivery, fates)
    }

    /// What the attempt says of its destination.
    pub(super) fn site(&self) -> Site {
        self.site.clone()
    }

    /// Whether the attempt is over.
    pub(super) fn is_done(&self) -> bool {
        matches!(self.stage, Stage::Done)
    }

    /// The connection it waits for or talks on.
    pub(super) fn connection(&self) -> Option<ConnId> {
        match &self.stage {
            Stage::Connecting { connection, .. } => Some(*connection),
            Stage::Talking(talk) => Some(talk.connection()),
            _ => None,
        }
    }

    /// The look-ups it waits for.
    pub(super) fn lookups(&self) -> impl Iterator<Item = LookupId> + '_ {
        let lookups = match &self.stage {
            Stage::Routing { lookup, .. } => lookup.as_slice(),
            Stage::Locating { lookups, .. } => lookups,
            _ => &[],
        };
        lookups.iter().map(|(id, _)| *id)
    }

    fn next_address(&mut self, tools: &mut Tools<'_>, ctx: &mut Ctx<'_>, fates: &mut Fates) {
        while let Some(Candidate { host, address, .. }) = self.addresses.pop_front() {
            if self.sessions_left == 0 {
                break;
            }
            let peer = SocketAddr::new(address, self.hop.port);
            if let Some(mut talk) = self.kept(&host, peer, tools) {
                self.sessions_left -= 1;
                let recipients = self.open.iter().map(|open| open.recipient.clone()).collect();
                let progress = talk.go_on(host, &self.load, recipients, ctx);
                self.stage = Stage::Talking(talk);
                return self.progressed(progress, tools, ctx, fates);
            }
            match ctx.connect(peer) {
                Ok(connection) => {
                    let until = ctx.now() + tools.config.limits.connect_timeout;
                    let mut timer = LazyTimer::default();
                    timer.arm(ctx, Some(until), token(connection));
                    self.stage = Stage::Connecting { connection, host, peer, until, timer };
                    return;
                }
                Err(none) => {
                    let status = match none {
                        NoSocket::NoAddress { .. } => EnhancedStatus::new(4, 4, 1),
                        NoSocket::NoDescriptor => EnhancedStatus::new(4, 3, 0),
                    };
                    self.site_failed(Trouble::local(status, none.to_string()));
                }
            }
        }
        let unreached =
            Trouble::local(EnhancedStatus::new(4, 4, 1), "No exchange could be reached");
        self.give_up(&unreached, fates);
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
            CloseReason::Unreachable(crate::net::Trouble::NoRoute) => "Network is unreachable",
            CloseReason::Unreachable(crate::net::Trouble::PortUnreachable) => "Connection refused",
            // As Linux says of both that the host is not reached and that it is prohibited.
            CloseReason::Unreachable(_) => "No route to host",
            _ => "Connection timed out",
        };
        let reason =
            format!("connect to {}:{}: {why}", route::exchange_text(&host, peer), peer.port());
        self.site_failed(Trouble::local(EnhancedStatus::new(4, 4, 1), reason));
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
        let client = tools.clients.speaking(self.hop.protocol, self.load.probe);
        let tls = self.tls(&host, peer, tools.config);
        let keeps = tools.kept.is_on() && tls.is_none() && !self.load.probe;
        let tls = tls.or_in_clear(self.may_go_in_clear);
        let exchange = talk::Exchange { host, peer, tls, keeps };
        let talk =
            Talk::new(connection, timer, exchange, &self.load, recipients, &client, ctx.now());
        self.stage = Stage::Talking(Box::new(talk));
        self.input(Input::Opened, tools, ctx, fates);
    }

    /// The TLS that is asked of an exchange.
    fn tls(&self, host: &str, peer: SocketAddr, config: &MtaConfig) -> TalkTls {
        match &self.hop.place {
            _ if self.in_clear == Some(peer) || self.hop.protocol == Protocol::Lmtp => {
                TalkTls::in_clear()
            }
            Place::Mx(domain) => TalkTls::new(config, domain),
            Place::Host(_) | Place::Address(_) => TalkTls::new(config, host),
        }
    }

    /// A connection with that exchange that was kept, where one will do.
    fn kept(&self, host: &str, peer: SocketAddr, tools: &mut Tools<'_>) -> Option<Box<Talk>> {
        if !tools.kept.is_on() || self.load.probe || !self.tls(host, peer, tools.config).is_none() {
            return None;
        }
        tools.kept.take(peer, self.hop.protocol)
    }

    fn input(
        &mut self,
        input: Input<'_>,
        tools: &mut Tools<'_>,
        ctx: &mut Ctx<'_>,
        fates: &mut Fates,
    ) {
        let Stage::Talking(talk) = &mut self.stage else { return };
        let progress = talk.input(input, ctx);
        self.progressed(progress, tools, ctx, fates);
    }

    /// A session has come to something.
    fn progressed(
        &mut self,
        progress: Progress,
        tools: &mut Tools<'_>,
        ctx: &mut Ctx<'_>,
        fates: &mut Fates,
    ) {
        let Progress { fates: known, failure, broken, in_clear, anew, over, idle } = progress;
        if !known.is_empty() {
            self.site = Site::Alive;
        }
        self.settle(known, fates);
        if let Some(trouble) = failure {
            self.went_wrong(&trouble);
        }
        if let Some(trouble) = broken {
            self.site = Site::Failed(trouble);
        }
        if let Some((host, peer)) = in_clear {
            // It is the same session with the same address, as Postfix counts.
            self.in_clear = Some(peer);
            self.again(host, peer);
        }
        if let Some((host, peer)) = anew {
            self.again(host, peer);
        }
        if over {
            if let Stage::Talking(talk) = std::mem::replace(&mut self.stage, Stage::Done)
                && idle
            {
                tools.kept.put(talk, self.hop.protocol, ctx);
            }
            if !self.open.is_empty() {
                self.next_address(tools, ctx, fates);
            }
        }
    }

    /// Tries an exchange once more, which counts as one session with the last.
    fn again(&mut self, host: String, peer: SocketAddr) {
        let candidate = Candidate { preference: 0, host, address: peer.ip(), own: false };
        self.addresses.push_front(candidate);
        self.sessions_left += 1;
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

    /// There is nowhere to go: a passing trouble with finding the destination says something of it,
    /// one that will not pass concerns the message alone.
    fn unreachable(&mut self, none: NoRoute, fates: &mut Fates) {
        let trouble = Trouble::from(none);
        if !trouble.is_permanent() {
            self.site = Site::Failed(trouble.clone());
        }
        self.give_up(&trouble, fates);
    }

    /// The destination could not be reached.
    fn site_failed(&mut self, trouble: Trouble) {
        self.went_wrong(&trouble);
        self.site = Site::Failed(trouble);
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

fn token(connection: ConnId) -> TimerToken {
    TimerToken::of_connection(super::OUTBOUND_TIMER, connection)
}

//! One attempt to hand a message on to one destination: find the exchanges, their addresses,
//! connect, talk, and say what became of each recipient.
//!
//! Follows RFC 5321 §5.1: exchanges by preference, all addresses of each, until one answers for
//! good. Like Postfix, a recipient that an exchange defers is tried at the next one, within the
//! limits of an attempt.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;

use crate::actors::carry::{LazyTimer, carry};
use crate::actors::stub::StubResolver;
use crate::engine::{SimTime, Stream};
use crate::net::tcp::CloseReason;
use crate::proto::dns::stub::LookupId;
use crate::proto::smtp::client::{
    ClientConfig, ClientEvent, ClientSession, Failure, Outcome, Transaction,
};
use crate::proto::smtp::{EnhancedStatus, ForwardPath, Mailbox, Reply, ReversePath};
use crate::proto::{Input, Outbox, Session};
use crate::store::queue::{QueueId, Trouble};
use crate::world::{ConnId, Ctx, StreamEvent, TimerToken};

use super::config::MtaConfig;
use super::lookup::{self, AddressAnswer, Found};
use super::route::{self, Exchange, NoRoute};

/// What an attempt has come to for one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// The next hop answers for it now.
    Relayed {
        /// `host[address]`.
        to: String,
        /// Its reply.
        reply: Reply,
    },
    /// To be tried again.
    Deferred(Trouble),
    /// Failed for good.
    Failed(Trouble),
}

impl From<NoRoute> for Trouble {
    fn from(none: NoRoute) -> Self {
        Trouble::local(none.status, none.reason)
    }
}

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

impl From<Trouble> for Fate {
    fn from(trouble: Trouble) -> Self {
        if trouble.is_permanent() { Fate::Failed(trouble) } else { Fate::Deferred(trouble) }
    }
}

/// One attempt under way.
pub(super) struct Delivery {
    pub(super) load: Load,
    /// The domain whose MX are asked for, or the smart host.
    pub(super) next_hop: String,
    /// Those whose fate is open.
    open: Vec<Mailbox>,
    stage: Stage,
    /// What is tried after the present address.
    addresses: VecDeque<(String, SocketAddr)>,
    exchanges: VecDeque<Exchange>,
    addresses_left: usize,
    sessions_left: usize,
    /// Why the last address or exchange did not do.
    trouble: Option<Trouble>,
    out: Outbox<ClientEvent>,
}

enum Stage {
    /// Asks for the MX of the next hop.
    Routing { lookup: LookupId },
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
    Talking {
        connection: ConnId,
        host: String,
        peer: SocketAddr,
        timer: LazyTimer,
        talk: Box<Talk>,
    },
    /// Nothing is left to do.
    Done,
}

struct Talk {
    session: ClientSession,
    /// The recipients of each transaction, in order.
    transactions: Vec<Vec<Mailbox>>,
    over: bool,
}

/// Fates as they become known.
pub(super) type Fates = Vec<(Mailbox, Fate)>;

impl Delivery {
    /// Begins an attempt.
    pub(super) fn start(
        load: Load,
        next_hop: Hop,
        recipients: Vec<Mailbox>,
        tools: &mut Tools<'_>,
        ctx: &mut Ctx<'_>,
    ) -> (Self, Fates) {
        let limits = &tools.config.limits;
        let mut delivery = Delivery {
            load,
            next_hop: next_hop.name().into_owned(),
            open: recipients,
            stage: Stage::Done,
            addresses: VecDeque::new(),
            exchanges: VecDeque::new(),
            addresses_left: limits.addresses,
            sessions_left: limits.sessions,
            trouble: None,
            out: Outbox::new(),
        };
        let mut fates = Fates::new();
        match next_hop {
            Hop::Mx(domain) => match lookup::mx(tools.stub, &domain, ctx) {
                Some(lookup) => delivery.stage = Stage::Routing { lookup },
                None => {
                    let status = EnhancedStatus::new(5, 1, 2);
                    let reason = format!("{domain} is not a domain name");
                    delivery.give_up(Trouble::local(status, reason), &mut fates);
                }
            },
            Hop::Host(host) => {
                delivery.exchanges.push_back(Exchange { preference: 0, host });
                delivery.next_exchange(tools, ctx, &mut fates);
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
            Stage::Connecting { connection, .. } | Stage::Talking { connection, .. } => {
                Some(*connection)
            }
            _ => None,
        }
    }

    /// Whether it waits for this look-up.
    pub(super) fn awaits(&self, id: LookupId) -> bool {
        match &self.stage {
            Stage::Routing { lookup } => *lookup == id,
            Stage::Locating { lookups, .. } => lookups.contains(&id),
            _ => false,
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
            Stage::Routing { lookup } if *lookup == id => {
                let own = &tools.config.hostname;
                let answer = lookup::mx_answer(found);
                match route::exchanges(&self.next_hop, answer, own, tools.draws) {
                    Err(none) => self.give_up(none.into(), &mut fates),
                    Ok(exchanges) => {
                        let queue_id = &self.load.queue_id;
                        let domain = &self.next_hop;
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
        // An exchange that has our own address is ourselves by another name.
        if found.iter().any(|peer| ctx.addresses().contains(&peer.ip())) {
            let status = EnhancedStatus::new(5, 4, 6);
            let reason = format!("Mail for {} loops back to myself", self.next_hop);
            self.give_up(Trouble::local(status, reason), fates);
            return;
        }
        if found.is_empty() {
            // A failure that may pass outweighs one that will not.
            let worst = failures.into_iter().min_by_key(|trouble| trouble.status.class());
            self.trouble = worst.or(self.trouble.take());
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
            self.trouble = Some(Trouble::local(status, reason));
        }
        let trouble = self.trouble.take().unwrap_or_else(|| {
            Trouble::local(EnhancedStatus::new(4, 4, 1), "No exchange could be reached")
        });
        self.give_up(trouble, fates);
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
                    self.trouble = Some(Trouble::local(status, none.to_string()));
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
            StreamEvent::Opened => self.talk(tools, ctx),
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
            Stage::Talking { connection, timer, talk, .. } => {
                let deadline = talk.session.deadline();
                if timer.fired(now, deadline) {
                    self.input(Input::Timeout, tools, ctx, &mut fates);
                } else {
                    timer.arm(ctx, deadline, token(*connection));
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
        self.trouble = Some(Trouble::local(EnhancedStatus::new(4, 4, 1), reason));
        self.next_address(tools, ctx, fates);
    }

    fn talk(&mut self, tools: &Tools<'_>, ctx: &mut Ctx<'_>) {
        let Stage::Connecting { connection, host, peer, timer, .. } =
            std::mem::replace(&mut self.stage, Stage::Done)
        else {
            return;
        };
        self.sessions_left -= 1;
        let chunks: Vec<Vec<Mailbox>> =
            self.open.chunks(tools.config.limits.recipients.max(1)).map(<[_]>::to_vec).collect();
        let load = &self.load;
        let transactions = chunks.iter().map(|recipients| {
            let paths = recipients.iter().cloned().map(ForwardPath::from);
            Transaction::new(load.from.clone(), paths, load.data.clone())
        });
        let mut session = ClientSession::new(Arc::clone(tools.client), transactions);
        session.finish(ctx.now(), &mut self.out);
        session.handle(ctx.now(), Input::Opened, &mut self.out);
        let talk = Box::new(Talk { session, transactions: chunks, over: false });
        self.stage = Stage::Talking { connection, host, peer, timer, talk };
        let mut none = Fates::new();
        self.carry(ctx, &mut none);
    }

    fn input(
        &mut self,
        input: Input<'_>,
        tools: &mut Tools<'_>,
        ctx: &mut Ctx<'_>,
        fates: &mut Fates,
    ) {
        let Stage::Talking { talk, .. } = &mut self.stage else { return };
        talk.session.handle(ctx.now(), input, &mut self.out);
        self.carry(ctx, fates);
        if let Stage::Talking { talk, .. } = &self.stage
            && talk.over
        {
            self.stage = Stage::Done;
            if self.open.is_empty() {
                return;
            }
            self.next_address(tools, ctx, fates);
        }
    }

    /// Carries away what the session said, and settles the recipients it tells of.
    fn carry(&mut self, ctx: &mut Ctx<'_>, fates: &mut Fates) {
        let Stage::Talking { connection, host, peer, timer, talk } = &mut self.stage else {
            return;
        };
        let (open, trouble) = (&mut self.open, &mut self.trouble);
        let remote = route::exchange_text(host, *peer);
        let Talk { session, transactions, over } = &mut **talk;
        carry(ctx, *connection, &mut self.out, |_, event, _| match event {
            ClientEvent::TransactionDone { transaction, outcomes } => {
                for (recipient, outcome) in transactions[transaction].iter().zip(outcomes) {
                    match fate(outcome, host, &remote) {
                        Fate::Deferred(why) => *trouble = Some(why),
                        settled => {
                            open.retain(|other| other != recipient);
                            fates.push((recipient.clone(), settled));
                        }
                    }
                }
            }
            ClientEvent::Failed { stage, failure, unsent } => {
                if !unsent.is_empty() {
                    *trouble = Some(failed(&failure, stage, host, &remote));
                }
                *over = true;
            }
            ClientEvent::Finished => *over = true,
            ClientEvent::Authenticated
            | ClientEvent::Ready(_)
            | ClientEvent::RecipientAnswered { .. } => {}
        });
        timer.arm(ctx, session.deadline(), token(*connection));
    }

    /// Nothing else can be tried: all that are open share this trouble.
    fn give_up(&mut self, trouble: Trouble, fates: &mut Fates) {
        let fate = Fate::from(trouble);
        fates.extend(self.open.drain(..).map(|recipient| (recipient, fate.clone())));
        self.stage = Stage::Done;
    }
}

/// Where an attempt goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hop {
    /// To the MX of a domain.
    Mx(String),
    /// To a host, whatever MX say.
    Host(String),
    /// To an address: the domain was an address literal.
    Address(SocketAddr),
}

impl Hop {
    /// What deliveries of one destination have in common.
    pub(super) fn name(&self) -> std::borrow::Cow<'_, str> {
        match self {
            Hop::Mx(name) | Hop::Host(name) => name.as_str().into(),
            Hop::Address(peer) => peer.ip().to_string().into(),
        }
    }
}

fn token(connection: ConnId) -> TimerToken {
    TimerToken::of_connection(super::OUTBOUND_TIMER, connection)
}

/// What an outcome of the session means for the recipient.
fn fate(outcome: Outcome, host: &str, remote: &str) -> Fate {
    let status = outcome.status();
    let trouble = match outcome {
        Outcome::Delivered { reply } => return Fate::Relayed { to: remote.to_owned(), reply },
        Outcome::Refused { stage, reply } => Trouble {
            status,
            reason: format!("host {remote} said: {reply} (in reply to {stage} command)"),
            remote: Some(host.to_owned()),
            diagnostic: Some(reply),
        },
        Outcome::Unanswered { stage, failure } => failed(&failure, stage, host, remote),
        Outcome::Unsendable { text, .. } => Trouble::local(status, text),
    };
    Fate::from(trouble)
}

fn failed(
    failure: &Failure,
    stage: crate::proto::smtp::client::Stage,
    host: &str,
    remote: &str,
) -> Trouble {
    let status = failure.status();
    Trouble {
        // What ends a session says nothing for good about a message.
        status: EnhancedStatus::new(4, status.subject(), status.detail()),
        reason: format!("{failure} with {remote} while waiting for the reply to {stage}"),
        remote: Some(host.to_owned()),
        diagnostic: failure.reply().cloned(),
    }
}

//! The receiving side of an MTA: SMTP sessions, what is said to their questions, and the message
//! into the queue before the 250.
//!
//! A question of a session goes through the rules of [`policy`](super::policy), and while one of
//! them waits for the DNS the session waits too: it reads no further until it is answered.
//!
//! Deviation: what comes by LMTP goes through the queue as well, so that all recipients of a message
//! get the same answer at its end (RFC 2033 §4.2 has one each), and what fails later is reported on.

mod misbehave;
mod open;
mod take;
mod tls;

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::actors::carry::LazyTimer;
use crate::actors::channel::Arrival;
use crate::actors::service::Service;
use crate::actors::stub::StubResolver;
use crate::engine::{Seed, SimTime, Stream};
use crate::proto::dns::stub::LookupId;
use crate::proto::smtp::misbehaviour::Misbehaviour;
use crate::proto::smtp::server::{Greeting, ServerConfig, ServerEvent, ServerSession};
use crate::proto::smtp::{EnhancedStatus, Mailbox, Reply};
use crate::proto::{Input, Outbox, Session};
use crate::store::queue::Trouble;
use crate::world::{ByConnection, ConnId, Ctx, StreamEvent};

use super::config::MtaConfig;
use super::hop::LMTP_PORT;
use super::late::LateWrites;
use super::lookup::Found;
use super::policy::{Anvil, Lookup, Rulebook, Verified};
use open::Open;

/// All sessions with clients.
pub(super) struct Receiver {
    shared: Shared,
    submission: Arc<ServerConfig>,
    smtp: Arc<ServerConfig>,
    lmtp: Arc<ServerConfig>,
    busy: Arc<ServerConfig>,
    sessions: ByConnection<Box<Open>>,
    /// What the rules of a session wait for.
    asked: BTreeMap<LookupId, (ConnId, Lookup)>,
    /// One draw for each session whose AUTH has challenges; made for the first of them.
    challenges: Option<Stream>,
    /// What the sessions do wrong, if they do.
    misbehaviour: Option<Misbehaviour>,
    out: Outbox<ServerEvent>,
}

/// What all sessions share.
struct Shared {
    config: Arc<MtaConfig>,
    book: Rulebook,
    queue_ids: Stream,
    /// Which failures of DMARC are spared.
    dmarc_sampling: Stream,
    /// The addresses of the host.
    own: Vec<IpAddr>,
    /// What each client has done lately.
    anvil: Anvil,
    /// Who exists at other hosts.
    verified: Verified,
    /// Recipients that the next hop is to be asked for.
    probes: VecDeque<Mailbox>,
    /// What a bug on purpose has not written yet.
    late_writes: LateWrites,
    /// What stands on top of the message at hand. Empty between messages, and kept for its memory.
    on_top: String,
    /// Questions that are not asked yet: whoever has the stub resolver asks them.
    questions: Vec<(ConnId, Lookup)>,
}

/// The port of mail from clients (RFC 6409). The one between MTAs is [`super::route::SMTP_PORT`].
pub(super) const SUBMISSION_PORT: u16 = 587;
/// The same with TLS from the first octet (RFC 8314 §3.3).
pub(super) const SUBMISSIONS_PORT: u16 = 465;

impl Receiver {
    pub(super) fn new(config: Arc<MtaConfig>, queue_ids: Stream, dmarc_sampling: Stream) -> Self {
        let name = config.hostname.as_str();
        let limited = |server: ServerConfig| ServerConfig {
            size_limit_octets: usize::try_from(config.size_limit_octets).unwrap_or(usize::MAX),
            smtp_utf8: config.smtputf8,
            verify: config.clients.verify,
            patience: config.clients.patience,
            ..server
        };
        let too_many = Reply::new(
            421,
            EnhancedStatus::new(4, 3, 2),
            format!("{name} Error: too many connections, try again later"),
        );
        Receiver {
            smtp: Arc::new(tls::offer(&config, limited(ServerConfig::mta(name)))),
            lmtp: Arc::new(limited(ServerConfig::lmtp(name))),
            submission: Arc::new(tls::offer(
                &config,
                ServerConfig {
                    mechanisms: config.clients.mechanisms.clone(),
                    ..limited(ServerConfig::submission(name))
                },
            )),
            busy: Arc::new(ServerConfig {
                greeting: Greeting::Refuse(too_many),
                ..ServerConfig::mta(name)
            }),
            sessions: ByConnection::new(),
            asked: BTreeMap::new(),
            challenges: None,
            misbehaviour: None,
            out: Outbox::new(),
            shared: Shared {
                book: Rulebook::new(&config),
                config,
                queue_ids,
                dmarc_sampling,
                own: Vec::new(),
                anvil: Anvil::default(),
                verified: Verified::default(),
                probes: VecDeque::new(),
                late_writes: LateWrites::default(),
                on_top: String::new(),
                questions: Vec::new(),
            },
        }
    }

    /// News of a connection; whether it is a client's.
    pub(super) fn has_news(
        &mut self,
        connection: ConnId,
        event: &StreamEvent,
        ctx: &mut Ctx<'_>,
    ) -> bool {
        match event {
            // Nearly all news, which is given to the session with one look for it.
            StreamEvent::Data(octets) => self.take(connection, Input::Bytes(octets), ctx),
            _ if !self.sessions.contains(connection) => false,
            event => {
                self.on_stream(connection, event, ctx);
                true
            }
        }
    }

    /// Gives a session an input, and carries away what follows; whether there is such a session.
    fn take(&mut self, connection: ConnId, input: Input<'_>, ctx: &mut Ctx<'_>) -> bool {
        let Receiver { shared, sessions, out, .. } = self;
        let Some(open) = sessions.get_mut(connection) else { return false };
        if matches!(input, Input::Timeout)
            && open.patience().is_some_and(|until| until <= ctx.now())
        {
            self.resume(connection, ctx);
            return true;
        }
        let mut arrivals = open.channel.receive(input, ctx);
        while let Some(arrival) = arrivals.next(ctx) {
            match arrival {
                Arrival::Secured(handshake) => {
                    if open.secured(handshake, ctx) && open.connected(shared, ctx) {
                        open.session.handle(ctx.now(), Input::Opened, out);
                    }
                }
                Arrival::Failed(_) => {
                    open.session.handle(ctx.now(), Input::Eof, out);
                    open.channel.close(ctx);
                }
                arrival => {
                    if let Some(input) = arrival.input() {
                        open.session.handle(ctx.now(), input, out);
                    }
                }
            }
            open.carry(shared, out, ctx);
            open.arm(ctx);
        }
        open.arm(ctx);
        true
    }

    /// A client has connected.
    pub(super) fn accept(
        &mut self,
        connection: ConnId,
        local: SocketAddr,
        peer: SocketAddr,
        ctx: &mut Ctx<'_>,
    ) {
        let implicit = local.port() == SUBMISSIONS_PORT;
        let (server, welcome) = if self.sessions.len() >= self.shared.config.limits.clients {
            (&self.busy, true)
        } else if implicit || local.port() == SUBMISSION_PORT {
            (&self.submission, false)
        } else if local.port() == LMTP_PORT {
            (&self.lmtp, false)
        } else {
            (&self.smtp, false)
        };
        let mut session = ServerSession::new(Arc::clone(server));
        if !server.mechanisms.iter().all(|mechanism| mechanism.shows_password()) {
            let draws = self.challenges.get_or_insert_with(|| ctx.stream("smtp challenges"));
            session = session.with_challenges(Seed(draws.next_u64()).stream("challenges"));
        }
        if let Some(misbehaviour) = &self.misbehaviour {
            session.misbehave(misbehaviour.session(peer.ip()));
        }
        let mut open = Box::new(Open::new(connection, session, peer));
        open.welcome = welcome;
        open.is_implicit = implicit;
        if implicit {
            open.begin_tls(&self.shared.config, ctx);
            self.sessions.insert(connection, open);
            self.arm(connection, ctx);
        } else {
            self.sessions.insert(connection, open);
            self.connected(connection, ctx);
        }
    }

    /// The session can begin, if the rules have nothing against it.
    fn connected(&mut self, connection: ConnId, ctx: &mut Ctx<'_>) {
        let Some(open) = self.sessions.get_mut(connection) else { return };
        if open.connected(&mut self.shared, ctx) {
            self.greet(connection, ctx);
        }
    }

    fn greet(&mut self, connection: ConnId, ctx: &mut Ctx<'_>) {
        let Some(open) = self.sessions.get_mut(connection) else { return };
        open.session.handle(ctx.now(), Input::Opened, &mut self.out);
        self.carry(connection, ctx);
    }

    /// What a bug on purpose has not written yet.
    pub(super) fn late_writes(&mut self) -> &mut LateWrites {
        &mut self.shared.late_writes
    }

    /// Asks what the rules wait for. To be called after every event of a session.
    pub(super) fn ask(&mut self, stub: &mut StubResolver, ctx: &mut Ctx<'_>) {
        for (connection, lookup) in self.shared.questions.drain(..) {
            let id = stub.lookup(ctx, lookup.0.clone(), lookup.1);
            self.asked.insert(id, (connection, lookup));
        }
    }

    /// A look-up has come to its end; one that no rule waits for any more is passed over.
    pub(super) fn on_lookup(&mut self, id: LookupId, found: Found, ctx: &mut Ctx<'_>) {
        let Some((connection, lookup)) = self.asked.remove(&id) else { return };
        let Some(open) = self.sessions.get_mut(connection) else { return };
        let next = open.answered(lookup, found, &mut self.shared, ctx);
        self.proceed(connection, next, ctx);
    }

    /// The next recipient that the next hop is to be asked for.
    pub(super) fn next_probe(&mut self) -> Option<Mailbox> {
        self.shared.probes.pop_front()
    }

    /// The next hop has said whether it takes mail for a recipient.
    pub(super) fn probed(
        &mut self,
        address: &Mailbox,
        found: Result<(), Trouble>,
        ctx: &mut Ctx<'_>,
    ) {
        self.shared.verified.insert(address, ctx.now(), found);
        let waiting = self.sessions.iter().filter(|(_, open)| open.waits_for(address));
        let waiting: Vec<ConnId> = waiting.map(|(connection, _)| connection).collect();
        for connection in waiting {
            self.resume(connection, ctx);
        }
    }

    /// Asks a rule of a session again that waited for a recipient.
    fn resume(&mut self, connection: ConnId, ctx: &mut Ctx<'_>) {
        let Some(open) = self.sessions.get_mut(connection) else { return };
        let next = open.resume(&mut self.shared, ctx);
        self.proceed(connection, next, ctx);
    }

    fn proceed(&mut self, connection: ConnId, next: open::Next, ctx: &mut Ctx<'_>) {
        match next {
            open::Next::Wait => self.arm(connection, ctx),
            open::Next::Greet => self.greet(connection, ctx),
            open::Next::Answer(verdict) => {
                let Some(open) = self.sessions.get_mut(connection) else { return };
                open.session.answer(ctx.now(), verdict, &mut self.out);
                self.carry(connection, ctx);
            }
        }
    }

    /// Carries away what a session put out, and sees to its questions.
    fn carry(&mut self, connection: ConnId, ctx: &mut Ctx<'_>) {
        let Receiver { shared, sessions, out, .. } = self;
        let Some(open) = sessions.get_mut(connection) else { return };
        open.carry(shared, out, ctx);
        open.arm(ctx);
    }
}

impl Service for Receiver {
    const TIMER: u8 = super::INBOUND_TIMER;

    fn input(&mut self, connection: ConnId, input: Input<'_>, ctx: &mut Ctx<'_>) {
        self.take(connection, input, ctx);
    }

    fn timer(&mut self, connection: ConnId) -> Option<(&mut LazyTimer, Option<SimTime>)> {
        let open = self.sessions.get_mut(connection)?;
        let deadline = open.deadline();
        Some((&mut open.timer, deadline))
    }

    fn forget(&mut self, connection: ConnId) {
        if let Some(open) = self.sessions.remove(connection) {
            open.gone(&mut self.shared);
        }
        self.asked.retain(|_, (asking, _)| *asking != connection);
    }
}

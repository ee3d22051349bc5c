//! The POP3 sessions of a mailbox server.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::actors::carry::{LazyTimer, carry};
use crate::actors::channel::Arrival;
use crate::actors::mta::config::TlsOffer;
use crate::actors::service::Service;
use crate::engine::{Seed, SimTime, Stream};
use crate::proto::imap::{AccountId, Backend, MailboxId, MailboxName};
use crate::proto::pop3::{LoginRefusal, Pop3Server, Pop3ServerConfig, Pop3ServerEvent};
use crate::proto::{Input, Outbox, Session};
use crate::world::{ConnId, Ctx};

use super::config::MailServerConfig;
use super::line::Line;

/// All POP3 sessions of a server.
pub(super) struct Pop3Service {
    server: Arc<MailServerConfig>,
    config: Arc<Pop3ServerConfig>,
    sessions: BTreeMap<ConnId, Open>,
    /// When each account last logged in.
    logins: BTreeMap<AccountId, SimTime>,
    /// One draw for each session that has challenges; made for the first of them.
    challenges: Option<Stream>,
    /// The mailboxes from which messages went since they were last taken.
    changed: Vec<MailboxId>,
    out: Outbox<Pop3ServerEvent>,
}

struct Open {
    session: Pop3Server,
    line: Line,
    /// Whose maildrop is locked.
    account: Option<AccountId>,
    /// What the client has retrieved: read, once it says QUIT.
    retrieved: Vec<u32>,
}

impl Pop3Service {
    pub(super) fn new(server: Arc<MailServerConfig>) -> Self {
        let offer = server.offer();
        let config = Pop3ServerConfig {
            host_name: server.hostname.clone(),
            stls: offer != TlsOffer::Off,
            login_needs_tls: offer == TlsOffer::Required,
            mechanisms: server.mechanisms.clone(),
            apop: server.apop,
            login_delay: server.login_delay,
            ..Default::default()
        };
        Pop3Service {
            server,
            config: Arc::new(config),
            sessions: BTreeMap::new(),
            logins: BTreeMap::new(),
            challenges: None,
            changed: Vec::new(),
            out: Outbox::new(),
        }
    }

    pub(super) fn has(&self, connection: ConnId) -> bool {
        self.sessions.contains_key(&connection)
    }

    /// How many clients are connected.
    pub(super) fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Those of whose messages some were deleted since this was asked last.
    pub(super) fn take_changed(&mut self) -> Vec<MailboxId> {
        std::mem::take(&mut self.changed)
    }

    pub(super) fn accept(&mut self, connection: ConnId, is_implicit: bool, ctx: &mut Ctx<'_>) {
        let mut session = Pop3Server::new(Arc::clone(&self.config));
        let mechanisms = &self.config.mechanisms;
        if self.config.apop || !mechanisms.iter().all(|mechanism| mechanism.shows_password()) {
            let draws = self.challenges.get_or_insert_with(|| ctx.stream("pop3 challenges"));
            session = session.with_challenges(Seed(draws.next_u64()).stream("challenges"));
        }
        let mut line = Line::new(connection, is_implicit);
        if is_implicit {
            line.begin_tls(&self.server, ctx);
        }
        self.sessions
            .insert(connection, Open { session, line, account: None, retrieved: Vec::new() });
        if is_implicit {
            self.arm(connection, ctx);
        } else {
            self.input(connection, Input::Opened, ctx);
        }
    }

    /// Carries away what a session put out, and sees to its questions.
    fn carry(&mut self, connection: ConnId, ctx: &mut Ctx<'_>) {
        let Some(open) = self.sessions.get_mut(&connection) else { return };
        // Taken out, since the session is asked meanwhile.
        let mut channel = open.line.channel.take();
        carry(ctx, &mut channel, &mut self.out, |ctx, event, out| match event {
            Pop3ServerEvent::Identify(identity) => {
                let found = ctx.disk().mail().secret(&identity.authcid);
                // Nobody acts for others here.
                let secret = found.filter(|_| identity.is_own()).map(|(_, secret)| secret);
                open.session.answer_identity(ctx.now(), secret.as_ref(), out);
            }
            Pop3ServerEvent::Login { user } => {
                let now = ctx.now();
                let store = ctx.disk().mail();
                let account = store.account_of(&user).ok_or(LoginRefusal::Credentials);
                let answer = account.and_then(|account| {
                    if let Some(delay) = self.config.login_delay
                        && self.logins.get(&account).is_some_and(|last| *last + delay > now)
                    {
                        return Err(LoginRefusal::Delay);
                    }
                    let maildrop = store.lock_maildrop(account).map_err(|_| LoginRefusal::InUse)?;
                    self.logins.insert(account, now);
                    open.account = Some(account);
                    Ok(maildrop)
                });
                open.session.answer_login(now, answer, out);
            }
            Pop3ServerEvent::StartTls => open.line.starts_tls = true,
            Pop3ServerEvent::Retrieved { uid } => open.retrieved.push(uid),
            Pop3ServerEvent::Update { deleted } => {
                if !deleted.is_empty() || !open.retrieved.is_empty() {
                    let written = ctx.write();
                    ctx.hold(connection, written);
                }
                let store = ctx.disk().mail();
                if let Some(account) = open.account {
                    store.update_maildrop(account, &deleted);
                    store.mark_retrieved(account, &std::mem::take(&mut open.retrieved));
                    self.changed.extend(store.find(account, &MailboxName::inbox()).ok());
                }
                open.session.answer_update(true, out);
            }
            Pop3ServerEvent::Ended => {
                if let Some(account) = open.account.take() {
                    ctx.disk().mail().unlock_maildrop(account);
                }
            }
        });
        open.line.channel = channel;
        open.line.begin_tls_if_agreed(&self.server, ctx);
    }
}

impl Service for Pop3Service {
    const TIMER: u8 = super::POP3_TIMER;

    fn input(&mut self, connection: ConnId, input: Input<'_>, ctx: &mut Ctx<'_>) {
        let Some(open) = self.sessions.get_mut(&connection) else { return };
        let mut arrivals = open.line.channel.receive(input, ctx);
        while let Some(arrival) = arrivals.next(ctx) {
            let Some(Open { session, line, .. }) = self.sessions.get_mut(&connection) else {
                return;
            };
            let now = ctx.now();
            match arrival {
                Arrival::Secured(_) => {
                    session.secured(now);
                    if std::mem::take(&mut line.awaits_tls) {
                        session.handle(now, Input::Opened, &mut self.out);
                    }
                }
                Arrival::Failed(_) => session.handle(now, Input::Eof, &mut self.out),
                arrival => {
                    if let Some(input) = arrival.input() {
                        session.handle(now, input, &mut self.out);
                    }
                }
            }
            self.carry(connection, ctx);
        }
        self.arm(connection, ctx);
    }

    fn timer(&mut self, connection: ConnId) -> Option<(&mut LazyTimer, Option<SimTime>)> {
        let Open { session, line, .. } = self.sessions.get_mut(&connection)?;
        let deadline = line.deadline(session.deadline());
        Some((&mut line.timer, deadline))
    }

    fn forget(&mut self, connection: ConnId) {
        self.sessions.remove(&connection);
    }
}

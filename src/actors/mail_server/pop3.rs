//! The POP3 sessions of a mailbox server.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use crate::actors::carry::{LazyTimer, carry};
use crate::actors::channel::Arrival;
use crate::actors::mta::config::TlsOffer;
use crate::actors::service::Service;
use crate::engine::{Seed, SimTime, Stream};
use crate::proto::access::{Asked, Deed, Protocol, Rule, Verdict};
use crate::proto::imap::{AccountId, Backend, MailboxId, MailboxName, UidValidity};
use crate::proto::pop3::{LoginRefusal, Pop3Server, Pop3ServerConfig, Pop3ServerEvent};
use crate::proto::sasl::{Identity, Secret};
use crate::proto::{Input, Outbox, Session};
use crate::world::{ConnId, Ctx};

use super::config::MailServerConfig;
use super::line::Line;
use super::manners::{Faults, refuses_tls};

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
    /// How it misbehaves.
    faults: Option<Box<Faults>>,
    out: Outbox<Pop3ServerEvent>,
}

struct Open {
    session: Pop3Server,
    line: Line,
    /// Whose maildrop is locked.
    account: Option<AccountId>,
    /// What the client has retrieved: read, once it says QUIT.
    retrieved: Vec<u32>,
    /// The UIDVALIDITY under which the messages were numbered when the maildrop was locked.
    validity: Option<UidValidity>,
}

/// What a session waits for.
enum Wanted {
    /// A verdict.
    Judge(Box<Asked>),
    /// A secret; where the server misbehaves, it may get another answer.
    Identify(Identity),
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
            faults: Faults::new(Protocol::Pop3, &server.pop3_rules),
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

    /// Keeps to a rule from now on, under this number.
    pub(super) fn misbehave(&mut self, number: u64, rule: Arc<Rule>) {
        let faults = self.faults.get_or_insert_with(|| Faults::none(Protocol::Pop3));
        faults.add(number, rule);
        self.sessions.values_mut().for_each(|open| open.session.set_judged(true));
    }

    /// Keeps to the rules of this number no longer.
    pub(super) fn cease(&mut self, number: u64) {
        if let Some(faults) = &mut self.faults {
            faults.remove(number);
        }
    }

    pub(super) fn accept(
        &mut self,
        connection: ConnId,
        client: IpAddr,
        is_implicit: bool,
        ctx: &mut Ctx<'_>,
    ) {
        let mut session = Pop3Server::new(Arc::clone(&self.config));
        session.set_judged(self.faults.is_some());
        let mechanisms = &self.config.mechanisms;
        if self.config.apop || !mechanisms.iter().all(|mechanism| mechanism.shows_password()) {
            let draws = self.challenges.get_or_insert_with(|| ctx.stream("pop3 challenges"));
            session = session.with_challenges(Seed(draws.next_u64()).stream("challenges"));
        }
        let mut line = Line::new(connection, client, is_implicit);
        if is_implicit && !refuses_tls(&mut self.faults, &mut line, 0, ctx) {
            line.begin_tls(&self.server, ctx);
        }
        let (account, retrieved, validity) = (None, Vec::new(), None);
        self.sessions.insert(connection, Open { session, line, account, retrieved, validity });
        if is_implicit {
            self.arm(connection, ctx);
        } else {
            self.input(connection, Input::Opened, ctx);
        }
    }

    /// Carries away what a session put out, and sees to its questions.
    fn carry(&mut self, connection: ConnId, ctx: &mut Ctx<'_>) {
        loop {
            let wanted = self.carry_outputs(connection, ctx);
            let Some(faults) = &mut self.faults else { return };
            let Some(Open { session, line, .. }) = self.sessions.get_mut(&connection) else {
                return;
            };
            let (now, secured) = (ctx.now(), session.is_secured());
            let Some(Wanted::Identify(identity)) = wanted else {
                if Faults::finish(line, ctx) {
                    session.handle(now, Input::Eof, &mut self.out);
                    continue;
                }
                let Some(Wanted::Judge(asked)) = wanted else { return };
                let Some(deed) = faults.judge(line, &asked, secured, ctx) else { return };
                let verdict = faults.begin(line, deed, ctx);
                session.answer_judge(now, verdict, &mut self.out);
                continue;
            };
            let mut asked = Asked::new("LOGIN", session.commands());
            (asked.user, asked.is_part) = (Some(identity.authcid.clone()), true);
            match faults.judge(line, &asked, secured, ctx) {
                None => line.manners.identity = Some(identity),
                Some(deed) => self.begin_login(connection, deed, &identity, ctx),
            }
        }
    }

    /// A login goes on, or comes to its end.
    fn begin_login(
        &mut self,
        connection: ConnId,
        deed: Deed,
        identity: &Identity,
        ctx: &mut Ctx<'_>,
    ) {
        let Some(faults) = &mut self.faults else { return };
        let Some(Open { session, line, .. }) = self.sessions.get_mut(&connection) else { return };
        // Where a rule is about the command, that one goes on.
        let verdict = match line.manners.is_busy() {
            true => Verdict::Do,
            false => faults.begin(line, deed, ctx),
        };
        match verdict {
            Verdict::Do => {
                let secret = secret_of(identity, ctx);
                session.answer_identity(ctx.now(), secret.as_ref(), &mut self.out);
            }
            verdict => session.answer_judge(ctx.now(), verdict, &mut self.out),
        }
    }

    /// What was to be done late with a command is done now.
    fn begin_late(&mut self, connection: ConnId, ctx: &mut Ctx<'_>) {
        let Some(faults) = &mut self.faults else { return };
        let Some(Open { session, line, .. }) = self.sessions.get_mut(&connection) else { return };
        let Some(deed) = line.manners.due(ctx.now()) else { return };
        match line.manners.identity.take() {
            Some(identity) => self.begin_login(connection, deed, &identity, ctx),
            None => {
                let verdict = faults.begin(line, deed, ctx);
                session.answer_judge(ctx.now(), verdict, &mut self.out);
            }
        }
        self.carry(connection, ctx);
    }

    /// The same as far as it goes without a verdict; what one is wanted of.
    fn carry_outputs(&mut self, connection: ConnId, ctx: &mut Ctx<'_>) -> Option<Wanted> {
        let open = self.sessions.get_mut(&connection)?;
        let mut wanted = None;
        // Taken out, since the session is asked meanwhile.
        let mut channel = open.line.channel.take();
        carry(ctx, &mut channel, &mut self.out, |ctx, event, out| match event {
            Pop3ServerEvent::Judge(asked) => wanted = Some(Wanted::Judge(asked)),
            Pop3ServerEvent::Identify(identity) if self.faults.is_some() => {
                wanted = Some(Wanted::Identify(identity));
            }
            Pop3ServerEvent::Identify(identity) => {
                let secret = secret_of(&identity, ctx);
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
                    open.validity = Some(store.maildrop_validity(account));
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
                    // By other numbers, other messages would be deleted.
                    if open.validity != Some(store.maildrop_validity(account)) {
                        return open.session.answer_update(false, out);
                    }
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
        if open.line.starts_tls {
            let commands = open.session.commands();
            if !refuses_tls(&mut self.faults, &mut open.line, commands, ctx) {
                open.line.begin_tls_if_agreed(&self.server, ctx);
            }
        }
        wanted
    }
}

/// What the user must know who wants to log in.
fn secret_of(identity: &Identity, ctx: &mut Ctx<'_>) -> Option<Secret> {
    let found = ctx.disk().mail().secret(&identity.authcid);
    // Nobody acts for others here.
    found.filter(|_| identity.is_own()).map(|(_, secret)| secret)
}

impl Service for Pop3Service {
    const TIMER: u8 = super::POP3_TIMER;

    fn input(&mut self, connection: ConnId, input: Input<'_>, ctx: &mut Ctx<'_>) {
        if input == Input::Timeout {
            self.begin_late(connection, ctx);
        }
        let Some(open) = self.sessions.get_mut(&connection) else { return };
        if open.line.manners.hangs && matches!(input, Input::Bytes(_)) {
            return;
        }
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

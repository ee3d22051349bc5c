//! The IMAP sessions of a mailbox server.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use crate::actors::carry::{LazyTimer, carry};
use crate::actors::channel::Arrival;
use crate::actors::mta::config::TlsOffer;
use crate::actors::service::Service;
use crate::engine::{Epoch, Seed, SimTime, Stream};
use crate::proto::access::{Asked, Protocol, Rule, Verdict};
use crate::proto::imap::{ImapServer, ImapServerConfig, ImapServerEvent, MailboxId};
use crate::proto::{Input, Outbox};
use crate::world::{ConnId, Ctx};

use super::config::MailServerConfig;
use super::line::Line;
use super::manners::{Faults, refuses_tls};

/// All IMAP sessions of a server.
pub(super) struct ImapService {
    server: Arc<MailServerConfig>,
    config: Arc<ImapServerConfig>,
    sessions: BTreeMap<ConnId, Open>,
    /// One draw for each session that has challenges; made for the first of them.
    challenges: Option<Stream>,
    /// How it misbehaves.
    faults: Option<Box<Faults>>,
    out: Outbox<ImapServerEvent>,
}

struct Open {
    session: ImapServer,
    line: Line,
}

impl ImapService {
    pub(super) fn new(server: Arc<MailServerConfig>, epoch: Epoch) -> Self {
        let offer = server.offer();
        let config = ImapServerConfig {
            host_name: server.hostname.clone(),
            epoch,
            starttls: offer != TlsOffer::Off,
            login_needs_tls: offer == TlsOffer::Required,
            mechanisms: server.mechanisms.clone(),
            ..Default::default()
        };
        ImapService {
            faults: Faults::new(Protocol::Imap, &server.imap_rules),
            server,
            config: Arc::new(config),
            sessions: BTreeMap::new(),
            challenges: None,
            out: Outbox::new(),
        }
    }

    /// How many clients are connected.
    pub(super) fn len(&self) -> usize {
        self.sessions.len()
    }

    pub(super) fn accept(
        &mut self,
        connection: ConnId,
        client: IpAddr,
        is_implicit: bool,
        ctx: &mut Ctx<'_>,
    ) {
        let mut session = ImapServer::new(Arc::clone(&self.config));
        session.set_judged(self.faults.is_some());
        if !self.config.mechanisms.iter().all(|mechanism| mechanism.shows_password()) {
            let draws = self.challenges.get_or_insert_with(|| ctx.stream("imap challenges"));
            session = session.with_challenges(Seed(draws.next_u64()).stream("challenges"));
        }
        let mut line = Line::new(connection, client, is_implicit);
        if is_implicit && !refuses_tls(&mut self.faults, &mut line, 0, ctx) {
            line.begin_tls(&self.server, ctx);
        }
        self.sessions.insert(connection, Open { session, line });
        if is_implicit {
            self.arm(connection, ctx);
        } else {
            self.input(connection, Input::Opened, ctx);
        }
    }

    /// Keeps to a rule from now on, under this number.
    pub(super) fn misbehave(&mut self, number: u64, rule: Arc<Rule>) {
        let faults = self.faults.get_or_insert_with(|| Faults::none(Protocol::Imap));
        faults.add(number, rule);
        self.sessions.values_mut().for_each(|open| open.session.set_judged(true));
    }

    /// Keeps to the rules of this number no longer.
    pub(super) fn cease(&mut self, number: u64) {
        if let Some(faults) = &mut self.faults {
            faults.remove(number);
        }
    }

    /// A mailbox has other UIDs now.
    pub(super) fn on_rebuild(&mut self, mailbox: MailboxId, ctx: &mut Ctx<'_>) {
        for open in self.sessions.values_mut() {
            open.session.mailbox_rebuilt(mailbox, &mut self.out);
            carry(ctx, &mut open.line.channel, &mut self.out, |_, _, _| {});
        }
        self.on_change(mailbox, ctx);
    }

    /// A mailbox was changed by others than IMAP sessions: those that have it selected look after it.
    pub(super) fn on_change(&mut self, mailbox: MailboxId, ctx: &mut Ctx<'_>) {
        self.tell(&[mailbox], None, ctx);
    }

    /// Tells the sessions that follow one of these mailboxes, but for the one that changed it.
    fn tell(&mut self, changed: &[MailboxId], but: Option<ConnId>, ctx: &mut Ctx<'_>) {
        for (connection, open) in &mut self.sessions {
            if Some(*connection) == but {
                continue;
            }
            for mailbox in changed {
                if open.session.follows(*mailbox) {
                    open.session.mailbox_changed(*mailbox, ctx.disk().mail(), &mut self.out);
                }
            }
            carry(ctx, &mut open.line.channel, &mut self.out, |_, _, _| {});
        }
    }

    /// Carries away what a session put out; which mailboxes it changed.
    fn carry(&mut self, connection: ConnId, ctx: &mut Ctx<'_>) -> Vec<MailboxId> {
        let mut changed = Vec::new();
        loop {
            let asked = self.carry_outputs(connection, &mut changed, ctx);
            let Some(faults) = &mut self.faults else { return changed };
            let Some(Open { session, line }) = self.sessions.get_mut(&connection) else {
                return changed;
            };
            let is_part = asked.as_ref().is_some_and(|asked| asked.is_part);
            if !is_part && Faults::finish(line, ctx) {
                session.handle(ctx.now(), Input::Eof, ctx.disk().mail(), &mut self.out);
                continue;
            }
            let Some(asked) = asked else { return changed };
            let Some(deed) = faults.judge(line, &asked, session.is_secured(), ctx) else {
                return changed;
            };
            // Where a rule has decided about the command, that one goes on.
            let verdict = match line.manners.is_busy() {
                true => Verdict::Do,
                false => faults.begin(line, deed, ctx),
            };
            session.answer_judge(ctx.now(), verdict, ctx.disk().mail(), &mut self.out);
        }
    }

    /// The same as far as it goes without a verdict; what one is wanted of.
    fn carry_outputs(
        &mut self,
        connection: ConnId,
        changed: &mut Vec<MailboxId>,
        ctx: &mut Ctx<'_>,
    ) -> Option<Box<Asked>> {
        let Open { session, line } = self.sessions.get_mut(&connection)?;
        let (mut starts_tls, mut asked) = (false, None);
        carry(ctx, &mut line.channel, &mut self.out, |ctx, event, _| match event {
            ImapServerEvent::Changed { mailbox } => {
                // The answer comes when the change is on disk.
                let written = ctx.write();
                ctx.hold(connection, written);
                if !changed.contains(&mailbox) {
                    changed.push(mailbox);
                }
            }
            ImapServerEvent::StartTls => starts_tls = true,
            ImapServerEvent::Judge(what) => asked = Some(what),
            _ => {}
        });
        line.starts_tls = starts_tls;
        if starts_tls && !refuses_tls(&mut self.faults, line, session.commands(), ctx) {
            line.begin_tls_if_agreed(&self.server, ctx);
        }
        asked
    }

    /// What was to be done late with a command is done now.
    fn begin_late(&mut self, connection: ConnId, ctx: &mut Ctx<'_>) {
        let Some(faults) = &mut self.faults else { return };
        let Some(Open { session, line }) = self.sessions.get_mut(&connection) else { return };
        let Some(deed) = line.manners.due(ctx.now()) else { return };
        let verdict = faults.begin(line, deed, ctx);
        session.answer_judge(ctx.now(), verdict, ctx.disk().mail(), &mut self.out);
        let changed = self.carry(connection, ctx);
        if !changed.is_empty() {
            self.tell(&changed, Some(connection), ctx);
        }
    }
}

impl Service for ImapService {
    const TIMER: u8 = super::IMAP_TIMER;

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
            let Some(Open { session, line }) = self.sessions.get_mut(&connection) else { return };
            let now = ctx.now();
            let input = match arrival {
                Arrival::Secured(_) => {
                    session.secured(now);
                    std::mem::take(&mut line.awaits_tls).then_some(Input::Opened)
                }
                Arrival::Failed(_) => Some(Input::Eof),
                ref arrival => arrival.input(),
            };
            if let Some(input) = input {
                session.set_epoch(ctx.epoch());
                session.handle(now, input, ctx.disk().mail(), &mut self.out);
            }
            let changed = self.carry(connection, ctx);
            if !changed.is_empty() {
                self.tell(&changed, Some(connection), ctx);
            }
        }
        self.arm(connection, ctx);
    }

    fn timer(&mut self, connection: ConnId) -> Option<(&mut LazyTimer, Option<SimTime>)> {
        let Open { session, line } = self.sessions.get_mut(&connection)?;
        let deadline = line.deadline(session.deadline());
        Some((&mut line.timer, deadline))
    }

    fn forget(&mut self, connection: ConnId) {
        self.sessions.remove(&connection);
    }
}

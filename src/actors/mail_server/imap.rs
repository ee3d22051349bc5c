//! The IMAP sessions of a mailbox server.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::actors::carry::{LazyTimer, carry};
use crate::actors::channel::Channel;
use crate::actors::service::Service;
use crate::engine::{Epoch, SimTime};
use crate::proto::imap::{ImapServer, ImapServerConfig, ImapServerEvent, MailboxId};
use crate::proto::{Input, Outbox};
use crate::world::{ConnId, Ctx};

/// All IMAP sessions of a server.
pub(super) struct ImapService {
    config: Arc<ImapServerConfig>,
    sessions: BTreeMap<ConnId, Open>,
    out: Outbox<ImapServerEvent>,
}

struct Open {
    session: ImapServer,
    timer: LazyTimer,
}

impl ImapService {
    pub(super) fn new(hostname: &str, epoch: Epoch) -> Self {
        let config = ImapServerConfig { host_name: hostname.into(), epoch, ..Default::default() };
        ImapService { config: Arc::new(config), sessions: BTreeMap::new(), out: Outbox::new() }
    }

    pub(super) fn accept(&mut self, connection: ConnId, ctx: &mut Ctx<'_>) {
        let session = ImapServer::new(Arc::clone(&self.config));
        self.sessions.insert(connection, Open { session, timer: LazyTimer::default() });
        self.input(connection, Input::Opened, ctx);
    }

    /// Mail was put into a mailbox: sessions that have it selected look after it.
    pub(super) fn on_delivery(&mut self, mailbox: MailboxId, ctx: &mut Ctx<'_>) {
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
            carry(ctx, &mut Channel::plain(*connection), &mut self.out, |_, _, _| {});
        }
    }
}

impl Service for ImapService {
    const TIMER: u8 = super::IMAP_TIMER;

    fn input(&mut self, connection: ConnId, input: Input<'_>, ctx: &mut Ctx<'_>) {
        let Some(open) = self.sessions.get_mut(&connection) else { return };
        let now = ctx.now();
        open.session.handle(now, input, ctx.disk().mail(), &mut self.out);
        let mut changed = Vec::new();
        carry(ctx, &mut Channel::plain(connection), &mut self.out, |_, event, _| {
            if let ImapServerEvent::Changed { mailbox } = event
                && !changed.contains(&mailbox)
            {
                changed.push(mailbox);
            }
        });
        self.arm(connection, ctx);
        if !changed.is_empty() {
            self.tell(&changed, Some(connection), ctx);
        }
    }

    fn timer(&mut self, connection: ConnId) -> Option<(&mut LazyTimer, Option<SimTime>)> {
        let open = self.sessions.get_mut(&connection)?;
        Some((&mut open.timer, open.session.deadline()))
    }

    fn forget(&mut self, connection: ConnId) {
        self.sessions.remove(&connection);
    }
}

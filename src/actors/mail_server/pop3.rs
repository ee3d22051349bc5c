//! The POP3 sessions of a mailbox server.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::actors::carry::{LazyTimer, carry};
use crate::actors::channel::Channel;
use crate::actors::service::Service;
use crate::engine::SimTime;
use crate::proto::imap::{AccountId, Backend};
use crate::proto::pop3::{LoginRefusal, Pop3Server, Pop3ServerConfig, Pop3ServerEvent};
use crate::proto::{Input, Outbox, Session};
use crate::world::{ConnId, Ctx};

/// All POP3 sessions of a server.
pub(super) struct Pop3Service {
    config: Arc<Pop3ServerConfig>,
    sessions: BTreeMap<ConnId, Open>,
    out: Outbox<Pop3ServerEvent>,
}

struct Open {
    session: Pop3Server,
    timer: LazyTimer,
    /// Whose maildrop is locked.
    account: Option<AccountId>,
}

impl Pop3Service {
    pub(super) fn new(hostname: &str) -> Self {
        let config = Pop3ServerConfig { host_name: hostname.into(), ..Default::default() };
        Pop3Service { config: Arc::new(config), sessions: BTreeMap::new(), out: Outbox::new() }
    }

    pub(super) fn has(&self, connection: ConnId) -> bool {
        self.sessions.contains_key(&connection)
    }

    pub(super) fn accept(&mut self, connection: ConnId, ctx: &mut Ctx<'_>) {
        let session = Pop3Server::new(Arc::clone(&self.config));
        let open = Open { session, timer: LazyTimer::default(), account: None };
        self.sessions.insert(connection, open);
        self.input(connection, Input::Opened, ctx);
    }
}

impl Service for Pop3Service {
    const TIMER: u8 = super::POP3_TIMER;

    fn input(&mut self, connection: ConnId, input: Input<'_>, ctx: &mut Ctx<'_>) {
        let Some(open) = self.sessions.get_mut(&connection) else { return };
        open.session.handle(ctx.now(), input, &mut self.out);
        carry(ctx, &mut Channel::plain(connection), &mut self.out, |ctx, event, out| {
            open.on_event(event, ctx, out);
        });
        self.arm(connection, ctx);
    }

    fn timer(&mut self, connection: ConnId) -> Option<(&mut LazyTimer, Option<SimTime>)> {
        let open = self.sessions.get_mut(&connection)?;
        Some((&mut open.timer, open.session.deadline()))
    }

    fn forget(&mut self, connection: ConnId) {
        self.sessions.remove(&connection);
    }
}

impl Open {
    fn on_event(
        &mut self,
        event: Pop3ServerEvent,
        ctx: &mut Ctx<'_>,
        out: &mut Outbox<Pop3ServerEvent>,
    ) {
        let store = ctx.disk().mail();
        match event {
            Pop3ServerEvent::Identify(identity) => {
                let found = store.secret(&identity.authcid).filter(|_| identity.is_own());
                let secret = found.map(|(_, secret)| secret);
                self.session.answer_identity(ctx.now(), secret.as_ref(), out);
            }
            Pop3ServerEvent::StartTls => {}
            Pop3ServerEvent::Login { user } => {
                let answer = match store.secret(&user) {
                    None => Err(LoginRefusal::Credentials),
                    Some((account, _)) => match store.lock_maildrop(account) {
                        Err(_) => Err(LoginRefusal::InUse),
                        Ok(messages) => {
                            self.account = Some(account);
                            Ok(messages)
                        }
                    },
                };
                self.session.answer_login(ctx.now(), answer, out);
            }
            Pop3ServerEvent::Retrieved { .. } => {}
            Pop3ServerEvent::Update { deleted } => {
                if let Some(account) = self.account {
                    store.update_maildrop(account, &deleted);
                }
                self.session.answer_update(true, out);
            }
            Pop3ServerEvent::Ended => {
                if let Some(account) = self.account.take() {
                    store.unlock_maildrop(account);
                }
            }
        }
    }
}

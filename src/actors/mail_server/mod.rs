//! The mailbox server: lets users read their mail over POP3 and IMAP.
//!
//! The mailboxes are on the host's disk, where the host's MTA puts mail into them; the sessions of
//! POP3 and IMAP see one and the same store. TLS is spoken from the first octet on ports 995 and 993
//! (RFC 8314), and after STLS and STARTTLS on ports 110 and 143.
//!
//! Not modelled: a limit of connections for each user, which real servers have beside the one for all.

mod config;
mod imap;
mod line;
mod manners;
mod pop3;

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;

use crate::actors::service::Service;
use crate::proto::imap::{Backend, MailboxName};
use crate::proto::misbehaviour::AnyRule;
use crate::world::{
    Actor, ConnId, Ctx, Event, Kind, Note, Order, Outside, Signal, StreamEvent, TimerToken,
};

pub use config::{MailServerConfig, MailServerTls, Rebuild};
use imap::ImapService;
use pop3::Pop3Service;

/// The actor of a mailbox server.
pub struct MailServer {
    config: Arc<MailServerConfig>,
    running: Option<Running>,
}

struct Running {
    config: Arc<MailServerConfig>,
    imap: ImapService,
    pop3: Pop3Service,
}

const POP3_PORT: u16 = 110;
const POP3S_PORT: u16 = 995;
const IMAP_PORT: u16 = 143;
const IMAPS_PORT: u16 = 993;

/// Timer kinds: of a connection, and of the loss of an index, by its place in the configuration.
const POP3_TIMER: u8 = 1;
const IMAP_TIMER: u8 = 2;
const REBUILD_TIMER: u8 = 3;

impl MailServer {
    /// A mailbox server on a host whose disk holds the accounts.
    pub fn new(config: Arc<MailServerConfig>) -> Self {
        MailServer { config, running: None }
    }
}

impl Running {
    fn accept(&mut self, connection: ConnId, port: u16, client: IpAddr, ctx: &mut Ctx<'_>) {
        if self.imap.len() + self.pop3.len() >= self.config.connections {
            return refuse(connection, port, ctx);
        }
        match port {
            POP3_PORT | POP3S_PORT => {
                self.pop3.accept(connection, client, port == POP3S_PORT, ctx);
            }
            _ => self.imap.accept(connection, client, port == IMAPS_PORT, ctx),
        }
    }

    fn on_stream(&mut self, connection: ConnId, event: &StreamEvent, ctx: &mut Ctx<'_>) {
        if let StreamEvent::Accepted { local, peer } = *event {
            self.accept(connection, local.port(), peer.ip(), ctx);
        } else if self.pop3.has(connection) {
            self.pop3.on_stream(connection, event, ctx);
            for mailbox in self.pop3.take_changed() {
                self.imap.on_change(mailbox, ctx);
            }
        } else {
            self.imap.on_stream(connection, event, ctx);
        }
    }

    fn on_timer(&mut self, token: TimerToken, ctx: &mut Ctx<'_>) {
        match token.connection() {
            (POP3_TIMER, connection) => {
                self.pop3.on_timer(connection, ctx);
                for mailbox in self.pop3.take_changed() {
                    self.imap.on_change(mailbox, ctx);
                }
            }
            (REBUILD_TIMER, _) => {
                let config = Arc::clone(&self.config);
                let Rebuild { user, mailbox, .. } = &config.rebuilds[token.0 as u32 as usize];
                self.rebuild(user, mailbox, ctx);
            }
            (_, connection) => self.imap.on_timer(connection, ctx),
        }
    }
}

impl Running {
    /// The index of a mailbox is lost, and made anew.
    fn rebuild(&mut self, user: &str, mailbox: &str, ctx: &mut Ctx<'_>) {
        let store = ctx.disk().mail();
        let found = store.account_of(user).and_then(|account| {
            let name = MailboxName::new(mailbox).ok()?;
            store.find(account, &name).ok()
        });
        let Some((id, validity)) = found.and_then(|id| Some((id, store.rebuild(id)?))) else {
            let text = format!("{user} has no mailbox {mailbox} whose index could be lost");
            return ctx.note(Kind::Remark, || Note::Remark(text));
        };
        ctx.note(Kind::Rebuilt, || Note::Rebuilt {
            account: user.to_owned(),
            mailbox: mailbox.to_owned(),
            uid_validity: validity.get(),
        });
        self.imap.on_rebuild(id, ctx);
    }

    fn on_order(&mut self, order: Order, ctx: &mut Ctx<'_>) {
        match order {
            Order::Misbehave { fault, rule: AnyRule::Pop3(rule) } => {
                self.pop3.misbehave(fault, rule);
            }
            Order::Misbehave { fault, rule: AnyRule::Imap(rule) } => {
                self.imap.misbehave(fault, rule);
            }
            Order::Cease { fault } => {
                self.pop3.cease(fault);
                self.imap.cease(fault);
            }
            Order::RebuildIndex { user, mailbox } => self.rebuild(&user, &mailbox, ctx),
            Order::Misbehave { .. } | Order::Flush { .. } => {}
        }
    }
}

/// There is no room for one client more. Where TLS comes first, a handshake would cost more than the
/// word it carries.
fn refuse(connection: ConnId, port: u16, ctx: &mut Ctx<'_>) {
    match port {
        POP3_PORT => {
            let text = Bytes::from_static(b"-ERR [SYS/TEMP] Too many connections\r\n");
            ctx.send(connection, text);
        }
        IMAP_PORT => {
            let text = Bytes::from_static(b"* BYE [UNAVAILABLE] Too many connections\r\n");
            ctx.send(connection, text);
        }
        _ => {}
    }
    ctx.close(connection);
}

impl Actor for MailServer {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        ctx.disk().mail().after_crash();
        let config = Arc::clone(&self.config);
        let tls = config.has_implicit_tls();
        let ports = [
            (config.imap, IMAP_PORT),
            (config.pop3, POP3_PORT),
            (config.imap && tls, IMAPS_PORT),
            (config.pop3 && tls, POP3S_PORT),
        ];
        for (_, port) in ports.into_iter().filter(|(wanted, _)| *wanted) {
            assert!(ctx.listen(port), "a plan has one service a port");
        }
        for (rebuild, place) in config.rebuilds.iter().zip(0..) {
            if rebuild.at >= ctx.now() {
                ctx.set_timer(rebuild.at, TimerToken(u64::from(REBUILD_TIMER) << 56 | place));
            }
        }
        self.running = Some(Running {
            imap: ImapService::new(Arc::clone(&config), ctx.epoch()),
            pop3: Pop3Service::new(Arc::clone(&config)),
            config,
        });
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        let running = self.running.as_mut().expect("events come after the start");
        match event {
            Event::Stream(connection, event) => running.on_stream(connection, &event, ctx),
            Event::Timer(token) => running.on_timer(token, ctx),
            Event::Signal(Signal::Delivered(mailbox)) => running.imap.on_change(mailbox, ctx),
            Event::Outside(Outside::Order(order)) => running.on_order(order, ctx),
            Event::Datagram { .. } | Event::Unreachable { .. } | Event::Outside(_) => {}
        }
    }
}

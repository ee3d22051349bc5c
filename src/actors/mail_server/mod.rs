//! The mailbox server: lets users read their mail over POP3 and IMAP.
//!
//! The mailboxes are on the host's disk, where the host's MTA puts mail into them; the sessions of
//! POP3 and IMAP see one and the same store.

mod imap;
mod pop3;

use std::sync::Arc;

use crate::actors::service::Service;
use crate::world::{Actor, ConnId, Ctx, Event, Signal, StreamEvent, TimerToken};

use imap::ImapService;
use pop3::Pop3Service;

/// What a mailbox server offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailServerConfig {
    /// The host name, for greetings.
    pub hostname: String,
    /// Whether it listens on port 143.
    pub imap: bool,
    /// Whether it listens on port 110.
    pub pop3: bool,
}

/// The actor of a mailbox server.
pub struct MailServer {
    config: Arc<MailServerConfig>,
    running: Option<Running>,
}

struct Running {
    imap: ImapService,
    pop3: Pop3Service,
}

const POP3_PORT: u16 = 110;
const IMAP_PORT: u16 = 143;

/// Timer kinds.
const POP3_TIMER: u8 = 1;
const IMAP_TIMER: u8 = 2;

impl MailServer {
    /// A mailbox server on a host whose disk holds the accounts.
    pub fn new(config: Arc<MailServerConfig>) -> Self {
        MailServer { config, running: None }
    }
}

impl Running {
    fn on_stream(&mut self, connection: ConnId, event: &StreamEvent, ctx: &mut Ctx<'_>) {
        if let StreamEvent::Accepted { local, .. } = *event {
            match local.port() {
                POP3_PORT => self.pop3.accept(connection, ctx),
                _ => self.imap.accept(connection, ctx),
            }
        } else if self.pop3.has(connection) {
            self.pop3.on_stream(connection, event, ctx);
        } else {
            self.imap.on_stream(connection, event, ctx);
        }
    }

    fn on_timer(&mut self, token: TimerToken, ctx: &mut Ctx<'_>) {
        match token.connection() {
            (POP3_TIMER, connection) => self.pop3.on_timer(connection, ctx),
            (_, connection) => self.imap.on_timer(connection, ctx),
        }
    }
}

impl Actor for MailServer {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        ctx.disk().mail().after_crash();
        let ports = [(self.config.imap, IMAP_PORT), (self.config.pop3, POP3_PORT)];
        for (_, port) in ports.into_iter().filter(|(wanted, _)| *wanted) {
            assert!(ctx.listen(port), "a plan has one service a port");
        }
        let hostname = &self.config.hostname;
        self.running = Some(Running {
            imap: ImapService::new(hostname, ctx.epoch()),
            pop3: Pop3Service::new(hostname),
        });
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        let running = self.running.as_mut().expect("events come after the start");
        match event {
            Event::Stream(connection, event) => running.on_stream(connection, &event, ctx),
            Event::Timer(token) => running.on_timer(token, ctx),
            Event::Signal(Signal::Delivered(mailbox)) => running.imap.on_delivery(mailbox, ctx),
            Event::Datagram { .. } => {}
        }
    }
}

//! One client's connection: its channel, and when TLS begins on it.

use std::net::IpAddr;

use crate::actors::carry::LazyTimer;
use crate::actors::channel::Channel;
use crate::engine::SimTime;
use crate::world::{ConnId, Ctx};

use super::config::MailServerConfig;
use super::manners::Manners;

/// What every session has under it, whichever protocol it speaks.
pub(super) struct Line {
    pub(super) channel: Channel,
    pub(super) timer: LazyTimer,
    /// Whether TLS comes before the session, and does not stand yet.
    pub(super) awaits_tls: bool,
    /// Whether the handshake begins as soon as what the session said is sent.
    pub(super) starts_tls: bool,
    /// Where the client is.
    pub(super) client: IpAddr,
    /// How the server misbehaves here.
    pub(super) manners: Manners,
}

impl Line {
    pub(super) fn new(connection: ConnId, client: IpAddr, awaits_tls: bool) -> Self {
        Line {
            channel: Channel::plain(connection),
            timer: LazyTimer::default(),
            awaits_tls,
            starts_tls: false,
            client,
            manners: Manners::default(),
        }
    }

    /// When the channel, or a session with that deadline, wants a time-out. A session that has not begun
    /// wants none.
    pub(super) fn deadline(&self, session: Option<SimTime>) -> Option<SimTime> {
        let session = session.filter(|_| !self.awaits_tls);
        self.channel.deadline(session.into_iter().chain(self.manners.deadline()).min())
    }

    /// Begins the handshake, with the certificate of the day.
    pub(super) fn begin_tls(&mut self, config: &MailServerConfig, ctx: &mut Ctx<'_>) {
        if let Some(server) = config.certificate(ctx.now()) {
            self.channel.secure_as_server(server, ctx);
        }
    }

    /// Begins it if the session has just agreed to: its answer is out, in clear.
    pub(super) fn begin_tls_if_agreed(&mut self, config: &MailServerConfig, ctx: &mut Ctx<'_>) {
        if std::mem::take(&mut self.starts_tls) {
            self.begin_tls(config, ctx);
        }
    }
}

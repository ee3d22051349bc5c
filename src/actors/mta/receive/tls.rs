//! A session's TLS: from the first octet on (RFC 8314), or after STARTTLS (RFC 3207).

use crate::actors::carry::carry;
use crate::actors::mta::config::{MtaConfig, TlsOffer};
use crate::proto::Outbox;
use crate::proto::smtp::server::{Role, ServerConfig, ServerEvent, Tls};
use crate::proto::tls::Handshake;
use crate::world::Ctx;

use super::Shared;
use super::open::Open;

/// What a server of that kind says about TLS.
pub(super) fn offer(config: &MtaConfig, server: ServerConfig) -> ServerConfig {
    let Some(tls) = config.tls.as_ref().filter(|tls| !tls.certificates.is_empty()) else {
        return server;
    };
    let offer = if server.role == Role::Submission { tls.submission } else { tls.smtp };
    ServerConfig {
        tls: match offer {
            TlsOffer::Off => Tls::Never,
            TlsOffer::Offered => Tls::Offered,
            TlsOffer::Required => Tls::Required,
        },
        auth_needs_tls: offer == TlsOffer::Required,
        ..server
    }
}

impl Open {
    /// Begins the handshake, with the certificate of the day.
    pub(super) fn begin_tls(&mut self, config: &MtaConfig, ctx: &mut Ctx<'_>) {
        if let Some(server) = config.tls.as_ref().and_then(|tls| tls.certificate(ctx.now())) {
            self.channel.secure_as_server(server, ctx);
        }
    }

    /// The handshake stands. Whether the session is to begin now, since TLS came first.
    pub(super) fn secured(&mut self, handshake: Box<Handshake>, ctx: &mut Ctx<'_>) -> bool {
        self.handshake = Some(handshake);
        self.session.secured(ctx.now());
        self.is_implicit
    }

    /// Carries away what the session put out, and sees to its questions.
    pub(super) fn carry(
        &mut self,
        shared: &mut Shared,
        out: &mut Outbox<ServerEvent>,
        ctx: &mut Ctx<'_>,
    ) {
        // Taken out, since the session is asked meanwhile.
        let mut channel = self.channel.take();
        carry(ctx, &mut channel, out, |ctx, event, out| {
            if let Some(verdict) = self.judge(event, shared, ctx) {
                self.session.answer(ctx.now(), verdict, out);
            }
        });
        self.channel = channel;
        // The 220 is out, in clear.
        if std::mem::take(&mut self.starts_tls) {
            self.begin_tls(&shared.config, ctx);
        }
    }
}

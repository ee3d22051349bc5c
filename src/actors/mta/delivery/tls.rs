//! TLS with an exchange: how much is asked of it, and what becomes of a session where it fails.
//!
//! Follows RFC 3207 and, in levels and wording, Postfix (`smtp_tls_security_level`).
//!
//! Not modelled: the levels `secure` and `fingerprint`, DANE (RFC 7672), MTA-STS (RFC 8461).

use std::sync::Arc;

use crate::actors::mta::config::{MtaConfig, TlsLevel};
use crate::proto::smtp::EnhancedStatus;
use crate::proto::smtp::client::{ClientConfig, TlsPolicy};
use crate::proto::tls::{CertificateVerdict, Handshake, TlsClient, TlsFailure};
use crate::store::queue::Trouble;
use crate::world::Ctx;

use super::talk::{Progress, Talk};

/// The TLS of a session with an exchange.
#[derive(Debug, Clone)]
pub(super) struct TalkTls {
    level: TlsLevel,
    client: Option<TlsClient>,
    /// Whether an exchange with which TLS fails may be tried again in clear.
    may_go_in_clear: bool,
}

impl TalkTls {
    /// What `config` asks of the next hop `destination`.
    pub(super) fn new(config: &MtaConfig, destination: &str) -> Self {
        match &config.tls {
            Some(tls) => TalkTls {
                level: tls.level(destination),
                client: tls.client.clone(),
                may_go_in_clear: false,
            },
            None => TalkTls::in_clear(),
        }
    }

    /// None.
    pub(super) fn in_clear() -> Self {
        TalkTls { level: TlsLevel::None, client: None, may_go_in_clear: false }
    }

    /// Whether it is none.
    pub(super) fn is_none(&self) -> bool {
        self.level == TlsLevel::None
    }

    /// The same, and whether it may go on in clear where TLS fails.
    pub(super) fn or_in_clear(self, may_go_in_clear: bool) -> Self {
        TalkTls { may_go_in_clear, ..self }
    }

    /// Whether an exchange with which TLS fails, or breaks off, is tried again in clear.
    pub(super) fn goes_on_in_clear(&self) -> bool {
        self.level == TlsLevel::May && self.may_go_in_clear
    }

    /// The configuration of the session, made from that of all sessions.
    pub(super) fn config(&self, all: &Arc<ClientConfig>) -> Arc<ClientConfig> {
        let tls = match self.level {
            TlsLevel::None => return Arc::clone(all),
            TlsLevel::May => TlsPolicy::May,
            TlsLevel::Encrypt | TlsLevel::Verify => TlsPolicy::Encrypt,
        };
        Arc::new(ClientConfig { tls, ..ClientConfig::clone(all) })
    }
}

impl Talk {
    /// The server waits for the handshake.
    pub(super) fn start_tls(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(client) = &self.tls.client {
            self.channel.secure_as_client(client, &self.host, ctx);
        }
    }

    /// The handshake stands. The certificate is looked at now: Postfix ends the handshake first.
    pub(super) fn secured(
        &mut self,
        handshake: &Handshake,
        progress: &mut Progress,
        ctx: &mut Ctx<'_>,
    ) {
        let verdict = handshake.certificate.as_ref().map(|shown| &shown.verdict);
        let reason = match verdict {
            _ if self.tls.level < TlsLevel::Verify => None,
            Some(CertificateVerdict::Verified) => None,
            Some(CertificateVerdict::WrongName) => Some("Server certificate not verified"),
            _ => Some("Server certificate not trusted"),
        };
        match reason {
            None => self.session.secured(ctx.now(), &mut self.out),
            Some(reason) => {
                let status = EnhancedStatus::new(4, 7, 5);
                let trouble = Trouble::local(status, reason);
                progress.failure = Some(trouble.clone());
                progress.broken = Some(trouble);
                self.over = true;
            }
        }
    }

    /// The handshake failed. Where TLS is a matter of chance, and the message has waited once, the
    /// exchange is tried again in clear (`PLAINTEXT_FALLBACK_OK_AFTER_STARTTLS_FAILURE`).
    pub(super) fn not_secured(&mut self, failure: &TlsFailure, progress: &mut Progress) {
        if self.tls.goes_on_in_clear() {
            progress.in_clear = Some(self.exchange());
            self.over = true;
        } else {
            self.session.not_secured(failure.to_string(), &mut self.out);
        }
    }
}

//! What a mailbox server offers.

use std::sync::Arc;
use std::time::Duration;

use crate::actors::mta::config::TlsOffer;
use crate::engine::SimTime;
use crate::proto::access::Rule;
use crate::proto::sasl::Mechanism;
use crate::proto::tls::TlsServer;

/// What a mailbox server offers.
#[derive(Debug, Clone)]
pub struct MailServerConfig {
    /// The host name, for greetings.
    pub hostname: String,
    /// Whether it listens on port 143 and, with TLS, on 993.
    pub imap: bool,
    /// Whether it listens on port 110 and, with TLS, on 995.
    pub pop3: bool,
    /// Its TLS, if it has any.
    pub tls: Option<MailServerTls>,
    /// The mechanisms of AUTH and AUTHENTICATE, in the order in which they are offered.
    pub mechanisms: Vec<Mechanism>,
    /// Whether POP3 has APOP, and a timestamp in its greeting.
    pub apop: bool,
    /// The least time from one POP3 login of a user to the next (RFC 2449 §6.5).
    pub login_delay: Option<Duration>,
    /// How many clients are served at once; one more is told to come later.
    pub connections: usize,
    /// How it misbehaves in POP3.
    pub pop3_rules: Arc<[Arc<Rule>]>,
    /// How it misbehaves in IMAP.
    pub imap_rules: Arc<[Arc<Rule>]>,
    /// When it loses the index of a mailbox, in the order of time.
    pub rebuilds: Vec<Rebuild>,
}

/// The loss of the index of a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuild {
    /// When.
    pub at: SimTime,
    /// Whose, by login name.
    pub user: String,
    /// Which, in UTF-8.
    pub mailbox: String,
}

/// TLS of a mailbox server.
#[derive(Debug, Clone)]
pub struct MailServerTls {
    /// What it shows, with the time from which it shows it; in the order of time.
    pub certificates: Vec<(SimTime, TlsServer)>,
    /// What it offers on ports 143 and 110.
    pub offer: TlsOffer,
}

impl MailServerConfig {
    /// A server of both protocols in clear, as a fresh Dovecot that takes passwords in clear.
    pub fn new(hostname: impl Into<String>) -> Self {
        MailServerConfig {
            hostname: hostname.into(),
            imap: true,
            pop3: true,
            tls: None,
            mechanisms: vec![Mechanism::Plain, Mechanism::Login],
            apop: false,
            login_delay: None,
            connections: MAX_CONNECTIONS,
            pop3_rules: Arc::default(),
            imap_rules: Arc::default(),
            rebuilds: Vec::new(),
        }
    }

    /// What is offered on the ports that begin in clear.
    pub(super) fn offer(&self) -> TlsOffer {
        let tls = self.tls.as_ref().filter(|tls| !tls.certificates.is_empty());
        tls.map_or(TlsOffer::Off, |tls| tls.offer)
    }

    /// Whether there are ports on which TLS comes first.
    pub(super) fn has_implicit_tls(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| !tls.certificates.is_empty())
    }

    /// What it shows at that time.
    pub(super) fn certificate(&self, now: SimTime) -> Option<&TlsServer> {
        crate::actors::mta::config::shown(&self.tls.as_ref()?.certificates, now)
    }
}

/// More than any scenario has, and less than a host has memory for.
const MAX_CONNECTIONS: usize = 10_000;

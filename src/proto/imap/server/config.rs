//! What an IMAP server offers, and what it bears.

use std::time::Duration;

use crate::engine::Epoch;
use crate::proto::sasl::Mechanism;

/// What all IMAP sessions of a server have in common. Sessions share it in an `Arc`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImapServerConfig {
    /// The name of the host, for the greeting and for challenges.
    pub host_name: String,
    /// The calendar date at which the run starts, for the dates of appended messages.
    pub epoch: Epoch,
    /// Whether STARTTLS is offered (RFC 3501 §6.2.1). Default: no.
    ///
    /// A connection that is secured from its beginning needs no STARTTLS in any case.
    pub starttls: bool,
    /// The mechanisms of AUTHENTICATE, offered in this order. Default: PLAIN and LOGIN.
    pub mechanisms: Vec<Mechanism>,
    /// Whether LOGIN, and mechanisms that show the password, are taken on a secured connection
    /// alone: before that LOGINDISABLED is announced, as with Dovecot's `auth_allow_cleartext=no`.
    /// Default: no.
    pub login_needs_tls: bool,
    /// How long a client that is logged in may be silent: at least 30 minutes (RFC 3501 §5.4).
    pub autologout: Duration,
    /// The largest message that APPEND takes, in octets.
    pub max_message_octets: usize,
    /// How many refused logins end the connection.
    pub max_refused_logins: u32,
}

impl Default for ImapServerConfig {
    fn default() -> Self {
        ImapServerConfig {
            host_name: "localhost".into(),
            epoch: Epoch::default(),
            starttls: false,
            mechanisms: vec![Mechanism::Plain, Mechanism::Login],
            login_needs_tls: false,
            autologout: Duration::from_secs(30 * 60),
            max_message_octets: 64 << 20,
            max_refused_logins: 5,
        }
    }
}

impl ImapServerConfig {
    /// Whether a mechanism may be used on a connection that is secured, or is not.
    pub(super) fn takes(&self, mechanism: Mechanism, secured: bool) -> bool {
        self.mechanisms.contains(&mechanism)
            && (secured || !self.login_needs_tls || !mechanism.shows_password())
    }

    /// Whether LOGIN may be used on a connection that is secured, or is not.
    pub(super) fn takes_login(&self, secured: bool) -> bool {
        secured || !self.login_needs_tls
    }
}

//! How the POP3 sessions of a server behave.

use std::time::Duration;

use crate::proto::sasl::Mechanism;

/// What all POP3 sessions of a server have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pop3ServerConfig {
    /// The name of the host, for the greeting and the farewell.
    pub host_name: String,
    /// Whether STLS is offered on a connection that is not secured yet (RFC 2595).
    pub stls: bool,
    /// Whether nobody logs in before the connection is secured.
    pub login_needs_tls: bool,
    /// The mechanisms of AUTH, offered in this order. None: no AUTH.
    pub mechanisms: Vec<Mechanism>,
    /// Whether APOP is offered. The session needs a stream for the timestamp in its greeting then.
    pub apop: bool,
    /// The least time from one login to the next; its owner sees to it (RFC 2449 §6.5).
    pub login_delay: Option<Duration>,
    /// How long a client may be silent: at least 10 minutes (RFC 1939 §3).
    pub autologout: Duration,
    /// How many refused logins end the connection.
    pub max_refused_logins: u32,
    /// How many lines in a row that are no commands end the connection.
    pub max_bad_commands: u32,
}

impl Default for Pop3ServerConfig {
    fn default() -> Self {
        Pop3ServerConfig {
            host_name: "localhost".into(),
            stls: false,
            login_needs_tls: false,
            mechanisms: vec![Mechanism::Plain, Mechanism::Login],
            apop: false,
            login_delay: None,
            autologout: Duration::from_secs(600),
            max_refused_logins: 5,
            max_bad_commands: 20,
        }
    }
}

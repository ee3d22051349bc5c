//! With what a client session logs in.

use std::time::Duration;

use crate::proto::sasl::Mechanism;

/// With what a client session logs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImapClientConfig {
    /// The login name.
    pub user: String,
    /// The password.
    pub password: String,
    /// Whether STARTTLS is insisted on before anything else, on a connection that is not secured from
    /// its beginning.
    pub starttls: bool,
    /// Mechanisms of AUTHENTICATE that are better than LOGIN, the best first. Where the server offers
    /// none of them and disables LOGIN, the others are tried.
    pub mechanisms: Vec<Mechanism>,
    /// How long to wait for the server.
    pub timeout: Duration,
    /// The most that is taken in one response, in octets.
    pub max_response_octets: usize,
}

impl Default for ImapClientConfig {
    fn default() -> Self {
        ImapClientConfig {
            user: String::new(),
            password: String::new(),
            starttls: false,
            mechanisms: vec![Mechanism::ScramSha256, Mechanism::CramMd5],
            timeout: Duration::from_secs(60),
            max_response_octets: 64 << 20,
        }
    }
}

//! The bounds that an MTA keeps to.

use std::time::Duration;

/// The limits of a delivery. The defaults are Postfix's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How long a connection may take to stand (`smtp_connect_timeout`).
    pub connect_timeout: Duration,
    /// How many addresses of exchanges are tried in one attempt (`smtp_mx_address_limit`).
    pub addresses: usize,
    /// How many sessions are held in one attempt (`smtp_mx_session_limit`).
    pub sessions: usize,
    /// How many recipients one transaction carries (`smtp_destination_recipient_limit`).
    pub recipients: usize,
    /// How many deliveries run at once to one destination (`default_destination_concurrency_limit`).
    pub concurrency: usize,
    /// How many Received fields a message may have (`hopcount_limit`).
    pub hops: usize,
    /// How many connections from clients stand at once; one more is answered 421.
    pub clients: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connect_timeout: Duration::from_secs(30),
            addresses: 5,
            sessions: 2,
            recipients: 50,
            concurrency: 20,
            hops: 50,
            clients: 1_000,
        }
    }
}

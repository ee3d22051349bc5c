//! The bounds that an MTA keeps to.

use std::time::Duration;

/// The limits of an MTA. The defaults are Postfix's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How long a connection may take to stand (`smtp_connect_timeout`): 30 s.
    pub connect_timeout: Duration,
    /// How many addresses of exchanges are tried in one attempt (`smtp_mx_address_limit`): 5.
    pub addresses: usize,
    /// Which family of addresses is tried first, among those of exchanges of one preference
    /// (`smtp_address_preference`): any.
    pub preference: AddressPreference,
    /// How many sessions are held in one attempt (`smtp_mx_session_limit`): 2.
    pub sessions: usize,
    /// How many recipients one transaction carries (`default_destination_recipient_limit`): 50.
    pub recipients: usize,
    /// How many deliveries run at once to one destination of which nothing is known yet
    /// (`initial_destination_concurrency`): 5.
    pub initial_concurrency: usize,
    /// How many deliveries run at once to one destination at most
    /// (`default_destination_concurrency_limit`): 20.
    pub concurrency: usize,
    /// After how many windows of failures in a row a destination is dead
    /// (`default_destination_concurrency_failed_cohort_limit`): 1; 0: never.
    pub failed_cohorts: usize,
    /// How many deliveries run at once (`default_process_limit`): 100.
    pub processes: usize,
    /// How many messages are tried at once (`qmgr_message_active_limit`): 20,000.
    pub active: usize,
    /// How many Received fields a message may have (`hopcount_limit`): 50.
    pub hops: usize,
    /// How many connections from clients stand at once; one more is answered 421.
    pub clients: usize,
    /// For how long a connection that has served a message is kept for the next one to the same
    /// address (`smtp_connection_cache_time_limit`): `None`, for none, and each message has a
    /// connection of its own.
    pub kept_connections: Option<Duration>,
}

/// Which family of addresses is tried first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AddressPreference {
    /// As chance has it.
    #[default]
    Any,
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connect_timeout: Duration::from_secs(30),
            addresses: 5,
            preference: AddressPreference::Any,
            sessions: 2,
            recipients: 50,
            initial_concurrency: 5,
            concurrency: 20,
            failed_cohorts: 1,
            processes: 100,
            active: 20_000,
            hops: 50,
            clients: 1_000,
            kept_connections: None,
        }
    }
}

//! TLS of hosts.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::engine::UnixTime;
pub use crate::scenario::format::tls::{ReadTls, SubmitTls, TlsLevel, TlsOffer};

/// TLS of an MTA and of a mailbox server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// What it offers on port 25.
    pub server: TlsOffer,
    /// What it offers on port 587. If it takes submissions, it does so on port 465 too.
    pub submission: TlsOffer,
    /// What it offers on ports 143 and 110; if anything, it speaks TLS on ports 993 and 995 too.
    pub reading: TlsOffer,
    /// What it asks of the hosts it hands mail to.
    pub client: TlsLevel,
    /// The same for particular destinations, by domain in lower case.
    pub destinations: BTreeMap<String, TlsLevel>,
    /// Its certificate.
    pub certificate: Certificate,
}

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Whether it signs itself. If not, the authority that all hosts trust has signed it.
    pub self_signed: bool,
    /// Which names it is for; at least one.
    pub names: Vec<String>,
    /// Not valid before.
    pub not_before: UnixTime,
    /// Not valid after; later than `not_before`.
    pub not_after: UnixTime,
    /// When in the run there is a new one.
    pub renewed: Option<Duration>,
}

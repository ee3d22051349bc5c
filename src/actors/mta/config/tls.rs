//! TLS of an MTA: what it shows and offers, what it asks of others.

use std::collections::BTreeMap;

use crate::engine::SimTime;
use crate::proto::tls::{TlsClient, TlsServer};

/// TLS of an MTA. Who has it takes submissions on port 465 too, if it takes any.
#[derive(Debug, Clone)]
pub struct MtaTls {
    /// What it shows, with the time from which it shows it; in the order of time.
    pub certificates: Vec<(SimTime, TlsServer)>,
    /// What it offers on port 25.
    pub smtp: TlsOffer,
    /// What it offers on port 587.
    pub submission: TlsOffer,
    /// Whom it trusts where it is the client. `None`: it speaks TLS to nobody.
    pub client: Option<TlsClient>,
    /// What it asks of the hosts it hands mail to.
    pub level: TlsLevel,
    /// The same for particular destinations, by domain or name of the next hop in lower case.
    pub destinations: BTreeMap<String, TlsLevel>,
}

/// What a server offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsOffer {
    /// No STARTTLS.
    Off,
    /// STARTTLS for who wants it (`smtpd_tls_security_level = may`).
    Offered,
    /// Nothing without STARTTLS (`encrypt`).
    Required,
}

/// What is asked of a next hop (`smtp_tls_security_level`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsLevel {
    /// In clear.
    None,
    /// TLS where it is offered, with any certificate; in clear where it fails.
    May,
    /// TLS, with any certificate.
    Encrypt,
    /// TLS, with a certificate of a trusted authority for the name of the host.
    Verify,
}

impl MtaTls {
    /// What it shows at that time.
    pub fn certificate(&self, now: SimTime) -> Option<&TlsServer> {
        shown(&self.certificates, now)
    }

    /// What it asks of a next hop: by the domain that the mail is for, or by the host's own name.
    pub fn level(&self, destination: &str) -> TlsLevel {
        let own = self.destinations.get(&destination.to_ascii_lowercase());
        own.copied().unwrap_or(self.level)
    }
}

/// Of certificates with the time from which each is shown, the one that is shown at that time.
pub fn shown(certificates: &[(SimTime, TlsServer)], now: SimTime) -> Option<&TlsServer> {
    let shown = certificates.iter().rev().find(|(from, _)| *from <= now);
    shown.map(|(_, server)| server)
}

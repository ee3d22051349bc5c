//! The next hop of a message: to whom, by which protocol, at which port.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use super::route::SMTP_PORT;
use crate::proto::idna;

/// Where mail goes next. Equal for equal destinations: names are in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hop {
    pub(super) protocol: Protocol,
    pub(super) place: Place,
    pub(super) port: u16,
}

/// The protocol of a next hop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Protocol {
    Smtp,
    Lmtp,
}

/// Who takes mail.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// The MX of a domain.
    Mx(String),
    /// A host, whatever MX say.
    Host(String),
    /// An address.
    Address(IpAddr),
}

/// The port of LMTP, which RFC 2033 §5 leaves open: Dovecot's and Cyrus's.
pub(crate) const LMTP_PORT: u16 = 24;

impl Hop {
    /// By SMTP to the MX of a domain. Its U-labels become A-labels, as the DNS has them; what IDNA
    /// forbids is no name there either.
    pub(super) fn mx(domain: &str) -> Self {
        let name = idna::to_ascii(domain).map_or_else(|| domain.to_lowercase(), Cow::into_owned);
        Hop::smtp(Place::Mx(name))
    }

    /// By SMTP to an address.
    pub(super) fn address(address: IpAddr) -> Self {
        Hop::smtp(Place::Address(address))
    }

    fn smtp(place: Place) -> Self {
        Hop { protocol: Protocol::Smtp, place, port: SMTP_PORT }
    }
}

impl Place {
    /// A host, by name or address.
    pub(super) fn host(host: &str) -> Self {
        match host.parse() {
            Ok(address) => Place::Address(address),
            Err(_) => Place::Host(host.to_ascii_lowercase()),
        }
    }
}

/// The domain as mail is addressed to it, or the host as a transport table names it.
impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Mx(name) => f.write_str(name),
            Place::Host(name) => write!(f, "[{name}]"),
            Place::Address(address) => write!(f, "[{address}]"),
        }
    }
}

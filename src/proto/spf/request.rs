//! The arguments of `check_host()` (RFC 7208 §4.1), and what macros need besides.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::engine::UnixTime;
use crate::proto::dns::Name;
use crate::proto::idna;

use super::domain_spec::to_domain;

/// Whose permission is asked for (RFC 7208 §2.3 and §2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// The reverse-path, or `postmaster` at the HELO name where that is null.
    MailFrom,
    /// The HELO or EHLO name.
    Helo,
}

impl Identity {
    /// As `Received-SPF` names it (RFC 7208 §9.1): `mailfrom` or `helo`.
    pub fn as_str(self) -> &'static str {
        match self {
            Identity::MailFrom => "mailfrom",
            Identity::Helo => "helo",
        }
    }
}

/// Who asks for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The SMTP client. An IPv4 address in IPv6 form (`::ffff:192.0.2.1`) stands as IPv4 here
    /// (RFC 7208 §5).
    pub client: IpAddr,
    /// Whose permission it is.
    pub identity: Identity,
    /// The local part of the sender, never empty (RFC 7208 §4.3).
    pub local_part: String,
    /// The domain of the sender, as it came.
    pub domain: String,
    /// What the client said in HELO or EHLO.
    pub helo: String,
    /// The name of the host that checks, for `%{r}`.
    pub receiver: Option<String>,
    /// The time of the check, for `%{t}`.
    pub time: UnixTime,
}

impl Request {
    /// For a reverse-path without its brackets. The null one, empty, stands for `postmaster` at
    /// the HELO name (RFC 7208 §2.4), and so does an empty local part (§4.3).
    pub fn mail_from(client: IpAddr, reverse_path: &str, helo: &str) -> Self {
        let (local_part, domain) = match reverse_path.rsplit_once('@') {
            Some(("", domain)) => (POSTMASTER, domain),
            Some((local_part, domain)) => (local_part, domain),
            None if reverse_path.is_empty() => (POSTMASTER, helo),
            None => (POSTMASTER, reverse_path),
        };
        Request::new(client, Identity::MailFrom, local_part, domain, helo)
    }

    /// For a HELO name; the sender is `postmaster` there (RFC 7208 §2.3).
    pub fn helo(client: IpAddr, helo: &str) -> Self {
        Request::new(client, Identity::Helo, POSTMASTER, helo, helo)
    }

    fn new(client: IpAddr, identity: Identity, local_part: &str, domain: &str, helo: &str) -> Self {
        Request {
            client: client.to_canonical(),
            identity,
            local_part: local_part.to_owned(),
            // Questions and macros have A-labels (RFC 8616 §4).
            domain: match domain.is_ascii() {
                true => domain.to_owned(),
                false => idna::to_ascii(domain).map_or(domain.to_owned(), Cow::into_owned),
            },
            helo: helo.to_owned(),
            receiver: None,
            time: UnixTime::default(),
        }
    }

    /// The same, checked by the host of this name.
    #[must_use]
    pub fn receiver(mut self, name: impl Into<String>) -> Self {
        self.receiver = Some(name.into());
        self
    }

    /// The same, checked at this time.
    #[must_use]
    pub fn at(mut self, time: UnixTime) -> Self {
        self.time = time;
        self
    }

    /// The domain of the sender as a name, which is what DMARC aligns (RFC 7489 §3.1.2). `None`
    /// where it is none, or of one label alone (RFC 7208 §4.3).
    pub fn domain_name(&self) -> Option<Name> {
        to_domain(&self.domain)
    }

    /// The sender: local part and domain.
    pub fn sender(&self) -> String {
        format!("{}@{}", self.local_part, self.domain)
    }
}

const POSTMASTER: &str = "postmaster";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_without_a_local_part_is_the_postmaster() {
        let sender = |path| {
            let client = IpAddr::from([192, 0, 2, 1]);
            Request::mail_from(client, path, "mx.example.org").sender()
        };
        assert_eq!(sender("alice@example.org"), "alice@example.org");
        assert_eq!(sender("\"a@b\"@example.org"), "\"a@b\"@example.org");
        assert_eq!(sender("@example.org"), "postmaster@example.org");
        assert_eq!(sender("example.org"), "postmaster@example.org");
        assert_eq!(sender(""), "postmaster@mx.example.org");
        assert_eq!(sender("alice@"), "alice@");
        assert_eq!(sender("josé@Bücher.example"), "josé@xn--bcher-kva.example");
        let helo = Request::helo("::ffff:192.0.2.1".parse().unwrap(), "mx.example.org");
        assert_eq!(helo.sender(), "postmaster@mx.example.org");
        assert_eq!(helo.client, IpAddr::from([192, 0, 2, 1]));
    }
}

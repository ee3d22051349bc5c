//! Recipients that take mail from some only.

use std::net::IpAddr;

use crate::proto::dns::Network;
use crate::proto::smtp::{EnhancedStatus, Mailbox, Reply, ReversePath};

/// From whom mail is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restriction {
    /// Who may send.
    pub from: AcceptFrom,
    /// Who may send beside those. Asked first.
    pub allow: Vec<SenderPattern>,
    /// Who may not send, of those who might. Asked after `allow`.
    pub deny: Vec<SenderPattern>,
    /// What the others are told.
    pub reply: Reply,
    /// When they are told.
    pub mode: RefusalMode,
}

/// Who may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcceptFrom {
    /// Everybody.
    Anyone,
    /// Who authenticated, and the domain's own servers.
    Inside,
    /// Who authenticated here.
    Authenticated,
    /// Nobody.
    Nobody,
}

/// When a refused sender learns of it. Both ways exist, and look different from the sender's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalMode {
    /// At RCPT: the sender's own MTA writes the bounce.
    Reject,
    /// After a 250: this MTA writes the report.
    AcceptThenBounce,
}

/// Some senders, by reverse-path or by the address of the client, as in Postfix's `access(5)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SenderPattern {
    /// This reverse-path, but for case.
    Address(Mailbox),
    /// Every reverse-path of this domain.
    Domain(String),
    /// The null reverse-path: reports.
    Null,
    /// Every client in this network.
    Network(Network),
}

impl SenderPattern {
    /// Whether mail from this path, out of the hands of this client, is meant.
    pub fn matches(&self, from: &ReversePath, client: IpAddr) -> bool {
        match (self, from.mailbox()) {
            (SenderPattern::Network(network), _) => network.contains(client),
            (SenderPattern::Null, sender) => sender.is_none(),
            (SenderPattern::Address(address), Some(sender)) => {
                address.as_str().eq_ignore_ascii_case(sender.as_str())
            }
            (SenderPattern::Domain(domain), Some(sender)) => sender.is_in_domain(domain),
            (SenderPattern::Address(_) | SenderPattern::Domain(_), None) => false,
        }
    }
}

impl Restriction {
    /// Mail is taken from everybody.
    pub fn none() -> Self {
        Restriction {
            from: AcceptFrom::Anyone,
            allow: Vec::new(),
            deny: Vec::new(),
            reply: access_denied(),
            mode: RefusalMode::Reject,
        }
    }
}

/// Postfix's words for a recipient that is restricted.
fn access_denied() -> Reply {
    Reply::new(
        554,
        EnhancedStatus::new(5, 7, 1),
        "<{recipient}>: Recipient address rejected: Access denied",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_known_by_path_domain_or_network() {
        let address = SenderPattern::Address("Bob@example.org".parse().unwrap());
        let domain = SenderPattern::Domain("example.org".into());
        let network = SenderPattern::Network("192.0.2.0/24".parse().unwrap());
        let check = |pattern: &SenderPattern, from: &str, client: &str| {
            pattern.matches(&from.parse().unwrap(), client.parse().unwrap())
        };
        assert!(check(&address, "<bob@EXAMPLE.org>", "203.0.113.1"));
        assert!(!check(&address, "<eve@example.org>", "203.0.113.1"));
        assert!(check(&domain, "<eve@EXAMPLE.ORG>", "203.0.113.1"));
        assert!(!check(&domain, "<eve@sub.example.org>", "203.0.113.1"));
        assert!(!check(&domain, "<>", "203.0.113.1"));
        assert!(check(&SenderPattern::Null, "<>", "203.0.113.1"));
        assert!(check(&network, "<>", "192.0.2.9"));
        assert!(!check(&network, "<bob@example.org>", "203.0.113.1"));
    }
}

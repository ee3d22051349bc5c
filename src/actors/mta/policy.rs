//! What an MTA says to MAIL and RCPT, and by which rule.
//!
//! Follows RFC 5321 §3.6.2 and §7.5 (relaying), RFC 6409 §6.1 (a submitter's own addresses). The
//! order of the rules is Postfix's: relaying, then restrictions, then whether the user exists, so
//! that a stranger who is kept out learns nothing about who exists.

use std::net::IpAddr;

use crate::proto::smtp::{EnhancedStatus, ForwardPath, Mailbox, Reply, ReversePath};

use super::config::{AcceptFrom, Domain, MtaConfig, RefusalMode, Submitter};

/// Who is speaking.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer<'a> {
    pub(crate) address: IpAddr,
    pub(crate) login: Option<&'a str>,
}

/// What becomes of a recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Taken.
    Accept,
    /// Taken with 250, and reported on as undeliverable with this reply.
    AcceptThenBounce(Refusal),
    /// Refused in the session.
    Refuse(Refusal),
}

/// A refusal, with the rule that it follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) rule: &'static str,
    pub(crate) reply: Reply,
}

impl Peer<'_> {
    /// Whether the peer authenticated or is one of the domain's own servers.
    fn is_inside(&self, config: &MtaConfig) -> bool {
        self.login.is_some() || config.inside.contains(&self.address)
    }
}

/// What is said to MAIL.
pub(crate) fn check_sender(
    config: &MtaConfig,
    peer: Peer<'_>,
    from: &ReversePath,
) -> Result<(), Refusal> {
    let (Some(login), Some(sender)) = (peer.login, from.mailbox()) else { return Ok(()) };
    let owner = config.submission.as_ref().and_then(|users| users.get(login));
    match owner {
        Some(Submitter { addresses, .. }) if !addresses.contains(sender) => Err(Refusal {
            rule: "a submitter sends from own addresses",
            reply: Reply::new(
                553,
                EnhancedStatus::new(5, 7, 1),
                format!("<{sender}>: Sender address rejected: not owned by user {login}"),
            ),
        }),
        _ => Ok(()),
    }
}

/// What is said to RCPT.
///
/// Whether postmaster has a mailbox is not asked: who has none bounces that mail, which RFC 5321
/// §4.5.1 does not like, but it is not lost.
pub(crate) fn check_recipient(config: &MtaConfig, peer: Peer<'_>, mailbox: &Mailbox) -> Decision {
    let inside = peer.is_inside(config);
    let Some(domain) = config.domain(mailbox.domain()) else {
        return if inside { Decision::Accept } else { Decision::Refuse(relay_denied(mailbox)) };
    };
    let local_part = mailbox.unquoted_local_part().to_ascii_lowercase();
    if local_part == "postmaster" {
        return Decision::Accept; // RFC 5321 §4.5.1: always
    }
    let restriction = domain.restrictions.get(&local_part).unwrap_or(&domain.restriction);
    let kept_out = match restriction.from {
        AcceptFrom::Anyone => None,
        AcceptFrom::Inside if inside => None,
        AcceptFrom::Inside => Some("mail is taken from inside only"),
        AcceptFrom::Nobody => Some("mail is taken from nobody"),
    };
    // A restriction that names the user tells a stranger nothing that its reply does not say. One
    // of the whole domain comes before the question who exists.
    if let Some(rule) = kept_out {
        let refusal = Refusal { rule, reply: fill_in(&restriction.reply, mailbox) };
        return match restriction.mode {
            RefusalMode::Reject => Decision::Refuse(refusal),
            RefusalMode::AcceptThenBounce if exists(domain, &local_part) => {
                Decision::AcceptThenBounce(refusal)
            }
            RefusalMode::AcceptThenBounce => Decision::Refuse(unknown_user(mailbox)),
        };
    }
    if exists(domain, &local_part) {
        Decision::Accept
    } else {
        Decision::Refuse(unknown_user(mailbox))
    }
}

/// The mailbox that a forward-path means at a host with these addresses.
///
/// An address literal of the host means its own domain, and `<Postmaster>` the one there
/// (RFC 5321 §4.1.3, §4.5.1).
pub(crate) fn meant(to: &ForwardPath, config: &MtaConfig, own: &[IpAddr]) -> Mailbox {
    let local_part = match to.mailbox() {
        None => "postmaster",
        Some(mailbox) => match mailbox.address_literal() {
            Some(address) if own.contains(&address) => mailbox.local_part(),
            _ => return mailbox.clone(),
        },
    };
    Mailbox::new(local_part, config.own_domain()).expect("a host's domain is a domain")
}

fn exists(domain: &Domain, local_part: &str) -> bool {
    domain.users.as_ref().is_none_or(|users| users.contains(local_part))
        || domain.aliases.contains_key(local_part)
}

fn relay_denied(to: &Mailbox) -> Refusal {
    Refusal {
        rule: "strangers do not relay",
        reply: Reply::new(
            554,
            EnhancedStatus::new(5, 7, 1),
            format!("<{to}>: Relay access denied"),
        ),
    }
}

pub(crate) fn unknown_user(to: &Mailbox) -> Refusal {
    Refusal {
        rule: "the user is unknown",
        reply: Reply::new(
            550,
            EnhancedStatus::new(5, 1, 1),
            format!("<{to}>: Recipient address rejected: User unknown"),
        ),
    }
}

/// Postfix's words for a recipient that is restricted.
pub(crate) fn access_denied() -> Reply {
    Reply::new(
        554,
        EnhancedStatus::new(5, 7, 1),
        "<{recipient}>: Recipient address rejected: Access denied",
    )
}

/// Puts the recipient's address where the configured text says `{recipient}`.
fn fill_in(reply: &Reply, recipient: &Mailbox) -> Reply {
    let text: Vec<_> = reply.lines().collect();
    let text = text.join("\n").replace("{recipient}", recipient.as_str());
    match reply.enhanced() {
        Some(status) => Reply::new(reply.code(), status, text),
        None => Reply::plain(reply.code(), text),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::config::{Restriction, Transport};
    use super::*;

    fn config() -> MtaConfig {
        let mut config = MtaConfig::new("mx.example.net", Vec::new());
        let users = ["bob", "staff", "boss"].map(String::from).into();
        let mut domain = Domain::open(Transport::Mailbox, Some(users));
        let inside = |mode| Restriction { from: AcceptFrom::Inside, reply: access_denied(), mode };
        domain.restrictions = BTreeMap::from([
            ("staff".into(), inside(RefusalMode::Reject)),
            ("boss".into(), inside(RefusalMode::AcceptThenBounce)),
        ]);
        config.domains.insert("example.net".into(), domain);
        config.inside.insert("192.0.2.9".parse().unwrap());
        let address: Mailbox = "bob@example.net".parse().unwrap();
        let bob = Submitter { password: "secret".into(), addresses: vec![address] };
        config.submission = Some(BTreeMap::from([("bob@example.net".into(), bob)]));
        config
    }

    fn check(from: &str, login: Option<&str>, to: &str, wanted: &str) {
        let peer = Peer { address: from.parse().unwrap(), login };
        let to = meant(&to.parse().unwrap(), &config(), &["192.0.2.7".parse().unwrap()]);
        let found = match check_recipient(&config(), peer, &to) {
            Decision::Accept => "250".to_owned(),
            Decision::AcceptThenBounce(refusal) => {
                format!("250, then {}", refusal.reply.enhanced().unwrap())
            }
            Decision::Refuse(refusal) => {
                let reply = refusal.reply;
                let text: Vec<_> = reply.lines().collect();
                format!("{} {} {}", reply.code(), reply.enhanced().unwrap(), text.join("/"))
            }
        };
        assert_eq!(found, wanted, "{from} {login:?} to {to}");
    }

    #[test]
    fn recipients_are_judged_by_who_asks() {
        let (stranger, server) = ("203.0.113.5", "192.0.2.9");
        let login = Some("bob@example.net");
        check(stranger, None, "<bob@example.net>", "250");
        check(stranger, None, "<BOB@EXAMPLE.NET>", "250");
        check(stranger, None, "<Postmaster>", "250");
        check(stranger, None, "<postmaster@example.net>", "250");
        check(stranger, None, "<postmaster@[192.0.2.7]>", "250");
        check(stranger, None, "<bob@[192.0.2.7]>", "250");
        check(
            stranger,
            None,
            "<eve@[192.0.2.7]>",
            "550 5.1.1 <eve@example.net>: Recipient address rejected: User unknown",
        );
        check(
            stranger,
            None,
            "<bob@[192.0.2.8]>",
            "554 5.7.1 <bob@[192.0.2.8]>: Relay access denied",
        );
        check(
            stranger,
            None,
            "<eve@example.net>",
            "550 5.1.1 <eve@example.net>: Recipient address rejected: User unknown",
        );
        check(stranger, None, "<x@example.com>", "554 5.7.1 <x@example.com>: Relay access denied");
        check(server, None, "<x@example.com>", "250");
        check(stranger, login, "<x@example.com>", "250");
        check(
            stranger,
            None,
            "<staff@example.net>",
            "554 5.7.1 <staff@example.net>: Recipient address rejected: Access denied",
        );
        check(stranger, login, "<staff@example.net>", "250");
        check(server, None, "<staff@example.net>", "250");
        check(stranger, None, "<boss@example.net>", "250, then 5.7.1");
    }

    #[test]
    fn a_submitter_sends_from_own_addresses() {
        let peer = Peer { address: "203.0.113.5".parse().unwrap(), login: Some("bob@example.net") };
        let check = |from: &str| check_sender(&config(), peer, &from.parse().unwrap());
        assert_eq!(check("<bob@example.net>"), Ok(()));
        assert_eq!(check("<>"), Ok(()));
        assert_eq!(check("<eve@example.net>").unwrap_err().reply.code(), 553);
    }
}

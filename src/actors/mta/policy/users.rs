//! Who exists (Postfix's `reject_unlisted_recipient`).

use std::net::IpAddr;

use crate::actors::mta::config::{Domain, MtaConfig, Transport};
use crate::actors::mta::owner::{Owner, owner};
use crate::proto::smtp::{ForwardPath, Mailbox};

use super::Finding;
use super::turn::Turn;

pub(super) fn judge(turn: &Turn<'_>) -> Finding {
    let Some(to) = turn.recipient else { return Finding::pass("nobody to send to") };
    let Some(domain) = turn.config.domain(to.domain()) else {
        return Finding::pass("somewhere else");
    };
    match owner(domain, to, turn.date) {
        Owner::Nobody(why) => unknown(domain, to, why),
        Owner::Anybody => Finding::pass("not asked for"),
        _ => Finding::pass("known"),
    }
}

/// The mailbox that a forward-path means at a host with these addresses.
///
/// An address literal of the host means its own domain, and `<Postmaster>` the one there
/// (RFC 5321 §4.1.3, §4.5.1).
pub(crate) fn meant(to: &ForwardPath, config: &MtaConfig, own: &[IpAddr]) -> Mailbox {
    let local_part = match to.mailbox() {
        None => POSTMASTER,
        Some(mailbox) => match mailbox.address_literal() {
            Some(address) if own.contains(&address) => mailbox.local_part(),
            _ => return mailbox.clone(),
        },
    };
    Mailbox::new(local_part, config.own_domain()).expect("a host's domain is a domain")
}

/// The local part as users are looked up by.
pub(super) fn local_part(to: &Mailbox) -> String {
    to.unquoted_local_part().to_ascii_lowercase()
}

/// In Postfix's words, which tell in which table nobody was found.
pub(super) fn unknown(domain: &Domain, to: &Mailbox, why: &'static str) -> Finding {
    let table = match domain.transport {
        Transport::Mailbox => "virtual mailbox",
        Transport::Relay => "relay recipient",
    };
    let text = format!("<{to}>: Recipient address rejected: User unknown in {table} table");
    Finding::refuse(why, 550, (5, 1, 1), text)
}

/// The local part that is always there (RFC 5321 §4.5.1).
pub(super) const POSTMASTER: &str = "postmaster";

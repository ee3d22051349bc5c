//! A submitter sends from own addresses (RFC 6409 §6.1; Postfix's
//! `reject_authenticated_sender_login_mismatch`).

use crate::actors::mta::config::{MtaConfig, Own, split_detail};
use crate::proto::smtp::Mailbox;

use super::Finding;
use super::turn::Turn;

pub(super) fn judge(turn: &Turn<'_>) -> Finding {
    let (Some(login), Some(sender)) = (turn.login, turn.sender.and_then(|from| from.mailbox()))
    else {
        return Finding::pass("nobody logged in");
    };
    let own = turn.config.submission.as_ref().and_then(|users| users.own(login));
    match own {
        Some(own) if !is_own(own, login, sender, turn.config) => Finding::refuse(
            "a submitter sends from own addresses",
            553,
            (5, 7, 1),
            format!("<{sender}>: Sender address rejected: not owned by user {login}"),
        ),
        _ => Finding::pass("the login's own"),
    }
}

/// Whether the sender is one of the login's own addresses, with a detail or without.
fn is_own(own: Own<'_>, login: &str, sender: &Mailbox, config: &MtaConfig) -> bool {
    let is_one = |address: &Mailbox| match own {
        Own::Addresses(addresses) => addresses.contains(address),
        Own::Login => address.as_str().eq_ignore_ascii_case(login),
        Own::Domain(domain) => address.domain().eq_ignore_ascii_case(domain),
    };
    let without_detail = || {
        let delimiter =
            config.domain(sender.domain()).map_or(config.delimiter(), |of| of.delimiter);
        let (name, _) = split_detail(sender.local_part(), delimiter)?;
        Mailbox::new(name, sender.domain()).ok()
    };
    is_one(sender) || without_detail().is_some_and(|plain| is_one(&plain))
}

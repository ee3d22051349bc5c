//! A submitter sends from own addresses (RFC 6409 §6.1; Postfix's
//! `reject_authenticated_sender_login_mismatch`).

use super::Finding;
use super::turn::Turn;

pub(super) fn judge(turn: &Turn<'_>) -> Finding {
    let (Some(login), Some(sender)) = (turn.login, turn.sender.and_then(|from| from.mailbox()))
    else {
        return Finding::pass("nobody logged in");
    };
    let owner = turn.config.submission.as_ref().and_then(|users| users.get(login));
    match owner {
        Some(owner) if !owner.addresses.contains(sender) => Finding::refuse(
            "a submitter sends from own addresses",
            553,
            (5, 7, 1),
            format!("<{sender}>: Sender address rejected: not owned by user {login}"),
        ),
        _ => Finding::pass("the login's own"),
    }
}

//! Strangers do not relay (RFC 5321 §3.6.2, §7.5; Postfix's `reject_unauth_destination`).

use super::Finding;
use super::turn::Turn;

pub(super) fn judge(turn: &Turn<'_>) -> Finding {
    let Some(to) = turn.recipient else { return Finding::pass("nobody to send to") };
    if turn.config.domain(to.domain()).is_some() {
        return Finding::pass("a domain of ours");
    }
    if turn.is_inside() {
        return Finding::permit("from inside");
    }
    let text = format!("<{to}>: Relay access denied");
    Finding::refuse("strangers do not relay", 554, (5, 7, 1), text)
}

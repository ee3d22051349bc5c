//! Loops are found by counting trace fields (RFC 5321 §6.3; Postfix's `hopcount_limit`).

use crate::proto::mail::{Header, received};

use super::Finding;
use super::turn::Turn;

pub(super) fn judge(turn: &Turn<'_>) -> Finding {
    let Some(message) = turn.message else { return Finding::pass("no message") };
    // Postfix counts the field that it is about to add, and takes none that reaches the limit.
    let hops = received::hop_count(Header::new(&message.data)) + 1;
    if hops >= turn.config.limits.hops {
        let rule = "a message has passed too many hosts";
        return Finding::refuse(rule, 554, (5, 4, 0), "Error: too many hops");
    }
    Finding::pass("below the limit")
}

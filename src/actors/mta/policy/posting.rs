//! Who may post to a mailing list: its members only, where it says so, and never a report.

use crate::actors::mta::owner::{Owner, owner};
use crate::proto::smtp::Mailbox;

use super::Finding;
use super::turn::Turn;

pub(super) fn judge(turn: &Turn<'_>) -> Finding {
    let Some(to) = turn.recipient else { return Finding::pass("nobody to send to") };
    let Some(domain) = turn.config.domain(to.domain()) else {
        return Finding::pass("no domain of ours");
    };
    let Owner::List { list, .. } = owner(domain, to, turn.date) else {
        return Finding::pass("no list");
    };
    let Some(sender) = turn.sender else { return Finding::pass("nobody sends") };
    let Some(sender) = sender.mailbox() else {
        let text = format!("<{to}>: Recipient address rejected: A mailing list takes no reports");
        return Finding::refuse("a list takes no reports", 550, (5, 7, 1), text);
    };
    let is_sender = |member: &Mailbox| member.as_str().eq_ignore_ascii_case(sender.as_str());
    if list.members_only && !list.members.iter().any(is_sender) {
        let text = format!("<{to}>: Recipient address rejected: Only members may post");
        return Finding::refuse("only members may post", 550, (5, 7, 1), text);
    }
    Finding::pass("may post")
}

//! Recipients that take mail from some only: a user, a group, a whole domain.
//!
//! Both ways that exist: refused in the session, so that the sender's MTA writes the bounce, or
//! accepted with 250, after which this MTA writes the report.

use crate::actors::mta::config::{AcceptFrom, RefusalMode, SenderPattern};
use crate::actors::mta::owner::{Owner, owner};
use crate::proto::smtp::{Mailbox, Reply};

use super::Finding;
use super::finding::Refusal;
use super::turn::Turn;
use super::users;

pub(super) fn judge(turn: &Turn<'_>) -> Finding {
    let Some(to) = turn.recipient else { return Finding::pass("nobody to send to") };
    let Some(domain) = turn.config.domain(to.domain()) else {
        return Finding::pass("no domain of ours");
    };
    let local_part = users::local_part(to);
    if local_part == users::POSTMASTER {
        return Finding::permit("postmaster is there for everybody"); // RFC 5321 §4.5.1
    }
    let owner = owner(domain, to, turn.date);
    let restriction = owner.restriction(domain, &local_part);
    let is_one_of = |patterns: &[SenderPattern]| {
        let Some(sender) = turn.sender else { return false };
        patterns.iter().any(|pattern| pattern.matches(sender, turn.client))
    };
    if is_one_of(&restriction.allow) {
        return Finding::pass("on the allow list");
    }
    let denied = is_one_of(&restriction.deny);
    let rule = match restriction.from {
        _ if denied => "the sender is on the deny list",
        AcceptFrom::Anyone => return Finding::pass("none"),
        AcceptFrom::Inside if turn.is_inside() => return Finding::pass("from inside"),
        AcceptFrom::Inside => "mail is taken from inside only",
        AcceptFrom::Authenticated if is_authenticated(turn) => {
            return Finding::pass("authenticated");
        }
        AcceptFrom::Authenticated => "mail is taken from who authenticated only",
        AcceptFrom::Nobody => "mail is taken from nobody",
    };
    // A restriction that names the user tells a stranger nothing that its reply does not say. One
    // of the whole domain comes before the question who exists.
    let refusal = Refusal { rule: rule.into(), reply: fill_in(&restriction.reply, to) };
    match (restriction.mode, owner) {
        (RefusalMode::Reject, _) => Finding::Refuse(refusal),
        (RefusalMode::AcceptThenBounce, Owner::Nobody(why)) => users::unknown(domain, to, why),
        (RefusalMode::AcceptThenBounce, _) => Finding::Doom(refusal),
    }
}

/// Whether the sender has authenticated: here, or where one of the own servers has taken the mail,
/// for none of them takes an address of ours from anybody else.
fn is_authenticated(turn: &Turn<'_>) -> bool {
    let sender = turn.sender.and_then(|from| from.mailbox());
    turn.login.is_some()
        || turn.is_inside()
            && sender.is_some_and(|sender| turn.config.domain(sender.domain()).is_some())
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

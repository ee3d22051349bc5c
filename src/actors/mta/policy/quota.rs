//! Whether the recipient's mailbox has room (Dovecot's `quota-status` as a policy service of Postfix).
//!
//! Asked where the mailboxes are. What was declared with SIZE is reckoned with; what was not is found
//! out at delivery, and the message waits or is bounced then.

use crate::actors::mta::config::{OverQuota, Transport};
use crate::actors::mta::owner::{self, Owner, owner};
use crate::store::mailbox::Usage;

use super::Finding;
use super::turn::Turn;

pub(super) fn judge(turn: &Turn<'_>) -> Finding {
    let room = || {
        let to = turn.recipient?;
        let domain = turn.config.domain(to.domain())?;
        let over = domain.over_quota.filter(|_| domain.transport == Transport::Mailbox)?;
        let Owner::User { name } = owner(domain, to, turn.date) else { return None };
        let forward = domain.personal.get(&*name).and_then(|personal| personal.forward.as_ref());
        if forward.is_some_and(|forward| !forward.keep) {
            return None;
        }
        let store = turn.mail?;
        let (account, _) = owner::account(store, domain, to)?;
        let message = Usage { octets: turn.declared_octets.unwrap_or(0), messages: 1 };
        (!store.account(account).has_room(message)).then_some((to, over))
    };
    let Some((to, over)) = room() else { return Finding::pass("room enough") };
    let (code, status) = match over {
        OverQuota::Defer => (452, (4, 2, 2)),
        OverQuota::Reject => (552, (5, 2, 2)),
    };
    let text = format!("<{to}>: Recipient address rejected: Mailbox is full");
    Finding::refuse("the mailbox is full", code, status, text)
}

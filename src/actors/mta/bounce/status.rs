//! What a report says of one recipient, made from what the queue knows of it.

use crate::proto::mail::report::Explanation;
use crate::proto::mail::{Action, DateTime, Diagnostic, RecipientStatus, TypedAddress};
use crate::proto::smtp::EnhancedStatus;
use crate::store::queue::{Delivered, QueuedMessage, QueuedRecipient, Trouble};

/// A recipient in a report, for programs and for people.
pub(super) struct Entry {
    pub(super) status: RecipientStatus,
    pub(super) explanation: Explanation,
}

/// A recipient that failed. A time that is over leaves the status of the last attempt, of class 4.
pub(super) fn failed(recipient: &QueuedRecipient, trouble: &Trouble) -> Entry {
    of_trouble(recipient, Action::Failed, trouble)
}

/// A recipient that is tried until that date.
pub(super) fn delayed(recipient: &QueuedRecipient, trouble: &Trouble, until: DateTime) -> Entry {
    let mut entry = of_trouble(recipient, Action::Delayed, trouble);
    entry.status.will_retry_until = Some(until);
    entry
}

/// A recipient that is no longer this host's to deliver to.
pub(super) fn delivered(
    message: &QueuedMessage,
    recipient: &QueuedRecipient,
    how: &Delivered,
) -> Entry {
    let own = |words: &str| (Diagnostic::local(words), words.to_owned());
    let (action, (diagnostic, text)) = match how {
        Delivered::Mailbox => (Action::Delivered, own("delivered to mailbox")),
        Delivered::List => (Action::Delivered, own("delivered to mailing list")),
        Delivered::Discarded => (Action::Delivered, own("discarded")),
        Delivered::Expanded => (Action::Expanded, own("alias expanded")),
        Delivered::Relayed { remote, reply, lmtp, .. } => {
            // What an LMTP server has taken is in a mailbox (RFC 2033 §2).
            let action = if *lmtp { Action::Delivered } else { Action::Relayed };
            (action, (Diagnostic::smtp(reply), format!("delivery via {remote}: {reply}")))
        }
    };
    let (status, remote) = match how {
        Delivered::Relayed { remote, reply, .. } => (reply.status(), Some(remote.clone())),
        Delivered::Mailbox | Delivered::List | Delivered::Discarded | Delivered::Expanded => {
            (None, None)
        }
    };
    let mut entry = entry(recipient, action, status.unwrap_or(DONE), text);
    entry.status.remote_mta = remote;
    entry.status.diagnostic = Some(diagnostic);
    // Of another host's log, nothing is known.
    entry.status.final_log_id = match how {
        Delivered::Relayed { .. } => None,
        _ => Some(message.id.to_string()),
    };
    entry
}

fn of_trouble(recipient: &QueuedRecipient, action: Action, trouble: &Trouble) -> Entry {
    let mut entry = entry(recipient, action, trouble.status, trouble.reason.clone());
    entry.status.remote_mta.clone_from(&trouble.remote);
    entry.status.diagnostic = Some(match &trouble.diagnostic {
        Some(reply) => Diagnostic::smtp(reply),
        None => Diagnostic::local(trouble.reason.clone()),
    });
    entry
}

fn entry(
    recipient: &QueuedRecipient,
    action: Action,
    status: EnhancedStatus,
    text: String,
) -> Entry {
    let expanded_from =
        (recipient.taken_as != recipient.address).then(|| recipient.taken_as.to_string());
    let original_recipient = match &recipient.orcpt {
        Some(orcpt) => Some(TypedAddress {
            kind: orcpt.address_type().to_owned(),
            address: orcpt.address().to_owned(),
        }),
        // RFC 3461 §6.3 (d) wants none here; like Postfix, we help the sender who never heard of
        // the address at which it failed.
        None => expanded_from.clone().map(TypedAddress::new),
    };
    Entry {
        status: RecipientStatus {
            original_recipient,
            final_recipient: recipient.address.to_string(),
            action,
            status,
            remote_mta: None,
            diagnostic: None,
            last_attempt: None,
            final_log_id: None,
            will_retry_until: None,
        },
        explanation: Explanation { expanded_from, text },
    }
}

/// What is said of success where no reply says it.
const DONE: EnhancedStatus = EnhancedStatus::new(2, 0, 0);

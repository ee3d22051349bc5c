//! The notes that an MTA makes for those who watch.

use crate::engine::SimTime;
use crate::proto::mail::Header;
use crate::proto::smtp::Mailbox;
use crate::store::queue::{QueueId, QueuedMessage, QueuedRecipient, RecipientState, Trouble};
use crate::world::Note;

use super::route::Exchange;

/// The Message-ID of a message, or nothing.
pub(super) fn message_id(data: &[u8]) -> String {
    Header::new(data).text("Message-ID").map_or_else(String::new, |id| id.trim().to_owned())
}

/// Whom a message is for. An alias that is kept for its report alone is nobody to deliver to.
pub(super) fn open_recipients(message: &QueuedMessage) -> impl Iterator<Item = &QueuedRecipient> {
    let is_open = |to: &&QueuedRecipient| !matches!(to.state, RecipientState::Delivered(_));
    message.recipients.iter().filter(is_open)
}

pub(super) fn accepted(message: &QueuedMessage, peer: String) -> Note {
    let recipients = open_recipients(message);
    Note::Accepted {
        queue_id: message.id.to_string(),
        message_id: message_id(&message.data),
        sender: message.from.mailbox().map_or_else(String::new, Mailbox::to_string),
        recipients: recipients.map(|to| to.address.to_string()).collect(),
        octets: message.data.len(),
        from: peer,
    }
}

pub(super) fn routed(id: &QueueId, domain: &str, exchanges: &[Exchange]) -> Note {
    Note::Routed {
        queue_id: id.to_string(),
        domain: domain.to_owned(),
        exchanges: exchanges
            .iter()
            .map(|exchange| format!("{} {}", exchange.preference, exchange.host))
            .collect(),
    }
}

pub(super) fn deferred(
    id: &QueueId,
    recipient: &Mailbox,
    attempt: u32,
    trouble: Trouble,
    until: SimTime,
) -> Note {
    Note::Deferred {
        queue_id: id.to_string(),
        recipient: recipient.to_string(),
        attempt,
        reason: trouble.reason,
        until,
    }
}

pub(super) fn bounced(
    id: &QueueId,
    recipient: &Mailbox,
    trouble: &Trouble,
    report: Option<&QueueId>,
) -> Note {
    Note::Bounced {
        queue_id: id.to_string(),
        recipient: recipient.to_string(),
        status: trouble.status.to_string(),
        reason: trouble.reason.clone(),
        report: report.map(QueueId::to_string),
    }
}

pub(super) fn discarded(id: &QueueId, recipient: &Mailbox, reason: String) -> Note {
    Note::Discarded { queue_id: id.to_string(), recipient: recipient.to_string(), reason }
}

pub(super) fn not_reported(id: &QueueId, until: SimTime) -> Note {
    Note::Remark(format!(
        "cannot report on {id}, tried again at {until} s: No space left on device"
    ))
}

pub(super) fn flushed(domain: Option<&str>, messages: usize) -> Note {
    let noun = if messages == 1 { "message" } else { "messages" };
    let domain = domain.map_or_else(String::new, |domain| format!(" for {domain}"));
    Note::Remark(format!("the queue is flushed: {messages} {noun}{domain}"))
}

//! A message in the queue: its envelope, its text, and what is left to do with it.

use bytes::Bytes;

use crate::engine::{SimTime, Skew};
use crate::proto::smtp::{Ret, ReversePath};

use super::{Delivered, QueueId, QueuedRecipient, RecipientState, Trouble};

/// A message and what is left to do with it.
#[derive(Debug, Clone)]
pub struct QueuedMessage {
    /// Its name in this queue.
    pub id: QueueId,
    /// When it was taken.
    pub arrived: SimTime,
    /// By how much the clock of the host was ahead then: it is kept with its date.
    pub skew: Skew,
    /// To whom failures are reported.
    pub from: ReversePath,
    /// How much of the message a report of failure has (`RET`, RFC 3461 §4.3); `None`: did not say.
    pub ret: Option<Ret>,
    /// The sender's name for the transaction (`ENVID`, RFC 3461 §4.4), decoded; `None`: has none.
    pub envid: Option<String>,
    /// Whether it was sent with `SMTPUTF8` (RFC 6531 §3.4): a next hop without it cannot have it.
    pub smtputf8: bool,
    /// Whether its text has octets above 127.
    pub body_8bit: bool,
    /// The text, with this host's trace field on top.
    pub data: Bytes,
    /// The recipients, in the order of RCPT.
    pub recipients: Vec<QueuedRecipient>,
    /// How many attempts were begun.
    pub attempts: u32,
    /// When it was last put off, and until when; `None`: never was.
    pub deferred: Option<Deferral>,
    /// When the sender was warned of the delay; `None`: was not. One warning a message, for those
    /// recipients that were pending then and whose `NOTIFY` does not forbid it.
    pub delay_warned: Option<SimTime>,
}

/// Whether there are octets above 127.
fn has_8bit(octets: &[u8]) -> bool {
    // No early end, so that many octets are looked at in one step.
    octets.iter().fold(0, |all, octet| all | octet) > 127
}

/// How a message was put off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deferral {
    /// When the attempt failed.
    pub at: SimTime,
    /// When the next was to be.
    pub until: SimTime,
}

impl QueuedMessage {
    /// A message just taken, never tried, of whose delivery the sender wants to hear nothing but
    /// failures.
    pub fn new(
        id: QueueId,
        arrived: SimTime,
        from: ReversePath,
        data: Bytes,
        recipients: Vec<QueuedRecipient>,
    ) -> Self {
        QueuedMessage {
            id,
            arrived,
            skew: Skew::ZERO,
            from,
            ret: None,
            envid: None,
            smtputf8: false,
            body_8bit: has_8bit(&data),
            data,
            recipients,
            attempts: 0,
            deferred: None,
            delay_warned: None,
        }
    }

    /// The time by which its age is reckoned at `now`, with a clock that is ahead by `skew`: how long it
    /// has been queued by the calendar, added to when it was taken.
    pub fn by_calendar(&self, now: SimTime, skew: Skew) -> SimTime {
        now + (skew - self.skew)
    }

    /// The recipients that are to be tried, each with its place in `recipients`.
    pub fn pending(&self) -> impl Iterator<Item = (usize, &QueuedRecipient)> {
        let all = self.recipients.iter().enumerate();
        all.filter(|(_, recipient)| matches!(recipient.state, RecipientState::Pending(_)))
    }

    /// The recipients that failed and whose sender is not told yet, each with its place.
    pub fn unreported(&self) -> impl Iterator<Item = (usize, &QueuedRecipient, &Trouble)> {
        self.recipients.iter().enumerate().filter_map(|(index, recipient)| match &recipient.state {
            RecipientState::Failed(trouble) => Some((index, recipient, trouble)),
            _ => None,
        })
    }

    /// The recipients that were delivered, whose sender wants to hear of it from this host and is
    /// not told yet, each with its place.
    pub fn unreported_success(
        &self,
    ) -> impl Iterator<Item = (usize, &QueuedRecipient, &Delivered)> {
        self.recipients.iter().enumerate().filter_map(|(index, recipient)| match &recipient.state {
            RecipientState::Delivered(how) if !recipient.is_settled() => {
                Some((index, recipient, how))
            }
            _ => None,
        })
    }

    /// Whether nothing is left to do.
    pub fn is_settled(&self) -> bool {
        self.recipients.iter().all(QueuedRecipient::is_settled)
    }
}

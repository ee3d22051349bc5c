//! The delivery queue of an MTA: messages it answered 250 to, until each recipient's fate is
//! settled.
//!
//! Follows RFC 5321 §4.5.4, and RFC 3461 for what the sender wants to hear of each recipient.
//! Plain data: what is put in here is on disk at once, as a real queue is written and synced before
//! the 250, and a crash leaves it as it is. What an MTA is about to do with it (which messages are
//! being delivered now) is in its memory and not here.
//!
//! Not modelled: the separate incoming, active and deferred queues of Postfix (one map, and an
//! index by the time of the next attempt, serve for all).

mod id;
mod message;
#[expect(clippy::module_inception, reason = "the queue is the noun of this folder")]
mod queue;
mod recipient;
mod rule;
mod schedule;

pub use id::QueueId;
pub use message::{Deferral, QueuedMessage};
pub use queue::Queue;
pub use recipient::{Delivered, QueuedRecipient, RecipientState, Trouble};
pub use rule::{Reason, RetryRule, RetryRuleError};
pub use schedule::{Backoff, RetrySchedule};

//! The summary: what became of every message, hop by hop and recipient by recipient.
//!
//! Made from the notes of a run. A message is followed from host to host by its Message-ID, and on
//! a host by its queue id; a bounce is a message of its own that knows which one it is about.

mod follow;
#[cfg(test)]
mod tests;
mod text;
mod traffic;

use serde::{Serialize, Serializer};

use crate::engine::SimTime;
use crate::world::World;

pub use traffic::{Lost, Network, Size};

/// What became of every message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// In the order in which they first appeared.
    pub messages: Vec<Message>,
    /// What the network did to packets, if it did not simply carry them all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packets: Option<Network>,
}

/// A message, from its author to its readers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// The Message-ID with its angle brackets; empty if the message has none.
    pub message_id: String,
    /// What it is.
    pub kind: Kind,
    /// For a bounce or an automatic reply: the Message-ID of the message that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// The reverse-path; empty if it is null.
    pub sender: String,
    /// Octets at the first place where it was seen.
    pub octets: usize,
    /// When it was composed, or first accepted by an MTA.
    #[serde(rename = "at_ns", serialize_with = "nanos")]
    pub at: SimTime,
    /// The host where that was.
    pub host: String,
    /// When the client had the submission server's 250.
    #[serde(rename = "submitted_ns", serialize_with = "some_nanos")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submitted: Option<SimTime>,
    /// The MTAs that accepted it, by time.
    pub path: Vec<Hop>,
    /// The recipients, in the order in which they appeared; those that an alias stands for are
    /// added where it is expanded.
    pub recipients: Vec<Recipient>,
    /// The clients that downloaded it, by time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<Read>,
}

/// What kind of message it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Written by a client.
    Mail,
    /// A report of failed delivery.
    Bounce,
    /// A report of success or delay, or one to a postmaster.
    Notice,
    /// Written by a server for a user.
    AutoReply,
}

/// An MTA that accepted a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// The MTA's host.
    pub host: String,
    /// The message's name in its queue.
    pub queue_id: String,
    /// When it answered 250.
    #[serde(rename = "at_ns", serialize_with = "nanos")]
    pub at: SimTime,
    /// Who brought it; `local` if it was written there.
    pub from: String,
    /// How often it was tried to hand it on to another host.
    pub attempts: u32,
    /// When it left the queue.
    #[serde(rename = "removed_ns", serialize_with = "some_nanos")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed: Option<SimTime>,
}

/// What became of a message for one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recipient {
    /// The address.
    pub address: String,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// How often it was put into a mailbox; above 1 if a 250 was lost on the way.
    pub copies: u32,
}

/// What became of a message for a recipient, as the host closest to the end of its way tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Not taken by any MTA so far.
    Composed,
    /// The address stands for others, which are recipients too.
    Expanded,
    /// The next hop took it, and no other note tells what became of it there.
    Relayed {
        /// By which host.
        host: String,
        /// To whom.
        to: String,
        /// When.
        #[serde(rename = "at_ns", serialize_with = "nanos")]
        at: SimTime,
    },
    /// In a queue, and not tried yet or being tried.
    Queued {
        /// Whose queue.
        host: String,
        /// Since when.
        #[serde(rename = "since_ns", serialize_with = "nanos")]
        since: SimTime,
    },
    /// In a queue after an attempt that failed.
    Deferred {
        /// Whose queue.
        host: String,
        /// Why.
        reason: String,
        /// When it is tried again.
        #[serde(rename = "until_ns", serialize_with = "nanos")]
        until: SimTime,
    },
    /// The client could not submit it.
    NotSubmitted {
        /// When it gave up.
        #[serde(rename = "at_ns", serialize_with = "nanos")]
        at: SimTime,
        /// What the server said, or what else went wrong.
        reply: String,
    },
    /// Thrown away, since there is nobody to tell.
    Discarded {
        /// By which host.
        host: String,
        /// When.
        #[serde(rename = "at_ns", serialize_with = "nanos")]
        at: SimTime,
        /// Why.
        reason: String,
    },
    /// Failed for good.
    Bounced {
        /// At which host.
        host: String,
        /// When.
        #[serde(rename = "at_ns", serialize_with = "nanos")]
        at: SimTime,
        /// The enhanced status code (RFC 3463).
        status: String,
        /// In words.
        reason: String,
        /// The Message-ID of the bounce, if one was written.
        report: Option<String>,
    },
    /// Put into a mailbox.
    Delivered {
        /// On which host.
        host: String,
        /// Whose.
        account: String,
        /// Which.
        mailbox: String,
        /// Under which UID.
        uid: u32,
        /// When, for the first time.
        #[serde(rename = "at_ns", serialize_with = "nanos")]
        at: SimTime,
        /// So long after it was composed, in nanoseconds.
        latency_ns: u64,
    },
}

/// A client has downloaded a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Read {
    /// Which client.
    pub client: String,
    /// From which mailbox.
    pub mailbox: String,
    /// Its UID over IMAP, its unique-id over POP3.
    pub uid: String,
    /// When.
    #[serde(rename = "at_ns", serialize_with = "nanos")]
    pub at: SimTime,
}

impl Summary {
    /// Of all messages of a world that is [watched](crate::world::WorldBuilder::watched).
    pub fn new(world: &World) -> Self {
        Summary { messages: follow::messages(world), packets: Network::new(world) }
    }

    /// The message of that Message-ID, given with its angle brackets.
    pub fn message(&self, message_id: &str) -> Option<&Message> {
        self.messages.iter().find(|message| message.message_id == message_id)
    }
}

impl Message {
    /// What became of it for that recipient.
    pub fn recipient(&self, address: &str) -> Option<&Recipient> {
        self.recipients.iter().find(|recipient| recipient.address.eq_ignore_ascii_case(address))
    }
}

fn nanos<S: Serializer>(time: &SimTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(time.as_nanos())
}

fn some_nanos<S: Serializer>(time: &Option<SimTime>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(SimTime::as_nanos).serialize(serializer)
}

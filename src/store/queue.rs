//! The delivery queue of an MTA: messages it answered 250 to, until each recipient's fate is
//! settled.
//!
//! Follows RFC 5321 §4.5.4. Plain data: what is put in here is on disk at once, as a real queue is
//! written and synced before the 250, and a crash leaves it as it is. What an MTA is about to do
//! with it (which messages are being delivered now) is in its memory and not here.
//!
//! Not modelled: the separate incoming, active, deferred and hold queues of Postfix (one map, and
//! an index by the time of the next attempt, serve for all).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::engine::{SimTime, Stream};
use crate::proto::smtp::{EnhancedStatus, Mailbox, Reply, ReversePath};

/// Names a message in the queue of one host. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueId(Arc<str>);

impl QueueId {
    /// A new id out of the host's stream: 10 letters and digits, without vowels as Postfix's long
    /// ids are, so that none spells a word. One draw a character.
    pub fn draw(stream: &mut Stream) -> Self {
        QueueId(stream.text(b"0123456789BCDFGHJKLMNPQRSTVWXYZ", 10).into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for QueueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A message and what is left to do with it.
#[derive(Debug, Clone)]
pub struct QueuedMessage {
    /// Its name in this queue.
    pub id: QueueId,
    /// When it was taken.
    pub arrived: SimTime,
    /// To whom failures are reported.
    pub from: ReversePath,
    /// The text, with this host's trace field on top.
    pub data: Bytes,
    /// The recipients, in the order of RCPT.
    pub recipients: Vec<QueuedRecipient>,
    /// How many attempts were begun.
    pub attempts: u32,
}

/// A recipient of a queued message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedRecipient {
    /// The address.
    pub address: Mailbox,
    /// What has become of it so far.
    pub state: RecipientState,
}

/// What has become of a recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecipientState {
    /// To be tried (again). The trouble of the last attempt, if there was one.
    Pending(Option<Trouble>),
    /// Put into a mailbox, or handed on.
    Delivered,
    /// Failed for good, and its sender is not told yet.
    Failed(Trouble),
    /// Failed for good, and its sender was told, or there is nobody to tell.
    Reported,
}

/// What went wrong with a recipient, as logs and reports tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Class 4: it may work later; class 5: it will not (RFC 3463).
    pub status: EnhancedStatus,
    /// One line in words.
    pub reason: String,
    /// The host that said so, where it was another one.
    pub remote: Option<String>,
    /// Its whole reply.
    pub diagnostic: Option<Reply>,
}

impl Trouble {
    /// Trouble that this host found itself.
    pub fn local(status: EnhancedStatus, reason: impl Into<String>) -> Self {
        Trouble { status, reason: reason.into(), remote: None, diagnostic: None }
    }

    /// Whether trying again is of no use.
    pub fn is_permanent(&self) -> bool {
        self.status.class() == 5
    }
}

impl QueuedMessage {
    /// The recipients that are to be tried, each with its place in `recipients`.
    pub fn pending(&self) -> impl Iterator<Item = (usize, &Mailbox)> {
        self.recipients.iter().enumerate().filter_map(|(index, recipient)| match recipient.state {
            RecipientState::Pending(_) => Some((index, &recipient.address)),
            _ => None,
        })
    }

    /// The recipients that failed and whose sender is not told yet, each with its place.
    pub fn unreported(&self) -> impl Iterator<Item = (usize, &Mailbox, &Trouble)> {
        self.recipients.iter().enumerate().filter_map(|(index, recipient)| match &recipient.state {
            RecipientState::Failed(trouble) => Some((index, &recipient.address, trouble)),
            _ => None,
        })
    }

    /// Whether nothing is left to do.
    pub fn is_settled(&self) -> bool {
        self.recipients.iter().all(|recipient| {
            matches!(recipient.state, RecipientState::Delivered | RecipientState::Reported)
        })
    }
}

/// The delivery queue of one host.
///
/// A message waits until it is due, or an attempt at it is under way: then no time is set for it,
/// until [`Queue::defer`] sets one, [`Queue::remove`] ends it, or the host crashes and the attempt
/// is forgotten ([`Queue::after_crash`]).
#[derive(Debug, Clone, Default)]
pub struct Queue {
    messages: BTreeMap<QueueId, Entry>,
    /// Those that wait.
    by_due: BTreeSet<(SimTime, QueueId)>,
}

#[derive(Debug, Clone)]
struct Entry {
    message: QueuedMessage,
    due: SimTime,
}

impl Queue {
    /// Takes a message, to be tried at `due`. On disk when this returns.
    ///
    /// # Panics
    /// When the queue has a message of that id: draw another one ([`Queue::contains`]).
    pub fn insert(&mut self, message: QueuedMessage, due: SimTime) {
        let id = message.id.clone();
        self.by_due.insert((due, id.clone()));
        let before = self.messages.insert(id, Entry { message, due });
        assert!(before.is_none(), "a queue id names one message");
    }

    /// A new id that no message of this queue has.
    pub fn new_id(&self, stream: &mut Stream) -> QueueId {
        loop {
            let id = QueueId::draw(stream);
            if !self.contains(&id) {
                return id;
            }
        }
    }

    /// Whether there is a message of that id.
    pub fn contains(&self, id: &QueueId) -> bool {
        self.messages.contains_key(id)
    }

    /// The message of that id.
    pub fn get(&self, id: &QueueId) -> Option<&QueuedMessage> {
        self.messages.get(id).map(|entry| &entry.message)
    }

    /// The message that waits for the earliest time, and that time.
    pub fn next_due(&self) -> Option<(SimTime, &QueueId)> {
        self.by_due.first().map(|(due, id)| (*due, id))
    }

    /// Counts an attempt and sets no time for the next; hands back the message, if there is one.
    pub fn begin_attempt(&mut self, id: &QueueId) -> Option<&QueuedMessage> {
        let entry = self.messages.get_mut(id)?;
        self.by_due.remove(&(entry.due, id.clone()));
        entry.message.attempts += 1;
        Some(&entry.message)
    }

    /// Messages whose attempt was cut off by a crash are due as they were before it.
    pub fn after_crash(&mut self) {
        self.by_due = self.messages.iter().map(|(id, entry)| (entry.due, id.clone())).collect();
    }

    /// Notes what has become of the recipient at that place. One that was delivered, or reported
    /// on, stays so.
    pub fn settle(&mut self, id: &QueueId, index: usize, state: RecipientState) {
        let entry = self.messages.get_mut(id);
        if let Some(recipient) = entry.and_then(|entry| entry.message.recipients.get_mut(index))
            && matches!(recipient.state, RecipientState::Pending(_) | RecipientState::Failed(_))
        {
            recipient.state = state;
        }
    }

    /// Sets the time of the next attempt.
    pub fn defer(&mut self, id: &QueueId, due: SimTime) {
        if let Some(entry) = self.messages.get_mut(id) {
            self.by_due.remove(&(entry.due, id.clone()));
            entry.due = due;
            self.by_due.insert((due, id.clone()));
        }
    }

    /// Removes a message of which nothing is left to do.
    pub fn remove(&mut self, id: &QueueId) -> Option<QueuedMessage> {
        let entry = self.messages.remove(id)?;
        self.by_due.remove(&(entry.due, id.clone()));
        Some(entry.message)
    }

    /// All messages, in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &QueuedMessage> {
        self.messages.values().map(|entry| &entry.message)
    }

    /// How many messages there are.
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }
}

/// When an MTA tries again and when it gives up.
///
/// As Postfix does it: the delay before the next attempt is the time the message has been queued,
/// but not below `least` and not above `most`; it is given up when it has been queued for
/// `lifetime`. RFC 5321 §4.5.4.1 recommends 30 minutes at least and 4 to 5 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetrySchedule {
    /// The shortest delay (`minimal_backoff_time`).
    pub least: Duration,
    /// The longest delay (`maximal_backoff_time`).
    pub most: Duration,
    /// How long a message is kept (`maximal_queue_lifetime`).
    pub lifetime: Duration,
    /// How long a bounce is kept (`bounce_queue_lifetime`).
    pub bounce_lifetime: Duration,
}

/// Postfix's: 300 s, 4,000 s, 5 days, 5 days.
impl Default for RetrySchedule {
    fn default() -> Self {
        RetrySchedule {
            least: Duration::from_secs(300),
            most: Duration::from_secs(4_000),
            lifetime: Duration::from_secs(5 * 86_400),
            bounce_lifetime: Duration::from_secs(5 * 86_400),
        }
    }
}

impl RetrySchedule {
    /// When to try again a message that was deferred at `now`; `None` when its time is over, and it
    /// is to be bounced.
    pub fn next_attempt(&self, message: &QueuedMessage, now: SimTime) -> Option<SimTime> {
        let queued_for = now - message.arrived;
        let lifetime = if message.from.is_null() { self.bounce_lifetime } else { self.lifetime };
        if queued_for >= lifetime {
            return None;
        }
        let least = self.least.max(LEAST_DELAY);
        Some(now + queued_for.clamp(least, self.most.max(least)))
    }
}

/// Whatever a schedule says: an attempt follows the one before it, and time passes.
const LEAST_DELAY: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;

    fn message(stream: &mut Stream, recipients: &[&str]) -> QueuedMessage {
        QueuedMessage {
            id: QueueId::draw(stream),
            arrived: SimTime::ZERO,
            from: "<alice@example.org>".parse().unwrap(),
            data: Bytes::from_static(b"Subject: x\r\n\r\n"),
            recipients: recipients
                .iter()
                .map(|address| QueuedRecipient {
                    address: address.parse().unwrap(),
                    state: RecipientState::Pending(None),
                })
                .collect(),
            attempts: 0,
        }
    }

    fn trouble() -> Trouble {
        Trouble::local(EnhancedStatus::new(5, 1, 1), "unknown")
    }

    #[test]
    fn messages_come_due_in_the_order_of_time() {
        let mut stream = Seed(1).stream("queue ids");
        let mut queue = Queue::default();
        let ids: Vec<_> = [30, 10, 20]
            .iter()
            .map(|secs| {
                let message = message(&mut stream, &["bob@example.com"]);
                let id = message.id.clone();
                queue.insert(message, SimTime::from_secs(*secs));
                id
            })
            .collect();
        let next = |queue: &Queue| {
            queue.next_due().map(|(due, id)| {
                let name = ids.iter().position(|other| other == id).unwrap();
                (due - SimTime::ZERO, name)
            })
        };
        let secs = Duration::from_secs;
        assert_eq!(next(&queue), Some((secs(10), 1)));
        assert_eq!(queue.begin_attempt(&ids[1]).map(|message| message.attempts), Some(1));
        assert_eq!(next(&queue), Some((secs(20), 2)));
        queue.defer(&ids[1], SimTime::from_secs(40));
        assert!(queue.remove(&ids[2]).is_some());
        assert!(queue.remove(&ids[2]).is_none());
        assert_eq!(next(&queue), Some((secs(30), 0)));
        queue.begin_attempt(&ids[0]);
        assert_eq!(next(&queue), Some((secs(40), 1)));
        queue.after_crash();
        assert_eq!(next(&queue), Some((secs(30), 0)));
    }

    #[test]
    fn a_message_is_settled_when_each_recipient_is() {
        let mut stream = Seed(1).stream("queue ids");
        let mut queue = Queue::default();
        let message = message(&mut stream, &["bob@example.com", "eve@example.com"]);
        let id = message.id.clone();
        queue.insert(message, SimTime::ZERO);
        queue.settle(&id, 0, RecipientState::Delivered);
        queue.settle(&id, 0, RecipientState::Failed(trouble())); // too late
        queue.settle(&id, 1, RecipientState::Failed(trouble()));
        queue.settle(&id, 2, RecipientState::Delivered); // nobody
        let message = queue.get(&id).unwrap();
        assert_eq!(message.pending().count(), 0);
        assert_eq!(message.unreported().map(|(index, ..)| index).collect::<Vec<_>>(), [1]);
        assert!(!message.is_settled());
        queue.settle(&id, 1, RecipientState::Reported);
        assert!(queue.get(&id).unwrap().is_settled());
    }

    #[test]
    fn delays_grow_with_the_time_queued_until_the_lifetime_is_over() {
        let schedule = RetrySchedule::default();
        let message = message(&mut Seed(1).stream("x"), &[]);
        let next = |secs: u64| {
            let now = SimTime::from_secs(secs);
            schedule.next_attempt(&message, now).map(|then| (then - now).as_secs())
        };
        assert_eq!(next(0), Some(300));
        assert_eq!(next(300), Some(300));
        assert_eq!(next(600), Some(600));
        assert_eq!(next(1_200), Some(1_200));
        assert_eq!(next(100_000), Some(4_000));
        assert_eq!(next(5 * 86_400), None);
    }
}

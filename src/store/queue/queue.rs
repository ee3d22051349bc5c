//! The queue of one host: its messages by id, and by the time they are due.

use std::collections::{BTreeSet, HashMap};

use crate::engine::{HashState, SimTime, Stream};

use super::{Deferral, QueueId, QueuedMessage, RecipientState};

/// The delivery queue of one host.
///
/// A message waits until it is due, or an attempt at it is under way: then no time is set for it,
/// until [`Queue::defer`] sets one, [`Queue::remove`] ends it, or the host crashes and the attempt
/// is forgotten ([`Queue::after_crash`]).
#[derive(Debug, Clone, Default)]
pub struct Queue {
    messages: HashMap<QueueId, Box<Entry>, HashState>,
    /// Those that wait.
    by_due: BTreeSet<(SimTime, QueueId)>,
    octets: u64,
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
        self.octets += message.data.len() as u64;
        self.by_due.insert((due, id.clone()));
        let before = self.messages.insert(id, Box::new(Entry { message, due }));
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

    /// Notes what has become of the recipient at that place. One that was delivered or has failed
    /// stays so, until it was reported on.
    pub fn settle(&mut self, id: &QueueId, index: usize, state: RecipientState) {
        let entry = self.messages.get_mut(id);
        let recipient = entry.and_then(|entry| entry.message.recipients.get_mut(index));
        let Some(recipient) = recipient else { return };
        match (&recipient.state, &state) {
            (RecipientState::Pending(_), _)
            | (
                RecipientState::Delivered(_) | RecipientState::Failed(_),
                RecipientState::Reported,
            ) => recipient.state = state,
            _ => {}
        }
    }

    /// Notes that the sender of a message was warned of its delay.
    pub fn set_delay_warned(&mut self, id: &QueueId, at: SimTime) {
        if let Some(entry) = self.messages.get_mut(id) {
            entry.message.delay_warned = Some(at);
        }
    }

    /// Puts a message off at `now`, until the time of the next attempt.
    pub fn defer(&mut self, id: &QueueId, now: SimTime, until: SimTime) {
        if let Some(entry) = self.messages.get_mut(id) {
            self.by_due.remove(&(entry.due, id.clone()));
            entry.due = until;
            entry.message.deferred = Some(Deferral { at: now, until });
            self.by_due.insert((until, id.clone()));
        }
    }

    /// Makes those of the waiting messages due at `now` that have something left to do which
    /// `wanted` names: what an administrator does with `postqueue -f`. How many those are.
    pub fn flush(&mut self, now: SimTime, wanted: impl Fn(&QueuedMessage) -> bool) -> usize {
        let later: Vec<_> = self
            .by_due
            .iter()
            .filter(|(due, id)| *due > now && wanted(&self.messages[id].message))
            .cloned()
            .collect();
        for (due, id) in &later {
            self.by_due.remove(&(*due, id.clone()));
            self.by_due.insert((now, id.clone()));
            self.messages.get_mut(id).expect("what waits is in the queue").due = now;
        }
        later.len()
    }

    /// Removes a message of which nothing is left to do.
    pub fn remove(&mut self, id: &QueueId) -> Option<QueuedMessage> {
        let entry = self.messages.remove(id)?;
        self.by_due.remove(&(entry.due, id.clone()));
        self.octets -= entry.message.data.len() as u64;
        Some(entry.message)
    }

    /// How many octets its messages have together.
    pub fn octets(&self) -> u64 {
        self.octets
    }

    /// All messages, in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &QueuedMessage> {
        let mut all: Vec<_> = self.messages.values().map(|entry| &entry.message).collect();
        all.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        all.into_iter()
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::super::{Delivered, QueuedRecipient, Trouble};
    use super::*;
    use crate::engine::Seed;
    use crate::proto::smtp::EnhancedStatus;

    fn message(stream: &mut Stream, recipients: &[&str]) -> QueuedMessage {
        let recipients =
            recipients.iter().map(|address| QueuedRecipient::new(address.parse().unwrap()));
        QueuedMessage::new(
            QueueId::draw(stream),
            SimTime::ZERO,
            "<alice@example.org>".parse().unwrap(),
            Bytes::from_static(b"Subject: x\r\n\r\n"),
            recipients.collect(),
        )
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
        queue.defer(&ids[1], SimTime::from_secs(10), SimTime::from_secs(40));
        assert_eq!(queue.octets(), 3 * 14);
        assert!(queue.remove(&ids[2]).is_some());
        assert_eq!(queue.octets(), 2 * 14);
        assert!(queue.remove(&ids[2]).is_none());
        assert_eq!(next(&queue), Some((secs(30), 0)));
        queue.begin_attempt(&ids[0]);
        assert_eq!(next(&queue), Some((secs(40), 1)));
        queue.after_crash();
        assert_eq!(next(&queue), Some((secs(30), 0)));
        assert_eq!(queue.flush(SimTime::from_secs(20), |message| message.id == ids[1]), 1);
        assert_eq!(next(&queue), Some((secs(20), 1)));
    }

    #[test]
    fn a_message_is_settled_when_each_recipient_is() {
        let mut stream = Seed(1).stream("queue ids");
        let mut queue = Queue::default();
        let message = message(&mut stream, &["bob@example.com", "eve@example.com"]);
        let id = message.id.clone();
        queue.insert(message, SimTime::ZERO);
        queue.settle(&id, 0, RecipientState::Delivered(Delivered::Mailbox));
        queue.settle(&id, 0, RecipientState::Failed(trouble())); // too late
        queue.settle(&id, 1, RecipientState::Failed(trouble()));
        queue.settle(&id, 2, RecipientState::Delivered(Delivered::Mailbox)); // nobody
        let message = queue.get(&id).unwrap();
        assert_eq!(message.pending().count(), 0);
        assert_eq!(message.unreported().map(|(index, ..)| index).collect::<Vec<_>>(), [1]);
        assert!(!message.is_settled());
        queue.settle(&id, 1, RecipientState::Reported);
        assert!(queue.get(&id).unwrap().is_settled());
    }
}

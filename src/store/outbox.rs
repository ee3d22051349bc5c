//! The outbox of a mail client: messages that were written and that no submission server has taken
//! yet.
//!
//! Plain data, on disk from the moment at which a message is put in: a device that crashes sends it
//! after its restart.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::proto::smtp::{DsnRequest, ForwardPath, ReversePath};

/// A message in an outbox, with those it is still to be submitted for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The reverse-path.
    pub from: ReversePath,
    /// The forward-paths that are left.
    pub recipients: Vec<ForwardPath>,
    /// What its writer wants to hear of it.
    pub dsn: DsnRequest,
    /// The text, lines ended by CRLF.
    pub data: Bytes,
}

/// Names a letter in the outboxes of one host. Not used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LetterId(u64);

/// The outboxes of the clients on one host.
#[derive(Debug, Clone, Default)]
pub struct Outbox {
    letters: BTreeMap<LetterId, (String, Letter)>,
    octets: u64,
    next: u64,
}

impl Outbox {
    /// Puts a letter into the outbox of `client`. On disk when this returns.
    pub fn insert(&mut self, client: &str, letter: Letter) -> LetterId {
        let id = LetterId(self.next);
        self.next += 1;
        self.octets += letter.data.len() as u64;
        self.letters.insert(id, (client.to_owned(), letter));
        id
    }

    /// How many octets its letters have together.
    pub fn octets(&self) -> u64 {
        self.octets
    }

    /// Leaves a letter for these recipients alone.
    pub fn leave(&mut self, id: LetterId, recipients: &[ForwardPath]) {
        if let Some((_, letter)) = self.letters.get_mut(&id) {
            letter.recipients = recipients.to_vec();
        }
    }

    /// Takes a letter out: it was submitted, or it was given up.
    pub fn remove(&mut self, id: LetterId) -> Option<Letter> {
        let (_, letter) = self.letters.remove(&id)?;
        self.octets -= letter.data.len() as u64;
        Some(letter)
    }

    /// All letters, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Letter> {
        self.letters.values().map(|(_, letter)| letter)
    }

    /// The letters of a client, the oldest first.
    pub fn of<'a>(&'a self, client: &'a str) -> impl Iterator<Item = (LetterId, &'a Letter)> {
        self.letters
            .iter()
            .filter(move |(_, (owner, _))| owner == client)
            .map(|(id, (_, letter))| (*id, letter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(to: &[&str]) -> Letter {
        Letter {
            from: "<alice@example.org>".parse().unwrap(),
            recipients: to.iter().map(|path| path.parse().unwrap()).collect(),
            dsn: DsnRequest::default(),
            data: Bytes::from_static(b"Subject: x\r\n\r\n"),
        }
    }

    #[test]
    fn each_client_has_its_letters_in_order_until_they_are_taken_out() {
        let mut outbox = Outbox::default();
        let first = outbox.insert("laptop", letter(&["<bob@example.com>", "<eve@example.com>"]));
        let other = outbox.insert("phone", letter(&["<bob@example.com>"]));
        let second = outbox.insert("laptop", letter(&["<bob@example.com>"]));
        let ids = |outbox: &Outbox, client| outbox.of(client).map(|(id, _)| id).collect::<Vec<_>>();
        assert_eq!(ids(&outbox, "laptop"), [first, second]);
        assert_eq!(ids(&outbox, "phone"), [other]);
        let eve = ["<eve@example.com>".parse().unwrap()];
        outbox.leave(first, &eve);
        assert_eq!(outbox.of("laptop").next().unwrap().1.recipients, eve);
        assert!(outbox.remove(first).is_some());
        assert!(outbox.remove(first).is_none());
        assert_eq!(ids(&outbox, "laptop"), [second]);
    }
}

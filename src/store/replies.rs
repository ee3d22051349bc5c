//! Who got an automatic reply, so that nobody gets it again too soon.
//!
//! RFC 3834 §2 asks for this memory; a vacation program has it on disk, and so has a host here: it
//! survives a crash.

use std::collections::BTreeMap;

use crate::engine::SimTime;

/// The automatic replies that the users of one host have sent.
#[derive(Debug, Clone, Default)]
pub struct Replies {
    /// Until when a sender gets no other reply, by user and sender in lower case.
    until: BTreeMap<(String, String), SimTime>,
    /// How many there were when those that are over were last forgotten.
    kept: usize,
}

impl Replies {
    /// Whether `sender` has had a reply of `user` that is to be the only one still.
    pub fn has_answered(&self, user: &str, sender: &str, now: SimTime) -> bool {
        self.until.get(&key(user, sender)).is_some_and(|until| *until > now)
    }

    /// Remembers a reply: until then there is to be no other one. On disk when this returns.
    pub fn remember(&mut self, user: &str, sender: &str, now: SimTime, until: SimTime) {
        self.until.insert(key(user, sender), until);
        if self.until.len() > 2 * self.kept + LEAST_KEPT {
            self.until.retain(|_, until| *until > now);
            self.kept = self.until.len();
        }
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.until.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.until.is_empty()
    }
}

fn key(user: &str, sender: &str) -> (String, String) {
    (user.to_ascii_lowercase(), sender.to_ascii_lowercase())
}

/// So many are kept before it is looked which of them are over.
const LEAST_KEPT: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_remembered_for_its_time_by_each_user_apart() {
        let mut replies = Replies::default();
        let at = SimTime::from_secs;
        assert!(!replies.has_answered("bob@example.com", "alice@example.org", at(0)));
        replies.remember("bob@example.com", "Alice@example.org", at(0), at(100));
        assert!(replies.has_answered("Bob@example.com", "alice@example.org", at(99)));
        assert!(!replies.has_answered("bob@example.com", "alice@example.org", at(100)));
        assert!(!replies.has_answered("carol@example.com", "alice@example.org", at(1)));
        assert!(!replies.has_answered("bob@example.com", "eve@example.org", at(1)));
    }

    #[test]
    fn what_is_over_is_forgotten_some_time() {
        let mut replies = Replies::default();
        for count in 0..10_000 {
            let now = SimTime::from_secs(count);
            replies.remember("bob", &count.to_string(), now, SimTime::from_secs(count + 10));
        }
        assert!(replies.len() < 1_000, "{}", replies.len());
        assert!(replies.has_answered("bob", "9995", SimTime::from_secs(9_999)));
    }
}

//! Quota: how much an account may keep, and how much it keeps.
//!
//! The resources are those of RFC 9208 §5: `STORAGE` (here in octets) and `MESSAGE`. What is kept is
//! counted as it comes and goes, never anew.

use std::fmt;

/// How much an account may keep in all its mailboxes together. `None`: without limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quota {
    /// Octets of messages.
    pub octets: Option<u64>,
    /// Messages.
    pub messages: Option<u64>,
}

/// How much an account keeps, or a message more would take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Octets of messages.
    pub octets: u64,
    /// Messages.
    pub messages: u64,
}

impl Usage {
    /// What one message of that size takes.
    pub fn message(octets: usize) -> Self {
        Usage { octets: octets as u64, messages: 1 }
    }
}

impl std::ops::Add for Usage {
    type Output = Usage;
    fn add(self, more: Usage) -> Usage {
        Usage { octets: self.octets + more.octets, messages: self.messages + more.messages }
    }
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, more: Usage) {
        *self = *self + more;
    }
}

/// # Panics
/// When more is taken away than there is.
impl std::ops::SubAssign for Usage {
    fn sub_assign(&mut self, less: Usage) {
        let octets = self.octets.checked_sub(less.octets);
        let messages = self.messages.checked_sub(less.messages);
        *self = octets
            .zip(messages)
            .map(|(octets, messages)| Usage { octets, messages })
            .expect("what goes was counted when it came");
    }
}

impl Quota {
    /// Whether `usage` is within it.
    pub fn allows(self, usage: Usage) -> bool {
        self.octets.is_none_or(|limit| usage.octets <= limit)
            && self.messages.is_none_or(|limit| usage.messages <= limit)
    }
}

/// A message would take an account over its quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverQuota;

impl fmt::Display for OverQuota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the mailbox is full")
    }
}

impl std::error::Error for OverQuota {}

//! Users that exist by a rule: `user1` to `user100`. They need no entry anywhere until one of them gets
//! mail.

use std::sync::Arc;

/// Users who are called by a word and a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberedUsers {
    /// What their local parts begin with, in lower case.
    pub prefix: Arc<str>,
    /// How many there are; their numbers begin at 1.
    pub count: u32,
}

impl NumberedUsers {
    /// The local part of one of them.
    pub fn name(&self, number: u32) -> String {
        format!("{}{number}", self.prefix)
    }

    /// The number of the one of that local part, in lower case.
    pub fn number(&self, local_part: &str) -> Option<u32> {
        let digits = local_part.strip_prefix(&*self.prefix)?;
        // One spelling is one name: no sign, no zero in front.
        let is_plain = digits.bytes().all(|octet| octet.is_ascii_digit());
        let number: u32 = digits.parse().ok()?;
        (is_plain && !digits.starts_with('0') && (1..=self.count).contains(&number))
            .then_some(number)
    }
}

/// What the mailboxes of an account keep of the mail that comes.
///
/// The default keeps all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// Of each message the header alone, and the empty line behind it.
    pub headers_alone: bool,
    /// So many messages: those that came last. The older ones are expunged as others come (Dovecot's
    /// `autoexpunge_max_mails`).
    pub latest: Option<u32>,
}

/// The accounts of a domain that are made as they are needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberedAccounts {
    /// Whose they are.
    pub users: NumberedUsers,
    /// The password of each.
    pub password: Arc<str>,
    /// What their mailboxes keep.
    pub retention: Retention,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_has_one_spelling() {
        let users = NumberedUsers { prefix: "user".into(), count: 100 };
        assert_eq!(users.name(7), "user7");
        assert_eq!(users.number("user7"), Some(7));
        assert_eq!(users.number("user100"), Some(100));
        for other in ["user0", "user101", "user07", "user+7", "user", "7", "guest7", "user7 "] {
            assert_eq!(users.number(other), None, "{other}");
        }
    }
}

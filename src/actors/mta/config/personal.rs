//! What a user has asked the mailbox server to do with arriving mail.

use std::time::Duration;

use crate::proto::smtp::Mailbox;

/// What a user has asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Personal {
    /// To whom mail is sent on.
    pub forward: Option<Forward>,
    /// What is answered.
    pub auto_reply: Option<AutoReply>,
}

/// Where a user's mail is sent on to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// The addresses; at least one.
    pub to: Vec<Mailbox>,
    /// Whether the user's own mailbox gets it too.
    pub keep: bool,
}

/// An automatic reply (RFC 3834).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutoReply {
    /// Its subject; `None`: made from the subject that it answers.
    pub subject: Option<String>,
    /// Its text.
    pub text: String,
    /// How long the same sender gets no second one.
    pub once_per: Duration,
}

//! Mailing lists, as an MTA keeps them.

use crate::proto::smtp::Mailbox;

/// A mailing list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailingList {
    /// Who gets what is posted to it.
    pub members: Vec<Mailbox>,
    /// Whether members alone may post.
    pub members_only: bool,
    /// Who gets what is written to `LIST-owner` and `LIST-request`, and the bounces that come to
    /// `LIST-bounces`.
    pub owner: Mailbox,
    /// What is put before subjects, as `[team]`.
    pub subject_prefix: Option<String>,
    /// Where replies go instead of to the author.
    pub reply_to: Option<String>,
    /// Whether each member gets a copy with a reverse-path of its own, by which a bounce tells whose
    /// it is (VERP).
    pub verp: bool,
}

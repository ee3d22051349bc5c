//! What an IMAP session needs of the mailboxes behind it.
//!
//! Sessions of several connections share the mailboxes of one host, so the owner lends them to a
//! session with each input. The floor `store` implements [`Backend`]; a protocol knows no store.
//!
//! A session keeps its own view of the selected mailbox (which UID has which message sequence
//! number) and asks, by mod-sequence, what happened since it told its client last. So sessions
//! need not be told of each other, and a mailbox need not know who has selected it.

use std::fmt;

use super::flags::Flags;
use super::mailbox_name::MailboxName;
use super::message::{Message, NewMessage};
use super::number::{ModSeq, Uid, UidValidity};
use super::special_use::SpecialUse;
use crate::engine::UnixTime;
use crate::proto::sasl::Secret;

/// An account of a mailbox server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub u32);

/// A mailbox of a mailbox server. Survives renaming; never used for another mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailboxId(pub u32);

/// As it crosses the wire, an `objectid` (RFC 8474 §4).
impl fmt::Display for MailboxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "F{:08x}", self.0)
    }
}

/// The state of a mailbox as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailboxState {
    /// UIDVALIDITY.
    pub uid_validity: UidValidity,
    /// UIDNEXT.
    pub uid_next: Uid,
    /// The mod-sequence of the last change.
    pub highest_modseq: ModSeq,
    /// Messages from this UID on were shown to no session as recent yet.
    pub first_recent: Uid,
}

/// A name that exists in an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedName<'a> {
    /// The name.
    pub name: &'a MailboxName,
    /// The mailbox; `None` where the name is `\Noselect`.
    pub mailbox: Option<MailboxId>,
    /// Whether names below it exist.
    pub has_children: bool,
    /// What it is there for.
    pub special_uses: &'a [SpecialUse],
}

/// How much of a resource an account uses, and how much it may (RFC 9208 §5). At least one of its
/// resources has a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaState {
    /// `STORAGE`, in octets.
    pub storage: Option<Limit>,
    /// `MESSAGE`.
    pub messages: Option<Limit>,
}

/// A limited resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// How much is used.
    pub used: u64,
    /// How much may be.
    pub limit: u64,
}

/// Why a command on a mailbox name fails. Each is answered with NO.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailboxError {
    /// There is no mailbox of that name.
    NonExistent,
    /// There is a name, but no mailbox (`\Noselect`).
    NoSelect,
    /// The name is taken.
    AlreadyExists,
    /// The name does not fit the hierarchy, or is INBOX where INBOX cannot be meant.
    CannotBe,
    /// The name has inferiors and no mailbox, so there is nothing to delete (RFC 3501 §6.3.4).
    HasChildren,
    /// The account has as many mailboxes as it may have.
    Limit,
    /// The account may keep no more (RFC 9208).
    OverQuota,
    /// The disk is full.
    NoSpace,
}

impl MailboxError {
    /// The response code (RFC 3501 §7.1, RFC 5530) with its brackets.
    pub const fn code(self) -> &'static str {
        match self {
            MailboxError::NonExistent | MailboxError::NoSelect => "[NONEXISTENT]",
            MailboxError::AlreadyExists => "[ALREADYEXISTS]",
            MailboxError::CannotBe => "[CANNOT]",
            MailboxError::HasChildren => "[HASCHILDREN]",
            MailboxError::Limit => "[LIMIT]",
            MailboxError::OverQuota => "[OVERQUOTA]",
            // Who reads mail cannot help it (RFC 5530 §3); so Dovecot from 2.3 on.
            MailboxError::NoSpace => "[SERVERBUG]",
        }
    }
}

impl fmt::Display for MailboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MailboxError::NonExistent => "Mailbox does not exist",
            MailboxError::NoSelect => "Name is not a mailbox",
            MailboxError::AlreadyExists => "Mailbox already exists",
            MailboxError::CannotBe => "Mailbox cannot have this name",
            MailboxError::HasChildren => "Name has inferior names and is no mailbox",
            MailboxError::Limit => "Too many mailboxes",
            MailboxError::OverQuota => "Quota exceeded (mailbox for user is full)",
            MailboxError::NoSpace => {
                "Internal error occurred. Refer to server log for more information."
            }
        })
    }
}

impl std::error::Error for MailboxError {}

/// The mailboxes of a host, as the sessions on it see them.
pub trait Backend {
    /// The account of that login name and password; `None` where they do not fit. One that exists by a
    /// rule is made.
    fn login(&mut self, user: &str, password: &str) -> Option<AccountId>;

    /// The account of that login name and what proves that one is its user, for AUTHENTICATE. One that
    /// exists by a rule is made.
    fn secret(&mut self, user: &str) -> Option<(AccountId, Secret)>;

    /// The character between a name and its inferiors (RFC 3501 §5.1.1).
    fn separator(&self) -> char;

    /// The mailbox of that name.
    fn find(&self, account: AccountId, name: &MailboxName) -> Result<MailboxId, MailboxError>;

    /// All names of the account, in order.
    fn names(&self, account: AccountId) -> impl Iterator<Item = ListedName<'_>>;

    /// Makes a mailbox for these uses, and what is missing above it. A trailing separator is not
    /// part of the name (RFC 3501 §6.3.3).
    fn create(
        &mut self,
        account: AccountId,
        name: &MailboxName,
        special_uses: &[SpecialUse],
    ) -> Result<MailboxId, MailboxError>;

    /// Removes a mailbox with its messages. A name with inferiors stays as `\Noselect`.
    fn delete(&mut self, account: AccountId, name: &MailboxName) -> Result<(), MailboxError>;

    /// Renames a mailbox with its inferiors. From INBOX, moves the messages into a new mailbox
    /// (RFC 3501 §6.3.5).
    fn rename(
        &mut self,
        account: AccountId,
        from: &MailboxName,
        to: &MailboxName,
    ) -> Result<(), MailboxError>;

    /// Subscribes or unsubscribes a name, which need not exist.
    fn subscribe(
        &mut self,
        account: AccountId,
        name: &MailboxName,
        subscribed: bool,
    ) -> Result<(), MailboxError>;

    /// The subscribed names, in order.
    fn subscriptions(&self, account: AccountId) -> impl Iterator<Item = &MailboxName>;

    /// Whether the account of a mailbox may keep so much more (RFC 9208 §5), and the disk has room.
    ///
    /// # Errors
    /// [`MailboxError::OverQuota`] or [`MailboxError::NoSpace`].
    fn room(&self, mailbox: MailboxId, octets: u64, messages: u64) -> Result<(), MailboxError>;

    /// What an account uses and may use; `None` where nothing is limited.
    fn quota(&self, account: AccountId) -> Option<QuotaState>;

    /// The state of a mailbox; `None` once it was deleted.
    fn state(&self, mailbox: MailboxId) -> Option<MailboxState>;

    /// The messages, by ascending UID; none where the mailbox was deleted.
    fn messages(&self, mailbox: MailboxId) -> &[Message];

    /// The message of that UID, while it exists.
    fn message(&self, mailbox: MailboxId, uid: Uid) -> Option<&Message> {
        let messages = self.messages(mailbox);
        let place = messages.binary_search_by_key(&uid, |message| message.uid).ok()?;
        Some(&messages[place])
    }

    /// The UIDs of messages that arrived or changed after `since`, in the order of their last
    /// change.
    fn changed_since(&self, mailbox: MailboxId, since: ModSeq) -> impl Iterator<Item = Uid>;

    /// The UIDs of messages that were expunged after `since`, in any order. There may be among them
    /// what was expunged before (RFC 7162 §3.2.6).
    fn expunged_since(&self, mailbox: MailboxId, since: ModSeq) -> impl Iterator<Item = Uid>;

    /// Adds a message; `None` when the mailbox was deleted.
    fn append(&mut self, mailbox: MailboxId, new: NewMessage) -> Option<Uid>;

    /// Copies those of the messages that exist, all or none, and gives their new UIDs. `uids`
    /// ascend.
    fn copy(
        &mut self,
        from: MailboxId,
        uids: &[Uid],
        to: MailboxId,
        save_date: UnixTime,
    ) -> Result<Vec<Uid>, MailboxError>;

    /// As [`Backend::copy`], and removes them where they were (RFC 6851).
    fn move_messages(
        &mut self,
        from: MailboxId,
        uids: &[Uid],
        to: MailboxId,
        save_date: UnixTime,
    ) -> Result<Vec<Uid>, MailboxError>;

    /// Replaces the flags of a message, and gives their mod-sequence, which stays when the flags
    /// stay; `None` when the message is gone.
    fn set_flags(&mut self, mailbox: MailboxId, uid: Uid, flags: Flags) -> Option<ModSeq>;

    /// Removes those of the messages that exist. `uids` ascend.
    fn expunge(&mut self, mailbox: MailboxId, uids: &[Uid]);

    /// From now on messages below `first_recent` are recent to no further session.
    fn claim_recent(&mut self, mailbox: MailboxId, first_recent: Uid);
}

//! The mailboxes of a mailbox server, with their accounts.
//!
//! All of it is on disk: a crash of the host leaves it whole, but for the locks of POP3 sessions,
//! which [`MailStore::after_crash`] takes away.
//!
//! Several sessions work on one mailbox at once. None is told of another: each asks by
//! mod-sequence what happened since it asked last ([`Mailbox::changed_since`]).

mod account;
mod maildrop;
mod messages;
mod numbered;
mod quota;
mod store;

pub use account::Account;
pub use maildrop::InUse;
pub use messages::Mailbox;
pub use numbered::{NumberedAccounts, NumberedUsers, Retention};
pub use quota::{OverQuota, Quota, Usage};
pub use store::{Delivered, DuplicateAddress, MailStore};

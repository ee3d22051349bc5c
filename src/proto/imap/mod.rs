//! IMAP4rev1 (RFC 3501).
//!
//! The server session reaches mailboxes through [`Backend`], which the floor `store` implements;
//! flags, UIDs, names and messages are defined here, in the protocol's own terms.

pub mod backend;
pub mod flags;
pub mod internal_date;
pub mod mailbox_name;
pub mod message;
pub mod number;

pub use backend::{AccountId, Backend, ListedName, MailboxError, MailboxId, MailboxState};
pub use flags::{Flags, SystemFlag};
pub use internal_date::InternalDate;
pub use mailbox_name::{BadMailboxName, MailboxName};
pub use message::Message;
pub use number::{ModSeq, Uid, UidValidity};

//! IMAP4rev1 (RFC 3501) and IMAP4rev2 (RFC 9051), with their extensions.
//!
//! The server session reaches mailboxes through [`Backend`], which the floor `store` implements;
//! flags, UIDs, names and messages are defined here, in the protocol's own terms.

pub mod append_command;
pub mod backend;
mod base_subject;
mod binary;
mod body_structure;
pub mod client;
mod collation;
pub mod command;
pub mod fetch;
pub mod fetch_modifiers;
pub mod flags;
pub mod list_command;
pub mod mailbox_name;
pub mod message;
pub mod notify_command;
pub mod number;
pub mod parse;
pub mod partial;
mod pattern;
mod preview;
mod reader;
mod response;
pub mod search;
mod search_match;
pub mod search_return;
mod search_text;
mod section;
pub mod select_command;
pub mod sequence;
pub mod server;
pub mod sort;
pub mod special_use;
pub mod status_item;
pub mod store_command;
pub mod thread;

pub use backend::{
    AccountId, Backend, Limit, ListedName, MailboxError, MailboxId, MailboxState, QuotaState,
};
pub use client::{
    ImapClient, ImapClientConfig, ImapClientEvent, ImapFailure, ImapTask, MailboxSummary, Overview,
    Refusal,
};
pub use command::{BadRequest, Command, Request};
pub use fetch::{FetchItem, Section, SectionText};
pub use flags::{Flags, SystemFlag};
pub use mailbox_name::{BadMailboxName, MailboxName};
pub use message::{EmailId, Message, NewMessage};
pub use number::{ModSeq, Uid, UidValidity};
pub use parse::{Parser, SyntaxError};
pub use search::{DateOrder, Search, SearchKey};
pub use sequence::{NumberSet, SequenceSet};
pub use server::{ImapServer, ImapServerConfig, ImapServerEvent};
pub use sort::{SortCommand, SortCriterion, SortKey};
pub use special_use::SpecialUse;
pub use status_item::StatusItem;
pub use store_command::{FlagChange, StoreCommand};
pub use thread::ThreadAlgorithm;

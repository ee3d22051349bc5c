//! IMAP4rev1 (RFC 3501).
//!
//! The server session reaches mailboxes through [`Backend`], which the floor `store` implements;
//! flags, UIDs, names and messages are defined here, in the protocol's own terms.

pub mod backend;
mod body_structure;
pub mod client;
pub mod command;
pub mod fetch;
pub mod flags;
pub mod mailbox_name;
pub mod message;
pub mod number;
pub mod parse;
mod pattern;
mod reader;
mod response;
pub mod search;
mod search_match;
mod section;
pub mod sequence;
pub mod server;

pub use backend::{AccountId, Backend, ListedName, MailboxError, MailboxId, MailboxState};
pub use client::{
    ImapClient, ImapClientConfig, ImapClientEvent, ImapFailure, ImapTask, MailboxSummary, Overview,
    Refusal,
};
pub use command::{BadRequest, Command, FlagChange, Request, StatusItem};
pub use fetch::{FetchItem, Section, SectionText};
pub use flags::{Flags, SystemFlag};
pub use mailbox_name::{BadMailboxName, MailboxName};
pub use message::Message;
pub use number::{ModSeq, Uid, UidValidity};
pub use parse::{Parser, SyntaxError};
pub use search::{DateOrder, Search, SearchKey};
pub use sequence::{NumberSet, SequenceSet};
pub use server::{ImapServer, ImapServerConfig, ImapServerEvent};

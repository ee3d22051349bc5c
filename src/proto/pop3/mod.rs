//! POP3 (RFC 1939), with CAPA and its response codes (RFC 2449), AUTH (RFC 5034) and STLS (RFC 2595).
//!
//! Both sessions are plain machines. The server knows no mailbox: it asks its owner by an event and
//! gets a snapshot of the maildrop, which RFC 1939 wants locked for the time of the session anyway.

pub mod client;
pub mod command;
mod line;
pub mod multiline;
pub mod server;

pub use client::{Login, Pop3Client, Pop3ClientConfig, Pop3ClientEvent, Pop3Failure};
pub use command::{BadCommand, Command};
pub use server::{LoginRefusal, Pop3Server, Pop3ServerConfig, Pop3ServerEvent};

use bytes::Bytes;

/// A message of a maildrop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaildropMessage {
    /// The owner's number for it; rises within a maildrop. Never crosses the wire.
    pub uid: u32,
    /// What UIDL shows: 1 to 70 characters from 0x21 to 0x7E (RFC 1939 §7).
    pub unique_id: Box<str>,
    /// The message, lines ended by CRLF.
    pub data: Bytes,
}

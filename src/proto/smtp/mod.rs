//! SMTP, submission and LMTP (RFC 5321, RFC 6409, RFC 2033).
//!
//! [`ServerSession`] and [`ClientSession`] are the two sides; what they speak is in the modules
//! beside them. A server asks its owner what to do, and the owner answers:
//!
//! ```
//! use mxsim::engine::SimTime;
//! use mxsim::proto::smtp::{ServerConfig, ServerEvent, ServerSession, Verdict};
//! use mxsim::proto::{Input, Outbox, Output, Session};
//!
//! let now = SimTime::ZERO;
//! let mut out = Outbox::new();
//! let mut server = ServerSession::new(ServerConfig::mta("mx.example.net"));
//! server.handle(now, Input::Opened, &mut out);
//! let octets = b"HELO client.example.org\r\nMAIL FROM:<alice@example.org>\r\n";
//! server.handle(now, Input::Bytes(octets), &mut out);
//! let Some(Output::Event(ServerEvent::Mail { from, .. })) = out.drain().last() else { panic!() };
//! assert_eq!(from.to_string(), "<alice@example.org>");
//! server.answer(now, Verdict::Accept, &mut out);
//! assert_eq!(out.drain().next(), Some(Output::Send("250 2.1.0 Ok\r\n".into())));
//! ```

pub mod address;
pub mod capabilities;
pub mod client;
pub mod command;
pub mod data;
pub mod dsn;
pub mod enhanced;
mod line;
pub mod misbehaviour;
mod params;
pub mod reply;
pub mod server;
#[cfg(test)]
mod tests;
mod text;

pub use address::{AddressError, ForwardPath, Mailbox, ReversePath, is_domain};
pub use capabilities::{Capabilities, SizeLimit};
pub use client::{
    ClientConfig, ClientEvent, ClientSession, Failure, Outcome, Protocol, Stage, Timeouts,
    TlsPolicy, Transaction,
};
pub use command::{Command, CommandError};
pub use dsn::{DsnRequest, Notify, OriginalRecipient, Ret};
pub use enhanced::EnhancedStatus;
pub use params::{Body, MailParams, RcptParams};
pub use reply::{Reply, ReplyError, ReplyParser};
pub use server::{
    BareNewlines, CloseReason, Envelope, Greeting, Patience, ReceivedMessage, Recipient, Role,
    ServerConfig, ServerEvent, ServerSession, Tls, Verdict, Verify,
};
pub use text::MessageText;

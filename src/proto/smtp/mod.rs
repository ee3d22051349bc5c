//! SMTP and submission (RFC 5321, RFC 6409).
//!
//! [`ServerSession`] and [`ClientSession`] are the two sides; what they speak is in the modules
//! beside them.

pub mod address;
pub mod capabilities;
pub mod client;
pub mod command;
pub mod data;
pub mod enhanced;
mod line;
pub mod reply;
pub mod server;

pub use address::{AddressError, ForwardPath, Mailbox, ReversePath};
pub use capabilities::{Capabilities, SizeLimit};
pub use client::{
    ClientConfig, ClientEvent, ClientSession, Failure, Outcome, Stage, Timeouts, Transaction,
};
pub use command::{Body, Command, CommandError, MailParams, RcptParams};
pub use enhanced::EnhancedStatus;
pub use reply::{Reply, ReplyError, ReplyParser};
pub use server::{
    CloseReason, Envelope, Greeting, ReceivedMessage, Recipient, Role, ServerConfig, ServerEvent,
    ServerSession, Verdict,
};

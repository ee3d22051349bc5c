//! Codecs and sessions: bytes and time in, bytes and events out.
//!
//! Nothing here does I/O, reads a clock or knows the simulation: the same session object serves
//! the simulated network and real sockets.

pub mod access;
pub(crate) mod decimal;
pub mod dkim;
pub mod dmarc;
pub mod dns;
pub mod idna;
pub mod imap;
pub mod mail;
pub mod misbehaviour;
pub mod pop3;
pub mod sasl;
pub mod session;
pub mod smtp;
pub mod spf;
pub mod tls;

pub use session::{Input, Outbox, Output, Session};

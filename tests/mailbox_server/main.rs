//! Sessions of POP3 and IMAP on a mail store: dialogues with the servers, and our own clients.
#![expect(clippy::unwrap_used, reason = "a panic here is the failure of a test")]

mod clients;
mod imap;
mod pop3;

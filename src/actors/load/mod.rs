//! Load: clients that write and ask by rules, as many times as one likes, with nothing kept of each.
//!
//! A [`MailLoad`] stands for all users of a domain who write on one host, a [`DnsLoad`] for all programs there
//! that ask for names. Each draws from streams of its own host when its next moment comes and has one timer
//! for it, so that a client more moves no other draw, and ten million messages are no ten million
//! entries anywhere. What was done is counted in the host's [`Tally`](crate::store::tally::Tally).
//!
//! A message is made when it is written: an own small header in front of a slice of one text that all
//! share. Its Message-ID is `<NANOS.SEQUENCE@HOST>`, where NANOS is the simulated time at which it was
//! written; so whoever sees it delivered knows how long it took.

pub mod arrivals;
mod ask;
pub mod config;
mod letter;
mod line;
mod mail;
pub mod population;
pub mod size;
pub mod spread;

pub use ask::DnsLoad;
pub use config::{DnsLoadConfig, DnsWork, MailLoadConfig, MailWork};
pub use mail::MailLoad;

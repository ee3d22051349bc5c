//! Mail from MTA to MTA, in worlds made in code: what an administrator asks "what happens if".

#![expect(clippy::unwrap_used, reason = "a panic in a test is the failure")]

mod delivery;
mod exchanges;
mod limits;
mod local;
mod mailboxes;
mod net;
mod peers;
mod policies;
mod python;
mod queue;
mod receiving;
mod reports;

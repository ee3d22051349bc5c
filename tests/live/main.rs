//! Live mode with real programs: Python's mail modules, swaks, curl, dig and mbsync.

#![cfg(feature = "live")]
#![expect(clippy::unwrap_used, reason = "a panic in a test is its failure")]

mod clients;
mod control;
mod crowd;
mod errors;
mod outward;
mod record;
mod served;

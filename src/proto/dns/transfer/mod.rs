//! Zone transfer: a whole zone in a sequence of messages over one connection.
//!
//! Follows RFC 5936. [`response`] makes the messages on the side of the server, [`Transfer`] reads
//! them on the side of the client; who may ask is for the owner of either to say.
//!
//! Not modelled: increments (an IXFR is answered with the whole zone, RFC 1995 §4), TSIG.

mod incoming;
mod outgoing;

pub use incoming::{Progress, Transfer, TransferError, TransferLimits};
pub use outgoing::response;

#[cfg(test)]
mod tests;

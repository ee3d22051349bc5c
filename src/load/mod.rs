//! Worlds whose work is known to the digit, without protocols above TCP and UDP: what the engine and
//! the network cost by themselves.
//!
//! The bench command, the benches and the comparison with other simulators play these same worlds.

mod hold;
mod transactions;

pub use hold::{Hold, Holding};
pub use transactions::{LINE_OCTETS, MESSAGE_OCTETS, Path, REQUESTS, Transactions};

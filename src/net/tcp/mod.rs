//! TCP as seen from outside: a pure state machine, segments and time in, segments and events out.
//!
//! Follows RFC 9293 (the protocol), RFC 6298 (retransmission timer), RFC 5681 and RFC 6582
//! (congestion control, NewReno), RFC 2018 and RFC 6675 (selective acknowledgment), RFC 6928 (initial
//! window), RFC 3042 (limited transmit), RFC 5961 (resets in the window) and RFC 7323 §2 (window scale,
//! with one shift for all: [`WINDOW_SHIFT`]). A receiver avoids silly windows and a sender silly segments
//! (RFC 9293 §3.8.6.2).
//!
//! A [`Connection`] knows neither addresses nor ports, draws nothing at random and does no I/O: its
//! host hands it the segments addressed to it and carries away what it leaves in [`Actions`].
//!
//! Not modelled: checksums (a damaged packet is a lost one), urgent data, timestamps, ECN,
//! keep-alives, Nagle's algorithm (every host sets TCP_NODELAY), TCP Fast Open, SYN cookies.

mod config;
mod congestion;
mod connection;
mod event;
mod reassembly;
mod receive;
mod rto;
mod sack;
mod segment;
mod send;
mod send_queue;
mod sequence;
mod state;
#[cfg(test)]
mod tests;
mod time_wait;

pub use config::Config;
pub use connection::Connection;
pub use event::{Actions, CloseReason, Event, Resending, Resent};
pub use sack::SackBlocks;
pub use segment::{Flags, Segment, WINDOW_SHIFT};
pub use state::State;
pub use time_wait::TimeWait;

//! Queries that a machine without I/O has under way, and what its owner does about them.

use std::net::SocketAddr;

use bytes::Bytes;

/// A query, for as long as an answer is awaited; by the count of the machine that made it. Not used
/// again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId(pub u64);

/// What is to be done about a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outgoing {
    /// Send this datagram from the port of the exchange, a fresh random one at its first datagram,
    /// and hand in what arrives there.
    Udp {
        /// The query.
        exchange: ExchangeId,
        /// The server.
        to: SocketAddr,
        /// The message.
        octets: Bytes,
    },
    /// Send this message over a TCP connection of its own, and hand in the messages that come back.
    Tcp {
        /// The query.
        exchange: ExchangeId,
        /// The server.
        to: SocketAddr,
        /// The message, without its length.
        octets: Bytes,
    },
    /// The query is over: its port or connection is no longer needed.
    Release {
        /// The query.
        exchange: ExchangeId,
    },
}

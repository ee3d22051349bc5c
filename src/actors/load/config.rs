//! What generators of load are told: the work that all share, and the part of each host in it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::arrivals::{Curve, Process};
use super::population::{DomainId, Population};
use super::size::Sizes;
use crate::actors::client::config::{ClientTls, Server};
use crate::proto::dns::RecordType;

/// The mail that is written in all.
#[derive(Debug, Clone, PartialEq)]
pub struct MailWork {
    /// Who writes and is written to.
    pub population: Arc<Population>,
    /// How much is written when.
    pub curve: Curve,
    /// How messages follow each other at each host.
    pub process: Process,
    /// How large they are.
    pub sizes: Sizes,
    /// Which share of recipients is in the sender's own domain.
    pub local: f64,
    /// Which share of recipients does not exist.
    pub unknown: f64,
    /// Which share of messages goes to so many.
    pub bulk: Option<(f64, u32)>,
    /// How many connections a host has at most.
    pub connections: usize,
    /// How long an idle connection is kept; zero: each message has one of its own.
    pub kept: Duration,
    /// The password of everybody.
    pub password: Arc<str>,
    /// The login of a host that keeps connections, in its domain.
    pub gateway: Arc<str>,
    /// What the texts of all messages are slices of: lines that end in CRLF.
    pub text: Bytes,
}

/// What a host does of it.
#[derive(Debug, Clone)]
pub struct MailLoadConfig {
    /// The whole.
    pub work: Arc<MailWork>,
    /// The domain whose users write here.
    pub domain: DomainId,
    /// How many messages they write.
    pub messages: u64,
    /// Where among the hosts it is, from 0 to 1, so that not all write in the same moment.
    pub phase: f64,
    /// The submission server.
    pub submit: Server,
    /// Whether it is spoken to through TLS.
    pub tls: ClientTls,
    /// The resolvers it asks, in order.
    pub resolvers: Vec<SocketAddr>,
}

/// The questions that are asked in all.
#[derive(Debug, Clone, PartialEq)]
pub struct DnsWork {
    /// Whose names are asked for.
    pub population: Arc<Population>,
    /// How much is asked when.
    pub curve: Curve,
    /// How questions by time follow each other at each host.
    pub process: Process,
    /// Instead of by time, each question follows the answer to one of so many before it.
    pub in_flight: Option<u32>,
    /// Whether domains are gone through one after the other.
    pub in_turn: bool,
    /// The types that are asked for; at least one.
    pub types: Vec<RecordType>,
    /// Which share of the names does not exist.
    pub unknown: f64,
}

/// What a host does of it.
#[derive(Debug, Clone)]
pub struct DnsLoadConfig {
    /// The whole.
    pub work: Arc<DnsWork>,
    /// How many questions are asked here.
    pub queries: u64,
    /// Where among the hosts it is, from 0 to 1.
    pub phase: f64,
    /// The resolvers it asks, in order.
    pub resolvers: Vec<SocketAddr>,
}

/// A text of so many octets at least, of which the texts of messages are slices.
pub fn text(octets: u64) -> Bytes {
    let octets = usize::try_from(octets).unwrap_or(usize::MAX);
    let lines = octets.div_ceil(LINE.len()) + 1;
    LINE.repeat(lines).into()
}

const LINE: &[u8] = b"The quick brown fox jumps over the lazy dog, and back again it goes.\r\n";

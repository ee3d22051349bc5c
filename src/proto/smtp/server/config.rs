//! How a server session behaves: what it offers, asks for, and bears.

use std::time::Duration;

use crate::proto::sasl::Mechanism;
use crate::proto::smtp::capabilities::{Capabilities, SizeLimit};
use crate::proto::smtp::reply::Reply;

/// The settings of a server. Sessions share them in an `Arc`. Defaults are Postfix's.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// The name in the greeting and in the replies to EHLO and HELO.
    pub hostname: String,
    /// What a new connection is told.
    pub greeting: Greeting,
    /// For whom the server is there.
    pub role: Role,
    /// The largest message in octets, offered as SIZE (RFC 1870). Default 10,240,000.
    pub size_limit_octets: usize,
    /// How many recipients one message may have; further ones get 452. Default 1,000, of which
    /// RFC 5321 §4.5.3.1.8 demands 100.
    pub max_recipients: usize,
    /// The mechanisms of AUTH, offered in this order. None: no AUTH.
    pub mechanisms: Vec<Mechanism>,
    /// Whether there is 530 to everything that RFC 4954 §6 lets be refused before AUTH.
    pub auth_required: bool,
    /// Whether PIPELINING is offered (RFC 2920). Pipelined commands are obeyed in any case.
    pub pipelining: bool,
    /// Whether 8BITMIME is offered (RFC 6152).
    pub eight_bit_mime: bool,
    /// At how many errors since the last accepted message 421 ends the session. Default 20.
    pub max_errors: u32,
    /// How long to wait for a command. Default 300 s, the least of RFC 5321 §4.5.3.2.7.
    pub command_timeout: Duration,
    /// How long to wait for more of a message's text. Default 300 s.
    pub data_timeout: Duration,
}

/// For whom a server is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Takes mail from other servers, on port 25 (RFC 5321).
    Mta,
    /// Takes mail from its own users' clients, on port 587 (RFC 6409).
    Submission,
}

/// What a new connection is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Greeting {
    /// `220 hostname ESMTP`.
    Ready,
    /// Another reply. After 554 only QUIT is obeyed (RFC 5321 §3.1); 421 closes at once.
    Refuse(Reply),
}

impl ServerConfig {
    /// A server for other servers, without AUTH.
    pub fn mta(hostname: impl Into<String>) -> Self {
        ServerConfig {
            hostname: hostname.into(),
            greeting: Greeting::Ready,
            role: Role::Mta,
            size_limit_octets: 10_240_000,
            max_recipients: 1000,
            mechanisms: Vec::new(),
            auth_required: false,
            pipelining: true,
            eight_bit_mime: true,
            max_errors: 20,
            command_timeout: Duration::from_secs(300),
            data_timeout: Duration::from_secs(300),
        }
    }

    /// A submission server, which demands AUTH PLAIN or LOGIN.
    pub fn submission(hostname: impl Into<String>) -> Self {
        ServerConfig {
            role: Role::Submission,
            mechanisms: vec![Mechanism::Plain, Mechanism::Login],
            auth_required: true,
            ..ServerConfig::mta(hostname)
        }
    }

    /// What the reply to EHLO offers.
    pub fn capabilities(&self) -> Capabilities {
        Capabilities {
            pipelining: self.pipelining,
            size: Some(SizeLimit::Octets(self.size_limit_octets as u64)),
            eight_bit_mime: self.eight_bit_mime,
            enhanced_status_codes: true,
            auth: self.mechanisms.clone(),
            ..Capabilities::default()
        }
    }
}

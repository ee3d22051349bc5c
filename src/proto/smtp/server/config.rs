//! How a server session behaves: what it offers, asks for, and bears.

use std::time::Duration;

use super::patience::Patience;
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
    /// Whether STARTTLS is offered, or even demanded (RFC 3207). Default: not offered.
    pub tls: Tls,
    /// The mechanisms of AUTH, offered in this order. None: no AUTH.
    pub mechanisms: Vec<Mechanism>,
    /// Whether there is 530 to everything that RFC 4954 §6 lets be refused before AUTH.
    pub auth_required: bool,
    /// Whether AUTH is offered and taken only on a secured connection, as Postfix's
    /// `smtpd_tls_auth_only`. Default: no.
    pub auth_needs_tls: bool,
    /// Whether PIPELINING is offered (RFC 2920). Pipelined commands are obeyed in any case.
    pub pipelining: bool,
    /// Whether 8BITMIME is offered (RFC 6152).
    pub eight_bit_mime: bool,
    /// Whether DSN is offered (RFC 3461).
    pub dsn: bool,
    /// Whether SMTPUTF8 is offered (RFC 6531).
    pub smtp_utf8: bool,
    /// Whether CHUNKING is offered (RFC 3030).
    pub chunking: bool,
    /// What VRFY and EXPN tell. Default: nothing.
    pub verify: Verify,
    /// What a line feed without a carriage return is. Default: data like every other octet.
    pub bare_newlines: BareNewlines,
    /// How many errors are borne, and how slowly a client is served.
    pub patience: Patience,
    /// How long to wait for a command, or for a TLS handshake. Default 300 s, the least of
    /// RFC 5321 §4.5.3.2.7.
    pub command_timeout: Duration,
    /// How long to wait for more of a message's text. Default 300 s.
    pub data_timeout: Duration,
}

/// For whom a server is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Takes mail from other servers, on port 25 (RFC 5321).
    Mta,
    /// Takes mail from its own users' clients, on port 587 or 465 (RFC 6409, RFC 8314).
    Submission,
    /// Takes mail for mailboxes from an MTA nearby, by LMTP (RFC 2033): it is greeted with LHLO, has
    /// no queue, and answers the end of the text once for each recipient.
    Lmtp,
}

/// What a new connection is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Greeting {
    /// `220 hostname ESMTP`.
    Ready,
    /// Another reply. After 554 only QUIT is obeyed (RFC 5321 §3.1); 421 closes at once.
    Refuse(Reply),
}

/// Whether a server speaks STARTTLS, as Postfix's `smtpd_tls_security_level`.
///
/// A connection that is secured from its beginning needs no STARTTLS in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// `none`: 502.
    Never,
    /// `may`: who wants to.
    Offered,
    /// `encrypt`: before it, 530 to all but EHLO, NOOP, QUIT (RFC 3207 §4).
    Required,
    /// Offered, but nobody can have it now: 454.
    Broken,
}

/// What VRFY and EXPN tell (RFC 5321 §3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verify {
    /// VRFY is answered with 252 to everything, EXPN with 502.
    Vaguely,
    /// Both are questions to the owner.
    Ask,
    /// 502 to both, as Postfix's `disable_vrfy_command`.
    Never,
}

/// What a line feed without a carriage return before it is, where commands or text have one.
///
/// It ends neither a line nor a text in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BareNewlines {
    /// Data.
    Keep,
    /// A reason to refuse the message, or to end the connection, with 550: Postfix's
    /// `smtpd_forbid_bare_newline = reject`.
    Reject,
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
            tls: Tls::Never,
            mechanisms: Vec::new(),
            auth_required: false,
            auth_needs_tls: false,
            pipelining: true,
            eight_bit_mime: true,
            dsn: true,
            smtp_utf8: true,
            chunking: true,
            verify: Verify::Vaguely,
            bare_newlines: BareNewlines::Keep,
            patience: Patience::default(),
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

    /// A server of LMTP.
    pub fn lmtp(hostname: impl Into<String>) -> Self {
        ServerConfig { role: Role::Lmtp, ..ServerConfig::mta(hostname) }
    }

    /// What the reply to EHLO offers on a connection that is not secured, or that is.
    pub fn capabilities(&self, secured: bool) -> Capabilities {
        let auth = secured || !self.auth_needs_tls;
        Capabilities {
            pipelining: self.pipelining,
            size: Some(SizeLimit::Octets(self.size_limit_octets as u64)),
            eight_bit_mime: self.eight_bit_mime,
            enhanced_status_codes: true,
            auth: if auth { self.mechanisms.clone() } else { Vec::new() },
            starttls: !secured && self.tls != Tls::Never,
            chunking: self.chunking,
            dsn: self.dsn,
            smtp_utf8: self.smtp_utf8,
        }
    }
}

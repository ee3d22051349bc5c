//! How a client session behaves.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::Stage;
use crate::proto::sasl::{Credentials, Mechanism};

/// The settings of a client. Sessions share them in an `Arc`.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// The argument of EHLO, HELO and LHLO: the client's name, or its address literal.
    pub helo: String,
    /// What is spoken. Default: SMTP.
    pub protocol: Protocol,
    /// Whether the connection is secured by STARTTLS. Default: never.
    pub tls: TlsPolicy,
    /// For AUTH. None: no AUTH.
    pub credentials: Option<Credentials>,
    /// The mechanisms to use, the best first. Default: SCRAM-SHA-256, CRAM-MD5, PLAIN, LOGIN.
    pub mechanisms: Vec<Mechanism>,
    /// Whether a mechanism that shows the password may be used without TLS. Default: yes.
    pub password_in_clear: bool,
    /// Whether PIPELINING is used where offered. Default: yes.
    pub pipelining: bool,
    /// With how many octets in a BDAT the text is sent where CHUNKING is offered. Default: none,
    /// and DATA is used everywhere, as by Postfix.
    pub chunk_octets: Option<NonZeroUsize>,
    /// Whether transactions end after RCPT: what is wanted is only who exists, as with Postfix's
    /// probes for address verification. Default: no.
    pub probe: bool,
    /// How long to wait for replies.
    pub timeouts: Timeouts,
}

impl ClientConfig {
    /// A client of SMTP called `helo`, without TLS and AUTH.
    pub fn new(helo: impl Into<String>) -> Self {
        ClientConfig {
            helo: helo.into(),
            protocol: Protocol::Smtp,
            tls: TlsPolicy::Never,
            credentials: None,
            mechanisms: vec![
                Mechanism::ScramSha256,
                Mechanism::CramMd5,
                Mechanism::Plain,
                Mechanism::Login,
            ],
            password_in_clear: true,
            pipelining: true,
            chunk_octets: None,
            probe: false,
            timeouts: Timeouts::default(),
        }
    }

    /// A client of LMTP called `helo` (RFC 2033).
    pub fn lmtp(helo: impl Into<String>) -> Self {
        ClientConfig { protocol: Protocol::Lmtp, ..ClientConfig::new(helo) }
    }
}

/// What a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// SMTP: EHLO, or HELO where that is not understood; the end of the data has one reply.
    Smtp,
    /// LMTP: LHLO; the end of the data has a reply for each recipient (RFC 2033 §4.2).
    Lmtp,
}

/// Whether a client uses STARTTLS (RFC 3207), as Postfix's `smtp_tls_security_level` has it.
///
/// A connection that is secured from its beginning needs no STARTTLS in any case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TlsPolicy {
    /// `none`: not even where it is offered.
    #[default]
    Never,
    /// `may`: where it is offered. If the server takes its offer back, in clear.
    May,
    /// `encrypt`: nothing is sent in clear.
    Encrypt,
}

/// How long to wait for each reply (RFC 5321 §4.5.3.2). Defaults are Postfix's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// The greeting: 300 s.
    pub greeting: Duration,
    /// EHLO, HELO, LHLO and AUTH: 300 s.
    pub helo: Duration,
    /// STARTTLS, and then the handshake: 300 s.
    pub starttls: Duration,
    /// MAIL: 300 s.
    pub mail: Duration,
    /// RCPT: 300 s.
    pub rcpt: Duration,
    /// DATA: 120 s.
    pub data: Duration,
    /// BDAT with a part of the text that is not the last: 180 s.
    pub data_block: Duration,
    /// The end of the data: 600 s.
    pub end_of_data: Duration,
    /// RSET: 20 s.
    pub rset: Duration,
    /// QUIT: 300 s.
    pub quit: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Timeouts {
            greeting: Duration::from_secs(300),
            helo: Duration::from_secs(300),
            starttls: Duration::from_secs(300),
            mail: Duration::from_secs(300),
            rcpt: Duration::from_secs(300),
            data: Duration::from_secs(120),
            data_block: Duration::from_secs(180),
            end_of_data: Duration::from_secs(600),
            rset: Duration::from_secs(20),
            quit: Duration::from_secs(300),
        }
    }
}

impl Timeouts {
    /// The time for the reply awaited at `stage`; none while nothing is awaited.
    pub(super) fn at(&self, stage: Stage) -> Option<Duration> {
        match stage {
            Stage::Greeting => Some(self.greeting),
            Stage::Ehlo | Stage::Helo | Stage::Lhlo | Stage::Auth => Some(self.helo),
            Stage::StartTls => Some(self.starttls),
            Stage::Idle => None,
            Stage::Mail => Some(self.mail),
            Stage::Rcpt => Some(self.rcpt),
            Stage::Data => Some(self.data),
            Stage::Bdat => Some(self.data_block),
            Stage::EndOfData => Some(self.end_of_data),
            Stage::Rset => Some(self.rset),
            Stage::Quit => Some(self.quit),
        }
    }
}

//! How a client session behaves, and what it is given to send.

use std::time::Duration;

use bytes::Bytes;

use super::Stage;
use crate::proto::sasl::{Credentials, Mechanism};
use crate::proto::smtp::address::{ForwardPath, ReversePath};

/// The settings of a client. Sessions share them in an `Arc`.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// The argument of EHLO and HELO: the client's name, or its address literal.
    pub helo: String,
    /// For AUTH. None: no AUTH.
    pub credentials: Option<Credentials>,
    /// The mechanisms to use, the best first. Default: PLAIN, LOGIN.
    pub mechanisms: Vec<Mechanism>,
    /// Whether PIPELINING is used where offered. Default: yes.
    pub pipelining: bool,
    /// How long to wait for replies.
    pub timeouts: Timeouts,
}

impl ClientConfig {
    /// A client called `helo`, without AUTH.
    pub fn new(helo: impl Into<String>) -> Self {
        ClientConfig {
            helo: helo.into(),
            credentials: None,
            mechanisms: vec![Mechanism::Plain, Mechanism::Login],
            pipelining: true,
            timeouts: Timeouts::default(),
        }
    }
}

/// How long to wait for each reply (RFC 5321 §4.5.3.2). Defaults are Postfix's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// The greeting: 300 s.
    pub greeting: Duration,
    /// EHLO, HELO and AUTH: 300 s.
    pub helo: Duration,
    /// MAIL: 300 s.
    pub mail: Duration,
    /// RCPT: 300 s.
    pub rcpt: Duration,
    /// DATA: 120 s.
    pub data: Duration,
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
            mail: Duration::from_secs(300),
            rcpt: Duration::from_secs(300),
            data: Duration::from_secs(120),
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
            Stage::Ehlo | Stage::Helo | Stage::Auth => Some(self.helo),
            Stage::Idle => None,
            Stage::Mail => Some(self.mail),
            Stage::Rcpt => Some(self.rcpt),
            Stage::Data => Some(self.data),
            Stage::EndOfData => Some(self.end_of_data),
            Stage::Rset => Some(self.rset),
            Stage::Quit => Some(self.quit),
        }
    }
}

/// One message to send, with its envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// The reverse-path.
    pub from: ReversePath,
    /// The forward-paths. One without any is done at once, and nothing is sent.
    pub recipients: Vec<ForwardPath>,
    /// The text with CRLFs, dots not stuffed.
    pub data: Bytes,
    /// Whether the text has octets beyond ASCII, so that it needs 8BITMIME.
    pub body_8bit: bool,
    /// The parameter AUTH of MAIL, sent where AUTH is offered (RFC 4954 §5).
    pub auth: Option<ReversePath>,
}

impl Transaction {
    /// A message whose text says itself whether it is 8-bit.
    pub fn new(
        from: impl Into<ReversePath>,
        recipients: impl IntoIterator<Item = ForwardPath>,
        data: Bytes,
    ) -> Self {
        Transaction {
            from: from.into(),
            recipients: recipients.into_iter().collect(),
            body_8bit: !data.is_ascii(),
            data,
            auth: None,
        }
    }
}

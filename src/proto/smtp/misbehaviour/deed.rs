//! What a server does that misbehaves.

use std::fmt;
use std::time::Duration;

use crate::proto::misbehaviour::{Pace, Then};
use crate::proto::smtp::capabilities::Capabilities;
use crate::proto::smtp::reply::Reply;

/// What is done at a moment, and what comes after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// What is answered, and whether what was asked is done.
    pub answer: Answer,
    /// What comes after the answer.
    pub then: Then,
    /// How much later the answer comes. Nothing is read meanwhile.
    pub delay: Duration,
    /// How slowly it comes; `None`: in one piece.
    pub pace: Option<Pace>,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// As it should be.
    Usual,
    /// These words. A reply of 4yz or 5yz refuses, and what was asked is not done; 421 and 521 end the
    /// session. One of 2yz or 3yz is other words for the usual reply of that class: where the server
    /// refuses by itself, its own reply stays.
    Reply(Reply),
    /// These words, though what was asked is not done. At the final dot the message is thrown away.
    /// Only to be used where a loss is to be found by those who watch.
    Lie(Reply),
    /// These octets, which need be no reply; what was asked is not done.
    Octets(String),
    /// Nothing; what was asked is not done.
    Nothing,
    /// What was asked is done, and the reply is never said.
    Unsaid,
    /// To EHLO: these extensions are not offered. Who uses them all the same is served.
    Without(Vec<Extension>),
}

/// An extension, as EHLO offers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are those of the EHLO keywords")]
pub enum Extension {
    Pipelining,
    Size,
    EightBitMime,
    EnhancedStatusCodes,
    Auth,
    StartTls,
    Chunking,
    Dsn,
    SmtpUtf8,
}

impl Deed {
    /// This answer, and the session goes on.
    pub fn new(answer: Answer) -> Self {
        Deed { answer, then: Then::GoOn, delay: Duration::ZERO, pace: None }
    }

    /// The same, and this after it.
    #[must_use]
    pub fn then(self, then: Then) -> Self {
        Deed { then, ..self }
    }

    /// Whether what was asked is done as always, if perhaps with other words, late or in secret.
    pub(crate) fn is_done(&self) -> bool {
        match &self.answer {
            Answer::Usual | Answer::Unsaid | Answer::Without(_) => true,
            Answer::Reply(reply) => reply.is_positive() || reply.is_intermediate(),
            Answer::Lie(_) | Answer::Octets(_) | Answer::Nothing => false,
        }
    }
}

impl Extension {
    /// The keyword.
    pub const fn keyword(self) -> &'static str {
        match self {
            Extension::Pipelining => "PIPELINING",
            Extension::Size => "SIZE",
            Extension::EightBitMime => "8BITMIME",
            Extension::EnhancedStatusCodes => "ENHANCEDSTATUSCODES",
            Extension::Auth => "AUTH",
            Extension::StartTls => "STARTTLS",
            Extension::Chunking => "CHUNKING",
            Extension::Dsn => "DSN",
            Extension::SmtpUtf8 => "SMTPUTF8",
        }
    }

    /// Takes it out of an offer.
    pub(crate) fn leave_out(self, offer: &mut Capabilities) {
        match self {
            Extension::Pipelining => offer.pipelining = false,
            Extension::Size => offer.size = None,
            Extension::EightBitMime => offer.eight_bit_mime = false,
            Extension::EnhancedStatusCodes => offer.enhanced_status_codes = false,
            Extension::Auth => offer.auth.clear(),
            Extension::StartTls => offer.starttls = false,
            Extension::Chunking => offer.chunking = false,
            Extension::Dsn => offer.dsn = false,
            Extension::SmtpUtf8 => offer.smtp_utf8 = false,
        }
    }
}

/// `451 4.3.0 Try again`, `the usual reply after 30 s, then closes the connection`.
impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.answer {
            Answer::Usual => f.write_str("the usual reply")?,
            Answer::Reply(reply) => reply.fmt(f)?,
            Answer::Lie(reply) => write!(f, "{reply} (a lie)")?,
            Answer::Octets(octets) => {
                let shown: String = octets.chars().take(SHOWN).collect();
                let more = if shown.len() < octets.len() { "..." } else { "" };
                write!(f, "{shown:?}{more}")?;
            }
            Answer::Nothing => f.write_str("no reply")?,
            Answer::Unsaid => f.write_str("done, but never said")?,
            Answer::Without(extensions) => {
                let keywords: Vec<&str> = extensions.iter().map(|one| one.keyword()).collect();
                write!(f, "no offer of {}", keywords.join(", "))?;
            }
        }
        if !self.delay.is_zero() {
            write!(f, " after {} s", self.delay.as_secs_f64())?;
        }
        if let Some(Pace { octets, every }) = self.pace {
            let noun = if octets == 1 { "octet" } else { "octets" };
            write!(f, ", {octets} {noun} every {} s", every.as_secs_f64())?;
        }
        f.write_str(match self.then {
            Then::GoOn => "",
            Then::Close => ", then the connection is closed",
            Then::Reset => ", then the connection is reset",
            Then::Silence => ", then silence",
        })
    }
}

/// How many characters of octets are told.
const SHOWN: usize = 60;

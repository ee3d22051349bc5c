//! SASL mechanisms (RFC 4422) as SMTP, POP3 and IMAP share them, and as far as mail clients use
//! them: PLAIN, LOGIN, CRAM-MD5 and SCRAM-SHA-256.
//!
//! Both sides are small step machines over raw octets. The base64 around them, the `=` for an
//! empty initial response and the `*` that cancels belong to the protocol that carries them.
//!
//! A server looks up one thing, whichever the mechanism: the [`Secret`] of the account that a client
//! names. The exchange compares, so that no owner needs to know how.
//!
//! ```
//! use mxsim::proto::sasl::{Identity, Mechanism, Secret, ServerExchange, ServerStep};
//!
//! let (mut exchange, step) =
//!     ServerExchange::start(Mechanism::Plain, String::new, Some(b"\0tim\0tanstaaftanstaaf"));
//! let tim = Identity { authcid: "tim".into(), authzid: String::new() };
//! assert_eq!(step, ServerStep::Identify(tim.clone()));
//! let secret = Secret::new("tanstaaftanstaaf");
//! assert_eq!(exchange.judge(Some(&secret)), ServerStep::Accepted(tim));
//! ```
//!
//! Not modelled: SASLprep (RFC 4013): names and passwords compare octet for octet, which for ASCII
//! is the same. Channel binding (`SCRAM-SHA-256-PLUS`), security layers.

mod client;
mod cram_md5;
mod login;
mod plain;
mod scram;
mod secret;
mod server;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub use client::ClientExchange;
pub use secret::{Credentials, Identity, Secret};
pub use server::{ServerExchange, ServerStep};

use crate::engine::{SimTime, Stream};

/// A way to authenticate. `Display` and `FromStr` use the registered name; case does not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mechanism {
    /// `PLAIN`: one message with identity and password (RFC 4616).
    Plain,
    /// `LOGIN`: name and password asked for one by one (draft-murchison-sasl-login).
    Login,
    /// `CRAM-MD5`: a digest over the server's challenge (RFC 2195).
    CramMd5,
    /// `SCRAM-SHA-256`: both sides prove that they know the password (RFC 5802, RFC 7677).
    ScramSha256,
}

impl Mechanism {
    /// All of them.
    pub const ALL: [Mechanism; 4] =
        [Mechanism::Plain, Mechanism::Login, Mechanism::CramMd5, Mechanism::ScramSha256];

    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Mechanism::Plain => "PLAIN",
            Mechanism::Login => "LOGIN",
            Mechanism::CramMd5 => "CRAM-MD5",
            Mechanism::ScramSha256 => "SCRAM-SHA-256",
        }
    }

    /// Whether the password itself crosses the network, so that it wants TLS around it.
    pub const fn shows_password(self) -> bool {
        matches!(self, Mechanism::Plain | Mechanism::Login)
    }

    /// A fresh nonce for an exchange: unique, and hard to foresee for the peer.
    ///
    /// For CRAM-MD5 it has the form of a Message-ID, as RFC 2195 §2 asks: a draw, the time in
    /// seconds, `host_name`. For SCRAM it is 24 characters of base64. The other mechanisms need
    /// none, and draw nothing.
    pub fn nonce(self, stream: &mut Stream, now: SimTime, host_name: &str) -> String {
        match self {
            Mechanism::Plain | Mechanism::Login => String::new(),
            Mechanism::CramMd5 => {
                let draw = stream.next_u64();
                let secs = now.since(SimTime::ZERO).as_secs();
                format!("<{draw}.{secs}@{host_name}>")
            }
            Mechanism::ScramSha256 => {
                let octets: Vec<u8> =
                    (0..3).flat_map(|_| stream.next_u64().to_be_bytes()).take(18).collect();
                encode_base64(&octets)
            }
        }
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The name is of no mechanism known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownMechanism;

impl fmt::Display for UnknownMechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown SASL mechanism")
    }
}

impl std::error::Error for UnknownMechanism {}

impl FromStr for Mechanism {
    type Err = UnknownMechanism;
    fn from_str(name: &str) -> Result<Self, UnknownMechanism> {
        Mechanism::ALL
            .into_iter()
            .find(|mechanism| mechanism.name().eq_ignore_ascii_case(name))
            .ok_or(UnknownMechanism)
    }
}

/// `octets` in base64 with padding (RFC 4648 §4), as SMTP, POP3 and IMAP carry SASL.
pub fn encode_base64(octets: &[u8]) -> String {
    STANDARD.encode(octets)
}

/// The octets of a base64 text. `None` where it is not canonical base64.
pub fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Text without NUL, which would end it early somewhere.
fn utf8(octets: &[u8]) -> Option<&str> {
    std::str::from_utf8(octets).ok().filter(|text| !text.contains('\0'))
}

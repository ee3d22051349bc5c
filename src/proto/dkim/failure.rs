//! Why a signature did not pass, and the result word that this has.
//!
//! Follows RFC 6376 §6.1 (which names the reasons) and RFC 8601 §2.7.1 (which names the results).
//! What RFC 6376 calls PERMFAIL is `permerror`, but for what RFC 8601 has words of its own for:
//! syntax errors are `neutral`, a hash or signature that does not match is `fail`, and what only
//! this receiver will not have is `policy`.

use std::fmt;

use crate::engine::UnixTime;

use super::super::dns::stub::LookupError;
use super::super::mail::AuthResult;
use super::key_record::KeyRecordError;
use super::signature::SignatureError;
use super::tag_list::TagListError;

/// Why a signature did not pass. `Display` gives the reason in the words of RFC 6376.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The field cannot be used (§6.1.1).
    Signature(SignatureError),
    /// `x=` has passed.
    Expired {
        /// What it says.
        at: UnixTime,
    },
    /// `t=` is still to come.
    SignedInTheFuture {
        /// What it says.
        at: UnixTime,
    },
    /// There is an `l=`, and this receiver takes none.
    BodyLengthNotAccepted,
    /// The message has more signatures than this receiver looks at.
    TooManySignatures,
    /// The selector and the domain are too long for a name.
    KeyNameTooLong,
    /// No answer about the key, or none yet (§6.1.2).
    KeyUnavailable(Option<LookupError>),
    /// There is no key record, or none for e-mail.
    NoKey,
    /// The key record cannot be read.
    KeySyntax(Option<KeyRecordError>),
    /// The key is shorter than 1024 bits or longer than this receiver takes.
    KeySize {
        /// How many bits it has.
        bits: usize,
    },
    /// The key must not be used with SHA-256.
    InappropriateHash,
    /// The key has been revoked.
    KeyRevoked,
    /// The key is not of the type that the algorithm needs.
    InappropriateKeyAlgorithm,
    /// The key is for `d=` itself, and `i=` is below it.
    DomainMismatch,
    /// The hash of the body is not `bh=` (§6.1.3).
    BodyHash,
    /// The body is shorter than `l=` says.
    BodyTooShort,
    /// The signature does not match.
    SignatureMismatch,
}

impl Failure {
    /// The result word of RFC 8601 §2.7.1.
    pub fn result(&self) -> AuthResult {
        match self {
            // A duplicate follows the grammar; it is a rule of §3.2 that is broken.
            Failure::Signature(SignatureError::TagList(TagListError::Duplicate { .. })) => {
                AuthResult::PermError
            }
            Failure::Signature(SignatureError::TagList(_) | SignatureError::Syntax { .. }) => {
                AuthResult::Neutral
            }
            Failure::KeyUnavailable(_) => AuthResult::TempError,
            Failure::BodyLengthNotAccepted | Failure::TooManySignatures => AuthResult::Policy,
            Failure::BodyHash | Failure::BodyTooShort | Failure::SignatureMismatch => {
                AuthResult::Fail
            }
            Failure::Signature(_)
            | Failure::Expired { .. }
            | Failure::SignedInTheFuture { .. }
            | Failure::KeyNameTooLong
            | Failure::NoKey
            | Failure::KeySyntax(_)
            | Failure::KeySize { .. }
            | Failure::InappropriateHash
            | Failure::KeyRevoked
            | Failure::InappropriateKeyAlgorithm
            | Failure::DomainMismatch => AuthResult::PermError,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Signature(error) => write!(f, "{error}"),
            Failure::Expired { .. } => f.write_str("signature expired"),
            Failure::SignedInTheFuture { .. } => f.write_str("signed in the future"),
            Failure::BodyLengthNotAccepted => f.write_str("l= not accepted"),
            Failure::TooManySignatures => f.write_str("too many signatures"),
            Failure::KeyNameTooLong => f.write_str("key name too long"),
            Failure::KeyUnavailable(None) => f.write_str("key unavailable"),
            Failure::KeyUnavailable(Some(error)) => write!(f, "key unavailable: {error}"),
            Failure::NoKey => f.write_str("no key for signature"),
            Failure::KeySyntax(None) => f.write_str("key syntax error"),
            Failure::KeySyntax(Some(error)) => write!(f, "key syntax error: {error}"),
            Failure::KeySize { bits } => write!(f, "unacceptable key size: {bits} bits"),
            Failure::InappropriateHash => f.write_str("inappropriate hash algorithm"),
            Failure::KeyRevoked => f.write_str("key revoked"),
            Failure::InappropriateKeyAlgorithm => f.write_str("inappropriate key algorithm"),
            Failure::DomainMismatch => f.write_str("domain mismatch"),
            Failure::BodyHash => f.write_str("body hash did not verify"),
            Failure::BodyTooShort => f.write_str("body shorter than l="),
            Failure::SignatureMismatch => f.write_str("signature did not verify"),
        }
    }
}

impl std::error::Error for Failure {}

impl From<SignatureError> for Failure {
    fn from(error: SignatureError) -> Self {
        Failure::Signature(error)
    }
}

//! Signing algorithms and key types (RFC 6376 §3.3, RFC 8463 §3).

use std::fmt;
use std::str::FromStr;

/// How a signature is made: the value of `a=`.
///
/// `rsa-sha1` is none any more (RFC 8301 §3.1). `Display` and `FromStr` use the registered name;
/// case does not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// `rsa-sha256`: PKCS#1 v1.5 (RFC 6376 §3.3.2).
    RsaSha256,
    /// `ed25519-sha256`: PureEdDSA over the SHA-256 of the message (RFC 8463 §3).
    Ed25519Sha256,
}

impl Algorithm {
    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Algorithm::RsaSha256 => "rsa-sha256",
            Algorithm::Ed25519Sha256 => "ed25519-sha256",
        }
    }

    /// The type of the key that it needs.
    pub const fn key_type(self) -> KeyType {
        match self {
            Algorithm::RsaSha256 => KeyType::Rsa,
            Algorithm::Ed25519Sha256 => KeyType::Ed25519,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The name is of no algorithm or key type known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownAlgorithm;

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;
    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        [Algorithm::RsaSha256, Algorithm::Ed25519Sha256]
            .into_iter()
            .find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
            .ok_or(UnknownAlgorithm)
    }
}

/// The type of a key: the value of `k=` in its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum KeyType {
    /// `rsa`, where the record says nothing.
    #[default]
    Rsa,
    /// `ed25519`.
    Ed25519,
}

impl KeyType {
    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            KeyType::Rsa => "rsa",
            KeyType::Ed25519 => "ed25519",
        }
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for KeyType {
    type Err = UnknownAlgorithm;
    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        [KeyType::Rsa, KeyType::Ed25519]
            .into_iter()
            .find(|key_type| key_type.name().eq_ignore_ascii_case(name))
            .ok_or(UnknownAlgorithm)
    }
}

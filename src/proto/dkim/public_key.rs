//! Public keys, as key records carry them.
//!
//! Follows RFC 6376 §3.6.1 (RSA), RFC 8463 §4.2 (Ed25519) and RFC 8301 §3.2 (sizes).

use std::fmt;

use ed25519_dalek::VerifyingKey;
use rsa::pkcs1::der::Decode;
use rsa::pkcs1::{DecodeRsaPublicKey, RsaPublicKeyRef};
use rsa::pkcs8::EncodePublicKey;
use rsa::pkcs8::spki::SubjectPublicKeyInfoRef;
use sha2::Sha256;

use super::algorithm::KeyType;

/// The shortest RSA key that counts (RFC 8301 §3.2).
pub(super) const MIN_RSA_BITS: usize = 1024;

/// The longest: more costs the verifier time and gives the signer nothing.
pub(super) const MAX_RSA_BITS: usize = 8192;

/// A key that signatures are verified with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// RSA, of 1024 to 8192 bits.
    Rsa(Box<rsa::PublicKey>),
    /// Ed25519.
    Ed25519(VerifyingKey),
}

/// Why octets are no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicKeyError {
    /// They are no key of the type.
    Syntax,
    /// An RSA key below 1024 bits or above 8192.
    Size {
        /// How many it has.
        bits: usize,
    },
}

impl fmt::Display for PublicKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PublicKeyError::Syntax => f.write_str("key syntax error"),
            PublicKeyError::Size { bits } => write!(f, "key of {bits} bits"),
        }
    }
}

impl std::error::Error for PublicKeyError {}

impl PublicKey {
    /// Reads the octets of `p=`.
    ///
    /// An RSA key is a `SubjectPublicKeyInfo`, as everyone publishes it, or an `RSAPublicKey`, as
    /// RFC 6376 §3.6.1 has it. An Ed25519 key is its 32 octets.
    pub fn decode(key_type: KeyType, octets: &[u8]) -> Result<Self, PublicKeyError> {
        match key_type {
            KeyType::Rsa => {
                let info = SubjectPublicKeyInfoRef::try_from(octets);
                let inner = match &info {
                    Ok(info) if info.algorithm.oid == rsa::pkcs1::ALGORITHM_OID => {
                        info.subject_public_key.as_bytes().ok_or(PublicKeyError::Syntax)?
                    }
                    Ok(_) => return Err(PublicKeyError::Syntax),
                    Err(_) => octets,
                };
                let key = RsaPublicKeyRef::from_der(inner).map_err(|_| PublicKeyError::Syntax)?;
                let bits = bit_length(key.modulus.as_bytes());
                if !(MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits) {
                    return Err(PublicKeyError::Size { bits });
                }
                let key = rsa::PublicKey::from_pkcs1_der(inner);
                key.map(|key| PublicKey::Rsa(Box::new(key))).map_err(|_| PublicKeyError::Syntax)
            }
            KeyType::Ed25519 => {
                let octets = octets.try_into().map_err(|_| PublicKeyError::Syntax)?;
                let key = VerifyingKey::from_bytes(octets);
                key.map(PublicKey::Ed25519).map_err(|_| PublicKeyError::Syntax)
            }
        }
    }

    /// The octets for `p=`.
    pub fn to_octets(&self) -> Vec<u8> {
        match self {
            PublicKey::Rsa(key) => {
                key.to_public_key_der().expect("an RSA key can be encoded").into_vec()
            }
            PublicKey::Ed25519(key) => key.to_bytes().to_vec(),
        }
    }

    /// The type of the key.
    pub fn key_type(&self) -> KeyType {
        match self {
            PublicKey::Rsa(_) => KeyType::Rsa,
            PublicKey::Ed25519(_) => KeyType::Ed25519,
        }
    }

    /// Whether `signature` was made with the private half of this key over `hash`, a SHA-256.
    pub fn verifies(&self, hash: &[u8; 32], signature: &[u8]) -> bool {
        match self {
            PublicKey::Rsa(key) => key.pkcs1v15_verify_prehash::<Sha256>(hash, signature).is_ok(),
            PublicKey::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(hash, &signature).is_ok()),
        }
    }
}

/// How many bits a big-endian number has.
fn bit_length(octets: &[u8]) -> usize {
    let zeros = octets.iter().take_while(|&&octet| octet == 0).count();
    let head = octets.get(zeros).map_or(0, |octet| octet.leading_zeros() as usize);
    (octets.len() - zeros) * 8 - head
}

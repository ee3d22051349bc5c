//! Private keys for signing.

use std::fmt;

use ed25519_dalek::Signer as _;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::{DecodePrivateKey, ObjectIdentifier, PrivateKeyInfoRef, SecretDocument};
use rsa::traits::PublicKeyParts;
use sha2::Sha256;

use super::algorithm::Algorithm;
use super::key_record::KeyRecord;
use super::public_key::{MAX_RSA_BITS, MIN_RSA_BITS, PublicKey};

/// A key that signatures are made with. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub enum SigningKey {
    /// RSA.
    Rsa(Box<rsa::PrivateKey>),
    /// Ed25519.
    Ed25519(Box<ed25519_dalek::SigningKey>),
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.algorithm())
    }
}

/// Why text is no private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SigningKeyError {
    /// No PEM.
    NotPem,
    /// A PEM block of something else.
    Label {
        /// What it says it is.
        label: String,
    },
    /// The block is no key, or of a type other than RSA and Ed25519.
    Malformed,
    /// An RSA key below 1024 bits (RFC 8301 §3.2) or above 8192.
    Size {
        /// How many it has.
        bits: usize,
    },
}

impl fmt::Display for SigningKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SigningKeyError::NotPem => {
                f.write_str("no PEM (it starts with \"-----BEGIN PRIVATE KEY-----\")")
            }
            SigningKeyError::Label { label } => write!(
                f,
                "a PEM block {label:?} (\"PRIVATE KEY\" or \"RSA PRIVATE KEY\" is needed)"
            ),
            SigningKeyError::Malformed => f.write_str("no RSA or Ed25519 key in the PEM block"),
            SigningKeyError::Size { bits } => write!(
                f,
                "an RSA key of {bits} bits (from {MIN_RSA_BITS} to {MAX_RSA_BITS} are allowed)"
            ),
        }
    }
}

impl std::error::Error for SigningKeyError {}

impl SigningKey {
    /// An Ed25519 key from its 32 octets of secret (RFC 8032 §5.1.5), whichever they are.
    pub fn ed25519(secret: [u8; 32]) -> Self {
        SigningKey::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(&secret)))
    }

    /// Reads a key in PEM: PKCS#8 of either type, or PKCS#1 for RSA.
    pub fn from_pem(pem: &str) -> Result<Self, SigningKeyError> {
        let (label, document) =
            SecretDocument::from_pem(pem).map_err(|_| SigningKeyError::NotPem)?;
        let der = document.as_bytes();
        match label {
            "RSA PRIVATE KEY" => SigningKey::rsa(rsa::PrivateKey::from_pkcs1_der(der).ok()),
            "PRIVATE KEY" => {
                let info =
                    PrivateKeyInfoRef::try_from(der).map_err(|_| SigningKeyError::Malformed)?;
                if info.algorithm.oid != ED25519 {
                    return SigningKey::rsa(rsa::PrivateKey::from_pkcs8_der(der).ok());
                }
                // An OCTET STRING within the OCTET STRING (RFC 8410 §7).
                match info.private_key.as_bytes() {
                    [0x04, 0x20, secret @ ..] => <[u8; 32]>::try_from(secret)
                        .map(SigningKey::ed25519)
                        .map_err(|_| SigningKeyError::Malformed),
                    _ => Err(SigningKeyError::Malformed),
                }
            }
            label => Err(SigningKeyError::Label { label: label.to_owned() }),
        }
    }

    fn rsa(key: Option<rsa::PrivateKey>) -> Result<Self, SigningKeyError> {
        let key = key.ok_or(SigningKeyError::Malformed)?;
        let bits = key.n().bit_width() as usize;
        if !(MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits) {
            return Err(SigningKeyError::Size { bits });
        }
        Ok(SigningKey::Rsa(Box::new(key)))
    }

    /// The algorithm that the key is for.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            SigningKey::Rsa(_) => Algorithm::RsaSha256,
            SigningKey::Ed25519(_) => Algorithm::Ed25519Sha256,
        }
    }

    /// The public half.
    pub fn public_key(&self) -> PublicKey {
        match self {
            SigningKey::Rsa(key) => PublicKey::Rsa(Box::new(key.to_public_key())),
            SigningKey::Ed25519(key) => PublicKey::Ed25519(key.verifying_key()),
        }
    }

    /// The record that the domain has to publish for this key.
    pub fn key_record(&self) -> KeyRecord {
        KeyRecord::new(&self.public_key())
    }

    /// Signs `hash`, a SHA-256. The same hash gives the same signature.
    pub fn sign(&self, hash: &[u8; 32]) -> Vec<u8> {
        match self {
            SigningKey::Rsa(key) => key
                .pkcs1v15_sign_prehash::<Sha256>(hash)
                .expect("a key of 1024 bits has room for a SHA-256"),
            SigningKey::Ed25519(key) => key.sign(hash).to_bytes().to_vec(),
        }
    }
}

/// `id-Ed25519` (RFC 8410 §3).
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

#[cfg(test)]
mod tests {
    use super::super::test_data::{ED25519_PEM, ED25519_SECRET, RSA_1024_PEM};
    use super::*;

    #[test]
    fn keys_are_read_from_pem() {
        let key = SigningKey::from_pem(ED25519_PEM).unwrap();
        assert_eq!(key.public_key(), SigningKey::ed25519(ED25519_SECRET).public_key());
        // RFC 8463 appendix A.2.
        assert_eq!(
            key.key_record().to_string(),
            "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
        );
        let key = SigningKey::from_pem(RSA_1024_PEM).unwrap();
        assert_eq!(key.algorithm(), Algorithm::RsaSha256);
        assert_eq!(format!("{key:?}"), "SigningKey(rsa-sha256)");
    }

    #[test]
    fn other_text_is_told_apart() {
        let error = |pem: &str| SigningKey::from_pem(pem).unwrap_err();
        assert_eq!(error("hello"), SigningKeyError::NotPem);
        assert_eq!(
            error(&ED25519_PEM.replace("PRIVATE", "PUBLIC")),
            SigningKeyError::Label { label: "PUBLIC KEY".into() }
        );
        assert_eq!(
            error(&ED25519_PEM.replace("PRIVATE", "RSA PRIVATE")),
            SigningKeyError::Malformed
        );
    }
}

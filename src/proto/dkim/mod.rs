//! DKIM: who signed a message, and whether it still is what they signed.
//!
//! Follows RFC 6376 with RFC 8301 (no SHA-1, RSA keys of 1024 bits at least), RFC 8463
//! (Ed25519-SHA256), RFC 8553 (the registry of `_domainkey`) and RFC 8616 (UTF-8 in tag values).
//! [`Signer`] writes a `DKIM-Signature` field; [`Verifier`] reads a message once, hands out DNS
//! questions, takes their answers and gives a result for each signature, in the words of RFC 8601.
//!
//! Everything is deterministic: RSA signatures are PKCS#1 v1.5 without blinding, Ed25519 is
//! deterministic by definition, and time is the `now` handed in.
//!
//! ```
//! use mxsim::engine::UnixTime;
//! use mxsim::proto::dkim::{Signer, SigningKey, Verifier, VerifierConfig};
//! use mxsim::proto::dns::{Record, RecordData, Txt, stub::Answer};
//!
//! let now = UnixTime(1_767_603_600);
//! let message = "From: alice@example.org\r\nSubject: Hello\r\n\r\nHello, Bob.\r\n";
//! let key = SigningKey::ed25519([7; 32]);
//! let signer = Signer::new("example.org".parse()?, "sel".parse()?, key)?;
//! let signed = format!("{}{message}", signer.sign(message.as_bytes(), now));
//!
//! let mut verifier = Verifier::new(signed.as_bytes(), now, &VerifierConfig::default());
//! for question in verifier.questions() {
//!     assert_eq!(question.name.to_string(), "sel._domainkey.example.org.");
//!     let text = RecordData::Txt(Txt::new([signer.key_record().to_string()]));
//!     let records = vec![Record::new(question.name.clone(), 300, text)];
//!     verifier.answer(&question, &Ok(Answer { canonical: question.name.clone(), records }));
//! }
//! let results = verifier.into_results();
//! assert_eq!(results[0].passed_domain(), Some(signer.domain()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Not modelled: ARC (RFC 8617), ADSP, failure reports (RFC 6651), query methods other than
//! `dns/txt`, the translation of U-labels into A-labels.

mod algorithm;
mod body;
mod canonical;
mod failure;
mod fields;
mod key_record;
mod public_key;
mod quoted_printable;
mod signature;
mod signer;
mod signing_key;
mod tag_list;
#[cfg(test)]
mod test_data;
#[cfg(test)]
mod tests;
mod verifier;

pub use algorithm::{Algorithm, KeyType};
pub use body::{BodyCanonicalizer, BodyHasher};
pub use canonical::{Canonicalization, Canonicalizations, canonicalize_field};
pub use failure::Failure;
pub use key_record::{KeyRecord, KeyRecordError};
pub use public_key::{PublicKey, PublicKeyError};
pub use signature::{CopiedField, Identity, Signature, SignatureError};
pub use signer::{OVERSIGNED_HEADERS, SIGNED_HEADERS, Signer, SignerError};
pub use signing_key::{SigningKey, SigningKeyError};
pub use tag_list::{Tag, TagList, TagListError};
pub use verifier::{Hashing, SignatureResult, Verifier, VerifierConfig};

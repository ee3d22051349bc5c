//! The signer: makes the `DKIM-Signature` field of a message.
//!
//! Follows RFC 6376 §5. The same message, key and time give the same octets.

use std::fmt;
use std::time::Duration;

use crate::engine::UnixTime;

use super::super::dns::Name;
use super::super::mail::Message;
use super::body::BodyHasher;
use super::canonical::Canonicalizations;
use super::fields::{FieldIndex, OwnField};
use super::key_record::KeyRecord;
use super::signature::{CopiedField, Identity, Signature, domain, domain_text, key_name};
use super::signing_key::SigningKey;

/// Signs in the name of one domain, with one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    domain: Name,
    selector: Name,
    key_name: Name,
    key: SigningKey,
    canonicalizations: Canonicalizations,
    headers: Vec<String>,
    oversigned: Vec<String>,
    identity: Option<Identity>,
    lifetime: Option<Duration>,
    body_length: bool,
    copied: bool,
}

/// Why there can be no such signer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignerError {
    /// The domain or the selector is the root, or has a character in it that a tag cannot carry.
    BadName {
        /// Which.
        name: Name,
    },
    /// Selector and domain make a name that is too long.
    NoKeyName,
    /// The identity is not in the domain nor below it.
    DomainMismatch {
        /// The domain of the identity.
        identity: Name,
    },
}

impl fmt::Display for SignerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SignerError::BadName { name } => {
                write!(f, "{name} is no name for a domain or selector")
            }
            SignerError::NoKeyName => f.write_str("selector and domain make no name for a key"),
            SignerError::DomainMismatch { identity } => {
                write!(f, "{} is not in the signing domain", identity.without_dot())
            }
        }
    }
}

impl std::error::Error for SignerError {}

impl Signer {
    /// Signs as `domain` with `key`, whose record stands at `selector._domainkey.domain`.
    ///
    /// Relaxed canonicalization of both; [`SIGNED_HEADERS`] are signed as often as they are there,
    /// and [`OVERSIGNED_HEADERS`] once more, so that none can be added; `t=` is written.
    pub fn new(domain: Name, selector: Name, key: SigningKey) -> Result<Self, SignerError> {
        for name in [&domain, &selector] {
            if self::domain(domain_text(name).as_bytes()).is_none() {
                return Err(SignerError::BadName { name: name.clone() });
            }
        }
        let key_name = key_name(&selector, &domain).ok_or(SignerError::NoKeyName)?;
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Ok(Signer {
            domain,
            selector,
            key_name,
            key,
            canonicalizations: Canonicalizations::RELAXED,
            headers: names(SIGNED_HEADERS),
            oversigned: names(OVERSIGNED_HEADERS),
            identity: None,
            lifetime: None,
            body_length: false,
            copied: false,
        })
    }

    /// With these canonicalizations.
    #[must_use]
    pub fn canonicalizations(mut self, canonicalizations: Canonicalizations) -> Self {
        self.canonicalizations = canonicalizations;
        self
    }

    /// With these fields, each as often as the message has it, in this order. `From` is signed
    /// in any case (RFC 6376 §5.4); what can be no field name is left out.
    #[must_use]
    pub fn headers<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.headers = field_names(names);
        if !self.headers.iter().any(|name| name.eq_ignore_ascii_case("from")) {
            self.headers.insert(0, "From".to_owned());
        }
        self
    }

    /// With these fields once more than the message has them (RFC 6376 §5.4.2); what can be no
    /// field name is left out.
    #[must_use]
    pub fn oversigned<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.oversigned = field_names(names);
        self
    }

    /// On behalf of `identity` (`i=`), which must be in the domain or below it.
    pub fn identity(mut self, identity: Identity) -> Result<Self, SignerError> {
        if !identity.domain.is_subdomain_of(&self.domain) {
            return Err(SignerError::DomainMismatch { identity: identity.domain });
        }
        self.identity = Some(identity);
        Ok(self)
    }

    /// With signatures that expire (`x=`) so long after they were made; a second at least.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime.max(Duration::from_secs(1)));
        self
    }

    /// Whether `l=` is written: then a mailing list may add to the body, and so may anyone
    /// (RFC 6376 §8.2).
    #[must_use]
    pub fn body_length(mut self, written: bool) -> Self {
        self.body_length = written;
        self
    }

    /// Whether the signed fields are copied into `z=`.
    #[must_use]
    pub fn copied_fields(mut self, copied: bool) -> Self {
        self.copied = copied;
        self
    }

    /// The domain.
    pub fn domain(&self) -> &Name {
        &self.domain
    }

    /// Where the domain has to publish [`Signer::key_record`] as TXT.
    pub fn key_name(&self) -> &Name {
        &self.key_name
    }

    /// The record that the domain has to publish.
    pub fn key_record(&self) -> KeyRecord {
        self.key.key_record()
    }

    /// The whole `DKIM-Signature` field with its line end, to be put on top of `message`, whose
    /// lines end in CRLF.
    pub fn sign(&self, message: &[u8], now: UnixTime) -> String {
        let message = Message::parse(message);
        let fields = FieldIndex::new(message.header());
        let mut body = BodyHasher::new(self.canonicalizations.body, None);
        body.update(message.body());
        let (body_hash, body_length) = body.finish();
        let expires_at = |lifetime: Duration| {
            let secs = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
            UnixTime(now.0.saturating_add(secs).min(LAST_TIME))
        };
        let mut signature = Signature {
            algorithm: self.key.algorithm(),
            signature: Vec::new(),
            body_hash: body_hash.to_vec(),
            canonicalizations: self.canonicalizations,
            domain: self.domain.clone(),
            headers: self.signed_headers(&fields),
            identity: self.identity.clone(),
            body_length: self.body_length.then_some(body_length),
            selector: self.selector.clone(),
            signed_at: Some(now),
            expires_at: self.lifetime.map(expires_at),
            copied_fields: if self.copied { self.copies(&message) } else { Vec::new() },
        };
        let unsigned = format!("{FIELD_NAME}:{signature}");
        let own = OwnField::unsigned(unsigned.as_bytes(), FIELD_NAME.len());
        let hash = fields.hash(self.canonicalizations.header, &signature.headers, &own);
        signature.signature = self.key.sign(&hash);
        format!("{FIELD_NAME}:{signature}\r\n")
    }

    fn signed_headers(&self, fields: &FieldIndex<'_>) -> Vec<String> {
        let mut names = Vec::new();
        for name in &self.headers {
            let is_from = name.eq_ignore_ascii_case("from");
            let count = fields.count(name).max(usize::from(is_from));
            names.extend(std::iter::repeat_n(name.clone(), count));
        }
        names.extend(self.oversigned.iter().cloned());
        names
    }

    fn copies(&self, message: &Message<'_>) -> Vec<CopiedField> {
        let is_signed = |name: &[u8]| {
            self.headers.iter().any(|signed| signed.as_bytes().eq_ignore_ascii_case(name))
        };
        let fields = message.header().fields().filter(|field| is_signed(field.name()));
        fields
            .map(|field| CopiedField {
                name: String::from_utf8_lossy(field.name()).into_owned(),
                value: field.raw_value().to_vec(),
            })
            .collect()
    }
}

/// Those that are field names (RFC 5322 §3.6.8) and can stand in a tag.
fn field_names<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Vec<String> {
    let belongs = |octet: u8| octet.is_ascii_graphic() && !matches!(octet, b':' | b';');
    let is_name = |name: &String| !name.is_empty() && name.bytes().all(belongs);
    names.into_iter().map(Into::into).filter(is_name).collect()
}

/// The name of the field.
pub(super) const FIELD_NAME: &str = "DKIM-Signature";

/// The fields that are signed where nothing else is said: those of RFC 6376 §5.4.1.
pub const SIGNED_HEADERS: &[&str] = &[
    "From",
    "Reply-To",
    "Subject",
    "Date",
    "To",
    "Cc",
    "Message-ID",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Resent-Date",
    "Resent-From",
    "Resent-To",
    "Resent-Cc",
    "List-Id",
    "List-Help",
    "List-Unsubscribe",
    "List-Subscribe",
    "List-Post",
    "List-Owner",
    "List-Archive",
];

/// Those that are signed once more than they are there: a second one of them could mislead.
pub const OVERSIGNED_HEADERS: &[&str] = &["From", "Subject", "Date", "To"];

/// The last time that twelve digits can tell.
const LAST_TIME: i64 = 999_999_999_999;

//! Key records: the TXT records at `selector._domainkey.domain`.
//!
//! Follows RFC 6376 §3.6.1. The tag `g=` of older texts is ignored, as §3.6.1 has it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::algorithm::KeyType;
use super::public_key::{PublicKey, PublicKeyError};
use super::quoted_printable;
use super::signature::base64;
use super::tag_list::{TagList, TagListError, trim};

/// What a key record says. `Display` writes it as one line of text for a TXT record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyRecord {
    /// `h=`: the hash algorithms that the key may be used with; any where there is no such tag.
    pub hashes: Option<Vec<String>>,
    /// `k=`: the type of the key.
    pub key_type: KeyType,
    /// `n=`: a note for people, decoded.
    pub note: Option<Vec<u8>>,
    /// `p=`: the key. Empty: it has been revoked.
    pub key: Vec<u8>,
    /// `s=`: the services that the key is for; any where there is no such tag.
    pub services: Option<Vec<String>>,
    /// `t=y`: the domain only tries DKIM out.
    pub testing: bool,
    /// `t=s`: the domain of `i=` must be `d=` itself.
    pub strict: bool,
}

/// Why text is no key record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyRecordError {
    /// No tag list.
    TagList(TagListError),
    /// `v=` is not `DKIM1`, or not the first tag: it is a record of something else.
    NotDkim,
    /// A tag's value breaks its grammar.
    Syntax {
        /// The tag.
        tag: &'static str,
    },
    /// `p=` is missing.
    MissingKey,
    /// `k=` is none that is known: such a record is of no use here.
    UnknownKeyType {
        /// What it says.
        key_type: String,
    },
}

impl fmt::Display for KeyRecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyRecordError::TagList(error) => write!(f, "{error}"),
            KeyRecordError::NotDkim => f.write_str("v= is not DKIM1"),
            KeyRecordError::Syntax { tag } => write!(f, "{tag}="),
            KeyRecordError::MissingKey => f.write_str("p= is missing"),
            KeyRecordError::UnknownKeyType { key_type } => write!(f, "unknown key type {key_type}"),
        }
    }
}

impl std::error::Error for KeyRecordError {}

impl KeyRecord {
    /// A record for `key` without any restrictions.
    pub fn new(key: &PublicKey) -> Self {
        KeyRecord { key_type: key.key_type(), key: key.to_octets(), ..KeyRecord::default() }
    }

    /// Reads the joined strings of a TXT record. Unknown tags are ignored.
    pub fn parse(text: &[u8]) -> Result<Self, KeyRecordError> {
        let tags = TagList::parse(text).map_err(KeyRecordError::TagList)?;
        if let Some(at) = tags.tags().iter().position(|tag| tag.name == "v")
            && (at > 0 || tags.tags()[0].value != b"DKIM1")
        {
            return Err(KeyRecordError::NotDkim);
        }
        let key = match tags.value("p") {
            None => return Err(KeyRecordError::MissingKey),
            Some(b"") => Vec::new(),
            Some(value) => base64(value).ok_or(KeyRecordError::Syntax { tag: "p" })?,
        };
        let key_type = match tags.value("k").map(String::from_utf8_lossy) {
            None => KeyType::default(),
            Some(name) => name
                .parse()
                .map_err(|_| KeyRecordError::UnknownKeyType { key_type: name.into_owned() })?,
        };
        let note = match tags.value("n") {
            None => None,
            // Nothing depends on a note: one that cannot be read is none.
            Some(value) => quoted_printable::decode(value),
        };
        let flags = tags.value("t").map(words).unwrap_or_default();
        Ok(KeyRecord {
            hashes: tags.value("h").map(words),
            key_type,
            note,
            key,
            services: tags.value("s").map(words),
            testing: flags.iter().any(|flag| flag.eq_ignore_ascii_case("y")),
            strict: flags.iter().any(|flag| flag.eq_ignore_ascii_case("s")),
        })
    }

    /// Whether the key has been revoked.
    pub fn is_revoked(&self) -> bool {
        self.key.is_empty()
    }

    /// Whether the key may be used with SHA-256.
    pub fn allows_sha256(&self) -> bool {
        let allows = |hashes: &Vec<String>| hashes.iter().any(|h| h.eq_ignore_ascii_case("sha256"));
        self.hashes.as_ref().is_none_or(allows)
    }

    /// Whether the key is for e-mail.
    pub fn is_for_email(&self) -> bool {
        let is_ours = |service: &String| service == "*" || service.eq_ignore_ascii_case("email");
        self.services.as_ref().is_none_or(|services| services.iter().any(is_ours))
    }

    /// The key itself.
    pub fn public_key(&self) -> Result<PublicKey, PublicKeyError> {
        PublicKey::decode(self.key_type, &self.key)
    }
}

/// The words between colons.
fn words(value: &[u8]) -> Vec<String> {
    let words = value.split(|&octet| octet == b':');
    words.map(|word| String::from_utf8_lossy(trim(word)).into_owned()).collect()
}

impl fmt::Display for KeyRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v=DKIM1; k={}", self.key_type)?;
        if let Some(hashes) = &self.hashes {
            write!(f, "; h={}", hashes.join(":"))?;
        }
        if let Some(services) = &self.services {
            write!(f, "; s={}", services.join(":"))?;
        }
        match (self.testing, self.strict) {
            (false, false) => {}
            (true, false) => f.write_str("; t=y")?,
            (false, true) => f.write_str("; t=s")?,
            (true, true) => f.write_str("; t=y:s")?,
        }
        if let Some(note) = &self.note {
            write!(f, "; n={}", quoted_printable::encode(note, b""))?;
        }
        write!(f, "; p={}", BASE64.encode(&self.key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<String, String> {
        let record = KeyRecord::parse(text.as_bytes());
        record.map(|record| record.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn records_read_and_write_the_same() {
        for text in [
            "v=DKIM1; k=rsa; p=YWJj",
            "v=DKIM1; k=ed25519; p=",
            "v=DKIM1; k=rsa; h=sha1:sha256; s=email:*; t=y:s; n=a=20b; p=YWJj",
        ] {
            assert_eq!(read(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn only_the_key_is_required() {
        assert_eq!(read("p=YW Jj").as_deref(), Ok("v=DKIM1; k=rsa; p=YWJj"));
        assert_eq!(
            read("g=x; k = RSA; t= S : other ;p=YWJj;").as_deref(),
            Ok("v=DKIM1; k=rsa; t=s; p=YWJj")
        );
    }

    #[test]
    fn other_records_are_none() {
        assert_eq!(read("v=spf1 -all"), Err("v= is not DKIM1".into()));
        assert_eq!(read("p=YWJj; v=DKIM1"), Err("v= is not DKIM1".into()));
        assert_eq!(read("v=DKIM1; k=rsa"), Err("p= is missing".into()));
        assert_eq!(read("v=DKIM1; k=dsa; p=YWJj"), Err("unknown key type dsa".into()));
        assert_eq!(read("p=YW*"), Err("p=".into()));
        assert_eq!(read("hello"), Err("no tag at octet 0".into()));
        assert_eq!(read("p=; p="), Err("p= twice".into()));
    }

    #[test]
    fn hashes_and_services_restrict_the_key() {
        let record = |text: &str| KeyRecord::parse(text.as_bytes()).unwrap();
        assert!(record("p=").is_revoked());
        assert!(record("p=").allows_sha256() && record("p=").is_for_email());
        assert!(record("p=; h=sha256").allows_sha256());
        assert!(!record("p=; h=sha1").allows_sha256());
        assert!(record("p=; s=*").is_for_email());
        assert!(record("p=; s=tlsrpt:email").is_for_email());
        assert!(!record("p=; s=tlsrpt").is_for_email());
    }

    proptest! {
        #[test]
        fn no_octets_are_too_strange(octets in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = KeyRecord::parse(&octets);
            let record = KeyRecord { key: octets, ..KeyRecord::default() };
            let _ = record.public_key();
            prop_assert_eq!(KeyRecord::parse(record.to_string().as_bytes()), Ok(record));
        }
    }
}

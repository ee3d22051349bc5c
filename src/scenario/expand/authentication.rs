//! What domains publish about mail in their names: SPF, DKIM keys and DMARC as TXT records; and the
//! keys they sign with.
//!
//! The records go into the zone that the name is in, beside what a master file says there, and into
//! the inner view that the domain makes: its own border MTA checks mail in its own name too.

use std::fmt;
use std::sync::{Arc, LazyLock};

use sha2::{Digest, Sha256};

use super::Expander;
use super::names::{dns_name, suffixes};
use crate::proto::dkim::{Algorithm, Canonicalizations, Signer, SigningKey};
use crate::proto::dns::{Name, Record, RecordData, Txt};
use crate::proto::{dmarc, spf};
use crate::scenario::finding::Path;
use crate::scenario::format::authentication::{Dkim, DkimAlgorithm, DkimOptions};

/// A TXT record that a domain's entry asks for.
#[derive(Debug, Clone)]
pub(super) struct Published<'s> {
    path: Path<'s>,
    kind: Kind,
    record: Record,
}

/// What a record is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Spf,
    DkimKey,
    Dmarc,
}

impl Kind {
    /// Whether a text beside it is for the same: then neither counts (RFC 7208 §4.5, RFC 7489
    /// §6.6.3), and which key counts is open (RFC 6376 §3.6.2.2).
    fn is_same(self, text: &[u8]) -> bool {
        match self {
            Kind::Spf => spf::Record::is_record(text),
            Kind::DkimKey => true,
            Kind::Dmarc => dmarc::Record::parse(text) != Err(dmarc::RecordError::NotDmarc),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Spf => "an SPF record",
            Kind::DkimKey => "a TXT record",
            Kind::Dmarc => "a DMARC record",
        })
    }
}

impl<'s> Expander<'s, '_, '_> {
    /// Puts into drafts of zones what their domains publish, and makes the domains' signers.
    pub(super) fn publish_authentication(&mut self) {
        for at in 0..self.domains.len() {
            let (name, draft) = self.domains.get_index(at).expect("it is counted");
            let (name, path, format) = (name.clone(), draft.path.clone(), draft.format);
            let apex = dns_name(&name);
            if let Some(text) = &format.spf {
                let path = path.at("spf");
                if self.is_spf(&path, text) {
                    self.publish(&name, path, Kind::Spf, apex.clone(), text);
                }
            }
            if let Some(text) = &format.dmarc {
                let path = path.at("dmarc");
                if self.is_dmarc(&path, text) {
                    let owner = apex.prepend(b"_dmarc").unwrap_or_else(|_| apex.clone());
                    self.publish(&name, path, Kind::Dmarc, owner, text);
                }
            }
            let default = DkimOptions::default();
            let options = match &format.dkim {
                None | Some(Dkim::Switch(false)) => continue,
                Some(Dkim::Switch(true)) => &default,
                Some(Dkim::Options(options)) => options,
            };
            let path = path.at("dkim");
            for signer in self.signers(&path, &apex, options) {
                let (owner, text) = (signer.key_name().clone(), signer.key_record().to_string());
                self.publish(&name, path.clone(), Kind::DkimKey, owner, &text);
                self.domains[at].signers.push(Arc::new(signer));
            }
        }
    }

    fn publish(&mut self, domain: &str, path: Path<'s>, kind: Kind, owner: Name, text: &str) {
        let home = suffixes(domain).find(|name| self.zones.get(*name).is_some_and(|it| !it.inner));
        let Some(zone) = home.and_then(|home| self.zones.get_mut(home)) else {
            let found = format!("no zone holds the names of \"{domain}\"");
            let remedy = format!("describe one under \"zones\", or give {domain:?} servers");
            return self.report.at(&path, found, remedy);
        };
        // A string has 255 octets at most; readers join them (RFC 7208 §3.3, RFC 6376 §3.6.2.2).
        let data = RecordData::Txt(Txt::new([text]));
        let record = Record::new(owner, zone.ttl_secs, data);
        zone.published.push(Published { path, kind, record });
    }

    /// Adds to the records of a zone what domains publish there.
    pub(super) fn add_published(&mut self, at: usize, records: &mut Vec<Record>) {
        let inner = self.zones[at].inner;
        for Published { path, kind, record } in std::mem::take(&mut self.zones[at].published) {
            let is_same = |other: &Record| match &other.data {
                RecordData::Txt(text) => other.name == record.name && kind.is_same(&text.joined()),
                _ => false,
            };
            if records.iter().any(is_same) && !inner {
                let found = format!("{} has {kind} already", record.name.without_dot());
                let remedy = "take out one of the two".to_owned();
                self.report.at(&path, found, remedy);
            }
            records.push(record);
        }
    }

    fn is_spf(&mut self, path: &Path<'_>, text: &str) -> bool {
        let wrong = if spf::Record::is_record(text.as_bytes()) {
            spf::Record::parse(text.as_bytes()).err().map(|error| error.to_string())
        } else {
            Some("it does not start with \"v=spf1\"".to_owned())
        };
        let Some(wrong) = wrong else { return true };
        let remedy = "as \"v=spf1 mx -all\" (RFC 7208)".to_owned();
        self.report.at(path, format!("no SPF record: {wrong}"), remedy);
        false
    }

    fn is_dmarc(&mut self, path: &Path<'_>, text: &str) -> bool {
        let wrong = match dmarc::Record::parse(text.as_bytes()) {
            Ok(_) if text.is_ascii() => return true,
            Ok(_) => "it has other characters than US-ASCII".to_owned(),
            Err(error) => error.to_string(),
        };
        let remedy = "as \"v=DMARC1; p=reject\" (RFC 7489 §6.3)".to_owned();
        self.report.at(path, format!("no DMARC record: {wrong}"), remedy);
        false
    }

    fn signers(&mut self, path: &Path<'_>, domain: &Name, options: &DkimOptions) -> Vec<Signer> {
        let selector = options.selector.as_deref().unwrap_or(DEFAULT_SELECTOR);
        let own = match &options.key {
            Some(file) => match self.key(&path.at("key"), file) {
                Some(key) => Some(key),
                None => return Vec::new(),
            },
            None => None,
        };
        let keys: Vec<(String, SigningKey)> = match (own, options.algorithm) {
            (Some(key), algorithm) => {
                let wanted = match algorithm {
                    None => key.algorithm(),
                    Some(DkimAlgorithm::Rsa) => Algorithm::RsaSha256,
                    Some(DkimAlgorithm::Ed25519) => Algorithm::Ed25519Sha256,
                    Some(DkimAlgorithm::Both) => {
                        let remedy = "choose an algorithm, or leave out the key".to_owned();
                        self.report.at(&path.at("key"), "one key for two algorithms", remedy);
                        return Vec::new();
                    }
                };
                if wanted != key.algorithm() {
                    let found = format!("a key for {}", key.algorithm());
                    let remedy = format!("the algorithm is {wanted}");
                    self.report.at(&path.at("key"), found, remedy);
                }
                vec![(selector.to_owned(), key)]
            }
            (None, None | Some(DkimAlgorithm::Rsa)) => {
                vec![(selector.to_owned(), RSA_TEST_KEY.clone())]
            }
            (None, Some(DkimAlgorithm::Ed25519)) => {
                vec![(selector.to_owned(), ed25519_test_key(domain, selector))]
            }
            (None, Some(DkimAlgorithm::Both)) => {
                let [rsa, ed25519] = ["rsa", "ed25519"].map(|end| format!("{selector}-{end}"));
                let key = ed25519_test_key(domain, &ed25519);
                vec![(rsa, RSA_TEST_KEY.clone()), (ed25519, key)]
            }
        };
        let canonicalizations = self.canonicalizations(path, options);
        self.check_field_names(path, options);
        let signers = keys.into_iter().filter_map(|(selector, key)| {
            let signer = selector
                .parse()
                .map_err(|_| ())
                .and_then(|selector| Signer::new(domain.clone(), selector, key).map_err(|_| ()));
            let Ok(mut signer) = signer else {
                let found = format!("{selector:?} is no selector");
                let remedy =
                    "labels of letters, digits and \"-\" with dots between them".to_owned();
                self.report.at(&path.at("selector"), found, remedy);
                return None;
            };
            signer = signer.canonicalizations(canonicalizations);
            if let Some(headers) = &options.headers {
                signer = signer.headers(headers.iter().cloned());
            }
            if let Some(lifetime) = options.lifetime {
                signer = signer.lifetime(lifetime.0);
            }
            Some(signer)
        });
        signers.collect()
    }

    fn key(&mut self, path: &Path<'_>, file: &str) -> Option<SigningKey> {
        let octets = self.read_file(path, file)?;
        match SigningKey::from_pem(&String::from_utf8_lossy(&octets)) {
            Ok(key) => Some(key),
            Err(error) => {
                let remedy = "as \"openssl genpkey -algorithm ed25519\" writes one".to_owned();
                self.report.at(path, format!("{file:?} is no private key: {error}"), remedy);
                None
            }
        }
    }

    fn canonicalizations(&mut self, path: &Path<'_>, options: &DkimOptions) -> Canonicalizations {
        let Some(text) = &options.canonicalization else { return Canonicalizations::RELAXED };
        text.parse().unwrap_or_else(|_| {
            let found = format!("{text:?} is no canonicalization");
            let remedy = "\"simple\" or \"relaxed\" for header and body, as \"relaxed/simple\"";
            self.report.at(&path.at("canonicalization"), found, remedy.to_owned());
            Canonicalizations::RELAXED
        })
    }

    fn check_field_names(&mut self, path: &Path<'_>, options: &DkimOptions) {
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|it| it.is_ascii_graphic() && !b":;".contains(&it))
        };
        for (index, name) in options.headers.iter().flatten().enumerate() {
            if !is_name(name) {
                let found = format!("{name:?} is no name of a header field");
                self.report.at(&path.at("headers").at(index), found, "as \"Subject\"".to_owned());
            }
        }
    }
}

/// The key of those who bring none: it is in every copy of this program, and so no secret.
static RSA_TEST_KEY: LazyLock<SigningKey> = LazyLock::new(|| {
    SigningKey::from_pem(include_str!("test_key.pem")).expect("the test key is a key")
});

/// A key that anybody can make who knows domain and selector: for tests too.
fn ed25519_test_key(domain: &Name, selector: &str) -> SigningKey {
    let text = format!("mxsim test key {selector} {}", domain.without_dot());
    SigningKey::ed25519(Sha256::digest(text).into())
}

const DEFAULT_SELECTOR: &str = "mail";

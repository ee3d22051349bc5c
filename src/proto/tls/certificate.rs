//! Certificates: made from the seed, valid in simulated time.
//!
//! Follows RFC 5280, with Ed25519 keys (RFC 8410). An [`Authority`] signs for servers; who trusts it
//! trusts them.
//!
//! Not modelled: intermediate authorities, revocation, certificate transparency.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ed25519_dalek::SigningKey;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{self, Builder, CertificateBuilder};
use x509_cert::der::asn1::{Ia5String, OctetString};
use x509_cert::der::{DateTime, Decode, Encode};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages,
    SubjectAltName, SubjectKeyIdentifier,
};
use x509_cert::ext::{Extension, ToExtension};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{SubjectPublicKeyInfo, SubjectPublicKeyInfoRef};
use x509_cert::time::{Time, Validity};
use x509_cert::{TbsCertificate, spki};

use crate::engine::{Stream, UnixTime};

/// Who signs certificates: a key, and the certificate that others trust.
#[derive(Clone)]
pub struct Authority {
    key: Arc<SigningKey>,
    name: String,
    der: Vec<u8>,
}

/// What a certificate is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The host names and IP addresses that it is for; the first is its common name too.
    pub names: Vec<String>,
    /// Not valid before, in whole seconds.
    pub not_before: UnixTime,
    /// Not valid after, in whole seconds.
    pub not_after: UnixTime,
}

/// Who signs a certificate.
#[derive(Debug, Clone, Copy)]
pub enum Issuer<'a> {
    /// An authority.
    Authority(&'a Authority),
    /// Its own key, as on a host that nobody has set up further.
    Itself,
}

/// What a server shows and proves: its certificate with the key to it. `Debug` hides the key.
#[derive(Clone)]
pub struct Identity {
    pub(super) key: Arc<SigningKey>,
    pub(super) der: Vec<u8>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({} octets)", self.der.len())
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authority({})", self.name)
    }
}

/// Why there is no such certificate.
#[derive(Debug)]
pub struct CertificateError(builder::Error);

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no certificate can say that: {}", self.0)
    }
}

impl std::error::Error for CertificateError {}

impl Authority {
    /// An authority of that common name, trusted within these dates. Draws 6 times.
    ///
    /// # Errors
    /// When the name or the dates fit no certificate.
    pub fn new(
        name: &str,
        not_before: UnixTime,
        not_after: UnixTime,
        draws: &mut Stream,
    ) -> Result<Self, CertificateError> {
        let key = draw_key(draws);
        let profile = Profile { issuer: None, subject: common_name(name)?, names: Vec::new() };
        let der = sign(profile, (not_before, not_after), &key, &key, draws)?;
        Ok(Authority { key: Arc::new(key), name: name.to_owned(), der })
    }

    /// The certificate that is trusted, in DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }
}

impl Identity {
    /// A new key and a certificate for it. Draws 6 times.
    ///
    /// # Errors
    /// When a name or a date fits no certificate.
    pub fn new(
        certificate: &Certificate,
        issuer: Issuer<'_>,
        draws: &mut Stream,
    ) -> Result<Self, CertificateError> {
        let key = draw_key(draws);
        let subject = common_name(certificate.names.first().map_or("localhost", String::as_str))?;
        let names = certificate.names.iter().map(|name| general_name(name));
        let names = names.collect::<Result<_, _>>().map_err(builder::Error::Asn1)?;
        let (issuer, signer) = match issuer {
            Issuer::Itself => (None, &key),
            Issuer::Authority(authority) => (Some(common_name(&authority.name)?), &*authority.key),
        };
        let issuer = Some(issuer.unwrap_or_else(|| subject.clone()));
        let profile = Profile { issuer, subject, names };
        let dates = (certificate.not_before, certificate.not_after);
        let der = sign(profile, dates, &key, signer, draws)?;
        Ok(Identity { key: Arc::new(key), der })
    }

    /// The certificate in DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }
}

impl From<builder::Error> for CertificateError {
    fn from(error: builder::Error) -> Self {
        CertificateError(error)
    }
}

/// What a certificate says beside its key and its dates.
struct Profile {
    /// `None`: it is that of an authority, who signs it itself.
    issuer: Option<Name>,
    subject: Name,
    names: Vec<GeneralName>,
}

impl BuilderProfile for Profile {
    fn get_issuer(&self, subject: &Name) -> Name {
        self.issuer.as_ref().unwrap_or(subject).clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        key: SubjectPublicKeyInfoRef<'_>,
        issuer_key: SubjectPublicKeyInfoRef<'_>,
        tbs: &TbsCertificate,
    ) -> builder::Result<Vec<Extension>> {
        let is_authority = self.issuer.is_none();
        let mut extensions = Vec::new();
        let usage = match is_authority {
            true => KeyUsages::KeyCertSign | KeyUsages::CRLSign,
            false => KeyUsages::DigitalSignature.into(),
        };
        let constraints = BasicConstraints { ca: is_authority, path_len_constraint: None };
        add(&mut extensions, tbs, &constraints)?;
        add(&mut extensions, tbs, &KeyUsage(usage))?;
        add(&mut extensions, tbs, &SubjectKeyIdentifier::try_from(key)?)?;
        if !is_authority {
            add(&mut extensions, tbs, &AuthorityKeyIdentifier::try_from(issuer_key)?)?;
            add(&mut extensions, tbs, &ExtendedKeyUsage(vec![SERVER_AUTH]))?;
            add(&mut extensions, tbs, &SubjectAltName(self.names.clone()))?;
        }
        Ok(extensions)
    }
}

fn add<'e, E>(
    extensions: &mut Vec<Extension>,
    tbs: &TbsCertificate,
    extension: &'e E,
) -> builder::Result<()>
where
    &'e E: ToExtension<Error = x509_cert::der::Error>,
{
    let extension = extension.to_extension(tbs.subject(), extensions)?;
    extensions.push(extension);
    Ok(())
}

fn sign(
    profile: Profile,
    (not_before, not_after): (UnixTime, UnixTime),
    key: &SigningKey,
    signer: &SigningKey,
    draws: &mut Stream,
) -> Result<Vec<u8>, CertificateError> {
    let validity = Validity::new(time(not_before), time(not_after));
    let key = SubjectPublicKeyInfo::from_key(&key.verifying_key()).map_err(builder::Error::from)?;
    // Positive and not zero (RFC 5280 §4.1.2.2).
    let mut serial = [0; 16];
    serial[..8].copy_from_slice(&draws.next_u64().to_be_bytes());
    serial[8..].copy_from_slice(&draws.next_u64().to_be_bytes());
    serial[0] = serial[0] & 0x3f | 0x40;
    let serial = SerialNumber::new(&serial).map_err(builder::Error::Asn1)?;
    let builder = CertificateBuilder::new(profile, serial, validity, key)?;
    let certificate = builder.build::<_, ed25519_dalek::Signature>(signer)?;
    Ok(certificate.to_der().map_err(builder::Error::Asn1)?)
}

fn draw_key(draws: &mut Stream) -> SigningKey {
    let mut secret = [0; 32];
    for chunk in secret.chunks_exact_mut(8) {
        chunk.copy_from_slice(&draws.next_u64().to_le_bytes());
    }
    SigningKey::from_bytes(&secret)
}

/// The date in a certificate, which can be from 1970 to 9999: what is before or after is the limit.
fn time(date: UnixTime) -> Time {
    let since = Duration::from_secs(u64::try_from(date.0).unwrap_or(0));
    DateTime::from_unix_duration(since).map_or(Time::INFINITY, Time::from)
}

fn common_name(name: &str) -> Result<Name, builder::Error> {
    // RFC 4514: what has a meaning there is escaped.
    let mut text = String::from("CN=");
    for letter in name.chars() {
        if matches!(letter, ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=' | '#') {
            text.push('\\');
        }
        text.push(letter);
    }
    text.parse().map_err(builder::Error::Asn1)
}

fn general_name(name: &str) -> Result<GeneralName, x509_cert::der::Error> {
    match name.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => OctetString::new(address.octets()).map(GeneralName::IpAddress),
        Ok(IpAddr::V6(address)) => OctetString::new(address.octets()).map(GeneralName::IpAddress),
        Err(_) => Ia5String::new(name).map(GeneralName::DnsName),
    }
}

/// What a certificate says to who reads it: names, issuer, dates. `None` when it is none.
pub(super) fn read(der: &[u8]) -> Option<(Vec<String>, String, UnixTime, UnixTime)> {
    let certificate = x509_cert::Certificate::from_der(der).ok()?;
    let tbs = certificate.tbs_certificate();
    let names = match tbs.get_extension::<SubjectAltName>() {
        Ok(Some((_, SubjectAltName(names)))) => names.iter().filter_map(name_text).collect(),
        _ => Vec::new(),
    };
    let issuer = match tbs.issuer().common_name() {
        Ok(Some(name)) => name.value().into_owned(),
        _ => tbs.issuer().to_string(),
    };
    let date =
        |time: Time| UnixTime(i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX));
    let validity = tbs.validity();
    Some((names, issuer, date(validity.not_before), date(validity.not_after)))
}

fn name_text(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        GeneralName::IpAddress(address) => match address.as_bytes() {
            octets if octets.len() == 4 => {
                <[u8; 4]>::try_from(octets).ok().map(|octets| IpAddr::from(octets).to_string())
            }
            octets => {
                <[u8; 16]>::try_from(octets).ok().map(|octets| IpAddr::from(octets).to_string())
            }
        },
        _ => None,
    }
}

/// `id-kp-serverAuth` (RFC 5280 §4.2.1.12).
const SERVER_AUTH: spki::ObjectIdentifier = spki::ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");

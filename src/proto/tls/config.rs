//! What the ends of TLS are configured with.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::NoServerSessionStorage;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, ServerConfig,
    SignatureScheme, SupportedProtocolVersion,
};

use super::certificate::{self, Authority, Identity};
use super::event::{CertificateVerdict, PeerCertificate, Version};
use super::provider::{Clock, Ed25519Key, PROVIDER, Secrets, pki_time};
use crate::engine::UnixTime;

/// What a server is configured with. Cheap to clone.
#[derive(Clone)]
pub struct TlsServer {
    pub(super) config: Arc<ServerConfig>,
}

/// What a client is configured with. Cheap to clone.
#[derive(Clone)]
pub struct TlsClient {
    pub(super) config: Arc<ClientConfig>,
    pub(super) verifier: Option<Arc<WebPkiServerVerifier>>,
}

impl fmt::Debug for TlsServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsServer")
    }
}

impl fmt::Debug for TlsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsClient")
    }
}

impl TlsServer {
    /// A server that shows this certificate, and speaks TLS up to this version.
    pub fn new(identity: &Identity, up_to: Version) -> Self {
        let chain = vec![CertificateDer::from(identity.der.clone())];
        let key = CertifiedKey::new(chain, Arc::new(Ed25519Key(Arc::clone(&identity.key))));
        let builder = ServerConfig::builder_with_details(Arc::clone(&PROVIDER), Arc::new(Clock))
            .with_protocol_versions(versions(up_to))
            .expect("the provider has suites for each version");
        let mut config =
            builder.with_no_client_auth().with_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config.key_log = Arc::new(Secrets);
        TlsServer { config: Arc::new(config) }
    }
}

impl TlsClient {
    /// A client that breaks off where a certificate is not verified, as mail programs do.
    pub fn strict(trusted: &[Authority], up_to: Version) -> Self {
        Self::new(trusted, up_to, true)
    }

    /// A client that goes on with any certificate, and tells its owner what it thinks of it: as
    /// Postfix does, which may break off afterwards. It does not say whom it wants to reach (SNI).
    pub fn lenient(trusted: &[Authority], up_to: Version) -> Self {
        Self::new(trusted, up_to, false)
    }

    fn new(trusted: &[Authority], up_to: Version, strict: bool) -> Self {
        let mut roots = RootCertStore::empty();
        for authority in trusted {
            let added = roots.add(CertificateDer::from(authority.der().to_vec()));
            added.expect("the certificate of an authority is one");
        }
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&PROVIDER));
        // There is none where nobody is trusted.
        let verifier = verifier.build().ok();
        let check = Check { verifier: verifier.clone(), strict };
        let mut config = ClientConfig::builder_with_details(Arc::clone(&PROVIDER), Arc::new(Clock))
            .with_protocol_versions(versions(up_to))
            .expect("the provider has suites for each version")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(check))
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        config.enable_sni = strict;
        config.key_log = Arc::new(Secrets);
        TlsClient { config: Arc::new(config), verifier }
    }

    /// What this client thinks of the certificates that a server showed.
    pub(super) fn judge(
        &self,
        shown: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        date: UnixTime,
    ) -> Option<PeerCertificate> {
        let (own, others) = shown.split_first()?;
        let verdict = match &self.verifier {
            None => CertificateVerdict::Untrusted,
            Some(verifier) => {
                match verifier.verify_server_cert(own, others, name, &[], pki_time(date)) {
                    Ok(_) => CertificateVerdict::Verified,
                    Err(error) => verdict(&error),
                }
            }
        };
        let nothing = || (Vec::new(), String::new(), UnixTime(0), UnixTime(0));
        let (names, issuer, not_before, not_after) = certificate::read(own).unwrap_or_else(nothing);
        Some(PeerCertificate { names, issuer, not_before, not_after, verdict })
    }
}

/// The newest first.
static VERSIONS: [&SupportedProtocolVersion; 2] =
    [&rustls::version::TLS13, &rustls::version::TLS12];

fn versions(up_to: Version) -> &'static [&'static SupportedProtocolVersion] {
    match up_to {
        Version::Tls12 => &VERSIONS[1..],
        Version::Tls13 => &VERSIONS,
    }
}

/// What an error of verification says of the certificate.
pub(super) fn verdict(error: &Error) -> CertificateVerdict {
    let Error::InvalidCertificate(error) = error else {
        return CertificateVerdict::Bad(error.to_string());
    };
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            CertificateVerdict::Expired
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            CertificateVerdict::NotYetValid
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CertificateVerdict::WrongName
        }
        CertificateError::UnknownIssuer => CertificateVerdict::Untrusted,
        other => CertificateVerdict::Bad(other.to_string()),
    }
}

/// The part of a client that looks at certificates while the handshake goes on.
#[derive(Debug)]
struct Check {
    verifier: Option<Arc<WebPkiServerVerifier>>,
    strict: bool,
}

impl ServerCertVerifier for Check {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: rustls::pki_types::UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if !self.strict {
            return Ok(ServerCertVerified::assertion());
        }
        let verifier = self.verifier.as_ref().ok_or(CertificateError::UnknownIssuer)?;
        verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &PROVIDER.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &PROVIDER.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        PROVIDER.signature_verification_algorithms.supported_schemes()
    }
}

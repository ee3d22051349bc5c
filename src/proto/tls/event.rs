//! What a TLS session tells its owner.

use std::fmt;

use bytes::Bytes;

use crate::engine::UnixTime;

/// News of a TLS session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsEvent {
    /// Both ends are agreed; what is sent from now on is encrypted.
    HandshakeDone(Box<Handshake>),
    /// What the peer said, in clear.
    Plaintext(Bytes),
    /// The peer will send no more: it said so (`close_notify`), or the connection ended.
    Closed,
    /// TLS came to nothing, or was broken off. Nothing follows.
    Failed(TlsFailure),
    /// A secret with which a capture can be read. It comes before what it protects.
    Secret(Box<Secret>),
}

/// What two ends have agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake {
    /// The version.
    pub version: Version,
    /// The cipher suite by its name in OpenSSL, which is what logs show.
    pub cipher: &'static str,
    /// The length of the cipher's key, in bits.
    pub cipher_bits: u16,
    /// What the server showed; at the server itself `None`, since clients show nothing.
    pub certificate: Option<PeerCertificate>,
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// RFC 5246.
    Tls12,
    /// RFC 8446.
    Tls13,
}

/// `TLSv1.3`
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Version::Tls12 => "TLSv1.2",
            Version::Tls13 => "TLSv1.3",
        })
    }
}

/// A server's certificate, as its client read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerCertificate {
    /// The names and addresses that it is for (`subjectAltName`).
    pub names: Vec<String>,
    /// The common name of who signed it.
    pub issuer: String,
    /// Not valid before.
    pub not_before: UnixTime,
    /// Not valid after.
    pub not_after: UnixTime,
    /// What the client thinks of it.
    pub verdict: CertificateVerdict,
}

/// What a client thinks of a certificate (RFC 5280 §6, RFC 6125).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateVerdict {
    /// A trusted authority signed it, for this name and this time.
    Verified,
    /// It is trusted, and for another name.
    WrongName,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYetValid,
    /// No trusted authority signed it: it is signed by itself, or by somebody unknown.
    Untrusted,
    /// Something else is wrong with it.
    Bad(String),
}

impl CertificateVerdict {
    /// Whether it is of a trusted authority and in its time, whatever name it is for.
    pub fn is_trusted(&self) -> bool {
        matches!(self, CertificateVerdict::Verified | CertificateVerdict::WrongName)
    }
}

/// `verified`, `not verified: expired`
impl fmt::Display for CertificateVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = match self {
            CertificateVerdict::Verified => return f.write_str("verified"),
            CertificateVerdict::WrongName => "is for another name",
            CertificateVerdict::Expired => "expired",
            CertificateVerdict::NotYetValid => "not valid yet",
            CertificateVerdict::Untrusted => "signed by nobody who is trusted",
            CertificateVerdict::Bad(reason) => reason,
        };
        write!(f, "not verified: {reason}")
    }
}

/// Why TLS came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsFailure {
    /// The peer gave up and said why, by the alert's name in RFC 8446 §6.
    Alert(String),
    /// The client did not like the server's certificate and said so with an alert.
    Certificate(CertificateVerdict),
    /// The peer sent what is no TLS, or what TLS does not allow. It was told so with an alert.
    Peer(String),
    /// The connection ended before the handshake did.
    Lost,
    /// The handshake took too long.
    TimedOut,
}

impl fmt::Display for TlsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TlsFailure::Alert(alert) => write!(f, "the peer sent the alert {alert}"),
            TlsFailure::Certificate(verdict) => write!(f, "the certificate is {verdict}"),
            TlsFailure::Peer(reason) => f.write_str(reason),
            TlsFailure::Lost => f.write_str("the connection was lost"),
            TlsFailure::TimedOut => f.write_str("the handshake took too long"),
        }
    }
}

/// A secret of a connection.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// What it protects: `CLIENT_RANDOM` (TLS 1.2), `SERVER_TRAFFIC_SECRET_0`.
    pub label: String,
    /// By which a capture's reader finds the connection.
    pub client_random: [u8; 32],
    /// The secret itself, 32 or 48 octets.
    pub secret: Bytes,
}

/// A line of an `SSLKEYLOGFILE` (RFC 9850), without its end.
impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.label, Hex(&self.client_random), Hex(&self.secret))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} {})", self.label, Hex(&self.client_random))
    }
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

/// The name of an alert as RFC 8446 §6 writes it, from the name of a Rust variant:
/// `CertificateExpired` is `certificate_expired`.
#[cfg(feature = "tls")]
pub(super) fn alert_name(variant: &str) -> String {
    let mut name = String::with_capacity(variant.len() + 4);
    for (place, letter) in variant.char_indices() {
        // CA is one word: UnknownCA is unknown_ca.
        let after_capital = variant[..place].ends_with(|before: char| before.is_ascii_uppercase());
        if letter.is_ascii_uppercase() && place > 0 && !after_capital {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[cfg(all(test, feature = "tls"))]
mod tests {
    use super::*;

    #[test]
    fn alerts_have_the_names_of_the_rfc() {
        assert_eq!(alert_name("CertificateExpired"), "certificate_expired");
        assert_eq!(alert_name("UnknownCA"), "unknown_ca");
        assert_eq!(alert_name("HandshakeFailure"), "handshake_failure");
    }

    #[test]
    fn a_secret_is_a_line_of_a_key_log() {
        let secret = Secret {
            label: "CLIENT_RANDOM".into(),
            client_random: [0xab; 32],
            secret: Bytes::from_static(&[1, 2]),
        };
        assert_eq!(secret.to_string(), format!("CLIENT_RANDOM {} 0102", "ab".repeat(32)));
    }
}

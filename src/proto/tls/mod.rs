//! TLS: what stands between a connection and a protocol session that wants to be alone with its peer.
//!
//! Follows RFC 8446 (TLS 1.3) and RFC 5246 (TLS 1.2) as rustls does, with certificates of RFC 5280
//! and Ed25519 (RFC 8410). [`TlsSession`] has the shape of every session: octets of the connection
//! and time go in; octets for the connection, plaintext and news come out. It draws from the random
//! stream that it was made with and from nothing else, and its dates are simulated, so that the same
//! seed gives the same octets.
//!
//! Without the cargo feature `tls` the types are here and have no values: nobody can make a
//! [`TlsServer`] or a [`TlsClient`], and who holds an `Option` of one holds `None`.
//!
//! Not modelled: certificates of clients, resumption and early data, revocation, DANE (RFC 7672),
//! intermediate authorities, groups other than X25519.

#[cfg(feature = "tls")]
mod certificate;
#[cfg(feature = "tls")]
mod config;
mod event;
#[cfg(feature = "tls")]
mod provider;
#[cfg(feature = "tls")]
mod session;
#[cfg(all(test, feature = "tls"))]
mod tests;

#[cfg(not(feature = "tls"))]
mod absent;

#[cfg(not(feature = "tls"))]
pub use absent::{TlsClient, TlsServer, TlsSession};
#[cfg(feature = "tls")]
pub use certificate::{Authority, Certificate, Identity, Issuer};
#[cfg(feature = "tls")]
pub use config::{TlsClient, TlsServer};
pub use event::{
    CertificateVerdict, Handshake, PeerCertificate, Secret, TlsEvent, TlsFailure, Version,
};
#[cfg(feature = "tls")]
pub use session::TlsSession;

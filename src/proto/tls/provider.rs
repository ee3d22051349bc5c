//! Where rustls gets its randomness, its time and its keys: from the session alone.
//!
//! rustls asks statics for randomness and time. Here they are lent by the session for the length of
//! one call, in a thread-local ([`Lent::during`]); outside of a call there is no randomness and no
//! time, and rustls fails. `ring` computes (AES, ChaCha20, SHA-2, verification), and is asked for
//! nothing that would draw from its own generator: the key exchange is ours, over `x25519-dalek`,
//! and signatures are Ed25519, which draws nothing.

use std::cell::RefCell;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use ed25519_dalek::Signer as _;
use rustls::crypto::{
    ActiveKeyExchange, CryptoProvider, GetRandomFailed, KeyProvider, SecureRandom, SharedSecret,
    SupportedKxGroup, ring,
};
use rustls::ffdhe_groups::FfdheGroup;
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::{Signer, SigningKey};
use rustls::time_provider::TimeProvider;
use rustls::{Error, KeyLog, NamedGroup, PeerMisbehaved, SignatureAlgorithm, SignatureScheme};
use x25519_dalek::{PublicKey, StaticSecret};

use crate::engine::{Stream, UnixTime};

use super::event::Secret;

/// What a session lends to rustls, and what rustls leaves with it.
#[derive(Debug)]
pub(super) struct Lent {
    /// The randomness of the session.
    pub(super) draws: Stream,
    /// The present date.
    pub(super) date: UnixTime,
    /// The secrets that came to be, in order.
    pub(super) secrets: Vec<Secret>,
}

thread_local! {
    static LENT: RefCell<Option<Lent>> = const { RefCell::new(None) };
}

impl Lent {
    pub(super) fn new(draws: Stream) -> Self {
        Lent { draws, date: UnixTime(0), secrets: Vec::new() }
    }

    /// Does `work`, which calls rustls, with this lent to it.
    pub(super) fn during<T>(self, work: impl FnOnce() -> T) -> (Self, T) {
        let before = LENT.replace(Some(self));
        assert!(before.is_none(), "a session of TLS does not call another");
        let result = work();
        let lent = LENT.take().expect("what was lent comes back");
        (lent, result)
    }
}

/// What rustls is built with.
pub(super) static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
    Arc::new(CryptoProvider {
        kx_groups: vec![&X25519],
        secure_random: &Draws,
        key_provider: &NoKeys,
        ..ring::default_provider()
    })
});

/// The randomness that was lent.
#[derive(Debug)]
struct Draws;

impl SecureRandom for Draws {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), GetRandomFailed> {
        LENT.with_borrow_mut(|lent| {
            let draws = &mut lent.as_mut().ok_or(GetRandomFailed)?.draws;
            for chunk in buffer.chunks_mut(8) {
                chunk.copy_from_slice(&draws.next_u64().to_le_bytes()[..chunk.len()]);
            }
            Ok(())
        })
    }
}

/// The date that was lent.
#[derive(Debug)]
pub(super) struct Clock;

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<rustls::pki_types::UnixTime> {
        LENT.with_borrow(|lent| lent.as_ref().map(|lent| pki_time(lent.date)))
    }
}

/// Dates before 1970 are 1970.
pub(super) fn pki_time(date: UnixTime) -> rustls::pki_types::UnixTime {
    let secs = u64::try_from(date.0).unwrap_or(0);
    rustls::pki_types::UnixTime::since_unix_epoch(Duration::from_secs(secs))
}

/// Keeps secrets with the session that they are of.
#[derive(Debug)]
pub(super) struct Secrets;

impl KeyLog for Secrets {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        LENT.with_borrow_mut(|lent| {
            if let (Some(lent), Ok(client_random)) = (lent, client_random.try_into()) {
                let (label, secret) = (label.to_owned(), Bytes::copy_from_slice(secret));
                lent.secrets.push(Secret { label, client_random, secret });
            }
        });
    }
}

/// The key exchange of RFC 7748 §6.1.
#[derive(Debug)]
struct X25519;

impl SupportedKxGroup for X25519 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let mut secret = [0; 32];
        Draws.fill(&mut secret)?;
        let secret = StaticSecret::from(secret);
        let public = PublicKey::from(&secret);
        Ok(Box::new(Exchange { secret, public }))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

/// A key exchange under way.
struct Exchange {
    secret: StaticSecret,
    public: PublicKey,
}

impl ActiveKeyExchange for Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let peer: [u8; 32] = peer.try_into().map_err(|_| PeerMisbehaved::InvalidKeyShare)?;
        let shared = self.secret.diffie_hellman(&PublicKey::from(peer));
        // RFC 8446 §7.4.2: the all-zero value is refused.
        if !shared.was_contributory() {
            return Err(PeerMisbehaved::InvalidKeyShare.into());
        }
        Ok(SharedSecret::from(&shared.as_bytes()[..]))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519
    }

    fn pub_key(&self) -> &[u8] {
        self.public.as_bytes()
    }
}

/// Keys are handed in as [`Ed25519Key`], never read.
#[derive(Debug)]
struct NoKeys;

impl KeyProvider for NoKeys {
    fn load_private_key(&self, _: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Error> {
        Err(Error::General("private keys are not read from files".into()))
    }
}

/// A server's key.
#[derive(Debug, Clone)]
pub(super) struct Ed25519Key(pub(super) Arc<ed25519_dalek::SigningKey>);

impl SigningKey for Ed25519Key {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let can = offered.contains(&SignatureScheme::ED25519);
        can.then(|| Box::new(self.clone()) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ED25519
    }
}

impl Signer for Ed25519Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.0.sign(message).to_bytes().to_vec())
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

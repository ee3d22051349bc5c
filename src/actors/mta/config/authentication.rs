//! What an MTA checks of where mail comes from, and with what it signs.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use crate::proto::dkim::Signer;
use crate::proto::dmarc::PublicSuffixes;
use crate::proto::dns::Name;

/// What is looked at in mail from strangers. By default nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authentication {
    /// Whether the client may send in the name of HELO and MAIL (RFC 7208).
    pub spf: SpfCheck,
    /// Whether signatures are verified (RFC 6376), and what came of it written down.
    pub dkim: bool,
    /// What the domain in `From` wants done (RFC 7489), by what SPF and DKIM have found.
    pub dmarc: DmarcCheck,
    /// Whether mail waits while the DNS does not answer (`451 4.7.24`), instead of being judged
    /// without.
    pub defer_temporary: bool,
    /// Which names belong to one organization.
    pub suffixes: Arc<PublicSuffixes>,
}

impl Default for Authentication {
    fn default() -> Self {
        static SUFFIXES: LazyLock<Arc<PublicSuffixes>> = LazyLock::new(Arc::default);
        Authentication {
            spf: SpfCheck::Off,
            dkim: false,
            dmarc: DmarcCheck::Off,
            defer_temporary: false,
            suffixes: Arc::clone(&SUFFIXES),
        }
    }
}

impl Authentication {
    /// Whether anything is looked at.
    pub fn is_on(&self) -> bool {
        self.spf != SpfCheck::Off || self.dkim || self.dmarc != DmarcCheck::Off
    }
}

/// What follows from SPF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SpfCheck {
    /// It is not looked up.
    #[default]
    Off,
    /// It is written down.
    Mark,
    /// A `fail` is refused, of HELO or MAIL FROM.
    Reject,
}

/// What follows from DMARC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DmarcCheck {
    /// It is not looked up.
    #[default]
    Off,
    /// It is written down.
    Mark,
    /// What the domain wants is done: `quarantine` marks the message for Junk, `reject` refuses it.
    Enforce,
}

/// The signers of each domain in whose name the MTA signs.
pub type Signers = BTreeMap<Name, Vec<Arc<Signer>>>;

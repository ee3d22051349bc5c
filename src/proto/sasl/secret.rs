//! Who wants in, and what only they and the server know.

use std::fmt;

use md5::Md5;
use sha2::{Digest, Sha256};

/// Who a client says that it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The authentication identity: whose secret proves it.
    pub authcid: String,
    /// The authorization identity: who to act as. Empty: the same.
    pub authzid: String,
}

impl Identity {
    /// Whether nobody else is to be acted for.
    pub fn is_own(&self) -> bool {
        self.authzid.is_empty() || self.authzid == self.authcid
    }
}

/// What a client proves who it is with. `Debug` hides the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The authentication identity: whose password it is.
    pub authcid: String,
    /// The authorization identity: who to act as. Empty: the same.
    pub authzid: String,
    /// The password.
    pub password: String,
}

impl Credentials {
    /// Credentials of `authcid`, acting as nobody else.
    pub fn new(authcid: impl Into<String>, password: impl Into<String>) -> Self {
        Credentials { authcid: authcid.into(), authzid: String::new(), password: password.into() }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("authcid", &self.authcid)
            .field("authzid", &self.authzid)
            .finish_non_exhaustive()
    }
}

/// What a server knows of an account, whichever mechanism asks for it. `Debug` hides the password.
///
/// A server of SCRAM would keep salted keys in place of the password; here they are made of it when
/// they are needed, with a salt that follows from the name of the account.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    password: String,
    salt: Option<Vec<u8>>,
    iterations: u32,
}

impl Secret {
    /// The secret of an account with that password. SCRAM salts it 4,096 times, the least that
    /// RFC 7677 §4 allows.
    pub fn new(password: impl Into<String>) -> Self {
        Secret { password: password.into(), salt: None, iterations: MIN_ITERATIONS }
    }

    /// The same with a salt of one's own, and another number of iterations, from 1.
    pub fn salted(mut self, salt: impl Into<Vec<u8>>, iterations: u32) -> Self {
        self.salt = Some(salt.into());
        self.iterations = iterations.max(1);
        self
    }

    /// Whether this is the password.
    pub fn is_password(&self, password: &str) -> bool {
        self.password == password
    }

    /// What APOP wants to see: the MD5 digest of the timestamp in the server's greeting, angle
    /// brackets included, and the password (RFC 1939 §7), in small hexadecimal digits.
    pub fn apop_digest(&self, timestamp: &str) -> String {
        let digest = Md5::new().chain_update(timestamp).chain_update(&self.password).finalize();
        digest.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    pub(super) fn password(&self) -> &str {
        &self.password
    }

    pub(super) fn iterations(&self) -> u32 {
        self.iterations
    }

    pub(super) fn salt(&self, authcid: &str) -> Vec<u8> {
        self.salt.clone().unwrap_or_else(|| usual_salt(authcid))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("iterations", &self.iterations).finish_non_exhaustive()
    }
}

/// The salt of an account that has none of its own, or that does not exist: a client cannot tell
/// the two apart.
pub(super) fn usual_salt(authcid: &str) -> Vec<u8> {
    let digest = Sha256::new().chain_update("salt of ").chain_update(authcid).finalize();
    digest[..16].to_vec()
}

pub(super) const MIN_ITERATIONS: u32 = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_apop_example_of_rfc_1939() {
        let secret = Secret::new("tanstaaf");
        let digest = secret.apop_digest("<1896.697170952@dbc.mtview.ca.us>");
        assert_eq!(digest, "c4c9334bac560ecc979e58001b3e22fb");
        assert!(secret.is_password("tanstaaf") && !secret.is_password("tanstaaF"));
    }
}

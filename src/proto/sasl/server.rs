//! The server's side of an exchange, whichever the mechanism.

use std::borrow::Cow;
use std::mem;

use super::scram::{ClientFirst, Proofs, ServerFirst};
use super::secret::{Identity, MIN_ITERATIONS, Secret, usual_salt};
use super::{Mechanism, cram_md5, login, plain, utf8};

/// What the server does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerStep {
    /// Send this challenge (raw octets) and wait for the response.
    Challenge(Cow<'static, [u8]>),
    /// Look up the secret of this account, and call [`ServerExchange::judge`].
    Identify(Identity),
    /// The client is who it says. Over.
    Accepted(Identity),
    /// The client is not, or there is no such account. Over.
    Refused(Identity),
    /// The response breaks the mechanism's syntax. Over.
    Malformed,
}

/// The server's side of one exchange.
#[derive(Debug)]
pub struct ServerExchange {
    state: State,
}

#[derive(Debug)]
enum State {
    /// PLAIN: waits for the message.
    Plain,
    /// LOGIN: waits for the name, then for the password.
    LoginName,
    LoginPassword {
        authcid: String,
    },
    /// CRAM-MD5: waits for the digest.
    CramMd5 {
        challenge: String,
    },
    /// SCRAM: waits for the client's first message, then for its last one, then for the empty
    /// response by which it takes our proof.
    ScramFirst {
        nonce: String,
    },
    ScramFinal {
        identity: Identity,
        proofs: Proofs,
        exists: bool,
    },
    ScramProven {
        identity: Identity,
    },
    /// Waits for the secret of the account.
    Judging {
        identity: Identity,
        proof: Proof,
    },
    Over,
}

/// What the secret is held against.
#[derive(Debug)]
enum Proof {
    Password(String),
    Digest {
        challenge: String,
        digest: String,
    },
    /// Nothing yet: the secret makes our first message.
    Scram {
        first: ClientFirst,
        nonce: String,
    },
}

impl ServerExchange {
    /// Starts an exchange. `initial` is the decoded initial response, where the client sent one.
    ///
    /// `nonce` is asked for the server's challenge or part of the nonce where the mechanism has
    /// one: see [`Mechanism::nonce`].
    pub fn start(
        mechanism: Mechanism,
        nonce: impl FnOnce() -> String,
        initial: Option<&[u8]>,
    ) -> (Self, ServerStep) {
        let (state, challenge) = match mechanism {
            Mechanism::Plain => (State::Plain, Cow::Borrowed(&b""[..])),
            Mechanism::Login => (State::LoginName, Cow::Borrowed(login::USERNAME)),
            Mechanism::CramMd5 => {
                let challenge = nonce();
                let octets = challenge.clone().into_bytes();
                (State::CramMd5 { challenge }, Cow::Owned(octets))
            }
            Mechanism::ScramSha256 => {
                (State::ScramFirst { nonce: nonce() }, Cow::Borrowed(&b""[..]))
            }
        };
        let mut exchange = ServerExchange { state };
        let step = match initial {
            None => ServerStep::Challenge(challenge),
            // A digest cannot come before its challenge (RFC 4422 §5).
            Some(_) if mechanism == Mechanism::CramMd5 => exchange.fail(),
            Some(response) => exchange.respond(response),
        };
        (exchange, step)
    }

    /// Takes the client's decoded response to the last challenge.
    pub fn respond(&mut self, response: &[u8]) -> ServerStep {
        match mem::replace(&mut self.state, State::Over) {
            State::Plain => match plain::decode(response) {
                Some(credentials) => {
                    let identity =
                        Identity { authcid: credentials.authcid, authzid: credentials.authzid };
                    self.identify(identity, Proof::Password(credentials.password))
                }
                None => ServerStep::Malformed,
            },
            State::LoginName => match utf8(response).filter(|name| !name.is_empty()) {
                Some(name) => {
                    self.state = State::LoginPassword { authcid: name.to_owned() };
                    ServerStep::Challenge(Cow::Borrowed(login::PASSWORD))
                }
                None => ServerStep::Malformed,
            },
            State::LoginPassword { authcid } => {
                match utf8(response).filter(|password| !password.is_empty()) {
                    Some(password) => {
                        let proof = Proof::Password(password.to_owned());
                        self.identify(Identity { authcid, authzid: String::new() }, proof)
                    }
                    None => ServerStep::Malformed,
                }
            }
            State::CramMd5 { challenge } => match cram_md5::decode(response) {
                Some((authcid, digest)) => {
                    let identity = Identity { authcid: authcid.to_owned(), authzid: String::new() };
                    let digest = digest.to_ascii_lowercase();
                    self.identify(identity, Proof::Digest { challenge, digest })
                }
                None => ServerStep::Malformed,
            },
            State::ScramFirst { nonce } => match ClientFirst::decode(response) {
                Some(first) => {
                    self.identify(first.identity().clone(), Proof::Scram { first, nonce })
                }
                None => ServerStep::Malformed,
            },
            State::ScramFinal { identity, proofs, exists } => {
                match proofs.proves_client(response) {
                    Some(true) if exists => {
                        self.state = State::ScramProven { identity };
                        ServerStep::Challenge(Cow::Owned(proofs.server_final()))
                    }
                    Some(_) => ServerStep::Refused(identity),
                    None => ServerStep::Malformed,
                }
            }
            State::ScramProven { identity } if response.is_empty() => {
                ServerStep::Accepted(identity)
            }
            State::ScramProven { .. } | State::Judging { .. } | State::Over => {
                ServerStep::Malformed
            }
        }
    }

    /// Takes the secret of the account asked for by [`ServerStep::Identify`]; `None` where there is
    /// no such account, or it may not act for whom it wants to.
    pub fn judge(&mut self, secret: Option<&Secret>) -> ServerStep {
        let State::Judging { identity, proof } = mem::replace(&mut self.state, State::Over) else {
            return ServerStep::Malformed;
        };
        let fits = match proof {
            Proof::Password(password) => secret.is_some_and(|secret| secret.password() == password),
            Proof::Digest { challenge, digest } => secret.is_some_and(|secret| {
                cram_md5::digest(secret.password(), challenge.as_bytes()) == digest
            }),
            Proof::Scram { first, nonce } => {
                // Who does not exist is told as late as a wrong password (RFC 5802 §9).
                let (salt, iterations, password) = match secret {
                    Some(secret) => {
                        (secret.salt(&identity.authcid), secret.iterations(), secret.password())
                    }
                    None => (usual_salt(&identity.authcid), MIN_ITERATIONS, ""),
                };
                let answer = ServerFirst::new(&first, &nonce, salt, iterations);
                let challenge = answer.encode();
                let proofs = Proofs::new(&first, &answer, password);
                self.state = State::ScramFinal { identity, proofs, exists: secret.is_some() };
                return ServerStep::Challenge(Cow::Owned(challenge));
            }
        };
        if fits { ServerStep::Accepted(identity) } else { ServerStep::Refused(identity) }
    }

    fn identify(&mut self, identity: Identity, proof: Proof) -> ServerStep {
        self.state = State::Judging { identity: identity.clone(), proof };
        ServerStep::Identify(identity)
    }

    fn fail(&mut self) -> ServerStep {
        self.state = State::Over;
        ServerStep::Malformed
    }
}

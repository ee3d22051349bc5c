//! The client's side of an exchange, whichever the mechanism.

use std::mem;

use super::scram::{ClientFirst, Proofs, ServerFirst};
use super::{Credentials, Mechanism, cram_md5, plain};

/// The client's side of one exchange.
#[derive(Debug)]
pub struct ClientExchange {
    credentials: Credentials,
    state: State,
}

#[derive(Debug)]
enum State {
    Plain,
    LoginName,
    LoginPassword,
    CramMd5,
    /// SCRAM: is to begin; waits for the salt; waits for the server's proof.
    ScramFirst {
        nonce: String,
    },
    ScramSalt {
        first: ClientFirst,
    },
    ScramProof {
        proofs: Proofs,
    },
    /// All was said.
    Complete,
    Failed,
}

impl ClientExchange {
    /// Starts an exchange with the credentials to prove.
    ///
    /// `nonce` is asked for the client's nonce where the mechanism has one, which is SCRAM alone:
    /// see [`Mechanism::nonce`].
    pub fn new(
        mechanism: Mechanism,
        credentials: Credentials,
        nonce: impl FnOnce() -> String,
    ) -> Self {
        let state = match mechanism {
            Mechanism::Plain => State::Plain,
            Mechanism::Login => State::LoginName,
            Mechanism::CramMd5 => State::CramMd5,
            Mechanism::ScramSha256 => State::ScramFirst { nonce: nonce() },
        };
        ClientExchange { credentials, state }
    }

    /// The initial response in raw octets, for mechanisms in which the client speaks first.
    ///
    /// Where the protocol has no room for one, do not call this: [`Self::respond`] to the empty
    /// challenge gives the same octets.
    pub fn initial_response(&mut self) -> Option<Vec<u8>> {
        match self.state {
            State::Plain | State::ScramFirst { .. } => self.respond(b""),
            _ => None,
        }
    }

    /// The response to a decoded challenge, in raw octets. `None`: cancel the exchange, for the
    /// server has broken the mechanism's syntax or not proved that it knows the password.
    pub fn respond(&mut self, challenge: &[u8]) -> Option<Vec<u8>> {
        let Credentials { authcid, password, .. } = &self.credentials;
        let (state, response) = match mem::replace(&mut self.state, State::Failed) {
            State::Plain => (State::Complete, plain::encode(&self.credentials)),
            State::LoginName => (State::LoginPassword, authcid.clone().into_bytes()),
            State::LoginPassword => (State::Complete, password.clone().into_bytes()),
            State::CramMd5 => (State::Complete, cram_md5::encode(authcid, password, challenge)),
            State::ScramFirst { nonce } => {
                let first = ClientFirst::new(&self.credentials, nonce);
                let message = first.encode();
                (State::ScramSalt { first }, message)
            }
            State::ScramSalt { first } => {
                let answer = ServerFirst::decode(challenge, &first)?;
                let proofs = Proofs::new(&first, &answer, password);
                let message = proofs.client_final();
                (State::ScramProof { proofs }, message)
            }
            State::ScramProof { proofs } if proofs.proves_server(challenge) => {
                (State::Complete, Vec::new())
            }
            State::ScramProof { .. } | State::Complete | State::Failed => return None,
        };
        self.state = state;
        Some(response)
    }

    /// Whether all was said, so that the server may tell its verdict now.
    ///
    /// A server that says yes before has not proved itself, and is not to be believed.
    pub fn is_complete(&self) -> bool {
        matches!(self.state, State::Complete)
    }
}

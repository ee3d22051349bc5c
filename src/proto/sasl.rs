//! SASL mechanisms (RFC 4422) as SMTP, POP3 and IMAP share them: PLAIN (RFC 4616) and LOGIN.
//!
//! Both sides are small step machines over raw octets. The base64 around them, the `=` for an
//! empty initial response and the `*` that cancels belong to the protocol that carries them.
//!
//! Not modelled: CRAM-MD5 and SCRAM, which will be further states of the two machines; SASLprep.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A way to authenticate. `Display` and `FromStr` use the registered name; case does not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mechanism {
    /// `PLAIN`: one message with identity and password (RFC 4616).
    Plain,
    /// `LOGIN`: name and password asked for one by one (draft-murchison-sasl-login).
    Login,
}

impl Mechanism {
    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Mechanism::Plain => "PLAIN",
            Mechanism::Login => "LOGIN",
        }
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The name is of no mechanism known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownMechanism;

impl fmt::Display for UnknownMechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown SASL mechanism")
    }
}

impl std::error::Error for UnknownMechanism {}

impl FromStr for Mechanism {
    type Err = UnknownMechanism;
    fn from_str(name: &str) -> Result<Self, UnknownMechanism> {
        [Mechanism::Plain, Mechanism::Login]
            .into_iter()
            .find(|mechanism| mechanism.name().eq_ignore_ascii_case(name))
            .ok_or(UnknownMechanism)
    }
}

/// Who wants in, and the proof. `Debug` hides the password.
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

/// What the server does after a response of the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerStep {
    /// Send this challenge (raw octets) and wait for the response.
    Challenge(&'static [u8]),
    /// The exchange is complete: judge these.
    Credentials(Credentials),
    /// The response breaks the mechanism's syntax. The exchange has failed.
    Malformed,
}

/// The server's side of one exchange.
#[derive(Debug)]
pub struct ServerExchange {
    state: ServerState,
}

#[derive(Debug)]
enum ServerState {
    Plain,
    LoginName,
    LoginPassword { authcid: String },
    Over,
}

impl ServerExchange {
    /// Starts an exchange. `initial` is the decoded initial response, where the client sent one.
    pub fn start(mechanism: Mechanism, initial: Option<&[u8]>) -> (Self, ServerStep) {
        let state = match mechanism {
            Mechanism::Plain => ServerState::Plain,
            Mechanism::Login => ServerState::LoginName,
        };
        let mut exchange = ServerExchange { state };
        let step = match (initial, mechanism) {
            (Some(response), _) => exchange.respond(response),
            (None, Mechanism::Plain) => ServerStep::Challenge(b""),
            (None, Mechanism::Login) => ServerStep::Challenge(b"Username:"),
        };
        (exchange, step)
    }

    /// Takes the client's decoded response to the last challenge.
    pub fn respond(&mut self, response: &[u8]) -> ServerStep {
        let state = std::mem::replace(&mut self.state, ServerState::Over);
        match state {
            ServerState::Plain => match parse_plain(response) {
                Some(credentials) => ServerStep::Credentials(credentials),
                None => ServerStep::Malformed,
            },
            ServerState::LoginName => match utf8(response) {
                Some(authcid) if !authcid.is_empty() => {
                    self.state = ServerState::LoginPassword { authcid };
                    ServerStep::Challenge(b"Password:")
                }
                _ => ServerStep::Malformed,
            },
            ServerState::LoginPassword { authcid } => match utf8(response) {
                Some(password) => {
                    let authzid = String::new();
                    ServerStep::Credentials(Credentials { authcid, authzid, password })
                }
                None => ServerStep::Malformed,
            },
            ServerState::Over => ServerStep::Malformed,
        }
    }
}

/// The client's side of one exchange.
#[derive(Debug)]
pub struct ClientExchange {
    credentials: Credentials,
    state: ClientState,
}

#[derive(Debug)]
enum ClientState {
    Plain,
    LoginName,
    LoginPassword,
    Over,
}

impl ClientExchange {
    /// Starts an exchange with the credentials to prove.
    pub fn new(mechanism: Mechanism, credentials: Credentials) -> Self {
        let state = match mechanism {
            Mechanism::Plain => ClientState::Plain,
            Mechanism::Login => ClientState::LoginName,
        };
        ClientExchange { credentials, state }
    }

    /// The initial response in raw octets, for mechanisms in which the client speaks first.
    ///
    /// Where the protocol has no room for one, do not call this: [`Self::respond`] to the empty
    /// challenge gives the same octets.
    pub fn initial_response(&mut self) -> Option<Vec<u8>> {
        match self.state {
            ClientState::Plain => self.respond(b""),
            ClientState::LoginName | ClientState::LoginPassword | ClientState::Over => None,
        }
    }

    /// The response to a decoded challenge, in raw octets. `None`: cancel the exchange.
    ///
    /// LOGIN's challenges are prose that servers word differently, so their text is not read.
    pub fn respond(&mut self, _challenge: &[u8]) -> Option<Vec<u8>> {
        let Credentials { authcid, authzid, password } = &self.credentials;
        match self.state {
            ClientState::Plain => {
                self.state = ClientState::Over;
                Some(
                    [authzid.as_bytes(), b"\0", authcid.as_bytes(), b"\0", password.as_bytes()]
                        .concat(),
                )
            }
            ClientState::LoginName => {
                self.state = ClientState::LoginPassword;
                Some(authcid.clone().into_bytes())
            }
            ClientState::LoginPassword => {
                self.state = ClientState::Over;
                Some(password.clone().into_bytes())
            }
            ClientState::Over => None,
        }
    }
}

/// `octets` in base64 with padding (RFC 4648 §4), as SMTP, POP3 and IMAP carry SASL.
pub fn encode_base64(octets: &[u8]) -> String {
    STANDARD.encode(octets)
}

/// The octets of a base64 text. `None` where it is not canonical base64.
pub fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// `[authzid] NUL authcid NUL passwd` (RFC 4616 §2).
fn parse_plain(message: &[u8]) -> Option<Credentials> {
    let text = std::str::from_utf8(message).ok()?;
    let mut parts = text.split('\0');
    let (authzid, authcid, password) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || authcid.is_empty() || password.is_empty() {
        return None;
    }
    Some(Credentials {
        authcid: authcid.to_owned(),
        authzid: authzid.to_owned(),
        password: password.to_owned(),
    })
}

fn utf8(octets: &[u8]) -> Option<String> {
    String::from_utf8(octets.to_vec()).ok().filter(|text| !text.contains('\0'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Plays both sides against each other.
    fn play(mechanism: Mechanism, credentials: &Credentials, initial: bool) -> ServerStep {
        let mut client = ClientExchange::new(mechanism, credentials.clone());
        let first = if initial { client.initial_response() } else { None };
        let (mut server, mut step) = ServerExchange::start(mechanism, first.as_deref());
        while let ServerStep::Challenge(challenge) = step {
            let response = client.respond(challenge).expect("the client has an answer");
            step = server.respond(&response);
        }
        step
    }

    #[test]
    fn both_sides_agree_with_and_without_initial_response() {
        let credentials = Credentials::new("tim", "tanstaaftanstaaf");
        for mechanism in [Mechanism::Plain, Mechanism::Login] {
            for initial in [false, true] {
                let step = play(mechanism, &credentials, initial);
                assert_eq!(step, ServerStep::Credentials(credentials.clone()));
            }
        }
    }

    #[test]
    fn plain_is_parsed_as_rfc_4616_prints_it() {
        let step = ServerExchange::start(Mechanism::Plain, Some(b"Ursel\0Kurt\0xipj3plmq")).1;
        let ServerStep::Credentials(credentials) = step else { panic!("{step:?}") };
        assert_eq!(credentials.authzid, "Ursel");
        assert_eq!(credentials.authcid, "Kurt");
        assert_eq!(credentials.password, "xipj3plmq");
    }

    #[test]
    fn malformed_messages_fail_and_stay_failed() {
        for bad in [&b""[..], b"\0tim", b"\0\0pass", b"\0tim\0", b"a\0b\0c\0d", b"\0tim\0\xff"] {
            let (mut exchange, step) = ServerExchange::start(Mechanism::Plain, Some(bad));
            assert_eq!(step, ServerStep::Malformed, "{bad:?}");
            assert_eq!(exchange.respond(b"\0tim\0pass"), ServerStep::Malformed);
        }
        assert_eq!(ServerExchange::start(Mechanism::Login, Some(b"")).1, ServerStep::Malformed);
    }

    #[test]
    fn names_ignore_case_and_unknown_ones_are_refused() {
        assert_eq!("plain".parse(), Ok(Mechanism::Plain));
        assert_eq!("Login".parse(), Ok(Mechanism::Login));
        assert_eq!("GSSAPI".parse::<Mechanism>(), Err(UnknownMechanism));
        assert_eq!(Mechanism::Plain.to_string(), "PLAIN");
    }

    #[test]
    fn debug_hides_the_password() {
        assert!(!format!("{:?}", Credentials::new("tim", "secret")).contains("secret"));
    }

    proptest! {
        #[test]
        fn arbitrary_responses_never_panic(first: Option<Vec<u8>>, second: Vec<u8>) {
            for mechanism in [Mechanism::Plain, Mechanism::Login] {
                let (mut exchange, _) = ServerExchange::start(mechanism, first.as_deref());
                exchange.respond(&second);
                exchange.respond(&second);
            }
        }

        #[test]
        fn credentials_survive_the_trip(name in "[^\0]{1,20}", password in "[^\0]{1,20}") {
            let credentials = Credentials::new(name, password);
            for mechanism in [Mechanism::Plain, Mechanism::Login] {
                let step = play(mechanism, &credentials, true);
                prop_assert_eq!(step, ServerStep::Credentials(credentials.clone()));
            }
        }
    }
}

//! From the greeting to the maildrop: CAPA, STLS, and the best way to log in.

use super::{Command, Login, Pop3Client, Pop3ClientEvent, Pop3Failure, State, send};
use crate::engine::{SimTime, Stream};
use crate::proto::Outbox;
use crate::proto::sasl::{self, ClientExchange, Credentials, Mechanism, Secret};

/// What a server has said of itself (RFC 2449 §6).
#[derive(Debug, Default)]
pub(super) struct Capabilities {
    user: bool,
    stls: bool,
    mechanisms: Vec<Mechanism>,
    lines: usize,
}

impl Capabilities {
    /// Those of a server that does not know CAPA: all that RFC 1939 alone has.
    pub(super) fn unknown() -> Self {
        Capabilities { user: true, ..Capabilities::default() }
    }

    /// A line of the list.
    pub(super) fn learn(&mut self, line: &[u8]) -> Result<(), Pop3Failure> {
        self.lines += 1;
        if self.lines > MAX_CAPABILITIES {
            return Err(Pop3Failure::TooLarge);
        }
        // What is no text is a capability that is not known here.
        let mut words = std::str::from_utf8(line).unwrap_or_default().split(' ');
        let is = |word: &str, name: &str| word.eq_ignore_ascii_case(name);
        match words.next().unwrap_or_default() {
            word if is(word, "USER") => self.user = true,
            word if is(word, "STLS") => self.stls = true,
            word if is(word, "SASL") => {
                self.mechanisms.extend(words.filter_map(|name| name.parse::<Mechanism>().ok()));
            }
            _ => {}
        }
        Ok(())
    }
}

impl Pop3Client {
    /// The same with a stream of its own to draw the nonces of SCRAM from. Without one they are empty,
    /// and servers refuse them.
    #[must_use]
    pub fn with_nonces(mut self, stream: Stream) -> Self {
        self.nonces = Some(Box::new(stream));
        self
    }

    /// Says that TLS protects the connection from now on: after [`Pop3ClientEvent::StartTls`], when
    /// what the server offered before counts no more (RFC 2595 §4), or before
    /// [`Input::Opened`](crate::proto::Input::Opened).
    pub fn secured(&mut self, now: SimTime, out: &mut Outbox<Pop3ClientEvent>) {
        self.secured = true;
        if let State::Handshake = self.state {
            self.active = now;
            send(&Command::Capa, out);
            self.state = State::Capa { list: None };
        }
    }

    /// The server has told what it can: on to TLS, or to the login.
    pub(super) fn capable(
        &mut self,
        offered: &Capabilities,
        out: &mut Outbox<Pop3ClientEvent>,
    ) -> Result<(), Pop3Failure> {
        if self.config.stls && !self.secured {
            if !offered.stls {
                return Err(Pop3Failure::TlsNotOffered);
            }
            send(&Command::Stls, out);
            self.state = State::Stls;
            return Ok(());
        }
        let usable = |login: &&Login| match login {
            Login::User => offered.user,
            Login::Apop => self.timestamp.is_some(),
            Login::Sasl(mechanism) => offered.mechanisms.contains(mechanism),
        };
        let login = *self.config.logins.iter().find(usable).ok_or(Pop3Failure::NoMechanism)?;
        let user = self.config.user.clone();
        self.state = match login {
            Login::User => {
                send(&Command::User(user), out);
                State::User
            }
            Login::Apop => {
                let timestamp = self.timestamp.as_deref().unwrap_or_default();
                let digest = Secret::new(&*self.config.password).apop_digest(timestamp);
                send(&Command::Apop { name: user, digest }, out);
                State::Apop
            }
            Login::Sasl(mechanism) => {
                let nonces = &mut self.nonces;
                // The only nonce of a client is SCRAM's, which has neither time nor name in it.
                let nonce = || match nonces {
                    Some(stream) => mechanism.nonce(stream, SimTime::ZERO, ""),
                    None => String::new(),
                };
                let credentials = Credentials::new(user, &*self.config.password);
                let mut exchange = ClientExchange::new(mechanism, credentials, nonce);
                let initial =
                    exchange.initial_response().map(|response| match response.is_empty() {
                        true => "=".to_owned(),
                        false => sasl::encode_base64(&response),
                    });
                let mechanism = mechanism.name().to_owned();
                send(&Command::Auth { mechanism, initial }, out);
                State::Auth(exchange)
            }
        };
        Ok(())
    }
}

/// Answers a challenge; one that the mechanism cannot have is answered with `*`, and refused then.
pub(super) fn answer_challenge(
    exchange: &mut ClientExchange,
    challenge: &[u8],
    out: &mut Outbox<Pop3ClientEvent>,
) -> Result<(), Pop3Failure> {
    let challenge = sasl::decode_base64(challenge.trim_ascii_end());
    match challenge.and_then(|challenge| exchange.respond(&challenge)) {
        Some(response) => out.send(sasl::encode_base64(&response)),
        None => out.send("*"),
    }
    out.send("\r\n");
    Ok(())
}

/// The timestamp in a greeting: what has the form of a Message-ID (RFC 1939 §7).
pub(super) fn timestamp(greeting: &str) -> Option<String> {
    let start = greeting.find('<')?;
    let end = start + greeting[start..].find('>')?;
    let timestamp = &greeting[start..=end];
    (timestamp.contains('@') && timestamp.is_ascii()).then(|| timestamp.to_owned())
}

const MAX_CAPABILITIES: usize = 1_000;

//! From the connection to the first transaction: EHLO or LHLO, STARTTLS, AUTH.

use super::{ClientEvent, ClientSession, Failure, Outbox, Protocol, Stage, State, TlsPolicy, send};
use crate::engine::SimTime;
use crate::proto::sasl::{self, ClientExchange, Mechanism};
use crate::proto::smtp::capabilities::Capabilities;
use crate::proto::smtp::command::Command;
use crate::proto::smtp::reply::Reply;

impl ClientSession {
    /// Says that TLS protects the connection from now on.
    ///
    /// After [`ClientEvent::StartTls`] the session begins again with EHLO, and knows nothing of
    /// what the server offered before (RFC 3207 §4.2). Before `Input::Opened` it is said of a
    /// connection that is secured from its beginning. At any other time it has no effect.
    pub fn secured(&mut self, now: SimTime, out: &mut Outbox) {
        match self.state {
            State::Opening => self.secured = true,
            State::Handshake => {
                self.secured = true;
                self.capabilities = Capabilities::default();
                self.greet(out);
                self.await_reply(now);
            }
            _ => {}
        }
    }

    /// Says that the handshake after [`ClientEvent::StartTls`] has failed, and why. The session is
    /// over with that: there is no way back to a session in clear.
    ///
    /// At any other time it has no effect.
    pub fn not_secured(&mut self, why: impl Into<String>, out: &mut Outbox) {
        if let State::Handshake = self.state {
            self.fail(State::Handshake, Failure::Handshake(why.into()), out);
        }
    }

    /// Says who the client is.
    pub(super) fn greet(&mut self, out: &mut Outbox) {
        let helo = &self.config.helo;
        let command = match self.config.protocol {
            Protocol::Smtp => Command::Ehlo(helo),
            Protocol::Lmtp => Command::Lhlo(helo),
        };
        send(out, &command);
        self.state = State::Ehlo;
    }

    /// STARTTLS, where it is wanted and offered.
    pub(super) fn secure(&mut self, out: &mut Outbox) {
        match self.config.tls {
            TlsPolicy::May | TlsPolicy::Encrypt if !self.secured && self.capabilities.starttls => {
                send(out, &Command::StartTls);
                self.state = State::StartTls;
            }
            TlsPolicy::Encrypt if !self.secured => {
                self.give_up(Stage::StartTls, Failure::TlsNotOffered, out);
            }
            _ => self.authenticate(out),
        }
    }

    /// AUTH, where there are credentials: with the first of the configured mechanisms that the
    /// server offers.
    pub(super) fn authenticate(&mut self, out: &mut Outbox) {
        let Some(credentials) = &self.config.credentials else {
            return self.ready(out);
        };
        let offered = &self.capabilities.auth;
        let shown = self.secured || self.config.password_in_clear;
        let usable = |mechanism: &&Mechanism| {
            offered.contains(mechanism) && (shown || !mechanism.shows_password())
        };
        let Some(&mechanism) = self.config.mechanisms.iter().find(usable) else {
            return self.give_up(Stage::Auth, Failure::NoMechanism, out);
        };
        let helo = &self.config.helo;
        let nonces = &mut self.nonces;
        // The only nonce of a client is SCRAM's, which has no time in it.
        let nonce = || match nonces {
            Some(stream) => mechanism.nonce(stream, SimTime::ZERO, helo),
            None => String::new(),
        };
        let mut exchange = ClientExchange::new(mechanism, credentials.clone(), nonce);
        let initial = exchange.initial_response().map(|response| sasl_text(&response, true));
        send(out, &Command::Auth(mechanism.name(), initial.as_deref()));
        self.state = State::Auth(exchange);
    }

    pub(super) fn auth_challenge(
        &mut self,
        mut exchange: ClientExchange,
        reply: &Reply,
        out: &mut Outbox,
    ) {
        let text = reply.lines().next().unwrap_or("").trim_end();
        let response =
            sasl::decode_base64(text.as_bytes()).and_then(|challenge| exchange.respond(&challenge));
        match response {
            Some(response) => out.send(sasl_text(&response, false)),
            None => out.send("*"),
        }
        out.send("\r\n");
        self.state = State::Auth(exchange);
    }

    pub(super) fn ready(&mut self, out: &mut Outbox) {
        out.event(ClientEvent::Ready(self.capabilities.clone()));
        self.go_on(false, out);
    }
}

/// A response in base64; an empty initial one is `=` (RFC 4954 §4).
fn sasl_text(response: &[u8], initial: bool) -> String {
    if initial && response.is_empty() { "=".to_owned() } else { sasl::encode_base64(response) }
}

//! AUTH at the server (RFC 4954): base64, challenges, and when it is allowed at all.

use std::mem;

use super::{Outbox, Question, ServerEvent, ServerSession, State, send};
use crate::engine::SimTime;
use crate::proto::sasl::{self, Identity, Mechanism, ServerExchange, ServerStep};

impl ServerSession {
    /// `AUTH name [initial]`.
    pub(super) fn auth(
        &mut self,
        now: SimTime,
        name: &str,
        initial: Option<&str>,
        out: &mut Outbox,
    ) {
        if self.config.mechanisms.is_empty() {
            return self.error("502 5.5.1 Error: command not implemented\r\n", out);
        }
        if !self.extended() {
            return self.error("503 5.5.1 Error: send EHLO first\r\n", out);
        }
        if self.authenticated_as.is_some() {
            return self.error("503 5.5.1 Error: already authenticated\r\n", out);
        }
        if let State::Envelope { .. } = self.state {
            return self.error("503 5.5.1 Error: MAIL transaction in progress\r\n", out);
        }
        let mechanism = match name.parse() {
            Ok(mechanism) if self.mechanisms().contains(&mechanism) => mechanism,
            _ => {
                return self.error("504 5.5.4 Error: unrecognized authentication type\r\n", out);
            }
        };
        let initial = match initial {
            None => None,
            Some("=") => Some(Vec::new()),
            Some(text) => match sasl::decode_base64(text.as_bytes()) {
                Some(response) => Some(response),
                None => return self.error(BAD_BASE64, out),
            },
        };
        let ServerSession { config, challenges, .. } = self;
        let nonce = || match challenges {
            Some(stream) => mechanism.nonce(stream, now, &config.hostname),
            None => String::new(),
        };
        let (exchange, step) = ServerExchange::start(mechanism, nonce, initial.as_deref());
        self.auth_step(mechanism, exchange, step, out);
    }

    /// A line within the exchange: base64, or `*` to cancel.
    pub(super) fn auth_response(&mut self, line: &[u8], out: &mut Outbox) {
        let State::Auth { mechanism, mut exchange } = mem::replace(&mut self.state, State::Ready)
        else {
            return;
        };
        if line == b"*" {
            return self.error("501 5.7.0 Authentication aborted\r\n", out);
        }
        let Some(response) = sasl::decode_base64(line) else {
            return self.error(BAD_BASE64, out);
        };
        let step = exchange.respond(&response);
        self.auth_step(mechanism, exchange, step, out);
    }

    pub(super) fn auth_step(
        &mut self,
        mechanism: Mechanism,
        exchange: ServerExchange,
        step: ServerStep,
        out: &mut Outbox,
    ) {
        match step {
            ServerStep::Challenge(challenge) => {
                send(out, &["334 ", &sasl::encode_base64(&challenge), "\r\n"]);
                self.state = State::Auth { mechanism, exchange };
            }
            ServerStep::Identify(identity) => {
                out.event(ServerEvent::Auth { mechanism, identity: identity.clone() });
                self.state = State::Asking(Question::Auth { mechanism, identity, exchange });
            }
            ServerStep::Accepted(identity) => self.authenticated(mechanism, identity, out),
            ServerStep::Refused(identity) => {
                out.event(ServerEvent::AuthRefused { mechanism, identity });
                self.error(WRONG_PASSWORD, out);
            }
            ServerStep::Malformed => {
                self.error("535 5.7.8 Error: authentication failed\r\n", out);
            }
        }
    }

    /// The owner, or the exchange, says that the client is who it says.
    pub(super) fn authenticated(
        &mut self,
        mechanism: Mechanism,
        identity: Identity,
        out: &mut Outbox,
    ) {
        out.send("235 2.7.0 Authentication successful\r\n");
        self.authenticated_as = Some(identity.authcid.clone());
        out.event(ServerEvent::Authenticated { mechanism, identity });
    }

    /// The mechanisms that are offered now.
    pub(super) fn mechanisms(&self) -> &[Mechanism] {
        &self.config.mechanisms
    }
}

const BAD_BASE64: &str = "501 5.5.2 Error: cannot decode base64\r\n";
const WRONG_PASSWORD: &str = "535 5.7.8 Error: authentication failed: authentication failure\r\n";

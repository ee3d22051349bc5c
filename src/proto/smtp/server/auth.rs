//! AUTH at the server (RFC 4954): base64, challenges, and when it is allowed at all.

use std::mem;

use super::{Outbox, Question, ServerEvent, ServerSession, State, send};
use crate::proto::sasl::{self, Mechanism, ServerExchange, ServerStep};

impl ServerSession {
    /// `AUTH name [initial]`.
    pub(super) fn auth(&mut self, name: &str, initial: Option<&str>, out: &mut Outbox) {
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
            Ok(mechanism) if self.config.mechanisms.contains(&mechanism) => mechanism,
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
        let (exchange, step) = ServerExchange::start(mechanism, initial.as_deref());
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

    fn auth_step(
        &mut self,
        mechanism: Mechanism,
        exchange: ServerExchange,
        step: ServerStep,
        out: &mut Outbox,
    ) {
        match step {
            ServerStep::Challenge(challenge) => {
                send(out, &["334 ", &sasl::encode_base64(challenge), "\r\n"]);
                self.state = State::Auth { mechanism, exchange };
            }
            ServerStep::Credentials(credentials) => {
                self.state = State::Asking(Question::Auth { authcid: credentials.authcid.clone() });
                out.event(ServerEvent::Auth { mechanism, credentials });
            }
            ServerStep::Malformed => {
                self.error("535 5.7.8 Error: authentication failed\r\n", out);
            }
        }
    }
}

const BAD_BASE64: &str = "501 5.5.2 Error: cannot decode base64\r\n";

//! AUTH at the server (RFC 4954): base64, challenges, and when it is allowed at all.

use std::mem;

use super::event::{ServerEvent, Verdict};
use super::{Question, ServerSession, State, Turn};
use crate::proto::sasl::{self, Identity, Mechanism, ServerExchange, ServerStep};

impl ServerSession {
    /// `AUTH name [initial]`.
    pub(super) fn auth(&mut self, turn: &mut Turn<'_>, name: &str, initial: Option<&str>) {
        if self.config.mechanisms.is_empty() {
            return self.error(turn, "503 5.5.1 Error: authentication not enabled\r\n");
        }
        if self.config.auth_needs_tls && !self.secured {
            return self.error(turn, NEEDS_TLS);
        }
        if !self.extended() {
            return self.error(turn, "503 5.5.1 Error: send EHLO first\r\n");
        }
        if self.authenticated_as.is_some() {
            return self.error(turn, "503 5.5.1 Error: already authenticated\r\n");
        }
        if let State::Envelope { .. } | State::Chunks(_) = self.state {
            return self.error(turn, "503 5.5.1 Error: MAIL transaction in progress\r\n");
        }
        let mechanism = match name.parse() {
            Ok(mechanism) if self.config.mechanisms.contains(&mechanism) => mechanism,
            _ => {
                return self.error(turn, "504 5.5.4 Error: unrecognized authentication type\r\n");
            }
        };
        let initial = match initial {
            None => None,
            Some("=") => Some(Vec::new()),
            Some(text) => match sasl::decode_base64(text.as_bytes()) {
                Some(response) => Some(response),
                None => return self.error(turn, BAD_BASE64),
            },
        };
        let ServerSession { config, challenges, .. } = self;
        let nonce = || match challenges {
            Some(stream) => mechanism.nonce(stream, turn.now, &config.hostname),
            None => String::new(),
        };
        let (exchange, step) = ServerExchange::start(mechanism, nonce, initial.as_deref());
        self.auth_step(turn, mechanism, exchange, step);
    }

    /// A line within the exchange: base64, or `*` to cancel.
    pub(super) fn auth_response(&mut self, turn: &mut Turn<'_>, line: &[u8]) {
        let State::Auth { mechanism, mut exchange } = mem::replace(&mut self.state, State::Ready)
        else {
            return;
        };
        if line == b"*" {
            return self.error(turn, "501 5.7.0 Authentication aborted\r\n");
        }
        let Some(response) = sasl::decode_base64(line) else {
            return self.error(turn, BAD_BASE64);
        };
        let step = exchange.respond(&response);
        self.auth_step(turn, mechanism, exchange, step);
    }

    /// The owner's answer: the secret, or a verdict of its own.
    pub(super) fn auth_answered(
        &mut self,
        turn: &mut Turn<'_>,
        mechanism: Mechanism,
        (identity, mut exchange): (Identity, ServerExchange),
        verdict: &Verdict,
    ) {
        match verdict {
            Verdict::Secret(secret) => {
                let step = exchange.judge(secret.as_ref());
                self.auth_step(turn, mechanism, exchange, step);
            }
            verdict if verdict.is_yes() => {
                self.tell(turn, verdict, AUTHENTICATED);
                self.authenticated(turn, mechanism, identity);
            }
            verdict => {
                turn.out.event(ServerEvent::AuthRefused { mechanism, identity });
                self.tell(turn, verdict, AUTHENTICATED);
            }
        }
    }

    fn auth_step(
        &mut self,
        turn: &mut Turn<'_>,
        mechanism: Mechanism,
        exchange: ServerExchange,
        step: ServerStep,
    ) {
        match step {
            ServerStep::Challenge(challenge) => {
                self.state = State::Auth { mechanism, exchange };
                self.say(turn, &["334 ", &sasl::encode_base64(&challenge), "\r\n"]);
            }
            ServerStep::Identify(identity) => {
                turn.out.event(ServerEvent::Auth { mechanism, identity: identity.clone() });
                self.state = State::Asking(Question::Auth { mechanism, identity, exchange });
            }
            ServerStep::Accepted(identity) => {
                self.say(turn, &[AUTHENTICATED]);
                self.authenticated(turn, mechanism, identity);
            }
            ServerStep::Refused(identity) => {
                turn.out.event(ServerEvent::AuthRefused { mechanism, identity });
                self.error(turn, WRONG_PASSWORD);
            }
            ServerStep::Malformed => {
                self.error(turn, "535 5.7.8 Error: authentication failed\r\n");
            }
        }
    }

    fn authenticated(&mut self, turn: &mut Turn<'_>, mechanism: Mechanism, identity: Identity) {
        self.authenticated_as = Some(identity.authcid.clone());
        turn.out.event(ServerEvent::Authenticated { mechanism, identity });
    }
}

const AUTHENTICATED: &str = "235 2.7.0 Authentication successful\r\n";
const BAD_BASE64: &str = "501 5.5.2 Error: cannot decode base64\r\n";
const NEEDS_TLS: &str = "538 5.7.11 Encryption required for requested authentication mechanism\r\n";
const WRONG_PASSWORD: &str = "535 5.7.8 Error: authentication failed: authentication failure\r\n";

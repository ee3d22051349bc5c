//! LOGIN and AUTHENTICATE (RFC 3501 §6.2).

use super::super::backend::Backend;
use super::super::response::write;
use super::answer::Answer;
use super::{Awaits, CAPABILITIES, ImapServer, ImapServerEvent, Out, State};
use crate::proto::sasl::{self, Credentials, Mechanism, ServerExchange, ServerStep};

impl ImapServer {
    /// AUTHENTICATE (§6.2.2), with the initial response of RFC 4959.
    pub(super) fn authenticate(
        &mut self,
        tag: &str,
        mechanism: &str,
        initial: Option<&str>,
        backend: &impl Backend,
        out: &mut Out,
    ) {
        if !matches!(self.state, State::NotAuthenticated { .. }) {
            return self.answer(tag, &Answer::bad("Logged in already"), out);
        }
        let Ok(mechanism) = mechanism.parse::<Mechanism>() else {
            return self.answer(tag, &Answer::no("[CANNOT] Mechanism is not supported"), out);
        };
        let initial = match initial {
            None => None,
            // RFC 4959 §3: an empty response.
            Some("=") => Some(Vec::new()),
            Some(text) => match sasl::decode_base64(text.as_bytes()) {
                Some(octets) => Some(octets),
                None => return self.answer(tag, &Answer::bad("Invalid base64"), out),
            },
        };
        let (exchange, step) = ServerExchange::start(mechanism, initial.as_deref());
        self.sasl_step(tag, exchange, step, backend, out);
    }

    /// The response to a challenge.
    pub(super) fn sasl_response(
        &mut self,
        tag: &str,
        mut exchange: ServerExchange,
        line: &[u8],
        backend: &impl Backend,
        out: &mut Out,
    ) {
        let line = line.trim_ascii_end();
        if line == b"*" {
            return self.answer(tag, &Answer::bad("Authentication cancelled"), out);
        }
        let Some(response) = sasl::decode_base64(line) else {
            return self.answer(tag, &Answer::bad("Invalid base64"), out);
        };
        let step = exchange.respond(&response);
        self.sasl_step(tag, exchange, step, backend, out);
    }

    fn sasl_step(
        &mut self,
        tag: &str,
        exchange: ServerExchange,
        step: ServerStep,
        backend: &impl Backend,
        out: &mut Out,
    ) {
        let answer = match step {
            ServerStep::Challenge(challenge) => {
                write(out, format_args!("+ {}\r\n", sasl::encode_base64(challenge)));
                self.awaits = Awaits::Sasl { tag: tag.into(), exchange };
                return;
            }
            ServerStep::Credentials(credentials) => {
                self.log_in(&credentials, backend, out).unwrap_or_else(|refusal| refusal)
            }
            ServerStep::Malformed => Answer::bad("Invalid response"),
        };
        self.answer(tag, &answer, out);
    }

    /// Judges what LOGIN (§6.2.3) or AUTHENTICATE gave.
    pub(super) fn log_in(
        &mut self,
        credentials: &Credentials,
        backend: &impl Backend,
        out: &mut Out,
    ) -> Result<Answer, Answer> {
        let Credentials { authcid, authzid, password } = credentials;
        let user = authcid.clone();
        // Nobody acts for others here.
        let own = authzid.is_empty() || authzid == authcid;
        match backend.login(authcid, password).filter(|_| own) {
            Some(account) => {
                out.event(ImapServerEvent::LoggedIn { user, account });
                self.state = State::Authenticated { account };
                Ok(Answer::ok(format!("[CAPABILITY {CAPABILITIES}] Logged in")))
            }
            None => {
                out.event(ImapServerEvent::LoginRefused { user });
                if let State::NotAuthenticated { refused } = &mut self.state {
                    *refused += 1;
                }
                Err(Answer::no("[AUTHENTICATIONFAILED] Authentication failed"))
            }
        }
    }
}

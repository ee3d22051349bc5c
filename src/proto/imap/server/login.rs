//! STARTTLS, LOGIN and AUTHENTICATE (RFC 3501 §6.2).

use super::super::backend::{AccountId, Backend};
use super::super::response::write;
use super::answer::Answer;
use super::capabilities::Capabilities;
use super::judged::Matter;
use super::{Awaits, ImapServer, ImapServerEvent, Out, State};
use crate::engine::SimTime;
use crate::proto::access::Asked;
use crate::proto::sasl::{self, ServerExchange, ServerStep};

impl ImapServer {
    /// STARTTLS (§6.2.1).
    pub(super) fn start_tls(&mut self, tag: &str, out: &mut Out) {
        let refusal = match &self.state {
            State::NotAuthenticated { .. } if self.secured => "TLS is active already",
            State::NotAuthenticated { .. } if !self.config.starttls => "TLS is not offered",
            State::NotAuthenticated { .. } => {
                self.answer(tag, &Answer::ok("Begin TLS negotiation now"), out);
                out.event(ImapServerEvent::StartTls);
                self.awaits = Awaits::Tls;
                return;
            }
            _ => "Logged in already",
        };
        self.answer(tag, &Answer::bad(refusal), out);
    }

    /// AUTHENTICATE (§6.2.2), with the initial response of RFC 4959.
    pub(super) fn authenticate(
        &mut self,
        now: SimTime,
        tag: &str,
        (mechanism, initial): (&str, Option<&str>),
        backend: &mut impl Backend,
        out: &mut Out,
    ) {
        if !matches!(self.state, State::NotAuthenticated { .. }) {
            return self.answer(tag, &Answer::bad("Logged in already"), out);
        }
        let known = mechanism.parse().ok();
        let known = known.filter(|known| self.config.mechanisms.contains(known));
        let Some(mechanism) = known else {
            return self.answer(tag, &Answer::no("[CANNOT] Mechanism is not supported"), out);
        };
        if !self.config.takes(mechanism, self.secured) {
            return self.answer(tag, &needs_tls(), out);
        }
        let initial = match initial {
            None => None,
            // RFC 4959 §3: an empty response.
            Some("=") => Some(Vec::new()),
            Some(text) => match sasl::decode_base64(text.as_bytes()) {
                Some(octets) => Some(octets),
                None => return self.answer(tag, &Answer::bad("Invalid base64"), out),
            },
        };
        let (exchange, step) = {
            let host_name = &self.config.host_name;
            let stream = self.challenges.as_deref_mut();
            let nonce =
                || stream.map_or_else(String::new, |it| mechanism.nonce(it, now, host_name));
            ServerExchange::start(mechanism, nonce, initial.as_deref())
        };
        self.sasl_step(tag, exchange, step, backend, out);
    }

    /// The response to a challenge.
    pub(super) fn sasl_response(
        &mut self,
        tag: &str,
        mut exchange: ServerExchange,
        line: &[u8],
        backend: &mut impl Backend,
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

    pub(super) fn sasl_step(
        &mut self,
        tag: &str,
        exchange: ServerExchange,
        step: ServerStep,
        backend: &mut impl Backend,
        out: &mut Out,
    ) {
        let answer = match step {
            ServerStep::Challenge(challenge) => {
                write(out, format_args!("+ {}\r\n", sasl::encode_base64(&challenge)));
                self.awaits = Awaits::Sasl { tag: tag.into(), exchange };
                return;
            }
            ServerStep::Identify(identity) if self.is_judged => {
                let mut asked = Asked::new("LOGIN", self.commands);
                (asked.user, asked.is_part) = (Some(identity.authcid.clone()), true);
                let matter = Matter::Login { tag: tag.into(), exchange, identity };
                return self.ask(asked, matter, out);
            }
            ServerStep::Identify(identity) => {
                return self.identified(tag, exchange, &identity, backend, out);
            }
            ServerStep::Accepted(identity) => {
                let found = backend.secret(&identity.authcid).filter(|_| identity.is_own());
                let account = found.map(|(account, _)| account);
                self.logged_in(identity.authcid, account, out)
            }
            ServerStep::Refused(identity) => self.logged_in(identity.authcid, None, out),
            ServerStep::Malformed => Answer::bad("Invalid response"),
        };
        self.answer(tag, &answer, out);
    }

    /// LOGIN (§6.2.3).
    pub(super) fn log_in(
        &mut self,
        user: String,
        password: &str,
        backend: &mut impl Backend,
        out: &mut Out,
    ) -> Answer {
        if !self.config.takes_login(self.secured) {
            return needs_tls();
        }
        let account = backend.login(&user, password);
        self.logged_in(user, account, out)
    }

    /// What LOGIN or AUTHENTICATE came to; no account: it failed.
    fn logged_in(&mut self, user: String, account: Option<AccountId>, out: &mut Out) -> Answer {
        match account {
            Some(account) => {
                out.event(ImapServerEvent::LoggedIn { user, account });
                self.state = State::Authenticated { account };
                Answer::ok(format!("[CAPABILITY {}] Logged in", Capabilities(self)))
            }
            None => {
                out.event(ImapServerEvent::LoginRefused { user });
                if let State::NotAuthenticated { refused } = &mut self.state {
                    *refused += 1;
                }
                Answer::no("[AUTHENTICATIONFAILED] Authentication failed")
            }
        }
    }
}

/// The password would cross the network in clear (RFC 5530 §3).
fn needs_tls() -> Answer {
    Answer::no("[PRIVACYREQUIRED] Logins need TLS; use STARTTLS first")
}

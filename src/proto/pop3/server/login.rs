//! The AUTHORIZATION state: USER and PASS, APOP, AUTH, STLS (RFC 1939 §4 and §7, RFC 5034, RFC 2595).

use super::super::command::Command;
use super::{LoginRefusal, Out, Pop3Server, Pop3ServerEvent, State, reply};
use crate::engine::SimTime;
use crate::proto::pop3::MaildropMessage;
use crate::proto::sasl::{self, Identity, Mechanism, Secret, ServerExchange, ServerStep};

/// What a secret is held against.
#[derive(Debug)]
pub(super) enum Proof {
    Password(String),
    /// The digest of APOP.
    Digest(String),
    Sasl(ServerExchange),
}

impl Pop3Server {
    /// A command of the AUTHORIZATION state but CAPA and QUIT.
    pub(super) fn authorization(&mut self, now: SimTime, command: Command, out: &mut Out) {
        let takes_logins = self.takes_logins();
        let State::Authorization { user } = &mut self.state else { return };
        match command {
            Command::Stls if self.secured => self.bad("TLS is already active", out),
            Command::Stls if self.config.stls => {
                out.send("+OK Begin TLS negotiation\r\n");
                self.state = State::Securing;
                // Behind STLS, nothing in clear counts (RFC 2595 §4, CVE-2011-0411).
                self.lines.clear();
                out.event(Pop3ServerEvent::StartTls);
            }
            Command::AuthList => {
                out.send("+OK\r\n");
                if takes_logins {
                    for mechanism in &self.config.mechanisms {
                        reply(out, format_args!("{mechanism}"));
                    }
                }
                out.send(".\r\n");
            }
            Command::User(_) | Command::Pass(_) | Command::Apop { .. } | Command::Auth { .. }
                if !takes_logins =>
            {
                out.send("-ERR [AUTH] Say STLS first: no login without TLS\r\n");
            }
            Command::User(name) => {
                *user = Some(name);
                // Not said whether there is such a mailbox: that would help guessers.
                out.send("+OK send PASS\r\n");
            }
            Command::Pass(password) => match user.take() {
                Some(user) => self.identify(own(user), Proof::Password(password), out),
                None => self.bad("USER first", out),
            },
            Command::Apop { name, digest } => match self.timestamp {
                Some(_) => self.identify(own(name), Proof::Digest(digest), out),
                None => self.bad("Unknown command", out),
            },
            Command::Auth { mechanism, initial } => {
                self.auth(now, &mechanism, initial.as_deref(), out);
            }
            Command::Stls => self.bad("Unknown command", out),
            _ => self.bad("log in first", out),
        }
    }

    fn auth(&mut self, now: SimTime, name: &str, initial: Option<&str>, out: &mut Out) {
        let mechanism = match name.parse::<Mechanism>() {
            Ok(mechanism) if self.config.mechanisms.contains(&mechanism) => mechanism,
            _ => return self.bad("Unsupported authentication mechanism", out),
        };
        let initial = match initial {
            None => None,
            // RFC 5034 §4: an empty response.
            Some("=") => Some(Vec::new()),
            Some(text) => match sasl::decode_base64(text.as_bytes()) {
                Some(octets) => Some(octets),
                None => return self.bad("Invalid base64", out),
            },
        };
        let Pop3Server { config, challenges, .. } = self;
        let nonce = || match challenges {
            Some(stream) => mechanism.nonce(stream, now, &config.host_name),
            None => String::new(),
        };
        let (exchange, step) = ServerExchange::start(mechanism, nonce, initial.as_deref());
        self.sasl_step(exchange, step, out);
    }

    /// A line within AUTH: base64, or `*` to cancel.
    pub(super) fn auth_response(&mut self, line: &[u8], out: &mut Out) {
        let fresh = State::Authorization { user: None };
        let State::Sasl { mut exchange } = std::mem::replace(&mut self.state, fresh) else {
            return;
        };
        if line == b"*" {
            return self.bad("Authentication cancelled", out);
        }
        let Some(response) = sasl::decode_base64(line) else {
            return self.bad("Invalid base64", out);
        };
        let step = exchange.respond(&response);
        self.sasl_step(exchange, step, out);
    }

    fn sasl_step(&mut self, exchange: ServerExchange, step: ServerStep, out: &mut Out) {
        match step {
            ServerStep::Challenge(challenge) => {
                reply(out, format_args!("+ {}", sasl::encode_base64(&challenge)));
                self.state = State::Sasl { exchange };
            }
            ServerStep::Identify(identity) => self.identify(identity, Proof::Sasl(exchange), out),
            ServerStep::Accepted(identity) => self.proved(identity.authcid, out),
            ServerStep::Refused(_) => self.refuse(LoginRefusal::Credentials, out),
            ServerStep::Malformed => self.bad("[AUTH] Invalid response", out),
        }
    }

    fn identify(&mut self, identity: Identity, proof: Proof, out: &mut Out) {
        let user = identity.authcid.clone();
        self.state = State::Identifying { user, proof };
        out.event(Pop3ServerEvent::Identify(identity));
    }

    /// Answers [`Pop3ServerEvent::Identify`] with the secret of the account; `None` where there is no
    /// such account, or it may not act for whom it wants to. Without such a question outstanding it
    /// does nothing.
    pub fn answer_identity(&mut self, now: SimTime, secret: Option<&Secret>, out: &mut Out) {
        if !matches!(self.state, State::Identifying { .. }) {
            return;
        }
        let fresh = State::Authorization { user: None };
        let State::Identifying { user, proof } = std::mem::replace(&mut self.state, fresh) else {
            return;
        };
        let fits = match proof {
            Proof::Password(password) => secret.is_some_and(|secret| secret.is_password(&password)),
            Proof::Digest(digest) => {
                let timestamp = self.timestamp.as_deref().unwrap_or_default();
                let wanted = secret.map(|secret| secret.apop_digest(timestamp));
                wanted.is_some_and(|wanted| wanted.eq_ignore_ascii_case(&digest))
            }
            Proof::Sasl(mut exchange) => {
                let step = exchange.judge(secret);
                self.sasl_step(exchange, step, out);
                return self.run(now, out);
            }
        };
        match fits {
            true => self.proved(user, out),
            false => self.refuse(LoginRefusal::Credentials, out),
        }
        self.run(now, out);
    }

    fn proved(&mut self, user: String, out: &mut Out) {
        self.state = State::LoggingIn;
        out.event(Pop3ServerEvent::Login { user });
    }

    /// Answers [`Pop3ServerEvent::Login`]: with the messages of the maildrop, which is locked from
    /// now on, or with a refusal. Without such a question outstanding it does nothing.
    pub fn answer_login(
        &mut self,
        now: SimTime,
        answer: Result<Vec<MaildropMessage>, LoginRefusal>,
        out: &mut Out,
    ) {
        let State::LoggingIn = self.state else { return };
        self.active = now;
        match answer {
            Ok(messages) => self.open_maildrop(messages, out),
            Err(refusal) => self.refuse(refusal, out),
        }
        self.run(now, out);
    }

    fn refuse(&mut self, refusal: LoginRefusal, out: &mut Out) {
        reply(out, format_args!("-ERR {}", refusal.text()));
        self.state = State::Authorization { user: None };
        self.count_refusal(out);
    }

    pub(super) fn count_refusal(&mut self, out: &mut Out) {
        self.refused_logins += 1;
        if self.refused_logins >= self.config.max_refused_logins {
            self.end(out);
        }
    }

    /// The connection is secured: a TLS handshake is done, after [`Pop3ServerEvent::StartTls`] or
    /// before [`Input::Opened`](crate::proto::Input::Opened).
    ///
    /// The session is as after its greeting: a name that USER gave counts no more, and what came in
    /// clear behind STLS is thrown away.
    pub fn secured(&mut self, now: SimTime) {
        self.secured = true;
        if let State::Securing = self.state {
            self.state = State::Authorization { user: None };
            self.lines.clear();
            self.active = now;
        }
    }

    /// Whether a login is worth a try on this connection.
    pub(super) fn takes_logins(&self) -> bool {
        self.secured || !self.config.login_needs_tls
    }
}

/// Nobody else is to be acted for.
fn own(user: String) -> Identity {
    Identity { authcid: user, authzid: String::new() }
}

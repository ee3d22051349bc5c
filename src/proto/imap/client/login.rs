//! From the greeting to the first task: CAPABILITY, STARTTLS, the best way to log in.

use super::capabilities::Capabilities;
use super::response::Status;
use super::{ImapClient, ImapClientEvent, ImapFailure, Out, Refusal, State};
use crate::engine::{SimTime, Stream};
use crate::proto::imap::reader::Reader;
use crate::proto::sasl::{self, ClientExchange, Credentials, Mechanism};

impl ImapClient {
    /// The same with a stream of its own to draw the nonces of SCRAM from. Without one they are empty,
    /// and servers refuse them.
    #[must_use]
    pub fn with_nonces(mut self, stream: Stream) -> Self {
        self.nonces = Some(Box::new(stream));
        self
    }

    /// Says that TLS protects the connection from now on: after [`ImapClientEvent::StartTls`], when
    /// what the server offered before counts no more (RFC 3501 §6.2.1), or before
    /// [`Input::Opened`](crate::proto::Input::Opened).
    pub fn secured(&mut self, now: SimTime, out: &mut Out) {
        self.secured = true;
        if let State::Handshake = self.state {
            self.capabilities = None;
            self.ask(now, false, out);
        }
    }

    pub(super) fn learn(&mut self, words: &str) {
        self.capabilities = Some(Capabilities::parse(words));
    }

    /// The server offers QRESYNC and does not do it.
    pub(super) fn forget_qresync(&mut self) {
        if let Some(offered) = &mut self.capabilities {
            offered.qresync = false;
        }
    }

    pub(super) fn greeted(
        &mut self,
        now: SimTime,
        status: Status,
        out: &mut Out,
    ) -> Result<(), ImapFailure> {
        match status {
            Status::Ok if self.capabilities.is_none() => self.ask(now, false, out),
            Status::Ok => return self.log_in(now, out),
            // Who is logged in cannot be secured any more: somebody on the way may want just that.
            Status::PreAuth if self.config.starttls && !self.secured => {
                return Err(ImapFailure::NoTls);
            }
            Status::PreAuth => {
                out.event(ImapClientEvent::LoggedIn);
                self.next_task(now, out);
            }
            // The connection is about to be closed.
            Status::Bye => {}
            Status::No | Status::Bad => return Err(ImapFailure::Nonsense),
        }
        Ok(())
    }

    fn ask(&mut self, now: SimTime, logged_in: bool, out: &mut Out) {
        let command = self.send(now, out, |writer| {
            writer.text("CAPABILITY");
        });
        self.state = State::Asking { command, logged_in };
    }

    /// The server has told what it can: on to TLS, or to the login.
    fn log_in(&mut self, now: SimTime, out: &mut Out) -> Result<(), ImapFailure> {
        let offered = self.capabilities.clone().unwrap_or_default();
        if self.config.starttls && !self.secured {
            if !offered.starttls {
                return Err(ImapFailure::NoTls);
            }
            let command = self.send(now, out, |writer| {
                writer.text("STARTTLS");
            });
            self.state = State::StartingTls { command };
            return Ok(());
        }
        let is_offered = |mechanism: &&Mechanism| offered.mechanisms.contains(mechanism);
        let better = self.config.mechanisms.iter().find(is_offered);
        let other = [Mechanism::Plain, Mechanism::Login];
        let mechanism = match offered.login_disabled {
            true => {
                Some(*better.or(other.iter().find(is_offered)).ok_or(ImapFailure::NoMechanism)?)
            }
            false => better.copied(),
        };
        let Some(mechanism) = mechanism else {
            let (user, password) = (self.config.user.clone(), self.config.password.clone());
            let command = self.send(now, out, |writer| {
                writer.text("LOGIN").argument(&user).argument(&password);
            });
            self.state = State::LoggingIn { command };
            return Ok(());
        };
        let nonces = &mut self.nonces;
        // The only nonce of a client is SCRAM's, which has neither time nor name in it.
        let nonce = || match nonces {
            Some(stream) => mechanism.nonce(stream, SimTime::ZERO, ""),
            None => String::new(),
        };
        let credentials = Credentials::new(&*self.config.user, &*self.config.password);
        let mut exchange = ClientExchange::new(mechanism, credentials, nonce);
        let initial = if offered.sasl_ir { exchange.initial_response() } else { None };
        let initial = initial.map(|response| match response.is_empty() {
            true => "=".to_owned(),
            false => sasl::encode_base64(&response),
        });
        let command = self.send(now, out, |writer| {
            writer.text("AUTHENTICATE ").text(mechanism.name());
            if let Some(initial) = &initial {
                writer.text(" ").text(initial);
            }
        });
        self.state = State::Authenticating { command, exchange };
        Ok(())
    }

    /// A command before the first task is completed. `told` says whether that told the capabilities.
    pub(super) fn login_completed(
        &mut self,
        now: SimTime,
        before: State,
        tag: &str,
        (refused, told): (Option<Refusal>, bool),
        out: &mut Out,
    ) -> Result<(), ImapFailure> {
        match before {
            State::Asking { command, logged_in } if command.tag == tag => {
                // Who tells nothing can do what RFC 3501 says.
                self.capabilities.get_or_insert_default();
                if logged_in {
                    self.next_task(now, out);
                    return Ok(());
                }
                self.log_in(now, out)
            }
            State::StartingTls { command } if command.tag == tag => {
                if refused.is_some() {
                    return Err(ImapFailure::NoTls);
                }
                // What came in clear behind it counts no more.
                self.reader = Reader::default();
                self.state = State::Handshake;
                out.event(ImapClientEvent::StartTls);
                Ok(())
            }
            State::Authenticating { command, exchange } if command.tag == tag => {
                if refused.is_none() && !exchange.is_complete() {
                    return Err(ImapFailure::NotProved);
                }
                self.logged_in(now, (refused, told), out)
            }
            State::LoggingIn { command } if command.tag == tag => {
                self.logged_in(now, (refused, told), out)
            }
            _ => Err(ImapFailure::Nonsense),
        }
    }

    fn logged_in(
        &mut self,
        now: SimTime,
        (refused, told): (Option<Refusal>, bool),
        out: &mut Out,
    ) -> Result<(), ImapFailure> {
        if let Some(refusal) = refused {
            return Err(ImapFailure::LoginRefused(refusal));
        }
        out.event(ImapClientEvent::LoggedIn);
        if told {
            self.next_task(now, out);
        } else {
            // They may be others now (RFC 3501 §6.2.2, §6.2.3).
            self.ask(now, true, out);
        }
        Ok(())
    }
}

/// Answers a challenge; one that the mechanism cannot have is answered with `*`, and refused then.
pub(super) fn answer_challenge(exchange: &mut ClientExchange, text: &str, out: &mut Out) {
    let challenge = sasl::decode_base64(text.as_bytes());
    match challenge.and_then(|challenge| exchange.respond(&challenge)) {
        Some(response) => out.send(sasl::encode_base64(&response)),
        None => out.send("*"),
    }
    out.send("\r\n");
}

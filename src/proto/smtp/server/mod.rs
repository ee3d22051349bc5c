//! The server's side of an SMTP or submission session.
//!
//! Follows RFC 5321 with PIPELINING (RFC 2920), SIZE (RFC 1870), 8BITMIME (RFC 6152),
//! ENHANCEDSTATUSCODES (RFC 2034) and AUTH (RFC 4954). The wording of replies is close to
//! Postfix's.
//!
//! Deviation: replies have enhanced status codes after HELO as well, as Postfix's do.
//!
//! Not modelled: STARTTLS, CHUNKING, DSN, SMTPUTF8; LMTP (RFC 2033), which would answer the end of
//! the data once for each recipient. VRFY never tells, EXPN is refused.

mod auth;
mod config;
mod event;
#[cfg(test)]
mod tests;

use std::mem;
use std::sync::Arc;

use bytes::{Buf, BytesMut};

pub use config::{Greeting, Role, ServerConfig};
pub use event::{CloseReason, Envelope, ReceivedMessage, Recipient, ServerEvent, Verdict};

use super::address::{ForwardPath, ReversePath};
use super::command::Command;
use super::data::DataDecoder;
use super::line::{LineSplitter, Split};
use super::params::{MailParams, RcptParams};
use super::reply::Reply;
use crate::engine::{SimTime, Stream};
use crate::proto::sasl::{Identity, Mechanism, ServerExchange};
use crate::proto::{Input, Session};

type Outbox = crate::proto::Outbox<ServerEvent>;

/// One connection, seen from the server.
#[derive(Debug)]
pub struct ServerSession {
    config: Arc<ServerConfig>,
    state: State,
    lines: LineSplitter,
    /// What has come and was not read yet: a piece of a line, or what waits for an answer.
    unread: BytesMut,
    deadline: Option<SimTime>,
    greeted: Option<Greeted>,
    authenticated_as: Option<String>,
    /// Where the challenges of AUTH come from.
    challenges: Option<Box<Stream>>,
    /// Errors since the last accepted message.
    errors: u32,
}

#[derive(Debug)]
struct Greeted {
    helo: String,
    extended: bool,
}

#[derive(Debug)]
enum State {
    /// The connection does not stand yet.
    Opening,
    /// Greeted with 554: waits for QUIT.
    Unwelcome,
    /// Waits for EHLO, MAIL, AUTH and so on.
    Ready,
    /// Waits for the client's next response within AUTH.
    Auth { mechanism: Mechanism, exchange: ServerExchange },
    /// Waits for RCPT or DATA. `refused` counts the recipients refused so far.
    Envelope { envelope: Envelope, refused: usize },
    /// Waits for the end of the text.
    Data { envelope: Envelope, decoder: DataDecoder },
    /// Waits for the owner's answer.
    Asking(Question),
    /// Over.
    Closed,
}

/// What the owner was asked, with what is needed to go on afterwards.
#[derive(Debug)]
enum Question {
    Auth { mechanism: Mechanism, identity: Identity, exchange: ServerExchange },
    Mail { from: ReversePath, params: MailParams },
    Rcpt { envelope: Envelope, refused: usize, to: ForwardPath, params: RcptParams },
    Message,
}

impl ServerSession {
    /// A session on a connection that does not stand yet.
    pub fn new(config: impl Into<Arc<ServerConfig>>) -> Self {
        ServerSession {
            config: config.into(),
            state: State::Opening,
            lines: LineSplitter::default(),
            unread: BytesMut::new(),
            deadline: None,
            greeted: None,
            authenticated_as: None,
            challenges: None,
            errors: 0,
        }
    }

    /// Gives the session other settings. Only of use before [`Input::Opened`].
    pub fn configure(&mut self, config: impl Into<Arc<ServerConfig>>) {
        self.config = config.into();
    }

    /// The same with a stream of its own to draw the challenges of AUTH from.
    ///
    /// Without one the nonces of CRAM-MD5 and SCRAM are empty, and SCRAM clients fail.
    pub fn with_challenges(mut self, stream: Stream) -> Self {
        self.challenges = Some(Box::new(stream));
        self
    }

    /// Answers the question asked last, and goes on with what the client has sent meanwhile.
    ///
    /// Does nothing when no question is open, as after the connection was lost.
    ///
    /// # Panics
    ///
    /// When [`Verdict::Secret`] answers another question than [`ServerEvent::Auth`].
    pub fn answer(&mut self, now: SimTime, verdict: Verdict, out: &mut Outbox) {
        let State::Asking(question) = mem::replace(&mut self.state, State::Ready) else {
            return;
        };
        let accepted = match &verdict {
            Verdict::Accept => true,
            Verdict::Reply(reply) => reply.is_positive(),
            Verdict::Secret(secret) => {
                let Question::Auth { mechanism, mut exchange, .. } = question else {
                    panic!("a secret answers the question of AUTH alone");
                };
                let step = exchange.judge(secret.as_ref());
                self.auth_step(mechanism, exchange, step, out);
                return self.resume(now, out);
            }
        };
        let usual = match question {
            Question::Auth { mechanism, identity, .. } if accepted => {
                self.authenticated(mechanism, identity, out);
                return self.resume(now, out);
            }
            Question::Auth { mechanism, identity, .. } => {
                out.event(ServerEvent::AuthRefused { mechanism, identity });
                ""
            }
            Question::Mail { from, params } => {
                if accepted {
                    let envelope = Envelope { from, params, recipients: Vec::new() };
                    self.state = State::Envelope { envelope, refused: 0 };
                }
                "250 2.1.0 Ok\r\n"
            }
            Question::Rcpt { mut envelope, refused, to, params } => {
                if accepted {
                    envelope.recipients.push(Recipient { path: to, params });
                }
                let refused = refused + usize::from(!accepted);
                self.state = State::Envelope { envelope, refused };
                "250 2.1.5 Ok\r\n"
            }
            Question::Message => {
                if accepted {
                    self.errors = 0;
                }
                "250 2.0.0 Ok\r\n"
            }
        };
        match verdict {
            Verdict::Accept => out.send(usual),
            Verdict::Reply(reply) if accepted => write_reply(&reply, out),
            Verdict::Reply(reply) => self.refuse(&reply, out),
            Verdict::Secret(_) => unreachable!("answered above"),
        }
        self.resume(now, out);
    }

    /// Reads on after an answer.
    fn resume(&mut self, now: SimTime, out: &mut Outbox) {
        self.deadline = Some(now + self.config.command_timeout);
        let mut unread = mem::take(&mut self.unread);
        let used = self.read(now, &unread, out);
        unread.advance(used);
        self.unread = unread;
        self.settle();
    }

    /// Whether the session waits for [`ServerSession::answer`]. Further octets are kept meanwhile,
    /// up to 256 KiB; an owner that can hold back the client should.
    pub fn is_asking(&self) -> bool {
        matches!(self.state, State::Asking(_))
    }

    /// The argument of the last EHLO or HELO.
    pub fn helo(&self) -> Option<&str> {
        self.greeted.as_ref().map(|greeted| &*greeted.helo)
    }

    /// Whether the client greeted with EHLO.
    pub fn extended(&self) -> bool {
        self.greeted.as_ref().is_some_and(|greeted| greeted.extended)
    }

    /// The authentication identity that AUTH proved.
    pub fn authenticated_as(&self) -> Option<&str> {
        self.authenticated_as.as_deref()
    }

    /// The word after `with` in a Received field: `SMTP`, `ESMTP` or `ESMTPA` (RFC 3848).
    pub fn protocol_word(&self) -> &'static str {
        match (self.extended(), self.authenticated_as.is_some()) {
            (false, _) => "SMTP",
            (true, false) => "ESMTP",
            (true, true) => "ESMTPA",
        }
    }

    /// The envelope so far, while the session waits for RCPT, DATA, the text, or an answer to RCPT.
    pub fn envelope(&self) -> Option<&Envelope> {
        match &self.state {
            State::Envelope { envelope, .. }
            | State::Data { envelope, .. }
            | State::Asking(Question::Rcpt { envelope, .. }) => Some(envelope),
            _ => None,
        }
    }

    /// The settings.
    pub fn config(&self) -> &ServerConfig {
        &self.config
    }

    fn open(&mut self, now: SimTime, out: &mut Outbox) {
        self.deadline = Some(now + self.config.command_timeout);
        match &self.config.greeting {
            Greeting::Ready => {
                send(out, &["220 ", &self.config.hostname, " ESMTP\r\n"]);
                self.state = State::Ready;
            }
            Greeting::Refuse(reply) => {
                write_reply(reply, out);
                if reply.code() == 421 {
                    self.close(CloseReason::Refused, out);
                } else {
                    self.state = State::Unwelcome;
                }
            }
        }
    }

    /// Reads `input` as far as it goes, and tells how many octets that were.
    fn read(&mut self, now: SimTime, input: &[u8], out: &mut Outbox) -> usize {
        let mut rest = input;
        loop {
            match &mut self.state {
                State::Opening | State::Asking(_) => break,
                State::Closed => rest = &[],
                State::Data { decoder, .. } => {
                    let before = rest.len();
                    let over = decoder.push(&mut rest);
                    if rest.len() < before {
                        self.deadline = Some(now + self.config.data_timeout);
                    }
                    if over {
                        self.end_of_data(out);
                    }
                }
                State::Unwelcome | State::Ready | State::Auth { .. } | State::Envelope { .. } => {
                    let used = match self.lines.split(rest, LINE_LIMIT) {
                        Split::Line { line, used } => {
                            self.line(now, line, out);
                            used
                        }
                        Split::TooLong { used } => {
                            self.error("500 5.5.2 Error: line too long\r\n", out);
                            used
                        }
                        Split::More { used } => {
                            rest = &rest[used..];
                            break;
                        }
                    };
                    rest = &rest[used..];
                    self.deadline = Some(now + self.config.command_timeout);
                }
            }
            if rest.is_empty() {
                break;
            }
        }
        input.len() - rest.len()
    }

    /// No deadline where the client owes nothing.
    fn settle(&mut self) {
        if matches!(self.state, State::Opening | State::Asking(_) | State::Closed) {
            self.deadline = None;
        }
    }

    fn line(&mut self, now: SimTime, line: &[u8], out: &mut Outbox) {
        if let State::Auth { .. } = self.state {
            return self.auth_response(line, out);
        }
        let command = match Command::parse(line) {
            Ok(command) => command,
            Err(error) => return self.refuse(&error.reply(), out),
        };
        if let State::Unwelcome = self.state
            && command != Command::Quit
        {
            return self.error("503 5.5.1 Error: no service, send QUIT\r\n", out);
        }
        match command {
            Command::Ehlo(helo) => self.greet(helo, true, out),
            Command::Helo(helo) => self.greet(helo, false, out),
            Command::Noop => out.send("250 2.0.0 Ok\r\n"),
            Command::Quit => {
                out.send("221 2.0.0 Bye\r\n");
                self.close(CloseReason::Quit, out);
            }
            Command::Rset => {
                self.reset(out);
                out.send("250 2.0.0 Ok\r\n");
            }
            Command::Auth(mechanism, initial) => self.auth(now, mechanism, initial, out),
            Command::Help => out.send(HELP),
            Command::StartTls | Command::Bdat { .. } | Command::Lhlo(_) => {
                self.error("502 5.5.1 Error: command not implemented\r\n", out);
            }
            // RFC 4954 §6 names no others that may pass before AUTH.
            Command::Mail(..)
            | Command::Rcpt(..)
            | Command::Data
            | Command::Vrfy(..)
            | Command::Expn(..)
                if self.config.auth_required && self.authenticated_as.is_none() =>
            {
                self.error("530 5.7.0 Authentication required\r\n", out);
            }
            Command::Vrfy(..) => {
                out.send("252 2.0.0 Cannot VRFY, but will take mail and try to deliver\r\n");
            }
            Command::Expn(..) => {
                self.error("502 5.5.1 Error: command not implemented\r\n", out);
            }
            Command::Mail(from, params) => self.mail(from, params, out),
            Command::Rcpt(to, params) => self.rcpt(to, params, out),
            Command::Data => self.data(out),
        }
    }

    fn greet(&mut self, helo: &str, extended: bool, out: &mut Outbox) {
        // As if RSET had come (RFC 5321 §4.1.4).
        self.reset(out);
        if extended {
            write_reply(&self.config.capabilities().to_reply(&self.config.hostname), out);
        } else {
            send(out, &["250 ", &self.config.hostname, "\r\n"]);
        }
        self.greeted = Some(Greeted { helo: helo.to_owned(), extended });
        out.event(ServerEvent::Greeted { helo: helo.to_owned(), extended });
    }

    fn reset(&mut self, out: &mut Outbox) {
        if let State::Envelope { .. } = mem::replace(&mut self.state, State::Ready) {
            out.event(ServerEvent::Reset);
        }
    }

    fn mail(&mut self, from: ReversePath, params: MailParams, out: &mut Outbox) {
        let Some(greeted) = &self.greeted else {
            return self.error("503 5.5.1 Error: send HELO/EHLO first\r\n", out);
        };
        if let State::Envelope { .. } = self.state {
            return self.error("503 5.5.1 Error: nested MAIL command\r\n", out);
        }
        let offered = if greeted.extended {
            (params.body.is_none() || self.config.eight_bit_mime)
                && (params.auth.is_none() || !self.config.mechanisms.is_empty())
                && !params.asks_for_dsn()
                && !params.smtputf8
        } else {
            params == MailParams::default()
        };
        if !offered {
            return self.error("555 5.5.4 Unsupported option\r\n", out);
        }
        if !from.is_ascii() {
            return self.error(NOT_DECLARED, out);
        }
        if params.size_octets.is_some_and(|size| size > self.config.size_limit_octets as u64) {
            return self.error(TOO_LARGE, out);
        }
        out.event(ServerEvent::Mail { from: from.clone(), params: params.clone() });
        self.state = State::Asking(Question::Mail { from, params });
    }

    fn rcpt(&mut self, to: ForwardPath, params: RcptParams, out: &mut Outbox) {
        match mem::replace(&mut self.state, State::Ready) {
            State::Envelope { envelope, refused }
                if envelope.recipients.len() >= self.config.max_recipients =>
            {
                self.state = State::Envelope { envelope, refused: refused + 1 };
                out.send("452 4.5.3 Error: too many recipients\r\n");
                // No mistake of the client, which tries these again (RFC 5321 §4.5.3.1.10): the
                // message must not be lost to those who were accepted.
                if refused >= OVERSHOOT_LIMIT {
                    self.count_error(out);
                }
            }
            State::Envelope { envelope, refused } if !to.is_ascii() => {
                self.state = State::Envelope { envelope, refused: refused + 1 };
                self.error(NOT_DECLARED, out);
            }
            State::Envelope { envelope, refused } if params.asks_for_dsn() => {
                self.state = State::Envelope { envelope, refused: refused + 1 };
                self.error("555 5.5.4 Unsupported option\r\n", out);
            }
            State::Envelope { envelope, refused } => {
                out.event(ServerEvent::Rcpt { to: to.clone(), params: params.clone() });
                self.state = State::Asking(Question::Rcpt { envelope, refused, to, params });
            }
            _ => self.error("503 5.5.1 Error: need MAIL command\r\n", out),
        }
    }

    fn data(&mut self, out: &mut Outbox) {
        match mem::replace(&mut self.state, State::Ready) {
            State::Envelope { envelope, .. } if !envelope.recipients.is_empty() => {
                out.send("354 End data with <CR><LF>.<CR><LF>\r\n");
                let decoder = DataDecoder::new(self.config.size_limit_octets);
                self.state = State::Data { envelope, decoder };
            }
            State::Envelope { envelope, refused } => {
                self.state = State::Envelope { envelope, refused };
                self.error(
                    if refused > 0 {
                        "554 5.5.1 Error: no valid recipients\r\n"
                    } else {
                        "503 5.5.1 Error: need RCPT command\r\n"
                    },
                    out,
                );
            }
            _ => self.error("503 5.5.1 Error: need RCPT command\r\n", out),
        }
    }

    fn end_of_data(&mut self, out: &mut Outbox) {
        let State::Data { envelope, decoder } = mem::replace(&mut self.state, State::Ready) else {
            return;
        };
        if decoder.is_too_large() {
            out.event(ServerEvent::Reset);
            return self.error(TOO_LARGE, out);
        }
        let data = decoder.into_text();
        out.event(ServerEvent::Message(ReceivedMessage { envelope, data }));
        self.state = State::Asking(Question::Message);
    }

    /// Sends a reply that refuses.
    fn refuse(&mut self, reply: &Reply, out: &mut Outbox) {
        write_reply(reply, out);
        if reply.code() == 421 {
            return self.close(CloseReason::Refused, out);
        }
        self.count_error(out);
    }

    /// Sends the whole line of a reply that refuses.
    fn error(&mut self, reply: &str, out: &mut Outbox) {
        out.send(reply);
        self.count_error(out);
    }

    fn count_error(&mut self, out: &mut Outbox) {
        self.errors += 1;
        if self.errors >= self.config.max_errors {
            send(out, &["421 4.7.0 ", &self.config.hostname, " Error: too many errors\r\n"]);
            self.close(CloseReason::Misbehaved, out);
        }
    }

    fn close(&mut self, reason: CloseReason, out: &mut Outbox) {
        self.state = State::Closed;
        self.unread = BytesMut::new();
        self.deadline = None;
        out.event(ServerEvent::Closed(reason));
        out.close();
    }
}

impl Session for ServerSession {
    type Event = ServerEvent;

    fn handle(&mut self, now: SimTime, input: Input<'_>, out: &mut Outbox) {
        match (&self.state, input) {
            (State::Closed, _) => {}
            (State::Opening, Input::Opened) => {
                self.open(now, out);
                // A client that talks before the greeting is borne with.
                let unread = mem::take(&mut self.unread);
                if !unread.is_empty() {
                    self.handle(now, Input::Bytes(&unread), out);
                }
            }
            (_, Input::Opened) => {}
            (State::Opening | State::Asking(_), Input::Bytes(octets)) => {
                if self.unread.len() + octets.len() > UNREAD_LIMIT {
                    send(out, &["421 4.7.0 ", &self.config.hostname, " Error: too much input\r\n"]);
                    return self.close(CloseReason::Misbehaved, out);
                }
                self.unread.extend_from_slice(octets);
            }
            (_, Input::Bytes(octets)) if self.unread.is_empty() => {
                let used = self.read(now, octets, out);
                if !matches!(self.state, State::Closed) {
                    self.unread.extend_from_slice(&octets[used..]);
                }
            }
            (_, Input::Bytes(octets)) => {
                let mut unread = mem::take(&mut self.unread);
                unread.extend_from_slice(octets);
                let used = self.read(now, &unread, out);
                if !matches!(self.state, State::Closed) {
                    unread.advance(used);
                    self.unread = unread;
                }
            }
            (_, Input::Eof) => self.close(CloseReason::Eof, out),
            (_, Input::Timeout) => {
                if self.deadline.is_some_and(|deadline| deadline <= now) {
                    send(
                        out,
                        &["421 4.4.2 ", &self.config.hostname, " Error: timeout exceeded\r\n"],
                    );
                    self.close(CloseReason::TimedOut, out);
                }
            }
        }
        self.settle();
    }

    fn deadline(&self) -> Option<SimTime> {
        self.deadline
    }
}

fn send(out: &mut Outbox, pieces: &[&str]) {
    for piece in pieces {
        out.send(piece);
    }
}

fn write_reply(reply: &Reply, out: &mut Outbox) {
    reply.encode(out).expect("an outbox takes everything");
}

const TOO_LARGE: &str = "552 5.3.4 Error: message size exceeds fixed limit\r\n";
const NOT_DECLARED: &str = "553 5.6.7 Must declare SMTPUTF8 to send unicode address\r\n";
const HELP: &str = "214 2.0.0 Commands: EHLO HELO MAIL RCPT DATA RSET NOOP VRFY HELP QUIT AUTH\r\n";

/// Of one line with its CRLF: the 12,288 octets that RFC 4954 §4.5.3 asks for, for a session has
/// one limit for all its lines.
const LINE_LIMIT: usize = 12_288;

/// How many recipients may be refused as too many before that counts as an error, as Postfix's
/// `smtpd_recipient_overshoot_limit`.
const OVERSHOOT_LIMIT: usize = 1000;

/// Of what may wait for an answer.
const UNREAD_LIMIT: usize = 262_144;

//! The POP3 server session (RFC 1939 whole), with CAPA and its response codes (RFC 2449, RFC 3206),
//! PIPELINING, AUTH (RFC 5034) and STLS (RFC 2595).
//!
//! The session asks its owner by events: for the secret of an account, for the maildrop, and to
//! remove what was deleted; commands that the client sends meanwhile wait for the answer. It knows
//! nothing of TLS: its owner does the handshake, and gives it what was encrypted.
//!
//! A message is sent as it was when the maildrop was locked, even where an IMAP session has expunged
//! it since; to delete it then does nothing.
//!
//! Where the server misbehaves the session asks its owner before each command, and waits for the
//! verdict.
//!
//! Not modelled: UTF8 and LANG (RFC 6856): header fields beyond ASCII are sent as they are, which
//! is what most servers do; messages that expire; LAST (gone since RFC 1725).

mod config;
mod event;
mod judged;
mod login;
mod maildrop;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::sync::Arc;

pub use config::Pop3ServerConfig;
pub use event::{LoginRefusal, Pop3ServerEvent};

use self::login::Proof;
use self::maildrop::Maildrop;
use super::MaildropMessage;
use super::command::Command;
use super::line::{Line, LineReader};
use crate::engine::{SimTime, Stream};
use crate::proto::sasl::{Mechanism, ServerExchange};
use crate::proto::{Input, Outbox, Session};

type Out = Outbox<Pop3ServerEvent>;

/// A POP3 server session.
#[derive(Debug)]
pub struct Pop3Server {
    config: Arc<Pop3ServerConfig>,
    state: State,
    lines: LineReader,
    /// When the client last sent something.
    active: SimTime,
    secured: bool,
    /// Where timestamps and the challenges of AUTH come from.
    challenges: Option<Box<Stream>>,
    /// The timestamp in the greeting, where there is APOP.
    timestamp: Option<String>,
    refused_logins: u32,
    /// Lines in a row that were no commands, or had no place where they came.
    bad_commands: u32,
    /// How many commands came.
    commands: u32,
    /// Whether the owner is asked before each of them.
    is_judged: bool,
}

#[derive(Debug)]
enum State {
    /// AUTHORIZATION (§4), before and after USER.
    Authorization { user: Option<String> },
    /// Waits for the client's next response within AUTH.
    Sasl { exchange: ServerExchange },
    /// The owner looks for the secret of an account.
    Identifying { user: String, proof: Proof },
    /// The owner looks for the maildrop.
    LoggingIn,
    /// Waits for the end of a TLS handshake, of which it sees nothing.
    Securing,
    /// TRANSACTION (§5).
    Transaction { maildrop: Maildrop },
    /// The owner looks whether it is to misbehave: before the greeting, or before a command.
    Judging { command: Option<Command>, before: Box<State> },
    /// UPDATE (§6): the owner removes what was deleted, `left` messages stay.
    Update { left: usize },
    /// The connection is closed.
    Ended,
}

impl Pop3Server {
    /// A session that greets when the connection opens.
    pub fn new(config: Arc<Pop3ServerConfig>) -> Pop3Server {
        Pop3Server {
            config,
            state: State::Authorization { user: None },
            lines: LineReader::new(),
            active: SimTime::ZERO,
            secured: false,
            challenges: None,
            timestamp: None,
            refused_logins: 0,
            bad_commands: 0,
            commands: 0,
            is_judged: false,
        }
    }

    /// The same with a stream of its own to draw the timestamp of APOP and the challenges of AUTH
    /// from.
    ///
    /// Without one there is no APOP, the challenge of CRAM-MD5 is empty, and SCRAM clients fail.
    #[must_use]
    pub fn with_challenges(mut self, stream: Stream) -> Self {
        self.challenges = Some(Box::new(stream));
        self
    }

    fn greet(&mut self, now: SimTime, out: &mut Out) {
        let host = &self.config.host_name;
        if self.config.apop {
            let draws = self.challenges.as_mut();
            self.timestamp = draws.map(|draws| Mechanism::CramMd5.nonce(draws, now, host));
        }
        match &self.timestamp {
            Some(timestamp) => reply(out, format_args!("+OK {host} POP3 server ready {timestamp}")),
            None => reply(out, format_args!("+OK {host} POP3 server ready")),
        }
    }

    /// Answers [`Pop3ServerEvent::Update`]: whether all the messages could be removed.
    pub fn answer_update(&mut self, removed: bool, out: &mut Out) {
        let State::Update { left } = self.state else { return };
        if removed {
            self.farewell(left, out);
        } else {
            out.send("-ERR [SYS/TEMP] some deleted messages not removed\r\n");
        }
        self.end(out);
    }

    /// Handles the lines that are there, as far as no question to the owner is outstanding.
    fn run(&mut self, now: SimTime, out: &mut Out) {
        loop {
            let in_auth = match self.state {
                State::Authorization { .. } | State::Transaction { .. } => false,
                State::Sasl { .. } => true,
                State::Identifying { .. }
                | State::LoggingIn
                | State::Judging { .. }
                | State::Securing
                | State::Update { .. }
                | State::Ended => return,
            };
            // The reader is lent out of the session while one of its lines is handled.
            let mut lines = std::mem::take(&mut self.lines);
            let limit = line_limit(lines.peek(), in_auth);
            let line = match lines.next(limit) {
                None => {
                    self.lines = lines;
                    return;
                }
                Some(Line::TooLong) => None,
                Some(Line::Text(line)) => Some(line.to_vec()),
            };
            self.lines = lines;
            match line {
                None => {
                    if in_auth {
                        self.state = State::Authorization { user: None };
                    }
                    self.bad("Line too long", out);
                }
                Some(line) if in_auth => self.auth_response(&line, out),
                Some(line) => match Command::parse(&line) {
                    Ok(command) => self.next_command(now, command, out),
                    Err(error) => self.bad(&error.to_string(), out),
                },
            }
        }
    }

    fn command(&mut self, now: SimTime, command: Command, out: &mut Out) {
        let before = self.bad_commands;
        match (&mut self.state, command) {
            (_, Command::Capa) => self.capabilities(out),
            (_, Command::Quit) => self.quit(out),
            (State::Transaction { maildrop }, command) => {
                if let Err(complaint) = maildrop.command(&command, out) {
                    self.bad(complaint, out);
                }
            }
            (_, command) => self.authorization(now, command, out),
        }
        if self.bad_commands == before {
            self.bad_commands = 0;
        }
    }

    /// CAPA (RFC 2449 §5). Who has logged in is told what holds for the rest of the session, and what
    /// serves it; what comes before a login may depend on TLS.
    fn capabilities(&self, out: &mut Out) {
        let logged_in = matches!(self.state, State::Transaction { .. });
        out.send("+OK Capability list follows\r\nTOP\r\n");
        if self.takes_logins() {
            out.send("USER\r\n");
        }
        out.send("UIDL\r\nPIPELINING\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\n");
        if self.takes_logins() && !self.config.mechanisms.is_empty() {
            out.send("SASL");
            self.config.mechanisms.iter().for_each(|mechanism| {
                out.send(" ");
                out.send(mechanism.name());
            });
            out.send("\r\n");
        }
        if self.config.stls && !self.secured && !logged_in {
            out.send("STLS\r\n");
        }
        out.send("EXPIRE NEVER\r\n");
        if let Some(delay) = self.config.login_delay {
            reply(out, format_args!("LOGIN-DELAY {}", delay.as_secs()));
        }
        if logged_in {
            // Not to strangers, who would look up its weaknesses (RFC 2449 §6.9).
            out.send(concat!("IMPLEMENTATION mxsim-", env!("CARGO_PKG_VERSION"), "\r\n"));
        }
        out.send(".\r\n");
    }

    fn quit(&mut self, out: &mut Out) {
        let State::Transaction { maildrop } = &self.state else {
            reply(out, format_args!("+OK {} POP3 server signing off", self.config.host_name));
            return self.end(out);
        };
        let (deleted, left) = (maildrop.deleted(), maildrop.left());
        if deleted.is_empty() {
            self.farewell(left, out);
            self.end(out);
        } else {
            self.state = State::Update { left };
            out.event(Pop3ServerEvent::Update { deleted });
        }
    }

    fn open_maildrop(&mut self, messages: Vec<MaildropMessage>, out: &mut Out) {
        let maildrop = Maildrop::new(messages);
        reply(out, format_args!("+OK maildrop has {}", maildrop.totals()));
        self.state = State::Transaction { maildrop };
    }

    fn farewell(&self, left: usize, out: &mut Out) {
        let host = &self.config.host_name;
        match left {
            0 => reply(out, format_args!("+OK {host} POP3 server signing off (maildrop empty)")),
            _ => reply(
                out,
                format_args!("+OK {host} POP3 server signing off ({left} messages left)"),
            ),
        }
    }

    /// `-ERR` to what has no place; too much of it in a row ends the session, without UPDATE.
    fn bad(&mut self, complaint: &str, out: &mut Out) {
        reply(out, format_args!("-ERR {complaint}"));
        self.bad_commands += 1;
        if self.bad_commands >= self.config.max_bad_commands {
            out.send("-ERR Too many bad commands\r\n");
            self.end(out);
        }
    }

    fn end(&mut self, out: &mut Out) {
        self.state = State::Ended;
        out.event(Pop3ServerEvent::Ended);
        out.close();
    }
}

impl Session for Pop3Server {
    type Event = Pop3ServerEvent;

    fn handle(&mut self, now: SimTime, input: Input<'_>, out: &mut Out) {
        match (&self.state, input) {
            (State::Ended, _) => {}
            (_, Input::Opened) => {
                self.active = now;
                if self.is_judged {
                    self.ask(None, out);
                } else {
                    self.greet(now, out);
                }
            }
            // What was sent in clear behind STLS.
            (State::Securing, Input::Bytes(_)) => {}
            (_, Input::Bytes(octets)) => {
                self.active = now;
                self.lines.feed(octets);
                self.run(now, out);
                if !matches!(self.state, State::Ended) && self.lines.waiting() > MAX_WAITING_OCTETS
                {
                    out.send("-ERR Too much input at once\r\n");
                    self.end(out);
                }
            }
            // Messages marked as deleted stay: UPDATE is entered by QUIT alone (§6).
            (_, Input::Eof) => self.end(out),
            // Nothing is said then (§3).
            (_, Input::Timeout) => {
                if self.deadline().is_some_and(|deadline| deadline <= now) {
                    self.end(out);
                }
            }
        }
    }

    fn deadline(&self) -> Option<SimTime> {
        match self.state {
            State::Ended => None,
            _ => Some(self.active + self.config.autologout),
        }
    }
}

fn reply(out: &mut Out, text: std::fmt::Arguments<'_>) {
    write!(out, "{text}\r\n").expect("an outbox takes all");
}

/// Without the line end. RFC 2449 §4 has 255 with it; PASS strings may be longer in practice. Within
/// AUTH as much as base64 of any mechanism may need (RFC 5034 §4).
fn line_limit(input: &[u8], in_auth: bool) -> usize {
    let auth = in_auth || input.get(..5).is_some_and(|verb| verb.eq_ignore_ascii_case(b"AUTH "));
    if auth { 12_288 } else { 510 }
}

/// How much a client can send ahead of an answer that takes its time.
const MAX_WAITING_OCTETS: usize = 64 * 1024;

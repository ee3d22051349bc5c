//! The POP3 client session: logs in, downloads what is new, deletes or keeps, and quits.
//!
//! Follows RFC 1939, with CAPA (RFC 2449), STLS (RFC 2595), and AUTH (RFC 5034) by the best mechanism
//! that both sides know. One command at a time, as most clients do.
//!
//! Not modelled: PIPELINING on the client's side, TOP.

mod config;
mod login;

use std::collections::BTreeSet;

use super::command::Command;
use super::line::{Line, LineReader};
use super::multiline::Collector;
use crate::engine::{SimTime, Stream};
use crate::proto::sasl::ClientExchange;
use crate::proto::{Input, Outbox, Session};

pub use config::{Login, Pop3ClientConfig, Pop3ClientEvent, Pop3Failure};
use login::{Capabilities, answer_challenge, timestamp};

/// A POP3 client session.
#[derive(Debug)]
pub struct Pop3Client {
    config: Pop3ClientConfig,
    state: State,
    lines: LineReader,
    secured: bool,
    /// The timestamp in the greeting (RFC 1939 §7, APOP).
    timestamp: Option<String>,
    /// Where the nonces of SCRAM come from.
    nonces: Option<Box<Stream>>,
    /// When the server last sent something.
    active: SimTime,
}

/// What the client waits for.
#[derive(Debug)]
enum State {
    /// The connection does not stand yet.
    Opening,
    Greeting,
    /// The status line of CAPA, or its list.
    Capa {
        list: Option<Capabilities>,
    },
    Stls,
    /// The end of a TLS handshake, of which it sees nothing.
    Handshake,
    Auth(ClientExchange),
    Apop,
    User,
    Pass,
    /// The status line of UIDL, or its list.
    Uidl {
        list: Option<Vec<Listed>>,
    },
    /// STAT, since the server has no UIDL.
    Stat,
    /// The status line of RETR for the last of `rest`, or the message.
    Retr {
        rest: Vec<Listed>,
        text: Option<Collector>,
        deleted: usize,
    },
    /// DELE of the last of `rest`.
    Dele {
        rest: Vec<Listed>,
        deleted: usize,
    },
    Quit {
        deleted: usize,
    },
    Ended,
}

#[derive(Debug)]
struct Listed {
    number: u32,
    unique_id: Option<String>,
}

/// A status line.
enum Status<'a> {
    Ok(&'a str),
    Err(&'a str),
}

impl Pop3Client {
    /// A session that logs in when the server has greeted.
    pub fn new(config: Pop3ClientConfig) -> Pop3Client {
        Pop3Client {
            config,
            state: State::Opening,
            lines: LineReader::new(),
            secured: false,
            timestamp: None,
            nonces: None,
            active: SimTime::ZERO,
        }
    }

    fn line(&mut self, line: &[u8], out: &mut Outbox<Pop3ClientEvent>) -> Result<(), Pop3Failure> {
        // Within a multi-line response every line is text.
        match &mut self.state {
            State::Capa { list: Some(list) } => {
                if line == b"." {
                    let list = std::mem::take(list);
                    return self.capable(&list, out);
                }
                return list.learn(line);
            }
            State::Uidl { list: Some(list) } => {
                if line == b"." {
                    // The next message is taken from the end.
                    let rest = std::mem::take(list).into_iter().rev().collect();
                    self.next_message(rest, 0, out);
                } else if list.len() >= MAX_MESSAGES {
                    return Err(Pop3Failure::TooLarge);
                } else {
                    list.push(listed(line).ok_or(Pop3Failure::Nonsense)?);
                }
                return Ok(());
            }
            State::Retr { rest, text: Some(text), deleted } => {
                if let Some(data) = text.line(line) {
                    let unique_id = rest.last_mut().and_then(|listed| listed.unique_id.clone());
                    out.event(Pop3ClientEvent::Message { unique_id, data });
                    let (rest, deleted) = (std::mem::take(rest), *deleted);
                    self.after_message(rest, deleted, out);
                } else if text.len() > self.config.max_message_octets {
                    return Err(Pop3Failure::TooLarge);
                }
                return Ok(());
            }
            _ => {}
        }
        if let State::Auth(exchange) = &mut self.state
            && let Some(challenge) = line.strip_prefix(b"+ ")
        {
            return answer_challenge(exchange, challenge, out);
        }
        let status = status(line).ok_or(Pop3Failure::Nonsense)?;
        let refused =
            |command, text: &str| Err(Pop3Failure::Refused { command, text: text.into() });
        self.state = match (std::mem::replace(&mut self.state, State::Ended), status) {
            (State::Greeting, Status::Ok(text)) => {
                self.timestamp = timestamp(text);
                send(&Command::Capa, out);
                State::Capa { list: None }
            }
            (State::Greeting, Status::Err(text)) => return refused("greeting", text),
            (State::Capa { .. }, Status::Ok(_)) => {
                State::Capa { list: Some(Capabilities::default()) }
            }
            (State::Capa { .. }, Status::Err(_)) => {
                return self.capable(&Capabilities::unknown(), out);
            }
            (State::Stls, Status::Ok(_)) => {
                out.event(Pop3ClientEvent::StartTls);
                State::Handshake
            }
            (State::Stls, Status::Err(text)) => return refused("STLS", text),
            (State::Auth(exchange), Status::Ok(_)) => {
                if !exchange.is_complete() {
                    return Err(Pop3Failure::NotProved);
                }
                self.logged_in(out)
            }
            (State::Auth(_), Status::Err(text)) => return refused("AUTH", text),
            (State::Apop, Status::Ok(_)) => self.logged_in(out),
            (State::Apop, Status::Err(text)) => return refused("APOP", text),
            (State::User, Status::Ok(_)) => {
                send(&Command::Pass(self.config.password.clone()), out);
                State::Pass
            }
            (State::User, Status::Err(text)) => return refused("USER", text),
            (State::Pass, Status::Ok(_)) => self.logged_in(out),
            (State::Pass, Status::Err(text)) => return refused("PASS", text),
            (State::Uidl { .. }, Status::Ok(_)) => State::Uidl { list: Some(Vec::new()) },
            (State::Uidl { .. }, Status::Err(_)) => {
                send(&Command::Stat, out);
                State::Stat
            }
            (State::Stat, Status::Ok(text)) => {
                let count = text.split(' ').next().and_then(|count| count.parse().ok());
                let count: u32 = count.ok_or(Pop3Failure::Nonsense)?;
                if count as usize > MAX_MESSAGES {
                    return Err(Pop3Failure::TooLarge);
                }
                let listed = |number| Listed { number, unique_id: None };
                self.next_message((1..=count).rev().map(listed).collect(), 0, out);
                return Ok(());
            }
            (State::Stat, Status::Err(text)) => return refused("STAT", text),
            (State::Retr { rest, deleted, .. }, Status::Ok(_)) => {
                State::Retr { rest, text: Some(Collector::default()), deleted }
            }
            // One message that cannot be had does not keep the others away.
            (State::Retr { rest, deleted, .. }, Status::Err(text)) => {
                self.skip(("RETR", text), rest, deleted, out);
                return Ok(());
            }
            (State::Dele { mut rest, deleted }, Status::Ok(_)) => {
                rest.pop();
                self.next_message(rest, deleted + 1, out);
                return Ok(());
            }
            (State::Dele { rest, deleted }, Status::Err(text)) => {
                self.skip(("DELE", text), rest, deleted, out);
                return Ok(());
            }
            (State::Quit { deleted }, Status::Ok(_)) => {
                out.event(Pop3ClientEvent::Done { deleted });
                out.close();
                State::Ended
            }
            (State::Quit { .. }, Status::Err(text)) => return refused("QUIT", text),
            (state @ (State::Opening | State::Handshake | State::Ended), _) => state,
        };
        Ok(())
    }

    fn logged_in(&mut self, out: &mut Outbox<Pop3ClientEvent>) -> State {
        out.event(Pop3ClientEvent::LoggedIn);
        send(&Command::Uidl(None), out);
        State::Uidl { list: None }
    }

    /// Goes on behind the last of `rest`, which the server did not send or delete.
    fn skip(
        &mut self,
        (command, text): (&'static str, &str),
        mut rest: Vec<Listed>,
        deleted: usize,
        out: &mut Outbox<Pop3ClientEvent>,
    ) {
        let unique_id = rest.pop().and_then(|listed| listed.unique_id);
        let failure = Pop3Failure::Refused { command, text: text.into() };
        out.event(Pop3ClientEvent::Refused { unique_id, failure });
        self.next_message(rest, deleted, out);
    }

    /// Goes on with the last of `rest`, or quits.
    fn next_message(
        &mut self,
        mut rest: Vec<Listed>,
        deleted: usize,
        out: &mut Outbox<Pop3ClientEvent>,
    ) {
        while let Some(next) = rest.last() {
            let is_in = |ids: &BTreeSet<String>| {
                next.unique_id.as_ref().is_some_and(|unique_id| ids.contains(unique_id))
            };
            if !is_in(&self.config.known) {
                send(&Command::Retr(next.number), out);
                self.state = State::Retr { rest, text: None, deleted };
                return;
            }
            if !self.config.keep || is_in(&self.config.expired) {
                // Downloaded in a session that broke before its QUIT, or long ago.
                return self.after_message(rest, deleted, out);
            }
            rest.pop();
        }
        send(&Command::Quit, out);
        self.state = State::Quit { deleted };
    }

    /// Deletes the last of `rest`, which is downloaded, or keeps it.
    fn after_message(
        &mut self,
        mut rest: Vec<Listed>,
        deleted: usize,
        out: &mut Outbox<Pop3ClientEvent>,
    ) {
        let goes = |done: &Listed| {
            let expired = &self.config.expired;
            !self.config.keep || done.unique_id.as_ref().is_some_and(|id| expired.contains(id))
        };
        match rest.last() {
            Some(done) if goes(done) => {
                send(&Command::Dele(done.number), out);
                self.state = State::Dele { rest, deleted };
            }
            _ => {
                rest.pop();
                self.next_message(rest, deleted, out);
            }
        }
    }

    fn fail(&mut self, failure: Pop3Failure, out: &mut Outbox<Pop3ClientEvent>) {
        self.state = State::Ended;
        out.event(Pop3ClientEvent::Failed(failure));
        out.close();
    }
}

impl Session for Pop3Client {
    type Event = Pop3ClientEvent;

    fn handle(&mut self, now: SimTime, input: Input<'_>, out: &mut Outbox<Pop3ClientEvent>) {
        match (&self.state, input) {
            (State::Ended, _) => return,
            (State::Opening, Input::Opened | Input::Bytes(_)) => self.state = State::Greeting,
            _ => {}
        }
        match input {
            Input::Opened => self.active = now,
            // Nothing that comes in clear counts any more.
            Input::Bytes(_) if matches!(self.state, State::Handshake) => {}
            Input::Bytes(octets) => {
                self.active = now;
                self.lines.feed(octets);
                while !matches!(self.state, State::Handshake | State::Ended) {
                    // The reader is lent out of the session while one of its lines is handled.
                    let mut lines = std::mem::replace(&mut self.lines, LineReader::new());
                    let handled = match lines.next(MAX_LINE_OCTETS) {
                        None => {
                            self.lines = lines;
                            break;
                        }
                        Some(Line::TooLong) => Err(Pop3Failure::TooLarge),
                        Some(Line::Text(line)) => self.line(line, out),
                    };
                    self.lines = lines;
                    if let State::Handshake = self.state {
                        self.lines.clear();
                    }
                    if let Err(failure) = handled {
                        self.fail(failure, out);
                    }
                }
            }
            Input::Eof => self.fail(Pop3Failure::Closed, out),
            Input::Timeout => {
                if self.deadline().is_some_and(|deadline| deadline <= now) {
                    self.fail(Pop3Failure::TimedOut, out);
                }
            }
        }
    }

    fn deadline(&self) -> Option<SimTime> {
        match self.state {
            State::Opening | State::Ended => None,
            _ => Some(self.active + self.config.timeout),
        }
    }
}

fn send(command: &Command, out: &mut Outbox<Pop3ClientEvent>) {
    use std::fmt::Write as _;
    write!(out, "{command}\r\n").expect("an outbox takes all");
}

/// `+OK text` or `-ERR text` (RFC 1939 §3).
fn status(line: &[u8]) -> Option<Status<'_>> {
    let line = std::str::from_utf8(line).ok()?;
    let (status, text) = line.split_once(' ').unwrap_or((line, ""));
    match status {
        "+OK" => Some(Status::Ok(text)),
        "-ERR" => Some(Status::Err(text)),
        _ => None,
    }
}

/// A line of a unique-id listing (§7).
fn listed(line: &[u8]) -> Option<Listed> {
    let (number, unique_id) = std::str::from_utf8(line).ok()?.split_once(' ')?;
    let number = number.parse().ok()?;
    Some(Listed { number, unique_id: Some(unique_id.trim().into()) })
}

/// Far above the 998 of RFC 5322: servers send broken mail as it is.
const MAX_LINE_OCTETS: usize = 1 << 20;

const MAX_MESSAGES: usize = 1_000_000;

#[cfg(test)]
mod tests;

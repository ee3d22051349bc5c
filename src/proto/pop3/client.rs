//! The POP3 client session: logs in, downloads what is new, deletes or keeps, and quits.
//!
//! Follows RFC 1939. One command at a time, as most clients do.
//!
//! Not modelled: CAPA and PIPELINING on the client's side, TOP, APOP, STLS.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use super::command::Command;
use super::line::{Line, LineReader};
use super::multiline::Collector;
use crate::engine::SimTime;
use crate::proto::{Input, Outbox, Session};

/// What a client session is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pop3ClientConfig {
    /// The mailbox name.
    pub user: String,
    /// Its password.
    pub password: String,
    /// Whether messages stay on the server after they were downloaded.
    pub keep: bool,
    /// Unique ids of messages downloaded in earlier sessions: they are not downloaded again.
    pub known: BTreeSet<String>,
    /// How long to wait for the server.
    pub timeout: Duration,
    /// The largest message to be taken, in octets.
    pub max_message_octets: usize,
}

impl Default for Pop3ClientConfig {
    fn default() -> Self {
        Pop3ClientConfig {
            user: String::new(),
            password: String::new(),
            keep: false,
            known: BTreeSet::new(),
            timeout: Duration::from_secs(60),
            max_message_octets: 64 << 20,
        }
    }
}

/// News from a POP3 client session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pop3ClientEvent {
    /// The server gave the maildrop.
    LoggedIn,
    /// A message was downloaded.
    Message {
        /// Its unique id, where the server has UIDL.
        unique_id: Option<String>,
        /// Header and body, lines ended by CRLF.
        data: Bytes,
    },
    /// QUIT was answered well: so many messages are gone from the server. The last event.
    Done {
        /// How many were deleted.
        deleted: usize,
    },
    /// The session ended before; deleted messages may still be there. The last event.
    Failed(Pop3Failure),
}

/// Why a client session fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pop3Failure {
    /// The server answered a command with `-ERR`; the password is left out.
    Refused {
        /// The keyword of the command, or `greeting`.
        command: &'static str,
        /// What the server said after `-ERR`.
        text: String,
    },
    /// The server answered with something that is no POP3 reply.
    Nonsense,
    /// The server sent more than the client takes.
    TooLarge,
    /// The connection was closed.
    Closed,
    /// The server was silent for too long.
    TimedOut,
}

impl fmt::Display for Pop3Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pop3Failure::Refused { command, text } => write!(f, "{command} refused: {text}"),
            Pop3Failure::Nonsense => f.write_str("the server does not speak POP3"),
            Pop3Failure::TooLarge => f.write_str("the server sent too much"),
            Pop3Failure::Closed => f.write_str("the server closed the connection"),
            Pop3Failure::TimedOut => f.write_str("the server did not answer in time"),
        }
    }
}

/// A POP3 client session.
#[derive(Debug)]
pub struct Pop3Client {
    config: Pop3ClientConfig,
    state: State,
    lines: LineReader,
    /// When the server last sent something.
    active: SimTime,
}

/// What the client waits for.
#[derive(Debug)]
enum State {
    Greeting,
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
            state: State::Greeting,
            lines: LineReader::new(MAX_LINE_OCTETS),
            active: SimTime::ZERO,
        }
    }

    fn line(&mut self, line: &[u8], out: &mut Outbox<Pop3ClientEvent>) -> Result<(), Pop3Failure> {
        // Within a multi-line response every line is text.
        match &mut self.state {
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
        let status = status(line).ok_or(Pop3Failure::Nonsense)?;
        let refused =
            |command, text: &str| Err(Pop3Failure::Refused { command, text: text.into() });
        self.state = match (std::mem::replace(&mut self.state, State::Ended), status) {
            (State::Greeting, Status::Ok(_)) => {
                send(&Command::User(self.config.user.clone()), out);
                State::User
            }
            (State::Greeting, Status::Err(text)) => return refused("greeting", text),
            (State::User, Status::Ok(_)) => {
                send(&Command::Pass(self.config.password.clone()), out);
                State::Pass
            }
            (State::User, Status::Err(text)) => return refused("USER", text),
            (State::Pass, Status::Ok(_)) => {
                out.event(Pop3ClientEvent::LoggedIn);
                send(&Command::Uidl(None), out);
                State::Uidl { list: None }
            }
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
            (State::Retr { .. }, Status::Err(text)) => return refused("RETR", text),
            (State::Dele { mut rest, deleted }, Status::Ok(_)) => {
                rest.pop();
                self.next_message(rest, deleted + 1, out);
                return Ok(());
            }
            (State::Dele { .. }, Status::Err(text)) => return refused("DELE", text),
            (State::Quit { deleted }, Status::Ok(_)) => {
                out.event(Pop3ClientEvent::Done { deleted });
                out.close();
                State::Ended
            }
            (State::Quit { .. }, Status::Err(text)) => return refused("QUIT", text),
            (State::Ended, _) => State::Ended,
        };
        Ok(())
    }

    /// Goes on with the last of `rest`, or quits.
    fn next_message(
        &mut self,
        mut rest: Vec<Listed>,
        deleted: usize,
        out: &mut Outbox<Pop3ClientEvent>,
    ) {
        while let Some(next) = rest.last() {
            let known = next.unique_id.as_ref().is_some_and(|id| self.config.known.contains(id));
            if !known {
                send(&Command::Retr(next.number), out);
                self.state = State::Retr { rest, text: None, deleted };
                return;
            }
            if !self.config.keep {
                // Downloaded in a session that broke before its QUIT.
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
        match rest.last() {
            Some(done) if !self.config.keep => {
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
        if matches!(self.state, State::Ended) {
            return;
        }
        match input {
            Input::Opened => self.active = now,
            Input::Bytes(octets) => {
                self.active = now;
                self.lines.feed(octets);
                while !matches!(self.state, State::Ended) {
                    // The reader is lent out of the session while one of its lines is handled.
                    let mut lines = std::mem::replace(&mut self.lines, LineReader::new(0));
                    let handled = match lines.next() {
                        None => {
                            self.lines = lines;
                            break;
                        }
                        Some(Line::TooLong) => Err(Pop3Failure::TooLarge),
                        Some(Line::Text(line)) => self.line(line, out),
                    };
                    self.lines = lines;
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
            State::Ended => None,
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

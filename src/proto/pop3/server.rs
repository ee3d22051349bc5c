//! The POP3 server session (RFC 1939), with CAPA, response codes and pipelining (RFC 2449, 3206).
//!
//! The session asks its owner by [`Pop3ServerEvent::Login`] for the maildrop and by
//! [`Pop3ServerEvent::Update`] to remove what was deleted; commands that the client sends meanwhile
//! wait for the answer.
//!
//! Not modelled: APOP and AUTH, STLS, LAST (gone since RFC 1725).

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use super::command::Command;
use super::line::{Line, LineReader};
use super::{MaildropMessage, multiline};
use crate::engine::SimTime;
use crate::proto::{Input, Outbox, Session};

/// What all POP3 sessions of a server have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pop3ServerConfig {
    /// The name of the host, for the greeting and the farewell.
    pub host_name: String,
    /// How long a client may be silent: at least 10 minutes (RFC 1939 §3).
    pub autologout: Duration,
    /// How many refused logins end the connection.
    pub max_refused_logins: u32,
}

impl Default for Pop3ServerConfig {
    fn default() -> Self {
        Pop3ServerConfig {
            host_name: "localhost".into(),
            autologout: Duration::from_secs(600),
            max_refused_logins: 5,
        }
    }
}

/// News from a POP3 server session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pop3ServerEvent {
    /// A client wants a maildrop: answer with [`Pop3Server::answer_login`].
    Login {
        /// The mailbox name that USER gave.
        user: String,
        /// The string that PASS gave.
        password: String,
    },
    /// The client was sent this message whole; its [`MaildropMessage::uid`].
    Retrieved {
        /// Which.
        uid: u32,
    },
    /// Remove these messages, by ascending [`MaildropMessage::uid`], then call
    /// [`Pop3Server::answer_update`].
    Update {
        /// Which.
        deleted: Vec<u32>,
    },
    /// The session is over, in whatever way: unlock the maildrop, if one was given. Comes once.
    Ended,
}

/// Why a login is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginRefusal {
    /// Unknown user or wrong password; not said which. `[AUTH]` (RFC 3206).
    Credentials,
    /// Another session holds the maildrop. `[IN-USE]` (RFC 2449 §8.1.2).
    InUse,
}

/// A POP3 server session.
#[derive(Debug)]
pub struct Pop3Server {
    config: Arc<Pop3ServerConfig>,
    state: State,
    lines: LineReader,
    /// When the client last sent something.
    active: SimTime,
}

#[derive(Debug)]
enum State {
    /// AUTHORIZATION (§4), before and after USER.
    Authorization { user: Option<String>, refused: u32 },
    /// The owner looks for the maildrop.
    LoggingIn { refused: u32 },
    /// TRANSACTION (§5).
    Transaction { maildrop: Vec<Entry> },
    /// UPDATE (§6): the owner removes `deleted` of the messages, `left` stay.
    Update { left: usize },
    /// The connection is closed.
    Ended,
}

#[derive(Debug)]
struct Entry {
    message: MaildropMessage,
    deleted: bool,
}

impl Pop3Server {
    /// A session that greets when the connection opens.
    pub fn new(config: Arc<Pop3ServerConfig>) -> Pop3Server {
        Pop3Server {
            config,
            state: State::Authorization { user: None, refused: 0 },
            lines: LineReader::new(MAX_LINE_OCTETS),
            active: SimTime::ZERO,
        }
    }

    /// Answers [`Pop3ServerEvent::Login`]: with the messages of the maildrop, which is locked from
    /// now on, or with a refusal. Without such a question outstanding it does nothing.
    pub fn answer_login(
        &mut self,
        now: SimTime,
        answer: Result<Vec<MaildropMessage>, LoginRefusal>,
        out: &mut Outbox<Pop3ServerEvent>,
    ) {
        let State::LoggingIn { refused } = self.state else { return };
        self.active = now;
        match answer {
            Ok(messages) => {
                let maildrop: Vec<Entry> =
                    messages.into_iter().map(|message| Entry { message, deleted: false }).collect();
                reply(out, format_args!("+OK maildrop has {}", totals(&maildrop)));
                self.state = State::Transaction { maildrop };
            }
            Err(refusal) => {
                out.send(match refusal {
                    LoginRefusal::Credentials => "-ERR [AUTH] Authentication failed\r\n",
                    LoginRefusal::InUse => {
                        "-ERR [IN-USE] Maildrop is locked by another session\r\n"
                    }
                });
                let refused = refused + 1;
                if refused < self.config.max_refused_logins {
                    self.state = State::Authorization { user: None, refused };
                } else {
                    self.end(out);
                }
            }
        }
        self.run(out);
    }

    /// Answers [`Pop3ServerEvent::Update`]: whether all the messages could be removed.
    pub fn answer_update(&mut self, removed: bool, out: &mut Outbox<Pop3ServerEvent>) {
        let State::Update { left } = self.state else { return };
        if removed {
            self.farewell(left, out);
        } else {
            out.send("-ERR some deleted messages not removed\r\n");
        }
        self.end(out);
    }

    /// Handles the lines that are there, as far as no question to the owner is outstanding.
    fn run(&mut self, out: &mut Outbox<Pop3ServerEvent>) {
        while !matches!(self.state, State::LoggingIn { .. } | State::Update { .. } | State::Ended) {
            match self.lines.next() {
                None => break,
                Some(Line::TooLong) => out.send("-ERR Line too long\r\n"),
                Some(Line::Text(line)) => match Command::parse(line) {
                    Ok(command) => self.command(command, out),
                    Err(error) => reply(out, format_args!("-ERR {error}")),
                },
            }
        }
    }

    fn command(&mut self, command: Command, out: &mut Outbox<Pop3ServerEvent>) {
        match (&mut self.state, command) {
            (_, Command::Capa) => out.send(CAPABILITIES),

            (State::Authorization { user, .. }, Command::User(name)) => {
                *user = Some(name);
                // Not said whether there is such a mailbox: that would help guessers.
                out.send("+OK send PASS\r\n");
            }
            (State::Authorization { user, refused }, Command::Pass(password)) => {
                let refused = *refused;
                match user.take() {
                    Some(user) => {
                        out.event(Pop3ServerEvent::Login { user, password });
                        self.state = State::LoggingIn { refused };
                    }
                    None => out.send("-ERR USER first\r\n"),
                }
            }
            (State::Authorization { .. }, Command::Quit) => {
                reply(out, format_args!("+OK {} POP3 server signing off", self.config.host_name));
                self.end(out);
            }
            (State::Authorization { .. }, _) => out.send("-ERR log in first\r\n"),

            (State::Transaction { maildrop }, command) => match command {
                Command::Quit => self.quit(out),
                command => transaction(maildrop, &command, out),
            },

            (State::LoggingIn { .. } | State::Update { .. } | State::Ended, _) => {
                unreachable!("no line is read in these states")
            }
        }
    }

    fn quit(&mut self, out: &mut Outbox<Pop3ServerEvent>) {
        let State::Transaction { maildrop } = &self.state else { return };
        let deleted: Vec<u32> =
            maildrop.iter().filter(|entry| entry.deleted).map(|entry| entry.message.uid).collect();
        let left = maildrop.len() - deleted.len();
        if deleted.is_empty() {
            self.farewell(left, out);
            self.end(out);
        } else {
            self.state = State::Update { left };
            out.event(Pop3ServerEvent::Update { deleted });
        }
    }

    fn farewell(&self, left: usize, out: &mut Outbox<Pop3ServerEvent>) {
        let host = &self.config.host_name;
        match left {
            0 => reply(out, format_args!("+OK {host} POP3 server signing off (maildrop empty)")),
            _ => reply(
                out,
                format_args!("+OK {host} POP3 server signing off ({left} messages left)"),
            ),
        }
    }

    fn end(&mut self, out: &mut Outbox<Pop3ServerEvent>) {
        self.state = State::Ended;
        out.event(Pop3ServerEvent::Ended);
        out.close();
    }
}

impl Session for Pop3Server {
    type Event = Pop3ServerEvent;

    fn handle(&mut self, now: SimTime, input: Input<'_>, out: &mut Outbox<Pop3ServerEvent>) {
        if matches!(self.state, State::Ended) {
            return;
        }
        match input {
            Input::Opened => {
                self.active = now;
                reply(out, format_args!("+OK {} POP3 server ready", self.config.host_name));
            }
            Input::Bytes(octets) => {
                self.active = now;
                self.lines.feed(octets);
                self.run(out);
                if self.lines.waiting() > MAX_WAITING_OCTETS {
                    out.send("-ERR Too much input at once\r\n");
                    self.end(out);
                }
            }
            // Messages marked as deleted stay: UPDATE is entered by QUIT alone (§6).
            Input::Eof => self.end(out),
            Input::Timeout => {
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

/// A command of the TRANSACTION state but QUIT (§5, §7).
fn transaction(maildrop: &mut [Entry], command: &Command, out: &mut Outbox<Pop3ServerEvent>) {
    match *command {
        Command::Stat => {
            let (count, octets) = count(maildrop);
            reply(out, format_args!("+OK {count} {octets}"));
        }
        Command::Noop => out.send("+OK\r\n"),
        Command::Rset => {
            maildrop.iter_mut().for_each(|entry| entry.deleted = false);
            reply(out, format_args!("+OK maildrop has {}", totals(maildrop)));
        }
        Command::List(None) => {
            reply(out, format_args!("+OK {}", totals(maildrop)));
            for (number, entry) in numbered(maildrop) {
                reply(out, format_args!("{number} {}", octets(entry)));
            }
            out.send(".\r\n");
        }
        Command::Uidl(None) => {
            out.send("+OK\r\n");
            for (number, entry) in numbered(maildrop) {
                reply(out, format_args!("{number} {}", entry.message.unique_id));
            }
            out.send(".\r\n");
        }
        Command::List(Some(number))
        | Command::Uidl(Some(number))
        | Command::Retr(number)
        | Command::Top(number, _)
        | Command::Dele(number) => {
            let total = maildrop.len();
            let entry = (number as usize).checked_sub(1).and_then(|place| maildrop.get_mut(place));
            match entry {
                None => reply(
                    out,
                    format_args!("-ERR no such message, only {total} messages in maildrop"),
                ),
                Some(entry) if entry.deleted => {
                    reply(out, format_args!("-ERR message {number} already deleted"));
                }
                Some(entry) => one_message(number, entry, command, out),
            }
        }
        Command::User(_) | Command::Pass(_) => out.send("-ERR logged in already\r\n"),
        Command::Capa | Command::Quit => unreachable!("handled by the caller"),
    }
}

fn one_message(
    number: u32,
    entry: &mut Entry,
    command: &Command,
    out: &mut Outbox<Pop3ServerEvent>,
) {
    match command {
        Command::List(_) => reply(out, format_args!("+OK {number} {}", octets(entry))),
        Command::Uidl(_) => reply(out, format_args!("+OK {number} {}", entry.message.unique_id)),
        Command::Top(_, lines) => {
            out.send("+OK top of message follows\r\n");
            multiline::send(&multiline::top(&entry.message.data, *lines), out);
        }
        Command::Dele(_) => {
            entry.deleted = true;
            reply(out, format_args!("+OK message {number} deleted"));
        }
        _ => {
            reply(out, format_args!("+OK {} octets", octets(entry)));
            multiline::send(&entry.message.data, out);
            out.event(Pop3ServerEvent::Retrieved { uid: entry.message.uid });
        }
    }
}

fn octets(entry: &Entry) -> u64 {
    multiline::octets_sent(&entry.message.data)
}

/// The messages that are not deleted, with their numbers.
fn numbered(maildrop: &[Entry]) -> impl Iterator<Item = (usize, &Entry)> {
    (1..).zip(maildrop).filter(|(_, entry)| !entry.deleted)
}

fn count(maildrop: &[Entry]) -> (usize, u64) {
    numbered(maildrop).fold((0, 0), |(count, sum), (_, entry)| (count + 1, sum + octets(entry)))
}

fn totals(maildrop: &[Entry]) -> String {
    let (count, octets) = count(maildrop);
    format!("{count} message{} ({octets} octets)", if count == 1 { "" } else { "s" })
}

fn reply(out: &mut Outbox<Pop3ServerEvent>, text: std::fmt::Arguments<'_>) {
    write!(out, "{text}\r\n").expect("an outbox takes all");
}

/// RFC 2449 §4 has 255 with the line end; PASS strings may be longer in practice.
const MAX_LINE_OCTETS: usize = 510;

/// How much a client can send ahead of an answer that takes its time.
const MAX_WAITING_OCTETS: usize = 64 * 1024;

const CAPABILITIES: &str = "+OK Capability list follows\r\n\
    TOP\r\n\
    USER\r\n\
    UIDL\r\n\
    PIPELINING\r\n\
    RESP-CODES\r\n\
    AUTH-RESP-CODE\r\n\
    EXPIRE NEVER\r\n\
    .\r\n";

#[cfg(test)]
mod tests;

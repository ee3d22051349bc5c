//! The IMAP client session: does tasks one after the other, each by its commands.
//!
//! Follows RFC 3501, with STARTTLS, and AUTHENTICATE (with the initial response of RFC 4959) by the
//! best mechanism that both sides know; uses LITERAL+ (RFC 7888), QRESYNC and CONDSTORE (RFC 7162) where
//! they are offered, and IDLE (RFC 2177), or else NOOP, where the task says so. The owner may add tasks
//! at any time; the connection stays open until [`ImapTask::Logout`].
//!
//! Nothing that a server sends makes it panic, or keep more than a bounded amount. What it does not
//! know it passes over; what breaks the syntax of a response that it does know ends the session.
//!
//! Not modelled: several commands under way at once, and reading of BODYSTRUCTURE.

mod capabilities;
mod command;
mod config;
mod fetched;
mod idle;
mod login;
mod response;
mod resync;
mod task;

use std::collections::VecDeque;

use bytes::Bytes;

pub use self::config::ImapClientConfig;

pub use self::task::{ImapClientEvent, ImapFailure, ImapTask, MailboxSummary, Overview, Refusal};

use self::capabilities::Capabilities;
use self::command::CommandWriter;
use self::idle::{IDLE_FOR, NAP};
use self::response::{Response, StateResponse, Status};
use super::mailbox_name::MailboxName;
use super::number::{Uid, UidValidity};
use super::reader::{Limits, Reader, Step};
use crate::engine::{SimTime, Stream};
use crate::proto::sasl::ClientExchange;
use crate::proto::{Input, Outbox, Session};

/// An IMAP client session.
#[derive(Debug)]
pub struct ImapClient {
    config: ImapClientConfig,
    state: State,
    tasks: VecDeque<ImapTask>,
    reader: Reader,
    /// What the server has said that it can; `None` before it has.
    capabilities: Option<Capabilities>,
    secured: bool,
    /// Where the nonces of SCRAM come from.
    nonces: Option<Box<Stream>>,
    /// Whether ENABLE QRESYNC was granted: messages vanish by UID from then on.
    qresync: bool,
    /// The UIDs of the selected mailbox by sequence number, as far as the server told them.
    uids: Vec<Option<Uid>>,
    /// How many commands were sent.
    commands: u32,
    /// The text of a BYE.
    bye: Option<String>,
    /// When the server last sent something, or was sent something.
    active: SimTime,
}

#[derive(Debug)]
enum State {
    /// The connection does not stand yet.
    Opening,
    Greeting,
    /// CAPABILITY is under way, before the login or after it.
    Asking {
        command: Command,
        logged_in: bool,
    },
    StartingTls {
        command: Command,
    },
    /// The end of a TLS handshake, of which it sees nothing.
    Handshake,
    Authenticating {
        command: Command,
        exchange: ClientExchange,
    },
    LoggingIn {
        command: Command,
    },
    /// Nothing is to be done.
    Ready,
    Working {
        command: Command,
        task: ImapTask,
        stage: Stage,
    },
    Ended,
}

/// A command under way.
#[derive(Debug)]
struct Command {
    tag: String,
    /// What waits until the server asks for it.
    unsent: VecDeque<Bytes>,
}

/// How far a task is.
#[derive(Debug)]
enum Stage {
    /// Its only command is under way.
    Only,
    /// ENABLE is under way, before SELECT.
    Enabling,
    /// SELECT is under way.
    Selecting(MailboxSummary),
    /// The overviews of FetchNew are under way; these are new.
    Overviews(Vec<Uid>),
    /// IDLE was sent; the server has not agreed yet.
    IdleAsked,
    /// The server sends news since then, until DONE.
    Idling { since: SimTime },
    /// DONE was sent; afterwards IDLE goes on when `again`.
    IdleEnding { again: bool },
    /// The server has no IDLE: it is asked for news by NOOP, and now nothing is under way.
    Napping { since: SimTime },
    /// NOOP was sent in the place of IDLE; afterwards there is another nap when `again`.
    Asked { again: bool },
}

type Out = Outbox<ImapClientEvent>;

impl ImapClient {
    /// A session that logs in when the server has greeted, and then does `tasks`.
    pub fn new(config: ImapClientConfig, tasks: impl IntoIterator<Item = ImapTask>) -> ImapClient {
        ImapClient {
            config,
            state: State::Opening,
            tasks: tasks.into_iter().collect(),
            reader: Reader::default(),
            capabilities: None,
            secured: false,
            nonces: None,
            qresync: false,
            uids: Vec::new(),
            commands: 0,
            bye: None,
            active: SimTime::ZERO,
        }
    }

    /// Adds a task after those that wait. It begins at once when there are none.
    pub fn add_task(&mut self, now: SimTime, task: ImapTask, out: &mut Out) {
        self.tasks.push_back(task);
        match &self.state {
            State::Ready => self.next_task(now, out),
            State::Working { stage: Stage::Idling { .. } | Stage::Napping { .. }, .. } => {
                self.end_idle(now, false, out);
            }
            State::Working { stage: Stage::Asked { again: true }, .. } => {
                if let State::Working { stage, .. } = &mut self.state {
                    *stage = Stage::Asked { again: false };
                }
            }
            _ => {}
        }
    }

    /// Whether no task is under way or waits.
    pub fn is_ready(&self) -> bool {
        matches!(self.state, State::Ready)
    }

    fn next_task(&mut self, now: SimTime, out: &mut Out) {
        let Some(task) = self.tasks.pop_front() else {
            self.state = State::Ready;
            return;
        };
        let stage = match &task {
            ImapTask::Select { .. } => self.selecting(&task),
            ImapTask::Resync { .. } if self.offers(|offered| offered.qresync) => {
                return self.resync(now, task, out);
            }
            ImapTask::Resync { .. } => self.selecting(&task),
            ImapTask::FetchNew { .. } => Stage::Overviews(Vec::new()),
            ImapTask::Idle if self.capabilities.as_ref().is_some_and(|offered| !offered.idle) => {
                // NOOP at once: news may have come since the last command.
                let command = self.send(now, out, |writer| {
                    writer.text("NOOP");
                });
                let again = self.tasks.is_empty();
                self.state = State::Working { command, task, stage: Stage::Asked { again } };
                return;
            }
            ImapTask::Idle => Stage::IdleAsked,
            _ => Stage::Only,
        };
        let command = self.send(now, out, |writer| {
            writer.task(&task);
        });
        self.state = State::Working { command, task, stage };
    }

    /// Whether the server has said that it can do something.
    fn offers(&self, what: impl Fn(&Capabilities) -> bool) -> bool {
        self.capabilities.as_ref().is_some_and(what)
    }

    /// Sends a command as far as it goes without the server's leave.
    fn send(&mut self, now: SimTime, out: &mut Out, write: impl Fn(&mut CommandWriter)) -> Command {
        self.active = now;
        self.commands += 1;
        let tag = format!("a{}", self.commands);
        let literal_plus = self.offers(|offered| offered.literal_plus);
        let mut writer = CommandWriter::new(&tag, literal_plus);
        write(&mut writer);
        let mut command = Command { tag, unsent: writer.finish() };
        let ready = if literal_plus { command.unsent.len() } else { 1 };
        command.unsent.drain(..ready).for_each(|piece| send_piece(piece, out));
        command
    }

    fn response(&mut self, now: SimTime, text: &Bytes, out: &mut Out) -> Result<(), ImapFailure> {
        match Response::parse(text).map_err(|_| ImapFailure::Nonsense)? {
            Response::Continue(text) => self.proceed(now, text, out),
            Response::Tagged { tag, state } => return self.completed(now, tag, state, out),
            Response::Untagged(state) => return self.untagged(now, state, out),
            Response::Capability(words) => self.learn(words),
            Response::Exists(count) => match &mut self.state {
                State::Working { stage: Stage::Selecting(summary), .. } => summary.exists = count,
                _ => out.event(ImapClientEvent::Exists { count }),
            },
            Response::Recent(count) => {
                if let State::Working { stage: Stage::Selecting(summary), .. } = &mut self.state {
                    summary.recent = count;
                }
            }
            Response::Expunge(sequence) => {
                let place = sequence.checked_sub(1).ok_or(ImapFailure::Nonsense)? as usize;
                let uid = if place < self.uids.len() { self.uids.remove(place) } else { None };
                out.event(ImapClientEvent::Expunged { sequence, uid });
            }
            Response::Fetch { sequence, items } => self.fetched(sequence, &items, text, out)?,
            Response::Search(numbers) => {
                let uids = numbers.into_iter().filter_map(Uid::new).collect();
                out.event(ImapClientEvent::Found { uids });
            }
            Response::Esearch { uid, all } => {
                if all.count() > MAX_FOUND {
                    return Err(ImapFailure::Nonsense);
                }
                if uid {
                    let numbers = all.ranges().iter().cloned().flatten();
                    out.event(ImapClientEvent::Found {
                        uids: numbers.filter_map(Uid::new).collect(),
                    });
                }
            }
            Response::Enabled(words) => {
                self.qresync |= words.split(' ').any(|word| word.eq_ignore_ascii_case("QRESYNC"));
            }
            Response::Vanished { earlier, uids } => self.vanished(earlier, uids, out),
            Response::List { attributes, name } => {
                let noselect = |word: &&str| word.eq_ignore_ascii_case("\\Noselect");
                let selectable = !attributes.iter().any(noselect);
                if let Ok(mailbox) = MailboxName::decode(&name) {
                    out.event(ImapClientEvent::Listed { mailbox, selectable });
                }
            }
            Response::Other => {}
        }
        Ok(())
    }

    /// The server asks for more: for the literal and what follows it, for a response to its challenge,
    /// or it idles.
    fn proceed(&mut self, now: SimTime, text: &str, out: &mut Out) {
        match &mut self.state {
            State::Authenticating { exchange, .. } => login::answer_challenge(exchange, text, out),
            State::LoggingIn { command } | State::Working { command, .. }
                if !command.unsent.is_empty() =>
            {
                // The literal, and what comes up to the next one.
                let ready = command.unsent.len().min(2);
                command.unsent.drain(..ready).for_each(|piece| send_piece(piece, out));
            }
            State::Working { stage: stage @ Stage::IdleAsked, .. } => {
                *stage = Stage::Idling { since: now };
                if !self.tasks.is_empty() {
                    self.end_idle(now, false, out);
                }
            }
            _ => {}
        }
    }

    fn untagged(
        &mut self,
        now: SimTime,
        state: StateResponse<'_>,
        out: &mut Out,
    ) -> Result<(), ImapFailure> {
        if let Some(words) = state.code_argument("CAPABILITY") {
            self.learn(words);
        }
        if state.status == Status::Bye {
            self.bye = Some(state.text.into());
        }
        match &mut self.state {
            State::Greeting => return self.greeted(now, state.status, out),
            State::Working { stage: Stage::Selecting(summary), .. } => {
                if let Some(number) = state.code_number("UIDVALIDITY") {
                    summary.uid_validity = UidValidity::new(number);
                }
                if let Some(number) = state.code_number("UIDNEXT") {
                    summary.uid_next = Uid::new(number);
                }
                if let Some(mod_seq) = state.code_mod_seq("HIGHESTMODSEQ") {
                    summary.mod_seq = Some(mod_seq);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A command is completed: on with the task, or with the next one.
    fn completed(
        &mut self,
        now: SimTime,
        tag: &str,
        state: StateResponse<'_>,
        out: &mut Out,
    ) -> Result<(), ImapFailure> {
        if let Some(words) = state.code_argument("CAPABILITY") {
            self.learn(words);
        }
        let refused = (state.status != Status::Ok)
            .then(|| Refusal { code: state.code.into(), text: state.text.into() });
        match std::mem::replace(&mut self.state, State::Ready) {
            before @ (State::Asking { .. }
            | State::StartingTls { .. }
            | State::Authenticating { .. }
            | State::LoggingIn { .. }) => {
                let told = state.code_argument("CAPABILITY").is_some();
                return self.login_completed(now, before, tag, (refused, told), out);
            }
            State::Working { command, task, stage } if command.tag == tag => {
                match (&task, stage) {
                    (ImapTask::Resync { .. }, Stage::Enabling) => {
                        // A server that does not do what it offers is asked as any other.
                        if !self.qresync {
                            self.forget_qresync();
                        }
                        self.tasks.push_front(task);
                        self.next_task(now, out);
                        return Ok(());
                    }
                    (
                        ImapTask::Select { mailbox, .. } | ImapTask::Resync { mailbox, .. },
                        Stage::Selecting(mut summary),
                    ) if refused.is_none() => {
                        summary.read_only |= state.code_argument("READ-ONLY").is_some();
                        if let ImapTask::Resync { uid_validity, .. } = &task {
                            let same = summary.uid_validity == Some(*uid_validity);
                            summary.resynced = self.qresync && same && summary.mod_seq.is_some();
                        }
                        let mailbox = mailbox.clone();
                        out.event(ImapClientEvent::Selected { mailbox, summary });
                    }
                    (ImapTask::FetchNew { peek, .. }, Stage::Overviews(new))
                        if refused.is_none() && !new.is_empty() =>
                    {
                        let command = self.send(now, out, |writer| {
                            writer.fetch_bodies(&new, *peek);
                        });
                        self.state = State::Working { command, task, stage: Stage::Only };
                        return Ok(());
                    }
                    (ImapTask::Idle, Stage::IdleEnding { again: true }) if refused.is_none() => {
                        self.tasks.push_front(task);
                        self.next_task(now, out);
                        return Ok(());
                    }
                    (ImapTask::Idle, Stage::Asked { again: true }) if refused.is_none() => {
                        let stage = Stage::Napping { since: now };
                        self.state = State::Working { command, task, stage };
                        return Ok(());
                    }
                    (ImapTask::Logout, _) => {
                        out.event(ImapClientEvent::Done { task, refused });
                        self.end(None, out);
                        return Ok(());
                    }
                    _ => {}
                }
                out.event(ImapClientEvent::Done { task, refused });
            }
            _ => return Err(ImapFailure::Nonsense),
        }
        self.next_task(now, out);
        Ok(())
    }

    fn end(&mut self, failure: Option<ImapFailure>, out: &mut Out) {
        self.state = State::Ended;
        out.event(ImapClientEvent::Ended { failure });
        out.close();
    }
}

impl Session for ImapClient {
    type Event = ImapClientEvent;

    fn handle(&mut self, now: SimTime, input: Input<'_>, out: &mut Out) {
        match (&self.state, input) {
            (State::Ended, _) => return,
            (State::Opening, Input::Opened | Input::Bytes(_)) => self.state = State::Greeting,
            _ => {}
        }
        match input {
            Input::Opened => self.active = now,
            // Nothing that comes in clear counts any more.
            Input::Bytes(_) if matches!(self.state, State::Handshake) => {}
            Input::Bytes(mut octets) => {
                self.active = now;
                let limits = Limits {
                    line_octets: self.config.max_response_octets,
                    literal_octets: self.config.max_response_octets,
                    literals_octets: self.config.max_response_octets,
                };
                while !matches!(self.state, State::Handshake | State::Ended) {
                    let handled = match self.reader.read(&mut octets, limits) {
                        Step::More => break,
                        // A server does not wait before its literals.
                        Step::Waits => Ok(()),
                        Step::TooLarge { .. } => Err(ImapFailure::Nonsense),
                        Step::Whole(text) => self.response(now, &text, out),
                    };
                    if let Err(failure) = handled {
                        self.end(Some(failure), out);
                    }
                }
            }
            Input::Eof => {
                let bye = self.bye.take();
                self.end(Some(ImapFailure::Closed { bye }), out);
            }
            Input::Timeout => match self.deadline() {
                Some(deadline) if deadline <= now => match self.state {
                    State::Working {
                        stage: Stage::Idling { .. } | Stage::Napping { .. }, ..
                    } => self.end_idle(now, true, out),
                    _ => self.end(Some(ImapFailure::TimedOut), out),
                },
                _ => {}
            },
        }
    }

    fn deadline(&self) -> Option<SimTime> {
        match self.state {
            State::Opening | State::Ready | State::Ended => None,
            State::Working { stage: Stage::Idling { since }, .. } => Some(since + IDLE_FOR),
            State::Working { stage: Stage::Napping { since }, .. } => Some(since + NAP),
            _ => Some(self.active + self.config.timeout),
        }
    }
}

fn send_piece(piece: Bytes, out: &mut Out) {
    if piece.len() < 512 {
        out.send(piece);
    } else {
        out.send_bytes(piece);
    }
}

/// How many messages a server may say that it has found.
const MAX_FOUND: u64 = 1 << 20;

#[cfg(test)]
mod tests;

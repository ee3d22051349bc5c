//! The IMAP client session: does tasks one after the other, each by its commands.
//!
//! Follows RFC 3501; uses LITERAL+ (RFC 7888) and IDLE (RFC 2177) where the task says so. The owner
//! may add tasks at any time; the connection stays open until [`ImapTask::Logout`].
//!
//! Not modelled: several commands under way at once, AUTHENTICATE, and reading of BODYSTRUCTURE.

mod command;
mod response;
mod task;

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

pub use self::task::{ImapClientEvent, ImapFailure, ImapTask, MailboxSummary, Overview, Refusal};

use self::command::CommandWriter;
use self::response::{FetchedItem, Response, StateResponse, Status, Value};
use super::mailbox_name::MailboxName;
use super::number::{Uid, UidValidity};
use super::reader::{Limits, Reader, Step};
use crate::engine::SimTime;
use crate::proto::{Input, Outbox, Session};

/// With what a client session logs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImapClientConfig {
    /// The login name.
    pub user: String,
    /// The password.
    pub password: String,
    /// How long to wait for the server.
    pub timeout: Duration,
    /// The most that is taken in one response, in octets.
    pub max_response_octets: usize,
}

impl Default for ImapClientConfig {
    fn default() -> Self {
        ImapClientConfig {
            user: String::new(),
            password: String::new(),
            timeout: Duration::from_secs(60),
            max_response_octets: 64 << 20,
        }
    }
}

/// An IMAP client session.
#[derive(Debug)]
pub struct ImapClient {
    config: ImapClientConfig,
    state: State,
    tasks: VecDeque<ImapTask>,
    reader: Reader,
    /// Whether the server takes non-synchronizing literals.
    literal_plus: bool,
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
    Greeting,
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
}

type Out = Outbox<ImapClientEvent>;

impl ImapClient {
    /// A session that logs in when the server has greeted, and then does `tasks`.
    pub fn new(config: ImapClientConfig, tasks: impl IntoIterator<Item = ImapTask>) -> ImapClient {
        ImapClient {
            config,
            state: State::Greeting,
            tasks: tasks.into_iter().collect(),
            reader: Reader::default(),
            literal_plus: false,
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
            State::Working { stage: Stage::Idling { .. }, .. } => self.end_idle(now, false, out),
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
            ImapTask::Select { read_only, .. } => {
                self.uids.clear();
                Stage::Selecting(MailboxSummary { read_only: *read_only, ..Default::default() })
            }
            ImapTask::FetchNew { .. } => Stage::Overviews(Vec::new()),
            ImapTask::Idle => Stage::IdleAsked,
            _ => Stage::Only,
        };
        let command = self.send(now, out, |writer| {
            writer.task(&task);
        });
        self.state = State::Working { command, task, stage };
    }

    /// Sends a command as far as it goes without the server's leave.
    fn send(&mut self, now: SimTime, out: &mut Out, write: impl Fn(&mut CommandWriter)) -> Command {
        self.active = now;
        self.commands += 1;
        let tag = format!("a{}", self.commands);
        let mut writer = CommandWriter::new(&tag, self.literal_plus);
        write(&mut writer);
        let mut command = Command { tag, unsent: writer.finish() };
        let ready = if self.literal_plus { command.unsent.len() } else { 1 };
        command.unsent.drain(..ready).for_each(|piece| send_piece(piece, out));
        command
    }

    fn end_idle(&mut self, now: SimTime, again: bool, out: &mut Out) {
        if let State::Working { stage, .. } = &mut self.state {
            self.active = now;
            out.send("DONE\r\n");
            *stage = Stage::IdleEnding { again };
        }
    }

    fn response(&mut self, now: SimTime, text: &Bytes, out: &mut Out) -> Result<(), ImapFailure> {
        match Response::parse(text).map_err(|_| ImapFailure::Nonsense)? {
            Response::Continue => self.proceed(now, out),
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

    /// The server asks for more: for the literal and what follows it, or it idles.
    fn proceed(&mut self, now: SimTime, out: &mut Out) {
        match &mut self.state {
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
            State::Greeting => match state.status {
                Status::Ok => {
                    let (user, password) = (self.config.user.clone(), self.config.password.clone());
                    let command = self.send(now, out, |writer| {
                        writer.text("LOGIN").argument(&user).argument(&password);
                    });
                    self.state = State::LoggingIn { command };
                }
                Status::PreAuth => {
                    out.event(ImapClientEvent::LoggedIn);
                    self.next_task(now, out);
                }
                // The connection is about to be closed.
                Status::Bye => {}
                Status::No | Status::Bad => return Err(ImapFailure::Nonsense),
            },
            State::Working { stage: Stage::Selecting(summary), .. } => {
                if let Some(number) = state.code_number("UIDVALIDITY") {
                    summary.uid_validity = UidValidity::new(number);
                }
                if let Some(number) = state.code_number("UIDNEXT") {
                    summary.uid_next = Uid::new(number);
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
            State::LoggingIn { command } if command.tag == tag => {
                if let Some(refusal) = refused {
                    return Err(ImapFailure::LoginRefused(refusal));
                }
                out.event(ImapClientEvent::LoggedIn);
            }
            State::Working { command, task, stage } if command.tag == tag => {
                match (&task, stage) {
                    (ImapTask::Select { mailbox, .. }, Stage::Selecting(mut summary))
                        if refused.is_none() =>
                    {
                        summary.read_only |= state.code_argument("READ-ONLY").is_some();
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

    fn fetched(
        &mut self,
        sequence: u32,
        items: &[FetchedItem<'_>],
        text: &Bytes,
        out: &mut Out,
    ) -> Result<(), ImapFailure> {
        let place = sequence.checked_sub(1).ok_or(ImapFailure::Nonsense)? as usize;
        let item = |name| items.iter().find(|item| item.is(name)).map(|item| &item.value);
        if let Some(uid) = item("UID").and_then(Value::number).and_then(Uid::new)
            && place < MAX_REMEMBERED
        {
            if place >= self.uids.len() {
                self.uids.resize(place + 1, None);
            }
            self.uids[place] = Some(uid);
        }
        let uid = self.uids.get(place).copied().flatten();
        if let (Some(uid), Some(data)) = (uid, item("BODY[]").and_then(Value::string)) {
            // A literal is a slice of the response; a quoted string, and only one with escapes, is
            // perhaps none.
            let within = text.as_ptr_range().contains(&data.as_ptr());
            let data = if within { text.slice_ref(data) } else { Bytes::copy_from_slice(data) };
            out.event(ImapClientEvent::Message { uid, data });
        }
        let Some(flags) = item("FLAGS").map(Value::flags) else { return Ok(()) };
        match (&mut self.state, uid, item("ENVELOPE")) {
            (
                State::Working {
                    task: ImapTask::FetchNew { since, .. },
                    stage: Stage::Overviews(new),
                    ..
                },
                Some(uid),
                Some(envelope),
            ) => {
                // `n:*` names the last message also where it is not new (RFC 3501 §6.4.8).
                if uid >= *since {
                    new.push(uid);
                    let size_octets = item("RFC822.SIZE").and_then(Value::number).unwrap_or(0);
                    let overview = Overview { flags, size_octets, ..overview(envelope) };
                    out.event(ImapClientEvent::Overview { uid, overview });
                }
            }
            _ => out.event(ImapClientEvent::Flags { sequence, uid, flags }),
        }
        Ok(())
    }

    fn learn(&mut self, capabilities: &str) {
        self.literal_plus =
            capabilities.split(' ').any(|word| word.eq_ignore_ascii_case("LITERAL+"));
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
        if matches!(self.state, State::Ended) {
            return;
        }
        match input {
            Input::Opened => self.active = now,
            Input::Bytes(mut octets) => {
                self.active = now;
                let limits = Limits {
                    line_octets: self.config.max_response_octets,
                    literal_octets: self.config.max_response_octets,
                    literals_octets: self.config.max_response_octets,
                };
                while !matches!(self.state, State::Ended) {
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
                    State::Working { stage: Stage::Idling { .. }, .. } => {
                        self.end_idle(now, true, out);
                    }
                    _ => self.end(Some(ImapFailure::TimedOut), out),
                },
                _ => {}
            },
        }
    }

    fn deadline(&self) -> Option<SimTime> {
        match self.state {
            State::Ready | State::Ended => None,
            State::Working { stage: Stage::Idling { since }, .. } => Some(since + IDLE_FOR),
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

/// What an ENVELOPE (RFC 3501 §7.4.2) says, but for flags and size.
fn overview(envelope: &Value<'_>) -> Overview {
    let fields = envelope.list();
    let text = |value: Option<&Value<'_>>| {
        let octets = value.and_then(Value::string)?;
        Some(String::from_utf8_lossy(octets).into_owned())
    };
    let from = fields.get(2).and_then(|list| list.list().first()).and_then(|address| {
        let address = address.list();
        Some(format!("{}@{}", text(address.get(2))?, text(address.get(3))?))
    });
    Overview {
        subject: text(fields.get(1)),
        from,
        message_id: text(fields.get(9)),
        ..Overview::default()
    }
}

/// IDLE is ended and begun again before a server may log the client out (RFC 2177 §3).
const IDLE_FOR: Duration = Duration::from_secs(29 * 60);

/// Beyond this message sequence number, UIDs are not remembered.
const MAX_REMEMBERED: usize = 1 << 20;

#[cfg(test)]
mod tests;

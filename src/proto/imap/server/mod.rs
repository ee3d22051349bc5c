//! The IMAP4rev1 server session (RFC 3501).
//!
//! Any number of sessions share the mailboxes of a host; the owner lends them as a [`Backend`] with
//! each input. What other sessions did is told at the end of a command, or at once to a client that
//! idles, when the owner calls [`ImapServer::mailbox_changed`].
//!
//! The session knows nothing of TLS: its owner does the handshake, and gives it what was encrypted.
//!
//! Extensions: LITERAL+ (RFC 7888), SASL-IR (RFC 4959), UIDPLUS (RFC 4315), IDLE (RFC 2177),
//! NAMESPACE (RFC 2342), CHILDREN (RFC 3348), UNSELECT (RFC 3691), ID (RFC 2971).
//!
//! Not modelled: ACL, quota; a NOOP between commands is all that CHECK does.

mod answer;
mod capabilities;
mod config;
mod event;
mod login;
mod mailboxes;
mod messages;
mod view;

use std::sync::Arc;

use bytes::Bytes;

pub use config::ImapServerConfig;
pub use event::ImapServerEvent;

use self::answer::Answer;
use self::capabilities::Capabilities;
use self::view::View;
use super::backend::{AccountId, Backend, MailboxId};
use super::command::{Command, Request, tag_of};
use super::reader::{Limits, Reader, Step};
use super::response::write;
use crate::engine::{SimTime, Stream};
use crate::proto::mail::DateTime;
use crate::proto::sasl::ServerExchange;
use crate::proto::{Input, Outbox};

/// An IMAP4rev1 server session.
#[derive(Debug)]
pub struct ImapServer {
    config: Arc<ImapServerConfig>,
    state: State,
    awaits: Awaits,
    reader: Reader,
    /// Whether TLS is around the connection.
    secured: bool,
    /// Where the challenges of AUTHENTICATE come from.
    challenges: Option<Box<Stream>>,
    /// When the client last sent something.
    active: SimTime,
}

/// The states of RFC 3501 §3.
#[derive(Debug)]
enum State {
    NotAuthenticated { refused: u32 },
    Authenticated { account: AccountId },
    Selected { account: AccountId, view: Box<View> },
    Ended,
}

/// What the client's next line is.
#[derive(Debug)]
enum Awaits {
    Command,
    /// The response to a SASL challenge (§6.2.2).
    Sasl {
        tag: String,
        exchange: ServerExchange,
    },
    /// DONE (RFC 2177).
    Done {
        tag: String,
    },
    /// The end of a TLS handshake, of which the session sees nothing.
    Tls,
}

type Out = Outbox<ImapServerEvent>;

impl ImapServer {
    /// A session that greets when the connection opens.
    pub fn new(config: Arc<ImapServerConfig>) -> ImapServer {
        ImapServer {
            config,
            state: State::NotAuthenticated { refused: 0 },
            awaits: Awaits::Command,
            reader: Reader::default(),
            secured: false,
            challenges: None,
            active: SimTime::ZERO,
        }
    }

    /// The same with a stream of its own to draw the challenges of AUTHENTICATE from.
    ///
    /// Without one the nonces of CRAM-MD5 and SCRAM are empty, and SCRAM clients fail.
    #[must_use]
    pub fn with_challenges(mut self, stream: Stream) -> Self {
        self.challenges = Some(Box::new(stream));
        self
    }

    /// The connection is secured: a TLS handshake is done, after [`ImapServerEvent::StartTls`] or
    /// before [`Input::Opened`].
    ///
    /// What the client sent in clear behind STARTTLS was thrown away (RFC 3501 §6.2.1,
    /// CVE-2011-0411); it asks for the capabilities anew.
    pub fn secured(&mut self, now: SimTime) {
        self.secured = true;
        if matches!(self.awaits, Awaits::Tls) {
            self.awaits = Awaits::Command;
            self.active = now;
        }
    }

    /// Whether the connection is secured by TLS.
    pub fn is_secured(&self) -> bool {
        self.secured
    }

    /// Takes one input at the time `now`, with the mailboxes of the host, and pushes what follows
    /// from it to `out`. As [`crate::proto::Session::handle`], but for `backend`.
    pub fn handle(
        &mut self,
        now: SimTime,
        input: Input<'_>,
        backend: &mut impl Backend,
        out: &mut Out,
    ) {
        if matches!(self.state, State::Ended) {
            return;
        }
        match input {
            Input::Opened => {
                self.active = now;
                let host = &self.config.host_name;
                let capabilities = Capabilities(self);
                write(out, format_args!("* OK [CAPABILITY {capabilities}] {host} IMAP ready\r\n"));
            }
            Input::Bytes(octets) => {
                self.active = now;
                self.read(now, octets, backend, out);
            }
            Input::Eof => self.end(out),
            Input::Timeout => {
                if self.deadline().is_some_and(|deadline| deadline <= now) {
                    self.say_bye("Autologout; idle for too long", out);
                }
            }
        }
    }

    /// When the session wants [`Input::Timeout`], if at all.
    pub fn deadline(&self) -> Option<SimTime> {
        match self.state {
            State::Ended => None,
            _ => Some(self.active + self.config.autologout),
        }
    }

    /// The mailbox that is selected.
    pub fn selected(&self) -> Option<MailboxId> {
        match &self.state {
            State::Selected { view, .. } => Some(view.mailbox),
            _ => None,
        }
    }

    /// Another session, or a delivery, changed a mailbox: a client that idles on it is told.
    pub fn mailbox_changed(
        &mut self,
        mailbox: MailboxId,
        backend: &mut impl Backend,
        out: &mut Out,
    ) {
        if matches!(self.awaits, Awaits::Done { .. }) && self.selected() == Some(mailbox) {
            self.sync(true, false, backend, out);
        }
    }

    fn read(&mut self, now: SimTime, mut input: &[u8], backend: &mut impl Backend, out: &mut Out) {
        while !matches!(self.state, State::Ended) {
            let limits = self.limits();
            let step = match self.awaits {
                Awaits::Command => self.reader.read(&mut input, limits),
                // Behind STARTTLS, nothing in clear counts.
                Awaits::Tls => return,
                _ => self.reader.read_plain_line(&mut input, limits),
            };
            match step {
                Step::More => return,
                Step::Waits => out.send("+ Ready for literal data\r\n"),
                Step::TooLarge { start } => {
                    self.awaits = Awaits::Command;
                    match tag_of(&start) {
                        Some(tag) => Answer::no("[TOOBIG] Command is too large").write(tag, out),
                        None => Answer::bad("Command is too large").write("*", out),
                    }
                }
                Step::Whole(text) => match std::mem::replace(&mut self.awaits, Awaits::Command) {
                    Awaits::Command => self.command(now, &text, backend, out),
                    Awaits::Sasl { tag, exchange } => {
                        self.sasl_response(&tag, exchange, &text, backend, out);
                    }
                    Awaits::Done { tag } => {
                        self.sync(true, false, backend, out);
                        let answer = match text.trim_ascii().eq_ignore_ascii_case(b"DONE") {
                            true => Answer::ok("IDLE completed"),
                            false => Answer::bad("Expected DONE"),
                        };
                        self.answer(&tag, &answer, out);
                    }
                    Awaits::Tls => unreachable!("nothing is read before the handshake is done"),
                },
            }
        }
    }

    /// Strangers get little room; messages come in literals.
    fn limits(&self) -> Limits {
        match self.state {
            State::NotAuthenticated { .. } => {
                Limits { line_octets: 8 << 10, literal_octets: 8 << 10 }
            }
            _ => Limits {
                line_octets: 64 << 10,
                literal_octets: self.config.max_message_octets.max(64 << 10),
            },
        }
    }

    fn command(&mut self, now: SimTime, text: &Bytes, backend: &mut impl Backend, out: &mut Out) {
        let request = match Request::parse(text) {
            Ok(request) => request,
            Err(bad) => {
                let answer = Answer::bad(format!("Syntax error: {}", bad.error));
                return self.answer(bad.tag.unwrap_or("*"), &answer, out);
            }
        };
        let tag = request.tag;
        // While sequence numbers are in use, no number may move (RFC 3501 §7.4.1).
        let (expunges, by_uid) = match &request.command {
            Command::Fetch { by_uid, .. }
            | Command::Store { by_uid, .. }
            | Command::Search { by_uid, .. } => (*by_uid, *by_uid),
            Command::Copy { by_uid, .. } => (true, *by_uid),
            _ => (true, false),
        };
        // What SELECT answers with is fresh, and LOGOUT leaves nothing to be told of.
        let answer = match request.command {
            Command::Authenticate { mechanism, initial } => {
                return self.authenticate(now, tag, (mechanism, initial), backend, out);
            }
            Command::StartTls => return self.start_tls(tag, out),
            Command::Idle => {
                match &self.state {
                    State::Authenticated { .. } | State::Selected { .. } => {
                        out.send("+ idling\r\n");
                        self.sync(true, false, backend, out);
                        self.awaits = Awaits::Done { tag: tag.into() };
                    }
                    _ => self.answer(tag, &Answer::bad("Log in first"), out),
                }
                return;
            }
            Command::Logout => {
                out.send("* BYE Logging out\r\n");
                Answer::ok("LOGOUT completed").write(tag, out);
                return self.end(out);
            }
            command => self.execute(now, command, text, backend, out).unwrap_or_else(|no| no),
        };
        self.sync(expunges, by_uid, backend, out);
        self.answer(tag, &answer, out);
    }

    /// Does a command; sends its untagged responses, and gives the tagged one. NO and BAD come as
    /// errors.
    fn execute(
        &mut self,
        now: SimTime,
        command: Command<'_>,
        text: &Bytes,
        backend: &mut impl Backend,
        out: &mut Out,
    ) -> Result<Answer, Answer> {
        match command {
            Command::Capability => {
                write(out, format_args!("* CAPABILITY {}\r\n", Capabilities(self)));
                return Ok(Answer::ok("CAPABILITY completed"));
            }
            Command::Noop => return Ok(Answer::ok("NOOP completed")),
            Command::Id => {
                out.send("* ID (\"name\" \"mxsim\")\r\n");
                return Ok(Answer::ok("ID completed"));
            }
            Command::Login { user, password } => {
                if !matches!(self.state, State::NotAuthenticated { .. }) {
                    return Err(Answer::bad("Logged in already"));
                }
                let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
                return Ok(self.log_in(text(&user), &text(&password), backend, out));
            }
            _ => {}
        }
        let account = match &self.state {
            State::Authenticated { account } | State::Selected { account, .. } => *account,
            _ => return Err(Answer::bad("Log in first")),
        };
        match command {
            Command::Select { mailbox } => self.select(account, &mailbox, false, backend, out),
            Command::Examine { mailbox } => self.select(account, &mailbox, true, backend, out),
            Command::Create { mailbox } => {
                backend.create(account, &mailboxes::name(&mailbox)?)?;
                Ok(Answer::ok("CREATE completed"))
            }
            Command::Delete { mailbox } => {
                let name = mailboxes::name(&mailbox)?;
                let deleted = backend.find(account, &name).ok();
                backend.delete(account, &name)?;
                if deleted.is_some() && self.selected() == deleted {
                    self.state = State::Authenticated { account };
                }
                Ok(Answer::ok("DELETE completed"))
            }
            Command::Rename { from, to } => {
                backend.rename(account, &mailboxes::name(&from)?, &mailboxes::name(&to)?)?;
                Ok(Answer::ok("RENAME completed"))
            }
            Command::Subscribe { mailbox } => {
                backend.subscribe(account, &mailboxes::name(&mailbox)?, true)?;
                Ok(Answer::ok("SUBSCRIBE completed"))
            }
            Command::Unsubscribe { mailbox } => {
                backend.subscribe(account, &mailboxes::name(&mailbox)?, false)?;
                Ok(Answer::ok("UNSUBSCRIBE completed"))
            }
            Command::List { reference, pattern } => {
                Ok(mailboxes::list(account, &reference, &pattern, backend, out))
            }
            Command::Lsub { reference, pattern } => {
                Ok(mailboxes::lsub(account, &reference, &pattern, backend, out))
            }
            Command::Namespace => {
                let separator = backend.separator();
                write(out, format_args!("* NAMESPACE ((\"\" \"{separator}\")) NIL NIL\r\n"));
                Ok(Answer::ok("NAMESPACE completed"))
            }
            Command::Status { mailbox, items } => {
                let view = match &self.state {
                    State::Selected { view, .. } => Some(&**view),
                    _ => None,
                };
                mailboxes::status(account, &mailbox, &items, view, backend, out)
            }
            Command::Append { mailbox, flags, date, data } => {
                let date = date.unwrap_or_else(|| DateTime::utc(self.config.epoch.at(now)));
                let data = text.slice_ref(data);
                let (mailbox, answer) =
                    mailboxes::append(account, &mailbox, flags, date, data, backend)?;
                out.event(ImapServerEvent::Changed { mailbox });
                Ok(answer)
            }
            command => self.execute_selected(account, command, backend, out),
        }
    }

    /// Does a command of the selected state (§6.4).
    fn execute_selected(
        &mut self,
        account: AccountId,
        command: Command<'_>,
        backend: &mut impl Backend,
        out: &mut Out,
    ) -> Result<Answer, Answer> {
        let State::Selected { view, .. } = &mut self.state else {
            return Err(Answer::bad("Select a mailbox first"));
        };
        let mailbox = view.mailbox;
        let done = match command {
            Command::Fetch { by_uid, set, items } => {
                messages::fetch(view, &set, by_uid, &items, backend, out)?
            }
            Command::Store { by_uid, set, change, silent, flags } => {
                messages::store(view, &set, by_uid, (change, silent, &flags), backend, out)?
            }
            Command::Search { by_uid, search } => {
                return Ok(messages::search(view, by_uid, &search, backend, out));
            }
            Command::Copy { by_uid, set, mailbox } => {
                let to = (account, &*mailbox);
                let (mailbox, answer) = messages::copy(view, &set, by_uid, to, backend)?;
                out.event(ImapServerEvent::Changed { mailbox });
                return Ok(answer);
            }
            Command::Expunge { uids } => {
                if view.read_only {
                    return Err(Answer::no("Mailbox is selected read-only"));
                }
                let changed = messages::expunge(view, uids.as_ref(), backend);
                (messages::Done { changed, ..Default::default() }, Answer::ok("EXPUNGE completed"))
            }
            Command::Check => return Ok(Answer::ok("CHECK completed")),
            Command::Close => {
                // Without telling of it, CLOSE expunges (§6.4.2).
                let changed = !view.read_only && messages::expunge(view, None, backend);
                self.state = State::Authenticated { account };
                (messages::Done { changed, ..Default::default() }, Answer::ok("CLOSE completed"))
            }
            Command::Unselect => {
                self.state = State::Authenticated { account };
                return Ok(Answer::ok("UNSELECT completed"));
            }
            _ => unreachable!("every other command is handled before"),
        };
        let (done, answer) = done;
        if !done.fetched.is_empty() {
            out.event(ImapServerEvent::Fetched { mailbox, uids: done.fetched });
        }
        if done.changed {
            out.event(ImapServerEvent::Changed { mailbox });
        }
        Ok(answer)
    }

    fn select(
        &mut self,
        account: AccountId,
        argument: &[u8],
        read_only: bool,
        backend: &mut impl Backend,
        out: &mut Out,
    ) -> Result<Answer, Answer> {
        // Also when it fails, the mailbox before is no longer selected (§6.3.1).
        self.state = State::Authenticated { account };
        let view = mailboxes::select(account, argument, read_only, backend, out)?;
        out.event(ImapServerEvent::Selected { mailbox: view.mailbox, read_only });
        self.state = State::Selected { account, view: Box::new(view) };
        Ok(Answer::ok(match read_only {
            true => "[READ-ONLY] EXAMINE completed",
            false => "[READ-WRITE] SELECT completed",
        }))
    }

    /// Tells the client what happened to the selected mailbox.
    fn sync(&mut self, expunges: bool, with_uid: bool, backend: &mut impl Backend, out: &mut Out) {
        if let State::Selected { view, .. } = &mut self.state
            && view.sync(backend, expunges, with_uid, out).is_err()
        {
            // One of the ways that RFC 2180 §3.3 leaves to a server.
            self.say_bye("Selected mailbox was deleted", out);
        }
    }

    /// Completes a command, and the session where too many logins were refused.
    fn answer(&mut self, tag: &str, answer: &Answer, out: &mut Out) {
        if matches!(self.state, State::Ended) {
            return;
        }
        answer.write(tag, out);
        if let State::NotAuthenticated { refused } = self.state
            && refused >= self.config.max_refused_logins
        {
            self.say_bye("Too many failed logins", out);
        }
    }

    fn say_bye(&mut self, why: &str, out: &mut Out) {
        write(out, format_args!("* BYE {why}\r\n"));
        self.end(out);
    }

    fn end(&mut self, out: &mut Out) {
        self.state = State::Ended;
        out.event(ImapServerEvent::Ended);
        out.close();
    }
}

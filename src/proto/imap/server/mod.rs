//! The server session of IMAP4rev1 (RFC 3501) and IMAP4rev2 (RFC 9051).
//!
//! Any number of sessions share the mailboxes of a host; the owner lends them as a [`Backend`] with
//! each input. What other sessions did is told at the end of a command, or at once to a client that
//! idles, when the owner calls [`ImapServer::mailbox_changed`].
//!
//! Where the server misbehaves the session asks its owner before each command, and waits for the
//! verdict.
//!
//! The session knows nothing of TLS: its owner does the handshake, and gives it what was encrypted.
//!
//! Extensions: LITERAL+ (RFC 7888), SASL-IR (RFC 4959), ID (RFC 2971), ENABLE (RFC 5161), IDLE
//! (RFC 2177), NAMESPACE (RFC 2342), CHILDREN (RFC 3348), UNSELECT (RFC 3691), UIDPLUS (RFC 4315),
//! MOVE (RFC 6851), MULTIAPPEND (RFC 3502), CATENATE (RFC 4469), LIST-EXTENDED (RFC 5258),
//! LIST-STATUS (RFC 5819), SPECIAL-USE and CREATE-SPECIAL-USE (RFC 6154), ESEARCH (RFC 4731),
//! SEARCHRES (RFC 5182), CONTEXT=SEARCH (RFC 5267), NOTIFY (RFC 5465), WITHIN (RFC 5032),
//! SORT and THREAD (RFC 5256), SORT=DISPLAY (RFC 5957), ESORT (RFC 5267), I18NLEVEL=1 (RFC 5255), PREVIEW
//! (RFC 8970), PARTIAL (RFC 9394), CONDSTORE and QRESYNC (RFC 7162),
//! BINARY (RFC 3516), STATUS=SIZE (RFC 8438), QUOTA (RFC 9208), APPENDLIMIT (RFC 7889),
//! UTF8=ACCEPT (RFC 6855), SAVEDATE (RFC 8514), OBJECTID (RFC 8474), IMAP4rev2 (RFC 9051).
//!
//! Not modelled: ACL, METADATA, SETQUOTA, THREADID; messages are never downgraded for clients
//! without UTF8=ACCEPT (RFC 6855 §7 leaves that to the server); a NOOP between commands is all that CHECK does.

mod answer;
mod append;
mod capabilities;
mod catenate;
mod config;
mod context;
mod copy;
mod event;
mod execute;
mod expunge;
mod features;
mod fetch;
mod judged;
mod list;
mod login;
mod mailboxes;
mod notify;
mod search;
mod select;
mod sort;
mod status;
mod store;
mod updates;
mod view;

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

pub use config::ImapServerConfig;
pub use event::ImapServerEvent;

use self::answer::Answer;
use self::capabilities::Capabilities;
use self::context::Context;
use self::execute::Received;
use self::features::Features;
use self::fetch::Fetch;
use self::judged::Matter;
use self::notify::Notify;
use self::view::{Telling, View};
use super::backend::{AccountId, Backend, MailboxId};
use super::command::{Command, Request, tag_of};
use super::fetch_modifiers::FetchModifiers;
use super::number::Uid;
use super::reader::{Limits, Reader, Step};
use super::response::write;
use super::sequence::SequenceSet;
use super::sort::SortCommand;
use super::store_command::StoreCommand;
use crate::engine::{Epoch, SimTime, Stream};
use crate::proto::access::Asked;
use crate::proto::sasl::ServerExchange;
use crate::proto::{Input, Outbox};

/// An IMAP4rev1 server session.
#[derive(Debug)]
pub struct ImapServer {
    config: Arc<ImapServerConfig>,
    state: State,
    awaits: Awaits,
    reader: Reader,
    /// What the client has enabled.
    features: Features,
    /// What it wants to be told unasked.
    notify: Option<Box<Notify>>,
    /// How many commands in a row were BAD.
    bad_commands: u32,
    /// Whether TLS is around the connection.
    secured: bool,
    /// Where the challenges of AUTHENTICATE come from.
    challenges: Option<Box<Stream>>,
    /// When the client last sent something.
    active: SimTime,
    /// The calendar of the host.
    epoch: Epoch,
    /// How many commands came.
    commands: u32,
    /// Whether the owner is asked before each of them.
    is_judged: bool,
    /// What came while a verdict was waited for.
    unread: BytesMut,
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
    /// The owner's verdict on this; what the client says waits.
    Verdict(Box<Matter>),
}

type Out = Outbox<ImapServerEvent>;

impl ImapServer {
    /// A session that greets when the connection opens.
    pub fn new(config: Arc<ImapServerConfig>) -> ImapServer {
        ImapServer {
            epoch: config.epoch,
            config,
            state: State::NotAuthenticated { refused: 0 },
            awaits: Awaits::Command,
            reader: Reader::default(),
            features: Features::default(),
            notify: None,
            bad_commands: 0,
            secured: false,
            challenges: None,
            active: SimTime::ZERO,
            commands: 0,
            is_judged: false,
            unread: BytesMut::new(),
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

    /// The clock of the host was set: dates are reckoned from here.
    pub fn set_epoch(&mut self, epoch: Epoch) {
        self.epoch = epoch;
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
                if self.is_judged {
                    self.ask(Asked::new("GREETING", 0), Matter::Greeting, out);
                } else {
                    self.greet(out);
                }
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

    /// Whether the client may want to hear of changes to a mailbox, by
    /// [`ImapServer::mailbox_changed`].
    pub fn follows(&self, mailbox: MailboxId) -> bool {
        self.notify.is_some() || self.selected() == Some(mailbox)
    }

    /// Another session, or a delivery, changed a mailbox: a client that idles on it is told, and so
    /// is one that asked for it by NOTIFY.
    pub fn mailbox_changed(
        &mut self,
        mailbox: MailboxId,
        backend: &mut impl Backend,
        out: &mut Out,
    ) {
        let idles = matches!(self.awaits, Awaits::Done { .. });
        let at_once = self.notify.as_ref().and_then(|notify| notify.selected());
        if self.selected() == Some(mailbox) && (idles || at_once.is_some()) {
            self.sync(idles || at_once == Some(true), false, backend, out);
        } else if self.follows(mailbox) {
            self.tell_others(backend, out);
        }
    }

    /// A mailbox has other UIDs now, under another UIDVALIDITY. Who has it selected is sent away, as
    /// Dovecot does: what its client knows of it holds no longer.
    pub fn mailbox_rebuilt(&mut self, mailbox: MailboxId, out: &mut Out) {
        if self.selected() == Some(mailbox) {
            self.say_bye("IMAP session state is inconsistent, please relogin.", out);
        }
    }

    fn greet(&mut self, out: &mut Out) {
        let host = &self.config.host_name;
        let capabilities = Capabilities(self);
        write(out, format_args!("* OK [CAPABILITY {capabilities}] {host} IMAP ready\r\n"));
    }

    fn read(&mut self, now: SimTime, mut input: &[u8], backend: &mut impl Backend, out: &mut Out) {
        while !matches!(self.state, State::Ended) {
            let limits = self.limits();
            let step = match self.awaits {
                Awaits::Command => self.reader.read(&mut input, limits),
                // Behind STARTTLS, nothing in clear counts.
                Awaits::Tls => return,
                Awaits::Verdict(_) => return self.put_aside(input, out),
                _ => self.reader.read_plain_line(&mut input, limits),
            };
            match step {
                Step::More => return,
                Step::Waits => out.send("+ Ready for literal data\r\n"),
                Step::TooLarge { start } => {
                    self.awaits = Awaits::Command;
                    let (tag, answer) = match tag_of(&start) {
                        Some(tag) => (tag, Answer::no("[TOOBIG] Command is too large")),
                        None => ("*", Answer::bad("Command is too large")),
                    };
                    self.answer(tag, &answer, out);
                }
                Step::Whole(text) => match std::mem::replace(&mut self.awaits, Awaits::Command) {
                    Awaits::Command => {
                        self.commands += 1;
                        if self.is_judged {
                            self.ask_of_command(now, text, backend, out);
                        } else {
                            self.command(now, &text, backend, out);
                        }
                    }
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
                    Awaits::Tls | Awaits::Verdict(_) => {
                        unreachable!("nothing is read before the handshake or the verdict")
                    }
                },
            }
        }
    }

    /// Strangers get little room; messages come in literals.
    fn limits(&self) -> Limits {
        match self.state {
            State::NotAuthenticated { .. } => {
                let literals_octets = 8 << 10;
                Limits { line_octets: 8 << 10, literal_octets: 8 << 10, literals_octets }
            }
            _ => {
                let literal_octets = self.config.max_message_octets.max(64 << 10);
                // MULTIAPPEND and CATENATE bring many in one command.
                let literals_octets = 2 * literal_octets;
                Limits { line_octets: 64 << 10, literal_octets, literals_octets }
            }
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
            | Command::Store(StoreCommand { by_uid, .. })
            | Command::Search { by_uid, .. }
            | Command::Sort(SortCommand { by_uid, .. })
            | Command::Thread { by_uid, .. } => (*by_uid, *by_uid),
            Command::Copy { by_uid, .. } | Command::Move { by_uid, .. } => (true, *by_uid),
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
            command => {
                let received = Received { tag, text };
                self.execute(received, command, backend, out).unwrap_or_else(|no| no)
            }
        };
        self.sync(expunges, by_uid, backend, out);
        self.answer(tag, &answer, out);
    }

    /// Tells the client what happened to the selected mailbox, and to others where it asked for that.
    fn sync(&mut self, expunges: bool, with_uid: bool, backend: &mut impl Backend, out: &mut Out) {
        let features = self.features;
        let with_uid = with_uid || features.tells_uids();
        let now = self.epoch.at(self.active);
        let telling = Telling { expunges, with_uid, features, now };
        if let State::Selected { view, .. } = &mut self.state {
            let first_new = view.uid_next();
            if view.sync(backend, telling, out).is_err() {
                // One of the ways that RFC 2180 §3.3 leaves to a server.
                return self.say_bye("Selected mailbox was deleted", out);
            }
            self.fetch_new(first_new, backend, out);
        }
        self.tell_others(backend, out);
    }

    /// Sends of new messages what NOTIFY asked for.
    fn fetch_new(&mut self, first_new: Uid, backend: &mut impl Backend, out: &mut Out) {
        let Some(notify) = &self.notify else { return };
        let items = notify.fetched().to_vec();
        let context = self.context("", backend);
        let (Some(context), State::Selected { view, .. }) = (context, &mut self.state) else {
            return;
        };
        let new = view.uids().iter().filter(|uid| **uid >= first_new);
        let set = SequenceSet::of(new.map(|uid| uid.get()));
        if items.is_empty() || set.is_saved() {
            return;
        }
        let (mailbox, modifiers) = (view.mailbox, FetchModifiers::default());
        let command = Fetch { by_uid: true, set, items, modifiers };
        if let Ok((done, _)) = fetch::fetch(&context, view, command, backend, out)
            && done.changed
        {
            out.event(ImapServerEvent::Changed { mailbox });
        }
    }

    /// Tells what happened to mailboxes that are not selected.
    fn tell_others(&mut self, backend: &impl Backend, out: &mut Out) {
        let Some(mut notify) = self.notify.take() else { return };
        if let Some(context) = self.context("", backend) {
            notify.tell(&context, self.view(), backend, out);
        }
        self.notify = Some(notify);
    }

    /// The session as a command with this tag finds it; `None` before a login.
    fn context<'a>(&self, tag: &'a str, backend: &impl Backend) -> Option<Context<'a>> {
        Some(Context {
            account: self.account()?,
            now: self.epoch.at(self.active),
            tag,
            features: self.features,
            separator: backend.separator(),
            max_message_octets: self.config.max_message_octets,
        })
    }

    /// Completes a command, and the session where too many logins were refused, or too many
    /// commands in a row were none.
    fn answer(&mut self, tag: &str, answer: &Answer, out: &mut Out) {
        if matches!(self.state, State::Ended) {
            return;
        }
        answer.write(tag, out);
        if let State::NotAuthenticated { refused } = self.state
            && refused >= self.config.max_refused_logins
        {
            return self.say_bye("Too many failed logins", out);
        }
        self.bad_commands = if answer.is_bad() { self.bad_commands + 1 } else { 0 };
        if self.bad_commands >= MAX_BAD_COMMANDS {
            self.say_bye("Too many invalid IMAP commands", out);
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

/// As Dovecot's, before it is taken for no client of IMAP.
const MAX_BAD_COMMANDS: u32 = 20;

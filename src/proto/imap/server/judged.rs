//! A session whose server misbehaves: it asks at each command whether it is to do it.

use std::borrow::Cow;

use bytes::Bytes;

use super::super::backend::{Backend, MailboxId};
use super::super::command::{Command, Request};
use super::super::response::write;
use super::super::store_command::StoreCommand;
use super::{Awaits, ImapServer, ImapServerEvent, Out, State};
use crate::engine::SimTime;
use crate::proto::access::{Asked, Verdict};
use crate::proto::sasl::{Identity, ServerExchange, ServerStep};

/// What the owner is asked about.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "it is kept in a box, one for a session that waits")]
pub(super) enum Matter {
    Greeting,
    /// A whole command.
    Command(Bytes),
    /// A login by AUTHENTICATE, of which it is known now whose it is.
    Login {
        tag: String,
        exchange: ServerExchange,
        identity: Identity,
    },
}

impl ImapServer {
    /// Whether the owner is asked before the greeting and each command, from now on.
    pub fn set_judged(&mut self, is_judged: bool) {
        self.is_judged = is_judged;
    }

    /// How many commands came.
    pub fn commands(&self) -> u32 {
        self.commands
    }

    pub(super) fn ask(&mut self, asked: Asked, matter: Matter, out: &mut Out) {
        self.awaits = Awaits::Verdict(Box::new(matter));
        out.event(ImapServerEvent::Judge(Box::new(asked)));
    }

    /// Asks about a command. What is none has its answer at once.
    pub(super) fn ask_of_command(
        &mut self,
        now: SimTime,
        text: Bytes,
        backend: &mut impl Backend,
        out: &mut Out,
    ) {
        let asked = Request::parse(&text).ok().map(|request| self.asked(&request, backend));
        match asked {
            None => self.command(now, &text, backend, out),
            Some(asked) => self.ask(asked, Matter::Command(text), out),
        }
    }

    fn asked(&self, request: &Request<'_>, backend: &impl Backend) -> Asked {
        let mut asked = Asked::new(request.command.keyword(), self.commands);
        if let Command::Login { user, .. } = &request.command {
            asked.user = Some(String::from_utf8_lossy(user).into_owned());
        }
        if let Command::Append { messages, .. } = &request.command {
            let octets = messages.iter().map(|message| message.octets() as u64).sum();
            asked.octets = Some(octets);
        }
        let named = request.command.mailbox().and_then(|argument| {
            let name = self.context(request.tag, backend)?.name(argument).ok()?;
            Some(name.as_str().to_owned())
        });
        let is_selected = request.command.is_of_selected();
        asked.mailbox = named.or_else(|| {
            let selected = self.selected().filter(|_| is_selected)?;
            self.name_of(selected, backend)
        });
        asked
    }

    /// The name of a mailbox, in UTF-8.
    fn name_of(&self, mailbox: MailboxId, backend: &impl Backend) -> Option<String> {
        let mut names = backend.names(self.account()?);
        let listed = names.find(|listed| listed.mailbox == Some(mailbox))?;
        Some(listed.name.as_str().to_owned())
    }

    /// What a client says while a verdict is waited for.
    pub(super) fn put_aside(&mut self, input: &[u8], out: &mut Out) {
        self.unread.extend_from_slice(input);
        if self.unread.len() > MAX_UNREAD_OCTETS {
            self.say_bye("Too much input at once", out);
        }
    }

    /// Answers [`ImapServerEvent::Judge`]. Without such a question outstanding it does nothing.
    pub fn answer_judge(
        &mut self,
        now: SimTime,
        verdict: Verdict,
        backend: &mut impl Backend,
        out: &mut Out,
    ) {
        let matter = match std::mem::replace(&mut self.awaits, Awaits::Command) {
            Awaits::Verdict(matter) if !matches!(self.state, State::Ended) => *matter,
            other => {
                self.awaits = other;
                return;
            }
        };
        self.active = now;
        match (verdict, matter) {
            (Verdict::Do, Matter::Greeting) => self.greet(out),
            (Verdict::Do, Matter::Command(text)) => self.command(now, &text, backend, out),
            (Verdict::Do, Matter::Login { tag, exchange, identity }) => {
                self.identified(&tag, exchange, &identity, backend, out);
            }
            (Verdict::Say(line), matter) => {
                let tag = match &matter {
                    _ if line.starts_with('*') => Cow::Borrowed(""),
                    Matter::Greeting => Cow::Borrowed("* "),
                    Matter::Login { tag, .. } => Cow::Owned(format!("{tag} ")),
                    Matter::Command(text) => {
                        let tag = super::super::command::tag_of(text).unwrap_or("*");
                        Cow::Owned(format!("{tag} "))
                    }
                };
                write(out, format_args!("{tag}{line}\r\n"));
            }
            (Verdict::Pass, _) => {}
        }
        let unread = self.unread.split().freeze();
        self.read(now, &unread, backend, out);
    }

    /// It is known who wants to log in by AUTHENTICATE.
    pub(super) fn identified(
        &mut self,
        tag: &str,
        mut exchange: ServerExchange,
        identity: &Identity,
        backend: &mut impl Backend,
        out: &mut Out,
    ) {
        // Nobody acts for others here.
        let secret = backend.secret(&identity.authcid).filter(|_| identity.is_own());
        let step: ServerStep = exchange.judge(secret.as_ref().map(|(_, secret)| secret));
        self.sasl_step(tag, exchange, step, backend, out);
    }
}

impl Command<'_> {
    /// The keyword, without UID.
    pub(super) fn keyword(&self) -> &'static str {
        match self {
            Command::Capability => "CAPABILITY",
            Command::Noop => "NOOP",
            Command::Logout => "LOGOUT",
            Command::StartTls => "STARTTLS",
            Command::Authenticate { .. } => "AUTHENTICATE",
            Command::Login { .. } => "LOGIN",
            Command::Enable { .. } => "ENABLE",
            Command::Select { read_only: false, .. } => "SELECT",
            Command::Select { read_only: true, .. } => "EXAMINE",
            Command::Create { .. } => "CREATE",
            Command::Delete { .. } => "DELETE",
            Command::Rename { .. } => "RENAME",
            Command::Subscribe { .. } => "SUBSCRIBE",
            Command::Unsubscribe { .. } => "UNSUBSCRIBE",
            Command::List(_) => "LIST",
            Command::Lsub { .. } => "LSUB",
            Command::Status { .. } => "STATUS",
            Command::Append { .. } => "APPEND",
            Command::Notify(_) => "NOTIFY",
            Command::CancelUpdate { .. } => "CANCELUPDATE",
            Command::GetQuota { .. } => "GETQUOTA",
            Command::GetQuotaRoot { .. } => "GETQUOTAROOT",
            Command::SetQuota { .. } => "SETQUOTA",
            Command::Namespace => "NAMESPACE",
            Command::Id => "ID",
            Command::Idle => "IDLE",
            Command::Check => "CHECK",
            Command::Close => "CLOSE",
            Command::Unselect => "UNSELECT",
            Command::Expunge { .. } => "EXPUNGE",
            Command::Search { .. } => "SEARCH",
            Command::Sort(_) => "SORT",
            Command::Thread { .. } => "THREAD",
            Command::Fetch { .. } => "FETCH",
            Command::Store(StoreCommand { .. }) => "STORE",
            Command::Copy { .. } => "COPY",
            Command::Move { .. } => "MOVE",
        }
    }

    /// The mailbox that it names, where it is about that one.
    fn mailbox(&self) -> Option<&[u8]> {
        match self {
            Command::Select { mailbox, .. }
            | Command::Create { mailbox, .. }
            | Command::Delete { mailbox }
            | Command::Rename { from: mailbox, .. }
            | Command::Subscribe { mailbox }
            | Command::Unsubscribe { mailbox }
            | Command::Status { mailbox, .. }
            | Command::Append { mailbox, .. }
            | Command::GetQuotaRoot { mailbox } => Some(mailbox),
            _ => None,
        }
    }

    /// Whether it is about the selected mailbox.
    fn is_of_selected(&self) -> bool {
        matches!(
            self,
            Command::Idle
                | Command::Check
                | Command::Close
                | Command::Unselect
                | Command::Expunge { .. }
                | Command::Search { .. }
                | Command::Sort(_)
                | Command::Thread { .. }
                | Command::Fetch { .. }
                | Command::Store(_)
                | Command::Copy { .. }
                | Command::Move { .. }
        )
    }
}

/// How much a client can send ahead of a verdict that takes its time.
const MAX_UNREAD_OCTETS: usize = 64 << 20;

//! Which function does which command (RFC 3501 §6).

use bytes::Bytes;

use super::super::backend::{AccountId, Backend};
use super::super::command::Command;
use super::super::fetch::FetchItem;
use super::super::response::write;
use super::super::search::SearchKey;
use super::super::select_command::SelectParameters;
use super::super::sort::SortCommand;
use super::super::status_item::StatusItem;
use super::answer::Answer;
use super::capabilities::Capabilities;
use super::context::Context;
use super::fetch::{Done, Fetch};
use super::notify::Notify;
use super::view::View;
use super::{ImapServer, ImapServerEvent, Out, State};
use super::{append, copy, expunge, fetch, list, mailboxes, search, select, sort, status, store};

/// A command as it came: its tag, and its whole text, of which literals are slices.
#[derive(Debug, Clone, Copy)]
pub(super) struct Received<'a> {
    pub(super) tag: &'a str,
    pub(super) text: &'a Bytes,
}

impl ImapServer {
    /// Does a command; sends its untagged responses, and gives the tagged one. NO and BAD come as
    /// errors.
    pub(super) fn execute(
        &mut self,
        received: Received<'_>,
        command: Command<'_>,
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
        let account = self.account().ok_or_else(|| Answer::bad("Log in first"))?;
        if uses_modseq(&command) {
            self.enable(&["CONDSTORE"], None, out);
        }
        let context = &self.context(received.tag, backend).expect("there is an account");
        match command {
            Command::Enable { features } => {
                self.enable(&features, Some("ENABLED"), out);
                Ok(Answer::ok("ENABLE completed"))
            }
            Command::Select { mailbox, read_only, parameters } => {
                self.select(context, &mailbox, read_only, &parameters, backend, out)
            }
            Command::Create { mailbox, special_uses } => {
                let (mailbox, answer) =
                    mailboxes::create(context, &mailbox, &special_uses, backend, out)?;
                out.event(ImapServerEvent::Changed { mailbox });
                Ok(answer)
            }
            Command::Delete { mailbox } => {
                let deleted = mailboxes::delete(context, &mailbox, backend)?;
                if let Some(mailbox) = deleted {
                    if self.selected() == deleted {
                        self.state = State::Authenticated { account };
                    }
                    out.event(ImapServerEvent::Changed { mailbox });
                }
                Ok(Answer::ok("DELETE completed"))
            }
            Command::Rename { from, to } => {
                for mailbox in mailboxes::rename(context, (&from, &to), backend)? {
                    out.event(ImapServerEvent::Changed { mailbox });
                }
                Ok(Answer::ok("RENAME completed"))
            }
            Command::Subscribe { mailbox } => {
                subscribe(context, &mailbox, true, backend, out)?;
                Ok(Answer::ok("SUBSCRIBE completed"))
            }
            Command::Unsubscribe { mailbox } => {
                subscribe(context, &mailbox, false, backend, out)?;
                Ok(Answer::ok("UNSUBSCRIBE completed"))
            }
            Command::List(command) => list::list(context, &command, self.view(), backend, out),
            Command::Lsub { reference, pattern } => {
                Ok(list::lsub(context, &reference, &pattern, backend, out))
            }
            Command::Namespace => {
                let separator = context.separator;
                write(out, format_args!("* NAMESPACE ((\"\" \"{separator}\")) NIL NIL\r\n"));
                Ok(Answer::ok("NAMESPACE completed"))
            }
            Command::Status { mailbox, items } => {
                status::status(context, &mailbox, &items, self.view(), backend, out)
            }
            Command::Append { mailbox, messages } => {
                let source = (received.text, self.view());
                let (mailbox, answer) =
                    append::append(context, &mailbox, messages, source, backend)?;
                out.event(ImapServerEvent::Changed { mailbox });
                Ok(answer)
            }
            Command::Notify(command) => {
                let notify = Notify::set(context, command, self.view(), backend, out)?;
                self.notify = notify.map(Box::new);
                Ok(Answer::ok("NOTIFY completed"))
            }
            Command::GetQuota { root } => mailboxes::get_quota(context, &root, backend, out),
            Command::GetQuotaRoot { mailbox } => {
                mailboxes::get_quota_root(context, &mailbox, backend, out)
            }
            Command::SetQuota { .. } => Err(Answer::no("[NOPERM] Quotas are not yours to set")),
            command => self.execute_selected(context, received.text, command, backend, out),
        }
    }

    /// Does a command of the selected state (§6.4).
    fn execute_selected(
        &mut self,
        context: &Context<'_>,
        text: &Bytes,
        command: Command<'_>,
        backend: &mut impl Backend,
        out: &mut Out,
    ) -> Result<Answer, Answer> {
        let State::Selected { account, view } = &mut self.state else {
            return Err(Answer::bad("Select a mailbox first"));
        };
        let (account, mailbox) = (*account, view.mailbox);
        let changed = |changed| Done { changed, ..Done::default() };
        let (done, answer) = match command {
            Command::Fetch { by_uid, set, items, modifiers } => {
                let command = Fetch { by_uid, set, items, modifiers };
                fetch::fetch(context, view, command, backend, out)?
            }
            Command::Store(command) => store::store(context, view, &command, backend, out)?,
            Command::Search { by_uid, returns, search } => {
                let (asked, search) = ((by_uid, returns), (&search, text));
                return Ok(search::search(context, view, asked, search, backend, out));
            }
            Command::Sort(command) => {
                return Ok(sort::sort(context, view, &command, backend, out));
            }
            Command::Thread { by_uid, algorithm, search } => {
                let what = (algorithm, &search);
                return Ok(sort::thread(context, view, by_uid, what, backend, out));
            }
            Command::Copy { by_uid, set, mailbox } => {
                let copied = copy::copy(context, view, (&set, by_uid), (&mailbox, false), backend)?;
                let Some(code) = copied.code else {
                    return Ok(Answer::ok("COPY completed, no message is named"));
                };
                out.event(ImapServerEvent::Changed { mailbox: copied.to });
                return Ok(Answer::ok(format!("{code} COPY completed")));
            }
            Command::Move { by_uid, set, mailbox: to } => {
                let moved = copy::copy(context, view, (&set, by_uid), (&to, true), backend)?;
                let Some(code) = moved.code else {
                    return Ok(Answer::ok("MOVE completed, no message is named"));
                };
                // Before the messages vanish (RFC 6851 §4.3).
                write(out, format_args!("* OK {code} Messages are moved\r\n"));
                if moved.to != mailbox {
                    out.event(ImapServerEvent::Changed { mailbox: moved.to });
                }
                (changed(true), expunged("MOVE", true, context, view, backend))
            }
            Command::Expunge { uids } => {
                if view.read_only {
                    return Err(Answer::no("Mailbox is selected read-only"));
                }
                let any = expunge::expunge(view, uids.as_ref(), backend);
                (changed(any), expunged("EXPUNGE", any, context, view, backend))
            }
            Command::CancelUpdate { tags } => {
                let is_asked = |tag: &str| tags.iter().any(|asked| **asked == *tag.as_bytes());
                view.updated.retain(|search| !is_asked(search.tag()));
                return Ok(Answer::ok("CANCELUPDATE completed"));
            }
            Command::Check => return Ok(Answer::ok("CHECK completed")),
            Command::Close => {
                // Without telling of it, CLOSE expunges (§6.4.2).
                let any = !view.read_only && expunge::expunge(view, None, backend);
                self.state = State::Authenticated { account };
                (changed(any), Answer::ok("CLOSE completed"))
            }
            Command::Unselect => {
                self.state = State::Authenticated { account };
                return Ok(Answer::ok("UNSELECT completed"));
            }
            _ => unreachable!("every other command is handled before"),
        };
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
        context: &Context<'_>,
        argument: &[u8],
        read_only: bool,
        parameters: &SelectParameters,
        backend: &mut impl Backend,
        out: &mut Out,
    ) -> Result<Answer, Answer> {
        if parameters.qresync.is_some() && !self.features.qresync {
            return Err(Answer::bad("QRESYNC is not enabled"));
        }
        // Also when it fails, the mailbox before is no longer selected (§6.3.1).
        if let State::Selected { account, .. } = self.state {
            self.state = State::Authenticated { account };
            out.send("* OK [CLOSED] Previous mailbox is closed\r\n");
        }
        self.features.condstore |= parameters.condstore;
        let view = select::select(context, argument, read_only, parameters, backend, out)?;
        out.event(ImapServerEvent::Selected { mailbox: view.mailbox, read_only });
        self.state = State::Selected { account: context.account, view: Box::new(view) };
        Ok(Answer::ok(match read_only {
            true => "[READ-ONLY] EXAMINE completed",
            false => "[READ-WRITE] SELECT completed",
        }))
    }

    /// Enables extensions: by ENABLE, which is answered, or by using them.
    fn enable(&mut self, asked: &[&str], answered: Option<&str>, out: &mut Out) {
        let before = self.features;
        let enabled = self.features.enable(asked);
        if let Some(keyword) = answered {
            write(out, format_args!("* {keyword}"));
            enabled.iter().for_each(|name| write(out, format_args!(" {name}")));
            out.send("\r\n");
        }
        if let State::Selected { view, .. } = &mut self.state {
            view.shows_recent = !self.features.rev2;
            if self.features.condstore && !before.condstore {
                // RFC 7162 §3.1.2.
                let highest = view.highest_told();
                write(out, format_args!("* OK [HIGHESTMODSEQ {highest}] Highest\r\n"));
            }
        }
    }

    pub(super) fn account(&self) -> Option<AccountId> {
        match &self.state {
            State::Authenticated { account } | State::Selected { account, .. } => Some(*account),
            _ => None,
        }
    }

    /// The view of the selected mailbox.
    pub(super) fn view(&self) -> Option<&View> {
        match &self.state {
            State::Selected { view, .. } => Some(view),
            _ => None,
        }
    }
}

/// SUBSCRIBE and UNSUBSCRIBE (§6.3.6, §6.3.7).
fn subscribe(
    context: &Context<'_>,
    argument: &[u8],
    subscribed: bool,
    backend: &mut impl Backend,
    out: &mut Out,
) -> Result<(), Answer> {
    let name = context.name(argument)?;
    backend.subscribe(context.account, &name, subscribed)?;
    if let Ok(mailbox) = backend.find(context.account, &name) {
        out.event(ImapServerEvent::Changed { mailbox });
    }
    Ok(())
}

/// Whether a command asks for mod-sequences, which are told from then on (RFC 7162 §3.1).
fn uses_modseq(command: &Command<'_>) -> bool {
    match command {
        Command::Status { items, .. } => items.contains(&StatusItem::HighestModSeq),
        Command::Fetch { items, modifiers, .. } => {
            items.contains(&FetchItem::ModSeq) || modifiers.changed_since.is_some()
        }
        Command::Store(store) => store.unchanged_since.is_some(),
        Command::Search { search, .. }
        | Command::Sort(SortCommand { search, .. })
        | Command::Thread { search, .. } => search.keys.iter().any(SearchKey::asks_modseq),
        _ => false,
    }
}

/// The answer to a command that expunged messages: up to where the client is told of all changes
/// (RFC 7162 §3.2.7).
fn expunged(
    command: &str,
    any: bool,
    context: &Context<'_>,
    view: &View,
    backend: &impl Backend,
) -> Answer {
    match backend.state(view.mailbox) {
        Some(state) if any && context.features.condstore => {
            let highest = state.highest_modseq;
            Answer::ok(format!("[HIGHESTMODSEQ {highest}] {command} completed"))
        }
        _ => Answer::ok(format!("{command} completed")),
    }
}

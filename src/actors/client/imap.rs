//! Reading and changing a mailbox by IMAP, as one of several devices.
//!
//! A device keeps what it knows of a mailbox and brings that up to date as RFC 4549 §3 says: the
//! flags of what it has, which also tells what is gone, and then the messages above its last UID. A
//! new UIDVALIDITY makes it forget the mailbox.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::engine::SimTime;
use crate::proto::Session;
use crate::proto::imap::{
    FlagChange, Flags, ImapClient, ImapClientConfig, ImapClientEvent, ImapFailure, ImapTask,
    MailboxName, MailboxSummary, SystemFlag, Uid, UidValidity,
};
use crate::proto::mail::{DateTime, Header};
use crate::world::{Ctx, Note};

use super::config::{Action, MailClientConfig};
use super::dialog::{Ended, Memory};

/// What a device knows of a mailbox.
#[derive(Debug, Default)]
pub(super) struct KnownMailbox {
    uid_validity: Option<UidValidity>,
    messages: BTreeMap<Uid, KnownMessage>,
}

#[derive(Debug, Default)]
struct KnownMessage {
    message_id: String,
    flags: Flags,
}

/// An IMAP session under way.
pub(super) struct ImapDialog {
    pub(super) session: ImapClient,
    pub(super) progress: Progress,
}

/// How far the job is.
pub(super) struct Progress {
    goal: Goal,
    /// Tasks that follow from what the server said: the session takes them next.
    pub(super) next: VecDeque<ImapTask>,
    /// What went wrong so far.
    trouble: Option<String>,
}

enum Goal {
    /// Bring what is known of a mailbox up to date.
    Read { mailbox: String, exists: u32, listed: BTreeSet<Uid> },
    /// Find a message and do this to it.
    Change { message_id: String, then: Vec<Change> },
    /// Put a message into a mailbox, which may have to be made.
    Append,
}

/// What is done to a message that was found.
#[derive(Debug, Clone)]
enum Change {
    Store(FlagChange, Flags),
    Copy(MailboxName),
    Expunge,
}

impl ImapDialog {
    /// The session for `action`; else why there is none.
    pub(super) fn new(
        action: &Action,
        config: &MailClientConfig,
        ctx: &Ctx<'_>,
    ) -> Result<Self, String> {
        let name = |mailbox: &str| MailboxName::new(mailbox).map_err(|bad| bad.to_string());
        let select = |mailbox: &str| {
            name(mailbox).map(|mailbox| ImapTask::Select { mailbox, read_only: false })
        };
        let find = |message_id: &str| ImapTask::Search {
            keys: format!("HEADER Message-ID \"{}\"", message_id.replace(['"', '\\'], "")),
        };
        let change = |message_id: &String, then: Vec<Change>| Goal::Change {
            message_id: message_id.clone(),
            then,
        };
        let (tasks, goal) = match action {
            Action::Fetch { mailbox } | Action::Poll { mailbox, .. } => {
                let mailbox_name = mailbox.clone();
                let goal = Goal::Read { mailbox: mailbox_name, exists: 0, listed: BTreeSet::new() };
                (vec![select(mailbox)?], goal)
            }
            Action::Flag { message_id, add, remove, mailbox } => {
                let changes = [(FlagChange::Add, add), (FlagChange::Remove, remove)];
                let then = changes
                    .into_iter()
                    .filter(|(_, words)| !words.is_empty())
                    .map(|(change, words)| Change::Store(change, flags(words)));
                let goal = change(message_id, then.collect());
                (vec![select(mailbox)?, find(message_id)], goal)
            }
            Action::Copy { message_id, mailbox, to } => {
                let mut tasks = make(&name(to)?);
                tasks.extend([select(mailbox)?, find(message_id)]);
                (tasks, change(message_id, vec![Change::Copy(name(to)?)]))
            }
            Action::Delete { message_id, mailbox } => {
                let deleted = Flags::of(&[SystemFlag::Deleted]);
                let then = vec![Change::Store(FlagChange::Add, deleted), Change::Expunge];
                (vec![select(mailbox)?, find(message_id)], change(message_id, then))
            }
            Action::Append { message, mailbox, flags: words } => {
                let mailbox = name(mailbox)?;
                let mut tasks = make(&mailbox);
                let data = message.octets(DateTime::utc(ctx.date()));
                tasks.push(ImapTask::Append { mailbox, flags: flags(words), data });
                tasks.push(ImapTask::Logout);
                (tasks, Goal::Append)
            }
            Action::Send(_) => return Err("IMAP does not send".into()),
        };
        let login = ImapClientConfig {
            user: config.user.clone(),
            password: config.password.clone(),
            ..ImapClientConfig::default()
        };
        let session = ImapClient::new(login, tasks);
        let progress = Progress { goal, next: VecDeque::new(), trouble: None };
        Ok(ImapDialog { session, progress })
    }

    /// When the session wants a time-out.
    pub(super) fn deadline(&self) -> Option<SimTime> {
        self.session.deadline()
    }
}

/// Makes a mailbox that may be there already.
fn make(mailbox: &MailboxName) -> Vec<ImapTask> {
    if mailbox.is_inbox() {
        Vec::new()
    } else {
        vec![ImapTask::Create { mailbox: mailbox.clone() }]
    }
}

fn flags(words: &[String]) -> Flags {
    let mut flags = Flags::EMPTY;
    for word in words {
        match SystemFlag::parse(word) {
            Some(flag) => flags.insert(flag),
            None => flags.insert_keyword(word),
        }
    }
    flags
}

impl Progress {
    /// Takes news of the session; how the job ended, if it did.
    pub(super) fn on_event(
        &mut self,
        event: ImapClientEvent,
        memory: &mut Memory,
        config: &MailClientConfig,
        ctx: &mut Ctx<'_>,
    ) -> Option<Ended> {
        match event {
            ImapClientEvent::Selected { summary, .. } => self.selected(&summary, memory),
            ImapClientEvent::Overview { uid, overview } => {
                if let Some(known) = self.known(memory) {
                    let message_id = overview.message_id.unwrap_or_default();
                    known.messages.insert(uid, KnownMessage { message_id, flags: overview.flags });
                }
            }
            ImapClientEvent::Message { uid, data } => {
                let message_id = Header::new(&data).text("Message-ID").unwrap_or_default();
                let message_id = message_id.trim().to_owned();
                if let Goal::Read { mailbox, .. } = &self.goal {
                    ctx.note(|| Note::Fetched {
                        account: config.name.clone(),
                        mailbox: mailbox.clone(),
                        uid: uid.to_string(),
                        message_id,
                        octets: data.len(),
                    });
                }
            }
            ImapClientEvent::Flags { uid: Some(uid), flags, .. } => {
                if let Goal::Read { listed, .. } = &mut self.goal {
                    listed.insert(uid);
                }
                let known = self.known(memory);
                if let Some(message) = known.and_then(|known| known.messages.get_mut(&uid)) {
                    message.flags = flags;
                }
            }
            ImapClientEvent::Exists { count } => {
                if let Goal::Read { exists, .. } = &mut self.goal {
                    *exists = count;
                }
            }
            ImapClientEvent::Found { uids } => self.found(&uids),
            ImapClientEvent::Done { task, refused } => {
                let refused = refused.map(|refusal| refusal.text);
                self.done(&task, refused, memory, config, ctx);
            }
            ImapClientEvent::Ended { failure } => return Some(self.ended(failure)),
            _ => {}
        }
        None
    }

    fn known<'m>(&self, memory: &'m mut Memory) -> Option<&'m mut KnownMailbox> {
        match &self.goal {
            Goal::Read { mailbox, .. } => {
                Some(memory.mailboxes.entry(mailbox.clone()).or_default())
            }
            _ => None,
        }
    }

    /// Looks for what is gone, what has other flags, and what is new.
    fn selected(&mut self, summary: &MailboxSummary, memory: &mut Memory) {
        let Some(known) = self.known(memory) else { return };
        if known.uid_validity != summary.uid_validity {
            *known = KnownMailbox { uid_validity: summary.uid_validity, ..KnownMailbox::default() };
        }
        let last = known.messages.keys().next_back().copied();
        if last.is_some() && summary.exists > 0 {
            self.next.push_back(ImapTask::FetchFlags);
        }
        if summary.exists > 0 {
            let since = last.and_then(|last| Uid::new(last.get().saturating_add(1)));
            let since = since.unwrap_or(Uid::MIN);
            self.next.push_back(ImapTask::FetchNew { since, peek: false });
        }
        self.next.push_back(ImapTask::Logout);
        if let Goal::Read { exists, .. } = &mut self.goal {
            *exists = summary.exists;
        }
    }

    fn found(&mut self, uids: &[Uid]) {
        let Goal::Change { message_id, then } = &self.goal else { return };
        if uids.is_empty() {
            self.trouble = Some(format!("there is no message {message_id}"));
        } else {
            self.next.extend(then.iter().cloned().map(|change| match change {
                Change::Store(change, flags) => {
                    ImapTask::Store { uids: uids.to_vec(), change, flags }
                }
                Change::Copy(mailbox) => ImapTask::Copy { uids: uids.to_vec(), mailbox },
                Change::Expunge => ImapTask::Expunge,
            }));
        }
        self.next.push_back(ImapTask::Logout);
    }

    fn done(
        &mut self,
        task: &ImapTask,
        refused: Option<String>,
        memory: &mut Memory,
        config: &MailClientConfig,
        ctx: &mut Ctx<'_>,
    ) {
        match (task, refused) {
            // It is there already: just what is wanted.
            (ImapTask::Create { .. }, Some(_)) => {}
            (ImapTask::Select { .. } | ImapTask::Search { .. }, Some(text)) => {
                self.trouble = Some(text);
                self.next.push_back(ImapTask::Logout);
            }
            (_, Some(text)) => self.trouble = Some(text),
            (ImapTask::FetchFlags, None) => self.forget_gone(memory),
            (ImapTask::Logout, None) if self.trouble.is_none() => self.tell(memory, config, ctx),
            _ => {}
        }
    }

    /// What the server no longer lists is gone.
    fn forget_gone(&mut self, memory: &mut Memory) {
        let Goal::Read { mailbox, listed, .. } = &self.goal else { return };
        if let Some(known) = memory.mailboxes.get_mut(mailbox) {
            known.messages.retain(|uid, _| listed.contains(uid));
        }
    }

    fn tell(&self, memory: &mut Memory, config: &MailClientConfig, ctx: &mut Ctx<'_>) {
        let Goal::Read { mailbox, exists, .. } = &self.goal else { return };
        let known = memory.mailboxes.entry(mailbox.clone()).or_default();
        if *exists == 0 {
            known.messages.clear();
        }
        ctx.note(|| Note::Saw {
            account: config.name.clone(),
            mailbox: mailbox.clone(),
            messages: *exists as usize,
            known: known
                .messages
                .values()
                .map(|message| (message.message_id.clone(), message.flags.to_string()))
                .collect(),
        });
    }

    fn ended(&mut self, failure: Option<ImapFailure>) -> Ended {
        match (failure, self.trouble.take()) {
            (None, None) => Ended::Well,
            (None, Some(trouble)) => Ended::Never(trouble),
            (Some(failure @ ImapFailure::LoginRefused(_)), _) => Ended::Never(failure.to_string()),
            (Some(failure), _) => Ended::NotNow(failure.to_string()),
        }
    }
}

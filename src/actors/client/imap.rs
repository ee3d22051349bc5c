//! Reading and changing a mailbox by IMAP, as one of several devices.
//!
//! A device keeps what it knows of a mailbox and brings that up to date as RFC 4549 §3 says: the
//! flags of what it has, which also tells what is gone, and then the messages above its last UID. Where
//! the server keeps mod-sequences (RFC 7162), only what has changed is told: by SELECT itself with
//! QRESYNC, else by two questions. A new UIDVALIDITY makes it forget the mailbox.
//!
//! A device that idles does the same, stays, and takes what the server tells it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::engine::SimTime;
use crate::proto::Session;
use crate::proto::imap::{
    FlagChange, Flags, ImapClient, ImapClientConfig, ImapClientEvent, ImapFailure, ImapTask,
    MailboxName, MailboxSummary, ModSeq, Refusal, SystemFlag, Uid, UidValidity,
};
use crate::proto::mail::{DateTime, Header};
use crate::world::{Ctx, Kind, Note};

use super::config::{Action, ClientTls, MailClientConfig};
use super::dialog::{Ended, Memory};

/// What a device knows of a mailbox.
#[derive(Debug, Default)]
pub(super) struct KnownMailbox {
    uid_validity: Option<UidValidity>,
    /// The highest mod-sequence when it was last up to date, where the server keeps any.
    mod_seq: Option<ModSeq>,
    messages: BTreeMap<Uid, KnownMessage>,
}

#[derive(Debug, Default)]
struct KnownMessage {
    message_id: String,
    flags: Flags,
    /// Whether the message itself was downloaded, and not its overview alone.
    is_here: bool,
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
    /// Whether that may be otherwise later.
    is_temporary: bool,
}

enum Goal {
    /// Bring what is known of a mailbox up to date.
    Read(Reading),
    /// Find a message and do this to it.
    Change { message_id: String, then: Vec<Change> },
    /// Put a message into a mailbox, which may have to be made.
    Append,
}

/// A mailbox that is being brought up to date.
struct Reading {
    mailbox: String,
    exists: u32,
    /// The messages that the server has listed with their flags.
    listed: BTreeSet<Uid>,
    /// What SELECT told; it counts once all that it stands for was read.
    mod_seq: Option<ModSeq>,
    /// The device stays when it is done: it idles, or would if it had nothing to read.
    watch: Option<Watch>,
}

/// What a device that stays is doing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Watch {
    /// It reads, and nothing has come meanwhile.
    Reading,
    /// It reads, and something has come meanwhile.
    Behind,
    /// It idles.
    Idling,
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
        memory: &Memory,
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
            Action::Fetch { mailbox }
            | Action::Poll { mailbox, .. }
            | Action::Idle { mailbox, .. } => {
                let goal = Goal::Read(Reading {
                    mailbox: mailbox.clone(),
                    exists: 0,
                    listed: BTreeSet::new(),
                    mod_seq: None,
                    watch: matches!(action, Action::Idle { .. }).then_some(Watch::Reading),
                });
                let known = memory.mailboxes.get(mailbox);
                let resync = known.and_then(|known| known.resync(name(mailbox).ok()?));
                (vec![resync.map_or_else(|| select(mailbox), Ok)?], goal)
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
            Action::Send(_) | Action::Misbehave(_) => {
                return Err("IMAP is not for that".into());
            }
        };
        let login = ImapClientConfig {
            user: config.user.clone(),
            password: config.password.clone(),
            starttls: matches!(config.read_tls, ClientTls::StartTls(_)),
            ..ImapClientConfig::default()
        };
        // A stream for each session: no two of them may have the same nonces.
        let nonces = format!("client {} imap nonces at {}", config.name, ctx.now());
        let session = ImapClient::new(login, tasks).with_nonces(ctx.stream(&nonces));
        let progress = Progress { goal, next: VecDeque::new(), trouble: None, is_temporary: false };
        Ok(ImapDialog { session, progress })
    }

    /// When the session wants a time-out.
    pub(super) fn deadline(&self) -> Option<SimTime> {
        self.session.deadline()
    }
}

impl KnownMailbox {
    /// The SELECT that asks for what has changed, where enough is known to ask so.
    fn resync(&self, mailbox: MailboxName) -> Option<ImapTask> {
        let known: Vec<Uid> = self.messages.keys().copied().collect();
        let (uid_validity, mod_seq) = (self.uid_validity?, self.mod_seq?);
        (!known.is_empty()).then_some(ImapTask::Resync { mailbox, uid_validity, mod_seq, known })
    }

    /// The least UID that is new.
    fn since(&self) -> Uid {
        let last = self.messages.keys().next_back();
        last.and_then(|last| Uid::new(last.get().saturating_add(1))).unwrap_or(Uid::MIN)
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
                    let flags = overview.flags;
                    let is_here = false;
                    known.messages.insert(uid, KnownMessage { message_id, flags, is_here });
                }
            }
            ImapClientEvent::Message { uid, data } => {
                let message_id = Header::new(&data).text("Message-ID").unwrap_or_default();
                let message_id = message_id.trim().to_owned();
                let known = self.known(memory);
                if let Some(message) = known.and_then(|known| known.messages.get_mut(&uid)) {
                    message.is_here = true;
                }
                if let Goal::Read(Reading { mailbox, .. }) = &self.goal {
                    ctx.note(Kind::Fetched, || Note::Fetched {
                        account: config.name.clone(),
                        mailbox: mailbox.clone(),
                        uid: uid.to_string(),
                        message_id,
                        octets: data.len(),
                    });
                    super::auto_reply::answer(&data, memory, config, ctx);
                }
            }
            ImapClientEvent::Flags { uid: Some(uid), flags, .. } => {
                if let Goal::Read(reading) = &mut self.goal {
                    reading.listed.insert(uid);
                }
                let known = self.known(memory);
                if let Some(message) = known.and_then(|known| known.messages.get_mut(&uid))
                    && message.flags != flags
                {
                    message.flags = flags;
                    self.tell_of_change(memory, config, ctx);
                }
            }
            ImapClientEvent::Exists { count } => self.exists(count, memory),
            ImapClientEvent::Expunged { uid, .. } => {
                self.gone(1, |known| Some(known) == uid, memory, config, ctx);
            }
            ImapClientEvent::Vanished { uids } => {
                let count = u32::try_from(uids.count()).unwrap_or(u32::MAX);
                self.gone(count, |known| uids.contains(known.get()), memory, config, ctx);
            }
            ImapClientEvent::Found { uids } => self.found(&uids, memory),
            ImapClientEvent::Done { task, refused } => {
                self.is_temporary |= refused.as_ref().is_some_and(Refusal::is_temporary);
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
            Goal::Read(reading) => {
                Some(memory.mailboxes.entry(reading.mailbox.clone()).or_default())
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
        let has_some = !known.messages.is_empty() && summary.exists > 0;
        match known.mod_seq.filter(|_| summary.mod_seq.is_some()) {
            // It is all told.
            _ if summary.resynced => {}
            Some(since) if has_some => {
                self.next.push_back(ImapTask::FetchChangedFlags { since });
                self.next.push_back(ImapTask::Search { keys: "ALL".into() });
            }
            None if has_some => self.next.push_back(ImapTask::FetchFlags),
            _ => {}
        }
        // A session broke off before it had them.
        let missing = known.messages.iter().filter(|(_, message)| !message.is_here);
        let missing: Vec<Uid> = missing.map(|(uid, _)| *uid).collect();
        if summary.exists > 0 {
            let since = known.since();
            if !missing.is_empty() {
                self.next.push_back(ImapTask::FetchBodies { uids: missing, peek: false });
            }
            self.next.push_back(ImapTask::FetchNew { since, peek: false });
        }
        let Goal::Read(reading) = &mut self.goal else { return };
        (reading.exists, reading.mod_seq) = (summary.exists, summary.mod_seq);
        match reading.watch {
            None => self.next.push_back(ImapTask::Logout),
            // What is read is done with when this is, and it tells of what came meanwhile.
            Some(_) => self.next.push_back(ImapTask::Noop),
        }
    }

    /// The server has told how many messages there are.
    fn exists(&mut self, count: u32, memory: &mut Memory) {
        let since = self.known(memory).map(|known| known.since());
        let (Goal::Read(reading), Some(since)) = (&mut self.goal, since) else { return };
        let is_more = count > reading.exists;
        reading.exists = count;
        match reading.watch {
            Some(Watch::Idling) if is_more => {
                reading.watch = Some(Watch::Reading);
                self.next.push_back(ImapTask::FetchNew { since, peek: false });
                self.next.push_back(ImapTask::Noop);
            }
            Some(Watch::Reading) if is_more => reading.watch = Some(Watch::Behind),
            _ => {}
        }
    }

    /// So many messages are gone, among them those of which `is_gone` says so.
    fn gone(
        &mut self,
        count: u32,
        is_gone: impl Fn(Uid) -> bool,
        memory: &mut Memory,
        config: &MailClientConfig,
        ctx: &mut Ctx<'_>,
    ) {
        if let Goal::Read(reading) = &mut self.goal {
            reading.exists = reading.exists.saturating_sub(count);
            reading.listed.retain(|uid| !is_gone(*uid));
        }
        if let Some(known) = self.known(memory) {
            known.messages.retain(|uid, _| !is_gone(*uid));
        }
        self.tell_of_change(memory, config, ctx);
    }

    /// A device that idles shows at once what was changed elsewhere.
    fn tell_of_change(&self, memory: &mut Memory, config: &MailClientConfig, ctx: &mut Ctx<'_>) {
        if let Goal::Read(Reading { watch: Some(Watch::Idling), .. }) = &self.goal {
            self.tell(memory, config, ctx);
        }
    }

    /// A device that stays has read all: it idles, or reads on.
    fn has_read(&mut self, memory: &mut Memory, config: &MailClientConfig, ctx: &mut Ctx<'_>) {
        let since = self.known(memory).map(|known| known.since());
        let (Goal::Read(reading), Some(since)) = (&mut self.goal, since) else { return };
        match reading.watch {
            Some(Watch::Behind) => {
                reading.watch = Some(Watch::Reading);
                self.next.push_back(ImapTask::FetchNew { since, peek: false });
                self.next.push_back(ImapTask::Noop);
            }
            Some(Watch::Reading) => {
                reading.watch = Some(Watch::Idling);
                self.next.push_back(ImapTask::Idle);
                self.tell(memory, config, ctx);
            }
            Some(Watch::Idling) | None => {}
        }
    }

    /// The task that ends a session which would go on; `None` where it ends by itself.
    pub(super) fn finish(&mut self) -> Option<ImapTask> {
        match &mut self.goal {
            Goal::Read(reading) => reading.watch.take().map(|_| ImapTask::Logout),
            _ => None,
        }
    }

    fn found(&mut self, uids: &[Uid], memory: &mut Memory) {
        let (message_id, then) = match &self.goal {
            Goal::Change { message_id, then } => (message_id, then),
            Goal::Read(_) => {
                if let Some(known) = self.known(memory) {
                    let there: BTreeSet<Uid> = uids.iter().copied().collect();
                    known.messages.retain(|uid, _| there.contains(uid));
                }
                return;
            }
            Goal::Append => return,
        };
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
            (
                ImapTask::Select { .. } | ImapTask::Resync { .. } | ImapTask::Search { .. },
                Some(text),
            ) => {
                self.trouble = Some(text);
                self.next.push_back(ImapTask::Logout);
            }
            (_, Some(text)) => self.trouble = Some(text),
            (ImapTask::FetchFlags, None) => self.forget_gone(memory),
            (ImapTask::Noop, None) => self.has_read(memory, config, ctx),
            (ImapTask::Logout, None) if self.trouble.is_none() => self.tell(memory, config, ctx),
            _ => {}
        }
    }

    /// What the server no longer lists is gone.
    fn forget_gone(&mut self, memory: &mut Memory) {
        let Goal::Read(Reading { mailbox, listed, .. }) = &self.goal else { return };
        if let Some(known) = memory.mailboxes.get_mut(mailbox) {
            known.messages.retain(|uid, _| listed.contains(uid));
        }
    }

    fn tell(&self, memory: &mut Memory, config: &MailClientConfig, ctx: &mut Ctx<'_>) {
        let Goal::Read(Reading { mailbox, exists, mod_seq, .. }) = &self.goal else { return };
        let known = memory.mailboxes.entry(mailbox.clone()).or_default();
        known.mod_seq = *mod_seq;
        if *exists == 0 {
            known.messages.clear();
        }
        ctx.note(Kind::Saw, || Note::Saw {
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
            (None, Some(trouble)) if self.is_temporary => Ended::NotNow(trouble),
            (None, Some(trouble)) => Ended::Never(trouble),
            (Some(failure), _) if failure.is_temporary() => Ended::NotNow(failure.to_string()),
            (Some(failure), _) => Ended::Never(failure.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uid(number: u32) -> Uid {
        Uid::new(number).unwrap()
    }

    /// A device that knows the messages 1 and 2 of a mailbox.
    fn known(mod_seq: Option<ModSeq>) -> Memory {
        let here = || KnownMessage { is_here: true, ..KnownMessage::default() };
        let messages = [1, 2].map(|number| (uid(number), here()));
        let uid_validity = Some(UidValidity::MIN);
        let known = KnownMailbox { uid_validity, mod_seq, messages: messages.into() };
        Memory { mailboxes: BTreeMap::from([("INBOX".to_owned(), known)]), ..Memory::default() }
    }

    fn reading(watch: Option<Watch>) -> Progress {
        let goal = Goal::Read(Reading {
            mailbox: "INBOX".into(),
            exists: 0,
            listed: BTreeSet::new(),
            mod_seq: None,
            watch,
        });
        Progress { goal, next: VecDeque::new(), trouble: None, is_temporary: false }
    }

    /// What a device asks for after SELECT.
    fn check(before: Option<ModSeq>, summary: MailboxSummary, wanted: &[ImapTask]) {
        let (mut progress, mut memory) = (reading(None), known(before));
        progress.selected(&summary, &mut memory);
        assert_eq!(progress.next, wanted);
    }

    #[test]
    fn a_device_asks_for_no_more_than_it_needs() {
        let summary = MailboxSummary {
            exists: 3,
            uid_validity: Some(UidValidity::MIN),
            ..MailboxSummary::default()
        };
        let new = |since| ImapTask::FetchNew { since: uid(since), peek: false };
        check(None, summary, &[ImapTask::FetchFlags, new(3), ImapTask::Logout]);
        // A server that keeps mod-sequences, and has not told by itself.
        let condstore = MailboxSummary { mod_seq: Some(ModSeq(9)), ..summary };
        let changed = ImapTask::FetchChangedFlags { since: ModSeq(5) };
        let all = ImapTask::Search { keys: "ALL".into() };
        check(Some(ModSeq(5)), condstore, &[changed, all, new(3), ImapTask::Logout]);
        check(None, condstore, &[ImapTask::FetchFlags, new(3), ImapTask::Logout]);
        let resynced = MailboxSummary { resynced: true, ..condstore };
        check(Some(ModSeq(5)), resynced, &[new(3), ImapTask::Logout]);
        // Another mailbox under the same name, and one that is empty.
        let other = MailboxSummary { uid_validity: UidValidity::new(2), ..condstore };
        check(Some(ModSeq(5)), other, &[new(1), ImapTask::Logout]);
        check(None, MailboxSummary { exists: 0, ..summary }, &[ImapTask::Logout]);
    }

    #[test]
    fn what_a_session_that_broke_off_left_behind_is_fetched_by_the_next() {
        let (mut progress, mut memory) = (reading(None), known(None));
        let known = memory.mailboxes.get_mut("INBOX").unwrap();
        known.messages.get_mut(&uid(2)).unwrap().is_here = false;
        let uid_validity = Some(UidValidity::MIN);
        let summary = MailboxSummary { exists: 2, uid_validity, ..MailboxSummary::default() };
        progress.selected(&summary, &mut memory);
        let bodies = ImapTask::FetchBodies { uids: vec![uid(2)], peek: false };
        let new = ImapTask::FetchNew { since: uid(3), peek: false };
        assert_eq!(progress.next, [ImapTask::FetchFlags, bodies, new, ImapTask::Logout]);
    }

    #[test]
    fn what_a_search_for_all_does_not_find_is_gone() {
        let (mut progress, mut memory) = (reading(None), known(Some(ModSeq(5))));
        progress.found(&[uid(2), uid(3)], &mut memory);
        let left: Vec<Uid> = memory.mailboxes["INBOX"].messages.keys().copied().collect();
        assert_eq!(left, [uid(2)]);
    }

    #[test]
    fn a_device_that_idles_reads_what_comes_and_nothing_twice() {
        let (mut progress, mut memory) = (reading(Some(Watch::Idling)), known(None));
        progress.exists(3, &mut memory);
        let new = ImapTask::FetchNew { since: uid(3), peek: false };
        assert_eq!(progress.next, [new, ImapTask::Noop]);
        // More comes while it reads: that is asked for when it has read.
        progress.next.clear();
        progress.exists(4, &mut memory);
        assert_eq!(progress.next, []);
        assert!(
            matches!(&progress.goal, Goal::Read(reading) if reading.watch == Some(Watch::Behind))
        );
        // It is told to end: once.
        assert_eq!(progress.finish(), Some(ImapTask::Logout));
        assert_eq!(progress.finish(), None);
    }
}

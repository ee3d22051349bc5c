//! What a device makes of what the server of a mailbox tells it.

use std::collections::BTreeSet;

use super::{Change, Goal, KnownMailbox, KnownMessage, Progress, Reading, Watch};
use crate::actors::client::auto_reply;
use crate::actors::client::config::MailClientConfig;
use crate::actors::client::dialog::{Ended, Memory};
use crate::proto::imap::{ImapClientEvent, ImapFailure, ImapTask, MailboxSummary, Refusal, Uid};
use crate::proto::mail::Header;
use crate::world::{Ctx, Kind, Note};

impl Progress {
    /// Takes news of the session; how the job ended, if it did.
    pub(in crate::actors::client) fn on_event(
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
                    auto_reply::answer(&data, memory, config, ctx);
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
    pub(in crate::actors::client) fn finish(&mut self) -> Option<ImapTask> {
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
    use std::collections::{BTreeMap, VecDeque};

    use super::*;
    use crate::proto::imap::{ModSeq, UidValidity};

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

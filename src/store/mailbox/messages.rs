//! One mailbox: messages by ascending UID, and what happened to them, by mod-sequence.
//!
//! RFC 3501 §2.3; the mod-sequence is that of RFC 7162.

use super::quota::Usage;
use crate::proto::imap::{
    EmailId, Flags, MailboxState, Message, ModSeq, NewMessage, Uid, UidValidity,
};

/// A mailbox with its messages.
#[derive(Debug, Clone)]
pub struct Mailbox {
    state: MailboxState,
    /// By ascending UID.
    messages: Vec<Message>,
    /// Arrivals and changes of flags by ascending mod-sequence. An entry whose mod-sequence is not
    /// that of the message any more is stale and is skipped.
    changes: Vec<(ModSeq, Uid)>,
    /// By ascending mod-sequence.
    expunged: Vec<(ModSeq, Uid)>,
    /// What was expunged up to here is in `expunged` no more.
    forgotten: ModSeq,
    usage: Usage,
}

impl Mailbox {
    /// How many expunged messages are remembered with the time of their end.
    pub const MAX_EXPUNGED: usize = 50_000;

    /// An empty mailbox.
    pub fn new(uid_validity: UidValidity) -> Mailbox {
        let state = MailboxState {
            uid_validity,
            uid_next: Uid::MIN,
            highest_modseq: ModSeq(1),
            first_recent: Uid::MIN,
        };
        Mailbox {
            state,
            messages: Vec::new(),
            changes: Vec::new(),
            expunged: Vec::new(),
            forgotten: ModSeq(0),
            usage: Usage::default(),
        }
    }

    /// UIDVALIDITY, UIDNEXT and the like.
    pub fn state(&self) -> MailboxState {
        self.state
    }

    /// What its messages take.
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// The messages, by ascending UID.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// The message of that UID.
    pub fn message(&self, uid: Uid) -> Option<&Message> {
        self.place(uid).map(|place| &self.messages[place])
    }

    /// UIDs of messages that arrived or changed after `since`, in the order of their last change.
    pub fn changed_since(&self, since: ModSeq) -> impl Iterator<Item = Uid> {
        let start = self.changes.partition_point(|(modseq, _)| *modseq <= since);
        self.changes[start..]
            .iter()
            .filter(|(modseq, uid)| self.message(*uid).is_some_and(|it| it.modseq == *modseq))
            .map(|(_, uid)| *uid)
    }

    /// UIDs of messages that were expunged after `since`: all that ever were, where that is longer
    /// ago than the log reaches.
    pub fn expunged_since(&self, since: ModSeq) -> impl Iterator<Item = Uid> {
        let in_log = since >= self.forgotten;
        let start = self.expunged.partition_point(|(modseq, _)| *modseq <= since);
        let logged = self.expunged[start..].iter().map(|(_, uid)| *uid).take(match in_log {
            true => usize::MAX,
            false => 0,
        });
        let mut present = self.messages.iter().map(|message| message.uid.get()).peekable();
        let ever = if in_log { 1..1 } else { 1..self.state.uid_next.get() };
        let missing = ever.filter(move |number| present.next_if_eq(number).is_none());
        logged.chain(missing.filter_map(Uid::new))
    }

    /// Adds a message at the end, and gives its UID.
    pub(crate) fn append(&mut self, new: NewMessage, email_id: EmailId) -> Uid {
        let uid = self.state.uid_next;
        self.state.uid_next = uid.next().expect("fewer than 2^32 messages fit into memory");
        let modseq = self.advance();
        self.usage += Usage::message(new.data.len());
        self.messages.push(Message::new(uid, modseq, email_id, new));
        self.changes.push((modseq, uid));
        uid
    }

    /// Replaces the flags of a message; `None` when it is gone. Equal flags change nothing.
    pub(crate) fn set_flags(&mut self, uid: Uid, flags: Flags) -> Option<ModSeq> {
        let place = self.place(uid)?;
        if self.messages[place].flags != flags {
            let modseq = self.advance();
            self.messages[place].flags = flags;
            self.messages[place].modseq = modseq;
            self.changes.push((modseq, uid));
            self.forget_stale_changes();
        }
        Some(self.messages[place].modseq)
    }

    /// Removes those of the messages that exist, in one change. `uids` ascend.
    pub(crate) fn expunge(&mut self, uids: &[Uid]) {
        let modseq = self.state.highest_modseq.next();
        let before = self.expunged.len();
        let Mailbox { messages, expunged, usage, .. } = self;
        messages.retain(|message| {
            let goes = uids.binary_search(&message.uid).is_ok();
            if goes {
                *usage -= Usage::message(message.data().len());
                expunged.push((modseq, message.uid));
            }
            !goes
        });
        if self.expunged.len() > before {
            self.state.highest_modseq = modseq;
            self.forget_stale_changes();
            self.forget_expunged(Self::MAX_EXPUNGED);
        }
    }

    /// Removes the oldest messages, so that `count` are left, and remembers the last so many of them.
    pub(crate) fn keep_latest(&mut self, count: usize) {
        let Some(surplus) = self.messages.len().checked_sub(count).filter(|many| *many > 0) else {
            return;
        };
        let modseq = self.advance();
        for message in self.messages.drain(..surplus) {
            self.usage -= Usage::message(message.data().len());
            self.expunged.push((modseq, message.uid));
        }
        self.forget_stale_changes();
        self.forget_expunged(2 * count + 64);
    }

    /// Messages below `first_recent` are recent to no further session.
    pub(crate) fn claim_recent(&mut self, first_recent: Uid) {
        self.state.first_recent = self.state.first_recent.max(first_recent);
    }

    /// Takes all messages out, as RENAME of INBOX does (RFC 3501 §6.3.5).
    pub(crate) fn take_messages(&mut self) -> Vec<Message> {
        let messages = std::mem::take(&mut self.messages);
        self.usage = Usage::default();
        if !messages.is_empty() {
            let modseq = self.advance();
            self.expunged.extend(messages.iter().map(|message| (modseq, message.uid)));
            self.changes.clear();
            self.forget_expunged(Self::MAX_EXPUNGED);
        }
        messages
    }

    /// Numbers all messages anew, from 1, under another UIDVALIDITY: as servers do that have lost the
    /// index of a mailbox and read it again from its messages. Flags are kept with the messages.
    pub(crate) fn rebuild(&mut self, uid_validity: UidValidity) {
        let modseq = self.advance();
        let mut uid_next = Uid::MIN;
        self.changes.clear();
        for message in &mut self.messages {
            (message.uid, message.modseq) = (uid_next, modseq);
            self.changes.push((modseq, uid_next));
            uid_next = uid_next.next().expect("there are no more than there were");
        }
        self.expunged.clear();
        self.forgotten = modseq;
        (self.state.uid_validity, self.state.uid_next) = (uid_validity, uid_next);
        self.state.first_recent = uid_next;
    }

    fn place(&self, uid: Uid) -> Option<usize> {
        self.messages.binary_search_by_key(&uid, |message| message.uid).ok()
    }

    fn advance(&mut self) -> ModSeq {
        self.state.highest_modseq = self.state.highest_modseq.next();
        self.state.highest_modseq
    }

    /// Keeps the log of expunged messages within `most`, at most [`Mailbox::MAX_EXPUNGED`].
    fn forget_expunged(&mut self, most: usize) {
        let most = most.min(Self::MAX_EXPUNGED);
        if self.expunged.len() > most {
            let cut = self.expunged.len() - most / 2;
            self.forgotten = self.expunged[cut - 1].0;
            // One change is forgotten as a whole.
            self.expunged.retain(|(modseq, _)| *modseq > self.forgotten);
        }
    }

    /// Keeps the log of changes within twice the number of messages.
    fn forget_stale_changes(&mut self) {
        if self.changes.len() > 2 * self.messages.len() + 64 {
            let messages = &self.messages;
            self.changes.retain(|(modseq, uid)| {
                messages
                    .binary_search_by_key(uid, |message| message.uid)
                    .is_ok_and(|place| messages[place].modseq == *modseq)
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::UnixTime;
    use crate::proto::imap::SystemFlag;
    use crate::proto::mail::DateTime;
    use bytes::Bytes;

    fn append(mailbox: &mut Mailbox) -> Uid {
        let new = NewMessage {
            flags: Flags::EMPTY,
            internal_date: DateTime::utc(UnixTime(0)),
            save_date: UnixTime(0),
            data: Bytes::new(),
        };
        mailbox.append(new, EmailId(0))
    }

    fn mailbox(messages: usize) -> Mailbox {
        let mut mailbox = Mailbox::new(UidValidity::MIN);
        for _ in 0..messages {
            append(&mut mailbox);
        }
        mailbox
    }

    fn uids(numbers: &[u32]) -> Vec<Uid> {
        numbers.iter().map(|number| Uid::new(*number).unwrap()).collect()
    }

    #[test]
    fn uids_rise_and_are_never_reused() {
        let mut mailbox = mailbox(3);
        mailbox.expunge(&uids(&[2, 3]));
        let uid = append(&mut mailbox);
        assert_eq!(uid.get(), 4);
        assert_eq!(mailbox.state().uid_next.get(), 5);
    }

    #[test]
    fn what_changed_is_told_once_and_in_the_order_of_the_last_change() {
        let mut mailbox = mailbox(3);
        let before = mailbox.state().highest_modseq;
        assert_eq!(mailbox.changed_since(before).count(), 0);
        for (uid, flag) in [(1, SystemFlag::Seen), (3, SystemFlag::Seen), (1, SystemFlag::Draft)] {
            mailbox.set_flags(Uid::new(uid).unwrap(), Flags::of(&[flag]));
        }
        assert_eq!(mailbox.changed_since(before).collect::<Vec<_>>(), uids(&[3, 1]));
        mailbox.expunge(&uids(&[1, 7]));
        assert_eq!(mailbox.changed_since(before).collect::<Vec<_>>(), uids(&[3]));
        assert_eq!(mailbox.expunged_since(before).collect::<Vec<_>>(), uids(&[1]));
    }

    #[test]
    fn what_was_expunged_long_ago_is_told_with_all_that_ever_was() {
        let mut mailbox = mailbox(3);
        mailbox.expunge(&uids(&[2]));
        let early = mailbox.state().highest_modseq;
        let last = u32::try_from(Mailbox::MAX_EXPUNGED).unwrap() + 9;
        for number in 4..=last {
            assert_eq!(append(&mut mailbox).get(), number);
            mailbox.expunge(&uids(&[number]));
        }
        assert!(mailbox.expunged.len() <= Mailbox::MAX_EXPUNGED);
        let told: Vec<u32> = mailbox.expunged_since(early).map(Uid::get).collect();
        assert_eq!(told, [2].into_iter().chain(4..=last).collect::<Vec<_>>());
        let late = ModSeq(mailbox.state().highest_modseq.0 - 1);
        assert_eq!(mailbox.expunged_since(late).map(Uid::get).collect::<Vec<_>>(), [last]);
    }

    #[test]
    fn a_mailbox_that_is_rebuilt_has_the_same_messages_under_new_uids() {
        let mut mailbox = mailbox(3);
        mailbox.set_flags(Uid::new(3).unwrap(), Flags::of(&[SystemFlag::Seen]));
        mailbox.expunge(&uids(&[1]));
        let before = mailbox.state();
        mailbox.rebuild(UidValidity::new(7).unwrap());
        let after = mailbox.state();
        assert_eq!((after.uid_validity.get(), after.uid_next.get()), (7, 3));
        assert!(after.highest_modseq > before.highest_modseq);
        let all: Vec<(Uid, bool)> = mailbox
            .messages()
            .iter()
            .map(|message| (message.uid, message.flags.contains(SystemFlag::Seen)))
            .collect();
        assert_eq!(all, [(Uid::MIN, false), (Uid::new(2).unwrap(), true)]);
        assert_eq!(mailbox.changed_since(before.highest_modseq).count(), 2);
        assert_eq!(mailbox.expunged_since(after.highest_modseq).count(), 0);
        assert_eq!(append(&mut mailbox).get(), 3);
    }

    #[test]
    fn equal_flags_are_no_change() {
        let mut mailbox = mailbox(1);
        let before = mailbox.state();
        assert_eq!(mailbox.set_flags(Uid::MIN, Flags::EMPTY), Some(before.highest_modseq));
        mailbox.expunge(&uids(&[9]));
        assert_eq!(mailbox.state(), before);
        assert_eq!(mailbox.set_flags(Uid::MAX, Flags::EMPTY), None);
    }

    #[test]
    fn the_log_of_changes_stays_small() {
        let mut mailbox = mailbox(2);
        for turn in 0..1_000 {
            let flag = if turn % 2 == 0 { SystemFlag::Seen } else { SystemFlag::Draft };
            mailbox.set_flags(Uid::MIN, Flags::of(&[flag]));
        }
        assert!(mailbox.changes.len() < 80);
        assert_eq!(mailbox.changed_since(ModSeq(0)).collect::<Vec<_>>(), uids(&[2, 1]));
    }
}

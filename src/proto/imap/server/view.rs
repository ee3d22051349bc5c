//! What one session knows of its selected mailbox.
//!
//! The view says which UID has which message sequence number. It changes only when the client is
//! told: so numbers mean the same to both, whatever other sessions do meanwhile (RFC 3501 §2.3.1.2,
//! §5.2, §7.4.1).

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use super::super::backend::{Backend, MailboxId, MailboxState};
use super::super::flags::Flags;
use super::super::number::{ModSeq, Uid};
use super::super::response::write;
use super::super::sequence::SequenceSet;
use super::features::Features;
use super::updates::{News, Updated};
use crate::engine::UnixTime;
use crate::proto::Outbox;

/// The view of a session on its selected mailbox.
#[derive(Debug)]
pub(super) struct View {
    pub(super) mailbox: MailboxId,
    /// Whether it was selected with EXAMINE.
    pub(super) read_only: bool,
    /// Whether `\\Recent` is shown: IMAP4rev2 has none.
    pub(super) shows_recent: bool,
    /// The UID of each message sequence number, from 1.
    uids: Vec<Uid>,
    /// UIDs from this one on are not in the view yet.
    uid_next: Uid,
    /// The messages that are `\Recent` in this session, ascending.
    recent: Vec<Uid>,
    /// How many of them the client was told of last.
    recent_told: usize,
    /// Flags that changed up to here are known to the client.
    synced: ModSeq,
    /// Later changes of which the client knows already, since they are its own or were fetched.
    told: BTreeMap<Uid, ModSeq>,
    /// Expunges up to here are known to the client.
    expunges_synced: ModSeq,
    /// The keywords that were listed in a FLAGS response.
    keywords: Flags,
    /// What a SEARCH saved: `$`, ascending. Some may have left the view since.
    pub(super) saved: Vec<Uid>,
    /// Searches whose results are kept up to date.
    pub(super) updated: Vec<Updated>,
}

/// How a view tells of changes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Telling {
    /// Whether it may tell of expunged messages now.
    pub(super) expunges: bool,
    /// Whether each FETCH response has the UID.
    pub(super) with_uid: bool,
    pub(super) features: Features,
    /// The time by which searches are kept up to date.
    pub(super) now: UnixTime,
}

/// The selected mailbox was deleted.
#[derive(Debug)]
pub(super) struct Gone;

/// A sequence set names a message that does not exist (RFC 3501 §9, `seq-number`).
#[derive(Debug)]
pub(super) struct NoSuchMessage;

impl View {
    /// A view on all that is in the mailbox; `None` where it was deleted.
    pub(super) fn open(
        backend: &mut impl Backend,
        mailbox: MailboxId,
        read_only: bool,
    ) -> Option<View> {
        let state = backend.state(mailbox)?;
        let mut view = View {
            mailbox,
            read_only,
            shows_recent: true,
            uids: Vec::with_capacity(backend.messages(mailbox).len()),
            uid_next: Uid::MIN,
            recent: Vec::new(),
            recent_told: 0,
            synced: state.highest_modseq,
            told: BTreeMap::new(),
            expunges_synced: state.highest_modseq,
            keywords: Flags::EMPTY,
            saved: Vec::new(),
            updated: Vec::new(),
        };
        view.take_new(backend, state);
        view.recent_told = view.recent.len();
        for message in backend.messages(mailbox) {
            view.learn_keywords(&message.flags);
        }
        Some(view)
    }

    /// How many messages there are to the client.
    pub(super) fn exists(&self) -> u32 {
        u32::try_from(self.uids.len()).expect("fewer than 2^32 UIDs")
    }

    /// How many messages are recent in this session.
    pub(super) fn recent_count(&self) -> usize {
        self.recent.len()
    }

    /// The UIDs by message sequence number.
    pub(super) fn uids(&self) -> &[Uid] {
        &self.uids
    }

    /// Messages with this UID or a greater one are not in the view yet.
    pub(super) fn uid_next(&self) -> Uid {
        self.uid_next
    }

    /// The message sequence number of a message of the view.
    pub(super) fn number(&self, uid: Uid) -> Option<u32> {
        let place = self.uids.binary_search(&uid).ok()?;
        Some(u32::try_from(place + 1).expect("fewer than 2^32 UIDs"))
    }

    /// Whether the view has a message of this UID.
    pub(super) fn has(&self, uid: Uid) -> bool {
        self.uids.binary_search(&uid).is_ok()
    }

    pub(super) fn is_recent(&self, uid: Uid) -> bool {
        self.recent.binary_search(&uid).is_ok()
    }

    /// Whether the client knows the flags that a message has since `modseq`.
    pub(super) fn knows(&self, uid: Uid, modseq: ModSeq) -> bool {
        modseq <= self.synced || self.told.get(&uid).is_some_and(|told| *told >= modseq)
    }

    /// All changes up to here are known to the client.
    pub(super) fn highest_told(&self) -> ModSeq {
        self.synced.min(self.expunges_synced)
    }

    /// Notes that the client knows the flags that a message has since `modseq`.
    pub(super) fn tell(&mut self, uid: Uid, modseq: ModSeq) {
        if modseq > self.synced {
            self.told.insert(uid, modseq);
        }
    }

    /// The places (sequence numbers less 1) that a set names, in ascending ranges. UIDs of no
    /// message are passed over; sequence numbers of none are an error.
    pub(super) fn places(
        &self,
        set: &SequenceSet,
        by_uid: bool,
    ) -> Result<Vec<Range<usize>>, NoSuchMessage> {
        if set.is_saved() {
            let places = self.saved.iter().filter_map(|uid| self.uids.binary_search(uid).ok());
            return Ok(places.map(|place| place..place + 1).collect());
        }
        if by_uid {
            let largest = self.uids.last().map_or(0, |uid| uid.get());
            let set = set.resolve(largest);
            let place = |range: &std::ops::RangeInclusive<u32>| {
                self.uids.partition_point(|uid| uid.get() < *range.start())
                    ..self.uids.partition_point(|uid| uid.get() <= *range.end())
            };
            return Ok(set.ranges().iter().map(place).filter(|range| !range.is_empty()).collect());
        }
        if set.greatest() > self.exists() || (set.has_last() && self.uids.is_empty()) {
            return Err(NoSuchMessage);
        }
        let set = set.resolve(self.exists());
        let place = |range: &std::ops::RangeInclusive<u32>| {
            *range.start() as usize - 1..*range.end() as usize
        };
        Ok(set.ranges().iter().map(place).collect())
    }

    /// Tells the client what happened since it was told last: expunged messages if they may be
    /// told now, new messages, changed flags.
    pub(super) fn sync<E>(
        &mut self,
        backend: &mut impl Backend,
        telling: Telling,
        out: &mut Outbox<E>,
    ) -> Result<(), Gone> {
        let Telling { expunges, features, now, .. } = telling;
        let state = backend.state(self.mailbox).ok_or(Gone)?;
        let is_news = self.highest_told() < state.highest_modseq;
        if is_news {
            self.tell_updated(News::Removed, now, backend, out);
        }
        if self.expunges_synced < state.highest_modseq {
            let gone = self.gone(backend);
            if expunges || gone.is_empty() {
                self.tell_expunges(&gone, features, out);
                self.expunges_synced = state.highest_modseq;
            }
        }
        if self.synced < state.highest_modseq {
            self.tell_changes(telling, state, backend, out);
        }
        self.tell_recent(features, out);
        if is_news {
            self.tell_updated(News::Added, now, backend, out);
        }
        Ok(())
    }

    /// Tells of new messages and of changed flags.
    fn tell_changes<E>(
        &mut self,
        Telling { with_uid, features, .. }: Telling,
        state: MailboxState,
        backend: &mut impl Backend,
        out: &mut Outbox<E>,
    ) {
        let first_new = self.uid_next;
        if self.uid_next < state.uid_next {
            let exists = self.exists();
            self.take_new(backend, state);
            if self.exists() != exists {
                write(out, format_args!("* {} EXISTS\r\n", self.exists()));
            }
        }
        self.tell_recent(features, out);
        let changed: Vec<Uid> = backend.changed_since(self.mailbox, self.synced).collect();
        for uid in changed {
            let Some(message) = backend.message(self.mailbox, uid) else { continue };
            // Of new messages the client asks itself.
            if uid >= first_new || self.knows(uid, message.modseq) {
                continue;
            }
            let Ok(place) = self.uids.binary_search(&uid) else { continue };
            self.tell_new_keywords(&message.flags, out);
            write(out, format_args!("* {} FETCH (", place + 1));
            if with_uid {
                write(out, format_args!("UID {uid} "));
            }
            write(out, format_args!("FLAGS ({})", self.flags(uid, &message.flags)));
            if features.condstore {
                write(out, format_args!(" MODSEQ ({})", message.modseq));
            }
            out.send(")\r\n");
        }
        self.synced = state.highest_modseq;
        self.told.clear();
    }

    /// Tells how many messages are recent, where that has changed, also by EXPUNGE as in Dovecot.
    fn tell_recent<E>(&mut self, features: Features, out: &mut Outbox<E>) {
        if self.recent.len() != self.recent_told && !features.rev2 {
            write(out, format_args!("* {} RECENT\r\n", self.recent.len()));
        }
        self.recent_told = self.recent.len();
    }

    /// Tells what changed in the results of searches.
    fn tell_updated<E>(
        &mut self,
        news: News,
        now: UnixTime,
        backend: &impl Backend,
        out: &mut Outbox<E>,
    ) {
        let mut updated = std::mem::take(&mut self.updated);
        for search in &mut updated {
            search.tell(news, now, self, backend, out);
        }
        self.updated = updated;
    }

    /// The flags as this session shows them, with `\Recent`.
    pub(super) fn flags<'a>(&self, uid: Uid, flags: &'a Flags) -> impl fmt::Display + use<'a> {
        ShownFlags { flags, recent: self.shows_recent && self.is_recent(uid) }
    }

    /// Tells of keywords that the mailbox has got (RFC 3501 §7.2.6), before a message shows them.
    pub(super) fn tell_new_keywords<E>(&mut self, flags: &Flags, out: &mut Outbox<E>) {
        if self.learn_keywords(flags) {
            self.tell_flags(out);
        }
    }

    /// Sends the FLAGS response and PERMANENTFLAGS.
    pub(super) fn tell_flags<E>(&self, out: &mut Outbox<E>) {
        let mut all = Flags::of(&super::super::flags::SystemFlag::ALL);
        all.insert_all(&self.keywords);
        write(out, format_args!("* FLAGS ({all})\r\n"));
        if self.read_only {
            out.send("* OK [PERMANENTFLAGS ()] Read-only mailbox\r\n");
        } else {
            write(out, format_args!("* OK [PERMANENTFLAGS ({all} \\*)] Flags permitted\r\n"));
        }
    }

    /// Whether there were keywords that are new.
    fn learn_keywords(&mut self, flags: &Flags) -> bool {
        let new = flags.keywords().any(|keyword| !self.keywords.contains_keyword(keyword));
        if new {
            self.keywords.insert_all(flags);
        }
        new
    }

    /// Adds the messages that arrived, and claims the recent ones.
    fn take_new(&mut self, backend: &mut impl Backend, state: MailboxState) {
        let messages = backend.messages(self.mailbox);
        let start = messages.partition_point(|message| message.uid < self.uid_next);
        self.uids.extend(messages[start..].iter().map(|message| message.uid));
        let recent = messages[start..].iter().map(|message| message.uid);
        self.recent.extend(recent.filter(|uid| *uid >= state.first_recent));
        self.uid_next = state.uid_next;
        if !self.read_only {
            backend.claim_recent(self.mailbox, state.uid_next);
        }
    }

    /// The messages of the view that are no more, ascending.
    fn gone(&self, backend: &impl Backend) -> Vec<Uid> {
        let expunged = backend.expunged_since(self.mailbox, self.expunges_synced);
        let mut gone: Vec<Uid> = expunged.filter(|uid| self.has(*uid)).collect();
        gone.sort_unstable();
        gone.dedup();
        gone
    }

    fn tell_expunges<E>(&mut self, gone: &[Uid], features: Features, out: &mut Outbox<E>) {
        if gone.is_empty() {
            return;
        }
        if features.qresync {
            // RFC 7162 §3.2.10: by UID, in place of EXPUNGE.
            let set = SequenceSet::of(gone.iter().map(|uid| uid.get()));
            write(out, format_args!("* VANISHED {set}\r\n"));
        }
        let mut number = 1;
        self.uids.retain(|uid| {
            let goes = gone.binary_search(uid).is_ok();
            if !goes {
                number += 1;
            } else if !features.qresync {
                // Each response moves the numbers that follow.
                write(out, format_args!("* {number} EXPUNGE\r\n"));
            }
            !goes
        });
        for kept in [&mut self.recent, &mut self.saved] {
            kept.retain(|uid| gone.binary_search(uid).is_err());
        }
    }
}

struct ShownFlags<'a> {
    flags: &'a Flags,
    recent: bool,
}

impl fmt::Display for ShownFlags<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.flags.fmt(f)?;
        match (self.recent, self.flags.is_empty()) {
            (false, _) => Ok(()),
            (true, true) => f.write_str("\\Recent"),
            (true, false) => f.write_str(" \\Recent"),
        }
    }
}

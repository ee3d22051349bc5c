//! Commands on the messages of the selected mailbox (RFC 3501 §6.4).

use super::super::backend::{AccountId, Backend, MailboxError, MailboxId};
use super::super::body_structure::{body, envelope};
use super::super::command::FlagChange;
use super::super::fetch::FetchItem;
use super::super::flags::{Flags, SystemFlag};
use super::super::message::Message;
use super::super::number::Uid;
use super::super::response::{literal, write};
use super::super::search::Search;
use super::super::search_match::{Matcher, Place};
use super::super::section;
use super::super::sequence::SequenceSet;
use super::answer::Answer;
use super::mailboxes::target;
use super::view::{NoSuchMessage, View};
use crate::proto::Outbox;
use crate::proto::mail;

impl From<NoSuchMessage> for Answer {
    fn from(NoSuchMessage: NoSuchMessage) -> Answer {
        Answer::bad("No message has this sequence number")
    }
}

/// What FETCH or STORE did besides answering.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// Whether flags changed.
    pub(super) changed: bool,
    /// The messages that were sent whole.
    pub(super) fetched: Vec<Uid>,
}

/// FETCH (§6.4.5).
pub(super) fn fetch<E>(
    view: &mut View,
    set: &SequenceSet,
    by_uid: bool,
    items: &[FetchItem],
    backend: &mut impl Backend,
    out: &mut Outbox<E>,
) -> Result<(Done, Answer), Answer> {
    let places = view.places(set, by_uid)?;
    let mailbox = view.mailbox;
    let mut done = Done::default();
    let mut now_seen = Vec::new();
    if !view.read_only && items.iter().any(FetchItem::sets_seen) {
        for uid in places.iter().flat_map(|range| &view.uids()[range.clone()]) {
            let Some(message) = backend.message(mailbox, *uid) else { continue };
            if !message.flags.contains(SystemFlag::Seen) {
                let mut flags = message.flags.clone();
                flags.insert(SystemFlag::Seen);
                backend.set_flags(mailbox, *uid, flags);
                now_seen.push(*uid);
            }
        }
        done.changed = !now_seen.is_empty();
    }
    let whole = items.iter().any(FetchItem::is_whole);
    let asks_flags = items.contains(&FetchItem::Flags);
    let mut missing = false;
    let mut messages = Cursor::new(backend.messages(mailbox));
    for place in places.into_iter().flatten() {
        let uid = view.uids()[place];
        let Some(message) = messages.find(uid) else {
            missing = true;
            continue;
        };
        let shows_flags = asks_flags || now_seen.binary_search(&uid).is_ok();
        if shows_flags {
            view.tell_new_keywords(&message.flags, out);
            view.tell(uid, message.modseq);
        }
        write(out, format_args!("* {} FETCH (", place + 1));
        let mut space = "";
        if by_uid && !items.contains(&FetchItem::Uid) {
            write(out, format_args!("UID {uid}"));
            space = " ";
        }
        for item in items {
            out.send(space);
            space = " ";
            fetch_item(view, message, item, out);
        }
        if shows_flags && !asks_flags {
            write(out, format_args!("{space}FLAGS ({})", view.flags(uid, &message.flags)));
        }
        out.send(")\r\n");
        if whole {
            done.fetched.push(uid);
        }
    }
    Ok((done, completed("FETCH", missing)))
}

fn fetch_item<E>(view: &View, message: &Message, item: &FetchItem, out: &mut Outbox<E>) {
    let data = message.data();
    let split = || mail::Message::parse(data).body_offset();
    match item {
        FetchItem::Uid => write(out, format_args!("UID {}", message.uid)),
        FetchItem::Flags => {
            write(out, format_args!("FLAGS ({})", view.flags(message.uid, &message.flags)));
        }
        FetchItem::InternalDate => {
            write(out, format_args!("INTERNALDATE \"{}\"", message.internal_date.imap()));
        }
        FetchItem::Rfc822Size => write(out, format_args!("RFC822.SIZE {}", data.len())),
        FetchItem::Envelope => {
            out.send("ENVELOPE ");
            envelope(out, mail::Message::parse(data).header());
        }
        FetchItem::Body => {
            out.send("BODY ");
            body(out, message.structure(), data, false);
        }
        FetchItem::BodyStructure => {
            out.send("BODYSTRUCTURE ");
            body(out, message.structure(), data, true);
        }
        FetchItem::Rfc822 => {
            out.send("RFC822 ");
            literal(out, data.clone());
        }
        FetchItem::Rfc822Header => {
            out.send("RFC822.HEADER ");
            literal(out, data.slice(..split()));
        }
        FetchItem::Rfc822Text => {
            out.send("RFC822.TEXT ");
            literal(out, data.slice(split()..));
        }
        FetchItem::Section { section, partial, .. } => {
            write(out, format_args!("BODY{section}"));
            if let Some((first, _)) = partial {
                write(out, format_args!("<{first}>"));
            }
            out.send(" ");
            match (section::octets(message, section), partial) {
                (None, _) => out.send("NIL"),
                (Some(octets), None) => literal(out, octets),
                (Some(octets), Some(partial)) => literal(out, section::part_of(&octets, *partial)),
            }
        }
    }
}

/// STORE (§6.4.6).
pub(super) fn store<E>(
    view: &mut View,
    set: &SequenceSet,
    by_uid: bool,
    (change, silent, flags): (FlagChange, bool, &Flags),
    backend: &mut impl Backend,
    out: &mut Outbox<E>,
) -> Result<(Done, Answer), Answer> {
    let places = view.places(set, by_uid)?;
    if view.read_only {
        return Err(Answer::no("Mailbox is selected read-only"));
    }
    let mut missing = false;
    let mut done = Done::default();
    for place in places.into_iter().flatten() {
        let uid = view.uids()[place];
        let Some(message) = backend.message(view.mailbox, uid) else {
            missing = true;
            continue;
        };
        let before = message.modseq;
        let after = change.apply(&message.flags, flags);
        if after.keywords().len() > Flags::MAX_KEYWORDS {
            return Err(Answer::no("[LIMIT] Too many keywords on a message"));
        }
        view.tell_new_keywords(&after, out);
        let knew = view.knows(uid, before);
        let Some(modseq) = backend.set_flags(view.mailbox, uid, after.clone()) else { continue };
        done.changed |= modseq != before;
        if !silent {
            write(out, format_args!("* {} FETCH (", place + 1));
            if by_uid {
                write(out, format_args!("UID {uid} "));
            }
            write(out, format_args!("FLAGS ({}))\r\n", view.flags(uid, &after)));
        }
        // A silent STORE on top of a change that the client has not seen is no secret: the
        // client must hear of that change (RFC 3501 §6.4.6), and does at the end of the command.
        if !silent || knew {
            view.tell(uid, modseq);
        }
    }
    Ok((done, completed("STORE", missing)))
}

/// COPY (§6.4.7), all or nothing, with the response code of RFC 4315.
pub(super) fn copy(
    view: &View,
    set: &SequenceSet,
    by_uid: bool,
    (account, argument): (AccountId, &[u8]),
    backend: &mut impl Backend,
) -> Result<(MailboxId, Answer), Answer> {
    let places = view.places(set, by_uid)?;
    let to = target(account, argument, backend)?;
    let uids: Vec<Uid> = places.into_iter().flatten().map(|place| view.uids()[place]).collect();
    let copied: Option<Vec<_>> =
        uids.iter().map(|uid| backend.message(view.mailbox, *uid).cloned()).collect();
    let Some(copied) = copied else { return Err(completed("COPY", true)) };
    if copied.is_empty() {
        return Ok((to, Answer::ok("COPY completed, no message is named")));
    }
    let octets = copied.iter().map(|message| message.data().len() as u64).sum();
    if !backend.has_room(to, octets, copied.len() as u64) {
        return Err(MailboxError::OverQuota.into());
    }
    let mut new = Vec::with_capacity(copied.len());
    for message in copied {
        let data = message.data().clone();
        new.extend(backend.append(to, message.flags, message.internal_date, data));
    }
    let Some(state) = backend.state(to) else { return Err(completed("COPY", true)) };
    let numbers = |uids: &[Uid]| SequenceSet::of(uids.iter().map(|uid| uid.get()));
    let (from, to_uids) = (numbers(&uids), numbers(&new));
    let code = format!("[COPYUID {} {from} {to_uids}] COPY completed", state.uid_validity);
    Ok((to, Answer::ok(code)))
}

/// EXPUNGE (§6.4.3), and UID EXPUNGE of RFC 4315. Whether any message went.
pub(super) fn expunge(view: &View, only: Option<&SequenceSet>, backend: &mut impl Backend) -> bool {
    let largest = view.uids().last().map_or(0, |uid| uid.get());
    let only = only.map(|set| set.resolve(largest));
    let goes = |message: &&Message| {
        message.flags.contains(SystemFlag::Deleted)
            && message.uid < view.uid_next()
            && only.as_ref().is_none_or(|set| set.contains(message.uid.get()))
    };
    let deleted: Vec<Uid> =
        backend.messages(view.mailbox).iter().filter(goes).map(|message| message.uid).collect();
    backend.expunge(view.mailbox, &deleted);
    !deleted.is_empty()
}

/// SEARCH (§6.4.4).
pub(super) fn search<E>(
    view: &View,
    by_uid: bool,
    search: &Search<'_>,
    backend: &impl Backend,
    out: &mut Outbox<E>,
) -> Answer {
    let largest = view.uids().last().map_or(0, |uid| uid.get());
    let Ok(matcher) = Matcher::new(search, view.exists(), largest) else {
        return Answer::no("[BADCHARSET (US-ASCII UTF-8)] Character set is not known");
    };
    let mut messages = Cursor::new(backend.messages(view.mailbox));
    out.send("* SEARCH");
    for (sequence, uid) in (1..).zip(view.uids()) {
        let Some(message) = messages.find(*uid) else { continue };
        if matcher.matches(message, Place { sequence, recent: view.is_recent(*uid) }) {
            let number = if by_uid { uid.get() } else { sequence };
            write(out, format_args!(" {number}"));
        }
    }
    out.send("\r\n");
    Answer::ok("SEARCH completed")
}

/// Messages that another session expunged, of which this client cannot be told yet, are answered
/// as in RFC 2180 §4.1.2.
fn completed(command: &'static str, missing: bool) -> Answer {
    match missing {
        false => Answer::ok(format!("{command} completed")),
        true => Answer::no("[EXPUNGEISSUED] Some of the messages no longer exist"),
    }
}

/// Finds messages by ascending UID without searching each anew.
struct Cursor<'a> {
    messages: &'a [Message],
}

impl<'a> Cursor<'a> {
    fn new(messages: &'a [Message]) -> Cursor<'a> {
        Cursor { messages }
    }

    fn find(&mut self, uid: Uid) -> Option<&'a Message> {
        // Mostly it is the next one; after a gap in the set it is searched for.
        let place = match self.messages.first() {
            Some(first) if first.uid >= uid => 0,
            _ => self.messages.partition_point(|message| message.uid < uid),
        };
        self.messages = &self.messages[place..];
        let found = self.messages.first().filter(|message| message.uid == uid)?;
        self.messages = &self.messages[1..];
        Some(found)
    }
}

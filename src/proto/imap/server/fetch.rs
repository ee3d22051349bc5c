//! FETCH (RFC 3501 §6.4.5).

use std::ops::Range;

use bytes::Bytes;

use super::super::backend::Backend;
use super::super::binary::{self, Binary};
use super::super::fetch::{FetchItem, Section};
use super::super::fetch_modifiers::FetchModifiers;
use super::super::flags::SystemFlag;
use super::super::message::Message;
use super::super::number::{ModSeq, Uid};
use super::super::preview::preview;
use super::super::response::{literal, literal8, string, write};
use super::super::section;
use super::super::sequence::SequenceSet;
use super::answer::Answer;
use super::context::Context;
use super::select::{tell_vanished_earlier, vanished_of};
use super::view::View;
use crate::proto::Outbox;
use crate::proto::mail::{self, DateTime};

/// What FETCH or STORE did besides answering.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// Whether flags changed.
    pub(super) changed: bool,
    /// The messages that were sent whole.
    pub(super) fetched: Vec<Uid>,
}

/// A FETCH or UID FETCH command.
#[derive(Debug)]
pub(super) struct Fetch {
    pub(super) by_uid: bool,
    pub(super) set: SequenceSet,
    pub(super) items: Vec<FetchItem>,
    pub(super) modifiers: FetchModifiers,
}

/// Sends what is asked for of each message.
pub(super) fn fetch<E>(
    context: &Context<'_>,
    view: &mut View,
    command: Fetch,
    backend: &mut impl Backend,
    out: &mut Outbox<E>,
) -> Result<(Done, Answer), Answer> {
    let Fetch { by_uid, set, mut items, modifiers } = command;
    if modifiers.vanished && !(by_uid && context.features.qresync) {
        return Err(Answer::bad("VANISHED needs QRESYNC and UID FETCH"));
    }
    if modifiers.partial.is_some() && !by_uid {
        return Err(Answer::bad("PARTIAL needs UID FETCH"));
    }
    let mut places = view.places(&set, by_uid)?;
    let mailbox = view.mailbox;
    if let Some(partial) = modifiers.partial {
        let all: Vec<usize> = places.into_iter().flatten().collect();
        places = all[partial.of(all.len())].iter().map(|place| *place..place + 1).collect();
    }
    if let Some(since) = modifiers.changed_since {
        places = changed(view, places, since, backend);
        if modifiers.vanished {
            let largest = view.uids().last().map_or(0, |uid| uid.get());
            // UIDs above those of the view may have come and gone.
            let set = set.resolve(if set.has_last() { u32::MAX } else { largest });
            tell_vanished_earlier(vanished_of(view, &set, since, backend), out);
        }
        if !items.contains(&FetchItem::ModSeq) {
            items.push(FetchItem::ModSeq);
        }
    }
    if (by_uid || context.features.tells_uids()) && !items.contains(&FetchItem::Uid) {
        items.insert(0, FetchItem::Uid);
    }
    let mut done = Done::default();
    let now_seen = match !view.read_only && items.iter().any(FetchItem::sets_seen) {
        true => mark_seen(view, &places, backend),
        false => Vec::new(),
    };
    done.changed = !now_seen.is_empty();
    let whole = items.iter().any(FetchItem::is_whole);
    let asks_flags = items.contains(&FetchItem::Flags);
    let asks_modseq = items.contains(&FetchItem::ModSeq);
    let mut missing = false;
    let mut unknown_encoding = false;
    let mut messages = Cursor::new(backend.messages(mailbox));
    for place in places.into_iter().flatten() {
        let uid = view.uids()[place];
        let Some(message) = messages.find(uid) else {
            missing = true;
            continue;
        };
        let shows_flags = asks_flags || now_seen.binary_search(&uid).is_ok();
        // With flags that the client did not ask for, or did not know, goes their mod-sequence.
        let adds_modseq = context.features.condstore
            && shows_flags
            && !asks_modseq
            && (!asks_flags || !view.knows(uid, message.modseq));
        if shows_flags {
            view.tell_new_keywords(&message.flags, out);
            view.tell(uid, message.modseq);
        }
        write(out, format_args!("* {} FETCH (", place + 1));
        let mut space = "";
        for item in &items {
            out.send(space);
            space = " ";
            unknown_encoding |= !fetch_item(view, message, item, out);
        }
        if shows_flags && !asks_flags {
            write(out, format_args!("{space}FLAGS ({})", view.flags(uid, &message.flags)));
        }
        if adds_modseq {
            write(out, format_args!(" MODSEQ ({})", message.modseq));
        }
        out.send(")\r\n");
        if whole {
            done.fetched.push(uid);
        }
    }
    let answer = match (unknown_encoding, missing) {
        (true, _) => Answer::no("[UNKNOWN-CTE] Transfer encoding of a part is not known"),
        // As Dovecot's: what is left was told, so it is no failure (RFC 2180 §4.1.3).
        (false, true) => Answer::ok("[EXPUNGEISSUED] Some of the messages no longer exist"),
        (false, false) => Answer::ok("FETCH completed"),
    };
    Ok((done, answer))
}

/// The places of messages that changed after `since` (RFC 7162 §3.1.4.1).
fn changed(
    view: &View,
    places: Vec<Range<usize>>,
    since: ModSeq,
    backend: &impl Backend,
) -> Vec<Range<usize>> {
    let mut messages = Cursor::new(backend.messages(view.mailbox));
    let changed = places.into_iter().flatten().filter(|place| {
        // Of what vanished meanwhile the client is told at the end of the command.
        messages.find(view.uids()[*place]).is_some_and(|message| message.modseq > since)
    });
    changed.map(|place| place..place + 1).collect()
}

/// Sets `\Seen`, and gives the messages that did not have it, ascending.
fn mark_seen(view: &View, places: &[Range<usize>], backend: &mut impl Backend) -> Vec<Uid> {
    let mut now_seen = Vec::new();
    for uid in places.iter().flat_map(|range| &view.uids()[range.clone()]) {
        let Some(message) = backend.message(view.mailbox, *uid) else { continue };
        if !message.flags.contains(SystemFlag::Seen) {
            let mut flags = message.flags.clone();
            flags.insert(SystemFlag::Seen);
            backend.set_flags(view.mailbox, *uid, flags);
            now_seen.push(*uid);
        }
    }
    now_seen
}

/// Writes an item; tells whether it could be told.
fn fetch_item<E>(view: &View, message: &Message, item: &FetchItem, out: &mut Outbox<E>) -> bool {
    let data = message.data();
    let split = || mail::Message::parse(data).body_offset();
    match item {
        FetchItem::Uid => write(out, format_args!("UID {}", message.uid)),
        FetchItem::Flags => {
            write(out, format_args!("FLAGS ({})", view.flags(message.uid, &message.flags)));
        }
        FetchItem::ModSeq => write(out, format_args!("MODSEQ ({})", message.modseq)),
        FetchItem::InternalDate => {
            write(out, format_args!("INTERNALDATE \"{}\"", message.internal_date.imap()));
        }
        FetchItem::SaveDate => {
            write(out, format_args!("SAVEDATE \"{}\"", DateTime::utc(message.save_date).imap()));
        }
        FetchItem::EmailId => write(out, format_args!("EMAILID ({})", message.email_id)),
        FetchItem::ThreadId => out.send("THREADID NIL"),
        FetchItem::Preview => {
            out.send("PREVIEW ");
            string(out, preview(message).as_bytes());
        }
        FetchItem::Rfc822Size => write(out, format_args!("RFC822.SIZE {}", data.len())),
        FetchItem::Envelope => {
            out.send("ENVELOPE ");
            out.send(message.envelope());
        }
        FetchItem::Body => {
            out.send("BODY ");
            out.send(message.body());
        }
        FetchItem::BodyStructure => {
            out.send("BODYSTRUCTURE ");
            out.send(message.body_structure());
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
            // A part that is not there is an empty one, as in Dovecot.
            let octets = section::octets(message, section).unwrap_or_default();
            match partial {
                None => literal(out, octets),
                Some(partial) => literal(out, section::part_of(&octets, *partial)),
            }
        }
        FetchItem::Binary { part, partial, .. } => {
            let section = Section { part: part.clone(), text: None };
            write(out, format_args!("BINARY{section}"));
            if let Some((first, _)) = partial {
                write(out, format_args!("<{first}>"));
            }
            out.send(" ");
            match (binary::decoded(message, part), partial) {
                (Binary::Octets(octets), None) => literal8(out, octets),
                (Binary::Octets(octets), Some(partial)) => {
                    literal8(out, section::part_of(&octets, *partial));
                }
                (Binary::NoPart, _) => literal(out, Bytes::new()),
                (Binary::UnknownEncoding, _) => {
                    out.send("NIL");
                    return false;
                }
            }
        }
        FetchItem::BinarySize(part) => {
            let (octets, known) = match binary::decoded(message, part) {
                Binary::Octets(octets) => (octets.len(), true),
                Binary::NoPart => (0, true),
                Binary::UnknownEncoding => (0, false),
            };
            let section = Section { part: part.clone(), text: None };
            write(out, format_args!("BINARY.SIZE{section} {octets}"));
            return known;
        }
    }
    true
}

/// Finds messages by ascending UID without searching each anew.
pub(super) struct Cursor<'a> {
    messages: &'a [Message],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(messages: &'a [Message]) -> Cursor<'a> {
        Cursor { messages }
    }

    pub(super) fn find(&mut self, uid: Uid) -> Option<&'a Message> {
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

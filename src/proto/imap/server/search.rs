//! SEARCH (RFC 3501 §6.4.4), with the results of RFC 4731, RFC 5182 and RFC 9394.

use bytes::Bytes;

use super::super::backend::Backend;
use super::super::number::{ModSeq, Uid};
use super::super::response::{quoted, write};
use super::super::search::{Search, SearchKey};
use super::super::search_match::{Basis, Matcher, Place};
use super::super::search_return::SearchReturn;
use super::super::sequence::SequenceSet;
use super::answer::Answer;
use super::context::Context;
use super::fetch::Cursor;
use super::updates::{MAX_UPDATED, Updated};
use super::view::View;
use crate::engine::UnixTime;
use crate::proto::Outbox;

/// A message that was found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    /// Its message sequence number.
    pub(super) sequence: u32,
    pub(super) uid: Uid,
    pub(super) modseq: ModSeq,
}

/// Which numbers a command tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked {
    /// Whether UIDs.
    pub(super) by_uid: bool,
    /// Whether the greatest mod-sequence as well (RFC 7162 §3.1.5).
    pub(super) modseq: bool,
    /// The options of RETURN.
    pub(super) returns: Option<SearchReturn>,
}

/// SEARCH and UID SEARCH.
pub(super) fn search<E>(
    context: &Context<'_>,
    view: &mut View,
    (by_uid, returns): (bool, Option<SearchReturn>),
    (search, command): (&Search<'_>, &Bytes),
    backend: &impl Backend,
    out: &mut Outbox<E>,
) -> Answer {
    let found = match find(context.now, view, search, backend) {
        Ok(found) => found,
        Err(answer) => {
            if returns.is_some_and(|returns| returns.save) {
                // RFC 5182 §2.1.
                view.saved.clear();
            }
            return answer;
        }
    };
    let modseq = search.keys.iter().any(SearchKey::asks_modseq);
    // IMAP4rev2 has no other response (RFC 9051 §6.4.4).
    let all = SearchReturn { all: true, ..SearchReturn::default() };
    let returns = returns.or(context.features.rev2.then_some(all));
    let asked = Asked { by_uid, modseq, returns };
    match returns {
        Some(returns) => {
            if returns.save {
                save(view, returns, &found);
            }
            tell_extended(context, asked, &found, out);
            if returns.update && view.updated.len() < MAX_UPDATED {
                view.updated.push(Updated::new(context.tag, by_uid, command, &found));
            } else if returns.update {
                out.send("* NO [NOUPDATE ");
                quoted(out, context.tag.as_bytes());
                out.send("] Too many searches are kept up to date\r\n");
            }
        }
        None => tell("SEARCH", asked, &found, out),
    }
    Answer::ok("SEARCH completed")
}

/// The messages of the view that match, ascending. A character set that is not known is answered
/// with NO.
pub(super) fn find(
    now: UnixTime,
    view: &View,
    search: &Search<'_>,
    backend: &impl Backend,
) -> Result<Vec<Found>, Answer> {
    let basis = Basis {
        largest_sequence: view.exists(),
        largest_uid: view.uids().last().map_or(0, |uid| uid.get()),
        saved: &view.saved,
        now,
    };
    let matcher = Matcher::new(search, basis).map_err(|bad| Answer::no(bad.to_string()))?;
    let mut messages = Cursor::new(backend.messages(view.mailbox));
    let mut found = Vec::new();
    for (sequence, uid) in (1..).zip(view.uids()) {
        let Some(message) = messages.find(*uid) else { continue };
        if matcher.matches(message, Place { sequence, recent: view.is_recent(*uid) }) {
            found.push(Found { sequence, uid: *uid, modseq: message.modseq });
        }
    }
    Ok(found)
}

/// The untagged response of RFC 3501 §7.2.5: the numbers, in the order in which they were found.
pub(super) fn tell<E>(keyword: &str, asked: Asked, found: &[Found], out: &mut Outbox<E>) {
    write(out, format_args!("* {keyword}"));
    for one in found {
        write(out, format_args!(" {}", one.number(asked.by_uid)));
    }
    let highest = found.iter().map(|one| one.modseq).max();
    if let Some(highest) = highest.filter(|_| asked.modseq) {
        write(out, format_args!(" (MODSEQ {highest})"));
    }
    out.send("\r\n");
}

/// The ESEARCH response (RFC 4731 §3.1), of results in the order in which they were found.
pub(super) fn tell_extended<E>(
    context: &Context<'_>,
    asked: Asked,
    found: &[Found],
    out: &mut Outbox<E>,
) {
    let returns = asked.returns.unwrap_or_default();
    if returns.is_silent() {
        return;
    }
    let numbers =
        |found: &[Found]| SequenceSet::of(found.iter().map(|one| one.number(asked.by_uid)));
    out.send("* ESEARCH (TAG ");
    quoted(out, context.tag.as_bytes());
    out.send(")");
    if asked.by_uid {
        out.send(" UID");
    }
    if let (true, Some(first)) = (returns.min, found.first()) {
        write(out, format_args!(" MIN {}", first.number(asked.by_uid)));
    }
    if let (true, Some(last)) = (returns.max, found.last()) {
        write(out, format_args!(" MAX {}", last.number(asked.by_uid)));
    }
    if returns.count {
        write(out, format_args!(" COUNT {}", found.len()));
    }
    if returns.all && !found.is_empty() {
        write(out, format_args!(" ALL {}", numbers(found)));
    }
    if let Some(partial) = returns.partial {
        let window = &found[partial.of(found.len())];
        if window.is_empty() {
            write(out, format_args!(" PARTIAL ({partial} NIL)"));
        } else {
            write(out, format_args!(" PARTIAL ({partial} {})", numbers(window)));
        }
    }
    // Of what is told (RFC 7162 §3.1.10).
    let told = match (returns.is_extremes(), returns.min, returns.max) {
        (true, true, false) => found.first().map(|one| one.modseq),
        (true, false, true) => found.last().map(|one| one.modseq),
        (true, ..) => found.first().into_iter().chain(found.last()).map(|one| one.modseq).max(),
        _ => found.iter().map(|one| one.modseq).max(),
    };
    if let Some(modseq) = told.filter(|_| asked.modseq) {
        write(out, format_args!(" MODSEQ {modseq}"));
    }
    out.send("\r\n");
}

/// Keeps what was found as `$`: what is told, or all (RFC 5182 §2.4, RFC 9394 §3.1).
pub(super) fn save(view: &mut View, returns: SearchReturn, found: &[Found]) {
    let SearchReturn { min, max, all, count, partial, .. } = returns;
    view.saved = if all || count || !(min || max || partial.is_some()) {
        found.iter().map(|one| one.uid).collect()
    } else {
        let window = partial.map_or(&found[..0], |partial| &found[partial.of(found.len())]);
        let extremes =
            found.first().filter(|_| min).into_iter().chain(found.last().filter(|_| max));
        extremes.chain(window).map(|one| one.uid).collect()
    };
    view.saved.sort_unstable();
    view.saved.dedup();
}

impl Found {
    pub(super) fn number(self, by_uid: bool) -> u32 {
        if by_uid { self.uid.get() } else { self.sequence }
    }
}

//! STORE (RFC 3501 §6.4.6), also on a condition (RFC 7162 §3.1.3).

use super::super::backend::Backend;
use super::super::flags::Flags;
use super::super::response::write;
use super::super::sequence::SequenceSet;
use super::super::store_command::{FlagChange, StoreCommand};
use super::answer::{Answer, expunge_issued};
use super::context::Context;
use super::fetch::Done;
use super::view::View;
use crate::proto::Outbox;

/// Changes flags, and tells of it.
pub(super) fn store<E>(
    context: &Context<'_>,
    view: &mut View,
    command: &StoreCommand,
    backend: &mut impl Backend,
    out: &mut Outbox<E>,
) -> Result<(Done, Answer), Answer> {
    let StoreCommand { by_uid, set, unchanged_since, change, silent, flags } = command;
    let places = view.places(set, *by_uid)?;
    if view.read_only {
        return Err(Answer::no("Mailbox is selected read-only"));
    }
    let with_uid = *by_uid || context.features.tells_uids();
    let condstore = context.features.condstore;
    let mut missing = false;
    let mut modified = Vec::new();
    let mut done = Done::default();
    let mut after = Vec::new();
    for place in places.into_iter().flatten() {
        let uid = view.uids()[place];
        let Some(message) = backend.message(view.mailbox, uid) else {
            missing = true;
            continue;
        };
        if unchanged_since.is_some_and(|since| message.modseq > since) {
            modified.push(if *by_uid { uid.get() } else { number(place) });
            continue;
        }
        let new = change.apply(&message.flags, flags);
        if *change == FlagChange::Add && new.keywords().len() > Flags::MAX_KEYWORDS {
            return Err(Answer::no("[LIMIT] Too many keywords on a message"));
        }
        after.push((place, uid, message.modseq, new));
    }
    for (place, uid, before, flags) in after {
        view.tell_new_keywords(&flags, out);
        let knew = view.knows(uid, before);
        let Some(modseq) = backend.set_flags(view.mailbox, uid, flags.clone()) else { continue };
        done.changed |= modseq != before;
        // A silent STORE on top of a change that the client has not seen is no secret: the
        // client must hear of that change (RFC 3501 §6.4.6), and does at the end of the command.
        if *silent && !knew {
            continue;
        }
        // The mod-sequence is no secret either (RFC 7162 §3.1.3).
        let tells_modseq = condstore && (!silent || modseq != before || unchanged_since.is_some());
        if !silent || tells_modseq {
            write(out, format_args!("* {} FETCH (", place + 1));
            let mut space = "";
            if with_uid {
                write(out, format_args!("UID {uid}"));
                space = " ";
            }
            if !silent {
                write(out, format_args!("{space}FLAGS ({})", view.flags(uid, &flags)));
                space = " ";
            }
            if tells_modseq {
                write(out, format_args!("{space}MODSEQ ({modseq})"));
            }
            out.send(")\r\n");
        }
        view.tell(uid, modseq);
    }
    let answer = match (missing, modified.is_empty()) {
        (true, true) => expunge_issued(),
        (true, false) => {
            Answer::no(format!("[MODIFIED {}] Conditional STORE failed", set_of(modified)))
        }
        (false, true) => Answer::ok("STORE completed"),
        (false, false) => {
            Answer::ok(format!("[MODIFIED {}] Conditional STORE failed", set_of(modified)))
        }
    };
    Ok((done, answer))
}

fn set_of(numbers: Vec<u32>) -> SequenceSet {
    SequenceSet::of(numbers)
}

fn number(place: usize) -> u32 {
    u32::try_from(place + 1).expect("fewer than 2^32 UIDs")
}

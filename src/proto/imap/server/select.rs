//! SELECT and EXAMINE (RFC 3501 §6.3.1, §6.3.2), and what a client missed (RFC 7162 §3.2.5).

use super::super::backend::{Backend, MailboxError};
use super::super::flags::SystemFlag;
use super::super::number::{ModSeq, Uid};
use super::super::response::{quoted, write};
use super::super::select_command::{QResync, SelectParameters};
use super::super::sequence::{NumberSet, SequenceSet};
use super::answer::Answer;
use super::context::Context;
use super::view::View;
use crate::proto::Outbox;

/// Opens a mailbox, and tells what is in it.
pub(super) fn select<E>(
    context: &Context<'_>,
    argument: &[u8],
    read_only: bool,
    parameters: &SelectParameters,
    backend: &mut impl Backend,
    out: &mut Outbox<E>,
) -> Result<View, Answer> {
    let name = context.name(argument)?;
    let mailbox = backend.find(context.account, &name)?;
    let state = backend.state(mailbox).ok_or(MailboxError::NonExistent)?;
    let mut view = View::open(backend, mailbox, read_only).ok_or(MailboxError::NonExistent)?;
    let rev2 = context.features.rev2;
    view.shows_recent = !rev2;
    view.tell_flags(out);
    write(out, format_args!("* {} EXISTS\r\n", view.exists()));
    if rev2 {
        // RFC 9051 §6.3.2 has a LIST response in place of what is recent and unseen.
        out.send("* LIST () ");
        quoted(out, context.separator.encode_utf8(&mut [0; 4]).as_bytes());
        out.send(" ");
        context.write_name(&context.shown(&name), out);
        out.send("\r\n");
    } else {
        write(out, format_args!("* {} RECENT\r\n", view.recent_count()));
        let mut messages = backend.messages(mailbox).iter();
        let unseen = messages.position(|message| !message.flags.contains(SystemFlag::Seen));
        if let Some(place) = unseen {
            write(out, format_args!("* OK [UNSEEN {}] First unseen message\r\n", place + 1));
        }
    }
    write(out, format_args!("* OK [UIDVALIDITY {}] UIDs valid\r\n", state.uid_validity));
    write(out, format_args!("* OK [UIDNEXT {}] Predicted next UID\r\n", state.uid_next));
    write(out, format_args!("* OK [HIGHESTMODSEQ {}] Highest\r\n", state.highest_modseq));
    write(out, format_args!("* OK [MAILBOXID ({mailbox})] Mailbox ID\r\n"));
    if let Some(known) = &parameters.qresync
        && known.uid_validity == state.uid_validity
    {
        tell_missed(&view, known, backend, out);
    }
    Ok(view)
}

/// Tells what vanished and what changed since the client had the mailbox selected last.
fn tell_missed<E>(view: &View, known: &QResync, backend: &impl Backend, out: &mut Outbox<E>) {
    let uids = known.known_uids.as_ref().map(|set| set.resolve(u32::MAX));
    let is_known = |uid: Uid| uids.as_ref().is_none_or(|uids| uids.contains(uid.get()));
    let vanished = backend.expunged_since(view.mailbox, known.modseq);
    tell_vanished_earlier(vanished.filter(|uid| is_known(*uid)).collect(), out);
    for (number, message) in (1..).zip(backend.messages(view.mailbox)) {
        if message.modseq > known.modseq && is_known(message.uid) {
            let flags = view.flags(message.uid, &message.flags);
            let (uid, modseq) = (message.uid, message.modseq);
            write(
                out,
                format_args!("* {number} FETCH (UID {uid} FLAGS ({flags}) MODSEQ ({modseq}))\r\n"),
            );
        }
    }
}

/// `VANISHED (EARLIER)`: of messages that have no number in the session (RFC 7162 §3.2.10.1).
pub(super) fn tell_vanished_earlier<E>(mut uids: Vec<Uid>, out: &mut Outbox<E>) {
    if !uids.is_empty() {
        uids.sort_unstable();
        uids.dedup();
        let set = SequenceSet::of(uids.iter().map(|uid| uid.get()));
        write(out, format_args!("* VANISHED (EARLIER) {set}\r\n"));
    }
}

/// Which messages UID FETCH with VANISHED tells of: those in the set that the view has no more.
pub(super) fn vanished_of(
    view: &View,
    set: &NumberSet,
    since: ModSeq,
    backend: &impl Backend,
) -> Vec<Uid> {
    let vanished = backend.expunged_since(view.mailbox, since);
    vanished.filter(|uid| set.contains(uid.get()) && !view.has(*uid)).collect()
}

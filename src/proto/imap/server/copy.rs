//! COPY (RFC 3501 §6.4.7) and MOVE (RFC 6851), of all messages or of none.

use super::super::backend::{Backend, MailboxError, MailboxId};
use super::super::number::Uid;
use super::super::sequence::SequenceSet;
use super::answer::{Answer, expunge_issued};
use super::context::Context;
use super::view::View;

/// What COPY or MOVE did.
#[derive(Debug)]
pub(super) struct Copied {
    /// Where the messages are now.
    pub(super) to: MailboxId,
    /// The response code of RFC 4315 with its brackets; `None` where there was no message.
    pub(super) code: Option<String>,
}

/// Copies messages to the mailbox that `argument` names; `moves` removes them here.
pub(super) fn copy(
    context: &Context<'_>,
    view: &View,
    (set, by_uid): (&SequenceSet, bool),
    (argument, moves): (&[u8], bool),
    backend: &mut impl Backend,
) -> Result<Copied, Answer> {
    let places = view.places(set, by_uid)?;
    let to = context.target(argument, backend)?;
    if moves && view.read_only {
        return Err(Answer::no("Mailbox is selected read-only"));
    }
    let uids: Vec<Uid> = places.into_iter().flatten().map(|place| view.uids()[place]).collect();
    if uids.iter().any(|uid| backend.message(view.mailbox, *uid).is_none()) {
        return Err(expunge_issued());
    }
    if uids.is_empty() {
        return Ok(Copied { to, code: None });
    }
    let new = match moves {
        true => backend.move_messages(view.mailbox, &uids, to, context.now)?,
        false => backend.copy(view.mailbox, &uids, to, context.now)?,
    };
    let state = backend.state(to).ok_or(MailboxError::NonExistent)?;
    let numbers = |uids: &[Uid]| SequenceSet::of(uids.iter().map(|uid| uid.get()));
    let code = format!("[COPYUID {} {} {}]", state.uid_validity, numbers(&uids), numbers(&new));
    Ok(Copied { to, code: Some(code) })
}

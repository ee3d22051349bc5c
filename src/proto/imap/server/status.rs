//! STATUS (RFC 3501 §6.3.10).

use super::super::backend::{Backend, MailboxError, MailboxId};
use super::super::flags::SystemFlag;
use super::super::message::Message;
use super::super::response::write;
use super::super::status_item::StatusItem;
use super::answer::Answer;
use super::context::Context;
use super::view::View;
use crate::proto::Outbox;

/// STATUS. `view` is that of the selected mailbox.
pub(super) fn status<E>(
    context: &Context<'_>,
    argument: &[u8],
    items: &[StatusItem],
    view: Option<&View>,
    backend: &impl Backend,
    out: &mut Outbox<E>,
) -> Result<Answer, Answer> {
    let name = context.name(argument)?;
    let mailbox = backend.find(context.account, &name)?;
    tell(context, (&context.shown(&name), mailbox), items, view, backend, out)?;
    Ok(Answer::ok("STATUS completed"))
}

/// The STATUS response for a mailbox, which is shown by this name.
pub(super) fn tell<E>(
    context: &Context<'_>,
    (name, mailbox): (&str, MailboxId),
    items: &[StatusItem],
    view: Option<&View>,
    backend: &impl Backend,
    out: &mut Outbox<E>,
) -> Result<(), Answer> {
    let state = backend.state(mailbox).ok_or(MailboxError::NonExistent)?;
    let messages = backend.messages(mailbox);
    let count = |which: fn(&Message) -> bool| {
        messages.iter().filter(|message| which(message)).count() as u64
    };
    let octets = |which: fn(&Message) -> bool| -> u64 {
        let sizes = messages.iter().filter(|message| which(message));
        sizes.map(|message| message.data().len() as u64).sum()
    };
    let deleted = |message: &Message| message.flags.contains(SystemFlag::Deleted);
    out.send("* STATUS ");
    context.write_name(name, out);
    for (place, item) in items.iter().enumerate() {
        let before = if place == 0 { " (" } else { " " };
        write(out, format_args!("{before}{} ", item.as_str()));
        let number = match item {
            StatusItem::Messages => messages.len() as u64,
            StatusItem::Recent => match view.filter(|view| view.mailbox == mailbox) {
                Some(view) => view.recent_count() as u64,
                None => {
                    let old = messages.partition_point(|message| message.uid < state.first_recent);
                    (messages.len() - old) as u64
                }
            },
            StatusItem::UidNext => state.uid_next.get().into(),
            StatusItem::UidValidity => state.uid_validity.get().into(),
            StatusItem::Unseen => count(|message| !message.flags.contains(SystemFlag::Seen)),
            StatusItem::HighestModSeq => state.highest_modseq.0,
            StatusItem::Size => octets(|_| true),
            StatusItem::Deleted => count(deleted),
            StatusItem::DeletedStorage => octets(deleted),
            StatusItem::AppendLimit => context.max_message_octets as u64,
            StatusItem::MailboxId => {
                write(out, format_args!("({mailbox})"));
                continue;
            }
        };
        write(out, format_args!("{number}"));
    }
    out.send(")\r\n");
    Ok(())
}

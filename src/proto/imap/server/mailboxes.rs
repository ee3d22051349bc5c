//! Commands on mailbox names (RFC 3501 §6.3).

use bytes::Bytes;

use super::super::backend::{AccountId, Backend, MailboxError, MailboxId};
use super::super::command::StatusItem;
use super::super::flags::{Flags, SystemFlag};
use super::super::mailbox_name::MailboxName;
use super::super::pattern;
use super::super::response::{astring, quoted, write};
use super::answer::Answer;
use super::view::View;
use crate::proto::Outbox;
use crate::proto::mail::DateTime;

/// The mailbox that an argument names. What is no name at all is answered with NO as well.
pub(super) fn name(argument: &[u8]) -> Result<MailboxName, Answer> {
    MailboxName::decode(argument).map_err(|bad| Answer::no(format!("[CANNOT] {bad}")))
}

/// The mailbox to which messages are to be added: when it is missing, the client may make it.
pub(super) fn target(
    account: AccountId,
    argument: &[u8],
    backend: &impl Backend,
) -> Result<MailboxId, Answer> {
    backend.find(account, &name(argument)?).map_err(|error| match error {
        MailboxError::NonExistent => Answer::no(format!("[TRYCREATE] {error}")),
        error => error.into(),
    })
}

/// SELECT and EXAMINE (§6.3.1, §6.3.2).
pub(super) fn select<E>(
    account: AccountId,
    argument: &[u8],
    read_only: bool,
    backend: &mut impl Backend,
    out: &mut Outbox<E>,
) -> Result<View, Answer> {
    let mailbox = backend.find(account, &name(argument)?)?;
    let gone = Answer::from(MailboxError::NonExistent);
    let state = backend.state(mailbox);
    let (Some(state), Some(view)) = (state, View::open(backend, mailbox, read_only)) else {
        return Err(gone);
    };
    view.tell_flags(out);
    write(out, format_args!("* {} EXISTS\r\n", view.exists()));
    write(out, format_args!("* {} RECENT\r\n", view.recent_count()));
    let mut messages = backend.messages(mailbox).iter();
    if let Some(place) = messages.position(|message| !message.flags.contains(SystemFlag::Seen)) {
        write(out, format_args!("* OK [UNSEEN {}] First unseen message\r\n", place + 1));
    }
    write(out, format_args!("* OK [UIDVALIDITY {}] UIDs valid\r\n", state.uid_validity));
    write(out, format_args!("* OK [UIDNEXT {}] Predicted next UID\r\n", state.uid_next));
    Ok(view)
}

/// LIST (§6.3.8), with the attributes of RFC 3348.
pub(super) fn list<E>(
    account: AccountId,
    reference: &[u8],
    pattern: &[u8],
    backend: &impl Backend,
    out: &mut Outbox<E>,
) -> Answer {
    let separator = backend.separator();
    if pattern.is_empty() {
        // Asks for the separator alone.
        line("LIST", "\\Noselect", separator, b"", out);
        return Answer::ok("LIST completed");
    }
    let Some(pattern) = canonical(reference, pattern) else {
        return Answer::ok("LIST completed");
    };
    for listed in backend.names(account) {
        let wire = listed.name.encode();
        if fits(&pattern, &wire, separator) {
            let attributes = match (listed.mailbox, listed.has_children) {
                (Some(_), true) => "\\HasChildren",
                (Some(_), false) => "\\HasNoChildren",
                (None, true) => "\\Noselect \\HasChildren",
                (None, false) => "\\Noselect \\HasNoChildren",
            };
            line("LIST", attributes, separator, wire.as_bytes(), out);
        }
    }
    Answer::ok("LIST completed")
}

/// LSUB (§6.3.9).
pub(super) fn lsub<E>(
    account: AccountId,
    reference: &[u8],
    pattern: &[u8],
    backend: &impl Backend,
    out: &mut Outbox<E>,
) -> Answer {
    let separator = backend.separator();
    let Some(pattern) = canonical(reference, pattern) else {
        return Answer::ok("LSUB completed");
    };
    // A name that is not subscribed stands for those below it that `%` does not reach.
    let mut shown = std::collections::BTreeMap::<String, bool>::new();
    for subscribed in backend.subscriptions(account) {
        let wire = subscribed.encode();
        if fits(&pattern, &wire, separator) {
            shown.insert(wire, true);
        } else if pattern.ends_with('%') {
            let above = wire.match_indices(separator).map(|(end, _)| &wire[..end]);
            if let Some(above) = above.into_iter().find(|above| fits(&pattern, above, separator)) {
                shown.entry(above.to_owned()).or_insert(false);
            }
        }
    }
    for (wire, subscribed) in shown {
        let attributes = if subscribed { "" } else { "\\Noselect" };
        line("LSUB", attributes, separator, wire.as_bytes(), out);
    }
    Answer::ok("LSUB completed")
}

/// Reference and pattern in one (§6.3.8); `None` where no name can fit.
fn canonical(reference: &[u8], pattern: &[u8]) -> Option<String> {
    let whole = [reference, pattern].concat();
    String::from_utf8(whole).ok().filter(|text| text.len() <= MailboxName::MAX_OCTETS)
}

/// Names fit in modified UTF-7, as they are shown; INBOX in any case.
fn fits(pattern: &str, wire: &str, separator: char) -> bool {
    pattern::matches(pattern, wire, separator)
        || (wire == "INBOX" && pattern::matches(&pattern.to_ascii_uppercase(), wire, separator))
}

fn line<E>(keyword: &str, attributes: &str, separator: char, name: &[u8], out: &mut Outbox<E>) {
    write(out, format_args!("* {keyword} ({attributes}) "));
    quoted(out, separator.encode_utf8(&mut [0; 4]).as_bytes());
    out.send(" ");
    astring(out, name);
    out.send("\r\n");
}

/// STATUS (§6.3.10). `view` is that of the selected mailbox.
pub(super) fn status<E>(
    account: AccountId,
    argument: &[u8],
    items: &[StatusItem],
    view: Option<&View>,
    backend: &impl Backend,
    out: &mut Outbox<E>,
) -> Result<Answer, Answer> {
    let mailbox = backend.find(account, &name(argument)?)?;
    let state = backend.state(mailbox).ok_or(MailboxError::NonExistent)?;
    let messages = backend.messages(mailbox);
    out.send("* STATUS ");
    astring(out, name(argument)?.encode().as_bytes());
    for (place, item) in items.iter().enumerate() {
        let number = match item {
            StatusItem::Messages => messages.len(),
            StatusItem::Recent => match view.filter(|view| view.mailbox == mailbox) {
                Some(view) => view.recent_count(),
                None => {
                    messages.len()
                        - messages.partition_point(|message| message.uid < state.first_recent)
                }
            },
            StatusItem::UidNext => state.uid_next.get() as usize,
            StatusItem::UidValidity => state.uid_validity.get() as usize,
            StatusItem::Unseen => {
                messages.iter().filter(|message| !message.flags.contains(SystemFlag::Seen)).count()
            }
        };
        let before = if place == 0 { " (" } else { " " };
        write(out, format_args!("{before}{} {number}", item.as_str()));
    }
    out.send(")\r\n");
    Ok(Answer::ok("STATUS completed"))
}

/// APPEND (§6.3.11), with the response code of RFC 4315.
pub(super) fn append(
    account: AccountId,
    argument: &[u8],
    flags: Flags,
    date: DateTime,
    data: Bytes,
    backend: &mut impl Backend,
) -> Result<(MailboxId, Answer), Answer> {
    let mailbox = target(account, argument, backend)?;
    if memchr::memchr(0, &data).is_some() {
        return Err(Answer::no("Message contains NUL octets"));
    }
    let state = backend.state(mailbox).ok_or(MailboxError::NonExistent)?;
    if !backend.has_room(mailbox, data.len() as u64, 1) {
        return Err(MailboxError::OverQuota.into());
    }
    let uid = backend.append(mailbox, flags, date, data).ok_or(MailboxError::NonExistent)?;
    let answer = Answer::ok(format!("[APPENDUID {} {uid}] APPEND completed", state.uid_validity));
    Ok((mailbox, answer))
}

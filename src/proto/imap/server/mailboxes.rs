//! CREATE, DELETE, RENAME (RFC 3501 §6.3.3 to §6.3.5), and quotas (RFC 9208).

use super::super::backend::{Backend, MailboxError, MailboxId, QuotaState};
use super::super::response::{astring, quoted, write};
use super::super::special_use::SpecialUse;
use super::answer::Answer;
use super::context::Context;
use crate::proto::Outbox;

/// CREATE, with the uses of RFC 6154 §3 and the id of RFC 8474 §4.1. Gives the mailbox as well.
pub(super) fn create<E>(
    context: &Context<'_>,
    argument: &[u8],
    special_uses: &[String],
    backend: &mut impl Backend,
    out: &mut Outbox<E>,
) -> Result<(MailboxId, Answer), Answer> {
    let name = context.name(argument)?;
    let mut uses = Vec::new();
    for word in special_uses {
        match SpecialUse::parse(word).filter(|special_use| special_use.can_be_made()) {
            Some(special_use) if uses.contains(&special_use) => {}
            Some(special_use) => uses.push(special_use),
            None => return Err(Answer::no("[USEATTR] Mailbox cannot be made for this use")),
        }
    }
    let mailbox = backend.create(context.account, &name, &uses)?;
    // RFC 9051 §6.3.4: a name that was changed is told.
    let shown = context.shown(&name);
    let asked = argument.strip_suffix(separator(context).as_bytes()).unwrap_or(argument);
    if context.features.rev2 && shown.as_bytes() != asked {
        out.send("* LIST () ");
        quoted(out, separator(context).as_bytes());
        out.send(" ");
        context.write_name(&shown, out);
        out.send(" (\"OLDNAME\" (");
        context.write_name(&String::from_utf8_lossy(asked), out);
        out.send("))\r\n");
    }
    Ok((mailbox, Answer::ok(format!("[MAILBOXID ({mailbox})] CREATE completed"))))
}

/// DELETE. Gives the mailbox that is no more.
pub(super) fn delete(
    context: &Context<'_>,
    argument: &[u8],
    backend: &mut impl Backend,
) -> Result<Option<MailboxId>, Answer> {
    let name = context.name(argument)?;
    let deleted = backend.find(context.account, &name).ok();
    backend.delete(context.account, &name)?;
    Ok(deleted)
}

/// RENAME. Gives the mailboxes that changed: the renamed one, and INBOX where its messages went.
pub(super) fn rename(
    context: &Context<'_>,
    (from, to): (&[u8], &[u8]),
    backend: &mut impl Backend,
) -> Result<Vec<MailboxId>, Answer> {
    let (from, to) = (context.name(from)?, context.name(to)?);
    let before = backend.find(context.account, &from).ok();
    backend.rename(context.account, &from, &to)?;
    let after = backend.find(context.account, &to).ok();
    let mut changed: Vec<MailboxId> = before.into_iter().chain(after).collect();
    changed.dedup();
    Ok(changed)
}

/// GETQUOTA (RFC 9208 §4.1.1).
pub(super) fn get_quota<E>(
    context: &Context<'_>,
    root: &[u8],
    backend: &impl Backend,
    out: &mut Outbox<E>,
) -> Result<Answer, Answer> {
    match backend.quota(context.account) {
        Some(state) if root == QUOTA_ROOT.as_bytes() => {
            tell_quota(state, out);
            Ok(Answer::ok("GETQUOTA completed"))
        }
        _ => Err(Answer::no("[NONEXISTENT] Quota root does not exist")),
    }
}

/// GETQUOTAROOT (RFC 9208 §4.1.2). Of an account without limits there is no root.
pub(super) fn get_quota_root<E>(
    context: &Context<'_>,
    argument: &[u8],
    backend: &impl Backend,
    out: &mut Outbox<E>,
) -> Result<Answer, Answer> {
    let name = context.name(argument)?;
    match backend.find(context.account, &name) {
        Ok(_) | Err(MailboxError::NoSelect) => {}
        Err(error) => return Err(error.into()),
    }
    out.send("* QUOTAROOT ");
    context.write_name(&context.shown(&name), out);
    if let Some(state) = backend.quota(context.account) {
        out.send(" ");
        astring(out, QUOTA_ROOT.as_bytes());
        out.send("\r\n");
        tell_quota(state, out);
    } else {
        out.send("\r\n");
    }
    Ok(Answer::ok("GETQUOTAROOT completed"))
}

fn tell_quota<E>(state: QuotaState, out: &mut Outbox<E>) {
    out.send("* QUOTA ");
    astring(out, QUOTA_ROOT.as_bytes());
    let mut before = " (";
    if let Some(storage) = state.storage {
        // In units of 1,024 octets (RFC 9208 §5.1).
        let (used, limit) = (storage.used.div_ceil(1024), storage.limit / 1024);
        write(out, format_args!("{before}STORAGE {used} {limit}"));
        before = " ";
    }
    if let Some(messages) = state.messages {
        write(out, format_args!("{before}MESSAGE {} {}", messages.used, messages.limit));
    }
    out.send(")\r\n");
}

fn separator(context: &Context<'_>) -> String {
    context.separator.to_string()
}

/// An account has one quota for all its mailboxes.
const QUOTA_ROOT: &str = "User quota";

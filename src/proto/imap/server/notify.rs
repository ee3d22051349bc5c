//! What a client is told unasked of mailboxes that it has not selected (RFC 5465).
//!
//! The session remembers what the client knows, and compares. Of the selected mailbox the view
//! tells; this only says when.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::super::backend::{Backend, MailboxId};
use super::super::fetch::FetchItem;
use super::super::mailbox_name::MailboxName;
use super::super::notify_command::{NotifyCommand, NotifyEvents, NotifyFilter};
use super::super::number::{ModSeq, Uid};
use super::super::response::{quoted, write};
use super::super::status_item::StatusItem;
use super::answer::Answer;
use super::context::Context;
use super::status;
use super::view::View;
use crate::proto::Outbox;

/// What a client wants to be told, and what it knows.
#[derive(Debug)]
pub(super) struct Notify {
    groups: Vec<(NotifyFilter<MailboxName>, NotifyEvents)>,
    names: BTreeMap<MailboxName, KnownName>,
    mailboxes: BTreeMap<MailboxId, KnownMailbox>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct KnownName {
    mailbox: Option<MailboxId>,
    exists: bool,
    subscribed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct KnownMailbox {
    uid_next: Uid,
    messages: usize,
    modseq: ModSeq,
}

impl Notify {
    /// NOTIFY. `None`: nothing is to be told.
    pub(super) fn set<E>(
        context: &Context<'_>,
        command: NotifyCommand<'_>,
        view: Option<&View>,
        backend: &impl Backend,
        out: &mut Outbox<E>,
    ) -> Result<Option<Notify>, Answer> {
        let NotifyCommand::Set { status, groups } = command else { return Ok(None) };
        if groups.iter().any(|(_, events)| events.unknown) {
            return Err(Answer::no(format!("[BADEVENT ({KNOWN})] Event is not known")));
        }
        let names = |arguments: Vec<Cow<'_, [u8]>>| {
            arguments.iter().map(|argument| context.name(argument)).collect::<Result<Vec<_>, _>>()
        };
        let mut read = Vec::with_capacity(groups.len());
        for (filter, events) in groups {
            let filter = match filter {
                NotifyFilter::Selected => NotifyFilter::Selected,
                NotifyFilter::SelectedDelayed => NotifyFilter::SelectedDelayed,
                NotifyFilter::Inboxes => NotifyFilter::Inboxes,
                NotifyFilter::Personal => NotifyFilter::Personal,
                NotifyFilter::Subscribed => NotifyFilter::Subscribed,
                NotifyFilter::Subtree(above) => NotifyFilter::Subtree(names(above)?),
                NotifyFilter::Mailboxes(these) => NotifyFilter::Mailboxes(names(these)?),
            };
            read.push((filter, events));
        }
        let (names, mailboxes) = (BTreeMap::new(), BTreeMap::new());
        let mut notify = Notify { groups: read, names, mailboxes };
        notify.names = known_names(context, backend);
        for (name, known) in &notify.names {
            let Some(mailbox) = known.mailbox else { continue };
            let Some(now) = known_mailbox(mailbox, backend) else { continue };
            notify.mailboxes.insert(mailbox, now);
            let selected = view.is_some_and(|view| view.mailbox == mailbox);
            let events = notify.events(context, name, known.subscribed);
            if status && !selected && events.is_some_and(|events| events.message_new.is_some()) {
                let shown = context.shown(name);
                status::tell(context, (&shown, mailbox), items(context), view, backend, out)?;
            }
        }
        Ok(Some(notify))
    }

    /// Whether news of the selected mailbox are told at once; and then whether expunged messages
    /// as well.
    pub(super) fn selected(&self) -> Option<bool> {
        let (filter, events) = self.groups.iter().find(|(filter, _)| filter.is_selected())?;
        events.message_new.as_ref().map(|_| matches!(filter, NotifyFilter::Selected))
    }

    /// What is fetched of new messages of the selected mailbox.
    pub(super) fn fetched(&self) -> &[FetchItem] {
        let selected = self.groups.iter().find(|(filter, _)| filter.is_selected());
        let items = selected.and_then(|(_, events)| events.message_new.as_deref());
        items.unwrap_or_default()
    }

    /// Tells what happened to names, and to mailboxes other than the selected one.
    pub(super) fn tell<E>(
        &mut self,
        context: &Context<'_>,
        view: Option<&View>,
        backend: &impl Backend,
        out: &mut Outbox<E>,
    ) {
        let names = known_names(context, backend);
        if names != self.names {
            self.tell_names(context, &names, out);
            self.names = names;
        }
        let mut mailboxes = BTreeMap::new();
        for (name, known) in &self.names {
            let Some(mailbox) = known.mailbox else { continue };
            let Some(now) = known_mailbox(mailbox, backend) else { continue };
            mailboxes.insert(mailbox, now);
            let before = self.mailboxes.get(&mailbox).copied();
            let selected = view.is_some_and(|view| view.mailbox == mailbox);
            let Some(before) = before.filter(|before| *before != now && !selected) else {
                continue;
            };
            let Some(events) = self.events(context, name, known.subscribed) else { continue };
            let counts = (before.uid_next, before.messages) != (now.uid_next, now.messages);
            let tells = (events.message_new.is_some() && counts) || events.flag_change;
            if tells {
                let shown = context.shown(name);
                // A mailbox that is gone meanwhile has no name any more.
                let _ =
                    status::tell(context, (&shown, mailbox), items(context), view, backend, out);
            }
        }
        self.mailboxes = mailboxes;
    }

    fn tell_names<E>(
        &self,
        context: &Context<'_>,
        names: &BTreeMap<MailboxName, KnownName>,
        out: &mut Outbox<E>,
    ) {
        let mut renamed = Vec::new();
        for (name, now) in names {
            let before = self.names.get(name);
            let Some(events) = self.events(context, name, now.subscribed) else { continue };
            let was = before.is_some_and(|before| before.exists);
            if events.mailbox_name && now.exists && !was {
                let old = now.mailbox.and_then(|mailbox| {
                    let mut all = self.names.iter();
                    let (old, _) = all.find(|(_, known)| known.mailbox == Some(mailbox))?;
                    let left = names.get(old).is_none_or(|it| it.mailbox != Some(mailbox));
                    left.then_some(old)
                });
                tell_name(context, name, *now, old, out);
                renamed.extend(old);
            } else if events.subscription_change
                && now.subscribed != before.is_some_and(|before| before.subscribed)
            {
                tell_name(context, name, *now, None, out);
            }
        }
        for (name, before) in &self.names {
            let gone = KnownName { mailbox: None, exists: false, subscribed: false };
            let now = names.get(name).copied().unwrap_or(gone);
            let Some(events) = self.events(context, name, before.subscribed) else { continue };
            let unsubscribed = events.subscription_change && before.subscribed && !now.subscribed;
            let deleted = events.mailbox_name && before.exists && !now.exists;
            let known = names.contains_key(name) && !deleted;
            if (deleted && !renamed.contains(&name)) || (unsubscribed && !known) {
                tell_name(context, name, now, None, out);
            }
        }
    }

    /// What is to be told of a mailbox of this name.
    fn events(
        &self,
        context: &Context<'_>,
        name: &MailboxName,
        subscribed: bool,
    ) -> Option<&NotifyEvents> {
        let is_below = |above: &MailboxName| {
            let rest = name.as_str().strip_prefix(above.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(context.separator))
        };
        let fits = |filter: &NotifyFilter<MailboxName>| match filter {
            NotifyFilter::Selected | NotifyFilter::SelectedDelayed => false,
            NotifyFilter::Inboxes => name.is_inbox(),
            NotifyFilter::Personal => true,
            NotifyFilter::Subscribed => subscribed,
            NotifyFilter::Subtree(above) => above.iter().any(is_below),
            NotifyFilter::Mailboxes(these) => these.contains(name),
        };
        self.groups.iter().find(|(filter, _)| fits(filter)).map(|(_, events)| events)
    }
}

fn known_names(context: &Context<'_>, backend: &impl Backend) -> BTreeMap<MailboxName, KnownName> {
    let mut names: BTreeMap<MailboxName, KnownName> = backend
        .names(context.account)
        .map(|listed| {
            let (mailbox, exists) = (listed.mailbox, listed.mailbox.is_some());
            (listed.name.clone(), KnownName { mailbox, exists, subscribed: false })
        })
        .collect();
    for name in backend.subscriptions(context.account) {
        let gone = KnownName { mailbox: None, exists: false, subscribed: false };
        names.entry(name.clone()).or_insert(gone).subscribed = true;
    }
    names
}

fn known_mailbox(mailbox: MailboxId, backend: &impl Backend) -> Option<KnownMailbox> {
    let state = backend.state(mailbox)?;
    let messages = backend.messages(mailbox).len();
    Some(KnownMailbox { uid_next: state.uid_next, messages, modseq: state.highest_modseq })
}

/// The LIST response for a name that changed (RFC 5465 §5.4).
fn tell_name<E>(
    context: &Context<'_>,
    name: &MailboxName,
    now: KnownName,
    old: Option<&MailboxName>,
    out: &mut Outbox<E>,
) {
    let attributes = match (now.exists, now.subscribed) {
        (true, true) => "\\Subscribed",
        (true, false) => "",
        (false, true) => "\\NonExistent \\Subscribed",
        (false, false) => "\\NonExistent",
    };
    write(out, format_args!("* LIST ({attributes}) "));
    quoted(out, context.separator.encode_utf8(&mut [0; 4]).as_bytes());
    out.send(" ");
    context.write_name(&context.shown(name), out);
    if let Some(old) = old {
        out.send(" (\"OLDNAME\" (");
        context.write_name(&context.shown(old), out);
        out.send("))");
    }
    out.send("\r\n");
}

/// What is told of a mailbox that changed (RFC 5465 §5.1 to §5.3).
fn items(context: &Context<'_>) -> &'static [StatusItem] {
    const ALL: [StatusItem; 5] = [
        StatusItem::Messages,
        StatusItem::UidNext,
        StatusItem::UidValidity,
        StatusItem::Unseen,
        StatusItem::HighestModSeq,
    ];
    if context.features.condstore { &ALL } else { &ALL[..4] }
}

const KNOWN: &str = "FlagChange MailboxName MessageExpunge MessageNew SubscriptionChange";

//! LIST and LSUB (RFC 3501 §6.3.8 and §6.3.9, RFC 5258, RFC 5819, RFC 6154).

use std::collections::{BTreeMap, BTreeSet};

use super::super::backend::{Backend, ListedName};
use super::super::list_command::{ListCommand, ListSelection};
use super::super::mailbox_name::MailboxName;
use super::super::pattern;
use super::super::response::{quoted, write};
use super::answer::Answer;
use super::context::Context;
use super::status;
use super::view::View;
use crate::proto::Outbox;

/// A name that is, is subscribed, or stands above one that is subscribed.
#[derive(Debug, Default, Clone, Copy)]
struct Entry<'a> {
    listed: Option<ListedName<'a>>,
    subscribed: bool,
}

impl Entry<'_> {
    fn is_selected(&self, selection: ListSelection) -> bool {
        let Some(listed) = &self.listed else {
            // What does not exist is of no special use.
            return selection.subscribed && self.subscribed && !selection.special_use;
        };
        (self.subscribed || !selection.subscribed)
            && (!listed.special_uses.is_empty() || !selection.special_use)
    }
}

/// LIST. `view` is that of the selected mailbox.
pub(super) fn list<E>(
    context: &Context<'_>,
    command: &ListCommand<'_>,
    view: Option<&View>,
    backend: &impl Backend,
    out: &mut Outbox<E>,
) -> Result<Answer, Answer> {
    let ListCommand { selection, reference, patterns, returns, extended } = command;
    if !extended && patterns[0].is_empty() {
        // Asks for the separator alone.
        line("LIST", &["\\Noselect"], context, "", out);
        out.send("\r\n");
        return Ok(Answer::ok("LIST completed"));
    }
    let patterns: Vec<String> =
        patterns.iter().filter_map(|pattern| canonical(reference, pattern)).collect();
    let entries = entries(context, *selection, backend);
    let above = match selection.recursive_match {
        true => above_selected(&entries, *selection, context.separator),
        false => BTreeSet::new(),
    };
    for (name, entry) in &entries {
        let is_selected = entry.is_selected(*selection);
        let is_above = above.contains(name);
        let shown = context.shown(name);
        let fits = |pattern: &String| pattern::matches(pattern, &shown, context.separator);
        if !(is_selected || is_above) || !patterns.iter().any(fits) {
            continue;
        }
        let mut attributes = Vec::new();
        match &entry.listed {
            Some(ListedName { mailbox: Some(_), .. }) => {}
            Some(_) if !extended => attributes.push("\\Noselect"),
            _ => attributes.push("\\NonExistent"),
        }
        if entry.subscribed && (returns.subscribed || selection.subscribed) {
            attributes.push("\\Subscribed");
        }
        if !extended || returns.children {
            let has_children = entry.listed.is_some_and(|listed| listed.has_children);
            attributes.push(if has_children { "\\HasChildren" } else { "\\HasNoChildren" });
        }
        if !extended || returns.special_use || selection.special_use {
            let uses = entry.listed.iter().flat_map(|listed| listed.special_uses);
            attributes.extend(uses.map(|special_use| special_use.as_str()));
        }
        line("LIST", &attributes, context, &shown, out);
        if is_above {
            let criteria = match (selection.subscribed, selection.special_use) {
                (true, true) => "\"SUBSCRIBED\" \"SPECIAL-USE\"",
                (false, true) => "\"SPECIAL-USE\"",
                _ => "\"SUBSCRIBED\"",
            };
            write(out, format_args!(" (\"CHILDINFO\" ({criteria}))"));
        }
        out.send("\r\n");
        let mailbox = entry.listed.and_then(|listed| listed.mailbox);
        if let (Some(items), Some(mailbox)) = (&returns.status, mailbox) {
            status::tell(context, (&shown, mailbox), items, view, backend, out)?;
        }
    }
    Ok(Answer::ok("LIST completed"))
}

/// All names that a LIST may tell of, in order.
fn entries<'a>(
    context: &Context<'_>,
    selection: ListSelection,
    backend: &'a impl Backend,
) -> BTreeMap<MailboxName, Entry<'a>> {
    let mut entries: BTreeMap<MailboxName, Entry<'_>> = backend
        .names(context.account)
        .map(|listed| (listed.name.clone(), Entry { listed: Some(listed), subscribed: false }))
        .collect();
    for name in backend.subscriptions(context.account) {
        if let Some(entry) = entries.get_mut(name) {
            entry.subscribed = true;
        } else if selection.subscribed {
            entries.insert(name.clone(), Entry { listed: None, subscribed: true });
            for above in names_above(name, context.separator) {
                entries.entry(above).or_default();
            }
        }
    }
    entries
}

/// The names that stand above selected ones.
fn above_selected(
    entries: &BTreeMap<MailboxName, Entry<'_>>,
    selection: ListSelection,
    separator: char,
) -> BTreeSet<MailboxName> {
    let selected = entries.iter().filter(|(_, entry)| entry.is_selected(selection));
    selected.flat_map(|(name, _)| names_above(name, separator)).collect()
}

fn names_above(name: &MailboxName, separator: char) -> impl Iterator<Item = MailboxName> {
    let text = name.as_str();
    let levels = text.match_indices(separator).map(|(end, _)| &text[..end]);
    levels.filter_map(|level| MailboxName::new(level).ok())
}

/// LSUB.
pub(super) fn lsub<E>(
    context: &Context<'_>,
    reference: &[u8],
    pattern: &[u8],
    backend: &impl Backend,
    out: &mut Outbox<E>,
) -> Answer {
    let separator = context.separator;
    let Some(pattern) = canonical(reference, pattern) else {
        return Answer::ok("LSUB completed");
    };
    // A name that is not subscribed stands for those below it that `%` does not reach.
    let mut shown = BTreeMap::<String, bool>::new();
    for subscribed in backend.subscriptions(context.account) {
        let name = context.shown(subscribed);
        if pattern::matches(&pattern, &name, separator) {
            shown.insert(name, true);
        } else if pattern.ends_with('%') {
            let mut above = name.match_indices(separator).map(|(end, _)| &name[..end]);
            if let Some(above) = above.find(|above| pattern::matches(&pattern, above, separator)) {
                shown.entry(above.to_owned()).or_insert(false);
            }
        }
    }
    for (name, subscribed) in shown {
        let attributes: &[&str] = if subscribed { &[] } else { &["\\Noselect"] };
        line("LSUB", attributes, context, &name, out);
        out.send("\r\n");
    }
    Answer::ok("LSUB completed")
}

/// Reference and pattern in one (RFC 3501 §6.3.8); `None` where no name can fit.
fn canonical(reference: &[u8], pattern: &[u8]) -> Option<String> {
    let whole = [reference, pattern].concat();
    String::from_utf8(whole).ok().filter(|text| text.len() <= MailboxName::MAX_OCTETS)
}

fn line<E>(
    keyword: &str,
    attributes: &[&str],
    context: &Context<'_>,
    name: &str,
    out: &mut Outbox<E>,
) {
    write(out, format_args!("* {keyword} ("));
    for (place, attribute) in attributes.iter().enumerate() {
        write(out, format_args!("{}{attribute}", if place == 0 { "" } else { " " }));
    }
    out.send(") ");
    quoted(out, context.separator.encode_utf8(&mut [0; 4]).as_bytes());
    out.send(" ");
    context.write_name(name, out);
}

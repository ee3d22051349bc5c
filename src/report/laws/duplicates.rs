//! Nothing is taken twice, unless the sender could not know that it was taken.
//!
//! A sender that did not hear the reply to its final dot sends again (RFC 5321 §4.5.3.2.6, RFC 1047):
//! that copy is right. After a reply that it did hear, a second transfer for the same recipient is not.
//! On one host, nothing is put into a mailbox, or sent on to an address, twice for one recipient of
//! one message in its queue. What forwards, lists and aliases multiply are other recipients.

use std::collections::BTreeMap;

use crate::net::NodeId;
use crate::world::Note;

use super::case::Case;
use super::mail::End;
use super::transfers::{Heard, Transfer};
use super::{Broken, Law};

pub(super) fn judge(case: &Case<'_>) -> Vec<Broken> {
    let mut broken = Vec::new();
    between_servers(case, &mut broken);
    from_clients(case, &mut broken);
    on_one_host(case, &mut broken);
    broken
}

/// A reply that ends a transfer well or ill: who hears it knows. 421 may be of the host's closing.
fn is_told(heard: &Heard) -> bool {
    heard.code != 421
}

/// What an MTA handed over twice.
fn between_servers(case: &Case<'_>, broken: &mut Vec<Broken>) {
    let mails = case.mails();
    // The last transfer that was heard of, by message in the sender's queue and recipient.
    let mut known: BTreeMap<(usize, String), (&Transfer, &Heard)> = BTreeMap::new();
    for (index, transfer) in case.transfers().iter().enumerate() {
        if mails.by_transfer[index].is_none() {
            continue; // it was not taken
        }
        let Some(parent) = mails.sender_of(case, index) else { continue };
        for recipient in &transfer.recipients {
            let key = (parent, recipient.to_ascii_lowercase());
            if let Some((first, heard)) = known.get(&key)
                && heard.at < transfer.at
            {
                let sender = &mails.all[parent];
                let what = format!(
                    "{} for {recipient} was taken by {} again, {} s after {} had answered {}",
                    sender.told(),
                    case.name(transfer.node),
                    transfer.at.since(heard.at).as_secs_f64(),
                    case.name(first.node),
                    heard.code,
                );
                let records = [first.record, heard.record, transfer.record];
                broken.push(case.broken(Law::Duplicates, transfer.at, sender.node, what, &records));
            }
            let too_late = |heard: &Heard| {
                // Whoever had given up by then no longer listened.
                mails.all[parent].ends.iter().any(|end| {
                    matches!(end.note, Note::Deferred { .. })
                        && end.recipient.eq_ignore_ascii_case(recipient)
                        && (transfer.at..heard.at).contains(&end.at)
                })
            };
            if let Some(heard) = transfer.heard(recipient)
                && is_told(heard)
                && !too_late(heard)
            {
                known.insert(key, (transfer, heard));
            }
        }
    }
}

/// What a client handed over twice after it was told that it was taken.
fn from_clients(case: &Case<'_>, broken: &mut Vec<Broken>) {
    let mails = case.mails();
    let mut written: BTreeMap<(NodeId, &str), usize> = BTreeMap::new();
    let mut told: BTreeMap<(NodeId, &str), Vec<crate::world::RecordId>> = BTreeMap::new();
    for record in case.world.history() {
        match record.note() {
            Some(Note::Composed { message_id, .. }) => {
                *written.entry((record.id.node, message_id)).or_default() += 1;
            }
            // Each later one is for recipients that were put off.
            Some(Note::Submitted { message_id, .. }) => {
                told.entry((record.id.node, message_id)).or_default().push(record.id);
            }
            _ => {}
        }
    }
    let mut taken: BTreeMap<(NodeId, &str, &str), usize> = BTreeMap::new();
    for (index, transfer) in case.transfers().iter().enumerate() {
        let Some(queued) = mails.by_transfer[index].map(|index| &mails.all[index]) else {
            continue;
        };
        let Some(client) = case.owner(transfer.client.ip()) else { continue };
        let key = (client, queued.message_id);
        let Some(copies) = written.get(&key) else { continue };
        if queued.message_id.is_empty() || mails.sender_of(case, index).is_some() {
            continue;
        }
        let heard = transfer.replies.iter().flatten().find(|heard| is_told(heard));
        for recipient in &transfer.recipients {
            let taken = taken.entry((client, queued.message_id, recipient)).or_default();
            if *taken >= *copies {
                let what = format!(
                    "{} was submitted for {recipient} again after the client had been told that it \
                     was taken",
                    queued.message_id
                );
                let mut records = told.get(&key).cloned().unwrap_or_default();
                records.push(transfer.record);
                broken.push(case.broken(Law::Duplicates, transfer.at, client, what, &records));
            }
            // A reply that came too late made no note.
            let is_noted = heard.is_some_and(|heard| {
                told.get(&key)
                    .into_iter()
                    .flatten()
                    .any(|id| case.record(*id).is_some_and(|noted| noted.time == heard.at))
            });
            *taken += usize::from(is_noted);
        }
    }
}

/// What was put into a mailbox, or sent on, twice.
fn on_one_host(case: &Case<'_>, broken: &mut Vec<Broken>) {
    for mail in &case.mails().all {
        let mut seen: BTreeMap<(String, Vec<&str>), &End<'_>> = BTreeMap::new();
        for end in &mail.ends {
            let to: Vec<&str> = match end.note {
                Note::Delivered { .. } => Vec::new(),
                Note::Forwarded { to, .. } => to.iter().map(String::as_str).collect(),
                _ => continue,
            };
            let key = (end.recipient.to_ascii_lowercase(), to);
            if let Some(first) = seen.insert(key, end) {
                let how = match end.note {
                    Note::Forwarded { .. } => "sent on",
                    _ => "put into a mailbox",
                };
                let what = format!("{} was {how} twice for {}", mail.told(), end.recipient);
                let records = [first.record, end.record];
                broken.push(case.broken(Law::Duplicates, end.at, mail.node, what, &records));
            }
        }
    }
}

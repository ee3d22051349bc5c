//! The trace tells the truth (RFC 5321 §4.4): what lies in a mailbox has one Received field on top of
//! what its author sent for each queue that it passed, with that host's name and queue id, the address
//! that it came from, and the time at which it was taken by that host's clock.

use crate::engine::{Skew, UnixTime};
use crate::proto::imap::{MailboxName, Message};
use crate::proto::mail::{DateTime, Header};
use crate::world::Note;

use super::case::Case;
use super::mail::{End, Origin, Queued, clause, queue_id};
use super::{Broken, Law};

pub(super) fn judge(case: &Case<'_>) -> Vec<Broken> {
    let mut broken = Vec::new();
    let mails = case.mails();
    for (index, mail) in mails.all.iter().enumerate() {
        for end in &mail.ends {
            let Some(stored) = stored(case, mail, end) else { continue };
            let header = Header::new(stored.data());
            let fields: Vec<String> =
                header.all("Received").map(|field| field.text().into_owned()).collect();
            let way = mails.way(case, index);
            if let Some(what) = differs(case, &way, &fields) {
                let records: Vec<_> =
                    way.iter().rev().map(|index| mails.all[*index].record).collect();
                let what = format!("{} in a mailbox: {what}", mail.told());
                broken.push(case.broken(Law::Trace, end.at, mail.node, what, &records));
            }
        }
    }
    broken
}

/// The message as it lies in the mailbox, if it still does.
fn stored<'w>(case: &Case<'w>, mail: &Queued<'_>, end: &End<'_>) -> Option<&'w Message> {
    let Note::Delivered { account, mailbox, uid, message_id, .. } = end.note else { return None };
    let store = case.world.disk(mail.node)?.mail_if_any()?;
    let (account, _) = store.accounts().find(|(_, one)| one.login() == account)?;
    let messages = store.mailbox_named(account, &MailboxName::new(mailbox).ok()?)?.messages();
    let place = messages.binary_search_by_key(uid, |one| one.uid.get()).ok()?;
    // A mailbox of that name may be another one by now.
    let own = Header::new(messages[place].data()).text("Message-ID");
    let own = own.map_or_else(String::new, |own| own.trim().to_owned());
    (own == *message_id).then_some(&messages[place])
}

/// In which way Received fields, from top to bottom, differ from the way of a message, from its end to
/// its beginning.
fn differs(case: &Case<'_>, way: &[usize], fields: &[String]) -> Option<String> {
    let mails = case.mails();
    for (index, (hop, field)) in way.iter().zip(fields).enumerate() {
        let hop = &mails.all[*hop];
        if let Some(what) = lies(case, hop, field) {
            let number = index + 1;
            return Some(format!("Received field {number} from the top {what}: {field:?}"));
        }
    }
    let first = &mails.all[*way.last()?];
    let own = match first.origin {
        Origin::Transfer(transfer) => case.transfers()[transfer].fields("Received").count(),
        _ => 0,
    };
    let wanted = way.len() + own;
    (fields.len() != wanted).then(|| {
        format!(
            "{} Received fields where {} hosts had it and {own} came with it",
            fields.len(),
            way.len()
        )
    })
}

/// What a Received field says that is not so.
fn lies(case: &Case<'_>, hop: &Queued<'_>, field: &str) -> Option<String> {
    let host = case.name(hop.node);
    let name = case.mta(hop.node).map_or(host, |mta| &mta.name);
    let by = clause(field, "by").unwrap_or_default();
    if !by.eq_ignore_ascii_case(name) {
        return Some(format!("says it was at {by:?}, and it was at {name}"));
    }
    if queue_id(field) != Some(hop.queue_id) {
        return Some(format!("has another queue id than {}", hop.queue_id));
    }
    if let Origin::Transfer(transfer) = hop.origin {
        let client = case.transfers()[transfer].client.ip();
        let literal = match client {
            std::net::IpAddr::V4(address) => format!("[{address}]"),
            std::net::IpAddr::V6(address) => format!("[IPv6:{address}]"),
        };
        if !field.contains(&literal) {
            return Some(format!("does not say that it came from {literal}"));
        }
    }
    let date = field.rsplit_once(';').map(|(_, date)| date.trim());
    let date = date.and_then(|date| DateTime::parse_rfc5322(date.as_bytes()));
    let Some(date) = date else { return Some("has no date".to_owned()) };
    let UnixTime(right) = case.world.epoch().at(hop.at);
    let UnixTime(told) = date.unix_time();
    // A clock that is wrong is read in whole seconds too.
    let (wanted, spare) = match case.clock(hop.node, hop.at) {
        Skew::ZERO => (right, 0),
        Skew(nanos) => (right + nanos / 1_000_000_000, 1),
    };
    ((told - wanted).abs() > spare)
        .then(|| format!("is {} s off the time at which it was taken", told - wanted))
}

//! The null reverse-path is answered by nothing (RFC 5321 §4.5.5, RFC 3834 §2).
//!
//! A server may tell its own postmaster of a report that failed, from an address of which it knows that
//! what fails for it goes no further (Postfix's `double-bounce`). Programs of users that answer by
//! themselves are held to it by the messages that they submit.

use std::collections::BTreeSet;

use super::case::Case;
use super::mail::Origin;
use super::{Broken, Law};

pub(super) fn judge(case: &Case<'_>) -> Vec<Broken> {
    let mut broken = Vec::new();
    let mails = case.mails();
    for mail in &mails.all {
        let (about, noun) = match mail.origin {
            Origin::Reply(about) => (&mails.all[about], "an automatic reply"),
            Origin::Report(about) => (&mails.all[about], "a report"),
            _ => continue,
        };
        let is_for_postmaster = mail.sender.starts_with(DOUBLE_BOUNCE) && noun == "a report";
        let is_wrong = match about.sender {
            "" => !is_for_postmaster,
            sender => sender.starts_with(DOUBLE_BOUNCE),
        };
        if is_wrong {
            let sender = about.sender;
            let what = format!(
                "{}, which is from <{sender}>, is answered by {noun}, {}",
                about.told(),
                mail.told()
            );
            let records = [about.record, mail.record];
            broken.push(case.broken(Law::Bounces, mail.at, mail.node, what, &records));
        }
    }
    by_programs(case, &mut broken);
    broken
}

/// Automatic replies that clients submit to what has the null reverse-path.
fn by_programs(case: &Case<'_>, broken: &mut Vec<Broken>) {
    let mails = case.mails();
    let from_nobody: BTreeSet<&str> = mails
        .all
        .iter()
        .filter(|mail| mail.sender.is_empty() && !mail.message_id.is_empty())
        .map(|mail| mail.message_id)
        .collect();
    for (index, transfer) in case.transfers().iter().enumerate() {
        let is_automatic = transfer
            .fields("Auto-Submitted")
            .any(|value| value.trim_start().to_ascii_lowercase().starts_with("auto-replied"));
        // What a server passes on was judged where it was written.
        if !is_automatic || mails.sender_of(case, index).is_some() {
            continue;
        }
        let answered = transfer.fields("In-Reply-To").map(str::trim);
        if let Some(answered) = answered.into_iter().find(|id| from_nobody.contains(id)) {
            let Some(client) = case.owner(transfer.client.ip()) else { continue };
            let what = format!("{answered}, which is from <>, is answered by a program");
            let records = [transfer.record];
            broken.push(case.broken(Law::Bounces, transfer.at, client, what, &records));
        }
    }
}

/// The local part from which a postmaster is told.
const DOUBLE_BOUNCE: &str = "double-bounce@";

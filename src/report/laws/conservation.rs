//! What was taken with 250 is not lost.
//!
//! A server that says 250 to the final dot has the message in its queue (RFC 5321 §4.2.5), with every
//! recipient that it said 250 to. From there on each recipient is put into a mailbox, handed to a
//! server that said 250, sent on, reported on, or still in the queue on disk. What was put into a
//! mailbox is there until somebody deletes it; what a client has written is in its outbox until a
//! server has taken or refused it.

use std::collections::{BTreeMap, BTreeSet};

use crate::net::NodeId;
use crate::proto::imap::MailboxName;
use crate::proto::mail::Header;
use crate::report::transcript::Protocol;
use crate::report::transcript::entries::Entries;
use crate::store::queue::{QueuedMessage, RecipientState};
use crate::world::Note;

use super::case::Case;
use super::mail::{End, Queued};
use super::{Broken, Law};

pub(super) fn judge(case: &Case<'_>) -> Vec<Broken> {
    let mut broken = Vec::new();
    answered(case, &mut broken);
    let queues = queues(case);
    for mail in &case.mails().all {
        let on_disk = queues.get(&(mail.node, mail.queue_id)).copied();
        for recipient in mail.recipients {
            if let Some(what) = lost(case, mail, recipient, on_disk) {
                let last = mail.ends.iter().rfind(|end| end.is_for(recipient));
                let (time, record) =
                    last.map_or((mail.at, mail.record), |end| (end.at, end.record));
                broken.push(case.broken(
                    Law::Conservation,
                    time,
                    mail.node,
                    format!("{} for {recipient}: {what}", mail.told()),
                    &[mail.record, record],
                ));
            }
        }
    }
    shelved(case, &mut broken);
    submitted(case, &mut broken);
    broken
}

/// Who got a 250 to a message or a recipient that the server then does not know of.
fn answered(case: &Case<'_>, broken: &mut Vec<Broken>) {
    let mails = case.mails();
    for (transfer, queued) in case.transfers().iter().zip(&mails.by_transfer) {
        let heard = transfer.replies.iter().flatten().find(|reply| reply.code / 100 == 2);
        let Some(heard) = heard else { continue };
        if case.mta(transfer.node).is_none() {
            continue;
        }
        let records = [transfer.record, heard.record];
        let mut tell = |what: String| {
            broken.push(case.broken(Law::Conservation, heard.at, transfer.node, what, &records));
        };
        let Some(queued) = queued.map(|index| &mails.all[index]) else {
            let client = transfer.client;
            tell(format!("{client} got {} to a message that is in no queue", heard.code));
            continue;
        };
        for recipient in &transfer.recipients {
            let is_it = |other: &String| other.eq_ignore_ascii_case(recipient);
            // Another address is expanded or completed; who has a mailbox is meant.
            let is_user = case.plan.domain_of(recipient).is_some_and(|(local, domain)| {
                let local = local.to_ascii_lowercase();
                domain.has_user(&local) && !domain.aliases.contains_key(&local)
            });
            if is_user && !queued.recipients.iter().any(is_it) {
                tell(format!("{} was taken without its recipient {recipient}", queued.told()));
            }
        }
    }
}

/// All queues as they are on disk.
fn queues<'w>(case: &Case<'w>) -> BTreeMap<(NodeId, &'w str), &'w QueuedMessage> {
    let disks = case.world.hosts().filter_map(|node| Some((node, case.world.disk(node)?)));
    let queues = disks.filter_map(|(node, disk)| Some((node, disk.queue_if_any()?)));
    queues
        .flat_map(|(node, queue)| {
            queue.iter().map(move |message| ((node, message.id.as_str()), message))
        })
        .collect()
}

impl End<'_> {
    fn is_for(&self, recipient: &str) -> bool {
        self.recipient.eq_ignore_ascii_case(recipient)
    }
}

/// In which way a recipient is lost, if it is.
fn lost(
    case: &Case<'_>,
    mail: &Queued<'_>,
    recipient: &str,
    on_disk: Option<&QueuedMessage>,
) -> Option<String> {
    let mut is_done = false;
    for end in mail.ends.iter().filter(|end| end.is_for(recipient)) {
        match end.note {
            Note::Delivered { .. } | Note::Relayed { .. } => is_done = true,
            Note::Forwarded { to, forward_queue_id, .. } => {
                let Some(forward) = case.mails().find(mail.node, forward_queue_id) else {
                    return Some(format!("sent on as {forward_queue_id}, which was never queued"));
                };
                let on = case.mails().all[forward].recipients;
                if let Some(left_out) = to.iter().find(|to| !on.contains(to)) {
                    return Some(format!("sent on to {left_out}, who is no recipient of it"));
                }
                is_done = true;
            }
            Note::Bounced { report: Some(report), .. } => {
                if case.mails().find(mail.node, report).is_none() {
                    return Some(format!("reported on as {report}, which was never queued"));
                }
                is_done = true;
            }
            Note::Bounced { report: None, .. } => {
                if !somebody_wants_no_reports(case) {
                    return Some("failed without a report, which the sender wants".to_owned());
                }
                is_done = true;
            }
            Note::Discarded { reason, .. } => {
                let is_report = mail.sender.is_empty() || mail.sender.starts_with("double-bounce@");
                let is_configured =
                    case.mta(mail.node).is_some_and(|mta| mta.transports.discards_as(reason));
                if !is_report && !is_configured {
                    return Some(format!("thrown away ({reason}), and nobody is told"));
                }
                is_done = true;
            }
            _ => {}
        }
    }
    let is_waiting = on_disk.is_some_and(|message| {
        message.recipients.iter().any(|queued| {
            let is_open =
                matches!(queued.state, RecipientState::Pending(_) | RecipientState::Failed(_));
            is_open && queued.address.as_str().eq_ignore_ascii_case(recipient)
        })
    });
    if is_done || is_waiting {
        return None;
    }
    Some(match (on_disk, mail.removed) {
        (Some(_), _) => "the queue does not know of this recipient any more".to_owned(),
        (None, Some(_)) => "it left the queue without an end for this recipient".to_owned(),
        (None, None) => {
            let times = match case.world.crashes(mail.node) {
                0 => String::new(),
                1 => ", which has crashed once".to_owned(),
                times => format!(", which has crashed {times} times"),
            };
            format!("neither delivered, nor reported on, nor in the queue of the host{times}")
        }
    })
}

/// Whether some RCPT had a NOTIFY that leaves failures out (RFC 3461 §4.1).
fn somebody_wants_no_reports(case: &Case<'_>) -> bool {
    let commands = Entries::of_connections(case.world, Protocol::Smtp)
        .filter(|entry| entry.kind == "command")
        .map(|entry| entry.text.to_ascii_uppercase());
    commands
        .filter(|line| line.starts_with("RCPT"))
        .filter_map(|line| Some(line.split_once(" NOTIFY=")?.1.to_owned()))
        .any(|notify| !notify.split(' ').next().unwrap_or_default().contains("FAILURE"))
}

/// What was put into a mailbox and is not there, though nobody deletes anything on that host and the
/// mailbox keeps all.
fn shelved(case: &Case<'_>, broken: &mut Vec<Broken>) {
    let mut cleaned: Option<BTreeSet<NodeId>> = None;
    for mail in &case.mails().all {
        for end in &mail.ends {
            let Note::Delivered { account, mailbox, uid, .. } = end.note else { continue };
            let store = case.world.disk(mail.node).and_then(|disk| disk.mail_if_any());
            let is_there = store.is_some_and(|store| {
                let of_login = store.accounts().find(|(_, one)| one.login() == account);
                if of_login.is_some_and(|(_, one)| one.retention().latest.is_some()) {
                    return true;
                }
                let named = MailboxName::new(mailbox).ok();
                let mailbox = of_login
                    .zip(named)
                    .and_then(|((account, _), name)| store.mailbox_named(account, &name));
                mailbox.is_some_and(|mailbox| {
                    mailbox.messages().binary_search_by_key(uid, |one| one.uid.get()).is_ok()
                })
            });
            if is_there {
                continue;
            }
            if cleaned.get_or_insert_with(|| cleaned_hosts(case)).contains(&mail.node) {
                continue;
            }
            let what = format!(
                "{} was put into {mailbox} of {account} as UID {uid}; it is not there, and nobody \
                 deleted anything",
                mail.told()
            );
            broken.push(case.broken(Law::Conservation, end.at, mail.node, what, &[end.record]));
        }
    }
}

/// The hosts on which somebody has deleted messages or mailboxes.
fn cleaned_hosts(case: &Case<'_>) -> BTreeSet<NodeId> {
    let deletes = |text: &str| {
        let words = text.split(' ').take(3).map(str::to_ascii_uppercase).collect::<Vec<_>>();
        words.iter().any(|word| DELETES.contains(&word.as_str()))
    };
    let sessions = [Protocol::Imap, Protocol::Pop3]
        .into_iter()
        .flat_map(|protocol| Entries::of_connections(case.world, protocol));
    sessions
        .filter(|entry| entry.kind == "command" && deletes(&entry.text))
        .map(|entry| entry.id.node)
        .collect()
}

/// Commands of IMAP and POP3 that end messages.
const DELETES: &[&str] = &["EXPUNGE", "CLOSE", "MOVE", "DELETE", "RENAME", "DELE"];

/// What a client has written, and neither sent, nor been refused, nor kept.
fn submitted(case: &Case<'_>, broken: &mut Vec<Broken>) {
    let mut ended: BTreeSet<(NodeId, &str)> = BTreeSet::new();
    for record in case.world.history() {
        if let Some(Note::Submitted { message_id, .. } | Note::NotSubmitted { message_id, .. }) =
            record.note()
        {
            ended.insert((record.id.node, message_id));
        }
    }
    for record in case.world.history() {
        let Some(Note::Composed { message_id, .. }) = record.note() else { continue };
        let node = record.id.node;
        // A generator of load keeps what waits in memory alone.
        let is_load = || case.world.disk(node).is_some_and(|disk| disk.tally_if_any().is_some());
        if message_id.is_empty() || ended.contains(&(node, message_id)) || is_load() {
            continue;
        }
        let outbox = case.world.disk(node).and_then(|disk| disk.outbox_if_any());
        let is_kept = outbox.is_some_and(|outbox| {
            outbox.iter().any(|letter| {
                let own = Header::new(&letter.data).text("Message-ID");
                own.is_some_and(|own| own.trim() == message_id)
            })
        });
        if !is_kept {
            let what = format!("{message_id} was written, and is neither sent, refused nor kept");
            broken.push(case.broken(Law::Conservation, record.time, node, what, &[record.id]));
        }
    }
}

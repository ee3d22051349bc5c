//! Expectations of messages: where they lie, how they got there, what was reported.

use std::time::Duration;

use crate::engine::SimTime;
use crate::proto::imap::{Flags, SystemFlag};
use crate::proto::mail::delivery_status::{Action, DeliveryStatus};
use crate::proto::mail::{Header, Message};
use crate::report::summary::Outcome;
use crate::report::transcript::text::Seconds;
use crate::scenario::plan::Count;
use crate::world::World;

use super::Finding;
use super::evidence::{Evidence, Wanted};
use super::words::{counted, list};

/// What the delivery of a mail must be like.
pub(super) struct WantedDelivery<'p> {
    pub(super) within: Option<Duration>,
    pub(super) after: Option<Duration>,
    pub(super) copies: Count,
    pub(super) octets_equal: bool,
    /// Names of fields, each with text that one of that name must have.
    pub(super) header: &'p [(String, String)],
}

pub(super) fn delivered(
    evidence: &Evidence<'_>,
    mail: &str,
    to: &str,
    wanted: &WantedDelivery<'_>,
) -> Finding {
    let WantedDelivery { within, after: least, copies, octets_equal, header } = *wanted;
    let users = evidence.users(to);
    Finding::all(users.iter().map(|user| {
        let delivery = Delivery::of(evidence, mail, user);
        let why = format!("{user} got {}{}", counted(delivery.copies, "copy"), delivery.told);
        let in_time = match (within, delivery.after) {
            (Some(within), Some(after)) => after <= within,
            (Some(_), None) => delivery.copies == 0 && copies.holds(0),
            (None, _) => true,
        };
        let too_early = least > delivery.after.filter(|_| delivery.copies > 0);
        if !copies.holds(delivery.copies) || !in_time || too_early {
            return Finding::new(false, why);
        }
        if octets_equal && delivery.copies > 0 {
            let Finding { holds, why: equal } = is_unchanged(evidence, mail, user);
            return Finding::new(holds, format!("{why}, {equal}"));
        }
        if delivery.copies > 0
            && let Some(missing) = missing_field(evidence, mail, user, header)
        {
            return Finding::new(false, format!("{why}, {missing}"));
        }
        Finding::new(true, why)
    }))
}

pub(super) fn not_delivered(evidence: &Evidence<'_>, mail: &str, to: &str) -> Finding {
    let users = evidence.users(to);
    Finding::all(users.iter().map(|user| {
        let Delivery { copies, told, .. } = Delivery::of(evidence, mail, user);
        Finding::new(copies == 0, format!("{user} got {}{told}", counted(copies, "copy")))
    }))
}

/// How often a mail was put into a user's mailboxes. It may have been deleted since.
struct Delivery {
    copies: u64,
    /// How long after it was composed.
    after: Option<Duration>,
    /// The story, after what was counted.
    told: String,
}

impl Delivery {
    fn of(evidence: &Evidence<'_>, mail: &str, user: &str) -> Delivery {
        let Some(followed) = evidence.followed(mail) else {
            let wanted = evidence.mail(mail);
            let stored = evidence.messages_of(user);
            let copies = stored.iter().filter(|one| wanted.is(one.data()));
            let told = match wanted.message_id() {
                Some(_) => format!("; {mail} was never sent"),
                None => String::new(),
            };
            return Delivery { copies: copies.count() as u64, after: None, told };
        };
        // Under whatever address: the user's own, one with a detail, or one that nobody else has.
        let is_users = |outcome: &Outcome| matches!(outcome, Outcome::Delivered { account, .. } if account.eq_ignore_ascii_case(user));
        let under_others = followed.recipients.iter().filter(|one| is_users(&one.outcome));
        let under_others = under_others.filter(|one| !one.address.eq_ignore_ascii_case(user));
        let (mut copies, mut after, mut outcome) = (0, None, None);
        for recipient in followed.recipient(user).into_iter().chain(under_others) {
            copies += u64::from(recipient.copies);
            outcome.get_or_insert(&recipient.outcome);
            if let Outcome::Delivered { latency_ns, .. } = recipient.outcome {
                after.get_or_insert(Duration::from_nanos(latency_ns));
            }
        }
        let told = match (after, outcome) {
            (Some(after), _) => {
                let after = SimTime::ZERO + after;
                format!(", after {} s", Seconds(after))
            }
            (None, Some(outcome)) => format!("; {mail} is {outcome}"),
            (None, None) => format!("; no MTA knows of {mail} for this recipient"),
        };
        Delivery { copies, after, told }
    }
}

/// What the copy in a user's mailboxes lacks of these fields.
fn missing_field(
    evidence: &Evidence<'_>,
    mail: &str,
    user: &str,
    wanted: &[(String, String)],
) -> Option<String> {
    let mail = evidence.mail(mail);
    let stored = evidence.messages_of(user).into_iter().find(|one| mail.is(one.data()));
    let Some(stored) = stored else {
        let gone = "which is no longer there to be looked at".to_owned();
        return (!wanted.is_empty()).then_some(gone);
    };
    let fields = |name: &str| -> Vec<String> {
        let fields = Header::new(stored.data()).all(name);
        fields.map(|field| collapsed(&field.text())).collect()
    };
    let (name, _) = wanted.iter().find(|(name, text)| {
        let text = collapsed(text);
        !fields(name).iter().any(|value| value.contains(&text))
    })?;
    Some(match fields(name).as_slice() {
        [] => format!("which has no field {name}"),
        found => format!("with {name}: {}", list(found)),
    })
}

/// Whether the copy in a user's mailboxes is what was sent, but for trace fields put on top.
///
/// Of a composed message, which the client alone knows, the size is compared.
fn is_unchanged(evidence: &Evidence<'_>, mail: &str, user: &str) -> Finding {
    let wanted = evidence.mail(mail);
    let Some(stored) = evidence.messages_of(user).into_iter().find(|one| wanted.is(one.data()))
    else {
        return Finding::new(false, "which is no longer there to be compared");
    };
    if let Some(octets) = wanted.octets() {
        return compare(stored.data(), octets);
    }
    let rest = without_trace(stored.data());
    let sent = evidence.followed(mail).map_or(0, |followed| followed.octets);
    let why = format!("of {} octets where {sent} were sent", rest.len());
    Finding::new(rest.len() == sent, why)
}

/// Whether a stored message is what was sent, with nothing but trace fields on top. The message that
/// was sent may begin with trace fields of its own.
fn compare(stored: &[u8], sent: &[u8]) -> Finding {
    // SMTP ends every message with a line end.
    let stored = stored.strip_suffix(b"\r\n").unwrap_or(stored);
    let sent = sent.strip_suffix(b"\r\n").unwrap_or(sent);
    let (on_top, rest) = stored.split_at(stored.len().saturating_sub(sent.len()));
    if rest != sent {
        let at = rest.iter().zip(sent).take_while(|(got, sent)| got == sent).count();
        return Finding::new(false, format!("which differs from what was sent at octet {at}"));
    }
    let holds = without_trace(on_top).is_empty();
    let why =
        if holds { "octet for octet what was sent" } else { "with other than trace fields on top" };
    Finding::new(holds, why)
}

/// The message without the trace fields at its top.
fn without_trace(data: &[u8]) -> &[u8] {
    let trace: usize = Header::new(data)
        .fields()
        .take_while(|field| TRACE.iter().any(|name| field.is(name)))
        .map(|field| field.octets().len())
        .sum();
    &data[trace..]
}

/// What servers put on top (RFC 5321 §4.4, RFC 9228, RFC 8601 §4, RFC 7208 §9.1, RFC 6376 §5.6), and
/// the mark for Junk.
const TRACE: &[&str] = &[
    "Return-Path",
    "Delivered-To",
    "Received",
    "Authentication-Results",
    "Received-SPF",
    "DKIM-Signature",
    "X-Spam-Flag",
];

/// What a report must be like.
pub(super) struct WantedBounce<'p> {
    pub(super) mail: Option<&'p str>,
    pub(super) recipient: Option<&'p str>,
    pub(super) action: Action,
    pub(super) status: Option<&'p str>,
    pub(super) by: Option<&'p str>,
    pub(super) contains: &'p [String],
}

pub(super) fn bounces(
    evidence: &Evidence<'_>,
    to: &str,
    wanted: &WantedBounce<'_>,
    count: Count,
) -> Finding {
    let about = wanted.mail.map(|mail| evidence.mail(mail));
    let (mut fitting, mut others) = (0, Vec::new());
    for user in evidence.users(to) {
        let Some(inbox) = evidence.mailbox(&user, "INBOX") else { continue };
        for stored in inbox.messages() {
            let Some(status) = DeliveryStatus::find(stored.data()) else { continue };
            if wanted.fits(&status, stored.data(), about) {
                fitting += 1;
            } else {
                others.extend(status.recipients.iter().map(|recipient| {
                    let (reporter, to) = (&status.reporting_mta, &recipient.final_recipient);
                    let (action, status) = (recipient.action, recipient.status);
                    format!("one by {reporter} for {to}: {action} with {status}")
                }));
            }
        }
    }
    let mut why = format!("{to} has {}", counted(fitting, "such report"));
    if !count.holds(fitting) && !others.is_empty() {
        why += &format!("; there is {}", list(&others));
    }
    Finding::new(count.holds(fitting), why)
}

impl WantedBounce<'_> {
    fn fits(&self, status: &DeliveryStatus, data: &[u8], about: Option<Wanted<'_>>) -> bool {
        let names = |about: Wanted<'_>| match (about.message_id(), about.octets()) {
            (Some(id), _) => {
                memchr::memmem::find(Message::parse(data).body(), id.as_bytes()).is_some()
            }
            (None, Some(octets)) => memchr::memmem::find(data, octets).is_some(),
            (None, None) => false,
        };
        let text = collapsed(&String::from_utf8_lossy(data));
        about.is_none_or(names)
            && self.by.is_none_or(|by| status.reporting_mta.eq_ignore_ascii_case(by))
            && self.contains.iter().all(|part| text.contains(&collapsed(part)))
            && status.recipients.iter().any(|recipient| {
                recipient.action == self.action
                    && self
                        .recipient
                        .is_none_or(|to| recipient.final_recipient.eq_ignore_ascii_case(to))
                    && self.status.is_none_or(|status| recipient.status.to_string() == status)
            })
    }
}

/// White space, folds among it, as single spaces.
fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(super) fn mailbox(
    evidence: &Evidence<'_>,
    user: &str,
    name: &str,
    messages: Count,
    unseen: Count,
    mail: Option<(&str, &[String])>,
) -> Finding {
    let Some(mailbox) = evidence.mailbox(user, name) else {
        return Finding::new(false, format!("{user} has no mailbox {name}"));
    };
    let stored = mailbox.messages();
    let (all, new) =
        (stored.len() as u64, stored.iter().filter(|one| !is_seen(&one.flags)).count());
    let new = new as u64;
    let counts = format!("{name} holds {}, {new} of them unseen", counted(all, "message"));
    let counts = Finding::new(messages.holds(all) && unseen.holds(new), counts);
    let Some((mail, flags)) = mail else { return counts };
    let wanted = evidence.mail(mail);
    let held = match stored.iter().find(|one| wanted.is(one.data())) {
        None => Finding::new(false, format!("{mail} is not in {name}")),
        Some(one) => {
            let missing = flags.iter().any(|flag| !has_flag(&one.flags, flag));
            Finding::new(!missing, format!("{mail} has the flags ({})", one.flags))
        }
    };
    Finding::all([counts, held])
}

fn is_seen(flags: &Flags) -> bool {
    flags.system().any(|flag| flag == SystemFlag::Seen)
}

fn has_flag(flags: &Flags, wanted: &str) -> bool {
    match SystemFlag::parse(wanted) {
        Some(wanted) => flags.system().any(|flag| flag == wanted),
        None => flags.contains_keyword(wanted),
    }
}

pub(super) fn queue(evidence: &Evidence<'_>, host: Option<&str>, messages: Count) -> Finding {
    let world = evidence.world;
    let queued: Vec<_> = world
        .hosts()
        .filter(|node| host.is_none_or(|host| world.name(*node) == host))
        .filter_map(|node| Some((node, world.disk(node)?.queue_if_any()?.len())))
        .filter(|(_, length)| *length > 0)
        .collect();
    let all = queued.iter().map(|(_, length)| *length as u64).sum();
    let mut why = format!("{} queued", counted(all, "message"));
    if host.is_none() && !queued.is_empty() {
        let each: Vec<_> = queued
            .iter()
            .map(|(node, length)| format!("{length} on {}", World::name(world, *node)))
            .collect();
        why += &format!(": {}", list(&each));
    }
    Finding::new(messages.holds(all), why)
}

pub(super) fn path(evidence: &Evidence<'_>, mail: &str, to: &str, hosts: &[String]) -> Finding {
    let wanted = evidence.mail(mail);
    let users = evidence.users(to);
    Finding::all(users.iter().map(|user| {
        let stored = evidence.messages_of(user).into_iter().find(|one| wanted.is(one.data()));
        let Some(stored) = stored else {
            return Finding::new(false, format!("{mail} is in no mailbox of {user}"));
        };
        let mut taken: Vec<_> = Header::new(stored.data())
            .all("Received")
            .filter_map(|field| received_by(&field.text()))
            .collect();
        taken.reverse();
        let equal = taken.len() == hosts.len()
            && taken.iter().zip(hosts).all(|(taken, host)| taken.eq_ignore_ascii_case(host));
        Finding::new(equal, format!("it went to {user} by {}", taken.join(", ")))
    }))
}

/// The host in the `by` clause of a Received field, comments left out (RFC 5321 §4.4).
fn received_by(field: &str) -> Option<String> {
    let mut depth = 0_usize;
    let plain: String = field
        .chars()
        .filter(|character| {
            match character {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => return depth == 0,
            }
            false
        })
        .collect();
    let mut words = plain.split_whitespace();
    words.find(|word| word.eq_ignore_ascii_case("by"))?;
    words.next().map(|host| host.trim_end_matches(';').to_owned())
}

pub(super) fn attempts(
    evidence: &Evidence<'_>,
    mail: &str,
    from: Option<&str>,
    count: Count,
) -> Finding {
    let Some(followed) = evidence.followed(mail) else {
        return Finding::new(
            count.holds(0),
            format!("{mail} was never sent, or has no Message-ID"),
        );
    };
    let tried = followed
        .path
        .iter()
        .filter(|hop| from.is_none_or(|from| hop.host == from))
        .map(|hop| u64::from(hop.attempts))
        .sum();
    Finding::new(count.holds(tried), counted(tried, "attempt"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_by_clause_is_found_outside_comments() {
        let by = |field: &str| received_by(field);
        let field = "from a.example (by chance [192.0.2.1]) by mx.example.com (x) with ESMTP id Q1";
        assert_eq!(by(field).as_deref(), Some("mx.example.com"));
        assert_eq!(by("by mx.example.com; Mon, 5 Jan 2026").as_deref(), Some("mx.example.com"));
        assert_eq!(by("from nowhere"), None);
        assert_eq!(by("by"), None);
    }

    #[test]
    fn trace_fields_are_taken_off_the_top_alone() {
        let data =
            b"Return-Path: <>\r\nReceived: by a\r\n  more\r\nSubject: x\r\nReceived: y\r\n\r\nz";
        assert_eq!(without_trace(data), b"Subject: x\r\nReceived: y\r\n\r\nz");
    }
}

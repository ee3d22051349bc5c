//! Notes in words.

use std::time::Duration;

use crate::proto::tls::{Handshake, PeerCertificate};
use crate::world::Note;

use super::text::{Seconds, escaped};

/// The kind of a note in one stable word, and what it says. Control characters are escaped, since
/// peers have their say in replies and addresses.
pub(super) fn in_words(note: &Note) -> (&'static str, String) {
    let (kind, text) = words(note);
    (kind, escaped(text))
}

fn words(note: &Note) -> (&'static str, String) {
    match note {
        Note::Composed { message_id, from, recipients, octets } => {
            let (from, to) = (path(from), recipients.join(", "));
            ("composed", format!("composed {message_id}: {from} → {to}, {octets} octets"))
        }
        Note::Submitted { message_id, reply } => {
            ("submitted", format!("submitted {message_id}: {reply}"))
        }
        Note::NotSubmitted { message_id, recipients, reply } => {
            let to = recipients.join(", ");
            ("not_submitted", format!("could not submit {message_id} to {to}: {reply}"))
        }
        Note::Accepted { queue_id, message_id, sender, recipients, octets, from } => {
            let (sender, to) = (path(sender), recipients.join(", "));
            let text = format!(
                "accepted {queue_id} from {from}: {sender} → {to}, {octets} octets, {message_id}"
            );
            ("accepted", text)
        }
        Note::Refused { sender, recipient, rules, rule, reply } => {
            let (whom, before) = (sender_to(sender, recipient), before(rules));
            ("refused", format!("refused {whom}, since {rule}: {reply}{before}"))
        }
        Note::Permitted { sender, recipient, rules, reported_since } => {
            let (whom, before) = (sender_to(sender, recipient), before(rules));
            let text = match reported_since {
                None => format!("permitted {whom}{before}"),
                Some(rule) => format!("permitted {whom}, to be reported on, since {rule}{before}"),
            };
            ("permitted", text)
        }
        Note::Routed { queue_id, domain, exchanges } => {
            let exchanges =
                if exchanges.is_empty() { "nowhere".to_owned() } else { exchanges.join(", ") };
            ("routed", format!("route of {queue_id} for {domain}: {exchanges}"))
        }
        Note::Relayed { queue_id, recipient, to, reply } => {
            ("relayed", format!("relayed {queue_id} for {recipient} to {to}: {reply}"))
        }
        Note::Deferred { queue_id, recipient, attempt, reason, until } => {
            let until = Seconds(*until);
            let text = format!(
                "deferred {queue_id} for {recipient} until {until} after attempt {attempt}: {reason}"
            );
            ("deferred", text)
        }
        Note::Delivered { queue_id, message_id, recipient, account, mailbox, uid } => {
            let text = format!(
                "delivered {queue_id} for {recipient} to {account} {mailbox} uid {uid}, {message_id}"
            );
            ("delivered", text)
        }
        Note::Bounced { queue_id, recipient, status, reason, report } => {
            let report = match report {
                Some(report) => format!("; reported by {report}"),
                None => "; nobody is told".to_owned(),
            };
            ("bounced", {
                let reason = with_status(status, reason);
                format!("bounced {queue_id} for {recipient}: {reason}{report}")
            })
        }
        Note::Notified { queue_id, notice, recipients, to, report } => {
            let about = recipients.join(", ");
            ("notified", format!("{notice} of {queue_id} for {about}: {report} to {to}"))
        }
        Note::Forwarded { queue_id, recipient, to, forward_queue_id } => {
            let to = to.join(", ");
            let text =
                format!("forwarded {queue_id} from {recipient} to {to} by {forward_queue_id}");
            ("forwarded", text)
        }
        Note::AutoReplied { queue_id, recipient, to, reply_queue_id } => {
            let text = format!("{recipient} replies to {queue_id} of {to} by {reply_queue_id}");
            ("auto_replied", text)
        }
        Note::Discarded { queue_id, recipient, reason } => {
            ("discarded", format!("discarded {queue_id} for {recipient}: {reason}"))
        }
        Note::Removed { queue_id } => ("removed", format!("removed {queue_id} from the queue")),
        Note::Fetched { account, mailbox, uid, message_id, octets } => {
            let text = format!("{account} got {mailbox} uid {uid}, {octets} octets, {message_id}");
            ("fetched", text)
        }
        Note::Saw { account, mailbox, messages, .. } => {
            let text = match messages {
                0 => format!("{account} sees {mailbox} empty"),
                1 => format!("{account} sees 1 message in {mailbox}"),
                _ => format!("{account} sees {messages} messages in {mailbox}"),
            };
            ("saw", text)
        }
        Note::ClientFailed { action, reason, .. } => {
            ("client_failed", format!("could not {action}: {reason}"))
        }
        Note::CacheHit { qname, qtype, rcode, left } => {
            let left = duration(*left);
            ("cache_hit", format!("cache hit {qtype} {qname} {rcode}, {left} left"))
        }
        Note::CacheMiss { qname, qtype } => ("cache_miss", format!("cache miss {qtype} {qname}")),
        Note::Resolved { qname, qtype, rcode, answers } => {
            let answers = answers.join(", ");
            let sign = if answers.is_empty() { "" } else { ": " };
            ("resolved", format!("resolved {qtype} {qname} {rcode}{sign}{answers}"))
        }
        Note::Misbehaved { qname, qtype, answer, delay } => {
            let late = match delay.as_millis() {
                0 => String::new(),
                millis => format!(" after {millis} ms"),
            };
            ("misbehaved", format!("misbehaves as told: {answer}{late} to {qtype} {qname}"))
        }
        Note::SmtpMisbehaved { rule, moment, sender, recipient, deed } => {
            let sender = sender.as_ref().map(|sender| format!(" of {}", path(sender)));
            let to = recipient.as_ref().map(|recipient| format!(" for {recipient}"));
            let whose = sender.unwrap_or_default() + &to.unwrap_or_default();
            ("misbehaved", format!("misbehaves as told by {rule}: at {moment}{whose}, {deed}"))
        }
        Note::Unsaid { moment, reply, rule } => {
            ("unsaid", format!("never says, as told by {rule}, at {moment}: {reply}"))
        }
        Note::AccessMisbehaved { rule, moment, user, deed, .. } => {
            let whose = user.as_ref().map(|user| format!(" of {user}")).unwrap_or_default();
            ("misbehaved", format!("misbehaves as told by {rule}: at {moment}{whose}, {deed}"))
        }
        Note::Rebuilt { account, mailbox, uid_validity } => {
            let text = format!(
                "lost the index of {account} {mailbox}: all UIDs are new, under UIDVALIDITY {uid_validity}"
            );
            ("rebuilt", text)
        }
        Note::Secured { server, handshake } => {
            let Handshake { version, cipher, cipher_bits, certificate } = &**handshake;
            let mut text =
                format!("TLS with {server}: {version} with cipher {cipher} ({cipher_bits} bits)");
            if let Some(PeerCertificate { names, issuer, verdict, .. }) = certificate {
                let names = names.join(", ");
                text += &format!(", certificate for {names} by {issuer}: {verdict}");
            }
            ("secured", text)
        }
        Note::NotSecured { server: Some(server), reason } => {
            ("not_secured", format!("no TLS with {server}: {reason}"))
        }
        Note::NotSecured { server: None, reason } => {
            ("not_secured", format!("no TLS with the client: {reason}"))
        }
        Note::Remark(text) => ("remark", text.clone()),
    }
}

/// The reverse-path, `<>` where it is null.
pub(crate) fn path(sender: &str) -> &str {
    if sender.is_empty() { "<>" } else { sender }
}

/// Who, and to whom where that is known.
fn sender_to(sender: &str, recipient: &str) -> String {
    let arrow = if recipient.is_empty() { "" } else { " → " };
    format!("{}{arrow}{recipient}", path(sender))
}

/// What the rules said that were asked.
fn before(rules: &[String]) -> String {
    if rules.is_empty() { String::new() } else { format!(" [{}]", rules.join("; ")) }
}

/// The reason, after the enhanced status code unless it is in there already, as in a whole reply.
pub(crate) fn with_status(status: &str, reason: &str) -> String {
    if reason.contains(status) { reason.to_owned() } else { format!("{status} {reason}") }
}

/// Whole seconds, as TTLs are.
fn duration(time: Duration) -> String {
    format!("{} s", time.as_secs())
}

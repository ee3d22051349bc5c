//! Entries as JSON: one object a line, keys in a fixed order.

use serde_json::{Map, Value, json};

use crate::proto::dns;
use crate::proto::mail::DateTime;
use crate::proto::tls::CertificateVerdict;
use crate::world::{Note, RecordId, World};

use super::entry::{Entry, Facts};

/// The entry as an object.
pub(super) fn object(world: &World, entry: &Entry<'_>) -> Map<String, Value> {
    let mut object = fields(json!({
        "time_ns": entry.time.as_nanos(),
        "id": name_of(world, entry.id),
        "cause": entry.cause.map(|cause| name_of(world, cause)),
        "from": entry.from,
        "to": entry.to,
        "protocol": entry.protocol.to_string().to_ascii_lowercase(),
        "kind": entry.kind,
        "text": entry.text,
    }));
    if entry.encrypted {
        object.insert("tls".to_owned(), json!(true));
    }
    if !entry.details.is_empty() {
        object.insert("details".to_owned(), json!(entry.details));
    }
    object.append(&mut facts(&entry.facts));
    object
}

/// `mx1.example.com/17`
pub(in crate::report) fn name_of(world: &World, id: RecordId) -> String {
    format!("{}/{}", world.name(id.node), id.count)
}

fn fields(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

fn facts(facts: &Facts<'_>) -> Map<String, Value> {
    fields(match facts {
        Facts::None => return Map::new(),
        Facts::Dns(message) => json!({ "dns": dns_message(message) }),
        Facts::Reply { code, lines } => json!({ "reply": { "code": code, "lines": lines } }),
        Facts::Message { octets, header } => {
            let header: Vec<_> = header
                .iter()
                .map(|(name, value)| json!({ "name": name, "value": value }))
                .collect();
            json!({ "message": { "octets": octets, "header": header } })
        }
        Facts::Octets { octets } => json!({ "octets": octets }),
        Facts::Connection { client, server, closed } => json!({ "connection": {
            "client": client.to_string(),
            "server": server.to_string(),
            "closed": closed.map(|reason| reason.to_string()),
        } }),
        Facts::Lost { at, why, octets, port } => json!({ "lost": {
            "at": at, "why": why.to_string(), "octets": octets, "port": port,
        } }),
        Facts::Resent { why, octets, port, sequence } => json!({ "resent": {
            "why": why.to_string(), "octets": octets, "port": port, "sequence": sequence,
        } }),
        Facts::Note(told) => json!({ "note": note(told) }),
    })
}

fn dns_message(message: &dns::Message) -> Value {
    let questions: Vec<_> = message.questions.iter().map(ToString::to_string).collect();
    let flags = message.flags;
    let set: Vec<_> = [
        (flags.aa, "aa"),
        (flags.tc, "tc"),
        (flags.rd, "rd"),
        (flags.ra, "ra"),
        (flags.ad, "ad"),
        (flags.cd, "cd"),
    ]
    .iter()
    .filter_map(|(set, name)| set.then_some(*name))
    .collect();
    let section =
        |records: &[dns::Record]| -> Vec<_> { records.iter().map(ToString::to_string).collect() };
    json!({
        "id": message.id,
        "opcode": message.opcode.to_string(),
        "rcode": message.flags.qr.then(|| message.rcode.to_string()),
        "flags": set,
        "edns": message.edns.as_ref().map(ToString::to_string),
        "questions": questions,
        "answers": section(&message.answers),
        "authorities": section(&message.authorities),
        "additionals": section(&message.additionals),
    })
}

fn note(note: &Note) -> Value {
    match note {
        Note::Composed { message_id, from, recipients, octets } => json!({
            "message_id": message_id, "from": from, "recipients": recipients, "octets": octets,
        }),
        Note::Submitted { message_id, reply } => {
            json!({ "message_id": message_id, "reply": reply })
        }
        Note::NotSubmitted { message_id, recipients, reply } => {
            json!({ "message_id": message_id, "recipients": recipients, "reply": reply })
        }
        Note::Accepted { queue_id, message_id, sender, recipients, octets, from } => json!({
            "queue_id": queue_id, "message_id": message_id, "sender": sender,
            "recipients": recipients, "octets": octets, "from": from,
        }),
        Note::Refused { sender, recipient, rules, rule, reply } => json!({
            "sender": sender, "recipient": recipient, "rules": rules, "rule": rule,
            "reply": reply,
        }),
        Note::Permitted { sender, recipient, rules, reported_since } => json!({
            "sender": sender, "recipient": recipient, "rules": rules,
            "reported_since": reported_since,
        }),
        Note::Routed { queue_id, domain, exchanges } => {
            json!({ "queue_id": queue_id, "domain": domain, "exchanges": exchanges })
        }
        Note::Relayed { queue_id, recipient, to, reply } => {
            json!({ "queue_id": queue_id, "recipient": recipient, "to": to, "reply": reply })
        }
        Note::Deferred { queue_id, recipient, attempt, reason, until } => json!({
            "queue_id": queue_id, "recipient": recipient, "attempt": attempt, "reason": reason,
            "until_ns": until.as_nanos(),
        }),
        Note::Delivered { queue_id, message_id, recipient, account, mailbox, uid } => json!({
            "queue_id": queue_id, "message_id": message_id, "recipient": recipient,
            "account": account, "mailbox": mailbox, "uid": uid,
        }),
        Note::Bounced { queue_id, recipient, status, reason, report } => json!({
            "queue_id": queue_id, "recipient": recipient, "status": status, "reason": reason,
            "report": report,
        }),
        Note::Notified { queue_id, notice, recipients, to, report } => json!({
            "queue_id": queue_id, "notice": notice, "recipients": recipients, "to": to,
            "report": report,
        }),
        Note::Forwarded { queue_id, recipient, to, forward_queue_id } => json!({
            "queue_id": queue_id, "recipient": recipient, "to": to,
            "forward_queue_id": forward_queue_id,
        }),
        Note::AutoReplied { queue_id, recipient, to, reply_queue_id } => json!({
            "queue_id": queue_id, "recipient": recipient, "to": to,
            "reply_queue_id": reply_queue_id,
        }),
        Note::Discarded { queue_id, recipient, reason } => {
            json!({ "queue_id": queue_id, "recipient": recipient, "reason": reason })
        }
        Note::Removed { queue_id } => json!({ "queue_id": queue_id }),
        Note::Fetched { account, mailbox, uid, message_id, octets } => json!({
            "account": account, "mailbox": mailbox, "uid": uid, "message_id": message_id,
            "octets": octets,
        }),
        Note::Saw { account, mailbox, messages, known } => {
            let known: Vec<_> = known
                .iter()
                .map(|(message_id, flags)| json!({ "message_id": message_id, "flags": flags }))
                .collect();
            json!({
                "account": account, "mailbox": mailbox, "messages": messages, "known": known,
            })
        }
        Note::ClientFailed { client, action, reason } => {
            json!({ "client": client, "action": action, "reason": reason })
        }
        Note::CacheHit { qname, qtype, rcode, left } => json!({
            "qname": qname, "qtype": qtype, "rcode": rcode, "left_secs": left.as_secs(),
        }),
        Note::CacheMiss { qname, qtype } => json!({ "qname": qname, "qtype": qtype }),
        Note::Resolved { qname, qtype, rcode, answers } => {
            json!({ "qname": qname, "qtype": qtype, "rcode": rcode, "answers": answers })
        }
        Note::Misbehaved { qname, qtype, answer, delay } => json!({
            "qname": qname, "qtype": qtype, "answer": answer,
            "delay_secs": delay.as_nanos() as f64 / 1e9,
        }),
        Note::SmtpMisbehaved { rule, moment, sender, recipient, deed } => json!({
            "rule": rule, "moment": moment, "sender": sender, "recipient": recipient, "deed": deed,
        }),
        Note::Unsaid { moment, reply, rule } => {
            json!({ "moment": moment, "reply": reply, "rule": rule })
        }
        Note::AccessMisbehaved { rule, protocol, moment, user, deed } => json!({
            "rule": rule, "protocol": protocol, "moment": moment, "user": user, "deed": deed,
        }),
        Note::Rebuilt { account, mailbox, uid_validity } => {
            json!({ "account": account, "mailbox": mailbox, "uid_validity": uid_validity })
        }
        Note::Secured { server, handshake } => {
            let certificate = handshake.certificate.as_ref().map(|certificate| {
                json!({
                    "names": certificate.names, "issuer": certificate.issuer,
                    "not_before": DateTime::utc(certificate.not_before).rfc3339().to_string(),
                    "not_after": DateTime::utc(certificate.not_after).rfc3339().to_string(),
                    "verified": certificate.verdict == CertificateVerdict::Verified,
                    "verdict": certificate.verdict.to_string(),
                })
            });
            json!({
                "server": server, "version": handshake.version.to_string(),
                "cipher": handshake.cipher, "cipher_bits": handshake.cipher_bits,
                "certificate": certificate,
            })
        }
        Note::NotSecured { server, reason } => json!({ "server": server, "reason": reason }),
        Note::Remark(remark) => json!({ "remark": remark }),
    }
}

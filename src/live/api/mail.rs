//! Mailboxes and messages of a world, as the control API shows them.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::proto::imap::{Backend, MailboxName, Message};
use crate::proto::mail::charset::charset_text;
use crate::proto::mail::decode::{decode_body, decode_words};
use crate::proto::mail::{Content, Header, Part};
use crate::store::mailbox::MailStore;
use crate::world::World;

use super::super::http::Request;

/// A message and where it is.
pub(super) struct Found<'w> {
    pub(super) account: &'w str,
    pub(super) mailbox: &'w MailboxName,
    pub(super) message: &'w Message,
}

/// Which messages are meant: those that fit everything that is named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Filter {
    /// The address of the account.
    account: Option<String>,
    /// The name of the mailbox.
    mailbox: Option<String>,
    /// In From.
    from: Option<String>,
    /// In To, Cc or Delivered-To.
    to: Option<String>,
    /// In Subject.
    subject: Option<String>,
    /// The Message-ID, with or without angle brackets.
    message_id: Option<String>,
    /// Anywhere in header and text parts.
    contains: Option<String>,
}

/// The names of a filter in a query.
pub(super) const FILTER: [&str; 7] =
    ["account", "mailbox", "from", "to", "subject", "message_id", "contains"];

impl Filter {
    pub(super) fn of(request: &Request) -> Self {
        let get = |name: &str| request.get(name).map(ToOwned::to_owned);
        Filter {
            account: get("account"),
            mailbox: get("mailbox"),
            from: get("from"),
            to: get("to"),
            subject: get("subject"),
            message_id: get("message_id"),
            contains: get("contains"),
        }
    }

    fn fits(&self, message: &Message) -> bool {
        let header = message.structure().header_in(message.data());
        let has = |names: &[&str], wanted: &Option<String>| match wanted {
            None => true,
            Some(wanted) => names.iter().any(|name| {
                header.all(name).any(|field| contains(&decode_words(&field.value()), wanted))
            }),
        };
        let bare = |id: &str| id.trim().trim_matches(['<', '>']).to_owned();
        has(&["From"], &self.from)
            && has(&["To", "Cc", "Delivered-To"], &self.to)
            && has(&["Subject"], &self.subject)
            && self.message_id.as_ref().is_none_or(|wanted| {
                header.text("Message-ID").is_some_and(|id| bare(&id) == bare(wanted))
            })
            && self.contains.as_ref().is_none_or(|wanted| {
                header.fields().any(|field| contains(&decode_words(&field.value()), wanted))
                    || texts(message).any(|(_, text)| contains(&text, wanted))
            })
    }

    /// The messages that fit, by account in the order of the scenario, mailbox and UID.
    pub(super) fn find<'w>(&self, world: &'w World) -> Vec<Found<'w>> {
        let mut found = Vec::new();
        for store in stores(world) {
            let only = self.account.as_ref().map(|address| store.account_of(address));
            for (id, account) in store.accounts() {
                if only.is_some_and(|only| only != Some(id)) {
                    continue;
                }
                for listed in account.names(store.separator()) {
                    let is_meant =
                        |name: &String| MailboxName::new(name).as_ref() == Ok(listed.name);
                    if !self.mailbox.as_ref().is_none_or(is_meant) {
                        continue;
                    }
                    let Some(mailbox) = listed.mailbox.and_then(|id| store.mailbox(id)) else {
                        continue;
                    };
                    let fitting = mailbox.messages().iter().filter(|message| self.fits(message));
                    found.extend(fitting.map(|message| Found {
                        account: account.login(),
                        mailbox: listed.name,
                        message,
                    }));
                }
            }
        }
        found
    }
}

/// The stores of all hosts that have mailboxes.
pub(super) fn stores(world: &World) -> impl Iterator<Item = &MailStore> {
    world.hosts().filter_map(|host| world.disk(host)?.mail_if_any())
}

/// Changes whenever a message comes to a mailbox.
pub(super) fn arrivals(world: &World) -> u64 {
    let mailboxes = stores(world).flat_map(|store| {
        let names = store.accounts().flat_map(|(_, account)| account.names(store.separator()));
        names.filter_map(|listed| store.mailbox(listed.mailbox?))
    });
    mailboxes.map(|mailbox| u64::from(mailbox.state().uid_next.get())).sum()
}

/// Every mailbox, of one account or of all.
pub(super) fn mailboxes(world: &World, account: Option<&str>) -> Value {
    let mut all = Vec::new();
    for store in stores(world) {
        let only = account.map(|address| store.account_of(address));
        for (id, account) in store.accounts() {
            if only.is_some_and(|only| only != Some(id)) {
                continue;
            }
            for listed in account.names(store.separator()) {
                let Some(mailbox) = listed.mailbox.and_then(|id| store.mailbox(id)) else {
                    continue;
                };
                let octets: usize =
                    mailbox.messages().iter().map(|message| message.data().len()).sum();
                let state = mailbox.state();
                all.push(json!({
                    "account": account.login(),
                    "mailbox": listed.name.as_str(),
                    "messages": mailbox.messages().len(),
                    "octets": octets,
                    "uid_next": state.uid_next.get(),
                    "uid_validity": state.uid_validity.to_string().parse::<u32>().unwrap_or(0),
                }));
            }
        }
    }
    Value::Array(all)
}

/// What a list has of a message.
pub(super) fn summary(found: &Found<'_>) -> Value {
    let message = found.message;
    let header = message.structure().header_in(message.data());
    let flags = message.flags.to_string();
    let flags: Vec<&str> =
        flags.trim_matches(['(', ')']).split(' ').filter(|flag| !flag.is_empty()).collect();
    json!({
        "account": found.account,
        "mailbox": found.mailbox.as_str(),
        "uid": message.uid.get(),
        "octets": message.data().len(),
        "flags": flags,
        "received": message.internal_date.rfc3339().to_string(),
        "from": text_of(header, "From"),
        "to": text_of(header, "To"),
        "cc": text_of(header, "Cc"),
        "subject": text_of(header, "Subject"),
        "date": text_of(header, "Date"),
        "message_id": text_of(header, "Message-ID"),
    })
}

/// Everything of a message but its octets.
pub(super) fn detail(found: &Found<'_>) -> Value {
    let message = found.message;
    let header = message.structure().header_in(message.data());
    let fields: Vec<Value> = header
        .fields()
        .map(|field| {
            let name = String::from_utf8_lossy(field.name());
            json!({ "name": name, "value": decode_words(&field.value()).trim() })
        })
        .collect();
    let text_like = |subtype: &str| {
        let mut texts = texts(message);
        texts.find(|(part, _)| part.content_type.is("text", subtype)).map(|(_, text)| text)
    };
    let attachments: Vec<Value> = leaves(message)
        .filter(|part| is_attachment(part))
        .map(|part| {
            let body = part.body_in(message.data());
            json!({
                "name": file_name(part),
                "content_type": kind_of(part),
                "octets": decode_body(&part.transfer_encoding, body).len(),
            })
        })
        .collect();
    let mut value = summary(found);
    value["header"] = Value::Array(fields);
    value["text"] = json!(text_like("plain"));
    value["html"] = json!(text_like("html"));
    value["attachments"] = Value::Array(attachments);
    value
}

fn text_of(header: Header<'_>, name: &str) -> Option<String> {
    header.field(name).map(|field| decode_words(&field.value()).trim().to_owned())
}

fn leaves(message: &Message) -> impl Iterator<Item = &Part> {
    message.structure().walk().filter(|part| matches!(part.content, Content::Leaf))
}

fn texts(message: &Message) -> impl Iterator<Item = (&Part, String)> {
    let texts = leaves(message).filter(|part| part.content_type.is_kind("text"));
    texts.filter(|part| !is_attachment(part)).map(|part| {
        let body = decode_body(&part.transfer_encoding, part.body_in(message.data()));
        let charset = part.content_type.parameters.get("charset").unwrap_or(Cow::Borrowed("utf-8"));
        (part, charset_text(charset.as_bytes(), &body).into_owned())
    })
}

fn is_attachment(part: &Part) -> bool {
    let is_set_apart = part
        .disposition
        .as_ref()
        .is_some_and(|disposition| disposition.kind.eq_ignore_ascii_case("attachment"));
    is_set_apart || !part.content_type.is_kind("text")
}

fn file_name(part: &Part) -> Option<String> {
    let disposed = part.disposition.as_ref().and_then(|of| of.parameters.get("filename"));
    let name = disposed.or_else(|| part.content_type.parameters.get("name"))?;
    Some(decode_words(name.as_bytes()).into_owned())
}

fn kind_of(part: &Part) -> String {
    let of = &part.content_type;
    format!("{}/{}", of.kind, of.subtype).to_ascii_lowercase()
}

/// Whether `wanted` stands in `text`, in any case.
fn contains(text: &str, wanted: &str) -> bool {
    text.to_lowercase().contains(&wanted.to_lowercase())
}

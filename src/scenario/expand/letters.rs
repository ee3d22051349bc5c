//! The mails that clients of the agenda send: from a file, or composed.

use bytes::Bytes;

use super::Expander;
use crate::proto::mail::header::Message;
use crate::proto::smtp::dsn::{encode_xtext, parse_envid};
use crate::proto::smtp::{DsnRequest, Notify, Ret};
use crate::scenario::finding::Path;
use crate::scenario::format::agenda as format;
use crate::scenario::plan::{Content, Mail, Plan, Service};

impl Expander<'_, '_, '_> {
    /// The message that a step writes, if it writes one.
    pub(super) fn plan_mail(&mut self, path: &Path<'_>, step: &format::Step, plan: &mut Plan) {
        let (path_of, id, send) = match (&step.send, &step.append) {
            (Some(send), _) => (path.at("send"), &send.id, send.clone()),
            (None, Some(append)) => {
                let send = format::Send {
                    subject: append.subject.clone(),
                    text: append.text.clone(),
                    eml: append.eml.clone(),
                    ..format::Send::default()
                };
                (path.at("append"), &append.id, send)
            }
            (None, None) => return,
        };
        let id = id.clone().unwrap_or_else(|| format!("mail-{}", plan.mails.len() + 1));
        let is_word = |octet: u8| octet.is_ascii_alphanumeric() || b"-_".contains(&octet);
        if id.is_empty() || !id.bytes().all(is_word) {
            let remedy = "letters, digits, \"-\" and \"_\": it becomes the Message-ID".to_owned();
            self.report.at(&path_of.at("id"), format!("{id:?} is no id"), remedy);
            return;
        }
        // The client itself is looked for when the step is planned; here silence is enough.
        let Some((client, host)) = step.client.as_deref().and_then(|client| {
            let first = plan.clients.keys().find(|name| {
                *name == client
                    || name.strip_prefix(client).is_some_and(|rest| rest.starts_with('/'))
            })?;
            Some((first.clone(), plan.clients[first].clone()))
        }) else {
            self.report.damage(path);
            return;
        };
        let user = plan.hosts[&host].services.iter().find_map(|service| match service {
            Service::Client(one) if one.name == client => Some(one.user.clone()),
            _ => None,
        });
        let from = match &send.from {
            Some(from) => self.address(&path_of.at("from"), from).unwrap_or_default(),
            None => user.unwrap_or_default(),
        };
        let [to, cc, bcc] =
            [("to", &send.to), ("cc", &send.cc), ("bcc", &send.bcc)].map(|(key, list)| {
                let path = path_of.at(key);
                let list = list.as_slice().iter().enumerate();
                list.filter_map(|(index, one)| self.address(&path.at(index), one))
                    .collect::<Vec<_>>()
            });
        let mut recipients: Vec<String> = Vec::new();
        for one in to.iter().chain(&cc).chain(&bcc) {
            if !recipients.contains(one) {
                recipients.push(one.clone());
            }
        }
        let named = [&send.to, &send.cc, &send.bcc].iter().any(|list| !list.as_slice().is_empty());
        if step.send.is_some() && !named {
            let remedy = "for example \"to\": \"bob@example.com\"".to_owned();
            self.report.at(&path_of, "a message to nobody", remedy);
        }
        let message_id;
        let content = match &send.eml {
            Some(file) => {
                for (key, there) in [
                    ("subject", send.subject.is_some()),
                    ("text", send.text.is_some()),
                    ("size", send.size.is_some()),
                    ("headers", !send.headers.is_empty()),
                ] {
                    if there {
                        let found = "a message from a file is sent as it is";
                        let remedy = format!("leave \"{key}\" or \"eml\" out");
                        self.report.at(&path_of.at(key), found, remedy);
                    }
                }
                let Some(octets) = self.read_file(&path_of.at("eml"), file) else {
                    self.report.damage(path);
                    return;
                };
                let octets = with_crlf(&octets);
                let header = Message::parse(&octets).header();
                message_id = header.text("Message-ID").map(|text| text.trim().to_owned());
                Content::File { path: file.clone(), octets }
            }
            None => {
                message_id = Some(format!("<{id}@{host}>"));
                let subject = send.subject.clone().unwrap_or_else(|| id.clone());
                self.one_line(&path_of.at("subject"), &subject);
                for (name, body) in &send.headers {
                    let path = path_of.at("headers").at(name.as_str());
                    self.one_line(&path, body);
                    self.further_field(&path, name);
                }
                let headers =
                    send.headers.iter().map(|(name, body)| (name.clone(), body.clone())).collect();
                let text = send.text.clone().unwrap_or_default();
                let size = send.size.map(|size| size.0);
                if size.is_some_and(|size| size > MAX_SIZE) {
                    let remedy = "at most \"128MiB\"".to_owned();
                    self.report.at(&path_of.at("size"), "a message too large to hold", remedy);
                }
                Content::Composed { to, cc, subject, text, headers, size }
            }
        };
        let dsn = self.dsn_request(&path_of, &send);
        let mail = Mail { id: id.clone(), client, message_id, from, recipients, dsn, content };
        if plan.mails.insert(id.clone(), mail).is_some() {
            let found = format!("a message is called \"{id}\" already");
            self.report.at(&path_of.at("id"), found, "give each its own id".to_owned());
        }
        self.written.insert(path.to_string(), id);
    }

    /// What the sender wants to hear of a message.
    fn dsn_request(&mut self, path: &Path<'_>, send: &format::Send) -> DsnRequest {
        let asks = |word| send.notify.as_slice().contains(&word);
        if asks(format::Notify::Never) && send.notify.as_slice().len() > 1 {
            let remedy = "leave out \"never\" or the others".to_owned();
            self.report.at(&path.at("notify"), "news of some kind, and never any", remedy);
        }
        let notify = Notify {
            success: asks(format::Notify::Success),
            failure: asks(format::Notify::Failure),
            delay: asks(format::Notify::Delay),
        };
        if let Some(envid) = &send.envid {
            let mut xtext = String::new();
            let encoded = encode_xtext(envid, &mut xtext).map_err(|_| ());
            if encoded.and_then(|()| parse_envid(&xtext).map_err(|_| ())).is_err() {
                let remedy = "1 to 100 characters of printable ASCII; +, = and spaces count as \
                              three"
                    .to_owned();
                self.report.at(&path.at("envid"), format!("{envid:?} is no ENVID"), remedy);
            }
        }
        DsnRequest {
            notify: (!send.notify.as_slice().is_empty()).then_some(notify),
            ret: send.ret.map(|ret| match ret {
                format::Ret::Full => Ret::Full,
                format::Ret::Headers => Ret::Headers,
            }),
            envid: send.envid.clone(),
        }
    }

    /// A field that a client is told to write.
    fn further_field(&mut self, path: &Path<'_>, name: &str) {
        self.field_name(path, name);
        if OWN_FIELDS.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            let remedy = "an \"eml\" file has the fields it has".to_owned();
            self.report.at(path, format!("the client writes {name} itself"), remedy);
        }
    }
}

/// Every line end as CRLF, the last line's too (RFC 5321 §2.3.8).
fn with_crlf(octets: &[u8]) -> Bytes {
    let mut message = Vec::with_capacity(octets.len() + octets.len() / 32);
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        message.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        message.extend_from_slice(b"\r\n");
    }
    message.into()
}

const OWN_FIELDS: &[&str] = &["From", "To", "Cc", "Bcc", "Subject", "Date", "Message-ID"];
const MAX_SIZE: u64 = 128 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_a_file_ends_in_crlf() {
        assert_eq!(with_crlf(b"a\nb\r\n\nc"), Bytes::from_static(b"a\r\nb\r\n\r\nc\r\n"));
        assert_eq!(with_crlf(b""), Bytes::new());
    }
}

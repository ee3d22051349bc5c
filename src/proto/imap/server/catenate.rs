//! What a URL of CATENATE stands for (RFC 4469 §3, RFC 5092).
//!
//! Not modelled: URLs of other servers, URLAUTH.

use bytes::Bytes;

use super::super::backend::Backend;
use super::super::fetch::Section;
use super::super::mailbox_name::MailboxName;
use super::super::number::Uid;
use super::super::parse::Parser;
use super::super::section;
use super::answer::Answer;
use super::context::Context;
use super::view::View;
use crate::proto::mail::decode::percent_decode;

/// The section of a message that a relative URL names: `/mailbox;UIDVALIDITY=n/;UID=n/;SECTION=x`,
/// or `;UID=n/;SECTION=x` in the selected mailbox; of it some octets, with `/;PARTIAL=n.m` behind
/// (URL-PARTIAL, RFC 5550 §3.1).
pub(super) fn section(
    context: &Context<'_>,
    url: &[u8],
    view: Option<&View>,
    backend: &impl Backend,
) -> Result<Bytes, Answer> {
    let bad = |why: &str| {
        let url = String::from_utf8_lossy(url);
        let url: String = url.chars().filter(|it| matches!(it, '!'..='~')).collect();
        Answer::no(format!("[BADURL {url}] {why}"))
    };
    let text = std::str::from_utf8(url).map_err(|_| bad("URL is not ASCII"))?;
    let at = find(text, ";UID=").ok_or_else(|| bad("URL names no message"))?;
    let (mailbox, message) = (&text[..at], &text[at + ";UID=".len()..]);
    let (message, partial) = match find(message, "/;PARTIAL=") {
        Some(at) => (&message[..at], Some(&message[at + "/;PARTIAL=".len()..])),
        None => (message, None),
    };
    let partial = partial
        .map(|text| partial_of(text).ok_or_else(|| bad("URL names no range")))
        .transpose()?;
    let (uid, section) = match find(message, "/;SECTION=") {
        Some(at) => (&message[..at], &message[at + "/;SECTION=".len()..]),
        None => (message, ""),
    };
    let uid: Option<Uid> = uid.parse().ok().and_then(Uid::new);
    let uid = uid.ok_or_else(|| bad("URL names no message"))?;
    let mailbox = match mailbox.trim_end_matches('/') {
        "" => view.map(|view| view.mailbox).ok_or_else(|| bad("No mailbox is selected"))?,
        path => {
            let path = path.strip_prefix('/').ok_or_else(|| bad("URL is not relative"))?;
            let (name, validity) = match find(path, ";UIDVALIDITY=") {
                Some(at) => (&path[..at], Some(&path[at + ";UIDVALIDITY=".len()..])),
                None => (path, None),
            };
            // In UTF-8 (RFC 5092 §3).
            let name = String::from_utf8(percent_decode(name.as_bytes())).ok();
            let name = name.and_then(|name| MailboxName::new(&name).ok());
            let found = name
                .and_then(|name| backend.find(context.account, &context.canonical(name)).ok())
                .and_then(|mailbox| Some((mailbox, backend.state(mailbox)?)));
            let (mailbox, state) = found.ok_or_else(|| bad("Mailbox does not exist"))?;
            if validity.is_some_and(|wanted| wanted != state.uid_validity.to_string()) {
                return Err(bad("UIDVALIDITY is another one"));
            }
            mailbox
        }
    };
    let message = backend.message(mailbox, uid).ok_or_else(|| bad("Message does not exist"))?;
    let section = [b"[", &*percent_decode(section.as_bytes()), b"]"].concat();
    let mut parser = Parser::new(&section);
    let section = Section::parse(&mut parser).and_then(|section| parser.end().map(|()| section));
    let section = section.map_err(|_| bad("URL names no section"))?;
    let octets = section::octets(message, &section);
    let octets = octets.ok_or_else(|| bad("Message has no such section"))?;
    Ok(partial.map_or(octets.clone(), |partial| section::part_of(&octets, partial)))
}

/// `partial-range` (RFC 5092 §11): the first octet, and how many where that is told.
fn partial_of(text: &str) -> Option<(u64, u64)> {
    match text.split_once('.') {
        Some((first, count)) => Some((first.parse().ok()?, count.parse().ok()?)),
        None => Some((text.parse().ok()?, u64::MAX)),
    }
}

/// Where a word stands in a text, in any case.
fn find(text: &str, word: &str) -> Option<usize> {
    text.as_bytes().windows(word.len()).position(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

//! The auto-responder of a client: answers what it reads (RFC 3834).
//!
//! A responder at the client has no envelope: the reverse-path is what the last MTA wrote into
//! `Return-Path` (RFC 3834 §4). What it has answered it forgets when its host crashes.

use crate::engine::SimTime;
use crate::proto::mail::auto_reply::{AutoReply, should_reply};
use crate::proto::mail::{DateTime, Header, Mailbox};
use crate::proto::smtp::{DsnRequest, ForwardPath, ReversePath};
use crate::world::Ctx;

use super::config::{Content, MailClientConfig, Outgoing};
use super::dialog::Memory;

/// Writes the answer to a message that was just downloaded, where one is due, and leaves it to be
/// submitted.
pub(super) fn answer(data: &[u8], memory: &mut Memory, config: &MailClientConfig, ctx: &Ctx<'_>) {
    let Some(settings) = &config.auto_reply else { return };
    let header = Header::new(data);
    let path = header.text("Return-Path").unwrap_or_default();
    let sender = path.trim().trim_start_matches('<').trim_end_matches('>');
    if should_reply(header, Some(sender), &[&config.user]).is_err() {
        return;
    }
    let Ok(recipient) = format!("<{sender}>").parse::<ForwardPath>() else { return };
    let key = sender.to_ascii_lowercase();
    let now = ctx.now();
    let is_recent = |at: &SimTime| *at + settings.once_per > now;
    if memory.answered.get(&key).is_some_and(is_recent) {
        return;
    }
    memory.answered.insert(key, now);
    let number = memory.answered.len();
    let message_id =
        format!("auto-reply.{}.{number}@{}", now.since(SimTime::ZERO).as_nanos(), ctx.name());
    let reply = AutoReply {
        from: Mailbox::new(None, &config.user),
        to: sender,
        subject: settings.subject.as_deref(),
        text: &settings.text,
        date: DateTime::utc(ctx.date()),
        message_id: &message_id,
        allow_8bit: true,
    };
    memory.to_send.push(Outgoing {
        from: ReversePath::Null,
        recipients: vec![recipient],
        dsn: DsnRequest::default(),
        content: Content::Octets(reply.compose(header)),
    });
}

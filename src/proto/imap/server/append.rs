//! APPEND (RFC 3501 §6.3.11), of all messages or of none (RFC 3502).

use bytes::{Bytes, BytesMut};

use super::super::append_command::{AppendData, AppendMessage, CatenatePart};
use super::super::backend::{Backend, MailboxError, MailboxId};
use super::super::binary;
use super::super::message::NewMessage;
use super::super::sequence::SequenceSet;
use super::answer::Answer;
use super::catenate;
use super::context::Context;
use super::view::View;
use crate::proto::mail::DateTime;

/// APPEND, with the response code of RFC 4315. `text` is the command, of which the messages are
/// slices; `view` that of the selected mailbox.
pub(super) fn append(
    context: &Context<'_>,
    argument: &[u8],
    messages: Vec<AppendMessage<'_>>,
    (text, view): (&Bytes, Option<&View>),
    backend: &mut impl Backend,
) -> Result<(MailboxId, Answer), Answer> {
    let mailbox = context.target(argument, backend)?;
    let mut new = Vec::with_capacity(messages.len());
    for message in messages {
        let data = octets(context, &message.data, (text, view), backend)?;
        if data.is_empty() {
            return Err(Answer::no("Message is empty"));
        }
        if data.len() > context.max_message_octets {
            return Err(Answer::no("[TOOBIG] Message is too large"));
        }
        new.push(NewMessage {
            flags: message.flags,
            internal_date: message.date.unwrap_or_else(|| DateTime::utc(context.now)),
            save_date: context.now,
            data,
        });
    }
    let state = backend.state(mailbox).ok_or(MailboxError::NonExistent)?;
    let size = new.iter().map(|message| message.data.len() as u64).sum();
    backend.room(mailbox, size, new.len() as u64)?;
    let mut uids = Vec::with_capacity(new.len());
    for message in new {
        let uid = backend.append(mailbox, message).ok_or(MailboxError::NonExistent)?;
        uids.push(uid.get());
    }
    let uids = SequenceSet::of(uids);
    let answer = Answer::ok(format!("[APPENDUID {} {uids}] APPEND completed", state.uid_validity));
    Ok((mailbox, answer))
}

/// The octets of a message, without NUL.
fn octets(
    context: &Context<'_>,
    data: &AppendData<'_>,
    (text, view): (&Bytes, Option<&View>),
    backend: &impl Backend,
) -> Result<Bytes, Answer> {
    let octets = match data {
        AppendData::Literal(octets) => {
            let octets = text.slice_ref(octets);
            if memchr::memchr(0, &octets).is_some() {
                return Err(Answer::no("Message contains NUL octets"));
            }
            octets
        }
        AppendData::Literal8(octets) | AppendData::Utf8(octets) => text.slice_ref(octets),
        AppendData::Catenate(parts) => {
            let mut whole = BytesMut::new();
            for part in parts {
                match part {
                    CatenatePart::Text(octets) => whole.extend_from_slice(octets),
                    CatenatePart::Url(url) => {
                        let octets = catenate::section(context, url, view, backend)?;
                        whole.extend_from_slice(&octets);
                    }
                }
                if whole.len() > context.max_message_octets {
                    return Err(Answer::no("[TOOBIG] Message is too large"));
                }
            }
            whole.freeze()
        }
    };
    binary::without_nul(octets)
        .ok_or_else(|| Answer::no("[UNKNOWN-CTE] Message contains NUL octets outside binary parts"))
}

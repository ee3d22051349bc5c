//! Automatic replies of the users whose mail is delivered here.
//!
//! Follows RFC 3834: to the reverse-path, from the null one, once a sender in a period, never to
//! programs or lists.
//!
//! Not modelled: the memory of who got a reply is lost in a crash; a vacation program has it on
//! disk.

use std::collections::BTreeMap;

use crate::engine::{SimTime, Stream};
use crate::proto::mail::auto_reply::{self, AutoReply};
use crate::proto::mail::{self, DateTime, Header};
use crate::proto::smtp::{Mailbox, ReversePath};
use crate::store::queue::{QueuedMessage, QueuedRecipient};
use crate::world::{Ctx, Note};

use super::config::MtaConfig;
use super::delivery::Load;
use super::{note, signing};

/// Who got a reply from whom, and when.
#[derive(Debug, Default)]
pub(super) struct AutoReplies {
    sent: BTreeMap<(Mailbox, Mailbox), SimTime>,
}

impl AutoReplies {
    /// Queues a reply of `recipient` to a message that was just delivered, if there is to be one.
    pub(super) fn consider(
        &mut self,
        message: &Load,
        recipient: &Mailbox,
        config: &MtaConfig,
        ids: &mut Stream,
        ctx: &mut Ctx<'_>,
    ) {
        let local_part = recipient.unquoted_local_part().to_ascii_lowercase();
        let domain = config.domain(recipient.domain());
        let Some(reply) = domain.and_then(|domain| domain.auto_replies.get(&local_part)) else {
            return;
        };
        let Some(sender) = message.from.mailbox() else { return };
        let header = Header::new(&message.data);
        let own = [recipient.as_str()];
        if auto_reply::should_reply(header, Some(sender.as_str()), &own).is_err() {
            return;
        }
        let now = ctx.now();
        let pair = (recipient.clone(), sender.clone());
        if self.sent.get(&pair).is_some_and(|sent| now - *sent < reply.once_per) {
            return;
        }
        self.sent.insert(pair, now);
        let id = ctx.disk().queue().new_id(ids);
        let data = AutoReply {
            from: mail::Mailbox::new(None, recipient.as_str()),
            to: sender.as_str(),
            subject: reply.subject.as_deref(),
            text: &reply.text,
            date: DateTime::utc(ctx.date()),
            message_id: &format!("{id}@{}", config.hostname),
            allow_8bit: true,
        }
        .compose(header);
        let data = signing::sign_for_author(config, data, ctx.date());
        let recipients = vec![QueuedRecipient::new(sender.clone())];
        let answer = QueuedMessage::new(id, now, ReversePath::Null, data, recipients);
        ctx.note(|| Note::AutoReplied {
            queue_id: message.queue_id.to_string(),
            recipient: recipient.to_string(),
            to: sender.to_string(),
            reply_queue_id: answer.id.to_string(),
        });
        ctx.note(|| note::accepted(&answer, "local".to_owned()));
        ctx.disk().queue().insert(answer, now);
    }
}

//! Automatic replies of the users whose mail is delivered here.
//!
//! Follows RFC 3834: to the reverse-path, from the null one, once a sender in a period, never to
//! programs or lists. Who got a reply is remembered on disk.

use crate::actors::mta::config::{AutoReply, Domain};
use crate::actors::mta::{note, signing};
use crate::proto::mail::auto_reply::{self, AutoReply as Reply};
use crate::proto::mail::{self, DateTime, Header};
use crate::proto::smtp::ReversePath;
use crate::store::queue::{QueuedMessage, QueuedRecipient};
use crate::world::Note;

use super::Local;

impl Local<'_, '_> {
    /// Queues a reply to the message, if there is to be one.
    pub(super) fn answer(&mut self, domain: &Domain, reply: &AutoReply) {
        let Local { config, message, to, ids, ctx } = self;
        let Some(sender) = message.from.mailbox() else { return };
        let recipient = &to.address;
        let local_part = recipient.unquoted_local_part();
        let name = domain.without_detail(&local_part).map_or(&*local_part, |(name, _)| name);
        let user = format!("{name}@{}", recipient.domain());
        // Every address under which the message can have been meant for the user: an alias that was
        // followed by an earlier server of the domain is known from ORCPT.
        let original = to.orcpt.as_ref().map_or(&*user, |original| original.address());
        let own = [recipient.as_str(), to.taken_as.as_str(), &user, original];
        let header = Header::new(&message.data);
        if auto_reply::should_reply(header, Some(sender.as_str()), &own).is_err() {
            return;
        }
        let now = ctx.now();
        let replies = ctx.disk().replies();
        if replies.has_answered(&user, sender.as_str(), now) {
            return;
        }
        replies.remember(&user, sender.as_str(), now, now + reply.once_per);
        let id = ctx.disk().queue().new_id(ids);
        let data = Reply {
            from: mail::Mailbox::new(None, &user),
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

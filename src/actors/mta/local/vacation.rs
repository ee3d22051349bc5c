//! Automatic replies of the users whose mail is delivered here.
//!
//! Follows RFC 3834: to the reverse-path, from the null one, once a sender in a period, never to
//! programs or lists. Who got a reply is remembered on disk.

use crate::actors::mta::config::AutoReply;
use crate::actors::mta::enqueue::enqueue_own;
use crate::actors::mta::owner::{Owner, owner};
use crate::actors::mta::{alias, signing};
use crate::proto::mail::auto_reply::{self, AutoReply as Reply};
use crate::proto::mail::encode::quote_local_part;
use crate::proto::mail::{self, DateTime, Header, prepend, received};
use crate::proto::smtp::{Mailbox, ReversePath};
use crate::store::queue::{QueuedMessage, QueuedRecipient};
use crate::world::{Kind, Note};

use super::{Local, TRACE_OCTETS};

impl Local<'_, '_> {
    /// Queues a reply of the user of that name to the message, if there is to be one.
    pub(super) fn answer(&mut self, name: &str, reply: &AutoReply) {
        let own = self.own_addresses(name);
        let own: Vec<&str> = own.iter().map(Mailbox::as_str).collect();
        let Local { config, message, to, ids, ctx } = self;
        let Some(sender) = message.from.mailbox() else { return };
        let recipient = &to.address;
        let user = format!("{name}@{}", recipient.domain());
        let header = Header::new(&message.data);
        if auto_reply::should_reply(header, Some(sender.as_str()), &own).is_err() {
            return;
        }
        let (now, clock) = (ctx.now(), ctx.clock());
        // A reply that cannot be kept is none, and nobody will know that there was to be one.
        let has_room = ctx.disk().has_room(reply.text.len() + TRACE_OCTETS);
        let replies = ctx.disk().replies();
        if !has_room || replies.has_answered(&user, sender.as_str(), clock) {
            return;
        }
        replies.remember(&user, sender.as_str(), clock, clock + reply.once_per);
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
        let date = DateTime::utc(ctx.date());
        let data = prepend(received::made_here(&config.hostname, id.as_str(), date), &data);
        let data = signing::sign_for_author(config, data, ctx.date());
        let recipients = vec![QueuedRecipient::new(sender.clone())];
        let answer = QueuedMessage::new(id, now, ReversePath::Null, data, recipients);
        ctx.note(Kind::AutoReplied, || Note::AutoReplied {
            queue_id: message.queue_id.to_string(),
            recipient: recipient.to_string(),
            to: sender.to_string(),
            reply_queue_id: answer.id.to_string(),
        });
        enqueue_own(answer, ctx);
    }
    /// Every address under which the message can have been meant for the user: the one it came to, and
    /// aliases that lead there. An alias that an earlier server of the domain has followed is known from
    /// ORCPT. Who gets the mail of all that nobody has does not answer for them.
    fn own_addresses(&self, name: &str) -> Vec<Mailbox> {
        let (to, date) = (self.to, self.ctx.date());
        let plain = Mailbox::new(&quote_local_part(name), to.address.domain());
        let mut own: Vec<Mailbox> = plain.into_iter().chain([to.address.clone()]).collect();
        let original = to.orcpt.as_ref().and_then(|original| original.address().parse().ok());
        for other in original.into_iter().chain([to.taken_as.clone()]) {
            let domain = self.config.domain(other.domain());
            let is_alias = domain
                .is_some_and(|domain| matches!(owner(domain, &other, date), Owner::Alias { .. }));
            if is_alias && alias::expand(&other, self.config, date).contains(&to.address) {
                own.push(other);
            }
        }
        own
    }
}

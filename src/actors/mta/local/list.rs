//! A mailing list: what is posted to it goes to its members.
//!
//! Follows RFC 5321 §3.9.2 and RFC 3461 §5.2.7.3: for the author the message is delivered when the
//! list has it; what the members get is a new message with a new reverse-path, so that bounces go to
//! who looks after the list, and nothing of what the author wants to hear goes with it.

use crate::actors::mta::config::MailingList;
use crate::actors::mta::signing;
use crate::proto::dns::Name;
use crate::proto::mail::list::verp;
use crate::proto::mail::{DateTime, Header, ListFields, received};
use crate::proto::smtp::{EnhancedStatus, Mailbox, ReversePath};
use crate::store::queue::{
    Delivered, QueueId, QueuedMessage, QueuedRecipient, RecipientState, Trouble,
};
use crate::world::Kind;

use super::{Local, forward, looped};

impl Local<'_, '_> {
    /// Queues the message for the members of the list of that name, as the list shows it.
    pub(super) fn distribute(
        &mut self,
        name: &str,
        list: &MailingList,
    ) -> Result<RecipientState, Trouble> {
        let domain = self.to.address.domain().to_owned();
        let fields = ListFields {
            name,
            domain: &domain,
            subject_prefix: list.subject_prefix.as_deref(),
            reply_to: list.reply_to.as_deref(),
        };
        if fields.has_distributed(Header::new(&self.message.data)) {
            return Err(looped(&fields.address()));
        }
        // Where those who write programs come together, their programs do not talk to each other.
        let is_automatic =
            Header::new(&self.message.data).text("Auto-Submitted").is_some_and(|value| {
                value.trim_start().to_ascii_lowercase().starts_with("auto-replied")
            });
        if is_automatic || self.message.from.is_null() {
            let reason = format!("{} takes no reports and automatic replies", fields.address());
            return Err(Trouble::local(EnhancedStatus::new(5, 7, 1), reason));
        }
        let members = forward::targets(&list.members, self.config, self.ctx.date());
        self.room_for(if list.verp { members.len() } else { 1 })?;
        match list.verp {
            true => {
                for member in members {
                    let bounces = verp(name, member.local_part(), member.domain());
                    let from = format!("{bounces}@{domain}").parse::<Mailbox>();
                    // A member whose address has to be quoted has no address of its own here.
                    let from = from.unwrap_or_else(|_| bounces_of(name, &domain));
                    self.post(&fields, from, vec![member]);
                }
            }
            // A list of nobody has taken the message all the same.
            false if members.is_empty() => {}
            false => self.post(&fields, bounces_of(name, &domain), members),
        }
        self.ctx.count(Kind::Expanded, 1);
        Ok(RecipientState::Delivered(Delivered::List))
    }

    fn post(&mut self, fields: &ListFields<'_>, from: Mailbox, members: Vec<Mailbox>) {
        let (message, ctx) = (self.message, &mut *self.ctx);
        let id: QueueId = ctx.disk().queue().new_id(self.ids);
        let date = ctx.date();
        let hostname = &self.config.hostname;
        let trace = received::made_here(hostname, id.as_str(), DateTime::utc(date));
        let mut data = fields.distribute(&message.data, &trace);
        if let Ok(signer) = fields.domain.parse::<Name>() {
            data = signing::sign_for(self.config, &signer, data, date);
        }
        let recipients = members.into_iter().map(QueuedRecipient::new);
        let smtputf8 = message.smtputf8;
        let from = ReversePath::from(from);
        let (now, recipients) = (ctx.now(), recipients.collect());
        let post = QueuedMessage::new(id, now, from, data, recipients);
        self.send_on(QueuedMessage { smtputf8, ..post });
    }
}

/// Where bounces go.
fn bounces_of(name: &str, domain: &str) -> Mailbox {
    let address = Mailbox::new(&format!("{name}-bounces"), domain);
    address.expect("with the name of a list, this is an address too")
}

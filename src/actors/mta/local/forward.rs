//! Mail that a user has sent on to other addresses.
//!
//! As Postfix's local(8) does with `.forward`: a new message with the same sender, the same text
//! under `Delivered-To`, by which it is known when it comes back. What the sender wants to hear of
//! delivery goes on with it (RFC 3461 §5.2.7.2); where it goes to several, the sender hears that it
//! was expanded instead (§5.2.7.3).
//!
//! As with Sieve on Dovecot, a mailbox that is to keep a copy and is full stops the forward too.

use crate::actors::mta::alias;
use crate::actors::mta::config::{Forward, MtaConfig};
use crate::actors::mta::enqueue::enqueue_own;
use crate::actors::mta::owner::{Owner, owner};
use crate::engine::UnixTime;
use crate::proto::mail::{DateTime, prepend, received};
use crate::proto::smtp::{Mailbox, Notify, OriginalRecipient, ReversePath};
use crate::store::queue::{Delivered, QueuedMessage, QueuedRecipient, RecipientState};
use crate::world::{Kind, Note};

use super::Local;

impl Local<'_, '_> {
    /// To whom the mail of a user of that name goes on, and whether the mailbox gets it too: where the
    /// forward says so, or names the user itself.
    pub(super) fn way_of(&self, forward: &Forward, name: &str) -> (Vec<Mailbox>, bool) {
        let (config, date) = (self.config, self.ctx.date());
        let own = self.to.address.domain();
        let mut targets = targets(&forward.to, config, date);
        let all = targets.len();
        targets.retain(|target| {
            let domain = config.domain(target.domain());
            let is_same = target.domain().eq_ignore_ascii_case(own)
                && domain.is_some_and(|domain| {
                    owner(domain, target, date) == Owner::User { name: name.into() }
                });
            !is_same
        });
        let keep = forward.keep || targets.len() < all;
        (targets, keep)
    }

    /// Queues the message for those addresses; what that means for the recipient at hand.
    pub(super) fn forward(&mut self, targets: Vec<Mailbox>, keep: bool) -> RecipientState {
        let (to, message) = (self.to, self.message);
        let hostname = &self.config.hostname;
        let id = self.ctx.disk().queue().new_id(self.ids);
        let date = DateTime::utc(self.ctx.date());
        let trace = received::made_here(hostname, id.as_str(), date)
            + &received::delivered_to(to.address.as_str());
        let is_one = targets.len() == 1 && !keep;
        let notify = match is_one {
            true => to.notify,
            false => to.notify.map(|notify| Notify { success: false, ..notify }),
        };
        let orcpt = to.orcpt.clone().or_else(|| Some(OriginalRecipient::of(&to.taken_as)));
        let recipients = targets.into_iter().map(|address| QueuedRecipient {
            notify,
            orcpt: orcpt.clone(),
            taken_as: to.address.clone(),
            ..QueuedRecipient::new(address)
        });
        let forwarded = QueuedMessage {
            ret: message.ret,
            envid: message.envid.clone(),
            smtputf8: message.smtputf8,
            ..QueuedMessage::new(
                id,
                self.ctx.now(),
                message.from.clone(),
                prepend(trace, &message.data),
                recipients.collect(),
            )
        };
        self.send_on(forwarded);
        if !keep {
            self.ctx.count(Kind::Expanded, 1);
        }
        match is_one {
            // The sender hears from where it goes now.
            true => RecipientState::Reported,
            false => RecipientState::Delivered(Delivered::Expanded),
        }
    }

    /// Queues what follows from the message at hand for others, and tells of it.
    pub(super) fn send_on(&mut self, message: QueuedMessage) {
        self.ctx.note(Kind::Forwarded, || Note::Forwarded {
            queue_id: self.message.queue_id.to_string(),
            recipient: self.to.address.to_string(),
            to: message.recipients.iter().map(|to| to.address.to_string()).collect(),
            forward_queue_id: message.id.to_string(),
        });
        enqueue_own(message, self.ctx);
    }
}

/// Those addresses and whom they stand for, each once.
pub(super) fn targets(addresses: &[Mailbox], config: &MtaConfig, date: UnixTime) -> Vec<Mailbox> {
    let mut targets: Vec<Mailbox> = Vec::new();
    for target in addresses.iter().flat_map(|address| alias::expand(address, config, date)) {
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    targets
}

/// The reverse-path with which a recipient's copy leaves for another host: rewritten by SRS where the
/// domain under whose address it was taken wants that, and the mail goes from outside to outside.
pub(in crate::actors::mta) fn reverse_path(
    config: &MtaConfig,
    from: &ReversePath,
    to: &QueuedRecipient,
    date: UnixTime,
) -> ReversePath {
    let rewritten = || {
        let sender = from.mailbox()?;
        let forwarder = to.taken_as.domain();
        let srs = config.domain(forwarder)?.srs.as_ref()?;
        let is_own = |address: &Mailbox| config.domain(address.domain()).is_some();
        if to.taken_as == to.address || is_own(sender) || is_own(&to.address) {
            return None;
        }
        let local_part = srs.forward(&sender.unquoted_local_part(), sender.domain(), date);
        Mailbox::new(&local_part, forwarder).ok()
    };
    rewritten().map_or_else(|| from.clone(), ReversePath::from)
}

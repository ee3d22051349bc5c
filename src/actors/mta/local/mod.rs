//! Local delivery: what becomes of a message for somebody at this host.
//!
//! A user's mail goes into a mailbox, or on to where the user forwards it, or both, and may be
//! answered; a mailing list's goes to its members. Whatever is sent on is a message of its own in
//! the queue when this returns, as with Postfix's local(8).
//!
//! Not modelled: Sieve, mail for commands and files, moderated lists, subscribing by mail.

mod forward;
mod list;
mod mailbox;
mod vacation;

use crate::engine::Stream;
use crate::proto::mail::{Header, received};
use crate::proto::smtp::EnhancedStatus;
use crate::store::queue::{Delivered, QueuedRecipient, RecipientState, Trouble};
use crate::world::Ctx;

use super::config::{Domain, MtaConfig, Personal, Transport};
use super::delivery::Load;
use super::owner::{Owner, owner};
use super::policy::SPAM_FLAG;

pub(super) use forward::reverse_path;
use mailbox::Shelf;

/// A message for one recipient at this host.
struct Local<'a, 'c> {
    config: &'a MtaConfig,
    message: &'a Load,
    to: &'a QueuedRecipient,
    /// Where the ids of messages that follow from it are drawn.
    ids: &'a mut Stream,
    ctx: &'a mut Ctx<'c>,
}

/// Delivers `message` to a recipient of it at this host. On disk when this returns.
pub(super) fn deliver(
    config: &MtaConfig,
    message: &Load,
    to: &QueuedRecipient,
    ids: &mut Stream,
    ctx: &mut Ctx<'_>,
) -> RecipientState {
    let outcome = Local { config, message, to, ids, ctx }.deliver();
    outcome.unwrap_or_else(|trouble| match trouble.is_permanent() {
        true => RecipientState::Failed(trouble),
        false => RecipientState::Pending(Some(trouble)),
    })
}

impl Local<'_, '_> {
    /// Whether the disk has room for so many copies of the message, with what is put on top of them.
    /// Asked before the first is made: none is to be made again because another failed.
    fn room_for(&mut self, copies: usize) -> Result<(), Trouble> {
        let octets = copies.saturating_mul(self.message.data.len() + TRACE_OCTETS);
        if self.ctx.disk().has_room(octets) {
            return Ok(());
        }
        // Postfix's `mbox_dsn`.
        let status = EnhancedStatus::new(4, 3, 0);
        Err(Trouble::local(status, "maildir delivery failed: No space left on device".to_owned()))
    }

    fn deliver(mut self) -> Result<RecipientState, Trouble> {
        let address = &self.to.address;
        let marks = Marks::of(Header::new(&self.message.data), address.as_str());
        if marks.was_here {
            return Err(looped(address.as_str()));
        }
        let delivered = Ok(RecipientState::Delivered(Delivered::Mailbox));
        let config = self.config;
        let Some(domain) = config.domain(address.domain()) else {
            // A transport table sends mail of a foreign domain here.
            self.room_for(1)?;
            self.put_into_mailbox(&Domain::open(Transport::Mailbox, None), marks.is_spam)?;
            return delivered;
        };
        let name = match owner(domain, address, self.ctx.date()) {
            Owner::List { name, list } => return self.distribute(&name, list),
            Owner::User { name } => name,
            // Aliases were followed when the message was taken; what is left has a mailbox, or not.
            _ => {
                self.room_for(1)?;
                self.put_into_mailbox(domain, marks.is_spam)?;
                return delivered;
            }
        };
        let Personal { forward, auto_reply } = domain.personal.get(&*name).unwrap_or(&NOTHING);
        let forward = forward.as_ref().map(|forward| self.way_of(forward, &name));
        let keep = forward.as_ref().is_none_or(|(_, keep)| *keep);
        let forwards = forward.as_ref().is_some_and(|(targets, _)| !targets.is_empty());
        self.room_for(usize::from(keep) + usize::from(forwards))?;
        let is_junk = keep && self.put_into_mailbox(domain, marks.is_spam)? == Shelf::Junk;
        if let (Some(reply), false) = (auto_reply, is_junk) {
            self.answer(&name, reply);
        }
        match forward {
            Some((targets, keep)) if !targets.is_empty() => {
                let state = self.forward(targets, keep);
                if keep { delivered } else { Ok(state) }
            }
            // Aliases that lead to each other.
            Some((_, false)) => Err(looped(address.as_str())),
            Some(_) | None => delivered,
        }
    }
}

/// What the header of a message says that matters to whoever delivers it. It is read once.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Marks {
    /// Whether it was delivered to the recipient before.
    was_here: bool,
    /// Whether a filter has marked it as spam.
    is_spam: bool,
}

impl Marks {
    fn of(header: Header<'_>, recipient: &str) -> Self {
        let (mut marks, mut flag) = (Marks::default(), None);
        for field in header.fields() {
            marks.was_here |= received::is_delivery_to(&field, recipient);
            if flag.is_none() && field.is(SPAM_FLAG) {
                flag = Some(field);
            }
        }
        marks.is_spam = flag.is_some_and(|flag| flag.text().trim().eq_ignore_ascii_case("yes"));
        marks
    }
}

/// What is put on top of a message on its way into a mailbox, or on, at most.
const TRACE_OCTETS: usize = 512;

/// What a user has asked for who has asked for nothing.
const NOTHING: Personal = Personal { forward: None, auto_reply: None };

/// What has been here before goes no further (RFC 5321 §6.3).
fn looped(address: &str) -> Trouble {
    let status = EnhancedStatus::new(5, 4, 6);
    Trouble::local(status, format!("mail forwarding loop for {address}"))
}

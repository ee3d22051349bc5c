//! Reports: what an MTA tells senders, and its postmaster, about the fate of their messages.
//!
//! Follows RFC 5321 §6.1 (from the null reverse-path, never a bounce of a bounce), RFC 3461 (who
//! wants to hear of what) and RFC 3464 (the form). One report for each pass over a message names all
//! recipients that failed in it, another all whose delivery the sender wants to know of.
//!
//! As by Postfix, a message with the null reverse-path that fails goes to the postmaster, from an
//! address of its own ([`postmaster`]), and what fails on its way there is thrown away.
//!
//! Not modelled: classes of notices other than `2bounce`, `bounce` and `delay`.
//!
//! Deviation: Postfix tells its postmaster of bounces that bounced only where `notify_classes` has
//! `2bounce`; here that is so unless the configuration says otherwise.

use crate::engine::Stream;
use crate::proto::mail::report::{Audience, Returned};
use crate::proto::smtp::{Mailbox, Ret};
use crate::store::queue::{QueueId, QueuedMessage, QueuedRecipient, RecipientState, Trouble};
use crate::world::{Ctx, Kind, Note};

use super::config::MtaConfig;
use super::note;

mod postmaster;
mod status;
mod write;

/// Reports on the recipients of a message that failed, or were delivered, and were not reported on
/// yet.
///
/// The reports are in the queue, and the recipients are settled, when this returns; `false` when the
/// disk has no room for them, and nothing was done.
pub(super) fn report(
    config: &MtaConfig,
    id: &QueueId,
    ids: &mut Stream,
    ctx: &mut Ctx<'_>,
) -> bool {
    let Some(message) = ctx.disk().queue().get(id) else { return true };
    let failed = message.unreported().next().is_some();
    let delivered = message.unreported_success().next().is_some();
    if !failed && !delivered {
        return true;
    }
    let message = message.clone();
    if !has_room(&message, ctx) {
        return false;
    }
    let mut desk = Desk { config, message: &message, ids, ctx };
    if failed {
        desk.report_failures();
    }
    if delivered {
        desk.report_successes();
    }
    true
}

/// Whether the disk has room for what may be written about a message.
fn has_room(message: &QueuedMessage, ctx: &mut Ctx<'_>) -> bool {
    let each = message.data.len() + REPORT_OCTETS * (1 + message.recipients.len());
    ctx.disk().has_room(MOST_REPORTS * each)
}

/// What a report says besides what it returns, and of each recipient.
const REPORT_OCTETS: usize = 1_024;

/// To the sender of failures and of successes, and to the postmaster.
const MOST_REPORTS: usize = 3;

/// Warns the sender of a message that it still waits for recipients, who are tried until it has
/// been queued for the configured time. Once a message: it is marked as warned when this returns.
pub(super) fn warn(config: &MtaConfig, id: &QueueId, ids: &mut Stream, ctx: &mut Ctx<'_>) {
    let now = ctx.now();
    let Some(message) = ctx.disk().queue().get(id).cloned() else { return };
    if !has_room(&message, ctx) {
        return; // the next attempt warns
    }
    ctx.disk().queue().set_delay_warned(id, now);
    Desk { config, message: &message, ids, ctx }.report_delay();
}

/// Where reports on one message are written.
struct Desk<'a, 'c> {
    config: &'a MtaConfig,
    message: &'a QueuedMessage,
    ids: &'a mut Stream,
    ctx: &'a mut Ctx<'c>,
}

/// To whom news of a message goes.
enum Reader<'a> {
    Sender(&'a Mailbox),
    Postmaster(Mailbox),
    /// To nobody, for this reason.
    Nobody(&'static str),
}

impl<'a> Desk<'a, '_> {
    /// Whom failures are told to.
    fn reader(&self) -> Reader<'a> {
        match self.message.from.mailbox() {
            Some(sender) if postmaster::is_double_bounce(sender, self.config) => {
                Reader::Nobody("a notice to the postmaster is not bounced")
            }
            Some(sender) => Reader::Sender(sender),
            None if !self.config.notify.double_bounces => Reader::Nobody("a bounce is not bounced"),
            None => match postmaster::address(self.config, self.ctx.date()) {
                Some(postmaster) => Reader::Postmaster(postmaster),
                None => Reader::Nobody("a bounce is not bounced, and there is no postmaster"),
            },
        }
    }

    fn report_failures(&mut self) {
        let message = self.message;
        let failed: Vec<_> = message.unreported().collect();
        let entries = |wanted: &dyn Fn(&QueuedRecipient) -> bool| {
            let failed = failed.iter().filter(|(_, recipient, _)| wanted(recipient));
            failed.map(|(_, recipient, trouble)| status::failed(recipient, trouble)).collect()
        };
        let reader = self.reader();
        let told = match &reader {
            Reader::Sender(sender) => {
                let returned = match message.ret {
                    Some(Ret::Headers) => Returned::Header,
                    Some(Ret::Full) | None => Returned::Message,
                };
                self.tell(
                    sender,
                    Audience::Sender,
                    entries(&QueuedRecipient::wants_failure),
                    returned,
                )
            }
            Reader::Postmaster(postmaster) => {
                // Whoever sent it, nobody else will see it: NOTIFY has no say.
                self.tell(postmaster, Audience::Postmaster, entries(&|_| true), Returned::Message)
            }
            Reader::Nobody(_) => None,
        };
        if let (Reader::Sender(_), true) = (&reader, self.config.notify.bounces)
            && let Some(postmaster) = postmaster::address(self.config, self.ctx.date())
        {
            self.tell(&postmaster, Audience::Postmaster, entries(&|_| true), Returned::Header);
        }
        for (index, recipient, trouble) in failed {
            self.ctx.disk().queue().settle(&message.id, index, RecipientState::Reported);
            self.note_failure(recipient, trouble, &reader, told.as_ref());
        }
    }

    fn note_failure(
        &mut self,
        recipient: &QueuedRecipient,
        trouble: &Trouble,
        reader: &Reader<'_>,
        told: Option<&QueueId>,
    ) {
        let address = &recipient.address;
        match reader {
            Reader::Nobody(why) => self.ctx.note(Kind::Discarded, || Note::Discarded {
                queue_id: self.message.id.to_string(),
                recipient: address.to_string(),
                reason: format!("{why}; {}", trouble.reason),
            }),
            Reader::Sender(_) | Reader::Postmaster(_) => {
                let is_told = matches!(reader, Reader::Postmaster(_)) || recipient.wants_failure();
                let told = told.filter(|_| is_told);
                self.ctx.note(Kind::Bounced, || {
                    note::bounced(&self.message.id, address, trouble, told)
                });
            }
        }
    }

    fn report_successes(&mut self) {
        let message = self.message;
        let delivered: Vec<_> = message.unreported_success().collect();
        // Nobody waits for news of a report.
        if let Reader::Sender(sender) = self.reader() {
            let entries = delivered.iter().map(|(_, to, how)| status::delivered(message, to, how));
            self.tell(sender, Audience::Sender, entries.collect(), Returned::Header);
        }
        for (index, ..) in delivered {
            self.ctx.disk().queue().settle(&message.id, index, RecipientState::Reported);
        }
    }

    fn report_delay(&mut self) {
        let message = self.message;
        let Reader::Sender(sender) = self.reader() else { return };
        let until = self.date_of(message.arrived + self.config.retry.lifetime);
        let entries = |wanted: &dyn Fn(&QueuedRecipient) -> bool| {
            let pending =
                message.recipients.iter().filter_map(|recipient| match &recipient.state {
                    RecipientState::Pending(Some(trouble)) if wanted(recipient) => {
                        Some(status::delayed(recipient, trouble, until))
                    }
                    _ => None,
                });
            pending.collect()
        };
        self.tell(
            sender,
            Audience::Sender,
            entries(&QueuedRecipient::wants_delay),
            Returned::Header,
        );
        if self.config.notify.delays
            && let Some(postmaster) = postmaster::address(self.config, self.ctx.date())
        {
            self.tell(&postmaster, Audience::Postmaster, entries(&|_| true), Returned::Header);
        }
    }
}

//! Writing a report and putting it into the queue.

use crate::actors::mta::enqueue::enqueue_own;
use crate::actors::mta::{alias, signing};
use crate::engine::SimTime;
use crate::proto::mail::report::{Audience, DeliveryReport, Returned};
use crate::proto::mail::{Action, DateTime, DeliveryStatus, Header, prepend, received};
use crate::proto::smtp::{Mailbox, ReversePath};
use crate::store::queue::{QueueId, QueuedMessage, QueuedRecipient};
use crate::world::{Kind, Note};

use super::status::Entry;
use super::{Desk, postmaster};

impl Desk<'_, '_> {
    /// Queues a report on these recipients, if there are any; its queue id.
    pub(super) fn tell(
        &mut self,
        to: &Mailbox,
        audience: Audience,
        entries: Vec<Entry>,
        returned: Returned,
    ) -> Option<QueueId> {
        let first = entries.first()?;
        let (action, recipients) = (
            first.status.action,
            entries.iter().map(|entry| entry.status.final_recipient.clone()).collect::<Vec<_>>(),
        );
        let report = self.compose(to, audience, entries, returned);
        let id = report.id.clone();
        enqueue_own(report, self.ctx);
        // A failure that the sender is told of has a note of its own, which names the report.
        if audience == Audience::Postmaster || action != Action::Failed {
            self.ctx.note(Kind::Notified, || Note::Notified {
                queue_id: self.message.id.to_string(),
                notice: words(audience, action).to_owned(),
                recipients,
                to: to.to_string(),
                report: id.to_string(),
            });
        }
        Some(id)
    }

    /// The report as a message to be queued.
    fn compose(
        &mut self,
        to: &Mailbox,
        audience: Audience,
        entries: Vec<Entry>,
        returned: Returned,
    ) -> QueuedMessage {
        let (config, message) = (self.config, self.message);
        let id = self.ctx.disk().queue().new_id(self.ids);
        let date = DateTime::utc(self.ctx.date());
        let (recipients, explanations) = entries
            .into_iter()
            .map(|Entry { mut status, explanation }| {
                status.last_attempt = Some(date);
                (status, explanation)
            })
            .unzip();
        let status = DeliveryStatus {
            reporting_mta: config.hostname.clone(),
            dsn_gateway: None,
            received_from_mta: received_from(&message.data),
            envelope_id: message.envid.clone(),
            queue_id: Some(message.id.to_string()),
            sender: message.from.mailbox().map(Mailbox::to_string),
            arrival_date: Some(self.date_of(message.arrived)),
            recipients,
        };
        let text = DeliveryReport {
            to: to.as_str(),
            audience,
            date,
            message_id: &format!("{id}@{}", config.hostname),
            boundary: &format!("{id}.{}/{}", date.unix_time().0, config.hostname),
            status,
            explanations,
            original: message.data.clone(),
            returned,
        }
        .compose();
        let text = prepend(received::made_here(&config.hostname, id.as_str(), date), &text);
        let data = signing::sign_for_author(config, text, self.ctx.date());
        let from = match audience {
            Audience::Sender => ReversePath::Null,
            Audience::Postmaster => postmaster::double_bounce(config).into(),
        };
        let recipients = alias::expand(to, config, self.ctx.date());
        let recipients = recipients.into_iter().map(|address| QueuedRecipient {
            taken_as: to.clone(),
            ..QueuedRecipient::new(address)
        });
        let mut report = QueuedMessage::new(id, self.ctx.now(), from, data, recipients.collect());
        // Where the message came through, a report that quotes it comes through.
        report.smtputf8 = message.smtputf8 || !to.is_ascii();
        report
    }

    /// The date of a time, by the clock as it was when the message was taken.
    pub(super) fn date_of(&self, time: SimTime) -> DateTime {
        DateTime::utc(self.ctx.dated(time, self.message.skew))
    }
}

/// What Postfix's log calls the report.
fn words(audience: Audience, action: Action) -> &'static str {
    match (audience, action) {
        (Audience::Sender, Action::Failed) => "sender non-delivery notification",
        (Audience::Sender, Action::Delayed) => "sender delay notification",
        (Audience::Sender, _) => "sender delivery status notification",
        (Audience::Postmaster, Action::Delayed) => "postmaster delay notification",
        (Audience::Postmaster, _) => "postmaster non-delivery notification",
    }
}

/// What the peer that handed the message over called itself, by the trace that this host has put
/// on top.
fn received_from(data: &[u8]) -> Option<String> {
    let trace = Header::new(data).text("Received")?;
    let peer = trace.strip_prefix("from ")?.split(' ').next()?;
    Some(peer.to_owned())
}

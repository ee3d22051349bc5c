//! Bounces: what an MTA tells the sender about recipients that failed.
//!
//! Follows RFC 5321 §6.1 (from the null reverse-path, never a bounce of a bounce) and RFC 3464. One
//! report for each pass over a message names all recipients that failed in it.

use crate::engine::Stream;
use crate::proto::mail::DateTime;
use crate::proto::mail::delivery_status::{Action, DeliveryStatus, Diagnostic, RecipientStatus};
use crate::proto::mail::report::{DeliveryReport, Returned};
use crate::proto::smtp::{Mailbox, ReversePath};
use crate::store::queue::{QueueId, QueuedMessage, QueuedRecipient, RecipientState, Trouble};
use crate::world::{Ctx, Note};

use super::config::MtaConfig;
use super::{note, signing};

/// The largest message that goes back whole with a report (Postfix's `bounce_size_limit`).
const RETURNED_OCTETS: usize = 50_000;

/// The longest boundary (RFC 2046 §5.1.1).
const BOUNDARY_CHARACTERS: usize = 70;

/// Reports on the recipients of a message that failed and were not reported on yet.
///
/// The report is in the queue, and the recipients are settled, when this returns.
pub(super) fn report(config: &MtaConfig, id: &QueueId, ids: &mut Stream, ctx: &mut Ctx<'_>) {
    let Some(message) = ctx.disk().queue().get(id) else { return };
    if message.unreported().next().is_none() {
        return;
    }
    let message = message.clone();
    let failed: Vec<_> = message.unreported().collect();
    let report = message.from.mailbox().map(|sender| {
        let report = compose(config, &message, sender, &failed, ids, ctx);
        let id = report.id.clone();
        ctx.note(|| note::accepted(&report, "local".to_owned()));
        let now = ctx.now();
        ctx.disk().queue().insert(report, now);
        id
    });
    for (index, recipient, trouble) in failed {
        ctx.disk().queue().settle(id, index, RecipientState::Reported);
        match &report {
            Some(_) => ctx.note(|| note::bounced(id, recipient, trouble, report.as_ref())),
            None => ctx.note(|| Note::Discarded {
                queue_id: id.to_string(),
                recipient: recipient.to_string(),
                reason: format!("a bounce is not bounced; {}", trouble.reason),
            }),
        }
    }
}

/// The report as a message to be queued.
fn compose(
    config: &MtaConfig,
    message: &QueuedMessage,
    sender: &Mailbox,
    failed: &[(usize, &Mailbox, &Trouble)],
    ids: &mut Stream,
    ctx: &mut Ctx<'_>,
) -> QueuedMessage {
    let id = ctx.disk().queue().new_id(ids);
    let now = ctx.date();
    let arrival = crate::engine::UnixTime(now.0 - (ctx.now() - message.arrived).as_secs() as i64);
    let recipients = failed.iter().map(|(_, recipient, trouble)| RecipientStatus {
        original_recipient: None,
        final_recipient: recipient.to_string(),
        action: Action::Failed,
        status: trouble.status,
        remote_mta: trouble.remote.clone(),
        diagnostic: Some(match &trouble.diagnostic {
            Some(reply) => Diagnostic::smtp(reply),
            None => Diagnostic::local(trouble.reason.clone()),
        }),
        last_attempt: Some(DateTime::utc(now)),
        will_retry_until: None,
    });
    let status = DeliveryStatus {
        reporting_mta: config.hostname.clone(),
        queue_id: Some(message.id.to_string()),
        sender: Some(sender.to_string()),
        arrival_date: Some(DateTime::utc(arrival)),
        recipients: recipients.collect(),
    };
    let boundary = format!("{id}.{}/{}", now.0, config.hostname);
    let boundary: String = boundary.chars().take(BOUNDARY_CHARACTERS).collect();
    let whole = message.data.len() <= RETURNED_OCTETS;
    let data = DeliveryReport {
        to: sender.as_str(),
        date: DateTime::utc(now),
        message_id: &format!("{id}@{}", config.hostname),
        boundary: &boundary,
        status,
        explanations: failed.iter().map(|(.., trouble)| trouble.reason.clone()).collect(),
        original: message.data.clone(),
        returned: if whole { Returned::Message } else { Returned::Header },
    }
    .compose();
    let data = signing::sign_for_author(config, data, now);
    let recipients = vec![QueuedRecipient::new(sender.clone())];
    QueuedMessage::new(id, ctx.now(), ReversePath::Null, data, recipients)
}

//! A message that is taken: its trace, its recipients, and into the queue before the 250.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use crate::actors::mta::config::{Bug, MtaConfig};
use crate::actors::mta::enqueue::{self, enqueue};
use crate::actors::mta::policy::{self, Refusal};
use crate::actors::mta::{alias, signing};
use crate::engine::UnixTime;
use crate::proto::mail::{DateTime, Header, Received, ReceivedFrom};
use crate::proto::smtp::server::{ReceivedMessage, Verdict};
use crate::proto::smtp::{EnhancedStatus, Mailbox, Notify, Reply};
use crate::store::queue::{
    Delivered, QueueId, QueuedMessage, QueuedRecipient, RecipientState, Trouble,
};
use crate::world::Ctx;

use super::Shared;
use super::open::Open;

impl Open {
    /// Puts a message into the queue, on disk, and only then answers 250 (RFC 5321 §4.2.5).
    pub(super) fn take(
        &mut self,
        message: ReceivedMessage,
        shared: &mut Shared,
        ctx: &mut Ctx<'_>,
    ) -> Verdict {
        let ReceivedMessage { envelope, mut data } = message;
        let config = &shared.config;
        if config.authentication.is_on() && !config.inside.contains(&self.peer.ip()) {
            data = policy::without_foreign_marks(data, config);
        }
        let id = ctx.disk().queue().new_id(&mut shared.queue_ids);
        let taken = envelope.recipients.iter().map(|recipient| QueuedRecipient {
            notify: recipient.params.notify,
            orcpt: recipient.params.orcpt.clone(),
            ..QueuedRecipient::new(policy::meant(&recipient.path, config, ctx.addresses()))
        });
        let recipients = recipients(taken, &mem::take(&mut self.doomed), config, ctx.date());
        let date = DateTime::utc(ctx.date());
        let only = match envelope.recipients.as_slice() {
            [one] => Some(one.path.mailbox().map_or("Postmaster", Mailbox::as_str)),
            _ => None,
        };
        let evidence = self.evidence();
        let helo = self.session.helo().unwrap_or_default();
        let reverse = self.client_name();
        let trace = Received {
            from: Some(ReceivedFrom { helo, reverse: reverse.as_deref(), address: self.peer.ip() }),
            tls: self.handshake.as_deref(),
            by: &config.hostname,
            with: self.session.protocol_word(),
            id: id.as_str(),
            recipient: only,
            date,
        };
        let on_top = &mut shared.on_top;
        on_top.clear();
        on_top.extend(evidence.fields);
        trace.write(on_top);
        if self.session.authenticated_as().is_some() {
            let header = Header::new(&data);
            add_missing_fields(on_top, header, date, &id, &config.hostname);
        }
        let mut text = data.below(on_top.as_bytes());
        if self.session.authenticated_as().is_some() {
            text = signing::sign_for_author(config, text, ctx.date());
        }
        let message = QueuedMessage {
            ret: envelope.params.ret,
            envid: envelope.params.envid,
            smtputf8: envelope.params.smtputf8,
            ..QueuedMessage::new(id.clone(), ctx.now(), envelope.from, text, recipients)
        };
        let peer = || format!("{helo}[{}]", self.peer.ip());
        if config.bug == Some(Bug::LateWrite) {
            enqueue::tell(&message, peer, ctx);
            shared.late_writes.push(message);
        } else {
            enqueue(message, ctx.now(), peer, ctx);
        }
        Reply::queued_as(id.as_str()).into()
    }
}

/// What is written about a recipient that was taken only to be reported on.
fn doom(refusal: &Refusal) -> Trouble {
    let status = refusal.reply.status().unwrap_or(EnhancedStatus::new(5, 7, 1));
    Trouble {
        status: EnhancedStatus::new(5, status.subject(), status.detail()),
        reason: refusal.reply.to_string(),
        remote: None,
        diagnostic: Some(refusal.reply.clone()),
    }
}

/// The recipients of a message for those that were taken, each address once.
///
/// What was taken only to be refused is refused under the name it was sent to; of the others,
/// aliases are followed.
fn recipients(
    taken: impl Iterator<Item = QueuedRecipient>,
    doomed: &BTreeMap<Mailbox, Refusal>,
    config: &MtaConfig,
    date: UnixTime,
) -> Vec<QueuedRecipient> {
    let mut seen = BTreeSet::new();
    let mut recipients: Vec<QueuedRecipient> = Vec::new();
    let mut expanded = Vec::new();
    let mut add = |recipient: QueuedRecipient| {
        // As Postfix's duplicate filter, whatever the case of the local part. Most messages have one
        // recipient, of which there is nothing to remember.
        let name = |recipient: &QueuedRecipient| recipient.address.as_str().to_ascii_lowercase();
        if let [first] = &recipients[..] {
            seen.insert(name(first));
        }
        if recipients.is_empty() || seen.insert(name(&recipient)) {
            recipients.push(recipient);
        }
    };
    for recipient in taken {
        if let Some(refusal) = doomed.get(&recipient.address) {
            add(QueuedRecipient { state: RecipientState::Failed(doom(refusal)), ..recipient });
            continue;
        }
        let Some(targets) = alias::targets(&recipient.address, config, date) else {
            add(recipient);
            continue;
        };
        if targets.is_empty() {
            let reason = format!("the aliases of {} lead to each other", recipient.address);
            let trouble = Trouble::local(EnhancedStatus::new(5, 4, 6), reason);
            add(QueuedRecipient { state: RecipientState::Failed(trouble), ..recipient.clone() });
        }
        let mut recipient = recipient;
        if targets.len() > 1 && recipient.wants_success() {
            // RFC 3461 §5.2.7.3 (b): news of the alias is all that the sender gets to hear of
            // success. It is no address to deliver to, so it may be one of its own targets.
            expanded.push(QueuedRecipient {
                state: RecipientState::Delivered(Delivered::Expanded),
                ..recipient.clone()
            });
            recipient.notify = recipient.notify.map(|notify| Notify { success: false, ..notify });
        }
        for target in targets {
            add(QueuedRecipient { address: target, ..recipient.clone() });
        }
    }
    recipients.append(&mut expanded);
    recipients
}

/// Adds the fields that a submission server adds where the client left them out (RFC 6409 §8).
fn add_missing_fields(
    text: &mut String,
    header: Header<'_>,
    date: DateTime,
    id: &QueueId,
    hostname: &str,
) {
    let (mut is_dated, mut is_named) = (false, false);
    for field in header.fields() {
        is_dated |= field.is("Date");
        is_named |= field.is("Message-ID");
        if is_dated && is_named {
            return;
        }
    }
    if !is_dated {
        *text += &format!("Date: {}\r\n", date.rfc5322());
    }
    if !is_named {
        *text += &format!("Message-ID: <{id}@{hostname}>\r\n");
    }
}

//! Local delivery: a message into a mailbox of this host.
//!
//! Follows RFC 5321 §4.4 (Return-Path) and §6.3 (loops), RFC 9228 (Delivered-To).

use crate::proto::imap::MailboxName;
use crate::proto::mail::{Header, prepend, received};
use crate::proto::smtp::{EnhancedStatus, Mailbox};
use crate::store::queue::Trouble;
use crate::world::{Ctx, Note, Signal};

use super::delivery::Load;

/// Puts `message` into the INBOX of `recipient`. On disk when this returns.
pub(super) fn deliver(
    message: &Load,
    recipient: &Mailbox,
    ctx: &mut Ctx<'_>,
) -> Result<(), Trouble> {
    let address = recipient.as_str();
    if received::was_delivered_to(Header::new(&message.data), address) {
        let status = EnhancedStatus::new(5, 4, 6);
        return Err(Trouble::local(status, format!("mail forwarding loop for {address}")));
    }
    let date = ctx.date();
    let store = ctx.disk().mail();
    let Some(account) = store.account_of(&address_of(recipient)) else {
        let status = EnhancedStatus::new(5, 1, 1);
        return Err(Trouble::local(
            status,
            format!("unknown user: \"{}\"", recipient.local_part()),
        ));
    };
    let sender = message.from.mailbox().map_or("", Mailbox::as_str);
    let trace = received::return_path(sender) + &received::delivered_to(address);
    let inbox = MailboxName::inbox();
    let delivered = store.deliver(account, &inbox, prepend(trace, &message.data), date);
    let delivered = delivered.map_err(|_| {
        let reason = format!("<{address}> Quota exceeded (mailbox for user is full)");
        Trouble::local(EnhancedStatus::new(4, 2, 2), reason)
    })?;
    let login = store.account(account).login().to_owned();
    ctx.note(|| Note::Delivered {
        queue_id: message.queue_id.to_string(),
        message_id: super::note::message_id(&message.data),
        recipient: address.to_owned(),
        account: login,
        mailbox: inbox.to_string(),
        uid: delivered.uid.get(),
    });
    ctx.signal(Signal::Delivered(delivered.mailbox));
    Ok(())
}

/// The address by which an account is looked up: without the quotes of its local part.
fn address_of(recipient: &Mailbox) -> String {
    format!("{}@{}", recipient.unquoted_local_part(), recipient.domain())
}

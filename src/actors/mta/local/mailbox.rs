//! A message into a mailbox of this host.
//!
//! Follows RFC 5321 §4.4 (Return-Path) and RFC 9228 (Delivered-To). As with Dovecot: mail that is
//! marked as spam lies in Junk, what the detail of the address names in a mailbox of that name where
//! there is one, and what a quota has no room for is refused, or waits.

use crate::actors::mta::config::{Domain, OverQuota};
use crate::actors::mta::{note, owner};
use crate::proto::imap::{AccountId, Backend, MailboxName, SpecialUse};
use crate::proto::mail::{prepend, received};
use crate::proto::smtp::{EnhancedStatus, Mailbox};
use crate::store::mailbox::MailStore;
use crate::store::queue::Trouble;
use crate::world::{Kind, Note, Signal};

use super::Local;

impl Local<'_, '_> {
    /// Puts the message into the mailbox of its recipient, or where spam lies. On disk when this returns.
    pub(super) fn put_into_mailbox(
        &mut self,
        domain: &Domain,
        is_spam: bool,
    ) -> Result<Shelf, Trouble> {
        let (message, address) = (self.message, self.to.address.as_str());
        let date = self.ctx.date();
        let store = self.ctx.disk().mail();
        let found = owner::open_account(store, domain, &self.to.address);
        let Some((account, detail)) = found else {
            let status = EnhancedStatus::new(5, 1, 1);
            let local_part = self.to.address.local_part();
            return Err(Trouble::local(status, format!("unknown user: \"{local_part}\"")));
        };
        let sender = message.from.mailbox().map_or("", Mailbox::as_str);
        // Room for all of it, so that the text is copied once.
        let trace = FIELD_OCTETS + sender.len() + address.len();
        let mut on_top = String::with_capacity(trace + message.data.len());
        received::write_return_path(sender, &mut on_top);
        received::write_delivered_to(address, &mut on_top);
        let detail = detail.filter(|_| domain.detail_mailbox);
        let mailbox = mailbox(store, account, is_spam, detail.as_deref());
        let delivered = store.deliver(account, &mailbox, prepend(on_top, &message.data), date);
        let delivered = delivered.map_err(|_| {
            let status = match domain.over_quota {
                Some(OverQuota::Defer) => EnhancedStatus::new(4, 2, 2),
                Some(OverQuota::Reject) | None => EnhancedStatus::new(5, 2, 2),
            };
            let reason = format!("<{address}> Quota exceeded (mailbox for user is full)");
            Trouble::local(status, reason)
        })?;
        let login = store.account(account).login().to_owned();
        self.ctx.note(Kind::Delivered, || Note::Delivered {
            queue_id: message.queue_id.to_string(),
            message_id: note::message_id(&message.data),
            recipient: address.to_owned(),
            account: login,
            mailbox: mailbox.to_string(),
            uid: delivered.uid.get(),
        });
        self.ctx.signal(Signal::Delivered(delivered.mailbox));
        Ok(if mailbox.as_str() == JUNK { Shelf::Junk } else { Shelf::Read })
    }
}

/// Where a message was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shelf {
    /// Where its reader looks.
    Read,
    /// Among what is spam, as far as anybody knows.
    Junk,
}

/// The mailbox of the account that a message goes into. Junk is made when it is first needed.
fn mailbox(
    store: &mut MailStore,
    account: AccountId,
    is_spam: bool,
    detail: Option<&str>,
) -> MailboxName {
    if is_spam && let Ok(junk) = MailboxName::new(JUNK) {
        // Where it cannot be made, the store puts the message into INBOX.
        let _ = store.create(account, &junk, &[SpecialUse::Junk]);
        if store.find(account, &junk).is_ok() {
            return junk;
        }
    }
    let named = detail.and_then(|detail| MailboxName::new(detail).ok());
    named.filter(|name| store.find(account, name).is_ok()).unwrap_or_else(MailboxName::inbox)
}

/// What the fields on top of it take beside the two addresses.
const FIELD_OCTETS: usize = "Return-Path: <>\r\nDelivered-To: \r\n".len();

/// The mailbox for it, by the name that Dovecot and most clients give it.
const JUNK: &str = "Junk";

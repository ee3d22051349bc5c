//! The INBOX of an account as a POP3 maildrop (RFC 1939 §3).

use std::fmt;

use super::store::MailStore;
use crate::proto::imap::{
    AccountId, Backend, MailboxId, MailboxName, SystemFlag, Uid, UidValidity,
};
use crate::proto::pop3::MaildropMessage;

/// Another session holds the maildrop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InUse;

impl fmt::Display for InUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("another POP3 session holds the maildrop")
    }
}

impl std::error::Error for InUse {}

impl MailStore {
    /// Takes the lock on the maildrop of an account, and gives its messages in order.
    ///
    /// The lock keeps other POP3 sessions out, not deliveries and not IMAP sessions; a message
    /// keeps its unique id as long as its mailbox keeps its UIDVALIDITY (RFC 1939 §7). The id is UID and
    /// UIDVALIDITY in hexadecimal, as Dovecot has them (`%08Xu%08Xv`).
    pub fn lock_maildrop(&mut self, account: AccountId) -> Result<Vec<MaildropMessage>, InUse> {
        if std::mem::replace(&mut self.account_mut(account).maildrop_locked, true) {
            return Err(InUse);
        }
        let inbox = self.inbox(account);
        let mailbox = self.mailbox(inbox).expect("every account has an INBOX");
        let validity = mailbox.state().uid_validity.get();
        let message = |message: &crate::proto::imap::Message| MaildropMessage {
            uid: message.uid.get(),
            unique_id: format!("{:08x}{validity:08x}", message.uid.get()).into(),
            data: message.data().clone(),
        };
        Ok(mailbox.messages().iter().map(message).collect())
    }

    /// Removes messages of a maildrop: the UPDATE state of a POP3 session (RFC 1939 §6).
    ///
    /// `uids` are those of [`MaildropMessage::uid`], ascending. Those that went meanwhile are
    /// passed over.
    pub fn update_maildrop(&mut self, account: AccountId, uids: &[u32]) {
        let uids: Vec<Uid> = uids.iter().filter_map(|uid| Uid::new(*uid)).collect();
        self.expunge(self.inbox(account), &uids);
    }

    /// Sets `\Seen` of messages that were retrieved, for those who read the mailbox over IMAP, as
    /// Dovecot does. Those that are gone are passed over.
    pub fn mark_retrieved(&mut self, account: AccountId, uids: &[u32]) {
        let inbox = self.inbox(account);
        for uid in uids.iter().filter_map(|uid| Uid::new(*uid)) {
            let Some(message) = self.message(inbox, uid) else { continue };
            let mut flags = message.flags.clone();
            flags.insert(SystemFlag::Seen);
            self.set_flags(inbox, uid, flags);
        }
    }

    /// Gives the lock back, when the POP3 session has ended.
    pub fn unlock_maildrop(&mut self, account: AccountId) {
        self.account_mut(account).maildrop_locked = false;
    }

    /// Under which UIDVALIDITY the messages of the maildrop are numbered.
    pub fn maildrop_validity(&self, account: AccountId) -> UidValidity {
        let inbox = self.mailbox(self.inbox(account)).expect("every account has an INBOX");
        inbox.state().uid_validity
    }

    fn inbox(&self, account: AccountId) -> MailboxId {
        self.find(account, &MailboxName::inbox()).expect("every account has an INBOX")
    }
}

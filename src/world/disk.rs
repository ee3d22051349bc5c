//! What a host keeps on disk. A crash leaves it as it is.

use crate::store::greylist::Greylist;
use crate::store::mailbox::MailStore;
use crate::store::outbox::Outbox;
use crate::store::queue::Queue;
use crate::store::replies::Replies;
use crate::store::zones::ZoneCopies;

/// A host's disk. Empty, it costs six pointers.
#[derive(Debug, Default)]
pub struct Disk {
    mail: Option<Box<MailStore>>,
    queue: Option<Box<Queue>>,
    outbox: Option<Box<Outbox>>,
    zones: Option<Box<ZoneCopies>>,
    replies: Option<Box<Replies>>,
    greylist: Option<Box<Greylist>>,
}

impl Disk {
    /// The mailboxes, made empty when first asked for.
    pub fn mail(&mut self) -> &mut MailStore {
        self.mail.get_or_insert_default()
    }

    /// The mailboxes, where the host has some.
    pub fn mail_if_any(&self) -> Option<&MailStore> {
        self.mail.as_deref()
    }

    /// The delivery queue, made empty when first asked for.
    pub fn queue(&mut self) -> &mut Queue {
        self.queue.get_or_insert_default()
    }

    /// The delivery queue, where the host has one.
    pub fn queue_if_any(&self) -> Option<&Queue> {
        self.queue.as_deref()
    }

    /// The outboxes of mail clients, made empty when first asked for.
    pub fn outbox(&mut self) -> &mut Outbox {
        self.outbox.get_or_insert_default()
    }

    /// Who tried to send what to whom, made empty when first asked for.
    pub fn greylist(&mut self) -> &mut Greylist {
        self.greylist.get_or_insert_default()
    }

    /// The greylist, made empty when first asked for, and beside it the mailboxes, where the host
    /// has some.
    pub fn greylist_and_mail(&mut self) -> (&mut Greylist, Option<&MailStore>) {
        (self.greylist.get_or_insert_default(), self.mail.as_deref())
    }

    /// The zones that a secondary has fetched, where the host has some.
    pub fn zones(&self) -> Option<&ZoneCopies> {
        self.zones.as_deref()
    }

    /// The zones that a secondary has fetched, made empty when first asked for.
    pub fn zones_mut(&mut self) -> &mut ZoneCopies {
        self.zones.get_or_insert_default()
    }

    /// The automatic replies that were sent, made empty when first asked for.
    pub fn replies(&mut self) -> &mut Replies {
        self.replies.get_or_insert_default()
    }

    /// Puts mailboxes on the disk before a run.
    pub fn set_mail(&mut self, mail: MailStore) {
        self.mail = Some(Box::new(mail));
    }
}

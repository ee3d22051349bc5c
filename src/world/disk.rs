//! What a host keeps on disk. A crash leaves it as it is.
//!
//! A disk may have a size, and may be full ([`Ailment::FullDisk`](super::Ailment::FullDisk)). Counted are
//! the octets of messages in the queue, the mailboxes and the outboxes. Who is about to write asks for
//! room first, as a program finds out by `ENOSPC`, and gives the answer that its protocol has for that.
//! What only changes what is there (flags, what became of a recipient, what is removed) needs none, as
//! with the queue files of Postfix and a Maildir.
//!
//! Not modelled: inodes, the room that directories, indexes, greylists and logs take.

use crate::store::greylist::Greylist;
use crate::store::mailbox::MailStore;
use crate::store::outbox::Outbox;
use crate::store::queue::Queue;
use crate::store::replies::Replies;
use crate::store::tally::Tally;
use crate::store::zones::ZoneCopies;

use super::lazily::Nothing;

/// A host's disk. Empty, it costs eight pointers.
#[derive(Debug, Default)]
pub struct Disk {
    mail: Option<Box<MailStore>>,
    queue: Option<Box<Queue>>,
    outbox: Option<Box<Outbox>>,
    zones: Option<Box<ZoneCopies>>,
    replies: Option<Box<Replies>>,
    greylist: Option<Box<Greylist>>,
    tally: Option<Box<Tally>>,
    /// `None`: whatever is written has room.
    bounds: Option<Box<Bounds>>,
}

/// How many octets a disk holds at most.
#[derive(Debug, Default)]
struct Bounds {
    /// Its size.
    size: Option<u64>,
    /// What faults leave of it.
    left: Option<u64>,
}

impl Nothing for Disk {
    const NOTHING: &'static Self = &Disk {
        mail: None,
        queue: None,
        outbox: None,
        zones: None,
        replies: None,
        greylist: None,
        tally: None,
        bounds: None,
    };
}

impl Disk {
    /// The mailboxes, made empty when first asked for.
    pub fn mail(&mut self) -> &mut MailStore {
        let free = self.free();
        let mail = self.mail.get_or_insert_default();
        mail.set_room(free);
        mail
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

    /// The outboxes of mail clients, where the host has some.
    pub fn outbox_if_any(&self) -> Option<&Outbox> {
        self.outbox.as_deref()
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

    /// What a generator of load has done, made empty when first asked for.
    pub fn tally(&mut self) -> &mut Tally {
        self.tally.get_or_insert_default()
    }

    /// What a generator of load has done, where the host has one.
    pub fn tally_if_any(&self) -> Option<&Tally> {
        self.tally.as_deref()
    }

    /// Puts mailboxes on the disk before a run.
    pub fn set_mail(&mut self, mail: MailStore) {
        self.mail = Some(Box::new(mail));
    }

    /// Gives the disk a size in octets before a run.
    pub fn set_size(&mut self, octets: u64) {
        self.bounds.get_or_insert_default().size = Some(octets);
    }

    /// How many octets faults leave of the disk, those that are used included; `None`: all.
    pub(super) fn set_left(&mut self, octets: Option<u64>) {
        if octets.is_some() || self.bounds.is_some() {
            self.bounds.get_or_insert_default().left = octets;
        }
    }

    /// How many octets are used.
    pub fn used(&self) -> u64 {
        self.queue.as_ref().map_or(0, |queue| queue.octets())
            + self.mail.as_ref().map_or(0, |mail| mail.octets())
            + self.outbox.as_ref().map_or(0, |outbox| outbox.octets())
    }

    /// How many octets have room yet; `u64::MAX`: any number.
    pub fn free(&self) -> u64 {
        let Some(bounds) = &self.bounds else { return u64::MAX };
        let most = bounds.size.into_iter().chain(bounds.left).min();
        most.map_or(u64::MAX, |most| most.saturating_sub(self.used()))
    }

    /// Whether so many octets have room.
    pub fn has_room(&self, octets: usize) -> bool {
        self.bounds.is_none() || self.free() >= octets as u64
    }
}

//! What a workload has come to: read off the disks of all hosts, so that no records are needed.

use std::fmt;

use crate::store::mailbox::MailStore;
use crate::store::tally::Tally;
use crate::world::World;

/// What was done, and what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LoadDone {
    /// What clients and programs have done.
    pub tally: Tally,
    /// How many messages were put into mailboxes, reports on others among them.
    pub delivered: u64,
    /// How many messages are in queues.
    pub queued: u64,
}

impl LoadDone {
    /// What it has come to so far.
    pub fn new(world: &World) -> Self {
        let mut done = LoadDone::default();
        for disk in world.hosts().filter_map(|host| world.disk(host)) {
            if let Some(tally) = disk.tally_if_any() {
                done.tally += *tally;
            }
            done.delivered += disk.mail_if_any().map_or(0, MailStore::deliveries);
            done.queued += disk.queue_if_any().map_or(0, |queue| queue.len() as u64);
        }
        done
    }
}

/// `load: 1000 messages written, 1000 submitted, 0 refused, 1012 put into mailboxes, 3 queued`
impl fmt::Display for LoadDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LoadDone { tally, delivered, queued } = self;
        f.write_str("load:")?;
        if tally.composed > 0 {
            let Tally { composed, submitted, refused, .. } = tally;
            write!(f, " {composed} messages written, {submitted} submitted, {refused} refused, ")?;
            write!(f, "{delivered} put into mailboxes, {queued} queued")?;
        }
        if tally.asked > 0 {
            let Tally { asked, answered, unanswered, .. } = tally;
            let comma = if tally.composed > 0 { ";" } else { "" };
            write!(f, "{comma} {asked} questions, {answered} answered, {unanswered} not")?;
        }
        Ok(())
    }
}

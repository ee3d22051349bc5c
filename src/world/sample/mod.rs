//! A sample of what happened: the whole way of one message in so many.
//!
//! The sample reads all records in their order and keeps those that belong to its messages. Which messages
//! these are is drawn from the Message-ID and the seed: of those that load clients write, one in so many;
//! of the others, which somebody has written by hand, all. What servers write about a message of the sample
//! (reports, forwarded copies, automatic replies) belongs to it.
//!
//! Of each message there is
//! - what is noted of it, from its composition to its last mailbox, and who fetched it;
//! - its part of each connection that carried it: all from its MAIL to the next one, and with the first
//!   such part the beginning of the connection. A message for many that goes over one connection is
//!   one part;
//! - the look-ups that it asked for, and those that it waited for: what led to an answer is looked for
//!   backwards along the causes. Where a resolver asks once for several who wait, that is the question of
//!   whoever asked first.
//!
//! Faults and what they do to hosts and links are kept, since they are few. All else is dropped as soon as
//! it is known to belong to no message of the sample; what may still do so is bounded: for each open
//! connection by its present message, for look-ups by their number.
//!
//! Since all records are read in their order, which does not depend on threads, neither does the sample.
//!
//! Not modelled: the sessions of readers (POP3, IMAP), look-ups over TCP, secrets for a key log; what a client
//! that misbehaves sends under a Message-ID, which nobody tells of; a pipelined MAIL that does not begin a
//! segment is shown with the message before it.

mod lookups;
mod sessions;
#[cfg(test)]
mod tests;

use std::collections::{HashSet, VecDeque};
use std::num::NonZeroU64;

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::engine::{HashState, Seed, SimTime};
use crate::net::NodeId;

use self::lookups::Lookups;
use self::sessions::Sessions;

use super::record::{Fact, Note, Record, RecordId};
use super::shelf::{Shelf, take_down};

/// Reads all records, and says which are kept.
#[derive(Debug)]
pub(crate) struct Sample {
    one_in: NonZeroU64,
    seed: u64,
    /// How many records it has read.
    read: u64,
    /// The place in the history of each record that is kept, in order.
    places: Vec<u64>,
    /// Of what is kept, those whose first question belongs to them.
    causes: HashSet<RecordId, HashState>,
    /// Messages of the sample whose Message-IDs do not say so: the hashes of those.
    named: HashSet<u64, HashState>,
    /// Messages of the sample in queues: the hashes of their queue ids.
    queued: HashSet<(NodeId, u64), HashState>,
    /// What servers have written of late, and it is not known yet what about.
    written: VecDeque<(u64, Record)>,
    sessions: Sessions,
    lookups: Lookups,
    /// For the payloads of what is held.
    shelf: Shelf,
}

/// So many messages of servers wait until it is told what they are about, which is in the same instant.
const MOST_WRITTEN: usize = 256;
/// Small, since each open connection may hold a block.
const SHELF_OCTETS: usize = 8 * 1024;

impl Sample {
    /// One message in so many, drawn with this seed.
    pub(crate) fn new(one_in: NonZeroU64, Seed(seed): Seed) -> Self {
        Sample {
            one_in,
            seed,
            read: 0,
            places: Vec::new(),
            causes: HashSet::default(),
            named: HashSet::default(),
            queued: HashSet::default(),
            written: VecDeque::new(),
            sessions: Sessions::default(),
            lookups: Lookups::default(),
            shelf: Shelf::new(SHELF_OCTETS),
        }
    }

    /// In how many messages one is of the sample.
    pub(crate) fn one_in(&self) -> NonZeroU64 {
        self.one_in
    }

    /// Reads the next record. What is now known to belong to the sample is put among the `kept`, which
    /// nobody else changes.
    pub(crate) fn read(&mut self, mut record: Record, kept: &mut Vec<Record>) {
        let place = self.read;
        self.read += 1;
        self.shelf.keep(&mut record);
        if let Some(ends) = Sessions::ends(&record.fact) {
            if let Some(record) = self.sessions.put(ends, place, record) {
                self.causes.insert(record.id);
                self.keep(place, record, kept);
            }
            return;
        }
        match &record.fact {
            Fact::Note(_) => self.read_note(place, record, kept),
            Fact::Datagram { .. }
            | Fact::Complaint { .. }
            | Fact::Forged { .. }
            | Fact::Lost { tcp_sequence: None, .. }
            | Fact::Altered { tcp_sequence: None, .. } => self.read_lookup(place, record, kept),
            Fact::Crashed => {
                self.sessions.crash(record.id.node);
                self.insert(place, record, kept);
            }
            Fact::Restarted
            | Fact::Condition(_)
            | Fact::Cut(..)
            | Fact::Healed(..)
            | Fact::Held(..)
            | Fact::Released(..)
            | Fact::Partition { .. }
            | Fact::LinkChanged(_)
            | Fact::Rerouted(_) => self.insert(place, record, kept),
            // Of connections that carry no mail.
            Fact::Opened { .. }
            | Fact::Stream { .. }
            | Fact::Eof { .. }
            | Fact::Closed { .. }
            | Fact::Lost { .. }
            | Fact::Resent { .. }
            | Fact::Altered { .. }
            | Fact::Tls { .. }
            | Fact::Plaintext { .. }
            | Fact::Secret(_) => {}
        }
    }

    fn read_note(&mut self, place: u64, record: Record, kept: &mut Vec<Record>) {
        let Some(note) = record.note() else { return };
        let (id, cause) = (record.id, record.cause);
        match note {
            Note::Composed { message_id, .. } => {
                if written_at(message_id) != Some(record.time) {
                    self.name(message_id);
                }
                if self.follows(message_id) {
                    // What comes before it is about others.
                    self.causes.insert(id);
                    self.insert(place, record, kept);
                }
            }
            Note::Submitted { message_id, .. } | Note::NotSubmitted { message_id, .. } => {
                if self.follows(message_id) {
                    self.follow(cause, kept);
                    self.keep(place, record, kept);
                }
            }
            Note::Accepted { queue_id, message_id, from, .. } => {
                let queued = (id.node, hash(queue_id));
                let is_local = from == "local";
                let is_unnamed = !is_local && is_named_after(message_id, queue_id);
                let is_ours = self.queued.contains(&queued) || is_unnamed;
                if is_ours && !self.follows(message_id) {
                    self.name(message_id);
                }
                if is_ours || self.follows(message_id) {
                    self.queued.insert(queued);
                    self.causes.insert(id);
                    self.follow(cause, kept);
                    self.keep(place, record, kept);
                } else if is_local {
                    self.written.push_back((place, record));
                    if self.written.len() > MOST_WRITTEN {
                        self.written.pop_front();
                    }
                }
            }
            Note::Relayed { queue_id, .. } | Note::Deferred { queue_id, .. } => {
                if self.queued.contains(&(id.node, hash(queue_id))) {
                    self.follow(cause, kept);
                    self.keep(place, record, kept);
                }
            }
            Note::Bounced { queue_id, report, .. } => {
                if self.queued.contains(&(id.node, hash(queue_id))) {
                    self.follow(cause, kept);
                    if let Some(report) = report {
                        self.adopt(id.node, hash(report), kept);
                    }
                    self.keep(place, record, kept);
                }
            }
            Note::Notified { queue_id, report: another, .. }
            | Note::Forwarded { queue_id, forward_queue_id: another, .. }
            | Note::AutoReplied { queue_id, reply_queue_id: another, .. } => {
                if self.queued.contains(&(id.node, hash(queue_id))) {
                    self.adopt(id.node, hash(another), kept);
                    self.keep(place, record, kept);
                }
            }
            Note::Routed { queue_id, .. } => {
                if self.queued.contains(&(id.node, hash(queue_id))) {
                    self.causes.insert(id);
                    self.keep(place, record, kept);
                }
            }
            Note::Delivered { queue_id, .. } | Note::Discarded { queue_id, .. } => {
                if self.queued.contains(&(id.node, hash(queue_id))) {
                    self.keep(place, record, kept);
                }
            }
            Note::Removed { queue_id } => {
                if self.queued.remove(&(id.node, hash(queue_id))) {
                    self.keep(place, record, kept);
                }
            }
            Note::Fetched { message_id, .. } => {
                if self.follows(message_id) {
                    self.insert(place, record, kept);
                }
            }
            Note::CacheHit { .. } | Note::CacheMiss { .. } | Note::Misbehaved { .. } => {
                self.read_lookup(place, record, kept);
            }
            // About what is just said on a connection.
            Note::Refused { .. }
            | Note::Permitted { .. }
            | Note::SmtpMisbehaved { .. }
            | Note::Unsaid { .. }
            | Note::Secured { .. }
            | Note::NotSecured { .. }
            | Note::Remark(_) => {
                if let Some(record) = self.sessions.put_by_cause(place, record)
                    && cause.is_some_and(|cause| self.causes.contains(&cause))
                {
                    self.causes.insert(id);
                    self.keep(place, record, kept);
                }
            }
            Note::Saw { .. }
            | Note::ClientFailed { .. }
            | Note::Resolved { .. }
            | Note::AccessMisbehaved { .. }
            | Note::Rebuilt { .. } => {}
        }
    }

    /// The first question belongs to the message; whether what follows from it does is seen when somebody
    /// has waited for it.
    fn read_lookup(&mut self, place: u64, record: Record, kept: &mut Vec<Record>) {
        match record.cause {
            Some(cause) if self.causes.contains(&cause) => self.keep(place, record, kept),
            _ => self.lookups.put(place, record),
        }
    }

    /// The message of that Message-ID is one of the sample.
    fn name(&mut self, message_id: &str) {
        if !message_id.is_empty() {
            self.named.insert(hash(message_id));
        }
    }

    /// Whether the message of that Message-ID is one of the sample. What has none somebody has written by
    /// hand: load clients and servers name what they write.
    fn follows(&self, message_id: &str) -> bool {
        let is_drawn = || {
            let draw = xxh3_64_with_seed(message_id.as_bytes(), self.seed);
            written_at(message_id).is_some() && draw.is_multiple_of(self.one_in.get())
        };
        message_id.is_empty() || self.named.contains(&hash(message_id)) || is_drawn()
    }

    /// What led to this was on a connection that carries a message of the sample.
    fn follow(&mut self, cause: Option<RecordId>, kept: &mut Vec<Record>) {
        let held = cause.map(|cause| self.sessions.follow(cause)).unwrap_or_default();
        for (place, record) in held {
            self.causes.insert(record.id);
            self.keep(place, record, kept);
        }
    }

    /// What that host has written or will write, and puts or has put into its queue under this name, is
    /// about a message of the sample.
    fn adopt(&mut self, node: NodeId, queue_id: u64, kept: &mut Vec<Record>) {
        self.queued.insert((node, queue_id));
        let is_it = |(_, record): &(u64, Record)| match record.note() {
            Some(Note::Accepted { queue_id: written, .. }) => {
                record.id.node == node && hash(written) == queue_id
            }
            _ => false,
        };
        let found = self.written.iter().position(is_it);
        if let Some((place, record)) = found.and_then(|index| self.written.remove(index)) {
            self.read_note(place, record, kept);
        }
    }

    /// Keeps a record, and the look-ups that led to it.
    fn keep(&mut self, place: u64, record: Record, kept: &mut Vec<Record>) {
        let mut cause = record.cause;
        self.insert(place, record, kept);
        while let Some((place, record)) = cause.and_then(|cause| self.lookups.take(cause)) {
            cause = record.cause;
            self.insert(place, record, kept);
        }
    }

    fn insert(&mut self, place: u64, mut record: Record, kept: &mut Vec<Record>) {
        take_down(&mut record);
        let at = self.places.partition_point(|before| *before < place);
        self.places.insert(at, place);
        kept.insert(at, record);
    }
}

/// Whether a server that put a message into its queue gave it that Message-ID, as it had none (RFC 6409
/// §8.3).
fn is_named_after(message_id: &str, queue_id: &str) -> bool {
    let left = message_id.strip_prefix('<').and_then(|id| id.strip_prefix(queue_id));
    left.is_some_and(|rest| rest.starts_with('@'))
}

fn hash(text: &str) -> u64 {
    xxh3_64(text.as_bytes())
}

/// When a load client wrote the message of that Message-ID, `<NANOSECONDS.NUMBER@HOST>`; `None` for that of
/// another message.
pub fn written_at(message_id: &str) -> Option<SimTime> {
    let (left, _) = message_id.strip_prefix('<')?.split_once('@')?;
    let (nanos, number) = left.split_once('.')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    if !is_number(nanos) || !is_number(number) {
        return None;
    }
    nanos.parse().ok().map(SimTime::from_nanos)
}

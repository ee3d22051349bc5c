//! Messages in queues, each with where it came from and what became of its recipients. Notes tell of
//! queues; how a message came from one host to the next is read from octets.

use std::collections::BTreeMap;

use crate::engine::SimTime;
use crate::net::NodeId;
use crate::report::transcript::Protocol;
use crate::world::{Fact, Note, Record, RecordId};

use super::case::Case;
use super::transfers::Transfer;

/// All messages in queues, in the order in which they were taken.
pub(super) struct Mails<'w> {
    pub(super) all: Vec<Queued<'w>>,
    by_name: BTreeMap<(NodeId, &'w str), usize>,
    /// Which message each transfer became, in the order of transfers.
    pub(super) by_transfer: Vec<Option<usize>>,
}

/// A message in the queue of one host.
pub(super) struct Queued<'w> {
    pub(super) node: NodeId,
    pub(super) queue_id: &'w str,
    pub(super) message_id: &'w str,
    /// The reverse-path; empty if it is null.
    pub(super) sender: &'w str,
    pub(super) recipients: &'w [String],
    pub(super) at: SimTime,
    pub(super) record: RecordId,
    pub(super) origin: Origin,
    /// What became of recipients, in order.
    pub(super) ends: Vec<End<'w>>,
    /// When it left the queue.
    pub(super) removed: Option<SimTime>,
}

/// Where a message in a queue comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// From another program, by that transfer.
    Transfer(usize),
    /// From that message, sent on to others.
    Forward(usize),
    /// It answers that message.
    Reply(usize),
    /// It reports on that message.
    Report(usize),
    /// Nothing tells.
    Unknown,
}

/// Something that became of a recipient.
pub(super) struct End<'w> {
    pub(super) recipient: &'w str,
    pub(super) note: &'w Note,
    pub(super) at: SimTime,
    pub(super) record: RecordId,
}

impl<'w> Mails<'w> {
    pub(super) fn new(case: &Case<'w>) -> Self {
        let count = case.transfers().len();
        let mut mails =
            Mails { all: Vec::new(), by_name: BTreeMap::new(), by_transfer: vec![None; count] };
        let mut origins = BTreeMap::new();
        let transfers = Transfers::new(case.transfers());
        for record in case.world.history() {
            if let Some(note) = record.note() {
                mails.note(case, record, note, &transfers, &mut origins);
            }
        }
        mails
    }

    /// The message of that queue id at a host.
    pub(super) fn find(&self, node: NodeId, queue_id: &str) -> Option<usize> {
        self.by_name.get(&(node, queue_id)).copied()
    }

    /// The message before this one on its way: at the host that sent it, or on this one what it was
    /// made from. `None` where it begins.
    pub(super) fn parent(&self, case: &Case<'_>, index: usize) -> Option<usize> {
        match self.all[index].origin {
            Origin::Transfer(transfer) => self.sender_of(case, transfer),
            Origin::Forward(parent) => Some(parent),
            Origin::Reply(_) | Origin::Report(_) | Origin::Unknown => None,
        }
    }

    /// The message in the queue of the client of a transfer that was handed over by it; `None` when the
    /// client is no MTA. By the topmost Received field, which the client put there.
    pub(super) fn sender_of(&self, case: &Case<'_>, transfer: usize) -> Option<usize> {
        let transfer = &case.transfers()[transfer];
        let queue_id = queue_id(transfer.fields("Received").next()?)?;
        self.find(case.owner(transfer.client.ip())?, queue_id)
    }

    /// The way of a message up to this queue, from here back to where it begins.
    pub(super) fn way(&self, case: &Case<'_>, index: usize) -> Vec<usize> {
        std::iter::successors(Some(index), |index| self.parent(case, *index)).collect()
    }

    fn note(
        &mut self,
        case: &Case<'w>,
        record: &'w Record,
        note: &'w Note,
        transfers: &Transfers,
        origins: &mut BTreeMap<(NodeId, &'w str), Origin>,
    ) {
        let node = record.id.node;
        let end = |mails: &mut Self, queue_id: &str, recipient: &'w str| {
            let index = mails.find(node, queue_id)?;
            let (at, record) = (record.time, record.id);
            mails.all[index].ends.push(End { recipient, note, at, record });
            Some(index)
        };
        match note {
            Note::Accepted { queue_id, message_id, sender, recipients, from, .. } => {
                let index = self.all.len();
                let origin = origins.remove(&(node, queue_id.as_str()));
                let transfer = || transfers.of(case, record).filter(|_| from != MADE_HERE);
                let origin = origin.or_else(|| transfer().map(Origin::Transfer));
                if let Some(Origin::Transfer(transfer)) = origin {
                    self.by_transfer[transfer] = Some(index);
                }
                self.by_name.insert((node, queue_id), index);
                self.all.push(Queued {
                    node,
                    queue_id,
                    message_id,
                    sender,
                    recipients,
                    at: record.time,
                    record: record.id,
                    origin: origin.unwrap_or(Origin::Unknown),
                    ends: Vec::new(),
                    removed: None,
                });
            }
            Note::Relayed { queue_id, recipient, .. }
            | Note::Delivered { queue_id, recipient, .. }
            | Note::Deferred { queue_id, recipient, .. }
            | Note::Discarded { queue_id, recipient, .. } => {
                end(self, queue_id, recipient);
            }
            Note::Bounced { queue_id, recipient, report, .. } => {
                let index = end(self, queue_id, recipient);
                self.made_from(node, index, report.as_deref(), Origin::Report);
            }
            Note::Notified { queue_id, report, .. } => {
                let index = self.find(node, queue_id);
                self.made_from(node, index, Some(report), Origin::Report);
            }
            Note::Forwarded { queue_id, recipient, forward_queue_id, .. } => {
                if let Some(index) = end(self, queue_id, recipient) {
                    origins.insert((node, forward_queue_id), Origin::Forward(index));
                }
            }
            Note::AutoReplied { queue_id, recipient, reply_queue_id, .. } => {
                if let Some(index) = end(self, queue_id, recipient) {
                    origins.insert((node, reply_queue_id), Origin::Reply(index));
                }
            }
            Note::Removed { queue_id } => {
                if let Some(index) = self.find(node, queue_id) {
                    self.all[index].removed = Some(record.time);
                }
            }
            _ => {}
        }
    }

    /// A report is announced after it was queued.
    fn made_from(
        &mut self,
        node: NodeId,
        about: Option<usize>,
        name: Option<&str>,
        origin: impl Fn(usize) -> Origin,
    ) {
        let made = name.and_then(|name| self.find(node, name));
        if let (Some(about), Some(made)) = (about, made) {
            self.all[made].origin = origin(about);
        }
    }
}

impl Queued<'_> {
    /// `message 4F2K... (<id@host>)`
    pub(super) fn told(&self) -> String {
        match self.message_id {
            "" => format!("message {}", self.queue_id),
            message_id => format!("message {} ({message_id})", self.queue_id),
        }
    }
}

/// Finds transfers by their connections.
struct Transfers(BTreeMap<(std::net::SocketAddr, std::net::SocketAddr), Vec<(RecordId, usize)>>);

impl Transfers {
    fn new(transfers: &[Transfer]) -> Self {
        let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (index, transfer) in transfers.iter().enumerate() {
            let ends = (transfer.client, transfer.server);
            all.entry(ends).or_default().push((transfer.record, index));
        }
        Transfers(all)
    }

    /// The transfer by which a message came that a server has just taken: the octets of its
    /// connection are what the note is caused by, at once or through look-ups.
    fn of<'w>(&self, case: &Case<'w>, accepted: &'w Record) -> Option<usize> {
        let (ends, cause) = case.causes(accepted).find_map(|record| match &record.fact {
            Fact::Stream { local, peer, .. } | Fact::Plaintext { local, peer, .. }
                if record.id.node == accepted.id.node
                    && Protocol::of_port(local.port()) == Some(Protocol::Smtp) =>
            {
                Some(((*peer, *local), record))
            }
            _ => None,
        })?;
        let place = case.place(cause.id)?;
        let before = |(record, _): &&(RecordId, usize)| {
            case.place(*record).is_some_and(|other| other <= place)
        };
        self.0.get(&ends)?.iter().rev().find(before).map(|(_, index)| *index)
    }
}

/// What is told of a message that no other program has handed over.
const MADE_HERE: &str = "local";

/// The queue id in a Received field: what stands behind `id`, before the clauses that may follow.
pub(super) fn queue_id(received: &str) -> Option<&str> {
    clause(received, "id")
}

/// The word behind a keyword of a Received field (RFC 5321 §4.4), outside comments.
pub(super) fn clause<'a>(received: &'a str, keyword: &str) -> Option<&'a str> {
    let (clauses, _) = received.rsplit_once(';')?;
    let mut depth = 0;
    let mut is_next = false;
    for word in clauses.split_ascii_whitespace() {
        if depth == 0 && is_next {
            return Some(word);
        }
        is_next = depth == 0 && word.eq_ignore_ascii_case(keyword);
        let count = |bracket: char| word.matches(bracket).count();
        depth = (depth + count('(')).saturating_sub(count(')'));
    }
    None
}

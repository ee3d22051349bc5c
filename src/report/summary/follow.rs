//! Following messages through the notes of a run.

use std::collections::BTreeMap;

use crate::engine::SimTime;
use crate::net::NodeId;
use crate::world::{Note, World};

use super::{Hop, Kind, Message, Outcome, Read, Recipient};

/// All messages, in the order in which they first appeared.
pub(super) fn messages(world: &World) -> Vec<Message> {
    let mut follower = Follower::new(world);
    for record in world.records() {
        if let Some(note) = record.note() {
            follower.note(record.id.node, record.time, note);
        }
    }
    follower.finish()
}

struct Follower<'w> {
    world: &'w World,
    messages: Vec<Followed>,
    /// By Message-ID; those without one, by host.
    by_id: BTreeMap<(Option<NodeId>, &'w str), usize>,
    /// Which message, and which of its hops.
    by_queue_id: BTreeMap<(NodeId, &'w str), (usize, usize)>,
    /// Automatic replies that were announced: what they are about.
    replies: BTreeMap<(NodeId, &'w str), String>,
}

/// A message under way.
struct Followed {
    message: Message,
    recipients: Vec<Outcomes>,
    passes: Vec<Pass>,
}

/// What became of a recipient, as each place tells it.
#[derive(Default)]
struct Outcomes {
    address: String,
    by_place: BTreeMap<Place, Outcome>,
    copies: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Client,
    Hop(usize),
}

/// What is known of the present attempts of a hop.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Pass {
    /// The number of the last attempt that failed, from 1.
    deferred: u32,
    /// A route was chosen since.
    routed: bool,
}

impl<'w> Follower<'w> {
    fn new(world: &'w World) -> Self {
        Follower {
            world,
            messages: Vec::new(),
            by_id: BTreeMap::new(),
            by_queue_id: BTreeMap::new(),
            replies: BTreeMap::new(),
        }
    }

    fn note(&mut self, node: NodeId, at: SimTime, note: &'w Note) {
        let host = || self.world.name(node).to_owned();
        match note {
            Note::Composed { message_id, from, recipients, octets } => {
                let index = self.message(node, at, message_id);
                let followed = &mut self.messages[index];
                followed.message.sender.clone_from(from);
                followed.message.octets = *octets;
                for recipient in recipients {
                    followed.set(Place::Client, recipient, Outcome::Composed);
                }
            }
            Note::Submitted { message_id, .. } => {
                let index = self.message(node, at, message_id);
                self.messages[index].message.submitted.get_or_insert(at);
            }
            Note::NotSubmitted { message_id, recipients, reply } => {
                let index = self.message(node, at, message_id);
                for recipient in recipients {
                    let outcome = Outcome::NotSubmitted { at, reply: reply.clone() };
                    self.messages[index].set(Place::Client, recipient, outcome);
                }
            }
            Note::Accepted { queue_id, message_id, sender, recipients, octets, from } => {
                let index = self.message(node, at, message_id);
                let reply = self.replies.remove(&(node, queue_id.as_str()));
                let followed = &mut self.messages[index];
                if let Some(about) = reply {
                    followed.message.kind = Kind::AutoReply;
                    followed.message.about = Some(about);
                }
                if followed.recipients.is_empty() {
                    followed.message.sender.clone_from(sender);
                    followed.message.octets = *octets;
                }
                let hop = followed.message.path.len();
                for recipient in recipients {
                    let outcome = Outcome::Queued { host: host(), since: at };
                    followed.set(Place::Hop(hop), recipient, outcome);
                }
                followed.message.path.push(Hop {
                    host: host(),
                    queue_id: queue_id.clone(),
                    at,
                    from: from.clone(),
                    attempts: 0,
                    removed: None,
                });
                followed.passes.push(Pass::default());
                self.by_queue_id.insert((node, queue_id), (index, hop));
            }
            Note::Routed { queue_id, .. } => {
                let Some((followed, hop)) = self.queued(node, queue_id) else { return };
                followed.passes[hop].routed = true;
                followed.tried(hop);
            }
            Note::Relayed { queue_id, recipient, to, .. } => {
                let outcome = Outcome::Relayed { host: host(), to: to.clone(), at };
                let Some((followed, hop)) = self.queued(node, queue_id) else { return };
                followed.tried(hop);
                followed.set(Place::Hop(hop), recipient, outcome);
            }
            Note::Deferred { queue_id, recipient, attempt, reason, until } => {
                let (reason, until) = (reason.clone(), *until);
                let outcome = Outcome::Deferred { host: host(), reason, until };
                let Some((followed, hop)) = self.queued(node, queue_id) else { return };
                followed.passes[hop] = Pass { deferred: *attempt, routed: false };
                let attempts = &mut followed.message.path[hop].attempts;
                *attempts = (*attempts).max(*attempt);
                followed.set(Place::Hop(hop), recipient, outcome);
            }
            Note::Delivered { queue_id, recipient, account, mailbox, uid, .. } => {
                let (host, account, mailbox) = (host(), account.clone(), mailbox.clone());
                let Some((followed, hop)) = self.queued(node, queue_id) else { return };
                let latency = at.since(followed.message.at);
                let latency_ns = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
                let outcome =
                    Outcome::Delivered { host, account, mailbox, uid: *uid, at, latency_ns };
                followed.set(Place::Hop(hop), recipient, outcome);
            }
            Note::Bounced { queue_id, recipient, status, reason, report } => {
                let (host, status, reason) = (host(), status.clone(), reason.clone());
                let about = self.id_of(node, queue_id);
                let report = report.as_ref().and_then(|id| {
                    let (report, _) = self.queued(node, id)?;
                    report.message.kind = Kind::Bounce;
                    report.message.about = about;
                    Some(report.message.message_id.clone())
                });
                let Some((followed, hop)) = self.queued(node, queue_id) else { return };
                if followed.passes[hop] != Pass::default() {
                    followed.tried(hop);
                }
                let outcome = Outcome::Bounced { host, at, status, reason, report };
                followed.set(Place::Hop(hop), recipient, outcome);
            }
            Note::Discarded { queue_id, recipient, reason } => {
                let outcome = Outcome::Discarded { host: host(), at, reason: reason.clone() };
                let Some((followed, hop)) = self.queued(node, queue_id) else { return };
                followed.set(Place::Hop(hop), recipient, outcome);
            }
            Note::Notified { queue_id, report, .. } => {
                let about = self.id_of(node, queue_id);
                let Some((report, _)) = self.queued(node, report) else { return };
                report.message.kind = Kind::Notice;
                report.message.about = about;
            }
            Note::Forwarded { queue_id, recipient, .. } => {
                let Some((followed, hop)) = self.queued(node, queue_id) else { return };
                followed.set(Place::Hop(hop), recipient, Outcome::Expanded);
            }
            Note::AutoReplied { queue_id, reply_queue_id, .. } => {
                let about = self.id_of(node, queue_id).unwrap_or_default();
                self.replies.insert((node, reply_queue_id), about);
            }
            Note::Removed { queue_id } => {
                let Some((followed, hop)) = self.queued(node, queue_id) else { return };
                followed.message.path[hop].removed = Some(at);
            }
            Note::Fetched { account, mailbox, uid, message_id, .. } => {
                let Some(index) = self.by_id.get(&(None, message_id.as_str())) else { return };
                let (client, mailbox, uid) = (account.clone(), mailbox.clone(), uid.clone());
                self.messages[*index].message.reads.push(Read { client, mailbox, uid, at });
            }
            Note::Refused { .. }
            | Note::Permitted { .. }
            | Note::Saw { .. }
            | Note::ClientFailed { .. }
            | Note::CacheHit { .. }
            | Note::CacheMiss { .. }
            | Note::Resolved { .. }
            | Note::Misbehaved { .. }
            | Note::SmtpMisbehaved { .. }
            | Note::Unsaid { .. }
            | Note::AccessMisbehaved { .. }
            | Note::Rebuilt { .. }
            | Note::Secured { .. }
            | Note::NotSecured { .. }
            | Note::Remark(_) => {}
        }
    }
    /// The message of that Message-ID, from now on if need be.
    fn message(&mut self, node: NodeId, at: SimTime, message_id: &'w str) -> usize {
        let place = if message_id.is_empty() { Some(node) } else { None };
        let messages = &mut self.messages;
        *self.by_id.entry((place, message_id)).or_insert_with(|| {
            messages.push(Followed {
                message: Message {
                    message_id: message_id.to_owned(),
                    kind: Kind::Mail,
                    about: None,
                    sender: String::new(),
                    octets: 0,
                    at,
                    host: self.world.name(node).to_owned(),
                    submitted: None,
                    path: Vec::new(),
                    recipients: Vec::new(),
                    reads: Vec::new(),
                },
                recipients: Vec::new(),
                passes: Vec::new(),
            });
            messages.len() - 1
        })
    }

    /// The message of that queue id, and which of its hops that is.
    fn queued(&mut self, node: NodeId, queue_id: &str) -> Option<(&mut Followed, usize)> {
        let (index, hop) = *self.by_queue_id.get(&(node, queue_id))?;
        Some((&mut self.messages[index], hop))
    }

    fn id_of(&mut self, node: NodeId, queue_id: &str) -> Option<String> {
        self.queued(node, queue_id).map(|(followed, _)| followed.message.message_id.clone())
    }

    fn finish(self) -> Vec<Message> {
        self.messages.into_iter().map(Followed::finish).collect()
    }
}

impl Followed {
    /// What became of the recipient at that place, as far as it is known now.
    fn set(&mut self, place: Place, address: &str, outcome: Outcome) {
        let index =
            self.recipients.iter().position(|one| one.address.eq_ignore_ascii_case(address));
        let index = index.unwrap_or_else(|| {
            let address = address.to_owned();
            self.recipients.push(Outcomes { address, ..Outcomes::default() });
            self.recipients.len() - 1
        });
        let recipient = &mut self.recipients[index];
        recipient.copies += u32::from(matches!(outcome, Outcome::Delivered { .. }));
        // A second copy is counted, and the first one told of.
        if !matches!(recipient.by_place.get(&place), Some(Outcome::Delivered { .. })) {
            recipient.by_place.insert(place, outcome);
        }
    }

    /// An attempt of this hop is under way.
    fn tried(&mut self, hop: usize) {
        let attempts = &mut self.message.path[hop].attempts;
        *attempts = (*attempts).max(self.passes[hop].deferred + 1);
    }

    fn finish(self) -> Message {
        let mut message = self.message;
        let is_accepted = !message.path.is_empty();
        message.recipients = self
            .recipients
            .into_iter()
            .map(|Outcomes { address, by_place, copies }| {
                let outcomes = by_place.into_values();
                // Of equal ones the first: a second copy may lie elsewhere.
                let outcome = outcomes
                    .reduce(|best, next| if rank(&next) > rank(&best) { next } else { best });
                let outcome = match outcome {
                    None | Some(Outcome::Composed) if is_accepted => Outcome::Expanded,
                    outcome => outcome.unwrap_or(Outcome::Composed),
                };
                Recipient { address, outcome, copies }
            })
            .collect();
        message
    }
}

/// What is closer to the end of a message's way outranks what happened before.
fn rank(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::Composed => 0,
        Outcome::NotSubmitted { .. } => 1,
        Outcome::Relayed { .. } => 2,
        Outcome::Expanded => 3,
        Outcome::Queued { .. } => 4,
        Outcome::Deferred { .. } => 5,
        Outcome::Discarded { .. } => 6,
        Outcome::Bounced { .. } => 7,
        Outcome::Delivered { .. } => 8,
    }
}

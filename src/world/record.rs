//! Records: what happened, for those who watch.
//!
//! Records are made from the octets that arrived, and from facts that no wire shows ([`Note`]).
//! Each knows the record that caused it. Nothing in a run reads them, so that watching changes
//! nothing; switched off, a record costs one branch.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::engine::SimTime;
use crate::net::icmp::Complaint;
use crate::net::tcp::{CloseReason, Resending};
use crate::net::{Change, LinkId, Loss, NodeId, Packet, Ways};
use crate::proto::tls::{Handshake, Secret};

use super::ailment::ConditionChange;
use super::packet_rule::PacketVerdict;
use super::partition::Partition;

/// Names a record: the node that made it and how many it had made before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId {
    /// Where.
    pub node: NodeId,
    /// The node's own count, from 0.
    pub count: u32,
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its name.
    pub id: RecordId,
    /// The record without which it would not have happened.
    pub cause: Option<RecordId>,
    /// When.
    pub time: SimTime,
    /// What.
    pub fact: Fact,
}

/// What happened at a node.
#[derive(Debug, Clone)]
pub enum Fact {
    /// A UDP datagram arrived for a program.
    Datagram {
        /// Source.
        from: SocketAddr,
        /// Destination, an address of this host.
        to: SocketAddr,
        /// Content.
        payload: Bytes,
    },
    /// An ICMP error arrived at the host that had sent what it is about.
    Complaint {
        /// The address of who sent the error.
        by: IpAddr,
        /// What it says.
        complaint: Box<Complaint>,
    },
    /// A connection stands, as this end sees it.
    Opened {
        /// This host's end.
        local: SocketAddr,
        /// The other end.
        peer: SocketAddr,
        /// Whether this host asked for it.
        active: bool,
    },
    /// The next octets of a connection arrived, in order.
    Stream {
        /// This host's end.
        local: SocketAddr,
        /// The other end, which sent them.
        peer: SocketAddr,
        /// The octets.
        payload: Bytes,
    },
    /// The peer of a connection will send no more.
    Eof {
        /// This host's end.
        local: SocketAddr,
        /// The other end.
        peer: SocketAddr,
    },
    /// A connection is gone, as this end sees it.
    Closed {
        /// This host's end.
        local: SocketAddr,
        /// The other end.
        peer: SocketAddr,
        /// Whether this host had asked for it.
        active: bool,
        /// How it ended.
        reason: CloseReason,
    },
    /// A packet went no further than this node.
    Lost {
        /// Source.
        from: SocketAddr,
        /// Destination.
        to: SocketAddr,
        /// The sequence number of a TCP segment; else it was a UDP datagram, or, to port 0, an ICMP
        /// message.
        tcp_sequence: Option<u32>,
        /// Octets of payload.
        payload_octets: usize,
        /// Why.
        why: Loss,
    },
    /// A host sends a TCP segment again, in whole or in part.
    Resent {
        /// This host's end.
        local: SocketAddr,
        /// The other end.
        peer: SocketAddr,
        /// Its sequence number.
        tcp_sequence: u32,
        /// Octets of payload.
        octets: usize,
        /// Why.
        why: Resending,
    },
    /// A packet fault struck a packet where it left its host and did not drop it, or a link harmed it or
    /// doubled it.
    Altered {
        /// Source.
        from: SocketAddr,
        /// Destination.
        to: SocketAddr,
        /// Whether it was a TCP segment (with its sequence number) or a UDP datagram.
        tcp_sequence: Option<u32>,
        /// Octets of payload.
        payload_octets: usize,
        /// What became of it.
        how: PacketVerdict,
    },
    /// The host or router crashed.
    Crashed,
    /// The host or router came up again.
    Restarted,
    /// The condition of a host that is up changed.
    Condition(ConditionChange),
    /// A link that carried does not any more, in these directions; recorded at its first end.
    Cut(LinkId, Ways),
    /// A link that was cut carries again, in these directions; recorded at its first end.
    Healed(LinkId, Ways),
    /// A link keeps its packets from now on, in these directions; recorded at its first end.
    Held(LinkId, Ways),
    /// A link lets go what it kept, in these directions, and so many packets; recorded at its first end.
    Released(LinkId, Ways, u32),
    /// A partition began or ended; recorded at the first host of its first group.
    Partition {
        /// Whether it began.
        begins: bool,
        /// Who does not reach whom.
        partition: Arc<Partition>,
    },
    /// A link was changed; recorded at its first end.
    LinkChanged(LinkId),
    /// Routers came to know of a change, some time after it; recorded at the router or the link's first
    /// end.
    Rerouted(Change),
    /// A datagram with a foreign source address left this host; what it causes names this record.
    Forged {
        /// The source that stands in it.
        from: SocketAddr,
        /// Destination.
        to: SocketAddr,
    },
    /// From here on, what arrives on a connection is TLS: octets that only the ends can read.
    Tls {
        /// This host's end.
        local: SocketAddr,
        /// The other end.
        peer: SocketAddr,
    },
    /// What was in the TLS that arrived on a connection: the next octets of the peer, deciphered.
    Plaintext {
        /// This host's end.
        local: SocketAddr,
        /// The other end, which sent them.
        peer: SocketAddr,
        /// The octets.
        payload: Bytes,
    },
    /// With this a capture of a connection can be read.
    Secret(Box<Secret>),
    /// What no wire shows. Apart, so that the many that are no notes take less room.
    Note(Box<Note>),
}

impl Record {
    /// What it notes, if it is a note.
    pub fn note(&self) -> Option<&Note> {
        match &self.fact {
            Fact::Note(note) => Some(note),
            _ => None,
        }
    }

    /// The octets that it tells of, if it tells of octets that arrived.
    pub(super) fn payload(&self) -> Option<&Bytes> {
        match &self.fact {
            Fact::Datagram { payload, .. }
            | Fact::Stream { payload, .. }
            | Fact::Plaintext { payload, .. } => Some(payload),
            _ => None,
        }
    }

    /// The same, to be moved elsewhere.
    pub(super) fn payload_mut(&mut self) -> Option<&mut Bytes> {
        match &mut self.fact {
            Fact::Datagram { payload, .. }
            | Fact::Stream { payload, .. }
            | Fact::Plaintext { payload, .. } => Some(payload),
            _ => None,
        }
    }

    /// What it notes, to be doctored.
    #[cfg(test)]
    pub(crate) fn note_mut(&mut self) -> Option<&mut Note> {
        match &mut self.fact {
            Fact::Note(note) => Some(note),
            _ => None,
        }
    }
}

impl Fact {
    /// A packet fault did this to a packet.
    pub(super) fn altered(packet: &Packet, how: PacketVerdict) -> Fact {
        Fact::Altered {
            from: packet.from(),
            to: packet.to(),
            tcp_sequence: packet.tcp_sequence(),
            payload_octets: packet.payload().len(),
            how,
        }
    }
}

/// A fact that no wire shows, told by an actor.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "the fields are named by the terms of the RFCs; each variant says what they are"
)]
pub enum Note {
    /// A client composed a message and is about to submit it.
    Composed { message_id: String, from: String, recipients: Vec<String>, octets: usize },
    /// A client has the submission server's 250; `reply` is its text.
    Submitted { message_id: String, reply: String },
    /// A client could not submit; `reply` is the refusal, or what else went wrong.
    NotSubmitted { message_id: String, recipients: Vec<String>, reply: String },
    /// An MTA took a message into its queue and answers for it from now on.
    Accepted {
        queue_id: String,
        message_id: String,
        sender: String,
        recipients: Vec<String>,
        octets: usize,
        /// The host name or address of the peer it came from, or `local`.
        from: String,
    },
    /// An MTA refused a client, a sender, a recipient or a message in the session, by this rule.
    Refused {
        /// The reverse-path; before MAIL the login, or the client's address in brackets.
        sender: String,
        recipient: String,
        /// What the rules that were asked before it said, in order.
        rules: Vec<String>,
        rule: String,
        reply: String,
    },
    /// An MTA took a recipient or a message after rules that not every MTA has.
    Permitted {
        sender: String,
        recipient: String,
        /// What the rules said, in order.
        rules: Vec<String>,
        /// The rule by which it is taken only to be reported on as undeliverable.
        reported_since: Option<String>,
    },
    /// An MTA chose where a recipient's mail goes next.
    Routed { queue_id: String, domain: String, exchanges: Vec<String> },
    /// The next hop answered 250 for this recipient.
    Relayed { queue_id: String, recipient: String, to: String, reply: String },
    /// A recipient has to wait; tried again at `until`.
    Deferred { queue_id: String, recipient: String, attempt: u32, reason: String, until: SimTime },
    /// A message was put into a mailbox of this host.
    Delivered {
        queue_id: String,
        message_id: String,
        recipient: String,
        account: String,
        mailbox: String,
        uid: u32,
    },
    /// A recipient failed for good; `report` is the queue id of the bounce, if one was written.
    Bounced {
        queue_id: String,
        recipient: String,
        status: String,
        reason: String,
        report: Option<String>,
    },
    /// A report beside the bounce was queued: of delay, of success, or to the postmaster. `notice`
    /// says which in Postfix's words, `report` is its queue id.
    Notified {
        queue_id: String,
        notice: String,
        recipients: Vec<String>,
        to: String,
        report: String,
    },
    /// A message went on from a user or a mailing list of this host to other addresses.
    Forwarded { queue_id: String, recipient: String, to: Vec<String>, forward_queue_id: String },
    /// An automatic reply was written.
    AutoReplied { queue_id: String, recipient: String, to: String, reply_queue_id: String },
    /// A message without anyone to tell was thrown away (a bounce that bounced).
    Discarded { queue_id: String, recipient: String, reason: String },
    /// All recipients of a queued message have come to their end.
    Removed { queue_id: String },
    /// A client downloaded a message.
    Fetched { account: String, mailbox: String, uid: String, message_id: String, octets: usize },
    /// A client finished looking at a mailbox: so many messages it holds, and of those it knows,
    /// the Message-ID and the flags.
    Saw { account: String, mailbox: String, messages: usize, known: Vec<(String, String)> },
    /// A client's action came to nothing.
    ClientFailed { client: String, action: String, reason: String },
    /// A resolver answered from its cache; `left` is the least TTL left.
    CacheHit { qname: String, qtype: String, rcode: String, left: Duration },
    /// A resolver begins to look for an answer.
    CacheMiss { qname: String, qtype: String },
    /// A program that asks for names (`dig`) has its answer.
    Resolved { qname: String, qtype: String, rcode: String, answers: Vec<String> },
    /// A DNS server was told to give this answer instead of the right one, and so much later.
    Misbehaved { qname: String, qtype: String, answer: String, delay: Duration },
    /// An SMTP server keeps to a rule of misbehaviour: at this moment of a session it does this.
    SmtpMisbehaved {
        rule: String,
        /// `DATA`, `the final dot`.
        moment: String,
        /// The reverse-path, once there is one.
        sender: Option<String>,
        /// At RCPT.
        recipient: Option<String>,
        /// What it does, in words.
        deed: String,
    },
    /// An SMTP server has done what it was asked, and never said this reply, since a rule of
    /// misbehaviour wants it so. At `the final dot` the message is taken, with the queue id that
    /// stands in the reply, and its client may send it again (RFC 1047).
    Unsaid { moment: String, reply: String, rule: String },
    /// A mailbox server keeps to a rule of misbehaviour: at this command of a session it does this.
    AccessMisbehaved {
        rule: String,
        /// `POP3`, `IMAP`.
        protocol: String,
        /// `FETCH INBOX`.
        moment: String,
        /// Who has logged in, or has named himself.
        user: Option<String>,
        /// What it does, in words.
        deed: String,
    },
    /// A mailbox server has lost the index of a mailbox: UIDs are others from now on.
    Rebuilt { account: String, mailbox: String, uid_validity: u32 },
    /// A client has agreed with a server on TLS, and thinks this of its certificate.
    Secured { server: String, handshake: Box<Handshake> },
    /// TLS came to nothing; the client tells with which server.
    NotSecured { server: Option<String>, reason: String },
    /// Anything else worth a line.
    Remark(String),
}

//! Queries to name servers under way, and which reply belongs to which.
//!
//! A reply counts only if it comes from the address that was asked, to the port that asked (the
//! owner knows that by the [`UpstreamId`]), with the id and the question of the query
//! (RFC 5452 §9.1).

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;

use crate::engine::{SimTime, Stream};
use crate::proto::dns::{Edns, Message, Question, Transport};

use super::ResolutionId;

/// A query to a name server, for as long as an answer is awaited. Not used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UpstreamId(pub u64);

/// A query under way.
#[derive(Debug)]
pub(crate) struct Query {
    /// Who wants to know.
    pub(crate) resolution: ResolutionId,
    /// Who was asked.
    pub(crate) to: SocketAddr,
    /// How.
    pub(crate) transport: Transport,
    /// What.
    pub(crate) question: Question,
    /// With EDNS.
    pub(crate) edns: bool,
    /// With RD.
    pub(crate) recursion: bool,
    /// When.
    pub(crate) sent: SimTime,
    id: u16,
    deadline: SimTime,
}

impl Query {
    /// Whether `message`, which came from `from`, answers the query.
    pub(crate) fn is_answered_by(&self, from: SocketAddr, message: &Message) -> bool {
        let asked = &self.question;
        let same_question = match message.question() {
            Some(question) => question == asked,
            // FORMERR may leave the question out: the server did not understand it.
            None => message.questions.is_empty() && message.rcode.number() == 1,
        };
        from == self.to && message.flags.qr && message.id == self.id && same_question
    }
}

/// All queries under way.
#[derive(Debug, Default)]
pub(crate) struct Upstreams {
    queries: BTreeMap<UpstreamId, Query>,
    deadlines: BTreeSet<(SimTime, UpstreamId)>,
    last: u64,
}

/// What a query is to be.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Who wants to know.
    pub(crate) resolution: ResolutionId,
    /// Who is asked.
    pub(crate) to: SocketAddr,
    /// How.
    pub(crate) transport: Transport,
    /// What.
    pub(crate) question: Question,
    /// The UDP size that EDNS offers; without, no EDNS.
    pub(crate) edns_octets: Option<u16>,
    /// With RD.
    pub(crate) recursion: bool,
    /// How long to wait.
    pub(crate) timeout: Duration,
}

impl Upstreams {
    /// Takes up a query with a random id; its number and its octets.
    pub(crate) fn add(
        &mut self,
        now: SimTime,
        plan: Plan,
        draws: &mut Stream,
    ) -> (UpstreamId, Bytes) {
        let Plan { resolution, to, transport, question, edns_octets, recursion, timeout } = plan;
        self.last += 1;
        let upstream = UpstreamId(self.last);
        let id = draws.next_u16();
        let mut message = Message::query(id, question.name.clone(), question.rtype);
        message.flags.rd = recursion;
        message.edns = edns_octets.map(|udp_octets| Edns { udp_octets, ..Edns::default() });
        let deadline = now + timeout;
        let edns = edns_octets.is_some();
        let query =
            Query { resolution, to, transport, question, edns, recursion, sent: now, id, deadline };
        self.queries.insert(upstream, query);
        self.deadlines.insert((deadline, upstream));
        (upstream, message.encode())
    }

    /// The query of this number, if it is under way.
    pub(crate) fn get(&self, upstream: UpstreamId) -> Option<&Query> {
        self.queries.get(&upstream)
    }

    /// Ends a query.
    pub(crate) fn remove(&mut self, upstream: UpstreamId) -> Option<Query> {
        let query = self.queries.remove(&upstream)?;
        self.deadlines.remove(&(query.deadline, upstream));
        Some(query)
    }

    /// When the first query runs out of time.
    pub(crate) fn deadline(&self) -> Option<SimTime> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// A query that has run out of time.
    pub(crate) fn overdue(&self, now: SimTime) -> Option<UpstreamId> {
        self.deadlines
            .first()
            .filter(|(deadline, _)| *deadline <= now)
            .map(|(_, upstream)| *upstream)
    }
}

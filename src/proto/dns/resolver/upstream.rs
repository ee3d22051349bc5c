//! Queries to name servers under way, and which reply belongs to which.
//!
//! A reply counts only if it comes from the address that was asked, to the port that asked (the
//! owner knows that by the [`ExchangeId`]), with the id and the question of the query
//! (RFC 5452 §9.1). With "0x20" (draft-vixie-dnsext-dns0x20) the letters of the question are in
//! random case, and count as more of the id.

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;

use crate::engine::{HashState, SimTime, Stream};
use crate::proto::dns::draft::Draft;
use crate::proto::dns::{Edns, ExchangeId, Flags, Message, Name, Question, Rcode, Transport};

use super::ResolutionId;
use super::servers::Served;

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
    /// The zone that it was asked for.
    pub(crate) zone: Name,
    /// With EDNS.
    pub(crate) edns: bool,
    /// With RD.
    pub(crate) recursion: bool,
    /// When.
    pub(crate) sent: SimTime,
    id: u16,
    /// The name as it was sent, when its letters are in random case.
    mixed: Option<Name>,
    deadline: SimTime,
}

/// What a message is to a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// Its reply.
    Reply,
    /// Its reply but for the case of the letters.
    OtherCase,
    /// Forged, or late, or astray.
    Unwanted,
}

impl Query {
    /// What `message`, which came from `from`, is to the query.
    pub(crate) fn fit(&self, from: SocketAddr, message: &Message) -> Fit {
        let asked = &self.question;
        let question = message.question();
        let same_question = match question {
            Some(question) => question == asked,
            // FORMERR may leave the question out: the server did not understand it.
            None => message.questions.is_empty() && message.rcode == Rcode::FormErr,
        };
        if from != self.to || !message.flags.qr || message.id != self.id || !same_question {
            return Fit::Unwanted;
        }
        match (&self.mixed, question) {
            (Some(sent), Some(question)) if !question.name.same_case(sent) => Fit::OtherCase,
            _ => Fit::Reply,
        }
    }

    /// Writes the name that was asked for as the asker wrote it, wherever a reply has it as owner.
    pub(crate) fn restore_case(&self, message: &mut Message) {
        if self.mixed.is_none() {
            return;
        }
        for record in message.answers.iter_mut().chain(&mut message.authorities) {
            if record.name == self.question.name {
                record.name = self.question.name.clone();
            }
        }
    }

    /// Who was asked, and for which zone.
    pub(crate) fn served(&self) -> Served {
        (self.to.ip(), self.zone.clone())
    }
}

/// All queries under way.
#[derive(Debug, Default)]
pub(crate) struct Upstreams {
    queries: HashMap<ExchangeId, Box<Query>, HashState>,
    deadlines: BTreeSet<(SimTime, ExchangeId)>,
    last: u64,
    /// The last id, where ids are not drawn.
    sequence: Option<u16>,
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
    /// The zone that the server is asked for.
    pub(crate) zone: Name,
    /// In random case.
    pub(crate) mixed: bool,
    /// The UDP size that EDNS offers; without, no EDNS.
    pub(crate) edns_octets: Option<u16>,
    /// With RD.
    pub(crate) recursion: bool,
    /// How long to wait.
    pub(crate) timeout: Duration,
}

impl Upstreams {
    /// None is under way. Ids are drawn, or count up from 1.
    pub(crate) fn new(sequential_ids: bool) -> Self {
        Upstreams { sequence: sequential_ids.then_some(0), ..Upstreams::default() }
    }

    /// Takes up a query with a random id; its number and its octets.
    pub(crate) fn add(
        &mut self,
        now: SimTime,
        plan: Plan,
        draws: &mut Stream,
    ) -> (ExchangeId, Bytes) {
        let Plan { resolution, to, transport, question, zone, .. } = plan;
        let Plan { edns_octets, recursion, timeout, .. } = plan;
        self.last += 1;
        let exchange = ExchangeId(self.last);
        let id = match &mut self.sequence {
            None => draws.next_u16(),
            Some(last) => {
                *last = last.wrapping_add(1);
                *last
            }
        };
        let mixed = plan.mixed.then(|| question.name.in_random_case(|| draws.next_u64()));
        let edns = edns_octets.map(|udp_octets| Edns {
            udp_octets,
            // Signatures and proofs are kept for those clients who want them, as Unbound does.
            dnssec_ok: true,
            ..Edns::default()
        });
        let shown = mixed.as_ref().map(|name| Question::new(name.clone(), question.rtype));
        let draft = Draft {
            flags: Flags { rd: recursion, ..Flags::default() },
            edns: edns.as_ref(),
            ..Draft::query(id, shown.as_ref().unwrap_or(&question))
        };
        let octets = draft.encode();
        let deadline = now + timeout;
        let query = Query {
            resolution,
            to,
            transport,
            question,
            zone,
            edns: edns_octets.is_some(),
            recursion,
            sent: now,
            id,
            mixed,
            deadline,
        };
        self.queries.insert(exchange, Box::new(query));
        self.deadlines.insert((deadline, exchange));
        (exchange, octets)
    }

    /// The query of this number, if it is under way.
    pub(crate) fn get(&self, exchange: ExchangeId) -> Option<&Query> {
        self.queries.get(&exchange).map(|query| &**query)
    }

    /// Ends a query.
    pub(crate) fn remove(&mut self, exchange: ExchangeId) -> Option<Box<Query>> {
        let query = self.queries.remove(&exchange)?;
        self.deadlines.remove(&(query.deadline, exchange));
        Some(query)
    }

    /// When the first query runs out of time.
    pub(crate) fn deadline(&self) -> Option<SimTime> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// A query that has run out of time.
    pub(crate) fn overdue(&self, now: SimTime) -> Option<ExchangeId> {
        self.deadlines
            .first()
            .filter(|(deadline, _)| *deadline <= now)
            .map(|(_, exchange)| *exchange)
    }
}

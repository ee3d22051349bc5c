//! The recursive resolver: finds answers by asking down from the root, and remembers them.
//!
//! Follows RFC 1034 §5.3.3, RFC 2308 (negative caching), RFC 2181 §5.4.1 (what is trusted more),
//! RFC 5452 (which replies count), RFC 6672 (DNAME), RFC 6891 (EDNS), RFC 7766 (TCP after
//! truncation), RFC 8109 (priming), RFC 9156 (QNAME minimisation), RFC 9520 (failures are remembered
//! too), with the limits and the choice of servers of Unbound. A pure machine: client queries,
//! replies of name servers and time go in, answers and queries come out.
//!
//! How a question travels: [`Resolver::client_query`] looks into the `cache`; what is not there
//! becomes a resolution (`iterate`), which all clients of one question share. It finds the
//! closest zone `cut` that is known or configured (`forward`), picks one of its `servers` and what
//! to show it (`ask`, `minimise`), sends a query (`upstream`), reads (`reply`) and makes something of
//! (`digest`) what comes back, and so goes on from referral to referral and alias to alias. The
//! addresses of name servers that came without glue (`targets`) are resolutions of their own.
//!
//! What an answer has beside its RRset (`harvest`) is kept for the clients who want it (`compose`):
//! signatures and proofs under DO (RFC 4035 §3.2), name servers and addresses. What has run out, or
//! soon will, is `stale` (RFC 8767); why there is no answer is told (`ede`, RFC 8914); names that mean
//! the same everywhere are answered here (`special_names`, RFC 6761). What is answered out of the resolver's own
//! zones is kept as octets (`lasting`).
//!
//! Two ways to go on where Unbound has longer ones. A reply in other letters than the query, with
//! "0x20", is not taken: the same server is asked by TCP, where nobody forges unseen. (Unbound asks
//! all servers and compares.) Silence: of five tries at a server that never answered, the third
//! offers 512 octets by EDNS and the last two go without.
//!
//! Not modelled: DNSSEC validation, classes other than IN (which is what a question for class ANY
//! is answered with).

mod ask;
mod cache;
mod client;
mod compose;
mod config;
mod cut;
mod digest;
mod ede;
mod forward;
mod glue;
mod harvest;
mod iterate;
mod lasting;
mod local;
mod lru;
mod minimise;
mod reply;
mod resolution;
mod servers;
mod special_names;
mod stale;
mod targets;
mod upstream;
mod walk;

#[cfg(test)]
mod tests;

/// What a root hint says of one server.
pub use crate::proto::dns::hints::RootServer as Hint;
pub use config::{
    CacheConfig, ForwardZone, Limits, ResolverConfig, ServeStale, ServersConfig, StubZone,
};
pub use special_names::is_special;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::engine::{SimTime, Stream};
use crate::proto::dns::{
    Authority, DecodeError, ExchangeId, Message, Outgoing, Question, Rcode, Transport,
};

use cache::Cache;
use glue::ParentSide;
use lasting::LastingAnswers;
use resolution::{ResolutionId, Resolutions};
use servers::Servers;
use stale::Patience;
use upstream::{Fit, Upstreams};

/// A client's query, in the numbering of the resolver's owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientToken(pub u64);

/// What a resolver wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResolverOutput {
    /// A query to a name server.
    Exchange(Outgoing),
    /// Send this to the client. Its token is free then.
    Answer {
        /// The client.
        client: ClientToken,
        /// The message.
        octets: Bytes,
    },
    /// The octets of this client deserve no answer. Its token is free.
    Ignore {
        /// The client.
        client: ClientToken,
    },
    /// The next answer is from the cache. For those who watch.
    CacheHit {
        /// What was asked.
        question: Question,
        /// What the answer says.
        rcode: Rcode,
        /// The least TTL in the answer.
        left: Duration,
    },
    /// The question is not answered by the cache. For those who watch.
    CacheMiss {
        /// What was asked.
        question: Question,
    },
}

/// A recursive resolver.
#[derive(Debug)]
pub struct Resolver {
    config: ResolverConfig,
    cache: Cache,
    servers: Servers,
    upstreams: Upstreams,
    parent_side: ParentSide,
    resolutions: Resolutions,
    /// Resolutions that can go on.
    ready: VecDeque<ResolutionId>,
    draws: Stream,
    clients: usize,
    unwanted_replies: u64,
    patience: Patience,
    /// Zones that it answers for itself.
    zones: Option<Arc<Authority>>,
    /// What was answered out of these alone.
    lasting: LastingAnswers,
}

impl Resolver {
    /// A resolver that knows its hints and nothing else. `draws` is its own: ids and the choice of
    /// servers come from it.
    pub fn new(config: ResolverConfig, draws: Stream) -> Self {
        Resolver {
            cache: Cache::new(config.cache.clone()),
            servers: Servers::new(config.servers.clone()),
            upstreams: Upstreams::new(config.sequential_ids),
            parent_side: ParentSide::new(config.servers.count, config.cache.max_ttl_secs),
            resolutions: Resolutions::default(),
            ready: VecDeque::new(),
            draws,
            clients: 0,
            unwanted_replies: 0,
            patience: Patience::default(),
            zones: None,
            lasting: LastingAnswers::default(),
            config,
        }
    }

    /// How many RRsets and negative answers the cache holds, those that have run out included.
    pub fn cached(&self) -> usize {
        self.cache.len()
    }

    /// How many messages came for queries that they do not answer, from others than the server that
    /// was asked, or with the wrong id or question: forged ones, or late ones (RFC 5452 §9.1).
    ///
    /// They change nothing, however many they are: the query stays open.
    pub fn unwanted_replies(&self) -> u64 {
        self.unwanted_replies
    }

    /// How many questions are under way.
    pub fn in_progress(&self) -> usize {
        self.resolutions.len()
    }

    /// When the resolver wants [`Resolver::timeout`], if at all.
    pub fn deadline(&self) -> Option<SimTime> {
        let deadlines = [self.upstreams.deadline(), self.patience.deadline()];
        deadlines.into_iter().flatten().min()
    }

    /// A name server's message arrived on the port or connection of `exchange`.
    ///
    /// What does not fit the query is ignored, and the query goes on (RFC 5452 §9.1).
    pub fn upstream_reply(
        &mut self,
        now: SimTime,
        exchange: ExchangeId,
        from: SocketAddr,
        octets: &[u8],
        out: &mut Vec<ResolverOutput>,
    ) {
        let Some(query) = self.upstreams.get(exchange) else {
            self.unwanted_replies += 1;
            return;
        };
        let (mut message, broken) = match Message::decode(octets) {
            Ok(message) => (message, false),
            Err(DecodeError { head: Some(head), .. }) => (*head, true),
            Err(_) => {
                self.unwanted_replies += 1;
                return;
            }
        };
        let fit = query.fit(from, &message);
        if fit == Fit::Unwanted {
            self.unwanted_replies += 1;
            return;
        }
        let query = self.end_query(exchange, out).expect("it was there above");
        if query.transport == Transport::Udp {
            let asked = (query.question.rtype, query.edns);
            let rtt = now.since(query.sent);
            self.servers.answered(now, &query.served(), asked, rtt);
        }
        if fit == Fit::OtherCase {
            self.unwanted_replies += 1;
            self.ask_by_tcp(now, &query, out);
            return self.go_on(now, out);
        }
        // Unbound's scrubber throws them away one by one, too.
        let sections = [&mut message.answers, &mut message.authorities, &mut message.additionals];
        for section in sections {
            section.retain(|record| !record.data.is_broken_address());
        }
        query.restore_case(&mut message);
        self.digest(now, &query, &message, broken, out);
        self.go_on(now, out);
    }

    /// The connection of `exchange` was refused or broke, or its datagram could not be sent.
    pub fn upstream_failed(
        &mut self,
        now: SimTime,
        exchange: ExchangeId,
        out: &mut Vec<ResolverOutput>,
    ) {
        if let Some(query) = self.end_query(exchange, out) {
            self.give_up_server(&query);
            self.go_on(now, out);
        }
    }

    /// Time has passed. Does nothing before [`Resolver::deadline`].
    pub fn timeout(&mut self, now: SimTime, out: &mut Vec<ResolverOutput>) {
        while let Some(exchange) = self.upstreams.overdue(now) {
            let Some(query) = self.end_query(exchange, out) else { break };
            match query.transport {
                Transport::Udp => {
                    self.servers.timed_out(now, &query.served(), query.question.rtype);
                    self.unanswered(&query);
                }
                // By UDP it did answer: it is neither slow nor dead, but of no use here.
                Transport::Tcp => self.give_up_server(&query),
            }
        }
        self.go_on(now, out);
        self.lose_patience(now, out);
    }

    fn end_query(
        &mut self,
        exchange: ExchangeId,
        out: &mut Vec<ResolverOutput>,
    ) -> Option<Box<upstream::Query>> {
        let query = self.upstreams.remove(exchange)?;
        out.push(ResolverOutput::Exchange(Outgoing::Release { exchange }));
        Some(query)
    }

    /// Works on all resolutions that can go on. Each step of one ends in a query, in waiting for
    /// another, or in an answer, so this ends.
    fn go_on(&mut self, now: SimTime, out: &mut Vec<ResolverOutput>) {
        while let Some(id) = self.ready.pop_front() {
            self.advance(now, id, out);
        }
    }
}

//! The stub resolver of a host: sends a question to recursive resolvers and reads the answer.
//!
//! Follows RFC 1034 §5.3.1, RFC 5452 §9.1 (which replies count), RFC 7766 (TCP after truncation);
//! servers, time-out and attempts as `resolv.conf` has them. A pure machine: questions, messages
//! and time go in, messages and results come out.
//!
//! Not modelled: a search list, a cache, EDNS options.

mod answer;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use crate::engine::{HashState, SimTime, Stream};

use super::draft::Draft;
use super::{Edns, ExchangeId, Flags, Message, Name, Outgoing, Question, Rcode, RecordType};
use answer::read;
pub use answer::{Answer, LookupError};

/// Names a look-up of a stub resolver. Not used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LookupId(pub u64);

/// How a stub resolver works, in the terms of `resolv.conf`.
#[derive(Debug, Clone)]
pub struct StubConfig {
    /// Recursive resolvers in the order in which they are asked.
    pub servers: Vec<SocketAddr>,
    /// How long one server has to answer.
    pub timeout: Duration,
    /// How often the list of servers is gone through.
    pub attempts: u32,
    /// How many look-ups run at one time; more wait for their turn.
    pub at_once: usize,
}

impl StubConfig {
    /// These servers, with 5 s for each and two attempts.
    pub fn new(servers: Vec<SocketAddr>) -> Self {
        StubConfig { servers, timeout: Duration::from_secs(5), attempts: 2, at_once: 256 }
    }
}

/// What a stub resolver wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StubOutput {
    /// A query to a server.
    Exchange(Outgoing),
    /// A look-up is over.
    Done {
        /// Which.
        lookup: LookupId,
        /// What was asked.
        question: Question,
        /// What it found.
        result: Result<Answer, LookupError>,
    },
}

/// A stub resolver.
#[derive(Debug)]
pub struct Stub {
    config: StubConfig,
    draws: Stream,
    lookups: HashMap<LookupId, Lookup, HashState>,
    /// Those whose turn has not come.
    waiting: BTreeSet<LookupId>,
    exchanges: HashMap<ExchangeId, LookupId, HashState>,
    /// When the queries under way run out, in that order: each has the same time. Some may be over.
    deadlines: VecDeque<(SimTime, ExchangeId)>,
    last_lookup: u64,
    last_exchange: u64,
}

/// A look-up on its way.
#[derive(Debug)]
struct Lookup {
    question: Question,
    /// How many queries were sent, but for those repeated by TCP.
    sent: u32,
    /// What the last server said that gave no answer.
    refusal: Option<Rcode>,
    /// The query under way.
    current: Option<Exchange>,
}

#[derive(Debug, Clone, Copy)]
struct Exchange {
    id: ExchangeId,
    message_id: u16,
    server: SocketAddr,
    by_tcp: bool,
}

impl Stub {
    /// A stub resolver. `draws` is its own: message ids come from it.
    pub fn new(config: StubConfig, draws: Stream) -> Self {
        Stub {
            config,
            draws,
            lookups: HashMap::default(),
            waiting: BTreeSet::new(),
            exchanges: HashMap::default(),
            deadlines: VecDeque::new(),
            last_lookup: 0,
            last_exchange: 0,
        }
    }

    /// Begins a look-up. [`StubOutput::Done`] follows for it.
    pub fn lookup(
        &mut self,
        now: SimTime,
        name: Name,
        rtype: RecordType,
        out: &mut Vec<StubOutput>,
    ) -> LookupId {
        self.last_lookup += 1;
        let id = LookupId(self.last_lookup);
        let question = Question::new(name, rtype);
        self.lookups.insert(id, Lookup { question, sent: 0, refusal: None, current: None });
        if self.exchanges.len() >= self.config.at_once {
            self.waiting.insert(id);
        } else {
            self.ask_next(now, id, out);
        }
        id
    }

    /// When the stub wants [`Stub::timeout`], if at all.
    pub fn deadline(&self) -> Option<SimTime> {
        self.deadlines.front().map(|(deadline, _)| *deadline)
    }

    /// How many look-ups are not over.
    pub fn in_progress(&self) -> usize {
        self.lookups.len()
    }

    /// A message arrived on the port or connection of `exchange`. One that does not fit the query
    /// is ignored.
    pub fn reply(
        &mut self,
        now: SimTime,
        exchange: ExchangeId,
        from: SocketAddr,
        octets: &[u8],
        out: &mut Vec<StubOutput>,
    ) {
        let Some(id) = self.exchanges.get(&exchange).copied() else { return };
        let lookup = &self.lookups[&id];
        let current = lookup.current.expect("an exchange belongs to a look-up that waits for it");
        let Ok(message) = Message::decode(octets) else { return };
        let fits = from == current.server
            && message.flags.qr
            && message.id == current.message_id
            && message.question() == Some(&lookup.question);
        if !fits {
            return;
        }
        self.end_exchange(current, out);
        if message.flags.tc && !current.by_tcp {
            return self.ask(now, id, current.server, true, out);
        }
        match read(&message, &self.lookups[&id].question) {
            Ok(result) => self.finish(now, id, result, out),
            Err(rcode) => {
                self.refused(id, rcode);
                self.ask_next(now, id, out);
            }
        }
    }

    /// The connection of `exchange` was refused or broke, or its datagram could not be sent.
    pub fn failed(&mut self, now: SimTime, exchange: ExchangeId, out: &mut Vec<StubOutput>) {
        if let Some(id) = self.exchanges.get(&exchange).copied() {
            self.drop_exchange(id, out);
            self.ask_next(now, id, out);
        }
    }

    /// Time has passed. Does nothing before [`Stub::deadline`].
    pub fn timeout(&mut self, now: SimTime, out: &mut Vec<StubOutput>) {
        while let Some((_, exchange)) = self.deadlines.front().filter(|(at, _)| *at <= now).copied()
        {
            self.failed(now, exchange, out);
        }
    }

    fn refused(&mut self, id: LookupId, rcode: Rcode) {
        if let Some(lookup) = self.lookups.get_mut(&id) {
            lookup.refusal = Some(rcode);
        }
    }

    fn drop_exchange(&mut self, id: LookupId, out: &mut Vec<StubOutput>) {
        if let Some(current) = self.lookups.get(&id).and_then(|lookup| lookup.current) {
            self.end_exchange(current, out);
        }
    }

    fn end_exchange(&mut self, exchange: Exchange, out: &mut Vec<StubOutput>) {
        let id = self.exchanges.remove(&exchange.id);
        // What is at the front is under way.
        while self.deadlines.front().is_some_and(|(_, id)| !self.exchanges.contains_key(id)) {
            self.deadlines.pop_front();
        }
        if let Some(lookup) = id.and_then(|id| self.lookups.get_mut(&id)) {
            lookup.current = None;
        }
        out.push(StubOutput::Exchange(Outgoing::Release { exchange: exchange.id }));
    }

    /// Asks the next server of the list, or gives up after the last attempt.
    fn ask_next(&mut self, now: SimTime, id: LookupId, out: &mut Vec<StubOutput>) {
        let Some(lookup) = self.lookups.get_mut(&id) else { return };
        let servers = self.config.servers.len() as u32;
        if lookup.sent >= servers * self.config.attempts {
            let error = match lookup.refusal {
                _ if servers == 0 => LookupError::NoServers,
                Some(rcode) => LookupError::Failed(rcode),
                None => LookupError::TimedOut,
            };
            return self.finish(now, id, Err(error), out);
        }
        let server = self.config.servers[(lookup.sent % servers) as usize];
        lookup.sent += 1;
        self.ask(now, id, server, false, out);
    }

    fn ask(
        &mut self,
        now: SimTime,
        id: LookupId,
        server: SocketAddr,
        by_tcp: bool,
        out: &mut Vec<StubOutput>,
    ) {
        let Some(lookup) = self.lookups.get_mut(&id) else { return };
        self.last_exchange += 1;
        let exchange = ExchangeId(self.last_exchange);
        let message_id = self.draws.next_u16();
        let deadline = now + self.config.timeout;
        lookup.current = Some(Exchange { id: exchange, message_id, server, by_tcp });
        self.exchanges.insert(exchange, id);
        self.deadlines.push_back((deadline, exchange));
        let edns = Edns::default();
        let query = Draft {
            flags: Flags { rd: true, ..Flags::default() },
            edns: Some(&edns),
            ..Draft::query(message_id, &lookup.question)
        };
        let octets = query.encode();
        out.push(match by_tcp {
            true => StubOutput::Exchange(Outgoing::Tcp { exchange, to: server, octets }),
            false => StubOutput::Exchange(Outgoing::Udp { exchange, to: server, octets }),
        });
    }

    fn finish(
        &mut self,
        now: SimTime,
        id: LookupId,
        result: Result<Answer, LookupError>,
        out: &mut Vec<StubOutput>,
    ) {
        if let Some(lookup) = self.lookups.remove(&id) {
            out.push(StubOutput::Done { lookup: id, question: lookup.question, result });
        }
        if self.exchanges.len() < self.config.at_once
            && let Some(next) = self.waiting.pop_first()
        {
            self.ask_next(now, next, out);
        }
    }
}

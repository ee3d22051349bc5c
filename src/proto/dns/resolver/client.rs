//! The side of the clients: what they may ask, and how an answer looks.
//!
//! Follows RFC 1034 §4.3.1 (RD and RA), RFC 6891 (EDNS), RFC 8020 and RFC 2308 for what the cache
//! answers alone.

use std::time::Duration;

use crate::engine::SimTime;
use crate::proto::dns::{Class, Message, Opcode, Question, Rcode, RecordType, Transport};

use super::resolution::{Failure, Outcome, Waiter};
use super::{ClientToken, ResolutionId, Resolver, ResolverOutput};

impl Resolver {
    /// A client sent these octets. [`ResolverOutput::Answer`] or [`ResolverOutput::Ignore`] follows
    /// for it, now or later.
    pub fn client_query(
        &mut self,
        now: SimTime,
        client: ClientToken,
        octets: &[u8],
        transport: Transport,
        out: &mut Vec<ResolverOutput>,
    ) {
        let query = match Message::decode(octets) {
            Ok(query) if !query.flags.qr => query,
            Ok(_) => return out.push(ResolverOutput::Ignore { client }),
            Err(error) => {
                return out.push(match error.response() {
                    Some(response) => {
                        ResolverOutput::Answer { client, octets: response.encode_within(512) }
                    }
                    None => ResolverOutput::Ignore { client },
                });
            }
        };
        let question = match admit(&query) {
            Ok(question) => question.clone(),
            Err(rcode) => return self.refuse(client, &query, transport, rcode, out),
        };
        if !query.flags.rd && !self.config.answer_without_rd {
            return self.refuse(client, &query, transport, Rcode::Refused, out);
        }
        match self.answer_from_cache(now, &question) {
            Some(outcome) => {
                let ttls = outcome.answers.iter().chain(&outcome.authorities);
                let left = ttls.map(|record| record.ttl_secs).min().unwrap_or(0);
                let left = Duration::from_secs(left.into());
                if !self.is_local(&question.name) {
                    out.push(ResolverOutput::CacheHit { question, rcode: outcome.rcode, left });
                }
                self.answer(client, &query, transport, &outcome, out);
            }
            None if !query.flags.rd => {
                self.refuse(client, &query, transport, Rcode::Refused, out);
            }
            None => {
                out.push(ResolverOutput::CacheMiss { question: question.clone() });
                self.resolve_for(client, query, question, transport, out);
                self.go_on(now, out);
            }
        }
    }

    /// A client that may not ask sent these octets. As [`Resolver::client_query`], but refused.
    pub fn turn_away(
        &mut self,
        client: ClientToken,
        octets: &[u8],
        transport: Transport,
        out: &mut Vec<ResolverOutput>,
    ) {
        match Message::decode(octets) {
            Ok(query) if !query.flags.qr => {
                self.refuse(client, &query, transport, Rcode::Refused, out);
            }
            _ => out.push(ResolverOutput::Ignore { client }),
        }
    }

    /// What the cache has, failures included.
    fn answer_from_cache(&mut self, now: SimTime, question: &Question) -> Option<Outcome> {
        if self.cache.failed(now, question) {
            return Some(Outcome::failed(Failure::Remembered));
        }
        let mut walk =
            super::resolution::Resolution::new(question.clone(), 0, ResolutionId(0), Vec::new());
        match self.walk_cache(now, &mut walk) {
            Ok(outcome) => outcome,
            Err(failure) => Some(Outcome::failed(failure)),
        }
    }

    fn resolve_for(
        &mut self,
        token: ClientToken,
        query: Message,
        question: Question,
        transport: Transport,
        out: &mut Vec<ResolverOutput>,
    ) {
        let running = self.resolutions.find(&question);
        let is_full = self.clients >= self.config.limits.clients
            || running.is_none() && self.resolutions.len() >= self.config.limits.resolutions;
        if is_full {
            return self.refuse(token, &query, transport, Rcode::ServFail, out);
        }
        self.clients += 1;
        let waiter = Waiter::Client { token, query: Box::new(query), transport };
        match running.and_then(|id| self.resolutions.get_mut(id)) {
            Some(resolution) => resolution.waiters.push(waiter),
            None => {
                let id = self.resolutions.begin(question, 0, None, waiter);
                self.ready.push_back(id);
            }
        }
    }

    fn refuse(
        &self,
        client: ClientToken,
        query: &Message,
        transport: Transport,
        rcode: Rcode,
        out: &mut Vec<ResolverOutput>,
    ) {
        let outcome = Outcome::answered(rcode, Vec::new(), None);
        self.answer(client, query, transport, &outcome, out);
    }

    /// Sends a client its answer.
    pub(super) fn answer(
        &self,
        client: ClientToken,
        query: &Message,
        transport: Transport,
        outcome: &Outcome,
        out: &mut Vec<ResolverOutput>,
    ) {
        let mut response = Message::response_to(query);
        response.flags.ra = true;
        response.rcode = outcome.rcode;
        response.answers.clone_from(&outcome.answers);
        response.authorities.clone_from(&outcome.authorities);
        if let Some(edns) = &mut response.edns {
            edns.udp_octets = self.config.udp_octets;
        }
        let octets = match (transport, &query.edns) {
            (Transport::Tcp, _) => response.encode(),
            (Transport::Udp, None) => response.encode_within(512),
            (Transport::Udp, Some(edns)) => {
                response.encode_within(edns.udp_octets.min(self.config.udp_octets).into())
            }
        };
        out.push(ResolverOutput::Answer { client, octets });
    }
}

/// The question of a query that a resolver takes, or what it is answered with.
fn admit(query: &Message) -> Result<&Question, Rcode> {
    if query.opcode != Opcode::Query {
        return Err(Rcode::NotImp);
    }
    if query.edns.as_ref().is_some_and(|edns| edns.version > 0) {
        return Err(Rcode::BadVers);
    }
    let question = query.question().ok_or(Rcode::FormErr)?;
    match (question.class, question.rtype) {
        (Class::In, RecordType::Any) => Ok(question),
        (Class::In, RecordType::Axfr | RecordType::Ixfr) => Err(Rcode::Refused),
        (Class::In, rtype) if rtype.is_meta() => Err(Rcode::FormErr),
        (Class::In, _) => Ok(question),
        _ => Err(Rcode::Refused),
    }
}

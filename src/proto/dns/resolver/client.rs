//! The side of the clients: what they may ask, and who answers it.
//!
//! Follows RFC 1034 §4.3.1 (RD), RFC 6891 §6.1.3 (EDNS versions), RFC 8020 and RFC 2308 for what the
//! cache answers alone. As with Unbound, who asks without RD is refused unless he may look into the
//! cache.

use std::time::Duration;

use crate::engine::SimTime;
use crate::proto::dns::query::Query;
use crate::proto::dns::{Class, Message, Name, Opcode, Question, Rcode, RecordType, Transport};

use super::cache::{Credibility, Known};
use super::ede::{NOT_AUTHORITATIVE, PROHIBITED};
use super::resolution::{Failure, Outcome, Resolution, State, Waiter};
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
        if let Some(octets) = self.lasting.answer(octets, transport) {
            return out.push(ResolverOutput::Answer { client, octets });
        }
        let query = Query::read(octets);
        let query = query.or_else(|| self.unusual_query(client, octets, transport, out));
        let Some(query) = query else { return };
        let question = match admit(&query.question) {
            Ok(()) => Question { class: Class::In, ..query.question.clone() },
            Err(rcode) => return self.refuse(client, &query, transport, rcode, None, out),
        };
        if let Some(response) = self.special_answer(&question) {
            return self.answer(client, &query, transport, &response, out);
        }
        if !query.flags.rd && !self.config.answer_without_rd && !self.is_local(&question.name) {
            let error = Some(NOT_AUTHORITATIVE);
            return self.refuse(client, &query, transport, Rcode::Refused, error, out);
        }
        let mut walk = Resolution::new(question, 0, ResolutionId(0), Vec::new());
        let known = self.known_answer(now, &mut walk, query.flags.rd);
        let question = &walk.question;
        if let Some(outcome) = known {
            if !self.is_local(&question.name) {
                let question = question.clone();
                let (rcode, left) = (outcome.rcode, left(&outcome));
                out.push(ResolverOutput::CacheHit { question, rcode, left });
            }
            let answer = self.composed(&query, transport, &outcome);
            if outcome.lasting {
                self.lasting.keep(octets, transport, &answer);
            }
            out.push(ResolverOutput::Answer { client, octets: answer });
            return self.refresh(now, question, (outcome.age, left(&outcome)), out);
        }
        if !query.flags.rd {
            return match self.known_referral(now, &question.name) {
                Some(outcome) => self.answer(client, &query, transport, &outcome, out),
                None => self.refuse(client, &query, transport, Rcode::Refused, None, out),
            };
        }
        out.push(ResolverOutput::CacheMiss { question: question.clone() });
        self.resolve_for(now, client, query, walk, transport, out);
        self.go_on(now, out);
    }

    /// A query that is not plain, if it is one with a question; else it is answered or ignored.
    fn unusual_query(
        &self,
        client: ClientToken,
        octets: &[u8],
        transport: Transport,
        out: &mut Vec<ResolverOutput>,
    ) -> Option<Query> {
        let message = match Message::decode(octets) {
            Ok(message) if !message.flags.qr => message,
            Ok(_) => {
                out.push(ResolverOutput::Ignore { client });
                return None;
            }
            Err(error) => {
                out.push(match error.response() {
                    Some(response) => {
                        ResolverOutput::Answer { client, octets: response.encode_within(512) }
                    }
                    None => ResolverOutput::Ignore { client },
                });
                return None;
            }
        };
        let rcode = if message.opcode != Opcode::Query {
            Rcode::NotImp
        } else if message.edns.as_ref().is_some_and(|edns| edns.version > 0) {
            Rcode::BadVers
        } else if message.question().is_none() {
            Rcode::FormErr
        } else {
            return Query::of(message);
        };
        self.refuse_message(client, &message, transport, rcode, None, out);
        None
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
                let error = Some(PROHIBITED);
                self.refuse_message(client, &query, transport, Rcode::Refused, error, out);
            }
            _ => out.push(ResolverOutput::Ignore { client }),
        }
    }

    /// What the cache has to say at once: an answer, a failure, or in place of one an answer that
    /// ran out. Where it has nothing to say, `walk` need not look into it again.
    fn known_answer(&mut self, now: SimTime, walk: &mut Resolution, rd: bool) -> Option<Outcome> {
        match self.walk_cache(now, walk) {
            Ok(Some(outcome)) => return Some(outcome),
            Ok(None) => walk.state = State::Descend,
            Err(failure) => return Some(Outcome::failed(failure)),
        }
        let question = &walk.question;
        if self.cache.failed(now, question) {
            let stale = self.stale_answer(now, question);
            return Some(stale.unwrap_or_else(|| Outcome::failed(Failure::Remembered)));
        }
        let stale = self.config.cache.serve_stale?;
        // Who does not wait at all is answered stale while the resolution runs.
        let answer = rd && stale.client_timeout.is_zero();
        if answer { self.stale_answer(now, question) } else { None }
    }

    /// The closest name servers that the cache knows: what a client without RD is told when the
    /// answer itself is not there (RFC 1034 §4.3.2).
    fn known_referral(&mut self, now: SimTime, name: &Name) -> Option<Outcome> {
        for zone in name.ancestors() {
            let least = Credibility::Referral;
            let Some(found) = self.cache.get(now, &zone, RecordType::Ns, least) else { continue };
            let Known::Records(servers) = &found.known else { continue };
            let mut outcome = Outcome::answered(Rcode::NoError, Vec::new(), None);
            outcome.authorities = found.records(&zone);
            for host in servers.iter().filter_map(|server| server.host()) {
                for rtype in [RecordType::A, RecordType::Aaaa] {
                    let addresses = self.cache.get(now, host, rtype, least);
                    let addresses = addresses.map(|addresses| addresses.records(host));
                    outcome.additionals.extend(addresses.into_iter().flatten());
                }
            }
            return Some(outcome);
        }
        None
    }

    fn resolve_for(
        &mut self,
        now: SimTime,
        token: ClientToken,
        query: Query,
        walk: Resolution,
        transport: Transport,
        out: &mut Vec<ResolverOutput>,
    ) {
        let running = self.resolutions.find(&walk.question);
        let is_full = self.clients >= self.config.limits.clients
            || running.is_none() && self.resolutions.len() >= self.config.limits.resolutions;
        if is_full {
            return self.refuse(token, &query, transport, Rcode::ServFail, None, out);
        }
        self.clients += 1;
        let waiter = Waiter::Client { token, query, transport };
        let id = match running.and_then(|id| Some((id, self.resolutions.get_mut(id)?))) {
            Some((id, resolution)) => {
                resolution.waiters.push(waiter);
                id
            }
            None => {
                let id = self.resolutions.begin_walked(walk, waiter);
                self.ready.push_back(id);
                id
            }
        };
        self.be_patient(now, id, token);
    }
}

/// The least TTL in an answer.
fn left(outcome: &Outcome) -> Duration {
    let ttls = outcome.answers.iter().chain(&outcome.authorities);
    let left = ttls.map(|record| record.ttl_secs).min().unwrap_or(0);
    Duration::from_secs(left.into())
}

/// Whether a resolver takes the question, or what it is answered with.
fn admit(question: &Question) -> Result<(), Rcode> {
    match (question.class, question.rtype) {
        // Of all classes, the one that it knows: a server need not know all of them.
        (Class::In | Class::Any, RecordType::Any) => Ok(()),
        (Class::In | Class::Any, RecordType::Axfr | RecordType::Ixfr) => Err(Rcode::Refused),
        (Class::In | Class::Any, rtype) if rtype.is_meta() => Err(Rcode::FormErr),
        (Class::In | Class::Any, _) => Ok(()),
        // That of the server itself (`version.bind CH TXT`) is not told either.
        _ => Err(Rcode::Refused),
    }
}

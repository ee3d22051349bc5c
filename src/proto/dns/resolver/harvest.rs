//! What is kept of a name server's answer, and what of it goes to the client.

use crate::engine::SimTime;
use crate::proto::dns::{Rcode, Record, RecordData, RecordType};

use super::Resolver;
use super::cache::{Credibility, negative_ttl_secs};
use super::reply::Reply;
use super::resolution::{Failure, Outcome, Resolution, State};
use super::walk::{follow, overlong};

impl Resolver {
    /// Remembers what a server answered.
    pub(super) fn remember(
        &mut self,
        now: SimTime,
        resolution: &Resolution,
        answer: &Reply,
        aa: bool,
    ) {
        let credibility = match aa {
            true => Credibility::AuthoritativeAnswer,
            false => Credibility::Answer,
        };
        let (Reply::Answer { chain, .. }
        | Reply::Alias { chain, .. }
        | Reply::Overlong { chain }
        | Reply::Nothing { chain, .. }) = answer
        else {
            return;
        };
        let is_dname = |record: &Record| record.rtype() == RecordType::Dname;
        // What a DNAME made is made anew each time.
        let genuine = (0..chain.len()).filter(|at| *at == 0 || !is_dname(&chain[at - 1]));
        let genuine: Vec<Record> = genuine.map(|at| chain[at].clone()).collect();
        self.store(now, &genuine, credibility);
        match answer {
            Reply::Answer { records, glue, .. } => {
                self.store(now, records, credibility);
                self.store(now, glue, Credibility::Referral);
            }
            Reply::Nothing { name, nxdomain, soa, .. } => {
                let absent = (!nxdomain).then_some(resolution.question.rtype);
                self.cache.put_nothing(now, name, absent, soa.as_ref(), credibility);
            }
            _ => {}
        }
    }

    /// Takes an answer into the chain: the resolution is over, or goes on at an alias' target.
    pub(super) fn take_answer(
        &self,
        resolution: &mut Resolution,
        answer: Reply,
    ) -> Result<State, Failure> {
        let cache = &self.config.cache;
        let (Reply::Answer { chain, .. }
        | Reply::Alias { chain, .. }
        | Reply::Overlong { chain }
        | Reply::Nothing { chain, .. }) = &answer
        else {
            return Err(Failure::Unreachable);
        };
        for link in chain {
            resolution.chain.push(capped(link, cache.max_ttl_secs));
            if let RecordData::Cname(target) = &link.data {
                follow(resolution, target.clone(), self.config.limits.restarts)?;
            }
        }
        Ok(match answer {
            Reply::Answer { records, .. } => {
                let mut answers = std::mem::take(&mut resolution.chain);
                answers.extend(records.iter().map(|record| capped(record, cache.max_ttl_secs)));
                State::Done(Outcome::answered(Rcode::NoError, answers, None))
            }
            Reply::Nothing { nxdomain, soa, .. } => {
                let soa = soa.map(|soa| {
                    let ttl_secs = negative_ttl_secs(&soa).min(cache.max_negative_ttl_secs);
                    Record { ttl_secs, ..soa }
                });
                let rcode = if nxdomain { Rcode::NxDomain } else { Rcode::NoError };
                let answers = std::mem::take(&mut resolution.chain);
                State::Done(Outcome::answered(rcode, answers, soa))
            }
            Reply::Overlong { .. } => State::Done(overlong(resolution)),
            _ => State::Lookup,
        })
    }

    /// Puts records into the cache, RRset by RRset.
    pub(super) fn store(&mut self, now: SimTime, records: &[Record], credibility: Credibility) {
        let mut rest: Vec<&Record> = records.iter().collect();
        while let Some(first) = rest.first().copied() {
            let (set, others): (Vec<&Record>, Vec<&Record>) = rest
                .into_iter()
                .partition(|record| record.rtype() == first.rtype() && record.name == first.name);
            let set: Vec<Record> = set.into_iter().cloned().collect();
            self.cache.put(now, &set, credibility);
            rest = others;
        }
    }
}

/// A record for a client: its TTL is no longer than the cache would keep it.
fn capped(record: &Record, max_ttl_secs: u32) -> Record {
    Record { ttl_secs: record.ttl_secs.min(max_ttl_secs), ..record.clone() }
}

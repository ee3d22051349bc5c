//! What of a name server's answer is kept, and what of it goes to the client.
//!
//! Follows RFC 2181 §5.4.1 (where a record stood tells how far it is trusted), RFC 2308 (negative
//! answers), RFC 4035 §3.2.1 (signatures and proofs are for clients with DO), and for what is
//! thrown away Unbound's scrubber: beside the answer only name servers of a zone that the name is
//! in, the SOA and the proofs of a negative answer, and addresses that one of these records names.

use crate::engine::SimTime;
use crate::proto::dns::{Class, Message, Name, Rcode, Record, RecordData, RecordType};

use super::Resolver;
use super::cache::{Credibility, Sections, Verdict};
use super::reply::Reply;
use super::resolution::{Failure, Outcome, Resolution, State};
use super::walk::{follow, overlong};

/// What a message has beside the records that answer its question.
#[derive(Debug, Default)]
pub(super) struct Harvest {
    /// The RRSIG records of the answer section.
    signatures: Vec<Record>,
    /// The other sections, signatures with their RRsets.
    sections: Sections,
    aa: bool,
    /// What only a bug on purpose lets the resolver believe.
    believed: Vec<Record>,
}

impl Harvest {
    /// Reads what belongs to `answer` out of the message that it was read from. Nothing is taken
    /// from outside `zone`, for which the server was asked.
    fn read(message: &Message, zone: &Name, answer: &Reply, scrub_promiscuous: bool) -> Self {
        let in_zone =
            |record: &&Record| record.class == Class::In && record.name.is_subdomain_of(zone);
        let answers = message.answers.iter().filter(in_zone);
        let signatures = answers.filter(|record| covers(record).is_some()).cloned().collect();
        let mut harvest = Harvest { signatures, aa: message.flags.aa, ..Harvest::default() };
        let (name, positive) = match answer {
            Reply::Answer { records, .. } => (&records[0].name, true),
            Reply::Nothing { name, .. } => (name, false),
            // More is to be asked, and the last message has the last word.
            _ => return harvest,
        };
        let has_answers = positive || !message.answers.is_empty();
        let in_authority = || message.authorities.iter().filter(in_zone);
        let has_soa = in_authority().any(|record| record.rtype() == RecordType::Soa);
        // The name servers may be those that an attacker slipped in; nobody asked for them.
        let takes_ns = message.rcode == Rcode::NoError
            && if has_answers { !scrub_promiscuous } else { !has_soa };
        let ns_owner = in_authority()
            .find(|ns| ns.rtype() == RecordType::Ns && name.is_subdomain_of(&ns.name))
            .map(|ns| &ns.name);
        let is_kept = |rtype: RecordType, owner: &Name| match rtype {
            RecordType::Ns => takes_ns && ns_owner == Some(owner),
            RecordType::Soa => name.is_subdomain_of(owner),
            RecordType::Nsec | RecordType::Nsec3 => true,
            _ => false,
        };
        let authorities = in_authority()
            .filter(|record| is_kept(covers(record).unwrap_or(record.rtype()), &record.name));
        harvest.sections.authorities = together(authorities);
        let wanted = match answer {
            Reply::Answer { records, .. } => &records[..],
            _ => &[],
        };
        let named = || wanted.iter().chain(&harvest.sections.authorities);
        let is_named = |name: &Name| named().any(|record| record.data.host() == Some(name));
        let additionals = message.additionals.iter().filter(in_zone).filter(|record| {
            let rtype = covers(record).unwrap_or(record.rtype());
            matches!(rtype, RecordType::A | RecordType::Aaaa) && is_named(&record.name)
        });
        harvest.sections.additionals = together(additionals);
        harvest
    }

    /// The signatures of an RRset of the answer section.
    fn signatures(&self, of: &Record) -> Vec<Record> {
        let rtype = of.rtype();
        let fits = |record: &&Record| covers(record) == Some(rtype) && record.name == of.name;
        self.signatures.iter().filter(fits).cloned().collect()
    }
}

impl Resolver {
    /// What a message has beside the records that answer its question.
    pub(super) fn harvest(&self, message: &Message, zone: &Name, answer: &Reply) -> Harvest {
        let mut harvest = Harvest::read(message, zone, answer, self.config.scrub_promiscuous);
        if self.config.believes_additionals {
            let is_address =
                |record: &&Record| matches!(record.rtype(), RecordType::A | RecordType::Aaaa);
            harvest.believed = together(message.additionals.iter().filter(is_address));
        }
        harvest
    }

    /// Remembers what a server answered to a question of this type.
    pub(super) fn remember(
        &mut self,
        now: SimTime,
        rtype: RecordType,
        answer: &Reply,
        harvest: &Harvest,
    ) {
        let (Reply::Answer { chain, .. }
        | Reply::Alias { chain, .. }
        | Reply::Overlong { chain }
        | Reply::Nothing { chain, .. }) = answer
        else {
            return;
        };
        for (at, link) in chain.iter().enumerate() {
            // What a DNAME made is made anew each time.
            if at == 0 || !is_dname(&chain[at - 1]) {
                let credibility = in_answer(harvest.aa && at == 0);
                let signatures = harvest.signatures(link);
                self.cache.put(now, std::slice::from_ref(link), &signatures, credibility);
            }
        }
        // What stands behind an alias may be of another zone (RFC 2181 §5.4.1).
        let credibility = in_answer(harvest.aa && chain.is_empty());
        let Sections { authorities, additionals } = &harvest.sections;
        match answer {
            Reply::Answer { records, glue, .. } => {
                let (authority, additional) = beside(harvest.aa);
                self.store(now, glue, Credibility::Referral);
                self.store(now, authorities, authority);
                self.store(now, additionals, additional);
                self.store(now, &harvest.believed, Credibility::AuthoritativeAnswer);
                let name = &records[0].name;
                if rtype == RecordType::Rrsig {
                    self.cache.put(now, records, &[], credibility);
                } else if rtype == RecordType::Any {
                    return self.store(now, records, credibility);
                } else {
                    self.cache.put(now, records, &harvest.signatures(&records[0]), credibility);
                }
                if self.wants_sections(rtype, &harvest.sections) {
                    let asked = (name, rtype);
                    let sections = &harvest.sections;
                    self.cache.put_answer(now, asked, Verdict::Records, sections, credibility);
                }
            }
            Reply::Nothing { name, nxdomain, .. } => {
                let (authority, additional) = beside(harvest.aa);
                let bounded: Vec<Record> =
                    authorities.iter().map(|record| self.bounded(record)).collect();
                self.store(now, &bounded, authority);
                self.store(now, additionals, additional);
                let verdict = if *nxdomain { Verdict::NxDomain } else { Verdict::NoData };
                let asked = (name, rtype);
                self.cache.put_answer(now, asked, verdict, &harvest.sections, credibility);
            }
            _ => {}
        }
    }

    /// Remembers that a name does not exist.
    pub(super) fn deny(&mut self, now: SimTime, name: &Name, soa: Option<&Record>) {
        let soa: Vec<Record> = soa.map(|soa| self.bounded(soa)).into_iter().collect();
        self.store(now, &soa, Credibility::Referral);
        let sections = Sections { authorities: soa, ..Sections::default() };
        // The type matters not: all of them are absent.
        let asked = (name, RecordType::Any);
        self.cache.put_answer(now, asked, Verdict::NxDomain, &sections, Credibility::Answer);
    }

    /// Whether what stands beside a positive answer will be shown to clients.
    fn wants_sections(&self, rtype: RecordType, sections: &Sections) -> bool {
        let proves =
            |record: &Record| matches!(record.rtype(), RecordType::Nsec | RecordType::Nsec3);
        let Sections { authorities, additionals } = sections;
        match self.config.minimal_responses && rtype != RecordType::Ns {
            true => authorities.iter().any(proves),
            false => !authorities.is_empty() || !additionals.is_empty(),
        }
    }

    /// A SOA as it stands in a negative answer: its TTL is the answer's (RFC 2308 §3 and §5).
    fn bounded(&self, record: &Record) -> Record {
        match record.rtype() {
            RecordType::Soa => {
                Record { ttl_secs: self.cache.negative_ttl_secs(record), ..record.clone() }
            }
            _ => record.clone(),
        }
    }

    /// Takes an answer into the chain: the resolution is over, or goes on at an alias' target.
    pub(super) fn take_answer(
        &self,
        resolution: &mut Resolution,
        answer: Reply,
        harvest: &Harvest,
    ) -> Result<State, Failure> {
        let (Reply::Answer { chain, .. }
        | Reply::Alias { chain, .. }
        | Reply::Overlong { chain }
        | Reply::Nothing { chain, .. }) = &answer
        else {
            return Err(Failure::Unreachable);
        };
        for link in chain {
            let name = &resolution.name;
            resolution.chain.extend(self.kept(name, std::slice::from_ref(link), harvest));
            if let RecordData::Cname(target) = &link.data {
                follow(resolution, target.clone(), self.config.limits.restarts)?;
            }
        }
        let Sections { authorities, additionals } = &harvest.sections;
        let name = resolution.name.clone();
        let bounded = |records: &[Record]| self.kept(&name, records, &Harvest::default());
        Ok(match answer {
            Reply::Answer { records, .. } => {
                let mut answers = std::mem::take(&mut resolution.chain);
                answers.extend(self.kept(&name, &records, harvest));
                let mut outcome = Outcome::answered(Rcode::NoError, answers, None);
                outcome.authorities = bounded(authorities);
                outcome.additionals = bounded(additionals);
                State::Done(outcome)
            }
            Reply::Nothing { nxdomain, .. } => {
                let rcode = if nxdomain { Rcode::NxDomain } else { Rcode::NoError };
                let answers = std::mem::take(&mut resolution.chain);
                let mut outcome = Outcome::answered(rcode, answers, None);
                let negative: Vec<Record> =
                    authorities.iter().map(|record| self.bounded(record)).collect();
                outcome.authorities = bounded(&negative);
                outcome.additionals = bounded(additionals);
                State::Done(outcome)
            }
            Reply::Overlong { .. } => State::Done(overlong(resolution)),
            _ => State::Lookup,
        })
    }

    /// Records for a client, each RRset with its signatures and one TTL, as long as the cache
    /// would keep it, and `name` in the case in which it was asked for.
    fn kept(&self, name: &Name, records: &[Record], harvest: &Harvest) -> Vec<Record> {
        let cache = &self.config.cache;
        let mut kept = Vec::with_capacity(records.len());
        if harvest.signatures.is_empty() && stand_together(records) {
            for set in records.chunk_by(is_of_one_set) {
                let ttl_secs = set.iter().map(|record| record.ttl_secs).min().unwrap_or(0);
                let ttl_secs = ttl_secs.max(cache.min_ttl_secs).min(cache.max_ttl_secs);
                let owner = if set[0].name == *name { name } else { &set[0].name };
                kept.extend(set.iter().map(|record| Record {
                    name: owner.clone(),
                    class: record.class,
                    ttl_secs,
                    data: record.data.clone(),
                }));
            }
            return kept;
        }
        for set in sets(records) {
            let signatures = harvest.signatures(set[0]);
            let set = || set.iter().copied().chain(&signatures);
            let ttl_secs = set().map(|record| record.ttl_secs).min().unwrap_or(0);
            let ttl_secs = ttl_secs.max(cache.min_ttl_secs).min(cache.max_ttl_secs);
            kept.extend(set().map(|record| {
                let owner = if record.name == *name { name } else { &record.name };
                Record { name: owner.clone(), ttl_secs, ..record.clone() }
            }));
        }
        kept
    }

    /// Puts records into the cache, RRset by RRset. Signatures go with what they cover.
    pub(super) fn store(&mut self, now: SimTime, records: &[Record], credibility: Credibility) {
        if stand_together(records) {
            let sets = records.chunk_by(is_of_one_set);
            return sets.for_each(|set| self.cache.put(now, set, &[], credibility));
        }
        for set in sets(records) {
            let (signatures, data): (Vec<Record>, Vec<Record>) =
                set.into_iter().cloned().partition(|record| covers(record).is_some());
            self.cache.put(now, &data, &signatures, credibility);
        }
    }
}

/// The rank of a record in the answer section.
fn in_answer(aa: bool) -> Credibility {
    match aa {
        true => Credibility::AuthoritativeAnswer,
        false => Credibility::Answer,
    }
}

/// The ranks of records in the authority and the additional section.
fn beside(aa: bool) -> (Credibility, Credibility) {
    match aa {
        true => (Credibility::Authority, Credibility::Additional),
        false => (Credibility::Referral, Credibility::Referral),
    }
}

fn is_dname(record: &Record) -> bool {
    record.rtype() == RecordType::Dname
}

/// The type that an RRSIG record covers (RFC 4034 §3.1.1).
fn covers(record: &Record) -> Option<RecordType> {
    match &record.data {
        RecordData::Unknown { rtype: RecordType::Rrsig, octets } => {
            Some(RecordType::from(u16::from_be_bytes(*octets.first_chunk()?)))
        }
        _ => None,
    }
}

/// Whether each RRset stands in one piece, and nothing is signed: so it is most often.
fn stand_together(records: &[Record]) -> bool {
    let mut sets = records.chunk_by(is_of_one_set);
    let is_once = |set: &[Record]| {
        let is_of_it = |other: &&Record| is_of_one_set(&set[0], other);
        records.iter().filter(is_of_it).count() == set.len()
    };
    sets.all(|set| covers(&set[0]).is_none() && is_once(set))
}

fn is_of_one_set(one: &Record, other: &Record) -> bool {
    one.rtype() == other.rtype() && one.name == other.name
}

/// The records RRset by RRset, in the order of their first; signatures stand with what they cover.
fn sets(records: &[Record]) -> Vec<Vec<&Record>> {
    let key = |record: &Record| covers(record).unwrap_or(record.rtype());
    let mut sets: Vec<Vec<&Record>> = Vec::new();
    for record in records {
        let fits =
            |set: &&mut Vec<&Record>| key(set[0]) == key(record) && set[0].name == record.name;
        match sets.iter_mut().rev().find(fits) {
            Some(set) => set.push(record),
            None => sets.push(vec![record]),
        }
    }
    sets
}

/// The same records, those of an RRset next to each other, its signatures last.
fn together<'a>(records: impl Iterator<Item = &'a Record>) -> Vec<Record> {
    let records: Vec<Record> = records.cloned().collect();
    let mut together = Vec::with_capacity(records.len());
    for set in sets(&records) {
        let (signatures, data): (Vec<&Record>, Vec<&Record>) =
            set.into_iter().partition(|record| covers(record).is_some());
        together.extend(data.into_iter().chain(signatures).cloned());
    }
    together
}

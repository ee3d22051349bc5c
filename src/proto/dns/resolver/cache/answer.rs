//! Answers that are more than an RRset: negative ones, and those with something beside them.
//!
//! An answer holds the keys of the RRsets of its sections, not the records.

use crate::engine::SimTime;
use crate::proto::dns::{Name, Record, RecordType};

use super::key::{Key, NameKey};
use super::{Cache, Credibility, Entry, Found, Known, Reading, is_old, secs, weight};

/// What an answer has beside the RRset asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sections {
    /// NS, SOA, NSEC and so on, signatures too.
    pub(crate) authorities: Vec<Record>,
    /// Addresses, signatures too.
    pub(crate) additionals: Vec<Record>,
}

/// What an answer says of its question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// There is an RRset.
    Records,
    /// The name has no such type.
    NoData,
    /// The name does not exist.
    NxDomain,
}

/// What is known of a question beside its RRset.
#[derive(Debug)]
pub(super) struct Answer {
    verdict: Verdict,
    expires_secs: u32,
    ttl_secs: u32,
    /// The keys of the RRsets of its sections: authority first, then additional.
    authorities: Box<[u8]>,
    additionals: Box<[u8]>,
}

impl Cache {
    /// What the answer for an RRset has beside it.
    pub(crate) fn sections(
        &mut self,
        reading: Reading,
        name: &Name,
        rtype: RecordType,
    ) -> Option<Sections> {
        let key = NameKey::new(name);
        let Some(Entry::Answer(answer)) = self.entries.get(&key.message(Some(rtype))) else {
            return None;
        };
        reading.left_secs(answer.expires_secs)?;
        let (authorities, additionals) = (answer.authorities.clone(), answer.additionals.clone());
        Some(Sections {
            authorities: self.expand(reading, &authorities).0,
            additionals: self.expand(reading, &additionals).0,
        })
    }

    /// A negative answer. It is none without its SOA.
    pub(super) fn nothing(&mut self, reading: Reading, key: Key<'_>) -> Option<Found> {
        if !self.has_answers {
            return None;
        }
        let Some(Entry::Answer(answer)) = self.entries.get(&key) else { return None };
        if answer.verdict == Verdict::Records {
            return None;
        }
        let (expires_secs, ttl_secs) = (answer.expires_secs, answer.ttl_secs);
        let left_secs = reading.left_secs(expires_secs)?;
        let authorities = answer.authorities.clone();
        let (mut authorities, is_whole) = self.expand(reading, &authorities);
        if !is_whole {
            return None;
        }
        for soa in authorities.iter_mut().filter(|record| record.rtype() == RecordType::Soa) {
            // The RRset may be trusted more than this answer, and so have a TTL of its own.
            soa.ttl_secs = soa.ttl_secs.min(self.negative_ttl_secs(soa));
        }
        Some(Found {
            known: Known::Nothing,
            signatures: Vec::new(),
            ttl_secs: left_secs,
            is_stale: expires_secs <= reading.now_secs,
            is_old: is_old(expires_secs, ttl_secs, reading),
            authorities,
            has_sections: false,
        })
    }

    /// The RRsets of these keys; and whether all of them are there.
    fn expand(&mut self, reading: Reading, keys: &[u8]) -> (Vec<Record>, bool) {
        let (mut records, mut is_whole) = (Vec::new(), true);
        let mut rest = keys;
        while let Some((length, tail)) = rest.split_first_chunk::<2>() {
            let (key, tail) = tail.split_at(u16::from_be_bytes(*length).into());
            rest = tail;
            let key = Key::of_octets(key);
            let found = match self.entries.get(&key) {
                Some(Entry::RrSet(rrset)) => {
                    reading.left_secs(rrset.expires_secs).map(|ttl_secs| (rrset, ttl_secs))
                }
                _ => None,
            };
            let Some((rrset, ttl_secs)) = found else {
                is_whole = false;
                continue;
            };
            let name = Name::from_wire(key.name()).expect("a key has a name");
            let data = rrset.packed.data(key.rtype()).chain(rrset.packed.signatures());
            records.extend(data.map(|data| Record::new(name.clone(), ttl_secs, data)));
        }
        (records, is_whole)
    }

    /// Keeps what the answer to `name` and `rtype` has beside its RRset: the SOA and the proofs of
    /// a negative one, the name servers and addresses of a positive one. Their RRsets are kept
    /// already.
    pub(crate) fn put_answer(
        &mut self,
        now: SimTime,
        (name, rtype): (&Name, RecordType),
        verdict: Verdict,
        sections: &Sections,
        credibility: Credibility,
    ) {
        let now_secs = secs(now);
        let name = NameKey::new(name);
        let rrset_key = name.rrset(rtype);
        let soa = sections.authorities.iter().find(|record| record.rtype() == RecordType::Soa);
        let ttl_secs = match (verdict, soa) {
            (Verdict::Records, _) => self.config.max_ttl_secs,
            (_, Some(soa)) => self.negative_ttl_secs(soa),
            (_, None) => self.config.bare_negative_ttl_secs,
        };
        self.has_nxdomains |= verdict == Verdict::NxDomain;
        let key = match verdict {
            Verdict::NxDomain => name.message(None),
            Verdict::NoData | Verdict::Records => name.message(Some(rtype)),
        };
        let kept = match self.entries.get(&rrset_key) {
            Some(Entry::RrSet(kept)) if kept.expires_secs > now_secs => Some(kept),
            _ => None,
        };
        match (verdict, kept) {
            (Verdict::Records, Some(kept)) => kept.has_sections = true,
            (Verdict::Records, None) => return,
            (Verdict::NoData, Some(kept)) if kept.credibility > credibility => return,
            (Verdict::NxDomain, Some(kept)) if kept.credibility > credibility => {}
            (Verdict::NoData | Verdict::NxDomain, _) => {
                self.entries.remove(&rrset_key);
            }
        }
        let (authorities, additionals) = (keys(&sections.authorities), keys(&sections.additionals));
        let weight = weight(&key, authorities.len() + additionals.len());
        let expires_secs = now_secs.saturating_add(ttl_secs);
        let answer = Answer { verdict, expires_secs, ttl_secs, authorities, additionals };
        self.has_answers = true;
        let place = self.entries.seek(&key);
        self.entries.set_at(place, || key.to_octets(), Entry::Answer(answer), weight);
    }

    pub(super) fn forget_nothing(&mut self, key: Key<'_>) {
        let kept = self.entries.peek(&key);
        if matches!(kept, Some(Entry::Answer(answer)) if answer.verdict != Verdict::Records) {
            self.entries.remove(&key);
        }
    }
}

/// The keys of the RRsets of these records, each with its length before.
fn keys(records: &[Record]) -> Box<[u8]> {
    let mut keys = Vec::new();
    let mut last: Option<(&Name, RecordType)> = None;
    for record in records.iter().filter(|record| record.rtype() != RecordType::Rrsig) {
        let this = (&record.name, record.rtype());
        if last.replace(this) != Some(this) {
            let name = NameKey::new(&record.name);
            let key = name.rrset(record.rtype());
            keys.extend((key.len() as u16).to_be_bytes());
            keys.extend(key.to_octets());
        }
    }
    keys.into()
}

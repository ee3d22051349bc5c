//! The cache: RRsets, and the answers that are more than one RRset, with the time left and how far
//! they are trusted.
//!
//! Follows RFC 1034 §5.3.3, RFC 2181 §5 (RRsets, TTLs, ranking), RFC 2308 (negative answers),
//! RFC 4035 §4.5 (signatures belong to their RRset), RFC 8020 (NXDOMAIN cut), RFC 8767 (stale data)
//! and RFC 9520 (failures). As in Unbound, an answer names the RRsets of its sections by key: an
//! RRset that is learned anew is new in all of them. An answer that is its RRset alone has no entry
//! of its own.
//!
//! Time counts in whole seconds, as in Unbound: what came with a TTL of 5 at 10.9 s ends at 15 s.
//! Owners come back in lower case, so that letters in random case ("0x20") go to no client.
//!
//! Class IN only. An entry that has run out stays until its place is needed.

mod failures;
mod key;
mod packed;

#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::Bytes;

use crate::engine::SimTime;
use crate::proto::dns::{Name, Question, Record, RecordData, RecordType};

use super::config::CacheConfig;
use super::lru::LruMap;
use failures::Failures;
use key::Key;
use packed::Packed;

/// How far data is trusted, the least first (RFC 2181 §5.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Credibility {
    /// Glue, the NS records of a referral, and whatever else stands beside an answer without AA.
    Referral,
    /// The additional section of an answer with AA.
    Additional,
    /// The answer section of an answer without AA, and with AA what stands behind an alias.
    Answer,
    /// The authority section of an answer with AA.
    Authority,
    /// The answer section of an answer with AA.
    AuthoritativeAnswer,
}

impl Credibility {
    /// Whether data from there answers a question. Data from other sections never does.
    fn answers(self) -> bool {
        matches!(self, Credibility::Answer | Credibility::AuthoritativeAnswer)
    }
}

/// Which entries count.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    now_secs: u32,
    /// How long after its end an entry is still read, and the TTL that it is read with.
    stale: Option<(u32, u32)>,
}

impl Reading {
    /// The TTL of an entry that ends at `expires_secs`; `None` when it is too old.
    fn left_secs(self, expires_secs: u32) -> Option<u32> {
        if expires_secs > self.now_secs {
            return Some(expires_secs - self.now_secs);
        }
        let (grace_secs, ttl_secs) = self.stale?;
        (self.now_secs < expires_secs.saturating_add(grace_secs)).then_some(ttl_secs)
    }
}

/// What is known of a name and a type.
#[derive(Debug, Clone)]
pub(crate) enum Known {
    /// The data of an RRset. One record at least.
    Records(Vec<RecordData>),
    /// The name has no such type, or does not exist.
    Nothing,
}

/// A piece of knowledge that has time left.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// What is known.
    pub(crate) known: Known,
    /// The data of the RRSIG records that cover it.
    pub(crate) signatures: Vec<RecordData>,
    /// The TTL that is left, in seconds.
    pub(crate) ttl_secs: u32,
    /// It has run out.
    pub(crate) is_stale: bool,
    /// A tenth of its TTL is left, or less.
    pub(crate) is_old: bool,
    /// For [`Known::Nothing`]: the SOA, and the records that prove it.
    pub(crate) authorities: Vec<Record>,
    /// There is more to the answer: see [`Cache::sections`].
    pub(crate) has_sections: bool,
}

impl Found {
    /// The records and their signatures, under `name` as the asker writes it.
    pub(crate) fn records(&self, name: &Name) -> Vec<Record> {
        let data: &[RecordData] = match &self.known {
            Known::Records(data) => data,
            Known::Nothing => &[],
        };
        let data = data.iter().chain(&self.signatures);
        data.map(|data| Record::new(name.clone(), self.ttl_secs, data.clone())).collect()
    }
}

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

#[derive(Debug)]
enum Entry {
    RrSet(RrSet),
    Answer(Answer),
}

#[derive(Debug)]
struct RrSet {
    packed: Packed,
    expires_secs: u32,
    ttl_secs: u32,
    credibility: Credibility,
    /// It stood in an answer section, then or since.
    answers: bool,
    /// An [`Answer`] belongs to it.
    has_sections: bool,
}

#[derive(Debug)]
struct Answer {
    verdict: Verdict,
    expires_secs: u32,
    ttl_secs: u32,
    /// The keys of the RRsets of its sections: authority first, then additional.
    authorities: Box<[u8]>,
    additionals: Box<[u8]>,
}

/// What a resolver remembers of the answers it got.
#[derive(Debug)]
pub(crate) struct Cache {
    entries: LruMap<Box<[u8]>, Entry>,
    failures: Failures,
    config: CacheConfig,
}

impl Cache {
    /// An empty cache.
    pub(crate) fn new(config: CacheConfig) -> Self {
        Cache { entries: LruMap::new(config.octets), failures: Failures::new(), config }
    }

    /// How many RRsets and answers are kept, those that have run out included.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// What has time left.
    pub(crate) fn fresh(&self, now: SimTime) -> Reading {
        Reading { now_secs: secs(now), stale: None }
    }

    /// What has time left or ran out not too long ago (RFC 8767).
    pub(crate) fn stale(&self, now: SimTime) -> Reading {
        let stale = self.config.serve_stale;
        let stale = stale.map(|stale| {
            (u32::try_from(stale.max_stale.as_secs()).unwrap_or(u32::MAX), stale.ttl_secs)
        });
        Reading { now_secs: secs(now), stale }
    }

    /// What is known of `name` and `rtype`, has time left and is trusted at least as `least`; with
    /// [`Credibility::Answer`] only what may answer a question.
    pub(crate) fn get(
        &mut self,
        now: SimTime,
        name: &Name,
        rtype: RecordType,
        least: Credibility,
    ) -> Option<Found> {
        self.read(self.fresh(now), name, rtype, least)
    }

    /// As [`Cache::get`], with a choice of what counts.
    pub(crate) fn read(
        &mut self,
        reading: Reading,
        name: &Name,
        rtype: RecordType,
        least: Credibility,
    ) -> Option<Found> {
        if let Some(Entry::RrSet(rrset)) = self.entries.get(Key::rrset(name, rtype).octets())
            && let Some(ttl_secs) = reading.left_secs(rrset.expires_secs)
            && (rrset.answers || rrset.credibility >= least && least != Credibility::Answer)
        {
            return Some(Found {
                known: Known::Records(rrset.packed.data(rtype).collect()),
                signatures: rrset.packed.signatures().collect(),
                ttl_secs,
                is_stale: rrset.expires_secs <= reading.now_secs,
                is_old: is_old(rrset.expires_secs, rrset.ttl_secs, reading),
                authorities: Vec::new(),
                has_sections: rrset.has_sections,
            });
        }
        self.nothing(reading, Key::message(name, Some(rtype)))
    }

    /// The entry that says that `name` does not exist: its own, or with `cut` one of an ancestor
    /// (RFC 8020).
    pub(crate) fn get_nxdomain(&mut self, now: SimTime, name: &Name, cut: bool) -> Option<Found> {
        self.read_nxdomain(self.fresh(now), name, cut)
    }

    /// As [`Cache::get_nxdomain`], with a choice of what counts.
    pub(crate) fn read_nxdomain(
        &mut self,
        reading: Reading,
        name: &Name,
        cut: bool,
    ) -> Option<Found> {
        let ancestors = name.ancestors().take(if cut { usize::MAX } else { 1 });
        ancestors.into_iter().find_map(|name| self.nothing(reading, Key::message(&name, None)))
    }

    /// What the answer for an RRset has beside it.
    pub(crate) fn sections(
        &mut self,
        reading: Reading,
        name: &Name,
        rtype: RecordType,
    ) -> Option<Sections> {
        let Some(Entry::Answer(answer)) =
            self.entries.get(Key::message(name, Some(rtype)).octets())
        else {
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
    fn nothing(&mut self, reading: Reading, key: Key) -> Option<Found> {
        let Some(Entry::Answer(answer)) = self.entries.get(key.octets()) else { return None };
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
            let found = match self.entries.get(key) {
                Some(Entry::RrSet(rrset)) => {
                    reading.left_secs(rrset.expires_secs).map(|ttl_secs| (rrset, ttl_secs))
                }
                _ => None,
            };
            let Some((rrset, ttl_secs)) = found else {
                is_whole = false;
                continue;
            };
            let (wire, rtype) = key.split_last_chunk::<2>().expect("a key ends in its type");
            let rtype = RecordType::from(u16::from_be_bytes(*rtype));
            let name = Name::from_wire(Bytes::copy_from_slice(wire)).expect("a key has a name");
            let data = rrset.packed.data(rtype).chain(rrset.packed.signatures());
            records.extend(data.map(|data| Record::new(name.clone(), ttl_secs, data)));
        }
        (records, is_whole)
    }

    /// Keeps an RRset and the RRSIG records that cover it. The records have one name and one type;
    /// `credibility` says where they stood.
    ///
    /// What is trusted more and has time left stays in its place. NS records from the zone itself
    /// do not outlive those from its parent, so that a delegation that was withdrawn ends
    /// ("ghost domain names", CVE-2012-1033).
    pub(crate) fn put(
        &mut self,
        now: SimTime,
        records: &[Record],
        signatures: &[Record],
        credibility: Credibility,
    ) {
        let Some(first) = records.first() else { return };
        let now_secs = secs(now);
        // The TTLs of an RRset are to be equal; where they are not, the least holds (RFC 2181 §5.2),
        // that of the signatures too (RFC 4035 §5.3.3).
        let ttls = records.iter().chain(signatures).map(|record| ttl(record.ttl_secs));
        let ttl_secs = ttls.min().unwrap_or(0);
        let ttl_secs = ttl_secs.max(self.config.min_ttl_secs).min(self.config.max_ttl_secs);
        let mut expires_secs = now_secs.saturating_add(ttl_secs);
        let rtype = first.rtype();
        let mut answers = credibility.answers();
        let mut has_sections = false;
        let key = Key::rrset(&first.name, rtype);
        if let Some(Entry::RrSet(kept)) = self.entries.get(key.octets())
            && kept.expires_secs > now_secs
        {
            if kept.credibility > credibility {
                kept.answers |= answers;
                return;
            }
            answers |= kept.answers;
            has_sections = kept.has_sections;
            if rtype == RecordType::Ns && credibility > Credibility::Referral {
                expires_secs = expires_secs.min(kept.expires_secs);
            }
        }
        if credibility.answers() {
            self.entries.remove(Key::message(&first.name, None).octets());
            self.forget_nothing(&Key::message(&first.name, Some(rtype)));
        }
        let packed = Packed::new(&unique(records), &unique(signatures));
        let weight = weight(&key, packed.octets());
        let rrset = RrSet { packed, expires_secs, ttl_secs, credibility, answers, has_sections };
        self.entries.insert(key.octets().into(), Entry::RrSet(rrset), weight);
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
        let rrset_key = Key::rrset(name, rtype);
        let soa = sections.authorities.iter().find(|record| record.rtype() == RecordType::Soa);
        let ttl_secs = match (verdict, soa) {
            (Verdict::Records, _) => self.config.max_ttl_secs,
            (_, Some(soa)) => self.negative_ttl_secs(soa),
            (_, None) => self.config.bare_negative_ttl_secs,
        };
        let key = match verdict {
            Verdict::NxDomain => Key::message(name, None),
            Verdict::NoData | Verdict::Records => Key::message(name, Some(rtype)),
        };
        let kept = match self.entries.get(rrset_key.octets()) {
            Some(Entry::RrSet(kept)) if kept.expires_secs > now_secs => Some(kept),
            _ => None,
        };
        match (verdict, kept) {
            (Verdict::Records, Some(kept)) => kept.has_sections = true,
            (Verdict::Records, None) => return,
            (Verdict::NoData, Some(kept)) if kept.credibility > credibility => return,
            (Verdict::NxDomain, Some(kept)) if kept.credibility > credibility => {}
            (Verdict::NoData | Verdict::NxDomain, _) => {
                self.entries.remove(rrset_key.octets());
            }
        }
        let (authorities, additionals) = (keys(&sections.authorities), keys(&sections.additionals));
        let weight = weight(&key, authorities.len() + additionals.len());
        let expires_secs = now_secs.saturating_add(ttl_secs);
        let answer = Answer { verdict, expires_secs, ttl_secs, authorities, additionals };
        self.entries.insert(key.octets().into(), Entry::Answer(answer), weight);
    }

    fn forget_nothing(&mut self, key: &Key) {
        let kept = self.entries.peek(key.octets());
        if matches!(kept, Some(Entry::Answer(answer)) if answer.verdict != Verdict::Records) {
            self.entries.remove(key.octets());
        }
    }

    /// How long a negative answer holds: the SOA's TTL or its MINIMUM, whichever is less
    /// (RFC 2308 §5), and no longer than negative answers are kept here.
    pub(crate) fn negative_ttl_secs(&self, soa: &Record) -> u32 {
        let ttl_secs = match &soa.data {
            RecordData::Soa(fields) => ttl(soa.ttl_secs).min(ttl(fields.minimum_secs)),
            _ => 0,
        };
        ttl_secs.min(self.config.max_negative_ttl_secs)
    }

    /// Whether this question failed a short while ago.
    pub(crate) fn failed(&self, now: SimTime, question: &Question) -> bool {
        self.failures.holds(now, question)
    }

    /// Keeps that this question failed: for 5 s first, then longer and longer (RFC 9520 §3.2).
    pub(crate) fn put_failure(&mut self, now: SimTime, question: &Question) {
        let recheck = self.config.serve_stale.map_or(Duration::ZERO, |stale| stale.recheck);
        self.failures.put(now, question, &self.config, recheck);
    }

    /// Forgets the failures of a question that was answered.
    pub(crate) fn forget_failure(&mut self, question: &Question) {
        self.failures.forget(question);
    }
}

/// Whether a tenth of the TTL is left, or less.
fn is_old(expires_secs: u32, ttl_secs: u32, reading: Reading) -> bool {
    expires_secs.saturating_sub(reading.now_secs) <= ttl_secs / 10
}

/// The keys of the RRsets of these records, each with its length before.
fn keys(records: &[Record]) -> Box<[u8]> {
    let mut keys = Vec::new();
    let mut last: Option<(&Name, RecordType)> = None;
    for record in records.iter().filter(|record| record.rtype() != RecordType::Rrsig) {
        let this = (&record.name, record.rtype());
        if last.replace(this) != Some(this) {
            let key = Key::rrset(&record.name, record.rtype());
            keys.extend((key.octets().len() as u16).to_be_bytes());
            keys.extend(key.octets());
        }
    }
    keys.into()
}

/// The data of records, each once.
fn unique(records: &[Record]) -> Vec<&RecordData> {
    let mut unique: Vec<&RecordData> = Vec::with_capacity(records.len());
    for record in records {
        if !unique.contains(&&record.data) {
            unique.push(&record.data);
        }
    }
    unique
}

/// The octets that an entry takes, with what the allocator adds to its two allocations.
fn weight(key: &Key, octets: usize) -> usize {
    LruMap::<Box<[u8]>, Entry>::ENTRY_OCTETS + key.octets().len() + octets + 2 * 16
}

/// A TTL with its most significant bit set counts as zero (RFC 2181 §8).
fn ttl(secs: u32) -> u32 {
    if secs > i32::MAX as u32 { 0 } else { secs }
}

/// The seconds of a clock that counts nothing smaller.
fn secs(now: SimTime) -> u32 {
    u32::try_from(now.as_nanos() / 1_000_000_000).unwrap_or(u32::MAX)
}

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

mod answer;
mod failures;
mod key;
mod packed;

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::engine::SimTime;
use crate::proto::dns::{Name, Question, Record, RecordData, RecordType};

use super::config::CacheConfig;
use super::lru::LruMap;
pub(crate) use answer::{Sections, Verdict};

use answer::Answer;
use failures::Failures;
use key::Key;
pub(crate) use key::NameKey;
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

/// What a resolver remembers of the answers it got.
#[derive(Debug)]
pub(crate) struct Cache {
    entries: LruMap<Box<[u8]>, Entry>,
    failures: Failures,
    config: CacheConfig,
    /// Whether it ever held a DNAME, or a name that does not exist: where it did not, it need not be
    /// looked through for one at each name above another.
    has_dnames: bool,
    has_nxdomains: bool,
    /// Whether it ever held an answer that is more than an RRset.
    has_answers: bool,
}

impl Cache {
    /// An empty cache.
    pub(crate) fn new(config: CacheConfig) -> Self {
        Cache {
            entries: LruMap::new(config.octets),
            failures: Failures::new(),
            config,
            has_dnames: false,
            has_nxdomains: false,
            has_answers: false,
        }
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
        self.read_at(reading, NameKey::new(name), rtype, least)
    }

    /// As [`Cache::read`], for a name that more is looked for under.
    pub(crate) fn read_at(
        &mut self,
        reading: Reading,
        name: NameKey<'_>,
        rtype: RecordType,
        least: Credibility,
    ) -> Option<Found> {
        let records = self.rrset(reading, name.rrset(rtype), least);
        records.or_else(|| self.nothing(reading, name.message(Some(rtype))))
    }

    /// Whether something is known, as [`Cache::read_at`] has it, and each piece of its data.
    pub(crate) fn each_at(
        &mut self,
        reading: Reading,
        name: NameKey<'_>,
        rtype: RecordType,
        least: Credibility,
        each: impl FnMut(RecordData),
    ) -> bool {
        match self.live(reading, name.rrset(rtype), least) {
            Some((rrset, _)) => {
                rrset.packed.data(rtype).for_each(each);
                true
            }
            None => self.nothing(reading, name.message(Some(rtype))).is_some(),
        }
    }

    /// The RRset of a key, under the same conditions, and its TTL.
    fn live(
        &mut self,
        reading: Reading,
        key: Key<'_>,
        least: Credibility,
    ) -> Option<(&RrSet, u32)> {
        let Some(Entry::RrSet(rrset)) = self.entries.get(&key) else { return None };
        let ttl_secs = reading.left_secs(rrset.expires_secs)?;
        let counts = rrset.answers || rrset.credibility >= least && least != Credibility::Answer;
        counts.then_some((rrset, ttl_secs))
    }

    /// The same, to be kept.
    fn rrset(&mut self, reading: Reading, key: Key<'_>, least: Credibility) -> Option<Found> {
        self.live(reading, key, least).map(|(rrset, ttl_secs)| Found {
            known: Known::Records(rrset.packed.data(key.rtype()).collect()),
            signatures: rrset.packed.signatures().collect(),
            ttl_secs,
            is_stale: rrset.expires_secs <= reading.now_secs,
            is_old: is_old(rrset.expires_secs, rrset.ttl_secs, reading),
            authorities: Vec::new(),
            has_sections: rrset.has_sections,
        })
    }

    /// The DNAME of the closest ancestor of `name` that has one, and that ancestor.
    pub(crate) fn read_dname_above(
        &mut self,
        reading: Reading,
        name: &Name,
    ) -> Option<(Name, Found)> {
        if !self.has_dnames {
            return None;
        }
        name.ancestors().skip(1).find_map(|above| {
            let key = NameKey::new(&above);
            let found = self.rrset(reading, key.rrset(RecordType::Dname), Credibility::Answer)?;
            Some((above, found))
        })
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
        if !self.has_nxdomains {
            return None;
        }
        let name = NameKey::new(name);
        let ancestors = name.message(None).and_above().take(if cut { usize::MAX } else { 1 });
        ancestors.into_iter().find_map(|key| self.nothing(reading, key))
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
        let name = NameKey::new(&first.name);
        let key = name.rrset(rtype);
        let place = self.entries.seek(&key);
        if let Some(Entry::RrSet(kept)) = self.entries.get_at(place)
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
        self.has_dnames |= rtype == RecordType::Dname;
        if credibility.answers() && self.has_answers {
            self.entries.remove(&name.message(None));
            self.forget_nothing(name.message(Some(rtype)));
        }
        let packed = match (records, signatures) {
            // Most RRsets are one record, and not signed.
            ([only], []) => Packed::new(&[&only.data], &[]),
            _ => Packed::new(&unique(records), &unique(signatures)),
        };
        let weight = weight(&key, packed.octets());
        let rrset = RrSet { packed, expires_secs, ttl_secs, credibility, answers, has_sections };
        self.entries.set_at(place, || key.to_octets(), Entry::RrSet(rrset), weight);
    }

    /// How long a negative answer holds: the SOA's TTL or its MINIMUM, whichever is less
    /// (RFC 2308 §5), within what negative answers and records of any kind are kept here.
    pub(crate) fn negative_ttl_secs(&self, soa: &Record) -> u32 {
        let ttl_secs = match &soa.data {
            RecordData::Soa(fields) => ttl(soa.ttl_secs).min(ttl(fields.minimum_secs)),
            _ => 0,
        };
        // The clamps of all records come last, as in Unbound.
        ttl_secs
            .max(self.config.min_negative_ttl_secs)
            .min(self.config.max_negative_ttl_secs)
            .max(self.config.min_ttl_secs)
            .min(self.config.max_ttl_secs)
    }

    /// Whether this question failed a short while ago.
    pub(crate) fn failed(&self, now: SimTime, question: &Question) -> bool {
        self.failures.holds(now, question)
    }

    /// Keeps that this question failed: for 5 s first, then longer and longer (RFC 9520 §3.2).
    pub(crate) fn put_failure(&mut self, now: SimTime, question: &Question) {
        self.failures.put(now, question, &self.config);
    }

    /// Keeps a question that failed for `least` at least.
    pub(crate) fn hold_off(&mut self, now: SimTime, question: &Question, least: Duration) {
        self.failures.hold_off(now, question, least);
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
fn weight(key: &Key<'_>, octets: usize) -> usize {
    LruMap::<Box<[u8]>, Entry>::ENTRY_OCTETS + key.len() + octets + 2 * 16
}

/// A TTL with its most significant bit set counts as zero (RFC 2181 §8).
fn ttl(secs: u32) -> u32 {
    if secs > i32::MAX as u32 { 0 } else { secs }
}

/// The seconds of a clock that counts nothing smaller.
fn secs(now: SimTime) -> u32 {
    u32::try_from(now.as_nanos() / 1_000_000_000).unwrap_or(u32::MAX)
}

//! The cache: RRsets and their proven absence, with the time left and how far they are trusted.
//!
//! Follows RFC 1034 §5.3.3, RFC 2181 §5 (RRsets, TTLs, ranking), RFC 2308 (negative answers),
//! RFC 8020 (NXDOMAIN cut) and RFC 9520 (failures).
//!
//! Class IN only. An entry that has run out stays until its place is needed.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::SimTime;
use crate::proto::dns::{Name, Question, Record, RecordData, RecordType};

use super::config::CacheConfig;
use super::lru::LruMap;

/// How far data is trusted, the least first (RFC 2181 §5.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Credibility {
    /// Glue, and the NS records of a referral. Never an answer.
    Referral,
    /// The answer section of an answer without AA.
    Answer,
    /// The answer section of an answer with AA.
    AuthoritativeAnswer,
}

/// What is known of a name and a type.
#[derive(Debug, Clone)]
pub(crate) enum Known {
    /// The data of an RRset. One record at least.
    Records(Arc<[RecordData]>),
    /// The name has no such type, or does not exist.
    Nothing {
        /// The SOA record of the answer that said so.
        soa: Option<Arc<Record>>,
    },
}

/// A piece of knowledge that has time left.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// What is known.
    pub(crate) known: Known,
    /// The TTL that is left.
    pub(crate) left: Duration,
}

impl Found {
    /// The TTL that is left, in whole seconds, rounded up: never more than it was at first, and
    /// zero, which forbids caching, only if it was zero then.
    pub(crate) fn ttl_secs(&self) -> u32 {
        let secs = self.left.as_secs() + u64::from(self.left.subsec_nanos() > 0);
        u32::try_from(secs).unwrap_or(u32::MAX)
    }

    /// The records, under `name` as the asker writes it.
    pub(crate) fn records(&self, name: &Name) -> Vec<Record> {
        let ttl_secs = self.ttl_secs();
        match &self.known {
            Known::Records(data) => {
                data.iter().map(|data| Record::new(name.clone(), ttl_secs, data.clone())).collect()
            }
            Known::Nothing { .. } => Vec::new(),
        }
    }

    /// The SOA record of a negative entry, its TTL counted down.
    pub(crate) fn soa(&self) -> Option<Record> {
        match &self.known {
            Known::Nothing { soa: Some(soa) } => {
                Some(Record { ttl_secs: self.ttl_secs(), ..Record::clone(soa) })
            }
            _ => None,
        }
    }
}

/// A name, and a type; without a type the entry says that the name does not exist.
type Key = (Name, Option<RecordType>);

#[derive(Debug)]
struct Entry {
    known: Known,
    credibility: Credibility,
    expires: SimTime,
}

/// A question that could not be answered.
#[derive(Debug)]
struct Failure {
    /// Not tried again before.
    until: SimTime,
    /// How long it is kept when it fails again.
    next: Duration,
}

/// What a resolver remembers of the answers it got.
#[derive(Debug)]
pub(crate) struct Cache {
    entries: LruMap<Key, Entry>,
    failures: LruMap<Question, Failure>,
    config: CacheConfig,
}

/// How many failures are kept.
const FAILURES: usize = 10_000;

impl Cache {
    /// An empty cache.
    pub(crate) fn new(config: CacheConfig) -> Self {
        Cache { entries: LruMap::new(config.octets), failures: LruMap::new(FAILURES), config }
    }

    /// How many RRsets and negative answers are kept, those that have run out included.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// What is known of `name` and `rtype` and trusted at least as `least`.
    pub(crate) fn get(
        &mut self,
        now: SimTime,
        name: &Name,
        rtype: RecordType,
        least: Credibility,
    ) -> Option<Found> {
        self.find(now, &(name.clone(), Some(rtype)), least)
    }

    /// The entry that says that `name` does not exist: its own, or with `cut` one of an ancestor
    /// (RFC 8020).
    pub(crate) fn get_nxdomain(&mut self, now: SimTime, name: &Name, cut: bool) -> Option<Found> {
        let ancestors = name.ancestors().take(if cut { usize::MAX } else { 1 });
        let mut hits =
            ancestors.filter_map(|name| self.find(now, &(name, None), Credibility::Answer));
        hits.next()
    }

    fn find(&mut self, now: SimTime, key: &Key, least: Credibility) -> Option<Found> {
        let entry = self.entries.peek(key)?;
        if entry.expires <= now || entry.credibility < least {
            return None;
        }
        let entry = self.entries.get(key)?;
        Some(Found { known: entry.known.clone(), left: entry.expires.since(now) })
    }

    /// Keeps an RRset. The records have one name and one type; `credibility` says where they stood.
    ///
    /// What is trusted more and has time left stays in its place. NS records from the zone itself
    /// do not outlive those from its parent, so that a delegation that was withdrawn ends
    /// ("ghost domain names", CVE-2012-1033).
    pub(crate) fn put(&mut self, now: SimTime, records: &[Record], credibility: Credibility) {
        let Some(first) = records.first() else { return };
        // The TTLs of an RRset are to be equal; where they are not, the least holds (RFC 2181 §5.2).
        let ttl_secs = records.iter().map(|record| record.ttl_secs).min().unwrap_or(0);
        let ttl_secs = ttl(ttl_secs).max(self.config.min_ttl_secs).min(self.config.max_ttl_secs);
        let mut expires = now + Duration::from_secs(ttl_secs.into());
        let rtype = first.rtype();
        let key = (first.name.detached(), Some(rtype));
        if let Some(kept) = self.entries.peek(&key).filter(|kept| kept.expires > now) {
            if kept.credibility > credibility {
                return;
            }
            let delegates = rtype == RecordType::Ns && matches!(kept.known, Known::Records(_));
            if delegates && credibility > Credibility::Referral {
                expires = expires.min(kept.expires);
            }
        }
        if credibility >= Credibility::Answer {
            self.entries.remove(&(key.0.clone(), None));
        }
        let mut data: Vec<RecordData> = Vec::with_capacity(records.len());
        for record in records {
            if !data.contains(&record.data) {
                data.push(record.data.clone());
            }
        }
        let weight =
            ENTRY_OCTETS + 2 * key.0.as_wire().len() + data.iter().map(octets).sum::<usize>();
        let known = Known::Records(data.into());
        self.entries.insert(key, Entry { known, credibility, expires }, weight);
    }

    /// Keeps that `name` has no `rtype`, or with `None` that it does not exist, as long as the SOA
    /// says (RFC 2308 §5).
    pub(crate) fn put_nothing(
        &mut self,
        now: SimTime,
        name: &Name,
        rtype: Option<RecordType>,
        soa: Option<&Record>,
        credibility: Credibility,
    ) {
        let key = (name.detached(), rtype);
        if self.entries.peek(&key).is_some_and(|k| k.expires > now && k.credibility > credibility) {
            return;
        }
        let ttl_secs = match soa {
            Some(soa) => negative_ttl_secs(soa).min(self.config.max_negative_ttl_secs),
            None => self.config.bare_negative_ttl_secs,
        };
        let expires = now + Duration::from_secs(ttl_secs.into());
        let known = Known::Nothing { soa: soa.cloned().map(Arc::new) };
        let weight =
            ENTRY_OCTETS + 2 * name.as_wire().len() + soa.map_or(0, |soa| octets(&soa.data));
        self.entries.insert(key, Entry { known, credibility, expires }, weight);
    }

    /// Whether this question failed a short while ago.
    pub(crate) fn failed(&self, now: SimTime, question: &Question) -> bool {
        self.failures.peek(question).is_some_and(|failure| failure.until > now)
    }

    /// Keeps that this question failed: for 5 s first, then longer and longer (RFC 9520 §3.2).
    pub(crate) fn put_failure(&mut self, now: SimTime, question: &Question) {
        let lasts = match self.failures.peek(question) {
            // A failure that lies back further than it was kept begins anew.
            Some(last) if now <= last.until + last.next => last.next,
            _ => self.config.min_failure_ttl,
        };
        let next = (lasts * 2).min(self.config.max_failure_ttl);
        let name = question.name.detached();
        let failure = Failure { until: now + lasts, next };
        self.failures.insert(Question { name, ..question.clone() }, failure, 1);
    }

    /// Forgets the failures of a question that was answered.
    pub(crate) fn forget_failure(&mut self, question: &Question) {
        self.failures.remove(question);
    }
}

/// A TTL with its most significant bit set counts as zero (RFC 2181 §8).
fn ttl(secs: u32) -> u32 {
    if secs > i32::MAX as u32 { 0 } else { secs }
}

/// How long a negative answer holds: the SOA's TTL or its MINIMUM, whichever is less.
pub(crate) fn negative_ttl_secs(soa: &Record) -> u32 {
    match &soa.data {
        RecordData::Soa(fields) => ttl(soa.ttl_secs).min(ttl(fields.minimum_secs)),
        _ => 0,
    }
}

/// About what the data takes in memory.
fn octets(data: &RecordData) -> usize {
    let more = match data {
        RecordData::Ns(name) | RecordData::Cname(name) | RecordData::Dname(name) => {
            name.as_wire().len()
        }
        RecordData::Ptr(name) => name.as_wire().len(),
        RecordData::Mx { exchange: name, .. } | RecordData::Srv { target: name, .. } => {
            name.as_wire().len()
        }
        RecordData::Soa(soa) => {
            size_of_val(&**soa) + soa.mname.as_wire().len() + soa.rname.as_wire().len()
        }
        RecordData::Txt(txt) => txt.as_wire().len(),
        RecordData::Unknown { octets, .. } => octets.len(),
        RecordData::A(_) | RecordData::Aaaa(_) => 0,
    };
    size_of::<RecordData>() + more
}

/// What an entry takes beside its name and data: key twice, slot, hash table.
const ENTRY_OCTETS: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::dns::{RecordData, Soa};

    const START: SimTime = SimTime::from_secs(1_000);

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    fn cache() -> Cache {
        Cache::new(CacheConfig::default())
    }

    fn a(owner: &str, ttl_secs: u32, last: u8) -> Record {
        Record::new(name(owner), ttl_secs, RecordData::A([192, 0, 2, last].into()))
    }

    fn ns(owner: &str, ttl_secs: u32, host: &str) -> Record {
        Record::new(name(owner), ttl_secs, RecordData::Ns(name(host)))
    }

    fn soa(ttl_secs: u32, minimum_secs: u32) -> Record {
        let soa = Soa {
            mname: name("ns.example.com."),
            rname: name("root.example.com."),
            serial: 1,
            refresh_secs: 1,
            retry_secs: 1,
            expire_secs: 1,
            minimum_secs,
        };
        Record::new(name("example.com."), ttl_secs, RecordData::Soa(Box::new(soa)))
    }

    /// The TTLs left of `owner A` so many seconds after the start; `None` where there is nothing.
    fn left(cache: &mut Cache, owner: &str, after_secs: u64) -> Option<u32> {
        let now = START + Duration::from_secs(after_secs);
        let found = cache.get(now, &name(owner), RecordType::A, Credibility::Answer);
        found.map(|found| found.ttl_secs())
    }

    #[test]
    fn ttls_count_down_and_end() {
        let mut cache = cache();
        let records = [a("example.com.", 300, 1), a("example.com.", 200, 2)];
        cache.put(START, &records, Credibility::Answer);
        assert_eq!(left(&mut cache, "example.com.", 0), Some(200));
        assert_eq!(left(&mut cache, "EXAMPLE.com.", 199), Some(1));
        assert_eq!(left(&mut cache, "example.com.", 200), None);
        let almost = START + Duration::from_millis(199_999);
        let found = cache.get(almost, &name("example.com."), RecordType::A, Credibility::Answer);
        assert_eq!(found.unwrap().ttl_secs(), 1);
    }

    #[test]
    fn ttls_have_their_caps() {
        let mut cache = cache();
        let put = |cache: &mut Cache, ttl_secs| {
            cache.put(START, &[a("example.com.", ttl_secs, 1)], Credibility::Answer);
            left(cache, "example.com.", 0)
        };
        assert_eq!(put(&mut cache, 1_000_000), Some(86_400));
        // RFC 2181 §8: with the most significant bit it is zero.
        assert_eq!(put(&mut cache, 0x8000_0000), None);
        assert_eq!(put(&mut cache, 0), None);
        cache.config.min_ttl_secs = 10;
        assert_eq!(put(&mut cache, 0), Some(10));
    }

    #[test]
    fn what_is_trusted_less_does_not_displace_what_is_trusted_more() {
        let mut cache = cache();
        let data = |cache: &mut Cache, after_secs, least| {
            let now = START + Duration::from_secs(after_secs);
            let found = cache.get(now, &name("ns.example.com."), RecordType::A, least)?;
            Some(found.records(&Name::root())[0].data.to_string())
        };
        cache.put(START, &[a("ns.example.com.", 60, 1)], Credibility::Referral);
        assert_eq!(data(&mut cache, 0, Credibility::Answer), None);
        assert_eq!(data(&mut cache, 0, Credibility::Referral).unwrap(), "192.0.2.1");
        cache.put(START, &[a("ns.example.com.", 60, 2)], Credibility::AuthoritativeAnswer);
        cache.put(START, &[a("ns.example.com.", 60, 3)], Credibility::Referral);
        cache.put(START, &[a("ns.example.com.", 60, 4)], Credibility::Answer);
        assert_eq!(data(&mut cache, 0, Credibility::Referral).unwrap(), "192.0.2.2");
        // Unless its time is over.
        let later = START + Duration::from_secs(60);
        cache.put(later, &[a("ns.example.com.", 60, 5)], Credibility::Referral);
        assert_eq!(data(&mut cache, 60, Credibility::Referral).unwrap(), "192.0.2.5");
    }

    #[test]
    fn a_child_does_not_lengthen_its_delegation() {
        let mut cache = cache();
        let get = |cache: &mut Cache, after_secs| {
            let now = START + Duration::from_secs(after_secs);
            cache.get(now, &name("example.com."), RecordType::Ns, Credibility::Referral).is_some()
        };
        cache.put(START, &[ns("example.com.", 100, "ns.example.com.")], Credibility::Referral);
        for after_secs in [50, 90] {
            let now = START + Duration::from_secs(after_secs);
            let child = [ns("example.com.", 86_400, "ns.example.com.")];
            cache.put(now, &child, Credibility::AuthoritativeAnswer);
        }
        assert!(get(&mut cache, 99));
        assert!(!get(&mut cache, 100));
    }

    #[test]
    fn negative_entries_hold_as_rfc_2308_says() {
        let mut cache = cache();
        let gone = name("gone.example.com.");
        let answer = Credibility::AuthoritativeAnswer;
        cache.put_nothing(START, &gone, None, Some(&soa(3_600, 60)), answer);
        let found = |cache: &mut Cache, text: &str, after_secs, cut| {
            let now = START + Duration::from_secs(after_secs);
            cache.get_nxdomain(now, &name(text), cut).map(|found| found.soa().unwrap().ttl_secs)
        };
        assert_eq!(found(&mut cache, "gone.example.com.", 0, false), Some(60));
        assert_eq!(found(&mut cache, "a.b.gone.example.com.", 59, true), Some(1));
        assert_eq!(found(&mut cache, "a.b.gone.example.com.", 59, false), None);
        assert_eq!(found(&mut cache, "gone.example.com.", 60, true), None);
        cache.put_nothing(START, &gone, None, Some(&soa(86_400, 86_400)), answer);
        assert_eq!(found(&mut cache, "gone.example.com.", 0, true), Some(3_600));
        // A name that appears again exists.
        cache.put(START, &[a("gone.example.com.", 60, 1)], answer);
        assert_eq!(found(&mut cache, "gone.example.com.", 0, true), None);

        cache.put_nothing(START, &gone, Some(RecordType::Mx), None, answer);
        let mx = cache.get(START, &gone, RecordType::Mx, Credibility::Answer).unwrap();
        assert!(mx.soa().is_none() && mx.records(&gone).is_empty());
        assert_eq!(mx.ttl_secs(), 60);
    }

    #[test]
    fn failures_are_kept_longer_each_time() {
        let mut cache = cache();
        let question = Question::new(name("example.com."), RecordType::A);
        let mut now = START;
        let mut kept = Vec::new();
        for _ in 0..8 {
            cache.put_failure(now, &question);
            let start = now;
            while cache.failed(now, &question) {
                now += Duration::from_secs(1);
            }
            kept.push(now.since(start).as_secs());
        }
        assert_eq!(kept, [5, 10, 20, 40, 80, 160, 300, 300]);
        cache.forget_failure(&question);
        cache.put_failure(now, &question);
        assert!(!cache.failed(now + Duration::from_secs(5), &question));
    }

    #[test]
    fn the_cache_keeps_its_bound() {
        let config = CacheConfig { octets: 10_000, ..CacheConfig::default() };
        let mut cache = Cache::new(config);
        for count in 0..1_000 {
            let owner = format!("host{count}.example.com.");
            cache.put(START, &[a(&owner, 60, 1)], Credibility::Answer);
            cache.get(START, &name("host0.example.com."), RecordType::A, Credibility::Answer);
        }
        assert!((10..50).contains(&cache.len()), "{}", cache.len());
        assert!(left(&mut cache, "host0.example.com.", 0).is_some());
        assert!(left(&mut cache, "host999.example.com.", 0).is_some());
        assert!(left(&mut cache, "host500.example.com.", 0).is_none());
    }
}

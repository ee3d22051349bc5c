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
    found.map(|found| found.ttl_secs)
}

#[test]
fn ttls_count_down_and_end() {
    let mut cache = cache();
    let records = [a("example.com.", 300, 1), a("example.com.", 200, 2)];
    cache.put(START, &records, &[], Credibility::Answer);
    assert_eq!(left(&mut cache, "example.com.", 0), Some(200));
    assert_eq!(left(&mut cache, "EXAMPLE.com.", 199), Some(1));
    assert_eq!(left(&mut cache, "example.com.", 200), None);
    let almost = START + Duration::from_millis(199_999);
    let found = cache.get(almost, &name("example.com."), RecordType::A, Credibility::Answer);
    assert_eq!(found.unwrap().ttl_secs, 1);
}

#[test]
fn ttls_have_their_caps() {
    let mut cache = cache();
    let put = |cache: &mut Cache, ttl_secs| {
        cache.put(START, &[a("example.com.", ttl_secs, 1)], &[], Credibility::Answer);
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
    cache.put(START, &[a("ns.example.com.", 60, 1)], &[], Credibility::Referral);
    assert_eq!(data(&mut cache, 0, Credibility::Answer), None);
    assert_eq!(data(&mut cache, 0, Credibility::Referral).unwrap(), "192.0.2.1");
    cache.put(START, &[a("ns.example.com.", 60, 2)], &[], Credibility::AuthoritativeAnswer);
    cache.put(START, &[a("ns.example.com.", 60, 3)], &[], Credibility::Referral);
    cache.put(START, &[a("ns.example.com.", 60, 4)], &[], Credibility::Answer);
    assert_eq!(data(&mut cache, 0, Credibility::Referral).unwrap(), "192.0.2.2");
    // Unless its time is over.
    let later = START + Duration::from_secs(60);
    cache.put(later, &[a("ns.example.com.", 60, 5)], &[], Credibility::Referral);
    assert_eq!(data(&mut cache, 60, Credibility::Referral).unwrap(), "192.0.2.5");
}

#[test]
fn a_child_does_not_lengthen_its_delegation() {
    let mut cache = cache();
    let get = |cache: &mut Cache, after_secs| {
        let now = START + Duration::from_secs(after_secs);
        cache.get(now, &name("example.com."), RecordType::Ns, Credibility::Referral).is_some()
    };
    cache.put(START, &[ns("example.com.", 100, "ns.example.com.")], &[], Credibility::Referral);
    for after_secs in [50, 90] {
        let now = START + Duration::from_secs(after_secs);
        let child = [ns("example.com.", 86_400, "ns.example.com.")];
        cache.put(now, &child, &[], Credibility::AuthoritativeAnswer);
    }
    assert!(get(&mut cache, 99));
    assert!(!get(&mut cache, 100));
}

/// Keeps that `owner` does not exist, or has no MX, as `soa` says.
fn put_nothing(cache: &mut Cache, owner: &str, verdict: Verdict, soa: Option<Record>) {
    let authorities: Vec<Record> = soa.into_iter().collect();
    cache.put(START, &authorities, &[], Credibility::Authority);
    let sections = Sections { authorities, ..Sections::default() };
    let asked = (&name(owner), RecordType::Mx);
    cache.put_answer(START, asked, verdict, &sections, Credibility::AuthoritativeAnswer);
}

#[test]
fn negative_entries_hold_as_rfc_2308_says() {
    let mut cache = cache();
    let gone = "gone.example.com.";
    put_nothing(&mut cache, gone, Verdict::NxDomain, Some(soa(3_600, 60)));
    let found = |cache: &mut Cache, text: &str, after_secs, cut| {
        let now = START + Duration::from_secs(after_secs);
        let found = cache.get_nxdomain(now, &name(text), cut)?;
        Some((found.ttl_secs, found.authorities[0].ttl_secs))
    };
    assert_eq!(found(&mut cache, gone, 0, false), Some((60, 60)));
    assert_eq!(found(&mut cache, "a.b.gone.example.com.", 59, true).map(|ttls| ttls.0), Some(1));
    assert_eq!(found(&mut cache, "a.b.gone.example.com.", 59, false), None);
    assert_eq!(found(&mut cache, gone, 60, true), None);
    put_nothing(&mut cache, gone, Verdict::NxDomain, Some(soa(86_400, 86_400)));
    assert_eq!(found(&mut cache, gone, 0, true), Some((3_600, 3_600)));
    // A name that appears again exists.
    cache.put(START, &[a(gone, 60, 1)], &[], Credibility::Answer);
    assert_eq!(found(&mut cache, gone, 0, true), None);

    put_nothing(&mut cache, gone, Verdict::NoData, None);
    let mx = cache.get(START, &name(gone), RecordType::Mx, Credibility::Answer).unwrap();
    assert!(mx.authorities.is_empty() && mx.records(&name(gone)).is_empty());
    assert_eq!(mx.ttl_secs, 5);
    assert_eq!(left(&mut cache, gone, 0), Some(60));
}

#[test]
fn answers_share_their_rrsets() {
    let mut cache = cache();
    put_nothing(&mut cache, "one.example.com.", Verdict::NxDomain, Some(soa(10, 10)));
    let now = START + Duration::from_secs(5);
    let ttl_secs = |cache: &mut Cache| {
        let found = cache.get_nxdomain(now, &name("one.example.com."), false).unwrap();
        (found.ttl_secs, found.authorities[0].ttl_secs)
    };
    assert_eq!(ttl_secs(&mut cache), (5, 5));
    cache.put(now, &[soa(10, 10)], &[], Credibility::Authority);
    assert_eq!(ttl_secs(&mut cache), (5, 10));
    // SOA is not an answer for having stood beside one.
    let soa = cache.get(now, &name("example.com."), RecordType::Soa, Credibility::Answer);
    assert!(soa.is_none());
}

#[test]
fn an_answer_has_its_sections_and_signatures() {
    let mut cache = cache();
    let www = a("www.Example.com.", 60, 1);
    let covers = |rtype: RecordType| {
        let mut octets = rtype.number().to_be_bytes().to_vec();
        octets.extend([0; 20]);
        RecordData::Unknown { rtype: RecordType::Rrsig, octets: octets.into() }
    };
    let signature = Record::new(www.name.clone(), 50, covers(RecordType::A));
    let sections = Sections {
        authorities: vec![ns("Example.com.", 30, "ns.example.com.")],
        additionals: vec![a("ns.example.com.", 20, 53)],
    };
    let set = std::slice::from_ref(&www);
    cache.put(START, set, &[signature], Credibility::AuthoritativeAnswer);
    cache.put(START, &sections.authorities, &[], Credibility::Authority);
    cache.put(START, &sections.additionals, &[], Credibility::Additional);
    let asked = (&www.name, RecordType::A);
    cache.put_answer(START, asked, Verdict::Records, &sections, Credibility::AuthoritativeAnswer);

    let now = START + Duration::from_secs(20);
    let found = cache.get(now, &www.name, RecordType::A, Credibility::Answer).unwrap();
    assert!(found.has_sections && !found.is_old);
    let shown: Vec<String> = found.records(&www.name).iter().map(Record::to_string).collect();
    assert_eq!(shown[0], "www.Example.com. 30 A 192.0.2.1");
    assert!(shown[1].starts_with("www.Example.com. 30 RRSIG A"), "{}", shown[1]);
    let reading = cache.fresh(now);
    let beside = cache.sections(reading, &www.name, RecordType::A).unwrap();
    assert_eq!(beside.authorities[0].to_string(), "example.com. 10 NS ns.example.com.");
    assert!(beside.additionals.is_empty(), "its 20 s are over");
    // Glue is no answer, nor are name servers that nobody asked for.
    for (owner, rtype) in [("ns.example.com.", RecordType::A), ("example.com.", RecordType::Ns)] {
        assert!(cache.get(START, &name(owner), rtype, Credibility::Answer).is_none());
        assert!(cache.get(START, &name(owner), rtype, Credibility::Referral).is_some());
    }
}

#[test]
fn what_ended_is_stale_for_a_while() {
    let stale = super::super::config::ServeStale::default();
    let mut cache = Cache::new(CacheConfig { serve_stale: Some(stale), ..CacheConfig::default() });
    cache.put(START, &[a("www.example.com.", 60, 1)], &[], Credibility::Answer);
    let read = |cache: &mut Cache, after_secs| {
        let reading = cache.stale(START + Duration::from_secs(after_secs));
        let www = name("www.example.com.");
        let found = cache.read(reading, &www, RecordType::A, Credibility::Answer)?;
        Some((found.ttl_secs, found.is_old, found.is_stale))
    };
    assert_eq!(read(&mut cache, 53), Some((7, false, false)));
    assert_eq!(read(&mut cache, 54), Some((6, true, false)));
    assert_eq!(read(&mut cache, 60), Some((30, true, true)));
    assert_eq!(read(&mut cache, 60 + 86_399), Some((30, true, true)));
    assert_eq!(read(&mut cache, 60 + 86_400), None);
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
        cache.put(START, &[a(&owner, 60, 1)], &[], Credibility::Answer);
        cache.get(START, &name("host0.example.com."), RecordType::A, Credibility::Answer);
    }
    assert!((10..100).contains(&cache.len()), "{}", cache.len());
    assert!(left(&mut cache, "host0.example.com.", 0).is_some());
    assert!(left(&mut cache, "host999.example.com.", 0).is_some());
    assert!(left(&mut cache, "host500.example.com.", 0).is_none());
}

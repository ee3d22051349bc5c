//! Tests of signed zones: the zones and responses that RFC 4035 and RFC 5155 print.
//!
//! Signatures are of the right form and sign nothing: the server does not look into them.

use super::super::master::parse_records;
use super::super::name::Name;
use super::super::record::Record;
use super::super::zone::Node;
use super::*;

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// Adds an RRSIG to every RRset that a signer signs: all but glue and the NS of delegations.
fn signed(origin: &str, text: &str) -> Arc<Zone> {
    let origin = name(origin);
    let mut records = parse_records(&origin, text).unwrap();
    let cuts: Vec<Name> = records
        .iter()
        .filter(|record| record.rtype() == RecordType::Ns && record.name != origin)
        .map(|record| record.name.clone())
        .collect();
    let is_signed = |record: &Record| {
        let below = |cut: &Name| record.name.is_subdomain_of(cut) && record.name != *cut;
        let is_cut = cuts.contains(&record.name) && record.rtype() == RecordType::Ns;
        !is_cut && !cuts.iter().any(below)
    };
    let mut done: Vec<(Name, RecordType)> = Vec::new();
    for record in records.clone() {
        let key = (record.name.clone(), record.rtype());
        if is_signed(&record) && !done.contains(&key) {
            let Record { name, ttl_secs, .. } = &record;
            let labels = name.labels().filter(|label| *label != b"*").count();
            let line = format!(
                "{name} {ttl_secs} RRSIG {} 5 {labels} {ttl_secs} 20040509183619 20040409183619 \
                 38519 {origin} MEUCIQDCGwxUUtRlLvSYZM1vLp9QVzZKbpBGwYUMVlWC",
                record.rtype()
            );
            records.extend(parse_records(&origin, &line).unwrap());
            done.push(key);
        }
    }
    Arc::new(Zone::new(&origin, records).unwrap())
}

/// Asks with DO and compares: owner and type of each record, what a signature covers, and the
/// data of short ones.
#[track_caller]
fn check(server: &Authority, question: &str, response: &str) {
    let (rtype, qname) = question.split_once(' ').unwrap();
    let mut query = Message::query(1, name(qname), rtype.parse().unwrap()).with_edns();
    let plain = server.respond(&query, Transport::Udp);
    query.edns = Some(Edns { dnssec_ok: true, ..Edns::default() });
    let octets = server.answer(&query.encode(), Transport::Tcp).unwrap();
    let answered = Message::decode(&octets).unwrap();
    assert!(!answered.flags.ad && answered.edns.is_some_and(|edns| edns.dnssec_ok));
    let mut lines =
        vec![format!("{}{}", answered.rcode, if answered.flags.aa { " aa" } else { "" })];
    let sections = [
        ("answer", &answered.answers, &plain.answers),
        ("authority", &answered.authorities, &plain.authorities),
        ("additional", &answered.additionals, &plain.additionals),
    ];
    for (title, records, plain) in sections {
        for record in records {
            let rtype = record.rtype();
            lines.push(match record.data.covered_type() {
                Some(covered) => format!("{title}: {} RRSIG {covered}", record.name),
                None => format!("{title}: {} {rtype}", record.name),
            });
        }
        // Without DO the same comes without what DNSSEC has added.
        let asked = query.questions[0].rtype;
        let is_extra = |record: &&Record| {
            let rtype = record.rtype();
            let dnssec = [RecordType::Rrsig, RecordType::Nsec, RecordType::Nsec3, RecordType::Ds];
            dnssec.contains(&rtype) && (asked != rtype || title != "answer")
        };
        let without: Vec<&Record> = records.iter().filter(|record| !is_extra(record)).collect();
        assert_eq!(plain.iter().collect::<Vec<_>>(), without, "{question} {title}");
    }
    let wanted: Vec<&str> =
        response.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.join("\n").to_lowercase(), wanted.join("\n").to_lowercase(), "{question}");
}

/// RFC 4035 appendix A.
const NSEC_ZONE: &str = "$TTL 3600
@ SOA ns1 bugs.x.w 1081539377 3600 300 3600000 3600
@ NS ns1
@ NS ns2
@ MX 1 xx
@ NSEC a NS SOA MX RRSIG NSEC DNSKEY
@ DNSKEY 256 3 5 AQOy1bZVvpPqhg4j7EJoM9rI3ZmyEx2OzDBV
a NS ns1.a
a NS ns2.a
a DS 57855 5 1 B6DCD485719ADCA18E5F3D48A2331627FDD3636B
a NSEC ai NS DS RRSIG NSEC
ns1.a A 192.0.2.5
ns2.a A 192.0.2.6
ai A 192.0.2.9
ai HINFO KLH-10 ITS
ai AAAA 2001:db8::f00:baa9
ai NSEC b A HINFO AAAA RRSIG NSEC
b NS ns1.b
b NS ns2.b
b NSEC ns1 NS RRSIG NSEC
ns1.b A 192.0.2.7
ns2.b A 192.0.2.8
ns1 A 192.0.2.1
ns1 NSEC ns2 A RRSIG NSEC
ns2 A 192.0.2.2
ns2 NSEC *.w A RRSIG NSEC
*.w MX 1 ai
*.w NSEC x.w MX RRSIG NSEC
x.w MX 1 xx
x.w NSEC x.y.w MX RRSIG NSEC
x.y.w MX 1 xx
x.y.w NSEC xx MX RRSIG NSEC
xx A 192.0.2.10
xx HINFO KLH-10 TOPS-20
xx AAAA 2001:db8::f00:baaa
xx NSEC @ A HINFO AAAA RRSIG NSEC
";

#[test]
fn the_responses_of_rfc_4035_appendix_b() {
    let server = Authority::new([signed("example", NSEC_ZONE)]);
    let xx = "additional: xx.example. A
        additional: xx.example. RRSIG A
        additional: xx.example. AAAA
        additional: xx.example. RRSIG AAAA";
    let soa = "authority: example. SOA\nauthority: example. RRSIG SOA";
    let nsec = |owner: &str| {
        format!("authority: {owner}example. NSEC\nauthority: {owner}example. RRSIG NSEC")
    };
    // B.1
    check(
        &server,
        "MX x.w.example.",
        &format!("NOERROR aa\nanswer: x.w.example. MX\nanswer: x.w.example. RRSIG MX\n{xx}"),
    );
    // B.2: the apex covers *.example.
    check(&server, "A ml.example.", &format!("NXDOMAIN aa\n{soa}\n{}\n{}", nsec("b."), nsec("")));
    // B.3
    check(&server, "MX ns1.example.", &format!("NOERROR aa\n{soa}\n{}", nsec("ns1.")));
    // B.4
    check(
        &server,
        "MX mc.a.example.",
        "NOERROR
        authority: a.example. NS
        authority: a.example. NS
        authority: a.example. DS
        authority: a.example. RRSIG DS
        additional: ns1.a.example. A
        additional: ns2.a.example. A",
    );
    // B.5
    check(
        &server,
        "MX mc.b.example.",
        &format!(
            "NOERROR
            authority: b.example. NS
            authority: b.example. NS
            {}
            additional: ns1.b.example. A
            additional: ns2.b.example. A",
            nsec("b.")
        ),
    );
    // B.6
    check(
        &server,
        "MX a.z.w.example.",
        &format!(
            "NOERROR aa
            answer: a.z.w.example. MX
            answer: a.z.w.example. RRSIG MX
            {}
            additional: ai.example. A
            additional: ai.example. RRSIG A
            additional: ai.example. AAAA
            additional: ai.example. RRSIG AAAA",
            nsec("x.y.w.")
        ),
    );
    // B.7
    check(
        &server,
        "AAAA a.z.w.example.",
        &format!("NOERROR aa\n{soa}\n{}\n{}", nsec("*.w."), nsec("x.y.w.")),
    );
    // B.8
    check(&server, "DS example.", &format!("NOERROR aa\n{soa}\n{}", nsec("")));
    // An empty non-terminal is denied by the one before it.
    check(&server, "A y.w.example.", &format!("NOERROR aa\n{soa}\n{}", nsec("x.w.")));
    check(&server, "DS b.example.", &format!("NOERROR aa\n{soa}\n{}", nsec("b.")));
    // By their own types, they come without DO as well; ANY brings each signature once.
    check(
        &server,
        "NSEC ns1.example.",
        "NOERROR aa\nanswer: ns1.example. NSEC\nanswer: ns1.example. RRSIG NSEC",
    );
    let query = Message::query(1, name("ns1.example"), RecordType::Rrsig);
    assert_eq!(server.respond(&query, Transport::Udp).answers.len(), 2);
    let query = Message::query(1, name("ns1.example"), RecordType::Any);
    assert_eq!(server.respond(&query, Transport::Tcp).answers.len(), 4);
}

/// RFC 5155 appendix A, with opt-out; 2T7B4G4V... is the hash of ns1 and the name of a host, too.
const NSEC3_ZONE: &str = "$TTL 3600
@ SOA ns1 bugs.x.w 1 3600 300 3600000 3600
@ NS ns1
@ NS ns2
@ MX 1 xx
@ DNSKEY 256 3 7 AwEAAaetidLzsKWUt4swWR8yu0wPHPiUi8LU
@ NSEC3PARAM 1 0 12 aabbccdd
0p9mhaveqvm6t7vbl5lop2u3t2rp3tom NSEC3 1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX DNSKEY NS SOA NSEC3PARAM RRSIG
2t7b4g4vsa5smi47k61mv5bv1a22bojr A 192.0.2.127
2t7b4g4vsa5smi47k61mv5bv1a22bojr NSEC3 1 1 12 aabbccdd 2vptu5timamqttgl4luu9kg21e0aor3s A RRSIG
2vptu5timamqttgl4luu9kg21e0aor3s NSEC3 1 1 12 aabbccdd 35mthgpgcu1qg68fab165klnsnk3dpvl MX RRSIG
35mthgpgcu1qg68fab165klnsnk3dpvl NSEC3 1 1 12 aabbccdd b4um86eghhds6nea196smvmlo4ors995 NS DS RRSIG
a NS ns1.a
a NS ns2.a
a DS 58470 5 1 3079F1593EBAD6DC121E202A8B766A6A4837206C
ns1.a A 192.0.2.5
ns2.a A 192.0.2.6
ai A 192.0.2.9
ai HINFO KLH-10 ITS
ai AAAA 2001:db8::f00:baa9
b4um86eghhds6nea196smvmlo4ors995 NSEC3 1 1 12 aabbccdd gjeqe526plbf1g8mklp59enfd789njgi MX RRSIG
c NS ns1.c
c NS ns2.c
ns1.c A 192.0.2.7
ns2.c A 192.0.2.8
gjeqe526plbf1g8mklp59enfd789njgi NSEC3 1 1 12 aabbccdd ji6neoaepv8b5o6k4ev33abha8ht9fgc HINFO A AAAA RRSIG
ji6neoaepv8b5o6k4ev33abha8ht9fgc NSEC3 1 1 12 aabbccdd k8udemvp1j2f7eg6jebps17vp3n8i58h
k8udemvp1j2f7eg6jebps17vp3n8i58h NSEC3 1 1 12 aabbccdd kohar7mbb8dc2ce8a9qvl8hon4k53uhi
kohar7mbb8dc2ce8a9qvl8hon4k53uhi NSEC3 1 1 12 aabbccdd q04jkcevqvmu85r014c7dkba38o0ji5r A RRSIG
ns1 A 192.0.2.1
ns2 A 192.0.2.2
q04jkcevqvmu85r014c7dkba38o0ji5r NSEC3 1 1 12 aabbccdd r53bq7cc2uvmubfu5ocmm6pers9tk9en A RRSIG
r53bq7cc2uvmubfu5ocmm6pers9tk9en NSEC3 1 1 12 aabbccdd t644ebqk9bibcna874givr6joj62mlhv MX RRSIG
t644ebqk9bibcna874givr6joj62mlhv NSEC3 1 1 12 aabbccdd 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom HINFO A AAAA RRSIG
*.w MX 1 ai
x.w MX 1 xx
x.y.w MX 1 xx
xx A 192.0.2.10
xx HINFO KLH-10 TOPS-20
xx AAAA 2001:db8::f00:baaa
";

#[test]
fn the_responses_of_rfc_5155_appendix_b() {
    let server = Authority::new([signed("example", NSEC3_ZONE)]);
    let soa = "authority: example. SOA\nauthority: example. RRSIG SOA";
    let nsec3 = |hash: &str| {
        format!("authority: {hash}.example. NSEC3\nauthority: {hash}.example. RRSIG NSEC3")
    };
    let apex = nsec3("0p9mhaveqvm6t7vbl5lop2u3t2rp3tom");
    let covers_c = nsec3("35mthgpgcu1qg68fab165klnsnk3dpvl");
    let covers_z_w = nsec3("q04jkcevqvmu85r014c7dkba38o0ji5r");
    // B.1: encloser x.w.example, next closer c.x.w.example, wildcard *.x.w.example.
    check(
        &server,
        "A a.c.x.w.example.",
        &format!(
            "NXDOMAIN aa\n{soa}\n{}\n{apex}\n{covers_c}",
            nsec3("b4um86eghhds6nea196smvmlo4ors995")
        ),
    );
    // B.2
    let of_ns1 = nsec3("2t7b4g4vsa5smi47k61mv5bv1a22bojr");
    check(&server, "MX ns1.example.", &format!("NOERROR aa\n{soa}\n{of_ns1}"));
    // B.2.1
    let of_y_w = nsec3("ji6neoaepv8b5o6k4ev33abha8ht9fgc");
    check(&server, "A y.w.example.", &format!("NOERROR aa\n{soa}\n{of_y_w}"));
    // B.3
    check(
        &server,
        "MX mc.c.example.",
        &format!(
            "NOERROR
            authority: c.example. NS
            authority: c.example. NS
            {apex}
            {covers_c}
            additional: ns1.c.example. A
            additional: ns2.c.example. A"
        ),
    );
    // B.4
    check(
        &server,
        "MX a.z.w.example.",
        &format!(
            "NOERROR aa
            answer: a.z.w.example. MX
            answer: a.z.w.example. RRSIG MX
            {covers_z_w}
            additional: ai.example. A
            additional: ai.example. RRSIG A
            additional: ai.example. AAAA
            additional: ai.example. RRSIG AAAA"
        ),
    );
    // B.5
    check(
        &server,
        "AAAA a.z.w.example.",
        &format!(
            "NOERROR aa\n{soa}\n{}\n{covers_z_w}\n{}",
            nsec3("k8udemvp1j2f7eg6jebps17vp3n8i58h"),
            nsec3("r53bq7cc2uvmubfu5ocmm6pers9tk9en")
        ),
    );
    // B.6
    check(&server, "DS example.", &format!("NOERROR aa\n{soa}\n{apex}"));
    // DS in an opt-out span (RFC 5155 §7.2.4).
    check(&server, "DS c.example.", &format!("NOERROR aa\n{soa}\n{apex}\n{covers_c}"));
    // A hash is no name, unless it is one (RFC 5155 §7.2.8).
    let response =
        |qname: &str, rtype| server.respond(&Message::query(1, name(qname), rtype), Transport::Udp);
    let hash = response("0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example", RecordType::Nsec3);
    assert_eq!((hash.rcode, hash.answers.len()), (Rcode::NxDomain, 0));
    let host = response("2t7b4g4vsa5smi47k61mv5bv1a22bojr.example", RecordType::A);
    assert_eq!((host.rcode, host.answers.len()), (Rcode::NoError, 1));
}

#[test]
fn aliases_are_signed_but_not_what_is_made_of_a_dname() {
    let text = "$TTL 60
        @ SOA ns admin 1 2 3 4 30
        @ NS ns
        @ NSEC *.al NS SOA RRSIG NSEC
        *.al CNAME ns.d
        *.al NSEC d CNAME RRSIG NSEC
        d DNAME @
        d NSEC ns DNAME RRSIG NSEC
        ns A 192.0.2.1
        ns NSEC @ A RRSIG NSEC";
    let text: Vec<&str> = text.lines().map(str::trim).collect();
    let server = Authority::new([signed("example", &text.join("\n"))]);
    check(
        &server,
        "A x.al.example.",
        "NOERROR aa
        answer: x.al.example. CNAME
        answer: x.al.example. RRSIG CNAME
        answer: d.example. DNAME
        answer: d.example. RRSIG DNAME
        answer: ns.d.example. CNAME
        answer: ns.example. A
        answer: ns.example. RRSIG A
        authority: *.al.example. NSEC
        authority: *.al.example. RRSIG NSEC",
    );
    // The TTL of what denies is that of the SOA's MINIMUM at most, the signature's as well.
    let mut query = Message::query(1, name("none.example"), RecordType::A);
    query.edns = Some(Edns { dnssec_ok: true, ..Edns::default() });
    let denied = server.respond(&query, Transport::Udp);
    let ttls: Vec<u32> = denied.authorities[..2].iter().map(|record| record.ttl_secs).collect();
    assert_eq!((denied.rcode, ttls), (Rcode::NxDomain, vec![30, 30]));
}

#[test]
fn each_link_of_a_chain_is_proved_in_its_own_zone() {
    let com = "$TTL 60
@ SOA ns admin 1 2 3 4 30
@ NS ns.example.net.
@ NSEC *.w NS SOA RRSIG NSEC
*.w CNAME gone.example.net.
*.w NSEC y CNAME RRSIG NSEC
y CNAME ns.example.net.
y NSEC z CNAME RRSIG NSEC
z CNAME sub.example.net.
z NSEC @ CNAME RRSIG NSEC";
    let net = "$TTL 60
@ SOA ns admin 1 2 3 4 30
@ NS ns
@ NSEC ns NS SOA RRSIG NSEC
ns A 192.0.2.1
ns NSEC sub A RRSIG NSEC
sub NS ns.sub
sub NSEC @ NS RRSIG NSEC
ns.sub A 192.0.2.2";
    let server = Authority::new([signed("example.com", com), signed("example.net", net)]);
    let signed_set = |owner: &str, rtype: &str| {
        format!("authority: {owner} {rtype}\nauthority: {owner} RRSIG {rtype}")
    };
    check(
        &server,
        "A a.w.example.com.",
        &format!(
            "NXDOMAIN aa
            answer: a.w.example.com. CNAME
            answer: a.w.example.com. RRSIG CNAME
            {}
            {}
            {}",
            signed_set("*.w.example.com.", "NSEC"),
            signed_set("example.net.", "SOA"),
            signed_set("example.net.", "NSEC"),
        ),
    );
    check(
        &server,
        "AAAA y.example.com.",
        &format!(
            "NOERROR aa
            answer: y.example.com. CNAME
            answer: y.example.com. RRSIG CNAME
            {}
            {}",
            signed_set("example.net.", "SOA"),
            signed_set("ns.example.net.", "NSEC"),
        ),
    );
    // An unsigned delegation at the end: that it is one is proved.
    check(
        &server,
        "A z.example.com.",
        &format!(
            "NOERROR aa
            answer: z.example.com. CNAME
            answer: z.example.com. RRSIG CNAME
            authority: sub.example.net. NS
            {}
            additional: ns.sub.example.net. A",
            signed_set("sub.example.net.", "NSEC"),
        ),
    );
}

#[test]
fn a_signed_zone_is_transferred_whole() {
    let zone = signed("example", NSEC3_ZONE);
    let count = |rtype| zone.records().filter(|record| record.rtype() == rtype).count();
    assert_eq!((count(RecordType::Nsec3), count(RecordType::Nsec3param)), (12, 1));
    let again = Zone::new(zone.origin(), zone.records().cloned()).unwrap();
    assert!(zone.records().eq(again.records()));
    // Every signature stands beside what it signs, too.
    let rrsets = again.nodes().iter().flat_map(Node::rrsets);
    let beside: usize = rrsets.map(|rrset| rrset.signatures().len()).sum();
    assert!(beside > 12 && beside == count(RecordType::Rrsig), "{beside}");
}

#[test]
fn too_many_iterations_are_no_zone() {
    let origin = name("example");
    let text = "@ 1 SOA a b 1 1 1 1 1\n@ 1 NS a\n@ 1 NSEC3PARAM 1 0 151 -";
    let errors = Zone::new(&origin, parse_records(&origin, text).unwrap()).unwrap_err();
    assert_eq!(
        errors[0].to_string(),
        "example. has NSEC3PARAM with 151 iterations (at most 150, and RFC 9276 recommends 0)"
    );
}

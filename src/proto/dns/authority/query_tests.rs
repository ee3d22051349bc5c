//! Tests of odd queries and odd zones: header fields, EDNS, ANY, DS, chains that end badly.

use super::super::message::EdnsOption;
use super::super::name::Name;
use super::super::record::{Record, RecordData};
use super::tests::{check, name, server};
use super::*;

const APEX: &str = "$TTL 60\n@ SOA ns admin 1 2 3 4 30\n@ NS ns\nns A 192.0.2.53\n";

/// Zones by origin, each with an apex.
fn zones(zones: &[(&str, &str)]) -> Authority {
    let texts: Vec<(&str, String)> =
        zones.iter().map(|(origin, text)| (*origin, format!("{APEX}{text}"))).collect();
    let texts: Vec<(&str, &str)> =
        texts.iter().map(|(origin, text)| (*origin, text.as_str())).collect();
    server(&texts)
}

/// The SOA of a negative answer of such a zone.
fn soa(origin: &str) -> String {
    format!("authority: {origin} 30 SOA ns.{origin} admin.{origin} 1 2 3 4 30")
}

/// The response to a query for SOA of example, changed.
fn ask(server: &Authority, transport: Transport, change: impl FnOnce(&mut Message)) -> Message {
    let mut query = Message::query(1, name("example"), RecordType::Soa);
    change(&mut query);
    let response = Message::decode(&server.answer(&query.encode(), transport).unwrap()).unwrap();
    assert_eq!((response.id, response.opcode, response.flags.qr), (1, query.opcode, true));
    response
}

#[test]
fn only_queries_of_class_in_with_one_question_are_answered() {
    let server = zones(&[("example", "")]);
    let rcode = |change: &dyn Fn(&mut Message)| ask(&server, Transport::Udp, change).rcode;
    for class in [Class::Ch, Class::Hs, Class::None, Class::Any, Class::Other(4711)] {
        assert_eq!(rcode(&|query| query.questions[0].class = class), Rcode::Refused, "{class}");
    }
    for number in (1..16).filter(|number| *number != 4) {
        let opcode = Opcode::from(number);
        assert_eq!(rcode(&|query| query.opcode = opcode), Rcode::NotImp, "{opcode}");
    }
    assert_eq!(rcode(&|query| query.questions.clear()), Rcode::FormErr);
    assert_eq!(rcode(&|query| query.questions.push(query.questions[0].clone())), Rcode::FormErr);
}

#[test]
fn an_opcode_is_not_implemented_even_if_the_rest_is_no_query() {
    // RFC 2136 §2.4.1: a prerequisite "RRset exists" has no data.
    let mut octets = Message::query(1, name("example"), RecordType::Soa).encode().to_vec();
    octets[2] = 5 << 3;
    octets[7] = 1;
    octets.extend(*b"\xc0\x0c\0\x0f\0\xff\0\0\0\0\0\0");
    let response = zones(&[("example", "")]).answer(&octets, Transport::Udp).unwrap();
    assert_eq!(Message::decode(&response).unwrap().rcode, Rcode::NotImp);
    octets[2] = 0;
    let response = zones(&[("example", "")]).answer(&octets, Transport::Udp).unwrap();
    assert_eq!(Message::decode(&response).unwrap().rcode, Rcode::FormErr);
}

#[test]
fn edns_of_a_later_version_or_given_twice_is_a_mistake() {
    let server = zones(&[("example", "")]);
    let later = ask(&server, Transport::Udp, |query| {
        query.edns = Some(Edns { version: 1, ..Edns::default() });
    });
    // RFC 6891 §6.1.3: the version that the server has.
    assert_eq!((later.rcode, later.edns.unwrap().version), (Rcode::BadVers, 0));
    assert!(later.answers.is_empty());

    let query = Message::query(1, name("example"), RecordType::Soa).with_edns();
    let mut octets = query.encode().to_vec();
    let opt = octets[octets.len() - 11..].to_vec();
    octets[11] = 2;
    octets.extend(opt);
    let twice = Message::decode(&server.answer(&octets, Transport::Udp).unwrap()).unwrap();
    assert_eq!(twice.rcode, Rcode::FormErr);

    // Options that nobody knows, and those of a query that an authority has no use for.
    let options = [8, 10, 65_001].map(|code| EdnsOption { code, data: vec![0; 8].into() }).to_vec();
    let edns = Edns { options, dnssec_ok: true, ..Edns::default() };
    let answered = ask(&server, Transport::Udp, |query| query.edns = Some(edns));
    assert_eq!((answered.rcode, answered.answers.len()), (Rcode::NoError, 1));
    assert_eq!(answered.edns, Some(Edns { dnssec_ok: true, ..Edns::default() }));
    assert_eq!(ask(&server, Transport::Udp, |_| ()).edns, None);
}

#[test]
fn the_size_asked_for_counts_from_512_to_1232() {
    let text: String = (0..200).map(|last| format!("@ A 192.0.2.{last}\n")).collect();
    let server = zones(&[("example", &text)]);
    let size = |answers: usize, udp_octets: Option<u16>| {
        let fits: String = (0..answers).map(|last| format!("fits A 192.0.2.{last}\n")).collect();
        let server = zones(&[("example", &fits)]);
        let mut query = Message::query(1, name("fits.example"), RecordType::A);
        query.edns = udp_octets.map(|udp_octets| Edns { udp_octets, ..Edns::default() });
        let octets = server.answer(&query.encode(), Transport::Udp).unwrap();
        let response = Message::decode(&octets).unwrap();
        assert_ne!(response.flags.tc, response.answers.len() == answers);
        response.answers.len()
    };
    // 12 of the header, 18 of the question, 11 of OPT, 16 for each address.
    assert_eq!((size(30, None), size(31, None)), (30, 0));
    for small in [0, 100, 512] {
        assert_eq!((size(29, Some(small)), size(30, Some(small))), (29, 0), "{small}");
    }
    for large in [1232, 4096, 65_535] {
        assert_eq!((size(74, Some(large)), size(75, Some(large))), (74, 0), "{large}");
    }
    let tcp = ask(&server, Transport::Tcp, |query| query.questions[0].rtype = RecordType::A);
    assert_eq!((tcp.flags.tc, tcp.answers.len()), (false, 200));
}

#[test]
fn any_by_udp_is_one_rrset_and_says_when_there_is_none() {
    let server = zones(&[(
        "example",
        "two A 192.0.2.1\ntwo A 192.0.2.2\ntwo TXT x\na.ent TXT x\n*.w TXT x\n*.w A 192.0.2.3\n\
         al CNAME two\nsub NS ns.sub\nsub DS 1 8 2 ABCD\nns.sub A 192.0.2.4\nd DNAME w",
    )]);
    let any = |qname: &str| {
        let query = Message::query(1, name(qname), RecordType::Any);
        let response = server.respond(&query, Transport::Udp);
        let types: Vec<RecordType> = response.answers.iter().map(Record::rtype).collect();
        let owner_is_qname = |record: &Record| record.name == name(qname);
        assert!(
            response.answers.iter().filter(|r| r.rtype() != RecordType::Dname).all(owner_is_qname)
        );
        (response.rcode, response.flags.aa, types)
    };
    let (ok, none) = (Rcode::NoError, Vec::new());
    assert_eq!(any("two.example"), (ok, true, vec![RecordType::A; 2]));
    assert_eq!(any("x.w.example"), (ok, true, vec![RecordType::Txt]));
    // An alias is data itself and not followed.
    assert_eq!(any("al.example"), (ok, true, vec![RecordType::Cname]));
    assert_eq!(any("ent.example"), (ok, true, none.clone()));
    assert_eq!(any("no.example"), (Rcode::NxDomain, true, none.clone()));
    // At a cut the data is the child's.
    assert_eq!(any("sub.example"), (ok, false, none));
    check(
        &server,
        "ANY x.w.example.",
        "NOERROR aa\nanswer: x.w.example. 60 TXT \"x\"\nanswer: x.w.example. 60 A 192.0.2.3",
    );
}

#[test]
fn ds_is_the_parents_wherever_the_zones_are() {
    let top = "sub NS ns.sub\nsub DS 1 8 2 ABCD\nns.sub A 192.0.2.2\nother NS ns.sub";
    let ds = "NOERROR aa\nanswer: sub.example. 60 DS 1 8 2 ABCD";
    for zones in [
        zones(&[("example", top)]),
        zones(&[("example", top), ("sub.example", "")]),
        zones(&[("sub.example", "@ DS 9 9 9 EE"), ("example", top), ("b.sub.example", "")]),
    ] {
        check(&zones, "DS SUB.example.", ds);
        check(&zones, "DS other.example.", &format!("NOERROR aa\n{}", soa("example.")));
    }
    // Without the parent, the apex answers that it has none (RFC 4035 §3.1.4.1).
    let child = zones(&[("sub.example", "")]);
    check(&child, "DS sub.example.", &format!("NOERROR aa\n{}", soa("sub.example.")));
    // Below a cut it is the child's servers that know.
    let parent = zones(&[("example", top)]);
    let referral = "NOERROR
        authority: sub.example. 60 NS ns.sub.example.
        additional: ns.sub.example. 60 A 192.0.2.2";
    check(&parent, "DS a.sub.example.", referral);
    // Of a name that is no cut, an alias may give it.
    let alias = zones(&[("example", &format!("{top}\nal CNAME sub"))]);
    check(
        &alias,
        "DS al.example.",
        "NOERROR aa
        answer: al.example. 60 CNAME sub.example.
        answer: sub.example. 60 DS 1 8 2 ABCD",
    );
}

#[test]
fn a_chain_ends_as_its_last_name_does() {
    let server = zones(&[
        (
            "example.com",
            "no CNAME x.example.net.\nnodata CNAME ns.example.net.\nent CNAME ent.example.net.\n\
             cut CNAME www.sub.example.net.\nfar CNAME www.example.org.\n*.w CNAME no",
        ),
        ("example.net", "a.ent A 192.0.2.1\nsub NS ns.sub\nns.sub A 192.0.2.2"),
    ]);
    let alias =
        |owner: &str, target: &str| format!("answer: {owner}.example.com. 60 CNAME {target}");
    let net = soa("example.net.");
    check(
        &server,
        "A no.example.com.",
        &format!("NXDOMAIN aa\n{}\n{net}", alias("no", "x.example.net.")),
    );
    check(
        &server,
        "MX nodata.example.com.",
        &format!("NOERROR aa\n{}\n{net}", alias("nodata", "ns.example.net.")),
    );
    check(
        &server,
        "A ent.example.com.",
        &format!("NOERROR aa\n{}\n{net}", alias("ent", "ent.example.net.")),
    );
    check(
        &server,
        "A cut.example.com.",
        &format!(
            "NOERROR aa\n{}
            authority: sub.example.net. 60 NS ns.sub.example.net.
            additional: ns.sub.example.net. 60 A 192.0.2.2",
            alias("cut", "www.sub.example.net.")
        ),
    );
    check(
        &server,
        "A far.example.com.",
        &format!("NOERROR aa\n{}", alias("far", "www.example.org.")),
    );
    check(
        &server,
        "A q.w.example.com.",
        &format!(
            "NXDOMAIN aa\n{}\n{}\n{net}",
            alias("q.w", "no.example.com."),
            alias("no", "x.example.net.")
        ),
    );
}

#[test]
fn wildcards_that_are_aliases_do_not_run_in_circles() {
    let server = zones(&[(
        "example",
        "*.loop CNAME x.loop\n*.self CNAME *.self\n*.ent.w TXT x\n* TXT top\nhost A 192.0.2.1",
    )]);
    check(
        &server,
        "A a.loop.example.",
        "NOERROR aa
        answer: a.loop.example. 60 CNAME x.loop.example.
        answer: x.loop.example. 60 CNAME x.loop.example.",
    );
    check(
        &server,
        "A a.self.example.",
        "NOERROR aa
        answer: a.self.example. 60 CNAME *.self.example.
        answer: *.self.example. 60 CNAME *.self.example.",
    );
    // The closest encloser exists, so that the wildcard above does not stand for the name.
    check(&server, "TXT a.host.example.", &format!("NXDOMAIN aa\n{}", soa("example.")));
    check(&server, "TXT a.w.example.", &format!("NXDOMAIN aa\n{}", soa("example.")));
    check(&server, "TXT ent.w.example.", &format!("NOERROR aa\n{}", soa("example.")));
    // RFC 4592 §2.1.1: the wildcard is a name as any other if it is asked for.
    check(&server, "TXT *.example.", "NOERROR aa\nanswer: *.example. 60 TXT \"top\"");
    check(&server, "TXT a.b.example.", "NOERROR aa\nanswer: a.b.example. 60 TXT \"top\"");
}

#[test]
fn a_dname_redirects_what_is_below_it_and_not_itself() {
    let label = "l".repeat(60);
    let server = zones(&[(
        "example",
        &format!(
            "d DNAME t\nd MX 1 ns\nx.t A 192.0.2.1\nlong DNAME {label}.t\nup DNAME @\nal CNAME x.d"
        ),
    )]);
    check(
        &server,
        "MX d.example.",
        "NOERROR aa
        answer: d.example. 60 MX 1 ns.example.
        additional: ns.example. 60 A 192.0.2.53",
    );
    check(&server, "A d.example.", &format!("NOERROR aa\n{}", soa("example.")));
    check(&server, "DNAME d.example.", "NOERROR aa\nanswer: d.example. 60 DNAME t.example.");
    check(
        &server,
        "A no.d.example.",
        &format!(
            "NXDOMAIN aa
            answer: d.example. 60 DNAME t.example.
            answer: no.d.example. 60 CNAME no.t.example.
            {}",
            soa("example.")
        ),
    );
    check(
        &server,
        "A al.example.",
        "NOERROR aa
        answer: al.example. 60 CNAME x.d.example.
        answer: d.example. 60 DNAME t.example.
        answer: x.d.example. 60 CNAME x.t.example.
        answer: x.t.example. 60 A 192.0.2.1",
    );
    // Asked for the alias itself, the made one is the answer (RFC 6672 §3.1).
    let cname = Message::query(1, name("q.d.example"), RecordType::Cname);
    let cname = server.respond(&cname, Transport::Udp);
    assert!(matches!(&cname.answers[1].data, RecordData::Cname(t) if *t == name("q.t.example")));
    // Too long a name (RFC 6672 §2.2): the DNAME says why.
    let long = [label.as_str(); 3].join(".");
    let query = Message::query(1, name(&format!("extra.{long}.long.example")), RecordType::A);
    let long = server.respond(&query, Transport::Udp);
    assert_eq!((long.rcode, long.flags.aa), (Rcode::YxDomain, true));
    let types: Vec<RecordType> = long.answers.iter().map(Record::rtype).collect();
    assert_eq!(types, [RecordType::Dname]);
    assert!(long.authorities.is_empty());
}

#[test]
fn a_name_outside_all_zones_is_refused_with_a_reason() {
    let server = zones(&[("example", ""), ("sub.test", "")]);
    for qname in ["test", ".", "example.test", "xexample", "sub.test.example.org"] {
        let response = ask(&server, Transport::Udp, |query| {
            query.questions[0].name = name(qname);
            query.edns = Some(Edns::default());
        });
        assert_eq!((response.rcode, response.flags.aa), (Rcode::Refused, false), "{qname}");
        let codes: Vec<u16> = response.extended_errors().map(|error| error.code).collect();
        assert_eq!(codes, [20]);
        let sections = [&response.answers, &response.authorities, &response.additionals];
        assert!(sections.iter().all(|section| section.is_empty()));
    }
}

#[test]
fn the_question_comes_back_octet_for_octet() {
    let server = zones(&[("example", "www A 192.0.2.1")]);
    let qname: Name = "wWw.eXaMpLe".parse().unwrap();
    let query = Message::query(1, qname.clone(), RecordType::A).with_recursion_desired();
    let octets = server.answer(&query.encode(), Transport::Udp).unwrap();
    let response = Message::decode(&octets).unwrap();
    assert_eq!(response.questions[0].name.as_wire(), qname.as_wire());
    assert!(response.flags.rd && !response.flags.ra && response.flags.aa);
}

//! Tests of the authoritative answer: the examples of the RFCs first.

use super::super::master::parse_records;
use super::super::message::EdnsOption;
use super::super::name::Name;
use super::*;

pub(super) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn zone(origin: &str, text: &str) -> Arc<Zone> {
    let origin = name(origin);
    Arc::new(Zone::new(&origin, parse_records(&origin, text).unwrap()).unwrap())
}

pub(super) fn server(zones: &[(&str, &str)]) -> Authority {
    Authority::new(zones.iter().map(|(origin, text)| zone(origin, text)))
}

/// Asks and compares the response, one section a line.
#[track_caller]
pub(super) fn check(server: &Authority, question: &str, response: &str) {
    let (rtype, qname) = question.split_once(' ').unwrap();
    let query = Message::query(1, name(qname), rtype.parse().unwrap());
    let octets = server.answer(&query.encode(), Transport::Tcp).unwrap();
    let answered = Message::decode(&octets).unwrap();
    assert_eq!((answered.id, &answered.questions), (1, &query.questions));
    let mut lines =
        vec![format!("{}{}", answered.rcode, if answered.flags.aa { " aa" } else { "" })];
    for (title, records) in [
        ("answer", &answered.answers),
        ("authority", &answered.authorities),
        ("additional", &answered.additionals),
    ] {
        lines.extend(records.iter().map(|record| format!("{title}: {record}")));
    }
    let wanted: Vec<&str> =
        response.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.join("\n").to_lowercase(), wanted.join("\n").to_lowercase(), "{question}");
}

/// The server C.ISI.EDU of RFC 1034 §6.1: root and domains below, with the SOA serials of the
/// text. The zone of ISI.EDU is with A.ISI.EDU.
const ROOT: &str = "
$TTL 518400
.       SOA     SRI-NIC.ARPA. HOSTMASTER.SRI-NIC.ARPA. 870611 1800 300 604800 86400
        NS      A.ISI.EDU.
        NS      C.ISI.EDU.
        NS      SRI-NIC.ARPA.
MIL.    86400   NS      SRI-NIC.ARPA.
        86400   NS      A.ISI.EDU.
EDU.    86400   NS      SRI-NIC.ARPA.
        86400   NS      C.ISI.EDU.
SRI-NIC.ARPA.   A       26.0.0.73
                A       10.0.0.51
                MX      0 SRI-NIC.ARPA.
                HINFO   DEC-2060 TOPS20
ACC.ARPA.       A       26.6.0.65
                HINFO   PDP-11/70 UNIX
                MX      10 ACC.ARPA.
USC-ISIC.ARPA.  CNAME   C.ISI.EDU.
73.0.0.26.IN-ADDR.ARPA.  PTR    SRI-NIC.ARPA.
A.ISI.EDU. 172800 A 26.3.0.103
C.ISI.EDU. 172800 A 10.0.0.52
";

const EDU: &str = "
$TTL 86400
EDU.  SOA SRI-NIC.ARPA. HOSTMASTER.SRI-NIC.ARPA. 870729 1800 300 604800 86400
      NS SRI-NIC.ARPA.
      NS C.ISI.EDU.
UCI   172800 NS ICS.UCI
      172800 NS ROME.UCI
ICS.UCI   172800 A 192.5.19.1
ROME.UCI  172800 A 192.5.19.31
ISI   172800 NS VAXA.ISI
      172800 NS A.ISI
      172800 NS VENERA.ISI.EDU.
VAXA.ISI   172800 A 10.2.0.27
           172800 A 128.9.0.33
VENERA.ISI.EDU. 172800 A 10.1.0.52
           172800 A 128.9.0.32
A.ISI      172800 A 26.3.0.103
C.ISI      172800 A 10.0.0.52
";

fn c_isi_edu() -> Authority {
    server(&[(".", ROOT), ("edu", EDU)])
}

#[test]
fn rfc_1034_section_6_2_1_and_2_exact_match_and_any() {
    let server = c_isi_edu();
    check(
        &server,
        "A SRI-NIC.ARPA.",
        "NOERROR aa
        answer: SRI-NIC.ARPA. 518400 A 26.0.0.73
        answer: SRI-NIC.ARPA. 518400 A 10.0.0.51",
    );
    check(
        &server,
        "ANY SRI-NIC.ARPA.",
        "NOERROR aa
        answer: SRI-NIC.ARPA. 518400 A 26.0.0.73
        answer: SRI-NIC.ARPA. 518400 A 10.0.0.51
        answer: SRI-NIC.ARPA. 518400 MX 0 SRI-NIC.ARPA.
        answer: SRI-NIC.ARPA. 518400 HINFO \"DEC-2060\" \"TOPS20\"",
    );
    // On UDP one RRset is enough (RFC 8482).
    let query = Message::query(1, name("sri-nic.arpa"), RecordType::Any);
    assert_eq!(server.respond(&query, Transport::Udp).answers.len(), 2);
}

#[test]
fn rfc_1034_section_6_2_3_mx_without_an_address_twice() {
    check(
        &c_isi_edu(),
        "MX SRI-NIC.ARPA.",
        "NOERROR aa
        answer: SRI-NIC.ARPA. 518400 MX 0 SRI-NIC.ARPA.
        additional: SRI-NIC.ARPA. 518400 A 26.0.0.73
        additional: SRI-NIC.ARPA. 518400 A 10.0.0.51",
    );
}

#[test]
fn rfc_1034_section_6_2_4_and_5_no_data_and_no_name() {
    let soa = "authority: . 86400 SOA SRI-NIC.ARPA. HOSTMASTER.SRI-NIC.ARPA. 870611 1800 300 604800 86400";
    check(&c_isi_edu(), "NS SRI-NIC.ARPA.", &format!("NOERROR aa\n{soa}"));
    check(&c_isi_edu(), "A SIR-NIC.ARPA.", &format!("NXDOMAIN aa\n{soa}"));
}

#[test]
fn rfc_1034_section_6_2_6_referral() {
    check(
        &c_isi_edu(),
        "A BRL.MIL.",
        "NOERROR
        authority: MIL. 86400 NS SRI-NIC.ARPA.
        authority: MIL. 86400 NS A.ISI.EDU.
        additional: SRI-NIC.ARPA. 518400 A 26.0.0.73
        additional: SRI-NIC.ARPA. 518400 A 10.0.0.51
        additional: A.ISI.EDU. 172800 A 26.3.0.103",
    );
}

#[test]
fn rfc_1034_section_6_2_7_and_8_aliases_and_the_zones_they_lead_to() {
    check(
        &c_isi_edu(),
        "A USC-ISIC.ARPA.",
        "NOERROR aa
        answer: USC-ISIC.ARPA. 518400 CNAME C.ISI.EDU.
        authority: ISI.EDU. 172800 NS VAXA.ISI.EDU.
        authority: ISI.EDU. 172800 NS A.ISI.EDU.
        authority: ISI.EDU. 172800 NS VENERA.ISI.EDU.
        additional: VAXA.ISI.EDU. 172800 A 10.2.0.27
        additional: VAXA.ISI.EDU. 172800 A 128.9.0.33
        additional: A.ISI.EDU. 172800 A 26.3.0.103
        additional: VENERA.ISI.EDU. 172800 A 10.1.0.52
        additional: VENERA.ISI.EDU. 172800 A 128.9.0.32",
    );
    check(
        &c_isi_edu(),
        "CNAME USC-ISIC.ARPA.",
        "NOERROR aa
        answer: USC-ISIC.ARPA. 518400 CNAME C.ISI.EDU.",
    );
}

/// The zone of RFC 4592 §2.2.1.
const WILDCARDS: &str = "
$ORIGIN example.
example.                 3600 IN  SOA   ns admin 1 2 3 4 300
example.                 3600     NS    ns.example.com.
example.                 3600     NS    ns.example.net.
*.example.               3600     TXT   \"this is a wildcard\"
*.example.               3600     MX    10 host1.example.
sub.*.example.           3600     TXT   \"this is not a wildcard\"
host1.example.           3600     A     192.0.2.1
_ssh._tcp.host1.example. 3600     SRV 0 0 22 host1
_ssh._tcp.host2.example. 3600     SRV 0 0 22 host2
subdel.example.          3600     NS    ns.example.com.
subdel.example.          3600     NS    ns.example.net.";

#[test]
fn rfc_4592_section_2_2_1_wildcards() {
    let server = server(&[("example", WILDCARDS)]);
    let soa = "authority: example. 300 SOA ns.example. admin.example. 1 2 3 4 300";
    check(
        &server,
        "MX host3.example.",
        "NOERROR aa
        answer: host3.example. 3600 MX 10 host1.example.
        additional: host1.example. 3600 A 192.0.2.1",
    );
    check(&server, "A host3.example.", &format!("NOERROR aa\n{soa}"));
    check(
        &server,
        "TXT foo.bar.example.",
        "NOERROR aa\nanswer: foo.bar.example. 3600 TXT \"this is a wildcard\"",
    );
    check(&server, "MX host1.example.", &format!("NOERROR aa\n{soa}"));
    check(&server, "MX sub.*.example.", &format!("NOERROR aa\n{soa}"));
    check(&server, "SRV _telnet._tcp.host1.example.", &format!("NXDOMAIN aa\n{soa}"));
    check(
        &server,
        "A host.subdel.example.",
        "NOERROR
        authority: subdel.example. 3600 NS ns.example.com.
        authority: subdel.example. 3600 NS ns.example.net.",
    );
    check(&server, "MX ghost.*.example.", &format!("NXDOMAIN aa\n{soa}"));
    check(&server, "A host2.example.", &format!("NOERROR aa\n{soa}"));
}

const APEX: &str = "$TTL 60\n@ SOA ns admin 1 2 3 4 30\n@ NS ns\nns A 192.0.2.53\n";

fn with_apex(origin: &str, text: &str) -> Authority {
    server(&[(origin, &format!("{APEX}{text}"))])
}

#[test]
fn rfc_6672_section_2_2_dname_substitution() {
    // The table of §2.2, as far as it can be zones of one server.
    for (qname, owner, target, result) in [
        ("com.", "example.com.", "example.net.", None),
        ("example.com.", "example.com.", "example.net.", None),
        ("a.example.com.", "example.com.", "example.net.", Some("a.example.net.")),
        ("a.b.example.com.", "example.com.", "example.net.", Some("a.b.example.net.")),
        ("ab.example.com.", "b.example.com.", "example.net.", None),
        ("foo.example.com.", "example.com.", "example.net.", Some("foo.example.net.")),
        ("a.x.example.com.", "x.example.com.", "example.net.", Some("a.example.net.")),
        ("a.example.com.", "example.com.", "y.example.net.", Some("a.y.example.net.")),
        ("cyc.example.com.", "example.com.", "example.com.", Some("cyc.example.com.")),
        ("cyc.example.com.", "example.com.", "c.example.com.", Some("cyc.c.example.com.")),
        ("shortloop.x.x.", "x.", ".", Some("shortloop.x.")),
        ("shortloop.x.", "x.", ".", Some("shortloop.")),
    ] {
        let replaced = name(qname).replace_suffix(&name(owner), &name(target));
        let replaced = replaced.map(|target| target.unwrap().to_string());
        assert_eq!(replaced.as_deref(), result, "{qname} {owner} {target}");
    }
}

#[test]
fn dname_gives_a_cname_of_its_ttl_and_goes_on() {
    let server = server(&[
        (
            "example.com",
            &format!("{APEX}frobozz 90 DNAME frobozz.example.net.\nfrobozz A 192.0.2.1"),
        ),
        ("example.net", &format!("{APEX}www.frobozz A 192.0.2.2")),
    ]);
    check(
        &server,
        "A www.frobozz.example.com.",
        "NOERROR aa
        answer: frobozz.example.com. 90 DNAME frobozz.example.net.
        answer: www.frobozz.example.com. 90 CNAME www.frobozz.example.net.
        answer: www.frobozz.example.net. 60 A 192.0.2.2",
    );
    check(
        &server,
        "A frobozz.example.com.",
        "NOERROR aa\nanswer: frobozz.example.com. 60 A 192.0.2.1",
    );
    let label = "a".repeat(63);
    let server = with_apex("x", "d DNAME very-long-target-name-that-makes-names-longer.y.");
    let long = format!("{label}.{label}.{label}.{}.d.x.", "a".repeat(50));
    let response = server.respond(&Message::query(1, name(&long), RecordType::A), Transport::Udp);
    assert_eq!((response.rcode, response.answers.len()), (Rcode::YxDomain, 1));
    assert!(response.flags.aa);
}

#[test]
fn alias_chains_end_where_the_data_ends() {
    let soa = "authority: example.net. 30 SOA ns.example.net. admin.example.net. 1 2 3 4 30";
    let server = server(&[
        (
            "example.com",
            &format!(
                "{APEX}a CNAME b\nb CNAME c.example.net.\nout CNAME x.example.org.\nl CNAME m\nm CNAME l"
            ),
        ),
        ("example.net", &format!("{APEX}c CNAME d\ngone CNAME x\nc2 CNAME sub")),
    ]);
    check(
        &server,
        "A a.example.com.",
        &format!(
            "NXDOMAIN aa
            answer: a.example.com. 60 CNAME b.example.com.
            answer: b.example.com. 60 CNAME c.example.net.
            answer: c.example.net. 60 CNAME d.example.net.
            {soa}"
        ),
    );
    check(
        &server,
        "A out.example.com.",
        "NOERROR aa\nanswer: out.example.com. 60 CNAME x.example.org.",
    );
    check(
        &server,
        "A l.example.com.",
        "NOERROR aa
        answer: l.example.com. 60 CNAME m.example.com.
        answer: m.example.com. 60 CNAME l.example.com.",
    );
    check(
        &server,
        "CNAME l.example.com.",
        "NOERROR aa\nanswer: l.example.com. 60 CNAME m.example.com.",
    );
}

#[test]
fn ds_belongs_to_the_zone_above() {
    let parent = format!(
        "{APEX}sub NS ns.sub\nsub DS 1 8 2 ABCD\nns.sub A 192.0.2.2\nun NS ns.un\nns.un A 192.0.2.3"
    );
    let child = format!("{APEX}www A 192.0.2.4");
    let both = server(&[("example", &parent), ("sub.example", &child)]);
    check(&both, "DS sub.example.", "NOERROR aa\nanswer: sub.example. 60 DS 1 8 2 ABCD");
    check(
        &both,
        "DS un.example.",
        "NOERROR aa\nauthority: example. 30 SOA ns.example. admin.example. 1 2 3 4 30",
    );
    check(&both, "A www.sub.example.", "NOERROR aa\nanswer: www.sub.example. 60 A 192.0.2.4");
    let child = server(&[("sub.example", &child)]);
    check(
        &child,
        "DS sub.example.",
        "NOERROR aa\nauthority: sub.example. 30 SOA ns.sub.example. admin.sub.example. 1 2 3 4 30",
    );
}

#[test]
fn hosts_bring_their_addresses() {
    let server = with_apex(
        "example",
        "@ MX 10 mx\n@ MX 20 mx.sub\nmx A 192.0.2.1\nmx AAAA 2001:db8::1\nsub NS mx.sub\nsub NS ns.other\n\
         mx.sub A 192.0.2.2\nother NS ns.other\nns.other A 192.0.2.3\n_smtp._tcp SRV 0 0 25 mx\n\
         _smtp._tcp SRV 1 0 25 .",
    );
    check(
        &server,
        "MX example.",
        "NOERROR aa
        answer: example. 60 MX 10 mx.example.
        answer: example. 60 MX 20 mx.sub.example.
        additional: mx.example. 60 A 192.0.2.1
        additional: mx.example. 60 AAAA 2001:db8::1
        additional: mx.sub.example. 60 A 192.0.2.2",
    );
    check(
        &server,
        "SRV _smtp._tcp.example.",
        "NOERROR aa
        answer: _smtp._tcp.example. 60 SRV 0 0 25 mx.example.
        answer: _smtp._tcp.example. 60 SRV 1 0 25 .
        additional: mx.example. 60 A 192.0.2.1
        additional: mx.example. 60 AAAA 2001:db8::1",
    );
    // Sibling glue (RFC 9471 §2.3).
    check(
        &server,
        "A x.sub.example.",
        "NOERROR
        authority: sub.example. 60 NS mx.sub.example.
        authority: sub.example. 60 NS ns.other.example.
        additional: mx.sub.example. 60 A 192.0.2.2
        additional: ns.other.example. 60 A 192.0.2.3",
    );
}

#[test]
fn what_is_not_asked_for_is_refused() {
    let server = with_apex("example", "");
    check(&server, "A example.net.", "REFUSED");
    check(&server, "A .", "REFUSED");
    check(&server, "AXFR example.", "REFUSED");
    let rcode = |change: fn(&mut Message)| {
        let mut query = Message::query(1, name("example"), RecordType::Soa);
        change(&mut query);
        let octets = server.answer(&query.encode(), Transport::Udp).unwrap();
        Message::decode(&octets).unwrap().rcode
    };
    assert_eq!(rcode(|query| query.questions[0].class = Class::Ch), Rcode::Refused);
    assert_eq!(rcode(|query| query.opcode = Opcode::Status), Rcode::NotImp);
    assert_eq!(rcode(|query| query.questions.clear()), Rcode::FormErr);
    let two = |query: &mut Message| query.questions.push(query.questions[0].clone());
    assert_eq!(rcode(two), Rcode::FormErr);
    let version_1 = |query: &mut Message| query.edns = Some(Edns { version: 1, ..Edns::default() });
    assert_eq!(rcode(version_1), Rcode::BadVers);
    let unknown_option = |query: &mut Message| {
        let options = vec![EdnsOption { code: 65_001, data: vec![1].into() }];
        query.edns = Some(Edns { options, ..Edns::default() });
    };
    assert_eq!(rcode(unknown_option), Rcode::NoError);
}

#[test]
fn a_response_or_a_piece_of_a_header_gets_no_answer() {
    let server = with_apex("example", "");
    let mut query = Message::query(1, name("example"), RecordType::Soa);
    let octets = query.encode();
    assert_eq!(server.answer(&octets[..11], Transport::Udp), None);
    let formerr = server.answer(&octets[..12], Transport::Udp).unwrap();
    assert_eq!(Message::decode(&formerr).unwrap().rcode, Rcode::FormErr);
    query.flags.qr = true;
    assert_eq!(server.answer(&query.encode(), Transport::Udp), None);
}

#[test]
fn on_udp_an_answer_is_as_long_as_the_asker_takes() {
    let many: String = (0..200).map(|last| format!("many A 192.0.2.{last}\n")).collect();
    let server = with_apex("example", &many);
    let size = |edns_octets: Option<u16>, transport| {
        let mut query = Message::query(1, name("many.example"), RecordType::A);
        query.edns = edns_octets.map(|udp_octets| Edns { udp_octets, ..Edns::default() });
        let octets = server.answer(&query.encode(), transport).unwrap();
        let message = Message::decode(&octets).unwrap();
        assert_eq!(message.edns.is_some(), edns_octets.is_some());
        (octets.len(), message.flags.tc, message.answers.len())
    };
    assert_eq!(size(None, Transport::Udp), (30, true, 0));
    assert_eq!(size(Some(4096), Transport::Udp), (41, true, 0));
    assert_eq!(size(None, Transport::Tcp), (30 + 200 * 16, false, 200));
}

//! Tests of zones and catalogs.

use std::sync::Arc;

use super::super::master::parse_records;
use super::*;

const APEX: &str = "$TTL 3600\n@ SOA ns admin 1 7200 600 86400 300\n@ NS ns\nns A 192.0.2.1\n";

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn zone(text: &str) -> Result<Zone, Vec<String>> {
    let origin = name("example");
    let records = parse_records(&origin, text).unwrap();
    Zone::new(&origin, records).map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

fn with_apex(text: &str) -> Zone {
    zone(&format!("{APEX}{text}")).unwrap()
}

#[track_caller]
fn check_errors(text: &str, errors: &[&str]) {
    assert_eq!(zone(&format!("{APEX}{text}")).unwrap_err(), errors);
}

fn show(lookup: Lookup<'_>) -> String {
    match lookup {
        Lookup::Exact(node) => format!("exact {}", node.name()),
        Lookup::Cut(node) => format!("cut {}", node.name()),
        Lookup::Dname(node) => format!("dname {}", node.name()),
        Lookup::Wildcard(node) => format!("wildcard {}", node.name()),
        Lookup::NoName => "no name".to_owned(),
    }
}

#[test]
fn a_name_leads_where_rfc_4592_section_2_2_1_says() {
    let zone = with_apex(
        "*.example. TXT \"this is a wildcard\"\n\
         *.example. MX 10 host1.example.\n\
         sub.*.example. TXT \"this is not a wildcard\"\n\
         host1.example. A 192.0.2.1\n\
         _ssh._tcp.host1.example. SRV 0 0 22 host1\n\
         _ssh._tcp.host2.example. SRV 0 0 22 host2\n\
         subdel.example. NS ns.example.com.\n\
         subdel.example. NS ns.example.net.",
    );
    for (asked, found) in [
        ("host3.example", "wildcard *.example."),
        ("foo.bar.example", "wildcard *.example."),
        ("host1.example", "exact host1.example."),
        ("sub.*.example", "exact sub.*.example."),
        ("_telnet._tcp.host1.example", "no name"),
        ("host.subdel.example", "cut subdel.example."),
        ("SUBDEL.example", "cut subdel.example."),
        ("ghost.*.example", "no name"),
        ("_tcp.host2.example", "exact _tcp.host2.example."),
        ("host2.example", "exact host2.example."),
        ("example", "exact example."),
        ("elsewhere", "no name"),
    ] {
        assert_eq!(show(zone.lookup(&name(asked))), found, "{asked}");
    }
}

#[test]
fn the_topmost_cut_or_dname_counts() {
    let zone = with_apex(
        "sub NS ns.sub\nns.sub A 192.0.2.2\nlow.sub NS ns.low.sub\nns.low.sub A 192.0.2.3\n\
         d DNAME example.net.\nd A 192.0.2.4",
    );
    assert_eq!(show(zone.lookup(&name("x.low.sub.example"))), "cut sub.example.");
    assert_eq!(show(zone.lookup(&name("ns.sub.example"))), "cut sub.example.");
    assert_eq!(show(zone.lookup(&name("a.b.d.example"))), "dname d.example.");
    assert_eq!(show(zone.lookup(&name("d.example"))), "exact d.example.");
    assert!(zone.node(&name("ns.sub.example")).is_some());
}

#[test]
fn records_come_in_canonical_order_and_once() {
    let zone = with_apex("b 60 A 192.0.2.1\nB A 192.0.2.1\nb 30 A 192.0.2.2\na TXT x");
    let lines: Vec<String> = zone.records().skip(2).map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "a.example. 30 TXT \"x\"",
            "b.example. 30 A 192.0.2.1",
            "b.example. 30 A 192.0.2.2",
            "ns.example. 3600 A 192.0.2.1"
        ]
        .map(|line| line.replace("a.example. 30", "a.example. 3600"))
    );
    assert_eq!(zone.negative_soa().ttl_secs, 300);
    assert_eq!(zone.soa().ttl_secs, 3600);
}

#[test]
fn what_is_no_zone_is_said_at_once() {
    assert_eq!(
        zone("a 1 A 192.0.2.1").unwrap_err(),
        ["example. has no SOA record", "example. has no NS record"]
    );
    assert_eq!(zone("").unwrap_err().len(), 2);
    check_errors(
        "@ SOA ns admin 2 7200 600 86400 300\nsub SOA ns admin 1 1 1 1 1\nexample.net. A 192.0.2.1\n\
         x CH TXT y",
        &[
            "example.net. is not in the zone example.",
            "example. has more than one SOA record",
            "sub.example. has an SOA record, and is not the apex of the zone",
            "x.example. has a record of class CH (expected IN)",
        ],
    );
    check_errors(
        "a CNAME b\na A 192.0.2.1\nc CNAME a\nc CNAME b\nd DNAME x.\nd NS x.\nd2 DNAME x.\ny.z.d2 A 192.0.2.1",
        &[
            "a.example. has a CNAME record and so may have nothing else, but has A",
            "c.example. has more than one CNAME record",
            "d.example. has a DNAME record and is delegated by NS",
            "y.z.d2.example. has data below the DNAME record of d2.example.",
        ],
    );
}

#[test]
fn what_is_hardly_ever_meant_is_a_warning() {
    let zone = with_apex(
        "a CNAME b\nb CNAME c\nc CNAME b\n*.w CNAME x.w\nmail MX 10 a\nsub NS ns.sub\nsub NS ns.else.\n\
         fine NS ns",
    );
    let warnings: Vec<String> = zone.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "the CNAME record of b.example. leads back to it",
            "the MX record of mail.example. names a.example., which is an alias",
            "ns.sub.example., which serves sub.example., has no address in the zone above",
            "the CNAME record of *.w.example. leads back to it",
        ]
    );
}

#[test]
fn a_catalog_finds_the_lowest_zone() {
    let make = |origin: &str| {
        let origin = name(origin);
        let records = parse_records(&origin, "@ 1 SOA a b 1 1 1 1 1\n@ 1 NS a").unwrap();
        Arc::new(Zone::new(&origin, records).unwrap())
    };
    let mut catalog = Catalog::new([make("sub.example"), make("example"), make("net")]);
    let find = |catalog: &Catalog, asked: &str| {
        catalog.find(&name(asked)).map(|zone| zone.origin().to_string())
    };
    assert_eq!(find(&catalog, "a.b.SUB.example").as_deref(), Some("sub.example."));
    assert_eq!(find(&catalog, "other.example").as_deref(), Some("example."));
    assert_eq!(find(&catalog, "org"), None);
    assert_eq!(find(&catalog, "."), None);
    catalog.insert(make("."));
    assert_eq!(find(&catalog, "org").as_deref(), Some("."));
    let again = make("net");
    catalog.insert(again.clone());
    assert!(Arc::ptr_eq(catalog.zone(&name("net")).unwrap(), &again));
    assert!(catalog.remove(&name("example")) && !catalog.remove(&name("example")));
    assert_eq!(catalog.zones().len(), 3);
}

//! QNAME minimisation: what each server is shown, and what becomes of servers that it confuses.

use super::net::{Net, ROOT};

fn net(servers: &[(&str, &str)]) -> Net {
    Net::with(servers, |config| config.minimise_qname = true)
}

/// A zone at 192.0.2.4, which says this.
fn zone(rules: &str) -> Net {
    net(&[
        (
            "192.0.2.2",
            "*.zone.com. * -> NOERROR | | zone.com. NS ns.zone.com. | ns.zone.com. A 192.0.2.4",
        ),
        ("192.0.2.4", rules),
    ])
}

const AT_ZONE: [&str; 2] = ["192.0.2.1 com. A", "192.0.2.2 zone.com. A"];

fn asked_of_zone(net: &mut Net) -> Vec<String> {
    let asked = net.asked();
    assert_eq!(asked[..2], AT_ZONE);
    asked[2..].iter().map(|line| line.trim_start_matches("192.0.2.4 ").to_owned()).collect()
}

#[test]
fn each_server_is_shown_one_label_more_than_its_zone() {
    let mut net = net(&[]);
    assert_eq!(net.resolve("www.example.com. A"), "NOERROR | www.example.com. 300 A 192.0.2.80");
    let expected = ["192.0.2.1 com. A", "192.0.2.2 example.com. A", "192.0.2.3 www.example.com. A"];
    assert_eq!(net.asked(), expected);
    assert_eq!(net.resolve("example.com. MX"), "NOERROR | example.com. 3600 MX 10 mx.example.com.");
    assert_eq!(net.asked(), ["192.0.2.3 example.com. MX"]);
}

#[test]
fn names_without_a_cut_lead_on_at_the_same_servers() {
    let mut net = zone(
        "a.b.zone.com. MX -> NOERROR aa | a.b.zone.com. MX 10 mx.zone.com.
         c.b.zone.com. MX -> NOERROR aa | c.b.zone.com. MX 10 mx.zone.com.
         *.b.zone.com. * -> NOERROR aa | | zone.com. SOA 60",
    );
    assert_eq!(net.resolve("a.b.zone.com. MX"), "NOERROR | a.b.zone.com. 3600 MX 10 mx.zone.com.");
    assert_eq!(asked_of_zone(&mut net), ["b.zone.com. A", "a.b.zone.com. MX"]);
    // That b.zone.com. is no zone is known then.
    net.resolve("c.b.zone.com. MX");
    assert_eq!(net.asked(), ["192.0.2.4 c.b.zone.com. MX"]);
}

#[test]
fn an_nxdomain_for_a_shortened_name_is_not_believed() {
    let mut net = zone(
        "a.b.zone.com. A -> NOERROR aa | a.b.zone.com. A 192.0.2.80
         c.b.zone.com. A -> NOERROR aa | c.b.zone.com. A 192.0.2.80
         *.b.zone.com. * -> NXDOMAIN aa | | zone.com. SOA 60",
    );
    assert_eq!(net.resolve("a.b.zone.com. A"), "NOERROR | a.b.zone.com. 3600 A 192.0.2.80");
    assert_eq!(asked_of_zone(&mut net), ["b.zone.com. A", "a.b.zone.com. A"]);
    assert_eq!(net.resolve("c.b.zone.com. A"), "NOERROR | c.b.zone.com. 3600 A 192.0.2.80");
}

#[test]
fn an_nxdomain_for_both_names_holds_for_all_below() {
    let mut net = zone("*.zone.com. * -> NXDOMAIN aa | | zone.com. SOA 60");
    assert_eq!(net.resolve("a.b.zone.com. A"), "NXDOMAIN |  | zone.com. 60 SOA 60");
    assert_eq!(asked_of_zone(&mut net), ["b.zone.com. A", "a.b.zone.com. A"]);
    assert_eq!(net.resolve("c.d.b.zone.com. MX"), "NXDOMAIN |  | zone.com. 60 SOA 60");
    assert_eq!(net.asked(), [""; 0]);
}

#[test]
fn servers_that_fail_at_shortened_names_are_asked_for_whole_ones() {
    let answer = "a.b.zone.com. MX -> NOERROR aa | a.b.zone.com. MX 10 mx.zone.com.";
    for wrong in [
        "SERVFAIL",
        "REFUSED",
        "FORMERR",
        "NOERROR | | . NS a.root.",
        "NOERROR | | zone.com. NS ns.zone.com.",
        "NOERROR ra | b.zone.com. A 192.0.2.66",
        "NXDOMAIN ra",
        "silent",
    ] {
        let mut net = zone(&format!("{answer}\n *.zone.com. * -> {wrong}"));
        let shown = net.resolve("a.b.zone.com. MX");
        assert_eq!(shown, "NOERROR | a.b.zone.com. 3600 MX 10 mx.zone.com.", "{wrong}");
        let tries = match wrong {
            "silent" => 3,
            // Without EDNS first.
            "FORMERR" => 2,
            _ => 1,
        };
        let whole = |line: &String| *line == "a.b.zone.com. MX";
        assert_eq!(asked_of_zone(&mut net).iter().position(whole), Some(tries), "{wrong}");
        // It is a server like any other afterwards.
        net.wait(1);
        net.resolve("a.zone.com. A");
        assert!(net.asked().iter().any(|line| line == "192.0.2.4 a.zone.com. A"), "{wrong}");
    }
}

#[test]
fn an_alias_above_the_name_is_not_followed() {
    let mut net = zone(
        "a.b.zone.com. A -> NOERROR aa | a.b.zone.com. A 192.0.2.80
         b.zone.com. * -> NOERROR aa | b.zone.com. CNAME www.example.com.",
    );
    assert_eq!(net.resolve("a.b.zone.com. A"), "NOERROR | a.b.zone.com. 3600 A 192.0.2.80");
    assert_eq!(asked_of_zone(&mut net), ["b.zone.com. A", "a.b.zone.com. A"]);
    // A DNAME is for the names below it.
    let mut net = zone(
        "*.d.zone.com. * -> NOERROR aa | d.zone.com. DNAME example.com.
         *.zone.com. * -> NXDOMAIN aa | | zone.com. SOA 60",
    );
    let shown = net.resolve("www.x.d.zone.com. A");
    assert!(shown.starts_with("NXDOMAIN | d.zone.com. 3600 DNAME example.com."), "{shown}");
}

#[test]
fn ds_is_asked_of_the_parent() {
    let mut net = net(&[(
        "192.0.2.2",
        "example.com. DS -> NOERROR aa | | com. SOA 60
         *.example.com. * -> NOERROR | | example.com. NS ns.example.com. | ns.example.com. A 192.0.2.3",
    )]);
    assert_eq!(net.resolve("example.com. DS"), "NOERROR |  | com. 60 SOA 60");
    assert_eq!(net.asked(), ["192.0.2.1 com. A", "192.0.2.2 example.com. DS"]);
    net.resolve("www.example.com. A");
    net.asked();
    net.wait(61);
    net.resolve("example.com. DS");
    assert_eq!(net.asked(), ["192.0.2.2 example.com. DS"]);
}

#[test]
fn shortened_names_count_as_queries() {
    let mut net = Net::with(&[(ROOT, "*. * -> NOERROR aa | | . SOA 60")], |config| {
        config.minimise_qname = true;
        config.limits.queries = 5;
    });
    assert_eq!(net.resolve(&format!("{} A", "a.".repeat(100))), "SERVFAIL | ");
    assert_eq!(net.asked().len(), 5);
}

#[test]
fn the_parent_of_a_zone_is_looked_for_when_the_child_answers_for_ds() {
    for (minimise, child) in [
        (false, "example.com. DS -> NOERROR aa | example.com. CNAME x.test."),
        (false, "example.com. DS -> NOERROR aa | | example.com. SOA 60"),
        (true, "example.com. DS -> NOERROR aa | | example.com. SOA 60"),
    ] {
        // The root serves example.com., and com. is between them.
        let com = "example.com. DS -> NOERROR aa | | com. SOA 90";
        let mut net = Net::with(&[(ROOT, child), ("192.0.2.2", com)], |config| {
            config.minimise_qname = minimise;
        });
        assert_eq!(net.resolve("example.com. DS"), "NOERROR |  | com. 90 SOA 90", "{child}");
    }
}

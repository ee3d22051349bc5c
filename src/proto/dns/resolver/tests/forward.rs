//! Forwarders, stub zones, priming and the hints.

use super::super::{ForwardZone, ResolverConfig, StubZone};
use super::net::{Net, ROOT, name};

fn forward(zone: &str, address: &str, first: bool) -> ForwardZone {
    ForwardZone { zone: name(zone), addresses: vec![address.parse().unwrap()], first }
}

const RESOLVER: (&str, &str) = (
    "192.0.2.9",
    "www.example.com. A -> NOERROR ra | www.example.com. 60 A 192.0.2.99
     alias.example.com. A -> NOERROR ra | alias.example.com. CNAME www.example.net., www.example.net. A 192.0.2.98
     ns.example.com. A -> NOERROR ra | ns.example.com. A 192.0.2.3
     none.example.com. * -> NXDOMAIN ra | | example.com. SOA 60
     bad.example.com. * -> SERVFAIL ra
     down.example.com. * -> NOERROR | | down.example.com. NS ns.example.com.
     *. * -> REFUSED",
);

#[test]
fn a_forwarded_zone_is_asked_of_its_resolvers_alone() {
    let mut net = Net::with(&[RESOLVER], |config| {
        config.minimise_qname = true;
        config.prime = true;
        config.forward_zones = vec![forward("example.com.", "192.0.2.9", false)];
    });
    assert_eq!(net.resolve("www.example.com. A"), "NOERROR | www.example.com. 60 A 192.0.2.99");
    assert_eq!(net.resolve("none.example.com. MX"), "NXDOMAIN |  | example.com. 60 SOA 60");
    assert_eq!(net.resolve("bad.example.com. A"), "SERVFAIL | ");
    assert_eq!(net.resolve("down.example.com. A"), "SERVFAIL | ");
    assert!(net.asked().iter().all(|line| line.starts_with("192.0.2.9 ")));
    // The target of an alias is no business of these resolvers.
    assert_eq!(
        net.resolve("alias.example.com. A"),
        "NOERROR | alias.example.com. 3600 CNAME www.example.net., www.example.net. 300 A 192.0.2.81"
    );
}

#[test]
fn forwarders_that_come_first_are_not_the_last() {
    let mut net = Net::with(&[RESOLVER], |config| {
        config.forward_zones = vec![forward(".", "192.0.2.9", true)];
    });
    assert_eq!(net.resolve("www.example.com. A"), "NOERROR | www.example.com. 60 A 192.0.2.99");
    assert_eq!(net.asked(), ["192.0.2.9 www.example.com. A"]);
    assert_eq!(net.resolve("www.example.net. A"), "NOERROR | www.example.net. 300 A 192.0.2.81");
}

#[test]
fn queries_to_forwarders_have_rd_and_those_to_others_have_not() {
    use crate::proto::dns::Message;
    for (zones, rd) in [(vec![forward(".", "192.0.2.9", false)], true), (Vec::new(), false)] {
        let mut net = Net::with(&[RESOLVER], |config| config.forward_zones.clone_from(&zones));
        net.query(0, "www.example.com. A");
        let (_, octets) = net.open.values().next().unwrap();
        assert_eq!(Message::decode(octets).unwrap().flags.rd, rd);
    }
}

#[test]
fn a_stub_zone_is_a_place_to_start_from() {
    let stub = |config: &mut ResolverConfig| {
        let (zone, addresses) = (name("example.com."), vec!["192.0.2.4".parse().unwrap()]);
        config.stub_zones = vec![StubZone { zone, addresses, first: false }];
        config.forward_zones = vec![forward("com.", "192.0.2.9", false)];
    };
    let servers = [(
        "192.0.2.4",
        "www.example.com. A -> NOERROR aa | www.example.com. A 192.0.2.44
         *.sub.example.com. * -> NOERROR | | sub.example.com. NS ns.sub.example.com. | ns.sub.example.com. A 192.0.2.5",
    ), ("192.0.2.5", "x.sub.example.com. A -> NOERROR aa | x.sub.example.com. A 192.0.2.55")];
    let mut net = Net::with(&servers, stub);
    assert_eq!(net.resolve("www.example.com. A"), "NOERROR | www.example.com. 3600 A 192.0.2.44");
    assert_eq!(
        net.resolve("x.sub.example.com. A"),
        "NOERROR | x.sub.example.com. 3600 A 192.0.2.55"
    );
    let expected = [
        "192.0.2.4 www.example.com. A",
        "192.0.2.4 x.sub.example.com. A",
        "192.0.2.5 x.sub.example.com. A",
    ];
    assert_eq!(net.asked(), expected);
}

#[test]
fn loopback_addresses_are_left_alone() {
    let servers = [
        (
            "192.0.2.2",
            "*.loop.com. * -> NOERROR | | loop.com. NS ns.loop.com. | ns.loop.com. A 127.0.0.1",
        ),
        ("127.0.0.1", "*.loop.com. * -> NOERROR aa | www.loop.com. A 192.0.2.7"),
    ];
    assert_eq!(Net::new(&servers).resolve("www.loop.com. A"), "SERVFAIL | ");
    let mut net = Net::with(&servers, |config| config.avoid_loopback = false);
    assert_eq!(net.resolve("www.loop.com. A"), "NOERROR | www.loop.com. 3600 A 192.0.2.7");
}

#[test]
fn a_root_that_cannot_be_primed_is_asked_all_the_same() {
    for said in [
        "SERVFAIL",
        "REFUSED",
        "NOERROR",
        "NOERROR ra | . NS a.root.",
        "NOERROR aa | . NS b.root.",
        "NOERROR aa | . NS b.root. | | b.root. A 192.0.2.250",
        "NXDOMAIN aa",
        "silent",
    ] {
        let rule = format!(". NS -> {said}");
        let mut net = Net::with(&[(ROOT, &rule)], |config| config.prime = true);
        for question in ["example.com. MX", "www.example.com. A"] {
            let shown = net.resolve(question);
            assert!(shown.starts_with("NOERROR | "), "{said}: {question}: {shown}");
        }
        let priming = net.asked().iter().filter(|line| line.ends_with(". . NS")).count();
        assert!(priming < 6, "{said}: {priming}");
    }
}

#[test]
fn priming_costs_one_query_and_no_look_ups_of_addresses() {
    let root = ". NS -> NOERROR aa | . NS a.root., . NS b.root. | | a.root. A 192.0.2.1";
    let mut net = Net::with(&[(ROOT, root)], |config| {
        config.prime = true;
        config.minimise_qname = true;
        config.ipv6 = true;
    });
    net.resolve("www.example.com. A");
    let expected = [
        "192.0.2.1 . NS",
        "192.0.2.1 com. A",
        "192.0.2.2 example.com. A",
        "192.0.2.3 www.example.com. A",
    ];
    assert_eq!(net.asked(), expected);
}

#[test]
fn stubs_that_come_first_are_not_the_last() {
    for first in [false, true] {
        let mut net = Net::with(&[("192.0.2.4", "*. * -> SERVFAIL")], |config| {
            let (zone, addresses) = (name("example.com."), vec!["192.0.2.4".parse().unwrap()]);
            config.stub_zones = vec![StubZone { zone, addresses, first }];
        });
        let shown = net.resolve("www.example.com. A");
        assert_eq!(shown.starts_with("NOERROR"), first, "{shown}");
    }
}

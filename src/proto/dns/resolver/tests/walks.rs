//! Referrals, caching, negative answers, addresses of name servers.

use super::net::Net;

#[test]
fn a_cold_cache_goes_down_from_the_root_and_a_warm_one_stays() {
    let mut net = Net::new(&[]);
    assert_eq!(net.resolve("www.example.com. A"), "NOERROR | www.example.com. 300 A 192.0.2.80");
    let expected =
        ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(|s| format!("{s} www.example.com. A"));
    assert_eq!(net.asked(), expected);
    net.wait(100);
    assert_eq!(net.resolve("WWW.example.com. A"), "NOERROR | WWW.example.com. 200 A 192.0.2.80");
    assert_eq!(net.asked(), [""; 0]);
    // Another name of the zone: from the closest cut that is known.
    assert_eq!(net.resolve("example.com. MX"), "NOERROR | example.com. 3600 MX 10 mx.example.com.");
    assert_eq!(net.asked(), ["192.0.2.3 example.com. MX"]);
    net.wait(200);
    net.resolve("www.example.com. A");
    assert_eq!(net.asked(), ["192.0.2.3 www.example.com. A"]);
    // After the hour the delegation of example.com. has run out, that of com. too.
    net.wait(3_600);
    net.resolve("www.example.com. A");
    assert_eq!(net.asked(), expected);
}

#[test]
fn nxdomain_and_nodata_are_remembered_as_long_as_the_soa_says() {
    let mut net = Net::new(&[]);
    assert_eq!(net.resolve("a.example.com. A"), "NXDOMAIN |  | example.com. 120 SOA 120");
    assert_eq!(net.asked().len(), 3);
    net.wait(100);
    // For every type, and for names below.
    assert_eq!(net.resolve("a.example.com. MX"), "NXDOMAIN |  | example.com. 20 SOA 120");
    assert_eq!(net.resolve("b.a.example.com. A"), "NXDOMAIN |  | example.com. 20 SOA 120");
    assert_eq!(net.resolve("www.example.com. MX"), "NOERROR |  | example.com. 120 SOA 120");
    assert_eq!(net.asked(), ["192.0.2.3 www.example.com. MX"]);
    assert_eq!(net.resolve("www.example.com. MX"), "NOERROR |  | example.com. 120 SOA 120");
    assert_eq!(net.asked(), [""; 0]);
    // NODATA is for one type.
    assert_eq!(net.resolve("www.example.com. A"), "NOERROR | www.example.com. 300 A 192.0.2.80");
    net.wait(120);
    net.resolve("www.example.com. MX");
    assert_eq!(net.asked().len(), 2);
    // The lesser of TTL and MINIMUM holds.
    assert_eq!(net.resolve("nothing.test. A"), "NXDOMAIN |  | . 60 SOA 60");
}

#[test]
fn a_server_without_glue_is_looked_up_first() {
    let mut net = Net::new(&[]);
    assert_eq!(net.resolve("www.example.net. A"), "NOERROR | www.example.net. 300 A 192.0.2.81");
    assert_eq!(
        net.asked(),
        [
            "192.0.2.1 www.example.net. A",
            "192.0.2.2 www.example.net. A",
            "192.0.2.1 ns.example.com. A",
            "192.0.2.2 ns.example.com. A",
            "192.0.2.3 ns.example.com. A",
            "192.0.2.3 www.example.net. A",
        ]
    );
}

#[test]
fn glue_is_never_an_answer() {
    let mut net = Net::new(&[(
        "192.0.2.3",
        "ns.example.com. A -> NOERROR aa | ns.example.com. 60 A 192.0.2.99",
    )]);
    net.resolve("www.example.com. A");
    net.asked();
    assert_eq!(net.resolve("ns.example.com. A"), "NOERROR | ns.example.com. 60 A 192.0.2.99");
    assert_eq!(net.asked(), ["192.0.2.3 ns.example.com. A"]);
}

#[test]
fn glue_in_the_answer_section_is_no_answer_either() {
    let mut net = Net::new(&[
        (
            "192.0.2.2",
            "*.zone.com. * -> NOERROR | www.zone.com. A 192.0.2.66 | zone.com. NS ns.zone.com. \
             | ns.zone.com. A 192.0.2.4",
        ),
        (
            "192.0.2.4",
            "www.zone.com. A -> NOERROR | www.zone.com. A 192.0.2.7 | zone.com. NS ns.zone.com.",
        ),
    ]);
    assert_eq!(net.resolve("www.zone.com. A"), "NOERROR | www.zone.com. 3600 A 192.0.2.7");
}

#[test]
fn an_answer_beside_a_referral_that_leads_to_nobody_is_used() {
    let mut net = Net::new(&[(
        "192.0.2.2",
        "*.zone.com. * -> NOERROR | www.zone.com. A 192.0.2.66 | zone.com. NS ns.zone.com.",
    )]);
    assert_eq!(net.resolve("www.zone.com. A"), "NOERROR | www.zone.com. 3600 A 192.0.2.66");
}

#[test]
fn of_an_alias_and_data_at_one_name_the_first_counts() {
    let reply = |first: &str, last: &str| {
        format!(
            "www.example.com. A -> NOERROR aa | {first}, {last}
             a.example.com. A -> NOERROR aa | a.example.com. A 192.0.2.81"
        )
    };
    let (cname, a) = ("www.example.com. CNAME a.example.com.", "www.example.com. A 192.0.2.80");
    let ask = |rules: &str| Net::new(&[("192.0.2.3", rules)]).resolve("www.example.com. A");
    assert_eq!(ask(&reply(a, cname)), "NOERROR | www.example.com. 3600 A 192.0.2.80");
    assert!(ask(&reply(cname, a)).ends_with("a.example.com. 3600 A 192.0.2.81"));
}

#[test]
fn glue_from_outside_the_zone_of_its_server_is_not_taken() {
    let mut net = Net::new(&[
        (
            "192.0.2.2",
            "*.evil.com. * -> NOERROR | | evil.com. NS www.victim.test. | www.victim.test. A 192.0.2.66",
        ),
        ("192.0.2.66", "*. * -> NOERROR aa | x.evil.com. A 192.0.2.67"),
    ]);
    assert_eq!(net.resolve("x.evil.com. A"), "SERVFAIL | ");
    assert_eq!(net.resolve("www.victim.test. A"), "NXDOMAIN |  | . 60 SOA 60");
}

#[test]
fn records_beside_the_answer_are_not_taken() {
    let mut net = Net::new(&[(
        "192.0.2.3",
        "bad.example.com. A -> NOERROR aa | bad.example.com. A 192.0.2.7, www.victim.com. A 192.0.2.66 \
             | com. NS ns.example.com., example.com. NS ns.evil.com. | ns.example.com. A 192.0.2.66",
    )]);
    assert_eq!(net.resolve("bad.example.com. A"), "NOERROR | bad.example.com. 3600 A 192.0.2.7");
    net.asked();
    assert_eq!(net.resolve("www.victim.com. A"), "NXDOMAIN |  | com. 900 SOA 900");
    net.resolve("www.example.com. A");
    assert_eq!(net.asked(), ["192.0.2.2 www.victim.com. A", "192.0.2.3 www.example.com. A"]);
}

#[test]
fn servers_whose_names_need_each_other_end_in_servfail() {
    let mut net = Net::new(&[(
        "192.0.2.2",
        "*.a.com. * -> NOERROR | | a.com. NS ns.b.com.
         *.b.com. * -> NOERROR | | b.com. NS ns.a.com.
         *.own.com. * -> NOERROR | | own.com. NS ns.own.com.",
    )]);
    assert_eq!(net.resolve("www.a.com. A"), "SERVFAIL | ");
    assert!(net.asked().len() < 10);
    assert_eq!(net.resolve("www.own.com. A"), "SERVFAIL | ");
    assert!(net.asked().len() < 10);
    // The failure is remembered for five seconds.
    assert_eq!(net.resolve("www.own.com. A"), "SERVFAIL | ");
    assert_eq!(net.asked(), [""; 0]);
    net.wait(6);
    net.resolve("www.own.com. A");
    assert!(!net.asked().is_empty());
}

#[test]
fn a_referral_has_to_lead_down() {
    let mut net = Net::new(&[(
        "192.0.2.3",
        "up.example.com. * -> NOERROR | | com. NS ns.gtld. | ns.gtld. A 192.0.2.2
         self.example.com. * -> NOERROR | | example.com. NS ns.example.com.
         side.example.com. * -> NOERROR | | other.example.com. NS ns.example.com.",
    )]);
    assert_eq!(net.resolve("up.example.com. A"), "SERVFAIL | ");
    assert!(net.asked().len() < 7, "{:?}", net.asked);
    let mut net = Net::new(&[(
        "192.0.2.3",
        "self.example.com. * -> NOERROR | | example.com. NS ns.example.com.
         side.example.com. * -> NOERROR | | other.example.com. NS ns.example.com.",
    )]);
    // A referral to another branch says nothing about the name.
    assert_eq!(net.resolve("side.example.com. A"), "NOERROR | ");
    assert_eq!(net.resolve("self.example.com. A"), "SERVFAIL | ");
    assert!(net.asked().len() < 10);
}

#[test]
fn a_chain_of_glueless_zones_ends_at_the_depth_limit() {
    let mut text = String::new();
    for zone in 0..20 {
        let next = zone + 1;
        text += &format!("*.z{zone}.com. * -> NOERROR | | z{zone}.com. NS ns.z{next}.com.\n");
    }
    let mut net = Net::new(&[("192.0.2.2", &text)]);
    assert_eq!(net.resolve("www.z0.com. A"), "SERVFAIL | ");
    assert!(net.asked().len() < 30);
    // The end of the chain, asked for itself, is another matter than the chain.
    assert!(net.resolve("www.z15.com. A").starts_with("SERVFAIL"));
}

#[test]
fn many_servers_that_do_not_exist_are_not_all_looked_up() {
    let servers: Vec<String> =
        (0..60).map(|count| format!("many.com. NS ns{count}.victim.com.")).collect();
    let rules = format!("*.many.com. * -> NOERROR | | {}", servers.join(","));
    let mut net = Net::new(&[("192.0.2.2", &rules)]);
    assert_eq!(net.resolve("www.many.com. A"), "SERVFAIL | ");
    // Root, com., and five names that are not there.
    assert_eq!(net.asked().len(), 7);
}

#[test]
fn one_resolution_serves_all_who_ask_the_same() {
    let mut net = Net::new(&[]);
    for client in 0..5 {
        net.query(client, "www.example.com. A");
    }
    net.run();
    for client in 0..5 {
        assert_eq!(net.shown(client), "NOERROR | www.example.com. 300 A 192.0.2.80");
        assert_eq!(net.answers[&client].id, client as u16);
    }
    assert_eq!(net.asked().len(), 3);
}

#[test]
fn a_zone_that_moved_is_found_again_through_its_parent() {
    let mut net = Net::new(&[
        (
            "192.0.2.2",
            "*.moving.com. * -> NOERROR | | moving.com. NS ns.moving.com. | ns.moving.com. A 192.0.2.4",
        ),
        ("192.0.2.4", "a.moving.com. A -> NOERROR aa | a.moving.com. 60 A 192.0.2.80"),
    ]);
    net.resolve("a.moving.com. A");
    net.move_server("192.0.2.4", "192.0.2.5");
    net.wait(100);
    net.asked();
    assert_eq!(net.resolve("a.moving.com. A"), "NOERROR | a.moving.com. 60 A 192.0.2.80");
    let asked = net.asked();
    assert_eq!(asked[0], "192.0.2.4 a.moving.com. A");
    assert_eq!(
        asked[asked.len() - 2..],
        ["192.0.2.2 a.moving.com. A", "192.0.2.5 a.moving.com. A"]
    );
}

#[test]
fn priming_replaces_the_hints() {
    let root = "
        . NS -> NOERROR aa | . NS a.root., . NS b.root. | | a.root. A 192.0.2.1, b.root. A 192.0.2.11";
    let net = || {
        let servers =
            [("192.0.2.1", root), ("192.0.2.11", "*.test. * -> NXDOMAIN aa | | . SOA 60")];
        Net::with(&servers, |config| config.prime = true)
    };
    let mut first = net();
    assert_eq!(first.resolve("a.test. A"), "NXDOMAIN |  | . 60 SOA 60");
    let asked = first.asked();
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert_eq!(asked[0], "192.0.2.1 . NS");
    // The root that the hints do not know is asked, too, and priming is done once.
    let mut other = net();
    for count in 0..20 {
        other.resolve(&format!("{count}.test. A"));
        other.wait(100);
    }
    let asked = other.asked();
    assert_eq!(asked.iter().filter(|line| line.ends_with(". NS")).count(), 1);
    assert!(asked.iter().any(|line| line.starts_with("192.0.2.11 ")));
}

#[test]
fn the_address_of_a_server_that_was_not_found_is_not_looked_for_at_once_again() {
    let mut net = Net::new(&[(
        "192.0.2.2",
        "*.a.com. * -> NOERROR | | a.com. NS ns.broken.com.
         *.broken.com. * -> SERVFAIL",
    )]);
    assert_eq!(net.resolve("www.a.com. A"), "SERVFAIL | ");
    assert!(net.asked().contains(&"192.0.2.2 ns.broken.com. A".to_owned()));
    assert_eq!(net.resolve("mail.a.com. A"), "SERVFAIL | ");
    assert!(!net.asked().iter().any(|line| line.contains("broken")));
    net.wait(6);
    net.resolve("mail.a.com. A");
    assert!(net.asked().iter().any(|line| line.contains("broken")));
}

#[test]
fn the_glue_of_the_parent_is_the_last_resort() {
    let mut net = Net::new(&[
        (
            "192.0.2.2",
            "*.a.com. * -> NOERROR | | a.com. NS ns.b.com.
             *.b.com. * -> NOERROR | | b.com. NS ns.b.com. | ns.b.com. A 192.0.2.4",
        ),
        (
            "192.0.2.4",
            "ns.b.com. A -> NOERROR aa | ns.b.com. A 192.0.2.5
             www.a.com. A -> NOERROR aa | www.a.com. A 192.0.2.80
             x.a.com. A -> NOERROR aa | x.a.com. A 192.0.2.80",
        ),
        ("192.0.2.5", "*. * -> SERVFAIL"),
    ]);
    assert_eq!(net.resolve("www.a.com. A"), "NOERROR | www.a.com. 3600 A 192.0.2.80");
    // The zone's own word is what clients get.
    assert_eq!(net.resolve("ns.b.com. A"), "NOERROR | ns.b.com. 3600 A 192.0.2.5");
    assert_eq!(net.resolve("x.a.com. A"), "NOERROR | x.a.com. 3600 A 192.0.2.80");
}

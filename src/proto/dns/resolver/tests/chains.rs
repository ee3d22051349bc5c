//! CNAME and DNAME.

use super::net::Net;

#[test]
fn an_alias_leads_to_another_zone() {
    let mut net = Net::new(&[(
        "192.0.2.3",
        "alias.example.com. * -> NOERROR aa | alias.example.com. 60 CNAME www.example.net.",
    )]);
    let answer = "NOERROR | alias.example.com. 60 CNAME www.example.net., \
                  www.example.net. 300 A 192.0.2.81";
    assert_eq!(net.resolve("alias.example.com. A"), answer);
    net.asked();
    assert_eq!(net.resolve("alias.example.com. A"), answer);
    assert_eq!(net.asked(), [""; 0]);
    // The alias itself.
    let cname = "NOERROR | alias.example.com. 60 CNAME www.example.net.";
    assert_eq!(net.resolve("alias.example.com. CNAME"), cname);
    // The alias has run out, its target has not.
    net.wait(100);
    assert_eq!(net.resolve("alias.example.com. A"), answer.replace("300 A", "200 A"));
    assert_eq!(net.asked(), ["192.0.2.3 alias.example.com. A"]);
}

#[test]
fn a_chain_within_the_zone_comes_in_one_answer() {
    let mut net = Net::new(&[(
        "192.0.2.3",
        "a.example.com. A -> NOERROR aa | b.example.com. CNAME c.example.com., \
         a.example.com. CNAME b.example.com., c.example.com. A 192.0.2.5, d.example.com. A 192.0.2.6",
    )]);
    let answer = "NOERROR | a.example.com. 3600 CNAME b.example.com., \
                  b.example.com. 3600 CNAME c.example.com., c.example.com. 3600 A 192.0.2.5";
    assert_eq!(net.resolve("a.example.com. A"), answer);
    assert_eq!(net.asked().len(), 3);
    assert_eq!(net.resolve("a.example.com. A"), answer);
    assert_eq!(net.asked().len(), 0);
}

#[test]
fn what_an_answer_says_of_the_other_zone_is_asked_there() {
    let mut net = Net::new(&[(
        "192.0.2.3",
        "alias.example.com. * -> NOERROR aa | alias.example.com. CNAME x.victim.com., x.victim.com. A 192.0.2.66",
    )]);
    assert_eq!(
        net.resolve("alias.example.com. A"),
        "NXDOMAIN | alias.example.com. 3600 CNAME x.victim.com. | com. 900 SOA 900"
    );
}

#[test]
fn nothing_at_the_end_of_a_chain_belongs_to_its_last_name() {
    let mut net = Net::new(&[(
        "192.0.2.3",
        "a.example.com. * -> NXDOMAIN aa | a.example.com. CNAME b.example.com. | example.com. SOA 120
         n.example.com. * -> NOERROR aa | n.example.com. CNAME www.example.com. | example.com. SOA 120",
    )]);
    let answer = "NXDOMAIN | a.example.com. 3600 CNAME b.example.com. | example.com. 120 SOA 120";
    assert_eq!(net.resolve("a.example.com. A"), answer);
    assert_eq!(net.resolve("a.example.com. A"), answer);
    assert_eq!(net.resolve("b.example.com. A"), "NXDOMAIN |  | example.com. 120 SOA 120");
    let answer = "NOERROR | n.example.com. 3600 CNAME www.example.com. | example.com. 120 SOA 120";
    assert_eq!(net.resolve("n.example.com. MX"), answer);
    assert_eq!(net.resolve("n.example.com. MX"), answer);
    assert_eq!(net.asked().len(), 4);
}

#[test]
fn aliases_that_lead_back_end_in_servfail() {
    let mut net = Net::new(&[(
        "192.0.2.3",
        "a.example.com. * -> NOERROR aa | a.example.com. CNAME b.example.net.
         b.example.net. * -> NOERROR aa | b.example.net. CNAME a.example.com.
         c.example.com. * -> NOERROR aa | c.example.com. CNAME c.example.com.",
    )]);
    for _ in 0..2 {
        assert_eq!(net.resolve("a.example.com. A"), "SERVFAIL | ");
        assert_eq!(net.resolve("c.example.com. A"), "SERVFAIL | ");
        net.wait(10);
    }
}

#[test]
fn eleven_aliases_are_followed_and_twelve_are_not() {
    let mut rules = String::new();
    for link in 0..12 {
        let next = link + 1;
        rules += &format!(
            "c{link}.example.com. A -> NOERROR aa | c{link}.example.com. CNAME c{next}.example.com.\n"
        );
    }
    rules += "c12.example.com. A -> NOERROR aa | c12.example.com. A 192.0.2.5\n";
    let mut net = Net::new(&[("192.0.2.3", &rules)]);
    assert_eq!(net.resolve("c0.example.com. A"), "SERVFAIL | ");
    let answer = net.resolve("c1.example.com. A");
    assert!(answer.ends_with("c12.example.com. 3600 A 192.0.2.5"), "{answer}");
}

#[test]
fn a_dname_makes_aliases_of_all_below_it() {
    let mut net = Net::new(&[(
        "192.0.2.3",
        "*.old.example.com. * -> NOERROR aa | old.example.com. 60 DNAME example.net., \
         www.old.example.com. CNAME www.evil.net.",
    )]);
    let answer = "NOERROR | old.example.com. 60 DNAME example.net., \
                  www.old.example.com. 60 CNAME www.example.net., www.example.net. 300 A 192.0.2.81";
    assert_eq!(net.resolve("www.old.example.com. A"), answer);
    net.asked();
    assert_eq!(net.resolve("www.old.example.com. A"), answer);
    // One DNAME serves all names below, but not its own.
    let answer = "NXDOMAIN | old.example.com. 60 DNAME example.net., \
                  x.old.example.com. 60 CNAME x.example.net. | example.net. 120 SOA 120";
    assert_eq!(net.resolve("x.old.example.com. A"), answer);
    assert_eq!(net.asked(), ["192.0.2.3 x.example.net. A"]);
    let long = format!("{0}.{0}.{0}.old.example.com. A", "x".repeat(63));
    assert!(net.resolve(&long).starts_with("NXDOMAIN"));
}

#[test]
fn a_dname_that_makes_a_name_too_long_is_yxdomain() {
    let target = format!("{0}.{0}.example.com.", "y".repeat(60));
    let rules = format!("*.old.example.com. * -> YXDOMAIN aa | old.example.com. DNAME {target}");
    let mut net = Net::new(&[("192.0.2.3", &rules)]);
    let question = format!("{0}.{0}.old.example.com. A", "x".repeat(60));
    for _ in 0..2 {
        let answer = net.resolve(&question);
        assert!(answer.starts_with("YXDOMAIN | old.example.com. 3600 DNAME"), "{answer}");
    }
    assert_eq!(net.asked().len(), 3);
}

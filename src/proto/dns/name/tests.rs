//! Tests of names.

use proptest::prelude::*;

use super::*;

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

#[test]
fn text_and_wire_agree() {
    let mail = name("Mail.Example.COM");
    assert_eq!(mail.as_wire(), b"\x04Mail\x07Example\x03COM\0");
    assert_eq!(mail.to_string(), "Mail.Example.COM.");
    assert_eq!(mail.without_dot().to_string(), "Mail.Example.COM");
    assert_eq!(name(".").to_string(), ".");
    let escaped = r#"a\.b\032c\"d.example."#;
    assert_eq!(name(escaped).to_string(), escaped);
    assert_eq!(name(r"\065.example"), name("a.example"));
}

#[test]
fn a_name_relative_to_an_origin_ends_in_it() {
    let origin = name("example.com");
    let at = |text| Name::parse_relative(text, &origin).unwrap().to_string();
    assert_eq!(at("mx"), "mx.example.com.");
    assert_eq!(at("mx."), "mx.");
    assert_eq!(at("@"), "example.com.");
    assert_eq!(at("."), ".");
}

#[test]
fn case_is_kept_and_not_compared() {
    assert_eq!(name("EXAMPLE.com"), name("example.COM"));
    assert!(!name("EXAMPLE.com").same_case(&name("example.com")));
    assert_eq!(name("a.example").cmp(&name("A.EXAMPLE")), Ordering::Equal);
}

#[test]
fn the_order_of_rfc_4034_section_6_1() {
    let printed = [
        "example",
        "a.example",
        "yljkjljk.a.example",
        "Z.a.example",
        "zABC.a.EXAMPLE",
        "z.example",
        r"\001.z.example",
        "*.z.example",
        r"\200.z.example",
    ];
    let mut sorted: Vec<Name> = printed.iter().rev().map(|text| name(text)).collect();
    sorted.sort();
    assert_eq!(sorted, printed.map(name));
}

#[test]
fn subdomains_end_at_a_label() {
    assert!(name("a.example.com").is_subdomain_of(&name("EXAMPLE.com")));
    assert!(name("example.com").is_subdomain_of(&name("example.com")));
    assert!(name("example.com").is_subdomain_of(&Name::root()));
    assert!(!name("badexample.com").is_subdomain_of(&name("example.com")));
    assert!(!name("com").is_subdomain_of(&name("example.com")));
    // The octets of the suffix agree, but inside a label.
    assert!(!name(r"x\003com").is_subdomain_of(&name("com")));
}

#[test]
fn ancestors_and_parts() {
    let www = name("www.example.com");
    let all: Vec<String> = www.ancestors().map(|name| name.to_string()).collect();
    assert_eq!(all, ["www.example.com.", "example.com.", "com.", "."]);
    assert_eq!(www.last_labels(2), name("example.com"));
    assert_eq!(www.last_labels(9), www);
    assert_eq!(www.last_labels(0), Name::root());
    assert_eq!(name("com").prepend(b"Example").unwrap().to_string(), "Example.com.");
    assert_eq!(Name::root().parent(), None);
}

#[test]
fn dname_replaces_a_suffix() {
    let replaced = |from: &str, to: &str| {
        name("a.b.example").replace_suffix(&name(from), &name(to)).map(Result::unwrap)
    };
    assert_eq!(replaced("b.example", "net"), Some(name("a.net")));
    assert_eq!(replaced("a.b.example", "net"), None);
    assert_eq!(replaced("c.example", "net"), None);
}

#[test]
fn limits_hold() {
    let error = |text: &str| text.parse::<Name>().unwrap_err();
    assert_eq!(error(""), NameError::Empty);
    assert_eq!(error("a..b"), NameError::EmptyLabel);
    assert_eq!(error(".a"), NameError::EmptyLabel);
    assert_eq!(error(&"a".repeat(64)), NameError::LabelTooLong { octets: 64 });
    assert_eq!(error(r"a\25"), NameError::BadEscape);
    assert_eq!(error(r"a\256"), NameError::BadEscape);
    assert_eq!(error("a\\"), NameError::BadEscape);
    let longest = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(61));
    assert_eq!(name(&longest).as_wire().len(), 255);
    assert!(matches!(error(&format!("{longest}b")), NameError::NameTooLong { .. }));
}

proptest! {
    #[test]
    fn any_name_prints_and_reads_back(
        labels in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..=20), 0..=10),
    ) {
        let name = Name::from_labels(labels.iter().map(Vec::as_slice)).unwrap();
        let read: Name = name.to_string().parse().unwrap();
        prop_assert!(read.same_case(&name));
        prop_assert!(Name::from_wire(name.as_wire()).unwrap().same_case(&name));
        for ancestor in name.ancestors() {
            prop_assert!(name.is_subdomain_of(&ancestor));
            prop_assert!(ancestor <= name);
        }
    }

    #[test]
    fn arbitrary_text_and_octets_never_panic(
        text in ".{0,40}", octets in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let _ = text.parse::<Name>();
        let _ = Name::from_wire(&octets);
    }
}

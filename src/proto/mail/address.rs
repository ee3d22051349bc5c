//! Address lists: the values of `From`, `To`, `Cc` and their like.
//!
//! Follows RFC 5322 §3.4 and the obsolete forms of §4.4 (routes, empty members, white space and
//! comments anywhere). A reader for what people and programs really write: nothing is an error,
//! and what is no address becomes the nearest thing to one. Envelope addresses are another thing:
//! they are SMTP's.

use std::borrow::Cow;
use std::fmt;

use super::encode::{encode_phrase, quote_local_part};
use super::lex::Lexer;

/// One member of an address list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A person or a program.
    Mailbox(Mailbox),
    /// `name: members;`, where the members may be none.
    Group {
        /// The display name, quotes removed, encoded words left as they are.
        name: Vec<u8>,
        /// The members in their order.
        members: Vec<Mailbox>,
    },
}

/// A display name and an address: `Bob <bob@example.net>`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mailbox {
    /// The display name, quotes removed, encoded words left as they are; or the comment after an
    /// address without angle brackets, which is how names were once written.
    pub name: Option<Vec<u8>>,
    /// The obsolete source route without its colon: `@a.example,@b.example`.
    pub route: Option<Vec<u8>>,
    /// What stands before the `@`, quotes removed. Empty where it is missing.
    pub local_part: Vec<u8>,
    /// What stands after the `@`, brackets kept. Empty where it is missing.
    pub domain: Vec<u8>,
}

impl Mailbox {
    /// A mailbox with a display name in plain Unicode; it is encoded when it is written.
    ///
    /// `address` is `local-part@domain`, split at its last `@`.
    pub fn new(name: Option<&str>, address: &str) -> Self {
        let (local_part, domain) = address.rsplit_once('@').unwrap_or((address, ""));
        let local_part = match local_part.as_bytes() {
            quoted @ [b'"', ..] => Lexer::new(quoted).quoted_string(),
            plain => plain.to_vec(),
        };
        let name = name.map(|name| name.as_bytes().to_vec());
        Mailbox { name, route: None, local_part, domain: domain.as_bytes().to_vec() }
    }

    /// `local-part@domain` as text, quoted where it must be; the domain may be missing.
    pub fn address(&self) -> String {
        let mut address = quote_local_part(&String::from_utf8_lossy(&self.local_part));
        if !self.domain.is_empty() {
            address.push('@');
            address.push_str(&String::from_utf8_lossy(&self.domain));
        }
        address
    }
}

/// As a header field has it: the name quoted or in encoded words, the address in brackets.
impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            None => f.write_str(&self.address()),
            Some(name) => {
                let name = encode_phrase(&String::from_utf8_lossy(name));
                write!(f, "{name} <{}>", self.address())
            }
        }
    }
}

/// Reads the value of an address field, folded or not.
pub fn parse_addresses(value: &[u8]) -> Vec<Address> {
    let mut lexer = Lexer::new(value);
    let mut addresses = Vec::new();
    while let Some(found) = next_member(&mut lexer) {
        match found {
            Member::Mailbox(mailbox) => addresses.push(Address::Mailbox(mailbox)),
            Member::GroupStart(name) => {
                let members = group_members(&mut lexer);
                addresses.push(Address::Group { name, members });
            }
            Member::GroupEnd => {}
        }
    }
    addresses
}

/// All mailboxes of an address field, those in groups too.
pub fn parse_mailboxes(value: &[u8]) -> Vec<Mailbox> {
    let addresses = parse_addresses(value).into_iter();
    addresses
        .flat_map(|address| match address {
            Address::Mailbox(mailbox) => vec![mailbox],
            Address::Group { members, .. } => members,
        })
        .collect()
}

/// What the grammar of a list consists of.
enum Member {
    Mailbox(Mailbox),
    GroupStart(Vec<u8>),
    GroupEnd,
}

/// Members up to the semicolon; groups do not nest, so a name in one is dropped.
fn group_members(lexer: &mut Lexer<'_>) -> Vec<Mailbox> {
    let mut members = Vec::new();
    loop {
        match next_member(lexer) {
            Some(Member::Mailbox(mailbox)) => members.push(mailbox),
            Some(Member::GroupStart(_)) => {}
            Some(Member::GroupEnd) | None => return members,
        }
    }
}

fn next_member(lexer: &mut Lexer<'_>) -> Option<Member> {
    loop {
        lexer.skip_cfws();
        match lexer.peek()? {
            b',' => _ = lexer.bump(),
            b';' => {
                lexer.bump();
                return Some(Member::GroupEnd);
            }
            _ => {
                // A comment before the address does not name it.
                lexer.take_comment();
                if let Some(member) = member(lexer) {
                    return Some(member);
                }
            }
        }
    }
}

/// Reads words until an octet tells what they were.
fn member(lexer: &mut Lexer<'_>) -> Option<Member> {
    let words = Words::read(lexer);
    match lexer.peek() {
        Some(b'@') => {
            lexer.bump();
            let domain = domain(lexer);
            // Runs past what cannot stand here, up to the next member.
            Words::read(lexer);
            let name = lexer.take_comment().map(<[u8]>::to_vec);
            Some(Member::Mailbox(Mailbox {
                name,
                route: None,
                local_part: words.joined.into_owned(),
                domain,
            }))
        }
        Some(b'<') => {
            lexer.bump();
            let name = (!words.phrase.is_empty()).then(|| words.phrase.into_owned());
            let mailbox = angle_address(lexer);
            Words::read(lexer);
            Some(Member::Mailbox(Mailbox { name, ..mailbox }))
        }
        Some(b':') => {
            lexer.bump();
            Some(Member::GroupStart(words.phrase.into_owned()))
        }
        Some(b',' | b';') | None => {
            let name = lexer.take_comment().map(<[u8]>::to_vec);
            let local_part = words.joined.into_owned();
            (!local_part.is_empty()).then_some(Member::Mailbox(Mailbox {
                name,
                local_part,
                ..Mailbox::default()
            }))
        }
        Some(_) => {
            lexer.bump();
            None
        }
    }
}

/// What stands between `<` and `>`, both taken.
fn angle_address(lexer: &mut Lexer<'_>) -> Mailbox {
    let route = route(lexer);
    let local_part = Words::read(lexer).joined.into_owned();
    let domain = if lexer.eat(b'@') { domain(lexer) } else { Vec::new() };
    lexer.take_while(|octet| octet != b'>' && octet != b',');
    lexer.eat(b'>');
    Mailbox { name: None, route, local_part, domain }
}

/// `@a,@b:` (RFC 5322 §4.4), the colon taken but not kept.
fn route(lexer: &mut Lexer<'_>) -> Option<Vec<u8>> {
    let mut route = Vec::new();
    loop {
        lexer.skip_cfws();
        match lexer.peek() {
            Some(b',') => _ = lexer.bump(),
            Some(b'@') => {
                lexer.bump();
                if !route.is_empty() {
                    route.push(b',');
                }
                route.push(b'@');
                route.extend(domain(lexer));
            }
            Some(b':') if !route.is_empty() => {
                lexer.bump();
                return Some(route);
            }
            _ => return (!route.is_empty()).then_some(route),
        }
    }
}

/// Atoms and dots with CFWS between them, or a literal in brackets.
fn domain(lexer: &mut Lexer<'_>) -> Vec<u8> {
    lexer.skip_cfws();
    let mut domain = Vec::new();
    if lexer.peek() == Some(b'[') {
        domain.extend(lexer.take_while(|octet| !matches!(octet, b']' | b'>' | b'\r' | b'\n')));
        domain.extend(lexer.eat(b']').then_some(b']'));
        lexer.skip_cfws();
        return domain;
    }
    loop {
        let atom = lexer.dot_atom();
        // White space without a dot on either side is no part of a domain.
        if atom.is_empty() || !(domain.is_empty() || domain.ends_with(b".") || atom[0] == b'.') {
            return domain;
        }
        domain.extend_from_slice(atom);
        lexer.skip_cfws();
    }
}

/// Atoms and quoted strings up to a special, in the two ways they can be meant. Mostly it is one
/// atom, which is not copied.
#[derive(Default)]
struct Words<'a> {
    /// With a space where there was white space: a display name.
    phrase: Cow<'a, [u8]>,
    /// Without: a local part.
    joined: Cow<'a, [u8]>,
}

impl<'a> Words<'a> {
    fn read(lexer: &mut Lexer<'a>) -> Self {
        let mut words = Words::default();
        let mut spaced = false;
        loop {
            spaced |= lexer.skip_cfws();
            let word: Cow<'a, [u8]> = match lexer.peek() {
                Some(b'"') => Cow::Owned(lexer.quoted_string()),
                _ => match lexer.dot_atom() {
                    [] => return words,
                    atom => Cow::Borrowed(atom),
                },
            };
            if words.joined.is_empty() {
                words.phrase = word.clone();
                words.joined = word;
            } else {
                let phrase = words.phrase.to_mut();
                if spaced {
                    phrase.push(b' ');
                }
                phrase.extend_from_slice(&word);
                words.joined.to_mut().extend_from_slice(&word);
            }
            spaced = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(octets: &[u8]) -> String {
        String::from_utf8_lossy(octets).into_owned()
    }

    fn describe(mailbox: &Mailbox) -> String {
        let name = mailbox.name.as_deref().map(text);
        let route = mailbox.route.as_deref().map(text).unwrap_or_default();
        let (local_part, domain) = (text(&mailbox.local_part), text(&mailbox.domain));
        format!("{}|{route}|{local_part}|{domain}", name.unwrap_or_default())
    }

    fn check(value: &str, wanted: &[&str]) {
        let mut found = Vec::new();
        for address in parse_addresses(value.as_bytes()) {
            match address {
                Address::Mailbox(mailbox) => found.push(describe(&mailbox)),
                Address::Group { name, members } => {
                    found.push(format!("{}:", text(&name)));
                    found.extend(members.iter().map(describe));
                    found.push(";".to_owned());
                }
            }
        }
        assert_eq!(found, wanted, "{value}");
    }

    #[test]
    fn the_addresses_of_rfc_5322_appendix_a() {
        check("John Doe <jdoe@machine.example>", &["John Doe||jdoe|machine.example"]);
        check(
            "\"Joe Q. Public\" <john.q.public@example.com>",
            &["Joe Q. Public||john.q.public|example.com"],
        );
        check(
            "Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>",
            &["Mary Smith||mary|x.test", "||jdoe|example.org", "Who?||one|y.test"],
        );
        check(
            "<boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>",
            &["||boss|nil.test", "Giant; \"Big\" Box||sysservices|example.net"],
        );
        check(
            "A Group:Ed Jones <joe@where.test>,joe@where.test,John <jdoe@one.test>;",
            &[
                "A Group:",
                "Ed Jones||joe|where.test",
                "||joe|where.test",
                "John||jdoe|one.test",
                ";",
            ],
        );
        check("Undisclosed recipients:;", &["Undisclosed recipients:", ";"]);
        check(
            "Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>",
            &["Pete||pete|silly.test"],
        );
        check(
            "A Group(Some people)\r\n     :Chris Jones <c@(Chris's host.)public.example>,\r\n         joe@example.org,\r\n  John <jdoe@one.test> (my dear friend); (the end of the group)",
            &[
                "A Group:",
                "Chris Jones||c|public.example",
                "||joe|example.org",
                "John||jdoe|one.test",
                ";",
            ],
        );
        check(
            "Joe Q. Public <john.q.public@example.com>",
            &["Joe Q. Public||john.q.public|example.com"],
        );
        check(
            "Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example",
            &["Mary Smith|@node.test|mary|example.net", "||jdoe|test.example"],
        );
    }

    #[test]
    fn names_in_comments_and_literals() {
        check("bob@example.net (Bob \"B\" Brown)", &["Bob \"B\" Brown||bob|example.net"]);
        check("MAILER-DAEMON (Mail System)", &["Mail System||MAILER-DAEMON|"]);
        check("<@a.example,@b.example:c@[192.0.2.1]>", &["|@a.example,@b.example|c|[192.0.2.1]"]);
        check("\"john smith\"@example.org", &["||john smith|example.org"]);
        check(
            "=?utf-8?q?J=C3=BCrgen?= <j@example.org>",
            &["=?utf-8?q?J=C3=BCrgen?=||j|example.org"],
        );
    }

    #[test]
    fn broken_lists_are_read_as_far_as_they_make_sense() {
        check("", &[]);
        check(",;,", &[]);
        check("bob", &["||bob|"]);
        check("bob@", &["||bob|"]);
        check("<>", &["|||"]);
        check("Bob <bob@example.net", &["Bob||bob|example.net"]);
        check("a@b@c, d@e", &["||a|b", "|||c", "||d|e"]);
        check("a b@c.example", &["||ab|c.example"]);
        check(
            "group: a@x.example, other: b@x.example",
            &["group:", "||a|x.example", "||b|x.example", ";"],
        );
        check("Bob <a@x.example> Carol <b@x.example>", &["Bob||a|x.example", "||b|x.example"]);
    }

    #[test]
    fn mailboxes_are_written_so_that_they_read_the_same() {
        for mailbox in [
            Mailbox::new(None, "bob@example.net"),
            Mailbox::new(Some("Bob Brown"), "bob@example.net"),
            Mailbox::new(Some("Brown, \"Bob\""), "bob@example.net"),
            Mailbox::new(None, "\"bob brown\"@example.net"),
            Mailbox::new(Some("X"), "a.b@[192.0.2.1]"),
        ] {
            let read = parse_mailboxes(mailbox.to_string().as_bytes());
            assert_eq!(read, [mailbox]);
        }
        assert_eq!(
            Mailbox::new(None, "\"bob brown\"@example.net").address(),
            "\"bob brown\"@example.net"
        );
    }

    proptest! {
        #[test]
        fn no_octets_are_too_strange(octets in prop::collection::vec(any::<u8>(), 0..100)) {
            parse_addresses(&octets);
        }

        #[test]
        fn no_lists_are_too_strange(
            octets in prop::collection::vec(prop::sample::select(b"a<>@,;:()[]\\\". \r\n\x7f".to_vec()), 0..60)
        ) {
            parse_addresses(&octets);
        }
    }
}

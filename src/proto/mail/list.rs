//! What a mailing list does to a message that it distributes.
//!
//! Follows RFC 2369 (`List-*`, which no list but the last one leaves behind), RFC 2919 (`List-Id`),
//! RFC 5322 §3.6.2 (`Sender`) and, where those are silent, Mailman: the subject's prefix,
//! `Precedence`, the fields that are taken out. Everything else, the body among it, stays octet for
//! octet, so that it can be seen which DKIM signatures break.
//!
//! Not modelled: digests, footers, archives, the rewriting of `From` for the sake of DMARC.

use std::fmt::Write as _;

use bytes::Bytes;

use super::decode::decode_words;
use super::header::{Field, Header, Message};
use super::received::was_delivered_to;

/// A mailing list, as its messages show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListFields<'a> {
    /// The list's local part.
    pub name: &'a str,
    /// Its domain.
    pub domain: &'a str,
    /// What stands before the subject, as `[team]`: printable ASCII.
    pub subject_prefix: Option<&'a str>,
    /// Where replies go instead of to the author.
    pub reply_to: Option<&'a str>,
}

impl ListFields<'_> {
    /// The address that is posted to.
    pub fn address(&self) -> String {
        format!("{}@{}", self.name, self.domain)
    }

    /// The value of `List-Id` between its angle brackets (RFC 2919 §2).
    pub fn id(&self) -> String {
        format!("{}.{}", self.name, self.domain)
    }

    /// Whether the list has distributed the message before, as its own fields in it tell; other
    /// lists on the way keep `X-Loop`.
    pub fn has_distributed(&self, header: Header<'_>) -> bool {
        let address = self.address();
        let id = format!("<{}>", self.id()).to_ascii_lowercase();
        let is_looped = |field: Field<'_>| field.text().eq_ignore_ascii_case(&address);
        header.all("List-Id").any(|field| field.text().to_ascii_lowercase().ends_with(&id))
            || header.all("X-Loop").any(is_looped)
            || was_delivered_to(header, &address)
    }

    /// The message as the list distributes it, with `on_top`, which are whole lines, before it.
    pub fn distribute(&self, message: &Bytes, on_top: &str) -> Bytes {
        let message = Message::parse(message);
        let mut octets = Vec::with_capacity(message.octets().len() + on_top.len() + 1_024);
        octets.extend_from_slice(on_top.as_bytes());
        let mut has_subject = false;
        for field in message.header().fields() {
            if self.takes_out(field) {
                continue;
            }
            if field.is("Subject") && !has_subject {
                has_subject = true;
                octets.extend_from_slice(&self.subject(field));
            } else {
                octets.extend_from_slice(field.octets());
            }
            if !octets.ends_with(b"\n") {
                octets.extend_from_slice(b"\r\n");
            }
        }
        octets.extend_from_slice(self.fields(has_subject).as_bytes());
        octets.extend_from_slice(b"\r\n");
        octets.extend_from_slice(message.body());
        Bytes::from(octets)
    }

    /// Fields of another list, and those that are about the way to this one.
    fn takes_out(&self, field: Field<'_>) -> bool {
        let name = field.name();
        let is_list = name.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"List-"));
        is_list
            || TAKEN_OUT.iter().any(|name| field.is(name))
            || (self.reply_to.is_some() && field.is("Reply-To"))
    }

    /// The subject with the prefix, unless it is in there already, as in a reply.
    fn subject(&self, field: Field<'_>) -> Vec<u8> {
        let Some(prefix) = self.subject_prefix else { return field.octets().to_vec() };
        let shown = decode_words(&field.value()).to_ascii_lowercase();
        if shown.contains(&prefix.to_ascii_lowercase()) {
            return field.octets().to_vec();
        }
        let rest = field.raw_value();
        let rest = &rest[rest.iter().take_while(|octet| matches!(octet, b' ' | b'\t')).count()..];
        let first_line = rest.iter().position(|octet| *octet == b'\n').unwrap_or(rest.len());
        // Folded after the prefix where the line would be too long (RFC 5322 §2.1.1). A value that
        // begins on its second line goes on there.
        let before = match rest {
            [] | [b'\r' | b'\n', ..] => "",
            _ if "Subject: ".len() + prefix.len() + 1 + first_line > LINE_CHARACTERS => "\r\n ",
            _ => " ",
        };
        [format!("Subject: {prefix}{before}").as_bytes(), rest, b"\r\n"].concat()
    }

    /// The list's own fields.
    fn fields(&self, has_subject: bool) -> String {
        let ListFields { name, domain, subject_prefix, reply_to } = self;
        let mut fields = String::with_capacity(1_024);
        let mut add = |name: &str, value: &str| {
            write!(fields, "{name}: {value}\r\n").expect("a String takes everything");
        };
        if let (Some(prefix), false) = (subject_prefix, has_subject) {
            add("Subject", &format!("{prefix} (no subject)"));
        }
        if let Some(reply_to) = reply_to {
            add("Reply-To", reply_to);
        }
        let url = UrlText(name);
        add("Sender", &format!("{name}-bounces@{domain}"));
        add("Precedence", "list");
        add("X-Loop", &self.address());
        add("List-Id", &format!("<{}>", self.id()));
        add("List-Help", &format!("<mailto:{url}-request@{domain}?subject=help>"));
        add("List-Unsubscribe", &format!("<mailto:{url}-request@{domain}?subject=unsubscribe>"));
        add("List-Post", &format!("<mailto:{url}@{domain}>"));
        add("List-Owner", &format!("<mailto:{url}-owner@{domain}>"));
        fields
    }
}

/// The reverse-path's local part that tells by whom a message could not be had (VERP): for the
/// member `bob@example.com` of the list `team`, `team-bounces+bob=example.com`.
pub fn verp(name: &str, member_local_part: &str, member_domain: &str) -> String {
    format!("{name}-bounces+{member_local_part}={member_domain}")
}

/// The member that the detail of such a local part, what stands after the `+`, names.
pub fn verp_member(detail: &str) -> Option<String> {
    let (local_part, domain) = detail.rsplit_once('=')?;
    (!local_part.is_empty() && !domain.is_empty()).then(|| format!("{local_part}@{domain}"))
}

/// A local part in a URL (RFC 3986 §2.1).
struct UrlText<'a>(&'a str);

impl std::fmt::Display for UrlText<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.bytes().try_for_each(|octet| match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                f.write_char(char::from(octet))
            }
            _ => write!(f, "%{octet:02X}"),
        })
    }
}

/// What Mailman takes out, beside the fields of other lists.
const TAKEN_OUT: &[&str] = &[
    "Return-Path",
    "Sender",
    "Precedence",
    "Errors-To",
    "Archived-At",
    "Return-Receipt-To",
    "Disposition-Notification-To",
    "X-Confirm-Reading-To",
];

/// How long a line should be at most (RFC 5322 §2.1.1).
const LINE_CHARACTERS: usize = 78;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEAM: ListFields<'_> = ListFields {
        name: "team",
        domain: "example.com",
        subject_prefix: Some("[team]"),
        reply_to: None,
    };

    fn distributed(list: ListFields<'_>, message: &str) -> String {
        let octets =
            list.distribute(&Bytes::copy_from_slice(message.as_bytes()), "Received: x\r\n");
        String::from_utf8(octets.to_vec()).unwrap()
    }

    fn subject(before: &str, wanted: &str) {
        let text = distributed(TEAM, &format!("{before}From: a@example.org\r\n\r\n"));
        assert!(text.contains(&format!("\n{wanted}\r\n")), "{text}");
        assert_eq!(text.matches("Subject:").count(), 1, "{text}");
        // But for the folding, it is the prefix and the subject.
        assert_eq!(text.lines().filter(|line| line.len() > 78).count(), 0, "{text}");
    }

    #[test]
    fn a_post_gets_the_fields_of_the_list_and_keeps_its_body() {
        let post = "From: Alice <alice@example.org>\r\nTo: team@example.com\r\n\
            Subject: Hello\r\nMessage-ID: <1@example.org>\r\n\r\nHi\r\nList-Id: no field\r\n";
        insta::assert_snapshot!(distributed(TEAM, post).replace("\r\n", "\n"), @r"
        Received: x
        From: Alice <alice@example.org>
        To: team@example.com
        Subject: [team] Hello
        Message-ID: <1@example.org>
        Sender: team-bounces@example.com
        Precedence: list
        X-Loop: team@example.com
        List-Id: <team.example.com>
        List-Help: <mailto:team-request@example.com?subject=help>
        List-Unsubscribe: <mailto:team-request@example.com?subject=unsubscribe>
        List-Post: <mailto:team@example.com>
        List-Owner: <mailto:team-owner@example.com>

        Hi
        List-Id: no field
        ");
    }

    #[test]
    fn the_prefix_stands_once_and_long_subjects_are_folded_after_it() {
        subject("Subject: Hello\r\n", "Subject: [team] Hello");
        subject("subject:Hello\r\n", "Subject: [team] Hello");
        subject("Subject: Re: [TEAM] Hello\r\n", "Subject: Re: [TEAM] Hello");
        subject(
            "Subject: =?utf-8?q?Re=3A_=5Bteam=5D_x?=\r\n",
            "Subject: =?utf-8?q?Re=3A_=5Bteam=5D_x?=",
        );
        subject(
            "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n",
            "Subject: [team] =?utf-8?q?Gr=C3=BC=C3=9Fe?=",
        );
        subject("Subject:\r\n", "Subject: [team]");
        subject("Subject:\r\n Hello\r\n", "Subject: [team]\r\n Hello");
        subject("Subject: one\r\n two\r\n", "Subject: [team] one\r\n two");
        subject("", "Subject: [team] (no subject)");
        let long = "x".repeat(65);
        subject(&format!("Subject: {long}\r\n"), &format!("Subject: [team]\r\n {long}"));
    }

    #[test]
    fn the_fields_of_an_outer_list_and_of_the_way_are_taken_out() {
        let outer = ListFields { name: "all", domain: "example.net", ..TEAM };
        let first = distributed(outer, "Subject: x\r\nSender: a@b.example\r\nX-Y: 1\r\n\r\n");
        let second = distributed(TEAM, &first);
        let header = Header::new(second.as_bytes());
        for name in ["List-Id", "List-Post", "List-Owner", "Sender", "Precedence"] {
            assert_eq!(header.all(name).count(), 1, "{name}: {second}");
        }
        assert_eq!(header.text("Sender").unwrap(), "team-bounces@example.com");
        assert_eq!(header.text("X-Y").unwrap(), "1");
        // Both lists know it again.
        assert!(TEAM.has_distributed(header) && outer.has_distributed(header));
    }

    #[test]
    fn a_message_that_comes_back_is_known() {
        let known = |fields: &str| TEAM.has_distributed(Header::new(fields.as_bytes()));
        assert!(known("List-Id: The Team <TEAM.example.com>\r\n"));
        assert!(known("X-Loop: team@example.com\r\n"));
        assert!(known("Delivered-To: team@example.com\r\n"));
        assert!(!known("List-Id: <other-team.example.com>\r\nX-Loop: a@example.com\r\n"));
        assert!(!known("To: team@example.com\r\n"));
    }

    #[test]
    fn replies_go_to_the_list_where_it_says_so() {
        let list = ListFields { reply_to: Some("team@example.com"), subject_prefix: None, ..TEAM };
        let text = distributed(list, "Reply-To: alice@example.org\r\nSubject: x\r\n\r\n");
        let header = Header::new(text.as_bytes());
        let to: Vec<_> = header.all("Reply-To").map(|field| field.text().into_owned()).collect();
        assert_eq!(to, ["team@example.com"]);
        assert_eq!(header.text("Subject").unwrap(), "x");
        let text = distributed(TEAM, "Reply-To: alice@example.org\r\n\r\n");
        assert!(text.contains("\r\nReply-To: alice@example.org\r\n"), "{text}");
    }

    #[test]
    fn a_reverse_path_names_the_member() {
        let made = verp("team", "bob+x", "example.net");
        assert_eq!(made, "team-bounces+bob+x=example.net");
        let detail = made.strip_prefix("team-bounces+").unwrap();
        assert_eq!(verp_member(detail).as_deref(), Some("bob+x@example.net"));
        assert_eq!(verp_member("bob"), None);
        assert_eq!(verp_member("=example.net"), None);
    }

    proptest! {
        #[test]
        fn any_octets_can_be_distributed(
            octets in prop::collection::vec(prop::sample::select(b"Subject: \r\n\xffList-Id".to_vec()), 0..80)
        ) {
            let message = Bytes::from(octets);
            let sent = TEAM.distribute(&message, "");
            prop_assert!(TEAM.has_distributed(Header::new(&sent)));
            prop_assert!(sent.ends_with(Message::parse(&message).body()));
        }
    }
}

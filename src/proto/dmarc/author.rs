//! The author domain: what stands after the `@` in `From`.
//!
//! Follows RFC 7489 §6.6.1.

use std::borrow::Cow;
use std::fmt;

use super::super::dns::Name;
use super::super::idna;
use super::super::mail::Header;
use super::super::mail::address::parse_mailboxes;

/// Why a message has no author domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoAuthorDomain {
    /// No `From` field.
    NoField,
    /// More than one `From` field.
    SeveralFields,
    /// A field without a domain, as in `From: Undisclosed:;`, or with an address literal.
    NoDomain,
    /// More domains than anyone writes for.
    TooMany,
}

impl fmt::Display for NoAuthorDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NoAuthorDomain::NoField => "no From field",
            NoAuthorDomain::SeveralFields => "several From fields",
            NoAuthorDomain::NoDomain => "no domain in From",
            NoAuthorDomain::TooMany => "too many domains in From",
        })
    }
}

impl std::error::Error for NoAuthorDomain {}

/// The domains in `From`, each once, in their order. Almost always one.
pub fn author_domains(header: Header<'_>) -> Result<Vec<Name>, NoAuthorDomain> {
    let mut fields = header.all("From");
    let field = fields.next().ok_or(NoAuthorDomain::NoField)?;
    if fields.next().is_some() {
        return Err(NoAuthorDomain::SeveralFields);
    }
    let mut domains: Vec<Name> = Vec::new();
    for mailbox in parse_mailboxes(field.raw_value()) {
        // One address without a domain spoils the field: it may be the one that is shown.
        let domain = domain(&mailbox.domain).ok_or(NoAuthorDomain::NoDomain)?;
        if domains.contains(&domain) {
            continue;
        }
        if domains.len() == MAX_DOMAINS {
            return Err(NoAuthorDomain::TooMany);
        }
        domains.push(domain);
    }
    if domains.is_empty() { Err(NoAuthorDomain::NoDomain) } else { Ok(domains) }
}

/// A domain as an address has it. An address literal is none.
fn domain(octets: &[u8]) -> Option<Name> {
    let octets = octets.strip_suffix(b".").unwrap_or(octets);
    if octets.is_empty() || octets.contains(&b'[') {
        return None;
    }
    // The DNS has A-labels (RFC 8616 §5). What is no U-label is no name of anybody.
    let ascii = match octets.is_ascii() {
        true => Cow::Borrowed(octets),
        false => {
            idna::to_ascii(std::str::from_utf8(octets).ok()?)?.into_owned().into_bytes().into()
        }
    };
    Name::from_labels(ascii.split(|&octet| octet == b'.')).ok()
}

/// More domains in one field are not looked up.
const MAX_DOMAINS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &str, wanted: Result<&[&str], NoAuthorDomain>) {
        let found = author_domains(Header::new(header.as_bytes()));
        let found = found.map(|names| names.iter().map(Name::to_string).collect::<Vec<_>>());
        assert_eq!(found, wanted.map(|names| names.iter().map(|&n| n.to_owned()).collect()));
    }

    #[test]
    fn one_address_is_the_common_case() {
        check("From: Bob <bob@Example.COM>\r\n", Ok(&["Example.COM."]));
        check("from: \"a@b.example\" <bob@example.com.>\r\n", Ok(&["example.com."]));
        check("From: bob@example.com (a@b.example)\r\n", Ok(&["example.com."]));
        check("From: josé@bücher.example\r\n", Ok(&["xn--bcher-kva.example."]));
    }

    #[test]
    fn several_domains_are_all_told_once() {
        check(
            "From: a@a.example, b@b.example,\r\n c@A.example\r\n",
            Ok(&["a.example.", "b.example."]),
        );
        let many: Vec<String> = (0..5).map(|number| format!("a@a{number}.example")).collect();
        check(&format!("From: {}\r\n", many.join(", ")), Err(NoAuthorDomain::TooMany));
    }

    #[test]
    fn a_field_may_have_no_domain() {
        check("To: bob@example.com\r\n", Err(NoAuthorDomain::NoField));
        check("From: a@a.example\r\nFROM: a@a.example\r\n", Err(NoAuthorDomain::SeveralFields));
        check("From: Undisclosed:;\r\n", Err(NoAuthorDomain::NoDomain));
        check("From: bob\r\n", Err(NoAuthorDomain::NoDomain));
        check("From: bob@[192.0.2.1]\r\n", Err(NoAuthorDomain::NoDomain));
        check("From: bob@a..b\r\n", Err(NoAuthorDomain::NoDomain));
        check("From: bob@a.example, carol\r\n", Err(NoAuthorDomain::NoDomain));
    }
}

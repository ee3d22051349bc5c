//! Mailboxes, and beside them the paths of an envelope (RFC 5321 §4.1.2).
//!
//! A local part is kept as it came, quotes and all, for nobody but the final host may interpret it
//! (§2.3.11). Domains compare without case.
//!
//! Local parts and domains may go beyond ASCII (RFC 6531 §3.3). Such an address travels only in a
//! transaction with SMTPUTF8: who hands one on asks [`Mailbox::is_ascii`] first.
//!
//! Deviation: underscores are accepted in domains, as Postfix does, and a local part may exceed
//! 64 octets, for the addresses of VERP and SRS do (§4.5.3.1 asks for no limit where possible).
//!
//! Not modelled: address literals other than IPv4 and IPv6; which characters IDNA allows in a label
//! (RFC 5892), where everything beyond ASCII but control characters and spaces is taken; Unicode
//! normalisation.

mod path;

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::sync::Arc;

pub use path::{ForwardPath, ReversePath};

/// An address `local-part@domain`, checked. Cheap to clone.
///
/// Two mailboxes are equal when their local parts are, octet for octet, and their domains are
/// but for case.
#[derive(Clone)]
pub struct Mailbox {
    text: Arc<str>,
    at: usize,
}

impl Mailbox {
    /// The mailbox `local_part@domain`, both in their form on the wire.
    ///
    /// # Errors
    ///
    /// Where a part breaks the syntax of RFC 5321 §4.1.2.
    pub fn new(local_part: &str, domain: &str) -> Result<Self, AddressError> {
        format!("{local_part}@{domain}").parse()
    }

    /// The local part as it came, quoted or not.
    pub fn local_part(&self) -> &str {
        &self.text[..self.at]
    }

    /// The local part without its quotes and backslashes: what a mailbox is looked up by.
    pub fn unquoted_local_part(&self) -> Cow<'_, str> {
        let local_part = self.local_part();
        let Some(inner) = local_part.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'))
        else {
            return Cow::Borrowed(local_part);
        };
        if !inner.contains('\\') {
            return Cow::Borrowed(inner);
        }
        let mut plain = String::with_capacity(inner.len());
        let mut chars = inner.chars();
        while let Some(c) = chars.next() {
            plain.extend(if c == '\\' { chars.next() } else { Some(c) });
        }
        Cow::Owned(plain)
    }

    /// The domain as it came: a name, or an address literal in brackets.
    pub fn domain(&self) -> &str {
        &self.text[self.at + 1..]
    }

    /// The address where the domain is an address literal.
    pub fn address_literal(&self) -> Option<IpAddr> {
        parse_address_literal(self.domain())
    }

    /// Whether this mailbox is in `domain`; case does not matter.
    pub fn is_in_domain(&self, domain: &str) -> bool {
        self.domain().eq_ignore_ascii_case(domain)
    }

    /// Whether the address does without SMTPUTF8 (RFC 6531).
    pub fn is_ascii(&self) -> bool {
        self.text.is_ascii()
    }

    /// The whole address as it came.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The same, to be shared.
    pub(super) fn text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }
}

impl FromStr for Mailbox {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (mailbox, rest) = parse_mailbox(text)?;
        if rest.is_empty() { Ok(mailbox) } else { Err(AddressError::BadDomain) }
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailbox({})", self.text)
    }
}

impl PartialEq for Mailbox {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
            && (self.text == other.text
                || self.local_part() == other.local_part()
                    && self.domain().eq_ignore_ascii_case(other.domain()))
    }
}

impl Eq for Mailbox {}

impl PartialOrd for Mailbox {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// By domain without case, then by local part.
impl Ord for Mailbox {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let lower = |b: &u8| b.to_ascii_lowercase();
        let ours = self.domain().as_bytes().iter().map(lower);
        let theirs = other.domain().as_bytes().iter().map(lower);
        ours.cmp(theirs).then_with(|| self.local_part().cmp(other.local_part()))
    }
}

impl Hash for Mailbox {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.local_part().hash(state);
        for b in self.domain().bytes() {
            state.write_u8(b.to_ascii_lowercase());
        }
    }
}

/// Why a text is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressError {
    /// Angle brackets or the source route are not as they should be.
    BadPath,
    /// The local part is empty or has a character it may not have unquoted.
    BadLocalPart,
    /// There is no `@` and domain.
    NoDomain,
    /// The domain is no host name and no address literal.
    BadDomain,
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AddressError::BadPath => "the path is not <local-part@domain>",
            AddressError::BadLocalPart => "the local part is empty or needs quotes",
            AddressError::NoDomain => "the address has no domain",
            AddressError::BadDomain => "the domain is neither a host name nor an address literal",
        })
    }
}

impl std::error::Error for AddressError {}

/// Whether `text` is a domain name or an address literal of RFC 5321 §4.1.2, in ASCII.
pub fn is_domain(text: &str) -> bool {
    text.is_ascii() && domain_len(text) == Some(text.len())
}

fn parse_mailbox(text: &str) -> Result<(Mailbox, &str), AddressError> {
    let at = local_part_len(text).ok_or(AddressError::BadLocalPart)?;
    let domain = text[at..].strip_prefix('@').ok_or(match text[at..].bytes().next() {
        None | Some(b'>' | b' ') => AddressError::NoDomain,
        Some(_) => AddressError::BadLocalPart,
    })?;
    let end = at + 1 + domain_len(domain).ok_or(AddressError::BadDomain)?;
    Ok((Mailbox { text: text[..end].into(), at }, &text[end..]))
}

/// The length of the Dot-string or Quoted-string that `text` starts with.
fn local_part_len(text: &str) -> Option<usize> {
    let octets = text.as_bytes();
    if octets.first() == Some(&b'"') {
        let mut i = 1;
        loop {
            match octets.get(i)? {
                b'"' => return Some(i + 1),
                // A backslash quotes ASCII only (RFC 6531 §3.3 leaves quoted-pairSMTP as it is).
                b'\\' => {
                    octets.get(i + 1).filter(|b| matches!(b, b' '..=b'~'))?;
                    i += 2;
                }
                b' '..=b'~' | 0x80.. => i += 1,
                _ => return None,
            }
        }
    }
    // A dot stands between two others: not first, not last, not behind another one.
    let (mut len, mut after_dot, mut dots_stand_between) = (0, true, true);
    while let Some(&b) = octets.get(len) {
        let is_dot = b == b'.';
        if !is_dot && !is_atext(b) {
            break;
        }
        dots_stand_between &= !(is_dot && after_dot);
        after_dot = is_dot;
        len += 1;
    }
    let good = dots_stand_between && !after_dot && !has_strange_space(&text[..len]);
    good.then_some(len)
}

/// `atext` of RFC 5322 §3.2.3, and an octet of any character beyond ASCII (RFC 6531 §3.3).
pub(super) fn is_atext(b: u8) -> bool {
    ATEXT[usize::from(b)]
}

static ATEXT: [bool; 256] = {
    let others = b"!#$%&'*+-/=?^_`{|}~";
    let (mut table, mut at) = ([false; 256], 0);
    while at < others.len() {
        table[others[at] as usize] = true;
        at += 1;
    }
    at = 0;
    while at < table.len() {
        table[at] |= (at as u8).is_ascii_alphanumeric() || at >= 0x80;
        at += 1;
    }
    table
};

/// Whether there are spaces or control characters beyond ASCII, which nobody types into an address.
fn has_strange_space(text: &str) -> bool {
    !text.is_ascii() && text.chars().any(|c| !c.is_ascii() && (c.is_control() || c.is_whitespace()))
}

/// The length of the Domain or address-literal that `text` starts with.
fn domain_len(text: &str) -> Option<usize> {
    if text.starts_with('[') {
        let len = text.find(']')? + 1;
        return parse_address_literal(&text[..len]).map(|_| len);
    }
    let octets = text.as_bytes();
    let mut len = 0;
    loop {
        let start = len;
        while octets.get(len).is_some_and(|b| IN_LABEL[usize::from(*b)]) {
            len += 1;
        }
        let label = &octets[start..len];
        let good = matches!(label, [b, ..] if *b != b'-') && label.len() <= 63;
        if !good || label.ends_with(b"-") {
            return None;
        }
        if octets.get(len) != Some(&b'.') {
            break;
        }
        len += 1;
    }
    (len <= 255 && !has_strange_space(&text[..len])).then_some(len)
}

/// What a label of a domain consists of: letters, digits, hyphens, underscores, and octets of any
/// character beyond ASCII.
static IN_LABEL: [bool; 256] = {
    let (mut table, mut at) = ([false; 256], 0);
    while at < table.len() {
        let octet = at as u8;
        table[at] = octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | 0x80..);
        at += 1;
    }
    table
};

/// `[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321 §4.1.3).
fn parse_address_literal(text: &str) -> Option<IpAddr> {
    const TAG: &str = "IPv6:";
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    match inner.get(..TAG.len()) {
        Some(tag) if tag.eq_ignore_ascii_case(TAG) => {
            inner[TAG.len()..].parse::<Ipv6Addr>().ok().map(IpAddr::V6)
        }
        _ => inner.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mailbox(text: &str) -> Mailbox {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn addresses_are_kept_as_they_came() {
        for text in [
            "Jones@Foo.COM",
            "\"Joe\\,Smith\"@example.org",
            "\"a@b>c\"@example.org",
            "o'brien+tag=x/y@example.org",
            "user@[192.0.2.1]",
            "user@[IPv6:2001:db8::1]",
            "a@localhost",
            "x@a_b.example",
            "用户@例子.广告",
            "\"José Pérez\"@exämple.org",
        ] {
            assert_eq!(mailbox(text).to_string(), text);
            assert_eq!(mailbox(text).is_ascii(), text.is_ascii());
        }
    }

    #[test]
    fn mistakes_are_named() {
        use AddressError::*;
        for (text, error) in [
            ("", BadLocalPart),
            ("@example.org", BadLocalPart),
            (".a@example.org", BadLocalPart),
            ("a..b@example.org", BadLocalPart),
            ("a b@example.org", NoDomain),
            ("a(b@example.org", BadLocalPart),
            ("\"a@example.org", BadLocalPart),
            ("\"a\tb\"@example.org", BadLocalPart),
            ("bob", NoDomain),
            ("bob@", BadDomain),
            ("bob@-example.org", BadDomain),
            ("bob@example..org", BadDomain),
            ("bob@example.org.", BadDomain),
            ("bob@ex\u{a0}mple.org", BadDomain),
            ("b\u{85}b@example.org", BadLocalPart),
            ("bob@[300.0.2.1]", BadDomain),
            ("bob@[192.0.2.1", BadDomain),
            ("bob@[2001:db8::1]", BadDomain),
            ("bob@a@example.org", BadDomain),
        ] {
            assert_eq!(text.parse::<Mailbox>(), Err(error), "{text}");
        }
        let label = "a".repeat(64);
        assert_eq!(Mailbox::new("bob", &label), Err(BadDomain));
        assert_eq!(Mailbox::new("bob", &"a.".repeat(128)), Err(BadDomain));
        assert_eq!(Mailbox::new("bob@example.org>", "x"), Err(BadDomain));
    }

    #[test]
    fn domains_compare_without_case_and_local_parts_with_it() {
        assert_eq!(mailbox("bob@Example.ORG"), mailbox("bob@example.org"));
        assert_ne!(mailbox("Bob@example.org"), mailbox("bob@example.org"));
    }

    #[test]
    fn quotes_come_off_for_the_look_up() {
        assert_eq!(mailbox("\"a\\\"b c\"@example.org").unquoted_local_part(), "a\"b c");
        assert_eq!(mailbox("\"bob\"@example.org").unquoted_local_part(), "bob");
        assert_eq!(mailbox("bob@example.org").unquoted_local_part(), "bob");
    }

    #[test]
    fn literals_give_their_address() {
        assert_eq!(
            mailbox("a@[ipv6:2001:db8::1]").address_literal(),
            Some("2001:db8::1".parse().unwrap())
        );
        assert_eq!(mailbox("a@example.org").address_literal(), None);
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics_and_what_parses_prints_the_same(text in "[ -~é]{0,40}") {
            if let Ok(mailbox) = text.parse::<Mailbox>() {
                prop_assert_eq!(mailbox.to_string(), text.clone());
                prop_assert_eq!(format!("<{mailbox}>").parse(), Ok(ForwardPath::Mailbox(mailbox)));
            }
        }

        #[test]
        fn plausible_addresses_parse(local in "[a-z0-9+_]{1,10}(\\.[a-z]{1,5}){0,2}",
                                     domain in "[a-z0-9]{1,10}(\\.[a-z]{1,5}){0,3}") {
            let mailbox = Mailbox::new(&local, &domain).unwrap();
            prop_assert_eq!(mailbox.local_part(), local);
            prop_assert_eq!(mailbox.domain(), domain);
        }
    }
}

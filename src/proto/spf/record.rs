//! SPF records: directives and modifiers (RFC 7208 §4.5, §4.6, §5, §6 and §12).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::cidr::{DualCidr, covers_ip4, covers_ip6, prefix_length};
use super::domain_spec::DomainSpec;
use super::macro_string::{MacroString, Place};
use super::syntax::{SyntaxError, SyntaxProblem};
use super::verdict::SpfResult;

/// A record without mistakes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    /// In the order in which they are evaluated.
    pub directives: Vec<Directive>,
    /// Whose record is evaluated instead when no directive matches (§6.1).
    pub redirect: Option<DomainSpec>,
    /// Where the explanation of a `fail` is (§6.2).
    pub exp: Option<DomainSpec>,
}

/// A mechanism with its qualifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// What a match means.
    pub qualifier: Qualifier,
    /// What is matched.
    pub mechanism: Mechanism,
    /// As it was published.
    pub text: String,
}

/// What a match means (§4.6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Qualifier {
    /// `+`, and what no qualifier means.
    #[default]
    Pass,
    /// `-`
    Fail,
    /// `~`
    SoftFail,
    /// `?`
    Neutral,
}

impl Qualifier {
    /// The result of a match.
    pub fn result(self) -> SpfResult {
        match self {
            Qualifier::Pass => SpfResult::Pass,
            Qualifier::Fail => SpfResult::Fail,
            Qualifier::SoftFail => SpfResult::SoftFail,
            Qualifier::Neutral => SpfResult::Neutral,
        }
    }
}

/// What clients a directive is for (§5). Without a domain it is the one of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mechanism {
    /// Any (§5.1).
    All,
    /// Those that another record passes (§5.2).
    Include(DomainSpec),
    /// The addresses of a name (§5.3).
    A(Option<DomainSpec>, DualCidr),
    /// The addresses of a domain's exchanges (§5.4).
    Mx(Option<DomainSpec>, DualCidr),
    /// Those whose names are in a domain (§5.5).
    Ptr(Option<DomainSpec>),
    /// An IPv4 network, with the bits of its prefix (§5.6).
    Ip4(Ipv4Addr, u8),
    /// An IPv6 network, with the bits of its prefix (§5.6).
    Ip6(Ipv6Addr, u8),
    /// Any, if a name has an address (§5.7).
    Exists(DomainSpec),
}

impl Mechanism {
    /// The domain that it names, if it names one.
    pub fn domain_spec(&self) -> Option<&DomainSpec> {
        match self {
            Mechanism::Include(spec) | Mechanism::Exists(spec) => Some(spec),
            Mechanism::A(spec, _) | Mechanism::Mx(spec, _) | Mechanism::Ptr(spec) => spec.as_ref(),
            Mechanism::All | Mechanism::Ip4(..) | Mechanism::Ip6(..) => None,
        }
    }

    /// Whether it matches, where no name has to be looked up for that.
    pub fn matches(&self, client: IpAddr) -> Option<bool> {
        match (self, client) {
            (Mechanism::All, _) => Some(true),
            (Mechanism::Ip4(network, bits), IpAddr::V4(client)) => {
                Some(covers_ip4(*network, *bits, client))
            }
            (Mechanism::Ip6(network, bits), IpAddr::V6(client)) => {
                Some(covers_ip6(*network, *bits, client))
            }
            (Mechanism::Ip4(..) | Mechanism::Ip6(..), _) => Some(false),
            _ => None,
        }
    }
}

impl Record {
    /// Whether a TXT record is one of SPF: `v=spf1` in any case, then a space or the end (§4.5).
    pub fn is_record(text: &[u8]) -> bool {
        let version = text.split(|octet| *octet == b' ').next().unwrap_or_default();
        version.eq_ignore_ascii_case(VERSION)
    }

    /// Reads the text of a TXT record for which [`Record::is_record`] holds.
    ///
    /// # Errors
    /// The first mistake; one is enough to make the whole record void (§4.6).
    pub fn parse(text: &[u8]) -> Result<Self, SyntaxError> {
        let mut record = Record::default();
        let terms = text.split(|octet| *octet == b' ').skip(1).filter(|term| !term.is_empty());
        for term in terms {
            record.push(term).map_err(|problem| {
                let term = String::from_utf8_lossy(term).into_owned();
                SyntaxError { term, problem }
            })?;
        }
        Ok(record)
    }

    fn push(&mut self, term: &[u8]) -> Result<(), SyntaxProblem> {
        let Some((name, value)) = split_modifier(term) else {
            self.directives.push(Directive::parse(term)?);
            return Ok(());
        };
        let place = if name.eq_ignore_ascii_case(b"redirect") {
            &mut self.redirect
        } else if name.eq_ignore_ascii_case(b"exp") {
            &mut self.exp
        } else {
            // What it means nobody here knows, but its syntax is known (§6).
            return MacroString::parse(value, Place::Term).map(drop);
        };
        // An empty domain is a mistake in `exp` too: the grammar counts, not the first words of the
        // list of what is passed over in §6.2.
        let spec = DomainSpec::parse(value)?;
        match place.replace(spec) {
            None => Ok(()),
            Some(_) => Err(SyntaxProblem::RepeatedModifier),
        }
    }
}

/// `name "=" value`, where the name is `ALPHA *( ALPHA / DIGIT / "-" / "_" / "." )`.
fn split_modifier(term: &[u8]) -> Option<(&[u8], &[u8])> {
    let equals = memchr::memchr(b'=', term)?;
    let (name, value) = (&term[..equals], &term[equals + 1..]);
    let (first, rest) = name.split_first()?;
    let is_name = first.is_ascii_alphabetic()
        && rest.iter().all(|octet| octet.is_ascii_alphanumeric() || b"-_.".contains(octet));
    is_name.then_some((name, value))
}

impl Directive {
    fn parse(term: &[u8]) -> Result<Self, SyntaxProblem> {
        let (qualifier, mechanism) = match term {
            [b'+', rest @ ..] => (Qualifier::Pass, rest),
            [b'-', rest @ ..] => (Qualifier::Fail, rest),
            [b'~', rest @ ..] => (Qualifier::SoftFail, rest),
            [b'?', rest @ ..] => (Qualifier::Neutral, rest),
            rest => (Qualifier::default(), rest),
        };
        let mechanism = Mechanism::parse(mechanism)?;
        // A term without mistakes is US-ASCII.
        Ok(Directive { qualifier, mechanism, text: String::from_utf8_lossy(term).into_owned() })
    }
}

/// As it was published.
impl fmt::Display for Directive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Mechanism {
    fn parse(text: &[u8]) -> Result<Self, SyntaxProblem> {
        let end = text.iter().position(|octet| b":/".contains(octet)).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let name = name.to_ascii_lowercase();
        match name.as_slice() {
            b"all" => nothing(rest).map(|()| Mechanism::All),
            b"include" => argument(rest).and_then(DomainSpec::parse).map(Mechanism::Include),
            b"exists" => argument(rest).and_then(DomainSpec::parse).map(Mechanism::Exists),
            b"a" => {
                let (rest, cidr) = DualCidr::split(rest)?;
                Ok(Mechanism::A(optional_domain(rest)?, cidr))
            }
            b"mx" => {
                let (rest, cidr) = DualCidr::split(rest)?;
                Ok(Mechanism::Mx(optional_domain(rest)?, cidr))
            }
            b"ptr" => optional_domain(rest).map(Mechanism::Ptr),
            b"ip4" => {
                let (network, bits) = network(argument(rest)?, 32)?;
                let network = network.and_then(|text| text.parse().ok());
                Ok(Mechanism::Ip4(network.ok_or(SyntaxProblem::Ip4Network)?, bits))
            }
            b"ip6" => {
                let (network, bits) = network(argument(rest)?, 128)?;
                let network = network.and_then(|text| text.parse().ok());
                Ok(Mechanism::Ip6(network.ok_or(SyntaxProblem::Ip6Network)?, bits))
            }
            _ => Err(SyntaxProblem::UnknownMechanism),
        }
    }
}

fn nothing(rest: &[u8]) -> Result<(), SyntaxProblem> {
    if rest.is_empty() { Ok(()) } else { Err(SyntaxProblem::UnexpectedArgument) }
}

/// What follows the colon; something has to.
fn argument(rest: &[u8]) -> Result<&[u8], SyntaxProblem> {
    match rest {
        [b':', argument @ ..] if !argument.is_empty() => Ok(argument),
        [] | [b':'] => Err(SyntaxProblem::MissingArgument),
        _ => Err(SyntaxProblem::UnexpectedArgument),
    }
}

/// `[ ":" domain-spec ]`
fn optional_domain(rest: &[u8]) -> Result<Option<DomainSpec>, SyntaxProblem> {
    match rest {
        [] => Ok(None),
        rest => argument(rest).and_then(DomainSpec::parse).map(Some),
    }
}

/// The text of the address, `None` if it is none at all, and the bits of the prefix.
fn network(text: &[u8], most: u8) -> Result<(Option<&str>, u8), SyntaxProblem> {
    let (address, bits) = match memchr::memchr(b'/', text) {
        Some(slash) => (&text[..slash], prefix_length(&text[slash + 1..], most)?),
        None => (text, most),
    };
    Ok((std::str::from_utf8(address).ok(), bits))
}

const VERSION: &[u8] = b"v=spf1";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<Record, SyntaxError> {
        Record::parse(format!("v=spf1 {text}").as_bytes())
    }

    #[track_caller]
    fn good(text: &str) -> Record {
        parse(text).unwrap_or_else(|error| panic!("{error}"))
    }

    #[track_caller]
    fn check_bad(texts: &[&str], problem: SyntaxProblem) {
        for text in texts {
            assert_eq!(parse(text).map_err(|error| error.problem), Err(problem), "{text}");
        }
    }

    #[test]
    fn the_version_ends_at_a_space_or_the_end() {
        assert!(Record::is_record(b"v=spf1"));
        assert!(Record::is_record(b"V=SpF1 -all"));
        for other in ["v=spf10", "v=spf1\t-all", " v=spf1", "v=spf2.0/pra", "", "v=spf1-all"] {
            assert!(!Record::is_record(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn directives_stand_in_order_and_modifiers_anywhere() {
        let record = good("exp=why.example.com  a -mx/24//64 moo=%{d} ~all REDIRECT=example.net ");
        let texts: Vec<_> = record.directives.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["a", "-mx/24//64", "~all"]);
        assert_eq!(record.directives[0].qualifier, Qualifier::Pass);
        let cidr = DualCidr { ip4_bits: 24, ip6_bits: 64 };
        assert_eq!(record.directives[1].mechanism, Mechanism::Mx(None, cidr));
        assert_eq!(record.directives[1].qualifier, Qualifier::Fail);
        assert!(record.redirect.is_some() && record.exp.is_some());
        assert_eq!(good(""), Record::default());
    }

    #[test]
    fn names_are_compared_without_case() {
        let record = good("ALL Include:a.b A:a.b MX PTR IP4:192.0.2.1 iP6:::1 Exists:a.b");
        assert_eq!(record.directives.len(), 8);
        assert_eq!(record.directives[5].mechanism, Mechanism::Ip4([192, 0, 2, 1].into(), 32));
        assert_eq!(record.directives[6].mechanism, Mechanism::Ip6(Ipv6Addr::LOCALHOST, 128));
    }

    #[test]
    fn a_modifier_of_any_other_name_is_ignored() {
        for text in ["all=x", "a.b-c_d=", "moo=a:b/c=d", "a=b", "default=pass", "x=%{d}%%"] {
            assert_eq!(good(text), Record::default(), "{text}");
        }
    }

    #[test]
    fn every_mistake_has_its_reason() {
        use SyntaxProblem::*;
        let unknown = ["foo", "allx", "-", "=x", "1=x", "-a=b", "moo:x", "%{d}", "redirect", "v6"];
        check_bad(&unknown, UnknownMechanism);
        check_bad(&["include", "exists", "ip4", "ip6:", "a:", "mx:/24", "ptr:"], MissingArgument);
        check_bad(&["exp=", "redirect="], MissingArgument);
        let unexpected = ["all:x", "all/8", "a/", "mx/24/24", "ptr/0", "include/24", "a/-1"];
        check_bad(&unexpected, UnexpectedArgument);
        check_bad(&["ip4:192.0.2.1/33", "ip4:192.0.2.1/", "ip4:192.0.2.1//32"], PrefixLength);
        check_bad(&["ip4:192.0.2.1/032", "a/33", "mx//129", "ip6:::1/129"], PrefixLength);
        check_bad(&["ip4:192.0.2", "ip4:192.0.2.1:8080", "ip4:192.0.2.01", "ip4:::1"], Ip4Network);
        check_bad(&["ip6:1:2", "ip6:192.0.2.1", "ip6:::1%1", "ip6:[::1]"], Ip6Network);
        check_bad(&["a:example.com\0"], Character(0));
        check_bad(&["moo=%a", "a:%{x}.com", "exists:%(d)"], Macro);
        check_bad(&["exists:%{t}.com", "exp=%{r}.com"], ExplanationMacro);
        check_bad(&["include:com", "a:a.b/24x", "exists:a.b/24", "redirect=a.1"], TopLabel);
        check_bad(&["redirect=a.b redirect=a.b", "exp=a.b EXP=a.b"], RepeatedModifier);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn arbitrary_octets_never_panic(text in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = (Record::is_record(&text), Record::parse(&text));
        }

        #[test]
        fn what_looks_like_terms_never_panics(
            text in "v=spf1( [+?~-]?(a|mx|ptr|exists|ip4|ip6|include|all|exp=|redirect=)[:/.%{}a-z0-9-]{0,12}){0,6}"
        ) {
            if let Err(error) = Record::parse(text.as_bytes()) {
                prop_assert!(text.contains(&error.term));
            }
        }
    }
}

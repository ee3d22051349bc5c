//! Names that mean the same everywhere, and so are asked of nobody: `localhost`, `invalid`, the
//! reverse zones of private addresses and others.
//!
//! Follows RFC 6761, RFC 6303, RFC 7534, RFC 7686 (`onion`), RFC 8375 (`home.arpa`), RFC 8880 and
//! RFC 9462, with the records of Unbound's default local zones.
//!
//! A special zone is one like any other where the resolver is told of a zone in it: by
//! [`ResolverConfig::ordinary_names`], a stub or forward zone, or a zone of its own. So a world that
//! has a `mail.test` or a `10.in-addr.arpa` can use it.
//!
//! Deviation: the reverse zones of the documentation ranges (RFC 5737, RFC 3849) are not special
//! here: they are where the hosts of a simulated world live.
//!
//! [`ResolverConfig::ordinary_names`]: super::ResolverConfig::ordinary_names

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::proto::dns::{Name, Question, Rcode, Record, RecordData, RecordType, Soa};

use super::resolution::Outcome;
use super::{Resolver, ResolverConfig};

/// What a special zone holds beside its SOA and NS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The loopback addresses, at every name.
    Localhost,
    /// A pointer to `localhost` at the name of the loopback address.
    Loopback,
    /// Nothing.
    Empty,
}

impl ResolverConfig {
    /// Takes those of these zones for ordinary names that special names are above.
    pub fn keep_ordinary<'a>(&mut self, zones: impl IntoIterator<Item = &'a Name>) {
        let is_special = |zone: &&Name| special_zone(zone).is_some();
        self.ordinary_names.extend(zones.into_iter().filter(is_special).cloned());
    }
}

impl Resolver {
    /// The answer to a question for a special name; `None` for all others.
    pub(super) fn special_answer(&self, question: &Question) -> Option<Outcome> {
        if !self.config.special_names {
            return None;
        }
        let (labels, kind) = special_zone(&question.name)?;
        let zone = question.name.last_labels(labels);
        let config = &self.config;
        let stubs = config.stub_zones.iter().map(|stub| &stub.zone);
        let forwards = config.forward_zones.iter().map(|forward| &forward.zone);
        let mut ordinary = config.ordinary_names.iter().chain(stubs).chain(forwards);
        if ordinary.any(|name| name.is_subdomain_of(&zone)) || self.is_local(&question.name) {
            return None;
        }
        Some(answer(question, &zone, kind))
    }
}

fn answer(question: &Question, zone: &Name, kind: Kind) -> Outcome {
    let (name, rtype) = (&question.name, question.rtype);
    let is_apex = name == zone;
    let localhost = || Name::from_labels([&b"localhost"[..]]).expect("one short label");
    let mut data = Vec::new();
    let exists = match kind {
        Kind::Localhost => {
            data.push(RecordData::A(Ipv4Addr::LOCALHOST));
            data.push(RecordData::Aaaa(Ipv6Addr::LOCALHOST));
            true
        }
        Kind::Loopback => {
            let pointer: Name = LOOPBACK.parse().expect("a name");
            let v6 = zone.label_count() > 4;
            if v6 && is_apex || *name == pointer {
                data.push(RecordData::Ptr(localhost()));
            }
            is_apex || pointer.is_subdomain_of(name)
        }
        Kind::Empty => is_apex,
    };
    if is_apex {
        data.push(RecordData::Soa(Box::new(soa(localhost()))));
        data.push(RecordData::Ns(localhost()));
    }
    data.retain(|data| rtype == RecordType::Any || data.rtype() == rtype);
    let answers: Vec<Record> =
        data.into_iter().map(|data| Record::new(name.clone(), TTL_SECS, data)).collect();
    let rcode = if exists { Rcode::NoError } else { Rcode::NxDomain };
    let denial = || {
        let soa = RecordData::Soa(Box::new(soa(localhost())));
        Record::new(zone.clone(), TTL_SECS, soa)
    };
    let denial = answers.is_empty().then(denial);
    Outcome { authoritative: true, ..Outcome::answered(rcode, answers, denial) }
}

/// Whether a name means the same everywhere, or is at least below a special one.
pub fn is_special(name: &Name) -> bool {
    special_zone(name).is_some()
}

/// How many labels the special zone has that `name` is in, and what it holds.
fn special_zone(name: &Name) -> Option<(usize, Kind)> {
    let labels: Vec<&[u8]> = name.labels().collect();
    let mut labels = labels.iter().rev().copied();
    let is = |label: &[u8], text: &str| label.eq_ignore_ascii_case(text.as_bytes());
    let top = labels.next()?;
    for (text, kind) in [
        ("localhost", Kind::Localhost),
        ("invalid", Kind::Empty),
        ("test", Kind::Empty),
        ("onion", Kind::Empty),
    ] {
        if is(top, text) {
            return Some((1, kind));
        }
    }
    if !is(top, "arpa") {
        return None;
    }
    let second = labels.next()?;
    if ["home", "resolver", "service"].iter().any(|text| is(second, text)) {
        return Some((2, Kind::Empty));
    }
    if is(second, "in-addr") {
        return private_v4(labels).map(|(octets, kind)| (2 + octets, kind));
    }
    if is(second, "ip6") {
        return private_v6(labels).map(|(digits, kind)| (2 + digits, kind));
    }
    None
}

/// Of a reverse name the octets of the address, the first first: how many of them name a zone of
/// RFC 6303 §4.2 or RFC 7793.
fn private_v4<'a>(labels: impl Iterator<Item = &'a [u8]>) -> Option<(usize, Kind)> {
    let octets = labels.map(|label| std::str::from_utf8(label).ok()?.parse::<u8>().ok());
    let octets: Vec<u8> = octets.take(4).map_while(|octet| octet).collect();
    Some(match octets[..] {
        [127, ..] => (1, Kind::Loopback),
        [0 | 10, ..] => (1, Kind::Empty),
        [172, 16..=31, ..] | [192, 168, ..] | [169, 254, ..] | [100, 64..=127, ..] => {
            (2, Kind::Empty)
        }
        [255, 255, 255, 255] => (4, Kind::Empty),
        _ => return None,
    })
}

/// As [`private_v4`], by hexadecimal digits (RFC 6303 §4.3 to §4.5).
fn private_v6<'a>(labels: impl Iterator<Item = &'a [u8]>) -> Option<(usize, Kind)> {
    let digit = |label: &'a [u8]| match label {
        [digit] => Some(digit.to_ascii_lowercase()),
        _ => None,
    };
    let digits: Vec<u8> = labels.take(32).map_while(digit).collect();
    Some(match &digits[..] {
        [b'f', b'd', ..] => (2, Kind::Empty),
        [b'f', b'e', b'8' | b'9' | b'a' | b'b', ..] => (3, Kind::Empty),
        [zeros @ .., last @ (b'0' | b'1')]
            if zeros.len() == 31 && zeros.iter().all(|digit| *digit == b'0') =>
        {
            (32, if *last == b'1' { Kind::Loopback } else { Kind::Empty })
        }
        _ => return None,
    })
}

fn soa(mname: Name) -> Soa {
    Soa {
        mname,
        rname: "nobody.invalid.".parse().expect("a name"),
        serial: 1,
        refresh_secs: 3_600,
        retry_secs: 1_200,
        expire_secs: 604_800,
        minimum_secs: TTL_SECS,
    }
}

/// The name of 127.0.0.1.
const LOOPBACK: &str = "1.0.0.127.in-addr.arpa.";

const TTL_SECS: u32 = 10_800;

#[cfg(test)]
mod tests {
    use super::*;

    /// The code and the data of an answer; `None` when the name is not special.
    fn shown(name: &str, rtype: RecordType) -> Option<String> {
        let question = Question::new(name.parse().unwrap(), rtype);
        let (labels, kind) = special_zone(&question.name)?;
        let outcome = answer(&question, &question.name.last_labels(labels), kind);
        let data: Vec<String> =
            outcome.answers.iter().map(|record| record.data.to_string()).collect();
        Some(format!("{} {}", outcome.rcode, data.join(" ")))
    }

    #[test]
    fn special_names_are_answered_as_unbound_does() {
        for (name, rtype, wanted) in [
            ("localhost.", RecordType::A, Some("NOERROR 127.0.0.1")),
            ("LOCALHOST.", RecordType::Aaaa, Some("NOERROR ::1")),
            ("www.localhost.", RecordType::A, Some("NOERROR 127.0.0.1")),
            ("localhost.", RecordType::Mx, Some("NOERROR ")),
            ("1.0.0.127.in-addr.arpa.", RecordType::Ptr, Some("NOERROR localhost.")),
            ("0.127.in-addr.arpa.", RecordType::Ptr, Some("NOERROR ")),
            ("2.0.0.127.in-addr.arpa.", RecordType::Ptr, Some("NXDOMAIN ")),
            ("a.invalid.", RecordType::A, Some("NXDOMAIN ")),
            ("invalid.", RecordType::A, Some("NOERROR ")),
            ("a.test.", RecordType::A, Some("NXDOMAIN ")),
            ("a.onion.", RecordType::A, Some("NXDOMAIN ")),
            ("10.in-addr.arpa.", RecordType::Ns, Some("NOERROR localhost.")),
            ("1.1.31.172.in-addr.arpa.", RecordType::Ptr, Some("NXDOMAIN ")),
            ("1.1.32.172.in-addr.arpa.", RecordType::Ptr, None),
            ("1.2.0.192.in-addr.arpa.", RecordType::Ptr, None),
            ("a.d.f.ip6.arpa.", RecordType::Ptr, Some("NXDOMAIN ")),
            ("a.example.", RecordType::A, None),
            (".", RecordType::Ns, None),
        ] {
            assert_eq!(shown(name, rtype).as_deref(), wanted, "{name} {rtype}");
        }
        let loopback = format!("1.{}ip6.arpa.", "0.".repeat(31));
        assert_eq!(shown(&loopback, RecordType::Ptr).unwrap(), "NOERROR localhost.");
    }
}

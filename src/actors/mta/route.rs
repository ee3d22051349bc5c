//! Where a domain's mail goes: from the answer to an MX look-up to exchanges, and from their
//! addresses to those that are tried, in order.
//!
//! Follows RFC 5321 §5.1 and RFC 7505 (null MX), in the words of Postfix's smtp(8). Pure functions:
//! the look-ups are the caller's.

use std::net::{IpAddr, SocketAddr};

use super::config::{AddressPreference, Limits};
use crate::engine::Stream;
use crate::proto::decimal;
use crate::proto::smtp::EnhancedStatus;

/// One mail exchanger.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Exchange {
    pub(crate) preference: u16,
    /// Host name, without a final dot.
    pub(crate) host: String,
}

/// An address of an exchange.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Candidate {
    pub(crate) preference: u16,
    pub(crate) host: String,
    pub(crate) address: IpAddr,
    /// Whether it is one of this host's.
    pub(crate) own: bool,
}

/// What an MX look-up said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MxAnswer {
    /// The records of the domain; none: the domain exists and has no MX.
    Records(Vec<Exchange>),
    /// The domain does not exist.
    NoSuchDomain,
    /// No answer, or a server's failure. It may work later.
    Failed(String),
}

/// Why mail for a domain goes nowhere now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoRoute {
    /// Class 4: it may work later; class 5: it will not.
    pub(crate) status: EnhancedStatus,
    pub(crate) reason: String,
}

impl NoRoute {
    pub(crate) fn new(status: EnhancedStatus, reason: impl Into<String>) -> Self {
        NoRoute { status, reason: reason.into() }
    }

    /// Postfix's words for a look-up that found nothing.
    pub(crate) fn name_service(status: EnhancedStatus, name: &str, rtype: &str, why: &str) -> Self {
        let reason = format!(
            "Host or domain name not found. Name service error for name={name} type={rtype}: {why}"
        );
        NoRoute { status, reason }
    }

    /// Where mail is for this host, which does not take it (RFC 3463: 5.4.6).
    pub(crate) fn loops(next_hop: &str) -> Self {
        let reason = format!("mail for {next_hop} loops back to myself");
        NoRoute { status: EnhancedStatus::new(5, 4, 6), reason }
    }
}

/// The exchanges of `domain`, those of the lowest preference first, equal ones by name; without
/// MX, the domain itself.
pub(crate) fn exchanges(domain: &str, answer: MxAnswer) -> Result<Vec<Exchange>, NoRoute> {
    let mut records = match answer {
        MxAnswer::Records(records) => records,
        MxAnswer::NoSuchDomain => {
            let status = EnhancedStatus::new(5, 1, 2);
            return Err(NoRoute::name_service(status, domain, "MX", "Host not found"));
        }
        MxAnswer::Failed(reason) => {
            let status = EnhancedStatus::new(4, 4, 3);
            let why = format!("Host not found, try again ({reason})");
            return Err(NoRoute::name_service(status, domain, "MX", &why));
        }
    };
    if records.is_empty() {
        return Ok(vec![Exchange { preference: 0, host: domain.to_owned() }]);
    }
    if let [Exchange { host, .. }] = records.as_slice()
        && host.is_empty()
    {
        let status = EnhancedStatus::new(5, 1, 10);
        let reason = format!("Domain {domain} does not accept mail (nullMX)");
        return Err(NoRoute::new(status, reason));
    }
    records.retain(|exchange| !exchange.host.is_empty());
    // Sorted, so that the order in which a server listed them does not show.
    records.sort();
    records.truncate(EXCHANGE_LIMIT);
    Ok(records)
}

/// The addresses to try, in order: by preference, equal ones by the family that is preferred, then in
/// a random order; at most as many as the limit says.
///
/// Where this host is among them, it and all of its preference or higher are cut, so that mail
/// moves only towards its goal. `failures` is what the look-ups that found nothing came to; a
/// passing one outweighs one that will not pass.
pub(crate) fn candidates(
    next_hop: &str,
    exchanges: &[Exchange],
    mut found: Vec<Candidate>,
    failures: &[NoRoute],
    limits: &Limits,
    draws: &mut Stream,
) -> Result<Vec<Candidate>, NoRoute> {
    found.sort();
    let Some(best) = found.first().map(|candidate| candidate.preference) else {
        let worst = failures.iter().min_by_key(|none| none.status.class()).cloned();
        let status = EnhancedStatus::new(5, 4, 4);
        return Err(
            worst.unwrap_or_else(|| NoRoute::name_service(status, next_hop, "A", "Host not found"))
        );
    };
    if let Some(own) = found.iter().find(|candidate| candidate.own).map(|own| own.preference) {
        found.retain(|candidate| candidate.preference < own);
        if found.is_empty() {
            let first = exchanges.first().map_or(own, |exchange| exchange.preference);
            return Err(if first < best {
                // Those before this host have no address now: no reason to give the mail up.
                let reason = format!("unable to find primary relay for {next_hop}");
                NoRoute::new(EnhancedStatus::new(4, 4, 4), reason)
            } else {
                NoRoute::loops(next_hop)
            });
        }
    }
    // As Postfix (`smtp_randomize_addresses`): the addresses of all exchanges of one preference are
    // shuffled together; with `smtp_address_preference` those of one family come first.
    for equals in found.chunk_by_mut(|a, b| a.preference == b.preference) {
        if equals.len() > 1 {
            draws.shuffle(equals);
        }
        match limits.preference {
            AddressPreference::Any => {}
            AddressPreference::Ipv4 => equals.sort_by_key(|candidate| candidate.address.is_ipv6()),
            AddressPreference::Ipv6 => equals.sort_by_key(|candidate| candidate.address.is_ipv4()),
        }
    }
    balance(&mut found, limits.addresses.max(1));
    Ok(found)
}

/// Keeps the first `limit` addresses; but where those are of one family alone, and others were found,
/// the last of them gives way to the first of the other family, so that a family that does not work
/// is not all that is tried (in the spirit of Postfix's `smtp_balance_inet_protocols`).
fn balance(found: &mut Vec<Candidate>, limit: usize) {
    if found.len() > limit && limit > 1 {
        let family = found[0].address.is_ipv4();
        let other = found.iter().position(|candidate| candidate.address.is_ipv4() != family);
        if let Some(other) = other.filter(|other| *other >= limit) {
            found.swap(limit - 1, other);
        }
    }
    found.truncate(limit);
}

/// The port of mail between MTAs.
pub(crate) const SMTP_PORT: u16 = 25;

/// The address of an exchange as it is written in notes and reports: `host[address]`.
pub(crate) fn exchange_text(host: &str, address: SocketAddr) -> String {
    // An address literal is the host's name too, and stands there without brackets.
    let host = if host.starts_with('[') { host.trim_matches(['[', ']']) } else { host };
    let mut text = String::with_capacity(host.len() + 2 + "255.255.255.255".len());
    text.push_str(host);
    text.push('[');
    decimal::write_address(address.ip(), &mut text).expect("a string refuses nothing");
    text.push(']');
    text
}

/// How many exchanges of a domain are considered. Postfix has no such bound.
const EXCHANGE_LIMIT: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;

    /// MX records, with the address of each; `own` is this host's, none was not found.
    fn check(records: &[(u16, &str, &str)], wanted: Result<&[&str], &str>) {
        let named = |(preference, host, _): &(u16, &str, &str)| Exchange {
            preference: *preference,
            host: (*host).into(),
        };
        let answer = MxAnswer::Records(records.iter().map(named).collect());
        let found = exchanges("example.net", answer).and_then(|exchanges| {
            let located = exchanges.iter().filter_map(|exchange| {
                let address = records
                    .iter()
                    .find(|record| record.1 == exchange.host)
                    .map_or("192.0.2.1", |r| r.2);
                Some(Candidate {
                    preference: exchange.preference,
                    host: exchange.host.clone(),
                    address: address.replace("own", "192.0.2.99").parse().ok()?,
                    own: address == "own",
                })
            });
            let located = located.collect();
            candidates(
                "example.net",
                &exchanges,
                located,
                &[],
                &Limits::default(),
                &mut Seed(1).stream("mx"),
            )
        });
        let found = found.map(|all| all.into_iter().map(|one| one.host).collect::<Vec<_>>());
        match wanted {
            Ok(hosts) => assert_eq!(found.unwrap(), hosts),
            Err(status) => assert_eq!(found.unwrap_err().status.to_string(), status),
        }
    }

    #[test]
    fn the_lowest_preference_comes_first_and_the_domain_itself_where_there_is_no_mx() {
        let addresses = ["192.0.2.1", "192.0.2.2", "192.0.2.3"];
        let [one, two, three] = addresses;
        check(&[(20, "b", one), (10, "a", two), (30, "c", three)], Ok(&["a", "b", "c"]));
        check(&[], Ok(&["example.net"]));
    }

    #[test]
    fn a_null_mx_takes_no_mail() {
        check(&[(0, "", "")], Err("5.1.10"));
        // With others beside it the rule does not hold (RFC 7505 §3); it is passed over.
        check(&[(0, "", ""), (10, "a", "192.0.2.1")], Ok(&["a"]));
    }

    #[test]
    fn a_backup_hands_on_only_to_those_before_it() {
        let (a, b, c) = ("192.0.2.1", "192.0.2.2", "192.0.2.3");
        check(&[(10, "a", a), (20, "me", "own"), (20, "b", b), (30, "c", c)], Ok(&["a"]));
        check(&[(10, "me", "own"), (20, "b", b)], Err("5.4.6"));
        // The primary has no address now: that is no loop.
        check(&[(10, "a", "none"), (20, "me", "own")], Err("4.4.4"));
    }

    #[test]
    fn no_address_at_all_fails_for_good_unless_a_look_up_may_still_succeed() {
        check(&[(10, "a", "none")], Err("5.4.4"));
        let (hard, soft) = (EnhancedStatus::new(5, 4, 4), EnhancedStatus::new(4, 4, 3));
        let failures = [NoRoute::new(hard, "gone"), NoRoute::new(soft, "busy")];
        let none =
            candidates("x", &[], vec![], &failures, &Limits::default(), &mut Seed(1).stream("mx"));
        assert_eq!(none.unwrap_err(), failures[1]);
    }

    #[test]
    fn equals_are_shuffled_by_the_draw_and_no_more_than_the_limit_are_tried() {
        let order = |seed: u64| {
            let found = (1..=8).map(|n| Candidate {
                preference: 10,
                host: format!("mx{}", n / 2),
                address: [192, 0, 2, n].into(),
                own: false,
            });
            candidates(
                "x",
                &[],
                found.collect(),
                &[],
                &Limits::default(),
                &mut Seed(seed).stream("mx"),
            )
            .unwrap()
        };
        assert_eq!(order(1), order(1));
        assert_eq!(order(1).len(), 5);
        assert!((2..20).any(|seed| order(seed) != order(1)));
    }

    #[test]
    fn one_family_may_be_preferred_and_none_is_left_out() {
        let addresses =
            ["192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2", "192.0.2.3", "192.0.2.4"];
        let order = |seed: u64, preference, addresses: &[&str]| {
            let found = addresses.iter().map(|address| Candidate {
                preference: 10,
                host: "mx".into(),
                address: address.parse().unwrap(),
                own: false,
            });
            let limits = Limits { preference, addresses: 3, ..Limits::default() };
            let mut draws = Seed(seed).stream("mx");
            let found = candidates("x", &[], found.collect(), &[], &limits, &mut draws).unwrap();
            found.iter().map(|candidate| candidate.address.is_ipv6()).collect::<Vec<_>>()
        };
        for seed in 1..20 {
            let first = order(seed, AddressPreference::Ipv6, &addresses);
            assert_eq!(first, [true, true, false], "two are all that there are");
            // The last of the first three gives way, so that IPv6 has a chance as well.
            let first = order(seed, AddressPreference::Ipv4, &addresses);
            assert_eq!(first, [false, false, true]);
            assert_eq!(order(seed, AddressPreference::Any, &addresses[4..]), [false, false]);
        }
    }
}

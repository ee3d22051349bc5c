//! Where a domain's mail goes: from the answer to an MX look-up to exchanges in their order.
//!
//! Follows RFC 5321 §5.1, RFC 7505 (null MX). A pure function: the look-ups are the caller's.

use std::net::SocketAddr;

use crate::engine::Stream;
use crate::proto::smtp::EnhancedStatus;

/// One mail exchanger.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Exchange {
    pub(crate) preference: u16,
    /// Host name, without a final dot.
    pub(crate) host: String,
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
}

/// The exchanges of `domain` to try, in order.
///
/// By preference, equal ones in a random order; without MX, the domain itself. Where `own_names`
/// holds one of them, it and all of its preference or higher are cut, so that mail moves only
/// towards its goal; if nothing is left, it would come back here.
pub(crate) fn exchanges(
    domain: &str,
    answer: MxAnswer,
    own_name: &str,
    draws: &mut Stream,
) -> Result<Vec<Exchange>, NoRoute> {
    let mut records = match answer {
        MxAnswer::Records(records) => records,
        MxAnswer::NoSuchDomain => {
            let status = EnhancedStatus::new(5, 1, 2);
            return Err(NoRoute::new(status, format!("Domain {domain} not found")));
        }
        MxAnswer::Failed(reason) => {
            let status = EnhancedStatus::new(4, 4, 3);
            let reason = format!("MX look-up of {domain} failed: {reason}");
            return Err(NoRoute::new(status, reason));
        }
    };
    if records.is_empty() {
        return Ok(vec![Exchange { preference: 0, host: domain.to_owned() }]);
    }
    if let [Exchange { host, .. }] = records.as_slice()
        && host.is_empty()
    {
        let status = EnhancedStatus::new(5, 1, 10);
        let reason = format!("Domain {domain} does not accept mail (null MX)");
        return Err(NoRoute::new(status, reason));
    }
    records.retain(|exchange| !exchange.host.is_empty());
    // Sorted first, so that the order in which a server listed them does not show.
    records.sort();
    for equals in records.chunk_by_mut(|a, b| a.preference == b.preference) {
        if equals.len() > 1 {
            draws.shuffle(equals);
        }
    }
    let own = records.iter().find(|exchange| exchange.host.eq_ignore_ascii_case(own_name));
    if let Some(own) = own.map(|exchange| exchange.preference) {
        records.retain(|exchange| exchange.preference < own);
        if records.is_empty() {
            let status = EnhancedStatus::new(5, 4, 6);
            let reason = format!("Mail for {domain} loops back to myself");
            return Err(NoRoute::new(status, reason));
        }
    }
    Ok(records)
}

/// The port of mail between MTAs.
pub(crate) const SMTP_PORT: u16 = 25;

/// The address of an exchange as it is written in notes and reports: `host[address]`.
pub(crate) fn exchange_text(host: &str, address: SocketAddr) -> String {
    format!("{host}[{}]", address.ip())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;

    fn check(records: &[(u16, &str)], wanted: Result<&[&str], &str>) {
        let records = records
            .iter()
            .map(|(preference, host)| Exchange { preference: *preference, host: (*host).into() })
            .collect();
        let mut draws = Seed(1).stream("mx");
        let answer = MxAnswer::Records(records);
        let found = exchanges("example.net", answer, "mx.example.org", &mut draws);
        let found = found.map(|all| all.into_iter().map(|one| one.host).collect::<Vec<_>>());
        match wanted {
            Ok(hosts) => assert_eq!(found.unwrap(), hosts),
            Err(status) => assert_eq!(found.unwrap_err().status.to_string(), status),
        }
    }

    #[test]
    fn the_lowest_preference_comes_first_and_the_domain_itself_where_there_is_no_mx() {
        check(&[(20, "b"), (10, "a"), (30, "c")], Ok(&["a", "b", "c"]));
        check(&[], Ok(&["example.net"]));
    }

    #[test]
    fn a_null_mx_takes_no_mail() {
        check(&[(0, "")], Err("5.1.10"));
        // With others beside it the rule does not hold (RFC 7505 §3); it is passed over.
        check(&[(0, ""), (10, "a")], Ok(&["a"]));
    }

    #[test]
    fn a_backup_hands_on_only_to_those_before_it() {
        check(&[(10, "a"), (20, "MX.example.org"), (20, "b"), (30, "c")], Ok(&["a"]));
        check(&[(10, "mx.example.org"), (20, "b")], Err("5.4.6"));
    }

    #[test]
    fn equals_are_shuffled_by_the_draw() {
        let records = || {
            let named = |host: &str| Exchange { preference: 10, host: host.into() };
            MxAnswer::Records(["a", "b", "c", "d"].map(named).into())
        };
        let order =
            |seed: u64| exchanges("x", records(), "y", &mut Seed(seed).stream("mx")).unwrap();
        assert_eq!(order(1), order(1));
        assert!((2..20).any(|seed| order(seed) != order(1)));
    }
}

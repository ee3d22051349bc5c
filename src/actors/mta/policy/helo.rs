//! What a client calls itself (Postfix's `smtpd_helo_restrictions`).

use std::net::IpAddr;

use crate::proto::dns::{Name, RecordType};
use crate::proto::smtp::is_domain;

use super::Finding;
use super::domain;
use super::turn::{Turn, Wait};

pub(super) fn judge(turn: &Turn<'_>) -> Result<Finding, Wait> {
    let wanted = turn.config.clients.helo;
    let Some(helo) = turn.helo else { return Ok(Finding::pass("none")) };
    let refuse = |rule: &'static str, code, status, why: &str| {
        Ok(Finding::refuse(rule, code, status, format!("<{helo}>: Helo command rejected: {why}")))
    };
    if wanted.foreign && is_own(turn, helo) {
        let rule = "nobody else has this host's own name";
        return refuse(rule, 554, (5, 7, 1), "Access denied");
    }
    if literal(helo).is_some() {
        return Ok(Finding::pass("an address"));
    }
    if wanted.valid && (!is_domain(helo) || helo.parse::<IpAddr>().is_ok()) {
        return refuse("a client calls itself by a domain", 501, (5, 5, 2), "Invalid name");
    }
    if wanted.qualified && !domain::is_qualified(helo) {
        let rule = "a client calls itself by a whole name";
        return refuse(rule, 504, (5, 5, 2), "need fully-qualified hostname");
    }
    if !wanted.known {
        return Ok(Finding::pass("well-formed"));
    }
    let known = match helo.parse::<Name>() {
        Ok(name) => {
            domain::exists(turn.answers, &name, &[RecordType::A, RecordType::Aaaa, RecordType::Mx])?
        }
        Err(_) => domain::Existence::No,
    };
    match known {
        domain::Existence::Yes => Ok(Finding::pass("known")),
        domain::Existence::No => {
            refuse("the name in HELO is unknown", 450, (4, 7, 1), "Host not found")
        }
        domain::Existence::Unknown(_) => {
            refuse("the name in HELO cannot be looked up", 450, (4, 7, 1), "Host not found")
        }
    }
}

/// Whether a client calls itself by this host's name, a domain of its, or its address.
fn is_own(turn: &Turn<'_>, helo: &str) -> bool {
    helo.eq_ignore_ascii_case(&turn.config.hostname)
        || turn.config.domain(helo).is_some()
        || literal(helo).is_some_and(|address| turn.own.contains(&address))
}

/// The address in `[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321 §4.1.3).
fn literal(helo: &str) -> Option<IpAddr> {
    let inner = helo.strip_prefix('[')?.strip_suffix(']')?;
    match inner.get(..5) {
        Some(tag) if tag.eq_ignore_ascii_case("IPv6:") => inner[5..].parse().ok().map(IpAddr::V6),
        _ => inner.parse().ok().map(IpAddr::V4),
    }
}

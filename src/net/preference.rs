//! Which of a peer's addresses are tried first (RFC 6724 §6).
//!
//! Rules 1, 2, 5, 6, 8 and 9 with the policy table of §2.1; the order in which the DNS gave them decides
//! last (rule 10). Rule 9, the longest common prefix, is for IPv6 alone: with IPv4 it would undo the
//! turns that name servers let addresses take (as Windows and Apple have it).
//!
//! Not modelled: deprecated and home addresses, transports (rules 3, 4 and 7).

use std::cmp::Reverse;
use std::net::IpAddr;

/// Sorts a peer's addresses for a host with these, best first.
pub fn sort(addresses: &mut [IpAddr], own: &[IpAddr]) {
    addresses.sort_by_key(|address| {
        let source = own.iter().find(|own| own.is_ipv4() == address.is_ipv4());
        let (precedence, label) = policy(*address);
        let is_usable = source.is_some();
        let fits = |matches: fn(IpAddr, IpAddr) -> bool| {
            source.is_some_and(|source| matches(*source, *address))
        };
        Reverse((
            is_usable,
            fits(|source, address| scope(source) == scope(address)),
            source.is_some_and(|source| policy(*source).1 == label),
            precedence,
            Reverse(scope(*address)),
            source.map_or(0, |source| common_prefix(*source, *address)),
        ))
    });
}

/// Precedence and label.
fn policy(address: IpAddr) -> (u8, u8) {
    let IpAddr::V6(address) = address else { return (35, 4) };
    let segments = address.segments();
    if address.is_loopback() {
        (50, 0)
    } else if address.to_ipv4_mapped().is_some() {
        (35, 4)
    } else if segments[0] == 0x2002 {
        (30, 2)
    } else if segments[..2] == [0x2001, 0] {
        (5, 5)
    } else if segments[0] & 0xfe00 == 0xfc00 {
        (3, 13)
    } else {
        (40, 1)
    }
}

/// As the scope field of multicast addresses has it (§3.1, §3.2).
fn scope(address: IpAddr) -> u8 {
    const LINK: u8 = 2;
    const GLOBAL: u8 = 14;
    let is_near = match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.segments()[0] & 0xffc0 == 0xfe80,
    };
    if is_near { LINK } else { GLOBAL }
}

/// How many leading bits two IPv6 addresses share, of the 64 that are a network's (§2.2).
fn common_prefix(a: IpAddr, b: IpAddr) -> u32 {
    match (a, b) {
        (IpAddr::V6(a), IpAddr::V6(b)) => (u128::from(a) ^ u128::from(b)).leading_zeros().min(64),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(own: &[&str], given: &[&str], wanted: &[&str]) {
        let parse = |texts: &[&str]| -> Vec<IpAddr> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        let mut addresses = parse(given);
        sort(&mut addresses, &parse(own));
        assert_eq!(addresses, parse(wanted), "from {own:?}");
    }

    #[test]
    fn ipv6_comes_first_where_both_have_it() {
        let given = ["198.51.100.121", "2001:db8:1::1"];
        check(&["2001:db8::2", "203.0.113.5"], &given, &["2001:db8:1::1", "198.51.100.121"]);
        check(&["203.0.113.5"], &given, &given);
    }

    #[test]
    fn the_examples_of_the_rfc() {
        // RFC 6724 §10.2.
        check(
            &["2001:db8:1::2", "169.254.13.78"],
            &["2001:db8:1::1", "198.51.100.121"],
            &["2001:db8:1::1", "198.51.100.121"],
        );
        check(
            &["fe80::1", "198.51.100.117"],
            &["2001:db8:1::1", "198.51.100.121"],
            &["198.51.100.121", "2001:db8:1::1"],
        );
        check(
            &["2001:db8:1::2", "10.1.2.4"],
            &["10.1.2.3", "2001:db8:1::1"],
            &["2001:db8:1::1", "10.1.2.3"],
        );
        check(
            &["2002:c633:6401::2", "198.51.100.117"],
            &["2001:db8:1::1", "198.51.100.121"],
            &["198.51.100.121", "2001:db8:1::1"],
        );
    }

    #[test]
    fn near_networks_come_first_in_ipv6_and_ipv4_stays_as_given() {
        check(
            &["2001:db8:1:1::2", "192.0.2.1"],
            &["2001:db8:2::1", "2001:db8:1:1::9", "192.0.2.200", "192.0.2.3"],
            &["2001:db8:1:1::9", "2001:db8:2::1", "192.0.2.200", "192.0.2.3"],
        );
    }
}

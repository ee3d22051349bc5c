//! Prefix lengths of networks (RFC 7208 §5.3 to §5.6).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::syntax::SyntaxProblem;

/// The prefix lengths of an `a` or `mx`, one for each family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DualCidr {
    /// 0 to 32.
    pub ip4_bits: u8,
    /// 0 to 128.
    pub ip6_bits: u8,
}

impl Default for DualCidr {
    fn default() -> Self {
        DualCidr { ip4_bits: 32, ip6_bits: 128 }
    }
}

impl DualCidr {
    /// Whether `client` is in the network of `address`. Addresses of two families never are.
    pub fn covers(self, address: IpAddr, client: IpAddr) -> bool {
        match (address, client) {
            (IpAddr::V4(address), IpAddr::V4(client)) => covers_ip4(address, self.ip4_bits, client),
            (IpAddr::V6(address), IpAddr::V6(client)) => covers_ip6(address, self.ip6_bits, client),
            _ => false,
        }
    }

    /// Takes `[ ip4-cidr-length ] [ "/" ip6-cidr-length ]` off the end of an argument.
    ///
    /// A slash is also a character of domains, so that only what ends in digits after a slash is a
    /// prefix length; what is left is for the reader of the domain to judge.
    pub(super) fn split(text: &[u8]) -> Result<(&[u8], DualCidr), SyntaxProblem> {
        let (text, ip6) = split_digits(text, b"//");
        let (text, ip4) = split_digits(text, b"/");
        let ip4_bits = ip4.map_or(Ok(32), |digits| prefix_length(digits, 32))?;
        let ip6_bits = ip6.map_or(Ok(128), |digits| prefix_length(digits, 128))?;
        Ok((text, DualCidr { ip4_bits, ip6_bits }))
    }
}

/// Whether the first `bits` of both agree.
pub(super) fn covers_ip4(network: Ipv4Addr, bits: u8, client: Ipv4Addr) -> bool {
    let differing = u32::from(network) ^ u32::from(client);
    differing.checked_shr(32 - u32::from(bits)).unwrap_or_default() == 0
}

/// Whether the first `bits` of both agree.
pub(super) fn covers_ip6(network: Ipv6Addr, bits: u8, client: Ipv6Addr) -> bool {
    let differing = u128::from(network) ^ u128::from(client);
    differing.checked_shr(128 - u32::from(bits)).unwrap_or_default() == 0
}

/// A number from 0 to `max` without leading zeros.
pub(super) fn prefix_length(digits: &[u8], max: u8) -> Result<u8, SyntaxProblem> {
    let has_leading_zero = digits.len() > 1 && digits.starts_with(b"0");
    if has_leading_zero || !digits.iter().all(u8::is_ascii_digit) {
        return Err(SyntaxProblem::PrefixLength);
    }
    let text = std::str::from_utf8(digits).map_err(|_| SyntaxProblem::PrefixLength)?;
    let bits: u8 = text.parse().map_err(|_| SyntaxProblem::PrefixLength)?;
    if bits <= max { Ok(bits) } else { Err(SyntaxProblem::PrefixLength) }
}

/// Takes digits with `mark` before them off the end.
fn split_digits<'a>(text: &'a [u8], mark: &[u8]) -> (&'a [u8], Option<&'a [u8]>) {
    let digits = text.iter().rev().take_while(|octet| octet.is_ascii_digit()).count();
    let (head, tail) = text.split_at(text.len() - digits);
    match head.strip_suffix(mark) {
        Some(head) if digits > 0 => (head, Some(tail)),
        _ => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefix_lengths_are_taken_off_the_end() {
        let split = |text: &'static str| {
            DualCidr::split(text.as_bytes())
                .map(|(rest, cidr)| (str::from_utf8(rest).unwrap(), cidr.ip4_bits, cidr.ip6_bits))
        };
        assert_eq!(split(""), Ok(("", 32, 128)));
        assert_eq!(split("/24"), Ok(("", 24, 128)));
        assert_eq!(split("//64"), Ok(("", 32, 64)));
        assert_eq!(split(":example.com/0//0"), Ok((":example.com", 0, 0)));
        assert_eq!(split(":a/b.example.com"), Ok((":a/b.example.com", 32, 128)));
        // What is left here is no domain, and is told so there.
        assert_eq!(split("/24/64"), Err(SyntaxProblem::PrefixLength));
        assert_eq!(split("/24/32"), Ok(("/24", 32, 128)));
        assert_eq!(split("/33"), Err(SyntaxProblem::PrefixLength));
        assert_eq!(split("/024"), Err(SyntaxProblem::PrefixLength));
        assert_eq!(split("//129"), Err(SyntaxProblem::PrefixLength));
        assert_eq!(split("//999999999999"), Err(SyntaxProblem::PrefixLength));
    }

    #[test]
    fn a_network_covers_what_shares_its_prefix() {
        let covers = |bits, a: &str, b: &str| {
            let cidr = DualCidr { ip4_bits: bits, ip6_bits: bits };
            cidr.covers(a.parse().unwrap(), b.parse().unwrap())
        };
        assert!(covers(32, "192.0.2.1", "192.0.2.1"));
        assert!(!covers(32, "192.0.2.1", "192.0.2.2"));
        assert!(covers(30, "192.0.2.1", "192.0.2.2"));
        assert!(covers(0, "192.0.2.1", "203.0.113.9"));
        assert!(covers(0, "::", "2001:db8::1"));
        assert!(covers(32, "2001:db8::", "2001:db8:1::1"));
        assert!(!covers(0, "::", "192.0.2.1"));
    }
}

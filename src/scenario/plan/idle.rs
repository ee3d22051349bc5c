//! Hosts on which nothing runs: as many as one likes, by their numbers alone.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;
use std::sync::Arc;

use crate::net::LinkConfig;
use crate::scenario::format::network::Family;

/// Hosts that fill a network. They are called `host-1`, `host-2` and so on.
#[derive(Debug, Clone, PartialEq)]
pub struct IdleHosts {
    /// How many.
    pub count: u32,
    /// Which addresses they have.
    pub family: Family,
    /// The places of the routers on which they hang, in turn, among the plan's.
    pub routers: Range<usize>,
    /// What their links are like: from a host to its router, and back.
    pub link: [Arc<LinkConfig>; 2],
}

impl IdleHosts {
    /// The name of one of them, from 1.
    pub fn name(&self, number: u32) -> String {
        format!("host-{number}")
    }

    /// The number of the one of that name.
    pub fn number(&self, name: &str) -> Option<u32> {
        let number = name.strip_prefix("host-")?.parse().ok()?;
        ((1..=self.count).contains(&number) && self.name(number) == name).then_some(number)
    }

    /// The addresses of one of them.
    pub fn addresses(&self, number: u32) -> impl Iterator<Item = IpAddr> {
        let v4 = Ipv4Addr::from(u32::from(V4_BLOCK) + number);
        let v6 = Ipv6Addr::from(u128::from(V6_BLOCK) + u128::from(number));
        let v4 = (self.family != Family::Ipv6).then_some(v4.into());
        let v6 = (self.family != Family::Ipv4).then_some(v6.into());
        v4.into_iter().chain(v6)
    }

    /// Whether one of them has this address.
    pub fn has(&self, address: IpAddr) -> bool {
        let number = match address {
            IpAddr::V4(address) => {
                u32::from(address).checked_sub(u32::from(V4_BLOCK)).map(u128::from)
            }
            IpAddr::V6(address) => u128::from(address).checked_sub(u128::from(V6_BLOCK)),
        };
        let number = number.and_then(|number| u32::try_from(number).ok());
        number.is_some_and(|number| {
            (1..=self.count).contains(&number) && self.addresses(number).any(|own| own == address)
        })
    }

    /// How many of them can have addresses, if there is a bound.
    pub fn most_addresses(&self) -> Option<u32> {
        (self.family != Family::Ipv6).then_some(V4_HOSTS)
    }

    /// The place of the router on which one of them hangs.
    pub fn router(&self, number: u32) -> usize {
        self.routers.start + (number as usize - 1) % self.routers.len()
    }
}

/// 172.16.0.0/12, of which nobody else gets any.
const V4_BLOCK: Ipv4Addr = Ipv4Addr::new(172, 16, 0, 0);
const V4_HOSTS: u32 = (1 << 20) - 2;
const V6_BLOCK: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 6, 0, 0, 0, 0, 0);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_have_names_and_addresses() {
        let link = [Arc::default(), Arc::default()];
        let idle = IdleHosts { count: 1_000_000, family: Family::Dual, routers: 2..12, link };
        let addresses: Vec<_> = idle.addresses(1_000_000).map(|of| of.to_string()).collect();
        assert_eq!(addresses, ["172.31.66.64", "2001:db8:6::f:4240"]);
        assert_eq!((idle.router(1), idle.router(10), idle.router(11)), (2, 11, 2));
        assert_eq!(idle.number("host-1000000"), Some(1_000_000));
        for other in ["host-0", "host-01", "host-1000001", "host-x", "ghost-1", "host--1"] {
            assert_eq!(idle.number(other), None, "{other}");
        }
        assert!(idle.has([172, 16, 0, 1].into()) && !idle.has([172, 16, 0, 0].into()));
        assert!(!idle.has("2001:db8:6::f:4241".parse().unwrap()));
    }
}

//! Who has which address: those that the file gives, then the next free ones.
//!
//! Documentation blocks first (RFC 5737, RFC 3849), since they are for hosts like ours; then blocks
//! for benchmarks and private use. Each kind of host has its own, so that a host added at the end of
//! its kind moves nobody else's address.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Expander;
use super::draft::Pool;
use super::names::host_name;
use crate::scenario::finding::Path;
use crate::scenario::format::network::Family;

impl Expander<'_, '_, '_> {
    pub(super) fn assign_addresses(&mut self) {
        let mut owners: BTreeMap<IpAddr, usize> = BTreeMap::new();
        // The order of the text, so that of two hosts with one address the second is told.
        let explicit = self.scenario.hosts.keys().filter_map(|key| host_name(key));
        let mut order: Vec<usize> =
            explicit.filter_map(|name| self.hosts.get_index_of(&name)).collect();
        let given: BTreeSet<usize> = order.iter().copied().collect();
        order.extend((0..self.hosts.len()).filter(|at| !given.contains(at)));
        for at in order {
            for (address, path) in self.given(at) {
                if let Some(wrong) = refuse(address) {
                    let remedy = "for example 192.0.2.10 or 2001:db8::10".to_owned();
                    self.report.at(&path, format!("{address} is {wrong}"), remedy);
                    continue;
                }
                if let Some(owner) = owners.insert(address, at) {
                    let owner = self.hosts.get_index(owner).expect("it is counted").0;
                    let found = format!("{address} is the address of \"{owner}\" already");
                    self.report.at(&path, found, "an address belongs to one host".to_owned());
                    continue;
                }
                self.hosts[at].addresses.push(address);
            }
        }
        let family = self.scenario.network.addresses.unwrap_or_default();
        let mut next: BTreeMap<(Pool, bool), u32> = BTreeMap::new();
        for at in 0..self.hosts.len() {
            if !self.hosts[at].addresses.is_empty() {
                continue;
            }
            let pool = self.hosts[at].pool;
            let mut take = |is_v6: bool| {
                let next = next.entry((pool, is_v6)).or_insert(0);
                loop {
                    let address = if is_v6 { Some(ipv6(pool, *next)) } else { ipv4(pool, *next) };
                    *next += 1;
                    match address {
                        Some(address) if owners.contains_key(&address) => {}
                        address => return address,
                    }
                }
            };
            let mut addresses = Vec::new();
            if family != Family::Ipv6 {
                addresses.extend(take(false));
            }
            if family != Family::Ipv4 {
                addresses.extend(take(true));
            }
            if addresses.is_empty() {
                let path = self.hosts[at].path.clone();
                self.report.at(&path, "there is no free IPv4 address left", None);
            }
            self.hosts[at].addresses = addresses;
        }
    }

    /// The addresses that the file gives a host, or the root hints.
    fn given(&mut self, at: usize) -> Vec<(IpAddr, Path<'static>)> {
        let host = &mut self.hosts[at];
        let hints = std::mem::take(&mut host.addresses);
        let path = owned(&host.path);
        let Some(explicit) = host.explicit.and_then(|explicit| explicit.addresses.as_ref()) else {
            return hints.into_iter().map(|address| (address, path.clone())).collect();
        };
        let path = path.at("addresses");
        if explicit.is_empty() && !self.report.is_damaged(&["hosts"]) {
            let remedy = "name one, or leave the key out for the next free one".to_owned();
            self.report.at(&path, "a host without an address", remedy);
        }
        let mut given = Vec::with_capacity(explicit.len());
        for (index, address) in explicit.iter().enumerate() {
            given.push((*address, path.at(index)));
        }
        if !hints.is_empty() && !hints.iter().all(|hint| explicit.contains(hint)) {
            let found = "the root hints give this host other addresses";
            self.report.at(&path, found, "leave \"addresses\" out".to_owned());
        }
        given
    }
}

fn owned(path: &Path<'_>) -> Path<'static> {
    use crate::scenario::finding::Segment;
    Path(
        path.0
            .iter()
            .map(|segment| match segment {
                Segment::Key(key) => Segment::Key(key.clone().into_owned().into()),
                Segment::Index(index) => Segment::Index(*index),
            })
            .collect(),
    )
}

/// Why no host can have the address, if so.
fn refuse(address: IpAddr) -> Option<&'static str> {
    match address {
        _ if address.is_unspecified() => Some("nobody's address"),
        _ if address.is_loopback() => Some("every host's own address"),
        _ if address.is_multicast() => Some("a multicast address"),
        IpAddr::V4(Ipv4Addr::BROADCAST) => Some("the broadcast address"),
        IpAddr::V6(address) if address.to_ipv4_mapped().is_some() => {
            Some("an IPv4 address in IPv6")
        }
        _ => None,
    }
}

/// The IPv4 address number `at` of a pool. No block gives away its first and last address.
fn ipv4(pool: Pool, at: u32) -> Option<IpAddr> {
    let blocks: &[(Ipv4Addr, u32)] = match pool {
        Pool::Infrastructure => &[
            (Ipv4Addr::new(198, 51, 100, 0), 25),
            (Ipv4Addr::new(198, 19, 0, 0), 17),
            (Ipv4Addr::new(100, 64, 0, 0), 11),
        ],
        Pool::Others => &[
            (Ipv4Addr::new(198, 51, 100, 128), 25),
            (Ipv4Addr::new(198, 19, 128, 0), 17),
            (Ipv4Addr::new(100, 96, 0, 0), 11),
        ],
        Pool::Servers => &[
            (Ipv4Addr::new(192, 0, 2, 0), 24),
            (Ipv4Addr::new(198, 18, 0, 0), 16),
            (Ipv4Addr::new(10, 0, 0, 0), 9),
        ],
        Pool::Devices => &[(Ipv4Addr::new(203, 0, 113, 0), 24), (Ipv4Addr::new(10, 128, 0, 0), 9)],
    };
    let mut at = at;
    for (block, prefix) in blocks {
        let size = (1u32 << (32 - prefix)) - 2;
        if at < size {
            return Some(Ipv4Addr::from(u32::from(*block) + 1 + at).into());
        }
        at -= size;
    }
    None
}

/// The IPv6 address number `at` of a pool: 2001:db8:1::1 and so on.
fn ipv6(pool: Pool, at: u32) -> IpAddr {
    let block = match pool {
        Pool::Infrastructure => 1,
        Pool::Servers => 2,
        Pool::Devices => 3,
        Pool::Others => 4,
    };
    let prefix = u128::from(Ipv6Addr::new(0x2001, 0xdb8, block, 0, 0, 0, 0, 0));
    Ipv6Addr::from(prefix + 1 + u128::from(at)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_follow_each_other() {
        let text = |pool, at| ipv4(pool, at).map(|address| address.to_string());
        assert_eq!(text(Pool::Servers, 0).as_deref(), Some("192.0.2.1"));
        assert_eq!(text(Pool::Servers, 253).as_deref(), Some("192.0.2.254"));
        assert_eq!(text(Pool::Servers, 254).as_deref(), Some("198.18.0.1"));
        assert_eq!(text(Pool::Others, 0).as_deref(), Some("198.51.100.129"));
        assert_eq!(text(Pool::Devices, u32::MAX - 2), None);
        assert_eq!(ipv6(Pool::Devices, 9).to_string(), "2001:db8:3::a");
    }
}

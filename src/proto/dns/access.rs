//! Who may ask for what: networks of addresses.

use std::net::IpAddr;

/// All addresses that agree with `address` in their first `prefix_bits` bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// One of them.
    pub address: IpAddr,
    /// How many bits count, up to 32 or 128.
    pub prefix_bits: u8,
}

/// The network of this address alone.
impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        let prefix_bits = if address.is_ipv4() { 32 } else { 128 };
        Network { address, prefix_bits }
    }
}

impl Network {
    /// Whether `address` is one of the network.
    pub fn contains(&self, address: IpAddr) -> bool {
        let agree = |difference: u128, bits: u32| {
            let free = bits.saturating_sub(self.prefix_bits.into());
            difference.checked_shr(free).unwrap_or(0) == 0
        };
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                agree((own.to_bits() ^ other.to_bits()).into(), 32)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => agree(own.to_bits() ^ other.to_bits(), 128),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_what_agrees_in_its_first_bits() {
        let network =
            |address: &str, prefix_bits| Network { address: address.parse().unwrap(), prefix_bits };
        let holds = |network: Network, address: &str| network.contains(address.parse().unwrap());
        assert!(holds(network("192.0.2.0", 25), "192.0.2.127"));
        assert!(!holds(network("192.0.2.0", 25), "192.0.2.128"));
        assert!(!holds(network("192.0.2.7", 32), "192.0.2.6"));
        assert!(holds(network("0.0.0.0", 0), "203.0.113.9"));
        assert!(!holds(network("0.0.0.0", 0), "2001:db8::1"));
        assert!(holds(network("2001:db8::", 32), "2001:db8:1::1"));
        assert!(holds(network("::", 0), "2001:db8:1::1"));
        let alone = Network::from("192.0.2.1".parse::<IpAddr>().unwrap());
        assert!(holds(alone, "192.0.2.1") && !holds(alone, "192.0.2.0"));
    }
}

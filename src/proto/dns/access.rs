//! Who may ask for what: networks of addresses.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

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

/// Text that is no network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkError {
    /// What was found.
    pub text: String,
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no address, and no network like \"192.0.2.0/24\"", self.text)
    }
}

impl std::error::Error for NetworkError {}

/// An address with a count of bits, `192.0.2.0/24`, or an address alone.
impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let fail = || NetworkError { text: text.to_owned() };
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let alone = Network::from(address.parse::<IpAddr>().map_err(|_| fail())?);
        let Some(bits) = bits else { return Ok(alone) };
        match bits.parse() {
            Ok(prefix_bits) if prefix_bits <= alone.prefix_bits => {
                Ok(Network { prefix_bits, ..alone })
            }
            _ => Err(fail()),
        }
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
            |address: &str, bits: u8| -> Network { format!("{address}/{bits}").parse().unwrap() };
        let holds = |network: Network, address: &str| network.contains(address.parse().unwrap());
        assert!(holds(network("192.0.2.0", 25), "192.0.2.127"));
        assert!(!holds(network("192.0.2.0", 25), "192.0.2.128"));
        assert!(!holds(network("192.0.2.7", 32), "192.0.2.6"));
        assert!(holds(network("0.0.0.0", 0), "203.0.113.9"));
        assert!(!holds(network("0.0.0.0", 0), "2001:db8::1"));
        assert!(holds(network("2001:db8::", 32), "2001:db8:1::1"));
        assert!(holds(network("::", 0), "2001:db8:1::1"));
        let alone: Network = "192.0.2.1".parse().unwrap();
        for wrong in ["", "192.0.2", "192.0.2.0/33", "192.0.2.0/", "::/129", "192.0.2.0/24/1"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
        assert!(holds(alone, "192.0.2.1") && !holds(alone, "192.0.2.0"));
    }
}

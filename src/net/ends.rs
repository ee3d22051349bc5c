//! The two ends of a packet or a connection.

use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Two addresses, each with a port: where a packet comes from and goes to, or this end of a connection
/// and the other.
///
/// Every packet and every socket carries it, so it is flat: copied as words, without a look at what they
/// are, where two `SocketAddr` are copied by their versions. `benches/tcp.rs` and the load
/// `smtp-transactions` pay for it.
///
/// Not modelled: flow labels and scopes of IPv6 (RFC 4007).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// The address of each, the high half first; of version 4 in the low half of the low half.
    addresses: [[u64; 2]; 2],
    ports: [u16; 2],
    is_v4: [bool; 2],
}

/// Both of version 4: the addresses, and both ports in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EndsV4([u32; 3]);

/// Ends, as tables take them apart.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Apart {
    /// Both of version 4.
    V4(EndsV4),
    /// Of version 6, or of one version each.
    Other(Ends),
}

impl Ends {
    /// Not known yet.
    pub(crate) const UNKNOWN: Ends =
        Ends { addresses: [[0; 2]; 2], ports: [0; 2], is_v4: [true; 2] };

    /// Between these two.
    #[inline]
    pub fn new(from: SocketAddr, to: SocketAddr) -> Self {
        let both = [from, to];
        Ends {
            addresses: both.map(|end| match end.ip() {
                IpAddr::V4(address) => [0, u64::from(address.to_bits())],
                IpAddr::V6(address) => {
                    let bits = address.to_bits();
                    [(bits >> 64) as u64, bits as u64]
                }
            }),
            ports: both.map(|end| end.port()),
            is_v4: both.map(|end| end.is_ipv4()),
        }
    }

    /// The same, seen from the other end.
    #[inline]
    #[must_use]
    pub fn reversed(&self) -> Self {
        let Ends { addresses: [from, to], ports: [source, target], is_v4: [one, other] } = *self;
        Ends { addresses: [to, from], ports: [target, source], is_v4: [other, one] }
    }

    /// The first.
    #[inline]
    pub fn from(&self) -> SocketAddr {
        SocketAddr::new(self.from_ip(), self.from_port())
    }

    /// The second.
    #[inline]
    pub fn to(&self) -> SocketAddr {
        SocketAddr::new(self.to_ip(), self.to_port())
    }

    /// The address of the first.
    #[inline]
    pub fn from_ip(&self) -> IpAddr {
        self.ip(0)
    }

    /// The address of the second.
    #[inline]
    pub fn to_ip(&self) -> IpAddr {
        self.ip(1)
    }

    /// The port of the first.
    #[inline]
    pub fn from_port(&self) -> u16 {
        self.ports[0]
    }

    /// The port of the second.
    #[inline]
    pub fn to_port(&self) -> u16 {
        self.ports[1]
    }

    /// Whether what goes to the second goes by version 4.
    #[inline]
    pub fn is_ipv4(&self) -> bool {
        self.is_v4[1]
    }

    #[inline]
    fn ip(&self, end: usize) -> IpAddr {
        let [high, low] = self.addresses[end];
        match self.is_v4[end] {
            true => Ipv4Addr::from_bits(low as u32).into(),
            false => Ipv6Addr::from_bits(u128::from(high) << 64 | u128::from(low)).into(),
        }
    }

    /// For a table of each kind.
    #[inline]
    pub(crate) fn apart(&self) -> Apart {
        if self.is_v4 == [true; 2] {
            let [[_, from], [_, to]] = self.addresses;
            let ports = u32::from(self.ports[0]) << 16 | u32::from(self.ports[1]);
            return Apart::V4(EndsV4([from as u32, to as u32, ports]));
        }
        Apart::Other(*self)
    }
}

/// Two writes are enough.
impl Hash for EndsV4 {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [from, to, ports] = self.0;
        state.write_u64(u64::from(from) << 32 | u64::from(to));
        state.write_u32(ports);
    }
}

/// Addresses of different versions that have the same bits are told apart by what is equal.
impl Hash for Ends {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.addresses.as_flattened().iter().for_each(|word| state.write_u64(*word));
        let [from, to] = self.ports.map(u32::from);
        state.write_u32(from << 16 | to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_what_they_were_made_of_and_reversed_the_other_way_round() {
        for (from, to) in [
            ("192.0.2.1:25", "192.0.2.2:50000"),
            ("[2001:db8::1]:25", "[2001:db8::2]:50000"),
            ("[::ffff:192.0.2.1]:25", "192.0.2.2:50000"),
            ("192.0.2.1:0", "[2001:db8::1]:65535"),
        ] {
            let [from, to]: [SocketAddr; 2] = [from, to].map(|end| end.parse().unwrap());
            let ends = Ends::new(from, to);
            assert_eq!((ends.from(), ends.to()), (from, to));
            assert_eq!((ends.from_ip(), ends.to_ip()), (from.ip(), to.ip()));
            assert_eq!((ends.from_port(), ends.to_port()), (from.port(), to.port()));
            assert_eq!(ends.is_ipv4(), to.is_ipv4());
            assert_eq!(ends.reversed(), Ends::new(to, from));
            assert_eq!(ends.reversed().reversed(), ends);
        }
    }

    #[test]
    fn they_take_less_room_than_two_addresses() {
        assert!(size_of::<Ends>() <= 40, "{}", size_of::<Ends>());
    }
}

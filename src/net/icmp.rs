//! ICMP errors: a router or host says of a packet that it came to nothing.
//!
//! Follows RFC 792, RFC 1812 §4.3 and §5.2.7, RFC 1191 (ICMP) and RFC 4443, RFC 8201 (ICMPv6). A message
//! quotes the packet it is about, headers and as much of the rest as a small packet holds; who had sent
//! that one finds in the quotation which of its sockets it was.
//!
//! Not modelled: echo, redirect, time exceeded, source quench, extensions (RFC 4884).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use bytes::Bytes;

use super::{Body, NodeId, Packet, frame};

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trouble {
    /// A router has no route (ICMP 3/0, ICMPv6 1/0).
    NoRoute,
    /// The last router does not reach the host (ICMP 3/1, ICMPv6 1/3).
    HostUnreachable,
    /// Nobody listens at the port (ICMP 3/3, ICMPv6 1/4).
    PortUnreachable,
    /// A router lets nothing through (ICMP 3/13, ICMPv6 1/1).
    Prohibited,
    /// The packet does not fit the next link, and must not be cut (ICMP 3/4, ICMPv6 2/0).
    TooBig {
        /// What fits, in octets with IP header.
        mtu_octets: u32,
    },
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::NoRoute => f.write_str("network unreachable"),
            Trouble::HostUnreachable => f.write_str("host unreachable"),
            Trouble::PortUnreachable => f.write_str("port unreachable"),
            Trouble::Prohibited => f.write_str("administratively prohibited"),
            Trouble::TooBig { mtu_octets } => write!(f, "packet too big, {mtu_octets} octets fit"),
        }
    }
}

/// How a network answers what it cannot deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unreachable {
    /// Not at all: packets vanish.
    #[default]
    Silence,
    /// As the RFCs say: routers tell that there is no route, that a host is not reached, or that a packet
    /// is too big, and hosts that nobody listens at a UDP port.
    Refuse,
    /// As above, but that routers say it is prohibited, as a firewall does.
    Prohibit,
}

/// An error message, as it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Complaint {
    /// What is wrong.
    pub trouble: Trouble,
    /// Who had sent the packet.
    pub from: SocketAddr,
    /// Where it was to go.
    pub to: SocketAddr,
    /// Its sequence number, if it was a TCP segment; else it was a UDP datagram.
    pub tcp_sequence: Option<u32>,
}

/// The address from which a router speaks. It needs none for anything else: in IPv4 the dummy address
/// (RFC 7600 §4.6), in IPv6 one of a block of its own.
pub fn router_address(router: NodeId, towards: IpAddr) -> IpAddr {
    match towards {
        IpAddr::V4(_) => Ipv4Addr::new(192, 0, 0, 8).into(),
        IpAddr::V6(_) => {
            let block = u128::from(Ipv6Addr::new(0x2001, 0xdb8, 5, 0, 0, 0, 0, 0));
            Ipv6Addr::from(block + 1 + u128::from(router.0)).into()
        }
    }
}

/// The error message about a packet, from this address to its source. None is about another
/// (RFC 1122 §3.2.2), nor about what is larger than an IP packet can be.
pub fn about(packet: &Packet, trouble: Trouble, source: IpAddr) -> Option<Packet> {
    if matches!(packet.body, Body::Icmp(_)) {
        return None;
    }
    let mut quoted = Vec::new();
    frame::write(packet, 1, &mut quoted).ok()?;
    let is_v4 = packet.from().is_ipv4();
    quoted.truncate(if is_v4 { QUOTED_V4 } else { QUOTED_V6 });
    let (kind, code, rest) = numbers(trouble, is_v4);
    let mut octets = Vec::with_capacity(HEADER_OCTETS + quoted.len());
    octets.extend([kind, code, 0, 0]);
    octets.extend(rest.to_be_bytes());
    octets.extend(quoted);
    let sum = checksum(source, packet.ends.from_ip(), &octets);
    octets[2..4].copy_from_slice(&sum.to_be_bytes());
    let (from, to) = (SocketAddr::new(source, 0), SocketAddr::new(packet.ends.from_ip(), 0));
    Some(Packet::new(from, to, Body::Icmp(octets.into())))
}

/// Reads an error message that came from one address to another. `None` for what is none, is damaged,
/// or is about neither UDP nor TCP.
pub fn read(from: IpAddr, to: IpAddr, octets: &Bytes) -> Option<Complaint> {
    if checksum(from, to, octets) != 0 {
        return None;
    }
    let (header, quoted) = octets.split_at_checked(HEADER_OCTETS)?;
    let rest = u32::from_be_bytes(header[4..8].try_into().ok()?);
    let trouble = trouble(header[0], header[1], rest, to.is_ipv4())?;
    let (header_octets, protocol, ends) = match to {
        IpAddr::V4(_) => {
            let length = usize::from(*quoted.first()? & 0x0f) * 4;
            let address =
                |at: usize| Some(IpAddr::from(<[u8; 4]>::try_from(quoted.get(at..at + 4)?).ok()?));
            (length, *quoted.get(9)?, [address(12)?, address(16)?])
        }
        IpAddr::V6(_) => {
            let address = |at: usize| {
                Some(IpAddr::from(<[u8; 16]>::try_from(quoted.get(at..at + 16)?).ok()?))
            };
            (40, *quoted.get(6)?, [address(8)?, address(24)?])
        }
    };
    let transport = quoted.get(header_octets..header_octets + 8)?;
    let port = |at: usize| u16::from_be_bytes([transport[at], transport[at + 1]]);
    let tcp_sequence = match protocol {
        UDP => None,
        TCP => Some(u32::from_be_bytes(transport[4..8].try_into().ok()?)),
        _ => return None,
    };
    let [from, to] = ends;
    let (from, to) = (SocketAddr::new(from, port(0)), SocketAddr::new(to, port(2)));
    Some(Complaint { trouble, from, to, tcp_sequence })
}

/// Type, code, and the four octets behind the checksum.
fn numbers(trouble: Trouble, is_v4: bool) -> (u8, u8, u32) {
    match (trouble, is_v4) {
        (Trouble::NoRoute, true) => (3, 0, 0),
        (Trouble::HostUnreachable, true) => (3, 1, 0),
        (Trouble::PortUnreachable, true) => (3, 3, 0),
        (Trouble::TooBig { mtu_octets }, true) => (3, 4, mtu_octets.min(0xffff)),
        (Trouble::Prohibited, true) => (3, 13, 0),
        (Trouble::NoRoute, false) => (1, 0, 0),
        (Trouble::Prohibited, false) => (1, 1, 0),
        (Trouble::HostUnreachable, false) => (1, 3, 0),
        (Trouble::PortUnreachable, false) => (1, 4, 0),
        (Trouble::TooBig { mtu_octets }, false) => (2, 0, mtu_octets),
    }
}

fn trouble(kind: u8, code: u8, rest: u32, is_v4: bool) -> Option<Trouble> {
    Some(match (kind, code, is_v4) {
        (3, 0, true) | (1, 0, false) => Trouble::NoRoute,
        (3, 1, true) | (1, 3, false) => Trouble::HostUnreachable,
        (3, 3, true) | (1, 4, false) => Trouble::PortUnreachable,
        (3, 9 | 10 | 13, true) | (1, 1, false) => Trouble::Prohibited,
        (3, 4, true) => Trouble::TooBig { mtu_octets: rest & 0xffff },
        (2, _, false) => Trouble::TooBig { mtu_octets: rest },
        _ => return None,
    })
}

/// The Internet checksum (RFC 1071); of ICMPv6 with the pseudo-header (RFC 4443 §2.3). 0 over octets
/// that have theirs.
fn checksum(from: IpAddr, to: IpAddr, octets: &[u8]) -> u16 {
    let words = |octets: &[u8]| -> u64 {
        let pairs = octets.chunks(2).map(|pair| {
            u64::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]))
        });
        pairs.sum()
    };
    let mut sum = words(octets);
    if let (IpAddr::V6(from), IpAddr::V6(to)) = (from, to) {
        sum += words(&from.octets()) + words(&to.octets()) + octets.len() as u64 + ICMPV6;
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

const HEADER_OCTETS: usize = 8;
/// The message is 576 octets at most, with its IP header (RFC 1812 §4.3.2.3).
const QUOTED_V4: usize = 576 - 20 - HEADER_OCTETS;
/// The message fits the least MTU (RFC 4443 §2.4 (c)).
const QUOTED_V6: usize = 1_280 - 40 - HEADER_OCTETS;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMPV6: u64 = 58;

#[cfg(test)]
mod tests {
    use etherparse::{Icmpv4Slice, Icmpv4Type, Icmpv6Slice, Icmpv6Type, icmpv4, icmpv6};
    use proptest::prelude::*;

    use super::*;
    use crate::net::tcp::{Flags, Segment};

    const TROUBLES: [Trouble; 5] = [
        Trouble::NoRoute,
        Trouble::HostUnreachable,
        Trouble::PortUnreachable,
        Trouble::Prohibited,
        Trouble::TooBig { mtu_octets: 1_280 },
    ];

    fn packets() -> Vec<Packet> {
        let segment = Segment {
            seq: 0xdead_beef,
            ack: 0,
            flags: Flags::SYN,
            window: 65_535,
            mss: Some(1_460),
            sack_permitted: false,
            sack: None,
            payload: Bytes::new(),
        };
        let ends =
            [("192.0.2.1:1025", "198.51.100.2:53"), ("[2001:db8::1]:1025", "[2001:db8::2]:53")];
        let bodies = [
            Body::Tcp(segment),
            Body::Udp(Bytes::from_static(b"abc")),
            Body::Udp(Bytes::from(vec![7; 4_000])),
        ];
        let of = |body: &Body| {
            let body = body.clone();
            ends.map(|(from, to)| {
                Packet::new(from.parse().unwrap(), to.parse().unwrap(), body.clone())
            })
        };
        bodies.iter().flat_map(of).collect()
    }

    fn octets(packet: &Packet) -> &Bytes {
        match &packet.body {
            Body::Icmp(octets) => octets,
            _ => panic!("{packet:?}"),
        }
    }

    #[test]
    fn who_sent_a_packet_reads_what_became_of_it() {
        for packet in packets() {
            for trouble in TROUBLES {
                let router = router_address(NodeId(3), packet.ends.from_ip());
                let message = about(&packet, trouble, router).unwrap();
                assert_eq!(message.ends.to_ip(), packet.ends.from_ip());
                let read = read(message.ends.from_ip(), message.ends.to_ip(), octets(&message));
                let tcp_sequence = matches!(packet.body, Body::Tcp(_)).then_some(0xdead_beef);
                let (from, to) = (packet.from(), packet.to());
                assert_eq!(read, Some(Complaint { trouble, from, to, tcp_sequence }));
                assert!(message.octets() <= if from.is_ipv4() { 576 } else { 1_280 });
                assert!(about(&message, trouble, router).is_none(), "no error about an error");
            }
        }
    }

    #[test]
    fn etherparse_reads_the_same() {
        let [v4, v6] = [0, 1].map(|at| packets()[at].clone());
        let too_big = Trouble::TooBig { mtu_octets: 1_280 };
        let message = about(&v4, too_big, router_address(NodeId(0), v4.ends.from_ip())).unwrap();
        let slice = Icmpv4Slice::from_slice(octets(&message)).unwrap();
        let wanted = icmpv4::DestUnreachableHeader::FragmentationNeeded { next_hop_mtu: 1_280 };
        assert_eq!(slice.icmp_type(), Icmpv4Type::DestinationUnreachable(wanted));
        let router = router_address(NodeId(0), v6.ends.from_ip());
        let message = about(&v6, Trouble::PortUnreachable, router).unwrap();
        let slice = Icmpv6Slice::from_slice(octets(&message)).unwrap();
        let wanted = icmpv6::DestUnreachableCode::Port;
        assert_eq!(slice.icmp_type(), Icmpv6Type::DestinationUnreachable(wanted));
        let (IpAddr::V6(from), IpAddr::V6(to)) = (message.ends.from_ip(), message.ends.to_ip())
        else {
            panic!("{message:?}");
        };
        assert!(slice.is_checksum_valid(from.octets(), to.octets()));
    }

    #[test]
    fn a_flipped_bit_is_noticed() {
        let packet = &packets()[2];
        let message = about(packet, Trouble::NoRoute, [192, 0, 0, 8].into()).unwrap();
        let (from, to) = (message.ends.from_ip(), message.ends.to_ip());
        for bit in 0..octets(&message).len() * 8 {
            let mut damaged = octets(&message).to_vec();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(read(from, to, &damaged.into()), None, "bit {bit}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_octets_never_panic(
            mut octets in prop::collection::vec(any::<u8>(), 0..100),
            kind in 0u8..5,
            v4 in any::<bool>(),
        ) {
            let (from, to): (IpAddr, IpAddr) = match v4 {
                true => ([192, 0, 2, 1].into(), [192, 0, 2, 2].into()),
                false => ("2001:db8::1".parse().unwrap(), "2001:db8::2".parse().unwrap()),
            };
            if octets.len() > 4 {
                // With the right checksum, so that it is read on.
                octets[..4].copy_from_slice(&[kind, 0, 0, 0]);
                let sum = checksum(from, to, &octets);
                octets[2..4].copy_from_slice(&sum.to_be_bytes());
            }
            let _ = read(from, to, &octets.into());
        }
    }
}

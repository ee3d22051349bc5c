//! What crosses a link: a UDP datagram, a TCP segment or an ICMP message between two addresses.
//!
//! Headers are kept as numbers and written out as octets where a capture asks for them; payloads
//! are reference-counted slices, so that a message is not copied from hop to hop.

use std::net::SocketAddr;

use bytes::Bytes;

use super::Ends;
use super::tcp::Segment;

/// One packet.
#[derive(Debug, Clone)]
pub struct Packet {
    /// Source and destination, each an address and a port.
    pub ends: Ends,
    /// What it carries.
    pub body: Body,
}

/// What a packet carries.
#[derive(Debug, Clone)]
pub enum Body {
    /// The payload of a UDP datagram (RFC 768).
    Udp(Bytes),
    /// A TCP segment (RFC 9293).
    Tcp(Segment),
    /// The octets of an ICMP or ICMPv6 message ([`super::icmp`]). The ports of its packet are 0.
    Icmp(Bytes),
    /// What was one of the others, and is not any more.
    Damaged(Box<Damage>),
}

/// What a corrupted packet carries. Its checksum fails, whatever was flipped.
///
/// Not modelled: bits flipped in the IP header, which the next router would drop.
#[derive(Debug, Clone)]
pub struct Damage {
    /// What it carried, not damaged.
    pub intact: Body,
    /// The bits that are flipped, counted from 0 at the highest bit of the first octet of the UDP,
    /// TCP or ICMP header.
    pub flipped_bits: Vec<u32>,
}

impl Packet {
    /// One that goes from one address to another.
    pub fn new(from: SocketAddr, to: SocketAddr, body: Body) -> Self {
        Packet { ends: Ends::new(from, to), body }
    }

    /// Source address and port.
    #[inline]
    pub fn from(&self) -> SocketAddr {
        self.ends.from()
    }

    /// Destination address and port.
    #[inline]
    pub fn to(&self) -> SocketAddr {
        self.ends.to()
    }

    /// Its size on a link in octets: IP header, transport header, payload.
    pub fn octets(&self) -> usize {
        ip_header_octets(self.ends.is_ipv4()) + self.transport_octets()
    }

    /// The octets of its transport header and payload.
    pub fn transport_octets(&self) -> usize {
        transport_octets(&self.body)
    }

    /// What it carried before any damage.
    pub fn intact(&self) -> &Body {
        match &self.body {
            Body::Damaged(damage) => &damage.intact,
            body => body,
        }
    }

    /// The octets it carries for the application, or carried before it was damaged.
    pub fn payload(&self) -> &Bytes {
        payload_of(&self.body)
    }

    /// The sequence number of a TCP segment, damaged or not.
    pub fn tcp_sequence(&self) -> Option<u32> {
        match self.intact() {
            Body::Tcp(segment) => Some(segment.seq),
            _ => None,
        }
    }

    /// Flips a bit, counted as [`Damage::flipped_bits`] are. One that is flipped twice is right
    /// again, and then the packet may be.
    pub fn damage(&mut self, bit: u32) {
        let body = std::mem::replace(&mut self.body, Body::Udp(Bytes::new()));
        let mut damage = match body {
            Body::Damaged(damage) => damage,
            intact => Box::new(Damage { intact, flipped_bits: Vec::new() }),
        };
        match damage.flipped_bits.iter().position(|flipped| *flipped == bit) {
            Some(place) => {
                damage.flipped_bits.remove(place);
            }
            None => damage.flipped_bits.push(bit),
        }
        self.body = match damage.flipped_bits.is_empty() {
            true => damage.intact,
            false => Body::Damaged(damage),
        };
    }
}

fn transport_octets(body: &Body) -> usize {
    match body {
        Body::Udp(payload) => UDP_HEADER_OCTETS + payload.len(),
        Body::Tcp(segment) => segment.header_octets() + segment.payload.len(),
        Body::Icmp(octets) => octets.len(),
        Body::Damaged(damage) => transport_octets(&damage.intact),
    }
}

fn payload_of(body: &Body) -> &Bytes {
    match body {
        Body::Udp(payload) | Body::Icmp(payload) => payload,
        Body::Tcp(segment) => &segment.payload,
        Body::Damaged(damage) => payload_of(&damage.intact),
    }
}

/// The largest TCP payload that fits a link of this MTU by IPv4, or by IPv6 (RFC 9293 §3.7.1).
pub fn mss_for(mtu_octets: u32, is_ipv4: bool) -> u16 {
    let headers = ip_header_octets(is_ipv4) + TCP_HEADER_OCTETS;
    u16::try_from((mtu_octets as usize).saturating_sub(headers)).unwrap_or(u16::MAX).max(1)
}

fn ip_header_octets(is_ipv4: bool) -> usize {
    if is_ipv4 { 20 } else { 40 }
}

const UDP_HEADER_OCTETS: usize = 8;
const TCP_HEADER_OCTETS: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_keeps_the_size_and_two_flips_of_a_bit_are_none() {
        let ends: SocketAddr = "192.0.2.1:53".parse().unwrap();
        let body = Body::Udp(Bytes::from_static(b"query"));
        let mut packet = Packet::new(ends, ends, body);
        packet.damage(70);
        packet.damage(3);
        assert_eq!((packet.octets(), packet.payload().as_ref()), (33, &b"query"[..]));
        packet.damage(70);
        let Body::Damaged(damage) = &packet.body else { panic!("{packet:?}") };
        assert_eq!(damage.flipped_bits, [3]);
        packet.damage(3);
        assert!(matches!(packet.body, Body::Udp(_)));
    }

    #[test]
    fn damage_makes_no_packet_larger() {
        assert_eq!(size_of::<Body>(), size_of::<Segment>());
    }
}

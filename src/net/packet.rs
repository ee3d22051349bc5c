//! What crosses a link: a UDP datagram, a TCP segment or an ICMP message between two addresses.
//!
//! Headers are kept as numbers and written out as octets where a capture asks for them; payloads
//! are reference-counted slices, so that a message is not copied from hop to hop.

use std::net::SocketAddr;

use bytes::Bytes;

use super::tcp::Segment;

/// One packet.
#[derive(Debug, Clone)]
pub struct Packet {
    /// Source address and port.
    pub from: SocketAddr,
    /// Destination address and port.
    pub to: SocketAddr,
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
}

impl Packet {
    /// Its size on a link in octets: IP header, transport header, payload.
    pub fn octets(&self) -> usize {
        ip_header_octets(self.to)
            + match &self.body {
                Body::Udp(payload) => UDP_HEADER_OCTETS + payload.len(),
                Body::Tcp(segment) => segment.header_octets() + segment.payload.len(),
                Body::Icmp(octets) => octets.len(),
            }
    }

    /// The octets it carries for the application.
    pub fn payload(&self) -> &Bytes {
        match &self.body {
            Body::Udp(payload) | Body::Icmp(payload) => payload,
            Body::Tcp(segment) => &segment.payload,
        }
    }
}

/// The largest TCP payload that fits a link of this MTU towards `to` (RFC 9293 §3.7.1).
pub fn mss_for(mtu_octets: u32, to: SocketAddr) -> u16 {
    let headers = ip_header_octets(to) + TCP_HEADER_OCTETS;
    u16::try_from((mtu_octets as usize).saturating_sub(headers)).unwrap_or(u16::MAX).max(1)
}

fn ip_header_octets(address: SocketAddr) -> usize {
    if address.is_ipv4() { 20 } else { 40 }
}

const UDP_HEADER_OCTETS: usize = 8;
const TCP_HEADER_OCTETS: usize = 20;

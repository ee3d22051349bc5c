//! A packet as the octets that cross a link: IP header, UDP, TCP or ICMP header, payload.
//!
//! Follows RFC 791 and RFC 8200 (IP), RFC 768 (UDP), RFC 9293 and RFC 7323 §2 (TCP), with the right
//! checksums. An ICMP message is octets already. Fragmentation is off (DF).

use std::net::IpAddr;

use etherparse::err::packet::BuildVecWriteError;
use etherparse::{
    IpHeaders, IpNumber, Ipv4Header, Ipv6Header, PacketBuilder, TcpHeader, TcpOptionElement,
    TcpOptions,
};
use xxhash_rust::xxh3::xxh3_64;

use super::tcp::{Flags, Segment, WINDOW_SHIFT};
use super::{Body, Packet};

/// The time to live that hosts give a packet (RFC 1122 §3.2.1.7: configurable; Linux takes this).
const TTL: u8 = 64;

/// Puts the octets of a packet into `frame`, in place of what is there, as they are behind so many
/// routers.
///
/// # Errors
/// It is larger than an IP packet can be; then `frame` is of no use.
pub fn write(packet: &Packet, hops: u8, frame: &mut Vec<u8>) -> Result<(), BuildVecWriteError> {
    frame.clear();
    let builder = PacketBuilder::ip(ip_header(packet, TTL.saturating_sub(hops).max(1)));
    let (from, to) = (packet.ends.from_port(), packet.ends.to_port());
    match packet.intact() {
        Body::Udp(payload) => builder.udp(from, to).write_to_vec(frame, payload)?,
        Body::Tcp(segment) => builder
            .tcp_header(tcp_header(from, to, segment))
            .write_to_vec(frame, &segment.payload)?,
        Body::Icmp(octets) => builder.write_to_vec(frame, icmp_number(packet), octets)?,
        Body::Damaged(_) => unreachable!("what was intact is no damage"),
    }
    if let Body::Damaged(damage) = &packet.body {
        let header_octets = frame.len() - packet.transport_octets();
        for bit in &damage.flipped_bits {
            frame[header_octets + *bit as usize / 8] ^= 0x80 >> (bit % 8);
        }
    }
    Ok(())
}

fn icmp_number(packet: &Packet) -> IpNumber {
    if packet.ends.is_ipv4() { IpNumber::ICMP } else { IpNumber::IPV6_ICMP }
}

/// Without what follows from the payload.
fn ip_header(packet: &Packet, ttl: u8) -> IpHeaders {
    match (packet.ends.from_ip(), packet.ends.to_ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let header = Ipv4Header {
                time_to_live: ttl,
                dont_fragment: true,
                identification: identification(packet),
                source: from.octets(),
                destination: to.octets(),
                ..Ipv4Header::default()
            };
            IpHeaders::Ipv4(header, Default::default())
        }
        (from, to) => {
            let octets = |address| match address {
                IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
                IpAddr::V6(address) => address.octets(),
            };
            let header = Ipv6Header {
                hop_limit: ttl,
                source: octets(from),
                destination: octets(to),
                ..Ipv6Header::default()
            };
            IpHeaders::Ipv6(header, Default::default())
        }
    }
}

fn tcp_header(from: u16, to: u16, segment: &Segment) -> TcpHeader {
    let has = |flag| segment.flags.contains(flag);
    let scale = if has(Flags::SYN) { 0 } else { WINDOW_SHIFT };
    TcpHeader {
        source_port: from,
        destination_port: to,
        sequence_number: segment.seq,
        acknowledgment_number: segment.ack,
        fin: has(Flags::FIN),
        syn: has(Flags::SYN),
        rst: has(Flags::RST),
        psh: has(Flags::PSH),
        ack: has(Flags::ACK),
        window_size: u16::try_from(segment.window >> scale).unwrap_or(u16::MAX),
        options: tcp_options(segment),
        ..TcpHeader::default()
    }
}

fn tcp_options(segment: &Segment) -> TcpOptions {
    let mut options = Vec::new();
    options.extend(segment.mss.map(TcpOptionElement::MaximumSegmentSize));
    if segment.sack_permitted {
        let permitted = TcpOptionElement::SelectiveAcknowledgementPermitted;
        options.extend([TcpOptionElement::Noop, TcpOptionElement::Noop, permitted]);
    }
    if let Some(blocks) = &segment.sack
        && let [first, others @ ..] = blocks.as_slice()
    {
        let mut rest = [None; 3];
        rest.iter_mut().zip(others).for_each(|(place, block)| *place = Some(*block));
        let blocks = TcpOptionElement::SelectiveAcknowledgement(*first, rest);
        options.extend([TcpOptionElement::Noop, TcpOptionElement::Noop, blocks]);
    }
    if segment.flags.contains(Flags::SYN) {
        options.extend([TcpOptionElement::Noop, TcpOptionElement::WindowScale(WINDOW_SHIFT)]);
    }
    TcpOptions::try_from_elements(&options).expect("at most 36 octets of 40")
}

/// The same for the two sightings of a packet, so that a reader can pair them, and seldom that of
/// another. (RFC 6864 §4.1 lets a packet that is not fragmented have any.)
fn identification(packet: &Packet) -> u16 {
    let mut text = Vec::with_capacity(128);
    let mut add = |octets: &[u8]| text.extend_from_slice(octets);
    for end in [packet.from(), packet.to()] {
        match end.ip() {
            IpAddr::V4(address) => add(&address.octets()),
            IpAddr::V6(address) => add(&address.octets()),
        }
        add(&end.port().to_be_bytes());
    }
    match packet.intact() {
        Body::Udp(payload) | Body::Icmp(payload) => add(payload),
        Body::Damaged(_) => unreachable!("what was intact is no damage"),
        // Not the MSS, which routers lower.
        Body::Tcp(Segment { seq, ack, flags, window, payload, .. }) => {
            let length = payload.len() as u32;
            [*seq, *ack, u32::from(flags.bits()), *window, length]
                .iter()
                .for_each(|field| add(&field.to_be_bytes()));
        }
    }
    (xxh3_64(&text) & 0xffff) as u16
}

#[cfg(test)]
mod tests {
    use crate::net::tcp::SackBlocks;
    use bytes::Bytes;
    use etherparse::{NetHeaders, PacketHeaders, TransportHeader};

    use super::*;

    fn packet(from: &str, to: &str, body: Body) -> Packet {
        Packet::new(from.parse().unwrap(), to.parse().unwrap(), body)
    }

    fn syn() -> Body {
        Body::Tcp(Segment {
            seq: 7,
            ack: 0,
            flags: Flags::SYN,
            window: 65_535,
            mss: Some(1_460),
            sack_permitted: true,
            sack: None,
            payload: Bytes::new(),
        })
    }

    fn framed(packet: &Packet, hops: u8) -> Vec<u8> {
        let mut frame = vec![1, 2, 3];
        write(packet, hops, &mut frame).unwrap();
        frame
    }

    #[test]
    fn a_flipped_bit_is_the_only_difference() {
        let (from, to) = ("192.0.2.1:53".parse().unwrap(), "192.0.2.2:53".parse().unwrap());
        let mut packet = Packet::new(from, to, Body::Udp(Bytes::from_static(b"query")));
        let (mut intact, mut damaged) = (Vec::new(), Vec::new());
        write(&packet, 0, &mut intact).unwrap();
        packet.damage(8 * 8 + 3); // in the first octet of the payload
        write(&packet, 0, &mut damaged).unwrap();
        assert_eq!(intact[28] ^ damaged[28], 0x10);
        damaged[28] = intact[28];
        assert_eq!(intact, damaged);
    }

    #[test]
    fn a_frame_has_the_size_that_the_link_counted() {
        let data = Body::Tcp(Segment {
            seq: u32::MAX,
            ack: 9,
            flags: Flags::PSH | Flags::ACK,
            window: 1 << 20,
            mss: None,
            sack_permitted: false,
            sack: {
                let mut blocks = SackBlocks::default();
                (1..=4).for_each(|block| blocks.push(100 * block, 100 * block + 50));
                Some(Box::new(blocks))
            },
            payload: Bytes::from_static(b"NOOP\r\n"),
        });
        for body in [Body::Udp(Bytes::from_static(b"odd")), syn(), data] {
            for (from, to) in
                [("192.0.2.1:1025", "198.51.100.2:25"), ("[2001:db8::1]:1025", "[2001:db8::2]:25")]
            {
                let packet = packet(from, to, body.clone());
                assert_eq!(framed(&packet, 0).len(), packet.octets(), "{packet:?}");
            }
        }
    }

    #[test]
    fn the_headers_say_what_the_packet_says() {
        let frame = framed(&packet("192.0.2.1:1025", "198.51.100.2:25", syn()), 3);
        let headers = PacketHeaders::from_ip_slice(&frame).unwrap();
        let Some(NetHeaders::Ipv4(ip, _)) = headers.net else { panic!("no IPv4 header") };
        assert_eq!((ip.time_to_live, ip.dont_fragment), (61, true));
        assert_eq!(ip.header_checksum, ip.calc_header_checksum());
        let Some(TransportHeader::Tcp(tcp)) = headers.transport else { panic!("no TCP header") };
        assert_eq!(
            (tcp.sequence_number, tcp.syn, tcp.ack, tcp.window_size),
            (7, true, false, 65_535)
        );
        assert_eq!(tcp.checksum, tcp.calc_checksum_ipv4(&ip, &[]).unwrap());
        let options: Vec<_> = tcp.options_iterator().map(Result::unwrap).collect();
        assert_eq!(
            options,
            [
                TcpOptionElement::MaximumSegmentSize(1_460),
                TcpOptionElement::Noop,
                TcpOptionElement::Noop,
                TcpOptionElement::SelectiveAcknowledgementPermitted,
                TcpOptionElement::Noop,
                TcpOptionElement::WindowScale(7)
            ]
        );
    }

    #[test]
    fn the_two_sightings_of_a_packet_have_one_identification() {
        let identification = |packet: &Packet, hops| {
            let frame = framed(packet, hops);
            u16::from_be_bytes([frame[4], frame[5]])
        };
        let first = packet("192.0.2.1:1025", "198.51.100.2:25", syn());
        let mut clamped = first.clone();
        if let Body::Tcp(segment) = &mut clamped.body {
            segment.mss = Some(536);
        }
        assert_eq!(identification(&first, 0), identification(&clamped, 4));
        let other = packet("192.0.2.1:1026", "198.51.100.2:25", syn());
        assert_ne!(identification(&first, 0), identification(&other, 0));
    }

    #[test]
    fn what_is_larger_than_ip_carries_is_told() {
        let body = Body::Udp(Bytes::from(vec![0; 65_508]));
        assert!(write(&packet("192.0.2.1:1", "192.0.2.2:2", body), 0, &mut Vec::new()).is_err());
    }
}

//! What hosts see of the network: each packet as a host sends it and as one receives it.
//!
//! A packet is seen twice, by its sender and by its receiver, unless it is lost between them; one from
//! a host to itself is seen once. What a host gives to the network is seen whatever its link makes of
//! it. Nothing in a run reads what was captured; switched off, it costs one branch a packet.

use crate::engine::SimTime;
use crate::net::{NodeId, Packet};
use crate::proto::tls::Secret;

use super::network::Network;

/// One thing for a capture.
#[derive(Debug, Clone)]
pub enum Captured {
    /// A packet.
    Packet(CapturedPacket),
    /// With this the packets of a connection can be read.
    Secret(CapturedSecret),
}

impl Captured {
    /// When it was seen.
    pub fn time(&self) -> SimTime {
        match self {
            Captured::Packet(packet) => packet.time,
            Captured::Secret(secret) => secret.time,
        }
    }
}

/// A secret as a host came to know it.
#[derive(Debug, Clone)]
pub struct CapturedSecret {
    /// When.
    pub time: SimTime,
    /// The secret.
    pub secret: Secret,
}

/// A packet as one host saw it.
#[derive(Debug, Clone)]
pub struct CapturedPacket {
    /// When.
    pub time: SimTime,
    /// Who saw it.
    pub host: NodeId,
    /// Whether it came or went.
    pub passage: Passage,
    /// Over how many routers it has come, on the way that a packet would take now from the host that
    /// has its source address. 0 for one that was sent.
    pub hops: u8,
    /// The packet.
    pub packet: Packet,
}

/// Whether a packet came or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    /// The host sent it.
    Sent,
    /// The host received it.
    Received,
}

/// What was seen and not yet taken.
#[derive(Debug)]
pub(crate) struct Capture {
    /// By node, whether its packets are wanted; `None`: those of all.
    wanted: Option<Vec<bool>>,
    pub(crate) captured: Vec<Captured>,
}

impl Capture {
    /// Of the hosts in the list, or of all.
    pub(crate) fn new(hosts: Option<&[NodeId]>) -> Self {
        let wanted = hosts.map(|hosts| {
            let count = hosts.iter().map(|host| host.index() + 1).max().unwrap_or(0);
            let mut wanted = vec![false; count];
            hosts.iter().for_each(|host| wanted[host.index()] = true);
            wanted
        });
        Capture { wanted, captured: Vec::new() }
    }

    /// Of the same hosts, with nothing seen yet.
    pub(crate) fn fresh(&self) -> Self {
        Capture { wanted: self.wanted.clone(), captured: Vec::new() }
    }

    fn wants(&self, host: NodeId) -> bool {
        let wanted = self.wanted.as_ref();
        wanted.is_none_or(|wanted| wanted.get(host.index()).is_some_and(|wanted| *wanted))
    }

    #[cold]
    pub(crate) fn sent(&mut self, time: SimTime, host: NodeId, packet: &Packet) {
        if self.wants(host) {
            let (passage, packet) = (Passage::Sent, packet.clone());
            self.captured.push(Captured::Packet(CapturedPacket {
                time,
                host,
                passage,
                hops: 0,
                packet,
            }));
        }
    }

    #[cold]
    pub(crate) fn received(
        &mut self,
        network: &Network,
        time: SimTime,
        host: NodeId,
        packet: &Packet,
    ) {
        let source = network.addresses.owner(packet.ends.from_ip());
        if self.wants(host) && source != Some(host) {
            let hops = source.map_or(0, |source| network.routers_between(source, host));
            let (passage, packet) = (Passage::Received, packet.clone());
            self.captured.push(Captured::Packet(CapturedPacket {
                time,
                host,
                passage,
                hops,
                packet,
            }));
        }
    }

    pub(crate) fn secret(&mut self, time: SimTime, host: NodeId, secret: &Secret) {
        if self.wants(host) {
            let secret = secret.clone();
            self.captured.push(Captured::Secret(CapturedSecret { time, secret }));
        }
    }
}

//! The rules that stand at a host about the packets it sends, with their counts and draws.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::Stream;
use crate::net::tcp::{Flags, Segment};
use crate::net::{Body, Loss, NodeId, Packet, Unreachable};

use super::fault::FaultId;
use super::network::Network;
use super::node::{Happening, LOOPBACK_DELAY};
use super::packet_rule::{Flow, PacketNumber, PacketRule, PacketVerdict};
use super::record::Fact;
use super::stack::Transport;
use super::turn::Turn;

/// A rule that stands.
#[derive(Debug)]
pub(super) struct Judge {
    pub(super) id: FaultId,
    rule: Arc<PacketRule>,
    /// How many packets of each flow have left, where the rule asks for that.
    flows: BTreeMap<Flow, u64>,
    /// How many it has struck.
    struck: u64,
    /// Made at the first draw.
    draws: Option<Box<Stream>>,
}

impl Judge {
    pub(super) fn new(id: FaultId, rule: Arc<PacketRule>) -> Self {
        Judge { id, rule, flows: BTreeMap::new(), struck: 0, draws: None }
    }

    /// What becomes of the packet, number `number` of its host, if the rule strikes it.
    fn strikes(
        &mut self,
        network: &Network,
        number: u64,
        to: NodeId,
        packet: &Packet,
    ) -> Option<PacketVerdict> {
        let is_numbered = match self.rule.number {
            None => true,
            Some(PacketNumber::OfHost(wanted)) => number == wanted,
            Some(PacketNumber::OfFlow(wanted)) => self.count(packet) == wanted,
        };
        if !is_numbered
            || self.rule.first.is_some_and(|first| self.struck >= first)
            || !self.rule.fits(to, packet)
        {
            return None;
        }
        if self.rule.share < 1.0 {
            let share = self.rule.share;
            if !self.draws(network).chance(share) {
                return None;
            }
        }
        self.struck += 1;
        Some(self.rule.verdict)
    }

    /// The number of a packet in its flow.
    fn count(&mut self, packet: &Packet) -> u64 {
        let (protocol, begins) = match packet.intact() {
            Body::Tcp(segment) => (Transport::Tcp, segment.flags.contains(Flags::SYN)),
            _ => (Transport::Udp, false),
        };
        let count = self.flows.entry((protocol, packet.from(), packet.to())).or_default();
        *count = if begins { 1 } else { *count + 1 };
        *count
    }

    /// Which bit of a packet is flipped, counted from its transport header on.
    fn bit(&mut self, network: &Network, packet: &Packet) -> u32 {
        let bits = packet.transport_octets() as u64 * 8;
        self.draws(network).below(bits) as u32
    }

    /// Named by what the rule says, so that no other rule moves its draws.
    fn draws(&mut self, network: &Network) -> &mut Stream {
        let rule = &*self.rule;
        self.draws.get_or_insert_with(|| {
            let host = network.name(rule.from);
            let to = rule.to.map_or("any", |to| network.name(to));
            let protocol = rule.protocol.map_or("any".to_owned(), |protocol| protocol.to_string());
            let port = rule.port.unwrap_or_default();
            let (flags, verdict) = (rule.flags, rule.verdict);
            Box::new(network.seed.stream(&format!(
                "host {host} packets to {to} {protocol} port {port} {flags} {verdict}"
            )))
        })
    }
}

impl Turn<'_> {
    /// Sends a packet to the node that has its address, unless a rule knows better.
    pub(crate) fn send(&mut self, packet: Box<Packet>) {
        let owner = self.network.addresses.owner(packet.ends.to_ip());
        self.send_to(owner, packet);
    }

    /// The same, where it is known already which host has the address; `None`: none has.
    pub(crate) fn send_to(&mut self, owner: Option<NodeId>, packet: Box<Packet>) {
        if let Some(capture) = &mut self.agenda.capture {
            capture.sent(self.now, self.host.node.id, &packet);
        }
        self.host.node.counts.sent.add(&packet);
        let to = match owner {
            Some(to) => to,
            // Its router finds out.
            None if self.network.unreachable != Unreachable::Silence => NodeId::NOWHERE,
            None => {
                self.host.node.lose(self.agenda, self.now, self.cause, &packet, Loss::NoRoute);
                return;
            }
        };
        if !self.host.judges.is_empty() {
            return self.judge(to, packet);
        }
        self.depart(to, packet);
    }

    /// Puts a packet on its way.
    pub(super) fn depart(&mut self, to: NodeId, packet: Box<Packet>) {
        let from = self.host.node.id;
        if !self.network.partitions.is_empty() && self.network.are_parted(from, to) {
            let node = &mut self.host.node;
            node.lose(self.agenda, self.now, self.cause, &packet, Loss::Partitioned);
            return;
        }
        self.host.node.forward(self.network, self.agenda, self.now, self.cause, to, packet);
    }

    /// Asks all rules, in the order in which they began; the first that strikes counts.
    fn judge(&mut self, to: NodeId, mut packet: Box<Packet>) {
        let number = self.host.node.counts.sent.packets;
        let mut verdict = None;
        for judge in self.host.judges.iter_mut() {
            // All of them count.
            let one = judge.strikes(self.network, number, to, &packet);
            if let (None, Some(one)) = (verdict, one) {
                verdict = Some(one);
                if one == PacketVerdict::Corrupt {
                    let bit = judge.bit(self.network, &packet);
                    packet.damage(bit);
                }
            }
        }
        let Some(verdict) = verdict else { return self.depart(to, packet) };
        if verdict != PacketVerdict::Drop {
            let fact = || Fact::altered(&packet, verdict);
            self.host.node.record(self.agenda, self.now, self.cause, fact);
        }
        match verdict {
            PacketVerdict::Drop => self.strike_out(&packet),
            PacketVerdict::Duplicate => {
                self.host.node.counts.duplicate(&packet);
                self.depart(to, packet.clone());
                self.depart(to, packet);
            }
            PacketVerdict::Delay(delay) => {
                let happening = Happening::Departure { destination: to, packet };
                self.schedule(self.now + delay, happening);
            }
            PacketVerdict::Corrupt => self.depart(to, packet),
            PacketVerdict::Reset => {
                self.strike_out(&packet);
                self.reset(to, &packet);
            }
        }
    }

    fn strike_out(&mut self, packet: &Packet) {
        self.host.node.lose(self.agenda, self.now, self.cause, packet, Loss::Struck);
    }

    /// Ends the connection of a segment at both ends: each gets a RST that it takes for the other's.
    fn reset(&mut self, to: NodeId, packet: &Packet) {
        let Body::Tcp(segment) = packet.intact() else { return };
        let Some(back) = segment.reset_for() else { return };
        let flags = match segment.flags.contains(Flags::ACK) {
            true => Flags::RST | Flags::ACK,
            false => Flags::RST,
        };
        let onward = Segment::bare(segment.seq, segment.ack, flags, 0);
        let onward = Packet { ends: packet.ends, body: Body::Tcp(onward) };
        let back = Packet { ends: packet.ends.reversed(), body: Body::Tcp(back) };
        self.host.node.counts.duplicate(&onward);
        self.host.node.counts.duplicate(&back);
        self.depart(to, Box::new(onward));
        let destination = self.host.node.id;
        let happening = Happening::Packet { destination, packet: Box::new(back) };
        self.schedule(self.now + LOOPBACK_DELAY, happening);
    }
}

//! What became of the packets: sent, delivered, lost, duplicated, under way.
//!
//! Every node counts what happens at it; nothing in a run reads it. At each moment, in packets as in
//! octets, what was sent and duplicated is what was delivered, was lost and is in flight.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use crate::net::{Loss, NodeId, Packet};

use super::World;

/// A number of packets, and their size on a link: IP header, transport header, payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Amount {
    /// Packets.
    pub packets: u64,
    /// Octets.
    pub octets: u64,
}

impl Amount {
    /// Adds a packet.
    pub(super) fn add(&mut self, packet: &Packet) {
        self.add_octets(packet.octets());
    }

    /// Adds a packet of that size.
    pub(super) fn add_octets(&mut self, octets: usize) {
        self.packets += 1;
        self.octets += octets as u64;
    }
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Amount) {
        self.packets += other.packets;
        self.octets += other.octets;
    }
}

/// What became of the packets of a world, or at one node of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Traffic {
    /// What hosts sent.
    pub sent: Amount,
    /// What came to be under way: copies of packets, and what a packet fault answers with RST.
    pub duplicated: Amount,
    /// What reached a program or a connection of its host.
    pub delivered: Amount,
    /// What did not, by cause. A router counts what it lost, too.
    pub lost: BTreeMap<Loss, Amount>,
    /// What is under way, is held by a link, or waits to leave or for its host to go on; none at a single
    /// node.
    pub in_flight: Amount,
}

impl Traffic {
    /// All that was lost.
    pub fn lost_in_all(&self) -> Amount {
        let mut all = Amount::default();
        self.lost.values().for_each(|amount| all += *amount);
        all
    }

    /// What was sent and duplicated, and what was delivered, lost or is in flight: the two are the
    /// same, or a packet came from nowhere or went there.
    pub fn balance(&self) -> (Amount, Amount) {
        let (mut came, mut went) = (self.sent, self.delivered);
        came += self.duplicated;
        went += self.lost_in_all();
        went += self.in_flight;
        (came, went)
    }
}

/// The counts of a node.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) sent: Amount,
    pub(crate) delivered: Amount,
    /// What happens seldom. Made when it happens first.
    rare: Option<Box<Rare>>,
}

#[derive(Debug, Default)]
struct Rare {
    duplicated: Amount,
    lost: [Amount; Loss::COUNT],
}

impl Counts {
    pub(crate) fn duplicate(&mut self, packet: &Packet) {
        self.rare.get_or_insert_default().duplicated.add(packet);
    }

    pub(crate) fn lose(&mut self, packet: &Packet, why: Loss) {
        self.rare.get_or_insert_default().lost[why as usize].add(packet);
    }

    fn add_to(&self, traffic: &mut Traffic) {
        traffic.sent += self.sent;
        traffic.delivered += self.delivered;
        let Some(rare) = &self.rare else { return };
        traffic.duplicated += rare.duplicated;
        for (why, amount) in Loss::ALL.into_iter().zip(rare.lost) {
            if amount.packets > 0 {
                *traffic.lost.entry(why).or_default() += amount;
            }
        }
    }
}

impl World {
    /// What has become of all packets so far. Walks all nodes and the whole queue of events.
    pub fn traffic(&self) -> Traffic {
        let mut traffic = Traffic::default();
        for part in &self.parts {
            for node in part.nodes() {
                node.counts.add_to(&mut traffic);
                node.held_packets().for_each(|packet| traffic.in_flight.add(packet));
            }
            for scheduled in part.agenda.queue.payloads() {
                if let Some(packet) = scheduled.happening.packet() {
                    traffic.in_flight.add(packet);
                }
            }
            for condition in part.hosts.iter().filter_map(|host| host.state.condition.as_ref()) {
                condition.kept_packets().for_each(|packet| traffic.in_flight.add(packet));
            }
        }
        traffic
    }

    /// What has become of packets at one host or router so far.
    pub fn traffic_of(&self, node: NodeId) -> Traffic {
        let mut traffic = Traffic::default();
        if let Some(node) = self.any_node(node) {
            node.counts.add_to(&mut traffic);
        }
        traffic
    }

    /// How many packets a host has sent, those to itself too; 0 for a router.
    pub fn packets_sent(&self, host: NodeId) -> u64 {
        let host = self.host(host);
        host.map_or(0, |host| host.state.node.counts.sent.packets)
    }
}

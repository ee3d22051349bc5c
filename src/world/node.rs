//! What every node has, host or router: its count of events and the outgoing side of its links.

use std::collections::{BTreeMap, VecDeque};

use smallvec::SmallVec;

use crate::engine::{EventQueue, Key, SimTime};
use crate::net::{
    Alteration, Body, Direction, LinkStatus, Loss, NodeId, Packet, Trouble, Unreachable, Verdict,
    icmp,
};

use super::actor::{ConnId, Signal, TimerToken};
use super::capture::Capture;
use super::fold::Folding;
use super::lazily::{Lazily, Nothing};
use super::network::Network;
use super::outside::{Departure, Visit};
use super::packet_rule::PacketVerdict;
use super::record::{Fact, Record, RecordId};
use super::records::Records;
use super::traffic::Counts;

/// An entry of the event queue: what happens, and where.
#[derive(Debug)]
pub(crate) struct Scheduled {
    pub(crate) node: NodeId,
    pub(crate) cause: Option<RecordId>,
    pub(crate) happening: Happening,
}

#[derive(Debug)]
pub(crate) enum Happening {
    /// The host comes up for the first time.
    Start,
    /// A packet arrives, on its way to `destination`.
    Packet { destination: NodeId, packet: Box<Packet> },
    /// A packet that was kept back leaves its host.
    Departure { destination: NodeId, packet: Box<Packet> },
    /// A time an actor had set. Void when the host was restarted since `boot`.
    Timer { boot: u32, actor: u16, token: TimerToken },
    /// A connection may have something to do. Lazy: it may be early, or the connection gone.
    Connection { boot: u32, connection: ConnId },
    /// What a program wrote on a connection while it waited for the disk goes out.
    Release { boot: u32, connection: ConnId },
    /// An actor other than `from` is to be told.
    Signal { boot: u32, from: u16, signal: Signal },
    /// Something comes in from outside the world.
    Visit(Box<Visit>),
}

impl Happening {
    /// The packet that it is about, if it is.
    pub(crate) fn packet(&self) -> Option<&Packet> {
        match self {
            Happening::Packet { packet, .. } | Happening::Departure { packet, .. } => Some(packet),
            _ => None,
        }
    }
}

/// The queue of a run, with what watches it.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    pub(crate) queue: EventQueue<Scheduled>,
    /// `None`: nobody watches.
    pub(crate) records: Option<Records>,
    /// `None`: nobody makes figures.
    pub(crate) fold: Option<Folding>,
    /// `None`: nobody captures packets.
    pub(crate) capture: Option<Box<Capture>>,
    /// What goes out of the world, in order.
    pub(crate) outbox: Vec<Departure>,
    /// The last moment at which anything but an idle timer happened.
    pub(crate) last_activity: SimTime,
    /// What leaves the part; `None`: there is one part, and nothing does.
    pub(crate) crossing: Option<Box<Crossing>>,
}

/// What leaves one of several parts for others.
#[derive(Debug)]
pub(crate) struct Crossing {
    /// The part.
    own: usize,
    /// By the part that it goes to.
    pub(crate) leaving: Vec<Vec<(Key, Scheduled)>>,
    /// Whether any of these has anything in it.
    pub(crate) is_laden: bool,
    /// How long anything is under way from there to here at the least, in nanoseconds.
    pub(crate) ways_back: Box<[u64]>,
    /// When the soonest answer can come to what has left, in nanoseconds.
    pub(crate) answer: u64,
}

impl Crossing {
    /// Of part number `own`, of so many.
    pub(crate) fn new(own: usize, parts: usize) -> Self {
        let leaving = (0..parts).map(|_| Vec::new()).collect();
        let ways_back = vec![0; parts].into();
        Crossing { own, leaving, is_laden: false, ways_back, answer: u64::MAX }
    }

    fn push(&mut self, part: usize, key: Key, scheduled: Scheduled) {
        let answer = key.time.as_nanos().saturating_add(self.ways_back[part]);
        self.answer = self.answer.min(answer);
        self.is_laden = true;
        self.leaving[part].push((key, scheduled));
    }

    /// Takes what leaves, by the part that it goes to.
    pub(crate) fn take(&mut self) -> Vec<Vec<(Key, Scheduled)>> {
        self.is_laden = false;
        self.leaving.iter_mut().map(std::mem::take).collect()
    }
}

impl Agenda {
    /// Puts what has come from elsewhere into the queue; hands back the room that it took.
    pub(crate) fn queue_all(&mut self, mut all: Vec<(Key, Scheduled)>) -> Vec<(Key, Scheduled)> {
        for (key, scheduled) in all.drain(..) {
            self.queue.push(key, scheduled);
        }
        all
    }
}

/// A node's own state.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) id: NodeId,
    /// By port. The one of a host with one link is found without a table.
    pub(crate) directions: SmallVec<[Direction; 1]>,
    pub(crate) counts: Counts,
    /// What its links hold, by port.
    held: Lazily<BTreeMap<u32, Waiting>>,
    sequence: u64,
    records: u32,
    /// How far the ICMP errors that it sent reach into the future, at their rate.
    complains_until: SimTime,
}

/// Packets that a link holds, in the order in which they came.
#[derive(Debug, Default)]
struct Waiting {
    octets: usize,
    packets: VecDeque<(Option<RecordId>, NodeId, Box<Packet>)>,
}

impl Nothing for BTreeMap<u32, Waiting> {
    const NOTHING: &'static Self = &BTreeMap::new();
}

/// Origin 0 belongs to controls, so that they come first in their instant.
pub(crate) const CONTROL_ORIGIN: u32 = 0;

/// What comes from outside is the last of its instant.
pub(crate) const OUTSIDE_ORIGIN: u32 = u32::MAX;

/// ICMP errors leave a node at this rate at the most, and so many at once (Linux's
/// `icmp_msgs_per_sec` and `icmp_msgs_burst`: 1,000 and 50).
const COMPLAINT_EVERY: std::time::Duration = std::time::Duration::from_millis(1);
const COMPLAINT_BURST: std::time::Duration = std::time::Duration::from_millis(50);

/// How long a packet takes from a host to itself.
pub(crate) const LOOPBACK_DELAY: std::time::Duration = std::time::Duration::from_micros(10);

impl Node {
    pub(crate) fn new(id: NodeId) -> Self {
        Node {
            id,
            directions: SmallVec::new(),
            counts: Counts::default(),
            held: Lazily::new(),
            sequence: 0,
            records: 0,
            complains_until: SimTime::ZERO,
        }
    }

    /// Schedules something at `node` in this node's own order.
    pub(crate) fn schedule(
        &mut self,
        agenda: &mut Agenda,
        time: SimTime,
        node: NodeId,
        cause: Option<RecordId>,
        happening: Happening,
    ) {
        let key = Key { time, origin: self.id.0 + 1, sequence: self.sequence };
        self.sequence += 1;
        agenda.queue.push(key, Scheduled { node, cause, happening });
    }

    /// Schedules the arrival of a packet at the other end of a link, in this node's own order.
    fn hand_over(
        &mut self,
        network: &Network,
        agenda: &mut Agenda,
        time: SimTime,
        peer: NodeId,
        cause: Option<RecordId>,
        happening: Happening,
    ) {
        if let Some(crossing) = &mut agenda.crossing {
            let part = network.places.part(peer);
            if part != crossing.own {
                let key = Key { time, origin: self.id.0 + 1, sequence: self.sequence };
                self.sequence += 1;
                crossing.push(part, key, Scheduled { node: peer, cause, happening });
                return;
            }
        }
        self.schedule(agenda, time, peer, cause, happening);
    }

    /// How many events it has scheduled.
    pub(crate) fn scheduled(&self) -> u64 {
        self.sequence
    }

    /// Records a fact, where anybody watches, and hands back its name.
    pub(crate) fn record(
        &mut self,
        agenda: &mut Agenda,
        time: SimTime,
        cause: Option<RecordId>,
        fact: impl FnOnce() -> Fact,
    ) -> Option<RecordId> {
        let records = agenda.records.as_mut()?;
        let id = RecordId { node: self.id, count: self.records };
        self.records += 1;
        records.push(Record { id, cause, time, fact: fact() });
        Some(id)
    }

    /// Sends a packet on its way: looks up the route and gives it to the link.
    pub(crate) fn forward(
        &mut self,
        network: &Network,
        agenda: &mut Agenda,
        now: SimTime,
        cause: Option<RecordId>,
        destination: NodeId,
        mut packet: Box<Packet>,
    ) {
        agenda.last_activity = now;
        if destination == self.id {
            let happening = Happening::Packet { destination, packet };
            self.schedule(agenda, now + LOOPBACK_DELAY, self.id, cause, happening);
            return;
        }
        let port = network.routes.next_port(self.id, destination);
        let Some((port, direction)) =
            port.and_then(|port| Some((port, self.directions.get_mut(port as usize)?)))
        else {
            let cause = self.lose(agenda, now, cause, &packet, Loss::NoRoute);
            let trouble = match network.unreachable {
                Unreachable::Prohibit => Trouble::Prohibited,
                _ if network.routes.is_last(self.id, destination) => Trouble::HostUnreachable,
                _ => Trouble::NoRoute,
            };
            self.complain(network, agenda, now, cause, &packet, trouble);
            return;
        };
        if direction.status() == LinkStatus::Holding {
            return self.hold(agenda, now, cause, port, destination, packet);
        }
        let peer = network.topology.peer(self.id, port);
        clamp_mss(&mut packet, direction.config().mtu_octets);
        let name = || format!("{}>{}", network.name(self.id), network.name(peer));
        let octets = packet.octets();
        let verdict = match network.is_hurried(destination, &packet) {
            true => direction.transmit_at_once(now, octets, network.seed, name),
            false => direction.transmit(now, octets, network.seed, name),
        };
        match verdict {
            Verdict::Arrives(time) => {
                let happening = Happening::Packet { destination, packet };
                self.hand_over(network, agenda, time, peer, cause, happening);
            }
            Verdict::Altered(alteration) => {
                self.alter(network, agenda, now, cause, peer, (destination, packet), alteration);
            }
            Verdict::Lost(why) => {
                let mtu_octets = direction.config().mtu_octets;
                let cause = self.lose(agenda, now, cause, &packet, why);
                if why == Loss::TooBig {
                    let trouble = Trouble::TooBig { mtu_octets };
                    self.complain(network, agenda, now, cause, &packet, trouble);
                }
            }
        }
    }

    /// Tells the source of a packet what became of it, where this network does that, and not too
    /// often (RFC 1812 §4.3.2.8, RFC 4443 §2.4 (f)).
    pub(crate) fn complain(
        &mut self,
        network: &Network,
        agenda: &mut Agenda,
        now: SimTime,
        cause: Option<RecordId>,
        packet: &Packet,
        trouble: Trouble,
    ) {
        if network.unreachable == Unreachable::Silence {
            return;
        }
        // Whoever the address belongs to is told, though another may have forged it.
        let Some(source) = network.addresses.owner(packet.ends.from_ip()) else { return };
        let by = match trouble {
            Trouble::PortUnreachable => packet.ends.to_ip(),
            _ if source == self.id => packet.ends.from_ip(),
            _ => icmp::router_address(self.id, packet.ends.from_ip()),
        };
        if !network.partitions.is_empty() && network.are_parted(self.id, source) {
            return;
        }
        let busy_until = self.complains_until.max(now) + COMPLAINT_EVERY;
        if busy_until > now + COMPLAINT_BURST {
            return;
        }
        if let Some(message) = icmp::about(packet, trouble, by) {
            self.complains_until = busy_until;
            let is_host = source == self.id || trouble == Trouble::PortUnreachable;
            if is_host && let Some(capture) = &mut agenda.capture {
                capture.sent(now, self.id, &message);
            }
            self.counts.sent.add(&message);
            self.forward(network, agenda, now, cause, source, Box::new(message));
        }
    }

    /// Lets a packet arrive otherwise than alone and unharmed.
    #[expect(clippy::too_many_arguments, reason = "what is at hand in forward")]
    fn alter(
        &mut self,
        network: &Network,
        agenda: &mut Agenda,
        now: SimTime,
        cause: Option<RecordId>,
        peer: NodeId,
        (destination, mut packet): (NodeId, Box<Packet>),
        Alteration { arrives, copy, flipped_bit }: Alteration,
    ) {
        let mut tell = |node: &mut Node, packet: &Packet, how| {
            node.record(agenda, now, cause, || Fact::altered(packet, how));
        };
        if let Some(bit) = flipped_bit {
            packet.damage(bit);
            tell(self, &packet, PacketVerdict::Corrupt);
        }
        if copy.is_some() {
            tell(self, &packet, PacketVerdict::Duplicate);
            self.counts.duplicate(&packet);
        }
        let second = copy.map(|copy| (copy, packet.clone()));
        for (time, packet) in [(arrives, packet)].into_iter().chain(second) {
            let happening = Happening::Packet { destination, packet };
            self.hand_over(network, agenda, time, peer, cause, happening);
        }
    }

    /// Keeps a packet at a link that holds, as long as its queue has room.
    fn hold(
        &mut self,
        agenda: &mut Agenda,
        now: SimTime,
        cause: Option<RecordId>,
        port: u32,
        destination: NodeId,
        packet: Box<Packet>,
    ) {
        let limit = self.directions[port as usize].config().queue_octets as usize;
        let waiting = self.held.entry(port).or_default();
        let octets = waiting.octets + packet.octets();
        if octets > limit {
            self.lose(agenda, now, cause, &packet, Loss::QueueFull);
            return;
        }
        waiting.octets = octets;
        waiting.packets.push_back((cause, destination, packet));
    }

    /// Lets go what the link at a port has held, in order.
    pub(crate) fn release(
        &mut self,
        network: &Network,
        agenda: &mut Agenda,
        now: SimTime,
        port: u32,
    ) {
        if self.held.is_empty() {
            return;
        }
        let waiting = self.held.remove(&port);
        for (cause, destination, packet) in waiting.into_iter().flat_map(|waiting| waiting.packets)
        {
            self.forward(network, agenda, now, cause, destination, packet);
        }
    }

    /// Loses what its links hold, since it has crashed.
    pub(crate) fn lose_held(&mut self, agenda: &mut Agenda, now: SimTime) {
        for waiting in self.held.take().into_values() {
            for (cause, _, packet) in waiting.packets {
                self.lose(agenda, now, cause, &packet, Loss::HostDown);
            }
        }
    }

    /// How many packets the link at a port holds.
    pub(crate) fn held_at(&self, port: u32) -> u32 {
        let waiting = self.held.get(&port);
        waiting.map_or(0, |waiting| waiting.packets.len() as u32)
    }

    /// What its links hold.
    pub(crate) fn held_packets(&self) -> impl Iterator<Item = &Packet> {
        self.held.values().flat_map(|waiting| &waiting.packets).map(|(_, _, packet)| &**packet)
    }

    pub(crate) fn lose(
        &mut self,
        agenda: &mut Agenda,
        now: SimTime,
        cause: Option<RecordId>,
        packet: &Packet,
        why: Loss,
    ) -> Option<RecordId> {
        self.counts.lose(packet, why);
        self.record(agenda, now, cause, || Fact::Lost {
            from: packet.from(),
            to: packet.to(),
            tcp_sequence: packet.tcp_sequence(),
            payload_octets: packet.payload().len(),
            why,
        })
    }
}

/// Routers lower the MSS that a SYN offers to what their link carries, as real ones do, since the
/// "packet too big" of ICMP often does not arrive.
fn clamp_mss(packet: &mut Packet, mtu_octets: u32) {
    if let Body::Tcp(segment) = &mut packet.body
        && let Some(mss) = &mut segment.mss
    {
        *mss = (*mss).min(crate::net::packet::mss_for(mtu_octets, packet.ends.is_ipv4()));
    }
}

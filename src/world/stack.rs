//! A host's sockets: bound UDP ports, listening TCP ports, connections.

use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;

use crate::engine::{HashState, SimTime, Stream};
use crate::net::NodeId;
use crate::net::tcp::{Actions, Connection, State};

use super::actor::ConnId;
use super::lazily::Nothing;

/// The sockets of one host. Gone when it crashes.
#[derive(Debug, Default)]
pub(crate) struct Stack {
    // Sorted by port; a host has a handful.
    udp: Vec<(u16, u16)>,
    listeners: Vec<(u16, u16)>,
    /// Ports that an actor has taken over from whoever binds or listens.
    taken_over: Vec<(Port, u16)>,
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// How many connections are in SYN-RECEIVED.
    half_open: usize,
    // By (this end, other end). Looked up, never walked.
    by_ends: HashMap<Ends, u32, HashState>,
}

/// A port at which a host listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port {
    /// Its number.
    pub number: u16,
    /// Of UDP or of TCP.
    pub transport: Transport,
}

/// Which of the two a port is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// Connections.
    Tcp,
}

/// `udp` or `tcp`.
impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
        })
    }
}

#[derive(Debug, Default)]
struct Slot {
    generation: u32,
    socket: Option<Box<Socket>>,
}

/// The two ends of a connection: what each segment is looked up by, and so in as few words as they
/// take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// Both addresses, and both ports.
    V4 { addresses: u64, ports: u32 },
    /// Of this end and of the other.
    V6 { local: u128, peer: u128, ports: u32 },
}

impl Ends {
    #[inline]
    fn of(local: SocketAddr, peer: SocketAddr) -> Self {
        let ports = u32::from(local.port()) << 16 | u32::from(peer.port());
        match (local.ip(), peer.ip()) {
            (IpAddr::V4(local), IpAddr::V4(peer)) => {
                let addresses = u64::from(local.to_bits()) << 32 | u64::from(peer.to_bits());
                Ends::V4 { addresses, ports }
            }
            (local, peer) => {
                let [local, peer] = [local, peer].map(|address| match address {
                    IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
                    IpAddr::V6(address) => address.to_bits(),
                });
                Ends::V6 { local, peer, ports }
            }
        }
    }
}

/// Two writes are enough for version 4.
impl Hash for Ends {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        match *self {
            Ends::V4 { addresses, ports } => {
                state.write_u64(addresses);
                state.write_u32(ports);
            }
            Ends::V6 { local, peer, ports } => {
                state.write_u128(local);
                state.write_u128(peer);
                state.write_u32(ports);
            }
        }
    }
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) local: SocketAddr,
    pub(crate) peer: SocketAddr,
    /// The host that has the peer's address; `None`: none has.
    pub(crate) peer_host: Option<NodeId>,
    pub(crate) actor: u16,
    pub(crate) active: bool,
    pub(crate) tcp: Connection,
    /// The one entry in the event queue that looks after it.
    pub(crate) armed: Option<SimTime>,
    /// Why the program is given nothing, if it is: a bit for each [`Stop`].
    stops: u8,
    /// Whether a peer's SYN is answered, and the answer not acknowledged.
    pub(crate) is_half_open: bool,
    /// Whether it waits in the backlog: no program has it.
    pub(crate) is_unaccepted: bool,
    /// What waits for the disk before it is sent.
    pub(crate) held: Option<Box<Held>>,
}

/// Why a program is given nothing of what its peer sends. TCP takes it until the window is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It does not read.
    Program = 1,
    /// The peer has not taken what it wrote.
    Backlog = 2,
    /// It waits for the disk.
    Disk = 4,
    /// It has not accepted the connection.
    Unaccepted = 8,
    /// The programs of the host are paused.
    Paused = 16,
}

/// What a program that waits for the disk will do on a connection then.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) until: SimTime,
    pub(crate) octets: Vec<Bytes>,
    pub(crate) closes: bool,
}

impl Socket {
    pub(crate) fn new(
        [local, peer]: [SocketAddr; 2],
        peer_host: Option<NodeId>,
        actor: u16,
        active: bool,
        tcp: Connection,
    ) -> Self {
        Socket {
            local,
            peer,
            peer_host,
            actor,
            active,
            tcp,
            armed: None,
            stops: 0,
            is_half_open: !active,
            is_unaccepted: false,
            held: None,
        }
    }

    /// Stops reading for a server whose client does not take what was written, and begins again when
    /// half of it is gone.
    pub(crate) fn keep_backlog(&mut self, limit: usize, now: SimTime, out: &mut Actions) {
        let waiting = self.tcp.unacknowledged();
        if !self.active && waiting > limit {
            self.stop(Stop::Backlog);
        } else if waiting <= limit / 2 {
            self.go(Stop::Backlog, now, out);
        }
    }

    /// Gives the program nothing more, for one reason more.
    pub(crate) fn stop(&mut self, why: Stop) {
        if self.stops == 0 {
            self.tcp.pause_reading();
        }
        self.stops |= why as u8;
    }

    /// A reason is gone; with the last one, the program gets what has come.
    pub(crate) fn go(&mut self, why: Stop, now: SimTime, out: &mut Actions) {
        let stopped = self.stops != 0;
        self.stops &= !(why as u8);
        if stopped && self.stops == 0 {
            self.tcp.resume_reading(now, out);
        }
    }

    /// Whether there may be something that the program has not read.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stops != 0
    }

    /// Whether a program has a descriptor for it. Of what is over on both sides none has.
    fn has_descriptor(&self) -> bool {
        !self.is_unaccepted && !matches!(self.tcp.state(), State::TimeWait | State::Closed)
    }
}

/// The ports given to those who do not ask for one (RFC 6335 §6).
const EPHEMERAL: std::ops::RangeInclusive<u16> = 49_152..=65_535;

impl Nothing for Stack {
    const NOTHING: &'static Self = &Stack {
        udp: Vec::new(),
        listeners: Vec::new(),
        taken_over: Vec::new(),
        slots: Vec::new(),
        free: Vec::new(),
        half_open: 0,
        by_ends: HashMap::with_hasher(HashState::EMPTY),
    };
}

impl Stack {
    /// Binds a UDP port for `actor`; false when it is taken.
    pub(crate) fn bind_udp(&mut self, port: u16, actor: u16) -> bool {
        insert(&mut self.udp, port, actor)
    }

    /// Binds a random free ephemeral UDP port (RFC 6056 §3.3.1); `None` when there is none left.
    pub(crate) fn bind_any_udp(&mut self, actor: u16, draws: &mut Stream) -> Option<u16> {
        let port = any_port(draws, |port| self.udp_actor(port).is_some())?;
        insert(&mut self.udp, port, actor).then_some(port)
    }

    pub(crate) fn unbind_udp(&mut self, port: u16, actor: u16) {
        if let Ok(place) = self.udp.binary_search(&(port, actor)) {
            self.udp.remove(place);
        }
    }

    pub(crate) fn udp_actor(&self, port: u16) -> Option<u16> {
        self.taker(port, Transport::Udp).or_else(|| find(&self.udp, port))
    }

    /// Gives a port to `actor`, whoever has it.
    pub(crate) fn take_over(&mut self, port: Port, actor: u16) {
        self.taken_over.push((port, actor));
    }

    fn taker(&self, number: u16, transport: Transport) -> Option<u16> {
        let port = Port { number, transport };
        self.taken_over.iter().find(|(taken, _)| *taken == port).map(|(_, actor)| *actor)
    }

    /// The ports that are no ephemeral ones, by number.
    pub(crate) fn ports(&self) -> Vec<Port> {
        let of = |ports: &[(u16, u16)], transport| {
            let numbers = ports.iter().map(|(number, _)| *number);
            let numbers = numbers.filter(|number| !EPHEMERAL.contains(number));
            numbers.map(move |number| Port { number, transport }).collect::<Vec<_>>()
        };
        let mut ports = of(&self.udp, Transport::Udp);
        ports.append(&mut of(&self.listeners, Transport::Tcp));
        ports.extend(self.taken_over.iter().map(|(port, _)| *port));
        ports.sort_unstable();
        ports.dedup();
        ports
    }

    /// Listens on a TCP port for `actor`; false when it is taken.
    pub(crate) fn listen(&mut self, port: u16, actor: u16) -> bool {
        insert(&mut self.listeners, port, actor)
    }

    pub(crate) fn listener(&self, port: u16) -> Option<u16> {
        self.taker(port, Transport::Tcp).or_else(|| find(&self.listeners, port))
    }

    /// A free ephemeral port for a connection from `local_ip` to `peer`.
    pub(crate) fn free_port(
        &self,
        local: IpAddr,
        peer: SocketAddr,
        draws: &mut Stream,
    ) -> Option<u16> {
        any_port(draws, |port| {
            self.by_ends.contains_key(&Ends::of(SocketAddr::new(local, port), peer))
        })
    }

    pub(crate) fn insert(&mut self, socket: Socket) -> ConnId {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            u32::try_from(self.slots.len() - 1).expect("fewer than 2^32 connections")
        });
        self.by_ends.insert(Ends::of(socket.local, socket.peer), slot);
        self.half_open += usize::from(socket.is_half_open);
        let place = &mut self.slots[slot as usize];
        place.socket = Some(Box::new(socket));
        ConnId { slot, generation: place.generation }
    }

    pub(crate) fn find(&self, local: SocketAddr, peer: SocketAddr) -> Option<ConnId> {
        let slot = *self.by_ends.get(&Ends::of(local, peer))?;
        Some(ConnId { slot, generation: self.slots[slot as usize].generation })
    }

    pub(crate) fn get(&mut self, id: ConnId) -> Option<&mut Socket> {
        let slot = self.slots.get_mut(id.slot as usize)?;
        if slot.generation != id.generation {
            return None;
        }
        slot.socket.as_deref_mut()
    }

    pub(crate) fn peek(&self, id: ConnId) -> Option<&Socket> {
        let slot = self.slots.get(id.slot as usize)?;
        if slot.generation != id.generation {
            return None;
        }
        slot.socket.as_deref()
    }

    pub(crate) fn remove(&mut self, id: ConnId) {
        let slot = &mut self.slots[id.slot as usize];
        if slot.generation == id.generation
            && let Some(socket) = slot.socket.take()
        {
            self.by_ends.remove(&Ends::of(socket.local, socket.peer));
            self.half_open -= usize::from(socket.is_half_open);
            // 24 bits, so that a connection fits a timer token beside its kind.
            slot.generation = slot.generation.wrapping_add(1) & 0xff_ffff;
            self.free.push(id.slot);
        }
    }

    /// How many descriptors the programs have: of connections, and of UDP ports that they were given.
    pub(crate) fn descriptors(&self) -> usize {
        let sockets = self.slots.iter().filter_map(|slot| slot.socket.as_deref());
        let ports = self.udp.iter().filter(|(port, _)| EPHEMERAL.contains(port));
        sockets.filter(|socket| socket.has_descriptor()).count() + ports.count()
    }

    /// Takes from a program the ports that it bound and listens at.
    pub(crate) fn unbind_all(&mut self, actor: u16) {
        self.udp.retain(|(_, owner)| *owner != actor);
        self.listeners.retain(|(_, owner)| *owner != actor);
    }

    /// A connection that was half open stands now, or is over.
    pub(crate) fn leave_syn_queue(&mut self, id: ConnId) {
        if let Some(socket) = self.get(id)
            && std::mem::take(&mut socket.is_half_open)
        {
            self.half_open -= 1;
        }
    }

    /// Whether so many connections to a port are half open.
    pub(crate) fn is_syn_queue_full(&self, port: u16, backlog: usize) -> bool {
        if self.half_open < backlog {
            return false;
        }
        let sockets = self.slots.iter().filter_map(|slot| slot.socket.as_deref());
        sockets.filter(|socket| socket.is_half_open && socket.local.port() == port).count()
            >= backlog
    }

    /// How many connections to a port no program has accepted, those that do not stand yet included.
    pub(crate) fn unaccepted(&self, port: u16) -> usize {
        let sockets = self.slots.iter().filter_map(|slot| slot.socket.as_deref());
        sockets.filter(|socket| socket.is_unaccepted && socket.local.port() == port).count()
    }

    /// All connections, in the order of their places.
    pub(crate) fn connections(&self) -> Vec<ConnId> {
        let slots = (0..).zip(&self.slots).filter(|(_, slot)| slot.socket.is_some());
        slots.map(|(slot, of)| ConnId { slot, generation: of.generation }).collect()
    }

    /// How many connections there are, those in TIME-WAIT included.
    pub(crate) fn connection_count(&self) -> usize {
        self.slots.len() - self.free.len()
    }
}

fn find(ports: &[(u16, u16)], port: u16) -> Option<u16> {
    let place = ports.binary_search_by_key(&port, |(port, _)| *port).ok()?;
    Some(ports[place].1)
}

fn insert(ports: &mut Vec<(u16, u16)>, port: u16, actor: u16) -> bool {
    match ports.binary_search_by_key(&port, |(port, _)| *port) {
        Ok(_) => false,
        Err(place) => {
            ports.insert(place, (port, actor));
            true
        }
    }
}

/// A random start, then the next free one.
fn any_port(draws: &mut Stream, taken: impl Fn(u16) -> bool) -> Option<u16> {
    let count = u64::from(EPHEMERAL.end() - EPHEMERAL.start()) + 1;
    let start = draws.below(count);
    (0..count)
        .map(|step| EPHEMERAL.start() + ((start + step) % count) as u16)
        .find(|port| !taken(*port))
}

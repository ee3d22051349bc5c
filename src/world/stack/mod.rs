//! A host's sockets: bound UDP ports, listening TCP ports, connections.

mod by_ends;
mod resting;
mod socket;

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use smallvec::SmallVec;

use crate::engine::{SimTime, Stream};
use crate::net::Ends;
use crate::net::tcp::TimeWait;

use super::actor::ConnId;
use super::lazily::Nothing;
pub(crate) use by_ends::ByEnds;
use resting::Resting;

pub(crate) use socket::{Held, Socket, Stop};

/// The sockets of one host. Gone when it crashes.
#[derive(Debug, Default)]
pub(crate) struct Stack {
    // Sorted by port; a host has a handful.
    udp: Ports,
    listeners: Ports,
    /// Ports that an actor has taken over from whoever binds or listens.
    taken_over: Vec<(Port, u16)>,
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// How many connections are in SYN-RECEIVED.
    half_open: usize,
    resting: Resting,
    /// Slots of connections.
    by_ends: ByEnds,
}

/// Ports with the actors that have them, by number. So few as most hosts have need no room beside.
type Ports = SmallVec<[(u16, u16); 4]>;

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

/// What a segment is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Found {
    /// A connection.
    Connection(ConnId),
    /// The number of one that is in TIME-WAIT.
    Rest(u32),
}

/// The ports given to those who do not ask for one (RFC 6335 §6).
const EPHEMERAL: std::ops::RangeInclusive<u16> = 49_152..=65_535;

impl Nothing for Stack {
    const NOTHING: &'static Self = &Stack {
        udp: Ports::new_const(),
        listeners: Ports::new_const(),
        taken_over: Vec::new(),
        slots: Vec::new(),
        free: Vec::new(),
        half_open: 0,
        resting: Resting::NONE,
        by_ends: ByEnds::EMPTY,
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
        self.taker(port, Transport::Udp).or_else(|| actor_of(&self.udp, port))
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
        self.taker(port, Transport::Tcp).or_else(|| actor_of(&self.listeners, port))
    }

    /// A free ephemeral port for a connection from `local_ip` to `peer`.
    pub(crate) fn free_port(
        &self,
        local: IpAddr,
        peer: SocketAddr,
        now: SimTime,
        draws: &mut Stream,
    ) -> Option<u16> {
        any_port(draws, |port| {
            let ends = Ends::new(SocketAddr::new(local, port), peer);
            self.find(&ends, now).is_some()
        })
    }

    pub(crate) fn insert(&mut self, socket: Socket) -> ConnId {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            u32::try_from(self.slots.len() - 1).expect("fewer than 2^32 connections")
        });
        self.resting.forget(&socket.ends);
        self.by_ends.insert(&socket.ends, slot);
        self.half_open += usize::from(socket.is_half_open);
        let place = &mut self.slots[slot as usize];
        place.socket = Some(Box::new(socket));
        ConnId { slot, generation: place.generation }
    }

    /// The connection between these ends, this one first, if there is one at this time.
    #[inline]
    pub(crate) fn find(&self, ends: &Ends, now: SimTime) -> Option<Found> {
        match self.by_ends.get(ends) {
            Some(slot) => {
                let generation = self.slots[slot as usize].generation;
                Some(Found::Connection(ConnId { slot, generation }))
            }
            None => self.resting.find(ends, now).map(Found::Rest),
        }
    }

    /// A connection is in TIME-WAIT from now on, and no socket any more.
    pub(crate) fn rest(&mut self, id: ConnId, time_wait: TimeWait, now: SimTime) {
        self.resting.forget_over(now);
        if let Some(ends) = self.take(id) {
            self.resting.push(&ends, time_wait);
        }
    }

    /// One that is in TIME-WAIT.
    pub(crate) fn resting(&mut self, number: u32, now: SimTime) -> Option<&mut TimeWait> {
        self.resting.get_mut(number, now)
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

    /// Forgets a connection.
    pub(crate) fn remove(&mut self, id: ConnId) {
        self.take(id);
    }

    /// Forgets a connection; hands back its ends, if it was there.
    fn take(&mut self, id: ConnId) -> Option<Ends> {
        let slot = self.slots.get_mut(id.slot as usize)?;
        let socket = slot.socket.take_if(|_| slot.generation == id.generation)?;
        let ends = socket.ends;
        self.by_ends.remove(&ends, id.slot);
        self.half_open -= usize::from(socket.is_half_open);
        // 24 bits, so that a connection fits a timer token beside its kind.
        slot.generation = slot.generation.wrapping_add(1) & 0xff_ffff;
        self.free.push(id.slot);
        Some(ends)
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
        sockets.filter(|socket| socket.is_half_open && socket.ends.from_port() == port).count()
            >= backlog
    }

    /// How many connections to a port no program has accepted, those that do not stand yet included.
    pub(crate) fn unaccepted(&self, port: u16) -> usize {
        let sockets = self.slots.iter().filter_map(|slot| slot.socket.as_deref());
        sockets.filter(|socket| socket.is_unaccepted && socket.ends.from_port() == port).count()
    }

    /// All connections, in the order of their places.
    pub(crate) fn connections(&self) -> Vec<ConnId> {
        let slots = (0..).zip(&self.slots).filter(|(_, slot)| slot.socket.is_some());
        slots.map(|(slot, of)| ConnId { slot, generation: of.generation }).collect()
    }
}

fn actor_of(ports: &[(u16, u16)], port: u16) -> Option<u16> {
    let place = ports.binary_search_by_key(&port, |(port, _)| *port).ok()?;
    Some(ports[place].1)
}

fn insert(ports: &mut Ports, port: u16, actor: u16) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;
    use crate::net::tcp::{Actions, Config, Connection, Flags, Segment};

    const NOW: SimTime = SimTime::from_secs(5);

    fn ends() -> Ends {
        Ends::new(([192, 0, 2, 1], 50_000).into(), ([192, 0, 2, 2], 25).into())
    }

    /// A connection between the ends, and one that both have closed.
    fn connections() -> (Socket, TimeWait) {
        let (mut out, config) = (Actions::default(), Config::default().into());
        let mut tcp = Connection::connect(config, 100, NOW, &mut out);
        let mut segment = |tcp: &mut Connection, seq, ack, flags| {
            let mut segment = Segment::bare(seq, ack, flags | Flags::ACK, 65_535);
            tcp.on_segment(NOW, &mut segment, &mut out);
            tcp.close(NOW, &mut out);
        };
        segment(&mut tcp, 300, 101, Flags::SYN);
        segment(&mut tcp, 301, 102, Flags::FIN);
        let rest = tcp.time_wait().expect("both have closed");
        (Socket::new(ends(), None, 0, true, tcp), rest)
    }

    #[test]
    fn one_that_rests_has_its_ends_until_it_is_over() {
        let (mut stack, ends) = (Stack::default(), ends());
        let (socket, rest) = connections();
        let id = stack.insert(socket);
        assert!(matches!(stack.find(&ends, NOW), Some(Found::Connection(found)) if found == id));
        stack.rest(id, rest, NOW);
        assert!(stack.get(id).is_none() && stack.connections().is_empty());
        let last = SimTime::from_nanos(rest.until().as_nanos() - 1);
        assert!(matches!(stack.find(&ends, last), Some(Found::Rest(0))));
        assert!(stack.find(&ends, rest.until()).is_none());
        // Of all ephemeral ports this one alone is not to be had, up to the last moment.
        let mut draws = Seed(1).stream("ports");
        let mut finds = |now| {
            let free = |_| stack.free_port(ends.from_ip(), ends.to(), now, &mut draws);
            (0..400_000).map(free).any(|port| port == Some(ends.from_port()))
        };
        assert!(!finds(last) && finds(rest.until()));
    }

    #[test]
    fn a_new_connection_takes_the_ends_of_one_that_rests_and_keeps_them() {
        let (mut stack, ends) = (Stack::default(), ends());
        let (socket, rest) = connections();
        let old = stack.insert(socket);
        stack.rest(old, rest, NOW);
        let new = stack.insert(connections().0);
        assert_ne!(old, new);
        let is_new = |stack: &Stack, now| matches!(stack.find(&ends, now), Some(Found::Connection(found)) if found == new);
        assert!(is_new(&stack, NOW));
        // The old one is over, and another one begins to rest.
        let (mut other, _) = connections();
        other.ends = Ends::new(([192, 0, 2, 1], 50_001).into(), ends.to());
        let other = stack.insert(other);
        stack.rest(other, connections().1, rest.until());
        assert!(is_new(&stack, rest.until()));
    }
}

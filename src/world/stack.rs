//! A host's sockets: bound UDP ports, listening TCP ports, connections.

use std::collections::HashMap;
use std::net::SocketAddr;

use foldhash::fast::FixedState;

use crate::engine::{SimTime, Stream};
use crate::net::tcp::Connection;

use super::actor::ConnId;

/// The sockets of one host. Gone when it crashes.
#[derive(Debug, Default)]
pub(crate) struct Stack {
    // Sorted by port; a host has a handful.
    udp: Vec<(u16, u16)>,
    listeners: Vec<(u16, u16)>,
    slots: Vec<Slot>,
    free: Vec<u32>,
    // By (this end, other end). Looked up, never walked.
    by_ends: HashMap<(SocketAddr, SocketAddr), u32, FixedState>,
}

#[derive(Debug, Default)]
struct Slot {
    generation: u32,
    socket: Option<Box<Socket>>,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) local: SocketAddr,
    pub(crate) peer: SocketAddr,
    pub(crate) actor: u16,
    pub(crate) active: bool,
    pub(crate) tcp: Connection,
    /// The one entry in the event queue that looks after it.
    pub(crate) armed: Option<SimTime>,
}

/// The ports given to those who do not ask for one (RFC 6335 §6).
const EPHEMERAL: std::ops::RangeInclusive<u16> = 49_152..=65_535;

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
        find(&self.udp, port)
    }

    /// Listens on a TCP port for `actor`; false when it is taken.
    pub(crate) fn listen(&mut self, port: u16, actor: u16) -> bool {
        insert(&mut self.listeners, port, actor)
    }

    pub(crate) fn listener(&self, port: u16) -> Option<u16> {
        find(&self.listeners, port)
    }

    /// A free ephemeral port for a connection from `local_ip` to `peer`.
    pub(crate) fn free_port(
        &self,
        local: std::net::IpAddr,
        peer: SocketAddr,
        draws: &mut Stream,
    ) -> Option<u16> {
        any_port(draws, |port| self.by_ends.contains_key(&(SocketAddr::new(local, port), peer)))
    }

    pub(crate) fn insert(&mut self, socket: Socket) -> ConnId {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            u32::try_from(self.slots.len() - 1).expect("fewer than 2^32 connections")
        });
        self.by_ends.insert((socket.local, socket.peer), slot);
        let place = &mut self.slots[slot as usize];
        place.socket = Some(Box::new(socket));
        ConnId { slot, generation: place.generation }
    }

    pub(crate) fn find(&self, local: SocketAddr, peer: SocketAddr) -> Option<ConnId> {
        let slot = *self.by_ends.get(&(local, peer))?;
        Some(ConnId { slot, generation: self.slots[slot as usize].generation })
    }

    pub(crate) fn get(&mut self, id: ConnId) -> Option<&mut Socket> {
        let slot = self.slots.get_mut(id.slot as usize)?;
        if slot.generation != id.generation {
            return None;
        }
        slot.socket.as_deref_mut()
    }

    pub(crate) fn remove(&mut self, id: ConnId) {
        let slot = &mut self.slots[id.slot as usize];
        if slot.generation == id.generation
            && let Some(socket) = slot.socket.take()
        {
            self.by_ends.remove(&(socket.local, socket.peer));
            // 24 bits, so that a connection fits a timer token beside its kind.
            slot.generation = slot.generation.wrapping_add(1) & 0xff_ffff;
            self.free.push(id.slot);
        }
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

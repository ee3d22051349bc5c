//! What an actor can do: the calls that a program makes of its host.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;

use crate::engine::{Epoch, SimTime, Skew, Stream, UnixTime};
use crate::net::tcp::{Actions, Connection};
use crate::net::{Body, Ends, Packet};
use crate::proto::tls::Secret;

use super::actor::{ConnId, Signal, TimerToken};
use super::disk::Disk;
use super::kind::Kind;
use super::node::Happening;
use super::outside::Inside;
use super::record::{Fact, Note};
use super::stack::{Held, Port, Socket, Stop};
use super::turn::{self, Turn};

/// An actor's hold on its host while it handles an event.
pub struct Ctx<'a> {
    pub(super) turn: Turn<'a>,
    pub(super) actor: u16,
}

/// Why a host cannot send to, or connect to, an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoSocket {
    /// It has no address of the family that is asked for, or no free port towards it.
    NoAddress {
        /// Where the packet was to go.
        to: SocketAddr,
    },
    /// As many sockets are open as may be (`EMFILE`).
    NoDescriptor,
}

impl fmt::Display for NoSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoSocket::NoAddress { to } => write!(f, "no address to reach {to} from"),
            NoSocket::NoDescriptor => f.write_str("Too many open files"),
        }
    }
}

impl std::error::Error for NoSocket {}

impl Ctx<'_> {
    /// The time.
    pub fn now(&self) -> SimTime {
        self.turn.now
    }

    /// The calendar date, by the clock of the host.
    pub fn date(&self) -> UnixTime {
        self.epoch().at(self.turn.now)
    }

    /// The calendar date of the start of the run, as the clock of the host has it now.
    pub fn epoch(&self) -> Epoch {
        match self.skew() {
            Skew::ZERO => self.turn.network.epoch,
            skew => self.turn.network.epoch.skewed(self.turn.now, skew),
        }
    }

    /// By how much the clock of the host is ahead.
    pub fn skew(&self) -> Skew {
        let condition = self.turn.host.condition.as_ref();
        condition.map_or(Skew::ZERO, |condition| condition.skew(self.turn.now))
    }

    /// The calendar date of a time, by a clock that is ahead by so much.
    pub fn dated(&self, time: SimTime, skew: Skew) -> UnixTime {
        self.turn.network.epoch.skewed(time, skew).at(time)
    }

    /// A reading of the host's calendar clock, for what is kept with its date: from one reading to
    /// another that time has passed by this clock. It counts from 100 years before the run.
    pub fn clock(&self) -> SimTime {
        self.turn.now + CENTURY + self.skew()
    }

    /// The host's name.
    pub fn name(&self) -> &str {
        self.turn.network.name(self.turn.host.node.id)
    }

    /// The host's addresses, in the order in which they were given.
    pub fn addresses(&self) -> &[IpAddr] {
        &self.turn.host.addresses
    }

    /// The first address of the host of the same family as `peer`.
    pub fn address_towards(&self, peer: IpAddr) -> Option<IpAddr> {
        self.addresses().iter().copied().find(|own| own.is_ipv4() == peer.is_ipv4())
    }

    /// The random stream of the host for this purpose, from its first draw. The caller keeps it.
    pub fn stream(&self, purpose: &str) -> Stream {
        let (network, host) = (self.turn.network, &self.turn.host);
        match host.restarts {
            0 => turn::stream(network, host.node.id, host.boot, purpose),
            restarts => {
                let purpose = format!("{purpose} restart {restarts}");
                turn::stream(network, host.node.id, host.boot, &purpose)
            }
        }
    }

    /// The host's disk.
    pub fn disk(&mut self) -> &mut Disk {
        &mut self.turn.host.disk
    }

    /// Begins a write that has to be on disk (`fsync`). When it is: now, unless the disk is slow; after
    /// all writes that were begun before. Who waits for it does so by itself.
    pub fn write(&mut self) -> SimTime {
        let (now, network, boot) = (self.turn.now, self.turn.network, self.turn.host.boot);
        let node = self.turn.host.node.id;
        match &mut self.turn.host.condition {
            None => now,
            Some(condition) => condition.write(now, || turn::stream(network, node, boot, "disk")),
        }
    }

    /// The program waits on this connection until then, for its disk: what it sends goes out then, and
    /// it is given nothing before. Another connection is not concerned.
    pub fn hold(&mut self, connection: ConnId, until: SimTime) {
        if until <= self.turn.now {
            return;
        }
        let boot = self.turn.host.boot;
        let Some(socket) = self.turn.host.stack.get(connection) else { return };
        socket.stop(Stop::Disk);
        let held = Held { until, octets: Vec::new(), closes: false };
        let held = socket.held.get_or_insert_with(|| Box::new(held));
        held.until = held.until.max(until);
        self.turn.schedule(until, Happening::Release { boot, connection });
    }

    /// Asks for [`super::Event::Timer`] at `at`, or now when that has passed.
    ///
    /// A timer cannot be taken back: an actor that no longer wants it ignores it.
    pub fn set_timer(&mut self, at: SimTime, token: TimerToken) {
        self.turn.set_timer(at, self.actor, token);
    }

    /// Tells the other actors of this host.
    pub fn signal(&mut self, signal: Signal) {
        let (boot, from) = (self.turn.host.boot, self.actor);
        self.turn.schedule(self.turn.now, Happening::Signal { boot, from, signal });
    }

    /// Tells those who watch. The note, which is of that kind, is made only if somebody reads it.
    pub fn note(&mut self, kind: Kind, note: impl FnOnce() -> Note) {
        let turn = &mut self.turn;
        turn.agenda.last_activity = turn.now;
        let made = || {
            let note = note();
            debug_assert_eq!(note.kind(), kind);
            note
        };
        let Some(folding) = &mut turn.agenda.fold else {
            return turn.record(|| Fact::Note(Box::new(made())));
        };
        let (now, node) = (turn.now, turn.host.node.id);
        if !folding.reads(kind) {
            folding.count(now, node, kind, 1);
            return turn.record(|| Fact::Note(Box::new(made())));
        }
        let note = made();
        folding.note(now, node, &note);
        turn.record(|| Fact::Note(Box::new(note)));
    }

    /// Has counted what no note tells by itself: so many times something of that kind.
    pub fn count(&mut self, kind: Kind, times: u64) {
        if let Some(folding) = &mut self.turn.agenda.fold {
            folding.count(self.turn.now, self.turn.host.node.id, kind, times);
        }
    }

    /// Binds a UDP port on all addresses; false when another actor has it.
    #[must_use]
    pub fn bind_udp(&mut self, port: u16) -> bool {
        self.turn.host.stack.bind_udp(port, self.actor)
    }

    /// Binds a random free UDP port (RFC 6056 §3.3.1); `None` when there is none left, or no
    /// descriptor.
    pub fn bind_any_udp(&mut self) -> Option<u16> {
        if !self.turn.host.has_descriptor() {
            return None;
        }
        self.turn.draws();
        let host = &mut *self.turn.host;
        let draws = host.draws.as_deref_mut().expect("made by the call above");
        host.stack.bind_any_udp(self.actor, draws)
    }

    /// Gives a UDP port back.
    pub fn unbind_udp(&mut self, port: u16) {
        self.turn.host.stack.unbind_udp(port, self.actor);
    }

    /// Sends a datagram from `port` of the host's address towards `to`.
    pub fn send_udp(&mut self, port: u16, to: SocketAddr, payload: Bytes) -> Result<(), NoSocket> {
        let own = self.address_towards(to.ip()).ok_or(NoSocket::NoAddress { to })?;
        self.send_udp_from(SocketAddr::new(own, port), to, payload);
        Ok(())
    }

    /// Sends a datagram from this address and port of the host, as a server that answers from the
    /// address it was asked at.
    pub fn send_udp_from(&mut self, from: SocketAddr, to: SocketAddr, payload: Bytes) {
        let packet = Packet::new(from, to, Body::Udp(payload));
        let packet = self.turn.scratch.actions.pack(packet);
        self.turn.send(packet);
    }

    /// Sends a datagram with any source address, as an attacker does whose network checks no sources
    /// (against BCP 38). Answers go to whom the address belongs to.
    pub fn send_udp_forged(&mut self, from: SocketAddr, to: SocketAddr, payload: Bytes) {
        let cause = self.turn.cause;
        self.turn.record(|| Fact::Forged { from, to });
        self.send_udp_from(from, to, payload);
        // One datagram does not cause the next.
        self.turn.cause = cause;
    }

    /// Listens on a TCP port on all addresses; false when another actor does.
    #[must_use]
    pub fn listen(&mut self, port: u16) -> bool {
        self.turn.host.stack.listen(port, self.actor)
    }

    /// Connects to `to`. [`super::StreamEvent::Opened`] or `Closed` follows.
    pub fn connect(&mut self, to: SocketAddr) -> Result<ConnId, NoSocket> {
        let own = self.address_towards(to.ip()).ok_or(NoSocket::NoAddress { to })?;
        if !self.turn.host.has_descriptor() {
            return Err(NoSocket::NoDescriptor);
        }
        self.turn.draws();
        let host = &mut *self.turn.host;
        let draws = host.draws.as_deref_mut().expect("made by the call above");
        let port = host
            .stack
            .free_port(own, to, self.turn.now, draws)
            .ok_or(NoSocket::NoAddress { to })?;
        let iss = draws.next_u64() as u32;
        let ends = Ends::new(SocketAddr::new(own, port), to);
        let config = self.turn.tcp_config(&ends);
        let tcp = Connection::connect(config, iss, self.turn.now, &mut self.turn.scratch.actions);
        let peer_host = self.turn.network.addresses.owner(to.ip());
        Ok(self.turn.add_socket(Socket::new(ends, peer_host, self.actor, true, tcp)))
    }

    /// Sends octets on a connection, after those sent before. On one that is gone, nothing happens:
    /// `Closed` is on its way.
    pub fn send(&mut self, connection: ConnId, octets: Bytes) {
        self.with_socket(connection, |socket, now, actions| match &mut socket.held {
            None => socket.tcp.send(now, octets, actions),
            Some(held) => held.octets.push(octets),
        });
    }

    /// Closes this end in order, after what was sent; what the peer sends still arrives.
    pub fn close(&mut self, connection: ConnId) {
        self.with_socket(connection, |socket, now, actions| match &mut socket.held {
            None => socket.tcp.close(now, actions),
            Some(held) => held.closes = true,
        });
    }

    /// Drops a connection at once (RST).
    pub fn abort(&mut self, connection: ConnId) {
        self.with_socket(connection, |socket, now, actions| socket.tcp.abort(now, actions));
    }

    /// Reads no more from a connection for now: what the peer sends fills the window, until it is
    /// closed. What is on its way to the actor already still comes.
    pub fn pause_reading(&mut self, connection: ConnId) {
        self.with_socket(connection, |socket, _, _| socket.stop(Stop::Program));
    }

    /// Reads again from a connection.
    pub fn resume_reading(&mut self, connection: ConnId) {
        self.with_socket(connection, |socket, now, actions| socket.go(Stop::Program, now, actions));
    }

    /// Gets what comes to a UDP or TCP port of this host from now on, whoever else has it.
    pub fn take_over(&mut self, port: Port) {
        self.turn.host.stack.take_over(port, self.actor);
    }

    /// How often the host has crashed.
    pub fn crashes(&self) -> u32 {
        self.turn.host.boot
    }

    /// Tells the outside of the world.
    pub fn tell_outside(&mut self, departure: Inside) {
        let node = self.turn.host.node.id;
        self.turn.agenda.outbox.push((node, departure));
    }

    fn with_socket(
        &mut self,
        connection: ConnId,
        act: impl FnOnce(&mut Socket, SimTime, &mut Actions),
    ) {
        let turn = &mut self.turn;
        if let Some(socket) = turn.host.stack.get(connection) {
            act(socket, turn.now, &mut turn.scratch.actions);
            turn.after_tcp(connection);
        }
    }

    /// Records that what arrives on a connection from now on is TLS, and gives the randomness for this
    /// end of it; `None` when the connection is gone.
    pub(crate) fn record_tls(&mut self, connection: ConnId) -> Option<Stream> {
        let ends = self.turn.host.stack.get(connection)?.ends;
        let (local, peer) = (ends.from(), ends.to());
        self.turn.record(|| Fact::Tls { local, peer });
        // The time tells a connection from a later one between the same ports.
        Some(self.stream(&format!("tls {local} {peer} {}", self.now())))
    }

    /// Records octets that arrived encrypted on a connection.
    pub(crate) fn record_plaintext(&mut self, connection: ConnId, payload: &Bytes) {
        let Some(Socket { ends, .. }) = self.turn.host.stack.get(connection) else { return };
        let ends = *ends;
        self.turn.record(|| {
            let (local, peer) = (ends.from(), ends.to());
            Fact::Plaintext { local, peer, payload: payload.clone() }
        });
    }

    /// Records a secret for those who want to read a capture.
    pub(crate) fn record_secret(&mut self, secret: Secret) {
        if let Some(capture) = &mut self.turn.agenda.capture {
            capture.secret(self.turn.now, self.turn.host.node.id, &secret);
        }
        self.turn.record(|| Fact::Secret(Box::new(secret)));
    }
}

/// So far back a clock may be wrong and still be reckoned with.
const CENTURY: Duration = Duration::from_secs(100 * 365 * 86_400);

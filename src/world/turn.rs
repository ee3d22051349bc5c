//! One host's turn: an event is handled with all that the host owns.

use std::net::SocketAddr;

use crate::engine::{SimTime, Stream};
use crate::net::icmp::{self, Complaint};
use crate::net::tcp::{self, Actions, Connection, Flags, Segment};
use crate::net::{Body, Loss, NodeId, Packet, Trouble, Unreachable};

use super::Ctx;
use super::actor::{Actor, ConnId, Event, StreamEvent, TimerToken};
use super::host::{Host, HostState, Status};
use super::network::Network;
use super::node::{Agenda, Happening};
use super::outside::Visit;
use super::record::{Fact, RecordId};
use super::stack::Socket;

/// What is at hand while a host handles an event.
pub(crate) struct Turn<'a> {
    pub(crate) now: SimTime,
    /// The record that everything done now is caused by.
    pub(crate) cause: Option<RecordId>,
    pub(crate) network: &'a Network,
    pub(crate) agenda: &'a mut Agenda,
    pub(crate) host: &'a mut HostState,
    /// Reused for the outputs of TCP.
    pub(crate) actions: &'a mut Actions,
}

/// Kinds of events, as the fingerprint counts them.
mod kind {
    pub(super) const START: u32 = 0;
    pub(super) const DATAGRAM: u32 = 1;
    pub(super) const TIMER: u32 = 2;
    pub(super) const CRASH: u32 = 3;
    pub(super) const ACT: u32 = 4;
    pub(super) const PROGRAM: u32 = 5;
    pub(super) const ICMP: u32 = 6;
    /// The kind of what comes from outside is added.
    pub(super) const OUTSIDE: u32 = 0x10;
    /// TCP flags are added.
    pub(super) const SEGMENT: u32 = 0x100;
}

impl Host {
    /// Brings the host up: new actors, started in their order.
    pub(crate) fn start(
        &mut self,
        network: &Network,
        agenda: &mut Agenda,
        actions: &mut Actions,
        now: SimTime,
        cause: Option<RecordId>,
    ) {
        self.actors = self.spawns.iter().map(|spawn| spawn()).collect();
        self.state.status = Status::Up;
        if !self.state.is_gateway {
            self.state.fingerprint.add(now, kind::START, &[]);
        }
        let turn = Turn { now, cause, network, agenda, host: &mut self.state, actions };
        let mut ctx = Ctx { turn, actor: 0 };
        for (index, actor) in self.actors.iter_mut().enumerate() {
            ctx.actor = index as u16;
            actor.start(&mut ctx);
        }
        run_pending(&mut ctx, &mut self.actors);
    }

    /// Stops the host: memory is gone, the disk is kept.
    pub(crate) fn crash(&mut self, now: SimTime) {
        self.actors.clear();
        self.state.status = Status::Crashed;
        self.state.boot += 1;
        self.state.stack = Default::default();
        self.state.path_mtus = None;
        self.state.pending.clear();
        self.state.fingerprint.add(now, kind::CRASH, &[]);
    }

    /// Handles what is scheduled at this host.
    pub(crate) fn handle(
        &mut self,
        network: &Network,
        agenda: &mut Agenda,
        actions: &mut Actions,
        now: SimTime,
        cause: Option<RecordId>,
        happening: Happening,
    ) {
        let mut turn = Turn { now, cause, network, agenda, host: &mut self.state, actions };
        match happening {
            Happening::Start => {
                // A host may have crashed before it ever came up.
                if turn.host.status == Status::New {
                    self.start(network, agenda, actions, now, cause);
                }
                return;
            }
            Happening::Packet { packet, .. } => {
                if turn.host.status != Status::Up {
                    turn.host.node.lose(turn.agenda, now, cause, &packet, Loss::HostDown);
                    return;
                }
                turn.receive(packet);
            }
            Happening::Timer { boot, actor, token } => {
                if boot != turn.host.boot || turn.host.status != Status::Up {
                    return;
                }
                turn.host.fingerprint.add(now, kind::TIMER, &token.0.to_le_bytes());
                turn.host.pending.push_back((actor, Event::Timer(token)));
            }
            Happening::Connection { boot, connection } => {
                if boot != turn.host.boot {
                    return;
                }
                turn.connection_timeout(connection);
            }
            Happening::Signal { boot, from, signal } => {
                if boot != turn.host.boot || turn.host.status != Status::Up {
                    return;
                }
                for actor in (0..self.actors.len() as u16).filter(|actor| *actor != from) {
                    turn.host.pending.push_back((actor, Event::Signal(signal)));
                }
            }
            Happening::Visit(visit) => {
                if turn.host.status != Status::Up {
                    return;
                }
                turn.agenda.last_activity = now;
                match visit {
                    Visit::Outside(outside) => {
                        let (which, octets) = outside.trace();
                        turn.host.fingerprint.add(now, kind::OUTSIDE + which, octets);
                        for actor in 0..self.actors.len() as u16 {
                            turn.host.pending.push_back((actor, Event::Outside(outside.clone())));
                        }
                    }
                    Visit::Act(act) => {
                        turn.host.fingerprint.add(now, kind::ACT, &[]);
                        let mut ctx = Ctx { turn, actor: u16::MAX };
                        act(&mut ctx);
                        run_pending(&mut ctx, &mut self.actors);
                        return;
                    }
                    Visit::Program(mut program) => {
                        turn.host.fingerprint.add(now, kind::PROGRAM, &[]);
                        let mut ctx = Ctx { turn, actor: self.actors.len() as u16 };
                        program.start(&mut ctx);
                        self.actors.push(program);
                        run_pending(&mut ctx, &mut self.actors);
                        return;
                    }
                }
            }
            Happening::Control(_) => unreachable!("controls are handled by the world"),
        }
        run_pending(&mut Ctx { turn, actor: 0 }, &mut self.actors);
    }
}

/// Hands the events of this instant to their actors until there are none.
fn run_pending(ctx: &mut Ctx<'_>, actors: &mut [Box<dyn Actor>]) {
    while let Some((index, event)) = ctx.turn.host.pending.pop_front() {
        if let Some(actor) = actors.get_mut(usize::from(index)) {
            ctx.actor = index;
            actor.handle(event, ctx);
        }
    }
}

impl Turn<'_> {
    pub(crate) fn record(&mut self, fact: impl FnOnce() -> Fact) {
        let id = self.host.node.record(self.agenda, self.now, self.cause, fact);
        if id.is_some() {
            self.cause = id;
        }
    }

    /// The stream of which the host's sockets draw.
    pub(crate) fn draws(&mut self) -> &mut Stream {
        let (network, node, boot) = (self.network, self.host.node.id, self.host.boot);
        self.host.draws.get_or_insert_with(|| Box::new(stream(network, node, boot, "sockets")))
    }

    pub(crate) fn schedule(&mut self, time: SimTime, happening: Happening) {
        let node = self.host.node.id;
        self.host.node.schedule(self.agenda, time, node, self.cause, happening);
    }

    pub(crate) fn set_timer(&mut self, at: SimTime, actor: u16, token: TimerToken) {
        let boot = self.host.boot;
        self.schedule(at.max(self.now), Happening::Timer { boot, actor, token });
    }

    /// Sends a packet to the node that has its address.
    pub(crate) fn send(&mut self, packet: Packet) {
        if let Some(capture) = &mut self.agenda.capture {
            capture.sent(self.now, self.host.node.id, &packet);
        }
        let node = &mut self.host.node;
        match self.network.addresses.owner(packet.to.ip()) {
            Some(to) => node.forward(self.network, self.agenda, self.now, self.cause, to, packet),
            // Its router finds out.
            None if self.network.unreachable != Unreachable::Silence => {
                let to = NodeId::NOWHERE;
                node.forward(self.network, self.agenda, self.now, self.cause, to, packet);
            }
            None => drop(node.lose(self.agenda, self.now, self.cause, &packet, Loss::NoRoute)),
        }
    }

    fn receive(&mut self, packet: Packet) {
        if let Some(capture) = &mut self.agenda.capture {
            capture.received(self.network, self.now, self.host.node.id, &packet);
        }
        let Packet { from, to, body } = packet;
        self.agenda.last_activity = self.now;
        match body {
            Body::Udp(payload) => {
                self.host.fingerprint.add(self.now, kind::DATAGRAM, &payload);
                let Some(actor) = self.host.stack.udp_actor(to.port()) else {
                    let packet = Packet { from, to, body: Body::Udp(payload) };
                    let Turn { now, cause, network, .. } = *self;
                    let node = &mut self.host.node;
                    let cause = node.lose(self.agenda, now, cause, &packet, Loss::NoListener);
                    let trouble = Trouble::PortUnreachable;
                    node.complain(network, self.agenda, now, cause, &packet, trouble);
                    return;
                };
                self.record(|| Fact::Datagram { from, to, payload: payload.clone() });
                self.host.pending.push_back((actor, Event::Datagram { from, to, payload }));
            }
            Body::Tcp(segment) => self.receive_segment(from, to, segment),
            Body::Icmp(octets) => {
                self.host.fingerprint.add(self.now, kind::ICMP, &octets);
                if let Some(complaint) = icmp::read(from.ip(), to.ip(), &octets) {
                    let complaint = Box::new(complaint);
                    self.record(|| Fact::Complaint { by: from.ip(), complaint: complaint.clone() });
                    self.receive_complaint(&complaint);
                }
            }
        }
    }

    /// Hands an ICMP error to the connection or the program whose packet it is about.
    fn receive_complaint(&mut self, complaint: &Complaint) {
        let Complaint { trouble, from, to, tcp_sequence } = *complaint;
        let mtu = match trouble {
            Trouble::TooBig { mtu_octets } => {
                let known = self.host.path_mtus.get_or_insert_default();
                Some(known.learn(self.now, to.ip(), mtu_octets))
            }
            _ => None,
        };
        match (tcp_sequence, self.host.stack.find(from, to)) {
            (None, _) => {
                if let Some(actor) = self.host.stack.udp_actor(from.port()) {
                    self.host.pending.push_back((actor, Event::Unreachable { from, to, trouble }));
                }
            }
            (Some(sequence), Some(id)) => {
                let socket = self.host.stack.get(id).expect("a connection found by its ends");
                match mtu {
                    Some(mtu) => {
                        let mss = crate::net::packet::mss_for(mtu, to);
                        socket.tcp.on_too_big(self.now, sequence, mss, self.actions);
                    }
                    None => socket.tcp.on_unreachable(trouble, sequence, self.actions),
                }
                self.after_tcp(id);
            }
            (Some(_), None) => {}
        }
    }

    fn receive_segment(&mut self, from: SocketAddr, to: SocketAddr, segment: Segment) {
        let flags = kind::SEGMENT | u32::from(segment.flags.bits());
        self.host.fingerprint.add(self.now, flags, &segment.payload);
        let known = self.host.stack.find(to, from);
        let reopened = known.filter(|id| {
            let socket = self.host.stack.peek(*id).expect("a connection found by its ends");
            opens(segment.flags) && socket.tcp.is_reopened_by(&segment)
        });
        if let Some(id) = reopened {
            self.host.stack.remove(id);
        } else if let Some(id) = known {
            let socket = self.host.stack.get(id).expect("a connection found by its ends");
            socket.tcp.on_segment(self.now, segment, self.actions);
            self.after_tcp(id);
            return;
        }
        let listener = self.host.stack.listener(to.port());
        match listener {
            Some(actor) if opens(segment.flags) => {
                let iss = self.draws().next_u64() as u32;
                let config = self.tcp_config(to, from);
                let tcp = Connection::accept(&config, iss, &segment, self.now, self.actions);
                let (local, peer) = (to, from);
                let socket = Socket::new(local, peer, actor, false, tcp);
                let id = self.host.stack.insert(socket);
                self.after_tcp(id);
            }
            _ => {
                // A closed port, or a connection from before a crash (RFC 9293 §3.10.7.1).
                if let Some(reset) = Segment::reset_for(&segment) {
                    self.send(Packet { from: to, to: from, body: Body::Tcp(reset) });
                }
            }
        }
    }

    fn connection_timeout(&mut self, id: ConnId) {
        let now = self.now;
        let Some(socket) = self.host.stack.get(id) else { return };
        if socket.armed.is_none_or(|armed| armed > now) {
            return; // an entry that was overtaken by an earlier one
        }
        socket.armed = None;
        if socket.tcp.deadline().is_some_and(|deadline| deadline <= now) {
            socket.tcp.on_timeout(now, self.actions);
        }
        self.after_tcp(id);
    }

    /// What TCP is configured with between an address of this host and a peer's.
    pub(crate) fn tcp_config(&self, local: SocketAddr, peer: SocketAddr) -> tcp::Config {
        let links = self.host.node.directions.iter().map(|link| link.config().mtu_octets);
        let known = self.host.path_mtus.as_ref().and_then(|known| known.get(self.now, peer.ip()));
        let mtu = links.chain(known).min();
        let mss = crate::net::packet::mss_for(mtu.unwrap_or(u32::from(u16::MAX)), local);
        let family = if local.is_ipv4() { tcp::Config::V4 } else { tcp::Config::V6 };
        tcp::Config { mss, default_mss: family.default_mss, ..self.host.tcp }
    }

    /// Sends the segments and keeps the events that a call of TCP gave, and sees to its timer.
    pub(crate) fn after_tcp(&mut self, id: ConnId) {
        let Some(socket) = self.host.stack.get(id) else { return };
        if let Some(limit) = self.host.backlog_octets {
            socket.keep_backlog(limit, self.now, self.actions);
        }
        let (local, peer, actor, active) = (socket.local, socket.peer, socket.actor, socket.active);
        let deadline = socket.tcp.deadline();
        let gone = socket.tcp.is_closed();
        let mut arm = None;
        if !gone
            && let Some(deadline) = deadline
            && socket.armed.is_none_or(|armed| deadline < armed)
        {
            socket.armed = Some(deadline);
            arm = Some(deadline);
        }
        if gone {
            self.host.stack.remove(id);
        }
        let mut actions = std::mem::take(self.actions);
        for tcp::Resent { seq, octets, why } in actions.resent.drain(..) {
            self.record(|| Fact::Resent { local, peer, tcp_sequence: seq, octets, why });
        }
        for segment in actions.segments.drain(..) {
            self.send(Packet { from: local, to: peer, body: Body::Tcp(segment) });
        }
        for event in actions.events.drain(..) {
            let event = match event {
                tcp::Event::Opened => {
                    self.record(|| Fact::Opened { local, peer, active });
                    if active { StreamEvent::Opened } else { StreamEvent::Accepted { local, peer } }
                }
                tcp::Event::Data(payload) => {
                    self.record(|| Fact::Stream { local, peer, payload: payload.clone() });
                    StreamEvent::Data(payload)
                }
                tcp::Event::Eof => {
                    self.record(|| Fact::Eof { local, peer });
                    StreamEvent::Eof
                }
                tcp::Event::Closed(reason) => {
                    self.record(|| Fact::Closed { local, peer, active, reason });
                    StreamEvent::Closed(reason)
                }
            };
            self.host.pending.push_back((actor, Event::Stream(id, event)));
        }
        *self.actions = actions;
        if let Some(deadline) = arm {
            let boot = self.host.boot;
            self.schedule(deadline, Happening::Connection { boot, connection: id });
        }
    }
}

/// A SYN that asks for a new connection (RFC 9293 §3.10.7.2).
fn opens(flags: Flags) -> bool {
    flags.contains(Flags::SYN) && !flags.contains(Flags::ACK) && !flags.contains(Flags::RST)
}

/// The stream of that purpose of a host. After a restart it is a new one, so that no draw repeats.
pub(crate) fn stream(network: &Network, node: NodeId, boot: u32, purpose: &str) -> Stream {
    let host = network.name(node);
    match boot {
        0 => network.seed.stream(&format!("host {host} {purpose}")),
        boot => network.seed.stream(&format!("host {host} {purpose} boot {boot}")),
    }
}

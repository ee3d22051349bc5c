//! What arrives at a host: packets find their socket, and what TCP makes of them goes to programs.

use std::net::SocketAddr;

use crate::net::icmp::{self, Complaint};
use crate::net::tcp::{self, Actions, Connection, Flags, Segment};
use crate::net::{Body, Loss, NodeId, Packet, Trouble};

use super::actor::{ConnId, Event, StreamEvent};
use super::ailment::Excess;
use super::node::Happening;
use super::record::Fact;
use super::stack::{Found, Socket, Stop};
use super::turn::{NOBODY, Turn, kind};

impl Turn<'_> {
    pub(super) fn lose(&mut self, packet: &Packet, why: Loss) {
        self.host.node.lose(self.agenda, self.now, self.cause, packet, why);
    }

    /// Takes a packet: what it carries is moved out of it.
    pub(super) fn receive(&mut self, packet: &mut Packet) {
        if let Some(capture) = &mut self.agenda.capture {
            capture.received(self.network, self.now, self.host.node.id, packet);
        }
        if let Body::Damaged(_) = packet.body {
            return self.lose(packet, Loss::Corrupted);
        }
        self.agenda.last_activity = self.now;
        let octets = packet.octets();
        let Packet { from, to, ref mut body } = *packet;
        match body {
            Body::Udp(payload) => {
                self.host.trail.add(self.now, kind::DATAGRAM, payload);
                let Some(actor) = self.host.stack.udp_actor(to.port()) else {
                    let Turn { now, cause, network, .. } = *self;
                    let node = &mut self.host.node;
                    let cause = node.lose(self.agenda, now, cause, packet, Loss::NoListener);
                    let trouble = Trouble::PortUnreachable;
                    node.complain(network, self.agenda, now, cause, packet, trouble);
                    return;
                };
                if let Some(condition) = &mut self.host.condition
                    && condition.stands_still()
                    && !condition.takes_datagram(to.port(), payload.len())
                {
                    return self.lose(packet, Loss::BufferFull);
                }
                self.host.node.counts.delivered.add_octets(octets);
                let payload = std::mem::take(payload);
                self.record(|| Fact::Datagram { from, to, payload: payload.clone() });
                self.scratch.pending.push_back((actor, Event::Datagram { from, to, payload }));
            }
            Body::Tcp(_) => {
                if self.receive_segment(packet) {
                    self.host.node.counts.delivered.add_octets(octets);
                }
            }
            Body::Icmp(message) => {
                self.host.node.counts.delivered.add_octets(octets);
                self.host.trail.add(self.now, kind::ICMP, message);
                if let Some(complaint) = icmp::read(from.ip(), to.ip(), message) {
                    let complaint = Box::new(complaint);
                    self.record(|| Fact::Complaint { by: from.ip(), complaint: complaint.clone() });
                    self.receive_complaint(&complaint);
                }
            }
            Body::Damaged(_) => unreachable!("dropped above"),
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
        match (tcp_sequence, self.host.stack.find(from, to, self.now)) {
            (None, _) => {
                if let Some(actor) = self.host.stack.udp_actor(from.port()) {
                    self.scratch
                        .pending
                        .push_back((actor, Event::Unreachable { from, to, trouble }));
                }
            }
            (Some(sequence), Some(Found::Connection(id))) => {
                let socket = self.host.stack.get(id).expect("a connection found by its ends");
                match mtu {
                    Some(mtu) => {
                        let mss = crate::net::packet::mss_for(mtu, to);
                        socket.tcp.on_too_big(self.now, sequence, mss, &mut self.scratch.actions);
                    }
                    None => socket.tcp.on_unreachable(trouble, sequence, &mut self.scratch.actions),
                }
                self.after_tcp(id);
            }
            (Some(_), Some(Found::Rest(_)) | None) => {}
        }
    }

    /// Hands a segment to its connection, or to who listens; `false` when it is lost here.
    fn receive_segment(&mut self, packet: &mut Packet) -> bool {
        let Packet { from, to, body: Body::Tcp(ref mut segment) } = *packet else { return false };
        let flags = kind::SEGMENT | u32::from(segment.flags.bits());
        self.host.trail.add(self.now, flags, &segment.payload);
        match self.host.stack.find(to, from, self.now) {
            Some(Found::Connection(id)) => {
                let socket = self.host.stack.get(id).expect("a connection found by its ends");
                if socket.actor == NOBODY && !segment.payload.is_empty() {
                    // Nobody will read it, and the peer is to know (RFC 1122 §4.2.2.13).
                    socket.tcp.abort(self.now, &mut self.scratch.actions);
                } else {
                    socket.tcp.on_segment(self.now, segment, &mut self.scratch.actions);
                }
                self.after_tcp(id);
                return true;
            }
            Some(Found::Rest(number)) => {
                let (now, wait) = (self.now, self.tcp().time_wait);
                let rest = self.host.stack.resting(number, now).expect("it was found just now");
                if !(opens(segment.flags) && rest.is_reopened_by(segment)) {
                    let answer = rest.on_segment(now, segment, wait);
                    if let Some(answer) = answer {
                        let body = Body::Tcp(answer);
                        self.send(Box::new(Packet { from: to, to: from, body }));
                    }
                    return true;
                }
                // A new one takes its ends, if it is accepted.
            }
            None => {}
        }
        let listener = self.host.stack.listener(to.port());
        match listener {
            Some(_) if opens(segment.flags) && self.is_refused(to, from, segment) => {}
            Some(_) if opens(segment.flags) && self.is_crowded(to.port()) => {
                self.lose(packet, Loss::BacklogFull);
                return false;
            }
            Some(actor) if opens(segment.flags) => {
                let iss = self.draws().next_u64() as u32;
                let config = self.tcp_config(to, from);
                let tcp =
                    Connection::accept(&config, iss, segment, self.now, &mut self.scratch.actions);
                let (local, peer) = (to, from);
                let peer_host = self.network.addresses.owner(peer.ip());
                let mut socket = Socket::new([local, peer], peer_host, actor, false, tcp);
                if !self.host.accepts() {
                    socket.is_unaccepted = true;
                    socket.stop(Stop::Unaccepted);
                }
                let id = self.host.stack.insert(socket);
                self.after_tcp(id);
            }
            _ => {
                // A closed port, or a connection from before a crash (RFC 9293 §3.10.7.1).
                if let Some(reset) = Segment::reset_for(segment) {
                    self.send(Box::new(Packet { from: to, to: from, body: Body::Tcp(reset) }));
                }
            }
        }
        true
    }

    /// Whether a SYN is answered with RST: there is no descriptor for it, or no room where the host
    /// says so.
    fn is_refused(&mut self, to: SocketAddr, from: SocketAddr, syn: &Segment) -> bool {
        let has_none = !self.host.accepts() && !self.host.stands_still() && {
            let few = self.condition().descriptors();
            matches!(few, Some((_, Excess::Refuse)))
        };
        let refuses = has_none || (self.tcp().abort_on_overflow && self.is_crowded(to.port()));
        if refuses && let Some(reset) = Segment::reset_for(syn) {
            self.send(Box::new(Packet { from: to, to: from, body: Body::Tcp(reset) }));
        }
        refuses
    }

    /// Whether there is no room for one more SYN at a port: too many are in hand, or wait for the
    /// program while it cannot accept.
    fn is_crowded(&self, port: u16) -> bool {
        let tcp::Config { syn_backlog, backlog, .. } = *self.tcp();
        let stack = &self.host.stack;
        match self.host.accepts() {
            true => stack.is_syn_queue_full(port, usize::from(syn_backlog)),
            false => stack.unaccepted(port) >= usize::from(backlog),
        }
    }

    /// How the host's TCP behaves.
    fn tcp(&self) -> &tcp::Config {
        self.host.tcp.as_deref().unwrap_or(&tcp::Config::V4)
    }

    pub(super) fn connection_timeout(&mut self, id: ConnId) {
        let now = self.now;
        let Some(socket) = self.host.stack.get(id) else { return };
        if socket.armed.is_none_or(|armed| armed > now) {
            return; // an entry that was overtaken by an earlier one
        }
        socket.armed = None;
        if socket.tcp.deadline().is_some_and(|deadline| deadline <= now) {
            socket.tcp.on_timeout(now, &mut self.scratch.actions);
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
        tcp::Config {
            mss,
            default_mss: family.default_mss,
            ..self.host.tcp.as_deref().copied().unwrap_or_default()
        }
    }

    /// Sends the segments and keeps the events that a call of TCP gave, and sees to its timer.
    pub(crate) fn after_tcp(&mut self, id: ConnId) {
        let Some(socket) = self.host.stack.get(id) else { return };
        if let Some(limit) = self.host.backlog_octets {
            socket.keep_backlog(limit, self.now, &mut self.scratch.actions);
        }
        let Actions { segments, events, resent } = &mut self.scratch.actions;
        let has_left_any = !(segments.is_empty() && events.is_empty() && resent.is_empty());
        // Copied where it is of use, since each address takes a while.
        let after = if has_left_any {
            Some(After {
                id,
                ends: [socket.local, socket.peer],
                peer_host: socket.peer_host,
                actor: socket.actor,
                active: socket.active,
                is_unaccepted: socket.is_unaccepted,
            })
        } else {
            None
        };
        let state = socket.tcp.state();
        if socket.is_half_open && state != tcp::State::SynReceived {
            self.host.stack.leave_syn_queue(id);
        }
        if state == tcp::State::Closed {
            self.host.stack.remove(id);
        } else if self.scratch.touched.last() != Some(&id) {
            self.scratch.touched.push(id);
        }
        if let Some(after) = after {
            self.carry_away(&after);
        }
    }

    /// Carries away what TCP has left in its [`Actions`].
    fn carry_away(&mut self, after: &After) {
        let [local, peer] = after.ends;
        if !self.scratch.actions.resent.is_empty() {
            let resent = std::mem::take(&mut self.scratch.actions.resent);
            for tcp::Resent { seq, octets, why } in resent {
                self.record(|| Fact::Resent { local, peer, tcp_sequence: seq, octets, why });
            }
        }
        while let Some(segment) = self.scratch.actions.segments.pop_front() {
            let packet = Box::new(Packet { from: local, to: peer, body: Body::Tcp(segment) });
            self.send_to(after.peer_host, packet);
        }
        while let Some(event) = self.scratch.actions.events.pop_front() {
            self.after_event(after, event);
        }
    }

    /// Keeps an event that a call of TCP gave for its program.
    fn after_event(&mut self, after: &After, event: tcp::Event) {
        let After { id, ends: [local, peer], active, .. } = *after;
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
        if after.is_unaccepted {
            return self.in_backlog(id, &event);
        }
        self.scratch.pending.push_back((after.actor, Event::Stream(id, event)));
    }

    /// Sets the timers of the connections that something happened to, where one is due before it fires
    /// anyhow. Once for all that happens in an instant: what is answered at once needs no timer. Those in
    /// TIME-WAIT rest, since their programs have heard of it; programs that stand still have not.
    pub(super) fn arm_touched(&mut self) {
        let stands_still = self.host.stands_still();
        while let Some(id) = self.scratch.touched.pop() {
            let Some(socket) = self.host.stack.get(id) else { continue };
            if !stands_still && let Some(time_wait) = socket.tcp.time_wait() {
                self.host.stack.rest(id, time_wait, self.now);
            } else if let Some(deadline) = socket.tcp.deadline()
                && socket.armed.is_none_or(|armed| deadline < armed)
            {
                socket.armed = Some(deadline);
                let boot = self.host.boot;
                self.schedule(deadline, Happening::Connection { boot, connection: id });
            }
        }
    }

    /// News of a connection that no program has accepted: it begins to wait, or waits no more.
    fn in_backlog(&mut self, id: ConnId, event: &StreamEvent) {
        match event {
            StreamEvent::Accepted { .. } => self.condition().wait(id),
            StreamEvent::Closed(_) => self.condition().forget(id),
            _ => {}
        }
    }
}

/// What is known of a connection when the outputs of its TCP are seen to: it may be gone by then.
struct After {
    id: ConnId,
    /// This end and the other.
    ends: [SocketAddr; 2],
    peer_host: Option<NodeId>,
    actor: u16,
    active: bool,
    is_unaccepted: bool,
}

/// A SYN that asks for a new connection (RFC 9293 §3.10.7.2).
fn opens(flags: Flags) -> bool {
    flags.contains(Flags::SYN) && !flags.contains(Flags::ACK) && !flags.contains(Flags::RST)
}

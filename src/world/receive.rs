//! What arrives at a host: packets find their socket, and what TCP makes of them goes to programs.

use std::sync::Arc;

use bytes::Bytes;

use crate::net::icmp::{self, Complaint};
use crate::net::tcp::{self, Connection, Flags, Segment};
use crate::net::{Body, Ends, Loss, NodeId, Packet, Trouble};

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

    /// Takes a packet: what it carries is moved out of it. What a program is told of it, if anything.
    pub(super) fn receive(&mut self, packet: &mut Packet) -> Option<Arrived> {
        if let Some(capture) = &mut self.agenda.capture {
            capture.received(self.network, self.now, self.host.node.id, packet);
        }
        if let Body::Damaged(_) = packet.body {
            self.lose(packet, Loss::Corrupted);
            return None;
        }
        self.agenda.last_activity = self.now;
        let octets = packet.octets();
        let Packet { ends, ref mut body } = *packet;
        match body {
            Body::Udp(payload) => {
                self.host.trail.add(self.now, kind::DATAGRAM, payload);
                let Some(actor) = self.host.stack.udp_actor(ends.to_port()) else {
                    let Turn { now, cause, network, .. } = *self;
                    let node = &mut self.host.node;
                    let cause = node.lose(self.agenda, now, cause, packet, Loss::NoListener);
                    let trouble = Trouble::PortUnreachable;
                    node.complain(network, self.agenda, now, cause, packet, trouble);
                    return None;
                };
                if let Some(condition) = &mut self.host.condition
                    && condition.stands_still()
                    && !condition.takes_datagram(ends.to_port(), payload.len())
                {
                    self.lose(packet, Loss::BufferFull);
                    return None;
                }
                self.host.node.counts.delivered.add_octets(octets);
                let payload = std::mem::take(payload);
                let (from, to) = (ends.from(), ends.to());
                self.record(|| Fact::Datagram { from, to, payload: payload.clone() });
                return Some(Arrived::Datagram(actor, payload));
            }
            Body::Tcp(_) => {
                let taken = self.receive_segment(packet)?;
                self.host.node.counts.delivered.add_octets(octets);
                return taken.map(Arrived::News);
            }
            Body::Icmp(message) => {
                self.host.node.counts.delivered.add_octets(octets);
                self.host.trail.add(self.now, kind::ICMP, message);
                if let Some(complaint) = icmp::read(ends.from_ip(), ends.to_ip(), message) {
                    let complaint = Box::new(complaint);
                    let by = ends.from_ip();
                    self.record(|| Fact::Complaint { by, complaint: complaint.clone() });
                    self.receive_complaint(&complaint);
                }
            }
            Body::Damaged(_) => unreachable!("dropped above"),
        }
        None
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
        match (tcp_sequence, self.host.stack.find(&Ends::new(from, to), self.now)) {
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
                        let mss = crate::net::packet::mss_for(mtu, to.is_ipv4());
                        socket.tcp.on_too_big(self.now, sequence, mss, &mut self.scratch.actions);
                    }
                    None => socket.tcp.on_unreachable(trouble, sequence, &mut self.scratch.actions),
                }
                self.after_tcp(id);
            }
            (Some(_), Some(Found::Rest(_)) | None) => {}
        }
    }

    /// Hands a segment to its connection, or to who listens; `None` when it is lost here.
    fn receive_segment(&mut self, packet: &mut Packet) -> Option<Option<News>> {
        let Body::Tcp(segment) = &mut packet.body else { return None };
        // This end first.
        let ends = packet.ends.reversed();
        let flags = kind::SEGMENT | u32::from(segment.flags.bits());
        self.host.trail.add(self.now, flags, &segment.payload);
        match self.host.stack.find(&ends, self.now) {
            Some(Found::Connection(id)) => {
                let socket = self.host.stack.get(id).expect("a connection found by its ends");
                if socket.actor == NOBODY && !segment.payload.is_empty() {
                    // Nobody will read it, and the peer is to know (RFC 1122 §4.2.2.13).
                    socket.tcp.abort(self.now, &mut self.scratch.actions);
                } else {
                    socket.tcp.on_segment(self.now, segment, &mut self.scratch.actions);
                }
                return Some(self.after_call(id));
            }
            Some(Found::Rest(number)) => {
                let (now, wait) = (self.now, self.tcp().time_wait);
                let rest = self.host.stack.resting(number, now).expect("it was found just now");
                if !(opens(segment.flags) && rest.is_reopened_by(segment)) {
                    let answer = rest.on_segment(now, segment, wait);
                    if let Some(answer) = answer {
                        let body = Body::Tcp(answer);
                        self.send(Box::new(Packet { ends, body }));
                    }
                    return Some(None);
                }
                // A new one takes its ends, if it is accepted.
            }
            None => {}
        }
        let port = ends.from_port();
        let listener = self.host.stack.listener(port);
        match listener {
            Some(_) if opens(segment.flags) && self.is_refused(&ends, segment) => {}
            Some(_) if opens(segment.flags) && self.is_crowded(port) => {
                self.lose(packet, Loss::BacklogFull);
                return None;
            }
            Some(actor) if opens(segment.flags) => {
                let iss = self.draws().next_u64() as u32;
                let config = self.tcp_config(&ends);
                let tcp =
                    Connection::accept(config, iss, segment, self.now, &mut self.scratch.actions);
                let peer_host = self.network.addresses.owner(ends.to_ip());
                let mut socket = Socket::new(ends, peer_host, actor, false, tcp);
                if !self.host.accepts() {
                    socket.is_unaccepted = true;
                    socket.stop(Stop::Unaccepted);
                }
                self.add_socket(socket);
            }
            _ => {
                // A closed port, or a connection from before a crash (RFC 9293 §3.10.7.1).
                if let Some(reset) = Segment::reset_for(segment) {
                    self.send(Box::new(Packet { ends, body: Body::Tcp(reset) }));
                }
            }
        }
        Some(None)
    }

    /// Whether a SYN is answered with RST: there is no descriptor for it, or no room where the host
    /// says so.
    fn is_refused(&mut self, ends: &Ends, syn: &Segment) -> bool {
        let has_none = !self.host.accepts() && !self.host.stands_still() && {
            let few = self.condition().descriptors();
            matches!(few, Some((_, Excess::Refuse)))
        };
        let refuses =
            has_none || (self.tcp().abort_on_overflow && self.is_crowded(ends.from_port()));
        if refuses && let Some(reset) = Segment::reset_for(syn) {
            self.send(Box::new(Packet { ends: *ends, body: Body::Tcp(reset) }));
        }
        refuses
    }

    /// Whether there is no room for one more SYN at a port: too many are in hand, or wait for the
    /// program while it cannot accept.
    fn is_crowded(&self, port: u16) -> bool {
        let tcp::Config { syn_backlog, backlog, .. } = **self.tcp();
        let stack = &self.host.stack;
        match self.host.accepts() {
            true => stack.is_syn_queue_full(port, usize::from(syn_backlog)),
            false => stack.unaccepted(port) >= usize::from(backlog),
        }
    }

    /// How the host's TCP behaves.
    fn tcp(&self) -> &Arc<tcp::Config> {
        self.host.tcp.as_ref().unwrap_or(&self.scratch.tcp)
    }

    /// A connection begins: its SYN leaves.
    pub(super) fn add_socket(&mut self, socket: Socket) -> ConnId {
        let id = self.host.stack.insert(socket);
        self.after_tcp(id);
        id
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
    pub(crate) fn tcp_config(&self, ends: &Ends) -> Arc<tcp::Config> {
        let links = self.host.node.directions.iter().map(|link| link.config().mtu_octets);
        let known =
            self.host.path_mtus.as_ref().and_then(|known| known.get(self.now, ends.to_ip()));
        let mtu = links.chain(known).min();
        let is_ipv4 = ends.is_ipv4();
        let mss = crate::net::packet::mss_for(mtu.unwrap_or(u32::from(u16::MAX)), is_ipv4);
        let tcp::Config { default_mss, .. } =
            if is_ipv4 { tcp::Config::V4 } else { tcp::Config::V6 };
        let usual = self.tcp();
        match (usual.mss, usual.default_mss) == (mss, default_mss) {
            true => Arc::clone(usual),
            false => Arc::new(tcp::Config { mss, default_mss, ..**usual }),
        }
    }

    /// Sends the segments and keeps the events that a call of TCP gave, and sees to its timer.
    pub(crate) fn after_tcp(&mut self, id: ConnId) {
        if let Some(news) = self.after_call(id) {
            self.keep_events(&news);
        }
    }

    /// Sends the segments that a call of TCP gave, and sees to its timer. If there are events, they stay
    /// where TCP has left them.
    fn after_call(&mut self, id: ConnId) -> Option<News> {
        let socket = self.host.stack.get(id)?;
        if let Some(limit) = self.host.backlog_octets {
            socket.keep_backlog(limit, self.now, &mut self.scratch.actions);
        }
        let state = socket.tcp.state();
        let actions = &mut self.scratch.actions;
        let news = match actions.events.is_empty() {
            true => None,
            false => Some(News {
                id,
                ends: socket.ends,
                actor: socket.actor,
                active: socket.active,
                is_unaccepted: socket.is_unaccepted,
            }),
        };
        let leaving = actions.has_segments().then_some((socket.ends, socket.peer_host));
        if socket.is_half_open && state != tcp::State::SynReceived {
            self.host.stack.leave_syn_queue(id);
        }
        if state == tcp::State::Closed {
            self.host.stack.remove(id);
        } else if self.scratch.touched.last() != Some(&id) {
            self.scratch.touched.push(id);
        }
        if let Some((ends, peer_host)) = leaving {
            self.send_segments(&ends, peer_host);
        }
        news
    }

    /// Sends the segments that TCP has left.
    fn send_segments(&mut self, ends: &Ends, peer_host: Option<NodeId>) {
        if !self.scratch.actions.resent.is_empty() {
            let resent = std::mem::take(&mut self.scratch.actions.resent);
            let (local, peer) = (ends.from(), ends.to());
            for tcp::Resent { seq, octets, why } in resent {
                self.record(|| Fact::Resent { local, peer, tcp_sequence: seq, octets, why });
            }
        }
        let mut packets = self.scratch.actions.take_packets();
        for mut packet in packets.drain(..) {
            packet.ends = *ends;
            self.send_to(peer_host, packet);
        }
        self.scratch.actions.reuse(packets);
    }

    /// Keeps the events that TCP has left for their program.
    pub(super) fn keep_events(&mut self, news: &News) {
        while let Some(event) = self.scratch.actions.events.pop_front() {
            self.record_event(news, &event);
            let event = news.told(event);
            match news.is_unaccepted {
                true => self.in_backlog(news.id, &event),
                false => {
                    let event = Event::Stream(news.id, event);
                    self.scratch.pending.push_back((news.actor, event));
                }
            }
        }
    }

    /// The only event that TCP has left, if its program has the connection.
    #[inline]
    pub(super) fn only_event(&mut self, news: &News) -> Option<tcp::Event> {
        let events = &mut self.scratch.actions.events;
        if news.is_unaccepted || events.len() != 1 {
            return None;
        }
        events.pop_front()
    }

    /// Records an event that TCP has left.
    #[inline]
    pub(super) fn record_event(&mut self, news: &News, event: &tcp::Event) {
        self.record(|| {
            let (local, peer) = (news.ends.from(), news.ends.to());
            let active = news.active;
            match event {
                tcp::Event::Opened => Fact::Opened { local, peer, active },
                tcp::Event::Data(payload) => Fact::Stream { local, peer, payload: payload.clone() },
                tcp::Event::Eof => Fact::Eof { local, peer },
                tcp::Event::Closed(reason) => Fact::Closed { local, peer, active, reason: *reason },
            }
        });
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

/// What a program is told of a packet.
pub(super) enum Arrived {
    /// A datagram, with what it carries.
    Datagram(u16, Bytes),
    /// What TCP has left.
    News(News),
}

/// Whose the events are that TCP has left: its connection may be gone by then.
pub(super) struct News {
    pub(super) id: ConnId,
    /// This end and the other.
    ends: Ends,
    pub(super) actor: u16,
    active: bool,
    is_unaccepted: bool,
}

impl News {
    /// An event that TCP has left, as the program is told of it.
    #[inline]
    pub(super) fn told(&self, event: tcp::Event) -> StreamEvent {
        match event {
            tcp::Event::Opened if self.active => StreamEvent::Opened,
            tcp::Event::Opened => {
                StreamEvent::Accepted { local: self.ends.from(), peer: self.ends.to() }
            }
            tcp::Event::Data(payload) => StreamEvent::Data(payload),
            tcp::Event::Eof => StreamEvent::Eof,
            tcp::Event::Closed(reason) => StreamEvent::Closed(reason),
        }
    }
}

/// A SYN that asks for a new connection (RFC 9293 §3.10.7.2).
fn opens(flags: Flags) -> bool {
    flags.contains(Flags::SYN) && !flags.contains(Flags::ACK) && !flags.contains(Flags::RST)
}

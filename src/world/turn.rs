//! One host's turn: an event is handled with all that the host owns.

use std::net::SocketAddr;

use crate::engine::shake::made;
use crate::engine::{SimTime, Stream};
use crate::net::icmp::{self, Complaint};
use crate::net::tcp::{self, Actions, Connection, Flags, Segment};
use crate::net::{Body, Loss, NodeId, Packet, Trouble};

use super::Ctx;
use super::actor::{Actor, ConnId, Event, StreamEvent, TimerToken};
use super::ailment::{Ailment, ConditionChange, Excess};
use super::condition::{Admission, Condition};
use super::fault::FaultId;
use super::host::{Host, HostState, Status};
use super::network::Network;
use super::node::{Agenda, Happening};
use super::outside::Visit;
use super::record::{Fact, RecordId};
use super::stack::{Socket, Stop};

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
    pub(super) const CONDITION: u32 = 7;
    /// The kind of what comes from outside is added.
    pub(super) const OUTSIDE: u32 = 0x10;
    /// TCP flags are added.
    pub(super) const SEGMENT: u32 = 0x100;
}

/// What an event of the fingerprint is, in words.
pub fn event_name(kind: u32) -> String {
    match kind {
        kind::START => "the host comes up".to_owned(),
        kind::DATAGRAM => "a datagram".to_owned(),
        kind::TIMER => "a timer".to_owned(),
        kind::CRASH => "the host crashes".to_owned(),
        kind::ACT => "something done at its console".to_owned(),
        kind::PROGRAM => "a program that is started".to_owned(),
        kind::ICMP => "a complaint by ICMP".to_owned(),
        kind::CONDITION => "a change of the host's condition".to_owned(),
        segment if segment & kind::SEGMENT != 0 => {
            format!("a segment ({})", Flags::from_bits((segment & 0xff) as u8))
        }
        outside if outside & kind::OUTSIDE != 0 => "something from outside".to_owned(),
        other => format!("an event of kind {other}"),
    }
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
        self.actors = made(self.spawns.iter(), |spawn| spawn());
        self.places.clear();
        self.state.status = Status::Up;
        if !self.state.is_gateway {
            self.state.trail.add(now, kind::START, &[]);
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
        if let Some(condition) = &mut self.state.condition {
            condition.crash();
        }
        self.state.trail.add(now, kind::CRASH, &[]);
    }

    /// Starts one of the host's programs again, as its administrator does: its memory is gone and its
    /// connections are closed, those of the others stay. A host that is down or stands still has none
    /// that could be.
    pub(crate) fn restart_program(
        &mut self,
        (program, name): (u16, &'static str),
        network: &Network,
        agenda: &mut Agenda,
        actions: &mut Actions,
        now: SimTime,
    ) {
        // Timers and connections know a program by its number, so the new one has a new number.
        let Some(new) = u16::try_from(self.actors.len()).ok().filter(|new| *new < NOBODY) else {
            return;
        };
        if self.state.status != Status::Up || self.state.stands_still() {
            return;
        }
        if self.places.is_empty() {
            self.places = (0..self.spawns.len() as u16).collect();
        }
        let old = std::mem::replace(&mut self.places[usize::from(program)], new);
        self.actors[usize::from(old)] = Box::new(Gone);
        self.actors.push(self.spawns[usize::from(program)]());
        self.state.restarts += 1;
        let change = ConditionChange::Restarted(name);
        self.state.trail.add(now, kind::CONDITION, change.to_string().as_bytes());
        let cause = self.state.node.record(agenda, now, None, || Fact::Condition(change));
        let mut turn = Turn { now, cause, network, agenda, host: &mut self.state, actions };
        turn.end_program(old);
        let mut ctx = Ctx { turn, actor: new };
        self.actors[usize::from(new)].start(&mut ctx);
        run_pending(&mut ctx, &mut self.actors);
    }

    /// Loses the packets that its links hold and those that it would have received when it goes on,
    /// since it crashes.
    pub(crate) fn lose_waiting(&mut self, agenda: &mut Agenda, now: SimTime) {
        self.state.node.lose_held(agenda, now);
        let kept = self.state.condition.as_mut().map(|condition| condition.take_kept());
        for (cause, happening) in kept.into_iter().flatten() {
            if let Some(packet) = happening.packet() {
                self.state.node.lose(agenda, now, cause, packet, Loss::HostDown);
            }
        }
    }

    /// From now on, this ails the host.
    pub(crate) fn ail(
        &mut self,
        held: &[(FaultId, Ailment)],
        network: &Network,
        agenda: &mut Agenda,
        actions: &mut Actions,
        now: SimTime,
    ) {
        if held.is_empty() && self.state.condition.is_none() {
            return;
        }
        let HostState { condition, disk, .. } = &mut self.state;
        let changes = condition.get_or_insert_default().settle(held, disk, now);
        let mut cause = None;
        for change in changes {
            self.state.trail.add(now, kind::CONDITION, change.to_string().as_bytes());
            let record = self.state.node.record(agenda, now, None, || Fact::Condition(change));
            cause = record.or(cause);
        }
        if self.state.status == Status::Crashed {
            return;
        }
        let mut turn = Turn { now, cause, network, agenda, host: &mut self.state, actions };
        if turn.host.stands_still() {
            turn.stop_sockets();
            return;
        }
        // What it has missed, in order; programs that were paused have events that wait besides.
        let kept = turn.condition().take_kept();
        run_pending(&mut Ctx { turn, actor: 0 }, &mut self.actors);
        for (cause, happening) in kept {
            self.handle(network, agenda, actions, now, cause, happening);
        }
        let mut turn = Turn { now, cause, network, agenda, host: &mut self.state, actions };
        turn.start_sockets();
        run_pending(&mut Ctx { turn, actor: 0 }, &mut self.actors);
    }

    /// Handles what is scheduled at this host.
    pub(crate) fn handle(
        &mut self,
        network: &Network,
        agenda: &mut Agenda,
        actions: &mut Actions,
        now: SimTime,
        cause: Option<RecordId>,
        mut happening: Happening,
    ) {
        if let Some(condition) = &mut self.state.condition {
            happening = match condition.admit(cause, happening) {
                Admission::Now(happening) => happening,
                Admission::Later => return,
                Admission::Lost(packet) => {
                    self.state.node.lose(agenda, now, cause, &packet, Loss::BufferFull);
                    return;
                }
            };
        }
        self.state.events += 1;
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
            Happening::Departure { destination, packet } => turn.depart(destination, packet),
            Happening::Timer { boot, actor, token } => {
                if boot != turn.host.boot || turn.host.status != Status::Up {
                    return;
                }
                turn.host.trail.add(now, kind::TIMER, &token.0.to_le_bytes());
                turn.host.pending.push_back((actor, Event::Timer(token)));
            }
            Happening::Connection { boot, connection } => {
                if boot != turn.host.boot {
                    return;
                }
                turn.connection_timeout(connection);
            }
            Happening::Release { boot, connection } => {
                if boot != turn.host.boot {
                    return;
                }
                turn.release(connection);
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
                        turn.host.trail.add(now, kind::OUTSIDE + which, octets);
                        for actor in 0..self.actors.len() as u16 {
                            turn.host.pending.push_back((actor, Event::Outside(outside.clone())));
                        }
                    }
                    Visit::Act(act) => {
                        turn.host.trail.add(now, kind::ACT, &[]);
                        let mut ctx = Ctx { turn, actor: u16::MAX };
                        act(&mut ctx);
                        run_pending(&mut ctx, &mut self.actors);
                        return;
                    }
                    Visit::Program(mut program) => {
                        turn.host.trail.add(now, kind::PROGRAM, &[]);
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
    if ctx.turn.host.stands_still() {
        return;
    }
    loop {
        while let Some((index, event)) = ctx.turn.host.pending.pop_front() {
            if let Some(actor) = actors.get_mut(usize::from(index)) {
                ctx.actor = index;
                actor.handle(event, ctx);
            }
        }
        if ctx.turn.host.condition.is_none() || !ctx.turn.accept_waiting() {
            break;
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

    /// What ails the host, which has been ailed by something.
    fn condition(&mut self) -> &mut Condition {
        self.host.condition.as_deref_mut().expect("the host has a condition")
    }

    /// The programs are paused: no socket gives them anything.
    fn stop_sockets(&mut self) {
        if !std::mem::replace(&mut self.condition().sockets_stopped, true) {
            for id in self.host.stack.connections() {
                let socket = self.host.stack.get(id).expect("listed above");
                socket.stop(Stop::Paused);
            }
        }
    }

    /// The programs go on, and read what has come.
    fn start_sockets(&mut self) {
        self.condition().all_read();
        if std::mem::replace(&mut self.condition().sockets_stopped, false) {
            for id in self.host.stack.connections() {
                let Some(socket) = self.host.stack.get(id) else { continue };
                socket.go(Stop::Paused, self.now, self.actions);
                self.after_tcp(id);
            }
        }
    }

    /// A program has ended: its ports are free, and its connections are closed, or dropped where
    /// something is unread.
    fn end_program(&mut self, actor: u16) {
        self.host.stack.unbind_all(actor);
        for id in self.host.stack.connections() {
            let Some(socket) = self.host.stack.get(id).filter(|socket| socket.actor == actor)
            else {
                continue;
            };
            socket.actor = NOBODY;
            match socket.is_stopped() || socket.is_unaccepted {
                true => socket.tcp.abort(self.now, self.actions),
                false => socket.tcp.close(self.now, self.actions),
            }
            self.after_tcp(id);
        }
    }

    /// Gives a program the connection that waits longest for one; `false` when none does or can be
    /// accepted.
    fn accept_waiting(&mut self) -> bool {
        if !self.condition().has_waiting() || !self.host.accepts() {
            return false;
        }
        let id = self.condition().next_waiting().expect("one waits");
        let Some(socket) = self.host.stack.get(id) else { return true };
        socket.is_unaccepted = false;
        let (local, peer, actor) = (socket.local, socket.peer, socket.actor);
        let accepted = StreamEvent::Accepted { local, peer };
        self.host.pending.push_back((actor, Event::Stream(id, accepted)));
        socket.go(Stop::Unaccepted, self.now, self.actions);
        self.after_tcp(id);
        true
    }

    /// What a program wrote on a connection while it waited for the disk goes out, if that is done.
    fn release(&mut self, id: ConnId) {
        let now = self.now;
        let Some(socket) = self.host.stack.get(id) else { return };
        let Some(held) = socket.held.take_if(|held| held.until <= now) else { return };
        for octets in held.octets {
            socket.tcp.send(now, octets, self.actions);
        }
        if held.closes {
            socket.tcp.close(now, self.actions);
        }
        socket.go(Stop::Disk, now, self.actions);
        self.after_tcp(id);
    }

    fn lose(&mut self, packet: &Packet, why: Loss) {
        self.host.node.lose(self.agenda, self.now, self.cause, packet, why);
    }

    fn receive(&mut self, packet: Packet) {
        if let Some(capture) = &mut self.agenda.capture {
            capture.received(self.network, self.now, self.host.node.id, &packet);
        }
        if let Body::Damaged(_) = packet.body {
            self.host.node.lose(self.agenda, self.now, self.cause, &packet, Loss::Corrupted);
            return;
        }
        self.agenda.last_activity = self.now;
        let octets = packet.octets();
        let Packet { from, to, body } = packet;
        match body {
            Body::Udp(payload) => {
                self.host.trail.add(self.now, kind::DATAGRAM, &payload);
                let Some(actor) = self.host.stack.udp_actor(to.port()) else {
                    let packet = Packet { from, to, body: Body::Udp(payload) };
                    let Turn { now, cause, network, .. } = *self;
                    let node = &mut self.host.node;
                    let cause = node.lose(self.agenda, now, cause, &packet, Loss::NoListener);
                    let trouble = Trouble::PortUnreachable;
                    node.complain(network, self.agenda, now, cause, &packet, trouble);
                    return;
                };
                if let Some(condition) = &mut self.host.condition
                    && condition.stands_still()
                    && !condition.takes_datagram(to.port(), payload.len())
                {
                    let packet = Packet { from, to, body: Body::Udp(payload) };
                    return self.lose(&packet, Loss::BufferFull);
                }
                self.host.node.counts.delivered.add_octets(octets);
                self.record(|| Fact::Datagram { from, to, payload: payload.clone() });
                self.host.pending.push_back((actor, Event::Datagram { from, to, payload }));
            }
            Body::Tcp(segment) => {
                if self.receive_segment(from, to, segment) {
                    self.host.node.counts.delivered.add_octets(octets);
                }
            }
            Body::Icmp(message) => {
                self.host.node.counts.delivered.add_octets(octets);
                self.host.trail.add(self.now, kind::ICMP, &message);
                if let Some(complaint) = icmp::read(from.ip(), to.ip(), &message) {
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

    /// Hands a segment to its connection, or to who listens; `false` when it is lost here.
    fn receive_segment(&mut self, from: SocketAddr, to: SocketAddr, segment: Segment) -> bool {
        let flags = kind::SEGMENT | u32::from(segment.flags.bits());
        self.host.trail.add(self.now, flags, &segment.payload);
        let known = self.host.stack.find(to, from);
        let reopened = known.filter(|id| {
            let socket = self.host.stack.peek(*id).expect("a connection found by its ends");
            opens(segment.flags) && socket.tcp.is_reopened_by(&segment)
        });
        if let Some(id) = reopened {
            self.host.stack.remove(id);
        } else if let Some(id) = known {
            let socket = self.host.stack.get(id).expect("a connection found by its ends");
            if socket.actor == NOBODY && !segment.payload.is_empty() {
                // Nobody will read it, and the peer is to know (RFC 1122 §4.2.2.13).
                socket.tcp.abort(self.now, self.actions);
                self.after_tcp(id);
                return true;
            }
            socket.tcp.on_segment(self.now, segment, self.actions);
            self.after_tcp(id);
            return true;
        }
        let listener = self.host.stack.listener(to.port());
        match listener {
            Some(_) if opens(segment.flags) && self.is_refused(to, from, &segment) => {}
            Some(_) if opens(segment.flags) && self.is_crowded(to.port()) => {
                let packet = Packet { from, to, body: Body::Tcp(segment) };
                self.lose(&packet, Loss::BacklogFull);
                return false;
            }
            Some(actor) if opens(segment.flags) => {
                let iss = self.draws().next_u64() as u32;
                let config = self.tcp_config(to, from);
                let tcp = Connection::accept(&config, iss, &segment, self.now, self.actions);
                let (local, peer) = (to, from);
                let mut socket = Socket::new(local, peer, actor, false, tcp);
                if !self.host.accepts() {
                    socket.is_unaccepted = true;
                    socket.stop(Stop::Unaccepted);
                }
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
            self.send(Packet { from: to, to: from, body: Body::Tcp(reset) });
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
            socket.keep_backlog(limit, self.now, self.actions);
        }
        let (local, peer, actor, active) = (socket.local, socket.peer, socket.actor, socket.active);
        let deadline = socket.tcp.deadline();
        let (gone, unaccepted) = (socket.tcp.is_closed(), socket.is_unaccepted);
        let stands = socket.is_half_open && socket.tcp.state() != tcp::State::SynReceived;
        let mut arm = None;
        if !gone
            && let Some(deadline) = deadline
            && socket.armed.is_none_or(|armed| deadline < armed)
        {
            socket.armed = Some(deadline);
            arm = Some(deadline);
        }
        if stands {
            self.host.stack.leave_syn_queue(id);
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
            if unaccepted {
                self.in_backlog(id, &event);
                continue;
            }
            self.host.pending.push_back((actor, Event::Stream(id, event)));
        }
        *self.actions = actions;
        if let Some(deadline) = arm {
            let boot = self.host.boot;
            self.schedule(deadline, Happening::Connection { boot, connection: id });
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

/// In the place of a program that has ended.
struct Gone;

impl Actor for Gone {
    fn start(&mut self, _: &mut Ctx<'_>) {}

    fn handle(&mut self, _: Event, _: &mut Ctx<'_>) {}
}

/// Whose the connections are of a program that has ended.
const NOBODY: u16 = u16::MAX - 1;

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

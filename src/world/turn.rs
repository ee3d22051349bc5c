//! One host's turn: an event is handled with all that the host owns.

use crate::engine::shake::made;
use crate::engine::{SimTime, Stream};
use crate::net::tcp::Flags;
use crate::net::{Loss, NodeId};

use super::Ctx;
use super::actor::{Actor, ConnId, Event, StreamEvent, TimerToken};
use super::ailment::{Ailment, ConditionChange};
use super::condition::{Admission, Condition};
use super::fault::FaultId;
use super::hand_over::{hand_first, hand_news, run_pending};
use super::host::{Host, HostState, Programs, Status};
use super::network::Network;
use super::node::{Agenda, Happening};
use super::outside::Visit;
use super::receive::Arrived;
use super::record::{Fact, RecordId};
use super::scratch::Scratch;
use super::stack::Stop;

/// What is at hand while a host handles an event.
pub(crate) struct Turn<'a> {
    pub(crate) now: SimTime,
    /// The record that everything done now is caused by.
    pub(crate) cause: Option<RecordId>,
    pub(crate) network: &'a Network,
    pub(crate) agenda: &'a mut Agenda,
    pub(crate) host: &'a mut HostState,
    pub(crate) scratch: &'a mut Scratch,
}

/// Kinds of events, as the fingerprint counts them.
pub(super) mod kind {
    pub(in crate::world) const START: u32 = 0;
    pub(in crate::world) const DATAGRAM: u32 = 1;
    pub(in crate::world) const TIMER: u32 = 2;
    pub(in crate::world) const CRASH: u32 = 3;
    pub(in crate::world) const ACT: u32 = 4;
    pub(in crate::world) const PROGRAM: u32 = 5;
    pub(in crate::world) const ICMP: u32 = 6;
    pub(in crate::world) const CONDITION: u32 = 7;
    /// The kind of what comes from outside is added.
    pub(in crate::world) const OUTSIDE: u32 = 0x10;
    /// TCP flags are added.
    pub(in crate::world) const SEGMENT: u32 = 0x100;
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
        scratch: &mut Scratch,
        now: SimTime,
        cause: Option<RecordId>,
    ) {
        self.actors = made(self.programs.spawns.iter(), |spawn| spawn()).into_iter().collect();
        if !self.programs.places.is_empty() {
            self.programs.places.clear();
        }
        self.state.status = Status::Up;
        if !self.state.is_gateway {
            self.state.trail.add(now, kind::START, &[]);
        }
        let turn = Turn { now, cause, network, agenda, host: &mut self.state, scratch };
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
        scratch: &mut Scratch,
        now: SimTime,
    ) {
        // Timers and connections know a program by its number, so the new one has a new number.
        let Some(new) = u16::try_from(self.actors.len()).ok().filter(|new| *new < NOBODY) else {
            return;
        };
        if self.state.status != Status::Up || self.state.stands_still() {
            return;
        }
        let Programs { spawns, places } = &mut *self.programs;
        if places.is_empty() {
            *places = (0..spawns.len() as u16).collect();
        }
        let old = std::mem::replace(&mut places[usize::from(program)], new);
        self.actors[usize::from(old)] = Box::new(Gone);
        self.actors.push(spawns[usize::from(program)]());
        self.state.restarts += 1;
        let change = ConditionChange::Restarted(name);
        self.state.trail.add(now, kind::CONDITION, change.to_string().as_bytes());
        let cause = self.state.node.record(agenda, now, None, || Fact::Condition(change));
        let mut turn = Turn { now, cause, network, agenda, host: &mut self.state, scratch };
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
        scratch: &mut Scratch,
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
        let mut turn = Turn { now, cause, network, agenda, host: &mut self.state, scratch };
        if turn.host.stands_still() {
            turn.stop_sockets();
            return;
        }
        // What it has missed, in order; programs that were paused have events that wait besides.
        let kept = turn.condition().take_kept();
        run_pending(&mut Ctx { turn, actor: 0 }, &mut self.actors);
        for (cause, happening) in kept {
            self.handle(network, agenda, scratch, now, cause, happening);
        }
        let mut turn = Turn { now, cause, network, agenda, host: &mut self.state, scratch };
        turn.start_sockets();
        run_pending(&mut Ctx { turn, actor: 0 }, &mut self.actors);
    }

    /// Handles what is scheduled at this host.
    pub(crate) fn handle(
        &mut self,
        network: &Network,
        agenda: &mut Agenda,
        scratch: &mut Scratch,
        now: SimTime,
        cause: Option<RecordId>,
        happening: Happening,
    ) {
        if self.state.condition.is_some() {
            self.handle_ailing(network, agenda, scratch, now, cause, happening);
        } else {
            self.handle_now(network, agenda, scratch, now, cause, happening);
        }
    }

    #[cold]
    fn handle_ailing(
        &mut self,
        network: &Network,
        agenda: &mut Agenda,
        scratch: &mut Scratch,
        now: SimTime,
        cause: Option<RecordId>,
        happening: Happening,
    ) {
        let condition = self.state.condition.as_deref_mut().expect("the caller has looked");
        match condition.admit(cause, happening) {
            Admission::Now(happening) => {
                self.handle_now(network, agenda, scratch, now, cause, happening);
            }
            Admission::Later => {}
            Admission::Lost(packet) => {
                self.state.node.lose(agenda, now, cause, &packet, Loss::BufferFull);
            }
        }
    }

    fn handle_now(
        &mut self,
        network: &Network,
        agenda: &mut Agenda,
        scratch: &mut Scratch,
        now: SimTime,
        cause: Option<RecordId>,
        happening: Happening,
    ) {
        self.state.events += 1;
        // Made where it stays: to move it takes longer than many an event.
        let turn = Turn { now, cause, network, agenda, host: &mut self.state, scratch };
        let (mut ctx, actors) = (Ctx { turn, actor: 0 }, &mut self.actors);
        let turn = &mut ctx.turn;
        match happening {
            Happening::Start => {
                // A host may have crashed before it ever came up.
                if turn.host.status == Status::New {
                    self.start(network, agenda, scratch, now, cause);
                }
                return;
            }
            Happening::Packet { mut packet, .. } => {
                if turn.host.status != Status::Up {
                    turn.host.node.lose(turn.agenda, now, cause, &packet, Loss::HostDown);
                    return;
                }
                let arrived = turn.receive(&mut packet);
                let ends = packet.ends;
                turn.scratch.actions.give_back(packet);
                match arrived {
                    Some(Arrived::Datagram(actor, payload)) => {
                        let (from, to) = (ends.from(), ends.to());
                        let event = Event::Datagram { from, to, payload };
                        ctx.actor = actor;
                        return hand_first(&mut ctx, actors, event);
                    }
                    Some(Arrived::News(news)) => {
                        ctx.actor = news.actor;
                        return hand_news(&mut ctx, actors, &news);
                    }
                    None => {}
                }
            }
            Happening::Departure { destination, packet } => turn.depart(destination, packet),
            Happening::Timer { boot, actor, token } => {
                if boot != turn.host.boot || turn.host.status != Status::Up {
                    return;
                }
                turn.host.trail.add(now, kind::TIMER, &token.0.to_le_bytes());
                let event = Event::Timer(token);
                ctx.actor = actor;
                return hand_first(&mut ctx, actors, event);
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
                for actor in (0..actors.len() as u16).filter(|actor| *actor != from) {
                    turn.scratch.pending.push_back((actor, Event::Signal(signal)));
                }
            }
            Happening::Visit(visit) => {
                if turn.host.status != Status::Up {
                    return;
                }
                turn.agenda.last_activity = now;
                match *visit {
                    Visit::Outside(outside) => {
                        let (which, octets) = outside.trace();
                        turn.host.trail.add(now, kind::OUTSIDE + which, octets);
                        for actor in 0..actors.len() as u16 {
                            turn.scratch
                                .pending
                                .push_back((actor, Event::Outside(outside.clone())));
                        }
                    }
                    Visit::Act(act) => {
                        turn.host.trail.add(now, kind::ACT, &[]);
                        ctx.actor = u16::MAX;
                        act(&mut ctx);
                        run_pending(&mut ctx, actors);
                        return;
                    }
                    Visit::Program(mut program) => {
                        turn.host.trail.add(now, kind::PROGRAM, &[]);
                        ctx.actor = actors.len() as u16;
                        program.start(&mut ctx);
                        actors.push(program);
                        run_pending(&mut ctx, actors);
                        return;
                    }
                }
            }
        }
        run_pending(&mut ctx, actors);
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
    pub(super) fn condition(&mut self) -> &mut Condition {
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
                socket.go(Stop::Paused, self.now, &mut self.scratch.actions);
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
                true => socket.tcp.abort(self.now, &mut self.scratch.actions),
                false => socket.tcp.close(self.now, &mut self.scratch.actions),
            }
            self.after_tcp(id);
        }
    }

    /// Gives a program the connection that waits longest for one; `false` when none does or can be
    /// accepted.
    pub(super) fn accept_waiting(&mut self) -> bool {
        if !self.condition().has_waiting() || !self.host.accepts() {
            return false;
        }
        let id = self.condition().next_waiting().expect("one waits");
        let Some(socket) = self.host.stack.get(id) else { return true };
        socket.is_unaccepted = false;
        let (local, peer, actor) = (socket.ends.from(), socket.ends.to(), socket.actor);
        let accepted = StreamEvent::Accepted { local, peer };
        self.scratch.pending.push_back((actor, Event::Stream(id, accepted)));
        socket.go(Stop::Unaccepted, self.now, &mut self.scratch.actions);
        self.after_tcp(id);
        true
    }

    /// What a program wrote on a connection while it waited for the disk goes out, if that is done.
    fn release(&mut self, id: ConnId) {
        let now = self.now;
        let Some(socket) = self.host.stack.get(id) else { return };
        let Some(held) = socket.held.take_if(|held| held.until <= now) else { return };
        for octets in held.octets {
            socket.tcp.send(now, octets, &mut self.scratch.actions);
        }
        if held.closes {
            socket.tcp.close(now, &mut self.scratch.actions);
        }
        socket.go(Stop::Disk, now, &mut self.scratch.actions);
        self.after_tcp(id);
    }
}

/// In the place of a program that has ended.
struct Gone;

impl Actor for Gone {
    fn start(&mut self, _: &mut Ctx<'_>) {}

    fn handle(&mut self, _: Event, _: &mut Ctx<'_>) {}
}

/// Whose the connections are of a program that has ended.
pub(super) const NOBODY: u16 = u16::MAX - 1;

/// The stream of that purpose of a host. After a restart it is a new one, so that no draw repeats.
pub(crate) fn stream(network: &Network, node: NodeId, boot: u32, purpose: &str) -> Stream {
    let host = network.name(node);
    match boot {
        0 => network.seed.stream(&format!("host {host} {purpose}")),
        boot => network.seed.stream(&format!("host {host} {purpose} boot {boot}")),
    }
}
